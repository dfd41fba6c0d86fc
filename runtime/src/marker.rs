//! Finds the message that ends the process: after an unclean exit, notes each one before it is tried.
//!
//! One small file per host, written in place without fsync: it outlives `kill -9` and `abort`, which
//! is what it is for. Used only until the host has passed what was on the log when it started.

use crate::engine::CRASHES_MAX;
use crate::store::HostId;
use messages::Sequence;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// The last message tried by one host, and how often it ended the process.
#[derive(Debug)]
pub struct Marker {
    file: File,
    sequence: Sequence,
    crashes: u32,
}

impl Marker {
    /// Opens the marker of `host` in `folder`.
    ///
    /// # Errors
    /// The operating system's, when the file cannot be made or read.
    pub fn open(folder: &Path, host: &HostId) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let path = folder.join(format!("{}-{}", host.kind, host.partition));
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let mut bytes = [0_u8; 12];
        let (mut sequence, mut crashes) = (0, 0);
        if file.metadata()?.len() >= 12 {
            file.read_exact_at(&mut bytes, 0)?;
            let (first, second) = bytes.split_at(8);
            sequence = u64::from_le_bytes(first.try_into().expect("eight bytes"));
            crashes = u32::from_le_bytes(second.try_into().expect("four bytes"));
        }
        Ok(Self { file, sequence, crashes })
    }

    /// The message to set aside untried: it ended the process each time.
    ///
    /// The exit that led here was not marked, so one crash fewer is on record than happened.
    #[must_use]
    pub fn condemned(&self) -> Option<Sequence> {
        (self.crashes + 1 >= CRASHES_MAX && self.sequence > 0).then_some(self.sequence)
    }

    /// Notes that `sequence` is tried now.
    ///
    /// # Errors
    /// The operating system's, when the file cannot be written.
    pub fn trying(&mut self, sequence: Sequence) -> io::Result<()> {
        self.crashes = if self.sequence == sequence { self.crashes + 1 } else { 1 };
        self.sequence = sequence;
        self.write()
    }

    /// Notes that nothing dangerous is under way.
    ///
    /// # Errors
    /// The operating system's, when the file cannot be written.
    pub fn clear(&mut self) -> io::Result<()> {
        (self.sequence, self.crashes) = (0, 0);
        self.write()
    }

    fn write(&self) -> io::Result<()> {
        let mut bytes = [0_u8; 12];
        bytes[..8].copy_from_slice(&self.sequence.to_le_bytes());
        bytes[8..].copy_from_slice(&self.crashes.to_le_bytes());
        self.file.write_all_at(&bytes, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_condemned_after_the_third_crash_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let host = HostId { kind: "test".to_owned(), partition: 0 };
        let open = || Marker::open(folder.path(), &host).unwrap();
        assert_eq!(open().condemned(), None, "the first crash was not marked");
        open().trying(7).unwrap();
        assert_eq!(open().condemned(), None, "two crashes");
        open().trying(7).unwrap();
        assert_eq!(open().condemned(), Some(7), "three crashes");
        open().clear().unwrap();
        assert_eq!(open().condemned(), None);
    }
}
