//! A dataset in memory, asset by asset, to learn from and to be judged by.

use super::config::{Delimiter, SplitConfig};
use super::rows::{Row, Rows};
use super::table::{Recorded, Table, read_table};
use super::{Dataset, DatasetError, ROWS_SORTED_MAX};
use messages::Timestamp;
use std::collections::BTreeMap;

/// Most rows of telemetry that are held in memory at once.
pub const ROWS_LEARNED_MAX: u64 = 10_000_000;

/// What was recorded of all assets.
#[derive(Clone, Debug, Default)]
pub struct Recordings {
    /// Channel ids, in the order of the values of a sample.
    pub channels: Vec<String>,
    /// By asset id.
    pub assets: BTreeMap<String, RecordedAsset>,
}

/// What was recorded of one asset, each list by time.
#[derive(Clone, Debug, Default)]
pub struct RecordedAsset {
    /// What it measured.
    pub samples: Vec<Sample>,
    /// Trouble codes.
    pub codes: Vec<(Timestamp, String)>,
    /// Components that were worked on.
    pub maintenance: Vec<(Timestamp, String)>,
    /// Components that failed.
    pub failures: Vec<(Timestamp, String)>,
    /// What the table of assets says, by column.
    pub attributes: BTreeMap<String, String>,
}

/// One sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Its moment.
    pub at: Timestamp,
    /// One value per channel; none where nothing was measured.
    pub values: Vec<Option<f64>>,
}

/// The times that part what is learned from and what is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SplitTimes {
    /// Learned from: what is known before.
    pub train_before: Timestamp,
    /// Judged: from here on.
    pub test_from: Timestamp,
    /// Judged: before this.
    pub test_until: Option<Timestamp>,
}

impl Dataset {
    /// Reads everything that was recorded.
    ///
    /// # Errors
    /// [`DatasetError`] when a table cannot be read or there are more than [`ROWS_LEARNED_MAX`] rows of telemetry.
    pub fn recordings(&self) -> Result<Recordings, DatasetError> {
        let mut recordings = Recordings {
            channels: self.channels().map(str::to_owned).collect(),
            assets: BTreeMap::new(),
        };
        let mut rows = 0;
        for path in self.telemetry_files()? {
            let survey = self.telemetry.survey(&path)?;
            let mut source = self.telemetry.read(&survey, ROWS_SORTED_MAX)?;
            while let Some(reading) = source.next()? {
                rows += 1;
                if rows > ROWS_LEARNED_MAX {
                    let value = format!("more than {ROWS_LEARNED_MAX} rows");
                    let remedy = "learn from fewer files";
                    return Err(DatasetError::value(&self.path, "telemetry.files", value, remedy));
                }
                let asset = recordings.assets.entry(reading.asset).or_default();
                asset.samples.push(Sample { at: reading.at, values: reading.values });
            }
        }
        for asset in recordings.assets.values_mut() {
            asset.samples.sort_by_key(|sample| sample.at);
        }
        self.add_events(&mut recordings)?;
        self.add_columns(&mut recordings)?;
        Ok(recordings)
    }

    fn add_events(&self, recordings: &mut Recordings) -> Result<(), DatasetError> {
        if let Some(codes) = &self.config.codes {
            let table = Table {
                key: "codes",
                file: &codes.file,
                asset: &codes.asset,
                time: &codes.time,
                name: ("code", &codes.code),
            };
            for Recorded { asset, at, name } in read_table(self, &table)? {
                recordings.asset(&asset, |asset| asset.codes.push((at, name)));
            }
        }
        for done in self.maintenance()? {
            recordings.asset(&done.asset, |asset| {
                asset.maintenance.push((done.performed_at, done.component));
            });
        }
        for Recorded { asset, at, name } in self.failure_table()? {
            recordings.asset(&asset, |asset| asset.failures.push((at, name)));
        }
        Ok(())
    }

    /// The columns of `[assets] attributes`, under the attribute's name.
    fn add_columns(&self, recordings: &mut Recordings) -> Result<(), DatasetError> {
        let Some(config) = &self.config.assets else { return Ok(()) };
        let path = self.file(&config.file);
        let (mut rows, columns) = Rows::open(&path, Delimiter::default(), None)?;
        let id = columns.place(&config.asset, "assets.asset")?;
        let mut places = Vec::new();
        for (column, attribute) in &config.attributes {
            let key = format!("assets.attributes.{column}");
            places.push((columns.place(column, &key)?, attribute));
        }
        while let Some(Row { line, fields }) = rows.next()? {
            let bad = |detail| DatasetError::Row { path: path.clone(), line, detail };
            let fields = fields.map_err(bad)?;
            recordings.asset(fields[id].trim(), |asset| {
                for (place, attribute) in &places {
                    let text = fields[*place].trim().to_owned();
                    asset.attributes.insert((*attribute).clone(), text);
                }
            });
        }
        Ok(())
    }

    /// The times of `[split]`, where it is by times.
    ///
    /// # Errors
    /// [`DatasetError`] when there is a beginning or an end, but not the other.
    pub fn split_times(&self) -> Result<Option<SplitTimes>, DatasetError> {
        let Some(SplitConfig { train_before, test_from, test_until, .. }) = &self.config.split
        else {
            return Ok(None);
        };
        let parse = |text: &String| {
            let format = &self.telemetry.format;
            format
                .parse(text)
                .or_else(|| text.parse().ok())
                .expect("it was parsed when it was read")
        };
        match (train_before, test_from) {
            (None, None) => Ok(None),
            (Some(before), from) => {
                let train_before = parse(before);
                let test_from = from.as_ref().map_or(train_before, parse);
                let test_until = test_until.as_ref().map(parse);
                Ok(Some(SplitTimes { train_before, test_from, test_until }))
            }
            (None, Some(from)) => {
                let remedy = "give `train_before` too";
                Err(DatasetError::value(&self.path, "split.test_from", from, remedy))
            }
        }
    }
}

impl Recordings {
    /// Does something to an asset that telemetry was recorded of; nothing for any other.
    fn asset(&mut self, id: &str, act: impl FnOnce(&mut RecordedAsset)) {
        if let Some(asset) = self.assets.get_mut(id) {
            act(asset);
        }
    }
}
