//! How a case came about, as text: what was read, what was made of it, who said what and because of which step.

use crate::error::CliError;
use crate::output::{Console, Tone};
use crate::shown;
use serde_json::Value;

/// Samples that are printed; all that were found are in the answer as JSON.
const SAMPLES_MAX: usize = 5;
/// Letters of a step's own words before they go on in the next line.
const WORDS_WIDTH: usize = 96;

pub(super) fn tell(why: &Value, console: &Console) -> Result<(), CliError> {
    let text = |pointer: &str| shown::text(why, pointer);
    console.line(format!(
        "{} of {} may fail: {}, {} ({})",
        text("/component"),
        text("/asset"),
        text("/severity"),
        text("/state").replace('_', " "),
        text("/provenance")
    ))?;
    readings(&why["readings"], console)?;
    assessment(&why["assessment"], console)?;
    prediction(&why["prediction"], console)?;
    steps(why, console)
}

/// Names the asset's other cases.
pub(super) fn others(cases: &[Value], console: &Console) -> Result<(), CliError> {
    if cases.is_empty() {
        return Ok(());
    }
    title(console, "OTHER CASES", "of the same asset, the newest first")?;
    for case in cases {
        let (id, component) = (shown::id(case, "/case"), shown::text(case, "/component"));
        let state = shown::text(case, "/state").replace('_', " ");
        let since = shown::moment(case, "/opened_at");
        console.line(format!("  {id}  {component}, {state}, opened {since} UTC"))?;
    }
    Ok(())
}

fn title(console: &Console, name: &str, about: &str) -> Result<(), CliError> {
    console.line("")?;
    Ok(console.line(format!("{}  {about}", console.tinted(name, Tone::Good)))?)
}

fn items<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

fn readings(readings: &Value, console: &Console) -> Result<(), CliError> {
    if let Some(missing) = readings["missing"].as_str() {
        return title(console, "READINGS", missing);
    }
    let (from, to) =
        (shown::moment(readings, "/window_start"), shown::moment(readings, "/window_end"));
    let count = shown::count(readings["found"].as_u64().unwrap_or(0), "sample");
    title(console, "READINGS", &format!("{count} from {from} to {to} UTC"))?;
    let samples = items(readings, "items");
    let hidden = samples.len().saturating_sub(SAMPLES_MAX);
    for sample in &samples[hidden..] {
        let values: Vec<String> = items(sample, "values")
            .iter()
            .map(|value| {
                let unit = value["unit"].as_str().map(|unit| format!(" {unit}"));
                let (name, number) = (shown::text(value, "/name"), number(value));
                format!("{name} {number}{}", unit.unwrap_or_default())
            })
            .collect();
        let (place, at) = (shown::text(sample, "/position"), shown::moment(sample, "/sampled_at"));
        console.line(format!("  {place}  {at}  {}", values.join(", ")))?;
    }
    Ok(())
}

/// Where something lies and who said it.
fn origin(value: &Value) -> String {
    let (place, by) = (shown::text(value, "/position"), shown::text(value, "/by"));
    format!("{place}, {by}, {} UTC", shown::moment(value, "/at"))
}

fn assessment(assessment: &Value, console: &Console) -> Result<(), CliError> {
    if assessment.is_null() {
        return Ok(());
    }
    title(console, "FEATURES", &origin(assessment))?;
    let features = items(assessment, "features");
    let width = features.iter().map(|it| shown::text(it, "/name").chars().count()).max();
    let width = width.unwrap_or(0);
    for feature in features {
        let value = number(feature);
        let unit = feature["unit"].as_str().unwrap_or_default();
        let name = shown::text(feature, "/name");
        console.line(format!("  {name:<width$}  {value} {unit}").trim_end())?;
    }
    Ok(())
}

/// The `value` of a reading, feature or contribution.
fn number(named: &Value) -> String {
    named["value"].as_f64().map_or_else(|| shown::text(named, "/value"), rounded)
}

/// A number with as many places as are worth reading.
fn rounded(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn prediction(prediction: &Value, console: &Console) -> Result<(), CliError> {
    let share = shown::percent(prediction, "/probability");
    let horizon = prediction["horizon_hours"].as_f64().map(shown::hours);
    let within = horizon.map_or_else(String::new, |horizon| format!(" within {horizon}"));
    let model = shown::text(prediction, "/model");
    let about = format!("probability {share}{within}; model {model}; {}", origin(prediction));
    title(console, "CONTRIBUTIONS", &about)?;
    let contributions = items(prediction, "contributions");
    let width = contributions.iter().map(|it| shown::text(it, "/name").chars().count()).max();
    let width = width.unwrap_or(0);
    for part in contributions {
        let amount = part["amount"].as_f64().map_or_else(String::new, |it| format!("{it:+.2}"));
        let (name, value) = (shown::text(part, "/name"), number(part));
        console.line(format!("  {amount:>6}  {name:<width$}  {value}"))?;
    }
    if let Some(median) =
        prediction.pointer("/remaining_useful_life/median_hours").and_then(Value::as_f64)
    {
        console.line(format!("  time left {} (median)", shown::hours(median)))?;
    }
    Ok(())
}

fn steps(why: &Value, console: &Console) -> Result<(), CliError> {
    let steps = items(why, "steps");
    let omitted = why["steps_omitted"].as_u64().filter(|it| *it > 0);
    let omitted = omitted.map_or_else(String::new, |it| format!(", {it} older ones are left out"));
    title(console, "STEPS", &format!("{} messages and decisions{omitted}", steps.len()))?;
    let width = |pointer: &str| {
        let widths = steps.iter().map(|step| shown::text(step, pointer).chars().count());
        widths.max().unwrap_or(0)
    };
    let (by, name) = (width("/by"), width("/name"));
    for step in steps {
        let because = step.pointer("/because/step").and_then(Value::as_u64);
        let because = because.map_or_else(String::new, |step| format!("← {step}"));
        let head = format!(
            "{:>4} {because:<5} {}  {:<by$}  {:<name$}  ",
            shown::text(step, "/step"),
            shown::moment(step, "/at"),
            shown::text(step, "/by"),
            shown::text(step, "/name"),
        );
        let indent = " ".repeat(head.chars().count());
        for (index, line) in wrapped(&shown::text(step, "/says")).iter().enumerate() {
            let before = if index == 0 { &head } else { &indent };
            console.line(format!("{before}{line}"))?;
        }
    }
    Ok(())
}

/// A text in lines that are no longer than they should be, unless one word is.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.len() - 1;
        let line = &mut lines[last];
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= WORDS_WIDTH {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_words_go_on_in_the_next_line_and_none_is_lost() {
        let text = "word ".repeat(60);
        let lines = wrapped(text.trim());
        assert!(lines.len() > 2 && lines.iter().all(|line| line.chars().count() <= WORDS_WIDTH));
        assert_eq!(lines.join(" "), text.trim());
        assert_eq!(wrapped(""), [""]);
    }

    #[test]
    fn numbers_lose_their_empty_places() {
        let named =
            |value: Value| number(&serde_json::json!({ "name": "battery", "value": value }));
        assert_eq!(named(12.745000000000001.into()), "12.745");
        assert_eq!((named("idle".into()), named(Value::Null)), ("idle".into(), "-".into()));
        assert_eq!(
            (rounded(96.5), rounded(-0.12345), rounded(7.0)),
            ("96.5".into(), "-0.123".into(), "7".into())
        );
    }
}
