//! The store on disk: one sled tree, one writer, and a HEAD file beside it.
//!
//! A commit is one batch over one tree (atomic, also across a crash), a flush, an fdatasync of the
//! database file, and a mark in HEAD; only then is anything acknowledged or shown to readers. All
//! that can be damaged is covered by a checksum, and what can vanish silently by a digest or a
//! chain: see `docs/adr/0003-sled-and-how-it-is-used.md`.

mod block;
mod key;
mod tail;
mod value;
mod write;

use super::head::{Head, Mark};
use super::{
    Batch, Delivery, HostId, HostRecord, Partition, Progress, ReadLimit, Store, StoreError, Usage,
    Verified,
};
use crate::crash;
use block::Block;
use messages::{Sequence, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;
use tail::Tails;
use uuid::Uuid;

/// Memory that sled keeps pages in, in bytes; it uses about three times as much in all.
pub const CACHE_BYTES: u64 = 64 * 1024 * 1024;
/// Format of the key space. Later builds read every earlier one or refuse.
pub const FORMAT: u32 = 1;
/// Tries to get the lock of a store; sled lets go of it a moment after a store is closed.
const LOCK_TRIES: u32 = 50;
/// Pause between two tries.
const LOCK_PAUSE: Duration = Duration::from_millis(20);
/// Commits whose hash is kept, so that an older HEAD can be compared.
const RING_COMMITS: u64 = 4_096;

/// The store on disk.
#[derive(Debug)]
pub struct SledStore {
    path: PathBuf,
    tree: ::sled::Db,
    writing: Mutex<Writing>,
    shown: RwLock<Shown>,
}

/// What only the writer needs.
#[derive(Debug)]
struct Writing {
    head: Head,
    last: Mark,
    database: File,
    usage: Usage,
}

/// What readers see: changed only after a commit is durable.
#[derive(Debug, Default)]
struct Shown {
    heads: BTreeMap<Partition, PartitionHead>,
    tails: Tails,
    usage: Usage,
}

/// What is known of a partition without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct PartitionHead {
    first: Sequence,
    last: Sequence,
    newest_at: Timestamp,
    /// Checksum of the newest block.
    chain: u32,
    /// First position of the newest block.
    newest_block: Sequence,
}

impl Default for PartitionHead {
    fn default() -> Self {
        Self { first: 1, last: 0, newest_at: Timestamp::MIN, chain: 0, newest_block: 0 }
    }
}

/// What is stored of a host.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct HostValue {
    progress: Progress,
    watermark: Option<(Sequence, u32)>,
    digest: Digest,
}

/// How many values there are of a kind, and a sum over them in which each has its share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Digest {
    count: u64,
    sum: u64,
}

impl SledStore {
    /// Opens the store in folder `path`, making it if the folder is empty or absent.
    ///
    /// # Errors
    /// [`StoreError`] when it is damaged, older than its HEAD, of another format, or in use.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        std::fs::create_dir_all(path)
            .map_err(|source| StoreError::Io { path: path.to_owned(), source })?;
        let database = path.join("db");
        let had_database = database.join("db").exists();
        let mark = Head::read(path)?;
        if mark.is_some() && !had_database {
            return Err(corrupt(path, "HEAD is there, the database is not"));
        }
        let tree = open_unlocked(path, &database)?;
        guard(path, || Self::check(path, tree, mark))
    }

    /// Compares what sled brought back with HEAD, and reads what is kept in memory.
    fn check(path: &Path, tree: ::sled::Db, mark: Option<Mark>) -> Result<Self, StoreError> {
        let database = path.join("db").join("db");
        let file = File::open(&database)
            .map_err(|source| StoreError::Io { path: database.clone(), source })?;
        let last = match (read_meta::<(u32, Mark)>(path, &tree, "last")?, mark) {
            (Some((FORMAT, last)), Some(mark)) => {
                check_mark(path, &tree, last, mark)?;
                last
            }
            (Some((found, _)), Some(_)) => {
                return Err(StoreError::Format { path: path.to_owned(), found, known: FORMAT });
            }
            (Some((_, last)), None) if last.commit == 1 => last,
            (Some(_), None) => return Err(corrupt(path, "the database is there, HEAD is not")),
            (None, Some(_)) => return Err(corrupt(path, "the database came back empty")),
            (None, None) if tree.is_empty() => new_mark(),
            (None, None) => return Err(corrupt(path, "the database holds something else")),
        };
        let mut shown = Shown::default();
        for entry in tree.scan_prefix([key::PARTITION]) {
            let (found, _) = entry.map_err(|error| broken(path, &error))?;
            let base = &found[..found.len().saturating_sub(2)];
            let partition = key::parse_partition(base)
                .ok_or_else(|| corrupt(path, "a partition head with a strange key"))?;
            let head: PartitionHead = read_value(path, &tree, base)?
                .ok_or_else(|| corrupt(path, "a partition head vanished"))?;
            shown.heads.insert(partition, head);
        }
        let writing =
            Writing { head: Head::open(path)?, last, database: file, usage: Usage::default() };
        let store =
            Self { path: path.to_owned(), tree, writing: Mutex::new(writing), shown: RwLock::new(shown) };
        store.check_newest_blocks()?;
        Ok(store)
    }

    /// Reads the newest block of every partition: it must end where its head says.
    fn check_newest_blocks(&self) -> Result<(), StoreError> {
        let heads = self.shown().heads.clone();
        for (partition, head) in heads {
            if head.last >= head.first {
                self.block(partition, head.newest_block, Some(head.chain))?;
            }
        }
        Ok(())
    }

    fn shown(&self) -> RwLockReadGuard<'_, Shown> {
        self.shown.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The writer's part. A commit that panicked half way has left HEAD behind: nothing may follow it.
    fn writing(&self) -> Result<MutexGuard<'_, Writing>, StoreError> {
        self.writing.lock().map_err(|_| corrupt(&self.path, "an earlier commit failed half way"))
    }

    /// The block that begins at `first`, with the checksum that its neighbour names, if known.
    fn block(
        &self,
        partition: Partition,
        first: Sequence,
        checksum: Option<u32>,
    ) -> Result<(Block, u32), StoreError> {
        let base = key::log(partition, first);
        let what = |what: &str| {
            corrupt(&self.path, format!("block {first} of `{partition}`: {what}"))
        };
        let (bytes, frame) = read_framed(&self.path, &self.tree, &base)?
            .ok_or_else(|| what("it is missing"))?;
        if checksum.is_some_and(|checksum| checksum != frame.checksum) {
            return Err(what("it is not the block that was written there"));
        }
        let block = Block::parse(&bytes).map_err(|reason| what(&reason))?;
        Ok((block, frame.checksum))
    }

    /// First position of the block that holds `sequence`.
    fn block_of(&self, partition: Partition, sequence: Sequence) -> Result<Sequence, StoreError> {
        let end = value::piece_key(&key::log(partition, sequence), u16::MAX);
        let found = self
            .tree
            .range(key::log(partition, 0)..=end)
            .next_back()
            .transpose()
            .map_err(|error| broken(&self.path, &error))?;
        found.and_then(|(found, _)| key::parse_log(&found)).ok_or_else(|| {
            corrupt(&self.path, format!("record {sequence} of `{partition}` is in no block"))
        })
    }

    /// Reads from the database what has left the tail.
    fn read_blocks(
        &self,
        partition: Partition,
        after: Sequence,
        last: Sequence,
        limit: ReadLimit,
    ) -> Result<Vec<Delivery>, StoreError> {
        let mut first = self.block_of(partition, after + 1)?;
        let mut chain = None;
        let mut records = Vec::new();
        let mut bytes = 0;
        while records.len() < limit.records && bytes < limit.bytes && first <= last {
            let (block, checksum) = self.block(partition, first, None)?;
            if chain.is_some_and(|chain| chain != block.previous) {
                return Err(corrupt(
                    &self.path,
                    format!("block {first} of `{partition}` does not follow the one before it"),
                ));
            }
            chain = Some(checksum);
            let next = first + block.records.len() as u64;
            let skip = usize::try_from((after + 1).saturating_sub(first)).unwrap_or(usize::MAX);
            if next <= after + 1 {
                return Err(corrupt(
                    &self.path,
                    format!("record {} of `{partition}` is missing", after + 1),
                ));
            }
            for record in block.records.into_iter().skip(skip) {
                bytes += record.data.len();
                records.push(record);
            }
            first = next;
        }
        Ok(tail::within(after, records.into_iter(), limit))
    }

    fn host_value(&self, host: &HostId) -> Result<HostValue, StoreError> {
        Ok(read_value(&self.path, &self.tree, &key::host(host))?.unwrap_or_default())
    }

    /// Visits every value whose key begins with `prefix`; checks that all of `digest` are there.
    fn visit(
        &self,
        prefix: &[u8],
        digest: Digest,
        visit: &mut dyn FnMut(&[u8], &[u8]) -> Option<()>,
    ) -> Result<(), StoreError> {
        let damaged = || corrupt(&self.path, format!("a value under `{}`", prefix.escape_ascii()));
        let mut found = Digest::default();
        let mut entries = self.tree.scan_prefix(prefix);
        while let Some(entry) = entries.next() {
            let (first_key, first) = entry.map_err(|error| broken(&self.path, &error))?;
            let base = &first_key[..first_key.len().saturating_sub(2)];
            let frame = value::Frame::parse(&first).ok_or_else(damaged)?;
            let mut pieces = vec![first];
            for _ in 1..frame.pieces() {
                let piece = entries.next().ok_or_else(damaged)?;
                pieces.push(piece.map_err(|error| broken(&self.path, &error))?.1);
            }
            let bytes =
                value::join(base, pieces.iter().map(AsRef::as_ref)).ok_or_else(damaged)?;
            found.add(frame.share(base));
            visit(base, &bytes).ok_or_else(damaged)?;
        }
        if found == digest {
            return Ok(());
        }
        let what = format!(
            "{} values under `{}` where {} were written, or other ones",
            found.count,
            prefix.escape_ascii(),
            digest.count
        );
        Err(corrupt(&self.path, what))
    }

    fn verify_log(&self, partition: Partition, head: PartitionHead) -> Result<u64, StoreError> {
        let mut after = head.first - 1;
        let mut count = 0;
        while after < head.last {
            let limit = ReadLimit::default();
            let read = self.read_blocks(partition, after, head.last, limit)?;
            after += read.len() as u64;
            count += read.len() as u64;
        }
        Ok(count)
    }
}

impl Digest {
    fn add(&mut self, share: u64) {
        self.count += 1;
        self.sum = self.sum.wrapping_add(share);
    }

    fn remove(&mut self, share: u64) {
        self.count = self.count.wrapping_sub(1);
        self.sum = self.sum.wrapping_sub(share);
    }
}

impl Store for SledStore {
    fn commit(&self, batch: Batch) -> Result<Vec<Sequence>, StoreError> {
        guard(&self.path, || self.write(batch))
    }

    fn partitions(&self) -> Vec<Partition> {
        self.shown().heads.keys().copied().collect()
    }

    fn head(&self, partition: Partition) -> Sequence {
        self.shown().heads.get(&partition).map_or(0, |head| head.last)
    }

    fn newest_at(&self, partition: Partition) -> Timestamp {
        self.shown().heads.get(&partition).map_or(Timestamp::MIN, |head| head.newest_at)
    }

    fn first(&self, partition: Partition) -> Sequence {
        self.shown().heads.get(&partition).map_or(1, |head| head.first)
    }

    fn read(
        &self,
        partition: Partition,
        after: Sequence,
        limit: ReadLimit,
    ) -> Result<Vec<Delivery>, StoreError> {
        let shown = self.shown();
        let Some(&head) = shown.heads.get(&partition) else { return Ok(Vec::new()) };
        if after + 1 < head.first {
            return Err(StoreError::Trimmed { partition, after, first: head.first });
        }
        if after >= head.last {
            return Ok(Vec::new());
        }
        if let Some(deliveries) = shown.tails.read(partition, after, limit) {
            return Ok(deliveries);
        }
        drop(shown);
        guard(&self.path, || self.read_blocks(partition, after, head.last, limit))
    }

    fn host(&self, host: &HostId) -> Result<HostRecord, StoreError> {
        let value = guard(&self.path, || self.host_value(host))?;
        Ok(HostRecord { progress: value.progress, watermark: value.watermark })
    }

    fn hosts(&self) -> Result<Vec<HostId>, StoreError> {
        guard(&self.path, || {
            let mut hosts = Vec::new();
            for entry in self.tree.scan_prefix([key::HOST]) {
                let (found, _) = entry.map_err(|error| broken(&self.path, &error))?;
                let base = &found[..found.len().saturating_sub(2)];
                let host = key::parse_host(base)
                    .ok_or_else(|| corrupt(&self.path, "a host with a strange key"))?;
                if hosts.last() != Some(&host) {
                    hosts.push(host);
                }
            }
            Ok(hosts)
        })
    }

    fn states(
        &self,
        host: &HostId,
        visit: &mut dyn FnMut(&str, &[u8]),
    ) -> Result<(), StoreError> {
        guard(&self.path, || {
            let digest = self.host_value(host)?.digest;
            let prefix = key::states(host);
            self.visit(&prefix, digest, &mut |base, bytes| {
                let (name, rest) = key::parse_state(base, &prefix)?;
                visit(&name, bytes);
                rest.is_empty().then_some(())
            })
        })
    }

    fn state(&self, host: &HostId, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let base = key::state(host, key);
        guard(&self.path, || {
            Ok(read_framed(&self.path, &self.tree, &base)?.map(|(bytes, _)| bytes))
        })
    }

    fn blob(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let base = key::blob(name);
        guard(&self.path, || {
            Ok(read_framed(&self.path, &self.tree, &base)?.map(|(bytes, _)| bytes))
        })
    }

    fn blobs(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        guard(&self.path, || {
            let digest = read_meta(&self.path, &self.tree, "blobs")?.unwrap_or_default();
            let mut names = Vec::new();
            self.visit(&[key::BLOB], digest, &mut |base, _| {
                let (name, rest) = key::parse_blob(base)?;
                names.push(name);
                rest.is_empty().then_some(())
            })?;
            names.retain(|name| name.starts_with(prefix));
            Ok(names)
        })
    }

    fn verify(&self) -> Result<Verified, StoreError> {
        guard(&self.path, || {
            let mut verified =
                Verified { blobs: self.blobs("")?.len() as u64, ..Verified::default() };
            let heads = self.shown().heads.clone();
            for (partition, head) in heads {
                verified.records += self.verify_log(partition, head)?;
            }
            for host in self.hosts()? {
                self.states(&host, &mut |_, _| verified.states += 1)?;
            }
            Ok(verified)
        })
    }

    fn usage(&self) -> Usage {
        self.shown().usage
    }
}

/// Opens the database once whoever had it open has let go of it.
fn open_unlocked(path: &Path, database: &Path) -> Result<::sled::Db, StoreError> {
    for _ in 1..LOCK_TRIES {
        match open_tree(path, database) {
            Err(StoreError::Locked { .. }) => pause(),
            opened => return opened,
        }
    }
    open_tree(path, database)
}

#[expect(clippy::disallowed_methods, reason = "a store opens before there is anything to await")]
fn pause() {
    std::thread::sleep(LOCK_PAUSE);
}

fn open_tree(path: &Path, database: &Path) -> Result<::sled::Db, StoreError> {
    let open = || {
        ::sled::Config::new()
            .path(database)
            .cache_capacity(CACHE_BYTES)
            .flush_every_ms(None)
            .open()
            .map_err(|error| match error {
                ::sled::Error::Io(io) if io.to_string().contains("could not acquire lock") => {
                    StoreError::Locked { path: path.to_owned() }
                }
                other => broken(path, &other),
            })
    };
    guard(path, open)
}

/// HEAD must name a commit that the database has, with the hash that it has there.
fn check_mark(path: &Path, tree: &::sled::Db, last: Mark, mark: Mark) -> Result<(), StoreError> {
    if mark.store_id != last.store_id {
        let what = format!("HEAD is of store {}, the database is {}", mark.store_id, last.store_id);
        return Err(corrupt(path, what));
    }
    if last.commit < mark.commit {
        let (expected, found) = (mark.commit, last.commit);
        return Err(StoreError::Older { path: path.to_owned(), expected, found });
    }
    let slot = u16::try_from(mark.commit % RING_COMMITS).expect("the ring is small");
    let kept: Option<Mark> = read_value(path, tree, &key::commit(slot))?;
    if kept == Some(mark) {
        Ok(())
    } else {
        Err(corrupt(path, format!("commit {} is not the one that HEAD names", mark.commit)))
    }
}

#[expect(clippy::disallowed_methods, reason = "a new store needs a name that no other has")]
fn new_mark() -> Mark {
    Mark { store_id: Uuid::now_v7(), commit: 0, chain: 0 }
}

fn read_meta<T: DeserializeOwned>(
    path: &Path,
    tree: &::sled::Db,
    name: &str,
) -> Result<Option<T>, StoreError> {
    read_value(path, tree, &key::meta(name))
}

/// Reads one of our own values at `base`.
fn read_value<T: DeserializeOwned>(
    path: &Path,
    tree: &::sled::Db,
    base: &[u8],
) -> Result<Option<T>, StoreError> {
    let Some((bytes, _)) = read_framed(path, tree, base)? else { return Ok(None) };
    let value = postcard::from_bytes(&bytes)
        .map_err(|error| corrupt(path, format!("`{}`: {error}", base.escape_ascii())))?;
    Ok(Some(value))
}

/// Reads the value at `base`, checked.
fn read_framed(
    path: &Path,
    tree: &::sled::Db,
    base: &[u8],
) -> Result<Option<(Vec<u8>, value::Frame)>, StoreError> {
    let get = |number: u16| {
        tree.get(value::piece_key(base, number)).map_err(|error| broken(path, &error))
    };
    let Some(first) = get(0)? else { return Ok(None) };
    let damaged = || corrupt(path, format!("the value at `{}`", base.escape_ascii()));
    let frame = value::Frame::parse(&first).ok_or_else(damaged)?;
    let mut pieces = vec![first];
    for number in 1..frame.pieces() {
        pieces.push(get(number)?.ok_or_else(damaged)?);
    }
    let bytes = value::join(base, pieces.iter().map(AsRef::as_ref)).ok_or_else(damaged)?;
    Ok(Some((bytes, frame)))
}

/// Runs `work`, in which sled may panic over damaged data.
fn guard<T>(path: &Path, work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(corrupt(path, "the database panicked over what it read")))
}

fn corrupt(path: &Path, what: impl Into<String>) -> StoreError {
    StoreError::Corrupt { path: path.to_owned(), what: what.into() }
}

fn broken(path: &Path, error: &::sled::Error) -> StoreError {
    corrupt(path, format!("the database says: {error}"))
}
