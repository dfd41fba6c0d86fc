//! The bus without a server: appends through the committer, reads from the store.

use super::{Bus, BusError};
use crate::committer::{CommitError, Committer, Entry, Receipt, Request};
use crate::store::{Delivery, Partition, ReadLimit, Store};
use messages::Sequence;
use messages::record::RECORD_BYTES_MAX;
use std::sync::Arc;

/// Most entries in one append.
pub const APPEND_ENTRIES_MAX: usize = 1_000;

/// A bus inside this process.
#[derive(Clone)]
pub struct Embedded {
    committer: Committer,
    store: Arc<dyn Store>,
}

impl Embedded {
    /// A bus over `store`, which `committer` writes.
    #[must_use]
    pub fn new(committer: Committer, store: Arc<dyn Store>) -> Self {
        Self { committer, store }
    }
}

impl From<CommitError> for BusError {
    fn from(error: CommitError) -> Self {
        match &error {
            CommitError::Overloaded | CommitError::Unreached(_) | CommitError::Unconfirmed => {
                BusError::Overloaded(error.to_string())
            }
            CommitError::Fenced { .. } | CommitError::Kept(_) | CommitError::Elsewhere(_) => {
                BusError::Refused(error.to_string())
            }
            CommitError::Stopped(_) => BusError::Down(error.to_string()),
            CommitError::Denied(denied) | CommitError::DeniedOne { denied, .. } => {
                BusError::Denied(denied.clone())
            }
        }
    }
}

impl Embedded {
    /// Whether `entries` are few and small enough to be appended together.
    pub(crate) fn check(entries: &[Entry]) -> Result<(), BusError> {
        if entries.len() > APPEND_ENTRIES_MAX {
            let found = entries.len();
            return Err(BusError::Refused(format!(
                "{found} entries in one append, at most {APPEND_ENTRIES_MAX} are taken; split them"
            )));
        }
        if let Some(entry) =
            entries.iter().find(|entry| entry.envelope.data.len() > RECORD_BYTES_MAX)
        {
            return Err(BusError::Refused(format!(
                "`{}` has {} bytes, at most {RECORD_BYTES_MAX} are taken; split it",
                entry.envelope.name,
                entry.envelope.data.len()
            )));
        }
        Ok(())
    }
}

impl Bus for Embedded {
    async fn append(&self, entries: Vec<Entry>) -> Result<Receipt, BusError> {
        Self::check(&entries)?;
        Ok(self.committer.try_commit(Request::Append(entries)).await?)
    }

    async fn read(
        &self,
        partition: Partition,
        after: Sequence,
        limit: ReadLimit,
    ) -> Result<Vec<Delivery>, BusError> {
        let mut head = self
            .committer
            .watch_head(partition)
            .ok_or_else(|| BusError::Refused(format!("there is no partition `{partition}`")))?;
        let mut stopped = self.committer.watch_stopped();
        loop {
            head.borrow_and_update();
            let batch = self.store.read(partition, after, limit)?;
            if !batch.is_empty() {
                return Ok(batch);
            }
            let stop = tokio::select! {
                biased;
                stop = stopped.wait_for(Option::is_some) => stop.ok().and_then(|stop| stop.clone()),
                changed = head.changed() => match changed {
                    Ok(()) => continue,
                    Err(_) => None,
                },
            };
            return Err(BusError::Down(stop.unwrap_or_else(|| "the bus has ended".to_owned())));
        }
    }

    async fn head(&self, partition: Partition) -> Result<Sequence, BusError> {
        Ok(self.store.head(partition))
    }

    async fn trim(&self, partition: Partition, through: Sequence) -> Result<(), BusError> {
        self.committer.commit(Request::Trim(partition, through)).await?;
        Ok(())
    }
}
