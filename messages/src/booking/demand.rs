//! How many visits a centre will have: foreseen once a day, from what was booked before.

use crate::finite::Finite;
use crate::message::{Class, Encoding, Message, Stage};
use crate::record::Record;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// The visits that a centre will have on each of the next days, foreseen at its midnight.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemandForecast {
    /// The network of centres.
    pub network: String,
    /// The centre.
    pub centre: String,
    /// IANA zone of the centre: its days are meant.
    pub zone: String,
    /// The midnight at which it was made.
    pub made_at: Timestamp,
    /// How it was made.
    pub method: DemandMethod,
    /// Past days on which the centre was open that it rests on.
    pub basis_days: u16,
    /// Share of cases in which the truth is meant to lie between `low` and `high`, 0 to 1.
    pub coverage: Finite,
    /// Cases that were offered a slot here first, or wait for one anywhere in the network, and have no booking yet.
    pub open_cases: u16,
    /// Each of the next days, this one first.
    pub days: Vec<DemandDay>,
    /// The next hours together.
    pub horizons: Vec<DemandHorizon>,
}

/// One day of a centre.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemandDay {
    /// The local date, as `2026-03-05`.
    pub date: String,
    /// The centre is open.
    pub open: bool,
    /// Visits that are booked already.
    pub booked: u16,
    /// Visits that there will be: the mean, what is booked included.
    pub visits: Finite,
    /// Fewer are unlikely.
    pub low: u16,
    /// More are unlikely.
    pub high: u16,
    /// Bay minutes that will be asked for beyond what is booked.
    pub minutes: Finite,
}

/// The next hours of a centre, whole days.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemandHorizon {
    /// How many.
    pub hours: u16,
    /// Visits that there will be: the mean.
    pub visits: Finite,
    /// Fewer are unlikely.
    pub low: u16,
    /// More are unlikely.
    pub high: u16,
}

/// How demand is foreseen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DemandMethod {
    /// What is booked, and what is usually booked later: all open days alike, while few are known.
    Pickup,
    /// The same, each weekday by itself.
    WeekdayPickup,
}

impl DemandMethod {
    /// As it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pickup => "pickup",
            Self::WeekdayPickup => "weekday_pickup",
        }
    }
}

impl Record for DemandForecast {
    const SCHEMA: u16 = 270;
}

impl Message for DemandForecast {
    const NAME: &'static str = "demand.forecast";
    const CLASS: Class = Class::Event;
    const ENCODING: Encoding = Encoding::Json;
    const STAGE: Option<Stage> = Some(Stage::Ag);

    fn key(&self) -> &str {
        &self.centre
    }
}
