//! The store on disk: one sled tree, one writer, and a HEAD file beside it.
//!
//! A commit is one batch over one tree (atomic, also across a crash), a flush, an fdatasync of the
//! database file, and a mark in HEAD; only then is anything acknowledged or shown to readers. All
//! that can be damaged is covered by a checksum, and what can vanish or fall back by sums and chains
//! that end in HEAD: see `ledger.rs` and `docs/adr/0003-sled-and-how-it-is-used.md`.

mod block;
mod database;
mod key;
mod ledger;
mod log;
mod tail;
#[cfg(test)]
mod tests;
mod value;
mod write;

pub use database::CACHE_BYTES;
pub use ledger::FORMAT;

use super::head::{Head, Mark};
use super::{
    Batch, Delivery, HostId, HostRecord, Partition, ReadLimit, Store, StoreError, Usage, Verified,
    limit,
};
use crate::crash;
use database::{Database, corrupt};
use ledger::{Digest, Ledger, PartitionHead};
use messages::{Sequence, Timestamp};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use tail::Tails;
use write::{Draft, Finished};

/// When a commit counts as done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sync {
    /// When it would survive `kill -9`.
    #[default]
    Commit,
    /// At once; synced every [`RELAXED_COMMITS`] commits. For replays, whose input can be played again.
    Relaxed,
}

/// Commits between two syncs of a relaxed store; fewer than the ring of marks holds.
pub const RELAXED_COMMITS: u64 = 1_000;

/// The store on disk.
#[derive(Debug)]
pub struct SledStore {
    folder: PathBuf,
    /// Held by the writer over a whole commit, so that readers of hosts, states and named values see
    /// what is durable and see it whole.
    kept: RwLock<Kept>,
    /// Readers of the log do not wait for the writer: blocks never change.
    shown: RwLock<Shown>,
    database: Database,
    sync: Sync,
}

/// What a commit changes.
#[derive(Debug)]
struct Kept {
    ledger: Ledger,
    head: Head,
    /// Why nothing may be committed any more.
    failed: Option<String>,
}

/// What readers of the log see: changed only after a commit is durable.
#[derive(Debug, Default)]
struct Shown {
    heads: BTreeMap<Partition, PartitionHead>,
    tails: Tails,
    usage: Usage,
}

impl SledStore {
    /// Opens the store in `folder`, making it if the folder is empty or absent.
    ///
    /// # Errors
    /// [`StoreError`] when it is damaged, older than its HEAD, of another format, or in use.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        Self::open_with(folder, Sync::Commit)
    }

    /// Opens the store in `folder` with another promise than that of a deployment.
    ///
    /// # Errors
    /// As [`SledStore::open`].
    pub fn open_with(folder: &Path, sync: Sync) -> Result<Self, StoreError> {
        std::fs::create_dir_all(folder)
            .map_err(|source| StoreError::Io { path: folder.to_owned(), source })?;
        let head = Head::read(folder)?;
        if head.is_some() && !Database::path(folder).join("db").exists() {
            return Err(corrupt(folder, "HEAD is there, the database is not"));
        }
        let database = Database::open(folder)?;
        let (ledger, shown) = load(folder, &database, head)?;
        let head = Head::open(folder, ledger.root.mark)?;
        let kept = Kept { ledger, head, failed: None };
        let folder = folder.to_owned();
        let (kept, shown) = (RwLock::new(kept), RwLock::new(shown));
        Ok(Self { folder, sync, kept, shown, database })
    }

    /// The head of `partition`, the default for one without records.
    fn partition(&self, partition: Partition) -> PartitionHead {
        self.shown().heads.get(&partition).copied().unwrap_or_default()
    }

    fn shown(&self) -> RwLockReadGuard<'_, Shown> {
        self.shown.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hosts, states and named values, as of the last commit; none is made meanwhile.
    fn kept(&self) -> Result<RwLockReadGuard<'_, Kept>, StoreError> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        kept.check(&self.folder)?;
        Ok(kept)
    }

    fn write(&self, kept: &mut Kept, batch: Batch) -> Result<Vec<Sequence>, StoreError> {
        let appends = batch.appends.clone();
        let draft = Draft::new(&self.database, &mut kept.ledger);
        let (sequences, Finished { batch, partitions, bytes }) = draft.add(batch)?;
        crash::point("commit.before_apply");
        self.database.apply(batch)?;
        let mark = kept.ledger.root.mark;
        let mut fsyncs = 0;
        if self.sync == Sync::Commit || mark.commit % RELAXED_COMMITS == 1 {
            crash::point("commit.before_flush");
            self.database.make_durable()?;
            crash::point("commit.before_head");
            fsyncs = 1 + u64::from(kept.head.write(mark)?);
        }
        let mut shown = self.shown.write().unwrap_or_else(PoisonError::into_inner);
        for ((partition, envelope), sequence) in appends.into_iter().zip(&sequences) {
            shown.tails.push(partition, *sequence, envelope);
        }
        for partition in partitions {
            shown.heads.insert(partition, kept.ledger.heads[&partition].value);
        }
        shown.usage.commits += 1;
        shown.usage.fsyncs += fsyncs;
        shown.usage.bytes_written += bytes;
        Ok(sequences)
    }

    /// What a reader of the log found wrong, unless it was forgotten while it read.
    fn unless_forgotten(
        &self,
        partition: Partition,
        after: Sequence,
        error: StoreError,
    ) -> StoreError {
        match self.partition(partition).first {
            first if after + 1 < first => StoreError::Trimmed { partition, after, first },
            _ => error,
        }
    }

    /// Visits every value under `prefix` by name; there must be exactly those that `digest` is over.
    fn visit(
        &self,
        prefix: &[u8],
        digest: Digest,
        visit: &mut dyn FnMut(&str, &[u8]),
    ) -> Result<(), StoreError> {
        let found = self.visit_some(prefix, prefix, visit)?;
        if found == digest {
            return Ok(());
        }
        let (count, written, prefix) = (found.count, digest.count, prefix.escape_ascii());
        let what = format!("{count} values under `{prefix}`, not the {written} that were written");
        Err(self.database.corrupt(what))
    }

    /// Visits by name those values under `prefix` whose keys begin with `beginning`, each checked; gives
    /// the digest over those that are there.
    fn visit_some(
        &self,
        prefix: &[u8],
        beginning: &[u8],
        visit: &mut dyn FnMut(&str, &[u8]),
    ) -> Result<Digest, StoreError> {
        let mut found = Digest::default();
        self.database.visit(beginning, &mut |base, frame, bytes| {
            let name = key::parse_name(base, prefix).ok_or_else(|| self.database.damaged(base))?;
            found.add(frame.share(base));
            visit(&name, bytes);
            Ok(())
        })?;
        Ok(found)
    }

    fn verify_partition(&self, partition: Partition) -> Result<u64, StoreError> {
        loop {
            let head = self.partition(partition);
            match log::verify(&self.database, partition, &head) {
                // Forgotten while it was read: once more, from what is the first record now.
                Err(_) if head.first < self.partition(partition).first => {}
                verified => return verified,
            }
        }
    }
}

/// Reads what is kept in memory, and checks it as far as that is quick.
fn load(
    folder: &Path,
    database: &Database,
    head: Option<Mark>,
) -> Result<(Ledger, Shown), StoreError> {
    let ledger = Ledger::load(folder, database, head)?;
    let heads = ledger.heads.iter().map(|(partition, head)| (*partition, head.value));
    let shown = Shown { heads: heads.collect(), ..Shown::default() };
    for (partition, head) in &shown.heads {
        log::check_newest(database, *partition, head)?;
    }
    Ok((ledger, shown))
}

impl Kept {
    fn check(&self, folder: &Path) -> Result<(), StoreError> {
        let Some(reason) = &self.failed else {
            return Ok(());
        };
        let text = format!("a commit failed, restart the process: {reason}");
        Err(StoreError::Io { path: folder.to_owned(), source: std::io::Error::other(text) })
    }
}

impl Store for SledStore {
    fn commit(&self, batch: Batch) -> Result<Vec<Sequence>, StoreError> {
        limit::check(&batch)?;
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        kept.check(&self.folder)?;
        kept.failed = Some("it panicked".to_owned());
        let written = self.write(&mut kept, batch);
        kept.failed = written.as_ref().err().map(ToString::to_string);
        written
    }

    fn partitions(&self) -> Vec<Partition> {
        self.shown().heads.keys().copied().collect()
    }

    fn head(&self, partition: Partition) -> Sequence {
        self.partition(partition).last
    }

    fn newest_at(&self, partition: Partition) -> Timestamp {
        self.partition(partition).newest_at
    }

    fn first(&self, partition: Partition) -> Sequence {
        self.partition(partition).first
    }

    fn read(
        &self,
        partition: Partition,
        after: Sequence,
        limit: ReadLimit,
    ) -> Result<Vec<Delivery>, StoreError> {
        let shown = self.shown();
        let PartitionHead { first, last, .. } =
            shown.heads.get(&partition).copied().unwrap_or_default();
        if after + 1 < first {
            return Err(StoreError::Trimmed { partition, after, first });
        }
        if after >= last {
            return Ok(Vec::new());
        }
        if let Some(deliveries) = shown.tails.read(partition, after, limit) {
            return Ok(deliveries);
        }
        drop(shown);
        log::read(&self.database, partition, after, last, limit)
            .map_err(|error| self.unless_forgotten(partition, after, error))
    }

    fn host(&self, host: &HostId) -> Result<HostRecord, StoreError> {
        let kept = self.kept()?;
        Ok(kept.ledger.hosts.get(host).map(|kept| kept.value.record()).unwrap_or_default())
    }

    fn hosts(&self) -> Result<Vec<HostId>, StoreError> {
        Ok(self.kept()?.ledger.hosts.keys().cloned().collect())
    }

    fn states(&self, host: &HostId, visit: &mut dyn FnMut(&str, &[u8])) -> Result<(), StoreError> {
        let kept = self.kept()?;
        let digest = kept.ledger.hosts.get(host).map(|kept| kept.value.states);
        self.visit(&key::states(host), digest.unwrap_or_default(), visit)
    }

    fn state(&self, host: &HostId, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let _kept = self.kept()?;
        Ok(self.database.get(&key::state(host, key))?.map(|(_, bytes)| bytes))
    }

    fn blob(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let _kept = self.kept()?;
        Ok(self.database.get(&key::blob(name))?.map(|(_, bytes)| bytes))
    }

    fn blobs(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let kept = self.kept()?;
        let mut names = Vec::new();
        let mut note = |name: &str, _: &[u8]| names.push(name.to_owned());
        if prefix.is_empty() {
            self.visit(&[key::BLOB], kept.ledger.root.blobs, &mut note)?;
        } else {
            // The digest is over all named values, and commits wait meanwhile: it is for whoever asks for all.
            self.visit_some(&[key::BLOB], &key::blobs(prefix), &mut note)?;
        }
        Ok(names)
    }

    fn verify(&self) -> Result<Verified, StoreError> {
        let mut verified = Verified { blobs: self.blobs("")?.len() as u64, ..Verified::default() };
        for host in self.hosts()? {
            self.states(&host, &mut |_, _| verified.states += 1)?;
        }
        for partition in self.partitions() {
            verified.records += self.verify_partition(partition)?;
        }
        Ok(verified)
    }

    fn usage(&self) -> Usage {
        self.shown().usage
    }
}
