//! Registers a CSV file of things: read whole and judged line by line before the first is sent.

use crate::cli::Session;
use crate::client::{Client, ClientError};
use crate::error::CliError;
use crate::exit::Exit;
use crate::nearest::nearest;
use crate::output::Format;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// Faults shown at most.
const FAULTS_MAX: usize = 20;

/// What a file of one kind of thing looks like.
#[derive(Clone, Copy)]
pub struct Table {
    /// One of them.
    pub noun: &'static str,
    /// Where one is registered.
    pub path: &'static str,
    /// The columns there are; the first names the thing.
    pub columns: &'static [&'static str],
    /// How many of them, from the first, must be there and filled.
    pub required: usize,
    /// The command that lists what was imported.
    pub next: &'static str,
    /// What is sent of a line, from its filled fields.
    pub body: fn(Map<String, Value>) -> Result<Value, String>,
}

/// One sound line.
#[derive(Debug, PartialEq)]
struct Row {
    line: u64,
    id: String,
    body: Value,
}

/// Something wrong, and where.
#[derive(Debug, PartialEq)]
struct Fault {
    line: u64,
    reason: String,
}

/// Registers every line of the file at `path`.
///
/// # Errors
/// [`CliError`] naming each line that is wrong; nothing is sent then. When a line is refused, those before it stay.
pub fn import(
    table: &Table,
    path: &Path,
    client: &Client,
    format: Format,
    session: &Session,
) -> Result<Exit, CliError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| CliError::File { path: path.to_owned(), source })?;
    let rows = table.read(&text).map_err(|faults| refused(path, &faults))?;
    let total = rows.len();
    for (done, row) in rows.iter().enumerate() {
        if let Err(error) = client.post(table.path, &row.body) {
            let stopped = Stopped { row, done, total, error };
            return stopped.tell(table, path, format, session);
        }
    }
    let value = json!({ "imported": total, "total": total, "failed": null });
    let noun = table.noun;
    let text = match total {
        1 => format!("1 {noun} is registered"),
        _ => format!("{total} {noun}s are registered"),
    };
    session.console.done(format, text, &value)?;
    session.console.next(format, table.next);
    Ok(Exit::Ok)
}

/// Nothing was sent.
fn refused(path: &Path, faults: &[Fault]) -> CliError {
    let count = faults.len();
    let counted = if count == 1 { "1 fault".to_owned() } else { format!("{count} faults") };
    let mut text = format!("`{}` has {counted}; nothing was imported", path.display());
    for fault in faults.iter().take(FAULTS_MAX) {
        text.push_str(&format!("\n  line {}: {}", fault.line, fault.reason));
    }
    if count > FAULTS_MAX {
        text.push_str(&format!("\n  and {} more", count - FAULTS_MAX));
    }
    CliError::Input { text, help: "mend these lines and import the file again".to_owned() }
}

/// Some was sent, and then no more.
struct Stopped<'r> {
    row: &'r Row,
    done: usize,
    total: usize,
    error: ClientError,
}

impl Stopped<'_> {
    fn tell(
        self,
        table: &Table,
        path: &Path,
        format: Format,
        session: &Session,
    ) -> Result<Exit, CliError> {
        let Stopped { row, done, total, error } = self;
        if done == 0 && !matches!(error, ClientError::Refused { .. }) {
            return Err(error.into());
        }
        let noun = table.noun;
        let failed = json!({ "line": row.line, noun: row.id, "reason": error.to_string() });
        let value = json!({ "imported": done, "total": total, "failed": failed });
        if format != Format::Text {
            session.console.object(format, &value)?;
        }
        let text = format!(
            "`{}` line {}: {noun} `{}` was not registered: {error}\n  {done} of {total} {noun}s before it are \
             registered, the rest was not sent",
            path.display(),
            row.line,
            row.id
        );
        let help = "mend the cause and import the file again; registering twice changes nothing";
        Err(CliError::Input { text, help: help.to_owned() })
    }
}

impl Table {
    /// Every line, or everything that is wrong.
    fn read(&self, text: &str) -> Result<Vec<Row>, Vec<Fault>> {
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .flexible(true)
            .from_reader(text.as_bytes());
        let headers = reader.headers().cloned().map_err(|error| vec![fault(1, &error)])?;
        let columns: Vec<&str> = headers.iter().collect();
        self.check_columns(&columns)?;
        let mut rows = Vec::new();
        let mut faults = Vec::new();
        let mut lines: BTreeMap<String, u64> = BTreeMap::new();
        for record in reader.records() {
            let judged = record
                .map_err(|error| fault(0, &error))
                .and_then(|it| self.judge(text, &columns, &it));
            match judged {
                Ok(row) => match lines.insert(row.id.clone(), row.line) {
                    None => rows.push(row),
                    Some(first) => faults.push(Fault {
                        line: row.line,
                        reason: format!("{} `{}` is on line {first} already", self.noun, row.id),
                    }),
                },
                Err(fault) => faults.push(fault),
            }
        }
        if faults.is_empty() { Ok(rows) } else { Err(faults) }
    }

    fn check_columns(&self, columns: &[&str]) -> Result<(), Vec<Fault>> {
        let mut faults = Vec::new();
        let mut say = |reason: String| faults.push(Fault { line: 1, reason });
        for (index, column) in columns.iter().enumerate() {
            if columns[..index].contains(column) {
                say(format!("column `{column}` is there twice"));
            } else if !self.columns.contains(column) {
                let hint = match nearest(column, self.columns.iter().copied()) {
                    Some(nearest) => format!("did you mean `{nearest}`?"),
                    None => format!("there are {}", self.columns.join(", ")),
                };
                say(format!("column `{column}` is not known; {hint}"));
            }
        }
        for column in self.required().iter().filter(|column| !columns.contains(*column)) {
            say(format!("column `{column}` is missing"));
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    fn required(&self) -> &[&str] {
        &self.columns[..self.required]
    }

    fn judge(
        &self,
        text: &str,
        columns: &[&str],
        record: &csv::StringRecord,
    ) -> Result<Row, Fault> {
        let line = line_of(text, record);
        let wrong = |reason: String| Fault { line, reason };
        if record.len() != columns.len() {
            let (found, expected) = (record.len(), columns.len());
            return Err(wrong(format!("{found} fields where the head has {expected}")));
        }
        let filled = columns.iter().zip(record).filter(|(_, text)| !text.is_empty());
        let fields: Map<String, Value> =
            filled.map(|(column, text)| ((*column).to_owned(), Value::from(text))).collect();
        if let Some(column) = self.required().iter().find(|it| !fields.contains_key(**it)) {
            return Err(wrong(format!("`{column}` is empty")));
        }
        let id = fields[self.columns[0]].as_str().unwrap_or_default().to_owned();
        let body = (self.body)(fields).map_err(wrong)?;
        Ok(Row { line, id, body })
    }
}

fn fault(line: u64, error: &csv::Error) -> Fault {
    let line = error.position().map_or(line, csv::Position::line);
    Fault { line, reason: error.to_string() }
}

/// The line on which a record begins; the reader's own count is that of empty lines before it.
fn line_of(text: &str, record: &csv::StringRecord) -> u64 {
    let Some(position) = record.position() else { return 0 };
    let start = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let ahead = text.get(start..).unwrap_or_default();
    let empty = ahead.bytes().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    position.line() + empty.filter(|byte| *byte == b'\n').count() as u64
}

#[cfg(test)]
impl Table {
    /// What would be sent of a sound text.
    pub(crate) fn bodies(&self, text: &str) -> Vec<Value> {
        self.read(text).expect("a sound file").into_iter().map(|row| row.body).collect()
    }

    /// What is wrong with a text, each with its line.
    pub(crate) fn faults(&self, text: &str) -> Vec<(u64, String)> {
        let faults = self.read(text).expect_err("a file with faults");
        faults.into_iter().map(|fault| (fault.line, fault.reason)).collect()
    }
}
