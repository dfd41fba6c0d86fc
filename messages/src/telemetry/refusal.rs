//! Why a frame, or one sample of it, was not taken: each reason with what to do about it.

use super::{
    BODY_BYTES_MAX, FRAME_SAMPLES_MAX, FRAME_SIGNALS_MAX, SIGNAL_NAME_BYTES_MAX, Telemetry,
    UNIT_BYTES_MAX,
};
use crate::cloudevents::CloudEventError;
use crate::json::JsonError;
use crate::record::DecodeError;
use serde::{Deserialize, Serialize};

/// What became of a body: the frame of all good samples, and an answer for each of the others.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// The samples that were taken, in their order. May have none. May need [`Telemetry::split`].
    pub frame: Telemetry,
    /// The samples that were not, by their index in the body.
    pub refused: Vec<Refused>,
    /// The id that the sender gave the CloudEvent around it; absent for bare JSON.
    pub event_id: Option<String>,
    /// The W3C trace context that the sender gave: the event's own, else that of the message around it.
    pub traceparent: Option<String>,
}

/// A sample that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Its index in the body, from 0.
    pub index: usize,
    /// Why, for programs.
    pub kind: RefusedKind,
    /// Why and what to do about it, for people.
    pub detail: String,
}

/// Why a sample was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusedKind {
    /// Not the object that a sample is: another value, an unknown field, a key that appears twice, a number beyond all floats.
    Malformed,
    /// No time, or none that is RFC 3339.
    Time,
    /// `seq` is not a whole number from 0 on.
    Sequence,
    /// A value that is not a number.
    Value,
    /// A name that is empty, too long or has control characters.
    Name,
    /// A unit that is none, or one for a signal that is not there.
    Unit,
    /// A trouble code that its scheme cannot have.
    Code,
    /// More signals than a sample, or more columns than a frame, may have.
    TooManySignals,
    /// More trouble codes than a sample may have.
    TooManyCodes,
}

/// Why a whole frame was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The body is too long.
    #[error(
        "body has {bytes} bytes, more than the {BODY_BYTES_MAX} allowed; send fewer samples at once"
    )]
    TooLarge {
        /// Its length, in bytes.
        bytes: usize,
    },
    /// Too many samples.
    #[error(
        "frame has {samples} samples, more than the {FRAME_SAMPLES_MAX} allowed; send fewer at once"
    )]
    TooManySamples {
        /// How many.
        samples: usize,
    },
    /// Too many columns.
    #[error(
        "frame has {columns} columns, more than the {FRAME_SIGNALS_MAX} allowed; send different signals in frames of their own"
    )]
    TooManyColumns {
        /// How many.
        columns: usize,
    },
    /// A column of a postcard frame is named twice or not at all.
    #[error(
        "column {index} is named twice, or its name is not 1 to {SIGNAL_NAME_BYTES_MAX} printable bytes, or its unit not 1 to {UNIT_BYTES_MAX}"
    )]
    Column {
        /// Its index.
        index: usize,
    },
    /// A sample of a postcard frame does not fit its columns or breaks a limit.
    #[error("sample {index} has not one value per column, or breaks a limit on signals or codes")]
    Sample {
        /// Its index.
        index: usize,
    },
    /// Not UTF-8.
    #[error("body is not UTF-8 text")]
    NotUtf8,
    /// Not JSON as it should be.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// Both or neither of the two ways to say it.
    #[error("expected either one sample with `t`, or `samples` with at least one; never both")]
    Shape,
    /// The CloudEvent around it.
    #[error(transparent)]
    Event(#[from] CloudEventError),
    /// Another type of event.
    #[error("event type `{found}` is not telemetry; expected `telemetry.received`")]
    Type {
        /// The type.
        found: String,
    },
    /// The frame speaks of another asset or fleet than it was sent for.
    #[error("frame is for `{found}` but was sent as `{expected}`; a device speaks for itself only")]
    Identity {
        /// Whom the frame names.
        found: String,
        /// Who sent it.
        expected: String,
    },
    /// Postcard that is no frame.
    #[error(transparent)]
    Record(#[from] DecodeError),
}
