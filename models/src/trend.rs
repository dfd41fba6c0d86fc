//! Says how likely a channel is beyond its limit within a horizon, why, and how much time is left.
//!
//! The limit counts as reached when the *lasting* level reaches it; a measured level differs from that by noise
//! and by what regulation, load and weather make of it ([`Limit::wander`]). All levels are measured towards the
//! limit (a falling channel is mirrored). At `r` hours from now:
//!
//! ```text
//! z(r) = (level + slope·r − limit) / √(a² + b²r²)     a² = level error² + residual² + wander²
//! score = max z(r) over 0 ≤ r ≤ reach + Σ weight·value of the evidence,  p = Φ(score)
//! reach = min(horizon, span_multiple_max × observed span)
//! ```
//!
//! That is the distribution of the time to a limit of a linear degradation path with normal level and slope (C. J.
//! Lu, W. Q. Meeker, "Using degradation measures to estimate a time-to-failure distribution", Technometrics
//! 35, 1993); setting z(r) to a quantile gives Fieller's quadratic for the ratio (limit − level) / slope (E. C.
//! Fieller, "Some problems in interval estimation", JRSS B 16, 1954). The maximum makes it a probability *within*
//! the horizon: it never falls when the horizon grows. Errors of level and slope count as independent.
//!
//! **How far a slope is believed.** A healthy channel has slopes too: regulation, load, weather. So the
//! slope has a prior N(0, τ²), τ = [`Limit::slope_deviation`], and what was seen has the variance
//! standard error² + [`WANDER_SLOPE_VARIANCE`] × (wander / span)², since a level that wanders by `wander` of
//! itself makes slopes of that size. The slope used is the posterior mean, seen × reliability, reliability = τ²
//! / (τ² + variance seen), and b² = τ² (1 − reliability) is its posterior variance. A slope over ten minutes
//! thus counts little and leaves b near τ, one over a day counts almost in full. Nothing is said about times
//! beyond the reach.

use crate::stats::{normal_cdf, normal_quantile};
use serde::{Deserialize, Serialize};

/// Name of the contribution of the level's distance from the limit.
pub const LEVEL: &str = "level against limit";

/// Name of the contribution of the slope over the reach.
pub const SLOPE: &str = "slope over horizon";

/// Variance of the least-squares slope, over a span of 1, of a healthy level with deviation 1 (first-order
/// autoregressive, on the time scale at which that is greatest: 0.29 spans).
pub const WANDER_SLOPE_VARIANCE: f64 = 2.461;

/// Halvings by which the time left is found: to 2⁻⁴⁰ of the reach.
const HALVINGS: u32 = 40;

/// Which way a channel worsens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Higher is worse.
    Rising,
    /// Lower is worse.
    Falling,
}

/// A channel's limit, and how a healthy one moves. Units are the channel's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// Level at which the component counts as failed.
    pub value: f64,
    /// From which side the level comes.
    pub direction: Direction,
    /// Deviation of a healthy level from its mean through regulation, load and weather; above 0.
    pub wander: f64,
    /// Deviation of lasting slopes around 0, per hour, faulty assets included; above 0.
    pub slope_deviation: f64,
}

/// What a trend must have before anything is said.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Least number of panes.
    pub panes_min: u32,
    /// Least time between first and last pane, in hours.
    pub span_hours_min: f64,
    /// Greatest age of the last pane, in hours.
    pub age_hours_max: f64,
    /// A trend is continued for at most this many times its span.
    pub span_multiple_max: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { panes_min: 6, span_hours_min: 0.5, age_hours_max: 1.0, span_multiple_max: 2.0 }
    }
}

/// What is known of the channel now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Channel {
    /// The asset has none, or it has not come.
    Missing,
    /// Its sensor is at fault: its values say nothing about the component.
    SensorFaulted,
    /// A line through its panes.
    Observed(Observed),
}

/// A line through the panes of a channel. Levels in the channel's unit, errors as standard errors.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observed {
    /// Level now.
    pub level: f64,
    /// Its error.
    pub level_error: f64,
    /// Slope per hour.
    pub slope_per_hour: f64,
    /// Its error.
    pub slope_error: f64,
    /// Deviation of a pane from the line.
    pub residual_deviation: f64,
    /// Number of panes.
    pub panes: u32,
    /// Hours from the first pane to the last.
    pub span_hours: f64,
    /// Hours since the last pane.
    pub age_hours: f64,
}

/// Something else that speaks for or against a failure: a supporting channel, a trouble code, a prior.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evidence<'a> {
    /// Its name.
    pub name: &'a str,
    /// How much of it there is, e.g. deviations of a supporting channel, or 1 for an active code.
    pub value: f64,
    /// Probits per unit of `value`.
    pub weight: f64,
}

/// Why nothing is said. An answer, not a failure.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum CannotSay {
    /// The channel is not there.
    #[error("the channel is missing")]
    ChannelMissing,
    /// The channel's sensor is at fault.
    #[error("the sensor of the channel is at fault")]
    SensorFaulted,
    /// Too few panes for a line.
    #[error("`{panes}` panes are fewer than the `{needed}` that a trend needs")]
    TooFewPanes {
        /// Panes there are.
        panes: u32,
        /// Panes needed.
        needed: u32,
    },
    /// The panes lie too close together in time.
    #[error("panes span `{hours}` h, less than the `{needed}` h that a trend needs")]
    SpanTooShort {
        /// Hours they span.
        hours: f64,
        /// Hours needed.
        needed: f64,
    },
    /// The last pane is too old.
    #[error("the last pane is `{hours}` h old, more than the `{allowed}` h allowed")]
    Stale {
        /// Its age in hours.
        hours: f64,
        /// The greatest age in hours.
        allowed: f64,
    },
    /// A number that is not finite or has the wrong sign.
    #[error("`{name}` is `{value}`, which no trend can have")]
    Unusable {
        /// What it is.
        name: &'static str,
        /// Its value.
        value: f64,
    },
}

/// What is foreseen.
#[derive(Clone, Debug, PartialEq)]
pub struct Outlook<'a> {
    /// Sum of the contributions, in probits.
    pub score: f64,
    /// Φ(score): probability that the limit is reached within the horizon.
    pub probability: f64,
    /// [`LEVEL`], [`SLOPE`], then the evidence in its order.
    pub contributions: Vec<Contribution<'a>>,
    /// Time to the limit; `None` when not even the 10 % quantile lies within reach.
    pub time_left: Option<TimeLeft>,
    /// Hours for which the trend was continued at most: nothing is known beyond.
    pub reach_hours: f64,
    /// Share of the observed slope that was believed, 0 to 1.
    pub reliability: f64,
}

/// A named part of a score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contribution<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its part, in probits.
    pub probits: f64,
}

/// Quantiles of the time to the limit, in hours; `None` for those beyond reach.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimeLeft {
    /// With 10 % probability the limit is reached by then.
    pub hours_10: f64,
    /// As likely before as after.
    pub hours_50: Option<f64>,
    /// With 90 % probability the limit is reached by then.
    pub hours_90: Option<f64>,
}

/// Continues the trend of a channel to its limit.
///
/// The probability never falls when the level comes nearer to the limit, the slope towards it
/// grows, the horizon grows, or evidence is added; it is at least a half exactly when the median time left is
/// within the horizon.
///
/// # Errors
/// [`CannotSay`], naming what is missing.
pub fn outlook<'a>(
    settings: &Settings,
    limit: &Limit,
    channel: Channel,
    evidence: &[Evidence<'a>],
    horizon_hours: f64,
) -> Result<Outlook<'a>, CannotSay> {
    let observed = usable(settings, channel)?;
    check_numbers(settings, limit, &observed, evidence, horizon_hours)?;
    let path = Path::new(limit, &observed);
    let reach_max = settings.span_multiple_max * observed.span_hours;
    let reach = reach_max.min(horizon_hours);
    let at = path.worst_until(reach);
    let deviation = path.deviation(at);
    let mut contributions = vec![
        Contribution { name: LEVEL, probits: path.margin / deviation },
        Contribution { name: SLOPE, probits: path.slope * at / deviation },
    ];
    contributions.extend(evidence.iter().map(Evidence::contribution));
    let score = contributions.iter().map(|part| part.probits).sum();
    let offset = evidence.iter().map(|evidence| evidence.contribution().probits).sum();
    Ok(Outlook {
        score,
        probability: normal_cdf(score),
        contributions,
        time_left: path.time_left(reach_max, offset),
        reach_hours: reach_max,
        reliability: path.reliability,
    })
}

impl<'a> Evidence<'a> {
    fn contribution(&self) -> Contribution<'a> {
        Contribution { name: self.name, probits: self.weight * self.value }
    }
}

/// The observation, if there is one and enough of it.
fn usable(settings: &Settings, channel: Channel) -> Result<Observed, CannotSay> {
    let observed = match channel {
        Channel::Missing => return Err(CannotSay::ChannelMissing),
        Channel::SensorFaulted => return Err(CannotSay::SensorFaulted),
        Channel::Observed(observed) => observed,
    };
    let Observed { panes, span_hours: span, age_hours: age, .. } = observed;
    if panes < settings.panes_min {
        Err(CannotSay::TooFewPanes { panes, needed: settings.panes_min })
    } else if span < settings.span_hours_min {
        Err(CannotSay::SpanTooShort { hours: span, needed: settings.span_hours_min })
    } else if age > settings.age_hours_max {
        Err(CannotSay::Stale { hours: age, allowed: settings.age_hours_max })
    } else {
        Ok(observed)
    }
}

fn check_numbers(
    settings: &Settings,
    limit: &Limit,
    observed: &Observed,
    evidence: &[Evidence<'_>],
    horizon_hours: f64,
) -> Result<(), CannotSay> {
    let any = f64::NEG_INFINITY;
    let numbers = [
        ("level", observed.level, any),
        ("slope per hour", observed.slope_per_hour, any),
        ("limit", limit.value, any),
        ("level error", observed.level_error, 0.0),
        ("slope error", observed.slope_error, 0.0),
        ("residual deviation", observed.residual_deviation, 0.0),
        ("age", observed.age_hours, 0.0),
        ("horizon", horizon_hours, 0.0),
        ("span multiple", settings.span_multiple_max, 0.0),
        ("span", observed.span_hours, f64::MIN_POSITIVE),
        ("wander", limit.wander, f64::MIN_POSITIVE),
        ("slope deviation", limit.slope_deviation, f64::MIN_POSITIVE),
    ];
    let weighed = evidence.iter().map(|e| ("evidence", e.contribution().probits, any));
    let is_wrong = |(_, value, min): &(_, f64, f64)| !(value.is_finite() && value >= min);
    match numbers.into_iter().chain(weighed).find(is_wrong) {
        Some((name, value, _)) => Err(CannotSay::Unusable { name, value }),
        None => Ok(()),
    }
}

/// A degradation path, measured towards the limit.
struct Path {
    /// Level minus limit: negative before the limit.
    margin: f64,
    /// Posterior mean of the slope.
    slope: f64,
    /// Variance of the level now.
    level_variance: f64,
    /// Posterior variance of the slope.
    slope_variance: f64,
    reliability: f64,
}

impl Path {
    fn new(limit: &Limit, observed: &Observed) -> Self {
        let sign = match limit.direction {
            Direction::Rising => 1.0,
            Direction::Falling => -1.0,
        };
        let prior = limit.slope_deviation.powi(2);
        let wander = WANDER_SLOPE_VARIANCE * (limit.wander / observed.span_hours).powi(2);
        let seen = observed.slope_error.powi(2) + wander;
        let reliability = prior / (prior + seen);
        Self {
            margin: sign * (observed.level - limit.value),
            slope: sign * observed.slope_per_hour * reliability,
            level_variance: observed.level_error.powi(2)
                + observed.residual_deviation.powi(2)
                + limit.wander.powi(2),
            slope_variance: prior * (1.0 - reliability),
            reliability,
        }
    }

    fn deviation(&self, hours: f64) -> f64 {
        (self.level_variance + self.slope_variance * hours * hours).sqrt()
    }

    fn probits(&self, hours: f64) -> f64 {
        (self.margin + self.slope * hours) / self.deviation(hours)
    }

    /// The time within `reach` hours at which z is greatest.
    ///
    /// dz/dr has the sign of slope·a² − margin·b²·r. Before the limit z has no maximum inside, so an
    /// end is greatest; beyond it, z rises up to slope·a² / (margin·b²).
    fn worst_until(&self, reach: f64) -> f64 {
        if self.margin > 0.0 && self.slope_variance > 0.0 {
            let turn = self.slope * self.level_variance / (self.margin * self.slope_variance);
            return turn.clamp(0.0, reach);
        }
        if self.probits(reach) > self.probits(0.0) { reach } else { 0.0 }
    }

    /// Quantiles of the time at which z + `offset` first passes the probit of a probability.
    fn time_left(&self, reach: f64, offset: f64) -> Option<TimeLeft> {
        let hours_at = |probability| {
            let probit = normal_quantile(probability).expect("a quantile between 0 and 1");
            self.first_at(probit - offset, reach)
        };
        let hours_10 = hours_at(0.1)?;
        Some(TimeLeft { hours_10, hours_50: hours_at(0.5), hours_90: hours_at(0.9) })
    }

    /// The earliest time within `reach` at which z, by its running maximum, is at least `probits`.
    fn first_at(&self, probits: f64, reach: f64) -> Option<f64> {
        let reached = |hours| self.probits(self.worst_until(hours)) >= probits;
        if !reached(reach) {
            return None;
        }
        if reached(0.0) {
            return Some(0.0);
        }
        let (mut before, mut after) = (0.0, reach);
        for _ in 0..HALVINGS {
            let middle = 0.5 * (before + after);
            if reached(middle) { after = middle } else { before = middle }
        }
        Some(after)
    }
}

#[cfg(test)]
mod tests;
