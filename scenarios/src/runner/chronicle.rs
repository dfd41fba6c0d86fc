//! What is known of the log so far: read on from where reading ended, in one order for the same log.

use crate::measure::{Record, Standings, Tally};
use messages::{Sequence, Stream};
use runtime::router::PARTITIONS_EMBEDDED;
use runtime::store::{Partition, ReadLimit, Store, StoreError};
use std::collections::BTreeMap;

/// All records that a story has seen, and what they add up to.
#[derive(Debug, Default)]
pub struct Chronicle {
    read_by_partition: BTreeMap<Partition, Sequence>,
    records: Vec<Record>,
    /// Sums over them.
    pub tally: Tally,
    /// Where things stand after them.
    pub standings: Standings,
}

impl Chronicle {
    /// Reads what is new on `streams`; the new records are those from the returned index on.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    pub fn read(&mut self, store: &dyn Store, streams: &[Stream]) -> Result<usize, StoreError> {
        let first = self.records.len();
        for partition in streams.iter().flat_map(|stream| partitions(*stream)) {
            let read = self.read_by_partition.entry(partition).or_default();
            loop {
                let batch = store.read(partition, *read, ReadLimit::default())?;
                let Some(last) = batch.last() else { break };
                *read = last.sequence;
                for delivery in batch {
                    let index = self.records.len();
                    self.records.push(Record::new(index, partition.stream, delivery.envelope));
                }
            }
        }
        Ok(first)
    }

    /// Takes record `index` into the sums.
    pub fn take(&mut self, index: usize) {
        let record = &self.records[index];
        self.tally.take(record);
        self.standings.take(record);
    }

    /// All records, in the order in which they were seen.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// The newest record called `name` that `fits`.
    #[must_use]
    pub fn newest(&self, name: &str, fits: impl Fn(&Record) -> bool) -> Option<&Record> {
        self.records.iter().rev().find(|record| record.name() == name && fits(record))
    }
}

fn partitions(stream: Stream) -> impl Iterator<Item = Partition> {
    let count = if stream.is_partitioned() { PARTITIONS_EMBEDDED.get() } else { 1 };
    (0..count).map(move |index| Partition { stream, index })
}
