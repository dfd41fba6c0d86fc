//! Says in words what a value would have to be: whoever writes a file knows no types.

use serde_json::Value as Json;

/// Longest value that is shown whole, in characters.
const SHOWN_CHARS_MAX: usize = 80;

/// A value as it was written; of a long one, the beginning of its first line.
pub(super) fn shown(value: &Json) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let line = text.lines().next().unwrap_or_default();
    let beginning: String = line.chars().take(SHOWN_CHARS_MAX).collect();
    if beginning.len() == text.len() { text } else { format!("{beginning}…") }
}

/// `reason` without names of types, and what is `known` to be right.
pub(super) fn in_words(reason: &str, known: Option<&Json>) -> String {
    let wrong = ["invalid type: ", "invalid value: "].iter().any(|it| reason.starts_with(it));
    let Some((_, expected)) = reason.rsplit_once(", expected ").filter(|_| wrong) else {
        return reason.to_owned();
    };
    let wanted = kind(expected);
    match known {
        Some(Json::Object(fields)) if !fields.is_empty() => {
            let names: Vec<String> = fields.keys().map(|name| format!("`{name}`")).collect();
            format!("give a table of {}", names.join(", "))
        }
        Some(known @ (Json::Bool(_) | Json::Number(_) | Json::String(_))) => {
            format!("give {wanted}; `{}`, for example", shown(known))
        }
        _ => format!("give {wanted}"),
    }
}

fn kind(expected: &str) -> String {
    let whole = |least: i128, most: i128| format!("a whole number from {least} to {most}");
    match expected {
        "u8" => whole(0, u8::MAX.into()),
        "u16" => whole(0, u16::MAX.into()),
        "u32" => whole(0, u32::MAX.into()),
        "u64" | "usize" => "a whole number, 0 or more".to_owned(),
        "i8" => whole(i8::MIN.into(), i8::MAX.into()),
        "i16" => whole(i16::MIN.into(), i16::MAX.into()),
        "i32" => whole(i32::MIN.into(), i32::MAX.into()),
        "i64" | "isize" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "a boolean" => "`true` or `false`".to_owned(),
        "a string" | "a borrowed string" | "string" => "a text".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "a table".to_owned(),
        other if other.starts_with("struct ") => "a table".to_owned(),
        other if other.starts_with("a nonzero ") => "a whole number, 1 or more".to_owned(),
        other => other.to_owned(),
    }
}
