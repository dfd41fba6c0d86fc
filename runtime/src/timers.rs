//! Durable timers: kept with the memory they belong to, fired through the log.

use messages::{Class, Message, Record, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Most timers that one key may have at a time.
pub const TIMERS_PER_KEY_MAX: usize = 32;

/// Most timers of one host that are fired at once; the rest follow at its next look.
pub const TIMERS_FIRED_MAX: usize = 512;

/// The timers of one key, saved with its state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Timers {
    armed: BTreeMap<String, Armed>,
    generation: u64,
}

/// One timer that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Armed {
    /// When it is due.
    pub(crate) due_at: Timestamp,
    /// Which arming this is; a firing of an earlier one is stale.
    pub(crate) generation: u64,
    /// Trace of the message that armed it, which its firing goes on with.
    pub(crate) traceparent: Option<String>,
}

/// The timers of one key, none of which goes on with a trace; so all were stored before there were such.
#[derive(Serialize, Deserialize)]
pub(crate) struct UntracedTimers {
    armed: BTreeMap<String, UntracedArmed>,
    generation: u64,
}

#[derive(Serialize, Deserialize)]
struct UntracedArmed {
    due_at: Timestamp,
    generation: u64,
}

impl From<UntracedTimers> for Timers {
    fn from(untraced: UntracedTimers) -> Self {
        let armed = untraced.armed.into_iter().map(|(name, armed)| {
            let UntracedArmed { due_at, generation } = armed;
            (name, Armed { due_at, generation, traceparent: None })
        });
        Self { armed: armed.collect(), generation: untraced.generation }
    }
}

impl Timers {
    /// The same without traces, if there are none.
    pub(crate) fn untraced(&self) -> Option<UntracedTimers> {
        let one = |(name, armed): (&String, &Armed)| {
            let Armed { due_at, generation, ref traceparent } = *armed;
            let untraced = UntracedArmed { due_at, generation };
            traceparent.is_none().then(|| (name.clone(), untraced))
        };
        let armed = self.armed.iter().map(one).collect::<Option<_>>()?;
        Some(UntracedTimers { armed, generation: self.generation })
    }

    /// Arms `name`, in place of an earlier arming, because of a message with this trace; `false` when the key has too
    /// many.
    pub(crate) fn arm(
        &mut self,
        name: &str,
        due_at: Timestamp,
        traceparent: Option<String>,
    ) -> bool {
        if self.armed.len() >= TIMERS_PER_KEY_MAX && !self.armed.contains_key(name) {
            return false;
        }
        self.generation += 1;
        let generation = self.generation;
        self.armed.insert(name.to_owned(), Armed { due_at, generation, traceparent });
        true
    }

    pub(crate) fn cancel(&mut self, name: &str) {
        self.armed.remove(name);
    }

    /// Takes `name` if its arming is the one that fired.
    pub(crate) fn take(&mut self, name: &str, generation: u64) -> bool {
        let current = self.armed.get(name).is_some_and(|armed| armed.generation == generation);
        if current {
            self.armed.remove(name);
        }
        current
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Armed)> {
        self.armed.iter().map(|(name, armed)| (name.as_str(), armed))
    }
}

/// A timer was due. Appended to the host's own input; it acts when it is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimerFired {
    /// The agent whose timer it is.
    pub agent: String,
    /// The key it belongs to.
    pub key: String,
    /// Its name.
    pub timer: String,
    /// Which arming fired.
    pub generation: u64,
}

impl Record for TimerFired {
    const SCHEMA: u16 = 3;
}

impl Message for TimerFired {
    const NAME: &'static str = "timer.fired";
    const CLASS: Class = Class::Timer;

    fn key(&self) -> &str {
        &self.key
    }
}

/// Index over all timers of a host by due time. In memory only: rebuilt from the states.
#[derive(Debug, Default)]
pub(crate) struct Wheel {
    due: BTreeSet<Entry>,
    firing: BTreeSet<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    due_at: Timestamp,
    key: String,
    name: String,
    generation: u64,
    traceparent: Option<String>,
}

impl Wheel {
    /// Forgets the `before` timers of `key` and notes the `after` ones.
    pub(crate) fn replace(&mut self, key: &str, before: &Timers, after: &Timers) {
        if before == after {
            return;
        }
        for entry in entries(key, before) {
            self.due.remove(&entry);
            self.firing.remove(&entry);
        }
        // One by one: `extend` would build the whole set anew.
        for entry in entries(key, after) {
            self.due.insert(entry);
        }
    }

    /// When the next timer is due.
    pub(crate) fn next_due_at(&self) -> Option<Timestamp> {
        self.due.first().map(|entry| entry.due_at)
    }

    /// Timers due at `now`, each handed out once, with the trace that its firing goes on with.
    pub(crate) fn take_due(
        &mut self,
        now: Timestamp,
        agent: &str,
    ) -> Vec<(TimerFired, Option<String>)> {
        let mut fired = Vec::new();
        while fired.len() < TIMERS_FIRED_MAX
            && self.due.first().is_some_and(|entry| entry.due_at <= now)
        {
            let Some(entry) = self.due.pop_first() else { break };
            let firing = TimerFired {
                agent: agent.to_owned(),
                key: entry.key.clone(),
                timer: entry.name.clone(),
                generation: entry.generation,
            };
            fired.push((firing, entry.traceparent.clone()));
            self.firing.insert(entry);
        }
        fired
    }

    pub(crate) fn len(&self) -> usize {
        self.due.len()
    }
}

fn entries<'a>(key: &'a str, timers: &'a Timers) -> impl Iterator<Item = Entry> + 'a {
    timers.iter().map(|(name, armed)| Entry {
        due_at: armed.due_at,
        key: key.to_owned(),
        name: name.to_owned(),
        generation: armed.generation,
        traceparent: armed.traceparent.clone(),
    })
}
