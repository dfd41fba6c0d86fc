//! Forgets telemetry and assessments that are old, but nothing that somebody may still have to read.
//!
//! A record goes when it is older than its stream's age, or when there is more behind it than its
//! stream may have in bytes; in either case only once every agent that reads its partition has saved
//! its states behind it, and the newest export was begun after it. LOG and DEAD are kept.

use crate::catalog::Catalog;
use crate::committer::{CommitError, Committer, Request};
use crate::router::Router;
use crate::store::{HostId, Partition, ReadLimit, Store, StoreError};
use crate::stretches;
use messages::{Sequence, Stream, Timestamp};
use std::time::Duration;

/// Records forgotten by one commit at most, so that nobody waits long behind it.
pub const TRIM_RECORDS_MAX: u64 = 4_096;

/// How long records are kept, by append time, and how many bytes of message data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Age of TELEMETRY.
    pub telemetry: Duration,
    /// Age of HEALTH.
    pub health: Duration,
    /// Bytes of TELEMETRY over all its partitions, each of which may have an equal part; `None` sets no
    /// limit. Kept to within [`STRETCH_BYTES`](crate::stretches::STRETCH_BYTES) per partition.
    pub telemetry_bytes: Option<u64>,
    /// The same of HEALTH.
    pub health_bytes: Option<u64>,
}

impl Default for Retention {
    fn default() -> Self {
        let fortnight = Duration::from_secs(14 * 24 * 3600);
        Self { telemetry: fortnight, health: fortnight, telemetry_bytes: None, health_bytes: None }
    }
}

/// Why nothing more is forgotten for now.
#[derive(Debug, thiserror::Error)]
pub enum RetentionError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A commit was refused.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// What decides how far may be forgotten.
pub struct Keeper<'a> {
    /// Where the records are.
    pub store: &'a dyn Store,
    /// Every agent there is, also those that rest: their cursors hold records back.
    pub catalog: &'a Catalog,
    /// The partitions.
    pub router: &'a Router,
    /// How long.
    pub retention: Retention,
    /// When the newest export was begun; what it does not hold is not forgotten. `None` where no
    /// exports are made.
    pub exported_at: Option<Timestamp>,
}

impl Keeper<'_> {
    /// Each partition that holds records to forget at `now`, with the position of the last of them.
    ///
    /// # Errors
    /// [`StoreError`] when a record or a cursor cannot be read.
    pub fn due(&self, now: Timestamp) -> Result<Vec<(Partition, Sequence)>, StoreError> {
        let Retention { telemetry, health, telemetry_bytes, health_bytes } = self.retention;
        let limits = [
            (Stream::Telemetry, telemetry, telemetry_bytes),
            (Stream::Health, health, health_bytes),
        ];
        let mut due = Vec::new();
        for (stream, age, bytes) in limits {
            let old = now.saturating_sub(age);
            let count = self.router.partitions_of(stream).count() as u64;
            for partition in self.router.partitions_of(stream) {
                let mut through = self.older_than(partition, old)?;
                if let Some(bytes) = bytes {
                    through = through.max(self.beyond(partition, bytes / count)?);
                }
                through = through.min(self.read_by_all(partition)?);
                if let Some(exported_at) = self.exported_at {
                    through = through.min(self.older_than(partition, exported_at)?);
                }
                if through >= self.store.first(partition) {
                    due.push((partition, through));
                }
            }
        }
        Ok(due)
    }

    /// Position behind which every reader of `partition` has its states saved.
    fn read_by_all(&self, partition: Partition) -> Result<Sequence, StoreError> {
        let mut lowest = self.store.head(partition);
        for contract in self.catalog.contracts() {
            if contract.stream == partition.stream {
                let host = HostId { kind: contract.kind.clone(), partition: partition.index };
                lowest = lowest.min(self.store.host(&host)?.progress.cursor);
            }
        }
        Ok(lowest)
    }

    /// Position of the newest stretch that, with all behind it, has more than `bytes`.
    fn beyond(&self, partition: Partition, bytes: u64) -> Result<Sequence, StoreError> {
        let mut kept = 0;
        let stretches = stretches::noted(partition, self.store)?;
        let first = self.store.first(partition);
        let beyond =
            stretches.iter().rev().filter(|stretch| stretch.end >= first).find(|stretch| {
                kept += stretch.bytes;
                kept > bytes
            });
        Ok(beyond.map_or(0, |stretch| stretch.end))
    }

    /// Position of the last record appended before `moment`; append times never fall.
    fn older_than(&self, partition: Partition, moment: Timestamp) -> Result<Sequence, StoreError> {
        let (mut low, mut high) = (self.store.first(partition), self.store.head(partition) + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            let one = ReadLimit { records: 1, bytes: 1 };
            let read = self.store.read(partition, middle - 1, one)?;
            if read.first().is_some_and(|record| record.envelope.time < moment) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low - 1)
    }
}

/// Forgets what is `due`, a slice at a time; how many records that were.
///
/// # Errors
/// [`RetentionError`] when a commit was refused; what was forgotten before stays so.
pub async fn forget(
    committer: &Committer,
    store: &dyn Store,
    due: Vec<(Partition, Sequence)>,
) -> Result<u64, RetentionError> {
    let mut forgotten = 0;
    for (partition, through) in due {
        let mut first = store.first(partition);
        while first <= through {
            let slice_end = through.min(first + TRIM_RECORDS_MAX - 1);
            committer.commit(Request::Trim(partition, slice_end)).await?;
            forgotten += slice_end + 1 - first;
            first = slice_end + 1;
        }
        let notes = stretches::forget(partition, through, store)?;
        committer.commit(Request::Blobs(notes)).await?;
    }
    Ok(forgotten)
}
