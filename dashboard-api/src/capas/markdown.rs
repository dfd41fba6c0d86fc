//! An 8D report as Markdown.

use super::report::Report;

/// Writes the report.
pub(super) fn write(report: &Report) -> String {
    let mut text = format!("# {}\n\n", plain(&report.title()));
    text += &format!(
        "CAPA `{}`, state {}, opened {}, last change {}; provenance {}.\n",
        report.opened.capa,
        report.state.name(),
        report.opened_at,
        report.updated_at,
        report.provenance.name()
    );
    for section in report.sections() {
        text += &format!("\n## {}\n\n", plain(&section.title));
        for line in section.lines {
            text += &format!("- {}\n", plain(&line));
        }
    }
    text += "\n## History\n\n| when | place on the log | event | what |\n|---|---|---|---|\n";
    for line in &report.history {
        text += &format!(
            "| {} | {} | {} | {} |\n",
            line.at,
            line.sequence,
            line.event,
            plain(&line.text)
        );
    }
    text
}

/// What people wrote, so that it cannot make structure of its own.
fn plain(text: &str) -> String {
    let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut escaped = String::with_capacity(one_line.len());
    for letter in one_line.chars() {
        if matches!(letter, '|' | '<' | '>' | '*' | '_' | '[' | ']' | '#' | '\\') {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_makes_no_structure() {
        assert_eq!(plain("a | b\n# c <script>"), "a \\| b \\# c \\<script\\>");
    }
}
