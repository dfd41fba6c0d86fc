//! Says what was being committed when the process was killed, to whoever killed it.
//!
//! A counter per kind of request in a file, written in place before and after each group. No fsync: the file outlives
//! `kill -9`, which is all it is for. Off unless a test asks for it.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// What kinds of request a group holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flight {
    /// Messages from outside.
    Ingest,
    /// A host's turn.
    Transaction,
    /// Timers that were due.
    Timer,
    /// A slice of a checkpoint.
    Checkpoint,
    /// Blobs and trims.
    Upkeep,
}

/// Names of the counters, in the order in which they stand in the file.
pub const FLIGHTS: [&str; 5] = ["ingest", "transaction", "timer", "checkpoint", "upkeep"];

/// Writes what is in flight; does nothing when there is no file.
#[derive(Debug, Default)]
pub struct FlightRecorder {
    file: Option<File>,
}

impl FlightRecorder {
    /// Records to `path`.
    ///
    /// # Errors
    /// The operating system's, when the file cannot be made.
    pub fn to(path: &Path) -> io::Result<Self> {
        Ok(Self { file: Some(File::create(path)?) })
    }

    /// A group of these kinds is being committed.
    pub(crate) fn begin(&mut self, kinds: impl Iterator<Item = Flight>) {
        if self.file.is_none() {
            return;
        }
        let mut counts = [0_u32; FLIGHTS.len()];
        for kind in kinds {
            counts[kind as usize] += 1;
        }
        self.write(counts);
    }

    /// The group is durable.
    pub(crate) fn end(&mut self) {
        self.write([0; FLIGHTS.len()]);
    }

    fn write(&mut self, counts: [u32; FLIGHTS.len()]) {
        let Some(file) = &self.file else { return };
        let bytes: Vec<u8> = counts.iter().flat_map(|count| count.to_le_bytes()).collect();
        if let Err(error) = file.write_all_at(&bytes, 0) {
            tracing::warn!(%error, "the flight recorder cannot be written and is off now");
            self.file = None;
        }
    }
}

/// Reads what was in flight when the file was last written.
///
/// # Errors
/// The operating system's, when the file cannot be read.
pub fn read(path: &Path) -> io::Result<[u32; FLIGHTS.len()]> {
    let mut bytes = [0_u8; FLIGHTS.len() * 4];
    File::open(path)?.read_exact_at(&mut bytes, 0)?;
    let mut counts = [0; FLIGHTS.len()];
    for (count, chunk) in counts.iter_mut().zip(bytes.chunks_exact(4)) {
        *count = u32::from_le_bytes([chunk[0], chunk[1], chunk[2], chunk[3]]);
    }
    Ok(counts)
}
