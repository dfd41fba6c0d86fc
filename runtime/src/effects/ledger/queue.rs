//! Intents that wait, the most urgent first, those of one urgency in the order of the log.

use messages::prediction::Severity;
use messages::{Sequence, Timestamp};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Where an intent stands among those that wait: smaller is sooner.
pub(super) type Place = (Reverse<Severity>, Sequence);

/// Places, each with the moment from which on something can be done about it.
#[derive(Debug, Default)]
pub(super) struct Queue {
    ready: BTreeSet<Place>,
    later: BTreeSet<(Timestamp, Place)>,
    wake_at: BTreeMap<Place, Timestamp>,
}

impl Queue {
    /// Puts `place` to `wake_at`, wherever it was.
    pub(super) fn put(&mut self, place: Place, wake_at: Timestamp) {
        self.remove(place);
        self.later.insert((wake_at, place));
        self.wake_at.insert(place, wake_at);
    }

    pub(super) fn remove(&mut self, place: Place) {
        if let Some(wake_at) = self.wake_at.remove(&place) {
            self.later.remove(&(wake_at, place));
            self.ready.remove(&place);
        }
    }

    /// Makes ready what is due at `now`.
    pub(super) fn wake(&mut self, now: Timestamp) {
        while self.next_at().is_some_and(|wake_at| wake_at <= now) {
            let Some((_, place)) = self.later.pop_first() else { break };
            self.ready.insert(place);
        }
    }

    /// The first ready place behind `after`.
    pub(super) fn ready_behind(&self, after: Option<Place>) -> Option<Place> {
        match after {
            None => self.ready.first().copied(),
            Some(after) => {
                let behind = (std::ops::Bound::Excluded(after), std::ops::Bound::Unbounded);
                self.ready.range(behind).next().copied()
            }
        }
    }

    /// When something can be done next, with nothing ready.
    pub(super) fn next_at(&self) -> Option<Timestamp> {
        self.later.first().map(|(wake_at, _)| *wake_at)
    }

    /// Every place, the least urgent and newest first.
    pub(super) fn least_first(&self) -> impl Iterator<Item = Place> + '_ {
        self.wake_at.keys().rev().copied()
    }
}
