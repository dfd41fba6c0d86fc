//! How well remaining life is told: at the last sample of each asset that is judged.

use super::{Outcome, shown};
use crate::error::CliError;
use crate::learning::{Examples, Schema, drawn_assets, last_rows, sampling_interval, time_left};
use crate::replaying::Recording;
use models::supervised::judge;
use models::training::{LifeLeft, LifeModel, Settings};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde_json::json;
use simulator::dataset::{LifeTruth, Recordings, Split};
use std::collections::BTreeSet;
use std::time::Duration;

/// Life beyond so many samples is learned as so many: a healthy asset shows no wear.
const CAP_SAMPLES: f64 = 125.0;
/// Share of the truth that bounds shall hold.
const COVERAGE: f64 = 0.9;

/// Rows with the life that is truly left, in cycles.
struct Lives {
    examples: Examples,
    left: Vec<f64>,
    /// The rows that are judged.
    judged: Vec<usize>,
}

/// Learns how much life is left, and judges that.
pub(super) fn evaluate(
    recording: &Recording,
    truth: &LifeTruth,
    seed: Option<u64>,
) -> Result<Outcome, CliError> {
    let (learned, judged, schema, cycle) = parted(recording, truth, seed)?;
    let settings = Settings::default().seeded(seed.unwrap_or(0));
    let cap = CAP_SAMPLES * cycle.as_secs_f64() / unit(recording).as_secs_f64();
    let model = LifeModel::learn(
        &learned.examples.table,
        &learned.left,
        &learned.examples.assets,
        (cap, COVERAGE),
        settings,
    )
    .map_err(CliError::failed)?;
    let said: Vec<LifeLeft> = judged
        .judged
        .iter()
        .map(|row| model.left(&judged.examples.table.row(*row).collect::<Vec<f32>>()))
        .collect();
    let truth: Vec<f64> = judged.judged.iter().map(|row| judged.left[*row]).collect();
    Ok(outcome(&said, &truth, cap, (learned.left.len(), schema.plan.names().len())))
}

fn outcome(
    said: &[LifeLeft],
    truth: &[f64],
    cap: f64,
    (rows, features): (usize, usize),
) -> Outcome {
    let expected: Vec<f64> = said.iter().map(|said| said.expected).collect();
    let capped: Vec<f64> = truth.iter().map(|truth| truth.min(cap)).collect();
    let held = said.iter().zip(truth).filter(|(said, truth)| {
        said.low <= **truth && said.high.is_none_or(|high| **truth <= high)
    });
    let share = (!said.is_empty()).then(|| held.count() as f64 / said.len() as f64);
    let width = |said: &LifeLeft| said.high.unwrap_or(cap) - said.low;
    let width = (!said.is_empty()).then(|| said.iter().map(width).sum::<f64>() / said.len() as f64);
    let (rmse_capped, rmse_raw) = (judge::rmse(&expected, &capped), judge::rmse(&expected, truth));
    let open = said.iter().filter(|said| said.high.is_none()).count();
    Outcome {
        lines: vec![format!(
            "RMSE {} (truth capped at {cap}), {} (raw), over {} assets; 90 % bounds hold {}, mean width {}, {open} of them open above",
            shown(rmse_capped),
            shown(rmse_raw),
            said.len(),
            shown(share),
            shown(width),
        )],
        figures: json!({
            "rows_learned": rows, "assets_judged": said.len(), "features": features, "cap": cap,
            "rmse_capped": rmse_capped, "rmse_raw": rmse_raw, "mae": judge::mae(&expected, truth),
            "coverage": share, "width": width, "open_above": open,
        }),
    }
}

/// What life is counted in: cycles where the recording counts them, hours where not.
fn unit(recording: &Recording) -> Duration {
    recording.dataset.cycle().unwrap_or(Duration::from_secs(3_600))
}

/// What is learned from and what is judged, and how often assets are sampled.
fn parted(
    recording: &Recording,
    truth: &LifeTruth,
    seed: Option<u64>,
) -> Result<(Lives, Lives, Schema, Duration), CliError> {
    let (train, test) = match recording.dataset.split().map_err(CliError::failed)? {
        Some(Split::Files) => recording.dataset.recordings_by_file().map_err(CliError::failed)?,
        Some(Split::Assets { test_fraction, seed: written }) => {
            let all = recording.dataset.recordings().map_err(CliError::failed)?;
            let drawn = drawn_assets(&all, test_fraction, seed.unwrap_or(written));
            part(all, &drawn)
        }
        _ => {
            let what = "remaining life is judged by other assets: give `[split]` `train_files` and `test_files`, or `test_fraction` and `seed`";
            return Err(CliError::failed(what));
        }
    };
    let schema = Schema::of(recording, &train, None);
    let interval = sampling_interval(&train).ok_or_else(|| {
        CliError::failed("no asset was sampled twice: there is no life to learn from")
    })?;
    let unit = unit(recording).as_secs_f64();
    let learned = schema.examples(&train, |_, _| true)?;
    let left = time_left(&learned).iter().map(|left| left.as_secs_f64() / unit).collect();
    let learned = Lives { examples: learned, left, judged: Vec::new() };
    let judged = schema.examples(&test, |_, _| true)?;
    let judged = with_truth(judged, &test, truth, unit, seed.unwrap_or(0))?;
    Ok((learned, judged, schema, interval))
}

fn part(all: Recordings, drawn: &BTreeSet<u32>) -> (Recordings, Recordings) {
    let mut train = Recordings { channels: all.channels.clone(), ..Recordings::default() };
    let mut test = train.clone();
    for (number, (id, asset)) in (0_u32..).zip(all.assets) {
        let part = if drawn.contains(&number) { &mut test } else { &mut train };
        part.assets.insert(id, asset);
    }
    (train, test)
}

/// The life that is left at the judged rows: told by the file at each asset's last sample; where assets were recorded
/// until their end, at a moment drawn from each life.
fn with_truth(
    examples: Examples,
    test: &Recordings,
    truth: &LifeTruth,
    unit: f64,
    seed: u64,
) -> Result<Lives, CliError> {
    let last = last_rows(&examples);
    match truth {
        LifeTruth::UntilTheEnd => {
            let left: Vec<f64> =
                time_left(&examples).iter().map(|left| left.as_secs_f64() / unit).collect();
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
            let mut from = 0;
            let mut judged = Vec::new();
            for end in last {
                judged.push(rng.gen_range(from..=end));
                from = end + 1;
            }
            Ok(Lives { examples, left, judged })
        }
        LifeTruth::Left(numbers) => {
            let mut ids: Vec<(usize, &String)> = test.assets.keys().enumerate().collect();
            ids.sort_by_key(|(_, id)| (id.len(), id.as_str()));
            if numbers.len() != ids.len() {
                return Err(CliError::failed(format!(
                    "`end_of_life.file` has {} lines for {} assets; give one for each",
                    numbers.len(),
                    ids.len()
                )));
            }
            let mut left = vec![f64::NAN; examples.assets.len()];
            let mut judged = Vec::new();
            for ((place, _), number) in ids.into_iter().zip(numbers) {
                let asset = u32::try_from(place).map_err(CliError::failed)?;
                let row = last.iter().find(|row| examples.assets[**row] == asset);
                if let Some(row) = row {
                    left[*row] = *number;
                    judged.push(*row);
                }
            }
            Ok(Lives { examples, left, judged })
        }
    }
}
