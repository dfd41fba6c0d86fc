//! Records of one commit and partition, packed together: fewer, fuller values, and a chain through them.
//!
//! A block is `format u8 | records u32 | checksum of the block before u32`, then each record as
//! `length u32 | envelope`, little-endian. The format says how an envelope is written: when
//! [`Envelope`] changes, its present form stays here as the reading of format 1, and what is written
//! gets the next number.

use super::value::FRAME_BYTES;
use messages::Envelope;
use std::ops::Range;
use std::sync::Arc;

/// Records in one block.
pub(super) const BLOCK_RECORDS_MAX: usize = 256;
/// Bytes that a block may have; a larger record has a block of its own.
pub(super) const BLOCK_BYTES_MAX: usize = 64 * 1024;
/// Format of the blocks that are written. Every earlier one is read.
const FORMAT: u8 = 1;
const HEADER_BYTES: usize = 9;
const LENGTH_BYTES: usize = 4;

/// A block being filled.
pub(super) struct Builder {
    /// Room for the value's frame, then the block.
    framed: Vec<u8>,
    records: u32,
}

impl Builder {
    /// A block behind the one with checksum `previous`.
    pub(super) fn behind(previous: u32) -> Self {
        let mut framed = vec![0; FRAME_BYTES + HEADER_BYTES];
        framed[FRAME_BYTES] = FORMAT;
        framed[FRAME_BYTES + 5..].copy_from_slice(&previous.to_le_bytes());
        Self { framed, records: 0 }
    }

    /// Whether a record of about `bytes` belongs into another block.
    pub(super) fn is_full_for(&self, bytes: usize) -> bool {
        self.records as usize >= BLOCK_RECORDS_MAX
            || (self.records > 0 && self.framed.len() + bytes > BLOCK_BYTES_MAX)
    }

    /// Adds a record.
    pub(super) fn push(&mut self, envelope: &Envelope) -> Result<(), postcard::Error> {
        let start = self.framed.len();
        self.framed.extend([0; LENGTH_BYTES]);
        self.framed = postcard::to_extend(envelope, std::mem::take(&mut self.framed))?;
        let length = self.framed.len() - start - LENGTH_BYTES;
        let length = u32::try_from(length).map_err(|_| postcard::Error::SerializeBufferFull)?;
        self.framed[start..start + LENGTH_BYTES].copy_from_slice(&length.to_le_bytes());
        self.records += 1;
        Ok(())
    }

    /// The block, with room for its frame before it.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.framed[FRAME_BYTES + 1..FRAME_BYTES + 5].copy_from_slice(&self.records.to_le_bytes());
        self.framed
    }
}

/// A block that was read.
pub(super) struct Block {
    /// Checksum of the block before it.
    pub(super) previous: u32,
    bytes: Vec<u8>,
    records: Vec<Range<usize>>,
}

impl Block {
    /// Reads a block's outline; says what is wrong with it otherwise.
    pub(super) fn parse(bytes: Vec<u8>) -> Result<Self, String> {
        let Some(&[format, c0, c1, c2, c3, p0, p1, p2, p3]) = bytes.first_chunk() else {
            return Err("a block without a header".to_owned());
        };
        if format != FORMAT {
            return Err(format!("a block of format {format}; this build reads {FORMAT}"));
        }
        let count = u32::from_le_bytes([c0, c1, c2, c3]);
        let mut records = Vec::new();
        let mut at = HEADER_BYTES;
        while let Some(length) = bytes[at..].first_chunk() {
            let start = at + LENGTH_BYTES;
            at = start + u32::from_le_bytes(*length) as usize;
            if at > bytes.len() {
                return Err("a record that ends early".to_owned());
            }
            records.push(start..at);
        }
        if at != bytes.len() || records.len() != count as usize {
            return Err(format!("a block of {} records that should have {count}", records.len()));
        }
        Ok(Self { previous: u32::from_le_bytes([p0, p1, p2, p3]), bytes, records })
    }

    /// How many records it has.
    pub(super) fn len(&self) -> u64 {
        self.records.len() as u64
    }

    /// Its records from number `skip` on; each is read only when it is asked for.
    pub(super) fn envelopes(
        &self,
        skip: u64,
    ) -> impl Iterator<Item = Result<Arc<Envelope>, String>> + '_ {
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        self.records.iter().skip(skip).map(|range| decode(&self.bytes[range.clone()]))
    }
}

fn decode(record: &[u8]) -> Result<Arc<Envelope>, String> {
    match postcard::take_from_bytes(record) {
        Ok((envelope, [])) => Ok(Arc::new(envelope)),
        Ok(_) => Err("a record with bytes left over".to_owned()),
        Err(error) => Err(format!("a record that cannot be read: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::store_contract::record;

    fn block(records: impl IntoIterator<Item = Arc<Envelope>>) -> Vec<u8> {
        let mut builder = Builder::behind(0xA1B2_C3D4);
        records.into_iter().for_each(|record| builder.push(&record).unwrap());
        builder.finish().split_off(FRAME_BYTES)
    }

    #[test]
    fn records_come_back_in_order_from_any_place() {
        let block = Block::parse(block((0..5).map(|number| record(number, 20)))).unwrap();
        assert_eq!((block.previous, block.len()), (0xA1B2_C3D4, 5));
        let read: Vec<_> = block.envelopes(3).map(Result::unwrap).collect();
        assert_eq!(read, [record(3, 20), record(4, 20)]);
    }

    #[test]
    fn a_block_of_another_outline_is_refused() {
        let whole = block([record(1, 20), record(2, 20)]);
        let refused = |bytes: &[u8]| Block::parse(bytes.to_vec()).err().expect("a refusal");
        let mut later = whole.clone();
        later[0] = FORMAT + 1;
        assert!(refused(&later).contains("format 2"));
        let mut miscounted = whole.clone();
        miscounted[1] = 3;
        assert!(refused(&miscounted).contains("should have 3"));
        for length in 0..whole.len() {
            refused(&whole[..length]);
        }
    }

    #[test]
    fn a_large_record_has_a_block_of_its_own() {
        let mut builder = Builder::behind(0);
        assert!(!builder.is_full_for(10 * BLOCK_BYTES_MAX), "an empty block takes any record");
        builder.push(&record(1, 10)).unwrap();
        assert!(!builder.is_full_for(100));
        assert!(builder.is_full_for(BLOCK_BYTES_MAX));
        (2..=BLOCK_RECORDS_MAX as u64).for_each(|number| builder.push(&record(number, 1)).unwrap());
        assert!(builder.is_full_for(0));
    }
}
