//! What a series was up to a moment, as answers and features for what it will be.

use messages::Timestamp;
use std::time::Duration;

/// Steps back at which values are features of their own.
const LAGS: [u32; 8] = [1, 2, 3, 4, 6, 8, 12, 18];
/// Seasons back, counted from what is foreseen, whose values are features of their own.
const SEASONS: usize = 3;
/// Seasons back over which is averaged.
const SEASONS_AVERAGED: usize = 7;
/// Days of a mean year.
const YEAR_DAYS: f64 = 365.2425;

/// The two answers that need no learning.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Plain {
    /// As it was last; none where nothing was measured for a season.
    pub last: Option<f64>,
    /// As it was at the same time of the nearest season that is over.
    pub same_season: Option<f64>,
}

/// A series: values at moments, with gaps.
#[derive(Clone, Debug)]
pub struct Series {
    /// Ascending, each once.
    known: Vec<(Timestamp, f64)>,
    step: Duration,
    season: Duration,
    utc_offset_minutes: i32,
}

impl Series {
    /// A series that is measured every `step` and repeats itself after a `season`; of values at one moment the last
    /// counts, one that is no number is none.
    #[must_use]
    pub fn new(
        samples: impl IntoIterator<Item = (Timestamp, Option<f64>)>,
        (step, season): (Duration, Duration),
        utc_offset_minutes: i32,
    ) -> Self {
        let finite = |(at, value): (Timestamp, Option<f64>)| {
            value.filter(|value| value.is_finite()).map(|value| (at, value))
        };
        let mut known: Vec<(Timestamp, f64)> = samples.into_iter().filter_map(finite).collect();
        known.sort_by_key(|(at, _)| *at);
        known.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            if same {
                earlier.1 = later.1;
            }
            same
        });
        Self { known, step, season: season.max(Duration::from_millis(1)), utc_offset_minutes }
    }

    /// What was measured at a moment.
    #[must_use]
    pub fn at(&self, moment: Timestamp) -> Option<f64> {
        let place = self.known.binary_search_by_key(&moment, |(at, _)| *at).ok()?;
        Some(self.known[place].1)
    }

    /// The answers that need no learning, for `ahead` after `origin`, by what was known then.
    #[must_use]
    pub fn plain(&self, origin: Timestamp, ahead: Duration) -> Plain {
        Plain {
            last: self.last(origin),
            same_season: self.seasons_back(origin, ahead).flatten().next(),
        }
    }

    /// Names of [`Series::features`].
    #[must_use]
    pub fn names() -> Vec<String> {
        let lags = LAGS.iter().map(|lag| format!("steps_back_{lag}"));
        let seasons = (1..=SEASONS).map(|back| format!("seasons_back_{back}"));
        let others = ["last", "seasons_mean", "target_hour", "target_weekday", "target_year_share"];
        lags.chain(seasons).chain(others.map(str::to_owned)).collect()
    }

    /// What is known at `origin` of what comes `ahead` of it, besides what [`crate::history`] says.
    #[must_use]
    pub fn features(&self, origin: Timestamp, ahead: Duration) -> Vec<Option<f32>> {
        let small = |value: f64| (value as f32).is_finite().then_some(value as f32);
        let lag = |steps: &u32| self.at(origin.saturating_sub(self.step * *steps)).and_then(small);
        let mut features: Vec<Option<f32>> = LAGS.iter().map(lag).collect();
        let back: Vec<Option<f64>> =
            self.seasons_back(origin, ahead).take(SEASONS_AVERAGED).collect();
        features.extend(back.iter().take(SEASONS).map(|value| value.and_then(small)));
        features.push(self.last(origin).and_then(small));
        let (count, sum) = back
            .iter()
            .flatten()
            .fold((0.0, 0.0), |(count, sum), value| (count + 1.0, sum + value));
        features.push((count > 0.0).then(|| sum / count).and_then(small));
        features.extend(self.calendar(origin.saturating_add(ahead)).map(small));
        features
    }

    /// The newest value up to `origin`, if it is no older than a season.
    fn last(&self, origin: Timestamp) -> Option<f64> {
        let after = self.known.partition_point(|(at, _)| *at <= origin);
        let (at, value) = self.known.get(after.checked_sub(1)?)?;
        (origin.since(*at) <= self.season).then_some(*value)
    }

    /// Values at the same time of the seasons before what is foreseen, as far as they were over at `origin`.
    fn seasons_back(
        &self,
        origin: Timestamp,
        ahead: Duration,
    ) -> impl Iterator<Item = Option<f64>> + '_ {
        let target = origin.saturating_add(ahead);
        let first = u32::try_from(ahead.as_millis().div_ceil(self.season.as_millis()));
        let first = first.unwrap_or(u32::MAX).max(1);
        (0..SEASONS_AVERAGED as u32).map(move |more| {
            let back = self.season.checked_mul(first.saturating_add(more))?;
            self.at(target.saturating_sub(back))
        })
    }

    /// Hour, weekday (0 is Monday) and share of the year that is over.
    fn calendar(&self, moment: Timestamp) -> [f64; 3] {
        let local = moment.as_millis() + i64::from(self.utc_offset_minutes) * 60_000;
        let days = local.div_euclid(86_400_000);
        let hour = local.rem_euclid(86_400_000) as f64 / 3_600_000.0;
        // 1970-01-01 was a Thursday.
        let weekday = (days + 3).rem_euclid(7) as f64;
        let year = (local as f64 / 86_400_000.0 / YEAR_DAYS).rem_euclid(1.0);
        [hour, weekday, year]
    }
}
