//! The whole log of a run, a line each, the same for the same script, seed and build.

use crate::measure::Record;
use serde_json::{Value, json};
use std::fmt::Write;

/// All records as JSON lines, in the order in which they came: what travels is left out, and so is the machine's time.
#[must_use]
pub fn events(records: &[Record]) -> String {
    let mut text = String::new();
    for record in records {
        writeln!(text, "{}", event(record)).expect("a string takes every line");
    }
    text
}

/// A record as one of these lines has it.
#[must_use]
pub fn event(record: &Record) -> Value {
    let envelope = &record.envelope;
    json!({
        "number": record.index + 1,
        "stream": record.stream.name(),
        "at": envelope.time,
        "event": envelope.name,
        "class": envelope.class.token(),
        "by": envelope.source,
        "key": envelope.key,
        "id": envelope.id,
        "case": record.case(),
        "because_of": envelope.causation_id,
        "provenance": envelope.provenance.name(),
        "data": record.fields(),
    })
}
