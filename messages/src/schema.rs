//! JSON Schema of a type, found by letting it read: what it asks for is what it has.
//!
//! A type is given made-up values of whatever it asks for, once for each variant of its choices, and what it asked is
//! written down. So no list of fields stands beside the types. A text that must have a form is given one form after the
//! other until it is taken; a field is required when the type cannot do without.

mod trace;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use trace::{Asked, Trace};

/// Most readings of one type; a type that is not known by then has no schema.
pub const READINGS_MAX: usize = 20_000;

/// Forms that a text may have to have, with their names in JSON Schema; the first is any text.
const FORMS: [(&str, Option<&str>); 4] = [
    ("text", None),
    ("2026-03-02T06:00:00Z", Some("date-time")),
    ("00000000-0000-0000-0000-000000000000", Some("uuid")),
    // Twelve bytes.
    ("AAAAAAAAAAAAAAAA", Some("byte")),
];

/// Why a type has no schema.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a made-up value cannot be read at `{path}`: {reason}")]
pub struct SchemaError {
    /// Where it stopped.
    pub path: String,
    /// Why.
    pub reason: String,
}

/// The JSON Schema (2020-12) of `T` as it is written as JSON.
///
/// # Errors
/// [`SchemaError`] when `T` takes no made-up value.
pub fn schema_of<T: DeserializeOwned>() -> Result<Value, SchemaError> {
    let mut plan = Plan { base: 1, ..Plan::default() };
    let asked = plan.learn::<T>()?;
    for (path, round) in plan.fields.clone() {
        let without = Plan { left_out: Some(path.clone()), ..plan.clone() };
        if without.read::<T>(round).0.is_ok() {
            plan.optional.insert(path);
        }
    }
    Ok(plan.schema(&asked, ""))
}

/// How made-up values are chosen.
#[derive(Clone, Default)]
struct Plan {
    /// Which of [`FORMS`] the text at a path has.
    form_by_path: BTreeMap<String, usize>,
    /// Fields that were asked for, with the round that did so first.
    fields: BTreeMap<String, usize>,
    /// Those that a type can do without.
    optional: BTreeSet<String>,
    /// The field that is not given.
    left_out: Option<String>,
    /// Variants of the choice that has most: rounds are numbers to this base, with a digit for each depth of choices.
    base: usize,
}

impl Plan {
    /// Reads until every form is found and every variant was seen.
    fn learn<T: DeserializeOwned>(&mut self) -> Result<Asked, SchemaError> {
        let mut all = Asked::Anything;
        let mut round = 0;
        for _ in 0..READINGS_MAX {
            let (read, trace) = self.read::<T>(round);
            if let Err(reason) = read {
                self.try_another_form(trace, reason)?;
                continue;
            }
            if trace.variants_max > self.base {
                (self.base, round) = (trace.variants_max, 0);
                continue;
            }
            for path in trace.fields {
                self.fields.entry(path).or_insert(round);
            }
            all = all.and(trace.asked);
            round += 1;
            if round >= self.base.pow(trace.choices_deep) {
                return Ok(all);
            }
        }
        Err(SchemaError { path: String::new(), reason: "there is no end of it".to_owned() })
    }

    fn read<T: DeserializeOwned>(&self, round: usize) -> (Result<(), String>, Trace) {
        let mut trace = Trace::default();
        let read = T::deserialize(trace.reader(self, round));
        (read.map(drop).map_err(|error| error.to_string()), trace)
    }

    fn try_another_form(&mut self, trace: Trace, reason: String) -> Result<(), SchemaError> {
        let path = trace.last_text.unwrap_or_default();
        let form = self.form_by_path.entry(path.clone()).or_default();
        *form += 1;
        if *form < FORMS.len() { Ok(()) } else { Err(SchemaError { path, reason }) }
    }

    /// Which variant is given at `path` in `round`.
    fn variant(&self, round: usize, path: &str) -> usize {
        let depth = path.matches('<').count();
        let depth = u32::try_from(depth).unwrap_or(u32::MAX);
        round / self.base.saturating_pow(depth) % self.base
    }

    /// The text given at `path`.
    fn text(&self, path: &str) -> &'static str {
        FORMS[self.form_by_path.get(path).copied().unwrap_or_default()].0
    }

    fn schema(&self, asked: &Asked, path: &str) -> Value {
        match asked {
            Asked::Anything => json!({}),
            Asked::Nothing => json!({ "type": "null" }),
            Asked::Flag => json!({ "type": "boolean" }),
            Asked::Number => json!({ "type": "number" }),
            Asked::Whole { from_zero: false } => json!({ "type": "integer" }),
            Asked::Whole { from_zero: true } => json!({ "type": "integer", "minimum": 0 }),
            Asked::Text => self.text_schema(path),
            Asked::Maybe(some) => {
                json!({ "anyOf": [self.schema(some, path), { "type": "null" }] })
            }
            Asked::List(item) => {
                json!({ "type": "array", "items": self.schema(item, &format!("{path}[]")) })
            }
            Asked::Tuple(items) => {
                let item = |(index, item)| self.schema(item, &format!("{path}[{index}]"));
                let items: Vec<Value> = items.iter().enumerate().map(item).collect();
                let count = items.len();
                json!({ "type": "array", "prefixItems": items, "minItems": count, "maxItems": count })
            }
            Asked::Map(value) => {
                let value = self.schema(value, &format!("{path}{{}}"));
                json!({ "type": "object", "additionalProperties": value })
            }
            Asked::Object(fields) => self.object(fields, path),
            Asked::OneOf(variants) => self.one_of(variants, path),
        }
    }

    fn text_schema(&self, path: &str) -> Value {
        let form = self.form_by_path.get(path).and_then(|form| FORMS[*form].1);
        match form {
            Some(form) => json!({ "type": "string", "format": form }),
            None => json!({ "type": "string" }),
        }
    }

    fn object(&self, fields: &BTreeMap<String, Asked>, path: &str) -> Value {
        let place = |name: &str| format!("{path}.{name}");
        let properties: Map<String, Value> = fields
            .iter()
            .map(|(name, asked)| (name.clone(), self.schema(asked, &place(name))))
            .collect();
        let required: Vec<&String> =
            fields.keys().filter(|name| !self.optional.contains(&place(name))).collect();
        let mut schema = json!({ "type": "object", "properties": properties });
        if !required.is_empty() {
            schema["required"] = json!(required);
        }
        schema
    }

    /// Variants without a value are texts, those with one are objects of one field.
    fn one_of(&self, variants: &BTreeMap<String, Option<Asked>>, path: &str) -> Value {
        let names: Vec<&String> =
            variants.iter().filter(|(_, value)| value.is_none()).map(|(name, _)| name).collect();
        let mut choices = Vec::new();
        if !names.is_empty() {
            choices.push(json!({ "type": "string", "enum": names }));
        }
        for (name, value) in variants {
            let Some(value) = value else { continue };
            let value = self.schema(value, &format!("{path}<{name}>"));
            choices.push(json!({
                "type": "object", "properties": { name: value }, "required": [name],
                "additionalProperties": false,
            }));
        }
        if choices.len() == 1 { choices.remove(0) } else { json!({ "oneOf": choices }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize)]
    #[serde(rename_all = "snake_case")]
    #[expect(dead_code, reason = "only its form counts")]
    enum Choice {
        Nothing,
        AsWell,
        Something { of: Option<Inner>, number: u8 },
        Other(Inner),
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Inner {
        This,
        That,
    }

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its form counts")]
    struct Whole {
        at: crate::Timestamp,
        id: crate::MessageId,
        name: String,
        #[serde(default)]
        later: bool,
        amounts: Vec<(String, f64)>,
        choice: Choice,
    }

    #[test]
    fn a_type_is_described_by_what_it_asks_for() {
        let schema = schema_of::<Whole>().unwrap();
        assert_eq!(schema["required"], json!(["amounts", "at", "choice", "id", "name"]));
        let properties = &schema["properties"];
        assert_eq!(properties["at"], json!({ "type": "string", "format": "date-time" }));
        assert_eq!(properties["id"], json!({ "type": "string", "format": "uuid" }));
        assert_eq!(properties["name"], json!({ "type": "string" }));
        assert_eq!(properties["later"], json!({ "type": "boolean" }));
        let pair = json!([{ "type": "string" }, { "type": "number" }]);
        assert_eq!(properties["amounts"]["items"]["prefixItems"], pair);
    }

    #[test]
    fn every_variant_is_described_also_those_within_others() {
        let schema = schema_of::<Whole>().unwrap();
        let inner = json!({ "type": "string", "enum": ["that", "this"] });
        let other = |name: &str, value: Value| {
            json!({ "type": "object", "properties": { name: value }, "required": [name],
                "additionalProperties": false })
        };
        let something = json!({
            "type": "object", "required": ["number"],
            "properties": {
                "number": { "type": "integer", "minimum": 0 },
                "of": { "anyOf": [inner, { "type": "null" }] },
            },
        });
        let names = json!({ "type": "string", "enum": ["as_well", "nothing"] });
        let wanted = [names, other("other", inner.clone()), other("something", something)];
        assert_eq!(schema["properties"]["choice"]["oneOf"], json!(wanted));
    }

    #[test]
    fn a_type_that_takes_no_made_up_value_is_refused_with_its_place() {
        #[derive(Debug, Deserialize)]
        #[expect(dead_code, reason = "only its form counts")]
        struct Strange {
            code: std::net::IpAddr,
        }
        assert_eq!(schema_of::<Strange>().unwrap_err().path, ".code");
    }
}
