//! Learns from recordings which components fail soon and how much life is left, and how sure that is.
//!
//! One classifier per component, for two may fail at once: a random forest and boosted trees, whose scores are
//! averaged. Probabilities, thresholds and bounds come from rows that the scores were not learned from: the rows are
//! parted by asset, each part is scored by trees grown on the others ([`FOLDS`] times), and the trees that are kept are
//! then grown on all.

mod classifier;
mod life;
pub mod tuning;

#[cfg(test)]
pub(crate) mod tests;

pub use classifier::Classifier;
pub use life::{LifeLeft, LifeModel};

use crate::supervised::boost::{Boosted, Loss};
use crate::supervised::forest::RandomForest;
use crate::supervised::{LearnError, Table, boost, forest};
use serde::{Deserialize, Serialize};

/// Parts that rows are divided into to be scored by trees that have not seen them.
pub const FOLDS: usize = 4;
/// How often trees are grown for one model: once per part, and once on all rows.
pub const GROWTHS: usize = FOLDS + 1;

/// Rows of a leaf of a forest that says numbers, where it is not told otherwise (L. Breiman, 2001).
const NUMBER_LEAF_ROWS: u32 = 5;

/// How a model is learned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The forest.
    pub forest: forest::Settings,
    /// The boosted trees.
    pub boost: boost::Settings,
}

impl Settings {
    /// What numbers are learned with: larger leaves, for a number can always be told apart further.
    #[must_use]
    pub fn for_numbers() -> Self {
        let forest = forest::Settings { leaf_rows_min: NUMBER_LEAF_ROWS, ..Default::default() };
        Self { forest, boost: boost::Settings::default() }
    }

    /// The same with another seed.
    #[must_use]
    pub fn seeded(mut self, seed: u64) -> Self {
        (self.forest.seed, self.boost.seed) = (seed, seed);
        self
    }
}

/// What is learned from: rows, what came true of each, and which of them are alike.
#[derive(Clone, Copy, Debug)]
pub struct Examples<'a, O> {
    /// The rows.
    pub table: &'a Table,
    /// One per row.
    pub outcomes: &'a [O],
    /// By row: rows of one group are alike and stay together.
    pub groups: &'a [u32],
}

impl<O> Examples<'_, O> {
    fn check(&self) -> Result<(), LearnError> {
        let rows = self.table.len();
        for found in [self.outcomes.len(), self.groups.len()] {
            if found != rows {
                return Err(LearnError::Outcomes { expected: rows, found });
            }
        }
        if rows < 2 {
            return Err(LearnError::TooFewRows { rows, least: 2 });
        }
        let first = self.groups.first();
        if self.groups.iter().all(|group| Some(group) == first) {
            return Err(LearnError::OneGroup { rows });
        }
        Ok(())
    }

    /// Parts by asset to choose settings by.
    #[must_use]
    pub fn inner(&self) -> Vec<tuning::Inner> {
        self.parts().map(|(held, known)| tuning::Inner { known, held }).collect()
    }

    /// Rows that are held back and rows that are learned from, part by part.
    fn parts(&self) -> impl Iterator<Item = (Vec<usize>, Vec<usize>)> {
        let mut groups = self.groups.to_vec();
        groups.sort_unstable();
        groups.dedup();
        let fold = move |group: &u32| groups.partition_point(|known| known < group) % FOLDS;
        let folds: Vec<usize> = self.groups.iter().map(fold).collect();
        (0..FOLDS).map(move |part| (0..folds.len()).partition(|row| folds[*row] == part))
    }
}

/// A forest and boosted trees that say the same thing; what counts is the mean of both.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Pair {
    forest: RandomForest,
    boosted: Boosted,
}

impl Pair {
    fn grow(
        table: &Table,
        outcomes: &[f32],
        loss: Loss,
        settings: Settings,
    ) -> Result<Self, LearnError> {
        let forest = RandomForest::grow(table, outcomes, None, settings.forest)?.forest;
        let boosted = Boosted::grow(table, outcomes, None, loss, settings.boost)?;
        Ok(Self { forest, boosted })
    }

    fn value(&self, row: &[f32]) -> f64 {
        f64::midpoint(self.forest.value(row), self.boosted.value(row))
    }

    /// What each feature adds to [`Pair::value`] of `row`, and the value without any.
    fn contributions(&self, row: &[f32]) -> (f64, Vec<f64>) {
        let (forest_base, forest) = self.forest.contributions(row);
        let (boosted_base, boosted) = self.boosted.contributions_to_value(row);
        let both = forest.iter().zip(&boosted);
        let parts = both.map(|(forest, boosted)| f64::midpoint(*forest, *boosted)).collect();
        (f64::midpoint(forest_base, boosted_base), parts)
    }

    /// Whether rows of `width` features can be asked about.
    fn fits(&self, width: usize) -> bool {
        self.forest.fits(width) && self.boosted.fits(width)
    }
}

/// What rows are worth that a pair has not seen, each part said by the pair grown on the others: index and value.
fn unseen<O>(
    examples: &Examples<'_, O>,
    outcomes: &[f32],
    loss: Loss,
    settings: Settings,
    grown: &mut dyn FnMut(),
) -> Result<Vec<(usize, f64)>, LearnError> {
    let mut said = Vec::with_capacity(outcomes.len());
    let mut row = Vec::new();
    for (held, kept) in examples.parts() {
        if !held.is_empty() {
            let known: Vec<f32> = kept.iter().map(|row| outcomes[*row]).collect();
            let pair = Pair::grow(&examples.table.select(&kept), &known, loss, settings)?;
            for index in held {
                row.clear();
                row.extend(examples.table.row(index));
                said.push((index, pair.value(&row)));
            }
        }
        grown();
    }
    Ok(said)
}
