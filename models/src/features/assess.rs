//! Reads the features and trends of an asset at the end of a window.

use super::calendar::Calendar;
use super::plan::{DAY_MILLIS, Plan, RUN_PANES, Source, WEEK_DAYS, Window};
use super::scale::NONE;
use super::settled::{Settled, day_start_millis};
use super::{AddError, FeatureState, Features};
use crate::stats::{LineFit, LineSums};
use messages::health::{Comparison, Trend};
use messages::profile::{HistoryFeature, Reach, TimeFeature};
use messages::{Finite, Timestamp};

/// Milliseconds of an hour.
const HOUR_MILLIS: f64 = 3_600_000.0;
/// With fewer panes there is no line.
const LINE_PANES_MIN: u32 = 3;

/// What features need to know besides samples.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Context {
    /// The last service; absent when none is known.
    pub service: Option<Service>,
    /// Number of the asset's failures so far; absent when its past is not known.
    pub earlier_failures: Option<u32>,
}

/// A service of an asset.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Service {
    /// When.
    pub at: Timestamp,
    /// What [`Features::usage`] said then, in the unit of the usage channel.
    pub usage: Option<Finite>,
}

/// An asset at the end of a window.
#[derive(Clone, Debug, PartialEq)]
pub struct Assessed {
    /// Samples in the window.
    pub samples: u32,
    /// Operating state throughout the window, as an index into the profile's; absent when unknown or changing.
    pub operating_state: Option<usize>,
    /// One value per feature, in their order; absent where nothing was measured.
    pub values: Vec<Option<Finite>>,
    /// Age of the newest sample (or pane) in each value, in seconds.
    pub ages: Vec<Option<u32>>,
    /// Trends of all channels that keep any and have values, in the profile's order of channels and of `trends`.
    pub trends: Vec<Trend>,
    /// Sensors beside their peers, as far as both were measured in the window and measure the same in it.
    pub comparisons: Vec<Comparison>,
}

/// A point of a trend.
struct Point {
    /// Hours from the end of the window, negative.
    hours: f64,
    /// In the channel's unit.
    value: f64,
    /// Windows.
    weight: f64,
}

/// The panes of one channel that have values, oldest first.
struct Panes {
    points: Vec<Point>,
    /// Start of the first and end of the last, in hours from the end of the window; the end at most 0.
    start_hours: f64,
    end_hours: f64,
}

/// A copy of the state, sealed up to the end of a window.
struct View<'v> {
    plan: &'v Plan,
    settled: Settled,
    /// The first window not in it.
    end: Window,
    end_millis: i64,
}

impl Features {
    /// Assesses the window that ends at `window_end`, from the samples before that moment.
    ///
    /// The window has to be open still, or just ended: samples that make it final are added afterwards. The same
    /// samples in any order give the same answer.
    ///
    /// # Errors
    /// [`AddError::OtherSchema`] when the state is of other features, [`AddError::TooLate`] when the window was
    /// sealed already, [`AddError::FarAway`] beyond what a window's number can say.
    pub fn assess(
        &self,
        state: &FeatureState,
        window_end: Timestamp,
        context: &Context,
    ) -> Result<Assessed, AddError> {
        let plan = &self.plan;
        self.check_schema(state)?;
        let Some((end, _)) = plan.window_of(window_end) else {
            return Err(AddError::FarAway { sampled_at: window_end });
        };
        let Some(watermark) = state.watermark() else {
            return Ok(self.nothing(window_end, context));
        };
        if end < plan.first_open(watermark) {
            return Err(AddError::TooLate { sampled_at: window_end, watermark });
        }
        let settled = state.settled_before(plan, end);
        let view = View { plan, settled, end, end_millis: plan.start_millis(end) };
        let (values, ages) = view.values(context);
        Ok(Assessed {
            samples: state.samples_in(plan, end.saturating_sub(1)),
            operating_state: view.settled.state_in(end.saturating_sub(1)),
            values,
            ages,
            trends: view.trends(),
            comparisons: view.comparisons(),
        })
    }

    /// Operating state throughout the window that ends at `window_end`, as an index into the profile's; `None`
    /// when it is unknown, when it changed, or when the window was sealed already.
    #[must_use]
    pub fn operating_state(&self, state: &FeatureState, window_end: Timestamp) -> Option<usize> {
        let (end, _) = self.plan.window_of(window_end)?;
        let watermark = state.watermark()?;
        if !self.fits(state) || end < self.plan.first_open(watermark) {
            return None;
        }
        state.settled_before(&self.plan, end).state_in(end.saturating_sub(1))
    }

    /// Samples so far of the window that ends at `window_end`; 0 when it is not open.
    #[must_use]
    pub fn samples(&self, state: &FeatureState, window_end: Timestamp) -> u32 {
        match self.plan.window_of(window_end) {
            Some((end, _)) if self.fits(state) => {
                state.samples_in(&self.plan, end.saturating_sub(1))
            }
            _ => 0,
        }
    }

    /// An asset that never sent anything.
    fn nothing(&self, window_end: Timestamp, context: &Context) -> Assessed {
        let plan = &self.plan;
        let end = plan.window_of(window_end).map_or(0, |(end, _)| end);
        let settled = Settled::new(plan);
        let view = View { plan, settled, end, end_millis: window_end.as_millis() };
        let (values, ages) = view.values(context);
        Assessed {
            samples: 0,
            operating_state: None,
            values,
            ages,
            trends: Vec::new(),
            comparisons: Vec::new(),
        }
    }
}

/// A value and its age in seconds.
type Aged = Option<(f64, u32)>;

impl View<'_> {
    fn values(&self, context: &Context) -> (Vec<Option<Finite>>, Vec<Option<u32>>) {
        let aged = |source: &Source| self.value(*source, context);
        self.plan
            .sources
            .iter()
            .map(aged)
            .map(|aged| {
                match aged.and_then(|(value, age)| Finite::new(value).ok().zip(Some(age))) {
                    Some((value, age)) => (Some(value), Some(age)),
                    None => (None, None),
                }
            })
            .unzip()
    }

    fn value(&self, source: Source, context: &Context) -> Aged {
        match source {
            Source::Current(newest) => self.current(newest),
            Source::Deviation(mean) => {
                let panes = self.panes(mean, Reach::Run)?;
                Some((deviation(&panes.points)?, age(panes.end_hours)))
            }
            Source::Slope(mean, reach) => {
                let panes = self.panes(mean, reach)?;
                Some((line(&panes)?.slope, age(panes.end_hours)))
            }
            Source::SlopePer1000Km(mean) => self.slope_per_1000_km(mean),
            Source::Time(time) => Some((self.time(time), 0)),
            Source::WeekMean(mean) => {
                let panes = self.panes(mean, Reach::Week)?;
                Some((weighted_mean(&panes.points), age(panes.end_hours)))
            }
            Source::History(history) => self.history(history, context),
        }
    }

    fn current(&self, newest: usize) -> Aged {
        let (window, part, code) = self.settled.newest(newest)?;
        let plan = self.plan;
        // The first millisecond that falls into this part of the window.
        let into = (i64::from(part) * plan.window_millis + 65_535) / 65_536;
        let millis = self.end_millis - plan.start_millis(window) - into;
        Some((plan.newest[newest].scale.written(code), seconds(millis)))
    }

    /// The usage in kilometres, and its age.
    fn usage_km(&self) -> Aged {
        let (scale, km_per_unit) = self.plan.usage?;
        let (window, code) = self.settled.newest_usage();
        if code == NONE {
            return None;
        }
        let millis = self.end_millis - self.plan.start_millis(window) - self.plan.window_millis;
        Some((scale.written(code) * km_per_unit, seconds(millis)))
    }

    fn time(&self, time: TimeFeature) -> f64 {
        let last = Timestamp::from_millis(self.end_millis - 1).unwrap_or(Timestamp::MIN);
        let calendar = Calendar::of(last, self.plan.utc_offset_minutes);
        let number = match time {
            TimeFeature::Hour => calendar.hour,
            TimeFeature::Weekday => calendar.weekday,
            TimeFeature::Season => calendar.season,
        };
        f64::from(i32::try_from(number).expect("hours, weekdays and seasons are small"))
    }

    fn history(&self, history: HistoryFeature, context: &Context) -> Aged {
        match history {
            HistoryFeature::KmSinceService => {
                let (_, km_per_unit) = self.plan.usage?;
                let then = context.service?.usage?.get() * km_per_unit;
                let (now, age) = self.usage_km()?;
                // An odometer that fell was exchanged: nobody knows how far it went.
                (now >= then).then_some((now - then, age))
            }
            HistoryFeature::DaysSinceService => {
                let millis = self.end_millis - context.service?.at.as_millis();
                #[expect(clippy::cast_precision_loss, reason = "exact for 285,000 years")]
                let days = millis as f64 / DAY_MILLIS as f64;
                (millis >= 0).then_some((days, 0))
            }
            HistoryFeature::EarlierFailures => {
                context.earlier_failures.map(|failures| (f64::from(failures), 0))
            }
        }
    }

    fn panes(&self, mean: usize, reach: Reach) -> Option<Panes> {
        let panes = match reach {
            Reach::Run => self.run_panes(mean),
            Reach::Week => self.day_panes(mean),
        };
        (!panes.points.is_empty()).then_some(panes)
    }

    fn run_panes(&self, mean: usize) -> Panes {
        let plan = self.plan;
        let mut panes = Panes { points: Vec::new(), start_hours: 0.0, end_hours: 0.0 };
        let last = self.end.saturating_sub(1).div_euclid(plan.pane_windows);
        let first = last.saturating_sub(i32::try_from(RUN_PANES - 1).expect("few"));
        for (number, at) in self.settled.run_positions().filter(|(number, _)| *number >= first) {
            let Some((count, code)) = self.settled.pane(plan, at, mean).mean() else { continue };
            let start = plan.start_millis(number.saturating_mul(plan.pane_windows));
            let end = start + i64::from(plan.pane_windows) * plan.window_millis;
            let (start, end) = (self.hours(start), self.hours(end).min(0.0));
            panes.push(
                start,
                end,
                Point {
                    hours: (start + end) / 2.0,
                    value: plan.means[mean].scale.value(code),
                    weight: f64::from(count),
                },
            );
        }
        panes
    }

    fn day_panes(&self, mean: usize) -> Panes {
        let plan = self.plan;
        let mut panes = Panes { points: Vec::new(), start_hours: 0.0, end_hours: 0.0 };
        for (number, at) in self.days() {
            let Some((count, code)) = self.settled.day_mean(plan, at, mean) else { continue };
            let start = day_start_millis(number);
            panes.push(
                self.hours(start),
                self.hours(start + DAY_MILLIS).min(0.0),
                Point {
                    hours: self.day_hours(number, at),
                    value: plan.means[mean].scale.value(code),
                    weight: f64::from(count),
                },
            );
        }
        panes
    }

    /// The last seven calendar days, oldest first, and where they are kept.
    fn days(&self) -> impl Iterator<Item = (i32, usize)> + use<> {
        let today = self.end.saturating_sub(1).div_euclid(self.plan.day_windows);
        let first = today.saturating_sub(i32::try_from(WEEK_DAYS - 1).expect("few"));
        self.settled.day_positions().filter(move |(number, _)| *number >= first)
    }

    /// The mean time at which the asset was heard on a day.
    fn day_hours(&self, number: i32, at: usize) -> f64 {
        let day = self.settled.day(at);
        let windows = f64::from(day.heard_at) / f64::from(day.heard.max(1)) + 0.5;
        #[expect(clippy::cast_precision_loss, reason = "a window is at most an hour")]
        let window_hours = self.plan.window_millis as f64 / HOUR_MILLIS;
        self.hours(day_start_millis(number)) + windows * window_hours
    }

    fn slope_per_1000_km(&self, mean: usize) -> Aged {
        let (scale, km_per_unit) = self.plan.usage?;
        let panes = self.panes(mean, Reach::Week)?;
        let mut sums = LineSums::default();
        for (_, at) in self.days() {
            let (day, mean_code) =
                (self.settled.day(at), self.settled.day_mean(self.plan, at, mean));
            let Some((count, code)) = mean_code.filter(|_| day.usage[0] != NONE) else { continue };
            let [first, last] = day.usage.map(|code| scale.value(f64::from(code)) * km_per_unit);
            let value = self.plan.means[mean].scale.value(code);
            sums.add((first + last) / 2_000.0, value, f64::from(count));
        }
        Some((sums.fit(0.0)?.slope, age(panes.end_hours)))
    }

    fn trends(&self) -> Vec<Trend> {
        let mut trends = Vec::new();
        for (index, mean) in self.plan.means.iter().enumerate() {
            for reach in &mean.reaches {
                if let Some(panes) = self.panes(index, *reach) {
                    trends.extend(trend(&mean.id, *reach, &panes));
                }
            }
        }
        trends
    }

    fn comparisons(&self) -> Vec<Comparison> {
        let window = self.end.saturating_sub(1);
        let newest = |position: usize| -> Option<Finite> {
            let (seen, _, code) = self.settled.newest(position)?;
            let value = self.plan.newest[position].scale.written(code);
            Finite::new(value).ok().filter(|_| seen == window)
        };
        let peers = self.plan.peers.iter().enumerate();
        peers
            .filter(|(place, _)| self.settled.is_comparable(self.plan, *place, window))
            .filter_map(|(_, peer)| {
                let [channel, other] = &peer.ids;
                Some(Comparison {
                    channel: channel.clone(),
                    peer: other.clone(),
                    value: newest(peer.newest[0])?,
                    peer_value: newest(peer.newest[1])?,
                })
            })
            .collect()
    }

    /// Hours from the end of the window to a moment; negative before it.
    fn hours(&self, millis: i64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "spans of days are exact")]
        let hours = (millis - self.end_millis) as f64 / HOUR_MILLIS;
        hours
    }
}

impl Panes {
    fn push(&mut self, start_hours: f64, end_hours: f64, point: Point) {
        if self.points.is_empty() {
            self.start_hours = start_hours;
        }
        self.end_hours = end_hours;
        self.points.push(point);
    }
}

fn trend(channel: &str, reach: Reach, panes: &Panes) -> Option<Trend> {
    let fit = line(panes);
    let newest = panes.points.last()?;
    let finite = |value: Option<f64>| value.and_then(|value| Finite::new(value).ok());
    Some(Trend {
        channel: channel.to_owned(),
        reach,
        level: Finite::new(fit.map_or(newest.value, |fit| fit.level)).ok()?,
        level_error: finite(fit.map(|fit| fit.level_error)),
        slope_per_hour: finite(fit.map(|fit| fit.slope)),
        slope_error: finite(fit.map(|fit| fit.slope_error)),
        deviation: finite(fit.map(|fit| fit.residual_deviation)),
        panes: u16::try_from(panes.points.len()).unwrap_or(u16::MAX),
        span_hours: Finite::new(-panes.start_hours).ok()?,
        age_seconds: age(panes.end_hours),
    })
}

/// The line through all panes, its level at the end of the newest.
fn line(panes: &Panes) -> Option<LineFit> {
    let mut sums = LineSums::default();
    for point in &panes.points {
        sums.add(point.hours, point.value, point.weight);
    }
    (sums.points() >= LINE_PANES_MIN).then(|| sums.fit(panes.end_hours)).flatten()
}

fn weighted_mean(points: &[Point]) -> f64 {
    let weight: f64 = points.iter().map(|point| point.weight).sum();
    points.iter().map(|point| point.weight * point.value).sum::<f64>() / weight
}

/// Weighted standard deviation, of at least two points.
fn deviation(points: &[Point]) -> Option<f64> {
    if points.len() < 2 {
        return None;
    }
    let mean = weighted_mean(points);
    let weight: f64 = points.iter().map(|point| point.weight).sum();
    let squares: f64 = points.iter().map(|point| point.weight * (point.value - mean).powi(2)).sum();
    let count = f64::from(u32::try_from(points.len()).ok()?);
    Some((squares / weight * count / (count - 1.0)).sqrt())
}

/// Age in seconds of what ended `hours` ago, given as a negative number.
fn age(hours: f64) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "such a cast holds at the bounds of its type"
    )]
    let seconds = (-hours * 3_600.0).round() as u32;
    seconds
}

fn seconds(millis: i64) -> u32 {
    u32::try_from(millis.max(0) / 1_000).unwrap_or(u32::MAX)
}
