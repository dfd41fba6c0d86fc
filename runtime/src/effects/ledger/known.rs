//! What is known of each effect key, so that two intents under one key are one effect.

use messages::effect::Conclusion;
use messages::{MessageId, Sequence};
use std::collections::{BTreeMap, VecDeque};

/// Concluded effects whose keys are remembered; a repetition of an older one is a new effect.
pub const KEYS_KNOWN_MAX: usize = 200_000;

/// Name of the effect and its key.
pub(super) type Key = (String, String);

/// How an intent stands to the earlier ones under its key.
pub(super) enum Met {
    /// It is the first, and not concluded.
    First,
    /// It was concluded already.
    Concluded(Conclusion),
    /// Another one was first; how that ended, if it has.
    Repeats(Option<Conclusion>),
}

/// Keys, each with its first intent.
#[derive(Debug, Default)]
pub(super) struct Known {
    by_key: BTreeMap<Key, First>,
    /// Concluded keys in the order of their conclusions.
    concluded: VecDeque<Key>,
}

#[derive(Debug)]
struct First {
    intent: MessageId,
    conclusion: Option<Conclusion>,
    /// Positions of intents that wait for this one's conclusion.
    followers: Vec<Sequence>,
    /// Other intents under the key that are concluded.
    also: Vec<MessageId>,
}

impl First {
    fn of(intent: MessageId) -> Self {
        Self { intent, conclusion: None, followers: Vec::new(), also: Vec::new() }
    }
}

impl Known {
    /// Takes note of `intent` at `sequence` under `key`.
    pub(super) fn meet(&mut self, key: &Key, intent: MessageId, sequence: Sequence) -> Met {
        let Some(first) = self.by_key.get_mut(key) else {
            self.by_key.insert(key.clone(), First::of(intent));
            return Met::First;
        };
        let done = first.intent == intent || first.also.contains(&intent);
        match (&first.conclusion, done) {
            (None, true) => Met::First,
            (None, false) => {
                first.followers.push(sequence);
                Met::Repeats(None)
            }
            (Some(conclusion), true) => Met::Concluded(conclusion.clone()),
            (Some(conclusion), false) => Met::Repeats(Some(conclusion.clone())),
        }
    }

    /// Takes note that `intent` under `key` is concluded; gives the positions of those that waited for it.
    pub(super) fn conclude(
        &mut self,
        key: &Key,
        intent: MessageId,
        conclusion: &Conclusion,
    ) -> Vec<Sequence> {
        let first = self.by_key.entry(key.clone()).or_insert_with(|| First::of(intent));
        if first.intent != intent {
            first.also.push(intent);
            return Vec::new();
        }
        if first.conclusion.replace(conclusion.clone()).is_none() {
            self.concluded.push_back(key.clone());
        }
        std::mem::take(&mut first.followers)
    }

    /// Forgets an intent that is not concluded; gives the positions of those that waited for it.
    pub(super) fn let_go(
        &mut self,
        key: &Key,
        intent: MessageId,
        sequence: Sequence,
    ) -> Vec<Sequence> {
        let Some(first) = self.by_key.get_mut(key) else { return Vec::new() };
        if first.intent != intent {
            first.followers.retain(|follower| *follower != sequence);
            return Vec::new();
        }
        self.by_key.remove(key).map_or_else(Vec::new, |first| first.followers)
    }

    /// Forgets the oldest beyond [`KEYS_KNOWN_MAX`].
    pub(super) fn trim(&mut self) {
        while self.concluded.len() > KEYS_KNOWN_MAX {
            if let Some(key) = self.concluded.pop_front() {
                self.by_key.remove(&key);
            }
        }
    }
}
