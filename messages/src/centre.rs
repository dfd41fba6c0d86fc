//! Where assets are repaired: centres with bays, technicians, hours and parts.

use crate::finite::Finite;
use crate::message::{Class, Encoding, Message};
use crate::record::Record;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Most bays of a centre.
pub const BAYS_MAX: u16 = 500;
/// Most technicians of a centre.
pub const TECHNICIANS_MAX: usize = 500;
/// Most skills of a technician.
pub const SKILLS_MAX: usize = 64;
/// Most spans of opening in a week.
pub const OPENINGS_MAX: usize = 28;
/// Most holidays that are known ahead.
pub const HOLIDAYS_MAX: usize = 366;
/// Minutes of a day; a centre that is open until midnight closes then.
pub const DAY_MINUTES: u16 = 1440;

/// A centre is known from now on, or known better: the newest registration holds, also when it has fewer bays or
/// technicians than the one before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CentreRegistered {
    /// The centre.
    pub centre: String,
    /// Centres among which a booking may be placed.
    pub network: String,
    /// Name for people.
    pub name: String,
    /// IANA time zone of its hours and holidays.
    pub zone: String,
    /// Bays; each holds one asset at a time. At most [`BAYS_MAX`].
    pub bays: u16,
    /// Who works there, at most [`TECHNICIANS_MAX`].
    pub technicians: Vec<Technician>,
    /// Slots a day that are kept for emergencies.
    pub emergency_slots_per_day: u16,
    /// When it is open; closed on days that are not listed. At most [`OPENINGS_MAX`].
    pub hours: Vec<OpeningHours>,
    /// Days on which it is closed, local dates as `2026-03-25`; at most [`HOLIDAYS_MAX`].
    pub holidays: Vec<String>,
    /// Degrees north, WGS 84.
    pub latitude: Option<Finite>,
    /// Degrees east, WGS 84.
    pub longitude: Option<Finite>,
    /// What owners think of it, 0 to 5.
    pub rating: Option<Finite>,
}

/// A technician.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Technician {
    /// Who, within the centre.
    pub id: String,
    /// What they can repair: components' skills, at most [`SKILLS_MAX`].
    pub skills: Vec<String>,
}

/// When a centre is open on one day of the week.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpeningHours {
    /// Day of the week, 1 for Monday to 7 for Sunday (ISO 8601).
    pub weekday: u8,
    /// Minute of the local day at which it opens.
    pub opens_minute: u16,
    /// Minute of the local day at which it closes, at most [`DAY_MINUTES`].
    pub closes_minute: u16,
}

/// So many of a part are, or will be, at a centre: the newest holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartStocked {
    /// The network of the centre.
    pub network: String,
    /// The centre.
    pub centre: String,
    /// The part: the component it is for, unless the centre says it more exactly.
    pub part: String,
    /// How many there are at [`PartStocked::available_at`].
    pub quantity: u32,
    /// From when on.
    pub available_at: Timestamp,
}

impl Record for CentreRegistered {
    const SCHEMA: u16 = 15;
}

impl Message for CentreRegistered {
    const NAME: &'static str = "centre.registered";
    const CLASS: Class = Class::Registry;
    const ENCODING: Encoding = Encoding::Json;

    fn key(&self) -> &str {
        &self.centre
    }
}

impl Record for PartStocked {
    const SCHEMA: u16 = 16;
}

impl Message for PartStocked {
    const NAME: &'static str = "part.stocked";
    const CLASS: Class = Class::Registry;
    const ENCODING: Encoding = Encoding::Json;

    fn key(&self) -> &str {
        &self.centre
    }
}
