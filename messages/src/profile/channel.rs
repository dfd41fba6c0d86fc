//! Channels: what an asset measures, and the operating states in which that means something.

use super::Span;
use crate::finite::Finite;
use crate::unit::Unit;
use serde::{Deserialize, Serialize};

/// One quantity that an asset measures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// Name in this house: lower case, digits and `_`.
    pub id: String,
    /// Name for people.
    pub title: String,
    /// Name in the profile's standard (for vehicles: VSS path without `Vehicle.`).
    #[serde(default)]
    pub standard: Option<String>,
    /// Other names that devices use.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Unit of all values in this profile; what arrives in another is converted.
    pub unit: Unit,
    /// Lowest and highest value that can be true; others are quarantined. Values are kept in 65,534 steps of it.
    pub range: [Finite; 2],
    /// How often a sample is expected.
    pub every: Span,
    /// Whether an asset may lack it without being any worse for it.
    #[serde(default)]
    pub optional: bool,
    /// Operating states in which its level, its trend and its limits mean something; none means in all.
    #[serde(default)]
    pub states: Vec<String>,
    /// For so long after one of those states was entered from another, values do not count yet.
    #[serde(default)]
    pub settle: Option<Span>,
    /// The direction in which things get worse.
    #[serde(default)]
    pub worse: Option<Direction>,
    /// From where on it is a warning, and critical.
    #[serde(default)]
    pub limits: Option<Limits>,
    /// How far back its trends look, the most telling first; none means no trend is kept.
    #[serde(default)]
    pub trends: Vec<Reach>,
    /// Smallest difference that means anything, in its unit: about the sensor's resolution or error.
    pub resolution: Finite,
    /// Whether the value changes within hours of use. If so, one that stands still longer than it ever did says
    /// that its sensor is stuck; not so with wear, the weather or a counter.
    #[serde(default)]
    pub lively: bool,
    /// When it is lively: in windows in which a channel was there at some moment. Speed does not change while a
    /// vehicle stands, however much else does; an engine's own speed may stand at nought, and nowhere else.
    #[serde(default)]
    pub lively_when: Option<Condition>,
    /// Another sensor that must say nearly the same at certain times. If it does not, this one has drifted.
    #[serde(default)]
    pub peer: Option<Peer>,
}

/// A sensor by which another one is tested, and when the two measure the same. An engine that stood all night
/// is as warm as the air: its coolant sensor and the one outside must agree then, however worn its pump is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peer {
    /// The other sensor's channel, of the same unit.
    pub channel: String,
    /// Operating states in which both measure the same; none means in all.
    #[serde(default)]
    pub states: Vec<String>,
    /// Not before one of those states has lasted so long without a break in what is heard; a silence breaks it,
    /// unless the profile's `usage` stood still over it.
    #[serde(default)]
    pub settle: Option<Span>,
    /// How far apart two sound sensors are at most then, in their unit; above 0.
    pub within: Finite,
}

/// A direction in which a value moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Rising.
    Up,
    /// Falling.
    Down,
}

impl Direction {
    /// 1 for up, −1 for down.
    #[must_use]
    pub const fn sign(self) -> f64 {
        match self {
            Direction::Up => 1.0,
            Direction::Down => -1.0,
        }
    }
}

/// Limits of a channel, in its unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Warning from here on.
    pub warn: Finite,
    /// Critical from here on: the component is taken to have failed.
    pub critical: Finite,
    /// Deviation of a healthy level from its mean, through regulation, load and weather; above 0.
    pub wander: Finite,
    /// Deviation of lasting slopes around 0, per hour, failing assets included; above 0.
    pub slope_deviation: Finite,
}

/// How far back a trend looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reach {
    /// Within the present run of the asset: the profile's `trend.run`, in twelve panes. Shows a fast ramp.
    Run,
    /// Across runs: the last seven calendar days (UTC), each a pane. Shows slow wear.
    Week,
}

/// An operating state. The first in the profile's order whose conditions all hold is the asset's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Name: lower case, digits and `_`.
    pub id: String,
    /// Name for people.
    pub title: String,
    /// All of these must hold, throughout a window.
    pub when: Vec<Condition>,
}

/// A condition on one channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// The channel.
    pub channel: String,
    /// The value is this or more.
    #[serde(default)]
    pub at_least: Option<Finite>,
    /// The value is less than this.
    #[serde(default)]
    pub below: Option<Finite>,
    /// While the state lasts, both bounds are wider by so much.
    #[serde(default)]
    pub hysteresis: Option<Finite>,
}

impl Condition {
    /// Whether all values from `low` to `high` fulfil it; `lasting` when the asset is in its state already.
    #[must_use]
    pub fn holds(&self, low: f64, high: f64, lasting: bool) -> bool {
        let slack = if lasting { self.hysteresis.map_or(0.0, Finite::get) } else { 0.0 };
        self.at_least.is_none_or(|bound| low >= bound.get() - slack)
            && self.below.is_none_or(|bound| high < bound.get() + slack)
    }
}
