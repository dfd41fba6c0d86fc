//! After how long a component fails: the Weibull distribution from failures and suspensions.
//!
//! Maximum likelihood with likelihood-ratio intervals (W. Q. Meeker and L. A. Escobar, Statistical Methods for
//! Reliability Data, 1998, chapters 8 and 11). A life that was not watched from its beginning counts from when it was
//! (left truncation); one that did not end in failure is a suspension (right censoring).

use crate::stats::gamma::gamma_quantile;

/// With fewer failures nothing is said.
pub const FAILURES_MIN: u64 = 5;

/// Shapes that are looked for.
const SHAPES: [f64; 2] = [0.05, 20.0];

/// Steps of each search; the golden section divides by 1.6, halving by 2.
const STEPS: u32 = 60;

/// Places at which the region of likely parameters is looked at, before the best is refined.
const PLACES: u32 = 32;

/// Lives that began to be watched at one age and ended at another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lives {
    /// Age from which they were watched.
    pub watched_from: f64,
    /// Age at failure, or the age up to which they did not fail.
    pub until: f64,
    /// Whether they ended in failure.
    pub failed: bool,
    /// How many.
    pub count: u64,
}

/// A parameter; an end that the data do not bound is absent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounded {
    /// Lower end.
    pub low: Option<f64>,
    /// Estimate.
    pub value: f64,
    /// Upper end.
    pub high: Option<f64>,
}

/// A fitted distribution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weibull {
    /// Failures that it rests on.
    pub failures: u64,
    /// Lives without failure.
    pub suspensions: u64,
    /// β: below 1 early failures, 1 chance, above 1 wear.
    pub shape: Bounded,
    /// η: the age that 63.2 % do not reach.
    pub scale: Bounded,
    /// The age that 10 % do not reach.
    pub b10: Bounded,
}

/// Why nothing can be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    /// Too few failures.
    #[error(
        "{failures} failures are too few; a Weibull distribution is fitted from {FAILURES_MIN} on"
    )]
    TooFew {
        /// How many there are.
        failures: u64,
    },
    /// The failures do not tell a shape: all at one age, or all at the ends of what was watched.
    #[error("the ages at failure do not bound the shape")]
    NoShape,
    /// An age that is none.
    #[error("a life is not from an age to a later one")]
    NoLife,
}

/// The likelihood, with ages in units of the longest.
struct Likelihood<'l> {
    lives: &'l [Lives],
    unit: f64,
    failures: f64,
    /// Sum of the logarithms of the ages at failure.
    logs: f64,
}

/// Fits; intervals hold with probability `level`.
///
/// # Errors
/// [`Unknown`] saying what is missing.
pub fn fit(lives: &[Lives], level: f64) -> Result<Weibull, Unknown> {
    let failures: u64 = lives.iter().filter(|it| it.failed).map(|it| it.count).sum();
    let suspensions = lives.iter().filter(|it| !it.failed).map(|it| it.count).sum();
    if failures < FAILURES_MIN {
        return Err(Unknown::TooFew { failures });
    }
    let sound =
        |it: &Lives| it.watched_from >= 0.0 && it.until > it.watched_from && it.until.is_finite();
    if !lives.iter().all(sound) {
        return Err(Unknown::NoLife);
    }
    let likelihood = Likelihood::new(lives, failures);
    let (low, high) = (SHAPES[0].ln(), SHAPES[1].ln());
    let best = highest(low, high, |log_shape| likelihood.of_shape(log_shape.exp()));
    if best - low < 1e-3 || high - best < 1e-3 {
        return Err(Unknown::NoShape);
    }
    // Half of the quantile of chi-squared with one degree of freedom, which is that of Gamma(½).
    let drop = gamma_quantile(0.5, level).ok_or(Unknown::NoShape)?;
    let least = likelihood.of_shape(best.exp()) - drop;
    let inside = |log_shape: f64| likelihood.of_shape(log_shape.exp()) >= least;
    let ends = [edge(best, low, inside), edge(best, high, inside)];
    let shape =
        Bounded { low: ends[0].map(f64::exp), value: best.exp(), high: ends[1].map(f64::exp) };
    let region = Region { likelihood: &likelihood, least, ends };
    let ten = -(0.9_f64.ln());
    Ok(Weibull {
        failures,
        suspensions,
        shape,
        scale: region.bounds(best, |_| 0.0),
        b10: region.bounds(best, |shape| ten.ln() / shape),
    })
}

impl<'l> Likelihood<'l> {
    fn new(lives: &'l [Lives], failures: u64) -> Self {
        let unit = lives.iter().map(|it| it.until).fold(0.0, f64::max);
        let failed = lives.iter().filter(|it| it.failed);
        let logs = failed.map(|it| it.count as f64 * (it.until / unit).ln()).sum();
        Self { lives, unit, failures: failures as f64, logs }
    }

    /// Life used up, at this shape and a scale of one unit.
    fn used(&self, shape: f64) -> f64 {
        let power = |age: f64| if age > 0.0 { (age / self.unit).powf(shape) } else { 0.0 };
        let used = |it: &Lives| it.count as f64 * (power(it.until) - power(it.watched_from));
        self.lives.iter().map(used).sum()
    }

    /// Of a shape and of the power of the scale to it, given the life used up.
    fn of(&self, shape: f64, power: f64, used: f64) -> f64 {
        self.failures * (shape.ln() - power.ln()) + (shape - 1.0) * self.logs - used / power
    }

    /// Of a shape, with the scale that suits it best.
    fn of_shape(&self, shape: f64) -> f64 {
        let used = self.used(shape);
        self.of(shape, used / self.failures, used)
    }
}

/// The shapes and scales that are likely enough.
struct Region<'l> {
    likelihood: &'l Likelihood<'l>,
    least: f64,
    /// Logarithms of the lowest and highest shape.
    ends: [Option<f64>; 2],
}

impl Region<'_> {
    /// What ln(scale) + `shift`(shape) can be within the region, as a multiple of the unit.
    fn bounds(&self, best: f64, shift: impl Fn(f64) -> f64) -> Bounded {
        let unit = self.likelihood.unit;
        let at = |log_shape: f64, side: Side| {
            let shape = log_shape.exp();
            let used = self.likelihood.used(shape);
            let power = self.power(shape, used, side)?;
            Some(power.ln() / shape + shift(shape))
        };
        let value = at(best, Side::Best).map_or(f64::NAN, |log| log.exp() * unit);
        let [Some(low), Some(high)] = self.ends else {
            return Bounded { low: None, value, high: None };
        };
        let lowest =
            self.farthest(low, high, |log| at(log, Side::Low).map_or(f64::NEG_INFINITY, |it| -it));
        let highest =
            self.farthest(low, high, |log| at(log, Side::High).unwrap_or(f64::NEG_INFINITY));
        let bound = |log: f64| log.is_finite().then(|| log.exp() * unit);
        Bounded { low: bound(-lowest), value, high: bound(highest) }
    }

    /// The highest that `value` is within the region, looked for at several places first.
    fn farthest(&self, low: f64, high: f64, value: impl Fn(f64) -> f64) -> f64 {
        let step = (high - low) / f64::from(PLACES);
        let place = |index: u32| low + step * f64::from(index);
        let best =
            (0..=PLACES).map(place).max_by(|one, other| value(*one).total_cmp(&value(*other)));
        let best = best.unwrap_or(low);
        let refined = highest((best - step).max(low), (best + step).min(high), &value);
        value(refined).max(value(best))
    }

    /// The power of the scale at the edge of the region, or where it is likeliest.
    fn power(&self, shape: f64, used: f64, side: Side) -> Option<f64> {
        let best = used / self.likelihood.failures;
        let inside = |log: f64| self.likelihood.of(shape, log.exp(), used) >= self.least;
        if side == Side::Best || !inside(best.ln()) {
            return Some(best);
        }
        let reach = if side == Side::Low { -60.0 } else { 60.0 };
        edge(best.ln(), best.ln() + reach, inside).map(f64::exp)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Low,
    Best,
    High,
}

/// Where `inside` ends between a place inside and one that may be outside; `None` when it does not.
fn edge(from: f64, to: f64, inside: impl Fn(f64) -> bool) -> Option<f64> {
    if inside(to) {
        return None;
    }
    let (mut within, mut beyond) = (from, to);
    for _ in 0..STEPS {
        let middle = 0.5 * (within + beyond);
        if inside(middle) { within = middle } else { beyond = middle }
    }
    Some(within)
}

/// Where `value` is highest, by the golden section.
fn highest(mut low: f64, mut high: f64, value: impl Fn(f64) -> f64) -> f64 {
    let golden = 0.5 * (5.0_f64.sqrt() - 1.0);
    let (mut left, mut right) = (high - golden * (high - low), low + golden * (high - low));
    let (mut at_left, mut at_right) = (value(left), value(right));
    for _ in 0..STEPS {
        if at_left < at_right {
            (low, left, at_left) = (left, right, at_right);
            right = low + golden * (high - low);
            at_right = value(right);
        } else {
            (high, right, at_right) = (right, left, at_left);
            left = high - golden * (high - low);
            at_left = value(left);
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
#[path = "weibull/tests.rs"]
mod tests;
