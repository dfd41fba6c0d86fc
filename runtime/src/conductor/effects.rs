//! Effects under a conductor: one call at a time, while the clock stands still.

use super::{ConductError, Conductor, CrashPoint};
use crate::committer::{Entry, Request};
use crate::effects::{Came, Ledger, catch_up};
use crate::guard::Principal;
use crate::store::Partition;
use messages::Envelope;
use messages::Message;
use messages::effect::EffectAttempted;

/// Instants of one effect at which its ledger may be killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// The intent is durable, nothing else.
    BeforeAttempted,
    /// That it is attempted is durable; nobody was called.
    AfterAttempted,
    /// The provider was called; what came of it is lost with the ledger.
    AfterCall,
    /// The conclusion is durable.
    AfterConcluded,
}

impl Moment {
    /// All of them, in order.
    pub const ALL: [Moment; 4] = [
        Moment::BeforeAttempted,
        Moment::AfterAttempted,
        Moment::AfterCall,
        Moment::AfterConcluded,
    ];
}

impl Conductor {
    /// Ends the ledger of effects without a word and builds it anew from the log.
    pub fn kill_effects(&mut self) {
        let first = self.store.first(Partition::LOG);
        let effects = self.effects.clone();
        self.ledger = (!effects.is_empty()).then(|| Ledger::new(effects, first - 1));
    }

    /// Ends the ledger of effects the next time that it comes to `moment`.
    pub fn kill_effects_at(&mut self, moment: Moment) {
        self.kill_effects_at = Some(moment);
    }

    /// The ledger of effects, where any can be performed.
    #[must_use]
    pub fn ledger(&self) -> Option<&Ledger> {
        self.ledger.as_ref()
    }

    /// Does the next thing that is due about an effect; whether there was one.
    pub(super) fn perform_next(&mut self) -> Result<bool, ConductError> {
        let Some(ledger) = &mut self.ledger else { return Ok(false) };
        catch_up(ledger, &*self.store)?;
        let Some(step) = ledger.take(self.clock.now()) else { return Ok(false) };
        if let Some(said) = step.say
            && !self.say(said)?
        {
            return Ok(true);
        }
        let Some(call) = step.call else { return Ok(true) };
        let came = call.make();
        if !self.strikes(Moment::AfterCall, |faults| faults.kill_before_commit)? {
            self.end(came)?;
        }
        Ok(true)
    }

    fn end(&mut self, came: Came) -> Result<(), ConductError> {
        let Some(ledger) = &mut self.ledger else { return Ok(()) };
        // The attempt is read back first, so that its time is the log's.
        catch_up(ledger, &*self.store)?;
        if let Some(said) = ledger.came(came, self.clock.now()) {
            self.say(said)?;
        }
        Ok(())
    }

    /// Makes `said` durable; `false` when the ledger was killed before or after.
    fn say(&mut self, said: Envelope) -> Result<bool, ConductError> {
        let attempts = said.name == EffectAttempted::NAME;
        if attempts && self.strikes(Moment::BeforeAttempted, |faults| faults.kill_before_commit)? {
            return Ok(false);
        }
        self.commit(Request::Say(Principal::effects(), vec![Entry::from(said)]))?;
        let moment = if attempts { Moment::AfterAttempted } else { Moment::AfterConcluded };
        Ok(!self.strikes(moment, |faults| faults.kill_after_commit)?)
    }

    /// Kills the ledger, or everything, if it is its turn.
    fn strikes(
        &mut self,
        moment: Moment,
        chance: impl Fn(&super::Faults) -> f64,
    ) -> Result<bool, ConductError> {
        if self.crashes(CrashPoint::Effect(moment))? {
            return Ok(true);
        }
        let aimed = self.kill_effects_at.take_if(|at| *at == moment).is_some();
        let struck = aimed || self.struck(chance);
        if struck {
            self.misfortunes.kills_of_effects += 1;
            self.kill_effects();
        }
        Ok(struck)
    }
}
