//! Learns from recordings which components fail soon and how much life is left, and how sure that is.
//!
//! One classifier per component, for two may fail at once: a random forest and boosted trees, whose scores are
//! averaged. Probabilities and threshold come from rows that the scores were not learned from: the rows are parted by
//! asset, each part is scored by trees grown on the others ([`FOLDS`] times), and the trees that are kept are then
//! grown on all.

use crate::supervised::boost::{Boosted, Loss};
use crate::supervised::calibration::Calibration;
use crate::supervised::forest::RandomForest;
use crate::supervised::interval::Intervals;
use crate::supervised::{LearnError, Table, boost, forest, judge};
use serde::{Deserialize, Serialize};

/// Parts that rows are divided into to be scored by trees that have not seen them.
pub const FOLDS: usize = 4;

/// How a classifier is learned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The forest.
    pub forest: forest::Settings,
    /// The boosted trees.
    pub boost: boost::Settings,
}

impl Settings {
    /// The same with another seed.
    #[must_use]
    pub fn seeded(mut self, seed: u64) -> Self {
        (self.forest.seed, self.boost.seed) = (seed, seed);
        self
    }
}

/// Says how likely an outcome is, by rows of numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Classifier {
    trees: Scorer,
    calibration: Calibration,
    /// Probability from which on the answer is yes: where F1 was highest on rows not learned from.
    pub threshold: f64,
}

/// Uncalibrated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Scorer {
    forest: RandomForest,
    boosted: Boosted,
}

impl Scorer {
    fn grow(table: &Table, outcomes: &[f32], settings: Settings) -> Result<Self, LearnError> {
        let forest = RandomForest::grow(table, outcomes, None, settings.forest)?.forest;
        let boosted = Boosted::grow(table, outcomes, None, Loss::Logistic, settings.boost)?;
        Ok(Self { forest, boosted })
    }

    fn score(&self, row: &[f32]) -> f64 {
        f64::midpoint(self.forest.value(row), self.boosted.value(row))
    }
}

impl Classifier {
    /// Learns `outcomes`, one per row of `table`; rows of one group are alike and stay together.
    ///
    /// # Errors
    /// [`LearnError`] when there are too few rows, groups or outcomes of one kind.
    pub fn learn(
        table: &Table,
        outcomes: &[bool],
        groups: &[u32],
        settings: Settings,
    ) -> Result<Self, LearnError> {
        let (scores, ones) = unseen_scores(table, outcomes, groups, settings)?;
        let calibration = Calibration::fit(&scores, &ones)?;
        let said: Vec<f64> = scores.iter().map(|score| calibration.probability(*score)).collect();
        let threshold = judge::best_threshold(&said, &ones).expect("a calibration has seen ones");
        let trees = Scorer::grow(table, &numbers(outcomes), settings)?;
        Ok(Self { trees, calibration, threshold })
    }

    /// Probability of the outcome for `row`, NaN standing for what is missing.
    #[must_use]
    pub fn probability(&self, row: &[f32]) -> f64 {
        self.calibration.probability(self.trees.score(row))
    }
}

fn numbers(outcomes: &[bool]) -> Vec<f32> {
    outcomes.iter().map(|one| f32::from(u8::from(*one))).collect()
}

/// Scores of all rows by trees that have seen no row of their group, and the outcomes in the same order.
fn unseen_scores(
    table: &Table,
    outcomes: &[bool],
    groups: &[u32],
    settings: Settings,
) -> Result<(Vec<f64>, Vec<bool>), LearnError> {
    let fold = |row: usize| groups[row] as usize % FOLDS;
    let (mut scores, mut ones) = (Vec::new(), Vec::new());
    for part in 0..FOLDS {
        let (held, kept): (Vec<usize>, Vec<usize>) =
            (0..table.len()).partition(|row| fold(*row) == part);
        if held.is_empty() {
            continue;
        }
        let known: Vec<bool> = kept.iter().map(|row| outcomes[*row]).collect();
        let trees = Scorer::grow(&table.select(&kept), &numbers(&known), settings)?;
        let mut buffer = Vec::new();
        for row in held {
            buffer.clear();
            buffer.extend(table.row(row));
            scores.push(trees.score(&buffer));
            ones.push(outcomes[row]);
        }
    }
    Ok((scores, ones))
}

/// Says how much life is left, with bounds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LifeModel {
    forest: RandomForest,
    boosted: Boosted,
    intervals: Intervals,
    /// What is not told apart: so much life or more.
    pub cap: f64,
}

/// How much life is left, in the unit of what was learned.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LifeLeft {
    /// Expected, at most the cap of its model.
    pub expected: f64,
    /// Lower bound.
    pub low: f64,
    /// Upper bound; none where it is the cap, beyond which nothing is told apart.
    pub high: Option<f64>,
}

impl LifeModel {
    /// Learns what `left` is, one per row of `table`. A healthy asset shows no wear, so life beyond `cap` is learned as
    /// `cap` (F. O. Heimes, "Recurrent Neural Networks for Remaining Useful Life Estimation", PHM 2008). Rows of one
    /// group are one life. Bounds hold the truth with a share of `coverage`.
    ///
    /// # Errors
    /// [`LearnError`] when there are too few rows or a setting is out of its limits.
    pub fn learn(
        table: &Table,
        left: &[f64],
        groups: &[u32],
        (cap, coverage): (f64, f64),
        settings: Settings,
    ) -> Result<Self, LearnError> {
        let outcomes: Vec<f32> = left.iter().map(|left| left.min(cap) as f32).collect();
        let (mut said, mut truth) = (Vec::new(), Vec::new());
        for part in 0..FOLDS {
            let (held, kept): (Vec<usize>, Vec<usize>) =
                (0..table.len()).partition(|row| groups[*row] as usize % FOLDS == part);
            if held.is_empty() || kept.is_empty() {
                continue;
            }
            let known: Vec<f32> = kept.iter().map(|row| outcomes[*row]).collect();
            let (forest, boosted) = life_trees(&table.select(&kept), &known, settings)?;
            for row in held {
                let values: Vec<f32> = table.row(row).collect();
                said.push(life(&forest, &boosted, &values, cap));
                truth.push(f64::from(outcomes[row]));
            }
        }
        let intervals = Intervals::fit(&said, &truth, coverage)?;
        let (forest, boosted) = life_trees(table, &outcomes, settings)?;
        Ok(Self { forest, boosted, intervals, cap })
    }

    /// How much life the asset of `row` has left.
    #[must_use]
    pub fn left(&self, row: &[f32]) -> LifeLeft {
        let expected = life(&self.forest, &self.boosted, row, self.cap);
        let (low, high) = self.intervals.around(expected);
        LifeLeft { expected, low: low.max(0.0), high: (high < self.cap).then_some(high) }
    }
}

fn life_trees(
    table: &Table,
    left: &[f32],
    settings: Settings,
) -> Result<(RandomForest, Boosted), LearnError> {
    let forest = RandomForest::grow(table, left, None, settings.forest)?.forest;
    let boosted = Boosted::grow(table, left, None, Loss::Squared, settings.boost)?;
    Ok((forest, boosted))
}

fn life(forest: &RandomForest, boosted: &Boosted, row: &[f32], cap: f64) -> f64 {
    f64::midpoint(forest.value(row), boosted.value(row)).clamp(0.0, cap)
}
