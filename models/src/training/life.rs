//! How much life is left, with bounds.

use super::{Examples, Pair, Settings, unseen};
use crate::supervised::LearnError;
use crate::supervised::boost::Loss;
use crate::supervised::interval::Intervals;
use serde::{Deserialize, Serialize};

/// Says how much life is left, with bounds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LifeModel {
    trees: Pair,
    intervals: Intervals,
    /// What is not told apart: so much life or more.
    pub cap: f64,
    /// Share of rows not learned from whose truth lay within the bounds.
    pub coverage_unseen: f64,
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

impl LifeLeft {
    /// Whether `left` lies within the bounds.
    #[must_use]
    pub fn holds(&self, left: f64) -> bool {
        self.low <= left && self.high.is_none_or(|high| left <= high)
    }
}

impl LifeModel {
    /// Learns how much life is left. A healthy asset shows no wear, so life beyond `cap` is learned as `cap` (F. O.
    /// Heimes, "Recurrent Neural Networks for Remaining Useful Life Estimation", PHM 2008). Rows of one group are one
    /// life. Bounds hold the truth with a share of `coverage`. `grown` is told each of [`super::GROWTHS`] times that
    /// trees were grown.
    ///
    /// # Errors
    /// [`LearnError`] when there are too few rows or a setting is out of its limits.
    pub fn learn(
        examples: &Examples<'_, f64>,
        (cap, coverage): (f64, f64),
        settings: Settings,
        grown: &mut dyn FnMut(),
    ) -> Result<Self, LearnError> {
        examples.check()?;
        crate::supervised::within(cap > 0.0 && cap.is_finite(), "cap", cap, "more than 0")?;
        let outcomes: Vec<f32> = examples.outcomes.iter().map(|it| it.min(cap) as f32).collect();
        let unseen = unseen(examples, &outcomes, Loss::Squared, settings, grown)?;
        let said: Vec<f64> = unseen.iter().map(|(_, left)| left.clamp(0.0, cap)).collect();
        let truth: Vec<f64> = unseen.iter().map(|(row, _)| f64::from(outcomes[*row])).collect();
        let intervals = Intervals::fit(&said, &truth, coverage)?;
        let trees = Pair::grow(examples.table, &outcomes, Loss::Squared, settings)?;
        grown();
        let mut model = Self { trees, intervals, cap, coverage_unseen: 0.0 };
        let held =
            said.iter().zip(&truth).filter(|(said, truth)| model.around(**said).holds(**truth));
        model.coverage_unseen = held.count() as f64 / said.len() as f64;
        Ok(model)
    }

    /// How much life the asset of `row` has left.
    #[must_use]
    pub fn left(&self, row: &[f32]) -> LifeLeft {
        self.around(self.trees.value(row).clamp(0.0, self.cap))
    }

    /// What each feature of `row` adds to the life that is expected, and the life of an asset of which nothing is known.
    #[must_use]
    pub fn contributions(&self, row: &[f32]) -> (f64, Vec<f64>) {
        self.trees.contributions(row)
    }

    fn around(&self, expected: f64) -> LifeLeft {
        let (low, high) = self.intervals.around(expected);
        LifeLeft { expected, low: low.max(0.0), high: (high < self.cap).then_some(high) }
    }

    /// Whether rows of `width` features can be asked about.
    pub(crate) fn fits(&self, width: usize) -> bool {
        self.trees.fits(width) && self.intervals.is_whole() && self.cap.is_finite()
    }
}
