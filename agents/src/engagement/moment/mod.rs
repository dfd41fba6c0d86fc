//! Understands when an owner means: "tonight", "Thursday after five", "not before Friday", in the owner's zone.
//!
//! `expression` finds the words, `calendar` lays them on the calendar of a zone, whatever its clocks do. The
//! data of all zones comes with the program, so that a replay elsewhere understands the same.

pub(crate) mod calendar;
pub(crate) mod expression;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use messages::Timestamp;

/// Farthest that a moment in a reply may lie ahead, in days; what is farther is a slip or a joke.
pub const AHEAD_DAYS_MAX: i32 = 180;

/// A window that an owner named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct When {
    /// Its beginning; never before the reply.
    pub from: Timestamp,
    /// Its end; after its beginning.
    pub to: Timestamp,
    /// The words that it came from, as they were written.
    pub words: String,
    /// What had to be taken for granted.
    pub assumed: Option<Assumed>,
}

/// What an owner left open, and how it was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assumed {
    /// "At 6": whether morning or evening was not said; this hour of the day, 0 to 23, is the next plausible one.
    Hour(i8),
    /// "Next Friday": which one was not clear; the window is that of the likelier one.
    Day,
}

/// Hours, local time, in which nobody is disturbed and hardly anybody makes an appointment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuietHours {
    /// First quiet minute of the day.
    pub from_minute: i16,
    /// First minute after them, on the next day when it is smaller.
    pub to_minute: i16,
}

impl Default for QuietHours {
    /// 21:00 to 08:00.
    fn default() -> Self {
        Self { from_minute: 21 * 60, to_minute: 8 * 60 }
    }
}

impl QuietHours {
    /// Whether `minute` of the day is quiet.
    #[must_use]
    pub fn holds(&self, minute: i16) -> bool {
        if self.from_minute <= self.to_minute {
            (self.from_minute..self.to_minute).contains(&minute)
        } else {
            minute >= self.from_minute || minute < self.to_minute
        }
    }
}

/// A zone that is not in the IANA database.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no time zone `{name}`; give an IANA name such as `Asia/Kolkata`")]
pub struct UnknownZone {
    /// The name as it came.
    pub name: String,
}

/// The zone `name`, from the database that comes with the program.
///
/// # Errors
/// [`UnknownZone`] when IANA has no such name.
pub fn zone(name: &str) -> Result<TimeZone, UnknownZone> {
    TimeZoneDatabase::bundled().get(name).map_err(|_| UnknownZone { name: name.to_owned() })
}
