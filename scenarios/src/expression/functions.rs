//! The functions that every expression has.

use super::vocabulary::{Function, Type};
use messages::Timestamp;
use serde_json::Value;

/// All of them; those that take a condition over each item, and `has`, are computed by the evaluator.
pub(super) const FUNCTIONS: &[Function] = &[
    ordered("has", "whether the field is there and not null", &[("field", Type::Any)], Type::Flag),
    ordered("len", "how many items or characters", &[("of", Type::Any)], Type::Number),
    ordered(
        "contains",
        "whether a text or list holds something",
        &[("in", Type::Any), ("what", Type::Any)],
        Type::Flag,
    ),
    ordered("abs", "a number without its sign", &[("number", Type::Number)], Type::Number),
    ordered(
        "hours",
        "hours from one moment to another, negative when it is earlier",
        &[("from", Type::Text), ("to", Type::Text)],
        Type::Number,
    ),
    ordered(
        "local_hour",
        "hour of the day of a moment in a time zone, with its part: 21.5",
        &[("moment", Type::Text), ("zone", Type::Text)],
        Type::Number,
    ),
    ordered(
        "any",
        "whether one item fits",
        &[("list", Type::List), ("fits", Type::Each)],
        Type::Flag,
    ),
    ordered(
        "all",
        "whether every item fits",
        &[("list", Type::List), ("fits", Type::Each)],
        Type::Flag,
    ),
    ordered(
        "count",
        "how many items fit",
        &[("list", Type::List), ("fits", Type::Each)],
        Type::Number,
    ),
];

const fn ordered(
    name: &'static str,
    about: &'static str,
    parameters: &'static [(&'static str, Type)],
    gives: Type,
) -> Function {
    Function { name, about, parameters, named: false, gives }
}

/// Computes `name` over `arguments`, or says why not.
pub(super) fn compute(name: &str, arguments: &[Value]) -> Result<Value, String> {
    match (name, arguments) {
        ("len", [Value::Array(items)]) => Ok(items.len().into()),
        ("len", [Value::String(text)]) => Ok(text.chars().count().into()),
        ("len", [Value::Object(fields)]) => Ok(fields.len().into()),
        ("contains", [Value::Array(items), what]) => {
            Ok(items.iter().any(|item| same(item, what)).into())
        }
        ("contains", [Value::String(text), Value::String(what)]) => {
            Ok(text.contains(what.as_str()).into())
        }
        ("abs", [Value::Number(number)]) => Ok(number.as_f64().unwrap_or_default().abs().into()),
        ("hours", [Value::String(from), Value::String(to)]) => {
            let (from, to) = (moment(from)?, moment(to)?);
            Ok(((to.as_millis() - from.as_millis()) as f64 / 3_600_000.0).into())
        }
        ("local_hour", [Value::String(at), Value::String(zone)]) => local_hour(at, zone),
        _ => {
            let shown: Vec<String> = arguments.iter().map(super::evaluate::shown).collect();
            Err(format!("`{name}` cannot be computed of {}", shown.join(", ")))
        }
    }
}

/// Whether two values are the same; numbers by their value.
pub(super) fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64() == right.as_f64(),
        _ => left == right,
    }
}

fn moment(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|error: messages::time::TimestampError| error.to_string())
}

fn local_hour(at: &str, zone: &str) -> Result<Value, String> {
    let moment = jiff::Timestamp::from_millisecond(moment(at)?.as_millis())
        .map_err(|error| error.to_string())?;
    let zoned = moment.in_tz(zone).map_err(|error| format!("time zone `{zone}`: {error}"))?;
    Ok((f64::from(zoned.hour()) + f64::from(zoned.minute()) / 60.0).into())
}
