//! What is durable: the log, what each host remembers, and how far it has read. One commit at a time.
//!
//! [`Store`] has two implementations: `sled` for deployments and [`memory`] for tests. Both pass the
//! contract suite in [`crate::testkit::store_contract`].

mod head;
mod limit;
pub mod memory;
pub mod sled;

pub use limit::{NAME_BYTES_MAX, VALUE_BYTES_MAX};

use messages::{Envelope, Sequence, Stream, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// One ordered input: a stream, or one partition of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Partition {
    /// The stream.
    pub stream: Stream,
    /// Partition number, from 0.
    pub index: u16,
}

impl Partition {
    /// The log; it is never partitioned.
    pub const LOG: Partition = Partition { stream: Stream::Log, index: 0 };
    /// The dead letters.
    pub const DEAD: Partition = Partition { stream: Stream::Dead, index: 0 };
    /// The chain of what was done and denied.
    pub const AUDIT: Partition = Partition { stream: Stream::Audit, index: 0 };

    /// Whether it is a queue of what waits to be said on a shared log, not a part of a log.
    #[must_use]
    pub fn is_lane(self) -> bool {
        self.stream == Stream::Log && self.index > 0
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.stream, self.index)
    }
}

/// One reader of one partition: an agent kind and the partition it reads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct HostId {
    /// The agent's kind.
    pub kind: String,
    /// Partition number of its input.
    pub partition: u16,
}

impl fmt::Display for HostId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.partition)
    }
}

/// How far a host has read, as of its last commit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Last position whose effect on the states is saved.
    pub cursor: Sequence,
    /// The host's clock at that position.
    pub now: Timestamp,
    /// Name of the blob that holds the configuration in force at that position, and of the models promoted by then.
    pub config: Option<String>,
}

/// What a host is found with when it starts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HostRecord {
    /// How far it has read.
    pub progress: Progress,
    /// Input position and output index of the last thing it said; nothing at or below is said again.
    pub watermark: Option<(Sequence, u32)>,
}

/// A record read from a partition.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// Position of the record before it in this read; a host accepts a record only behind its cursor.
    pub previous: Sequence,
    /// Its own position.
    pub sequence: Sequence,
    /// The message.
    pub envelope: Arc<Envelope>,
}

/// A name and its new value, or `None` to remove it.
pub type Change = (String, Option<Vec<u8>>);

/// Everything that becomes durable together. Applied whole or not at all.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Records to append, in this order; each partition numbers its own.
    pub appends: Vec<(Partition, Arc<Envelope>)>,
    /// Hosts that moved on.
    pub hosts: Vec<HostChange>,
    /// Named values to put, or to remove where `None`.
    pub blobs: Vec<Change>,
    /// Partitions to forget up to and including a position, before anything is appended; one that
    /// never had a record begins behind it.
    pub trims: Vec<(Partition, Sequence)>,
}

/// What changed for one host.
#[derive(Clone, Debug)]
pub struct HostChange {
    /// The host.
    pub host: HostId,
    /// Its new progress; `None` while a checkpointed host is between checkpoints.
    pub progress: Option<Progress>,
    /// Its new watermark, if it said something.
    pub watermark: Option<(Sequence, u32)>,
    /// States by key: new bytes, or `None` to forget the key.
    pub states: Vec<Change>,
}

/// Most that one read returns.
#[derive(Clone, Copy, Debug)]
pub struct ReadLimit {
    /// Records.
    pub records: usize,
    /// Bytes of data; the first record is returned whatever its size.
    pub bytes: usize,
}

impl Default for ReadLimit {
    fn default() -> Self {
        Self { records: 256, bytes: 1024 * 1024 }
    }
}

/// Durable memory with one writer (the committer) and any number of readers.
///
/// `commit` returns only when the batch would survive `kill -9`; readers see a batch whole or not at all.
pub trait Store: Send + Sync + 'static {
    /// Makes `batch` durable; gives the position of each appended record, in order.
    ///
    /// # Errors
    /// [`StoreError::Unstorable`] when the batch holds something too large: nothing of it was written.
    /// Every other error is final: the process must stop serving and be restarted.
    fn commit(&self, batch: Batch) -> Result<Vec<Sequence>, StoreError>;

    /// Every partition that ever had a record, in order.
    fn partitions(&self) -> Vec<Partition>;

    /// Position of the newest record; 0 when there was none.
    fn head(&self, partition: Partition) -> Sequence;

    /// Append time of the newest record; [`Timestamp::MIN`] when there was none.
    fn newest_at(&self, partition: Partition) -> Timestamp;

    /// Position of the oldest record still kept; `head + 1` when none is.
    fn first(&self, partition: Partition) -> Sequence;

    /// Records behind `after`, in order and without holes.
    ///
    /// # Errors
    /// [`StoreError::Trimmed`] when records behind `after` were forgotten; [`StoreError::Corrupt`]
    /// when one is missing or damaged.
    fn read(
        &self,
        partition: Partition,
        after: Sequence,
        limit: ReadLimit,
    ) -> Result<Vec<Delivery>, StoreError>;

    /// What `host` is found with; the default for a new one.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when it is damaged.
    fn host(&self, host: &HostId) -> Result<HostRecord, StoreError>;

    /// All hosts that ever committed.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when one is damaged.
    fn hosts(&self) -> Result<Vec<HostId>, StoreError>;

    /// Every state of `host` by key, in key order, checked to be complete: none lost, none changed.
    /// What `visit` was given counts only once this returns well. Commits wait meanwhile, so `visit`
    /// must not ask the store for anything.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when one is missing or damaged.
    fn states(&self, host: &HostId, visit: &mut dyn FnMut(&str, &[u8])) -> Result<(), StoreError>;

    /// The state of one key.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when it is damaged.
    fn state(&self, host: &HostId, key: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// A named value.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when it is damaged.
    fn blob(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Names of values that start with `prefix`, in order. These values are read and checked, no others, and commits
    /// wait meanwhile. That none is missing is checked of all together: with an empty `prefix`, and by
    /// [`Store::verify`].
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when the store is damaged.
    fn blobs(&self, prefix: &str) -> Result<Vec<String>, StoreError>;

    /// Reads everything and checks it: checksums, density, digests. Slow; runs beside readers and
    /// commits.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] naming what is damaged.
    fn verify(&self) -> Result<Verified, StoreError>;

    /// Cost figures since the store was opened.
    fn usage(&self) -> Usage;
}

/// What [`Store::verify`] looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Log records.
    pub records: u64,
    /// States.
    pub states: u64,
    /// Named values.
    pub blobs: u64,
}

/// Cost figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// Commits.
    pub commits: u64,
    /// Calls of fdatasync or fsync.
    pub fsyncs: u64,
    /// Bytes given to the database.
    pub bytes_written: u64,
}

/// Why the store cannot be trusted or used. The text names the remedy.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// What was read is not what was written.
    #[error("store `{path}` is damaged: {what}; restore it with `aurorasync backup restore`")]
    Corrupt {
        /// The data folder.
        path: PathBuf,
        /// What is wrong, with keys and figures.
        what: String,
    },
    /// The database is older than what was acknowledged from it.
    #[error(
        "store `{path}` is older than its HEAD: it ends at commit {found}, {expected} was acknowledged; \
         put the newer copy back or use `aurorasync backup restore`"
    )]
    Older {
        /// The data folder.
        path: PathBuf,
        /// Commit named by HEAD.
        expected: u64,
        /// Last commit in the database.
        found: u64,
    },
    /// Another process uses it.
    #[error("store `{path}` is in use by another process; stop it or give another --data")]
    Locked {
        /// The data folder.
        path: PathBuf,
    },
    /// It was written by another build.
    #[error(
        "store `{path}` has format {found}; this build reads {known}; run the build that wrote it"
    )]
    Format {
        /// The data folder.
        path: PathBuf,
        /// The format found.
        found: u32,
        /// The newest format that this build reads.
        known: u32,
    },
    /// Records that a reader still needs were forgotten.
    #[error("`{partition}` was trimmed up to {first}, but a reader stands at {after}")]
    Trimmed {
        /// The partition.
        partition: Partition,
        /// Where the reader stands.
        after: Sequence,
        /// The oldest record kept.
        first: Sequence,
    },
    /// A value does not fit.
    #[error("value `{name}` cannot be stored: {reason}")]
    Unstorable {
        /// Its name.
        name: String,
        /// Why.
        reason: String,
    },
    /// The operating system refused.
    #[error("store `{path}`: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
}
