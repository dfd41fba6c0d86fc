//! Knows what stands on the shared log a second time: said under one name at two processes before either could see the
//! other's. Every mirror leaves out the same, so records stay numbered alike.

use crate::store::{Partition, ReadLimit, Store, StoreError};
use messages::{Envelope, MessageId, Sequence};
use std::collections::{BTreeMap, VecDeque};

/// Records of the log within which a repetition is known. All processes of a log must know the same.
pub const REPEATS_KNOWN_MAX: u64 = 16_384;

/// The newest records of the log that came from no host's input.
#[derive(Debug, Default)]
pub(crate) struct Repeats {
    place_by_id: BTreeMap<MessageId, Sequence>,
    oldest_first: VecDeque<(Sequence, MessageId)>,
}

impl Repeats {
    /// Takes up what `store` has.
    pub(super) fn resume(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        let (first, head) = (store.first(Partition::LOG), store.head(Partition::LOG));
        let mut after = head.saturating_sub(REPEATS_KNOWN_MAX).max(first - 1);
        loop {
            let batch = store.read(Partition::LOG, after, ReadLimit::default())?;
            let Some(last) = batch.last() else { return Ok(()) };
            after = last.sequence;
            for delivery in &batch {
                self.note(&delivery.envelope, delivery.sequence);
            }
        }
    }

    /// Where `record` stands already, if it would stand at `sequence` as a repetition; else takes note of it. What a host
    /// says is told apart by its input, and never repeated.
    pub(crate) fn find(&mut self, record: &Envelope, sequence: Sequence) -> Option<Sequence> {
        self.forget(sequence);
        let found = self.place_by_id.get(&record.id).copied();
        let found = found.filter(|_| record.origin.is_none());
        if found.is_none() {
            self.note(record, sequence);
        }
        found
    }

    /// Forgets what is too far from `sequence`.
    fn forget(&mut self, sequence: Sequence) {
        while let Some(&(noted, id)) = self.oldest_first.front()
            && noted + REPEATS_KNOWN_MAX <= sequence
        {
            self.oldest_first.pop_front();
            self.place_by_id.remove(&id);
        }
    }

    fn note(&mut self, record: &Envelope, sequence: Sequence) {
        if record.origin.is_none() {
            self.place_by_id.insert(record.id, sequence);
            self.oldest_first.push_back((sequence, record.id));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Batch;
    use crate::store::memory::MemoryStore;
    use messages::registry::AssetRetired;
    use std::sync::Arc;

    fn record(number: u64) -> Envelope {
        let retired = AssetRetired { asset: "a".to_owned(), reason: "r".to_owned() };
        Envelope::new(MessageId::named("repeats", &number.to_string()), "facade", &retired).unwrap()
    }

    #[test]
    fn a_repetition_is_known_within_so_many_records_also_by_who_begins_anew() {
        let mut known = Repeats::default();
        let store = MemoryStore::default();
        for number in 1..=REPEATS_KNOWN_MAX {
            assert_eq!(known.find(&record(number), number), None);
            let appends = vec![(Partition::LOG, Arc::new(record(number)))];
            store.commit(Batch { appends, ..Batch::default() }).unwrap();
        }
        let mut anew = Repeats::default();
        anew.resume(&store).unwrap();
        for repeats in [&mut known, &mut anew] {
            let next = REPEATS_KNOWN_MAX + 1;
            assert_eq!(repeats.find(&record(2), next), Some(2));
            assert_eq!(repeats.find(&record(next), next), None, "it moves on");
            assert_eq!(repeats.find(&record(1), next + 1), None, "the first is too far back");
        }
    }
}
