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
    /// When its sensor is not to be believed.
    #[serde(default)]
    pub sensor: SensorTest,
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

/// When the sensor of a channel is not to be believed. What is left out is not tested.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SensorTest {
    /// Stuck: for so long the value was the same to the last digit, in one of the states below.
    #[serde(default)]
    pub stuck_after: Option<Span>,
    /// Operating states in which the value has to move; none means in all.
    #[serde(default)]
    pub stuck_states: Vec<String>,
    /// Stuck only when this channel moved meanwhile.
    #[serde(default)]
    pub stuck_although: Option<Movement>,
    /// Dropout: for so long the asset sent other channels but not this one, which it had sent before.
    #[serde(default)]
    pub dropout_after: Option<Span>,
    /// Out of range: so many values in a row outside the valid range.
    #[serde(default)]
    pub out_of_range_count: Option<u32>,
    /// Drift: channels of which at least one moves along when the asset, not the sensor, is at fault.
    #[serde(default)]
    pub drift_peers: Vec<String>,
    /// Drift: a departure of so much from the learned level, in the channel's unit, that no peer shares.
    #[serde(default)]
    pub drift_departure: Option<Finite>,
}

/// A channel that moves by at least so much.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Movement {
    /// The channel.
    pub channel: String,
    /// Difference between its highest and lowest value, in its unit.
    pub by: Finite,
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
        let slack = if lasting {
            self.hysteresis.map_or(0.0, Finite::get)
        } else {
            0.0
        };
        self.at_least.is_none_or(|bound| low >= bound.get() - slack)
            && self.below.is_none_or(|bound| high < bound.get() + slack)
    }
}
