//! What every store promises, as a suite that each implementation runs.

use crate::store::{
    Batch, HostChange, HostId, HostRecord, NAME_BYTES_MAX, Partition, Progress, ReadLimit, Store,
    StoreError, VALUE_BYTES_MAX,
};
use messages::registry::AssetRetired;
use messages::{Envelope, MessageId, Stream, Timestamp};
use std::sync::Arc;

/// Opens the store under test: empty the first time, as it was left every later time.
pub type Open<'o> = &'o mut dyn FnMut() -> Arc<dyn Store>;

/// Runs the whole suite; `reopens` tells whether `open` brings back what was there.
///
/// # Panics
/// With the promise that is not kept.
pub fn check(open: Open<'_>, reopens: bool) {
    let mut store = open();
    records_are_numbered_per_partition_and_read_in_order(&*store);
    one_batch_moves_log_states_and_cursor_together(&*store);
    states_are_replaced_forgotten_and_listed_in_order(&*store);
    values_of_any_size_come_back(&*store);
    trimmed_records_are_refused(&*store);
    an_empty_partition_may_begin_anywhere(&*store);
    a_partition_may_be_forgotten_whole(&*store);
    what_is_too_large_is_refused_with_its_whole_batch(&*store);
    let verified = store.verify().expect("an intact store");
    if reopens {
        drop(store);
        store = open();
        assert_eq!(store.verify().expect("an intact store"), verified, "after a reopen");
        assert_eq!(store.host(&host()).expect("a host").progress.cursor, 7);
    }
    appends_go_on_where_they_stopped(&*store);
}

fn host() -> HostId {
    HostId { kind: "contract".to_owned(), partition: 3 }
}

/// A record with `bytes` of payload.
#[must_use]
pub fn record(number: u64, bytes: usize) -> Arc<Envelope> {
    let retired = AssetRetired { asset: "asset".to_owned(), reason: "x".repeat(bytes) };
    let id = MessageId::named("store-contract", &number.to_string());
    let mut envelope = Envelope::new(id, "contract", &retired).expect("a message");
    envelope.time = Timestamp::EPOCH.saturating_add(std::time::Duration::from_millis(number));
    Arc::new(envelope)
}

fn append(store: &dyn Store, partition: Partition, numbers: std::ops::Range<u64>) -> Vec<u64> {
    let appends = numbers.map(|number| (partition, record(number, 10))).collect();
    store.commit(Batch { appends, ..Batch::default() }).expect("a commit")
}

fn change(states: Vec<(String, Option<Vec<u8>>)>) -> Batch {
    let change = HostChange { host: host(), progress: None, watermark: None, states };
    Batch { hosts: vec![change], ..Batch::default() }
}

fn records_are_numbered_per_partition_and_read_in_order(store: &dyn Store) {
    let other = Partition { stream: Stream::Telemetry, index: 2 };
    assert_eq!(store.head(other), 0);
    assert_eq!(store.first(other), 1);
    assert_eq!(append(store, Partition::LOG, 0..300), (1..=300).collect::<Vec<_>>());
    assert_eq!(append(store, other, 0..2), [1, 2]);
    assert_eq!(append(store, Partition::LOG, 300..600), (301..=600).collect::<Vec<_>>());
    let mut after = 0;
    while after < 600 {
        let limit = ReadLimit { records: 70, bytes: usize::MAX };
        for delivery in store.read(Partition::LOG, after, limit).expect("a read") {
            assert_eq!((delivery.previous, delivery.sequence), (after, after + 1));
            assert_eq!(delivery.envelope, record(after, 10));
            after += 1;
        }
    }
    assert!(store.read(Partition::LOG, 600, ReadLimit::default()).expect("a read").is_empty());
    assert_eq!(store.newest_at(Partition::LOG).as_millis(), 599);
}

fn one_batch_moves_log_states_and_cursor_together(store: &dyn Store) {
    assert_eq!(store.host(&host()).expect("a host"), HostRecord::default());
    let progress = Progress { cursor: 7, now: Timestamp::EPOCH, config: Some("c".to_owned()) };
    let mut batch = change(vec![("key".to_owned(), Some(vec![1]))]);
    batch.hosts[0].progress = Some(progress.clone());
    batch.hosts[0].watermark = Some((6, 2));
    batch.appends.push((Partition::DEAD, record(1, 1)));
    assert_eq!(store.commit(batch).expect("a commit"), [1]);
    store.commit(change(Vec::new())).expect("a commit that changes nothing");
    let expected = HostRecord { progress, watermark: Some((6, 2)) };
    assert_eq!(store.host(&host()).expect("a host"), expected);
    assert_eq!(store.hosts().expect("hosts"), [host()]);
    assert_eq!(store.state(&host(), "key").expect("a state"), Some(vec![1]));
}

fn states_are_replaced_forgotten_and_listed_in_order(store: &dyn Store) {
    let big = vec![7; 10_000];
    let put = |name: &str, value: &[u8]| (name.to_owned(), Some(value.to_vec()));
    store
        .commit(change(vec![put("b", &big), put("a", &[2]), put("c\0d", &[3])]))
        .expect("a commit");
    store.commit(change(vec![put("b", &[4]), ("key".to_owned(), None)])).expect("a commit");
    // One batch may change a key twice; the last change holds.
    let mut twice = change(vec![put("a", &[5])]);
    twice.hosts.extend(change(vec![put("a", &[6])]).hosts);
    store.commit(twice).expect("a commit");
    let mut found = Vec::new();
    let mut visit = |key: &str, value: &[u8]| found.push((key.to_owned(), value.to_vec()));
    store.states(&host(), &mut visit).expect("states");
    let expected = [("a", vec![6]), ("b", vec![4]), ("c\0d", vec![3])];
    assert_eq!(found, expected.map(|(key, value)| (key.to_owned(), value)));
    let neighbour = HostId { partition: 4, ..host() };
    let mut visit = |key: &str, _: &[u8]| panic!("`{key}` belongs to another host");
    store.states(&neighbour, &mut visit).expect("no states");
}

fn values_of_any_size_come_back(store: &dyn Store) {
    for bytes in [0, 1, 4_087, 4_088, 4_089, 70_000] {
        let value = vec![u8::try_from(bytes % 251).expect("small"); bytes];
        let blobs = vec![(format!("blob/{bytes}"), Some(value.clone()))];
        store.commit(Batch { blobs, ..Batch::default() }).expect("a commit");
        assert_eq!(store.blob(&format!("blob/{bytes}")).expect("a blob"), Some(value));
        let appends = vec![(Partition::LOG, record(9, bytes))];
        let sequence = store.commit(Batch { appends, ..Batch::default() }).expect("a commit")[0];
        let read = store.read(Partition::LOG, sequence - 1, ReadLimit::default()).expect("a read");
        assert_eq!(read[0].envelope, record(9, bytes));
    }
    let blobs = vec![("blob/1".to_owned(), None)];
    store.commit(Batch { blobs, ..Batch::default() }).expect("a commit");
    assert_eq!(store.blob("blob/1").expect("no blob"), None);
    assert_eq!(store.blobs("blob/40").expect("names"), ["blob/4087", "blob/4088", "blob/4089"]);
}

fn trimmed_records_are_refused(store: &dyn Store) {
    let trims = vec![(Partition::LOG, 450)];
    store.commit(Batch { trims, ..Batch::default() }).expect("a commit");
    assert_eq!(store.first(Partition::LOG), 451);
    let refused = store.read(Partition::LOG, 449, ReadLimit::default());
    assert!(matches!(refused, Err(StoreError::Trimmed { first: 451, .. })), "{refused:?}");
    let read = store.read(Partition::LOG, 450, ReadLimit::default()).expect("a read");
    assert_eq!(read[0].envelope, record(450, 10));
}

fn an_empty_partition_may_begin_anywhere(store: &dyn Store) {
    let partition = Partition { stream: Stream::Health, index: 9 };
    let trims = vec![(partition, 41)];
    store.commit(Batch { trims, ..Batch::default() }).expect("a commit");
    assert_eq!((store.first(partition), store.head(partition)), (42, 41));
    assert_eq!(append(store, partition, 0..2), [42, 43]);
    let read = store.read(partition, 41, ReadLimit::default()).expect("a read");
    assert_eq!(read[1].sequence, 43);
}

fn a_partition_may_be_forgotten_whole(store: &dyn Store) {
    let partition = Partition { stream: Stream::Health, index: 10 };
    append(store, partition, 0..5);
    let trims = vec![(partition, 99)];
    store.commit(Batch { trims: trims.clone(), ..Batch::default() }).expect("a commit");
    assert_eq!((store.first(partition), store.head(partition)), (6, 5));
    assert_eq!(store.newest_at(partition).as_millis(), 4, "its time goes on where it stopped");
    assert!(store.read(partition, 5, ReadLimit::default()).expect("a read").is_empty());
    // A batch forgets before it appends.
    let appends = vec![(partition, record(5, 10))];
    let batch = Batch { appends, trims, ..Batch::default() };
    assert_eq!(store.commit(batch).expect("a commit"), [6]);
    let read = store.read(partition, 5, ReadLimit::default()).expect("a read");
    assert_eq!(read[0].envelope, record(5, 10));
    assert!(store.partitions().contains(&partition));
}

fn what_is_too_large_is_refused_with_its_whole_batch(store: &dyn Store) {
    let head = store.head(Partition::LOG);
    let name = "n".repeat(NAME_BYTES_MAX);
    for (name, bytes) in [(name.clone() + "n", 1), (name.clone(), VALUE_BYTES_MAX + 1)] {
        let mut batch = change(vec![(name.clone(), Some(vec![0; bytes]))]);
        batch.appends.push((Partition::LOG, record(1, 1)));
        let refused = store.commit(batch);
        assert!(matches!(refused, Err(StoreError::Unstorable { .. })), "{refused:?}");
        let blobs = vec![(name, Some(vec![0; bytes]))];
        let refused = store.commit(Batch { blobs, ..Batch::default() });
        assert!(matches!(refused, Err(StoreError::Unstorable { .. })), "{refused:?}");
    }
    assert_eq!(store.head(Partition::LOG), head);
    let longest = (name, Some(vec![5; 9_000]));
    store.commit(change(vec![longest.clone()])).expect("a commit");
    assert_eq!(store.state(&host(), &longest.0).expect("a state"), longest.1);
}

fn appends_go_on_where_they_stopped(store: &dyn Store) {
    let head = store.head(Partition::LOG);
    assert_eq!(append(store, Partition::LOG, 0..3), [head + 1, head + 2, head + 3]);
    let read = store.read(Partition::LOG, head - 1, ReadLimit::default()).expect("a read");
    assert_eq!(read.len(), 4);
}
