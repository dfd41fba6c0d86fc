//! An 8D report as one printable page: no script, nothing from elsewhere, figures as SVG.

use super::figures;
use super::report::Report;
use crate::printed::{escape, page, table};

/// Writes the report.
pub(super) fn write(report: &Report) -> String {
    let mut body = format!(
        "<p>CAPA {}, state <strong>{}</strong>, opened {}, last change {}; provenance {}.</p>\n",
        report.opened.capa,
        report.state.name(),
        report.opened_at,
        report.updated_at,
        report.provenance.name()
    );
    for section in report.sections() {
        body += &format!("<section><h2>{}</h2><ul>\n", escape(&section.title));
        for line in &section.lines {
            body += &format!("<li>{}</li>\n", escape(line));
        }
        body += "</ul>";
        if section.title.starts_with("D2") {
            body += &figures::all(report);
        }
        body += "</section>\n";
    }
    let history: Vec<Vec<String>> = report
        .history
        .iter()
        .map(|line| {
            let (at, place) = (line.at.to_string(), line.sequence.to_string());
            vec![at, place, line.event.to_string(), line.text.clone()]
        })
        .collect();
    body += "<h2>History</h2>";
    body += &table(&["when", "place on the log", "event", "what"], &history);
    page(&report.title(), &body)
}
