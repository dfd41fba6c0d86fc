//! What the guard and AUDIT add to a commit.

use super::{Entry, Writer};
use crate::guard::Guard;
use crate::guard::audit::{Deed, Seal};
use crate::guard::principal::GUARD;
use crate::store::{Batch, HostId, Partition, StoreError};
use messages::{Envelope, MessageId, Timestamp};
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

impl Writer {
    /// Takes up what the store holds of the guard, of AUDIT and of the outbox; once.
    pub(super) fn resume(&mut self) -> Result<(), StoreError> {
        if !self.resumed {
            self.guard.resume(&*self.store)?;
            if let Some(outbox) = &mut self.outbox {
                outbox.resume(&*self.store)?;
            }
            self.resumed = true;
        }
        Ok(())
    }

    /// Signs where AUDIT ends with `seal` from now on, and notes if it is not where the seal left it.
    ///
    /// # Errors
    /// [`StoreError`] when AUDIT cannot be read.
    pub fn seal(&mut self, seal: Seal) -> Result<(), StoreError> {
        let damage = self.trail.seal(seal, &*self.store)?;
        damage.into_iter().for_each(|deed| self.guard.write_down(deed));
        Ok(())
    }

    /// When the guard has something to say next by itself, in milliseconds since the epoch; kept up to date.
    pub(crate) fn due_at(&self) -> &Arc<AtomicI64> {
        &self.due_at
    }

    /// The guard.
    pub(crate) fn guard(&self) -> &Guard {
        &self.guard
    }

    /// Appends `entries`, said by the host `speaker` if by one, which nothing speaks against.
    pub(super) fn say(
        &mut self,
        batch: &mut Batch,
        entries: impl IntoIterator<Item = Entry>,
        speaker: Option<&HostId>,
    ) {
        let now = self.clock.now();
        for entry in entries {
            self.guard.note(&entry.envelope, now);
            self.append(batch, entry, speaker);
        }
    }

    /// The time of the next record of `partition`.
    pub(super) fn stamp(&mut self, partition: Partition) -> Timestamp {
        self.no_earlier(partition, self.clock.now())
    }

    /// `at`, or the time of the record before if that is later.
    pub(super) fn no_earlier(&mut self, partition: Partition, at: Timestamp) -> Timestamp {
        let store = &self.store;
        let newest = self.newest_at.entry(partition).or_insert_with(|| store.newest_at(partition));
        *newest = at.max(*newest);
        *newest
    }

    /// Adds what the guard says about the requests before, until it has nothing more to say.
    pub(super) fn add_verdicts(
        &mut self,
        batch: &mut Batch,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let behind = self.verdicts_behind();
        let mut said = 0_u64;
        loop {
            let verdicts = self.guard.take(now);
            batch.blobs.extend(verdicts.blobs);
            if verdicts.said.is_empty() && verdicts.deeds.is_empty() {
                return Ok(());
            }
            for deed in verdicts.deeds {
                self.add_link(batch, deed)?;
            }
            for mut envelope in verdicts.said {
                // What is said moves the head, so no commit names anything as another did.
                envelope.id = MessageId::named("guard", &format!("{behind}/{said}"));
                said += 1;
                self.say(batch, [Entry::from(envelope)], None);
            }
        }
    }

    fn add_link(&mut self, batch: &mut Batch, deed: Deed) -> Result<(), StoreError> {
        let at = self.stamp(Partition::AUDIT);
        for link in self.trail.links(deed, at, &*self.store)? {
            let id = MessageId::named("audit", &link.sequence.to_string());
            let unstorable = |error: messages::EncodeError| StoreError::Unstorable {
                name: format!("audit link {}", link.sequence),
                reason: error.to_string(),
            };
            let envelope = Envelope::new(id, GUARD, &link).map_err(unstorable)?;
            // A second look at the clock could give another time than the one the link is hashed with.
            batch.appends.push((Partition::AUDIT, Arc::new(Envelope { time: at, ..envelope })));
        }
        Ok(())
    }
}
