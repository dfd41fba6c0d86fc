//! Effects in a deployment: performers on threads of their own, an orderly stop, and a start after a crash.

use crate::provider::{Provider, Way};
use crate::ringer::{NoConfig, Ring, Ringer, envelope, wanted};
use messages::effect::{Conclusion, EffectAttempted, EffectConcluded, Policy};
use messages::{Message, Provenance};
use runtime::Catalog;
use runtime::board::HostState;
use runtime::bus::Bus;
use runtime::committer::Entry;
use runtime::deployment::{Deployment, Options};
use runtime::effects::{Attempt, CALLS_PER_EFFECT_MAX, Effects, Performer};
use runtime::store::memory::MemoryStore;
use runtime::store::{Partition, ReadLimit, Store};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

async fn started(
    store: &Arc<dyn Store>,
    folder: &std::path::Path,
    performer: impl Performer<Ring>,
) -> Deployment {
    let config = serde_json::to_value(NoConfig {}).unwrap();
    let options = Options {
        configs: BTreeMap::from([("ringer".to_owned(), config)]),
        effects: Effects::default().with::<Ring>(performer),
        ..Options::new(Catalog::default().with::<Ringer>(), store.clone(), folder)
    };
    Deployment::start(options).await.unwrap()
}

async fn want(deployment: &Deployment, numbers: std::ops::Range<u64>) {
    for number in numbers {
        let mut wanted = wanted(&format!("case:{number}"));
        wanted.expires_at = messages::Timestamp::MAX;
        let entry = Entry::from(envelope(number, &wanted, Provenance::Measured));
        deployment.bus().append(vec![entry]).await.unwrap();
    }
}

/// Reads LOG until `count` messages `M` are on it.
async fn until<M: Message>(deployment: &Deployment, count: usize) -> Vec<M> {
    let mut found = Vec::new();
    let mut after = 0;
    while found.len() < count {
        let read = deployment.bus().read(Partition::LOG, after, ReadLimit::default());
        let batch = read.await.unwrap();
        after = batch.last().unwrap().sequence;
        let said = batch.iter().filter(|delivery| delivery.envelope.name == M::NAME);
        found.extend(said.map(|delivery| delivery.envelope.open::<M>().unwrap()));
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn effects_are_performed_and_listed_and_a_restart_performs_none_of_them_again() {
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let provider = Provider::of(Policy::AtMostOnce).going(&[Way::Done, Way::DoneUnsaid]);
    let deployment = started(&store, folder.path(), provider.clone()).await;
    want(&deployment, 0..20).await;
    until::<EffectConcluded>(&deployment, 20).await;
    let listed = |deployment: &Deployment| {
        let (_, status) =
            deployment.board().list().into_iter().find(|(id, _)| id.kind == "effects").unwrap();
        status
    };
    while listed(&deployment).observation.counts["accepted"] < 19 {
        tokio::task::yield_now().await;
    }
    let status = listed(&deployment);
    assert_eq!(status.state, HostState::Ready);
    let (counts, levels) = (&status.observation.counts, &status.observation.levels);
    assert_eq!((counts["attempted"], levels["uncertain"], levels["pending"]), (20, 1, 0));
    deployment.drain().await.unwrap();
    assert_eq!(listed(&deployment).state, HostState::Drained);

    let deployment = started(&store, folder.path(), provider.clone()).await;
    want(&deployment, 20..21).await;
    until::<EffectConcluded>(&deployment, 21).await;
    assert_eq!(provider.book().calls.len(), 21);
    deployment.drain().await.unwrap();
}

/// Holds each call until the test lets it go on.
struct Gate {
    entered: Arc<AtomicUsize>,
    open: Arc<Barrier>,
}

impl Performer<Ring> for Gate {
    fn perform(&self, _effect: &Ring) -> Attempt {
        self.entered.fetch_add(1, Ordering::AcqRel);
        self.open.wait();
        Attempt::Accepted { reference: None, reply: None }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn so_many_calls_and_no_more_are_under_way_and_an_orderly_stop_waits_for_them() {
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let entered = Arc::new(AtomicUsize::new(0));
    let open = Arc::new(Barrier::new(CALLS_PER_EFFECT_MAX + 1));
    let gate = Gate { entered: entered.clone(), open: open.clone() };
    let deployment = Arc::new(started(&store, folder.path(), gate).await);
    want(&deployment, 0..CALLS_PER_EFFECT_MAX as u64 + 5).await;
    while entered.load(Ordering::Acquire) < CALLS_PER_EFFECT_MAX {
        tokio::task::yield_now().await;
    }
    let attempted = until::<EffectAttempted>(&deployment, CALLS_PER_EFFECT_MAX).await;
    assert_eq!(attempted.len(), CALLS_PER_EFFECT_MAX);
    let draining = deployment.clone();
    #[expect(clippy::disallowed_methods, reason = "the test awaits it below")]
    let drained = tokio::spawn(async move { draining.drain().await });
    tokio::task::spawn_blocking(move || open.wait()).await.unwrap();
    drained.await.unwrap().unwrap();
    assert_eq!(
        entered.load(Ordering::Acquire),
        CALLS_PER_EFFECT_MAX,
        "nothing was begun meanwhile"
    );
    let log = store.read(Partition::LOG, 0, ReadLimit::default()).unwrap();
    let concluded = log.iter().filter(|delivery| delivery.envelope.name == EffectConcluded::NAME);
    let accepted = Conclusion::Accepted { reference: None, reply: None };
    let conclusions: Vec<Conclusion> = concluded
        .map(|delivery| delivery.envelope.open::<EffectConcluded>().unwrap().conclusion)
        .collect();
    assert_eq!(conclusions, vec![accepted; CALLS_PER_EFFECT_MAX]);
}
