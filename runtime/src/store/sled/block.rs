//! Records of one commit and partition, packed together: fewer, fuller values, and a chain through them.

use messages::Envelope;
use std::sync::Arc;

/// Records in one block.
pub(super) const BLOCK_RECORDS_MAX: usize = 256;
/// Bytes after which a block is closed; a larger record has a block of its own.
pub(super) const BLOCK_BYTES_MAX: usize = 64 * 1024;
/// Format of a block, its first byte. Later builds read every earlier format.
const FORMAT: u8 = 1;
const HEADER_BYTES: usize = 9;

/// A block being filled.
pub(super) struct Builder {
    bytes: Vec<u8>,
    count: u32,
}

impl Builder {
    /// A block behind the one with checksum `previous`.
    pub(super) fn behind(previous: u32) -> Self {
        let mut bytes = vec![0; HEADER_BYTES];
        bytes[0] = FORMAT;
        bytes[5..9].copy_from_slice(&previous.to_le_bytes());
        Self { bytes, count: 0 }
    }

    /// Whether the next record belongs into another block.
    pub(super) fn is_full(&self) -> bool {
        self.count as usize >= BLOCK_RECORDS_MAX || self.bytes.len() >= BLOCK_BYTES_MAX
    }

    /// Adds a record.
    pub(super) fn push(&mut self, envelope: &Envelope) -> Result<(), postcard::Error> {
        let start = self.bytes.len();
        self.bytes.extend([0; 4]);
        let bytes = std::mem::take(&mut self.bytes);
        self.bytes = postcard::to_extend(envelope, bytes)?;
        let length = u32::try_from(self.bytes.len() - start - 4).unwrap_or(u32::MAX);
        self.bytes[start..start + 4].copy_from_slice(&length.to_le_bytes());
        self.count += 1;
        Ok(())
    }

    /// How many records it has.
    pub(super) fn count(&self) -> u64 {
        u64::from(self.count)
    }

    /// The block as bytes.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.bytes[1..5].copy_from_slice(&self.count.to_le_bytes());
        self.bytes
    }
}

/// A block that was read.
pub(super) struct Block {
    /// Checksum of the block before it.
    pub(super) previous: u32,
    /// Its records.
    pub(super) records: Vec<Arc<Envelope>>,
}

impl Block {
    /// Reads a block; says what is wrong with it otherwise.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let header = bytes.get(..HEADER_BYTES).ok_or("a block without a header")?;
        if header[0] != FORMAT {
            return Err(format!("a block of format {}; this build reads {FORMAT}", header[0]));
        }
        let word = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let (count, previous) = (word(1), word(5));
        let mut rest = &bytes[HEADER_BYTES..];
        let mut records = Vec::new();
        while let Some((length, tail)) = rest.split_first_chunk::<4>() {
            let length = u32::from_le_bytes(*length) as usize;
            let record = tail.get(..length).ok_or("a record that ends early")?;
            let (envelope, left) = postcard::take_from_bytes::<Envelope>(record)
                .map_err(|error| format!("a record that cannot be read: {error}"))?;
            if !left.is_empty() {
                return Err("a record with bytes left over".to_owned());
            }
            records.push(Arc::new(envelope));
            rest = &tail[length..];
        }
        if !rest.is_empty() || records.len() != count as usize {
            return Err(format!("a block of {} records that should have {count}", records.len()));
        }
        Ok(Self { previous, records })
    }
}
