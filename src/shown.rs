//! Values as people read them in a terminal: moments, shares, short ids, labelled lines.

use crate::output::printable;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

/// Letters of an id that are shown; also the fewest that name one (see `named`).
pub const ID_LETTERS: usize = 8;

/// The text at `pointer`, or a dash.
#[must_use]
pub fn text(value: &Value, pointer: &str) -> String {
    match value.pointer(pointer) {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) if text.is_empty() => "-".to_owned(),
        Some(Value::String(text)) => printable(text),
        Some(other) => other.to_string(),
    }
}

/// The first letters of the id at `pointer`.
#[must_use]
pub fn id(value: &Value, pointer: &str) -> String {
    text(value, pointer).chars().take(ID_LETTERS).collect()
}

/// The moment at `pointer`, in UTC and to the second.
#[must_use]
pub fn moment(value: &Value, pointer: &str) -> String {
    let text = text(value, pointer);
    match (text.get(..19), text.as_bytes().get(10)) {
        (Some(moment), Some(b'T')) => moment.replace('T', " "),
        _ => text,
    }
}

/// The moment at `pointer` as the clocks in `zone` show it; in UTC where the zone is unknown here.
#[must_use]
pub fn local(value: &Value, pointer: &str, zone: &str) -> String {
    let parsed = value.pointer(pointer).and_then(Value::as_str).and_then(|it| it.parse().ok());
    let zoned = parsed.zip(TimeZone::get(zone).ok());
    match zoned {
        Some((at, zone)) => {
            let at: Timestamp = at;
            at.to_zoned(zone).strftime("%a %Y-%m-%d %H:%M").to_string()
        }
        None => format!("{} UTC", moment(value, pointer)),
    }
}

/// The share at `pointer`, 0 to 1, in per cent.
#[must_use]
pub fn percent(value: &Value, pointer: &str) -> String {
    match value.pointer(pointer).and_then(Value::as_f64) {
        Some(share) => format!("{:.0} %", share * 100.0),
        None => "-".to_owned(),
    }
}

/// So many of what is called `one`, as English counts.
#[must_use]
pub fn count(count: u64, one: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {one}{plural}")
}

/// A number of hours, in days where there are many.
#[must_use]
pub fn hours(value: f64) -> String {
    if value >= 48.0 { format!("{:.1} days", value / 24.0) } else { format!("{value:.1} h") }
}

/// Lines of a label and what belongs to it, aligned.
#[derive(Debug, Default)]
pub struct Lines(Vec<(&'static str, String)>);

impl Lines {
    /// Adds a line.
    pub fn put(&mut self, label: &'static str, text: impl Into<String>) {
        self.0.push((label, text.into()));
    }

    /// All of them; a line whose label is empty continues the one above.
    #[must_use]
    pub fn render(&self) -> String {
        let width = self.0.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(0);
        let lines: Vec<String> = self
            .0
            .iter()
            .map(|(label, text)| format!("{label:<width$}  {text}").trim_end().to_owned())
            .collect();
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn moments_are_short_and_in_the_zone_that_is_asked_for() {
        let value = json!({ "at": "2026-03-05T11:30:00.250Z", "no": null });
        assert_eq!(moment(&value, "/at"), "2026-03-05 11:30:00");
        assert_eq!(moment(&value, "/no"), "-");
        assert_eq!(local(&value, "/at", "Asia/Kolkata"), "Thu 2026-03-05 17:00");
        assert_eq!(local(&value, "/at", "Nowhere/Here"), "2026-03-05 11:30:00 UTC");
    }

    #[test]
    fn shares_and_spans_are_said_as_people_say_them() {
        let value = json!({ "p": 0.8125 });
        assert_eq!((percent(&value, "/p"), percent(&value, "/q")), ("81 %".into(), "-".into()));
        assert_eq!((hours(47.96), hours(48.0)), ("48.0 h".into(), "2.0 days".into()));
        assert_eq!(
            (count(1, "sample"), count(2, "sample")),
            ("1 sample".into(), "2 samples".into())
        );
    }

    #[test]
    fn labels_are_aligned() {
        let mut lines = Lines::default();
        lines.put("case", "a");
        lines.put("component", "brake");
        lines.put("", "and more");
        assert_eq!(lines.render(), "case       a\ncomponent  brake\n           and more");
    }
}
