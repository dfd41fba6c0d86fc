//! What the schemas say is what is written: the golden JSON of every message is held against the schema of its type.

use crate::golden::read;
use messages::Encoding;
use messages::catalogue::CATALOGUE;
use serde_json::Value;

/// Where `value` is not as `schema` says, or has what the schema does not name.
fn check(schema: &Value, value: &Value, path: &str) -> Result<(), String> {
    let wrong = || Err(format!("`{path}` is {value}, expected {schema}"));
    for form in ["anyOf", "oneOf"] {
        if let Some(choices) = schema[form].as_array() {
            let fits = choices.iter().filter(|one| check(one, value, path).is_ok()).count();
            return if fits == 1 || (fits > 1 && form == "anyOf") { Ok(()) } else { wrong() };
        }
    }
    if schema["enum"].as_array().is_some_and(|names| !names.contains(value)) {
        return wrong();
    }
    match (schema["type"].as_str(), value) {
        (None, _)
        | (Some("null"), Value::Null)
        | (Some("boolean"), Value::Bool(_))
        | (Some("number"), Value::Number(_))
        | (Some("string"), Value::String(_)) => Ok(()),
        (Some("integer"), Value::Number(number)) if !number.is_f64() => Ok(()),
        (Some("array"), Value::Array(items)) => {
            let of = |index: usize| schema["prefixItems"].get(index).unwrap_or(&schema["items"]);
            let mut items = items.iter().enumerate();
            items.try_for_each(|(index, item)| check(of(index), item, &format!("{path}[{index}]")))
        }
        (Some("object"), Value::Object(fields)) => {
            let required = schema["required"].as_array().into_iter().flatten();
            let missing =
                required.filter_map(Value::as_str).find(|name| !fields.contains_key(*name));
            if let Some(missing) = missing {
                return Err(format!("`{path}.{missing}` is missing"));
            }
            fields.iter().try_for_each(|(name, field)| {
                let known = schema["properties"].get(name);
                match known.or(schema.get("additionalProperties").filter(|it| it.is_object())) {
                    Some(schema) => check(schema, field, &format!("{path}.{name}")),
                    None => Err(format!("`{path}.{name}` is not in the schema")),
                }
            })
        }
        _ => wrong(),
    }
}

#[test]
fn every_message_is_written_as_its_schema_says() {
    for entry in CATALOGUE {
        let schema = (entry.describe)().unwrap_or_else(|error| panic!("{}: {error}", entry.name));
        assert_eq!(schema["type"], "object", "{}", entry.name);
        let golden = read(entry.name, entry.version, Encoding::Json);
        let golden: Value = serde_json::from_slice(&golden).unwrap();
        check(&schema, &golden, entry.name).unwrap_or_else(|wrong| panic!("{wrong}"));
    }
}

#[test]
fn what_the_schema_requires_cannot_be_left_out_and_the_rest_can() {
    for entry in CATALOGUE {
        let schema = (entry.describe)().unwrap();
        let golden = read(entry.name, entry.version, Encoding::Json);
        let golden: Value = serde_json::from_slice(&golden).unwrap();
        for name in golden.as_object().unwrap().keys() {
            let mut without = golden.clone();
            without.as_object_mut().unwrap().remove(name);
            let taken = (entry.show)(Encoding::Json, without.to_string().as_bytes()).is_ok();
            let required = schema["required"].as_array().unwrap().iter().any(|it| it == name);
            assert_eq!(taken, !required, "{}.{name}", entry.name);
        }
    }
}
