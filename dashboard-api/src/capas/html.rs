//! An 8D report as one printable page: no script, nothing from elsewhere, figures as SVG.

use super::figures;
use super::report::Report;

const STYLE: &str = "body{font:15px/1.45 sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b}\
h1{font-size:1.5rem}h2{font-size:1.1rem;margin:1.4rem 0 .3rem;border-bottom:1px solid #999}\
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.2rem .5rem;border-bottom:1px solid #ccc}\
figure{margin:1rem 0;break-inside:avoid}svg{max-width:100%}section{break-inside:avoid}\
@media print{body{margin:0;max-width:none}}";

/// Writes the report.
pub(super) fn write(report: &Report) -> String {
    let title = escape(&report.title());
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <style>{STYLE}</style></head><body>\n<h1>{title}</h1>\n"
    );
    page += &format!(
        "<p>CAPA {}, state <strong>{}</strong>, opened {}, last change {}; provenance {}.</p>\n",
        report.opened.capa,
        report.state.name(),
        report.opened_at,
        report.updated_at,
        escape(&format!("{:?}", report.provenance).to_lowercase())
    );
    for section in report.sections() {
        page += &format!("<section><h2>{}</h2><ul>\n", escape(&section.title));
        for line in &section.lines {
            page += &format!("<li>{}</li>\n", escape(line));
        }
        page += "</ul>";
        if section.title.starts_with("D2") {
            page += &figures::all(report);
        }
        page += "</section>\n";
    }
    page += "<h2>History</h2><table><tr><th>when</th><th>place on the log</th><th>event</th><th>what</th></tr>\n";
    for line in &report.history {
        page += &format!(
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
            line.at,
            line.sequence,
            escape(&line.event),
            escape(&line.text)
        );
    }
    page + "</table></body></html>\n"
}

/// A text that stays a text within HTML and SVG.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_stays_text() {
        let text = "<script>alert('1 & \"2\"')</script>";
        let escaped = "&lt;script&gt;alert(&#39;1 &amp; &quot;2&quot;&#39;)&lt;/script&gt;";
        assert_eq!(escape(text), escaped);
    }
}
