//! A dataset folder: recordings of assets and what is known to be true about them, described by `dataset.toml`.

mod assets;
mod config;
mod error;
mod moment;
mod recordings;
mod rows;
mod source;
mod table;

pub use error::DatasetError;
pub use recordings::{
    AHEAD_MAX, Foreseen, LifeTruth, ROWS_LEARNED_MAX, RecordedAsset, RecordedCode, Recordings,
    Sample, Split, SplitTimes,
};
pub use source::{BadRow, RowTally};

pub(crate) use config::{Config, Drawn, Moments, OverlayConfig, RunningConfig};
pub(crate) use source::{FileSurvey, Reading, Source, Telemetry};

use crate::truth::{Expected, Truth};
use config::{AnomaliesConfig, EndOfLifeConfig, FailuresConfig, SplitConfig};
use messages::profile::{Profile, Span};
use messages::registry::MaintenanceRecorded;
use moment::TimeFormat;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use table::{Table, read_table};

/// Most files of telemetry in one dataset. Only those whose time has come are open.
pub const FILES_MAX: usize = 10_000;
/// Most assets in one replay, copies included.
pub const ASSETS_MAX: usize = 100_000;
/// Longest file, in rows, that is put in order in memory when it is not in the order of time, unless a replay is told otherwise.
pub const ROWS_SORTED_MAX: u64 = 2_000_000;
/// Bad rows that are shown; all are counted.
pub const BAD_ROWS_SHOWN_MAX: usize = 20;

/// A dataset folder, its description read and checked; its recordings are read as they are replayed.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// `dataset.toml`.
    pub(crate) path: PathBuf,
    /// Where the recordings are.
    folder: PathBuf,
    name: String,
    pub(crate) config: Config,
    pub(crate) telemetry: Arc<Telemetry>,
}

/// The profile that a dataset names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProfileName {
    /// One of the installed profiles.
    Installed(String),
    /// A file.
    File(PathBuf),
}

impl ProfileName {
    /// Name that the assets are registered with.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Installed(name) => name.clone(),
            Self::File(path) => path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        }
    }
}

impl Dataset {
    /// Reads `dataset.toml`, or the one in the folder `path`. Recordings are looked for in `data`, or beside the file.
    ///
    /// # Errors
    /// [`DatasetError`] when the description cannot be read or has a key or value that it may not have.
    pub fn load(path: &Path, data: Option<&Path>) -> Result<Self, DatasetError> {
        let path = if path.is_dir() { path.join("dataset.toml") } else { path.to_owned() };
        let text = std::fs::read_to_string(&path).map_err(DatasetError::read(&path))?;
        let config: Config = toml::from_str(&text).map_err(|error| DatasetError::Toml {
            path: path.clone(),
            detail: error.to_string().trim_end().to_owned(),
        })?;
        let format = source::check(&config.telemetry, &path)?;
        let beside = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let beside = beside.unwrap_or(Path::new(".")).to_owned();
        let name = folder_name(&path, &beside)?;
        check_truth(&config, &format, &path)?;
        crate::running::check(config.running.as_ref(), &config.telemetry.channels, &path)?;
        crate::overlay::check(&config, &path)?;
        let truth = match (&config.failures, &config.anomalies) {
            (Some(FailuresConfig::Column { column }), _) => Some(column.clone()),
            (_, Some(AnomaliesConfig { column, .. })) => column.clone(),
            _ => None,
        };
        let telemetry = Arc::new(Telemetry { config: config.telemetry.clone(), format, truth });
        let folder = data.map_or(beside, Path::to_owned);
        Ok(Self { path, folder, name, config, telemetry })
    }

    /// Name of the folder; the fleet of the replayed assets.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The profile of all its assets.
    #[must_use]
    pub fn profile(&self) -> ProfileName {
        let profile = &self.config.profile;
        if profile.ends_with(".toml") || profile.contains('/') {
            let beside = self.path.parent().unwrap_or(Path::new(""));
            ProfileName::File(beside.join(profile))
        } else {
            ProfileName::Installed(profile.clone())
        }
    }

    /// A prediction counts when the failure comes within it.
    #[must_use]
    pub fn horizon(&self) -> Option<Span> {
        self.config.horizon
    }

    /// Channel ids that its telemetry measures.
    pub fn channels(&self) -> impl Iterator<Item = &str> {
        self.telemetry.channels()
    }

    /// Longest silence that counts as running time, where the dataset says when its assets run.
    #[must_use]
    pub fn running_gap_max(&self) -> Option<Span> {
        self.config.running.as_ref().map(|running| running.gap_max)
    }

    /// The failures that were recorded, by asset and time; none where the dataset has no `[failures]`.
    ///
    /// # Errors
    /// [`DatasetError`] when the table cannot be read.
    pub fn failures(&self) -> Result<Vec<Truth>, DatasetError> {
        let failed = |event: table::Recorded| Truth {
            asset: event.asset,
            fault: "recorded".to_owned(),
            started_at: None,
            expected: Expected::Failure { component: event.name, failed_at: Some(event.at) },
        };
        Ok(self.failure_table()?.into_iter().map(failed).collect())
    }

    /// The rows of `[failures]`, where it is a table.
    fn failure_table(&self) -> Result<Vec<table::Recorded>, DatasetError> {
        let Some(FailuresConfig::Table { file, asset, time, component }) = &self.config.failures
        else {
            return Ok(Vec::new());
        };
        let table = Table { key: "failures", file, asset, time, name: ("component", component) };
        read_table(self, &table)
    }

    /// The work that was recorded, by time and asset; none where the dataset has no `[maintenance]`.
    ///
    /// # Errors
    /// [`DatasetError`] when the table cannot be read.
    pub fn maintenance(&self) -> Result<Vec<MaintenanceRecorded>, DatasetError> {
        let Some(config) = &self.config.maintenance else { return Ok(Vec::new()) };
        let table = Table {
            key: "maintenance",
            file: &config.file,
            asset: &config.asset,
            time: &config.time,
            name: ("component", &config.component),
        };
        let performed = |event: table::Recorded| MaintenanceRecorded {
            asset: event.asset,
            component: event.name,
            performed_at: event.at,
        };
        Ok(read_table(self, &table)?.into_iter().map(performed).collect())
    }

    /// Where a file other than telemetry is.
    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The files of telemetry, by name, each once.
    pub(crate) fn telemetry_files(&self) -> Result<Vec<PathBuf>, DatasetError> {
        self.files_like("telemetry.files", &self.telemetry.config.files)
    }

    /// The files that `patterns`, which stand under `key`, are like, by name, each once.
    fn files_like(
        &self,
        key: &'static str,
        patterns: &[String],
    ) -> Result<Vec<PathBuf>, DatasetError> {
        let mut files = Vec::new();
        for pattern in patterns {
            let bad = |remedy: String| DatasetError::value(&self.path, key, pattern, remedy);
            let folder = glob::Pattern::escape(&self.folder.to_string_lossy());
            let whole = Path::new(&folder).join(pattern);
            let before = files.len();
            for found in glob::glob(&whole.to_string_lossy())
                .map_err(|error| bad(format!("write a valid pattern ({})", error.msg)))?
            {
                let found = found.map_err(|error| DatasetError::Read {
                    path: error.path().to_owned(),
                    source: error.into(),
                })?;
                files.push(found);
            }
            if files.len() == before {
                return Err(DatasetError::NoFiles {
                    path: self.path.clone(),
                    key,
                    pattern: pattern.clone(),
                    folder: self.folder.clone(),
                });
            }
        }
        files.sort();
        files.dedup();
        if files.len() > FILES_MAX {
            return Err(DatasetError::TooManyFiles { path: self.path.clone(), files: files.len() });
        }
        Ok(files)
    }

    /// Refuses channels that the profile does not have.
    pub(crate) fn check_channels(&self, profile: &Profile) -> Result<(), DatasetError> {
        for (column, id) in &self.config.telemetry.channels {
            if profile.channels.iter().any(|known| known.id == *id) {
                continue;
            }
            let nearest = match profile.channel_named(id) {
                Some(known) => Some(profile.channels[known].id.as_str()),
                None => profile.nearest(id),
            };
            let remedy = match nearest {
                Some(nearest) => format!("profile `{}` has `{nearest}`", profile.name),
                None => {
                    format!("profile `{}` has no such channel; leave the column out", profile.name)
                }
            };
            let key = format!("telemetry.channels.{column}");
            return Err(DatasetError::value(&self.path, key, id, remedy));
        }
        Ok(())
    }

    /// Refuses what would otherwise be ignored in silence.
    pub(crate) fn check_replayable(&self) -> Result<(), DatasetError> {
        let Config { failures, end_of_life, anomalies, forecast, split, .. } = &self.config;
        let by_column = matches!(failures, Some(FailuresConfig::Column { .. }));
        let by_time = |split: &SplitConfig| split.train_before.is_some();
        let not_yet = [
            (
                by_column,
                "failures.column",
                "failures are read from a table of `file`, `asset`, `time` and `component`; remove the key to replay without this truth",
            ),
            (
                end_of_life.is_some(),
                "[end_of_life]",
                "remaining life is not judged; remove the table to replay without this truth",
            ),
            (
                anomalies.is_some(),
                "[anomalies]",
                "anomalies are counted but not judged; remove the table to replay without this truth",
            ),
            (
                forecast.is_some(),
                "[forecast]",
                "nothing is foreseen of a series here; remove the table to replay without it",
            ),
            (
                split.as_ref().is_some_and(|split| !by_time(split)),
                "[split]",
                "all assets are replayed, those to learn from too; split by times, or remove the table",
            ),
        ];
        match not_yet.into_iter().find(|(present, ..)| *present) {
            Some((_, key, why)) => {
                Err(DatasetError::NotYet { path: self.path.clone(), key: key.to_owned(), why })
            }
            None => Ok(()),
        }
    }
}

/// Name of the folder that a `dataset.toml` is in.
fn folder_name(path: &Path, beside: &Path) -> Result<String, DatasetError> {
    let folder = std::path::absolute(beside).map_err(DatasetError::read(path))?;
    let name = folder.components().next_back().map(|part| part.as_os_str().to_string_lossy());
    Ok(name.unwrap_or_default().into_owned())
}

/// Checks the tables of truth as far as that needs no file.
fn check_truth(config: &Config, format: &TimeFormat, path: &Path) -> Result<(), DatasetError> {
    if let Some(EndOfLifeConfig::File { order, .. }) = &config.end_of_life
        && order != "unit"
    {
        let remedy = "write `unit`: one line per asset, in the order of their numbers";
        return Err(DatasetError::value(path, "end_of_life.order", order, remedy));
    }
    if let Some(AnomaliesConfig { column, file, .. }) = &config.anomalies
        && column.is_some() == file.is_some()
    {
        let value = if column.is_some() { "column and file" } else { "neither column nor file" };
        let remedy = "give either `column` of the telemetry or `file` of intervals";
        return Err(DatasetError::value(path, "anomalies", value, remedy));
    }
    recordings::check_forecast(config, path)?;
    config.split.as_ref().map_or(Ok(()), |split| check_split(split, format, path))
}

fn check_split(split: &SplitConfig, format: &TimeFormat, path: &Path) -> Result<(), DatasetError> {
    let SplitConfig { train_before, test_from, test_until, .. } = split;
    let times =
        [("train_before", train_before), ("test_from", test_from), ("test_until", test_until)];
    for (key, text) in times {
        if let Some(text) = text
            && format.parse(text).is_none()
            && text.parse::<messages::Timestamp>().is_err()
        {
            let remedy = "write a time as `telemetry.format` does, or as RFC 3339";
            return Err(DatasetError::value(path, format!("split.{key}"), text, remedy));
        }
    }
    let by_time = times.iter().any(|(_, text)| text.is_some());
    let by_file = split.train_files.is_some() || split.test_files.is_some();
    let by_asset = split.test_fraction.is_some() || split.seed.is_some();
    if usize::from(by_time) + usize::from(by_file) + usize::from(by_asset) != 1 {
        let remedy = "split in one way: by times, by files, or by `test_fraction` and `seed`";
        return Err(DatasetError::value(path, "split", "mixed or empty", remedy));
    }
    match (split.test_fraction, split.seed) {
        (None, None) => Ok(()),
        (Some(share), Some(_)) if share > 0.0 && share < 1.0 => Ok(()),
        (share, _) => {
            let value = share.map_or("left out".to_owned(), |share| share.to_string());
            let remedy = "give a share between 0 and 1, and a `seed`";
            Err(DatasetError::value(path, "split.test_fraction", value, remedy))
        }
    }
}
