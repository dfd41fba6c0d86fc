//! How likely an outcome is, and from which probability on the answer is yes.

use super::{Examples, Pair, Settings, unseen};
use crate::supervised::boost::Loss;
use crate::supervised::calibration::Calibration;
use crate::supervised::{LearnError, judge};
use serde::{Deserialize, Serialize};

/// Says how likely an outcome is, by rows of numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Classifier {
    pub(super) trees: Pair,
    calibration: Calibration,
    /// Probability from which on the answer is yes: where F1 was highest on rows not learned from.
    pub threshold: f64,
}

impl Classifier {
    /// Learns an outcome; `grown` is told each of [`super::GROWTHS`] times that trees were grown.
    ///
    /// # Errors
    /// [`LearnError`] when there are too few rows, groups or outcomes of one kind.
    pub fn learn(
        examples: &Examples<'_, bool>,
        settings: Settings,
        grown: &mut dyn FnMut(),
    ) -> Result<Self, LearnError> {
        examples.check()?;
        let outcomes: Vec<f32> =
            examples.outcomes.iter().map(|one| f32::from(u8::from(*one))).collect();
        let unseen = unseen(examples, &outcomes, Loss::Logistic, settings, grown)?;
        let scores: Vec<f64> = unseen.iter().map(|(_, score)| *score).collect();
        let ones: Vec<bool> = unseen.iter().map(|(row, _)| examples.outcomes[*row]).collect();
        let calibration = Calibration::fit(&scores, &ones)?;
        let said: Vec<f64> = scores.iter().map(|score| calibration.probability(*score)).collect();
        let threshold = judge::best_threshold(&said, &ones).expect("a calibration has seen ones");
        let trees = Pair::grow(examples.table, &outcomes, Loss::Logistic, settings)?;
        grown();
        Ok(Self { trees, calibration, threshold })
    }

    /// Probability of the outcome for `row`, NaN standing for what is missing.
    #[must_use]
    pub fn probability(&self, row: &[f32]) -> f64 {
        self.calibration.probability(self.trees.value(row))
    }

    /// What each feature of `row` adds to its score before calibration, and the score of a row of which nothing is
    /// asked; they sum to the score.
    #[must_use]
    pub fn contributions(&self, row: &[f32]) -> (f64, Vec<f64>) {
        self.trees.contributions(row)
    }

    /// Whether rows of `width` features can be asked about.
    pub(crate) fn fits(&self, width: usize) -> bool {
        self.trees.fits(width) && self.calibration.is_whole() && self.threshold.is_finite()
    }
}
