//! Whether a group fails more often than the rest: exact tests, corrected for how many groups are compared and how
//! often somebody looks.

use crate::stats::beta::{beta_cdf, ln_gamma};

/// Probability of so many of all events in the group, or more, if the group were like the rest.
///
/// Given the sum of two Poisson counts, the one is binomial with its share of the life (J. Przyborowski and
/// H. Wilenski, "Homogeneity of results in testing samples from Poisson series", Biometrika 31, 1940). `None` unless
/// both lives are positive.
#[must_use]
pub fn more_often(events: u64, life: f64, rest_events: u64, rest_life: f64) -> Option<f64> {
    if !(life > 0.0 && rest_life > 0.0 && life.is_finite() && rest_life.is_finite()) {
        return None;
    }
    if events == 0 {
        return Some(1.0);
    }
    let share = life / (life + rest_life);
    // P(X ≥ k) of a binomial variable is I_p(k, n − k + 1), DLMF 8.17.5.
    Some(beta_cdf(events as f64, rest_events as f64 + 1.0, share))
}

/// Probability of so many affected in the group, or more, given how many are affected in all: Fisher's exact test, one
/// side. `None` when more are affected than there are.
#[must_use]
pub fn fisher(affected: u64, all: u64, rest_affected: u64, rest_all: u64) -> Option<f64> {
    if affected > all || rest_affected > rest_all {
        return None;
    }
    let (total, drawn) = (all + rest_all, affected + rest_affected);
    let most = all.min(drawn);
    let whole = ln_choose(total, drawn);
    let ways = |hits: u64| (ln_choose(all, hits) + ln_choose(rest_all, drawn - hits) - whole).exp();
    let possible = affected.max(drawn.saturating_sub(rest_all))..=most;
    Some(possible.map(ways).sum::<f64>().min(1.0))
}

fn ln_choose(all: u64, chosen: u64) -> f64 {
    let factorial = |count: u64| ln_gamma(count as f64 + 1.0);
    factorial(all) - factorial(chosen) - factorial(all - chosen)
}

/// `p_values` adjusted for their number so that with probability 1 − α none below α is a false alarm, whatever they
/// have to do with each other: S. Holm, "A simple sequentially rejective multiple test procedure", Scand. J. Stat. 6,
/// 1979.
#[must_use]
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut adjusted = vec![1.0; p_values.len()];
    let mut highest = 0.0_f64;
    for (rank, index) in in_order(p_values).into_iter().enumerate() {
        let left = (p_values.len() - rank) as f64;
        highest = highest.max((p_values[index] * left).min(1.0));
        adjusted[index] = highest;
    }
    adjusted
}

/// `p_values` adjusted so that among those below α at most a share of α are false alarms on average, whatever they have
/// to do with each other: Y. Benjamini and D. Yekutieli, Annals of Statistics 29, 2001.
#[must_use]
pub fn benjamini_yekutieli(p_values: &[f64]) -> Vec<f64> {
    let count = p_values.len() as f64;
    let harmonic: f64 = (1..=p_values.len()).map(|rank| 1.0 / rank as f64).sum();
    let mut adjusted = vec![1.0; p_values.len()];
    let mut lowest = 1.0_f64;
    for (rank, index) in in_order(p_values).into_iter().enumerate().rev() {
        lowest = lowest.min(p_values[index] * count * harmonic / (rank + 1) as f64);
        adjusted[index] = lowest;
    }
    adjusted
}

fn in_order(p_values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|one, other| p_values[*one].total_cmp(&p_values[*other]));
    order
}

/// `p_value` as it counts for somebody who looks so often a year and wants few false alarms a *year*: the level of a
/// year is spent evenly over its looks (a spending function that is linear in time, K. K. G. Lan and D. L. DeMets,
/// "Discrete sequential boundaries for clinical trials", Biometrika 70, 1983; by Bonferroni's bound, so that it holds
/// however the looks depend on each other).
#[must_use]
pub fn looked_often(p_value: f64, looks_per_year: f64) -> f64 {
    (p_value * looks_per_year.max(1.0)).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn near(found: f64, expected: f64) {
        assert!((found / expected - 1.0).abs() < 1e-9, "{found}, not {expected}");
    }

    #[test]
    fn equal_lives_are_a_fair_coin() {
        // P(8 or more of 10 heads) = (45 + 10 + 1) / 1024.
        near(more_often(8, 3.0, 2, 3.0).unwrap(), 56.0 / 1024.0);
        assert_eq!(more_often(0, 1.0, 4, 1.0), Some(1.0));
        assert_eq!(more_often(1, 0.0, 4, 1.0), None);
    }

    /// The lady tasting tea: R. A. Fisher, The Design of Experiments, 1935.
    #[test]
    fn the_lady_tasting_tea() {
        near(fisher(3, 4, 1, 4).unwrap(), 17.0 / 70.0);
        near(fisher(4, 4, 0, 4).unwrap(), 1.0 / 70.0);
        near(fisher(0, 4, 4, 4).unwrap(), 1.0);
        assert_eq!(fisher(5, 4, 0, 4), None);
    }

    /// By hand: 0.005 · 4, 0.01 · 3, 0.03 · 2, and never below what came before.
    #[test]
    fn holm_goes_down_the_steps() {
        assert_eq!(holm(&[0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02]);
        assert_eq!(holm(&[]), Vec::<f64>::new());
    }

    /// By hand: all of 0.01 … 0.05 have p · 5 / rank = 0.05, times 1 + 1/2 + 1/3 + 1/4 + 1/5.
    #[test]
    fn benjamini_and_yekutieli_pay_the_harmonic_sum() {
        for adjusted in benjamini_yekutieli(&[0.01, 0.02, 0.03, 0.04, 0.05]) {
            near(adjusted, 0.05 * 137.0 / 60.0);
        }
    }

    proptest! {
        #[test]
        fn the_binomial_tail_is_the_sum_of_its_terms(events in 1..40_u64, rest in 0..60_u64, share in 0.02..0.9_f64) {
            let all = events + rest;
            let term = |k: u64| (ln_choose(all, k) + k as f64 * share.ln() + (all - k) as f64 * (1.0 - share).ln()).exp();
            let sum: f64 = (events..=all).map(term).sum();
            let found = more_often(events, share, rest, 1.0 - share).unwrap();
            prop_assert!((found - sum).abs() < 1e-9 * sum.max(1e-6), "{found} {sum}");
        }

        #[test]
        fn corrections_never_make_anything_more_certain(p_values in prop::collection::vec(0.0..=1.0_f64, 1..20)) {
            for (adjusted, p) in holm(&p_values).iter().zip(&p_values) {
                prop_assert!(adjusted >= p && *adjusted <= 1.0);
            }
            for (adjusted, p) in benjamini_yekutieli(&p_values).iter().zip(&p_values) {
                prop_assert!(adjusted >= p && *adjusted <= 1.0);
            }
        }
    }
}
