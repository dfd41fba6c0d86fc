//! Chooses settings by how well what is grown with them does on rows that it was not grown on.
//!
//! Forests and boosted trees are tried apart and judged in pairs: what counts is the mean of both, as it does at work.

use super::{NUMBER_LEAF_ROWS, Settings};
use crate::supervised::boost::{self, Boosted, Loss};
use crate::supervised::forest::{self, RandomForest};
use crate::supervised::{LearnError, Table};
use serde::Serialize;

/// How often trees are grown for one outcome and split.
pub const GROWTHS: usize = FORESTS + BOOSTS;

const FORESTS: usize = 3;
const BOOSTS: usize = 3;

/// Rows to grow on and rows to judge by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inner {
    /// Grown on.
    pub known: Vec<usize>,
    /// Judged by.
    pub held: Vec<usize>,
}

/// Settings and how far off they were.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Tried {
    /// The settings.
    pub settings: Settings,
    /// Mean loss over the held rows: of logarithms for outcomes 0 and 1, of squares for numbers.
    pub loss: f64,
}

/// What is tried, added up over outcomes and splits.
#[derive(Clone, Debug)]
pub struct Tuning {
    loss: Loss,
    forests: [forest::Settings; FORESTS],
    boosts: [boost::Settings; BOOSTS],
    /// By forest and boosted trees.
    sums: [[f64; BOOSTS]; FORESTS],
    rows: usize,
}

impl Tuning {
    /// Tries what lies around `base`: larger leaves in the forest; fewer splits and smaller steps, or more splits, in
    /// the boosted trees.
    #[must_use]
    pub fn around(base: Settings, loss: Loss) -> Self {
        let leaves = match loss {
            Loss::Logistic => [base.forest.leaf_rows_min, 3, 10],
            Loss::Squared => [base.forest.leaf_rows_min, 2, 4 * NUMBER_LEAF_ROWS],
        };
        let forest = |leaf_rows_min| forest::Settings { leaf_rows_min, ..base.forest };
        let boost = |depth_max, rate, rounds_max| boost::Settings {
            depth_max,
            rate,
            rounds_max,
            ..base.boost
        };
        Self {
            loss,
            forests: leaves.map(forest),
            boosts: [base.boost, boost(3, 0.05, 300), boost(7, 0.05, 200)],
            sums: [[0.0; BOOSTS]; FORESTS],
            rows: 0,
        }
    }

    /// Tries all on one outcome; `grown` is told each of [`GROWTHS`] times a split that trees were grown. A split that
    /// has nothing to grow on, or nothing to judge by, is passed over.
    ///
    /// # Errors
    /// [`LearnError`] when outcomes do not fit the rows.
    pub fn add(
        &mut self,
        table: &Table,
        outcomes: &[f32],
        splits: &[Inner],
        grown: &mut dyn FnMut(),
    ) -> Result<(), LearnError> {
        if outcomes.len() != table.len() {
            return Err(LearnError::Outcomes { expected: table.len(), found: outcomes.len() });
        }
        for split in splits {
            match self.add_one(table, outcomes, split, grown) {
                Err(LearnError::OneClass { .. } | LearnError::TooFewRows { .. }) => {}
                other => other?,
            }
        }
        Ok(())
    }

    fn add_one(
        &mut self,
        table: &Table,
        outcomes: &[f32],
        split: &Inner,
        grown: &mut dyn FnMut(),
    ) -> Result<(), LearnError> {
        let pick = |rows: &[usize]| rows.iter().map(|row| outcomes[*row]).collect::<Vec<f32>>();
        let (known, held) = (table.select(&split.known), table.select(&split.held));
        let (learned, truth) = (pick(&split.known), pick(&split.held));
        let rows: Vec<Vec<f32>> = (0..held.len()).map(|row| held.row(row).collect()).collect();
        // Boosted trees refuse what cannot be learned from; nothing is added before they have not.
        let mut boosted = Vec::with_capacity(BOOSTS);
        for settings in self.boosts {
            let trees = Boosted::grow(&known, &learned, None, self.loss, settings)?;
            boosted.push(rows.iter().map(|row| trees.value(row)).collect::<Vec<f64>>());
            grown();
        }
        for (settings, sums) in self.forests.iter().zip(&mut self.sums) {
            let forest = RandomForest::grow(&known, &learned, None, *settings)?.forest;
            let forest: Vec<f64> = rows.iter().map(|row| forest.value(row)).collect();
            for (boosted, sum) in boosted.iter().zip(sums) {
                let said = forest.iter().zip(boosted).map(|(a, b)| f64::midpoint(*a, *b));
                *sum +=
                    said.zip(&truth).map(|(said, truth)| of(self.loss, said, *truth)).sum::<f64>();
            }
            grown();
        }
        self.rows += rows.len();
        Ok(())
    }

    /// All that was tried, the best first; the base stands before others that did as well.
    ///
    /// # Errors
    /// [`LearnError::TooFewRows`] if there was nothing to judge by.
    pub fn tried(&self) -> Result<Vec<Tried>, LearnError> {
        if self.rows == 0 {
            return Err(LearnError::TooFewRows { rows: 0, least: 1 });
        }
        let pairs = self.forests.iter().zip(&self.sums).flat_map(|(forest, sums)| {
            let boosts = self.boosts.iter().zip(sums);
            boosts.map(|(boost, sum)| (Settings { forest: *forest, boost: *boost }, *sum))
        });
        let mut tried: Vec<Tried> =
            pairs.map(|(settings, sum)| Tried { settings, loss: sum / self.rows as f64 }).collect();
        tried.sort_by(|a, b| a.loss.total_cmp(&b.loss));
        Ok(tried)
    }
}

fn of(loss: Loss, said: f64, truth: f32) -> f64 {
    let truth = f64::from(truth);
    match loss {
        Loss::Logistic => {
            // A forest that is sure and wrong must not outweigh everything.
            let p = said.clamp(1e-4, 1.0 - 1e-4);
            -(truth * p.ln() + (1.0 - truth) * (1.0 - p).ln())
        }
        Loss::Squared => (said - truth).powi(2),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{failing, small};
    use super::{GROWTHS, Inner, Tuning};
    use crate::supervised::boost::Loss;
    use crate::supervised::{LearnError, Table};

    fn halves(rows: usize) -> Vec<Inner> {
        vec![Inner { known: (0..rows / 2).collect(), held: (rows / 2..rows).collect() }]
    }

    fn numbers(ones: &[bool]) -> Vec<f32> {
        ones.iter().map(|one| f32::from(u8::from(*one))).collect()
    }

    #[test]
    fn larger_leaves_are_chosen_for_what_cannot_be_known() {
        // What came true is that of other rows: the smaller the leaves, the surer and the more wrong.
        let ((table, _, _), (_, outcomes, _)) = (failing(20, 1), failing(20, 2));
        let mut tuning = Tuning::around(small(), Loss::Logistic);
        let mut told = 0;
        let splits = halves(table.len());
        tuning.add(&table, &numbers(&outcomes), &splits, &mut || told += 1).unwrap();
        assert_eq!(told, GROWTHS);
        let tried = tuning.tried().unwrap();
        assert_eq!(tried.len(), 9);
        assert_eq!(tried[0].settings.forest.leaf_rows_min, 10, "{tried:?}");
        assert!(tried.windows(2).all(|pair| pair[0].loss <= pair[1].loss));
        let base = tried.iter().find(|it| it.settings == small()).unwrap();
        assert!(tried[0].loss < base.loss);
    }

    #[test]
    fn rows_that_are_judged_by_are_not_grown_on() {
        // The held half follows the opposite rule: whoever had seen it would err less.
        let mut table = Table::new(vec!["wear".to_owned()]).unwrap();
        let mut outcomes = Vec::new();
        for row in 0..200_u16 {
            table.push(&[Some(f32::from(row % 100))]).unwrap();
            outcomes.push((row % 100 >= 50) == (row < 100));
        }
        let mut tuning = Tuning::around(small(), Loss::Logistic);
        tuning.add(&table, &numbers(&outcomes), &halves(200), &mut || ()).unwrap();
        assert!(tuning.tried().unwrap().iter().all(|tried| tried.loss > 1.0));
    }

    #[test]
    fn nothing_to_judge_by_is_refused() {
        let (table, outcomes, _) = failing(4, 2);
        let mut tuning = Tuning::around(small(), Loss::Logistic);
        tuning.add(&table, &vec![0.0; outcomes.len()], &halves(160), &mut || ()).unwrap();
        assert_eq!(tuning.tried().unwrap_err(), LearnError::TooFewRows { rows: 0, least: 1 });
        let refused = tuning.add(&table, &[0.0], &halves(160), &mut || ()).unwrap_err();
        assert_eq!(refused, LearnError::Outcomes { expected: 160, found: 1 });
    }
}
