//! Structured mode: one JSON object with the attributes and `data` (JSON) or `data_base64` (postcard).

use super::attributes::{Attributes, position};
use super::{CloudEventError, STRUCTURED_BYTES_MAX};
use crate::json::{self, JsonError, Object};
use crate::message::Encoding;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::value::RawValue;

/// An event taken apart, not yet judged.
pub(crate) struct Event {
    pub(crate) attributes: Attributes,
    pub(crate) encoding: Encoding,
    pub(crate) data: Bytes,
}

impl Event {
    pub(super) fn parse(text: &[u8]) -> Result<Self, CloudEventError> {
        if text.len() > STRUCTURED_BYTES_MAX {
            return Err(CloudEventError::TooLarge { bytes: text.len() });
        }
        json::check_depth(text)?;
        let text = std::str::from_utf8(text)
            .map_err(|_| CloudEventError::Data { wanted: "UTF-8 text" })?;
        Self::from_object(Object::parse(text)?)
    }

    /// Takes an object apart whose size and depth have been checked.
    pub(crate) fn from_object(object: Object<'_>) -> Result<Self, CloudEventError> {
        let mut attributes = Attributes::default();
        let mut data = None;
        let mut data_base64 = None;
        for (name, value) in object {
            match &*name {
                "data" => data = Some(value),
                "data_base64" => data_base64 = Some(value),
                name => {
                    if let Some(known) = position(name) {
                        attributes.add(
                            known,
                            attribute_text(super::attributes::ATTRIBUTES[known], value)?,
                        )?;
                    }
                }
            }
        }
        attributes.require_version()?;
        let encoding = attributes.encoding()?;
        let data = read_data(encoding, data, data_base64)?;
        Ok(Self { attributes, encoding, data })
    }
}

/// Writes one JSON object; JSON data is embedded as it is.
pub(super) fn write(
    attributes: &Attributes,
    encoding: Encoding,
    data: &[u8],
) -> Result<String, CloudEventError> {
    let quote = |text: &str| serde_json::Value::from(text).to_string();
    let mut fields: Vec<String> =
        attributes.iter().map(|(name, value)| format!("\"{name}\":{}", quote(value))).collect();
    match encoding {
        _ if data.is_empty() => {}
        Encoding::Postcard => fields.push(format!("\"data_base64\":\"{}\"", STANDARD.encode(data))),
        Encoding::Json => {
            json::check_depth(data)?;
            let value: &RawValue = serde_json::from_slice(data)
                .map_err(|error| JsonError::Unexpected(error.to_string()))?;
            fields.push(format!("\"data\":{value}"));
        }
    }
    Ok(format!("{{{}}}", fields.join(",")))
}

/// The canonical text of an attribute: a string, a whole number or a truth value; `null` is absence.
fn attribute_text(attribute: &'static str, value: &RawValue) -> Result<String, CloudEventError> {
    let text = value.get();
    match text.as_bytes() {
        b"null" => Ok(String::new()),
        b"true" | b"false" | [b'-' | b'0'..=b'9', ..] => Ok(text.to_owned()),
        [b'"', ..] => {
            let text = json::string(value).ok_or(CloudEventError::NotText { attribute })?;
            Ok(text.into_owned())
        }
        _ => Err(CloudEventError::Invalid {
            attribute,
            value: json::shorten(text),
            wanted: "text, a whole number or a truth value",
        }),
    }
}

fn read_data(
    encoding: Encoding,
    data: Option<&RawValue>,
    data_base64: Option<&RawValue>,
) -> Result<Bytes, CloudEventError> {
    match (data, data_base64) {
        (None, None) => Ok(Bytes::new()),
        (Some(data), None) if encoding == Encoding::Json => {
            Ok(Bytes::copy_from_slice(data.get().as_bytes()))
        }
        (Some(_), None) => {
            Err(CloudEventError::Data { wanted: "in `data_base64`, as postcard must be" })
        }
        (None, Some(encoded)) => {
            let bytes = json::string(encoded).and_then(|text| STANDARD.decode(&*text).ok());
            bytes.map(Bytes::from).ok_or(CloudEventError::Data { wanted: "base64 (RFC 4648)" })
        }
        (Some(_), Some(_)) => {
            Err(CloudEventError::Data { wanted: "in one of `data` and `data_base64` only" })
        }
    }
}
