//! A small file beside the database that says how far it had come: it shows a database that came
//! back older, empty or as another one.
//!
//! Two slots, written in turn after each commit, so that one torn write leaves the other. Each write
//! outlives the process at once and a power cut after at most [`SYNC_COMMITS`] commits. It follows the
//! sync of the database: HEAD is never ahead of what is durable.

use super::StoreError;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// Commits between two calls of fsync on HEAD.
pub(super) const SYNC_COMMITS: u64 = 256;
const SLOT_BYTES: usize = 48;
const MAGIC: u32 = 0x4148_4431;

/// How far a store had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    /// Identity of the store.
    pub(super) store_id: Uuid,
    /// Number of the commit, from 1; 0 for a store without any.
    pub(super) commit: u64,
    /// Hash over all commits up to it.
    pub(super) chain: u64,
}

/// The file.
#[derive(Debug)]
pub(super) struct Head {
    file: File,
    path: PathBuf,
    unsynced: u64,
}

impl Head {
    /// Reads the newest intact mark of `folder`; `None` when the file is absent or was never written.
    pub(super) fn read(folder: &Path) -> Result<Option<Mark>, StoreError> {
        let path = folder.join("HEAD");
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(StoreError::Io { path, source }),
        };
        if bytes.is_empty() {
            return Ok(None);
        }
        let marks = bytes.chunks(SLOT_BYTES).filter_map(parse);
        match marks.max_by_key(|mark| mark.commit) {
            Some(mark) => Ok(Some(mark)),
            None => Err(StoreError::Corrupt {
                path: folder.to_owned(),
                what: format!("HEAD has {} bytes and no intact mark", bytes.len()),
            }),
        }
    }

    /// Opens the file of `folder`, making it if need be, and notes `mark` durably.
    pub(super) fn open(folder: &Path, mark: Mark) -> Result<Self, StoreError> {
        let path = folder.join("HEAD");
        let io = |source| StoreError::Io { path: path.clone(), source };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = options.open(&path).map_err(io)?;
        let mut head = Self { file, path: path.clone(), unsynced: SYNC_COMMITS };
        head.write(mark)?;
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)?;
        Ok(head)
    }

    /// Notes `mark`; whether it was synced too.
    pub(super) fn write(&mut self, mark: Mark) -> Result<bool, StoreError> {
        let offset = (mark.commit % 2) * SLOT_BYTES as u64;
        self.unsynced += 1;
        let sync = self.unsynced >= SYNC_COMMITS;
        let mut written = self.file.write_all_at(&format(mark), offset);
        if sync {
            written = written.and_then(|()| self.file.sync_data());
            self.unsynced = 0;
        }
        written.map_err(|source| StoreError::Io { path: self.path.clone(), source })?;
        Ok(sync)
    }
}

impl Drop for Head {
    fn drop(&mut self) {
        if let Err(error) = self.file.sync_data() {
            tracing::warn!(path = %self.path.display(), %error, "HEAD could not be synced");
        }
    }
}

fn format(mark: Mark) -> [u8; SLOT_BYTES] {
    let mut slot = [0; SLOT_BYTES];
    slot[0..4].copy_from_slice(&MAGIC.to_le_bytes());
    slot[4..20].copy_from_slice(mark.store_id.as_bytes());
    slot[20..28].copy_from_slice(&mark.commit.to_le_bytes());
    slot[28..36].copy_from_slice(&mark.chain.to_le_bytes());
    let checksum = crc32c::crc32c(&slot[..44]);
    slot[44..48].copy_from_slice(&checksum.to_le_bytes());
    slot
}

fn parse(slot: &[u8]) -> Option<Mark> {
    let number =
        |range: std::ops::Range<usize>| slot.get(range)?.try_into().ok().map(u64::from_le_bytes);
    let word =
        |range: std::ops::Range<usize>| slot.get(range)?.try_into().ok().map(u32::from_le_bytes);
    if word(0..4)? != MAGIC || word(44..48)? != crc32c::crc32c(slot.get(..44)?) {
        return None;
    }
    Some(Mark {
        store_id: Uuid::from_slice(slot.get(4..20)?).ok()?,
        commit: number(20..28)?,
        chain: number(28..36)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(commit: u64) -> Mark {
        Mark { store_id: Uuid::from_u128(7), commit, chain: commit * 31 }
    }

    #[test]
    fn a_torn_write_leaves_the_mark_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut head = Head::open(folder.path(), mark(0)).unwrap();
        for commit in 1..=5 {
            head.write(mark(commit)).unwrap();
        }
        assert_eq!(Head::read(folder.path()).unwrap(), Some(mark(5)));
        let path = folder.path().join("HEAD");
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[SLOT_BYTES + 30] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(Head::read(folder.path()).unwrap(), Some(mark(4)));
        bytes[10] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        assert!(matches!(Head::read(folder.path()), Err(StoreError::Corrupt { .. })));
    }

    #[test]
    fn it_is_synced_when_opened_and_after_so_many_commits() {
        let folder = tempfile::tempdir().unwrap();
        let mut head = Head::open(folder.path(), mark(0)).unwrap();
        let synced = (1..=2 * SYNC_COMMITS).filter(|&commit| head.write(mark(commit)).unwrap());
        assert_eq!(synced.collect::<Vec<_>>(), [SYNC_COMMITS, 2 * SYNC_COMMITS]);
    }
}
