//! Sentences about patterns and what is done about them.

use super::Narrator;
use crate::measure::Record;
use serde_json::Value;

impl Narrator {
    /// What a record about a pattern or a CAPA says, for people.
    pub(super) fn about_capa(&self, record: &Record) -> Option<String> {
        let text = |name: &str| record.text(name).unwrap_or_default();
        let component = text("component");
        Some(match record.name() {
            "pattern.found" => {
                let rate = record.fields().get("rate")?;
                let ratio = rate.get("ratio").and_then(Value::as_f64);
                let often = ratio
                    .map_or(String::new(), |it| format!(", {it:.1} times as often as the rest"));
                let failures = rate.get("failures")?.as_u64()?;
                let group = group(rate.get("group")?);
                format!("finds a pattern: {failures} failures of the {component} of {group}{often}")
            }
            "capa.opened" => {
                let failures = record.fields().get("failures")?.as_u64()?;
                let group = group(record.fields().get("group")?);
                format!(
                    "opens a CAPA for the {component} of {group}: {failures} failures; contain it by {}",
                    text("contain_by")
                )
            }
            "capa.updated" => format!("CAPA for the {component}: {}", text("reason")),
            "capa.closed" => format!("closes the CAPA for the {component}: {}", text("summary")),
            "capa.reopened" => {
                format!("opens the CAPA for the {component} again: {}", text("reason"))
            }
            "capa.refused" => {
                format!("does not take {} of {}: {}", text("gate"), text("by"), text("reason"))
            }
            "recall.suggested" => format!("asks a person about a recall: {}", text("reason")),
            _ => return None,
        })
    }
}

/// The attributes of a group, in words.
fn group(group: &Value) -> String {
    let named = ["model", "supplier", "batch"]
        .into_iter()
        .filter_map(|name| Some(format!("{name} {}", group.get(name)?.as_str()?)));
    named.collect::<Vec<_>>().join(", ")
}
