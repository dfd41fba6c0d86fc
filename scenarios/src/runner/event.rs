//! One event as conditions see it: its fields, and who said it when.

use crate::expression::Scope;
use crate::language::template::Bindings;
use crate::measure::Record;
use serde_json::Value;
use std::collections::BTreeMap;

/// Events that say several things of a kind: a condition may hold of any one of them.
const SEVERAL: &[(&str, &str)] = &[("failure.predicted", "hypotheses")];

/// An event, or one of the several things that it says.
#[derive(Clone, Copy)]
pub(super) struct Seen<'s> {
    pub(super) record: &'s Record,
    pub(super) one: Option<&'s Value>,
    pub(super) bindings: &'s Bindings,
}

impl<'s> Seen<'s> {
    /// The ways of looking at `record`: one for each thing that it says.
    pub(super) fn all(record: &'s Record, bindings: &'s Bindings) -> Vec<Self> {
        let list = SEVERAL.iter().find(|(name, _)| *name == record.name());
        let items = list.and_then(|(_, field)| record.fields().get(field)?.as_array());
        match items {
            Some(items) if !items.is_empty() => {
                items.iter().map(|one| Self { record, one: Some(one), bindings }).collect()
            }
            _ => vec![Self { record, one: None, bindings }],
        }
    }

    /// What the envelope knows, where the message has no such field.
    fn around(&self, name: &str) -> Option<Value> {
        let envelope = &self.record.envelope;
        Some(match name {
            "at" => envelope.time.to_string().into(),
            "by" => envelope.source.as_str().into(),
            "event" => envelope.name.as_str().into(),
            "key" => envelope.key.as_str().into(),
            "case" => self.record.case()?.into(),
            _ => return None,
        })
    }
}

impl Scope for Seen<'_> {
    fn field(&self, name: &str) -> Option<Value> {
        let one = self.one.and_then(|one| one.get(name)).cloned();
        one.or_else(|| self.record.fields().get(name).cloned()).or_else(|| self.around(name))
    }

    fn names(&self) -> Vec<String> {
        let fields = [self.one, Some(self.record.fields())].into_iter().flatten();
        let own = fields.filter_map(Value::as_object).flat_map(|fields| fields.keys().cloned());
        own.chain(["at", "by", "event", "key"].map(str::to_owned)).collect()
    }

    fn bindings(&self) -> &Bindings {
        self.bindings
    }

    fn measure(&self, name: &str, _: &BTreeMap<String, Value>) -> Result<Value, String> {
        Err(format!("`{name}` is asked of the log, not of an event"))
    }
}
