//! What travels around a message: who said it, when, because of what, and how far it can be trusted.

use crate::finite::Finite;
use crate::id::MessageId;
use crate::message::{Class, Encoding, Message, Stream};
use crate::record::{DecodeError, EncodeError};
use crate::time::Timestamp;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Position in one partition's ordered input; the first record has 1, 0 means "before the first".
pub type Sequence = u64;

/// One message with all that is known about it.
///
/// On NATS each field is a header (CloudEvents 1.0 binary mode, see `cloudevents`); in the
/// embedded log the whole is one postcard value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    /// `ce-id`.
    pub id: MessageId,
    /// `ce-type`: [`Message::NAME`].
    pub name: String,
    /// Class of the message.
    pub class: Class,
    /// `ce-datacontenttype`.
    pub encoding: Encoding,
    /// `ce-source`: the principal that said it.
    pub source: String,
    /// `ce-subject`: the asset, owner … it is about.
    pub key: String,
    /// `ce-time`: when it was appended.
    pub time: Timestamp,
    /// `ce-provenance`.
    pub provenance: Provenance,
    /// `ce-caseid`.
    pub case_id: Option<Uuid>,
    /// `ce-causationid`: the message that led to this one.
    pub causation_id: Option<MessageId>,
    /// Where its producer stood when it said this; what a restarted producer resumes behind.
    pub origin: Option<Origin>,
    /// The one kind that shall hear it (a redelivery), or everyone who declared it.
    pub addressed_to: Option<String>,
    /// `ce-traceparent`: W3C trace context of the root.
    pub traceparent: Option<String>,
    /// The message in its encoding.
    pub data: Bytes,
}

/// Input position that an output came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Origin {
    /// The producer's input.
    pub stream: Stream,
    /// Partition of that input.
    pub partition: u16,
    /// Position of the message that was handled.
    pub sequence: Sequence,
    /// Which of its outputs this is, from 0.
    pub index: u32,
}

/// How far a message rests on measurement. Derived things take the weakest of what they rest on.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Provenance {
    /// Made by the simulator.
    Simulated,
    /// Recorded earlier and played again.
    Replayed,
    /// Sent by a device or a person now.
    #[default]
    Measured,
}

impl Provenance {
    /// All of them, the weakest first.
    pub const ALL: [Provenance; 3] =
        [Provenance::Simulated, Provenance::Replayed, Provenance::Measured];

    /// `ce-provenance`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Provenance::Simulated => "simulated",
            Provenance::Replayed => "replayed",
            Provenance::Measured => "measured",
        }
    }

    /// The provenance with this [`Provenance::name`].
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provenance| provenance.name() == name)
    }

    /// The weaker of two.
    #[must_use]
    pub fn weakest(self, other: Self) -> Self {
        self.min(other)
    }
}

impl Envelope {
    /// Wraps `message` as said by `source`; the appender sets [`Envelope::time`].
    ///
    /// # Errors
    /// [`EncodeError`] when the message is too large or inexpressible.
    pub fn new<M: Message>(
        id: MessageId,
        source: impl Into<String>,
        message: &M,
    ) -> Result<Self, EncodeError> {
        Ok(Self {
            id,
            name: M::NAME.to_owned(),
            class: M::CLASS,
            encoding: M::ENCODING,
            source: source.into(),
            key: message.key().to_owned(),
            time: Timestamp::EPOCH,
            provenance: Provenance::Measured,
            case_id: message.case().map(|case| case.0),
            causation_id: None,
            origin: None,
            addressed_to: None,
            traceparent: None,
            data: message.to_data()?.into(),
        })
    }

    /// The same with another provenance.
    #[must_use]
    pub fn with_provenance(mut self, provenance: Provenance) -> Self {
        self.provenance = provenance;
        self
    }

    /// Reads the data as `M`.
    ///
    /// # Errors
    /// [`DecodeError`] when the data is not an `M`.
    pub fn open<M: Message>(&self) -> Result<M, DecodeError> {
        M::from_data(self.encoding, &self.data)
    }
}

/// A number with its name, for lists that people read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Named {
    /// What it is.
    pub name: String,
    /// Its value; absent when it is not known.
    pub value: Option<Finite>,
}
