//! Holds JSON to a JSON Schema: the keywords that the scenario schema uses, and a panic at any other.

use serde_json::Value;

/// Whether `schema`, a part of `root`, takes `value`.
pub(crate) fn accepts(root: &Value, schema: &Value, value: &Value) -> bool {
    let Some(keywords) = schema.as_object() else { panic!("no schema: {schema}") };
    keywords.iter().all(|(keyword, rule)| match keyword.as_str() {
        "$schema" | "$id" | "$defs" | "title" | "description" | "format" => true,
        "$ref" => accepts(root, referred(root, rule), value),
        "oneOf" => each(rule).iter().filter(|one| accepts(root, one, value)).count() == 1,
        "enum" => each(rule).contains(value),
        "const" => rule == value,
        "type" => is_of(rule.as_str().expect("a type is a text"), value),
        "minimum" => value.as_f64().is_none_or(|number| number >= float(rule)),
        "maximum" => value.as_f64().is_none_or(|number| number <= float(rule)),
        "minLength" => value.as_str().is_none_or(|text| text.chars().count() as f64 >= float(rule)),
        "maxLength" => value.as_str().is_none_or(|text| text.chars().count() as f64 <= float(rule)),
        "minItems" => value.as_array().is_none_or(|items| items.len() as f64 >= float(rule)),
        "pattern" => value.as_str().is_none_or(|text| fits(rule.as_str().expect("a text"), text)),
        "items" => {
            value.as_array().is_none_or(|items| items.iter().all(|it| accepts(root, rule, it)))
        }
        "required" => value.as_object().is_none_or(|fields| {
            each(rule).iter().all(|name| fields.contains_key(name.as_str().expect("a name")))
        }),
        "properties" => value.as_object().is_none_or(|fields| {
            let known = |name: &String| rule.get(name);
            fields.iter().all(|(name, it)| known(name).is_none_or(|below| accepts(root, below, it)))
        }),
        "propertyNames" => value.as_object().is_none_or(|fields| {
            fields.keys().all(|name| accepts(root, rule, &Value::from(name.as_str())))
        }),
        "additionalProperties" => value.as_object().is_none_or(|fields| {
            let known = keywords.get("properties").and_then(Value::as_object);
            let mut others =
                fields.iter().filter(|(name, _)| !known.is_some_and(|it| it.contains_key(*name)));
            match rule {
                Value::Bool(false) => others.next().is_none(),
                rule => others.all(|(_, it)| accepts(root, rule, it)),
            }
        }),
        other => panic!("the validator of the tests does not know `{other}`"),
    })
}

fn each(rule: &Value) -> &[Value] {
    rule.as_array().expect("a list")
}

fn float(rule: &Value) -> f64 {
    rule.as_f64().expect("a number")
}

fn referred<'s>(root: &'s Value, reference: &Value) -> &'s Value {
    let path =
        reference.as_str().and_then(|text| text.strip_prefix('#')).expect("a reference within");
    root.pointer(path).expect("what is referred to is there")
}

fn is_of(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        other => panic!("no type is named `{other}`"),
    }
}

/// Patterns of the schema, each spelled out.
fn fits(pattern: &str, text: &str) -> bool {
    let word = |fits: fn(char) -> bool| {
        text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.len() <= 64
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || fits(c))
    };
    match pattern {
        "^[a-z][a-z0-9_]{0,63}$" => word(|c| c == '_'),
        "^[a-z][a-z0-9-]{0,63}$" => word(|c| c == '-'),
        "^\\S+$" => !text.is_empty() && !text.contains(char::is_whitespace),
        "^[0-9]+(ms|s|m|h|d)$" => {
            let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
            unit.len() < text.len() && ["ms", "s", "m", "h", "d"].contains(&unit)
        }
        other => panic!("the validator of the tests does not know the pattern `{other}`"),
    }
}
