//! Registers a file of assets: read whole and judged line by line before the first is sent.

use crate::cli::Session;
use crate::client::{Client, ClientError};
use crate::error::CliError;
use crate::exit::Exit;
use crate::nearest::nearest;
use crate::output::Format;
use messages::registry::AssetRegistered;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// The columns there are; the first three must be there and filled.
const COLUMNS: [&str; 9] = [
    "asset",
    "fleet",
    "profile",
    "model",
    "in_service_since",
    "supplier",
    "batch",
    "owner",
    "group",
];
/// Faults shown at most.
const FAULTS_MAX: usize = 20;

/// One sound line.
#[derive(Debug, PartialEq)]
struct Row {
    line: u64,
    asset: String,
    body: Value,
}

/// Something wrong, and where.
#[derive(Debug, PartialEq)]
struct Fault {
    line: u64,
    reason: String,
}

pub(super) fn import(
    path: &Path,
    client: &Client,
    format: Format,
    session: &Session,
) -> Result<Exit, CliError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| CliError::File { path: path.to_owned(), source })?;
    let rows = read(&text).map_err(|faults| refused(path, &faults))?;
    let total = rows.len();
    for (done, row) in rows.iter().enumerate() {
        if let Err(error) = client.post("/v1/assets", &row.body) {
            return partial(path, row, done, total, error, format, session);
        }
    }
    let value = json!({ "imported": total, "total": total, "failed": null });
    session.console.done(format, format!("{total} assets are registered"), &value)?;
    session.console.next(format, "aurorasync asset ls");
    Ok(Exit::Ok)
}

/// Nothing was sent.
fn refused(path: &Path, faults: &[Fault]) -> CliError {
    let count = faults.len();
    let mut text = format!("`{}` has {count} faults; nothing was imported", path.display());
    for fault in faults.iter().take(FAULTS_MAX) {
        text.push_str(&format!("\n  line {}: {}", fault.line, fault.reason));
    }
    if count > FAULTS_MAX {
        text.push_str(&format!("\n  and {} more", count - FAULTS_MAX));
    }
    CliError::Input { text, help: "mend these lines and import the file again".to_owned() }
}

/// Some was sent, and then no more.
fn partial(
    path: &Path,
    row: &Row,
    done: usize,
    total: usize,
    error: ClientError,
    format: Format,
    session: &Session,
) -> Result<Exit, CliError> {
    if done == 0 && !matches!(error, ClientError::Refused { .. }) {
        return Err(error.into());
    }
    let failed = json!({ "line": row.line, "asset": row.asset, "reason": error.to_string() });
    let value = json!({ "imported": done, "total": total, "failed": failed });
    if format != Format::Text {
        session.console.object(format, &value)?;
    }
    let text = format!(
        "`{}` line {}: asset `{}` was not registered: {error}\n  {done} of {total} assets before it are registered, \
         the rest was not sent",
        path.display(),
        row.line,
        row.asset
    );
    let help = "mend the cause and import the file again; registering twice changes nothing";
    Err(CliError::Input { text, help: help.to_owned() })
}

/// Every line, or everything that is wrong.
fn read(text: &str) -> Result<Vec<Row>, Vec<Fault>> {
    let mut reader =
        csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(text.as_bytes());
    let headers = reader.headers().cloned().map_err(|error| vec![fault(1, &error)])?;
    let columns: Vec<&str> = headers.iter().collect();
    check_columns(&columns)?;
    let mut rows = Vec::new();
    let mut faults = Vec::new();
    let mut lines: BTreeMap<String, u64> = BTreeMap::new();
    for record in reader.records() {
        let judged =
            record.map_err(|error| fault(0, &error)).and_then(|it| judge(text, &columns, &it));
        match judged {
            Ok(row) => match lines.insert(row.asset.clone(), row.line) {
                None => rows.push(row),
                Some(first) => faults.push(Fault {
                    line: row.line,
                    reason: format!("asset `{}` is on line {first} already", row.asset),
                }),
            },
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() { Ok(rows) } else { Err(faults) }
}

fn fault(line: u64, error: &csv::Error) -> Fault {
    let line = error.position().map_or(line, csv::Position::line);
    Fault { line, reason: error.to_string() }
}

fn check_columns(columns: &[&str]) -> Result<(), Vec<Fault>> {
    let mut faults = Vec::new();
    let mut say = |reason: String| faults.push(Fault { line: 1, reason });
    for (index, column) in columns.iter().enumerate() {
        if columns[..index].contains(column) {
            say(format!("column `{column}` is there twice"));
        } else if !COLUMNS.contains(column) {
            let hint = match nearest(column, COLUMNS) {
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None => format!("there are {}", COLUMNS.join(", ")),
            };
            say(format!("column `{column}` is not known; {hint}"));
        }
    }
    for column in COLUMNS[..3].iter().filter(|column| !columns.contains(*column)) {
        say(format!("column `{column}` is missing"));
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

/// The line on which a record begins; the reader's own count is that of empty lines before it.
fn line_of(text: &str, record: &csv::StringRecord) -> u64 {
    let Some(position) = record.position() else { return 0 };
    let start = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let ahead = text.get(start..).unwrap_or_default();
    let empty = ahead.bytes().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    position.line() + empty.filter(|byte| *byte == b'\n').count() as u64
}

fn judge(text: &str, columns: &[&str], record: &csv::StringRecord) -> Result<Row, Fault> {
    let line = line_of(text, record);
    let wrong = |reason: String| Fault { line, reason };
    if record.len() != columns.len() {
        let (found, expected) = (record.len(), columns.len());
        return Err(wrong(format!("{found} fields where the head has {expected}")));
    }
    let filled = columns.iter().zip(record).filter(|(_, text)| !text.is_empty());
    let fields: Map<String, Value> =
        filled.map(|(column, text)| ((*column).to_owned(), Value::from(text))).collect();
    if let Some(column) = COLUMNS[..3].iter().find(|column| !fields.contains_key(**column)) {
        return Err(wrong(format!("`{column}` is empty")));
    }
    let body = Value::Object(fields);
    let registered: AssetRegistered =
        serde_json::from_value(body.clone()).map_err(|error| wrong(error.to_string()))?;
    Ok(Row { line, asset: registered.asset, body })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<(u64, String)> {
        let faults = read(text).unwrap_err();
        faults.into_iter().map(|fault| (fault.line, fault.reason)).collect()
    }

    #[test]
    fn a_sound_file_is_read_with_its_lines_and_empty_fields_are_absent() {
        let text = "asset,fleet,profile,owner,in_service_since\n\
                    VEH001,north,vehicle,,2024-05-01T00:00:00Z\n\n\
                    VEH002, north ,vehicle,o-1,\n";
        let rows = read(text).unwrap();
        let lines: Vec<(u64, &str)> =
            rows.iter().map(|row| (row.line, row.asset.as_str())).collect();
        assert_eq!(lines, [(2, "VEH001"), (4, "VEH002")]);
        let body =
            json!({"asset": "VEH002", "fleet": "north", "profile": "vehicle", "owner": "o-1"});
        assert_eq!(rows[1].body, body);
    }

    #[test]
    fn every_fault_is_told_with_its_line() {
        let text = "asset,fleet,profile,in_service_since\n\
                    VEH001,north,vehicle,\n\
                    ,north,vehicle,\n\
                    VEH003,north,vehicle,yesterday\n\
                    VEH001,north,vehicle,\n\
                    VEH005,north\n";
        let found = faults(text);
        let lines: Vec<u64> = found.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [3, 4, 5, 6], "{found:?}");
        assert_eq!(found[0].1, "`asset` is empty");
        assert!(found[1].1.contains("`yesterday`"), "{found:?}");
        assert_eq!(found[2].1, "asset `VEH001` is on line 2 already");
        assert_eq!(found[3].1, "2 fields where the head has 4");
    }

    #[test]
    fn columns_are_judged_before_lines() {
        let found = faults("asset,flet,profile,profile,colour\nVEH001,a,b,c,d\n");
        let reasons: Vec<&str> = found.iter().map(|(_, reason)| reason.as_str()).collect();
        assert!(reasons[0].ends_with("did you mean `fleet`?"), "{reasons:?}");
        assert_eq!(reasons[1], "column `profile` is there twice");
        assert!(reasons[2].contains("there are asset, fleet"), "{reasons:?}");
        assert_eq!(reasons[3], "column `fleet` is missing");
    }
}
