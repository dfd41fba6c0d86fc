//! Hour, weekday and season of a moment, by whole-number arithmetic on the proleptic Gregorian calendar.

use messages::Timestamp;

const HOUR_MILLIS: i64 = 3_600_000;
const DAY_MILLIS: i64 = 24 * HOUR_MILLIS;
/// Days in four hundred years, after which the calendar repeats.
const CYCLE_DAYS: i64 = 146_097;
/// Days from 2000-03-01 to 1970-01-01, negative; years are counted from March, so that the leap day is the last.
const EPOCH_DAYS: i64 = -11_017;

/// A moment as people divide it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Calendar {
    /// 0 to 23.
    pub(super) hour: i64,
    /// 0 (Monday) to 6.
    pub(super) weekday: i64,
    /// 0 from December to February … 3 from September to November.
    pub(super) season: i64,
}

impl Calendar {
    /// Of a moment, `offset_minutes` ahead of UTC.
    pub(super) fn of(moment: Timestamp, offset_minutes: i32) -> Self {
        let local = moment.as_millis() + i64::from(offset_minutes) * 60_000;
        let days = local.div_euclid(DAY_MILLIS);
        Self {
            hour: local.rem_euclid(DAY_MILLIS) / HOUR_MILLIS,
            // 1970-01-01 was a Thursday.
            weekday: (days + 3).rem_euclid(7),
            season: (months_since_march(days) / 3 + 1) % 4,
        }
    }
}

/// Whole months since the last first of March, 0 (March) to 11 (February).
fn months_since_march(days: i64) -> i64 {
    let in_cycle = (days + EPOCH_DAYS).rem_euclid(CYCLE_DAYS);
    // Centuries have 36,524 days and four-year terms 1,461, but for the last of each, which may be longer or shorter.
    let in_century = in_cycle - 36_524 * (in_cycle / 36_524).min(3);
    let in_term = in_century % 1_461;
    let day_of_year = in_term - 365 * (in_term / 365).min(3);
    // From March on, months alternate 31 and 30 days in fives: 153 days for every five months.
    (5 * day_of_year + 2) / 153
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> (i64, i64, i64) {
        let calendar = Calendar::of(text.parse().unwrap(), 0);
        (calendar.hour, calendar.weekday, calendar.season)
    }

    #[test]
    fn known_moments_agree() {
        assert_eq!(of("1970-01-01T00:00:00Z"), (0, 3, 0));
        assert_eq!(of("2000-02-29T23:59:59Z"), (23, 1, 0));
        assert_eq!(of("2000-03-01T00:00:00Z"), (0, 2, 1));
        assert_eq!(of("2026-11-21T12:30:00Z"), (12, 5, 3));
        assert_eq!(of("2026-11-30T23:00:00Z"), (23, 0, 3));
        assert_eq!(of("2026-12-01T00:00:00Z"), (0, 1, 0));
        assert_eq!(of("1900-02-28T00:00:00Z"), (0, 2, 0));
        assert_eq!(of("1900-03-01T00:00:00Z"), (0, 3, 1));
        assert_eq!(of("2024-05-31T01:00:00Z"), (1, 4, 1));
        assert_eq!(of("2024-06-01T01:00:00Z"), (1, 5, 2));
    }

    #[test]
    fn local_time_may_be_another_day() {
        let moment = "2026-11-30T23:00:00Z".parse().unwrap();
        let calendar = Calendar::of(moment, 330);
        assert_eq!(calendar, Calendar { hour: 4, weekday: 1, season: 0 });
    }
}
