//! Foresees a series: what it will be so long after a moment, with bounds, and what that rests on.
//!
//! Boosted trees on the past of the series and of what is measured beside it. They are used only where, on the last
//! quarter of the past, which they were not grown on, they err less than the two answers that need no learning: as it
//! was last, and as it was at the same time of the season before (R. J. Hyndman, G. Athanasopoulos, "Forecasting:
//! Principles and Practice", chapter 5). The same quarter decides on which scale is learned, when enough trees are
//! enough, and how wide the bounds are. With too little of a past the better plain answer is given, and why.

pub mod past;

#[cfg(test)]
mod tests;

pub use past::{Plain, Series};

use crate::supervised::boost::{self, Boosted, Held, Loss};
use crate::supervised::interval::Intervals;
use crate::supervised::{LearnError, Table, judge};
use messages::Timestamp;
use serde::Serialize;
use std::time::Duration;

/// Share of the past, by time, that trees are tried on before they are grown on all of it.
pub const HELD_SHARE: f64 = 0.25;
/// Fewest moments that trees are grown on.
pub const LEARNED_MIN: usize = 200;
/// Fewest moments that trees are tried on.
pub const HELD_MIN: usize = 50;
/// Largest value that is learned, in the unit of the series: steps towards it are kept in 32 bits.
pub const TRUTH_MAX: f64 = 1e30;
/// How often trees are grown for one forecaster: for each scale, and once on all of the past.
pub const GROWTHS: usize = Scale::ALL.len() + 1;

/// How a forecaster is learned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// The boosted trees.
    pub boost: boost::Settings,
    /// Share of the truth that bounds shall hold.
    pub coverage: f64,
}

impl Default for Settings {
    fn default() -> Self {
        let boost = boost::Settings {
            rounds_max: 400,
            patience_rounds: 30,
            rate: 0.05,
            depth_max: 6,
            cover_min: 20.0,
            features_share: 0.4,
            ..boost::Settings::default()
        };
        Self { boost, coverage: 0.9 }
    }
}

/// What is learned from, by origin, the earliest first.
#[derive(Clone, Copy, Debug)]
pub struct Examples<'a> {
    /// What was known at each origin.
    pub table: &'a Table,
    /// The origins.
    pub at: &'a [Timestamp],
    /// The plain answers at each.
    pub plain: &'a [Plain],
    /// What came.
    pub truth: &'a [f64],
    /// How long after each.
    pub ahead: Duration,
}

/// What a forecast rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// As it was last.
    Last,
    /// As it was at the same time of the season before.
    SameSeason,
    /// Boosted trees.
    Trees,
}

/// On which scale trees learn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// As it is.
    Linear,
    /// The logarithm of 1 and it: for what is never below 0 and now and then very large.
    Logarithmic,
}

/// What will be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Foreseen {
    /// About as likely to be more as to be less.
    pub value: f64,
    /// Lower and upper bound; none where too little is known to give any.
    pub bounds: Option<(f64, f64)>,
}

impl Foreseen {
    /// Whether the truth lies within the bounds; none where there are none.
    #[must_use]
    pub fn holds(&self, truth: f64) -> Option<bool> {
        self.bounds.map(|(low, high)| (low..=high).contains(&truth))
    }
}

/// Foresees a series by so much.
#[derive(Clone, Debug, PartialEq)]
pub struct Forecaster {
    /// What it rests on.
    pub method: Method,
    /// Why it does not rest on trees, where it does not.
    pub why: Option<String>,
    /// On which scale trees and bounds are.
    pub scale: Scale,
    trees: Option<Boosted>,
    intervals: Option<Intervals>,
}

/// Trees that were tried, and how far off they were.
struct Tried {
    scale: Scale,
    rounds: usize,
    said: Vec<f64>,
    mae: f64,
}

impl Forecaster {
    /// Learns; `grown` is told each of [`GROWTHS`] times that trees could be grown.
    ///
    /// # Errors
    /// [`LearnError`] when lengths differ, a setting is out of its limits, or there is no plain answer either.
    pub fn learn(
        examples: &Examples<'_>,
        settings: Settings,
        grown: &mut dyn FnMut(),
    ) -> Result<Self, LearnError> {
        examples.check()?;
        let (known, held) = examples.parts();
        if known.len() < LEARNED_MIN || held.len() < HELD_MIN {
            (0..GROWTHS).for_each(|_| grown());
            let why = format!(
                "the past is too short for trees: `{}` moments to learn from and `{}` to try on, it takes {LEARNED_MIN} and {HELD_MIN}",
                known.len(),
                held.len()
            );
            let all: Vec<usize> = (0..examples.truth.len()).collect();
            return Self::plain(examples, &all, settings, why);
        }
        let tried = try_scales(examples, (&known, &held), settings, grown)?;
        if let Some(why) = tried.beaten(examples, &held) {
            grown();
            return Self::plain(examples, &held, settings, why);
        }
        let truth = examples.truth_of(&held);
        let scaled: Vec<f64> = truth.iter().map(|truth| tried.scale.forth(*truth)).collect();
        let intervals = Intervals::fit(&tried.said, &scaled, settings.coverage)?;
        let rounds = u32::try_from(tried.rounds.max(1)).expect("rounds are limited to 5000");
        let boost = boost::Settings { rounds_max: rounds, ..settings.boost };
        let outcomes: Vec<f32> =
            examples.truth.iter().map(|truth| tried.scale.forth(*truth) as f32).collect();
        let trees = Boosted::grow(examples.table, &outcomes, None, Loss::Squared, boost)?;
        grown();
        Ok(Self {
            method: Method::Trees,
            why: None,
            scale: tried.scale,
            trees: Some(trees),
            intervals: Some(intervals),
        })
    }

    /// The plain answer that errs less on these rows, with bounds by how far it was off.
    fn plain(
        examples: &Examples<'_>,
        rows: &[usize],
        settings: Settings,
        why: String,
    ) -> Result<Self, LearnError> {
        let answered = |method: Method| -> (Vec<f64>, Vec<f64>) {
            let answers = rows.iter();
            let answers = answers.filter_map(|row| {
                Some((method.plain(examples.plain[*row])?, examples.truth[*row]))
            });
            answers.unzip()
        };
        let best = [Method::SameSeason, Method::Last]
            .into_iter()
            .filter_map(|method| {
                let (said, truth) = answered(method);
                Some((method, judge::mae(&said, &truth)?))
            })
            .min_by(|a, b| a.1.total_cmp(&b.1));
        let Some((method, _)) = best else {
            return Err(LearnError::TooFewRows { rows: 0, least: 1 });
        };
        let (said, truth) = answered(method);
        let intervals = match Intervals::fit(&said, &truth, settings.coverage) {
            Ok(intervals) => Some(intervals),
            Err(LearnError::TooFewRows { .. }) => None,
            Err(error) => return Err(error),
        };
        Ok(Self { method, why: Some(why), scale: Scale::Linear, trees: None, intervals })
    }

    /// What will be, by the row and the plain answers of its origin; none where the plain answer that it rests on is
    /// missing.
    #[must_use]
    pub fn foresee(&self, row: &[f32], plain: Plain) -> Option<Foreseen> {
        let said = match &self.trees {
            Some(trees) => trees.value(row),
            None => self.method.plain(plain)?,
        };
        let back = |value: f64| self.scale.back(value);
        let bounds = self.intervals.as_ref().map(|intervals| intervals.around(said));
        Some(Foreseen {
            value: back(said),
            bounds: bounds.map(|(low, high)| (back(low), back(high))),
        })
    }

    /// What each feature of `row` adds on the forecaster's scale, and what is said of a row of which nothing is asked;
    /// none where it does not rest on trees.
    #[must_use]
    pub fn contributions(&self, row: &[f32]) -> Option<(f64, Vec<f64>)> {
        self.trees.as_ref().map(|trees| trees.contributions(row))
    }
}

impl Tried {
    /// Which plain answer errs no more on the held rows that it has an answer to.
    fn beaten(&self, examples: &Examples<'_>, held: &[usize]) -> Option<String> {
        [Method::Last, Method::SameSeason].into_iter().find_map(|method| {
            let (mut trees, mut plain) = (0.0, 0.0);
            for (row, said) in held.iter().zip(&self.said) {
                if let Some(answer) = method.plain(examples.plain[*row]) {
                    trees += (self.scale.back(*said) - examples.truth[*row]).abs();
                    plain += (answer - examples.truth[*row]).abs();
                }
            }
            // Without any answer to compare with, trees are all there is.
            let beaten = trees >= plain && trees > 0.0;
            let share = plain / trees;
            beaten.then(|| format!("on the last part of the past a plain answer erred {share:.3} times as much as trees"))
        })
    }
}

/// Grows trees on the known rows for each scale, and keeps those that err least on the held ones.
fn try_scales(
    examples: &Examples<'_>,
    (known, held): (&[usize], &[usize]),
    settings: Settings,
    grown: &mut dyn FnMut(),
) -> Result<Tried, LearnError> {
    let (known_table, held_table) = (examples.table.select(known), examples.table.select(held));
    let truth = examples.truth_of(held);
    let never_negative = examples.truth.iter().all(|truth| *truth >= 0.0);
    let mut best: Option<Tried> = None;
    for scale in Scale::ALL {
        if scale == Scale::Logarithmic && !never_negative {
            grown();
            continue;
        }
        let outcomes = |rows: &[usize]| -> Vec<f32> {
            rows.iter().map(|row| scale.forth(examples.truth[*row]) as f32).collect()
        };
        let (learned, judged) = (outcomes(known), outcomes(held));
        let judge_by = Held { table: &held_table, outcomes: &judged };
        let trees =
            Boosted::grow(&known_table, &learned, Some(judge_by), Loss::Squared, settings.boost)?;
        let mut row = Vec::new();
        let said: Vec<f64> = (0..held_table.len())
            .map(|index| {
                row.clear();
                row.extend(held_table.row(index));
                trees.value(&row)
            })
            .collect();
        let back: Vec<f64> = said.iter().map(|said| scale.back(*said)).collect();
        let mae = judge::mae(&back, &truth).unwrap_or(f64::INFINITY);
        if best.as_ref().is_none_or(|best| mae < best.mae) {
            best = Some(Tried { scale, rounds: trees.rounds(), said, mae });
        }
        grown();
    }
    Ok(best.expect("the linear scale is always tried"))
}

impl Method {
    fn plain(self, plain: Plain) -> Option<f64> {
        match self {
            Self::Last => plain.last,
            Self::SameSeason => plain.same_season,
            Self::Trees => None,
        }
    }
}

impl Scale {
    /// All of them.
    pub const ALL: [Scale; 2] = [Scale::Linear, Scale::Logarithmic];

    fn forth(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Logarithmic => value.ln_1p(),
        }
    }

    fn back(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Logarithmic => value.exp_m1().max(0.0),
        }
    }
}

impl Examples<'_> {
    fn check(&self) -> Result<(), LearnError> {
        let rows = self.table.len();
        for found in [self.at.len(), self.plain.len(), self.truth.len()] {
            if found != rows {
                return Err(LearnError::Outcomes { expected: rows, found });
            }
        }
        let truth = self.truth.iter().map(|truth| truth.abs()).fold(0.0, f64::max);
        let bad = self.truth.iter().position(|truth| truth.is_nan());
        if let Some(row) = bad {
            return Err(LearnError::NotFinite { what: "truth".to_owned(), row });
        }
        crate::supervised::within(truth <= TRUTH_MAX, "truth", truth, "at most 1e30")
    }

    /// Rows that are learned from and rows that are held back; what came of the first was known before the second.
    fn parts(&self) -> (Vec<usize>, Vec<usize>) {
        let (Some(first), Some(last)) = (self.at.iter().min(), self.at.iter().max()) else {
            return (Vec::new(), Vec::new());
        };
        let cut = first.saturating_add(last.since(*first).mul_f64(1.0 - HELD_SHARE));
        let rows = 0..self.at.len();
        let known = rows.clone().filter(|row| self.at[*row].saturating_add(self.ahead) < cut);
        (known.collect(), rows.filter(|row| self.at[*row] >= cut).collect())
    }

    fn truth_of(&self, rows: &[usize]) -> Vec<f64> {
        rows.iter().map(|row| self.truth[*row]).collect()
    }
}
