//! Prints answers: aligned text for people, JSON for programs, and nothing else on standard output.

use crate::error::CliError;
use clap::ValueEnum;
use serde_json::Value;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};

/// How an answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Aligned columns for people.
    #[default]
    Text,
    /// One JSON document.
    Json,
    /// One JSON document per line.
    Jsonl,
}

/// When colours are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The terminal, or what stands in for it.
#[derive(Clone, Copy, Debug)]
pub struct Console {
    color_out: bool,
    color_err: bool,
    terminal: bool,
    /// Prints nothing but answers and errors.
    pub quiet: bool,
    /// How often `-v` was given.
    pub verbose: u8,
}

/// A colour of meaning; never the only carrier of it.
#[derive(Clone, Copy, Debug)]
pub enum Tone {
    /// As it should be.
    Good,
    /// Look at it.
    Doubtful,
    /// Wrong.
    Bad,
    /// Beside the point.
    Faint,
}

impl Console {
    /// What the flags and the environment say.
    #[must_use]
    pub fn new(color: Color, quiet: bool, verbose: u8) -> Self {
        let allowed = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let on = |terminal: bool| match color {
            Color::Auto => terminal && allowed,
            Color::Always => true,
            Color::Never => false,
        };
        let terminal = io::stdout().is_terminal();
        let color_err = on(io::stderr().is_terminal());
        Self { color_out: on(terminal), color_err, terminal, quiet, verbose }
    }

    /// Whether what goes to standard error may be coloured.
    #[must_use]
    pub fn colors_errors(&self) -> bool {
        self.color_err
    }

    /// `text` in the colour of `tone`, where colours are shown.
    #[must_use]
    pub fn tinted(&self, text: &str, tone: Tone) -> String {
        tint(text, tone, self.color_out)
    }

    /// Prints a line of text.
    ///
    /// # Errors
    /// The system's, when standard output is gone.
    pub fn line(&self, text: impl AsRef<str>) -> io::Result<()> {
        writeln!(io::stdout().lock(), "{}", text.as_ref())
    }

    /// Prints `items` as rows under `columns`, or as JSON.
    ///
    /// # Errors
    /// The system's, when standard output is gone.
    pub fn list(&self, format: Format, columns: &[Column], items: &[Value]) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match format {
            Format::Text => out.write_all(table(columns, items).as_bytes()),
            Format::Json => writeln!(out, "{:#}", Value::from(items)),
            Format::Jsonl => items.iter().try_for_each(|item| writeln!(out, "{item}")),
        }
    }

    /// Prints one thing: as an outline, or as JSON.
    ///
    /// # Errors
    /// The system's, when standard output is gone.
    pub fn object(&self, format: Format, value: &Value) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match format {
            Format::Text => out.write_all(outline(value).as_bytes()),
            Format::Json => writeln!(out, "{value:#}"),
            Format::Jsonl => writeln!(out, "{value}"),
        }
    }

    /// Prints what was done: `text` for people, `value` for programs.
    ///
    /// # Errors
    /// The system's, when standard output is gone.
    pub fn done(&self, format: Format, text: impl AsRef<str>, value: &Value) -> io::Result<()> {
        match format {
            Format::Text if self.quiet => Ok(()),
            Format::Text => self.line(text),
            _ => self.object(format, value),
        }
    }

    /// Says something beside the answer, on standard error.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            complain(text);
        }
    }

    /// Names the next likely command, to people at a terminal.
    pub fn next(&self, format: Format, command: &str) {
        if format == Format::Text && self.terminal && !self.quiet {
            complain(&tint(&format!("next: {command}"), Tone::Faint, self.color_err));
        }
    }

    /// Says why the command failed and what helps.
    pub fn error(&self, error: &CliError) {
        complain(&format!("{} {error}", tint("error:", Tone::Bad, self.color_err)));
        if let Some(help) = error.help() {
            complain(&format!("{} {help}", tint("help:", Tone::Good, self.color_err)));
        }
    }
}

/// Writes to standard error; when that is gone, nobody is there to be told.
fn complain(text: &str) {
    drop(writeln!(io::stderr().lock(), "{text}"));
}

fn tint(text: &str, tone: Tone, colored: bool) -> String {
    let code = match tone {
        Tone::Good => 32,
        Tone::Doubtful => 33,
        Tone::Bad => 31,
        Tone::Faint => 2,
    };
    if colored { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
}

/// A column of a table: its title and where its value is in an item (a JSON pointer).
#[derive(Clone, Copy, Debug)]
pub struct Column(pub &'static str, pub &'static str);

/// Items as aligned rows; numbers to the right.
fn table(columns: &[Column], items: &[Value]) -> String {
    let cells = |item: &Value| -> Vec<String> {
        columns.iter().map(|column| cell(item.pointer(column.1))).collect()
    };
    let rows: Vec<Vec<String>> = items.iter().map(cells).collect();
    let numeric = |column: &Column| {
        let values = || items.iter().filter_map(|item| item.pointer(column.1));
        values().any(Value::is_number) && values().all(|value| value.is_number() || value.is_null())
    };
    let numeric: Vec<bool> = columns.iter().map(numeric).collect();
    let titles = columns.iter().map(|column| column.0.to_owned()).collect();
    let all: Vec<Vec<String>> = std::iter::once(titles).chain(rows).collect();
    let width = |index: usize| all.iter().map(|row| row[index].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let mut text = String::new();
    for row in &all {
        let mut line = String::new();
        for (index, cell) in row.iter().enumerate() {
            let width = widths[index];
            let padded =
                if numeric[index] { format!("{cell:>width$}") } else { format!("{cell:<width$}") };
            line.push_str(&padded);
            line.push_str("  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// A value in one cell.
fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) if text.is_empty() => "-".to_owned(),
        Some(Value::String(text)) => printable(text),
        Some(Value::Array(items)) if items.is_empty() => "-".to_owned(),
        Some(Value::Array(items)) => {
            items.iter().map(|item| cell(Some(item))).collect::<Vec<_>>().join(", ")
        }
        Some(other) => other.to_string(),
    }
}

/// Text from elsewhere without what would move a terminal's cursor.
pub(crate) fn printable(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            clean.extend(character.escape_default());
        } else {
            clean.push(character);
        }
    }
    clean
}

/// A value as an indented outline.
fn outline(value: &Value) -> String {
    let mut text = String::new();
    branch(&mut text, value, 0);
    text
}

fn branch(text: &mut String, value: &Value, depth: usize) {
    let pad = "  ".repeat(depth);
    match value {
        Value::Object(fields) => {
            let width = fields.keys().map(|key| key.chars().count()).max().unwrap_or(0);
            for (key, value) in fields {
                let key = printable(key);
                if is_leaf(value) {
                    put(text, &format!("{pad}{key:<width$}  {}", cell(Some(value))));
                } else {
                    put(text, &format!("{pad}{key}"));
                    branch(text, value, depth + 1);
                }
            }
        }
        Value::Array(items) if !is_leaf(value) => {
            for item in items {
                let begin = text.len();
                branch(text, item, depth + 1);
                // The dash stands before the first field, in the room that its depth leaves.
                if text.len() > begin {
                    text.replace_range(begin..begin + pad.len() + 2, &format!("{pad}- "));
                }
            }
        }
        leaf => put(text, &format!("{pad}{}", cell(Some(leaf)))),
    }
}

fn put(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("a string takes every line");
}

/// Whether a value fits on one line.
fn is_leaf(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.iter().all(|item| !item.is_object() && !item.is_array()),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn columns_are_aligned_and_numbers_stand_to_the_right() {
        let items = [json!({"kind": "ueba", "lag": 7}), json!({"kind": "diagnosis", "lag": 1200})];
        let text = table(&[Column("KIND", "/kind"), Column("LAG", "/lag")], &items);
        assert_eq!(text, "KIND        LAG\nueba          7\ndiagnosis  1200\n");
    }

    #[test]
    fn what_is_absent_is_a_dash_and_what_would_move_the_cursor_is_spelled_out() {
        let items = [json!({"a": "x\u{1b}[2J"})];
        let text = table(&[Column("A", "/a"), Column("B", "/b")], &items);
        assert_eq!(text, "A          B\nx\\u{1b}[2J  -\n".replace("A          B", "A           B"));
    }

    #[test]
    fn a_list_of_things_has_a_dash_before_each() {
        let codes =
            json!([{"code": "P0217", "at": {"x": 1}}, {"code": "P0300"}, [], [[1, 2], ["a"]]]);
        let expected = "codes\n  - at\n      x  1\n    code  P0217\n  - code  P0300\n  - -\n  - - 1, 2\n    - a\n";
        assert_eq!(outline(&json!({ "codes": codes })), expected);
    }

    #[test]
    fn an_object_is_an_outline() {
        let value = json!({"asset": "VEH001", "at": {"x": 1}, "tags": ["a", "b"]});
        assert_eq!(outline(&value), "asset  VEH001\nat\n  x  1\ntags   a, b\n");
    }
}
