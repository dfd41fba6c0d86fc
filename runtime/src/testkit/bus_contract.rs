//! What every bus promises, as a suite that each implementation runs.

use crate::bus::{Bus, BusError};
use crate::committer::Entry;
use crate::store::{Delivery, Partition, ReadLimit};
use messages::registry::AssetRetired;
use messages::{Envelope, MessageId, Sequence};

/// Runs the whole suite against an empty `bus`.
///
/// # Panics
/// With the promise that is not kept.
pub async fn check<B: Bus>(bus: B) {
    appends_are_numbered_in_order_and_read_back(&bus).await;
    a_reader_waits_for_the_next_record(&bus).await;
    reads_are_bounded(&bus).await;
    trimmed_records_are_refused_not_skipped(&bus).await;
    oversized_appends_are_refused_whole(&bus).await;
}

const PARTITION: Partition = Partition::LOG;

fn entry(number: u64) -> Entry {
    let retired = AssetRetired { asset: format!("asset-{number}"), reason: "contract".to_owned() };
    let id = MessageId::named("bus-contract", &number.to_string());
    let envelope = Envelope::new(id, "contract", &retired).expect("a small message");
    Entry { partition: Some(PARTITION), envelope }
}

async fn append<B: Bus>(bus: &B, numbers: std::ops::Range<u64>) -> Vec<Sequence> {
    let entries: Vec<Entry> = numbers.map(entry).collect();
    let receipt = bus.append(entries).await.expect("an append");
    receipt.into_iter().map(|(_, sequence)| sequence).collect()
}

/// The next `count` records behind `after`. One read gives what is at hand, and at least one.
async fn read_all<B: Bus>(bus: &B, mut after: Sequence, count: usize) -> Vec<Delivery> {
    let mut all = Vec::new();
    while all.len() < count {
        let read = bus.read(PARTITION, after, ReadLimit::default()).await.expect("a read");
        after = read.last().expect("a read ends with a record").sequence;
        all.extend(read);
    }
    assert_eq!(all.len(), count);
    all
}

async fn appends_are_numbered_in_order_and_read_back<B: Bus>(bus: &B) {
    let before = bus.head(PARTITION).await.expect("a head");
    let sequences = append(bus, 0..10).await;
    assert!(sequences.is_sorted() && sequences[0] > before, "{sequences:?}");
    assert_eq!(bus.head(PARTITION).await.expect("a head"), sequences[9]);
    let read = read_all(bus, before, 10).await;
    let mut previous = before;
    for (number, delivery) in (0_u64..).zip(&read) {
        assert_eq!(delivery.previous, previous, "no hole");
        previous = delivery.sequence;
        assert_eq!(delivery.envelope.id, entry(number).envelope.id);
        assert_eq!(delivery.envelope.data, entry(number).envelope.data);
    }
    let times: Vec<_> = read.iter().map(|delivery| delivery.envelope.time).collect();
    assert!(times.is_sorted(), "append times never go back");
}

async fn a_reader_waits_for_the_next_record<B: Bus>(bus: &B) {
    let head = bus.head(PARTITION).await.expect("a head");
    let reader = bus.read(PARTITION, head, ReadLimit::default());
    let writer = append(bus, 10..11);
    let (read, written) = tokio::join!(reader, writer);
    assert_eq!(read.expect("a read")[0].sequence, written[0]);
}

async fn reads_are_bounded<B: Bus>(bus: &B) {
    append(bus, 11..20).await;
    let three = ReadLimit { records: 3, bytes: usize::MAX };
    let read = bus.read(PARTITION, 0, three).await.expect("a read").len();
    assert!((1..=3).contains(&read), "{read}");
    let tiny = ReadLimit { records: 100, bytes: 1 };
    assert_eq!(bus.read(PARTITION, 0, tiny).await.expect("a read").len(), 1);
}

async fn trimmed_records_are_refused_not_skipped<B: Bus>(bus: &B) {
    let head = bus.head(PARTITION).await.expect("a head");
    append(bus, 20..30).await;
    bus.trim(PARTITION, head).await.expect("a trim");
    let refused = bus.read(PARTITION, 0, ReadLimit::default()).await;
    assert!(matches!(refused, Err(BusError::Unreadable(_))), "{refused:?}");
    read_all(bus, head, 10).await;
}

async fn oversized_appends_are_refused_whole<B: Bus>(bus: &B) {
    let head = bus.head(PARTITION).await.expect("a head");
    let mut huge = entry(30);
    huge.envelope.data = vec![0; messages::record::RECORD_BYTES_MAX + 1].into();
    let refused = bus.append(vec![entry(31), huge]).await;
    assert!(matches!(refused, Err(BusError::Refused(_))), "{refused:?}");
    assert_eq!(bus.head(PARTITION).await.expect("a head"), head);
}
