//! The list of effects that a deployment can perform, and by whom.

use super::performer::{Admission, Answer, Attempt, Performer, Reach, Recorded, Rules};
use crate::catalog::Catalog;
use crate::wiring::WiringError;
use messages::effect::{Effect, Policy};
use messages::prediction::Severity;
use messages::{DecodeError, Envelope, Timestamp};
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Performers by the effect that they perform. Cheap to clone: copies share the performers.
#[derive(Clone, Default)]
pub struct Effects {
    by_name: BTreeMap<&'static str, Arc<dyn Registered>>,
    simulated_contact: bool,
}

impl Effects {
    /// The same with `performer` for `E`, in place of an earlier one.
    #[must_use]
    pub fn with<E: Effect>(mut self, performer: impl Performer<E>) -> Self {
        let typed = Typed { performer, effect: PhantomData::<fn() -> E> };
        self.by_name.insert(E::NAME, Arc::new(typed));
        self
    }

    /// The same, letting what was simulated or replayed reach people outside, or not.
    #[must_use]
    pub fn allow_simulated_contact(self, allow: bool) -> Self {
        Self { simulated_contact: allow, ..self }
    }

    /// Every effect that an agent of `catalog` declares, done by being on the log: for tests of agents.
    #[must_use]
    pub fn recorded(catalog: &Catalog) -> Self {
        let entries = catalog.iter().flat_map(|(_, entry)| entry.effects.iter());
        let by_name = entries.map(|(&name, recorded)| (name, recorded())).collect();
        Self { by_name, simulated_contact: false }
    }

    /// Whether nothing can be performed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// Checks that somebody performs what the agents of `catalog` declare.
    ///
    /// # Errors
    /// [`WiringError::NotPerformed`] naming the agent and the effect.
    pub fn check(&self, catalog: &Catalog) -> Result<(), WiringError> {
        for (kind, entry) in catalog.iter() {
            let performed = |name: &str| self.by_name.contains_key(name);
            if let Some(name) = entry.contract.performs.keys().find(|name| !performed(name)) {
                return Err(WiringError::NotPerformed {
                    kind: kind.to_owned(),
                    name: name.clone(),
                });
            }
        }
        Ok(())
    }

    pub(super) fn get(&self, name: &str) -> Option<&Arc<dyn Registered>> {
        self.by_name.get(name)
    }

    /// Whether what is not measured stays inside.
    pub(super) fn keeps_simulated_inside(&self) -> bool {
        !self.simulated_contact
    }

    /// The rules of every effect, as they are before any record was heard.
    pub(super) fn rules(&self) -> BTreeMap<&'static str, Box<dyn Ruled>> {
        self.by_name.iter().map(|(name, registered)| (*name, registered.rules())).collect()
    }
}

/// `E` performed by being on the log.
pub(crate) fn recorded<E: Effect>() -> Arc<dyn Registered> {
    Arc::new(Typed { performer: Recorded, effect: PhantomData::<fn() -> E> })
}

/// What the ledger must know of an intent.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    pub(crate) effect_key: String,
    pub(crate) urgency: Severity,
    pub(crate) expires_at: Timestamp,
    pub(crate) policy: Policy,
    pub(crate) reach: Reach,
}

/// A performer with its effect type erased.
pub(crate) trait Registered: Send + Sync {
    fn read(&self, intent: &Envelope) -> Result<Terms, DecodeError>;
    fn rules(&self) -> Box<dyn Ruled>;
    fn perform(&self, intent: &Envelope) -> Attempt;
    fn query(&self, intent: &Envelope) -> Answer;
}

/// Rules with their effect type erased.
pub(crate) trait Ruled: Send {
    fn hear(&mut self, record: &Envelope);
    fn admit(&self, intent: &Envelope, now: Timestamp) -> Admission;
}

struct Typed<E, P> {
    performer: P,
    effect: PhantomData<fn() -> E>,
}

impl<E: Effect, P: Performer<E>> Registered for Typed<E, P> {
    fn read(&self, intent: &Envelope) -> Result<Terms, DecodeError> {
        let effect: E = intent.open()?;
        Ok(Terms {
            effect_key: effect.effect_key().to_owned(),
            urgency: effect.urgency(),
            expires_at: effect.expires_at(),
            policy: self.performer.policy(&effect),
            reach: self.performer.reach(&effect),
        })
    }

    fn rules(&self) -> Box<dyn Ruled> {
        Box::new(self.performer.rules())
    }

    fn perform(&self, intent: &Envelope) -> Attempt {
        let effect: E = match intent.open() {
            Ok(effect) => effect,
            Err(error) => return Attempt::Refused { reason: error.to_string() },
        };
        catch_unwind(AssertUnwindSafe(|| self.performer.perform(&effect))).unwrap_or_else(|_| {
            Attempt::Lost { reason: format!("whoever performs `{}` panicked", E::NAME) }
        })
    }

    fn query(&self, intent: &Envelope) -> Answer {
        let effect: E = match intent.open() {
            Ok(effect) => effect,
            Err(error) => return Answer::Unreached { reason: error.to_string() },
        };
        catch_unwind(AssertUnwindSafe(|| self.performer.query(&effect))).unwrap_or_else(|_| {
            Answer::Unreached { reason: format!("whoever performs `{}` panicked", E::NAME) }
        })
    }
}

impl<E: Effect> Ruled for Box<dyn Rules<E>> {
    fn hear(&mut self, record: &Envelope) {
        (**self).hear(record);
    }

    fn admit(&self, intent: &Envelope, now: Timestamp) -> Admission {
        match intent.open::<E>() {
            Ok(effect) => (**self).admit(&effect, intent, now),
            Err(error) => Admission::Never { reason: error.to_string() },
        }
    }
}
