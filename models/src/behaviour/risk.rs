//! Adds up evidence against a principal: each contribution decays, and those that are left are the score.

use messages::{MessageId, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Kinds of evidence that are kept of one principal; the lightest makes room.
pub const CONTRIBUTIONS_MAX: usize = 32;

/// Points are told in tenths.
const TENTH: f64 = 10.0;

/// Why a principal is at risk: what was observed against what is usual, and what that weighs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contribution {
    /// Kind of evidence.
    pub kind: String,
    /// What it weighed when it was last seen.
    pub points: f64,
    /// When it was last seen.
    pub at: Timestamp,
    /// What was observed.
    pub observed: f64,
    /// What is usual, where that is known.
    pub usual: Option<f64>,
    /// The highest that came several times, where that is known.
    pub high: Option<f64>,
    /// All this in words.
    pub detail: String,
    /// The record that showed it last.
    pub seen_in: MessageId,
}

/// How new evidence of a kind that is known joins it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Raise {
    /// It is the same thing, seen again: the heavier of both counts.
    To,
    /// It is one more: both count, up to so many points.
    By {
        /// Most points of this kind.
        most: f64,
    },
}

/// Evidence against one principal.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Risk {
    kept: Vec<Contribution>,
}

impl Risk {
    /// Takes evidence.
    pub fn take(&mut self, mut evidence: Contribution, raise: Raise, half_life: Duration) {
        let known = self.kept.iter().position(|kept| kept.kind == evidence.kind);
        if let Some(known) = known.map(|place| self.kept.remove(place)) {
            let left = known.left(evidence.at, half_life);
            evidence.points = match raise {
                Raise::To if left > evidence.points => {
                    // The heavier one is told with its own words.
                    return self.kept.push(Contribution { points: left, at: evidence.at, ..known });
                }
                Raise::To => evidence.points,
                Raise::By { most } => (left + evidence.points).min(most),
            };
        }
        if self.kept.len() >= CONTRIBUTIONS_MAX {
            let now = evidence.at;
            let weights = self.kept.iter().map(|kept| kept.left(now, half_life)).enumerate();
            if let Some((lightest, _)) = weights.min_by(|(_, one), (_, other)| one.total_cmp(other))
            {
                self.kept.remove(lightest);
            }
        }
        self.kept.push(evidence);
    }

    /// What is left at `now`, the heaviest first, in tenths of points; what is less is left out.
    #[must_use]
    pub fn contributions(&self, now: Timestamp, half_life: Duration) -> Vec<Contribution> {
        let left = self.kept.iter().map(|kept| Contribution {
            points: (kept.left(now, half_life) * TENTH).round() / TENTH,
            ..kept.clone()
        });
        let mut left: Vec<Contribution> = left.filter(|kept| kept.points > 0.0).collect();
        left.sort_by(|one, other| {
            other.points.total_cmp(&one.points).then_with(|| one.kind.cmp(&other.kind))
        });
        left
    }

    /// The score at `now`: the sum of [`Risk::contributions`].
    #[must_use]
    pub fn score(&self, now: Timestamp, half_life: Duration) -> f64 {
        self.score_of(now, half_life, |_kind| true)
    }

    /// The score at `now` of the kinds that count alone.
    #[must_use]
    pub fn score_of(
        &self,
        now: Timestamp,
        half_life: Duration,
        counts: impl Fn(&str) -> bool,
    ) -> f64 {
        let tenths = |kept: &Contribution| (kept.points * TENTH).round() as i64;
        let left = self.contributions(now, half_life);
        let sum: i64 = left.iter().filter(|kept| counts(&kept.kind)).map(tenths).sum();
        sum as f64 / TENTH
    }

    /// Forgets all evidence.
    pub fn clear(&mut self) {
        self.kept.clear();
    }
}

impl Contribution {
    fn left(&self, now: Timestamp, half_life: Duration) -> f64 {
        let lives = now.since(self.at).as_secs_f64() / half_life.as_secs_f64();
        self.points * (-lives).exp2()
    }
}
