//! The weather: seasons, days and passing fronts of each place, the same for all who are there.

use super::chance::Chance;
use super::parameters::Climate;

pub(super) const DAY_MS: i64 = 86_400_000;
const YEAR_DAYS: f64 = 365.2425;
/// The warmest hour of the day.
const WARMEST_HOUR: f64 = 15.0;

/// Temperature outside, in degrees, at local milliseconds since the epoch; `key` is that of the place.
pub(super) fn ambient(climate: &Climate, key: u64, local_ms: i64) -> f64 {
    let days = local_ms as f64 / DAY_MS as f64;
    // Day 0 of the epoch is the first of January; leap days move it by one at most.
    let of_year = (days.rem_euclid(YEAR_DAYS) - climate.hottest_day) / YEAR_DAYS;
    let of_day = (days.rem_euclid(1.0) * 24.0 - WARMEST_HOUR) / 24.0;
    climate.mean
        + climate.season * (std::f64::consts::TAU * of_year).cos()
        + climate.day * (std::f64::consts::TAU * of_day).cos()
        + climate.weather * front(key, local_ms)
}

/// How unusual the weather is: one draw a day, and straight lines between them.
fn front(key: u64, local_ms: i64) -> f64 {
    let day = local_ms.div_euclid(DAY_MS);
    let passed = local_ms.rem_euclid(DAY_MS) as f64 / DAY_MS as f64;
    let drawn = |day| Chance::of(key, "weather", day).normal();
    drawn(day) * (1.0 - passed) + drawn(day + 1) * passed
}

#[cfg(test)]
mod tests {
    use super::*;

    const DELHI: Climate =
        Climate { mean: 25.0, season: 9.5, hottest_day: 160.0, day: 6.0, weather: 2.0 };

    #[test]
    fn summers_are_warmer_than_winters_and_afternoons_than_nights() {
        let mean = |day: i64, hour: i64| {
            let at = |day| ambient(&DELHI, 7, day * DAY_MS + hour * 3_600_000);
            (0..20).map(|year| at(day + year * 365)).sum::<f64>() / 20.0
        };
        assert!(mean(160, 12) > mean(340, 12) + 10.0);
        assert!(mean(160, 15) > mean(160, 4) + 8.0);
    }

    #[test]
    fn the_weather_never_jumps() {
        for minute in 0..3 * 1_440 {
            let at = |minute| ambient(&DELHI, 7, minute * 60_000);
            assert!((at(minute + 1) - at(minute)).abs() < 0.1);
        }
    }
}
