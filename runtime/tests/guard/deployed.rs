//! The guard in a deployment: sessions, hosts that stand still, and neighbours that do not notice.

use crate::agents::{
    Called, Counted, Ear, Echo, Echoed, NoConfig, Tally, Warden, called, contained, echoed,
    envelope,
};
use crate::rights::frame;
use messages::guard::{Backlog, Level, PrincipalReleased, Refusal};
use messages::{Message, Sequence};
use runtime::Catalog;
use runtime::board::HostState;
use runtime::bus::{Bus, BusError};
use runtime::clock::Clock;
use runtime::deployment::{Deployment, Options};
use runtime::flight::FlightRecorder;
use runtime::guard::{Principal, Session};
use runtime::router::PARTITIONS_EMBEDDED;
use runtime::store::memory::MemoryStore;
use runtime::store::{Partition, ReadLimit, Store};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

async fn started(store: &Arc<dyn Store>, folder: &Path) -> Deployment {
    let catalog = Catalog::default().with::<Echo>().with::<Ear>();
    let catalog = catalog.with::<Tally>().with::<Warden>();
    let config = serde_json::to_value(NoConfig {}).unwrap();
    let kinds = ["echo", "ear", "tally", "warden"];
    let configs = BTreeMap::from(kinds.map(|kind| (kind.to_owned(), config.clone())));
    let options = Options { configs, ..Options::new(catalog, store.clone(), folder) };
    Deployment::start(options).await.unwrap()
}

/// Reads LOG until `count` messages `M` are on it; gives the position of the last.
async fn until<M: Message>(deployment: &Deployment, count: usize) -> Sequence {
    let (mut found, mut after) = (0, 0);
    loop {
        let read = deployment.bus().read(Partition::LOG, after, ReadLimit::default());
        for delivery in read.await.unwrap() {
            after = delivery.sequence;
            found += usize::from(delivery.envelope.name == M::NAME);
            if found == count {
                return after;
            }
        }
    }
}

fn refusal<T: std::fmt::Debug>(result: Result<T, BusError>) -> Refusal {
    match result {
        Err(BusError::Denied(denied)) => denied.reason,
        other => panic!("{other:?}"),
    }
}

async fn state(deployment: &Deployment, kind: &str, wanted: HostState) {
    let is =
        || deployment.board().list().iter().any(|(id, it)| id.kind == kind && it.state == wanted);
    while !is() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_keeps_the_contract_of_the_bus() {
    let own: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let router = Arc::new(runtime::router::Router::new(PARTITIONS_EMBEDDED, std::iter::empty()));
    let writer = runtime::committer::Writer::new(own.clone(), Clock::Real, router);
    let committer =
        runtime::committer::Committer::start(writer, FlightRecorder::default()).unwrap();
    let session = Session::over(Principal::outside("contract"), committer, own);
    runtime::testkit::bus_contract::check(session).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_refused_what_its_contract_does_not_name() {
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let deployment = started(&store, folder.path()).await;
    let ear = deployment.session(Principal::named("ear"));
    assert_eq!(refusal(ear.publish(envelope("ear", 1, &called(1))).await), Refusal::NotDeclared);
    let telemetry = Partition { stream: messages::Stream::Telemetry, index: 0 };
    let read = ear.read(telemetry, 0, ReadLimit::default()).await;
    assert_eq!(refusal(read), Refusal::NotDeclared, "it does not wait for a record");
    assert_eq!(refusal(ear.trim(Partition::LOG, 1).await), Refusal::NotDeclared);
    deployment.drain().await.unwrap();
}

/// Nobody asked for what the guard says, so nobody's answer tells that there is something to read.
#[tokio::test]
async fn what_the_guard_says_wakes_who_waits_for_it() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let router = Arc::new(runtime::router::Router::new(PARTITIONS_EMBEDDED, std::iter::empty()));
    let writer = runtime::committer::Writer::new(store.clone(), Clock::Real, router);
    let committer =
        runtime::committer::Committer::start(writer, FlightRecorder::default()).unwrap();
    let told = [Partition::LOG, Partition::AUDIT].map(|it| (it, committer.watch_head(it).unwrap()));
    let stranger = Session::over(Principal::named("stranger"), committer, store.clone());
    assert_eq!(
        refusal(stranger.publish(envelope("stranger", 1, &called(1))).await),
        Refusal::UnknownPrincipal
    );
    for (partition, head) in told {
        assert!(store.head(partition) > 0, "`{partition}` has what the guard said");
        assert_eq!(*head.borrow(), store.head(partition), "`{partition}`");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn abuse_is_contained_and_neighbours_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let deployment = started(&store, folder.path()).await;
    let rogue = deployment.session(Principal::named("tally"));
    let outside = deployment.session(Principal::outside("world"));
    assert_eq!(
        refusal(rogue.publish(envelope("tally", 0, &frame("VEH001"))).await),
        Refusal::NotDeclared
    );
    // Until the warden has heard of it; from then on everything of the rogue's is refused.
    let mut number = 0;
    while deployment.committer().standing().get().iter().next().is_none() {
        number += 1;
        let said = outside.publish(envelope("world", number, &called(number))).await;
        said.unwrap();
    }
    let tallied = crate::agents::Tallied { key: "a".to_owned(), number: 1 };
    assert_eq!(refusal(rogue.publish(envelope("tally", 1, &tallied)).await), Refusal::Contained);
    for more in number..number + 100 {
        outside.publish(envelope("world", more + 1, &called(more + 1))).await.unwrap();
    }
    let said = usize::try_from(number + 100).unwrap();
    until::<Echoed>(&deployment, said).await;
    until::<Counted>(&deployment, said).await;
    deployment.drain().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_agent_stands_still_over_a_restart_and_goes_on_after_its_release() {
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let deployment = started(&store, folder.path()).await;
    state(&deployment, "echo", HostState::Ready).await;
    let people = deployment.session(Principal::facade());
    let at = Clock::Real.now();
    people
        .publish(envelope("facade", 1, &contained("echo", Level::Paused, at, None)))
        .await
        .unwrap();
    state(&deployment, "echo", HostState::Contained).await;
    let outside = deployment.session(Principal::outside("world"));
    outside.publish(envelope("world", 1, &called(1))).await.unwrap();
    let echo = deployment.session(Principal::named("echo"));
    assert_eq!(refusal(echo.publish(envelope("echo", 1, &echoed(1))).await), Refusal::Contained);
    let read = echo.hear(Called::NAME, Partition::LOG, 0, ReadLimit::default()).await;
    assert_eq!(refusal(read), Refusal::Contained);
    deployment.drain().await.unwrap();
    drop((people, outside, echo, deployment));

    let deployment = started(&store, folder.path()).await;
    state(&deployment, "echo", HostState::Contained).await;
    let (principal, by, reason) = ("echo".to_owned(), "operator".to_owned(), "fine".to_owned());
    let released = PrincipalReleased { principal, by, reason, backlog: Backlog::Heard };
    let people = deployment.session(Principal::facade());
    people.publish(envelope("facade", 2, &released)).await.unwrap();
    until::<Echoed>(&deployment, 1).await;
    state(&deployment, "echo", HostState::Ready).await;
    deployment.drain().await.unwrap();
}
