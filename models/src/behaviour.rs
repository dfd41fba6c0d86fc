//! Says that a principal on the bus behaves unlike itself: a robust baseline per hour class, and a risk that decays.
//!
//! What a principal did comes as [`ActivityMeasured`]: counts between two moments. [`Usual`] turns them into values
//! per minute, compares each with what is usual for this principal in this class of hours, and only then learns it.
//! Nothing is judged before [`Settings::learn`] has passed since the principal was first seen; what its contract
//! refuses is evidence from the first moment on, and no affair of this module.
//!
//! - **Constant memory.** A measure is a histogram of logarithms ([`Sketch`]): median, spread and the highest values that
//!   came several times are read from it. Silence counts as well: of an agent that speaks once a week it is usual to
//!   be silent.
//! - **Unusual** is what is far above: by how many spreads is the z of the evidence. Below a floor per measure nothing
//!   is unusual, however silent a principal is as a rule.
//! - **Catching up** is not unusual: what would have been said while a principal rested may be said at once.
//! - **What is unusual is not learned**, but for one in [`ADOPTED_ONE_IN`]: a change that stays becomes usual within
//!   hours, and an attack does not within minutes.
//!
//! [`Risk`] adds up evidence. Each contribution loses half of its weight in every half-life; those that are left are the
//! score, to the last digit.

mod hours;
mod measure;
mod risk;
mod sketch;
#[cfg(test)]
mod tests;

pub use hours::{HourClass, Hours, IDLE_HOURS_MAX};
pub use measure::{Measure, Settings, Weight};
pub use risk::{CONTRIBUTIONS_MAX, Contribution, Raise, Risk};
pub use sketch::{HIGH_MINUTES, MINUTES_KEPT, Sketch, Typical};

use measure::Values;
use messages::Timestamp;
use messages::guard::ActivityMeasured;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;

/// Of so many unusual spans one is learned.
pub const ADOPTED_ONE_IN: u16 = 60;

/// Names and streams that are known of one principal; further ones are not told from known ones.
pub const NAMES_MAX: usize = 128;

/// Shortest span over which a value per minute is meant.
const MINUTE: Duration = Duration::from_secs(60);

/// What is usual for one principal. Its size is bounded by the number of measures, classes of hours and names.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Usual {
    first_at: Option<Timestamp>,
    /// Until when everything is accounted for, silence included.
    until: Option<Timestamp>,
    /// The span that is not learned yet.
    open: Option<Span>,
    baselines: [Baseline; HourClass::ALL.len()],
    names: BTreeSet<String>,
    unusual_spans: u16,
}

/// What is usual in one class of hours, by measure.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Baseline([Sketch; Measure::ALL.len()]);

/// A minute or more, with what was counted in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Span {
    from: Timestamp,
    until: Timestamp,
    /// What would have been said in the silence before it.
    made_up: Values,
    sums: Values,
    is_unusual: bool,
}

/// A measure that is far above what is usual.
#[derive(Clone, Debug, PartialEq)]
pub struct Unusual {
    /// The measure.
    pub measure: Measure,
    /// The class of hours it was compared in; absent where this class is not known well and all hours were taken.
    pub class: Option<HourClass>,
    /// What was observed, per minute where the measure is a rate.
    pub observed: f64,
    /// What is usual: the median.
    pub usual: f64,
    /// The highest that came several times, at whatever hour.
    pub high: f64,
    /// By how many spreads it is above what is usual.
    pub z: f64,
    /// What it weighs.
    pub points: f64,
}

/// What one window of activity shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shown {
    /// Measures far above what is usual.
    pub unusual: Vec<Unusual>,
    /// Messages and streams that this principal never said or read before.
    pub new_names: Vec<String>,
    /// Whether the baseline is learned as of this window: from now on activity is judged.
    pub just_learned: bool,
}

impl Usual {
    /// Whether activity is judged at `now`.
    #[must_use]
    pub fn is_learned(&self, now: Timestamp, settings: &Settings) -> bool {
        self.first_at.is_some_and(|first_at| now.since(first_at) >= settings.learn.duration())
    }

    /// When the principal was first seen.
    #[must_use]
    pub fn first_at(&self) -> Option<Timestamp> {
        self.first_at
    }

    /// Takes one more window, judges it and learns from what came before it.
    pub fn take(&mut self, window: &ActivityMeasured, hours: &Hours, settings: &Settings) -> Shown {
        let was_learned = self.until.is_some_and(|until| self.is_learned(until, settings));
        self.first_at.get_or_insert(window.from);
        self.extend(window, hours, settings);
        let learned = self.is_learned(window.until, settings);
        let new_names = self.new_names(window, learned);
        let unusual = if learned { self.judge(hours, settings) } else { Vec::new() };
        if let Some(open) = &mut self.open {
            open.is_unusual |= !unusual.is_empty();
        }
        Shown { unusual, new_names, just_learned: learned && !was_learned }
    }

    /// Ends the open span: what comes next is judged by itself.
    pub fn part(&mut self, hours: &Hours, settings: &Settings) {
        if let Some(closed) = self.open.take() {
            self.learn(&closed, hours, settings);
        }
    }

    /// Adds `window` to the open span, or closes that and opens another.
    fn extend(&mut self, window: &ActivityMeasured, hours: &Hours, settings: &Settings) {
        let sums = Values::of(window);
        if let Some(open) = &mut self.open
            && window.until.since(open.from) <= MINUTE
        {
            open.sums.add(&sums);
            open.until = open.until.max(window.until);
            return;
        }
        self.part(hours, settings);
        let until = self.until.unwrap_or(window.from);
        let made_up = self.made_up(window.from.since(until));
        self.learn_silence(until, window.from, hours);
        let (from, until) = (window.from, window.until.max(window.from));
        self.until = Some(until);
        self.open = Some(Span { from, until, made_up, sums, is_unusual: false });
    }

    /// What is said in so long a time as a rule, where that is known well.
    fn made_up(&self, idle: Duration) -> Values {
        let mean = |measure: Measure| {
            let pooled = self.pooled(measure);
            let known = measure.is_rate() && pooled.minutes() >= measure.minutes_min();
            pooled.typical().filter(|_| known).map_or(0.0, |typical| typical.mean)
        };
        Values::each(|measure| mean(measure) * idle.as_secs_f64() / 60.0)
    }

    fn learn(&mut self, span: &Span, hours: &Hours, settings: &Settings) {
        self.until = Some(self.until.map_or(span.until, |until| until.max(span.until)));
        if span.is_unusual {
            self.unusual_spans = self.unusual_spans.wrapping_add(1);
            if !self.unusual_spans.is_multiple_of(ADOPTED_ONE_IN) {
                return;
            }
        }
        let minutes = u32::try_from(span.minutes().round() as i64).unwrap_or(1).max(1);
        let baseline = &mut self.baselines[hours.class(span.from) as usize].0;
        for measure in Measure::ALL {
            if let Some(value) = span.value(measure, 0.0, settings) {
                baseline[measure as usize].learn(value, minutes);
            }
        }
    }

    fn learn_silence(&mut self, from: Timestamp, until: Timestamp, hours: &Hours) {
        for (class, minutes) in hours.minutes(from, until) {
            let baseline = &mut self.baselines[class as usize].0;
            for measure in Measure::ALL.into_iter().filter(|measure| measure.is_rate()) {
                baseline[measure as usize].learn(0.0, minutes);
            }
        }
    }

    fn judge(&self, hours: &Hours, settings: &Settings) -> Vec<Unusual> {
        let Some(open) = &self.open else { return Vec::new() };
        let class = hours.class(open.from);
        let judged = Measure::ALL.into_iter().filter_map(|measure| {
            let pooled = self.pooled(measure);
            let own = &self.baselines[class as usize].0[measure as usize];
            let is_known = own.minutes() >= measure.minutes_min();
            let typical = if is_known { own.typical()? } else { pooled.typical()? };
            // What came several times at any hour is not unusual for its hour alone.
            let high = pooled.typical()?.high;
            let typical = Typical { high, ..typical };
            let observed = open.value(measure, open.made_up.get(measure), settings)?;
            measure::judge(measure, observed, &typical, settings).map(|(z, points)| Unusual {
                measure,
                class: is_known.then_some(class),
                observed,
                usual: typical.median,
                high,
                z,
                points,
            })
        });
        judged.collect()
    }

    /// What is usual at all hours.
    fn pooled(&self, measure: Measure) -> Sketch {
        let mut pooled = Sketch::default();
        for baseline in &self.baselines {
            pooled.merge(&baseline.0[measure as usize]);
        }
        pooled
    }

    fn new_names(&mut self, window: &ActivityMeasured, learned: bool) -> Vec<String> {
        let said = window.by_name.keys().cloned();
        let read = window.reads_by_stream.keys().map(|stream| format!("reading {stream}"));
        let names: Vec<String> = said.chain(read).collect();
        let mut new = Vec::new();
        for name in names {
            if self.names.len() < NAMES_MAX && self.names.insert(name.clone()) && learned {
                new.push(name);
            }
        }
        new
    }
}

impl Span {
    fn minutes(&self) -> f64 {
        (self.until.since(self.from).as_secs_f64() / 60.0).max(1.0)
    }

    /// The value of `measure`, of which `made_up` is for silence before the span; absent where nothing
    /// was said.
    fn value(&self, measure: Measure, made_up: f64, settings: &Settings) -> Option<f64> {
        let sum = self.sums.get(measure);
        if measure.is_rate() {
            return Some((sum - made_up).max(0.0) / self.minutes());
        }
        let messages = self.sums.get(Measure::Messages);
        (messages > 0.0).then(|| match measure {
            Measure::Errors if sum < settings.errors_min => 0.0,
            Measure::Errors => 100.0 * sum / messages.max(sum),
            _ => sum / messages,
        })
    }
}
