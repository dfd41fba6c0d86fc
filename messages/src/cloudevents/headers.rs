//! Attributes as headers: `ce-` names, percent-encoded values (NATS and HTTP bindings of CloudEvents 1.0).

use super::attributes::{ATTRIBUTES, Attributes, position};
use super::{ATTRIBUTE_BYTES_MAX, CloudEventError};
use crate::json::shorten;
use std::fmt::Write;

/// What the header of an attribute begins with.
const PREFIX: &str = "ce-";
/// Longest header value that is decoded, in bytes: every byte of the longest attribute percent-encoded, in quotes.
const HEADER_BYTES_MAX: usize = 3 * ATTRIBUTE_BYTES_MAX + 2;

impl Attributes {
    /// Reads the attributes among `headers`; other headers, and extensions that nobody here knows, are passed over.
    ///
    /// # Errors
    /// [`CloudEventError`] naming the attribute that appears twice, is too long or is not text.
    pub fn from_headers<'h>(
        headers: impl IntoIterator<Item = (&'h [u8], &'h [u8])>,
    ) -> Result<Self, CloudEventError> {
        let mut attributes = Self::default();
        for (name, value) in headers {
            let Ok(name) = std::str::from_utf8(name) else {
                continue;
            };
            let name = name.to_ascii_lowercase();
            if name == "content-type" {
                attributes.content_type = std::str::from_utf8(value).ok().map(shorten);
            } else if name == "traceparent" {
                attributes.carried = std::str::from_utf8(value).ok().map(str::to_owned);
            } else if let Some(known) = name.strip_prefix(PREFIX).and_then(position) {
                attributes.add(known, decode(ATTRIBUTES[known], value)?)?;
            }
        }
        Ok(attributes)
    }

    /// The headers of these attributes, in their order.
    #[must_use]
    pub fn to_headers(&self) -> Vec<(String, String)> {
        self.iter().map(|(name, value)| (format!("{PREFIX}{name}"), encode(value))).collect()
    }
}

/// Percent-encodes space, double quote, percent and everything but printable ASCII.
fn encode(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_graphic() && !matches!(byte, b'"' | b'%') {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("writing to a string cannot fail");
        }
    }
    encoded
}

/// Unquotes, then decodes percent signs once; what is not UTF-8 afterwards is refused.
fn decode(attribute: &'static str, value: &[u8]) -> Result<String, CloudEventError> {
    if value.len() > HEADER_BYTES_MAX {
        return Err(CloudEventError::TooLong { attribute, bytes: value.len() });
    }
    let unquoted = unquote(value.trim_ascii());
    percent_decode(&unquoted)
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or(CloudEventError::NotText { attribute })
}

/// The content of a double-quoted string (RFC 7230, section 3.2.6), or the value itself.
fn unquote(value: &[u8]) -> Vec<u8> {
    let [b'"', quoted @ .., b'"'] = value else {
        return value.to_vec();
    };
    let mut bytes = quoted.iter();
    let mut unquoted = Vec::with_capacity(quoted.len());
    while let Some(byte) = bytes.next() {
        let escaped = if *byte == b'\\' { bytes.next() } else { None };
        unquoted.push(*escaped.unwrap_or(byte));
    }
    unquoted
}

fn percent_decode(encoded: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = encoded.iter();
    let mut decoded = Vec::with_capacity(encoded.len());
    while let Some(byte) = bytes.next() {
        if *byte == b'%' {
            let digit = |byte: &u8| char::from(*byte).to_digit(16);
            let value = digit(bytes.next()?)? * 16 + digit(bytes.next()?)?;
            decoded.push(u8::try_from(value).ok()?);
        } else {
            decoded.push(*byte);
        }
    }
    Some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the NATS binding.
    #[test]
    fn values_are_encoded_as_in_the_binding() {
        let encoded = "Euro%20%E2%82%AC%20%F0%9F%98%80";
        assert_eq!(encode("Euro € 😀"), encoded);
        assert_eq!(decode("source", encoded.as_bytes()).unwrap(), "Euro € 😀");
        assert_eq!(decode("source", encoded.to_ascii_lowercase().as_bytes()).unwrap(), "euro € 😀");
    }

    #[test]
    fn quoted_values_and_needless_encoding_are_read() {
        assert_eq!(decode("source", br#" "a \"b\" c" "#).unwrap(), r#"a "b" c"#);
        assert_eq!(decode("source", b"%61").unwrap(), "a");
    }

    #[test]
    fn what_is_not_utf_8_is_refused_by_name() {
        let not_text = Err(CloudEventError::NotText { attribute: "source" });
        for value in [&b"%C0%A0"[..], b"\xff", b"%", b"%2", b"%zz"] {
            assert_eq!(decode("source", value), not_text);
        }
    }
}
