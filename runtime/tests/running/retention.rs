//! What is forgotten: what is old, read by all and exported, and nothing else.

use crate::agents::{Counter, Tally, frame};
use messages::{Envelope, MessageId, Stream, Timestamp};
use runtime::Catalog;
use runtime::clock::{Clock, VirtualClock};
use runtime::committer::{Committer, Entry, Request, Writer};
use runtime::flight::FlightRecorder;
use runtime::retention::{Keeper, Retention, TRIM_RECORDS_MAX, forget};
use runtime::router::{PARTITIONS_EMBEDDED, Router};
use runtime::store::memory::MemoryStore;
use runtime::store::{Batch, HostChange, HostId, Partition, Progress, Store};
use runtime::stretches::STRETCH_BYTES;
use std::sync::Arc;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);
const FIRST: Partition = Partition { stream: Stream::Telemetry, index: 0 };

fn start() -> Timestamp {
    "2026-03-02T06:00:00Z".parse().expect("a valid moment")
}

/// `count` frames in the first partition of TELEMETRY, one a minute, all read but the last `unread`.
fn store(count: u64, unread: u64) -> Arc<MemoryStore> {
    let store = MemoryStore::default();
    let appends = (0..count).map(|number| {
        let id = MessageId::named("retention", &number.to_string());
        let envelope = Envelope::new(id, "test", &frame("asset", 0)).expect("a frame fits");
        let time = start().saturating_add(Duration::from_secs(60 * number));
        (FIRST, Arc::new(Envelope { time, ..envelope }))
    });
    let progress = Progress { cursor: count - unread, ..Progress::default() };
    let host = HostId { kind: "tally".to_owned(), partition: 0 };
    let change = HostChange { host, progress: Some(progress), watermark: None, states: Vec::new() };
    let batch = Batch { appends: appends.collect(), hosts: vec![change], ..Batch::default() };
    store.commit(batch).expect("memory takes it");
    Arc::new(store)
}

fn catalog() -> Catalog {
    Catalog::default().with::<Counter>().with::<Tally>()
}

fn due(
    store: &MemoryStore,
    catalog: &Catalog,
    now: Timestamp,
    exported_at: Option<Timestamp>,
) -> Vec<(Partition, u64)> {
    let router = Router::new(PARTITIONS_EMBEDDED, catalog.contracts());
    let retention = Retention { telemetry: HOUR, health: HOUR, ..Retention::default() };
    Keeper { store, catalog, router: &router, retention, exported_at }
        .due(now)
        .expect("memory can be read")
}

#[test]
fn what_is_older_than_its_age_is_due_and_what_is_exactly_as_old_is_not() {
    let now = start().saturating_add(2 * HOUR);
    assert_eq!(due(&store(100, 0), &catalog(), now, None), [(FIRST, 60)]);
    assert_eq!(due(&store(100, 0), &catalog(), start().saturating_add(HOUR), None), []);
}

#[test]
fn nothing_is_due_above_a_cursor_also_of_an_agent_that_rests() {
    let now = start().saturating_add(9 * HOUR);
    assert_eq!(due(&store(100, 70), &catalog(), now, None), [(FIRST, 30)]);
    let resting = catalog().only(&["counter".to_owned()]).unwrap();
    assert_eq!(due(&store(100, 70), &resting, now, None), [(FIRST, 30)]);
    assert_eq!(due(&store(100, 100), &catalog(), now, None), []);
}

#[test]
fn nothing_is_due_that_the_newest_export_does_not_hold() {
    let now = start().saturating_add(9 * HOUR);
    let exported_at = start().saturating_add(Duration::from_secs(60 * 10));
    assert_eq!(due(&store(100, 0), &catalog(), now, Some(exported_at)), [(FIRST, 10)]);
}

/// Data of a record of those that are weighed: 21 of them fill a stretch.
const RECORD_BYTES: usize = 200 * 1024;

/// `count` weighed records, one a minute; behind every `restart`-th the process starts again.
fn weighed(count: u64, restart: u64) -> Arc<MemoryStore> {
    let store = Arc::new(MemoryStore::default());
    let clock = VirtualClock::at(start());
    let router = Arc::new(Router::new(PARTITIONS_EMBEDDED, catalog().contracts()));
    let new = || Writer::new(store.clone(), Clock::Virtual(clock.clone()), router.clone());
    let mut writer = new();
    for number in 0..count {
        clock.advance_to(start().saturating_add(Duration::from_secs(60 * number)));
        let id = MessageId::named("retention", &number.to_string());
        let mut envelope = Envelope::new(id, "test", &frame("asset", 0)).expect("a frame fits");
        envelope.data = vec![7; RECORD_BYTES].into();
        let entry = Entry { partition: Some(FIRST), envelope };
        writer.commit(vec![Request::Append(vec![entry])]).expect("memory takes it");
        if number % restart == restart - 1 {
            writer = new();
        }
    }
    store
}

/// Notes that the tally reader of the first partition has read `cursor` records.
fn read_through(store: &MemoryStore, cursor: u64) {
    let host = HostId { kind: "tally".to_owned(), partition: 0 };
    let progress = Some(Progress { cursor, ..Progress::default() });
    let change = HostChange { host, progress, watermark: None, states: Vec::new() };
    let batch = Batch { hosts: vec![change], ..Batch::default() };
    store.commit(batch).expect("memory takes it");
}

fn due_by_size(store: &MemoryStore, exported_at: Option<Timestamp>) -> Vec<(Partition, u64)> {
    let catalog = catalog();
    let router = Router::new(PARTITIONS_EMBEDDED, catalog.contracts());
    // Room for two stretches in each partition, and a bit.
    let bytes = STRETCH_BYTES * 9 / 4 * u64::from(PARTITIONS_EMBEDDED.get());
    let retention = Retention { telemetry_bytes: Some(bytes), ..Retention::default() };
    let now = start().saturating_add(2 * HOUR);
    Keeper { store, catalog: &catalog, router: &router, retention, exported_at }
        .due(now)
        .expect("memory can be read")
}

#[test]
fn what_is_beyond_its_bytes_is_due_and_nothing_that_is_needed() {
    for restart in [1_000, 50, 1] {
        let store = weighed(100, restart);
        read_through(&store, 100);
        assert_eq!(due_by_size(&store, None), [(FIRST, 42)], "four stretches of 21 are complete");
        read_through(&store, 30);
        assert_eq!(due_by_size(&store, None), [(FIRST, 30)], "not above a cursor");
        read_through(&store, 100);
        let exported_at = start().saturating_add(Duration::from_secs(60 * 10));
        assert_eq!(due_by_size(&store, Some(exported_at)), [(FIRST, 10)], "not above an export");
    }
}

#[tokio::test]
async fn what_was_forgotten_by_size_is_weighed_no_more() {
    let store = weighed(100, 1_000);
    read_through(&store, 100);
    let router = Arc::new(Router::new(PARTITIONS_EMBEDDED, catalog().contracts()));
    let clock = Clock::Virtual(VirtualClock::at(start()));
    let writer = Writer::new(store.clone(), clock, router);
    let committer = Committer::start(writer, FlightRecorder::default()).unwrap();
    forget(&committer, &*store, due_by_size(&store, None)).await.unwrap();
    assert_eq!(store.first(FIRST), 43);
    assert_eq!(due_by_size(&store, None), []);
    assert_eq!(store.blobs("bytes/telemetry/0/").unwrap().len(), 2, "the notes are gone too");
}

#[tokio::test]
async fn what_is_due_is_forgotten_in_slices_and_once() {
    let store = store(TRIM_RECORDS_MAX * 2 + 500, 0);
    let router = Arc::new(Router::new(PARTITIONS_EMBEDDED, catalog().contracts()));
    let clock = Clock::Virtual(VirtualClock::at(start()));
    let writer = Writer::new(store.clone(), clock, router);
    let committer = Committer::start(writer, FlightRecorder::default()).unwrap();
    let now = start().saturating_add(10_000 * HOUR);
    let before = store.usage().commits;
    let forgotten = forget(&committer, &*store, due(&store, &catalog(), now, None)).await.unwrap();
    assert_eq!(forgotten, TRIM_RECORDS_MAX * 2 + 500);
    assert_eq!(store.usage().commits - before, 3, "nothing else: there are no notes of sizes");
    assert_eq!(store.first(FIRST), TRIM_RECORDS_MAX * 2 + 501);
    assert_eq!(due(&store, &catalog(), now, None), []);
}
