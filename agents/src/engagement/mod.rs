//! Talks to owners, each as they allow: words what is to be said, sends it on one channel after another, and says
//! what their answers mean.
//!
//! Hears [`OwnerRegistered`], [`ConsentChanged`], the commands [`ContactOwner`] and [`WithdrawContact`],
//! [`CustomerReplied`] and what became of its effects. Performs [`ContactSend`]. Says [`CustomerContacted`],
//! [`CustomerResponded`], [`ContactSuppressed`], [`ContactFailed`] and, when an owner wants no contact any more,
//! [`ConsentChanged`]. Remembers, per owner, what is allowed, when a call was made, and for a while each case that was
//! spoken about. Of names and numbers it knows nothing: they stay sealed, the channel fills them in.
//!
//! [`understanding`] reads replies, [`moment`] the times in them, [`script`] words what is said, `manners` says when and
//! how an owner may be contacted.

mod config;
mod contacting;
mod manners;
mod memory;
pub mod moment;
mod replying;
pub mod script;
pub mod understanding;

#[cfg(test)]
mod tests;

pub use config::{Caps, Config};
pub use manners::quiet_end;
pub use memory::State;

use contacting::Handling;
use memory::Owner;
use messages::consent::ConsentChanged;
use messages::contact::{
    ContactFailed, ContactOwner, ContactSend, ContactSuppressed, CustomerContacted,
    CustomerReplied, CustomerResponded, WithdrawContact,
};
use messages::effect::EffectConcluded;
use messages::registry::OwnerRegistered;
use runtime::{Agent, AgentError, AgentResult, ConfigError, Ctx, Handle, Models, Timer, Wiring};
use understanding::Reader;

/// Cases of one owner that are remembered at once; the one that was longest at rest makes room.
pub const DIALOGUES_MAX: usize = 512;
/// Longest name of a step, in bytes: it is part of the key of an effect.
pub const STEP_BYTES_MAX: usize = 128;

/// The agent.
pub struct Engagement {
    config: Config,
    reader: Reader,
}

/// Time to see to what an owner's dialogues wait for.
#[derive(Default)]
pub struct Wake;

impl Timer for Wake {
    const NAME: &'static str = "wake";
}

impl Agent for Engagement {
    const KIND: &'static str = "engagement";
    type Config = Config;
    type State = State;

    fn new(config: Config, _models: &Models) -> Result<Self, ConfigError> {
        config.check().map_err(|reason| ConfigError::new(Self::KIND, reason))?;
        Ok(Self { config, reader: Reader::of("en") })
    }

    fn wiring(wiring: &mut Wiring<Self>) {
        wiring.on::<OwnerRegistered>().key(|registered| &registered.owner);
        wiring.on::<ConsentChanged>().key(|changed| &changed.owner);
        wiring.on::<ContactOwner>().key(|contact| &contact.owner);
        wiring.on::<WithdrawContact>().key(|withdrawn| &withdrawn.owner);
        wiring.on::<CustomerReplied>().key(|replied| &replied.owner);
        wiring.on::<EffectConcluded>().key(|concluded| &concluded.key);
        wiring
            .performs::<ContactSend>()
            .publishes::<CustomerContacted>()
            .publishes::<CustomerResponded>()
            .publishes::<ContactSuppressed>()
            .publishes::<ContactFailed>()
            .publishes::<ConsentChanged>()
            .timer::<Wake>();
    }
}

impl Handle<OwnerRegistered> for Engagement {
    fn handle(
        &self,
        state: &mut State,
        registered: &OwnerRegistered,
        _ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        // Without a zone nobody can say when it is night there.
        moment::zone(&registered.zone).map_err(|error| AgentError::Reject(error.to_string()))?;
        let OwnerRegistered { zone, language, .. } = registered;
        state.owner = Some(Owner { zone: zone.clone(), language: language.clone() });
        Ok(())
    }
}

impl Handle<ConsentChanged> for Engagement {
    fn handle(
        &self,
        state: &mut State,
        changed: &ConsentChanged,
        _ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        state.allowed.extend(&changed.granted);
        // What is granted and revoked at once is revoked.
        state.allowed.retain(|channel| !changed.revoked.contains(channel));
        Ok(())
    }
}

impl Handle<ContactOwner> for Engagement {
    fn handle(
        &self,
        state: &mut State,
        contact: &ContactOwner,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        let length = contact.step.len();
        if contact.step.is_empty() || length > STEP_BYTES_MAX {
            let reason = format!("a step is named in 1 to {STEP_BYTES_MAX} bytes, not {length}");
            return Err(AgentError::Reject(reason));
        }
        let mut handling = Handling { agent: self, state, ctx };
        handling.asked_to_contact(contact)?;
        handling.arm();
        Ok(())
    }
}

impl Handle<WithdrawContact> for Engagement {
    fn handle(
        &self,
        state: &mut State,
        withdrawn: &WithdrawContact,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        let mut handling = Handling { agent: self, state, ctx };
        handling.withdrawn(withdrawn);
        handling.arm();
        Ok(())
    }
}

impl Handle<EffectConcluded> for Engagement {
    fn handle(
        &self,
        state: &mut State,
        concluded: &EffectConcluded,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        let mut handling = Handling { agent: self, state, ctx };
        handling.concluded(concluded);
        handling.arm();
        Ok(())
    }
}

impl Handle<CustomerReplied> for Engagement {
    fn handle(
        &self,
        state: &mut State,
        replied: &CustomerReplied,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        let mut handling = Handling { agent: self, state, ctx };
        handling.replied(replied);
        handling.arm();
        Ok(())
    }
}

impl Handle<Wake> for Engagement {
    fn handle(&self, state: &mut State, _wake: &Wake, ctx: &mut Ctx<'_, Self>) -> AgentResult {
        let mut handling = Handling { agent: self, state, ctx };
        handling.woken();
        handling.arm();
        Ok(())
    }
}
