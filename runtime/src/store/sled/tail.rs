//! The newest records of the store, kept in memory for readers that keep up.

use crate::store::{Delivery, Partition, ReadLimit};
use messages::{Envelope, Sequence};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Bytes of records kept, of all partitions together.
pub(super) const TAIL_BYTES_MAX: usize = 32 * 1024 * 1024;
/// What a record takes besides its data, about, in bytes.
const RECORD_OVERHEAD_BYTES: usize = 384;

/// The newest records, by partition.
#[derive(Debug, Default)]
pub(super) struct Tails {
    tails: BTreeMap<Partition, Tail>,
    /// Partition of each record kept, oldest first.
    order: VecDeque<Partition>,
    bytes: usize,
}

#[derive(Debug, Default)]
struct Tail {
    /// Position of the oldest record kept.
    first: Sequence,
    records: VecDeque<Arc<Envelope>>,
}

impl Tails {
    /// Adds the record at `sequence`, which follows the one added before to that partition.
    pub(super) fn push(
        &mut self,
        partition: Partition,
        sequence: Sequence,
        envelope: Arc<Envelope>,
    ) {
        self.bytes += bytes(&envelope);
        self.order.push_back(partition);
        let tail = self.tails.entry(partition).or_default();
        if tail.records.is_empty() {
            tail.first = sequence;
        }
        tail.records.push_back(envelope);
        while self.bytes > TAIL_BYTES_MAX {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let oldest = self.order.pop_front().expect("bytes are counted for records kept");
        let tail = self.tails.get_mut(&oldest).expect("a record kept has a tail");
        let envelope = tail.records.pop_front().expect("a record kept is in its tail");
        tail.first += 1;
        self.bytes -= bytes(&envelope);
    }

    /// Records behind `after`, if all of them are here.
    pub(super) fn read(
        &self,
        partition: Partition,
        after: Sequence,
        limit: ReadLimit,
    ) -> Option<Vec<Delivery>> {
        let tail = self.tails.get(&partition)?;
        let skip = usize::try_from((after + 1).checked_sub(tail.first)?).ok()?;
        if skip >= tail.records.len() {
            return None;
        }
        let mut reading = Reading::new(after, limit);
        for envelope in tail.records.range(skip..) {
            if reading.is_full() {
                break;
            }
            reading.push(envelope.clone());
        }
        Some(reading.deliveries)
    }
}

fn bytes(envelope: &Envelope) -> usize {
    envelope.data.len() + RECORD_OVERHEAD_BYTES
}

/// What one read has gathered.
pub(super) struct Reading {
    pub(super) deliveries: Vec<Delivery>,
    last: Sequence,
    bytes: usize,
    limit: ReadLimit,
}

impl Reading {
    /// Nothing yet, behind `after`.
    pub(super) fn new(after: Sequence, limit: ReadLimit) -> Self {
        Self { deliveries: Vec::new(), last: after, bytes: 0, limit }
    }

    /// Whether the limit is reached.
    pub(super) fn is_full(&self) -> bool {
        self.deliveries.len() >= self.limit.records || self.bytes >= self.limit.bytes
    }

    /// Adds the next record.
    pub(super) fn push(&mut self, envelope: Arc<Envelope>) {
        let previous = self.last;
        self.last += 1;
        self.bytes += envelope.data.len();
        self.deliveries.push(Delivery { previous, sequence: self.last, envelope });
    }

    /// Position of the record it waits for.
    pub(super) fn next(&self) -> Sequence {
        self.last + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::store_contract::record;
    use messages::Stream;

    #[test]
    fn the_newest_records_are_kept_whichever_partition_they_are_in() {
        let busy = Partition { stream: Stream::Telemetry, index: 1 };
        let mut tails = Tails::default();
        tails.push(Partition::LOG, 7, record(7, 10));
        let large = record(1, 200 * 1024);
        (1..=200).for_each(|sequence| tails.push(busy, sequence, large.clone()));
        assert!(tails.bytes <= TAIL_BYTES_MAX);
        let limit = ReadLimit { records: 1_000, bytes: usize::MAX };
        assert_eq!(tails.read(Partition::LOG, 6, limit), None, "the oldest went first");
        let kept = tails.tails[&busy].first;
        assert!(kept > 1);
        assert_eq!(tails.read(busy, kept - 2, limit), None, "one of them is no longer here");
        let read = tails.read(busy, kept - 1, limit).unwrap();
        assert_eq!((read[0].previous, read[0].sequence), (kept - 1, kept));
        assert_eq!(read.last().unwrap().sequence, 200);
        tails.push(Partition::LOG, 8, record(8, 10));
        assert_eq!(tails.read(Partition::LOG, 7, limit).unwrap()[0].sequence, 8);
    }
}
