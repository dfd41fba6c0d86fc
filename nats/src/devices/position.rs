//! How far a stream was read. A sequence alone would mean nothing in a stream that was made anew.

use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// A stream and the sequence of the last record read of it; 0 before the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// The id made with the stream.
    pub stream: Uuid,
    /// The sequence.
    pub sequence: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.stream, self.sequence)
    }
}

impl Position {
    /// As it is stored.
    #[must_use]
    pub fn to_bytes(self) -> Vec<u8> {
        serde_json::to_vec(&self).expect("an id and a number can be written")
    }

    /// As it was stored.
    ///
    /// # Errors
    /// What is wrong with the bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_read_as_it_was_ever_written() {
        let stream = Uuid::from_u128(7);
        let written = br#"{"stream":"00000000-0000-0000-0000-000000000007","sequence":17}"#;
        let position = Position { stream, sequence: 17 };
        assert_eq!(Position::from_bytes(written).unwrap(), position);
        assert_eq!(position.to_bytes(), written);
        assert!(Position::from_bytes(b"17").is_err());
    }
}
