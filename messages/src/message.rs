//! What every message has: a name, a class that decides where it travels, an encoding and a key.

use crate::id::CaseId;
use crate::json;
use crate::record::{self, DecodeError, EncodeError, Record};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A message type. Events are participles (`health.assessed`), commands imperative (`slot.hold`).
pub trait Message: Record + Clone + fmt::Debug + PartialEq + Send + Sync + 'static {
    /// Name on subjects, in wiring and in documents: lower case, one dot.
    const NAME: &'static str;
    /// Where it travels and what it means.
    const CLASS: Class;
    /// How its data is written. Readers take both encodings.
    const ENCODING: Encoding = Encoding::Postcard;
    /// Stage of ISO 13374 that it belongs to, if any.
    const STAGE: Option<Stage> = None;

    /// The last token of its subject: the asset, owner, centre … that it is about.
    fn key(&self) -> &str;

    /// The case that it belongs to, for those that belong to one.
    fn case(&self) -> Option<CaseId> {
        None
    }

    /// Writes the data in this type's encoding.
    ///
    /// # Errors
    /// [`EncodeError`] when the value is too large or inexpressible.
    fn to_data(&self) -> Result<Vec<u8>, EncodeError> {
        match Self::ENCODING {
            Encoding::Postcard => record::encode(self),
            Encoding::Json => to_json(self),
        }
    }

    /// Reads data in whichever `encoding` it was written.
    ///
    /// # Errors
    /// [`DecodeError`], one variant per way in which bytes can be wrong.
    fn from_data(encoding: Encoding, data: &[u8]) -> Result<Self, DecodeError> {
        match encoding {
            Encoding::Postcard => record::decode(data),
            Encoding::Json => from_json(data),
        }
    }
}

/// Writes JSON, within the size that a record of this type may have.
fn to_json<R: Record>(value: &R) -> Result<Vec<u8>, EncodeError> {
    let bytes =
        serde_json::to_vec(value).map_err(|error| EncodeError::Inexpressible(error.to_string()))?;
    if bytes.len() > R::BYTES_MAX {
        return Err(EncodeError::TooLarge { bytes: bytes.len() });
    }
    Ok(bytes)
}

/// Reads JSON, within the size and depth that a record of this type may have.
fn from_json<R: Record>(data: &[u8]) -> Result<R, DecodeError> {
    if data.len() > R::BYTES_MAX {
        return Err(DecodeError::TooLarge { bytes: data.len() });
    }
    json::check_depth(data).map_err(|error| DecodeError::Invalid(error.to_string()))?;
    json::check_object(data).map_err(|error| DecodeError::Invalid(error.to_string()))?;
    serde_json::from_slice(data).map_err(|error| DecodeError::Invalid(error.to_string()))
}

/// What a message is; decides the stream it is appended to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// What a device sent, as sent.
    Telemetry,
    /// One assessment per asset and window.
    Health,
    /// Something that happened.
    Event,
    /// Something that one agent is to do; exactly one kind handles each command type.
    Command,
    /// An agent's message to itself at a later time.
    Timer,
    /// Intent and outcome of something done to the outside world.
    Effect,
    /// What exists: assets, owners, centres, parts. Also copied into the streams of partitioned readers.
    Registry,
    /// What the runtime and its operators decide: config, models, redelivery. Copied like `Registry`.
    Control,
}

impl Class {
    /// All classes.
    pub const ALL: [Class; 8] = [
        Class::Telemetry,
        Class::Health,
        Class::Event,
        Class::Command,
        Class::Timer,
        Class::Effect,
        Class::Registry,
        Class::Control,
    ];

    /// The stream that holds messages of this class.
    #[must_use]
    pub const fn stream(self) -> Stream {
        match self {
            Class::Telemetry => Stream::Telemetry,
            Class::Health => Stream::Health,
            _ => Stream::Log,
        }
    }

    /// Token on subjects.
    #[must_use]
    pub const fn token(self) -> &'static str {
        match self {
            Class::Telemetry => "telemetry",
            Class::Health => "health",
            Class::Event => "event",
            Class::Command => "command",
            Class::Timer => "timer",
            Class::Effect => "effect",
            Class::Registry => "registry",
            Class::Control => "control",
        }
    }

    /// The class with this [`Class::token`].
    #[must_use]
    pub fn from_token(token: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.token() == token)
    }
}

/// The streams, in falling order of volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// What devices sent.
    Telemetry,
    /// `health.assessed`.
    Health,
    /// Everything else that any agent hears.
    Log,
    /// Messages that an agent could not handle, with the reason.
    Dead,
    /// Who did or was denied what, as a chain; no agent hears it.
    Audit,
}

impl Stream {
    /// All streams.
    pub const ALL: [Stream; 5] =
        [Stream::Telemetry, Stream::Health, Stream::Log, Stream::Dead, Stream::Audit];

    /// Name for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Stream::Telemetry => "telemetry",
            Stream::Health => "health",
            Stream::Log => "log",
            Stream::Dead => "dead",
            Stream::Audit => "audit",
        }
    }

    /// The stream with this [`Stream::name`].
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stream| stream.name() == name)
    }

    /// Whether readers share it by asset.
    #[must_use]
    pub const fn is_partitioned(self) -> bool {
        matches!(self, Stream::Telemetry | Stream::Health)
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How data is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// Versioned postcard, see [`crate::record`]; for what is frequent.
    Postcard,
    /// JSON; for what people and other languages read.
    Json,
}

impl Encoding {
    /// `ce-datacontenttype`.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Encoding::Postcard => "application/vnd.aurorasync.postcard",
            Encoding::Json => "application/json",
        }
    }

    /// The encoding with this [`Encoding::content_type`], whatever its case and parameters.
    #[must_use]
    pub fn from_content_type(content_type: &str) -> Option<Self> {
        let media_type = content_type.split(';').next()?.trim();
        [Encoding::Postcard, Encoding::Json]
            .into_iter()
            .find(|encoding| encoding.content_type().eq_ignore_ascii_case(media_type))
    }
}

/// Processing stage of ISO 13374 (condition monitoring).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Stage {
    /// Data acquisition.
    Da,
    /// Data manipulation.
    Dm,
    /// State detection.
    Sd,
    /// Health assessment.
    Ha,
    /// Prognostic assessment.
    Pa,
    /// Advisory generation.
    Ag,
}

impl Stage {
    /// `ce-stage`.
    #[must_use]
    pub const fn token(self) -> &'static str {
        match self {
            Stage::Da => "DA",
            Stage::Dm => "DM",
            Stage::Sd => "SD",
            Stage::Ha => "HA",
            Stage::Pa => "PA",
            Stage::Ag => "AG",
        }
    }
}
