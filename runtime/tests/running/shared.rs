//! A deployment that shares its log: what it says waits in its outbox until it comes back, here by the test's hand.

use crate::agents::{Counter, Summed, note};
use messages::effect::EffectAttempted;
use messages::{Envelope, Message, MessageId};
use runtime::board::HostState;
use runtime::bus::BusError;
use runtime::committer::{Entry, Request};
use runtime::deployment::{Deployment, Options, StartError};
use runtime::guard::Principal;
use runtime::shared::{Mirrored, OUTBOX_RECORDS_MAX, OwnershipError};
use runtime::store::memory::MemoryStore;
use runtime::store::{HostId, Partition, ReadLimit, Store};
use runtime::{Catalog, shared};
use std::sync::{Arc, mpsc};
use tokio::sync::oneshot;

fn options(store: Arc<dyn Store>, folder: &std::path::Path, is_shared: bool) -> Options {
    let shared = is_shared.then(|| shared::Options { name: "process-a".to_owned() });
    Options { shared, ..Options::new(Catalog::default().with::<Counter>(), store, folder) }
}

/// A deployment that shares its log, with the store that it keeps it in.
struct Site {
    deployment: Deployment,
    store: Arc<dyn Store>,
    _folder: tempfile::TempDir,
}

impl Site {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let deployment = Deployment::start(options(store.clone(), folder.path(), true)).await;
        let site = Self { deployment: deployment.unwrap(), store, _folder: folder };
        site.deployment.shared().unwrap().reach.send_replace(true);
        // Configurations are said as well.
        site.bring_back(site.waiting()).await;
        site
    }

    fn read(&self, partition: Partition) -> Vec<Envelope> {
        let after = self.store.first(partition) - 1;
        let batch = self.store.read(partition, after, ReadLimit::default()).unwrap();
        batch.into_iter().map(|it| Envelope::clone(&it.envelope)).collect()
    }

    /// Everything that waits to be said.
    fn waiting(&self) -> Vec<Envelope> {
        let lanes = self.deployment.shared().unwrap().lanes.iter();
        lanes.flat_map(|(_, lane)| self.read(lane)).collect()
    }

    async fn waiting_for(&self, count: usize) -> Vec<Envelope> {
        loop {
            let waiting = self.waiting();
            if waiting.len() == count {
                return waiting;
            }
            tokio::task::yield_now().await;
        }
    }

    /// Has `records` come from the log's server.
    async fn bring_back(&self, records: Vec<Envelope>) {
        self.deployment.committer().commit(mirrored(records)).await.unwrap();
    }

    async fn say(&self, said: &Envelope) -> Result<Vec<(Partition, u64)>, BusError> {
        self.deployment.session(Principal::outside("test")).publish(said.clone()).await
    }

    /// Waits until the counter is in `state`.
    async fn until(&self, state: HostState) {
        let is_so = |(id, status): &(HostId, _)| {
            let status: &runtime::board::HostStatus = status;
            id.kind == "counter" && status.state == state
        };
        while !self.deployment.board().list().iter().any(is_so) {
            tokio::task::yield_now().await;
        }
    }
}

fn mirrored(records: Vec<Envelope>) -> Request {
    let position = ("position".to_owned(), Some(Vec::new()));
    Request::Mirror(Mirrored { position, records })
}

fn noted(number: u64) -> Envelope {
    let id = MessageId::named("shared", &number.to_string());
    Envelope::new(id, "test", &note("a", 1)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_is_in_the_outbox_or_on_the_log_and_answered_when_it_is_on_the_log() {
    let site = Site::open().await;
    let before = site.store.head(Partition::LOG);
    let told = noted(1);
    let coming_back = async {
        let waiting = site.waiting_for(1).await;
        assert_eq!(waiting[0].id, told.id);
        assert_eq!(site.store.head(Partition::LOG), before, "not on the log yet");
        site.bring_back(waiting).await;
    };
    let (said, ()) = tokio::join!(site.say(&told), coming_back);
    assert_eq!(said.unwrap(), [(Partition::LOG, before + 1)]);
    assert_eq!(site.waiting(), []);
    assert_eq!(site.read(Partition::LOG).last().unwrap().id, told.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_or_came_back_is_not_said_again() {
    let site = Site::open().await;
    let before = site.store.head(Partition::LOG);
    let told = noted(1);
    let coming_back = async {
        site.waiting_for(1).await;
        // Both have asked when a third request, behind theirs, is done.
        site.deployment.committer().commit(Request::Blobs(Vec::new())).await.unwrap();
        site.bring_back(site.waiting_for(1).await).await;
    };
    let (one, other, ()) = tokio::join!(site.say(&told), site.say(&told), coming_back);
    let place = vec![(Partition::LOG, before + 1)];
    assert_eq!((one.unwrap(), other.unwrap()), (place.clone(), place.clone()));
    assert_eq!(site.say(&told).await.unwrap(), place, "it is told where it stands");
    assert_eq!(site.store.head(Partition::LOG), before + 1);
    assert_eq!(site.waiting(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_what_others_said_is_told_its_place_though_it_comes_at_that_moment() {
    let site = Site::open().await;
    let before = site.store.head(Partition::LOG);
    let committer = site.deployment.committer();
    // The committer stands until both wait: then they are committed together.
    let (begun, looking) = oneshot::channel();
    let (go, gone) = mpsc::channel::<()>();
    let look = Request::Look(Box::new(move |_| {
        begun.send(()).unwrap();
        gone.recv().unwrap_err();
    }));
    let looked = committer.submit(look).await.unwrap();
    looking.await.unwrap();
    let came = committer.submit(mirrored(vec![noted(1)])).await.unwrap();
    let say = Request::Say(Principal::outside("test"), vec![noted(1).into()]);
    let said = committer.submit(say).await.unwrap();
    drop(go);
    looked.await.unwrap().unwrap();
    came.await.unwrap().unwrap();
    assert_eq!(said.await.unwrap(), Ok(vec![(Partition::LOG, before + 1)]));
    assert_eq!(site.waiting(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_taken_while_the_logs_server_is_away() {
    let site = Site::open().await;
    site.deployment.shared().unwrap().reach.send_replace(false);
    let refused = site.say(&noted(1)).await.unwrap_err();
    assert!(matches!(refused, BusError::Overloaded(_)), "{refused}");
    assert_eq!(site.waiting(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_outbox_refuses_doors_and_takes_what_the_ledger_of_effects_says() {
    let site = Site::open().await;
    let committer = site.deployment.committer();
    let many = (0..OUTBOX_RECORDS_MAX as u64).map(|number| Entry::from(noted(number))).collect();
    drop(committer.submit(Request::Say(Principal::outside("test"), many)).await.unwrap());
    // It counts once it is committed.
    committer.commit(Request::Blobs(Vec::new())).await.unwrap();
    let refused = site.say(&noted(u64::MAX)).await.unwrap_err();
    assert!(refused.to_string().contains("messages wait to be said"), "{refused}");
    let attempted = EffectAttempted {
        intent: MessageId::named("shared", "intent"),
        effect: "test.wanted".to_owned(),
        effect_key: "case:1".to_owned(),
        key: "a".to_owned(),
        case: None,
        attempt: 1,
    };
    let id = MessageId::named("shared", "attempted");
    let attempted = Envelope::new(id, "effects", &attempted).unwrap();
    let say = Request::Say(Principal::named("effects"), vec![attempted.clone().into()]);
    let mut answer = committer.submit(say).await.unwrap();
    // What is refused is answered before any later request.
    committer.commit(Request::Blobs(Vec::new())).await.unwrap();
    answer.try_recv().unwrap_err();
    site.bring_back(vec![attempted]).await;
    answer.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_runs_while_its_tenure_lasts_and_what_it_said_waits_for_the_next() {
    let site = Site::open().await;
    let tenures = &site.deployment.shared().unwrap().tenures;
    let counter = HostId { kind: "counter".to_owned(), partition: 0 };
    site.until(HostState::Standby).await;
    site.bring_back(vec![noted(1)]).await;
    assert_eq!(site.waiting(), [], "who stands by says nothing");
    tenures.grant(&counter, 7);
    let said = site.waiting_for(1).await.remove(0);
    assert_eq!((said.name.as_str(), said.source.as_str()), (Summed::NAME, "counter"));
    site.until(HostState::Ready).await;
    tenures.end(&counter);
    site.until(HostState::Standby).await;
    site.bring_back(vec![noted(2)]).await;
    tenures.grant(&counter, 9);
    let waiting = site.waiting_for(2).await;
    let sum = |said: &Envelope| said.open::<Summed>().unwrap().sum;
    assert_eq!(waiting.iter().map(sum).collect::<Vec<_>>(), [1, 2], "each once, in order");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_has_its_own_log_or_shares_one_for_life() {
    let folder = tempfile::tempdir().unwrap();
    let own: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let deployment = Deployment::start(options(own.clone(), folder.path(), false)).await.unwrap();
    deployment.drain().await.unwrap();
    let refused = Deployment::start(options(own, folder.path(), true)).await.err().unwrap();
    let own_log = matches!(refused, StartError::Ownership(OwnershipError::OwnLog { .. }));
    assert!(own_log, "{refused}");
    let site = Site::open().await;
    let again = options(site.store.clone(), folder.path(), false);
    let refused = Deployment::start(again).await.err().unwrap();
    assert!(refused.to_string().contains("process-a"), "{refused}");
}
