//! An envelope with its message as JSON, for people: the data decoded by the catalogue, or the reason why not.

use crate::feed::position;
use messages::dead::DeadLettered;
use messages::{Encoding, Envelope, Message, Sequence, catalogue};
use runtime::control::ConfigApplied;
use runtime::store::Partition;
use runtime::timers::TimerFired;
use serde_json::{Map, Value, json};

/// The record at a position.
pub(crate) fn record(partition: Partition, sequence: Sequence, envelope: &Envelope) -> Value {
    let mut fields = Map::new();
    fields.insert("position".to_owned(), position(partition, sequence).into());
    fields.extend(described(envelope));
    Value::Object(fields)
}

/// An envelope that is no record of its own, such as the original in a dead letter.
pub(crate) fn envelope(envelope: &Envelope) -> Value {
    Value::Object(described(envelope))
}

fn described(envelope: &Envelope) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut set = |name: &str, value: Value| {
        if !value.is_null() {
            fields.insert(name.to_owned(), value);
        }
    };
    set("id", envelope.id.to_string().into());
    set("name", envelope.name.as_str().into());
    set("class", envelope.class.token().into());
    set("key", envelope.key.as_str().into());
    set("source", envelope.source.as_str().into());
    set("time", envelope.time.to_string().into());
    set("provenance", envelope.provenance.name().into());
    set("case_id", envelope.case_id.map(|id| id.to_string()).into());
    set("causation_id", envelope.causation_id.map(|id| id.to_string()).into());
    set("addressed_to", envelope.addressed_to.clone().into());
    set("traceparent", envelope.traceparent.clone().into());
    if let Some(origin) = envelope.origin {
        let partition = Partition { stream: origin.stream, index: origin.partition };
        set(
            "origin",
            json!({ "position": position(partition, origin.sequence), "index": origin.index }),
        );
    }
    match data(envelope) {
        Ok(data) => fields.insert("data".to_owned(), data),
        Err(reason) => fields.insert("undecoded".to_owned(), reason.into()),
    };
    fields
}

/// The message as JSON, or why it cannot be shown.
fn data(envelope: &Envelope) -> Result<Value, String> {
    if envelope.name == DeadLettered::NAME {
        return dead_letter(envelope);
    }
    if let Some(entry) = catalogue::find(&envelope.name) {
        return (entry.show)(envelope.encoding, &envelope.data).map_err(|error| error.to_string());
    }
    match envelope.name.as_str() {
        ConfigApplied::NAME => open::<ConfigApplied>(envelope),
        TimerFired::NAME => open::<TimerFired>(envelope),
        _ if envelope.encoding == Encoding::Json => {
            serde_json::from_slice(&envelope.data).map_err(|error| error.to_string())
        }
        name => Err(format!(
            "`{name}` is in no catalogue of this build ({} bytes)",
            envelope.data.len()
        )),
    }
}

fn open<M: Message>(envelope: &Envelope) -> Result<Value, String> {
    let message = envelope.open::<M>().map_err(|error| error.to_string())?;
    serde_json::to_value(message).map_err(|error| error.to_string())
}

/// A dead letter with its original shown as an envelope, not as bytes.
fn dead_letter(letter: &Envelope) -> Result<Value, String> {
    let dead = letter.open::<DeadLettered>().map_err(|error| error.to_string())?;
    let partition = Partition { stream: dead.position.stream, index: dead.position.partition };
    Ok(json!({
        "agent": dead.agent,
        "cause": dead.cause,
        "reason": dead.reason,
        "attempts": dead.attempts,
        "position": position(partition, dead.position.sequence),
        "original": envelope(&dead.original),
    }))
}
