//! What an asset's past says about it, as one row of numbers at a time: windows of several lengths over each channel,
//! trouble codes, work done, age and attributes.
//!
//! A row is computed from what came before its moment and nothing else, whether readings come one by one or from a
//! file, so what is learned from recordings is what is seen at work. Each window is kept in [`PANES`] panes: memory
//! does not grow with the number of readings, and a window's true length lies between `PANES - 1` panes and `PANES`.

use messages::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

#[cfg(test)]
mod tests;

/// Panes of one window.
pub const PANES: usize = 6;
/// Most times of one trouble code that are counted; the newest are.
pub const CODE_TIMES_MAX: usize = 64;
/// For so long a trouble code is told as set after it was last sent.
pub const CODE_SET: Duration = days(1);
/// Windows over which trouble codes are counted.
pub const CODE_WINDOWS: [Duration; 3] = [days(1), days(2), days(7)];

const fn days(count: u64) -> Duration {
    Duration::from_secs(count * 86_400)
}

/// Which numbers make up a row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Channels, by id.
    pub channels: Vec<String>,
    /// Windows over each channel.
    pub windows: Vec<Duration>,
    /// Trouble codes that are counted.
    pub codes: Vec<String>,
    /// Components whose last maintenance counts.
    pub components: Vec<String>,
    /// Numbers that do not change: age, model.
    pub attributes: Vec<String>,
}

/// Figures over one window and channel.
const WINDOW_FIGURES: [&str; 5] = ["mean", "deviation", "low", "high", "slope"];

impl Plan {
    /// Names of the numbers, in their order; each says its window, units are those of its channel.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.channels.clone();
        for (channel, window) in self.over() {
            let hours = window.as_secs() / 3_600;
            let figures = WINDOW_FIGURES.iter();
            names.extend(figures.map(|figure| format!("{channel}_{figure}_{hours}h")));
        }
        for code in &self.codes {
            let windows = CODE_WINDOWS.iter();
            names.extend(windows.map(|it| format!("{code}_count_{}h", it.as_secs() / 3_600)));
        }
        let since =
            self.components.iter().map(|component| format!("{component}_days_since_service"));
        names.extend(since);
        names.push("days_observed".to_owned());
        names.extend(self.attributes.iter().cloned());
        names
    }

    fn over(&self) -> impl Iterator<Item = (&str, Duration)> {
        let windows = &self.windows;
        self.channels
            .iter()
            .flat_map(move |channel| windows.iter().map(move |window| (channel.as_str(), *window)))
    }
}

/// What is kept of an asset's past between two readings, as far as a [`Plan`] asks for it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Past {
    current: Vec<Option<f64>>,
    /// By channel and window.
    windows: Vec<Window>,
    codes: Vec<Vec<Timestamp>>,
    /// Codes that were set when they were last told, and when each was counted last.
    set: BTreeMap<String, Timestamp>,
    maintained_at: BTreeMap<String, Timestamp>,
    first_at: Option<Timestamp>,
}

impl Past {
    /// Makes room for what another plan asks for. Work done and the first reading stay known, all else begins anew.
    pub fn begin(&mut self, plan: &Plan) {
        self.current = vec![None; plan.channels.len()];
        self.windows = plan.over().map(|(_, length)| Window::new(length)).collect();
        self.codes = vec![Vec::new(); plan.codes.len()];
        self.set.clear();
    }

    /// When something was first measured.
    #[must_use]
    pub fn first_at(&self) -> Option<Timestamp> {
        self.first_at
    }

    /// Takes work done on a component, whatever a plan asks for.
    pub fn maintenance(&mut self, at: Timestamp, component: &str) {
        let known = self.maintained_at.entry(component.to_owned()).or_insert(at);
        *known = at.max(*known);
    }
}

/// The past of one asset, as far as a [`Plan`] asks for it.
#[derive(Clone, Debug)]
pub struct History<'p> {
    plan: &'p Plan,
    attributes: Vec<Option<f32>>,
    past: Past,
}

impl<'p> History<'p> {
    /// Nothing known yet but these attributes, in the plan's order.
    #[must_use]
    pub fn new(plan: &'p Plan, attributes: Vec<Option<f32>>) -> Self {
        let mut past = Past::default();
        past.begin(plan);
        Self { plan, attributes, past }
    }

    /// Reads on from what was kept under the same plan.
    #[must_use]
    pub fn resume(plan: &'p Plan, attributes: Vec<Option<f32>>, past: Past) -> Self {
        Self { plan, attributes, past }
    }

    /// What is to be kept until the next reading.
    #[must_use]
    pub fn keep(self) -> Past {
        self.past
    }

    /// Takes what was measured at `at`, one value per channel of the plan.
    pub fn sample(&mut self, at: Timestamp, values: &[Option<f64>]) {
        self.past.first_at.get_or_insert(at);
        self.past.current.copy_from_slice(values);
        let per_channel = self.plan.windows.len().max(1);
        for (value, windows) in values.iter().zip(self.past.windows.chunks_mut(per_channel)) {
            if let Some(value) = value {
                windows.iter_mut().for_each(|window| window.add(at, *value));
            }
        }
    }

    /// Takes a trouble code; one that the plan does not count is passed over.
    pub fn code(&mut self, at: Timestamp, code: &str) {
        if let Some(place) = self.plan.codes.iter().position(|known| known == code) {
            let longest = CODE_WINDOWS[CODE_WINDOWS.len() - 1];
            let times = &mut self.past.codes[place];
            times.retain(|past| past.saturating_add(longest) > at);
            times.push(at);
            times.drain(..times.len().saturating_sub(CODE_TIMES_MAX));
        }
    }

    /// Takes the codes that are set at `at`. Each that was not set when they were last told has come; one that has been
    /// set for longer than [`CODE_SET`] since it was counted was sent again.
    pub fn codes_set(&mut self, at: Timestamp, set: Vec<String>) {
        let before = std::mem::take(&mut self.past.set);
        for code in set {
            let counted_at = before.get(&code).copied().filter(|it| at.since(*it) <= CODE_SET);
            if counted_at.is_none() {
                self.code(at, &code);
            }
            self.past.set.insert(code, counted_at.unwrap_or(at));
        }
    }

    /// Takes work done on a component.
    pub fn maintenance(&mut self, at: Timestamp, component: &str) {
        self.past.maintenance(at, component);
    }

    /// The row at `at`, which is not before anything that was taken.
    #[must_use]
    pub fn row(&self, at: Timestamp) -> Vec<Option<f32>> {
        let finite = |value: f64| (value as f32).is_finite().then_some(value as f32);
        let mut row: Vec<Option<f32>> =
            self.past.current.iter().map(|value| value.and_then(finite)).collect();
        for window in &self.past.windows {
            row.extend(window.figures(at).map(|figure| figure.and_then(finite)));
        }
        for past in &self.past.codes {
            row.extend(CODE_WINDOWS.iter().map(|window| {
                let count = past.iter().filter(|past| past.saturating_add(*window) > at).count();
                finite(count as f64)
            }));
        }
        let since = |from: &Timestamp| at.since(*from).as_secs_f64() / 86_400.0;
        for component in &self.plan.components {
            row.push(self.past.maintained_at.get(component).map(since).and_then(finite));
        }
        row.push(self.past.first_at.as_ref().map(since).and_then(finite));
        row.extend(self.attributes.iter().copied());
        row
    }
}

/// One window over one channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Window {
    pane_millis: i64,
    /// Number of the pane, counted from the epoch, and what it holds.
    panes: Vec<(i64, Pane)>,
}

/// Sums over the values of one pane; time in hours from the pane's beginning.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Pane {
    count: f64,
    value: f64,
    square: f64,
    hours: f64,
    hours_square: f64,
    product: f64,
    low: f64,
    high: f64,
}

impl Pane {
    const EMPTY: Pane = Pane {
        count: 0.0,
        value: 0.0,
        square: 0.0,
        hours: 0.0,
        hours_square: 0.0,
        product: 0.0,
        low: f64::INFINITY,
        high: f64::NEG_INFINITY,
    };

    fn add(&mut self, hours: f64, value: f64) {
        self.count += 1.0;
        self.value += value;
        self.square += value * value;
        self.hours += hours;
        self.hours_square += hours * hours;
        self.product += hours * value;
        self.low = self.low.min(value);
        self.high = self.high.max(value);
    }

    /// Adds `other`, whose hours are counted from `by` hours later.
    fn absorb(&mut self, other: &Pane, by: f64) {
        self.count += other.count;
        self.value += other.value;
        self.square += other.square;
        self.hours += other.hours + by * other.count;
        self.hours_square += other.hours_square + 2.0 * by * other.hours + by * by * other.count;
        self.product += other.product + by * other.value;
        self.low = self.low.min(other.low);
        self.high = self.high.max(other.high);
    }
}

impl Window {
    fn new(length: Duration) -> Self {
        let millis = i64::try_from(length.as_millis()).unwrap_or(i64::MAX);
        let panes = i64::try_from(PANES).expect("a window has few panes");
        Self { pane_millis: (millis / panes).max(1), panes: Vec::with_capacity(PANES) }
    }

    /// A value of a pane that has left the window already is passed over.
    fn add(&mut self, at: Timestamp, value: f64) {
        let number = at.as_millis().div_euclid(self.pane_millis);
        let hours = at.as_millis().rem_euclid(self.pane_millis) as f64 / 3_600_000.0;
        let newest = self.panes.iter().map(|(known, _)| *known).fold(number, i64::max);
        let open = |known: i64| newest - known < PANES as i64;
        if !open(number) {
            return;
        }
        match self.panes.iter_mut().find(|(known, _)| *known == number) {
            Some((_, pane)) => pane.add(hours, value),
            None => {
                self.panes.retain(|(known, _)| open(*known));
                let mut pane = Pane::EMPTY;
                pane.add(hours, value);
                self.panes.push((number, pane));
            }
        }
    }

    /// Mean, deviation, lowest, highest and slope per hour, as far as they are known at `at`.
    fn figures(&self, at: Timestamp) -> [Option<f64>; 5] {
        let newest = at.as_millis().div_euclid(self.pane_millis);
        let mut sum = Pane::EMPTY;
        for (number, pane) in &self.panes {
            if (0..PANES as i64).contains(&(newest - number)) {
                let panes_later = (number - newest + PANES as i64 - 1) as f64;
                sum.absorb(pane, panes_later * self.pane_millis as f64 / 3_600_000.0);
            }
        }
        if sum.count == 0.0 {
            return [None; 5];
        }
        let mean = sum.value / sum.count;
        let variance = (sum.square / sum.count - mean * mean).max(0.0);
        let spread = sum.hours_square - sum.hours * sum.hours / sum.count;
        let slope = (sum.count >= 2.0 && spread > 1e-9)
            .then(|| (sum.product - sum.hours * sum.value / sum.count) / spread);
        let deviation = (sum.count >= 2.0).then(|| variance.sqrt());
        [Some(mean), deviation, Some(sum.low), Some(sum.high), slope]
    }
}
