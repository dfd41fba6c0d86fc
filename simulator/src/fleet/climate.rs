//! The weather: seasons, days and passing fronts of each place, the same for all who are there.

use super::chance::Chance;
use super::parameters::Climate;

pub(super) const DAY_MS: i64 = 86_400_000;
const YEAR_DAYS: f64 = 365.2425;
/// The warmest hour of the day.
const WARMEST_HOUR: f64 = 15.0;

/// Days of which the weather is kept ready; that of others is drawn when it is asked for.
const READY_DAYS: i64 = 1_024;

/// The weather of one place.
#[derive(Clone, Debug)]
pub(super) struct Weather {
    climate: Climate,
    key: u64,
    first_day: i64,
    /// How unusual each day is.
    drawn: Vec<f64>,
}

impl Weather {
    /// The weather of the place with this key, ready from a local day on.
    pub(super) fn new(climate: Climate, key: u64, first_day: i64) -> Self {
        let days = first_day..first_day + READY_DAYS;
        Self { climate, key, first_day, drawn: days.map(|day| draw(key, day)).collect() }
    }

    /// Temperature outside, in degrees, at local milliseconds since the epoch.
    pub(super) fn ambient(&self, local_ms: i64) -> f64 {
        let days = local_ms as f64 / DAY_MS as f64;
        // Day 0 of the epoch is the first of January; leap days move it by one at most.
        let of_year = (days.rem_euclid(YEAR_DAYS) - self.climate.hottest_day) / YEAR_DAYS;
        let of_day = (days.rem_euclid(1.0) * 24.0 - WARMEST_HOUR) / 24.0;
        self.climate.mean
            + self.climate.season * (std::f64::consts::TAU * of_year).cos()
            + self.climate.day * (std::f64::consts::TAU * of_day).cos()
            + self.climate.weather * self.front(local_ms)
    }

    /// How unusual the weather is: one draw a day, and straight lines between them.
    fn front(&self, local_ms: i64) -> f64 {
        let day = local_ms.div_euclid(DAY_MS);
        let passed = local_ms.rem_euclid(DAY_MS) as f64 / DAY_MS as f64;
        self.drawn(day) * (1.0 - passed) + self.drawn(day + 1) * passed
    }

    fn drawn(&self, day: i64) -> f64 {
        let place = usize::try_from(day - self.first_day).ok();
        let ready = place.and_then(|place| self.drawn.get(place)).copied();
        ready.unwrap_or_else(|| draw(self.key, day))
    }
}

fn draw(key: u64, day: i64) -> f64 {
    Chance::of(key, "weather", day).normal()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DELHI: Climate =
        Climate { mean: 25.0, season: 9.5, hottest_day: 160.0, day: 6.0, weather: 2.0 };

    #[test]
    fn summers_are_warmer_than_winters_and_afternoons_than_nights() {
        let weather = Weather::new(DELHI, 7, 0);
        let mean = |day: i64, hour: i64| {
            let at = |day| weather.ambient(day * DAY_MS + hour * 3_600_000);
            (0..20).map(|year| at(day + year * 365)).sum::<f64>() / 20.0
        };
        assert!(mean(160, 12) > mean(340, 12) + 10.0);
        assert!(mean(160, 15) > mean(160, 4) + 8.0);
    }

    #[test]
    fn the_weather_never_jumps_and_is_the_same_whether_it_was_kept_ready_or_not() {
        let (early, late) = (Weather::new(DELHI, 7, 0), Weather::new(DELHI, 7, READY_DAYS - 1));
        let from = (READY_DAYS - 2) * 1_440;
        for minute in from..from + 3 * 1_440 {
            let at = |minute: i64| early.ambient(minute * 60_000);
            assert!((at(minute + 1) - at(minute)).abs() < 0.1);
            assert_eq!(at(minute), late.ambient(minute * 60_000));
        }
    }
}
