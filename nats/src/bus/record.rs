//! An envelope as a message of the server, and back.

use super::ask::Outgoing;
use super::{Producer, place};
use async_nats::HeaderMap;
use messages::Envelope;
use messages::cloudevents::Attributes;
use runtime::bus::BusError;
use runtime::store::Partition;

/// Longest block of headers that is written, in bytes; the server takes less than 64 KiB.
pub const HEADERS_BYTES_MAX: usize = 8 * 1024;

/// `envelope` as `producer` writes it to `target`.
pub(crate) fn outgoing(
    producer: &Producer,
    target: Partition,
    envelope: &Envelope,
) -> Result<Outgoing, BusError> {
    let refused = |what: String| BusError::Refused(format!("`{}`: {what}", envelope.name));
    let subject =
        place::subject(producer, target, envelope).map_err(|error| refused(error.to_string()))?;
    if let Some(what) = place::mismatch(&stored(&subject, target), envelope) {
        return Err(refused(format!("{what}; speak in your own name")));
    }
    let attributes = Attributes::of(envelope).map_err(|error| refused(error.to_string()))?;
    let mut headers = HeaderMap::new();
    let mut bytes = 0;
    for (name, value) in attributes.to_headers() {
        bytes += name.len() + value.len() + ": \r\n".len();
        headers.insert(name, value);
    }
    if bytes > HEADERS_BYTES_MAX {
        return Err(refused(format!(
            "its headers have {bytes} bytes, at most {HEADERS_BYTES_MAX} are taken; shorten its names"
        )));
    }
    Ok(Outgoing { subject, headers, payload: envelope.data.clone() })
}

/// The subject under which the server keeps what is written to `subject`: TELEMETRY puts the partition in.
fn stored(subject: &str, target: Partition) -> String {
    let tokens: Vec<&str> = subject.split('.').collect();
    match tokens[..] {
        ["aurora", "v1", "telemetry", fleet, asset] => {
            format!("aurora.v1.telemetry.{fleet}.{}.{asset}", target.index)
        }
        _ => subject.to_owned(),
    }
}

/// The envelope of a record kept under `subject`; else what is wrong with it.
pub(crate) fn envelope(message: &async_nats::Message) -> Result<Envelope, String> {
    let headers = message.headers.iter().flat_map(HeaderMap::iter);
    let headers = headers
        .flat_map(|(name, values)| values.iter().map(move |value| (name.as_ref(), value.as_str())));
    let headers = headers.map(|(name, value): (&str, &str)| (name.as_bytes(), value.as_bytes()));
    let attributes = Attributes::from_headers(headers).map_err(|error| error.to_string())?;
    let encoding = attributes.encoding().map_err(|error| error.to_string())?;
    let envelope = attributes
        .into_envelope(encoding, message.payload.clone())
        .map_err(|error| error.to_string())?;
    match place::mismatch(&message.subject, &envelope) {
        None => Ok(envelope),
        Some(what) => Err(what),
    }
}
