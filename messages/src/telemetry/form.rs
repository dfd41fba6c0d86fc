//! Tells the three forms of telemetry apart and reads each.

use super::{BODY_BYTES_MAX, FrameError, Parsed, Telemetry, json as bare};
use crate::cloudevents::{Attributes, Event};
use crate::json::{self, Object};
use crate::message::{Encoding, Message};
use crate::record;

/// Reads what `asset` of `fleet` sent: bare JSON, or a CloudEvent in structured or binary mode.
///
/// `headers` are those of the NATS message or HTTP request. The mode is decided as the CloudEvents bindings say: a
/// content type of `application/cloudevents` means structured, otherwise `ce-specversion` means binary. A transport
/// without headers (MQTT 3.1.1) sends structured events whose `specversion` tells them from bare JSON.
///
/// # Errors
/// [`FrameError`] when nothing of the body can be taken.
pub fn parse<'h>(
    fleet: &str,
    asset: &str,
    headers: impl IntoIterator<Item = (&'h [u8], &'h [u8])>,
    body: &[u8],
) -> Result<Parsed, FrameError> {
    if body.len() > BODY_BYTES_MAX {
        return Err(FrameError::TooLarge { bytes: body.len() });
    }
    let attributes = Attributes::from_headers(headers)?;
    let parsed = parse_form(fleet, asset, &attributes, body)?;
    let traceparent = parsed.traceparent.or_else(|| attributes.trace());
    Ok(Parsed { traceparent, ..parsed })
}

fn parse_form(
    fleet: &str,
    asset: &str,
    attributes: &Attributes,
    body: &[u8],
) -> Result<Parsed, FrameError> {
    if attributes.is_binary_mode() {
        attributes.require_version()?;
        let encoding = attributes.encoding()?;
        return parse_data(fleet, asset, attributes, encoding, body);
    }
    json::check_depth(body)?;
    let text = std::str::from_utf8(body).map_err(|_| FrameError::NotUtf8)?;
    if attributes.is_structured_mode() || has_spec_version(text)? {
        let event = Event::from_object(Object::parse(text)?)?;
        return parse_data(fleet, asset, &event.attributes, event.encoding, &event.data);
    }
    bare::parse_text(fleet, asset, text)
}

/// Whether `text` is a CloudEvent. Only a text that has the word at all is taken apart to see where.
fn has_spec_version(text: &str) -> Result<bool, FrameError> {
    Ok(text.contains("\"specversion\"") && Object::parse(text)?.has("specversion"))
}

fn parse_data(
    fleet: &str,
    asset: &str,
    attributes: &Attributes,
    encoding: Encoding,
    data: &[u8],
) -> Result<Parsed, FrameError> {
    let name = attributes.required("type")?;
    if name != Telemetry::NAME {
        return Err(FrameError::Type { found: json::shorten(name) });
    }
    let event_id = Some(attributes.required("id")?.to_owned());
    attributes.required("source")?;
    if let Some(subject) = attributes.get("subject") {
        check_identity(subject, asset)?;
    }
    let traceparent = attributes.trace();
    match encoding {
        Encoding::Json => Ok(Parsed { event_id, traceparent, ..bare::parse(fleet, asset, data)? }),
        Encoding::Postcard => {
            let frame: Telemetry = record::decode(data)?;
            check_identity(&frame.fleet, fleet)?;
            check_identity(&frame.asset, asset)?;
            Ok(Parsed { frame, refused: Vec::new(), event_id, traceparent })
        }
    }
}

fn check_identity(found: &str, expected: &str) -> Result<(), FrameError> {
    if found == expected {
        Ok(())
    } else {
        Err(FrameError::Identity { found: json::shorten(found), expected: expected.to_owned() })
    }
}
