//! Rates and shares with exact intervals: events per life, and affected among all.

use crate::stats::beta::beta_quantile;
use crate::stats::gamma::gamma_quantile;

/// An estimate with the interval that holds the truth with a given probability at least.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Estimate.
    pub value: f64,
    /// Upper end.
    pub high: f64,
}

/// Events per unit of life, with the exact two-sided interval of a Poisson count.
///
/// F. Garwood, "Fiducial limits for the Poisson distribution", Biometrika 28, 1936. `None` unless `life` is positive
/// and 0 < `level` < 1.
#[must_use]
pub fn rate(events: u64, life: f64, level: f64) -> Option<Interval> {
    if !(life > 0.0 && life.is_finite() && level > 0.0 && level < 1.0) {
        return None;
    }
    let count = events as f64;
    let tail = 0.5 * (1.0 - level);
    let low = if events == 0 { 0.0 } else { gamma_quantile(count, tail)? };
    let high = gamma_quantile(count + 1.0, 1.0 - tail)?;
    Some(Interval { low: low / life, value: count / life, high: high / life })
}

/// The rate that is not exceeded with probability `level`, after so many events in so much life.
#[must_use]
pub fn rate_below(events: u64, life: f64, level: f64) -> Option<f64> {
    let life = (life > 0.0 && life.is_finite()).then_some(life)?;
    Some(gamma_quantile(events as f64 + 1.0, level)? / life)
}

/// Share of `affected` among `all`, with the exact two-sided interval of a binomial count.
///
/// C. J. Clopper and E. S. Pearson, Biometrika 26, 1934. `None` unless `affected` ≤ `all`, `all` > 0, 0 < `level` < 1.
#[must_use]
pub fn share(affected: u64, all: u64, level: f64) -> Option<Interval> {
    if all == 0 || affected > all || !(level > 0.0 && level < 1.0) {
        return None;
    }
    let (hits, misses) = (affected as f64, (all - affected) as f64);
    let tail = 0.5 * (1.0 - level);
    let low = if affected == 0 { 0.0 } else { beta_quantile(hits, misses + 1.0, tail)? };
    let high = if affected == all { 1.0 } else { beta_quantile(hits + 1.0, misses, 1.0 - tail)? };
    Some(Interval { low, value: hits / all as f64, high })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 6e-5 * expected.max(1.0), "{found}, not {expected}");
    }

    /// Garwood's table, as it is reprinted in the Biometrika Tables for Statisticians, table 40 (95 %, two sides).
    #[test]
    fn rates_have_the_intervals_of_garwoods_table() {
        for (events, low, high) in [
            (0, 0.0, 3.689),
            (1, 0.0253, 5.572),
            (2, 0.242, 7.225),
            (10, 4.795, 18.39),
            (50, 37.11, 65.92),
        ] {
            let found = rate(events, 1.0, 0.95).unwrap();
            assert!(
                (found.low - low).abs() < 0.005 && (found.high - high).abs() < 0.005,
                "{events}: {found:?}"
            );
        }
        let per_year = rate(10, 20.0, 0.95).unwrap();
        near(per_year.value, 0.5);
        near(per_year.high, 18.3904 / 20.0);
    }

    /// No event in so much life: the rule of three, exactly −ln 0.05.
    #[test]
    fn a_rate_without_events_is_bounded_by_the_rule_of_three() {
        near(rate_below(0, 1.0, 0.95).unwrap(), 2.995_732);
        assert_eq!(rate_below(0, 0.0, 0.95), None);
    }

    /// 4 of 20: 0.0573 and 0.4366, as in A. Agresti and B. A. Coull, The American Statistician 52, 1998, and in tables.
    #[test]
    fn shares_have_the_interval_of_clopper_and_pearson() {
        let found = share(4, 20, 0.95).unwrap();
        near(found.low, 0.057_334);
        near(found.high, 0.436_614);
        assert_eq!(share(0, 5, 0.95).unwrap().low, 0.0);
        assert_eq!(share(5, 5, 0.95).unwrap().high, 1.0);
        assert_eq!((share(6, 5, 0.95), share(0, 0, 0.95)), (None, None));
    }
}
