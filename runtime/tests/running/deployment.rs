//! A deployment as it runs: actors, supervisors, committer and bus, on a store in memory.

use crate::agents::{self, Counter, Noted, Summed, Tally, note};
use messages::{Envelope, Message, MessageId, Stream};
use runtime::Catalog;
use runtime::board::HostState;
use runtime::bus::Bus;
use runtime::clock::Clock;
use runtime::committer::{CommitError, Committer, Entry, Request, Writer};
use runtime::deployment::{Deployment, Options};
use runtime::flight::FlightRecorder;
use runtime::router::{PARTITIONS_EMBEDDED, Router};
use runtime::store::memory::MemoryStore;
use runtime::store::{Partition, ReadLimit, Store};
use std::sync::Arc;

fn options(store: Arc<dyn Store>, folder: &std::path::Path) -> Options {
    Options::new(Catalog::default().with::<Counter>().with::<Tally>(), store, folder)
}

fn entry(number: u64, noted: &Noted) -> Entry {
    let id = MessageId::named("deployment", &number.to_string());
    Envelope::new(id, "test", noted).unwrap().into()
}

/// Reads LOG until `count` sums are on it.
async fn sums(deployment: &Deployment, count: usize) -> Vec<Summed> {
    let mut sums = Vec::new();
    let mut after = 0;
    while sums.len() < count {
        let batch =
            deployment.bus().read(Partition::LOG, after, ReadLimit::default()).await.unwrap();
        after = batch.last().unwrap().sequence;
        let said = batch.iter().filter(|delivery| delivery.envelope.name == Summed::NAME);
        sums.extend(said.map(|delivery| delivery.envelope.open::<Summed>().unwrap()));
    }
    sums
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_in_is_handled_and_a_restart_goes_on_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let deployment = Deployment::start(options(store.clone(), folder.path())).await.unwrap();
    for number in 0..100 {
        deployment.bus().append(vec![entry(number, &note("a", 1))]).await.unwrap();
    }
    assert_eq!(sums(&deployment, 100).await.last().unwrap().sum, 100);
    deployment.drain().await.unwrap();

    let deployment = Deployment::start(options(store, folder.path())).await.unwrap();
    deployment.bus().append(vec![entry(100, &note("a", 1))]).await.unwrap();
    assert_eq!(sums(&deployment, 101).await.last().unwrap().sum, 101);
    let state = deployment.inspect("counter", "a").await.unwrap().expect("a state");
    assert_eq!(state["sum"], 101);
    deployment.drain().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_bus_keeps_the_contract() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let contracts = std::iter::empty();
    let router = Arc::new(Router::new(PARTITIONS_EMBEDDED, contracts));
    let writer = Writer::new(store.clone(), Clock::Real, router);
    let committer = Committer::start(writer, FlightRecorder::default()).unwrap();
    let bus = runtime::bus::embedded::Embedded::new(committer, store);
    runtime::testkit::bus_contract::check(bus).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_former_owner_is_refused() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let router = Arc::new(Router::new(PARTITIONS_EMBEDDED, std::iter::empty()));
    let mut writer = Writer::new(store, Clock::Real, router);
    let turn = |expected, cursor| {
        Request::Turn(runtime::engine::Turn {
            expected,
            expected_watermark: None,
            change: runtime::store::HostChange {
                host: runtime::store::HostId { kind: "counter".to_owned(), partition: 0 },
                progress: Some(runtime::store::Progress { cursor, ..Default::default() }),
                watermark: None,
                states: Vec::new(),
            },
            outputs: Vec::new(),
        })
    };
    assert!(writer.commit(vec![turn(0, 5)]).unwrap()[0].is_ok());
    let refused = writer.commit(vec![turn(0, 6)]).unwrap().remove(0).unwrap_err();
    assert!(matches!(refused, CommitError::Fenced { found: 5, .. }), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_host_becomes_ready_and_stays_listed() {
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let deployment = Deployment::start(options(store, folder.path())).await.unwrap();
    deployment.bus().append(vec![entry(1, &note("a", 1))]).await.unwrap();
    sums(&deployment, 1).await;
    let board = deployment.board().clone();
    while !board.is_ready() {
        tokio::task::yield_now().await;
    }
    let hosts = board.list();
    let tallies = usize::from(PARTITIONS_EMBEDDED.get());
    assert_eq!(hosts.len(), 1 + tallies);
    deployment.drain().await.unwrap();
    assert!(board.list().iter().all(|(_, status)| status.state == HostState::Drained));
}

#[tokio::test(flavor = "multi_thread")]
async fn poison_is_set_aside_while_its_neighbours_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let deployment = Deployment::start(options(store.clone(), folder.path())).await.unwrap();
    for number in 0..50 {
        let value = if number % 5 == 0 { agents::PANICS } else { 1 };
        deployment.bus().append(vec![entry(number, &note("a", value))]).await.unwrap();
    }
    assert_eq!(sums(&deployment, 40).await.last().unwrap().sum, 40);
    assert_eq!(store.head(Partition { stream: Stream::Dead, index: 0 }), 10);
    deployment.drain().await.unwrap();
}
