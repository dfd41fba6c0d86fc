//! Finds what does not fit together in a profile: everything at once, each with its place, value and remedy.

use super::{
    Channel, CodeEvidence, Component, Condition, Direction, Document, FailureMode, Limits, Peer,
    Reach, Role,
};
use crate::finite::Finite;
use crate::telemetry::FMI_MAX;
use crate::unit::Quantity;
use std::collections::BTreeMap;
use std::fmt;

/// Most channels of a profile.
const CHANNELS_MAX: usize = 256;
/// Panes of a run.
const RUN_PANES: u64 = 12;
/// Length of a day, in milliseconds.
const DAY_MILLIS: u64 = 24 * 3_600_000;
/// Most windows in a pane of a run.
const PANE_WINDOWS_MAX: u64 = 255;
/// Shortest and longest window, in milliseconds.
const WINDOW_MILLIS: std::ops::RangeInclusive<u64> = 10_000..=3_600_000;
/// Greatest difference between local time and UTC, in minutes.
const UTC_OFFSET_MINUTES_MAX: i32 = 14 * 60;

/// One thing that is wrong with a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where: the table and its name.
    pub place: String,
    /// What is wrong, with the value.
    pub fault: String,
    /// What to do about it.
    pub remedy: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.place, self.fault, self.remedy)
    }
}

/// All problems of `document`; none means it is sound.
pub(super) fn problems(document: &Document) -> Vec<Problem> {
    let mut check = Check { document, problems: Vec::new() };
    check.whole();
    check.names();
    for channel in &document.channels {
        check.channel(channel);
    }
    for setting in &document.settings {
        check.refers_to_channel("settings", setting);
    }
    check.derived();
    check.states();
    for component in &document.components {
        check.component(component);
    }
    check.unique("component", document.components.iter().map(|component| &component.id));
    let modes = document.components.iter().flat_map(|component| &component.modes);
    check.unique("failure mode", modes.map(|mode| &mode.id));
    check.features();
    check.severity();
    check.problems
}

struct Check<'d> {
    document: &'d Document,
    problems: Vec<Problem>,
}

impl Check<'_> {
    fn report(&mut self, place: &str, fault: impl Into<String>, remedy: impl Into<String>) {
        self.problems.push(Problem {
            place: place.to_owned(),
            fault: fault.into(),
            remedy: remedy.into(),
        });
    }

    fn id(&mut self, place: &str, id: &str) {
        let fits = id.len() <= 64
            && id.starts_with(|c: char| c.is_ascii_lowercase())
            && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if !fits {
            self.report(
                place,
                format!("`{id}` is no id"),
                "use up to 64 lower-case letters, digits and `_`, a letter first",
            );
        }
    }

    fn unique<'i>(&mut self, what: &str, ids: impl Iterator<Item = &'i String>) {
        let mut count_by_id: BTreeMap<&str, usize> = BTreeMap::new();
        for id in ids {
            *count_by_id.entry(id).or_default() += 1;
        }
        for (id, count) in count_by_id {
            if count > 1 {
                self.report(
                    &format!("{what} `{id}`"),
                    format!("is there {count} times"),
                    "rename or remove all but one",
                );
            }
        }
    }

    fn derived(&mut self) {
        for derived in &self.document.derived {
            let place = format!("derived `{}`", derived.id);
            self.id(&place, &derived.id);
            if self.document.channel(&derived.id).is_some() {
                self.report(&place, "is a channel too", "rename one of them");
            }
            for channel in derived.formula.channels() {
                self.refers_to_channel(&place, channel);
            }
        }
        self.unique("derived", self.document.derived.iter().map(|derived| &derived.id));
    }

    fn refers_to_channel(&mut self, place: &str, id: &str) -> bool {
        let known = self.document.channel(id).is_some();
        if !known {
            let ids = self.document.channels.iter().map(|channel| channel.id.as_str());
            self.report(place, format!("channel `{id}` does not exist"), suggestion(id, ids));
        }
        known
    }

    fn refers_to_state(&mut self, place: &str, id: &str) {
        let states = &self.document.states;
        if !states.iter().any(|state| state.id == id) {
            let ids = states.iter().map(|state| state.id.as_str());
            self.report(
                place,
                format!("operating state `{id}` does not exist"),
                suggestion(id, ids),
            );
        }
    }

    fn share(&mut self, place: &str, name: &str, value: Finite) {
        if !(value.get() > 0.0 && value.get() < 1.0) {
            self.report(
                place,
                format!("`{name}` is {value}"),
                "write a number above 0 and below 1",
            );
        }
    }

    fn positive(&mut self, place: &str, name: &str, value: Finite) {
        if value.get() <= 0.0 {
            self.report(place, format!("`{name}` is {value}"), "write a number above 0");
        }
    }

    fn whole(&mut self) {
        let document = self.document;
        self.id("profile", &document.name);
        if document.channels.is_empty() || document.channels.len() > CHANNELS_MAX {
            let count = document.channels.len();
            self.report(
                "profile",
                format!("has {count} channels"),
                format!("describe 1 to {CHANNELS_MAX} with [[channel]]"),
            );
        }
        if document.utc_offset_minutes.abs() > UTC_OFFSET_MINUTES_MAX {
            self.report(
                "profile",
                format!("`utc_offset_minutes` is {}", document.utc_offset_minutes),
                format!("write at most {UTC_OFFSET_MINUTES_MAX} either way"),
            );
        }
        if let Some(usage) = &document.usage
            && self.refers_to_channel("usage", usage)
        {
            let unit = document.channel(usage).map(|channel| channel.unit);
            if unit.is_some_and(|unit| unit.quantity() != Quantity::Length) {
                self.report("usage", format!("`{usage}` is no length"), "name an odometer");
            }
        }
        self.share("anomaly", "false_alarm_rate", document.anomaly.false_alarm_rate);
        let anomaly = document.anomaly;
        for (name, count) in [
            ("learning_windows", anomaly.learning_windows),
            ("raise_after", anomaly.raise_after),
            ("clear_after", anomaly.clear_after),
        ] {
            if count == 0 {
                self.report("anomaly", format!("`{name}` is 0"), "write 1 or more");
            }
        }
        self.trend();
    }

    fn trend(&mut self) {
        let Document { window, trend, .. } = self.document;
        let (window, run) = (window.as_millis(), trend.run.as_millis());
        if !WINDOW_MILLIS.contains(&window) {
            self.report("profile", format!("`window` is {window} ms"), "write 10s to 1h");
            return;
        }
        if !DAY_MILLIS.is_multiple_of(window) {
            let fault = format!("`window` is {}, no whole part of a day", self.document.window);
            self.report("profile", fault, "write one of which a day has a whole number");
        }
        let pane = run / RUN_PANES;
        let fits = run.is_multiple_of(RUN_PANES)
            && pane.is_multiple_of(window)
            && (1..=PANE_WINDOWS_MAX).contains(&(pane / window));
        if !fits {
            let fault = format!("`run` is {}", self.document.trend.run);
            let remedy = format!("its twelfth has to be 1 to {PANE_WINDOWS_MAX} whole windows");
            self.report("trend", fault, remedy);
        }
        if self.document.trend.gap < self.document.window {
            let gap = self.document.trend.gap;
            self.report("trend", format!("`gap` is {gap}"), "write at least one window");
        }
    }

    fn names(&mut self) {
        let document = self.document;
        let mut id_by_name: BTreeMap<String, &str> = BTreeMap::new();
        for channel in &document.channels {
            let place = format!("channel `{}`", channel.id);
            self.id(&place, &channel.id);
            for name in document.names_of(channel) {
                if name.trim().is_empty() {
                    self.report(&place, "has an empty name", "remove it");
                } else if let Some(other) = id_by_name.insert(name.clone(), &channel.id) {
                    self.report(
                        &place,
                        format!("name `{name}` is taken by channel `{other}`"),
                        "give each name to one channel, once",
                    );
                }
            }
        }
    }

    fn channel(&mut self, channel: &Channel) {
        let place = format!("channel `{}`", channel.id);
        let [low, high] = channel.range;
        if low >= high {
            self.report(
                &place,
                format!("`range` is [{low}, {high}]"),
                "write the lower bound first",
            );
        }
        self.positive(&place, "resolution", channel.resolution);
        if let Some(limits) = channel.limits {
            self.limits(&place, channel, limits);
        }
        for state in &channel.states {
            self.refers_to_state(&place, state);
        }
        if channel.settle.is_some() && channel.states.is_empty() {
            self.report(&place, "settles but means the same in all states", "name `states`");
        }
        if let Some(when) = &channel.lively_when {
            self.lively_when(&place, channel, when);
        }
        if let Some(peer) = &channel.peer {
            self.peer(&place, channel, peer);
        }
        if channel.trends.len() > 2
            || (channel.trends.len() == 2 && channel.trends[0] == channel.trends[1])
        {
            self.report(
                &place,
                "lists a reach in `trends` twice",
                "list `run` and `week` at most once",
            );
        }
    }

    fn lively_when(&mut self, place: &str, channel: &Channel, when: &Condition) {
        self.condition(place, when);
        if !channel.lively {
            self.report(place, "says when it is lively, but is not", "write `lively = true`");
        }
        if when.hysteresis.is_some() {
            let fault = "`lively_when` has a `hysteresis`";
            self.report(place, fault, "remove it: there is no state that could last");
        }
    }

    fn peer(&mut self, place: &str, channel: &Channel, peer: &Peer) {
        self.positive(place, "within", peer.within);
        for state in &peer.states {
            self.refers_to_state(place, state);
        }
        if peer.settle.is_some() && peer.states.is_empty() {
            self.report(
                place,
                "has a `peer` that settles but is one in all states",
                "name `states`",
            );
        }
        if peer.channel == channel.id {
            self.report(place, "is its own `peer`", "name another channel");
        } else if self.refers_to_channel(place, &peer.channel)
            && self.document.channel(&peer.channel).is_some_and(|other| other.unit != channel.unit)
        {
            let fault = format!("its `peer`, `{}`, has another unit", peer.channel);
            self.report(place, fault, "name a channel of the same unit");
        }
    }

    fn limits(&mut self, place: &str, channel: &Channel, limits: Limits) {
        let [low, high] = channel.range;
        for (name, limit) in [("warn", limits.warn), ("critical", limits.critical)] {
            if limit < low || limit > high {
                self.report(
                    place,
                    format!("limit `{name}` is {limit}, outside the range [{low}, {high}]"),
                    "widen the range or move the limit",
                );
            }
        }
        self.positive(place, "wander", limits.wander);
        self.positive(place, "slope_deviation", limits.slope_deviation);
        let rises = limits.critical > limits.warn;
        let fault = format!("`warn` is {} and `critical` {}", limits.warn, limits.critical);
        match channel.worse {
            None => self.report(place, "has limits but no `worse`", "say `up` or `down`"),
            Some(_) if limits.critical == limits.warn => {
                self.report(place, fault, "make critical worse than warn");
            }
            Some(worse) if rises != (worse == Direction::Up) => {
                let remedy = "critical has to lie further in the direction of `worse`";
                self.report(place, fault, remedy);
            }
            Some(_) => {}
        }
    }

    fn states(&mut self) {
        let document = self.document;
        self.unique("state", document.states.iter().map(|state| &state.id));
        for state in &document.states {
            let place = format!("state `{}`", state.id);
            self.id(&place, &state.id);
            if state.when.is_empty() {
                self.report(&place, "has no condition", "add one to `when`");
            }
            for condition in &state.when {
                self.condition(&place, condition);
            }
        }
    }

    fn condition(&mut self, place: &str, condition: &Condition) {
        self.refers_to_channel(place, &condition.channel);
        let (low, high) = (condition.at_least, condition.below);
        if low.is_none() && high.is_none() {
            let fault = format!("condition on `{}` has no bound", condition.channel);
            self.report(place, fault, "give `at_least`, `below` or both");
        }
        if let (Some(low), Some(high)) = (low, high)
            && low >= high
        {
            let fault = format!("`at_least` {low} is not less than `below` {high}");
            self.report(place, fault, "no value can fulfil both: change one");
        }
        if condition.hysteresis.is_some_and(|slack| slack.get() < 0.0) {
            self.report(place, "`hysteresis` is negative", "write 0 or more");
        }
    }

    fn component(&mut self, component: &Component) {
        let place = format!("component `{}`", component.id);
        self.id(&place, &component.id);
        self.share(&place, "probability_threshold", component.probability_threshold);
        if component.modes.is_empty() {
            self.report(&place, "has no failure mode", "add one with [[component.mode]]");
        }
        if let Some(costs) = component.costs {
            if costs.repair_min.get() < 0.0 || costs.repair_min > costs.repair_max {
                let fault = format!("repair costs {} to {}", costs.repair_min, costs.repair_max);
                self.report(&place, fault, "write the lower amount as `repair_min`, 0 or more");
            }
            if self.document.currency.is_none() {
                self.report(&place, "has costs", "add `currency` to the profile");
            }
        }
        for mode in &component.modes {
            self.mode(mode);
        }
    }

    fn mode(&mut self, mode: &FailureMode) {
        let place = format!("failure mode `{}`", mode.id);
        self.id(&place, &mode.id);
        if !mode.evidence.iter().any(|evidence| evidence.role == Role::Primary) {
            self.report(&place, "has no primary evidence", "give one channel `role = \"primary\"`");
        }
        for evidence in &mode.evidence {
            self.positive(&place, "weight", evidence.weight);
            if !self.refers_to_channel(&place, &evidence.channel) {
                continue;
            }
            let channel = self.document.channel(&evidence.channel);
            if evidence.worse.or(channel.and_then(|channel| channel.worse)).is_none() {
                let fault = format!("channel `{}` has no direction", evidence.channel);
                self.report(&place, fault, "add `worse` here or to the channel");
            }
        }
        for code in &mode.codes {
            self.code(&place, code);
        }
    }

    fn code(&mut self, place: &str, code: &CodeEvidence) {
        self.positive(place, "weight", code.weight);
        if code.obd2.is_some() == code.spn.is_some() {
            self.report(place, "a code is neither or both of `obd2` and `spn`", "give one");
        }
        if code.spn.is_some() == code.fmi.is_empty() {
            self.report(place, "`spn` and `fmi` belong together", "give both or neither");
        }
        if let Some(fmi) = code.fmi.iter().find(|fmi| **fmi > FMI_MAX) {
            self.report(place, format!("`fmi` is {fmi}"), format!("write 0 to {FMI_MAX}"));
        }
    }

    fn features(&mut self) {
        let document = self.document;
        let features = &document.features;
        for (list, channels) in [
            ("current", &features.current),
            ("deviation", &features.deviation),
            ("slope", &features.slope),
            ("slope_per_1000km", &features.slope_per_1000km),
            ("mean_7d", &features.mean_7d),
        ] {
            let place = format!("features, list `{list}`");
            self.unique(&format!("{place}, channel"), channels.iter());
            for channel in channels {
                self.refers_to_channel(&place, channel);
            }
        }
        let trends = |id: &String| document.channel(id).map_or(&[][..], |channel| &channel.trends);
        for id in features.slope.iter().filter(|id| trends(id).is_empty()) {
            let fault = format!("channel `{id}` keeps no trend");
            self.report("features, list `slope`", fault, "add `trends` to the channel");
        }
        for id in &features.slope_per_1000km {
            if !trends(id).contains(&Reach::Week) {
                let fault = format!("channel `{id}` keeps no trend of a week");
                let remedy = "add `week` to the channel's `trends`";
                self.report("features, list `slope_per_1000km`", fault, remedy);
            }
        }
        let needs_usage = !features.slope_per_1000km.is_empty()
            || features.history.contains(&super::HistoryFeature::KmSinceService);
        if needs_usage && document.usage.is_none() {
            self.report("features", "some count kilometres", "add `usage`, the odometer's channel");
        }
        self.repeated("time", &features.time);
        self.repeated("history", &features.history);
    }

    fn repeated<T: PartialEq>(&mut self, list: &str, items: &[T]) {
        if items.iter().enumerate().any(|(index, item)| items[..index].contains(item)) {
            self.report(&format!("features, list `{list}`"), "names one twice", "remove one");
        }
    }

    fn severity(&mut self) {
        let rules = self.document.severity;
        let probabilities = [
            ("emergency_safety_probability", rules.emergency_safety_probability),
            ("emergency_probability", rules.emergency_probability),
            ("high_probability", rules.high_probability),
            ("medium_probability", rules.medium_probability),
        ];
        for (name, value) in probabilities {
            self.share("severity", name, value);
        }
        let grave = rules.emergency_safety_probability.get().min(rules.emergency_probability.get());
        if !(grave > rules.high_probability.get()
            && rules.high_probability > rules.medium_probability)
        {
            let fault = format!(
                "probabilities {grave}, {} and {} do not fall",
                rules.high_probability, rules.medium_probability
            );
            self.report("severity", fault, "order them: emergency, high, medium");
        }
    }
}

/// The id that was probably meant.
fn suggestion<'i>(id: &str, ids: impl Iterator<Item = &'i str>) -> String {
    match ids.min_by_key(|known| strsim::osa_distance(id, known)) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => "there is none to refer to".to_owned(),
    }
}
