//! What is left of a run: a folder with its journal, its events, a test report and a sequence of acts.

mod events;
mod junit;
mod sequence;

pub use events::{event, events};

use crate::language::Scenario;
use crate::runner::{Ending, Played};
use messages::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a run was made with, besides script and seed.
#[derive(Clone, Debug, Serialize)]
pub struct Made {
    /// Version of the program.
    pub version: String,
    /// Hash of each agent's settings.
    pub configuration: BTreeMap<String, String>,
    /// Name or hash of each model.
    pub models: BTreeMap<String, String>,
    /// Agents that did not run.
    pub without: Vec<String>,
}

/// The journal of a run.
#[derive(Debug, Serialize)]
struct Journal<'r> {
    scenario: &'r str,
    summary: &'r str,
    seed: u64,
    began_at: Timestamp,
    ended_at: Timestamp,
    #[serde(flatten)]
    made: &'r Made,
    result: &'r Ending,
    steps: &'r [crate::runner::Outcome],
    records: usize,
    again: &'r str,
    wall_seconds: f64,
}

/// Where and how a run is written down.
#[derive(Clone, Debug)]
pub struct Report {
    /// The folder of the run.
    pub folder: PathBuf,
    /// The command that runs it again.
    pub again: String,
    /// How long it took by the clock on the wall.
    pub wall: Duration,
}

impl Report {
    /// Writes everything.
    ///
    /// # Errors
    /// The system's, when the folder cannot be written.
    pub fn write(
        &self,
        scenario: &Scenario,
        seed: u64,
        made: &Made,
        played: &Played,
    ) -> std::io::Result<()> {
        std::fs::create_dir_all(&self.folder)?;
        let journal = Journal {
            scenario: &scenario.name,
            summary: &scenario.summary,
            seed,
            began_at: played.clock[0],
            ended_at: played.clock[1],
            made,
            result: &played.ending,
            steps: &played.outcomes,
            records: played.chronicle.records().len(),
            again: &self.again,
            wall_seconds: self.wall.as_secs_f64(),
        };
        let journal = serde_json::to_string_pretty(&journal).map_err(std::io::Error::other)?;
        self.file("journal.json", &(journal + "\n"))?;
        self.file("events.ndjson", &events(played.chronicle.records()))?;
        self.file("junit.xml", &junit::junit(&scenario.name, played))?;
        self.file("sequence.mmd", &sequence::sequence(played))
    }

    fn file(&self, name: &str, text: &str) -> std::io::Result<()> {
        std::fs::write(self.folder.join(name), text)
    }
}

/// `runs/<name>-<utc>-<seed>` below `base`.
#[must_use]
pub fn folder(base: &Path, name: &str, began: Timestamp, seed: u64) -> PathBuf {
    let utc = began.to_string().replace(['-', ':'], "");
    let utc = utc.split('.').next().unwrap_or_default().trim_end_matches('Z').to_owned();
    base.join("runs").join(format!("{name}-{utc}Z-{seed}"))
}
