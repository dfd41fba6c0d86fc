//! Values of any size as pieces of at most 4 KiB, with a checksum that also covers the key.
//!
//! The database writes large values into files of their own that it never syncs; small pieces stay
//! in its log. The first piece begins with a [`Frame`].

/// Longest piece, in bytes.
pub(super) const PIECE_BYTES_MAX: usize = 4 * 1024;
/// Length of the frame at the beginning of the first piece, in bytes.
pub(super) const FRAME_BYTES: usize = 8;

/// What stands before a value: `length u32 | crc32c u32`, little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    length: u32,
    /// Over the key and the value.
    pub(super) checksum: u32,
}

impl Frame {
    /// Reads the frame at the beginning of a first piece.
    pub(super) fn parse(piece: &[u8]) -> Option<Self> {
        let (length, rest) = piece.split_first_chunk()?;
        let checksum = rest.first_chunk()?;
        Some(Self { length: u32::from_le_bytes(*length), checksum: u32::from_le_bytes(*checksum) })
    }

    /// How many pieces the value has.
    pub(super) fn pieces(self) -> u16 {
        let bytes = self.length as usize + FRAME_BYTES;
        u16::try_from(bytes.div_ceil(PIECE_BYTES_MAX)).unwrap_or(u16::MAX)
    }

    /// What the value at `base` adds to a sum over it and its like.
    pub(super) fn share(self, base: &[u8]) -> u64 {
        mix(u64::from(crc32c::crc32c(base)) << 32 | u64::from(self.checksum))
    }
}

/// The key of piece `number` of the value at `base`.
pub(super) fn piece_key(base: &[u8], number: u16) -> Vec<u8> {
    [base, &number.to_be_bytes()].concat()
}

/// Splits the key of a piece into the key of its value and its number.
pub(super) fn parse_piece_key(key: &[u8]) -> Option<(&[u8], u16)> {
    let (base, number) = key.split_last_chunk()?;
    Some((base, u16::from_be_bytes(*number)))
}

/// Room for a frame, with `bytes` behind it.
pub(super) fn framed(bytes: &[u8]) -> Vec<u8> {
    [&[0; FRAME_BYTES], bytes].concat()
}

/// Fills in the frame of the value at `base`, for which `framed` has room at its beginning.
pub(super) fn seal(base: &[u8], framed: &mut [u8]) -> Frame {
    let (room, value) = framed.split_at_mut(FRAME_BYTES);
    let length = u32::try_from(value.len()).expect("values are bounded");
    let frame = Frame { length, checksum: checksum(base, value) };
    room[..4].copy_from_slice(&length.to_le_bytes());
    room[4..].copy_from_slice(&frame.checksum.to_le_bytes());
    frame
}

/// The value at `base`, from its sealed pieces put together; `None` when it is not what was written.
pub(super) fn open(base: &[u8], mut framed: Vec<u8>) -> Option<Vec<u8>> {
    let frame = Frame::parse(&framed)?;
    framed.drain(..FRAME_BYTES);
    let intact = framed.len() == frame.length as usize && checksum(base, &framed) == frame.checksum;
    intact.then_some(framed)
}

fn checksum(base: &[u8], value: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(base), value)
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
            let mut sealed = framed(&value);
            let frame = seal(b"key", &mut sealed);
            prop_assert_eq!(Frame::parse(&sealed), Some(frame));
            prop_assert_eq!(sealed.chunks(PIECE_BYTES_MAX).count(), usize::from(frame.pieces()));
            prop_assert_eq!(open(b"key", sealed.clone()), Some(value));
            prop_assert_eq!(open(b"another", sealed.clone()), None);
            prop_assert_eq!(open(b"key", sealed[..sealed.len() - 1].to_vec()), None);
            let flipped = bit.index(sealed.len() * 8);
            sealed[flipped / 8] ^= 1 << (flipped % 8);
            prop_assert_eq!(open(b"key", sealed), None);
        }
    }
}
