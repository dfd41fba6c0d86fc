//! The Gamma distribution: how many events a Poisson process may have had, and how sure that is.

use super::beta::ln_gamma;

/// Steps of the series and of the fraction; both converge in some √a steps beyond `a`.
const STEPS_MAX: u32 = 100_000;

/// Keeps a denominator of the continued fraction from being zero.
const TINY: f64 = 1e-300;

/// Probability that a Gamma variable of shape `a` and scale 1 is at most `x`; NaN unless `a` is positive and finite.
///
/// The series DLMF 8.7.1 below the mean, the continued fraction DLMF 8.9.2 above it.
#[must_use]
pub fn gamma_cdf(a: f64, x: f64) -> f64 {
    if !(a > 0.0 && a.is_finite()) || x.is_nan() {
        return f64::NAN;
    }
    if x <= 0.0 {
        return 0.0;
    }
    if x.is_infinite() {
        return 1.0;
    }
    let front = (a * x.ln() - x - ln_gamma(a)).exp();
    if x < a + 1.0 { front * series(a, x) } else { 1.0 - front * fraction(a, x) }
}

/// The `x` below which a Gamma variable of shape `a` lies with probability `p`; `None` unless 0 < `p` < 1 and `a` > 0.
///
/// By bisection down to neighbouring floats: as exact as [`gamma_cdf`].
#[must_use]
pub fn gamma_quantile(a: f64, p: f64) -> Option<f64> {
    if !(p > 0.0 && p < 1.0) || gamma_cdf(a, 1.0).is_nan() {
        return None;
    }
    let (mut low, mut high) = (0.0, a + 1.0);
    while gamma_cdf(a, high) < p {
        high *= 2.0;
    }
    loop {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            return Some(middle);
        }
        if gamma_cdf(a, middle) < p { low = middle } else { high = middle }
    }
}

fn series(a: f64, x: f64) -> f64 {
    let mut term = 1.0 / a;
    let mut sum = term;
    for step in 1..=STEPS_MAX {
        term *= x / (a + f64::from(step));
        sum += term;
        if term < sum * f64::EPSILON {
            break;
        }
    }
    sum
}

fn fraction(a: f64, x: f64) -> f64 {
    let whole = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut b = x + 1.0 - a;
    let mut c = 1.0 / TINY;
    let mut d = 1.0 / whole(b);
    let mut sum = d;
    for step in 1..=STEPS_MAX {
        let step = f64::from(step);
        let factor = -step * (step - a);
        b += 2.0;
        d = 1.0 / whole(factor * d + b);
        c = whole(b + factor / c);
        sum *= c * d;
        if (c * d - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_shapes_agree_with_the_sum_of_poisson_probabilities() {
        for (shape, x) in
            [(1_u32, 0.3_f64), (3, 2.5), (10, 4.0), (10, 18.0), (60, 61.0), (200, 230.0)]
        {
            // P(Gamma(k) > x) is P(Poisson(x) < k).
            let mut term = (-x).exp();
            let mut sum = 0.0;
            for count in 0..shape {
                sum += term;
                term *= x / f64::from(count + 1);
            }
            let found = gamma_cdf(f64::from(shape), x);
            assert!((found - (1.0 - sum)).abs() < 1e-12, "{shape} {x}: {found}");
        }
    }

    #[test]
    fn quantiles_invert_and_what_is_no_distribution_has_none() {
        for (a, p) in [(0.5, 0.01), (1.0, 0.5), (7.0, 0.975), (300.0, 0.025)] {
            let x = gamma_quantile(a, p).unwrap();
            assert!((gamma_cdf(a, x) - p).abs() < 1e-11, "{a} {p}: {x}");
        }
        assert_eq!(gamma_quantile(1.0, 1.0), None);
        assert_eq!(gamma_quantile(-1.0, 0.5), None);
        assert!(gamma_cdf(f64::NAN, 1.0).is_nan());
    }
}
