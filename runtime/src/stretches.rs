//! How many bytes stand where on a partition, so that old records can be forgotten by size too.
//!
//! The writer adds up what it appends, and notes by name where each stretch ends and how large it is.
//! A note is made with the commit after the one that filled the stretch; what lies behind the last
//! note is added up anew when the process starts.

use crate::store::{Change, Partition, ReadLimit, Store, StoreError};
use messages::Sequence;
use std::collections::BTreeMap;

/// Message data in one stretch, in bytes: what is kept is known to within one.
pub const STRETCH_BYTES: u64 = 4 * 1024 * 1024;

/// A stretch of a partition that is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    /// Position of its last record.
    pub(crate) end: Sequence,
    /// Message data in it.
    pub(crate) bytes: u64,
}

/// Adds up what is appended.
#[derive(Debug, Default)]
pub(crate) struct Stretches {
    /// Bytes in the stretch that is not complete.
    open: BTreeMap<Partition, u64>,
    notes: Vec<Change>,
}

impl Stretches {
    /// Adds up what was appended to `partition` behind the last note, unless that is done.
    pub(crate) fn resume(
        &mut self,
        partition: Partition,
        store: &dyn Store,
    ) -> Result<(), StoreError> {
        if self.open.contains_key(&partition) || !partition.stream.is_partitioned() {
            return Ok(());
        }
        self.open.insert(partition, 0);
        let Some(newest) = noted(partition, store)?.pop() else {
            // What a store holds before there are notes is not weighed: it goes when it is too old.
            let stretch = Stretch { end: store.head(partition), bytes: 0 };
            self.notes.push((name(partition, stretch), Some(Vec::new())));
            return Ok(());
        };
        let mut after = newest.end.max(store.first(partition) - 1);
        loop {
            let batch = store.read(partition, after, ReadLimit::default())?;
            let Some(last) = batch.last() else { return Ok(()) };
            after = last.sequence;
            for delivery in &batch {
                self.count(partition, delivery.sequence, delivery.envelope.data.len() as u64);
            }
        }
    }

    /// Counts a record that was appended.
    pub(crate) fn count(&mut self, partition: Partition, sequence: Sequence, bytes: u64) {
        let Some(open) = self.open.get_mut(&partition) else { return };
        *open += bytes;
        if *open >= STRETCH_BYTES {
            let stretch = Stretch { end: sequence, bytes: std::mem::take(open) };
            self.notes.push((name(partition, stretch), Some(Vec::new())));
        }
    }

    /// What is to be noted with the next commit.
    pub(crate) fn take_notes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.notes)
    }
}

/// The complete stretches of `partition`, the oldest first; also those that were forgotten just now.
pub(crate) fn noted(partition: Partition, store: &dyn Store) -> Result<Vec<Stretch>, StoreError> {
    let names = store.blobs(&prefix(partition))?;
    Ok(names.iter().filter_map(|name| parse(name)).collect())
}

/// Removes the notes of stretches that end at `through` or before, but for the newest of all: behind it
/// the writer goes on.
pub(crate) fn forget(
    partition: Partition,
    through: Sequence,
    store: &dyn Store,
) -> Result<Vec<Change>, StoreError> {
    let mut noted = noted(partition, store)?;
    noted.pop();
    let gone = noted.into_iter().filter(|stretch| stretch.end <= through);
    Ok(gone.map(|stretch| (name(partition, stretch), None)).collect())
}

fn prefix(partition: Partition) -> String {
    format!("bytes/{partition}/")
}

/// Names are in order of position.
fn name(partition: Partition, stretch: Stretch) -> String {
    format!("{}{:020}/{}", prefix(partition), stretch.end, stretch.bytes)
}

fn parse(name: &str) -> Option<Stretch> {
    let mut parts = name.rsplit('/');
    let (bytes, end) = (parts.next()?, parts.next()?);
    Some(Stretch { end: end.parse().ok()?, bytes: bytes.parse().ok()? })
}
