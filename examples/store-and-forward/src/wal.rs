//! Readings on disk until they were acknowledged: a file for each message that is to be sent.
//!
//! Files are named by boot and first count, so their names sort as their readings came. A line is a reading; one without
//! its end was cut off while it was written, and had not been taken.

use serde_json::{Map, Value, json};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Readings of one file, and so of one message.
pub const FILE_READINGS_MAX: usize = 100;
/// Files that are kept: a million readings. A device that is cut off for longer takes no more.
pub const FILES_MAX: usize = 10_000;
/// Where the number of the last start is kept.
const BOOT: &str = "boot";
const EXTENSION: &str = "jsonl";

/// Why a reading was not taken, or cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum WalError {
    /// The system refused.
    #[error("`{path}`: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// The number of the last start cannot be read; without it two readings could have one name.
    #[error(
        "`{path}` holds `{found}`, not the number of a start; write one there that was never used"
    )]
    Boot {
        /// The file.
        path: PathBuf,
        /// What it holds.
        found: String,
    },
    /// Nothing was acknowledged for too long.
    #[error(
        "{FILES_MAX} messages wait to be sent; no more readings are taken until the server is back"
    )]
    Full,
}

/// The name of a reading: it is sent as often as it must be, and counts once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name {
    /// Number of the device's start.
    pub boot: u64,
    /// Count since then.
    pub seq: u64,
}

/// What goes in one message.
#[derive(Debug)]
pub struct Batch {
    path: PathBuf,
    /// The message.
    pub body: String,
}

/// The readings of one device.
#[derive(Debug)]
pub struct Wal {
    folder: PathBuf,
    next: Name,
    open: Option<Open>,
}

/// The file that is written to.
#[derive(Debug)]
struct Open {
    file: File,
    path: PathBuf,
    readings: usize,
}

impl Wal {
    /// Opens `folder`, for one start of the device.
    ///
    /// # Errors
    /// [`WalError::Io`] and [`WalError::Boot`].
    pub fn open(folder: &Path) -> Result<Self, WalError> {
        fs::create_dir_all(folder).map_err(failed(folder))?;
        let next = Name { boot: boot(folder)?, seq: 0 };
        Ok(Self { folder: folder.to_owned(), next, open: None })
    }

    /// Takes a reading of the moment `at` (RFC 3339). It survives whatever comes once this has returned.
    ///
    /// # Errors
    /// [`WalError::Io`] and [`WalError::Full`]; the reading is not taken.
    pub fn take(&mut self, at: &str, signals: &Map<String, Value>) -> Result<Name, WalError> {
        let name = self.next;
        let mut open = match self.open.take() {
            Some(open) if open.readings < FILE_READINGS_MAX => open,
            _ => self.begin()?,
        };
        let line = json!({ "t": at, "seq": name.seq, "s": signals });
        let written = writeln!(open.file, "{line}").and_then(|()| open.file.sync_data());
        // After a failure a part of the line may be there: nothing is written behind it.
        self.next.seq += 1;
        written.map_err(failed(&open.path))?;
        open.readings += 1;
        self.open = Some(open);
        Ok(name)
    }

    fn begin(&self) -> Result<Open, WalError> {
        if self.files()?.len() >= FILES_MAX {
            return Err(WalError::Full);
        }
        let Name { boot, seq } = self.next;
        let path = self.folder.join(format!("{boot:020}-{seq:020}.{EXTENSION}"));
        let file = File::create_new(&path).map_err(failed(&path))?;
        self.sync()?;
        Ok(Open { file, path, readings: 0 })
    }

    /// The oldest readings; nothing more is added to them. The same again until they are forgotten.
    ///
    /// # Errors
    /// [`WalError::Io`].
    pub fn oldest(&mut self) -> Result<Option<Batch>, WalError> {
        for path in self.files()? {
            if self.open.as_ref().is_some_and(|open| open.path == path) {
                self.open = None;
            }
            let text = fs::read_to_string(&path).map_err(failed(&path))?;
            let lines = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
            let readings = lines.collect::<Vec<_>>().join(",");
            if readings.is_empty() {
                fs::remove_file(&path).map_err(failed(&path))?;
                continue;
            }
            let boot = boot_of(&path).expect("only files of readings are listed");
            let body = format!(r#"{{"boot":{boot},"samples":[{readings}]}}"#);
            return Ok(Some(Batch { path, body }));
        }
        Ok(None)
    }

    /// Forgets readings that were acknowledged.
    ///
    /// # Errors
    /// [`WalError::Io`]; they are then sent again, and count once.
    pub fn forget(&self, batch: &Batch) -> Result<(), WalError> {
        fs::remove_file(&batch.path).map_err(failed(&batch.path))?;
        self.sync()
    }

    /// Every file of readings, the oldest first.
    fn files(&self) -> Result<Vec<PathBuf>, WalError> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(failed(&self.folder))? {
            let path = entry.map_err(failed(&self.folder))?.path();
            if boot_of(&path).is_some() {
                files.push(path);
            }
        }
        files.sort_unstable();
        Ok(files)
    }

    /// Makes names of files durable.
    fn sync(&self) -> Result<(), WalError> {
        let folder = File::open(&self.folder).map_err(failed(&self.folder))?;
        folder.sync_all().map_err(failed(&self.folder))
    }
}

/// The number of this start: one more than that of the last, whatever became of it.
fn boot(folder: &Path) -> Result<u64, WalError> {
    let path = folder.join(BOOT);
    let last = match fs::read_to_string(&path) {
        Ok(text) => {
            text.trim().parse().map_err(|_| WalError::Boot { path: path.clone(), found: text })?
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(source) => return Err(WalError::Io { path, source }),
    };
    let boot: u64 = last + 1;
    let beside = folder.join("boot.new");
    let mut file = File::create(&beside).map_err(failed(&beside))?;
    file.write_all(boot.to_string().as_bytes()).map_err(failed(&beside))?;
    file.sync_all().map_err(failed(&beside))?;
    fs::rename(&beside, &path).map_err(failed(&path))?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed(folder))?;
    Ok(boot)
}

/// The start that the readings of a file are of, as its name says; `None` for any other file.
fn boot_of(path: &Path) -> Option<u64> {
    let is_ours = path.extension() == Some(OsStr::new(EXTENSION));
    let (boot, _) = path.file_stem()?.to_str()?.split_once('-').filter(|_| is_ours)?;
    boot.parse().ok()
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> WalError {
    let path = path.to_owned();
    |source| WalError::Io { path, source }
}
