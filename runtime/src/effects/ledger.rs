//! What is known of every effect, as a view of the log, and what is to be done next.
//!
//! Pure and synchronous. Whoever drives it lets it [`Ledger::read`] the log in order, takes a [`Step`], makes what the
//! step says durable, and only then makes its [`Call`]. What came of the call goes back through [`Ledger::came`].

mod intent;
mod known;
mod queue;
mod reading;

pub use known::KEYS_KNOWN_MAX;

use super::performer::{Admission, Answer, Attempt};
use super::registry::{Effects, Registered, Ruled};
use crate::guard::Containments;
use crate::store::Delivery;
use intent::{Intent, Next, Stage, Tried};
use known::Known;
use messages::case::CaseDecided;
use messages::effect::{Conclusion, EffectAttempted, EffectConcluded, Policy};
use messages::{Envelope, Message, MessageId, Sequence, Timestamp};
use queue::{Place, Queue};
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Who says what becomes of effects.
pub const SOURCE: &str = "effects";
/// Intents held in memory; the least urgent beyond it stay on the log and are taken up later.
pub const QUEUE_INTENTS_MAX: usize = 10_000;
/// Calls of one effect under way at once.
pub const CALLS_PER_EFFECT_MAX: usize = 8;
/// Attempts at one effect.
pub const ATTEMPTS_MAX: u32 = 8;
/// Questions without an answer after which an effect is uncertain.
pub const ASKS_MAX: u32 = 8;
/// Pause after the first attempt; four times as long after each further one.
pub const RETRY_PAUSE_MIN: Duration = Duration::from_secs(1);
/// Longest pause between two attempts.
pub const RETRY_PAUSE_MAX: Duration = Duration::from_secs(15 * 60);
/// Longest effect key.
pub const EFFECT_KEY_BYTES_MAX: usize = 256;
/// Longest reason or reference of a provider; a longer reason is cut, a longer reference left out.
pub const OUTCOME_REASON_BYTES_MAX: usize = 1024;
/// Longest reply of a provider. A longer one is left out; one that was asked for is then refused.
pub const REPLY_BYTES_MAX: usize = 32 * 1024;

/// What is done next: say it, wait until it is durable, then make the call.
pub struct Step {
    /// What is to be appended to the log.
    pub say: Option<Envelope>,
    /// The call that follows.
    pub call: Option<Call>,
}

/// One call of a provider. May block.
pub struct Call {
    sequence: Sequence,
    registered: Arc<dyn Registered>,
    intent: Arc<Envelope>,
    asks: bool,
}

/// What came of a [`Call`].
#[derive(Debug)]
pub struct Came {
    sequence: Sequence,
    outcome: Outcome,
}

#[derive(Debug)]
enum Outcome {
    Attempt(Attempt),
    Answer(Answer),
}

impl Call {
    /// Makes the call.
    #[must_use]
    pub fn make(self) -> Came {
        let outcome = if self.asks {
            Outcome::Answer(self.registered.query(&self.intent))
        } else {
            Outcome::Attempt(self.registered.perform(&self.intent))
        };
        Came { sequence: self.sequence, outcome }
    }
}

/// Figures, as the log has them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Intents read.
    pub intents: u64,
    /// Attempts noted.
    pub attempted: u64,
    /// Conclusions: done.
    pub accepted: u64,
    /// Conclusions: refused by the provider or a rule.
    pub refused: u64,
    /// Conclusions: too late.
    pub expired: u64,
    /// Conclusions: provider out of reach.
    pub unreachable: u64,
    /// Conclusions: unknown whether it happened, resolved since or not.
    pub uncertain: u64,
    /// Uncertain ones that a person has resolved.
    pub resolved: u64,
    /// Decisions about nothing that was uncertain.
    pub decided_in_vain: u64,
    /// Intents under a key that was known already.
    pub repeated: u64,
    /// Intents left on the log for later because too many waited.
    pub overflowed: u64,
    /// Intents that cannot be read, or have too long a key.
    pub unreadable: u64,
}

/// The view of all effects.
pub struct Ledger {
    effects: Effects,
    rules: BTreeMap<&'static str, Box<dyn Ruled>>,
    position: Sequence,
    open: BTreeMap<Sequence, Intent>,
    places: BTreeMap<MessageId, Sequence>,
    queue: Queue,
    known: Known,
    /// Attempts at intents that were left on the log.
    tried: BTreeMap<MessageId, Tried>,
    /// The first intent left on the log.
    passed_over: Option<Sequence>,
    calls: BTreeMap<String, usize>,
    uncertain: usize,
    counts: Counts,
    containments: Containments,
}

impl Ledger {
    /// A ledger that has read nothing; the first record it reads is the one behind `position`.
    #[must_use]
    pub fn new(effects: Effects, position: Sequence) -> Self {
        Self {
            rules: effects.rules(),
            effects,
            position,
            open: BTreeMap::new(),
            places: BTreeMap::new(),
            queue: Queue::default(),
            known: Known::default(),
            tried: BTreeMap::new(),
            passed_over: None,
            calls: BTreeMap::new(),
            uncertain: 0,
            counts: Counts::default(),
            containments: Containments::default(),
        }
    }

    /// Position of the last record read.
    #[must_use]
    pub fn position(&self) -> Sequence {
        self.position
    }

    /// Figures.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Intents about which something is still to be done.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.open.len() - self.uncertain
    }

    /// Intents that a person must find out about.
    #[must_use]
    pub fn uncertain(&self) -> usize {
        self.uncertain
    }

    /// Calls under way.
    #[must_use]
    pub fn calling(&self) -> usize {
        self.calls.values().sum()
    }

    /// When something can be done next, with nothing that can be done now.
    #[must_use]
    pub fn next_due_at(&self) -> Option<Timestamp> {
        self.queue.next_at()
    }

    /// Reads the record behind [`Ledger::position`]; one that was read before is passed over.
    pub fn read(&mut self, delivery: &Delivery) {
        if delivery.sequence <= self.position {
            return;
        }
        self.position = delivery.sequence;
        let envelope = &delivery.envelope;
        self.rules.values_mut().for_each(|rules| rules.hear(envelope));
        if self.containments.hear(envelope) {
            self.look_again(&envelope.key);
        }
        match envelope.name.as_str() {
            EffectAttempted::NAME if envelope.source == SOURCE => {
                self.opened(envelope, Self::read_attempted);
            }
            EffectConcluded::NAME if envelope.source == SOURCE => {
                self.opened(envelope, |ledger, concluded, _| ledger.read_concluded(&concluded));
            }
            CaseDecided::NAME => {
                self.opened(envelope, |ledger, decided, _| ledger.read_decided(&decided));
            }
            name if self.effects.get(name).is_some() => {
                let taken = self.read_intent(delivery.sequence, envelope, true);
                self.overflow((!taken).then_some(delivery.sequence));
            }
            _ => {}
        }
        if self.passed_over.is_none() {
            self.known.trim();
        }
    }

    /// Position from which on intents that were left on the log can be taken up, once there is room.
    #[must_use]
    pub fn passed_over(&self) -> Option<Sequence> {
        let first = self.passed_over.filter(|_| self.pending() <= QUEUE_INTENTS_MAX / 2)?;
        Some(first - 1)
    }

    /// Takes up the intent at `delivery` if it was left there; whether to go on with the next record.
    pub fn take_up(&mut self, delivery: &Delivery) -> bool {
        if delivery.sequence > self.position {
            return false;
        }
        if self.pending() >= QUEUE_INTENTS_MAX {
            return false;
        }
        self.passed_over = None;
        let envelope = &delivery.envelope;
        if self.effects.get(&envelope.name).is_some() {
            let taken = self.read_intent(delivery.sequence, envelope, false);
            assert!(taken, "there is room: it was looked for above");
        }
        if delivery.sequence < self.position {
            self.pass_over(delivery.sequence + 1);
        }
        true
    }

    /// The next thing to do at `now`, if there is any.
    pub fn take(&mut self, now: Timestamp) -> Option<Step> {
        self.queue.wake(now);
        let mut after = None;
        while let Some(place) = self.queue.ready_behind(after) {
            after = Some(place);
            if let Some(step) = self.step(place, now) {
                return Some(step);
            }
        }
        None
    }

    /// Takes what came of a call; what is to be said about it, if it is the end.
    pub fn came(&mut self, came: Came, now: Timestamp) -> Option<Envelope> {
        let intent = self.open.get_mut(&came.sequence)?;
        if let Some(calls) = self.calls.get_mut(&intent.envelope.name) {
            *calls -= 1;
        }
        intent.stage = Stage::Waiting;
        let policy = intent.terms.policy;
        match came.outcome {
            Outcome::Attempt(Attempt::Accepted { reference, reply })
            | Outcome::Answer(Answer::Found { reference, reply }) => {
                intent.verdict = Some(accepted(policy, reference, reply));
            }
            Outcome::Attempt(Attempt::Refused { reason }) => {
                intent.verdict = Some(Conclusion::Refused { reason: cut(reason) });
            }
            Outcome::Attempt(Attempt::Unreached { reason }) => intent.failure = Some(cut(reason)),
            Outcome::Attempt(Attempt::Lost { reason }) => {
                intent.failure = Some(cut(reason));
                intent.tried.doubt = true;
            }
            Outcome::Answer(Answer::NotFound) => intent.tried.doubt = false,
            Outcome::Answer(Answer::Unreached { reason }) => {
                intent.failure = Some(cut(reason));
                intent.asks += 1;
                intent.asked_at = now;
            }
        }
        match intent.verdict.clone() {
            Some(verdict) => Some(self.conclude(came.sequence, verdict)),
            None => {
                self.wait(came.sequence);
                None
            }
        }
    }

    fn step(&mut self, place: Place, now: Timestamp) -> Option<Step> {
        let (_, sequence) = place;
        let intent = self.open.get(&sequence).expect("what waits is open");
        let name = intent.envelope.name.clone();
        let full = self.calls.get(&name).is_some_and(|calls| *calls >= CALLS_PER_EFFECT_MAX);
        if full && !intent.is_past(now) {
            return None;
        }
        let rules = self.rules.get(name.as_str()).expect("what is open is registered");
        let admit = || match self.containments.is_suspect(&intent.envelope) {
            true => Admission::NotBefore(Timestamp::MAX),
            false => rules.admit(&intent.envelope, now),
        };
        match intent.next(now, self.effects.keeps_simulated_inside(), admit) {
            Next::Conclude(conclusion) => {
                let say = Some(self.conclude(sequence, conclusion));
                Some(Step { say, call: None })
            }
            Next::WaitUntil(moment) => {
                self.queue.put(place, moment);
                None
            }
            Next::Ask | Next::Attempt if full => None,
            Next::Ask => Some(self.call(place, None, true)),
            Next::Attempt => {
                let say = intent.attempted();
                let intent = self.open.get_mut(&sequence).expect("it was found above");
                intent.tried.attempts += 1;
                intent.tried.at = now;
                Some(self.call(place, Some(say), false))
            }
        }
    }

    fn call(&mut self, place: Place, say: Option<Envelope>, asks: bool) -> Step {
        self.queue.remove(place);
        let (_, sequence) = place;
        let intent = self.open.get_mut(&sequence).expect("what is called is open");
        intent.stage = Stage::Calling;
        *self.calls.entry(intent.envelope.name.clone()).or_default() += 1;
        let (registered, envelope) = (intent.registered.clone(), intent.envelope.clone());
        Step { say, call: Some(Call { sequence, registered, intent: envelope, asks }) }
    }

    /// Says how the intent at `sequence` ended; it is closed once that is read from the log.
    fn conclude(&mut self, sequence: Sequence, conclusion: Conclusion) -> Envelope {
        let place = self.place(sequence);
        self.queue.remove(place);
        let intent = self.open.get_mut(&sequence).expect("what is concluded is open");
        let said = intent.concluded(conclusion);
        self.uncertain -= usize::from(intent.stage == Stage::Uncertain);
        intent.stage = Stage::Saying;
        said
    }

    /// Asks anew whether what waits of `principal` may be done.
    fn look_again(&mut self, principal: &str) {
        let waiting = self.open.iter().filter(|(_, intent)| intent.stage == Stage::Waiting);
        let its = waiting.filter(|(_, intent)| intent.envelope.source == principal);
        let sequences: Vec<Sequence> = its.map(|(sequence, _)| *sequence).collect();
        sequences.into_iter().for_each(|sequence| self.wait(sequence));
    }

    fn wait(&mut self, sequence: Sequence) {
        let wake_at = self.open[&sequence].wake_at();
        self.queue.put(self.place(sequence), wake_at);
    }

    fn place(&self, sequence: Sequence) -> Place {
        (Reverse(self.open[&sequence].terms.urgency), sequence)
    }
}

/// `text`, cut to [`OUTCOME_REASON_BYTES_MAX`].
fn cut(mut text: String) -> String {
    if text.len() > OUTCOME_REASON_BYTES_MAX {
        let end = (0..=OUTCOME_REASON_BYTES_MAX).rev().find(|&end| text.is_char_boundary(end));
        text.truncate(end.unwrap_or(0));
        text.push('…');
    }
    text
}

/// What a provider did, as far as it can be kept. Where the reply is all that counts, a reply that cannot be kept is
/// a refusal.
fn accepted(policy: Policy, reference: Option<String>, reply: Option<String>) -> Conclusion {
    let long = reply.as_ref().map_or(0, String::len);
    if long > REPLY_BYTES_MAX {
        let reason = format!("the reply has {long} bytes, at most {REPLY_BYTES_MAX} are kept");
        tracing::error!(reason, "a provider's reply is left out");
        if policy == Policy::Repeatable {
            return Conclusion::Refused { reason };
        }
    }
    Conclusion::Accepted {
        reference: reference.filter(|reference| reference.len() <= OUTCOME_REASON_BYTES_MAX),
        reply: reply.filter(|reply| reply.len() <= REPLY_BYTES_MAX),
    }
}
