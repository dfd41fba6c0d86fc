//! Readings added up: by the minute, by the hour, and to as many points as a chart has room for.

use messages::{Finite, Record, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Milliseconds of a minute.
const MINUTE_MILLIS: i64 = 60_000;
/// Milliseconds of an hour.
pub(crate) const HOUR_MILLIS: i64 = 60 * MINUTE_MILLIS;

/// How finely time is told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resolution {
    Minute,
    Hour,
}

impl Resolution {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Resolution::Minute => "1m",
            Resolution::Hour => "1h",
        }
    }
}

/// Some readings of one channel, added up.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Roll {
    pub(crate) min: Finite,
    pub(crate) max: Finite,
    /// The newest by the device's time.
    pub(crate) last: Finite,
    last_at: Timestamp,
    sum: Finite,
    pub(crate) count: u32,
}

impl Roll {
    pub(crate) fn of(value: Finite, at: Timestamp) -> Self {
        Self { min: value, max: value, last: value, last_at: at, sum: value, count: 1 }
    }

    pub(crate) fn add(&mut self, other: &Roll) {
        if other.min.get() < self.min.get() {
            self.min = other.min;
        }
        if other.max.get() > self.max.get() {
            self.max = other.max;
        }
        if other.last_at >= self.last_at {
            self.last = other.last;
            self.last_at = other.last_at;
        }
        // A sum beyond what a number can hold stays what it was: no profile's range lets it come to that.
        self.sum = Finite::new(self.sum.get() + other.sum.get()).unwrap_or(self.sum);
        self.count = self.count.saturating_add(other.count);
    }

    pub(crate) fn mean(&self) -> f64 {
        self.sum.get() / f64::from(self.count.max(1))
    }
}

/// One hour of one asset.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Hour {
    /// By channel, by minute of the hour.
    pub(crate) channels: BTreeMap<String, BTreeMap<u8, Roll>>,
}

impl Record for Hour {
    const SCHEMA: u16 = 280;
    /// 256 channels with 60 rolls each.
    const BYTES_MAX: usize = 2 * 1024 * 1024;
}

/// The same in one roll for each channel; it outlives the minutes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct WholeHour {
    pub(crate) channels: BTreeMap<String, Roll>,
}

impl Record for WholeHour {
    const SCHEMA: u16 = 281;
}

/// Number of the hour that holds `at`, since the epoch; hours before it are counted as its first.
pub(crate) fn hour_of(at: Timestamp) -> u32 {
    u32::try_from(at.as_millis().div_euclid(HOUR_MILLIS)).unwrap_or(0)
}

/// When hour `number` begins.
pub(crate) fn hour_start(number: u32) -> Timestamp {
    Timestamp::from_millis(i64::from(number) * HOUR_MILLIS).unwrap_or(Timestamp::EPOCH)
}

impl Hour {
    /// Adds a reading of `channel`.
    pub(crate) fn add(&mut self, channel: &str, at: Timestamp, value: Finite) {
        let minute = at.as_millis().rem_euclid(HOUR_MILLIS) / MINUTE_MILLIS;
        let minute = u8::try_from(minute).expect("an hour has sixty minutes");
        let roll = Roll::of(value, at);
        if !self.channels.contains_key(channel) {
            self.channels.insert(channel.to_owned(), BTreeMap::new());
        }
        let minutes = self.channels.get_mut(channel).expect("it was put there");
        minutes.entry(minute).and_modify(|known| known.add(&roll)).or_insert(roll);
    }

    pub(crate) fn whole(&self) -> WholeHour {
        let sum = |minutes: &BTreeMap<u8, Roll>| {
            minutes.values().copied().reduce(|mut sum, roll| {
                sum.add(&roll);
                sum
            })
        };
        let channels = self.channels.iter();
        WholeHour {
            channels: channels.filter_map(|(id, it)| Some((id.clone(), sum(it)?))).collect(),
        }
    }
}

/// When each minute of `hour` begins.
pub(crate) fn minute_start(hour: u32, minute: u8) -> Timestamp {
    let millis = hour_start(hour).as_millis() + i64::from(minute) * MINUTE_MILLIS;
    Timestamp::from_millis(millis).unwrap_or(Timestamp::EPOCH)
}

/// At most `points` of `rolls`, neighbours added up: no smallest and no largest is lost.
pub(crate) fn decimated(rolls: Vec<(Timestamp, Roll)>, points: usize) -> Vec<(Timestamp, Roll)> {
    if rolls.len() <= points {
        return rolls;
    }
    let each = rolls.len().div_ceil(points.max(1));
    let sum = |some: &[(Timestamp, Roll)]| {
        let (at, mut sum) = some[0];
        some[1..].iter().for_each(|(_, roll)| sum.add(roll));
        (at, sum)
    };
    rolls.chunks(each).map(sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000).unwrap()
    }

    fn value(value: f64) -> Finite {
        Finite::new(value).unwrap()
    }

    #[test]
    fn an_hour_is_the_sum_of_its_minutes_in_whatever_order_they_came() {
        let readings = [(3, 1.0), (59, 9.0), (61, -4.0), (3_599, 2.0), (30, 5.0)];
        let mut hour = Hour::default();
        for (seconds, number) in readings {
            hour.add("speed", at(seconds), value(number));
        }
        let minutes = &hour.channels["speed"];
        let first = &minutes[&0];
        assert_eq!((first.min.get(), first.max.get(), first.last.get()), (1.0, 9.0, 9.0));
        assert_eq!((first.mean(), first.count), (5.0, 3));
        let whole = hour.whole().channels["speed"];
        assert_eq!((whole.min.get(), whole.max.get(), whole.last.get()), (-4.0, 9.0, 2.0));
        assert_eq!((whole.mean(), whole.count), (13.0 / 5.0, 5));
    }

    #[test]
    fn fewer_points_keep_the_smallest_the_largest_and_every_reading() {
        let rolls: Vec<_> = (0..1_000)
            .map(|number| {
                (at(number * 60), Roll::of(value(f64::from(number as i32 % 97)), at(number * 60)))
            })
            .collect();
        for points in [1, 7, 333, 1_000, 5_000] {
            let few = decimated(rolls.clone(), points);
            assert!(few.len() <= points, "{} of {points}", few.len());
            let max = few.iter().map(|(_, roll)| roll.max.get()).fold(f64::MIN, f64::max);
            let min = few.iter().map(|(_, roll)| roll.min.get()).fold(f64::MAX, f64::min);
            let count: u32 = few.iter().map(|(_, roll)| roll.count).sum();
            assert_eq!((min, max, count), (0.0, 96.0, 1_000), "{points}");
        }
    }

    #[test]
    fn hours_are_numbered_from_the_epoch() {
        assert_eq!((hour_of(at(0)), hour_of(at(3_599)), hour_of(at(3_600))), (0, 0, 1));
        assert_eq!(hour_start(1), at(3_600));
        assert_eq!(minute_start(1, 2), at(3_720));
    }
}
