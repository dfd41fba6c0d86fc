//! Bounds around numbers that hold the truth as often as they promise, whatever the model: split conformal prediction.
//!
//! J. Lei et al., "Distribution-Free Predictive Inference for Regression", JASA 113, 2018, with residuals scaled by how
//! far off the model usually is at that level. Needs rows that were not learned from and are like those to come.

use super::LearnError;
use serde::{Deserialize, Serialize};

/// Fewest rows that intervals are made from.
pub const ROWS_MIN: usize = 30;
/// Levels that the usual residual is told apart for.
const LEVELS: usize = 8;

/// Half-widths of intervals by the level of what is said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Intervals {
    /// What is said at the middle of each level, ascending, and the residuals usual there: down and up.
    levels: Vec<(f64, f64, f64)>,
    /// How many usual residuals below and above the truth may lie.
    below: f64,
    above: f64,
}

impl Intervals {
    /// Intervals that hold a share of `coverage`, by rows of which `said` was said and `true_` was true.
    ///
    /// # Errors
    /// [`LearnError`] when there are too few rows or the coverage is none.
    pub fn fit(said: &[f64], true_: &[f64], coverage: f64) -> Result<Self, LearnError> {
        super::within(coverage > 0.0 && coverage < 1.0, "coverage", coverage, "between 0 and 1")?;
        if said.len() != true_.len() {
            return Err(LearnError::Outcomes { expected: said.len(), found: true_.len() });
        }
        if said.len() < ROWS_MIN {
            return Err(LearnError::TooFewRows { rows: said.len(), least: ROWS_MIN });
        }
        let mut rows: Vec<(f64, f64)> =
            said.iter().zip(true_).map(|(said, true_)| (*said, true_ - said)).collect();
        rows.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut intervals = Self { levels: levels(&rows), below: 0.0, above: 0.0 };
        let scaled = |up: bool| {
            let sign = if up { 1.0 } else { -1.0 };
            let mut scaled: Vec<f64> = rows
                .iter()
                .map(|(said, residual)| {
                    let (down, above) = intervals.usual(*said);
                    sign * residual / if up { above } else { down }
                })
                .collect();
            scaled.sort_by(f64::total_cmp);
            // The rank that makes the promise hold for one more row like these.
            let tail = (1.0 - coverage) / 2.0;
            let rank = ((1.0 - tail) * (scaled.len() + 1) as f64).ceil() as usize;
            scaled[rank.min(scaled.len()) - 1]
        };
        let (below, above) = (scaled(false), scaled(true));
        (intervals.below, intervals.above) = (below.max(0.0), above.max(0.0));
        Ok(intervals)
    }

    /// Lower and upper bound around `said`.
    #[must_use]
    pub fn around(&self, said: f64) -> (f64, f64) {
        let (down, up) = self.usual(said);
        (said - self.below * down, said + self.above * up)
    }

    /// Whether it is what [`Intervals::fit`] makes: for what was read.
    pub(crate) fn is_whole(&self) -> bool {
        let rises = |pair: &[(f64, f64, f64)]| pair[0].0 < pair[1].0;
        let sound = |(level, down, up): &(f64, f64, f64)| {
            level.is_finite() && down.is_finite() && up.is_finite() && *down > 0.0 && *up > 0.0
        };
        let whole = self.below.is_finite() && self.above.is_finite() && !self.levels.is_empty();
        whole && self.levels.windows(2).all(rises) && self.levels.iter().all(sound)
    }

    /// Usual residuals at the level of `said`, between levels in proportion.
    fn usual(&self, said: f64) -> (f64, f64) {
        let above = self.levels.partition_point(|(level, _, _)| *level <= said);
        let below = above.checked_sub(1).map(|below| self.levels[below]);
        match (below, self.levels.get(above)) {
            (Some((low, d0, u0)), Some((high, d1, u1))) => {
                let share = (said - low) / (high - low);
                (d0 + (d1 - d0) * share, u0 + (u1 - u0) * share)
            }
            (Some((_, down, up)), None) | (None, Some(&(_, down, up))) => (down, up),
            (None, None) => unreachable!("there is at least one level"),
        }
    }
}

/// Rows by level, and how far off the truth usually is there: mean distance below and above, never 0.
fn levels(rows: &[(f64, f64)]) -> Vec<(f64, f64, f64)> {
    let per_level = rows.len().div_ceil(LEVELS);
    let overall = rows.iter().map(|(_, residual)| residual.abs()).sum::<f64>() / rows.len() as f64;
    let floor = overall.max(f64::MIN_POSITIVE) / 10.0;
    let mut levels: Vec<(f64, f64, f64)> = Vec::new();
    for part in rows.chunks(per_level) {
        let count = part.len() as f64;
        let middle = part.iter().map(|(said, _)| said).sum::<f64>() / count;
        let down = part.iter().map(|(_, residual)| (-residual).max(0.0)).sum::<f64>() / count;
        let up = part.iter().map(|(_, residual)| residual.max(0.0)).sum::<f64>() / count;
        if levels.last().is_none_or(|(last, _, _)| middle > *last) {
            levels.push((middle, down.max(floor), up.max(floor)));
        }
    }
    levels
}
