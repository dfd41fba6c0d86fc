//! Versioned bytes: the one way in which messages and stored state become postcard and come back.
//!
//! `schema u16 | version u16 | crc32c u32 | body`, little endian. The checksum covers the schema,
//! the version and the body, so no single damaged byte can be read as something else.

use serde::{Serialize, de::DeserializeOwned};

/// Length of the header before the body, in bytes.
pub const HEADER_BYTES: usize = 8;

/// Longest encoded record, in bytes (256 KiB, the limit of one message body).
pub const RECORD_BYTES_MAX: usize = 256 * 1024;

/// Something with versioned bytes. One struct per version; older versions are read through [`Record::upcast`].
pub trait Record: Serialize + DeserializeOwned {
    /// Number of this type among all that are stored or sent; never used again for another type.
    const SCHEMA: u16;
    /// Version that is written. Raised whenever the fields change: postcard cannot tell by itself.
    const VERSION: u16 = 1;
    /// Longest encoding of this type, in bytes.
    const BYTES_MAX: usize = RECORD_BYTES_MAX;

    /// Reads the body of an older `version`.
    ///
    /// # Errors
    /// [`DecodeError::UnknownVersion`] when no upcaster for `version` exists.
    fn upcast(version: u16, body: &[u8]) -> Result<Self, DecodeError> {
        let _ = body;
        Err(DecodeError::unknown_version::<Self>(version))
    }
}

/// Why a value could not be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The value is larger than a message may be.
    #[error("encoded value has {bytes} bytes, more than its type may have; split it")]
    TooLarge {
        /// Its size in bytes.
        bytes: usize,
    },
    /// The value holds something that the encoding cannot express.
    #[error("value cannot be encoded: {0}")]
    Inexpressible(String),
}

/// Why bytes could not be read. Whoever gets one keeps the bytes: they are evidence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Fewer bytes than the header, or a body that ends early.
    #[error("bytes end early after {bytes}")]
    Truncated {
        /// How many there are.
        bytes: usize,
    },
    /// More bytes than a record may have.
    #[error("{bytes} bytes are more than a record of this type may have")]
    TooLarge {
        /// How many there are.
        bytes: usize,
    },
    /// Bytes of another type.
    #[error("schema `{found}` where `{expected}` was expected")]
    WrongSchema {
        /// The schema asked for.
        expected: u16,
        /// The schema in the bytes.
        found: u16,
    },
    /// Bytes written by a newer build, or by one so old that nothing reads it any more.
    #[error(
        "version `{version}` of schema `{schema}` is unknown; this build reads up to `{known}`"
    )]
    UnknownVersion {
        /// Schema number.
        schema: u16,
        /// The version in the bytes.
        version: u16,
        /// The newest version that this build reads.
        known: u16,
    },
    /// The bytes were changed after they had been written.
    #[error("checksum `{found:08x}` does not match `{expected:08x}`; the bytes are damaged")]
    Checksum {
        /// Checksum in the header.
        expected: u32,
        /// Checksum of what is there.
        found: u32,
    },
    /// Bytes left over after the value.
    #[error("{bytes} bytes left over after the value")]
    Trailing {
        /// How many.
        bytes: usize,
    },
    /// Well framed, but not a value of this type (out of range, not finite, unknown variant, not UTF-8, bad JSON).
    #[error("not a valid value: {0}")]
    Invalid(String),
}

impl DecodeError {
    /// What [`Record::upcast`] says of a version of `R` that nothing reads.
    #[must_use]
    pub fn unknown_version<R: Record>(version: u16) -> Self {
        Self::UnknownVersion { schema: R::SCHEMA, version, known: R::VERSION }
    }
}

/// Writes `value` with its header.
///
/// # Errors
/// [`EncodeError`] when the value is too large or inexpressible.
pub fn encode<R: Record>(value: &R) -> Result<Vec<u8>, EncodeError> {
    let mut bytes = vec![0_u8; HEADER_BYTES];
    bytes = postcard::to_extend(value, bytes)
        .map_err(|error| EncodeError::Inexpressible(error.to_string()))?;
    if bytes.len() > R::BYTES_MAX {
        return Err(EncodeError::TooLarge { bytes: bytes.len() });
    }
    bytes[0..2].copy_from_slice(&R::SCHEMA.to_le_bytes());
    bytes[2..4].copy_from_slice(&R::VERSION.to_le_bytes());
    let checksum = checksum(&bytes);
    bytes[4..8].copy_from_slice(&checksum.to_le_bytes());
    Ok(bytes)
}

/// Length of `value` as [`encode`] writes it, header included, without writing it.
///
/// # Errors
/// [`EncodeError`] as of [`encode`].
pub fn encoded_bytes<R: Record>(value: &R) -> Result<usize, EncodeError> {
    let bytes = HEADER_BYTES + body_bytes(value)?;
    if bytes > R::BYTES_MAX { Err(EncodeError::TooLarge { bytes }) } else { Ok(bytes) }
}

/// Length of `value` as a bare postcard body, without writing it.
///
/// # Errors
/// [`EncodeError::Inexpressible`].
pub fn body_bytes<T: Serialize>(value: &T) -> Result<usize, EncodeError> {
    postcard::serialize_with_flavor(value, postcard::ser_flavors::Size::default())
        .map_err(|error| EncodeError::Inexpressible(error.to_string()))
}

/// Reads a value written by [`encode`], also by an older version of its type.
///
/// # Errors
/// [`DecodeError`], one variant per way in which bytes can be wrong.
pub fn decode<R: Record>(bytes: &[u8]) -> Result<R, DecodeError> {
    let (schema, version) = verify(bytes, R::BYTES_MAX)?;
    if schema != R::SCHEMA {
        return Err(DecodeError::WrongSchema { expected: R::SCHEMA, found: schema });
    }
    let body = &bytes[HEADER_BYTES..];
    if version == R::VERSION { decode_body(body) } else { R::upcast(version, body) }
}

/// Reads a bare postcard body; for [`Record::upcast`], where the old struct is known.
///
/// # Errors
/// [`DecodeError`] when the body is not exactly one value.
pub fn decode_body<T: DeserializeOwned>(body: &[u8]) -> Result<T, DecodeError> {
    let (value, rest) = postcard::take_from_bytes(body).map_err(|error| match error {
        postcard::Error::DeserializeUnexpectedEnd => DecodeError::Truncated { bytes: body.len() },
        other => DecodeError::Invalid(other.to_string()),
    })?;
    if rest.is_empty() { Ok(value) } else { Err(DecodeError::Trailing { bytes: rest.len() }) }
}

/// Checks size and checksum; gives schema and version.
fn verify(bytes: &[u8], bytes_max: usize) -> Result<(u16, u16), DecodeError> {
    if bytes.len() < HEADER_BYTES {
        return Err(DecodeError::Truncated { bytes: bytes.len() });
    }
    if bytes.len() > bytes_max {
        return Err(DecodeError::TooLarge { bytes: bytes.len() });
    }
    let expected = u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
    let found = checksum(bytes);
    if expected != found {
        return Err(DecodeError::Checksum { expected, found });
    }
    Ok(peek(bytes).expect("the header was found whole"))
}

/// Schema and version that the header claims; unchecked, for labels and routing.
#[must_use]
pub fn peek(bytes: &[u8]) -> Option<(u16, u16)> {
    let header = bytes.first_chunk::<HEADER_BYTES>()?;
    let number = |low, high| u16::from_le_bytes([header[low], header[high]]);
    Some((number(0, 1), number(2, 3)))
}

/// CRC-32C of everything but the checksum itself.
fn checksum(bytes: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&bytes[0..4]), &bytes[HEADER_BYTES..])
}
