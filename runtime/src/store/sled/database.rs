//! The one door to sled: its panics and errors become [`StoreError`], values come back checked, and
//! what it was given is synced.

use super::value::{self, Frame};
use crate::store::StoreError;
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Memory that sled keeps pages in, in bytes; it uses about three times as much in all.
pub const CACHE_BYTES: u64 = 64 * 1024 * 1024;
/// How often the database is opened anew while sled still holds a file of the store closed before.
const OPEN_TRIES: u32 = 250;
/// Pause between two tries.
const OPEN_PAUSE: Duration = Duration::from_millis(20);

/// What [`Database::visit`] hands each value to: its key, its frame and its bytes.
pub(super) type Visit<'v> = &'v mut dyn FnMut(&[u8], Frame, &[u8]) -> Result<(), StoreError>;

/// One tree and the file that it is in.
#[derive(Debug)]
pub(super) struct Database {
    folder: PathBuf,
    tree: ::sled::Db,
    /// Everything written is in this file. Sled flushes into it but never syncs it.
    file: File,
    /// Held until all else is closed.
    _lock: File,
}

impl Database {
    /// Where the database of the store in `folder` is.
    pub(super) fn path(folder: &Path) -> PathBuf {
        folder.join("db")
    }

    /// Opens the database of the store in `folder`, making it if need be.
    pub(super) fn open(folder: &Path) -> Result<Self, StoreError> {
        let path = Self::path(folder);
        let io = |source| StoreError::Io { path: path.clone(), source };
        let lock = lock(folder)?;
        let tree = open_tree(folder, &path)?;
        let file = File::open(path.join("db")).map_err(io)?;
        File::open(&path).and_then(|path| path.sync_all()).map_err(io)?;
        Ok(Self { folder: folder.to_owned(), tree, file, _lock: lock })
    }

    /// Whether nothing at all is in it.
    pub(super) fn is_empty(&self) -> Result<bool, StoreError> {
        self.guard(|| Ok(self.tree.first()?.is_none()))
    }

    /// Applies `batch` whole or not at all, also when the process ends meanwhile.
    pub(super) fn apply(&self, batch: ::sled::Batch) -> Result<(), StoreError> {
        self.guard(|| self.tree.apply_batch(batch))
    }

    /// Returns when everything applied would survive a power cut.
    pub(super) fn make_durable(&self) -> Result<(), StoreError> {
        self.flush()?;
        self.sync()
    }

    /// Hands everything applied to the operating system.
    fn flush(&self) -> Result<(), StoreError> {
        self.guard(|| self.tree.flush().map(drop))
    }

    fn sync(&self) -> Result<(), StoreError> {
        let path = Self::path(&self.folder);
        self.file.sync_data().map_err(|source| StoreError::Io { path, source })
    }

    /// The frame of the value at `base`.
    pub(super) fn frame(&self, base: &[u8]) -> Result<Option<Frame>, StoreError> {
        let Some(piece) = self.piece(base, 0)? else {
            return Ok(None);
        };
        Frame::parse(&piece).map(Some).ok_or_else(|| self.damaged(base))
    }

    /// The value at `base`, checked.
    pub(super) fn get(&self, base: &[u8]) -> Result<Option<(Frame, Vec<u8>)>, StoreError> {
        let Some(first) = self.piece(base, 0)? else {
            return Ok(None);
        };
        let frame = Frame::parse(&first).ok_or_else(|| self.damaged(base))?;
        let mut framed = first.to_vec();
        for number in 1..frame.pieces() {
            let piece = self.piece(base, number)?.ok_or_else(|| self.damaged(base))?;
            framed.extend_from_slice(&piece);
        }
        let bytes = value::open(base, framed).ok_or_else(|| self.damaged(base))?;
        Ok(Some((frame, bytes)))
    }

    fn piece(&self, base: &[u8], number: u16) -> Result<Option<::sled::IVec>, StoreError> {
        self.guard(|| self.tree.get(value::piece_key(base, number)))
    }

    /// Visits every value whose key begins with `prefix`, in key order, checked.
    pub(super) fn visit(&self, prefix: &[u8], each: Visit<'_>) -> Result<(), StoreError> {
        let mut pieces = self.tree.scan_prefix(prefix);
        let mut next = || self.guard(|| pieces.next().transpose());
        while let Some((key, first)) = next()? {
            let damaged = || self.damaged(&key);
            let (base, number) = value::parse_piece_key(&key).ok_or_else(damaged)?;
            let frame = Frame::parse(&first).filter(|_| number == 0).ok_or_else(damaged)?;
            let mut framed = first.to_vec();
            for number in 1..frame.pieces() {
                let (key, piece) = next()?.ok_or_else(damaged)?;
                if value::parse_piece_key(&key) != Some((base, number)) {
                    return Err(damaged());
                }
                framed.extend_from_slice(&piece);
            }
            let bytes = value::open(base, framed).ok_or_else(damaged)?;
            each(base, frame, &bytes)?;
        }
        Ok(())
    }

    /// The last key in `range`.
    pub(super) fn last_key(
        &self,
        range: Range<Vec<u8>>,
    ) -> Result<Option<::sled::IVec>, StoreError> {
        let found = self.guard(|| self.tree.range(range).next_back().transpose())?;
        Ok(found.map(|(key, _)| key))
    }

    /// The first keys in `range`, at most so many.
    pub(super) fn first_keys(
        &self,
        range: Range<Vec<u8>>,
        most: usize,
    ) -> Result<Vec<::sled::IVec>, StoreError> {
        self.guard(|| self.tree.range(range).keys().take(most).collect())
    }

    /// Reads bytes of our own that were found at `base`.
    pub(super) fn decode<T: DeserializeOwned>(
        &self,
        base: &[u8],
        bytes: &[u8],
    ) -> Result<T, StoreError> {
        match postcard::take_from_bytes(bytes) {
            Ok((value, [])) => Ok(value),
            _ => Err(self.damaged(base)),
        }
    }

    /// The value at `base` is not what was written there.
    pub(super) fn damaged(&self, base: &[u8]) -> StoreError {
        self.corrupt(format!(
            "the value at `{}` is not what was written there",
            base.escape_ascii()
        ))
    }

    /// The store is damaged in the way that `what` says.
    pub(super) fn corrupt(&self, what: impl Into<String>) -> StoreError {
        corrupt(&self.folder, what)
    }

    /// The tree itself, to be damaged.
    #[cfg(test)]
    pub(super) fn tree(&self) -> &::sled::Db {
        &self.tree
    }

    fn guard<T>(&self, work: impl FnOnce() -> ::sled::Result<T>) -> Result<T, StoreError> {
        guard(&self.folder, work)
    }
}

/// Runs `work`, in which sled may panic over damaged data.
fn guard<T>(folder: &Path, work: impl FnOnce() -> ::sled::Result<T>) -> Result<T, StoreError> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(::sled::Error::Io(source))) if source.kind() != io::ErrorKind::UnexpectedEof => {
            Err(StoreError::Io { path: Database::path(folder), source })
        }
        Ok(Err(error)) => Err(corrupt(folder, format!("the database says: {error}"))),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or_default();
            Err(corrupt(folder, format!("the database panicked over what it read: {text}")))
        }
    }
}

pub(super) fn corrupt(folder: &Path, what: impl Into<String>) -> StoreError {
    StoreError::Corrupt { path: folder.to_owned(), what: what.into() }
}

/// Takes the lock of the store in `folder`; it is let go when the file is closed, also by `kill -9`.
fn lock(folder: &Path) -> Result<File, StoreError> {
    let path = folder.join("LOCK");
    let io = |source| StoreError::Io { path: path.clone(), source };
    let file = File::options().write(true).create(true).truncate(false).open(&path).map_err(io)?;
    match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(StoreError::Locked { path: folder.to_owned() }),
        Err(error) => Err(io(error.into())),
    }
}

/// Opens the tree. Our lock is taken: if sled's is not free, the store was closed a moment ago in this
/// very process and sled's threads have not let go yet.
fn open_tree(folder: &Path, path: &Path) -> Result<::sled::Db, StoreError> {
    let config = ::sled::Config::new().path(path).cache_capacity(CACHE_BYTES).flush_every_ms(None);
    for _ in 1..OPEN_TRIES {
        match guard(folder, || config.open()) {
            Err(StoreError::Io { source, .. }) if is_held(&source) => pause(),
            opened => return opened,
        }
    }
    Err(StoreError::Locked { path: folder.to_owned() })
}

/// Whether sled says that another has its file locked; it says so in words alone.
fn is_held(error: &io::Error) -> bool {
    error.to_string().contains("could not acquire lock")
}

#[expect(clippy::disallowed_methods, reason = "sled does not tell when it lets go of its file")]
fn pause() {
    std::thread::sleep(OPEN_PAUSE);
}
