//! JSON Schema (draft 2020-12) of the language, made from the tables that check it.

use super::shape::{Field, Record, Shape, Text, Verb};
use super::vocabulary::events;
use super::words;
use serde_json::{Map, Value, json};

/// The schema of scripts and of files with steps.
#[must_use]
pub fn schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:aurorasync:scenario.v1",
        "title": "AuroraSync scenario",
        "oneOf": [record(&words::SCENARIO), record(&words::FRAGMENT)],
        "$defs": { "step": { "oneOf": words::VERBS.iter().map(step).collect::<Vec<_>>() } },
    })
}

fn record(record: &Record) -> Value {
    let properties = record.fields.iter().map(property).collect();
    let required: Vec<&str> =
        record.fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    object(record.about, properties, &required)
}

fn property(field: &Field) -> (String, Value) {
    let mut schema = shape(field.shape);
    if let Some(map) = schema.as_object_mut() {
        map.insert("description".to_owned(), field.about.into());
    }
    (field.name.to_owned(), schema)
}

fn object(about: &str, properties: Map<String, Value>, required: &[&str]) -> Value {
    json!({
        "type": "object",
        "description": about,
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

/// A step with one verb and the attributes that go with it.
fn step(verb: &Verb) -> Value {
    let mut properties = Map::from_iter([(verb.name.to_owned(), shape(verb.shape))]);
    let attributes = words::ATTRIBUTES.fields.iter();
    properties
        .extend(attributes.filter(|field| verb.attributes.contains(&field.name)).map(property));
    object(verb.about, properties, &[verb.name])
}

fn shape(shape: &Shape) -> Value {
    match shape {
        Shape::Text(kind) => text(*kind),
        Shape::Word(words) => json!({ "enum": words }),
        Shape::Whole(low, high) => json!({ "type": "integer", "minimum": low, "maximum": high }),
        Shape::Number(low, high) => json!({ "type": "number", "minimum": low, "maximum": high }),
        Shape::True => json!({ "const": true }),
        Shape::Anything => json!({}),
        Shape::List(item) => json!({ "type": "array", "minItems": 1, "items": self::shape(item) }),
        Shape::Record(of) => record(of),
        Shape::Names(value) => json!({
            "type": "object",
            "propertyNames": { "pattern": NAME },
            "additionalProperties": self::shape(value),
        }),
        Shape::Family(family) => {
            json!({ "oneOf": family.iter().map(|of| record(of)).collect::<Vec<_>>() })
        }
        Shape::Either(one, other) => json!({ "oneOf": [self::shape(one), self::shape(other)] }),
        Shape::Step => json!({ "$ref": "#/$defs/step" }),
    }
}

const NAME: &str = "^[a-z][a-z0-9_]{0,63}$";

fn text(kind: Text) -> Value {
    match kind {
        Text::Words => {
            json!({ "type": "string", "minLength": 1, "maxLength": super::texts::WORDS_CHARS_MAX })
        }
        Text::Reference => json!({ "type": "string", "pattern": "^\\S+$" }),
        Text::Name => json!({ "type": "string", "pattern": NAME }),
        Text::Slug => json!({ "type": "string", "pattern": "^[a-z][a-z0-9-]{0,63}$" }),
        Text::Span => json!({ "type": "string", "pattern": "^[0-9]+(ms|s|m|h|d)$" }),
        Text::Rate => json!({ "type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?/(s|m|h|d)$" }),
        Text::Moment => json!({ "type": "string", "format": "date-time" }),
        Text::Where | Text::That | Text::Taken | Text::Measure => json!({
            "type": "string",
            "minLength": 1,
            "maxLength": crate::expression::EXPRESSION_CHARS_MAX,
        }),
        Text::Event => json!({ "enum": events() }),
        Text::Agent | Text::Agents | Text::Fault | Text::Profile => {
            json!({ "type": "string", "minLength": 1 })
        }
    }
}
