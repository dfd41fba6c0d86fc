//! Settings chosen on inner splits of the rows that are learned from; the judged rows have no part in it.

use super::Progress;
use super::rows::Rows;
use crate::error::CliError;
use messages::Timestamp;
use models::supervised::boost::Loss;
use models::training::Settings;
use models::training::tuning::{GROWTHS, Inner, Tried, Tuning};
use serde_json::{Value, json};
use std::time::Duration;

/// Shares of the time that rows cover at which a part ends that is grown on; judged by is what comes until the next.
const CUTS: [f64; 4] = [0.5, 0.67, 0.84, 1.0];

/// The best settings around `base` for all of these outcomes together, and what was tried, the best first.
pub(super) fn choose(
    rows: &Rows,
    outcomes: &[Vec<f32>],
    splits: &[Inner],
    (base, loss): (Settings, Loss),
    progress: &Progress,
) -> Result<(Settings, Vec<Tried>), CliError> {
    let mut tuning = Tuning::around(base, loss);
    progress.begin(outcomes.len() * splits.len() * GROWTHS, "choosing settings");
    for outcomes in outcomes {
        let mut step = || progress.step("choosing settings");
        tuning.add(&rows.table, outcomes, splits, &mut step).map_err(CliError::failed)?;
    }
    let tried = tuning.tried().map_err(|error| {
        CliError::failed(format!("there is too little to choose settings by: {error}"))
    })?;
    Ok((tried[0].settings, tried))
}

/// Earlier rows to grow on, later ones to judge by; what comes of the earlier within the horizon is known by then.
pub(super) fn by_time(rows: &Rows, horizon: Duration) -> Vec<Inner> {
    let (Some(first), Some(last)) = (rows.at.iter().min(), rows.at.iter().max()) else {
        return Vec::new();
    };
    let cut = |share: f64| first.saturating_add(last.since(*first).mul_f64(share));
    let where_at = |keeps: &dyn Fn(Timestamp) -> bool| -> Vec<usize> {
        (0..rows.at.len()).filter(|row| keeps(rows.at[*row])).collect()
    };
    let split = |pair: &[f64]| {
        let (from, until) = (cut(pair[0]), cut(pair[1]));
        Inner {
            known: where_at(&|at| at.saturating_add(horizon) < from),
            held: where_at(&|at| at >= from && at <= until),
        }
    };
    CUTS.windows(2).map(split).collect()
}

/// What was tried, for programs.
pub(super) fn shown(tried: &[Tried]) -> Value {
    let one = |tried: &Tried| {
        let Settings { forest, boost } = tried.settings;
        json!({
            "loss": tried.loss, "leaf_rows_min": forest.leaf_rows_min, "depth_max": boost.depth_max,
            "rate": boost.rate, "rounds_max": boost.rounds_max,
        })
    };
    tried.iter().map(one).collect()
}
