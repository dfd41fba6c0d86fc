//! Values of any size as pieces of at most 4 KiB, with a checksum that also covers the key.
//!
//! The database writes large values into files of their own that it never syncs; small pieces stay
//! in its log. The first piece begins with `length u32 | crc32c u32`.

/// Longest piece, in bytes.
pub(super) const PIECE_BYTES_MAX: usize = 4 * 1024;
/// Longest value, in bytes: a block with one message of the largest size fits many times over.
pub(super) const VALUE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Length of what stands before the value in its first piece.
const FRAME_BYTES: usize = 8;

/// What stands before a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) length: usize,
    pub(super) checksum: u32,
}

impl Frame {
    /// Reads the frame at the beginning of a first piece.
    pub(super) fn parse(piece: &[u8]) -> Option<Self> {
        let length = u32::from_le_bytes(piece.get(0..4)?.try_into().ok()?);
        let checksum = u32::from_le_bytes(piece.get(4..8)?.try_into().ok()?);
        Some(Self { length: usize::try_from(length).ok()?, checksum })
    }

    /// How many pieces the value has.
    pub(super) fn pieces(self) -> u16 {
        let pieces = (self.length + FRAME_BYTES).div_ceil(PIECE_BYTES_MAX).max(1);
        u16::try_from(pieces).unwrap_or(u16::MAX)
    }

    /// What this value adds to the digest of everything beside it.
    pub(super) fn share(self, key: &[u8]) -> u64 {
        mix(u64::from(crc32c::crc32c(key)) << 32 | u64::from(self.checksum))
    }
}

/// The key of piece `number` of the value at `key`.
pub(super) fn piece_key(key: &[u8], number: u16) -> Vec<u8> {
    [key, &number.to_be_bytes()].concat()
}

/// Cuts the value at `key` into pieces, by number from 0.
pub(super) fn cut(key: &[u8], value: &[u8]) -> (Frame, Vec<Vec<u8>>) {
    let frame = Frame { length: value.len(), checksum: checksum(key, value) };
    let length = u32::try_from(value.len()).expect("values are bounded");
    let framed = [&length.to_le_bytes()[..], &frame.checksum.to_le_bytes(), value].concat();
    (frame, framed.chunks(PIECE_BYTES_MAX).map(<[u8]>::to_vec).collect())
}

/// Puts the value at `key` together from its pieces; `None` when it is not what was written.
pub(super) fn join<'p>(key: &[u8], pieces: impl Iterator<Item = &'p [u8]>) -> Option<Vec<u8>> {
    let framed = pieces.collect::<Vec<_>>().concat();
    let frame = Frame::parse(&framed)?;
    let value = framed.get(FRAME_BYTES..)?;
    let intact = value.len() == frame.length && checksum(key, value) == frame.checksum;
    intact.then(|| value.to_vec())
}

fn checksum(key: &[u8], value: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(key), value)
}

/// Scatters a number (splitmix64, Steele, Lea and Flood 2014).
pub(super) fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_value_comes_back_whole_or_not_at_all(
            value in proptest::collection::vec(any::<u8>(), 0..20_000),
            bit in any::<prop::sample::Index>(),
        ) {
            let (frame, mut pieces) = cut(b"key", &value);
            prop_assert_eq!(pieces.len(), usize::from(frame.pieces()));
            prop_assert!(pieces.iter().all(|piece| piece.len() <= PIECE_BYTES_MAX));
            let joined = join(b"key", pieces.iter().map(Vec::as_slice));
            prop_assert_eq!(joined.as_deref(), Some(&value[..]));
            prop_assert_eq!(join(b"another", pieces.iter().map(Vec::as_slice)), None);
            let total: usize = pieces.iter().map(|piece| piece.len() * 8).sum();
            let flipped = bit.index(total);
            pieces[flipped / 8 / PIECE_BYTES_MAX][flipped / 8 % PIECE_BYTES_MAX] ^=
                1 << (flipped % 8);
            prop_assert_eq!(join(b"key", pieces.iter().map(Vec::as_slice)), None);
        }
    }
}
