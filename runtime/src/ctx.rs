//! An agent's only way out: what it says, when it wants to be woken, what time it is.

use crate::agent::{Agent, Timer};
use crate::effects::EFFECT_KEY_BYTES_MAX;
use crate::engine::KEY_BYTES_MAX;
use crate::timers::Timers;
use crate::wiring::Contract;
use messages::effect::Effect;
use messages::{Envelope, Message, Timestamp};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::time::Duration;

/// Most messages that one handled message may lead to.
pub const OUTPUTS_PER_MESSAGE_MAX: usize = 8_192;

/// The world as one handler sees it. What it does through here becomes durable with its turn.
pub struct Ctx<'a, A: Agent> {
    pub(crate) key: &'a str,
    pub(crate) now: Timestamp,
    pub(crate) input: &'a Envelope,
    pub(crate) contract: &'a Contract,
    pub(crate) timers: &'a mut Timers,
    pub(crate) outcome: &'a mut Outcome,
    pub(crate) agent: PhantomData<A>,
}

/// What a handler asked for.
#[derive(Default)]
pub(crate) struct Outcome {
    /// Messages in the order in which they were said; the engine completes them.
    pub(crate) said: Vec<Envelope>,
    /// Counts by name.
    pub(crate) counts: BTreeMap<&'static str, u64>,
    /// The first thing it asked for and must not have.
    pub(crate) breach: Option<String>,
}

impl<A: Agent> Ctx<'_, A> {
    /// The key of the memory at hand.
    #[must_use]
    pub fn key(&self) -> &str {
        self.key
    }

    /// The time of this turn: never earlier than that of the turn before.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The envelope of the message at hand.
    #[must_use]
    pub fn envelope(&self) -> &Envelope {
        self.input
    }

    /// Says `message`. An undeclared or unencodable one is a fault of this turn.
    pub fn publish<M: Message>(&mut self, message: &M) {
        if !self.contract.publishes.contains_key(M::NAME) {
            return self.breach(format!(
                "`{}` published `{}` without declaring it; add `publishes::<…>()` to its wiring",
                A::KIND,
                M::NAME
            ));
        }
        if self.outcome.said.len() >= OUTPUTS_PER_MESSAGE_MAX {
            return self
                .breach(format!("one message led to more than {OUTPUTS_PER_MESSAGE_MAX} others"));
        }
        match Envelope::new(self.input.id, A::KIND, message) {
            Ok(envelope) => self.outcome.said.push(envelope),
            Err(error) => self.breach(format!("`{}` cannot be said: {error}", M::NAME)),
        }
    }

    /// Intends `effect`. It is attempted once this turn is durable; how it ended comes back as an
    /// [`EffectConcluded`](messages::effect::EffectConcluded) with the effect's key.
    pub fn perform<E: Effect>(&mut self, effect: &E) {
        if !self.contract.performs.contains_key(E::NAME) {
            return self.breach(format!(
                "`{}` performed `{}` without declaring it; add `performs::<…>()` to its wiring",
                A::KIND,
                E::NAME
            ));
        }
        let key = effect.effect_key();
        if key.is_empty() || key.len() > EFFECT_KEY_BYTES_MAX || effect.key().len() > KEY_BYTES_MAX
        {
            return self.breach(format!(
                "the effect key of `{}` has {} bytes, its key {}; 1 to {EFFECT_KEY_BYTES_MAX} and up to {KEY_BYTES_MAX} are taken",
                E::NAME,
                key.len(),
                effect.key().len()
            ));
        }
        self.publish(effect);
    }

    /// Wakes this key after `delay`, in place of an earlier timer of the same name.
    pub fn after<T: Timer>(&mut self, delay: Duration, timer: T) {
        self.at(self.now.saturating_add(delay), timer);
    }

    /// Wakes this key at `due_at`, in place of an earlier timer of the same name.
    pub fn at<T: Timer>(&mut self, due_at: Timestamp, _timer: T) {
        if !self.contract.timers.iter().any(|name| name == T::NAME) {
            return self.breach(format!(
                "`{}` set the timer `{}` without declaring it; add `timer::<…>()` to its wiring",
                A::KIND,
                T::NAME
            ));
        }
        if !self.timers.arm(T::NAME, due_at, self.input.traceparent.clone()) {
            self.breach(format!("key `{}` has too many timers", self.key));
        }
    }

    /// Forgets the timer `T`, if it was set.
    pub fn cancel<T: Timer>(&mut self) {
        self.timers.cancel(T::NAME);
    }

    /// A random source that gives the same numbers whenever this message is handled.
    #[must_use]
    pub fn rng(&self) -> Xoshiro256PlusPlus {
        let mut seed = [0_u8; 32];
        seed[..16].copy_from_slice(self.input.id.0.as_bytes());
        Xoshiro256PlusPlus::from_seed(seed)
    }

    /// Adds to one of the agent's counters since the process started; for people and metrics.
    pub fn count(&mut self, name: &'static str, by: u64) {
        *self.outcome.counts.entry(name).or_default() += by;
    }

    fn breach(&mut self, what: String) {
        self.outcome.breach.get_or_insert(what);
    }
}
