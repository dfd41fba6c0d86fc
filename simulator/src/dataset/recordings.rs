//! A dataset in memory, asset by asset, to learn from and to be judged by.

use super::config::{
    Config, Delimiter, EndOfLifeConfig, FailuresConfig, ForecastConfig, SplitConfig,
};
use super::rows::{Row, Rows};
use super::table::{Recorded, Table, read_table};
use super::{Dataset, DatasetError, ROWS_SORTED_MAX, RowTally};
use messages::Timestamp;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Most rows of telemetry that are held in memory at once.
pub const ROWS_LEARNED_MAX: u64 = 10_000_000;

/// Most distances that a series is foreseen by.
pub const AHEAD_MAX: usize = 16;

/// What was recorded of all assets.
#[derive(Clone, Debug, Default)]
pub struct Recordings {
    /// Channel ids, in the order of the values of a sample.
    pub channels: Vec<String>,
    /// By asset id.
    pub assets: BTreeMap<String, RecordedAsset>,
    /// What became of the rows of telemetry.
    pub rows: RowTally,
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

/// A trouble code that an asset sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedCode {
    /// The asset.
    pub asset: String,
    /// When.
    pub at: Timestamp,
    /// The code.
    pub code: String,
}

/// One sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Its moment.
    pub at: Timestamp,
    /// One value per channel; none where nothing was measured.
    pub values: Vec<Option<f64>>,
    /// What the column of truth says of it, where there is one.
    pub truth: Option<f64>,
}

/// How what is learned from is parted from what is judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Split {
    /// By times.
    Times(SplitTimes),
    /// By asset: this share of them is judged, drawn with a seed.
    Assets {
        /// The share, above 0 and below 1.
        test_fraction: f64,
        /// What it is drawn with.
        seed: u64,
    },
    /// By file: asset ids of one part have nothing to do with those of the other.
    Files,
}

/// What is known of the lives of assets.
#[derive(Clone, Debug, PartialEq)]
pub enum LifeTruth {
    /// Each was recorded until its end.
    UntilTheEnd,
    /// So many cycles were left at the end of the recording, by asset in the order of their numbers.
    Left(Vec<f64>),
}

/// What is to be foreseen of a series, and how far ahead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreseen {
    /// Channel id.
    pub channel: String,
    /// How far ahead, each.
    pub ahead: Vec<Duration>,
    /// After how long it is much the same again.
    pub season: Duration,
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
        self.recordings_in(self.telemetry_files()?)
    }

    fn recordings_in(&self, files: Vec<PathBuf>) -> Result<Recordings, DatasetError> {
        let mut recordings = Recordings {
            channels: self.channels().map(str::to_owned).collect(),
            ..Recordings::default()
        };
        let mut samples = 0;
        for path in files {
            let survey = self.telemetry.survey(&path)?;
            let mut source = self.telemetry.read(&survey, ROWS_SORTED_MAX)?;
            while let Some(reading) = source.next()? {
                samples += 1;
                if samples > ROWS_LEARNED_MAX {
                    let value = format!("more than {ROWS_LEARNED_MAX} rows");
                    let remedy = "learn from fewer files";
                    return Err(DatasetError::value(&self.path, "telemetry.files", value, remedy));
                }
                let asset = recordings.assets.entry(reading.asset).or_default();
                asset.samples.push(Sample {
                    at: reading.at,
                    values: reading.values,
                    truth: reading.truth,
                });
            }
            recordings.rows.absorb(&mut source.tally);
        }
        for asset in recordings.assets.values_mut() {
            asset.samples.sort_by_key(|sample| sample.at);
        }
        self.add_events(&mut recordings)?;
        self.add_attributes(&mut recordings)?;
        Ok(recordings)
    }

    /// The trouble codes that were recorded, by time and asset; none where the dataset has no `[codes]`.
    ///
    /// # Errors
    /// [`DatasetError`] when the table cannot be read.
    pub fn codes(&self) -> Result<Vec<RecordedCode>, DatasetError> {
        let Some(config) = &self.config.codes else { return Ok(Vec::new()) };
        let table = Table {
            key: "codes",
            file: &config.file,
            asset: &config.asset,
            time: &config.time,
            name: ("code", &config.code),
        };
        let sent = |it: Recorded| RecordedCode { asset: it.asset, at: it.at, code: it.name };
        Ok(read_table(self, &table)?.into_iter().map(sent).collect())
    }

    fn add_events(&self, recordings: &mut Recordings) -> Result<(), DatasetError> {
        for RecordedCode { asset, at, code } in self.codes()? {
            recordings.asset(&asset, |asset| asset.codes.push((at, code)));
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

    fn add_attributes(&self, recordings: &mut Recordings) -> Result<(), DatasetError> {
        for (asset, (_, attributes)) in self.read_attributes()? {
            recordings.asset(&asset, |asset| asset.attributes = attributes);
        }
        Ok(())
    }

    /// What `[split]` says; none where there is no such table.
    ///
    /// # Errors
    /// [`DatasetError`] when it has an end but no beginning.
    pub fn split(&self) -> Result<Option<Split>, DatasetError> {
        let Some(split) = &self.config.split else { return Ok(None) };
        let SplitConfig { train_before, test_from, test_until, test_fraction, seed, .. } = split;
        if let (Some(test_fraction), Some(seed)) = (*test_fraction, *seed) {
            return Ok(Some(Split::Assets { test_fraction, seed }));
        }
        if split.train_files.is_some() {
            return Ok(Some(Split::Files));
        }
        let Some(train_before) = train_before else {
            let remedy = "give `train_before`, or `test_fraction` and `seed`";
            return Err(DatasetError::value(&self.path, "split", "without a beginning", remedy));
        };
        let parse = |text: &String| {
            let format = &self.telemetry.format;
            format
                .parse(text)
                .or_else(|| text.parse().ok())
                .expect("it was parsed when it was read")
        };
        let train_before = parse(train_before);
        let test_from = test_from.as_ref().map_or(train_before, parse);
        let test_until = test_until.as_ref().map(parse);
        Ok(Some(Split::Times(SplitTimes { train_before, test_from, test_until })))
    }

    /// The recordings to learn from and those to be judged by, where `[split]` is by files.
    ///
    /// # Errors
    /// [`DatasetError`] when it is not, or as of [`Dataset::recordings`].
    pub fn recordings_by_file(&self) -> Result<(Recordings, Recordings), DatasetError> {
        let split = self.config.split.as_ref();
        let (Some(train), Some(test)) = (
            split.and_then(|split| split.train_files.as_deref()),
            split.and_then(|split| split.test_files.as_deref()),
        ) else {
            let remedy = "give both `train_files` and `test_files`";
            return Err(DatasetError::value(&self.path, "split", "half a split", remedy));
        };
        let learned = self.recordings_in(self.files_like("split.train_files", train)?)?;
        let judged = self.recordings_in(self.files_like("split.test_files", test)?)?;
        Ok((learned, judged))
    }

    /// What `[end_of_life]` says; none where there is no such table.
    ///
    /// # Errors
    /// [`DatasetError`] when its file cannot be read.
    pub fn life_truth(&self) -> Result<Option<LifeTruth>, DatasetError> {
        let file = match &self.config.end_of_life {
            None => return Ok(None),
            Some(EndOfLifeConfig::At { .. }) => return Ok(Some(LifeTruth::UntilTheEnd)),
            Some(EndOfLifeConfig::File { file, .. }) => file,
        };
        let path = self.file(file);
        let header = ["left".to_owned()];
        let (mut rows, _) = Rows::open(&path, Delimiter::Whitespace, Some(&header))?;
        let mut left = Vec::new();
        while let Some(Row { line, fields }) = rows.next()? {
            let bad = |detail| DatasetError::Row { path: path.clone(), line, detail };
            let fields = fields.map_err(bad)?;
            let cycles = fields[0].trim().parse::<f64>().ok().filter(|it| it.is_finite());
            left.push(
                cycles.ok_or_else(|| bad(format!("is `{}`, which is no number", &fields[0])))?,
            );
        }
        Ok(Some(LifeTruth::Left(left)))
    }

    /// Samples at the beginning of each asset's recording that are known to be normal, where `[anomalies]` names the
    /// column that says what is true of the others.
    #[must_use]
    pub fn normal_head(&self) -> Option<usize> {
        let anomalies = self.config.anomalies.as_ref()?;
        anomalies.column.as_ref()?;
        usize::try_from(anomalies.normal_head?).ok()
    }

    /// What `[forecast]` says; none where there is no such table.
    #[must_use]
    pub fn forecast(&self) -> Option<Foreseen> {
        let ForecastConfig { channel, ahead, season } = self.config.forecast.as_ref()?;
        let ahead = ahead.iter().map(|ahead| ahead.duration()).collect();
        Some(Foreseen { channel: channel.clone(), ahead, season: season.duration() })
    }

    /// Length of one cycle, where moments are counted in cycles.
    #[must_use]
    pub fn cycle(&self) -> Option<Duration> {
        let format = &self.telemetry.format;
        Some(format.count(1.0)?.since(format.count(0.0)?))
    }

    /// Whether a column of the telemetry says of each row whether it is a failure.
    #[must_use]
    pub fn failures_are_rows(&self) -> bool {
        matches!(self.config.failures, Some(FailuresConfig::Column { .. }))
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

/// Checks `[forecast]` as far as that needs no file.
pub(super) fn check_forecast(config: &Config, path: &Path) -> Result<(), DatasetError> {
    let Some(ForecastConfig { channel, ahead, .. }) = &config.forecast else { return Ok(()) };
    let bad = |key: &str, value: String, remedy: &str| {
        Err(DatasetError::value(path, format!("forecast.{key}"), value, remedy))
    };
    if !config.telemetry.channels.values().any(|known| known == channel) {
        return bad("channel", channel.clone(), "name a channel of `telemetry.channels`");
    }
    if !(1..=AHEAD_MAX).contains(&ahead.len()) {
        let remedy = format!("give 1 to {AHEAD_MAX} lengths of time");
        return bad("ahead", format!("{} lengths", ahead.len()), &remedy);
    }
    let others = [
        ("failures", config.failures.is_some()),
        ("end_of_life", config.end_of_life.is_some()),
        ("anomalies", config.anomalies.is_some()),
    ];
    match others.into_iter().find(|(_, present)| *present) {
        Some((other, _)) => {
            let value = format!("beside `[{other}]`");
            let remedy = "one thing is learned of a dataset: keep one of both tables";
            Err(DatasetError::value(path, "forecast", value, remedy))
        }
        None => Ok(()),
    }
}
