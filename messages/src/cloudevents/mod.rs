//! Envelopes as CloudEvents 1.0, so that any language and any tool can read and write what agents say.
//!
//! Binary mode puts each attribute into a header `ce-<attribute>` and the data into the body; structured mode puts
//! all into one JSON object. `Content-Type` is not set in binary mode, as the NATS binding wants: there it would
//! mean "structured".
//!
//! | attribute | field of [`Envelope`] | |
//! |---|---|---|
//! | `specversion` | | always `1.0` |
//! | `id` | `id` | a UUID |
//! | `type` | `name` | |
//! | `source` | `source` | |
//! | `subject` | `key` | left out when empty |
//! | `time` | `time` | RFC 3339, required here |
//! | `datacontenttype` | `encoding` | JSON when left out |
//! | `dataschema` | | `urn:aurorasync:schema:<schema>:<version>`, for postcard; checked against the data |
//! | `class` | `class` | ours, required |
//! | `provenance` | `provenance` | ours, required: nothing passes as measured by saying nothing |
//! | `caseid` | `case_id` | ours |
//! | `causationid` | `causation_id` | ours |
//! | `originstream`, `originpartition`, `originsequence`, `originindex` | `origin` | ours, all or none |
//! | `addressedto` | `addressed_to` | ours |
//! | `stage` | | ours, ISO 13374, from the catalogue; not read |
//! | `traceparent` | `traceparent` | distributed tracing extension |
//!
//! Other extensions are ignored. An attribute that appears twice, is too long or is not what it should be is an error
//! that names it.

mod attributes;
mod headers;
mod structured;

pub use attributes::Attributes;
pub(crate) use structured::Event;

use crate::envelope::Envelope;
use crate::json::JsonError;
use bytes::Bytes;

/// The only version of CloudEvents that is read and written.
pub const SPEC_VERSION: &str = "1.0";
/// Longest value of one attribute, in bytes of UTF-8.
pub const ATTRIBUTE_BYTES_MAX: usize = 1024;
/// Longest event in structured mode, in bytes (1 MiB): the longest data (a dead letter) in base64 and all attributes.
pub const STRUCTURED_BYTES_MAX: usize = 1024 * 1024;
/// Content type of structured mode.
pub const STRUCTURED_CONTENT_TYPE: &str = "application/cloudevents+json";

/// Why an event could not be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CloudEventError {
    /// A required attribute is not there, or empty.
    #[error("attribute `{attribute}` (header `ce-{attribute}`) is missing; set it")]
    Missing {
        /// The attribute.
        attribute: &'static str,
    },
    /// An attribute appears twice.
    #[error("attribute `{attribute}` (header `ce-{attribute}`) appears twice; send it once")]
    Duplicate {
        /// The attribute.
        attribute: &'static str,
    },
    /// An attribute is too long.
    #[error(
        "attribute `{attribute}` (header `ce-{attribute}`) has {bytes} bytes, more than the {ATTRIBUTE_BYTES_MAX} allowed"
    )]
    TooLong {
        /// The attribute.
        attribute: &'static str,
        /// Its length, in bytes.
        bytes: usize,
    },
    /// An attribute is not percent-encoded UTF-8, or has control characters.
    #[error(
        "attribute `{attribute}` (header `ce-{attribute}`) is not printable text; percent-encode it as UTF-8"
    )]
    NotText {
        /// The attribute.
        attribute: &'static str,
    },
    /// An attribute is text, but not of its kind.
    #[error("attribute `{attribute}` (header `ce-{attribute}`) is `{value}`; expected {wanted}")]
    Invalid {
        /// The attribute.
        attribute: &'static str,
        /// Beginning of the value.
        value: String,
        /// What it should be.
        wanted: &'static str,
    },
    /// The data is not where, or not what, the attributes say.
    #[error("data is not {wanted}")]
    Data {
        /// What it should be.
        wanted: &'static str,
    },
    /// A structured event is too long.
    #[error("event has {bytes} bytes, more than the {STRUCTURED_BYTES_MAX} allowed")]
    TooLarge {
        /// Its length, in bytes.
        bytes: usize,
    },
    /// A structured event is not JSON as it should be.
    #[error(transparent)]
    Json(#[from] JsonError),
}

/// The headers of `envelope` in binary mode, percent-encoded, in a fixed order; the body is [`Envelope::data`].
///
/// # Errors
/// [`CloudEventError`] when a field is empty that must not be, or does not fit into a header.
pub fn to_headers(envelope: &Envelope) -> Result<Vec<(String, String)>, CloudEventError> {
    Ok(Attributes::of(envelope)?.to_headers())
}

/// The envelope that came as `headers` and `data` in binary mode. Names of headers are read in any case.
///
/// # Errors
/// [`CloudEventError`] naming the attribute that is missing or wrong.
pub fn from_headers<'h>(
    headers: impl IntoIterator<Item = (&'h [u8], &'h [u8])>,
    data: Bytes,
) -> Result<Envelope, CloudEventError> {
    let attributes = Attributes::from_headers(headers)?;
    let encoding = attributes.encoding()?;
    attributes.into_envelope(encoding, data)
}

/// `envelope` in structured mode.
///
/// # Errors
/// [`CloudEventError`] when a field is empty that must not be, or JSON data is not JSON.
pub fn to_json(envelope: &Envelope) -> Result<String, CloudEventError> {
    structured::write(&Attributes::of(envelope)?, envelope.encoding, &envelope.data)
}

/// The envelope that came as `text` in structured mode.
///
/// # Errors
/// [`CloudEventError`] naming the attribute that is missing or wrong.
pub fn from_json(text: &[u8]) -> Result<Envelope, CloudEventError> {
    let Event { attributes, encoding, data } = Event::parse(text)?;
    attributes.into_envelope(encoding, data)
}
