//! How well remaining life is told: at the last sample of each asset that is judged.

use super::report::{Section, life as sections};
use super::rows::{Features, Rows, drawn_assets, last_rows, sampling_interval, time_left};
use super::{Choice, Found, Outcome, Progress, REASONS_SHOWN, entries, heaviest, shown, tuned};
use crate::error::CliError;
use crate::replaying::Recording;
use models::model::{Learned, Model, Origin, hash};
use models::supervised::boost::Loss;
use models::supervised::judge;
use models::training::{Examples, GROWTHS, LifeLeft, LifeModel, Settings};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde_json::json;
use simulator::dataset::{LifeTruth, Recordings, RowTally, Split};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Life beyond so many samples is learned as so many: a healthy asset shows no wear.
const CAP_SAMPLES: f64 = 125.0;
/// Share of the truth that bounds shall hold.
const COVERAGE: f64 = 0.9;

/// Rows with the life that is truly left, in cycles.
struct Lives {
    rows: Rows,
    left: Vec<f64>,
    /// The rows that are judged.
    judged: Vec<usize>,
}

/// What was said of one asset and what was true.
pub(super) struct Said {
    pub(super) left: LifeLeft,
    pub(super) truth: f64,
}

/// Learns how much life is left, and judges that.
pub(super) fn learn(
    recording: &Recording,
    truth: &LifeTruth,
    choice: Choice,
    progress: &Progress,
) -> Result<Found, CliError> {
    let seed = choice.seed.unwrap_or(0);
    let Parts { learned, judged, features, interval, read } =
        parted(recording, truth, choice.seed)?;
    let base = Settings::for_numbers().seeded(seed);
    let cap = CAP_SAMPLES * interval.as_secs_f64() / unit(recording).as_secs_f64();
    let Lives { rows: Rows { table, assets, .. }, left, .. } = &learned;
    let examples = Examples { table, outcomes: left, groups: assets };
    let (settings, tried) = match choice.tune {
        true => {
            let outcomes = vec![left.iter().map(|left| left.min(cap) as f32).collect()];
            let which = (base, Loss::Squared);
            tuned::choose(&learned.rows, &outcomes, &examples.inner(), which, progress)?
        }
        false => (base, Vec::new()),
    };
    progress.begin(GROWTHS, "life");
    let model =
        LifeModel::learn(&examples, (cap, COVERAGE), settings, &mut || progress.step("life"))
            .map_err(CliError::failed)?;
    let said: Vec<Said> = judged
        .judged
        .iter()
        .map(|row| Said { left: model.left(&judged.rows.row(*row)), truth: judged.left[*row] })
        .collect();
    let origin = Origin {
        dataset: recording.dataset.name().to_owned(),
        data: hash(table, &[left]),
        rows: table.len() as u64,
        seed,
        settings,
    };
    let mut outcome = outcome(&said, &model, &reasons(&model, &judged));
    if choice.tune {
        outcome.figures.insert("tried".to_owned(), tuned::shown(&tried));
    }
    outcome.figures.extend(entries(json!({
        "rows_learned": table.len(), "features": features.width(), "data_sha256": origin.data,
    })));
    let learned = Learned::Life { unit: unit(recording), model: Box::new(model) };
    outcome.model =
        Some(Model { schema: features.schema, origin, figures: BTreeMap::new(), learned });
    Ok((outcome, read))
}

fn outcome(said: &[Said], model: &LifeModel, reasons: &[(String, f64)]) -> Outcome {
    let cap = model.cap;
    let expected: Vec<f64> = said.iter().map(|said| said.left.expected).collect();
    let truth: Vec<f64> = said.iter().map(|said| said.truth).collect();
    let capped: Vec<f64> = truth.iter().map(|truth| truth.min(cap)).collect();
    let share = |count: usize| (!said.is_empty()).then(|| count as f64 / said.len() as f64);
    let coverage = share(said.iter().filter(|said| said.left.holds(said.truth)).count());
    let width = |said: &Said| said.left.high.unwrap_or(cap) - said.left.low;
    let width = (!said.is_empty()).then(|| said.iter().map(width).sum::<f64>() / said.len() as f64);
    let (rmse_capped, rmse_raw) = (judge::rmse(&expected, &capped), judge::rmse(&expected, &truth));
    let open = said.iter().filter(|said| said.left.high.is_none()).count();
    let lines = vec![format!(
        "RMSE {} (truth capped at {cap}), {} (raw), over {} assets; 90 % bounds hold {} ({:.3} of rows held back), mean width {}, {open} of them open above",
        shown(rmse_capped),
        shown(rmse_raw),
        said.len(),
        shown(coverage),
        model.coverage_unseen,
        shown(width),
    )];
    let figures = entries(json!({
        "assets_judged": said.len(), "cap": cap, "rmse_capped": rmse_capped, "rmse_raw": rmse_raw,
        "mae": judge::mae(&expected, &truth), "mae_capped": judge::mae(&expected, &capped),
        "coverage": coverage, "coverage_unseen": model.coverage_unseen, "width": width,
        "open_above": open, "contributions": reasons,
    }));
    let sections: Vec<Section> = sections::all(said, cap, reasons);
    Outcome { lines, figures, sections, model: None }
}

/// How far features move what is expected on average, the most first.
fn reasons(model: &LifeModel, judged: &Lives) -> Vec<(String, f64)> {
    let mut sums = vec![0.0; judged.rows.table.names().len()];
    for row in &judged.judged {
        let (_, parts) = model.contributions(&judged.rows.row(*row));
        let share = judged.judged.len() as f64;
        sums.iter_mut().zip(parts).for_each(|(sum, part)| *sum += part.abs() / share);
    }
    heaviest(judged.rows.table.names(), sums, REASONS_SHOWN)
}

/// What life is counted in: cycles where the recording counts them, hours where not.
fn unit(recording: &Recording) -> Duration {
    recording.dataset.cycle().unwrap_or(Duration::from_secs(3_600))
}

/// What is learned from and what is judged.
struct Parts {
    learned: Lives,
    judged: Lives,
    features: Features,
    /// How often assets are sampled.
    interval: Duration,
    /// What became of the rows of both.
    read: RowTally,
}

fn parted(recording: &Recording, truth: &LifeTruth, seed: Option<u64>) -> Result<Parts, CliError> {
    let (train, mut test) = match recording.dataset.split().map_err(CliError::failed)? {
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
    let features = Features::of(recording, &train, None);
    let interval = sampling_interval(&train).ok_or_else(|| {
        CliError::failed("no asset was sampled twice: there is no life to learn from")
    })?;
    let unit = unit(recording).as_secs_f64();
    let rows = features.rows(&train, |_, _| true)?;
    let left = time_left(&rows).iter().map(|left| left.as_secs_f64() / unit).collect();
    let learned = Lives { rows, left, judged: Vec::new() };
    let judged = features.rows(&test, |_, _| true)?;
    let judged = with_truth(judged, &test, truth, unit, seed.unwrap_or(0))?;
    let mut read = train.rows;
    read.absorb(&mut test.rows);
    Ok(Parts { learned, judged, features, interval, read })
}

fn part(all: Recordings, drawn: &BTreeSet<u32>) -> (Recordings, Recordings) {
    let mut test = Recordings { channels: all.channels, ..Recordings::default() };
    let mut train = Recordings { rows: all.rows, ..test.clone() };
    for (number, (id, asset)) in (0_u32..).zip(all.assets) {
        let part = if drawn.contains(&number) { &mut test } else { &mut train };
        part.assets.insert(id, asset);
    }
    (train, test)
}

/// The life that is left at the judged rows: told by the file at each asset's last sample; where assets were recorded
/// until their end, at a moment drawn from each life.
fn with_truth(
    rows: Rows,
    test: &Recordings,
    truth: &LifeTruth,
    unit: f64,
    seed: u64,
) -> Result<Lives, CliError> {
    let last = last_rows(&rows);
    match truth {
        LifeTruth::UntilTheEnd => {
            let left: Vec<f64> =
                time_left(&rows).iter().map(|left| left.as_secs_f64() / unit).collect();
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
            let mut from = 0;
            let mut judged = Vec::new();
            for end in last {
                judged.push(rng.gen_range(from..=end));
                from = end + 1;
            }
            Ok(Lives { rows, left, judged })
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
            let mut left = vec![f64::NAN; rows.assets.len()];
            let mut judged = Vec::new();
            for ((place, _), number) in ids.into_iter().zip(numbers) {
                let asset = u32::try_from(place).map_err(CliError::failed)?;
                let row = last.iter().find(|row| rows.assets[**row] == asset);
                if let Some(row) = row {
                    left[*row] = *number;
                    judged.push(*row);
                }
            }
            Ok(Lives { rows, left, judged })
        }
    }
}
