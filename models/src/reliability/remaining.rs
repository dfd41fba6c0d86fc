//! How much life is left by age alone: for components that fail without a trend, by cohort where cohorts differ.
//!
//! The Weibull distribution of [`super::weibull`], given that the present age was reached. Cohorts are told apart where
//! that is likelier than chance at 5 % (likelihood ratio; W. Q. Meeker and L. A. Escobar, chapter 8). "Unknown" is said
//! rather than a number that rests on ages which nobody has seen.

use super::weibull::{self, Lives, Weibull, fit};
use crate::stats::gamma::gamma_quantile;
use std::collections::BTreeMap;

/// How sure it must be that cohorts differ.
const DIFFERENT_LEVEL: f64 = 0.95;

/// What is known of the lives of one component.
#[derive(Clone, Debug, PartialEq)]
pub struct Ageing {
    all: Result<Known, weibull::Unknown>,
    /// Where cohorts differ; each has enough failures of its own.
    by_cohort: BTreeMap<String, Known>,
}

/// A fitted distribution, and how old those were that it rests on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Known {
    /// The distribution.
    pub weibull: Weibull,
    /// The highest age that was watched.
    pub oldest: f64,
}

/// How much life is left, in the unit of the ages.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Left {
    /// One in twenty has less.
    pub low: f64,
    /// Half of them have less.
    pub median: f64,
    /// One in twenty has more; none where that is beyond every age that was watched.
    pub high: Option<f64>,
}

/// Why nothing is said.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Unknown {
    /// Too little is known of such lives.
    #[error(transparent)]
    Lives(#[from] weibull::Unknown),
    /// Most that are so old live longer than any was watched.
    #[error(
        "an age of {age:.1} or half the lives from there on lie beyond {oldest:.1}, the highest age that was watched"
    )]
    Beyond {
        /// The age.
        age: f64,
        /// The highest that was watched.
        oldest: f64,
    },
}

impl Ageing {
    /// Learns from lives by cohort; intervals of what is fitted hold with probability `level`.
    #[must_use]
    pub fn learn(lives: &BTreeMap<String, Vec<Lives>>, level: f64) -> Self {
        let known = |lives: &[Lives]| -> Result<Known, weibull::Unknown> {
            let oldest = lives.iter().map(|it| it.until).fold(0.0, f64::max);
            Ok(Known { weibull: fit(lives, level)?, oldest })
        };
        let together: Vec<Lives> = lives.values().flatten().copied().collect();
        let all = known(&together);
        let cohorts: Option<BTreeMap<String, Known>> = lives
            .iter()
            .map(|(cohort, lives)| Some((cohort.clone(), known(lives).ok()?)))
            .collect();
        let differ = |all: &Known, cohorts: &BTreeMap<String, Known>| {
            let apart: f64 = cohorts.iter().map(|(id, known)| known.likelihood(&lives[id])).sum();
            let degrees = 2.0 * (cohorts.len() as f64 - 1.0);
            // Half of chi-squared is Gamma of half its degrees of freedom.
            gamma_quantile(degrees / 2.0, DIFFERENT_LEVEL)
                .is_some_and(|least| apart - all.likelihood(&together) > least)
        };
        let by_cohort = match (&all, cohorts) {
            (Ok(all), Some(cohorts)) if cohorts.len() > 1 && differ(all, &cohorts) => cohorts,
            _ => BTreeMap::new(),
        };
        Self { all, by_cohort }
    }

    /// What is known of a cohort: its own where cohorts differ, else of all.
    ///
    /// # Errors
    /// [`weibull::Unknown`] saying what is missing.
    pub fn of(&self, cohort: &str) -> Result<Known, weibull::Unknown> {
        self.by_cohort.get(cohort).copied().map_or(self.all, Ok)
    }

    /// Whether cohorts are told apart.
    #[must_use]
    pub fn tells_cohorts_apart(&self) -> bool {
        !self.by_cohort.is_empty()
    }

    /// How much life is left at an age.
    ///
    /// # Errors
    /// [`Unknown`] where that would be a guess.
    pub fn left(&self, cohort: &str, age: f64) -> Result<Left, Unknown> {
        let known = self.of(cohort)?;
        let ends = |share: f64| known.ends(age, share);
        let median = ends(0.5);
        // An age that is no number was never seen either.
        let was_seen = age >= 0.0 && median <= known.oldest;
        if !was_seen {
            return Err(Unknown::Beyond { age, oldest: known.oldest });
        }
        let high = Some(ends(0.95)).filter(|end| *end <= known.oldest);
        Ok(Left { low: ends(0.05) - age, median: median - age, high: high.map(|end| end - age) })
    }

    /// How many failures are expected of a life between two ages.
    ///
    /// # Errors
    /// [`weibull::Unknown`] saying what is missing.
    pub fn expected(&self, cohort: &str, from: f64, until: f64) -> Result<f64, weibull::Unknown> {
        let known = self.of(cohort)?;
        Ok(known.used(until) - known.used(from))
    }
}

impl Known {
    /// Cumulative hazard up to an age.
    fn used(&self, age: f64) -> f64 {
        (age / self.weibull.scale.value).powf(self.weibull.shape.value)
    }

    /// The age at which a `share` of those who reached `age` has failed.
    fn ends(&self, age: f64, share: f64) -> f64 {
        let Weibull { shape, scale, .. } = &self.weibull;
        scale.value * (self.used(age) - (1.0 - share).ln()).powf(1.0 / shape.value)
    }

    /// Logarithm of how likely these lives are.
    fn likelihood(&self, lives: &[Lives]) -> f64 {
        let (shape, scale) = (self.weibull.shape.value, self.weibull.scale.value);
        let hazard = |age: f64| (shape / scale).ln() + (shape - 1.0) * (age / scale).ln();
        let of = |it: &Lives| {
            let failed = if it.failed { hazard(it.until) } else { 0.0 };
            it.count as f64 * (failed - self.used(it.until) + self.used(it.watched_from))
        };
        lives.iter().map(of).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::{Ageing, Unknown};
    use crate::reliability::weibull::{self, Lives};
    use rand::{Rng, SeedableRng};
    use rand_xoshiro::Xoshiro256PlusPlus;
    use std::collections::BTreeMap;

    /// Lives of a known distribution, watched up to an age.
    fn drawn(count: u32, (shape, scale): (f64, f64), watched: f64, seed: u64) -> Vec<Lives> {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        (0..count)
            .map(|_| {
                let age = scale * (-rng.gen_range(1e-9_f64..1.0).ln()).powf(1.0 / shape);
                let until = age.min(watched);
                Lives { watched_from: 0.0, until, failed: age < watched, count: 1 }
            })
            .collect()
    }

    fn one(lives: Vec<Lives>) -> BTreeMap<String, Vec<Lives>> {
        BTreeMap::from([("a".to_owned(), lives)])
    }

    #[test]
    fn bounds_hold_lives_that_were_not_learned_from_also_of_those_that_are_old() {
        let ageing = Ageing::learn(&one(drawn(2_000, (3.0, 100.0), 1e9, 1)), 0.9);
        for age in [0.0, 40.0, 90.0] {
            let left = ageing.left("a", age).unwrap();
            let reached = drawn(20_000, (3.0, 100.0), 1e9, 2);
            let reached: Vec<f64> =
                reached.iter().map(|it| it.until - age).filter(|left| *left > 0.0).collect();
            let share = |most: f64| {
                reached.iter().filter(|it| **it <= most).count() as f64 / reached.len() as f64
            };
            assert!((share(left.low) - 0.05).abs() < 0.02, "{age} {left:?}");
            assert!((share(left.median) - 0.5).abs() < 0.04, "{age} {left:?}");
            assert!((share(left.high.unwrap()) - 0.95).abs() < 0.02, "{age} {left:?}");
        }
    }

    #[test]
    fn what_nobody_has_seen_is_unknown() {
        let few = Ageing::learn(&one(drawn(4, (3.0, 100.0), 1e9, 3)), 0.9);
        let too_few = weibull::Unknown::TooFew { failures: 4 };
        assert_eq!(few.left("a", 10.0), Err(Unknown::Lives(too_few)));
        // All were replaced at 60: nobody knows how it goes on from there.
        let replaced = Ageing::learn(&one(drawn(2_000, (3.0, 100.0), 60.0, 4)), 0.9);
        assert!(matches!(replaced.left("a", 59.0), Err(Unknown::Beyond { .. })));
        assert!(matches!(replaced.left("a", f64::NAN), Err(Unknown::Beyond { .. })));
        let half = Ageing::learn(&one(drawn(2_000, (3.0, 100.0), 110.0, 5)), 0.9);
        assert_eq!(half.left("a", 10.0).unwrap().high, None, "no upper bound is made up");
    }

    #[test]
    fn cohorts_are_told_apart_where_they_differ_and_not_where_they_do_not() {
        let two = |scale: f64| {
            let lives = BTreeMap::from([
                ("a".to_owned(), drawn(300, (2.0, 100.0), 150.0, 6)),
                ("b".to_owned(), drawn(300, (2.0, scale), 150.0, 7)),
            ]);
            Ageing::learn(&lives, 0.9)
        };
        let (different, same) = (two(50.0), two(100.0));
        assert!(different.tells_cohorts_apart() && !same.tells_cohorts_apart());
        let median = |ageing: &Ageing, cohort: &str| ageing.left(cohort, 0.0).unwrap().median;
        assert!(median(&different, "a") > 1.5 * median(&different, "b"));
        assert!((median(&same, "a") - median(&same, "b")).abs() < 1e-9);
        assert!(
            different.left("c", 0.0).is_ok(),
            "of a cohort never seen it is said what holds for all"
        );
    }

    #[test]
    fn failures_that_are_expected_are_those_that_come() {
        let ageing = Ageing::learn(&one(drawn(3_000, (2.0, 100.0), 80.0, 8)), 0.9);
        let lives = drawn(3_000, (2.0, 100.0), 80.0, 9);
        let expected: f64 =
            lives.iter().map(|it| ageing.expected("a", 0.0, it.until).unwrap()).sum();
        let came = lives.iter().filter(|it| it.failed).count() as f64;
        assert!((expected / came - 1.0).abs() < 0.1, "{expected} {came}");
    }
}
