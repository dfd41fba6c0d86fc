//! Tables beside the telemetry: what happened to which asset and when. A bad row here is an error: truth has no gaps.

use super::config::Delimiter;
use super::rows::{Row, Rows};
use super::{Dataset, DatasetError};
use messages::Timestamp;

/// A table of `dataset.toml` and its columns.
pub(super) struct Table<'a> {
    /// Name of the table in `dataset.toml`.
    pub(super) key: &'static str,
    pub(super) file: &'a str,
    pub(super) asset: &'a str,
    pub(super) time: &'a str,
    /// The key that names the third column, and the column.
    pub(super) name: (&'static str, &'a str),
}

/// One row of a table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Recorded {
    pub(super) at: Timestamp,
    pub(super) asset: String,
    pub(super) name: String,
}

/// All rows of a table, by time. Moments are written as in the telemetry, fields separated by commas.
pub(super) fn read_table(
    dataset: &Dataset,
    table: &Table<'_>,
) -> Result<Vec<Recorded>, DatasetError> {
    let path = dataset.file(table.file);
    let (mut rows, columns) = Rows::open(&path, Delimiter::default(), None)?;
    let (name_key, name) = table.name;
    let asset = columns.place(table.asset, &format!("{}.asset", table.key))?;
    let time = columns.place(table.time, &format!("{}.time", table.key))?;
    let name = columns.place(name, &format!("{}.{name_key}", table.key))?;
    let mut all = Vec::new();
    while let Some(Row { line, fields }) = rows.next()? {
        let bad = |detail| DatasetError::Row { path: path.clone(), line, detail };
        let fields = fields.map_err(bad)?;
        let at = dataset.telemetry.format.parse(&fields[time]).ok_or_else(|| {
            bad(format!("has time `{}`, which `telemetry.format` does not read", &fields[time]))
        })?;
        let (asset, name) = (fields[asset].trim().to_owned(), fields[name].trim().to_owned());
        if asset.is_empty() || name.is_empty() {
            return Err(bad(format!("has no asset or no {name_key}")));
        }
        all.push(Recorded { at, asset, name });
    }
    all.sort();
    Ok(all)
}
