//! Gradient boosting: shallow trees, each on what the ones before it still get wrong.
//!
//! J. H. Friedman, "Greedy Function Approximation", Annals of Statistics 29, 2001, with the second-order steps of
//! `grow`. Rounds end early when rows that are not learned from get no better.

use super::bins::Binned;
use super::grow::{Grower, Growth, draw};
use super::{LearnError, Table, Tree, within};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};

/// What is learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// Outcomes 0 and 1; what is said is a log-odds.
    Logistic,
    /// Numbers; what is said is a mean.
    Squared,
}

/// How trees are boosted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Most trees, 1 to 5,000.
    pub rounds_max: u32,
    /// Rounds without getting better after which it ends, where there are rows to judge by.
    pub patience_rounds: u32,
    /// What each tree counts, above 0, at most 1.
    pub rate: f64,
    /// Splits above a leaf, 1 to 16.
    pub depth_max: u32,
    /// Least curvature of a leaf.
    pub cover_min: f64,
    /// Pulls leaves to 0.
    pub lambda: f64,
    /// Share of the rows that each tree sees, above 0, at most 1.
    pub rows_share: f64,
    /// Share of the features that each tree sees, above 0, at most 1.
    pub features_share: f64,
    /// Seed of every draw.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rounds_max: 150,
            patience_rounds: 20,
            rate: 0.1,
            depth_max: 5,
            cover_min: 1.0,
            lambda: 1.0,
            rows_share: 0.8,
            features_share: 0.7,
            seed: 0,
        }
    }
}

/// Boosted trees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Boosted {
    loss: Loss,
    base: f64,
    trees: Vec<Tree>,
}

/// Rows by which is judged when to stop; not learned from.
#[derive(Clone, Copy, Debug)]
pub struct Held<'a> {
    /// The rows.
    pub table: &'a Table,
    /// Their outcomes.
    pub outcomes: &'a [f32],
}

impl Boosted {
    /// Boosts trees for `outcomes`, one per row of `table`; `held` decides when enough is enough.
    ///
    /// # Errors
    /// [`LearnError`] for settings out of their limits, too few rows, outcomes that do not fit them, or one class only.
    pub fn grow(
        table: &Table,
        outcomes: &[f32],
        held: Option<Held<'_>>,
        loss: Loss,
        settings: Settings,
    ) -> Result<Self, LearnError> {
        check(table, outcomes, loss, settings)?;
        let binned = Binned::of(table);
        let telling = binned.telling();
        let mean =
            outcomes.iter().map(|outcome| f64::from(*outcome)).sum::<f64>() / outcomes.len() as f64;
        let base = match loss {
            Loss::Logistic => (mean / (1.0 - mean)).ln(),
            Loss::Squared => mean,
        };
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(settings.seed);
        let mut said = vec![base; table.len()];
        let mut judge = held.map(|held| Judge::new(held, base));
        let (mut gradient, mut curvature) = (vec![0.0; table.len()], vec![0.0; table.len()]);
        let mut trees = Vec::new();
        for _ in 0..settings.rounds_max {
            for index in 0..table.len() {
                (gradient[index], curvature[index]) = loss.steps(said[index], outcomes[index]);
            }
            let tree = one_tree((&binned, &telling), (&gradient, &curvature), settings, &mut rng);
            for (index, said) in said.iter_mut().enumerate() {
                *said += f64::from(tree.value_by(|feature| table.at(index, feature)));
            }
            trees.push(tree);
            if let Some(judge) = &mut judge
                && judge.enough(trees.last().expect("one was pushed"), loss, settings)
            {
                break;
            }
        }
        trees.truncate(judge.map_or(trees.len(), |judge| judge.best_rounds));
        Ok(Self { loss, base, trees })
    }

    /// Log-odds or mean of `row`.
    #[must_use]
    pub fn raw(&self, row: &[f32]) -> f64 {
        self.base + self.trees.iter().map(|tree| f64::from(tree.value(row))).sum::<f64>()
    }

    /// Probability or mean of `row`.
    #[must_use]
    pub fn value(&self, row: &[f32]) -> f64 {
        match self.loss {
            Loss::Logistic => logistic(self.raw(row)),
            Loss::Squared => self.raw(row),
        }
    }

    /// The trees.
    #[cfg(test)]
    pub(super) fn trees(&self) -> &[Tree] {
        &self.trees
    }

    /// Number of trees.
    #[must_use]
    pub fn rounds(&self) -> usize {
        self.trees.len()
    }

    /// Whether rows of `width` features can be asked about.
    pub(crate) fn fits(&self, width: usize) -> bool {
        self.base.is_finite() && self.trees.iter().all(|tree| tree.fits(width))
    }

    /// Base value and the contribution of each feature; they sum to [`Boosted::raw`].
    #[must_use]
    pub fn contributions(&self, row: &[f32]) -> (f64, Vec<f64>) {
        let mut contributions = vec![0.0; row.len()];
        let mut base = self.base;
        for tree in &self.trees {
            base += tree.base();
            tree.contribute(row, 1.0, &mut contributions);
        }
        (base, contributions)
    }

    /// The same for [`Boosted::value`]: log-odds are shared out in proportion to what they move the probability by.
    #[must_use]
    pub fn contributions_to_value(&self, row: &[f32]) -> (f64, Vec<f64>) {
        let (base, mut parts) = self.contributions(row);
        if self.loss == Loss::Squared {
            return (base, parts);
        }
        let moved: f64 = parts.iter().sum();
        let (from, until) = (logistic(base), logistic(base + moved));
        let scale = if moved.abs() < 1e-9 { 0.0 } else { (until - from) / moved };
        parts.iter_mut().for_each(|part| *part *= scale);
        (from, parts)
    }
}

/// Probability of a log-odds.
#[must_use]
pub fn logistic(odds: f64) -> f64 {
    1.0 / (1.0 + (-odds).exp())
}

impl Loss {
    /// Gradient and curvature of the loss at `said`.
    fn steps(self, said: f64, outcome: f32) -> (f32, f32) {
        match self {
            Loss::Logistic => {
                let p = logistic(said);
                ((p - f64::from(outcome)) as f32, (p * (1.0 - p)).max(1e-6) as f32)
            }
            Loss::Squared => ((said - f64::from(outcome)) as f32, 1.0),
        }
    }

    fn of(self, said: f64, outcome: f32) -> f64 {
        let outcome = f64::from(outcome);
        match self {
            Loss::Logistic => {
                let p = logistic(said).clamp(1e-12, 1.0 - 1e-12);
                -(outcome * p.ln() + (1.0 - outcome) * (1.0 - p).ln())
            }
            Loss::Squared => (said - outcome).powi(2),
        }
    }
}

fn one_tree(
    (binned, telling): (&Binned, &[usize]),
    sums: (&[f32], &[f32]),
    settings: Settings,
    rng: &mut Xoshiro256PlusPlus,
) -> Tree {
    let share = |of: usize, share: f64| ((of as f64 * share).ceil() as usize).min(of);
    let features = draw(rng, telling.len(), share(telling.len(), settings.features_share));
    let features: Vec<usize> = features.into_iter().map(|place| telling[place]).collect();
    let rows = sums.0.len();
    let rows = draw(rng, rows, share(rows, settings.rows_share));
    let mut rows: Vec<u32> =
        rows.into_iter().map(|row| u32::try_from(row).expect("rows are limited")).collect();
    let growth = Growth {
        depth_max: settings.depth_max,
        cover_min: settings.cover_min,
        lambda: settings.lambda,
        gain_min: 1e-9,
        features_per_split: features.len(),
        rate: settings.rate,
    };
    Grower::new(binned, sums, &features, growth, rng).grow(&mut rows)
}

/// Says when more trees make nothing better.
struct Judge<'a> {
    held: Held<'a>,
    said: Vec<f64>,
    rounds: usize,
    best: f64,
    best_rounds: usize,
}

impl<'a> Judge<'a> {
    fn new(held: Held<'a>, base: f64) -> Self {
        let said = vec![base; held.table.len()];
        Self { held, said, rounds: 0, best: f64::INFINITY, best_rounds: 0 }
    }

    fn enough(&mut self, tree: &Tree, loss: Loss, settings: Settings) -> bool {
        let mut sum = 0.0;
        let table = self.held.table;
        for (index, said) in self.said.iter_mut().enumerate() {
            *said += f64::from(tree.value_by(|feature| table.at(index, feature)));
            sum += loss.of(*said, self.held.outcomes[index]);
        }
        self.rounds += 1;
        if sum < self.best {
            (self.best, self.best_rounds) = (sum, self.rounds);
        }
        self.rounds - self.best_rounds >= settings.patience_rounds as usize
    }
}

fn check(
    table: &Table,
    outcomes: &[f32],
    loss: Loss,
    settings: Settings,
) -> Result<(), LearnError> {
    let Settings { rounds_max, rate, depth_max, rows_share, features_share, .. } = settings;
    within((1..=5_000).contains(&rounds_max), "rounds_max", rounds_max, "1 to 5000")?;
    within((1..=16).contains(&depth_max), "depth_max", depth_max, "1 to 16")?;
    let shares = [("rate", rate), ("rows_share", rows_share), ("features_share", features_share)];
    for (name, share) in shares {
        within(share > 0.0 && share <= 1.0, name, share, "more than 0, at most 1")?;
    }
    check_outcomes(table, outcomes)?;
    if loss == Loss::Logistic {
        let bad = outcomes.iter().position(|outcome| *outcome != 0.0 && *outcome != 1.0);
        within(bad.is_none(), "outcome", bad.map_or(0.0, |row| outcomes[row]), "0 or 1")?;
        if outcomes.iter().all(|outcome| *outcome == outcomes[0]) {
            return Err(LearnError::OneClass { rows: outcomes.len() });
        }
    }
    Ok(())
}

/// Refuses outcomes that do not fit the rows.
pub(super) fn check_outcomes(table: &Table, outcomes: &[f32]) -> Result<(), LearnError> {
    if outcomes.len() != table.len() {
        return Err(LearnError::Outcomes { expected: table.len(), found: outcomes.len() });
    }
    if table.len() < 2 {
        return Err(LearnError::TooFewRows { rows: table.len(), least: 2 });
    }
    match outcomes.iter().position(|outcome| !outcome.is_finite()) {
        Some(row) => Err(LearnError::NotFinite { what: "outcome".to_owned(), row }),
        None => Ok(()),
    }
}
