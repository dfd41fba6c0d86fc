//! One record of the log as a story sees it: whatever its type, its fields as JSON.

use messages::catalogue::CATALOGUE;
use messages::{Encoding, Envelope, Stream, Timestamp};
use serde_json::Value;
use std::cell::OnceCell;
use std::sync::Arc;

/// One record.
#[derive(Debug)]
pub struct Record {
    /// Its place in the order in which the story saw records, from 0.
    pub index: usize,
    /// The stream that it stands on.
    pub stream: Stream,
    /// The message.
    pub envelope: Arc<Envelope>,
    fields: OnceCell<Value>,
}

impl Record {
    /// The record of `envelope`.
    #[must_use]
    pub fn new(index: usize, stream: Stream, envelope: Arc<Envelope>) -> Self {
        Self { index, stream, envelope, fields: OnceCell::new() }
    }

    /// When it was appended.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.envelope.time
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.envelope.name
    }

    /// Its fields; of a type that is in no list they are read if it is JSON. `null` where they cannot be read.
    #[must_use]
    pub fn fields(&self) -> &Value {
        self.fields.get_or_init(|| {
            let Envelope { name, encoding, data, .. } = &*self.envelope;
            match CATALOGUE.iter().find(|entry| entry.name == *name) {
                Some(known) => (known.show)(*encoding, data).unwrap_or(Value::Null),
                None if *encoding == Encoding::Json => {
                    serde_json::from_slice(data).unwrap_or(Value::Null)
                }
                None => Value::Null,
            }
        })
    }

    /// The text of field `name`.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.fields().get(name)?.as_str()
    }

    /// The asset that it is about, if it says so.
    #[must_use]
    pub fn asset(&self) -> Option<&str> {
        self.text("asset")
    }

    /// The case that it belongs to.
    #[must_use]
    pub fn case(&self) -> Option<String> {
        let own = self.text("case").map(str::to_owned);
        own.or_else(|| self.envelope.case_id.map(|id| id.hyphenated().to_string()))
    }
}
