//! An evaluation as one page to print and send.

pub(super) mod anomalies;
pub(super) mod failures;
pub(super) mod forecast;
pub(super) mod life;

use dashboard_api::printed::{Bar, bars, escape, page, table};
use serde_json::{Map, Value};
use simulator::dataset::{BadRow, RowTally};

/// A part of the page; its content is HTML already.
pub(crate) struct Section {
    pub(crate) title: String,
    pub(crate) content: String,
}

/// The whole page: figures by name, then the sections.
pub(crate) fn write(figures: &Map<String, Value>, sections: &[Section]) -> String {
    let dataset = figures.get("dataset").and_then(Value::as_str).unwrap_or_default();
    let plain = figures.iter().filter(|(_, value)| !value.is_object() && !value.is_array());
    let rows: Vec<Vec<String>> =
        plain.map(|(name, value)| vec![name.clone(), written(value)]).collect();
    let mut body = table(&["figure", "value"], &rows);
    for section in sections {
        let title = escape(&section.title);
        body += &format!("<section><h2>{title}</h2>\n{}</section>\n", section.content);
    }
    page(&format!("Evaluation of {dataset}"), &body)
}

fn written(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "unknown".to_owned(),
        other => other.to_string(),
    }
}

/// Which rows nothing was learned from and nothing judged by, as far as they are shown; nothing where there are none.
pub(super) fn bad_rows(rows: &RowTally) -> Option<Section> {
    let row = |BadRow { file, line, detail }: &BadRow| {
        vec![file.display().to_string(), line.to_string(), detail.clone()]
    };
    let shown: Vec<Vec<String>> = rows.bad_first.iter().map(row).collect();
    let title = format!("Rows that could not be read: {} of {}", rows.bad, rows.rows);
    let content = table(&["file", "line", "why"], &shown);
    (rows.bad > 0).then_some(Section { title, content })
}

/// Features with what they add, as bars.
fn reasons(caption: &str, reasons: &[(String, f64)]) -> String {
    let bar = |(name, part): &(String, f64)| Bar {
        label: format!("{name}: {part:.3}"),
        value: *part,
        ends: None,
    };
    let drawn: Vec<Bar> = reasons.iter().map(bar).collect();
    bars(caption, &drawn).unwrap_or_default()
}
