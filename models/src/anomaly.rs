//! Says that an asset behaves unlike itself: a baseline learned from a fresh asset, per operating state.
//!
//! One call per window. Three phases, each with a named length:
//!
//! 1. **Learning**, per operating state: location and scale of every watched feature, robustly
//!    (median and Huber's clipped deviations). Alarms are mute.
//! 2. **Calibrating**: scores of the asset's own windows give the threshold for the wanted rate of false
//!    alarms (extreme values). Alarms are mute.
//! 3. **Watching**: k of the last n windows above the threshold raise the alarm, m quiet ones in a row
//!    clear it ([`Alarm`]).
//!
//! The score is the sum over features of max(0, |z| − [`DEVIATIONS_FREE`])², z being the deviation from
//! the location in scales, held at [`DEVIATIONS_MAX`]: what is within the usual spread adds nothing, so
//! the features that add something are the reason. A missing feature adds nothing.
//!
//! **A developing fault is not absorbed.** The scale is fixed after learning. The location follows only
//! quiet windows, slowly, and never farther than [`Settings::adapt_deviations_max`] from where it was
//! learned; the threshold stops learning after [`Settings::calibrate_windows_max`] windows and never
//! grows beyond [`THRESHOLD_GROWTH_MAX`] times its first value. What a maintenance changes for good needs a fresh
//! [`Baseline`]. A fault that is there from the first window on is learned as usual: only a comparison
//! with other assets can find it, e.g. the score of a cohort's [`Forest`](crate::forest::Forest), passed
//! on as one more watched feature.
//!
//! Watched features must be such as a healthy asset repeats: no odometer, no calendar, no age.

mod alarm;
mod tail;
mod usual;

pub use alarm::Alarm;
pub use tail::{PEAKS, THRESHOLD_MIN};
pub use usual::COLLECTED;

use alarm::Hysteresis;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tail::Tail;
use usual::Usual;

/// Deviations from the usual that add nothing to a score.
pub const DEVIATIONS_FREE: f64 = 2.0;

/// Deviations at which a feature's part in the score stops growing.
pub const DEVIATIONS_MAX: f64 = 10.0;

/// Most operating states that one baseline tells apart.
pub const STATES_MAX: usize = 8;

/// Most watched features.
pub const WATCHED_MAX: usize = 64;

/// A value beyond this, of either sign, counts as missing: it could not be learned from in 32 bits.
pub const VALUE_MAX: f64 = 1e30;

/// The threshold is never more than this many times what it was when alarms were first heard.
pub const THRESHOLD_GROWTH_MAX: f64 = 2.0;

/// A feature and the smallest deviation of it that means anything.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Watched {
    /// Name of the feature.
    pub name: Box<str>,
    /// Least scale, in the feature's unit, above zero: about its resolution or its measuring error.
    pub scale_min: f64,
}

/// When a baseline is learned and when it speaks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Windows until the usual of an operating state is known. At least [`COLLECTED`].
    pub learn_windows: u32,
    /// Windows after that until the threshold is known. At least [`PEAKS`].
    pub calibrate_windows: u32,
    /// Windows after which the threshold no longer changes.
    pub calibrate_windows_max: u32,
    /// Wanted share of healthy windows above the threshold, 0 to 1, both excluded.
    pub false_alarm_share: f64,
    /// The alarm is raised when this many …
    pub raise_windows: u8,
    /// … of this many last windows are above the threshold; at most 32.
    pub raise_of_windows: u8,
    /// Quiet windows in a row that clear the alarm.
    pub clear_windows: u8,
    /// Windows in which a location makes up for 63 % of a lasting change, if it may.
    pub adapt_windows: f64,
    /// Farthest that a location moves from where it was learned, in learned scales.
    pub adapt_deviations_max: f64,
}

impl Default for Settings {
    /// For windows of 60 s: mute for 4 h of use, one window in 10,000 above the threshold, 3 of 5 raise, 10 clear.
    fn default() -> Self {
        Self {
            learn_windows: 120,
            calibrate_windows: 120,
            calibrate_windows_max: 1_440,
            false_alarm_share: 1e-4,
            raise_windows: 3,
            raise_of_windows: 5,
            clear_windows: 10,
            adapt_windows: 10_080.0,
            adapt_deviations_max: 1.0,
        }
    }
}

/// Settings that contradict themselves.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("`{name}` is `{value}`; {remedy}")]
pub struct SettingsError {
    /// Name of the setting or of the watched feature.
    pub name: Box<str>,
    /// Its value.
    pub value: f64,
    /// What to give instead.
    pub remedy: &'static str,
}

/// What is remembered of one asset.
///
/// At most [`STATES_MAX`] × 24 bytes per watched feature (while a state is learned, 36 more per feature)
/// and 200 bytes: with 30 features and three states 2.3 KiB in memory; encoded 1.4 KiB (tested).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    usual_by_state: BTreeMap<u8, State>,
    tail: Tail,
    /// Threshold when alarms were first heard.
    threshold_first: Option<f32>,
    hysteresis: Hysteresis,
}

/// The usual in one operating state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct State {
    windows: u32,
    usual: Vec<Usual>,
}

/// What one window says.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict<'a> {
    /// Nothing yet: the usual is still being learned.
    Learning {
        /// Windows that are still needed, as far as can be said now.
        windows_left: u32,
    },
    /// Nothing: the window has no value of a watched feature whose usual is known, or the operating
    /// state is one more than [`STATES_MAX`].
    Nothing,
    /// A judgement.
    Judged(Judgement<'a>),
}

/// How unlike itself the asset behaves in a window.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement<'a> {
    /// 0 and more: the sum of the contributions.
    pub score: f64,
    /// Score from which a window counts as unusual.
    pub threshold: f64,
    /// Whether the alarm is on, and whether it changed just now.
    pub alarm: Alarm,
    /// Features that add to the score, largest part first.
    pub contributions: Vec<Contribution<'a>>,
}

/// One feature's part in a score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contribution<'a> {
    /// Name of the feature.
    pub feature: &'a str,
    /// Its part in the score, above 0.
    pub score: f64,
    /// Its value.
    pub value: f64,
    /// The usual value in this operating state.
    pub usual: f64,
    /// Deviation from it in scales, signed.
    pub deviations: f64,
}

/// Judges windows by settings that were checked once.
#[derive(Clone, Debug, PartialEq)]
pub struct Detector {
    settings: Settings,
    watched: Vec<Watched>,
}

impl Detector {
    /// A detector of these features.
    ///
    /// # Errors
    /// [`SettingsError`] for the first setting that contradicts itself.
    pub fn new(settings: Settings, watched: Vec<Watched>) -> Result<Self, SettingsError> {
        settings.check()?;
        if watched.is_empty() || watched.len() > WATCHED_MAX {
            let remedy = "watch 1 to 64 features";
            return Err(SettingsError {
                name: "watched".into(),
                value: watched.len() as f64,
                remedy,
            });
        }
        match watched.iter().find(|watched| watched.scale_min.is_nan() || watched.scale_min <= 0.0)
        {
            Some(Watched { name, scale_min }) => Err(SettingsError {
                name: name.clone(),
                value: *scale_min,
                remedy: "give a least scale above 0, such as the resolution",
            }),
            None => Ok(Self { settings, watched }),
        }
    }

    /// Judges a window and learns from it. `row` has the values of the watched features in their order, a
    /// missing one being `None` (one that is not finite or beyond [`VALUE_MAX`] counts as missing); `state` is
    /// the number of the operating state.
    ///
    /// # Panics
    /// When `row` is not as long as the list of watched features.
    pub fn observe(&self, baseline: &mut Baseline, row: &[Option<f64>], state: u8) -> Verdict<'_> {
        assert_eq!(row.len(), self.watched.len(), "a row has the watched features");
        let row: Vec<_> = row.iter().map(|value| value.filter(|v| v.abs() <= VALUE_MAX)).collect();
        let states = baseline.usual_by_state.len();
        if states == STATES_MAX && !baseline.usual_by_state.contains_key(&state) {
            return Verdict::Nothing;
        }
        let known = baseline.usual_by_state.entry(state).or_default();
        if known.windows < self.settings.learn_windows {
            return self.learn(known, &baseline.tail, &row);
        }
        let Some(contributions) = self.contributions(known, &row) else {
            return Verdict::Nothing;
        };
        let score = contributions.iter().map(|part| part.score).sum();
        let Some(threshold) = baseline.threshold(&self.settings) else {
            baseline.tail.add(score);
            let windows_left =
                self.settings.calibrate_windows.saturating_sub(baseline.tail.windows());
            return Verdict::Learning { windows_left };
        };
        let exceeds = score > threshold;
        let alarm = baseline.hysteresis.step(&self.settings, exceeds);
        if baseline.hysteresis.is_quiet() {
            self.adapt(baseline, &row, state, score);
        }
        Verdict::Judged(Judgement { score, threshold, alarm, contributions })
    }

    fn learn(&self, known: &mut State, tail: &Tail, row: &[Option<f64>]) -> Verdict<'static> {
        known.usual.resize_with(self.watched.len(), Usual::default);
        for ((usual, watched), value) in known.usual.iter_mut().zip(&self.watched).zip(row) {
            if let Some(value) = value {
                usual.learn(*value, watched.scale_min);
            }
        }
        known.windows += 1;
        let learning = self.settings.learn_windows - known.windows;
        let calibrating = self.settings.calibrate_windows.saturating_sub(tail.windows());
        Verdict::Learning { windows_left: learning + calibrating }
    }

    /// Parts of the score, largest first; `None` when no feature can be judged.
    fn contributions(&self, known: &State, row: &[Option<f64>]) -> Option<Vec<Contribution<'_>>> {
        let mut judged = 0;
        let mut contributions = Vec::new();
        for ((usual, watched), value) in known.usual.iter().zip(&self.watched).zip(row) {
            let Some((value, (location, scale))) = value.zip(usual.known(watched.scale_min)) else {
                continue;
            };
            judged += 1;
            let deviations = (value - location) / scale;
            let excess = deviations.abs().min(DEVIATIONS_MAX) - DEVIATIONS_FREE;
            if excess > 0.0 {
                let (feature, score) = (&*watched.name, excess * excess);
                contributions.push(Contribution {
                    feature,
                    score,
                    value,
                    usual: location,
                    deviations,
                });
            }
        }
        contributions.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.feature.cmp(b.feature)));
        (judged > 0).then_some(contributions)
    }

    /// Follows a quiet window, within the bounds that keep a developing fault visible.
    fn adapt(&self, baseline: &mut Baseline, row: &[Option<f64>], state: u8, score: f64) {
        if baseline.tail.windows() < self.settings.calibrate_windows_max {
            baseline.tail.add(score);
        }
        let Some(known) = baseline.usual_by_state.get_mut(&state) else {
            return;
        };
        for ((usual, watched), value) in known.usual.iter_mut().zip(&self.watched).zip(row) {
            if let Some(value) = value {
                usual.adapt(*value, watched.scale_min, &self.settings);
            }
        }
    }
}

impl Baseline {
    /// The threshold, once alarms may be heard.
    fn threshold(&mut self, settings: &Settings) -> Option<f64> {
        if self.tail.windows() < settings.calibrate_windows {
            return None;
        }
        let threshold = self.tail.threshold(settings.false_alarm_share)?;
        let first = f64::from(*self.threshold_first.get_or_insert(threshold as f32));
        Some(threshold.min(THRESHOLD_GROWTH_MAX * first))
    }

    /// Whether the alarm is on.
    #[must_use]
    pub fn is_alarmed(&self) -> bool {
        self.hysteresis.is_raised()
    }
}

impl Settings {
    fn check(&self) -> Result<(), SettingsError> {
        let rules: [(&str, f64, bool, &str); 7] = [
            (
                "learn_windows",
                self.learn_windows.into(),
                self.learn_windows >= COLLECTED as u32,
                "give at least 9",
            ),
            (
                "calibrate_windows",
                self.calibrate_windows.into(),
                self.calibrate_windows >= PEAKS as u32,
                "give at least 32",
            ),
            (
                "false_alarm_share",
                self.false_alarm_share,
                self.false_alarm_share > 0.0 && self.false_alarm_share < 1.0,
                "give a share between 0 and 1",
            ),
            (
                "raise_of_windows",
                self.raise_of_windows.into(),
                (1..=32).contains(&self.raise_of_windows),
                "give 1 to 32",
            ),
            (
                "raise_windows",
                self.raise_windows.into(),
                (1..=self.raise_of_windows).contains(&self.raise_windows),
                "give 1 to `raise_of_windows`",
            ),
            ("adapt_windows", self.adapt_windows, self.adapt_windows >= 1.0, "give at least 1"),
            (
                "adapt_deviations_max",
                self.adapt_deviations_max,
                self.adapt_deviations_max >= 0.0,
                "give 0 or more",
            ),
        ];
        match rules.into_iter().find(|rule| !rule.2) {
            Some((name, value, _, remedy)) => {
                Err(SettingsError { name: name.into(), value, remedy })
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
