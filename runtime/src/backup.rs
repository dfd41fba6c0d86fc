//! A store as one file, and back: log, cursors, states and named values, checked throughout.
//!
//! What belongs together (cursors, states, named values, heads) is written while nothing else is
//! written ([`Export::begin`], inside [`crate::committer::Request::Look`] when a process runs); the log
//! up to those heads never changes and follows at leisure ([`Export::finish`]). The file appears under
//! its name only when it is complete and synced.

use crate::store::sled::SledStore;
use crate::store::{
    Batch, HostChange, HostId, HostRecord, Partition, Progress, ReadLimit, Store, StoreError,
    Verified,
};
use bytes::Bytes;
use messages::{Envelope, Sequence};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const MAGIC: [u8; 8] = *b"AURORAB1";
/// Longest frame of a backup, in bytes.
pub const FRAME_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Bytes of frames restored with one commit, about.
const RESTORE_BYTES: usize = 4 * 1024 * 1024;

/// One thing in a backup.
#[derive(Serialize, Deserialize)]
enum Frame {
    Partition { partition: Partition, first: Sequence, last: Sequence },
    Host { host: HostId, progress: Progress, watermark: Option<(Sequence, u32)> },
    State { host: HostId, key: String, value: Bytes },
    Blob { name: String, value: Bytes },
    Record { partition: Partition, envelope: Arc<Envelope> },
    End(Summary),
}

/// What a backup holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Log records.
    pub records: u64,
    /// Hosts.
    pub hosts: u64,
    /// States.
    pub states: u64,
    /// Named values.
    pub blobs: u64,
    /// Checksum over all frames before the last.
    pub checksum: u32,
}

/// Why a backup cannot be made, checked or restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file is not a whole backup.
    #[error("backup `{path}` is not intact: {what}; use another one")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// There is something already where it should be restored.
    #[error("`{path}` is not empty; restore into a new folder")]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("`{path}`: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
}

/// A backup being written.
pub struct Export {
    file: BufWriter<File>,
    part: PathBuf,
    path: PathBuf,
    heads: Vec<(Partition, Sequence, Sequence)>,
    summary: Summary,
}

impl Export {
    /// Writes all but the log to a file beside `path`; nothing may be committed meanwhile.
    ///
    /// # Errors
    /// [`BackupError`] when the store or the file fails.
    pub fn begin(store: &dyn Store, path: &Path) -> Result<Self, BackupError> {
        let part = beside(path, ".part");
        let io = |source| BackupError::Io { path: part.clone(), source };
        let mut file = BufWriter::new(File::create(&part).map_err(io)?);
        file.write_all(&MAGIC).map_err(io)?;
        let mut export = Self {
            file,
            part: part.clone(),
            path: path.to_owned(),
            heads: heads(store),
            summary: Summary::default(),
        };
        for (partition, first, last) in export.heads.clone() {
            export.write(&Frame::Partition { partition, first, last })?;
        }
        for host in store.hosts()? {
            export.host(store, host)?;
        }
        for name in store.blobs("")? {
            if let Some(value) = store.blob(&name)? {
                export.summary.blobs += 1;
                export.write(&Frame::Blob { name, value: value.into() })?;
            }
        }
        Ok(export)
    }

    fn host(&mut self, store: &dyn Store, host: HostId) -> Result<(), BackupError> {
        let HostRecord { progress, watermark } = store.host(&host)?;
        self.summary.hosts += 1;
        self.write(&Frame::Host { host: host.clone(), progress, watermark })?;
        let mut failed = None;
        store.states(&host, &mut |key, value| {
            self.summary.states += 1;
            let (key, value) = (key.to_owned(), Bytes::copy_from_slice(value));
            if failed.is_none() {
                failed = self.write(&Frame::State { host: host.clone(), key, value }).err();
            }
        })?;
        failed.map_or(Ok(()), Err)
    }

    /// Writes the log up to where it stood at the beginning, syncs, and gives the file its name.
    ///
    /// # Errors
    /// [`BackupError`] when the store or the file fails; nothing stands under the name then.
    pub fn finish(mut self, store: &dyn Store) -> Result<Summary, BackupError> {
        for (partition, first, last) in self.heads.clone() {
            self.log(store, partition, first, last)?;
        }
        let summary = self.summary;
        self.write(&Frame::End(summary))?;
        let io = |source| BackupError::Io { path: self.part.clone(), source };
        self.file.flush().and_then(|()| self.file.get_ref().sync_all()).map_err(io)?;
        rename(&self.part, &self.path)?;
        Ok(summary)
    }

    fn log(
        &mut self,
        store: &dyn Store,
        partition: Partition,
        first: Sequence,
        last: Sequence,
    ) -> Result<(), BackupError> {
        let mut after = first - 1;
        while after < last {
            for delivery in store.read(partition, after, ReadLimit::default())? {
                after = delivery.sequence;
                if after <= last {
                    self.summary.records += 1;
                    self.write(&Frame::Record { partition, envelope: delivery.envelope })?;
                }
            }
        }
        Ok(())
    }

    fn write(&mut self, frame: &Frame) -> Result<(), BackupError> {
        let io = |source| BackupError::Io { path: self.part.clone(), source };
        let bytes = postcard::to_stdvec(frame).map_err(|error| io(io::Error::other(error)))?;
        let length = u32::try_from(bytes.len()).map_err(|error| io(io::Error::other(error)))?;
        let checksum = crc32c::crc32c(&bytes);
        self.summary.checksum = crc32c::crc32c_append(self.summary.checksum, &bytes);
        for part in [&length.to_le_bytes()[..], &checksum.to_le_bytes(), &bytes] {
            self.file.write_all(part).map_err(io)?;
        }
        Ok(())
    }
}

impl Drop for Export {
    /// An export that was given up leaves nothing behind; a finished one has its name by now.
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.part)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(path = %self.part.display(), %error, "an unfinished backup is left");
        }
    }
}

/// Writes a backup of a store that nobody else writes to.
///
/// # Errors
/// [`BackupError`] when the store or the file fails.
pub fn create(store: &dyn Store, path: &Path) -> Result<Summary, BackupError> {
    Export::begin(store, path)?.finish(store)
}

/// Reads a backup through and checks it.
///
/// # Errors
/// [`BackupError::Damaged`] naming what is wrong.
pub fn verify(path: &Path) -> Result<Summary, BackupError> {
    read(path, |_, _| Ok(()))
}

/// Fills a new store in `folder` from a backup, checked before the first byte is written. The folder
/// appears under its name, or loses its emptiness, only when the store is complete.
///
/// # Errors
/// [`BackupError`] when the backup is damaged, the folder is not empty, or the store fails.
pub fn restore(path: &Path, folder: &Path) -> Result<Summary, BackupError> {
    let summary = verify(path)?;
    let io = |source| BackupError::Io { path: folder.to_owned(), source };
    let full = match std::fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(io(error)),
    };
    if full {
        return Err(BackupError::NotEmpty { path: folder.to_owned() });
    }
    let part = beside(folder, ".restoring");
    match std::fs::remove_dir_all(&part) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io(error)),
        _ => fill(path, &part, summary)?,
    }
    rename(&part, folder)?;
    Ok(summary)
}

/// Makes a store in `folder` with what the backup at `path` holds.
fn fill(path: &Path, folder: &Path, summary: Summary) -> Result<(), BackupError> {
    let store = SledStore::open(folder)?;
    let mut batch = Batch::default();
    let mut waiting = 0;
    read(path, |frame, bytes| {
        put(&mut batch, frame);
        waiting += bytes;
        if waiting >= RESTORE_BYTES {
            store.commit(std::mem::take(&mut batch))?;
            waiting = 0;
        }
        Ok(())
    })?;
    store.commit(batch)?;
    let Summary { records, states, blobs, .. } = summary;
    if store.verify()? == (Verified { records, states, blobs }) {
        return Ok(());
    }
    Err(BackupError::Damaged { path: path.to_owned(), what: "it holds something twice".to_owned() })
}

/// `path` with something behind its name.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Gives what is at `from` the name `to`, durably.
fn rename(from: &Path, to: &Path) -> Result<(), BackupError> {
    let folder = match to.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    std::fs::rename(from, to)
        .and_then(|()| File::open(folder)?.sync_all())
        .map_err(|source| BackupError::Io { path: to.to_owned(), source })
}

fn put(batch: &mut Batch, frame: Frame) {
    let change = |host| HostChange { host, progress: None, watermark: None, states: Vec::new() };
    match frame {
        Frame::Partition { partition, first, .. } => batch.trims.push((partition, first - 1)),
        Frame::Host { host, progress, watermark } => {
            batch.hosts.push(HostChange { progress: Some(progress), watermark, ..change(host) });
        }
        Frame::State { host, key, value } => {
            batch
                .hosts
                .push(HostChange { states: vec![(key, Some(value.into()))], ..change(host) });
        }
        Frame::Blob { name, value } => batch.blobs.push((name, Some(value.into()))),
        Frame::Record { partition, envelope } => batch.appends.push((partition, envelope)),
        Frame::End(_) => {}
    }
}

/// Reads every frame of a backup and checks its checksums, counts and end.
fn read(
    path: &Path,
    mut visit: impl FnMut(Frame, usize) -> Result<(), BackupError>,
) -> Result<Summary, BackupError> {
    let damaged =
        |what: &str| BackupError::Damaged { path: path.to_owned(), what: what.to_owned() };
    let io = |source| BackupError::Io { path: path.to_owned(), source };
    let mut file = BufReader::new(File::open(path).map_err(io)?);
    let mut magic = [0; 8];
    file.read_exact(&mut magic).map_err(|_| damaged("it is too short"))?;
    if magic != MAGIC {
        return Err(damaged("it is not a backup of this format"));
    }
    let mut seen = Summary::default();
    loop {
        let mut header = [0; 8];
        file.read_exact(&mut header).map_err(|_| damaged("it ends early"))?;
        let (length, checksum) = header.split_at(4);
        let length = u32::from_le_bytes(length.try_into().expect("four bytes")) as usize;
        let checksum = u32::from_le_bytes(checksum.try_into().expect("four bytes"));
        if length > FRAME_BYTES_MAX {
            return Err(damaged("a frame is too long"));
        }
        let mut bytes = vec![0; length];
        file.read_exact(&mut bytes).map_err(|_| damaged("it ends early"))?;
        if crc32c::crc32c(&bytes) != checksum {
            return Err(damaged("a checksum does not match"));
        }
        let frame = postcard::from_bytes(&bytes).map_err(|error| damaged(&error.to_string()))?;
        if let Frame::End(summary) = frame {
            let rest = file.read(&mut [0]).map_err(io)?;
            let whole = summary == seen && rest == 0;
            return if whole { Ok(summary) } else { Err(damaged("its end does not match")) };
        }
        seen.count(&frame, &bytes);
        visit(frame, bytes.len())?;
    }
}

impl Summary {
    fn count(&mut self, frame: &Frame, bytes: &[u8]) {
        self.checksum = crc32c::crc32c_append(self.checksum, bytes);
        match frame {
            Frame::Record { .. } => self.records += 1,
            Frame::Host { .. } => self.hosts += 1,
            Frame::State { .. } => self.states += 1,
            Frame::Blob { .. } => self.blobs += 1,
            Frame::Partition { .. } | Frame::End(_) => {}
        }
    }
}

/// Every partition that ever had a record, with its first and last.
fn heads(store: &dyn Store) -> Vec<(Partition, Sequence, Sequence)> {
    store
        .partitions()
        .into_iter()
        .map(|partition| (partition, store.first(partition), store.head(partition)))
        .collect()
}
