//! Finds the message that ends the process: after an unclean exit, notes each one before it is tried.
//!
//! One small file per host, written in place without fsync: it outlives `kill -9` and `abort`, which
//! is what it is for. Used only until the host has passed what was on the log when it started.

use crate::engine::CRASHES_MAX;
use crate::store::HostId;
use messages::Sequence;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Messages of one host that may be set aside before its cursor has passed them.
const CONDEMNED_MAX: usize = 256;
/// Length of what is known of the last message tried: its position and the crashes.
const TRIED_BYTES: usize = 12;

/// The last message tried by one host, how often it ended the process, and those set aside already.
#[derive(Debug)]
pub struct Marker {
    file: File,
    sequence: Sequence,
    crashes: u32,
    condemned: Vec<Sequence>,
}

impl Marker {
    /// Opens the marker of `host`, whose cursor is at `cursor`, in `folder`.
    ///
    /// # Errors
    /// The operating system's, when the file cannot be made or read.
    pub fn open(folder: &Path, host: &HostId, cursor: Sequence) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let path = folder.join(format!("{}-{}", host.kind, host.partition));
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let mut bytes = Vec::new();
        (&file).read_to_end(&mut bytes)?;
        bytes.resize(bytes.len().max(TRIED_BYTES), 0);
        let (tried, set_aside) = bytes.split_at(TRIED_BYTES);
        let number = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().expect("eight bytes"));
        let sequence = number(&tried[..8]);
        let crashes = u32::from_le_bytes(tried[8..].try_into().expect("four bytes"));
        let mut condemned: Vec<Sequence> = set_aside.chunks_exact(8).map(number).collect();
        // The exit that led here was not marked, so one crash fewer is on record than happened.
        if crashes + 1 >= CRASHES_MAX && sequence > 0 {
            condemned.push(sequence);
        }
        // What the cursor has passed is not met again.
        condemned.retain(|condemned| *condemned > cursor);
        condemned.dedup();
        if condemned.len() > CONDEMNED_MAX {
            let reason = format!("{host} was ended by more than {CONDEMNED_MAX} messages in a row");
            return Err(io::Error::other(reason));
        }
        let list: Vec<u8> = condemned.iter().flat_map(|sequence| sequence.to_le_bytes()).collect();
        file.write_all_at(&list, TRIED_BYTES as u64)?;
        file.set_len((TRIED_BYTES + list.len()) as u64)?;
        Ok(Self { file, sequence, crashes, condemned })
    }

    /// The messages to set aside untried: each ended the process every time.
    pub fn condemned(&self) -> impl Iterator<Item = Sequence> + use<> {
        self.condemned.clone().into_iter()
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
        let mut bytes = [0_u8; TRIED_BYTES];
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
        let open = || Marker::open(folder.path(), &host, 5).unwrap();
        let condemned = || -> Vec<u64> { open().condemned().collect() };
        assert!(condemned().is_empty(), "the first crash was not marked");
        open().trying(7).unwrap();
        assert!(condemned().is_empty(), "two crashes");
        open().trying(7).unwrap();
        assert_eq!(condemned(), [7], "three crashes");
    }

    #[test]
    fn a_message_stays_condemned_until_the_cursor_has_passed_it() {
        let folder = tempfile::tempdir().unwrap();
        let host = HostId { kind: "test".to_owned(), partition: 0 };
        let open = |cursor| Marker::open(folder.path(), &host, cursor).unwrap();
        open(5).trying(7).unwrap();
        open(5).trying(7).unwrap();
        open(5).trying(9).unwrap();
        open(5).trying(9).unwrap();
        assert_eq!(open(5).condemned().collect::<Vec<_>>(), [7, 9]);
        open(5).clear().unwrap();
        assert_eq!(open(7).condemned().collect::<Vec<_>>(), [9]);
        assert_eq!(open(9).condemned().count(), 0);
    }
}
