//! Reads streams for people: bounded, filtered, from a position on, all partitions of a stream as one.
//!
//! A cursor is what a reader has seen of each partition: `log/0:12` or `health/0:3,health/1:7`. Records of
//! several partitions come in the order of their append times; within a partition never out of order.

use crate::problem::Problem;
use crate::request::malformed;
use messages::{Sequence, Stream};
use runtime::store::{Delivery, Partition, ReadLimit, Store, StoreError};
use std::collections::{BTreeMap, VecDeque};

/// Records that one request may look at; a filter that lets none of them through returns an empty page with a cursor.
pub(crate) const SCAN_RECORDS_MAX: usize = 8_192;
/// Records of one read.
const READ_RECORDS: usize = 256;

/// What has been seen of each partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cursor(BTreeMap<Partition, Sequence>);

impl Cursor {
    /// Before everything that is still kept.
    pub(crate) fn start(store: &dyn Store, partitions: impl Iterator<Item = Partition>) -> Self {
        Self(partitions.map(|it| (it, store.first(it).saturating_sub(1))).collect())
    }

    /// Behind everything that is there.
    pub(crate) fn end(store: &dyn Store, partitions: impl Iterator<Item = Partition>) -> Self {
        Self(partitions.map(|it| (it, store.head(it))).collect())
    }

    /// The same moved on to where `text` says; partitions that it does not name stay.
    pub(crate) fn moved_to(mut self, text: &str) -> Result<Self, Problem> {
        for part in text.split(',') {
            let (partition, sequence) = parse_position(part).ok_or_else(|| {
                malformed(format!("`{part}` is not a position such as `log/0:12`"))
            })?;
            let Some(place) = self.0.get_mut(&partition) else {
                return Err(malformed(format!("`{partition}` is not a partition of this stream")));
            };
            *place = sequence;
        }
        Ok(self)
    }

    pub(crate) fn partitions(&self) -> impl Iterator<Item = Partition> {
        self.0.keys().copied()
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts: Vec<String> =
            self.0.iter().map(|(partition, sequence)| position(*partition, *sequence)).collect();
        f.write_str(&parts.join(","))
    }
}

/// A position for people and cursors.
pub(crate) fn position(partition: Partition, sequence: Sequence) -> String {
    format!("{partition}:{sequence}")
}

/// Reads what [`position`] writes.
pub(crate) fn parse_position(text: &str) -> Option<(Partition, Sequence)> {
    let (partition, sequence) = text.split_once(':')?;
    let (stream, index) = partition.split_once('/')?;
    let partition = Partition { stream: Stream::from_name(stream)?, index: index.parse().ok()? };
    Some((partition, sequence.parse().ok()?))
}

/// Part of a feed.
pub(crate) struct Page {
    pub(crate) records: Vec<(Partition, Delivery)>,
    /// Behind the last record looked at, wanted or not.
    pub(crate) cursor: Cursor,
    /// Whether there was nothing more.
    pub(crate) ended: bool,
}

/// One partition as it is read.
struct Lane {
    partition: Partition,
    seen: Sequence,
    waiting: VecDeque<Delivery>,
    ended: bool,
}

impl Lane {
    fn fill(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        if self.waiting.is_empty() && !self.ended {
            let limit = ReadLimit { records: READ_RECORDS, ..ReadLimit::default() };
            self.waiting.extend(store.read(self.partition, self.seen, limit)?);
            self.ended = self.waiting.is_empty();
        }
        Ok(())
    }
}

/// Reads up to `limit` records behind `cursor` that are `wanted`.
pub(crate) fn read(
    store: &dyn Store,
    cursor: &Cursor,
    limit: usize,
    wanted: &dyn Fn(&Delivery) -> bool,
) -> Result<Page, StoreError> {
    let lane = |(&partition, &seen): (&Partition, &Sequence)| Lane {
        partition,
        seen,
        waiting: VecDeque::new(),
        ended: false,
    };
    let mut lanes: Vec<Lane> = cursor.0.iter().map(lane).collect();
    let mut records = Vec::new();
    let mut ended = false;
    for _ in 0..SCAN_RECORDS_MAX {
        if records.len() == limit {
            break;
        }
        for lane in &mut lanes {
            lane.fill(store)?;
        }
        let Some((lane, delivery)) = earliest(&mut lanes) else {
            ended = true;
            break;
        };
        lane.seen = delivery.sequence;
        if wanted(&delivery) {
            records.push((lane.partition, delivery));
        }
    }
    let cursor = Cursor(lanes.iter().map(|lane| (lane.partition, lane.seen)).collect());
    Ok(Page { records, cursor, ended })
}

/// Takes the record that was appended first among those that wait.
fn earliest(lanes: &mut [Lane]) -> Option<(&mut Lane, Delivery)> {
    let lane = lanes
        .iter_mut()
        .filter(|lane| !lane.waiting.is_empty())
        .min_by_key(|lane| lane.waiting.front().map(|delivery| delivery.envelope.time))?;
    let delivery = lane.waiting.pop_front()?;
    Some((lane, delivery))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_read_as_they_are_written() {
        let written = position(Partition::LOG, 12);
        assert_eq!(written, "log/0:12");
        assert_eq!(parse_position(&written), Some((Partition::LOG, 12)));
        for wrong in ["", "log", "log/0", "log:1", "log/0:", "log/x:1", "logs/0:1", "log/0:-1"] {
            assert_eq!(parse_position(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_cursor_keeps_to_its_stream() {
        let cursor = Cursor(BTreeMap::from([(Partition::LOG, 0)]));
        assert_eq!(cursor.clone().moved_to("log/0:9").unwrap().to_string(), "log/0:9");
        assert!(cursor.clone().moved_to("dead/0:1").is_err());
        assert!(cursor.moved_to("garbage").is_err());
    }
}
