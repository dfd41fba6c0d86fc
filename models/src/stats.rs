//! The few statistics that every model here stands on: the normal distribution, a weighted line, median and spread;
//! in [`beta`] how sure a share is, in [`gamma`] how sure a count of events is.

pub mod beta;
pub mod gamma;

use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;

/// Deviation of a normal distribution divided by its median absolute deviation: 1 / Φ⁻¹(3/4).
pub const DEVIATION_PER_MAD: f64 = 1.482_602_218_505_602;

/// Beyond this distance from 0 the tail is computed by a continued fraction, within it by a series.
const TAIL_FROM: f64 = 3.0;

/// Terms of the continued fraction of the tail; at [`TAIL_FROM`] fewer already give full precision.
const TAIL_TERMS: u32 = 120;

/// Probability that a standard normal variable is at most `x`. NaN gives NaN.
///
/// Relative error below 1e-13 for −37 ≤ x ≤ 8 (tested against reference values); below −38.5 the
/// result is 0, which is what a 64-bit float can say. Near 0 the power series of Φ − ½ (G. Marsaglia,
/// "Evaluating the normal distribution", J. Stat. Software 11(4), 2004), in the tails Laplace's
/// continued fraction of Mills' ratio (Abramowitz & Stegun 26.2.14).
#[must_use]
pub fn normal_cdf(x: f64) -> f64 {
    if x.is_nan() {
        f64::NAN
    } else if x < -TAIL_FROM {
        upper_tail(-x)
    } else if x > TAIL_FROM {
        1.0 - upper_tail(x)
    } else {
        0.5 + normal_density(x) * odd_series(x)
    }
}

/// The `x` with Φ(x) = `p`; `None` unless 0 < `p` < 1.
///
/// Absolute error below 1e-11 for 1e-300 ≤ p ≤ 1 − 1e-10 (tested as a round trip). Start by Abramowitz &
/// Stegun 26.2.23 (error 4.5e-4), then three steps of Halley's method on Φ.
#[must_use]
pub fn normal_quantile(p: f64) -> Option<f64> {
    if !(p > 0.0 && p < 1.0) {
        return None;
    }
    if p > 0.5 {
        return normal_quantile_lower(1.0 - p).map(|x| -x);
    }
    normal_quantile_lower(p)
}

fn normal_quantile_lower(p: f64) -> Option<f64> {
    if p <= 0.0 {
        return None;
    }
    let t = (-2.0 * p.ln()).sqrt();
    let numerator = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let denominator = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    let mut x = numerator / denominator - t;
    for _ in 0..3 {
        let step = (normal_cdf(x) - p) / normal_density(x);
        x -= step / (1.0 + 0.5 * x * step);
    }
    Some(x)
}

fn normal_density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / TAU.sqrt()
}

/// x + x³/3 + x⁵/(3·5) + …
fn odd_series(x: f64) -> f64 {
    let (mut term, mut sum, mut odd) = (x, x, 1.0);
    loop {
        odd += 2.0;
        term *= x * x / odd;
        let next = sum + term;
        if next == sum {
            return sum;
        }
        sum = next;
    }
}

/// Probability of more than `x` > 0.
fn upper_tail(x: f64) -> f64 {
    let fraction = (1..=TAIL_TERMS).rev().fold(x, |below, k| x + f64::from(k) / below);
    normal_density(x) / fraction
}

/// The median of `values`, which are reordered; `None` when there are none.
///
/// An even number of values gives the mean of the two in the middle.
#[must_use]
pub fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = values.get(middle)?;
    if values.len() % 2 == 1 { Some(*upper) } else { Some(0.5 * (values[middle - 1] + upper)) }
}

/// Median and median absolute deviation as a normal deviation ([`DEVIATION_PER_MAD`]); `None` without values.
#[must_use]
pub fn location_and_scale(values: &mut [f64]) -> Option<(f64, f64)> {
    let location = median(values)?;
    for value in values.iter_mut() {
        *value = (*value - location).abs();
    }
    median(values).map(|mad| (location, DEVIATION_PER_MAD * mad))
}

/// Weighted points (x, y) as seven numbers, from which a line comes with its standard errors.
///
/// Kept as means and centred sums (D. H. D. West, "Updating mean and variance estimates", CACM 22(9),
/// 1979), so a large offset of x or y costs no precision. A point of weight `w` counts like the mean
/// of `w` equally good measurements. 56 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LineSums {
    points: u32,
    weight: f64,
    x_mean: f64,
    y_mean: f64,
    xx: f64,
    xy: f64,
    yy: f64,
}

/// A line through weighted points, and how well they fix it. Errors are standard errors.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LineFit {
    /// y of the line at the x that was asked for.
    pub level: f64,
    /// Standard error of `level`.
    pub level_error: f64,
    /// y per x.
    pub slope: f64,
    /// Standard error of `slope`.
    pub slope_error: f64,
    /// Deviation of a point of mean weight from the line (n − 2 degrees of freedom).
    pub residual_deviation: f64,
    /// Number of points.
    pub points: u32,
}

impl LineSums {
    /// Adds one point.
    ///
    /// # Panics
    /// When `x` or `y` is not finite or `weight` is not positive: such a point should not have come so far.
    pub fn add(&mut self, x: f64, y: f64, weight: f64) {
        assert!(x.is_finite() && y.is_finite(), "a point is finite");
        assert!(weight > 0.0 && weight.is_finite(), "a point has weight");
        let point = Self { points: 1, weight, x_mean: x, y_mean: y, xx: 0.0, xy: 0.0, yy: 0.0 };
        self.merge(&point);
    }

    /// Adds all points of `other`.
    pub fn merge(&mut self, other: &Self) {
        let weight = self.weight + other.weight;
        if weight == 0.0 {
            return;
        }
        let (dx, dy) = (other.x_mean - self.x_mean, other.y_mean - self.y_mean);
        let shared = self.weight * other.weight / weight;
        self.points += other.points;
        self.x_mean += dx * other.weight / weight;
        self.y_mean += dy * other.weight / weight;
        self.xx += other.xx + dx * dx * shared;
        self.xy += other.xy + dx * dy * shared;
        self.yy += other.yy + dy * dy * shared;
        self.weight = weight;
    }

    /// Number of points.
    #[must_use]
    pub fn points(&self) -> u32 {
        self.points
    }

    /// The least-squares line, its level taken at `x`; `None` with fewer than three points or a single x.
    ///
    /// Errors as in weighted least squares with weights known up to a factor: σ² = Σw r² / (n − 2),
    /// var(slope) = σ² / Σw(x − x̄)², var(level) = σ² (1 / Σw + (x − x̄)² / Σw(x − x̄)²).
    #[must_use]
    pub fn fit(&self, x: f64) -> Option<LineFit> {
        if self.points < 3 || self.xx <= 0.0 {
            return None;
        }
        let slope = self.xy / self.xx;
        let points = f64::from(self.points);
        let variance = (self.yy - slope * self.xy).max(0.0) / (points - 2.0);
        let away = x - self.x_mean;
        Some(LineFit {
            level: self.y_mean + slope * away,
            level_error: (variance * (1.0 / self.weight + away * away / self.xx)).sqrt(),
            slope,
            slope_error: (variance / self.xx).sqrt(),
            residual_deviation: (variance * points / self.weight).sqrt(),
            points: self.points,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::Noise;
    use proptest::prelude::*;

    /// Reference values to 20 digits, computed with 40-digit arithmetic.
    const PHI: &[(f64, f64)] = &[
        (-37.0, 5.725_571_222_524_577e-300),
        (-10.0, 7.619_853_024_160_527e-24),
        (-5.0, 2.866_515_718_791_939e-7),
        (-3.0, 1.349_898_031_630_094_6e-3),
        (-1.0, 0.158_655_253_931_457_05),
        (0.0, 0.5),
        (0.5, 0.691_462_461_274_013_1),
        (1.0, 0.841_344_746_068_542_9),
        (1.96, 0.975_002_104_851_779_6),
        (3.0, 0.998_650_101_968_369_9),
        (6.0, 0.999_999_999_013_412_4),
    ];

    #[test]
    fn the_normal_distribution_agrees_with_reference_values() {
        for &(x, expected) in PHI {
            let found = normal_cdf(x);
            assert!((found / expected - 1.0).abs() < 1e-13, "Φ({x}) = {found:e}, not {expected:e}");
        }
    }

    #[test]
    fn the_ends_of_the_normal_distribution_are_zero_and_one() {
        assert_eq!(normal_cdf(f64::NEG_INFINITY), 0.0);
        assert_eq!(normal_cdf(f64::INFINITY), 1.0);
        assert!(normal_cdf(f64::NAN).is_nan());
    }

    #[test]
    fn quantiles_agree_with_reference_values() {
        for (p, expected) in [
            (0.1, -1.281_551_565_544_600_4),
            (0.5, 0.0),
            (0.9, 1.281_551_565_544_600_4),
            (0.975, 1.959_963_984_540_054),
            (1e-9, -5.997_807_015_007_686),
        ] {
            let found = normal_quantile(p).unwrap();
            assert!((found - expected).abs() < 1e-11, "Φ⁻¹({p}) = {found}, not {expected}");
        }
    }

    #[test]
    fn probabilities_outside_the_open_interval_have_no_quantile() {
        for p in [0.0, 1.0, -0.1, 1.1, f64::NAN] {
            assert_eq!(normal_quantile(p), None, "{p}");
        }
    }

    #[test]
    fn median_and_spread_ignore_one_wild_value() {
        let (location, scale) = location_and_scale(&mut [1.0, 2.0, 3.0, 4.0, 1e9]).unwrap();
        assert_eq!(location, 3.0);
        assert!((scale - DEVIATION_PER_MAD).abs() < 1e-12);
        assert_eq!(median(&mut [4.0, 1.0]), Some(2.5));
        assert_eq!(median(&mut []), None);
    }

    #[test]
    fn a_line_agrees_with_a_worked_example() {
        let mut sums = LineSums::default();
        for (x, y) in [(1.0, 2.0), (2.0, 3.0), (3.0, 5.0), (4.0, 4.0), (5.0, 6.0)] {
            sums.add(x, y, 1.0);
        }
        // By hand: slope 9/10, rss 1.9, σ² 1.9/3, var(slope) σ²/10, var(level at 6) σ² (1/5 + 9/10).
        let fit = sums.fit(6.0).unwrap();
        assert!((fit.slope - 0.9).abs() < 1e-12);
        assert!((fit.level - 6.7).abs() < 1e-12);
        assert!((fit.residual_deviation - (1.9_f64 / 3.0).sqrt()).abs() < 1e-12);
        assert!((fit.slope_error - (0.19_f64 / 3.0).sqrt()).abs() < 1e-12);
        assert!((fit.level_error - (1.9_f64 / 3.0 * 1.1).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn two_points_or_a_single_place_give_no_line() {
        let mut sums = LineSums::default();
        sums.add(1.0, 1.0, 1.0);
        sums.add(2.0, 2.0, 1.0);
        assert_eq!(sums.fit(0.0), None);
        let mut place = LineSums::default();
        (0..5).for_each(|y| place.add(3.0, f64::from(y), 1.0));
        assert_eq!(place.fit(0.0), None);
    }

    #[test]
    fn standard_errors_are_those_that_repeated_trials_show() {
        let mut noise = Noise::seeded(11);
        let trials = 4_000;
        let (mut inside, mut level_inside) = (0, 0);
        for _ in 0..trials {
            let mut sums = LineSums::default();
            for x in 0..12 {
                let weight = if x % 2 == 0 { 1.0 } else { 4.0 };
                let x = f64::from(x);
                sums.add(x, 5.0 - 0.3 * x + noise.normal() / f64::sqrt(weight), weight);
            }
            let fit = sums.fit(20.0).unwrap();
            // Student's t with 10 degrees of freedom: 95 % within 2.228 standard errors.
            inside += i32::from((fit.slope + 0.3).abs() < 2.228 * fit.slope_error);
            level_inside += i32::from((fit.level + 1.0).abs() < 2.228 * fit.level_error);
        }
        for count in [inside, level_inside] {
            let share = f64::from(count) / f64::from(trials);
            assert!((0.94..0.96).contains(&share), "95 % intervals hold {share}");
        }
    }

    proptest! {
        #[test]
        fn quantile_and_distribution_are_inverse(x in -37.0..6.0_f64) {
            let found = normal_quantile(normal_cdf(x)).unwrap();
            prop_assert!((found - x).abs() < 2e-8 * (1.0 + x.max(0.0)), "{} became {}", x, found);
        }

        #[test]
        fn the_normal_distribution_rises_and_is_symmetric(x in -8.0..8.0_f64, step in 1e-6..1.0_f64) {
            prop_assert!(normal_cdf(x) <= normal_cdf(x + step));
            prop_assert!((normal_cdf(x) + normal_cdf(-x) - 1.0).abs() < 1e-14);
        }

        #[test]
        fn merged_sums_equal_sums_of_all_points(
            points in prop::collection::vec((-1e3..1e3_f64, -1e3..1e3_f64, 0.1..10.0_f64), 4..40),
            cut in 0_usize..40,
        ) {
            let sums = |points: &[(f64, f64, f64)]| {
                let mut sums = LineSums::default();
                points.iter().for_each(|&(x, y, weight)| sums.add(x, y, weight));
                sums
            };
            let (left, right) = points.split_at(cut.min(points.len()));
            let mut merged = sums(left);
            merged.merge(&sums(right));
            let (merged, whole) = (merged.fit(0.0).unwrap(), sums(&points).fit(0.0).unwrap());
            prop_assert!((merged.slope - whole.slope).abs() < 1e-6 * (1.0 + whole.slope.abs()));
            prop_assert!((merged.slope_error - whole.slope_error).abs() < 1e-6 * (1.0 + whole.slope_error));
            prop_assert!((merged.level - whole.level).abs() < 1e-6 * (1.0 + whole.level.abs()));
        }
    }
}
