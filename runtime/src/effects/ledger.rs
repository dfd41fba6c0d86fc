//! What is known of every effect, as a view of the log, and what is to be done next.
//!
//! Pure and synchronous. Whoever drives it lets it [`Ledger::read`] the log in order, takes a [`Step`], makes what the
//! step says durable, and only then makes its [`Call`]. What came of the call goes back through [`Ledger::came`].

mod intent;
mod known;
mod queue;

pub use known::KEYS_KNOWN_MAX;

use super::performer::{Answer, Attempt};
use super::registry::{Effects, Registered, Ruled};
use crate::engine::KEY_BYTES_MAX;
use crate::store::Delivery;
use intent::{Intent, Next, Stage, Tried};
use known::{Known, Met};
use messages::case::{CaseDecided, Decision};
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
pub const REASON_BYTES_MAX: usize = 1024;
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
        let admit = || rules.admit(&intent.envelope, now);
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

    fn wait(&mut self, sequence: Sequence) {
        let wake_at = self.open[&sequence].wake_at();
        self.queue.put(self.place(sequence), wake_at);
    }

    fn place(&self, sequence: Sequence) -> Place {
        (Reverse(self.open[&sequence].terms.urgency), sequence)
    }
}

/// Reading.
impl Ledger {
    /// Reads `envelope` as `M`; ours are readable, and others' that are not say nothing.
    fn opened<M: Message>(
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
    fn read_intent(&mut self, sequence: Sequence, envelope: &Arc<Envelope>, new: bool) -> bool {
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
    fn overflow(&mut self, left: Option<Sequence>) {
        if let Some(sequence) = left {
            self.counts.overflowed += 1;
            self.pass_over(sequence);
        }
    }

    fn pass_over(&mut self, sequence: Sequence) {
        self.passed_over = Some(self.passed_over.map_or(sequence, |first| first.min(sequence)));
    }

    fn read_attempted(&mut self, attempted: EffectAttempted, envelope: &Envelope) {
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

    fn read_concluded(&mut self, concluded: &EffectConcluded) {
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
    fn read_decided(&mut self, decided: &CaseDecided) {
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

/// `text`, cut to [`REASON_BYTES_MAX`].
fn cut(mut text: String) -> String {
    if text.len() > REASON_BYTES_MAX {
        let end = (0..=REASON_BYTES_MAX).rev().find(|&end| text.is_char_boundary(end));
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
        reference: reference.filter(|reference| reference.len() <= REASON_BYTES_MAX),
        reply: reply.filter(|reply| reply.len() <= REPLY_BYTES_MAX),
    }
}
