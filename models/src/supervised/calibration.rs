//! Makes probabilities of scores, on rows that the scores were not learned from.
//!
//! Isotonic regression by pooling adjacent violators (M. Ayer et al., 1955; B. Zadrozny, C. Elkan, KDD 2002). Between
//! two pools it runs straight, so that scores that differ are not made equal by the edge of a pool. No pool says more
//! than its rows can show: each counts half a row of either outcome besides its own.

use super::LearnError;
use serde::{Deserialize, Serialize};

/// Fewest rows of either outcome that a calibration is made from.
pub const OUTCOMES_MIN: usize = 5;

/// A rising map from scores to probabilities.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Score and probability, both ascending.
    knots: Vec<(f64, f64)>,
}

#[derive(Clone, Copy)]
struct Pool {
    ones: f64,
    rows: f64,
    scores: f64,
}

impl Pool {
    fn mean(&self) -> f64 {
        self.ones / self.rows
    }
}

impl Calibration {
    /// The calibration by rows with these `scores`, of which `ones` came true.
    ///
    /// # Errors
    /// [`LearnError`] when there are too few rows of either outcome, or a score is no number.
    pub fn fit(scores: &[f64], ones: &[bool]) -> Result<Self, LearnError> {
        if scores.len() != ones.len() {
            return Err(LearnError::Outcomes { expected: scores.len(), found: ones.len() });
        }
        if let Some(row) = scores.iter().position(|score| !score.is_finite()) {
            return Err(LearnError::NotFinite { what: "score".to_owned(), row });
        }
        let count = ones.iter().filter(|one| **one).count();
        let rarer = count.min(ones.len() - count);
        if rarer < OUTCOMES_MIN {
            return Err(LearnError::TooFewRows { rows: rarer, least: OUTCOMES_MIN });
        }
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|a, b| scores[*a].total_cmp(&scores[*b]));
        let mut pools: Vec<Pool> = Vec::new();
        let mut last = None;
        for index in order {
            let one =
                Pool { ones: f64::from(u8::from(ones[index])), rows: 1.0, scores: scores[index] };
            match pools.last_mut() {
                // Equal scores are one.
                Some(pool) if last == Some(scores[index]) => pool.absorb(one),
                _ => pools.push(one),
            }
            last = Some(scores[index]);
        }
        let knots = pooled(pools)
            .into_iter()
            .map(|pool| (pool.scores / pool.rows, (pool.ones + 0.5) / (pool.rows + 1.0)));
        Ok(Self { knots: rising(knots.collect()) })
    }

    /// The probability that belongs to `score`.
    #[must_use]
    pub fn probability(&self, score: f64) -> f64 {
        let above = self.knots.partition_point(|(knot, _)| *knot <= score);
        match (above.checked_sub(1).map(|below| self.knots[below]), self.knots.get(above)) {
            (Some((low, from)), Some((high, to))) => {
                from + (to - from) * (score - low) / (high - low)
            }
            (Some((_, last)), None) => last,
            (None, Some((_, first))) => *first,
            (None, None) => unreachable!("a calibration has at least one pool"),
        }
    }
}

impl Calibration {
    /// Whether it is what [`Calibration::fit`] makes: for what was read.
    pub(crate) fn is_whole(&self) -> bool {
        let rises = |pair: &[(f64, f64)]| pair[0].0 <= pair[1].0 && pair[0].1 <= pair[1].1;
        let sound = |(score, p): &(f64, f64)| score.is_finite() && (0.0..=1.0).contains(p);
        !self.knots.is_empty() && self.knots.windows(2).all(rises) && self.knots.iter().all(sound)
    }
}

impl Pool {
    fn absorb(&mut self, other: Pool) {
        self.ones += other.ones;
        self.rows += other.rows;
        self.scores += other.scores;
    }
}

/// Merges neighbours until the shares of ones rise.
fn pooled(pools: Vec<Pool>) -> Vec<Pool> {
    let mut done: Vec<Pool> = Vec::with_capacity(pools.len());
    for mut pool in pools {
        while let Some(before) = done.last()
            && before.mean() >= pool.mean()
        {
            let mut merged = done.pop().expect("there is one: it was looked at");
            merged.absorb(pool);
            pool = merged;
        }
        done.push(pool);
    }
    done
}

/// The half rows can turn the order of a small pool and a large one; the later is then raised to the one before it.
fn rising(mut knots: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    for index in 1..knots.len() {
        knots[index].1 = knots[index].1.max(knots[index - 1].1);
    }
    knots
}
