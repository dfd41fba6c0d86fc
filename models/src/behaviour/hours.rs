//! Classes of hours in the deployment's zone: what is usual at noon is not at night, nor on a Sunday.

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use messages::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Hours of silence that are looked at; longer silence counts as if it were so long.
pub const IDLE_HOURS_MAX: u32 = 14 * 24;

const HOUR: Duration = Duration::from_secs(3_600);

/// In every zone hours begin at a quarter of an hour of UTC.
const QUARTER: Duration = Duration::from_secs(900);

/// A class of hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HourClass {
    /// Monday to Friday, within working hours.
    Working,
    /// Monday to Friday, outside working hours.
    Night,
    /// Saturday and Sunday, within working hours.
    Weekend,
    /// Saturday and Sunday, outside working hours.
    WeekendNight,
}

/// The hours of a deployment.
#[derive(Clone, Debug)]
pub struct Hours {
    /// Where it is at home.
    pub zone: TimeZone,
    /// First working hour, 0 to 23.
    pub working_from: i8,
    /// First hour after work, 1 to 24.
    pub working_until: i8,
}

impl HourClass {
    /// All classes, in the order of their numbers.
    pub const ALL: [HourClass; 4] =
        [HourClass::Working, HourClass::Night, HourClass::Weekend, HourClass::WeekendNight];

    /// Name for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            HourClass::Working => "weekday, working hours",
            HourClass::Night => "weekday, outside working hours",
            HourClass::Weekend => "weekend, working hours",
            HourClass::WeekendNight => "weekend, outside working hours",
        }
    }
}

impl Hours {
    /// The class of the hour that holds `at`.
    #[must_use]
    pub fn class(&self, at: Timestamp) -> HourClass {
        let moment = jiff::Timestamp::from_millisecond(at.as_millis())
            .expect("our timestamps are within those of the calendar");
        let local = self.zone.to_datetime(moment);
        let works = (self.working_from..self.working_until).contains(&local.hour());
        let is_weekend = matches!(local.weekday(), Weekday::Saturday | Weekday::Sunday);
        match (is_weekend, works) {
            (false, true) => HourClass::Working,
            (false, false) => HourClass::Night,
            (true, true) => HourClass::Weekend,
            (true, false) => HourClass::WeekendNight,
        }
    }

    /// How many whole minutes of each class there are between two moments, quarter by quarter; of a long time its last
    /// [`IDLE_HOURS_MAX`].
    #[must_use]
    pub fn minutes(&self, from: Timestamp, until: Timestamp) -> Vec<(HourClass, u32)> {
        let mut minutes = [0_u32; HourClass::ALL.len()];
        let mut at = from.max(until.saturating_sub(HOUR * IDLE_HOURS_MAX));
        while at < until {
            let next = at.window_start(QUARTER).saturating_add(QUARTER).min(until);
            let passed = next.since(at).as_secs() / 60;
            minutes[self.class(at) as usize] += u32::try_from(passed).unwrap_or(0);
            at = next;
        }
        HourClass::ALL.into_iter().zip(minutes).filter(|(_, minutes)| *minutes > 0).collect()
    }
}
