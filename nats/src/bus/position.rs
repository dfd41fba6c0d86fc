//! A position that outlives the process: which stream, and how far. Opening one refuses what reading would pass over.

use messages::Sequence;
use runtime::store::Partition;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How far a reader has come, and on which stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// The id that was made with the stream: a stream deleted and made anew is another one.
    pub stream_id: Uuid,
    /// Sequence of the last record that is behind the reader.
    pub sequence: Sequence,
}

/// Why a reader cannot go on where it stood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PositionError {
    /// It is another stream.
    #[error(
        "`{partition}` is stream {found}, but the cursor belongs to {expected}: the stream was made anew; restore it, or start with an empty data folder"
    )]
    AnotherStream {
        /// What is read.
        partition: Partition,
        /// Id of the stream that the cursor belongs to.
        expected: Uuid,
        /// Id of the stream that is there.
        found: Uuid,
    },
    /// It has no id.
    #[error("`{partition}` has no id; make the streams with `aurorasync nats init`")]
    NoId {
        /// What is read.
        partition: Partition,
    },
    /// It is older than what was read from it.
    #[error(
        "`{partition}` ends at {last}, but the cursor stands at {sequence}: the server came back older; restore the newer copy"
    )]
    Older {
        /// What is read.
        partition: Partition,
        /// Where the reader stands.
        sequence: Sequence,
        /// The newest record.
        last: Sequence,
    },
    /// What comes next was forgotten.
    #[error(
        "`{partition}` begins at {first}, but the cursor stands at {sequence}: what lies between was forgotten; start from a snapshot behind it"
    )]
    Trimmed {
        /// What is read.
        partition: Partition,
        /// Where the reader stands.
        sequence: Sequence,
        /// The oldest record kept.
        first: Sequence,
    },
}

impl Position {
    /// Whether a reader of `partition` can go on here, when its stream has these ends.
    ///
    /// # Errors
    /// [`PositionError`].
    pub(crate) fn check(
        self,
        partition: Partition,
        ends: super::Ends,
    ) -> Result<(), PositionError> {
        let Self { stream_id: expected, sequence } = self;
        let found = ends.id.ok_or(PositionError::NoId { partition })?;
        if found != expected {
            return Err(PositionError::AnotherStream { partition, expected, found });
        }
        if sequence > ends.last {
            return Err(PositionError::Older { partition, sequence, last: ends.last });
        }
        if ends.first > sequence + 1 {
            return Err(PositionError::Trimmed { partition, sequence, first: ends.first });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Ends;
    use super::*;

    const LOG: Partition = Partition::LOG;

    fn at(sequence: Sequence) -> Position {
        Position { stream_id: Uuid::from_u128(1), sequence }
    }

    #[test]
    fn a_cursor_goes_on_only_where_nothing_is_missing() {
        let ends = Ends { first: 5, last: 9, id: Some(Uuid::from_u128(1)) };
        for sequence in 4..=9 {
            assert_eq!(at(sequence).check(LOG, ends), Ok(()));
        }
        let trimmed = PositionError::Trimmed { partition: LOG, sequence: 3, first: 5 };
        assert_eq!(at(3).check(LOG, ends), Err(trimmed));
        let older = PositionError::Older { partition: LOG, sequence: 10, last: 9 };
        assert_eq!(at(10).check(LOG, ends), Err(older));
    }

    #[test]
    fn a_stream_made_anew_is_refused() {
        let ends = Ends { first: 1, last: 9, id: Some(Uuid::from_u128(2)) };
        let error = at(4).check(LOG, ends).unwrap_err();
        assert!(matches!(error, PositionError::AnotherStream { .. }), "{error}");
        let unnamed = Ends { id: None, ..ends };
        assert_eq!(at(4).check(LOG, unnamed), Err(PositionError::NoId { partition: LOG }));
    }
}
