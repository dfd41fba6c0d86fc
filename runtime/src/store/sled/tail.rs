//! The newest records of each partition, kept in memory for readers that keep up.

use crate::store::{Delivery, Partition, ReadLimit};
use messages::{Envelope, Sequence};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Bytes of message data kept per partition.
pub(super) const TAIL_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The tails of all partitions.
#[derive(Debug, Default)]
pub(super) struct Tails {
    tails: BTreeMap<Partition, Tail>,
}

#[derive(Debug, Default)]
struct Tail {
    first: Sequence,
    records: VecDeque<Arc<Envelope>>,
    bytes: usize,
}

impl Tails {
    /// Adds the record at `sequence`, which follows the one added before.
    pub(super) fn push(&mut self, partition: Partition, sequence: Sequence, envelope: Arc<Envelope>) {
        let tail = self.tails.entry(partition).or_default();
        if tail.records.is_empty() {
            tail.first = sequence;
        }
        tail.bytes += envelope.data.len();
        tail.records.push_back(envelope);
        while tail.bytes > TAIL_BYTES_MAX {
            let Some(oldest) = tail.records.pop_front() else { break };
            tail.bytes -= oldest.data.len();
            tail.first += 1;
        }
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
        (skip < tail.records.len())
            .then(|| within(after, tail.records.iter().skip(skip).cloned(), limit))
    }
}

/// As many of `records`, which follow `after`, as `limit` allows; at least one.
pub(super) fn within(
    after: Sequence,
    records: impl Iterator<Item = Arc<Envelope>>,
    limit: ReadLimit,
) -> Vec<Delivery> {
    let mut bytes = 0;
    let mut deliveries = Vec::new();
    for (previous, envelope) in (after..).zip(records) {
        if deliveries.len() >= limit.records || bytes >= limit.bytes {
            break;
        }
        bytes += envelope.data.len();
        deliveries.push(Delivery { previous, sequence: previous + 1, envelope });
    }
    deliveries
}
