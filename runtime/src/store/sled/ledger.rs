//! What the next commit builds on, and how it is stored: heads of partitions, hosts, and over all of
//! them one root, so that none can vanish or fall back unseen.
//!
//! HEAD names the root. The root has a sum over every partition head and host, and a digest over the
//! named values. A partition head has the checksum of its newest block, and each block that of the one
//! before; a host has a digest over its states.

use super::database::{Database, corrupt};
use super::key;
use super::value::{self, Frame};
use crate::store::head::Mark;
use crate::store::{HostId, HostRecord, Partition, Progress, StoreError};
use messages::{Sequence, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use uuid::Uuid;

/// Format of keys and values. Later builds read every earlier one or refuse.
pub const FORMAT: u32 = 1;
/// Commits whose mark is kept, to compare with HEAD; HEAD is behind by less, also after a power cut.
const RING_COMMITS: u64 = 4_096;

/// The newest commit, and what it left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Root {
    /// [`FORMAT`]; stays the first field in every format.
    pub(super) format: u32,
    pub(super) mark: Mark,
    /// Over the named values.
    pub(super) blobs: Digest,
    /// Sum of the shares of all partition heads and hosts.
    pub(super) sum: u64,
}

/// What is known of a partition without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PartitionHead {
    /// Position of the oldest record that is not forgotten.
    pub(super) first: Sequence,
    /// Position of the newest record; 0 when there was none.
    pub(super) last: Sequence,
    pub(super) newest_at: Timestamp,
    /// First position of the newest block.
    pub(super) newest_block: Sequence,
    /// Checksum of the newest block.
    pub(super) checksum: u32,
    /// Everything before this position was removed; behind it up to `first` something may be left.
    pub(super) swept: Sequence,
}

impl Default for PartitionHead {
    fn default() -> Self {
        Self {
            first: 1,
            last: 0,
            newest_at: Timestamp::MIN,
            newest_block: 0,
            checksum: 0,
            swept: 1,
        }
    }
}

impl PartitionHead {
    /// Whether no record is left.
    pub(super) fn is_empty(&self) -> bool {
        self.first > self.last
    }
}

/// What is known of a host besides its states.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct HostValue {
    cursor: Sequence,
    now: Timestamp,
    config: Option<String>,
    pub(super) watermark: Option<(Sequence, u32)>,
    /// Over its states.
    pub(super) states: Digest,
}

impl HostValue {
    pub(super) fn set_progress(&mut self, progress: Progress) {
        let Progress { cursor, now, config } = progress;
        (self.cursor, self.now, self.config) = (cursor, now, config);
    }

    pub(super) fn record(&self) -> HostRecord {
        let Self { cursor, now, config, watermark, .. } = self.clone();
        HostRecord { progress: Progress { cursor, now, config }, watermark }
    }
}

/// How many values there are of a kind, and a sum over them in which each has its share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Digest {
    pub(super) count: u64,
    sum: u64,
}

impl Digest {
    pub(super) fn add(&mut self, share: u64) {
        self.count = self.count.wrapping_add(1);
        self.sum = self.sum.wrapping_add(share);
    }

    pub(super) fn remove(&mut self, share: u64) {
        self.count = self.count.wrapping_sub(1);
        self.sum = self.sum.wrapping_sub(share);
    }
}

/// A value in memory, and the share that its stored form has in the root's sum.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept<T> {
    pub(super) value: T,
    pub(super) share: u64,
}

/// All of it, in memory.
#[derive(Debug)]
pub(super) struct Ledger {
    pub(super) root: Root,
    pub(super) heads: BTreeMap<Partition, Kept<PartitionHead>>,
    pub(super) hosts: BTreeMap<HostId, Kept<HostValue>>,
}

impl Ledger {
    /// Reads the ledger of `database` and compares it with what HEAD says.
    pub(super) fn load(
        folder: &Path,
        database: &Database,
        head: Option<Mark>,
    ) -> Result<Self, StoreError> {
        let root = match (read_root(folder, database)?, head) {
            (Some(root), Some(mark)) => {
                check_mark(folder, database, &root, mark)?;
                root
            }
            (Some(_), None) => return Err(corrupt(folder, "the database is there, HEAD is not")),
            (None, Some(mark)) if mark.commit > 0 => {
                let what = format!("the database is empty, HEAD names commit {}", mark.commit);
                return Err(corrupt(folder, what));
            }
            (None, mark) => new_root(mark),
        };
        let heads = read_all(database, key::PARTITION, key::parse_partition)?;
        let hosts = read_all(database, key::HOST, key::parse_host)?;
        let ledger = Self { root, heads, hosts };
        if ledger.sum() != root.sum {
            return Err(corrupt(folder, "heads of partitions or hosts are missing or older"));
        }
        Ok(ledger)
    }

    fn sum(&self) -> u64 {
        let heads = self.heads.values().map(|head| head.share);
        let hosts = self.hosts.values().map(|host| host.share);
        heads.chain(hosts).fold(0, u64::wrapping_add)
    }
}

impl Root {
    /// The root of the commit behind this one, which left `blobs` and `sum`.
    pub(super) fn next(self) -> Self {
        let commit = self.mark.commit + 1;
        let chain = [commit, self.sum, self.blobs.sum, self.blobs.count]
            .into_iter()
            .fold(self.mark.chain, |chain, part| value::mix(chain ^ part));
        Self { mark: Mark { commit, chain, ..self.mark }, ..self }
    }
}

/// The place in the ring where the mark of `commit` is kept.
pub(super) fn ring_key(commit: u64) -> Vec<u8> {
    key::commit(u16::try_from(commit % RING_COMMITS).expect("the ring is small"))
}

fn new_root(head: Option<Mark>) -> Root {
    let mark = head.unwrap_or_else(|| Mark { store_id: new_id(), commit: 0, chain: 0 });
    Root { format: FORMAT, mark, blobs: Digest::default(), sum: 0 }
}

#[expect(clippy::disallowed_methods, reason = "a new store needs a name that no other has")]
fn new_id() -> Uuid {
    Uuid::now_v7()
}

/// The root, if anything was ever committed.
fn read_root(folder: &Path, database: &Database) -> Result<Option<Root>, StoreError> {
    let base = key::root();
    let Some((_, bytes)) = database.get(&base)? else {
        return match database.is_empty()? {
            true => Ok(None),
            false => Err(corrupt(folder, "the database has no root")),
        };
    };
    match postcard::take_from_bytes::<u32>(&bytes) {
        Ok((FORMAT, _)) => database.decode(&base, &bytes).map(Some),
        Ok((found, _)) => Err(StoreError::Format { path: folder.to_owned(), found, known: FORMAT }),
        Err(_) => Err(database.damaged(&base)),
    }
}

/// HEAD must name a commit that the database has, with the hash that it has there.
fn check_mark(
    folder: &Path,
    database: &Database,
    root: &Root,
    head: Mark,
) -> Result<(), StoreError> {
    if head.store_id != root.mark.store_id {
        let (head, found) = (head.store_id, root.mark.store_id);
        return Err(corrupt(folder, format!("HEAD is of store {head}, the database of {found}")));
    }
    if root.mark.commit < head.commit {
        let (expected, found) = (head.commit, root.mark.commit);
        return Err(StoreError::Older { path: folder.to_owned(), expected, found });
    }
    let base = ring_key(head.commit);
    let kept = match database.get(&base)? {
        Some((_, bytes)) => Some(database.decode::<Mark>(&base, &bytes)?),
        None => None,
    };
    let before_any = head.commit == 0 && root.mark.commit < RING_COMMITS;
    if kept == Some(head) || before_any {
        return Ok(());
    }
    Err(corrupt(folder, format!("commit {} is not the one that HEAD names", head.commit)))
}

/// Every value of one kind, by what its key says.
fn read_all<K: Ord, T: serde::de::DeserializeOwned>(
    database: &Database,
    kind: u8,
    parse: fn(&[u8]) -> Option<K>,
) -> Result<BTreeMap<K, Kept<T>>, StoreError> {
    let mut all = BTreeMap::new();
    database.visit(&[kind], &mut |base, frame: Frame, bytes| {
        let key = parse(base).ok_or_else(|| database.damaged(base))?;
        let value = database.decode(base, bytes)?;
        all.insert(key, Kept { value, share: frame.share(base) });
        Ok(())
    })?;
    Ok(all)
}
