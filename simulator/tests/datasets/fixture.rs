//! A dataset folder in a temporary place, and what its replay yields.

use messages::Timestamp;
use messages::profile::Profile;
use simulator::{Dataset, DatasetError, Entry, Frame, Replay, ReplayOptions};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A `dataset.toml` for the vehicle profile; telemetry as [`trips`] writes it.
pub(crate) const VEHICLE: &str = r#"
profile = "vehicle"
[telemetry]
files = ["*.csv"]
asset = "vehicle"
time = "time"
[telemetry.channels]
rpm = "engine_speed"
coolant = "coolant_temperature"
volts = "battery_voltage"
[running]
channel = "engine_speed"
above = 400
gap_max = "10s"
"#;

pub(crate) struct Folder {
    folder: TempDir,
}

impl Folder {
    pub(crate) fn new(description: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("cars")).unwrap();
        Self { folder }.with("dataset.toml", description)
    }

    pub(crate) fn with(self, file: &str, content: impl AsRef<[u8]>) -> Self {
        std::fs::write(self.path(file), content).unwrap();
        self
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join("cars").join(file)
    }

    pub(crate) fn load(&self) -> Result<Dataset, DatasetError> {
        Dataset::load(&self.path(""), None)
    }

    pub(crate) fn open(&self) -> Result<Replay, DatasetError> {
        Replay::open(&self.load()?, &vehicle(), &ReplayOptions::default())
    }

    /// All entries, or the first error.
    pub(crate) fn entries(&self) -> Result<Vec<Entry>, DatasetError> {
        self.open()?.collect()
    }

    /// All frames of one asset.
    pub(crate) fn frames(&self, asset: &str) -> Vec<Frame> {
        let frame = |entry| match entry {
            Entry::Telemetry(frame) if frame.telemetry.asset == asset => Some(frame),
            _ => None,
        };
        self.entries().unwrap().into_iter().filter_map(frame).collect()
    }

    /// Moment and value of every sample of one asset in the channel called `signal`.
    pub(crate) fn values(&self, asset: &str, signal: &str) -> Vec<(Timestamp, Option<f64>)> {
        values(&self.frames(asset), signal)
    }
}

pub(crate) fn values(frames: &[Frame], signal: &str) -> Vec<(Timestamp, Option<f64>)> {
    let mut values = Vec::new();
    for Frame { telemetry, .. } in frames {
        let place = telemetry.signals.iter().position(|known| known.name == signal).unwrap();
        for sample in &telemetry.samples {
            values.push((sample.sampled_at, sample.values[place].map(|value| value.get())));
        }
    }
    values
}

pub(crate) fn vehicle() -> Profile {
    Profile::parse(messages::profile::embedded("vehicle").unwrap()).unwrap()
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// So many trips of a healthy car, one a day from 2026-03-02, of two hours each, at one sample in ten seconds.
pub(crate) fn trips(vehicle: &str, count: u32) -> String {
    let mut csv = "vehicle,time,rpm,coolant,volts\n".to_owned();
    for trip in 0..count {
        for sample in 0..720 {
            let seconds = sample * 10;
            let (day, hour) = (2 + trip, 6 + seconds / 3600);
            let (minute, second) = (seconds / 60 % 60, seconds % 60);
            let rpm = 1_500 + sample % 7 * 100;
            // Warm after ten minutes, then held by the thermostat.
            let coolant = if sample < 60 { 20 + sample * 70 / 60 } else { 89 + sample % 3 };
            writeln!(csv, "{vehicle},2026-03-{day:02}T{hour:02}:{minute:02}:{second:02}Z,{rpm},{coolant},14.{}", sample % 3)
                .unwrap();
        }
    }
    csv
}

/// The folder of the datasets that come with the program.
pub(crate) fn shipped() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../profiles/datasets"))
}
