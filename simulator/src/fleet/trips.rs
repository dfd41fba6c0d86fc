//! When a vehicle is driven: the trips of each day, drawn from the day alone, so that any day can be asked for.

use super::chance::Chance;
use super::climate::DAY_MS;
use super::parameters::{TripMinutes, Usage};

/// Nobody drives before this hour of the local day …
const FIRST_HOUR: f64 = 5.0;
/// … or after this one.
const LAST_HOUR: f64 = 23.5;
/// Time between two trips, at least, in hours.
const PAUSE_HOURS: f64 = 0.25;
/// Shortest and longest trip, in hours.
const TRIP_HOURS: [f64; 2] = [0.1, 4.0];
/// Most trips in a day.
pub(super) const TRIPS_MAX: usize = 10;
const HOUR_MS: f64 = 3_600_000.0;

/// One trip, in milliseconds since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Trip {
    pub(super) starts: i64,
    pub(super) ends: i64,
    /// Place of its traffic among the parameters.
    pub(super) traffic: u8,
}

/// Whose trips.
pub(super) struct Driver<'a> {
    pub(super) key: u64,
    pub(super) usage: &'a Usage,
    pub(super) minutes: TripMinutes,
    pub(super) utc_offset_ms: i64,
}

impl Driver<'_> {
    /// The trips of a local day, in order, apart from each other and within the day.
    pub(super) fn trips(&self, day: i64) -> Vec<Trip> {
        let mut chance = Chance::of(self.key, "trips", day);
        // Day 0 of the epoch was a Thursday.
        let is_weekend = (day + 3).rem_euclid(7) >= 5;
        let (planned, extra) = match is_weekend {
            true => (&self.usage.weekend, self.usage.extra_weekend),
            false => (&self.usage.workday, self.usage.extra_workday),
        };
        let mut starts: Vec<f64> =
            planned.iter().map(|[hour, deviation]| hour + deviation * chance.normal()).collect();
        for _ in 0..extra_count(extra, &mut chance) {
            starts.push(chance.between([9.0, 21.0]));
        }
        starts.sort_by(f64::total_cmp);
        starts.truncate(TRIPS_MAX);
        let mut trips = Vec::with_capacity(starts.len());
        let mut free_from = FIRST_HOUR;
        for hour in starts {
            let starts = hour.max(free_from);
            let ends = (starts + self.hours(&mut chance)).min(LAST_HOUR);
            let traffic = chance.pick(self.usage.traffic.iter().copied());
            if ends - starts >= TRIP_HOURS[0] {
                trips.push(self.trip(day, starts, ends, traffic));
                free_from = ends + PAUSE_HOURS;
            }
        }
        trips
    }

    fn hours(&self, chance: &mut Chance) -> f64 {
        let TripMinutes { median, log_deviation } = self.minutes;
        let minutes = self.usage.minutes * median * (log_deviation * chance.normal()).exp();
        (minutes / 60.0).clamp(TRIP_HOURS[0], TRIP_HOURS[1])
    }

    fn trip(&self, day: i64, starts: f64, ends: f64, traffic: usize) -> Trip {
        let at = |hour: f64| day * DAY_MS + (hour * HOUR_MS) as i64 - self.utc_offset_ms;
        let traffic = u8::try_from(traffic).expect("there are few kinds of traffic");
        Trip { starts: at(starts), ends: at(ends), traffic }
    }

    /// The local day of a moment.
    pub(super) fn day(&self, at: i64) -> i64 {
        (at + self.utc_offset_ms).div_euclid(DAY_MS)
    }
}

/// A whole number with this mean: its whole part, and one more as often as its fraction says.
fn extra_count(mean: f64, chance: &mut Chance) -> usize {
    let more = chance.unit() < mean.fract();
    mean as usize + usize::from(more)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::parameters::Parameters;

    #[test]
    fn trips_lie_within_their_day_apart_and_are_the_same_whenever_asked_for() {
        let parameters = Parameters::embedded("vehicle").unwrap();
        for usage in &parameters.usage {
            let minutes = TripMinutes { median: 35.0, log_deviation: 0.5 };
            let driver = Driver { key: 7, usage, minutes, utc_offset_ms: 19_800_000 };
            let mut driven_hours = 0.0;
            for day in 20_000..20_100 {
                let trips = driver.trips(day);
                assert_eq!(trips, driver.trips(day));
                for trip in &trips {
                    assert!(trip.starts < trip.ends);
                    assert_eq!((driver.day(trip.starts), driver.day(trip.ends)), (day, day));
                    driven_hours += (trip.ends - trip.starts) as f64 / HOUR_MS;
                }
                assert!(trips.windows(2).all(|pair| pair[0].ends < pair[1].starts));
            }
            assert!((50.0..500.0).contains(&driven_hours), "{driven_hours} h in 100 days");
        }
    }

    #[test]
    fn commuters_stay_at_home_more_at_weekends() {
        let parameters = Parameters::embedded("vehicle").unwrap();
        let minutes = TripMinutes { median: 35.0, log_deviation: 0.5 };
        let driver =
            Driver { key: 7, usage: &parameters.usage[0], minutes, utc_offset_ms: 19_800_000 };
        // 2026-03-02 is a Monday, 20 514 days after the epoch.
        let count = |days: &[i64]| {
            let weeks =
                (0..50).flat_map(|week| days.iter().map(move |day| 20_514 + week * 7 + day));
            weeks.map(|day| driver.trips(day).len()).sum::<usize>() as f64 / days.len() as f64
        };
        assert!(count(&[0, 1, 2, 3, 4]) > count(&[5, 6]) * 1.3);
    }
}
