//! How the ledger learns from the log: intents, attempts, conclusions, and what people decided.

use super::intent::{Intent, Stage, Tried};
use super::known::Met;
use super::queue::Place;
use super::{EFFECT_KEY_BYTES_MAX, Ledger, QUEUE_INTENTS_MAX, cut};
use crate::engine::KEY_BYTES_MAX;
use messages::case::{CaseDecided, Decision};
use messages::effect::{Conclusion, EffectAttempted, EffectConcluded};
use messages::{Envelope, Message, Sequence, Timestamp};
use std::cmp::Reverse;
use std::sync::Arc;

impl Ledger {
    /// Reads `envelope` as `M`; ours are readable, and others' that are not say nothing.
    pub(super) fn opened<M: Message>(
        &mut self,
        envelope: &Arc<Envelope>,
        take: impl FnOnce(&mut Self, M, &Envelope),
    ) {
        match envelope.open::<M>() {
            Ok(message) => take(self, message, envelope),
            Err(error) => tracing::error!(name = M::NAME, %error, "cannot be read"),
        }
    }

    /// Takes up an intent; `false` when there is no room for it.
    pub(super) fn read_intent(
        &mut self,
        sequence: Sequence,
        envelope: &Arc<Envelope>,
        new: bool,
    ) -> bool {
        if self.places.contains_key(&envelope.id) {
            return true;
        }
        let registered = self.effects.get(&envelope.name).expect("it was looked up").clone();
        let terms = match registered.read(envelope) {
            Ok(terms) if fits(&terms.effect_key, &envelope.key) => terms,
            unusable => {
                let reason = unusable.map_or_else(|error| error.to_string(), |_| "key".to_owned());
                tracing::error!(name = envelope.name, id = %envelope.id, reason, "intent unusable");
                self.counts.unreadable += u64::from(new);
                return true;
            }
        };
        let place = (Reverse(terms.urgency), sequence);
        if self.pending() >= QUEUE_INTENTS_MAX && !self.make_room(place) {
            self.counts.intents += u64::from(new);
            return false;
        }
        self.counts.intents += u64::from(new);
        let key = (envelope.name.clone(), terms.effect_key.clone());
        let (stage, verdict) = match self.known.meet(&key, envelope.id, sequence) {
            Met::First => (Stage::Waiting, None),
            Met::Concluded(Conclusion::Uncertain { .. }) => (Stage::Uncertain, None),
            Met::Concluded(_) => return true,
            Met::Repeats(conclusion) => {
                self.counts.repeated += u64::from(new);
                (conclusion.as_ref().map_or(Stage::Following, |_| Stage::Waiting), conclusion)
            }
        };
        let mut tried = self.tried.remove(&envelope.id).unwrap_or_default();
        tried.doubt = tried.attempts > 0;
        self.uncertain += usize::from(stage == Stage::Uncertain);
        let envelope = envelope.clone();
        self.places.insert(envelope.id, sequence);
        self.open.insert(
            sequence,
            Intent {
                envelope,
                registered,
                terms,
                stage,
                was_uncertain: stage == Stage::Uncertain,
                tried,
                asks: 0,
                asked_at: Timestamp::MIN,
                failure: None,
                verdict,
            },
        );
        if stage == Stage::Waiting {
            self.wait(sequence);
        }
        true
    }

    /// Leaves the least urgent untouched intent on the log if it is less urgent than `place`.
    fn make_room(&mut self, place: Place) -> bool {
        let untouched = |place: &Place| self.open[&place.1].is_untouched();
        let least = self.queue.least_first().find(untouched);
        let Some(least) = least.filter(|least| *least > place) else { return false };
        let mut leaving = vec![least.1];
        while let Some(sequence) = leaving.pop() {
            let Some(intent) = self.open.remove(&sequence) else { continue };
            self.queue.remove((Reverse(intent.terms.urgency), sequence));
            self.places.remove(&intent.id());
            let key = (intent.envelope.name.clone(), intent.terms.effect_key.clone());
            leaving.extend(self.known.let_go(&key, intent.id(), sequence));
            self.overflow(Some(sequence));
        }
        true
    }

    /// Counts an intent that is left on the log, if one is.
    pub(super) fn overflow(&mut self, left: Option<Sequence>) {
        if let Some(sequence) = left {
            self.counts.overflowed += 1;
            self.pass_over(sequence);
        }
    }

    pub(super) fn pass_over(&mut self, sequence: Sequence) {
        self.passed_over = Some(self.passed_over.map_or(sequence, |first| first.min(sequence)));
    }

    pub(super) fn read_attempted(&mut self, attempted: EffectAttempted, envelope: &Envelope) {
        self.counts.attempted += 1;
        let Some(&sequence) = self.places.get(&attempted.intent) else {
            let tried = Tried { attempts: attempted.attempt, at: envelope.time, doubt: true };
            self.tried.insert(attempted.intent, tried);
            return;
        };
        let intent = self.open.get_mut(&sequence).expect("what has a place is open");
        intent.tried.attempts = intent.tried.attempts.max(attempted.attempt);
        intent.tried.at = envelope.time;
        if intent.stage == Stage::Waiting {
            // Nobody here is calling: it was noted before a crash, and no conclusion came.
            intent.tried.doubt = true;
            self.wait(sequence);
        }
    }

    pub(super) fn read_concluded(&mut self, concluded: &EffectConcluded) {
        let EffectConcluded { intent, effect, effect_key, conclusion, .. } = concluded;
        let is_uncertain = matches!(conclusion, Conclusion::Uncertain { .. });
        self.tried.remove(intent);
        let key = (effect.clone(), effect_key.clone());
        let followers = self.known.conclude(&key, *intent, conclusion);
        let place = self.places.get(intent).map(|&sequence| self.place(sequence));
        let mut resolved = false;
        if let Some(place) = place {
            self.queue.remove(place);
            let open = self.open.get_mut(&place.1).expect("what has a place is open");
            resolved = open.was_uncertain;
            self.uncertain -= usize::from(open.stage == Stage::Uncertain);
            if is_uncertain {
                open.stage = Stage::Uncertain;
                open.was_uncertain = true;
                open.verdict = None;
                self.uncertain += 1;
            } else {
                self.open.remove(&place.1);
                self.places.remove(intent);
            }
        }
        self.count(conclusion, resolved);
        for follower in followers {
            if let Some(open) = self.open.get_mut(&follower) {
                open.stage = Stage::Waiting;
                open.verdict = Some(conclusion.clone());
                self.wait(follower);
            }
        }
    }

    fn count(&mut self, conclusion: &Conclusion, resolved: bool) {
        let counts = &mut self.counts;
        counts.resolved += u64::from(resolved);
        let count = match conclusion {
            Conclusion::Accepted { .. } => &mut counts.accepted,
            Conclusion::Refused { .. } => &mut counts.refused,
            Conclusion::Expired => &mut counts.expired,
            Conclusion::Unreachable { .. } => &mut counts.unreachable,
            Conclusion::Uncertain { .. } => &mut counts.uncertain,
        };
        *count += 1;
    }

    /// A person has found out what became of an uncertain effect: it ends so, once.
    pub(super) fn read_decided(&mut self, decided: &CaseDecided) {
        let Decision::Resolve { intent, happened } = decided.decision else { return };
        let sequence = self.places.get(&intent).copied();
        let open = sequence.and_then(|sequence| Some((sequence, self.open.get(&sequence)?)));
        let found = open.filter(|(_, open)| {
            let of_case = open.case().is_none_or(|case| case == decided.case);
            open.stage == Stage::Uncertain && open.verdict.is_none() && of_case
        });
        let Some((_, first)) = found else {
            self.counts.decided_in_vain += 1;
            return;
        };
        let by = cut(decided.by.clone());
        let verdict = if happened {
            Conclusion::Accepted { reference: Some(format!("found out by {by}")), reply: None }
        } else {
            Conclusion::Refused { reason: format!("it did not happen, as {by} found out") }
        };
        let key = (first.envelope.name.clone(), first.terms.effect_key.clone());
        let same = self.open.iter().filter(|(_, open)| {
            open.stage == Stage::Uncertain
                && (&open.envelope.name, &open.terms.effect_key) == (&key.0, &key.1)
        });
        let same: Vec<Sequence> = same.map(|(&sequence, _)| sequence).collect();
        for sequence in same {
            let open = self.open.get_mut(&sequence).expect("it was found above");
            open.verdict = Some(verdict.clone());
            self.wait(sequence);
        }
    }
}

/// Whether an intent's keys fit into what is said about it.
fn fits(effect_key: &str, key: &str) -> bool {
    !effect_key.is_empty() && effect_key.len() <= EFFECT_KEY_BYTES_MAX && key.len() <= KEY_BYTES_MAX
}
