//! A population in counts: how many assets of which attributes are watched, how long each of their components has been,
//! and what failed. Counts do not grow with the number of assets.

use messages::pattern::{AssetCounted, Change, ComponentReported, Explanation, Group, Report};
use messages::{MessageId, Timestamp};
use models::reliability::weibull;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// Combinations of attributes that are counted apart; assets of further ones count without their attributes.
pub const COHORTS_MAX: usize = 512;
/// Names of models, suppliers, batches, causes, parts and workshops that are known; further ones count as unnamed.
pub const NAMES_MAX: usize = 512;
/// Longest of these names, in bytes; a longer one counts as unnamed.
pub const NAME_BYTES_MAX: usize = 64;
/// Ages that are counted apart; beyond it they are counted in steps twice as long.
pub const AGES_MAX: usize = 8_192;
/// Newest failures of a component that are known one by one.
pub const RECENT_MAX: usize = 240;

const HOUR_MS: i64 = 3_600_000;
const DAY_HOURS: f64 = 24.0;
const DAY_MS: i64 = 24 * HOUR_MS;
/// Step in which ages are counted at first, in days.
const STEP_DAYS: u16 = 15;

/// A name's place.
type NameId = u16;

/// A combination of attributes: its place.
pub(super) type Cohort = u16;

/// The counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Census {
    /// Since when anything is counted.
    pub(super) since: Option<Timestamp>,
    step_days: u16,
    names: Vec<String>,
    cohorts: Vec<[Option<NameId>; 3]>,
    pub(super) components: BTreeMap<String, Counts>,
    /// Assets by cohort.
    assets: BTreeMap<Cohort, u32>,
}

/// The counts of one component.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Counts {
    watched: BTreeMap<Cohort, Watched>,
    failures: BTreeMap<Cohort, u32>,
    #[serde(with = "pairs")]
    current: BTreeMap<Current, u32>,
    #[serde(with = "pairs")]
    ended: BTreeMap<Ended, u32>,
    pub(super) recent: VecDeque<Failure>,
}

/// How long so many were watched, in hours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Watched {
    pub(super) count: u32,
    from_sum: i64,
    past: i64,
}

/// Lives under way, by when they began and since when they are watched, in steps since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Current {
    cohort: Cohort,
    born: i32,
    watched: i32,
}

/// Lives that have ended, by their ages in steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Ended {
    cohort: Cohort,
    from: u16,
    until: u16,
    failed: bool,
}

/// A failure that is known one by one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Failure {
    pub(super) id: MessageId,
    pub(super) at: Timestamp,
    pub(super) age_days: u16,
    pub(super) cohort: Cohort,
    cause: Option<NameId>,
    part: Option<NameId>,
    workshop: Option<NameId>,
    pub(super) foreseen: Option<bool>,
}

/// What one group of a component adds up to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sum {
    pub(super) failures: u64,
    pub(super) assets: u64,
    pub(super) days: f64,
}

impl Default for Census {
    fn default() -> Self {
        Self {
            since: None,
            step_days: STEP_DAYS,
            names: Vec::new(),
            cohorts: Vec::new(),
            components: BTreeMap::new(),
            assets: BTreeMap::new(),
        }
    }
}

/// Maps whose keys are no texts, as lists of pairs: shown to people as JSON, where a key is a text.
mod pairs {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::collections::BTreeMap;

    pub(super) fn serialize<K: Serialize, S: Serializer>(
        map: &BTreeMap<K, u32>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(map)
    }

    pub(super) fn deserialize<'de, K: Deserialize<'de> + Ord, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<K, u32>, D::Error> {
        Ok(Vec::<(K, u32)>::deserialize(deserializer)?.into_iter().collect())
    }
}

fn hours(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(HOUR_MS)
}

impl Watched {
    pub(super) fn add(&mut self, from: Timestamp) {
        self.count += 1;
        self.from_sum += hours(from);
    }

    pub(super) fn remove(&mut self, from: Timestamp, now: Timestamp) {
        self.count = self.count.saturating_sub(1);
        self.from_sum -= hours(from);
        self.past += (hours(now) - hours(from)).max(0);
    }

    /// Days of life, all together, until `now`.
    pub(super) fn days(&self, now: Timestamp) -> f64 {
        let hours = self.past + i64::from(self.count) * hours(now) - self.from_sum;
        hours.max(0) as f64 / DAY_HOURS
    }
}

impl Census {
    /// Lets an asset join or leave.
    pub(super) fn count(&mut self, counted: &AssetCounted, components: &[String], now: Timestamp) {
        let cohort = self.cohort(&counted.group);
        self.since.get_or_insert(counted.watched_from);
        let assets = self.assets.entry(cohort).or_default();
        match counted.change {
            Change::Joined => *assets += 1,
            Change::Left => *assets = assets.saturating_sub(1),
        }
        let step = self.step_days;
        for component in components {
            let born_at = counted.renewed.get(component).copied().unwrap_or(counted.born_at);
            let watched_from = counted.watched_from.max(born_at);
            let counts = self.components.entry(component.clone()).or_default();
            let watched = counts.watched.entry(cohort).or_default();
            match counted.change {
                Change::Joined => {
                    watched.add(counted.watched_from);
                    counts.begin(step, cohort, born_at, watched_from);
                }
                Change::Left => {
                    watched.remove(counted.watched_from, now);
                    counts.end(step, cohort, [born_at, watched_from, now], false);
                }
            }
        }
        self.coarsen();
    }

    /// Takes in what became known of a component.
    pub(super) fn report(&mut self, reported: &ComponentReported) {
        let cohort = self.cohort(&reported.group);
        let moments = [reported.born_at, reported.watched_from, reported.at];
        let step = self.step_days;
        match &reported.report {
            Report::Failed | Report::Renewed => {
                let failed = reported.report == Report::Failed;
                let counts = self.components.entry(reported.component.clone()).or_default();
                counts.end(step, cohort, moments, failed);
                counts.begin(step, cohort, reported.at, reported.at);
                if let Some(id) = reported.failure.filter(|_| failed) {
                    counts.fail(cohort, id, moments);
                }
            }
            Report::Explained(explanation) => self.explain(reported, explanation),
            Report::Judged { foreseen } => {
                if let Some(failure) = self.failure(reported) {
                    failure.foreseen = Some(*foreseen);
                }
            }
        }
        self.coarsen();
    }

    fn explain(&mut self, reported: &ComponentReported, explanation: &Explanation) {
        let cause = explanation.cause.as_deref().and_then(|name| self.name(name));
        let part = explanation.part.as_deref().and_then(|name| self.name(name));
        let workshop = self.name(&explanation.by);
        if let Some(failure) = self.failure(reported) {
            (failure.cause, failure.part, failure.workshop) = (cause, part, workshop);
        }
    }

    /// The failure that a report is about, if it is among the newest.
    fn failure(&mut self, reported: &ComponentReported) -> Option<&mut Failure> {
        let id = reported.failure?;
        let counts = self.components.get_mut(&reported.component)?;
        counts.recent.iter_mut().rev().find(|failure| failure.id == id)
    }

    /// The place of a name; nothing for one that is too long, or one too many.
    fn name(&mut self, name: &str) -> Option<NameId> {
        let known = self.names.iter().position(|known| known == name);
        let place = known.or_else(|| {
            let fits = self.names.len() < NAMES_MAX && name.len() <= NAME_BYTES_MAX;
            fits.then(|| self.names.push(name.to_owned()))?;
            Some(self.names.len() - 1)
        })?;
        NameId::try_from(place).ok()
    }

    fn cohort(&mut self, group: &Group) -> Cohort {
        let named = [&group.model, &group.supplier, &group.batch];
        let named = named.map(|name| name.as_deref().and_then(|name| self.name(name)));
        let known = self.cohorts.iter().position(|known| *known == named);
        let place = known.unwrap_or_else(|| {
            // The last place is that of assets that count without their attributes.
            let full = self.cohorts.len() + 1 >= COHORTS_MAX;
            let named = if full { [None; 3] } else { named };
            let known = self.cohorts.iter().position(|known| full && *known == named);
            known.unwrap_or_else(|| {
                self.cohorts.push(named);
                self.cohorts.len() - 1
            })
        });
        Cohort::try_from(place).expect("there are at most as many cohorts as are counted apart")
    }

    /// The attributes of a cohort.
    pub(super) fn group(&self, cohort: Cohort) -> Group {
        let named = self.cohorts.get(usize::from(cohort)).copied().unwrap_or_default();
        let [model, supplier, batch] = named.map(|id| id.and_then(|id| self.text(id)));
        Group { model, supplier, batch }
    }

    fn text(&self, id: NameId) -> Option<String> {
        self.names.get(usize::from(id)).cloned()
    }

    /// Cohorts with their attributes, of which assets were ever counted.
    pub(super) fn cohorts(&self) -> Vec<(Cohort, Group)> {
        self.assets.keys().map(|cohort| (*cohort, self.group(*cohort))).collect()
    }

    /// What the cohorts that `wanted` holds of add up to.
    pub(super) fn sum(
        &self,
        component: &str,
        now: Timestamp,
        wanted: impl Fn(Cohort) -> bool,
    ) -> Sum {
        let mut sum = Sum::default();
        let Some(counts) = self.components.get(component) else { return sum };
        for (cohort, watched) in counts.watched.iter().filter(|(cohort, _)| wanted(**cohort)) {
            sum.failures += u64::from(counts.failures.get(cohort).copied().unwrap_or_default());
            sum.assets += u64::from(watched.count);
            sum.days += watched.days(now);
        }
        sum
    }

    /// Assets that are counted.
    pub(super) fn assets(&self) -> u64 {
        self.assets.values().map(|count| u64::from(*count)).sum()
    }

    /// Days to which ages are known.
    pub(super) fn step_days(&self) -> u32 {
        u32::from(self.step_days)
    }

    /// Lives of a component, as many as began and ended at the same ages together.
    pub(super) fn lives(
        &self,
        component: &str,
        now: Timestamp,
        wanted: impl Fn(Cohort) -> bool,
    ) -> Vec<weibull::Lives> {
        let Some(counts) = self.components.get(component) else { return Vec::new() };
        let mut lives: BTreeMap<(u16, u16, bool), u64> = BTreeMap::new();
        let mut add = |key, count: u32| *lives.entry(key).or_default() += u64::from(count);
        let today = step_of(self.step_days, now);
        for (current, count) in counts.current.iter().filter(|(it, _)| wanted(it.cohort)) {
            let [from, until] = [current.watched, today].map(|at| age(current.born, at));
            add((from, until, false), *count);
        }
        for (ended, count) in counts.ended.iter().filter(|(it, _)| wanted(it.cohort)) {
            add((ended.from, ended.until, ended.failed), *count);
        }
        let step = f64::from(self.step_days);
        let life = |((from, until, failed), count): ((u16, u16, bool), u64)| weibull::Lives {
            watched_from: f64::from(from) * step,
            until: (f64::from(until.max(from)) + 0.5) * step,
            failed,
            count,
        };
        lives.into_iter().map(life).collect()
    }

    /// What workshops reported of a failure: cause, part, workshop.
    pub(super) fn explanation(&self, failure: &Failure) -> [Option<&str>; 3] {
        let named = [failure.cause, failure.part, failure.workshop];
        named.map(|id| self.names.get(usize::from(id?)).map(String::as_str))
    }

    /// Counts ages in steps twice as long when there are too many.
    fn coarsen(&mut self) {
        let counted = |counts: &Counts| counts.current.len() + counts.ended.len();
        while self.components.values().map(counted).sum::<usize>() > AGES_MAX {
            self.step_days = self.step_days.saturating_mul(2);
            self.components.values_mut().for_each(Counts::coarsen);
        }
    }
}

fn step_of(step_days: u16, at: Timestamp) -> i32 {
    let step = i64::from(step_days) * DAY_MS;
    i32::try_from(at.as_millis().div_euclid(step)).unwrap_or(i32::MAX)
}

fn age(born: i32, at: i32) -> u16 {
    u16::try_from(at.saturating_sub(born).max(0)).unwrap_or(u16::MAX)
}

impl Counts {
    fn begin(&mut self, step: u16, cohort: Cohort, born_at: Timestamp, watched_from: Timestamp) {
        let [born, watched] = [born_at, watched_from].map(|at| step_of(step, at));
        *self.current.entry(Current { cohort, born, watched }).or_default() += 1;
    }

    fn end(&mut self, step: u16, cohort: Cohort, moments: [Timestamp; 3], failed: bool) {
        let [born, watched, until] = moments.map(|at| step_of(step, at));
        let current = Current { cohort, born, watched };
        if let Some(count) = self.current.get_mut(&current) {
            *count -= 1;
            if *count == 0 {
                self.current.remove(&current);
            }
        }
        let ended = Ended { cohort, from: age(born, watched), until: age(born, until), failed };
        *self.ended.entry(ended).or_default() += 1;
    }

    fn fail(&mut self, cohort: Cohort, id: MessageId, [born_at, _, at]: [Timestamp; 3]) {
        *self.failures.entry(cohort).or_default() += 1;
        let days = at.since(born_at).as_secs() / 86_400;
        self.recent.push_back(Failure {
            id,
            at,
            age_days: u16::try_from(days).unwrap_or(u16::MAX),
            cohort,
            cause: None,
            part: None,
            workshop: None,
            foreseen: None,
        });
        if self.recent.len() > RECENT_MAX {
            self.recent.pop_front();
        }
    }

    fn coarsen(&mut self) {
        for (current, count) in std::mem::take(&mut self.current) {
            let Current { cohort, born, watched } = current;
            let [born, watched] = [born, watched].map(|at| at.div_euclid(2));
            *self.current.entry(Current { cohort, born, watched }).or_default() += count;
        }
        for (ended, count) in std::mem::take(&mut self.ended) {
            let (from, until) = (ended.from / 2, ended.until / 2);
            *self.ended.entry(Ended { from, until, ..ended }).or_default() += count;
        }
    }
}
