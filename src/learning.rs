//! Learns from the part of a dataset that is there to be learned from, and is judged by the other part.
//!
//! What a dataset is about decides what is learned: a series to foresee, lives that end, samples that are
//! unusual, or components that fail.

mod ageing;
mod anomalies;
mod assessed;
mod explained;
mod failures;
mod forecast;
mod life;
mod progress;
pub(crate) mod report;
mod rows;
mod tuned;

pub(crate) use progress::Progress;

use crate::error::CliError;
use crate::replaying::Recording;
use messages::Timestamp;
use models::model::Model;
use report::Section;
use serde_json::{Map, Value, json};
use simulator::dataset::RowTally;

/// Features that are named as what is told or foreseen by.
const REASONS_SHOWN: usize = 10;
/// Rows, evenly spread, over which is averaged what features add: exact values cost much.
const REASONS_ROWS_MAX: usize = 200;

/// What the caller decides.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Choice {
    /// Seed of everything that is drawn; also of the split, where that is drawn.
    pub(crate) seed: Option<u64>,
    /// Learns from what is known before, in place of what the dataset says.
    pub(crate) train_before: Option<Timestamp>,
    /// Judges what is known before, in place of what the dataset says.
    pub(crate) test_until: Option<Timestamp>,
    /// Chooses settings on inner splits of what is learned from.
    pub(crate) tune: bool,
}

impl Choice {
    fn refuse_tuning(self) -> Result<(), CliError> {
        let why = "settings are chosen only where failures or remaining life are learned from samples: leave `--tune` out";
        if self.tune { Err(CliError::failed(why)) } else { Ok(()) }
    }

    fn refuse_times(self) -> Result<(), CliError> {
        let why =
            "rows are not parted by times here: leave `--train-before` and `--test-until` out";
        let given = self.train_before.is_some() || self.test_until.is_some();
        if given { Err(CliError::failed(why)) } else { Ok(()) }
    }
}

/// What came out.
pub(crate) struct Outcome {
    /// For people.
    pub(crate) lines: Vec<String>,
    /// For programs.
    pub(crate) figures: Map<String, Value>,
    /// For the report.
    pub(crate) sections: Vec<Section>,
    /// What was learned; none where nothing of it is kept: each asset is judged by its own beginning, a series by its own past.
    pub(crate) model: Option<Model>,
}

/// Learns, and judges what was learned.
pub(crate) fn learn(
    recording: &Recording,
    choice: Choice,
    progress: &Progress,
) -> Result<Outcome, CliError> {
    let dataset = &recording.dataset;
    let learned = if let Some(task) = dataset.forecast() {
        choice.refuse_tuning()?;
        forecast::learn(recording, &task, choice, progress)?
    } else if let Some(truth) = dataset.life_truth().map_err(CliError::failed)? {
        choice.refuse_times()?;
        life::learn(recording, &truth, choice, progress)?
    } else if let Some(head) = dataset.normal_head() {
        choice.refuse_tuning()?;
        choice.refuse_times()?;
        anomalies::learn(recording, head, progress)?
    } else {
        failures::learn(recording, choice, progress)?
    };
    concluded(learned, recording, choice, progress)
}

/// Learns what agents can ask about at work, and judges that.
pub(crate) fn learn_assessed(
    recording: &Recording,
    choice: Choice,
    progress: &Progress,
) -> Result<Outcome, CliError> {
    choice.refuse_tuning()?;
    choice.refuse_times()?;
    let learned = assessed::learn(recording, choice.seed.unwrap_or(0), progress)?;
    concluded(learned, recording, choice, progress)
}

/// What came out, and what became of the rows that were read.
type Found = (Outcome, RowTally);

/// The outcome with what is true of every one.
fn concluded(
    (mut outcome, rows): Found,
    recording: &Recording,
    choice: Choice,
    progress: &Progress,
) -> Result<Outcome, CliError> {
    progress.end();
    let mut figures = Map::new();
    figures.insert("dataset".to_owned(), json!(recording.dataset.name()));
    figures.insert("seed".to_owned(), json!(choice.seed.unwrap_or(0)));
    figures.insert("rows".to_owned(), serde_json::to_value(&rows).map_err(CliError::failed)?);
    figures.append(&mut outcome.figures);
    outcome.lines.push(format!("rows {rows}"));
    outcome.lines.extend(rows.bad_first.iter().map(|row| format!("  {row}")));
    outcome.sections.extend(report::bad_rows(&rows));
    if let Some(model) = &mut outcome.model {
        let numbers = figures.iter().filter(|(name, _)| *name != "seed");
        let numbers = numbers.filter_map(|(name, value)| Some((name.clone(), value.as_f64()?)));
        model.figures = numbers.collect();
    }
    Ok(Outcome { figures, ..outcome })
}

/// Up to `most` of these rows, evenly spread.
fn spread(rows: &[usize], most: usize) -> impl ExactSizeIterator<Item = &usize> {
    rows.iter().step_by(rows.len().div_ceil(most).max(1))
}

/// The `most` features that add most, either way, the greatest first.
fn heaviest(
    names: &[String],
    parts: impl IntoIterator<Item = f64>,
    most: usize,
) -> Vec<(String, f64)> {
    let mut named: Vec<(String, f64)> = names.iter().cloned().zip(parts).collect();
    named.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    named.truncate(most);
    named
}

/// A figure for people.
fn shown(figure: Option<f64>) -> String {
    figure.map_or("unknown".to_owned(), |figure| format!("{figure:.3}"))
}

/// The entries of an object.
fn entries(object: Value) -> Map<String, Value> {
    match object {
        Value::Object(entries) => entries,
        other => unreachable!("figures are written as an object, not as `{other}`"),
    }
}
