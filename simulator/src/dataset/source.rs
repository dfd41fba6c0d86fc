//! One file of telemetry: which rows are samples, what each measured, and which rows are bad and why.

use super::config::{AssetKey, FilePart, TelemetryConfig};
use super::moment::TimeFormat;
use super::rows::{Row, Rows};
use super::{BAD_ROWS_SHOWN_MAX, DatasetError};
use csv::StringRecord;
use messages::telemetry::SAMPLE_SIGNALS_MAX;
use messages::{Timestamp, subject};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How the files of a dataset are read.
#[derive(Clone, Debug)]
pub(crate) struct Telemetry {
    pub(crate) config: TelemetryConfig,
    pub(crate) format: TimeFormat,
    /// Column that says what is true of a row, where there is one.
    pub(crate) truth: Option<String>,
}

/// What one row says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reading {
    pub(crate) at: Timestamp,
    pub(crate) asset: String,
    /// One value per channel of the dataset; absent where nothing was measured.
    pub(crate) values: Vec<Option<f64>>,
    /// What the column of truth says, where there is one.
    pub(crate) truth: Option<f64>,
}

/// A row that is no sample.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BadRow {
    /// Its file.
    pub file: PathBuf,
    /// Its line, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub detail: String,
}

impl fmt::Display for BadRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} line {} {}", self.file.display(), self.line, self.detail)
    }
}

/// What became of the rows of a dataset: `rows` = sent samples + `blank` + `bad`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RowTally {
    /// Rows that were read.
    pub rows: u64,
    /// Rows that measured nothing at all.
    pub blank: u64,
    /// Rows that could not be read.
    pub bad: u64,
    /// The first of the bad rows.
    pub bad_first: Vec<BadRow>,
}

impl fmt::Display for RowTally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} blank, {} bad", self.rows, self.blank, self.bad)
    }
}

/// What a first pass over a file finds, so that the second can stream it.
#[derive(Clone, Debug)]
pub(crate) struct FileSurvey {
    pub(crate) path: PathBuf,
    rows: u64,
    /// The first line that is earlier than the one before it.
    unsorted_at: Option<u64>,
    pub(crate) first_at: Timestamp,
    /// First moment of each asset.
    pub(crate) first_at_by_asset: BTreeMap<String, Timestamp>,
}

/// Where a row's columns are.
struct Places {
    asset: AssetPlace,
    time: Option<usize>,
    values: Vec<usize>,
    truth: Option<usize>,
}

enum AssetPlace {
    Column(usize),
    File(String),
    Row(String),
}

impl Telemetry {
    /// Channel ids, in the order of a reading's values.
    pub(crate) fn channels(&self) -> impl Iterator<Item = &str> {
        self.config.channels.values().map(String::as_str)
    }

    fn open(self: &Arc<Self>, path: &Path) -> Result<Readings, DatasetError> {
        let TelemetryConfig { asset, time, delimiter, header, channels, .. } = &self.config;
        let (rows, columns) = Rows::open(path, *delimiter, header.as_deref())?;
        let asset = match asset {
            AssetKey::Column(column) => {
                AssetPlace::Column(columns.place(column, "telemetry.asset")?)
            }
            AssetKey::File { file: FilePart::Stem } => AssetPlace::File(stem(path)),
            AssetKey::Row { row } => AssetPlace::Row(row.clone()),
        };
        let time =
            time.as_ref().map(|column| columns.place(column, "telemetry.time")).transpose()?;
        let values = channels
            .keys()
            .map(|column| columns.place(column, &format!("telemetry.channels.{column}")))
            .collect::<Result<_, _>>()?;
        let truth = self.truth.as_ref();
        let truth = truth.map(|column| columns.place(column, "the column of truth")).transpose()?;
        let places = Places { asset, time, values, truth };
        Ok(Readings { telemetry: Arc::clone(self), path: path.to_owned(), rows, row: 0, places })
    }

    /// Looks at every row of `path` for its moment and asset only.
    pub(crate) fn survey(self: &Arc<Self>, path: &Path) -> Result<FileSurvey, DatasetError> {
        let mut readings = self.open(path)?;
        let mut first_at_by_asset: BTreeMap<String, Timestamp> = BTreeMap::new();
        let (mut unsorted_at, mut latest_at, mut first_bad) = (None, None, None);
        while let Some(Attempt { line, reading }) = readings.next()? {
            let reading = match reading {
                Ok(reading) => reading,
                Err(detail) => {
                    first_bad.get_or_insert_with(|| format!("line {line} {detail}"));
                    continue;
                }
            };
            if latest_at.is_some_and(|latest| reading.at < latest) {
                unsorted_at.get_or_insert(line);
            }
            latest_at = latest_at.max(Some(reading.at));
            let first_at = first_at_by_asset.entry(reading.asset).or_insert(reading.at);
            *first_at = reading.at.min(*first_at);
        }
        let rows = readings.row;
        let Some(first_at) = first_at_by_asset.values().min().copied() else {
            return Err(DatasetError::NoRows { path: path.to_owned(), rows, first: first_bad });
        };
        let path = path.to_owned();
        Ok(FileSurvey { path, rows, unsorted_at, first_at, first_at_by_asset })
    }

    /// Reads a surveyed file in the order of time, counting its rows into a tally of its own.
    pub(crate) fn read(
        self: &Arc<Self>,
        survey: &FileSurvey,
        rows_sorted_max: u64,
    ) -> Result<Source, DatasetError> {
        let readings = self.open(&survey.path)?;
        let mut source =
            Source { readings, sorted: None, latest_at: None, tally: RowTally::default() };
        if let Some(line) = survey.unsorted_at {
            let rows = survey.rows;
            if rows > rows_sorted_max {
                let path = survey.path.clone();
                return Err(DatasetError::Unsorted { path, line, rows, rows_sorted_max });
            }
            let mut sorted = Vec::new();
            while let Some(reading) = source.next_as_written()? {
                sorted.push(reading);
            }
            // Stable: what was written earlier comes first among equals.
            sorted.sort_by_key(|reading| reading.at);
            source.sorted = Some(sorted.into_iter());
        }
        Ok(source)
    }
}

fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.split('.').next().unwrap_or_default().to_owned()
}

/// A row: a reading, or what is wrong with it.
struct Attempt {
    line: u64,
    reading: Result<Reading, String>,
}

/// The rows of a file as readings, in the order in which they are written.
struct Readings {
    telemetry: Arc<Telemetry>,
    path: PathBuf,
    rows: Rows,
    row: u64,
    places: Places,
}

impl Readings {
    /// The next row.
    fn next(&mut self) -> Result<Option<Attempt>, DatasetError> {
        let Some(Row { line, fields }) = self.rows.next()? else { return Ok(None) };
        self.row += 1;
        let reading = fields.and_then(|fields| self.reading(&fields));
        Ok(Some(Attempt { line, reading }))
    }

    fn reading(&self, fields: &StringRecord) -> Result<Reading, String> {
        let at = match self.places.time {
            Some(place) => {
                let format = &self.telemetry.format;
                let text = &fields[place];
                format
                    .parse(text)
                    .ok_or_else(|| format!("has time `{text}`, which `format` does not read"))
            }
            None => self.telemetry.format.count(self.row as f64).ok_or_else(|| {
                format!("is row {}, whose moment is beyond all that can be written", self.row)
            }),
        }?;
        let asset = match &self.places.asset {
            AssetPlace::Column(place) => fields[*place].trim().to_owned(),
            AssetPlace::File(stem) => stem.clone(),
            AssetPlace::Row(prefix) => format!("{prefix}{}", self.row),
        };
        subject::escape(&asset).map_err(|error| format!("has asset `{asset}`: {error}"))?;
        let value = |(place, column): (&usize, &String)| {
            number(&fields[*place])
                .map_err(|text| format!("has `{text}` in column `{column}`, which is no number"))
        };
        let columns = self.telemetry.config.channels.keys();
        let values = self.places.values.iter().zip(columns).map(value).collect::<Result<_, _>>()?;
        let truth = match self.places.truth {
            None => None,
            Some(place) => number(&fields[place])
                .map_err(|text| format!("has `{text}` as its truth, which is no number"))?,
        };
        Ok(Reading { at, asset, values, truth })
    }
}

/// A measured value; empty and NaN mean that nothing was measured.
fn number(text: &str) -> Result<Option<f64>, &str> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    match text.parse::<f64>() {
        Ok(value) if value.is_nan() => Ok(None),
        Ok(value) if value.is_finite() => Ok(Some(value)),
        _ => Err(text),
    }
}

/// The readings of one file in the order of time.
pub(crate) struct Source {
    readings: Readings,
    /// All readings, where the file itself is not in order.
    sorted: Option<std::vec::IntoIter<Reading>>,
    latest_at: Option<Timestamp>,
    pub(crate) tally: RowTally,
}

impl Source {
    /// The next reading that measured something.
    pub(crate) fn next(&mut self) -> Result<Option<Reading>, DatasetError> {
        if let Some(sorted) = &mut self.sorted {
            return Ok(sorted.next());
        }
        let Some(reading) = self.next_as_written()? else { return Ok(None) };
        if self.latest_at.is_some_and(|latest| reading.at < latest) {
            return Err(DatasetError::Changed { path: self.readings.path.clone() });
        }
        self.latest_at = Some(reading.at);
        Ok(Some(reading))
    }

    fn next_as_written(&mut self) -> Result<Option<Reading>, DatasetError> {
        while let Some(Attempt { line, reading }) = self.readings.next()? {
            self.tally.rows += 1;
            match reading {
                Ok(reading) if reading.values.iter().all(Option::is_none) => self.tally.blank += 1,
                Ok(reading) => return Ok(Some(reading)),
                Err(detail) => {
                    let file = self.readings.path.clone();
                    self.tally.add_bad(BadRow { file, line, detail });
                }
            }
        }
        Ok(None)
    }
}

impl RowTally {
    fn add_bad(&mut self, row: BadRow) {
        self.bad += 1;
        if self.bad_first.len() < BAD_ROWS_SHOWN_MAX {
            self.bad_first.push(row);
        }
    }

    /// Adds what another tally has counted since it was last added.
    pub fn absorb(&mut self, other: &mut RowTally) {
        let RowTally { rows, blank, bad, bad_first } = std::mem::take(other);
        self.rows += rows;
        self.blank += blank;
        self.bad += bad;
        let room = BAD_ROWS_SHOWN_MAX - self.bad_first.len();
        self.bad_first.extend(bad_first.into_iter().take(room));
    }
}

/// Checks what of `[telemetry]` can be checked without its files.
pub(crate) fn check(config: &TelemetryConfig, path: &Path) -> Result<TimeFormat, DatasetError> {
    let refuse = |key: &str, value: String, remedy: &str| {
        Err(DatasetError::value(path, format!("telemetry.{key}"), value, remedy))
    };
    let channels: Vec<&String> = config.channels.values().collect();
    let doubled = channels.iter().enumerate().find(|(i, id)| channels[..*i].contains(id));
    if let Some((_, id)) = doubled {
        return refuse("channels", (*id).clone(), "give each channel one column");
    }
    if channels.is_empty() || channels.len() > SAMPLE_SIGNALS_MAX {
        let count = format!("{} channels", channels.len());
        let remedy = format!("map 1 to {SAMPLE_SIGNALS_MAX} columns to channels");
        return refuse("channels", count, &remedy);
    }
    if config.files.is_empty() {
        return refuse("files", "[]".to_owned(), "name at least one file");
    }
    let format = TimeFormat::new(&config.format, path)?;
    let counts = matches!(format, TimeFormat::Cycle { .. });
    match (&config.time, &config.asset) {
        (Some(_), _) => Ok(format),
        (None, AssetKey::Row { .. }) if counts => Ok(format),
        (None, AssetKey::Row { .. }) => refuse(
            "time",
            "left out".to_owned(),
            "name the column of the time, or give `format = { cycle, origin }` so that rows have moments",
        ),
        (None, _) => refuse("time", "left out".to_owned(), "name the column of the time"),
    }
}
