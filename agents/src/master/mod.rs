//! Leads each case from a foreseen failure to the proof whether it was one: says what is next, and waits for nothing
//! without a deadline.
//!
//! Hears predictions, what became of contacts and bookings, answers, findings, verdicts and what people decide. Says
//! [`CaseOpened`], [`CaseAdvanced`], [`CaseEscalated`], [`CaseClosed`] and [`MaintenanceRecorded`]; commands contacts
//! and bookings. Remembers, per asset, its owner and its open cases, one per component, and for a while those that ended.
//!
//! Of commands that are not answered it says [`CommandUnanswered`] and [`CommandAnswered`], hears both itself and
//! remembers, per kind of agent, what that leaves unanswered: it says [`AgentDegraded`] and [`AgentRecovered`].
//!
//! Nothing here stops an asset: that is a person's to decide.

mod answers;
mod config;
mod contact;
mod deadlines;
mod decisions;
mod foresight;
mod handling;
mod memory;
pub mod path;
mod silence;
mod verdict;
mod words;
mod workshop;

#[cfg(test)]
mod tests;

pub use config::{BySeverity, Config};
pub use memory::State;

use crate::profiles;
use handling::{Handling, PASSED_OVER};
use messages::agent::{AgentDegraded, AgentRecovered, CommandAnswered, CommandUnanswered};
use messages::booking::{
    BookingCancelled, BookingCompleted, BookingConfirmed, BookingExpired, BookingHeld,
    BookingMissed, BookingMoved, BookingRefused, BookingStarted, CancelBooking, ConfirmBooking,
    HoldSlot, MoveBooking, OfferSlots, SlotsOffered,
};
use messages::case::{
    CaseAdvanced, CaseClosed, CaseDecided, CaseEscalated, CaseOpened, CaseOutcome,
};
use messages::contact::{
    ContactFailed, ContactOwner, ContactSuppressed, CustomerContacted, CustomerResponded,
    WithdrawContact,
};
use messages::finding::{FindingRecorded, PredictionVerified};
use messages::prediction::{FailurePredicted, PredictionCleared};
use messages::profile::Profile;
use messages::registry::{AssetRegistered, AssetRetired, MaintenanceRecorded};
use messages::{BookingId, CaseId};
use runtime::{Agent, AgentError, AgentResult, ConfigError, Ctx, Handle, Models, Timer, Wiring};
use std::collections::BTreeMap;

/// The agent.
pub struct Master {
    config: Config,
    profiles: BTreeMap<String, Profile>,
}

/// Time to see to what an asset's cases wait for.
#[derive(Default)]
pub struct Wake;

impl Timer for Wake {
    const NAME: &'static str = "wake";
}

impl Agent for Master {
    const KIND: &'static str = "master";
    type Config = Config;
    type State = State;

    fn new(config: Config, _models: &Models) -> Result<Self, ConfigError> {
        let profiles = profiles::parse(Self::KIND, &config.profiles)?;
        let angry_at = config.angry_at;
        if !(-1.0..=1.0).contains(&angry_at) {
            let reason = format!("`angry_at` is `{angry_at}`; give a number from -1 to 1");
            return Err(ConfigError::new(Self::KIND, reason));
        }
        let minutes = config.job_minutes_by_component.values().chain([&config.job_minutes]);
        if minutes.into_iter().any(|minutes| *minutes == 0) {
            return Err(ConfigError::new(Self::KIND, "a job takes `0` minutes; give at least 1"));
        }
        let unasked = silence::WAITED_FOR.iter().find(|name| !config.asked_of.contains_key(**name));
        if let Some(name) = unasked {
            let reason = format!("`asked_of` lacks `{name}`; name the kind of agent that does it");
            return Err(ConfigError::new(Self::KIND, reason));
        }
        if config.degraded_after == 0 {
            return Err(ConfigError::new(Self::KIND, "`degraded_after` is `0`; give at least 1"));
        }
        Ok(Self { config, profiles })
    }

    fn wiring(wiring: &mut Wiring<Self>) {
        wiring.on::<AssetRegistered>().key(|registered| &registered.asset);
        wiring.on::<AssetRetired>().key(|retired| &retired.asset);
        wiring.on::<FailurePredicted>().key(|predicted| &predicted.asset);
        wiring.on::<PredictionCleared>().key(|cleared| &cleared.asset);
        wiring.on::<SlotsOffered>().key(|offered| &offered.asset);
        wiring.on::<BookingHeld>().key(|held| &held.asset);
        wiring.on::<BookingExpired>().key(|expired| &expired.asset);
        wiring.on::<BookingConfirmed>().key(|confirmed| &confirmed.asset);
        wiring.on::<BookingMoved>().key(|moved| &moved.asset);
        wiring.on::<BookingCancelled>().key(|cancelled| &cancelled.asset);
        wiring.on::<BookingRefused>().key(|refused| &refused.asset);
        wiring.on::<BookingStarted>().key(|started| &started.asset);
        wiring.on::<BookingCompleted>().key(|completed| &completed.asset);
        wiring.on::<BookingMissed>().key(|missed| &missed.asset);
        wiring.on::<CustomerContacted>().key(|contacted| &contacted.asset);
        wiring.on::<CustomerResponded>().key(|responded| &responded.asset);
        wiring.on::<ContactSuppressed>().key(|suppressed| &suppressed.asset);
        wiring.on::<ContactFailed>().key(|failed| &failed.asset);
        wiring.on::<FindingRecorded>().key(|finding| &finding.asset);
        wiring.on::<PredictionVerified>().key(|verified| &verified.asset);
        wiring.on::<CaseDecided>().key(|decided| &decided.asset);
        wiring.on::<CommandUnanswered>().key(|unanswered| &unanswered.asked_of);
        wiring.on::<CommandAnswered>().key(|answered| &answered.asked_of);
        wiring
            .timer::<Wake>()
            .publishes::<CommandUnanswered>()
            .publishes::<CommandAnswered>()
            .publishes::<AgentDegraded>()
            .publishes::<AgentRecovered>()
            .publishes::<CaseOpened>()
            .publishes::<CaseAdvanced>()
            .publishes::<CaseEscalated>()
            .publishes::<CaseClosed>()
            .publishes::<MaintenanceRecorded>()
            .publishes::<ContactOwner>()
            .publishes::<WithdrawContact>()
            .publishes::<OfferSlots>()
            .publishes::<HoldSlot>()
            .publishes::<ConfirmBooking>()
            .publishes::<MoveBooking>()
            .publishes::<CancelBooking>();
    }
}

impl Master {
    /// Handles the case `id`; one that has ended is past changing.
    fn on_case(
        &self,
        state: &mut State,
        id: CaseId,
        ctx: &mut Ctx<'_, Self>,
        act: impl FnOnce(&mut Handling<'_, '_>),
    ) -> AgentResult {
        match state.component_of(id) {
            Some(component) => self.on_component(state, &component, ctx, act),
            None => ctx.count(PASSED_OVER, 1),
        }
        state.arm(ctx);
        Ok(())
    }

    /// Gives back a booking that comes when its case has ended.
    fn give_back_late(
        &self,
        state: &State,
        case: CaseId,
        booking: BookingId,
        ctx: &mut Ctx<'_, Self>,
    ) {
        if !state.has_just_ended(case) {
            return;
        }
        let cancel = CancelBooking {
            network: self.config.network.clone(),
            case,
            asset: ctx.key().to_owned(),
            booking,
            reason: "the case has ended".to_owned(),
            expires_at: ctx.now().saturating_add(self.config.contact_within.medium.duration()),
        };
        ctx.publish(&cancel);
    }

    /// Handles the case about `component`, which there is.
    fn on_component(
        &self,
        state: &mut State,
        component: &str,
        ctx: &mut Ctx<'_, Self>,
        act: impl FnOnce(&mut Handling<'_, '_>),
    ) {
        let case = state.cases.get_mut(component).expect("the case has not ended");
        let (owner, home) = (state.owner.as_deref(), state.home);
        let owed = &mut state.owed;
        act(&mut Handling { master: self, owner, home, case, owed, ctx });
        if case.state.is_final() {
            state.settle(self, component, ctx.now());
        }
    }
}

impl Handle<AssetRegistered> for Master {
    fn handle(
        &self,
        state: &mut State,
        registered: &AssetRegistered,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        let before = std::mem::replace(&mut state.owner, registered.owner.clone());
        state.retired = false;
        state.home = registered.home;
        if state.owner != before {
            let components: Vec<String> = state.cases.keys().cloned().collect();
            for component in components {
                self.on_component(state, &component, ctx, |handling| match &before {
                    None => handling.owner_known(),
                    Some(former) => handling.owner_changed(former),
                });
            }
        }
        state.arm(ctx);
        Ok(())
    }
}

impl Handle<AssetRetired> for Master {
    fn handle(
        &self,
        state: &mut State,
        retired: &AssetRetired,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        let reason = format!("The asset is no longer watched: {}.", retired.reason);
        let components: Vec<String> = state.cases.keys().cloned().collect();
        for component in components {
            self.on_component(state, &component, ctx, |handling| {
                handling.finish(CaseOutcome::Retired, reason.clone());
            });
        }
        state.rests.clear();
        state.owner = None;
        state.retired = true;
        state.arm(ctx);
        Ok(())
    }
}

impl Handle<FailurePredicted> for Master {
    fn handle(
        &self,
        state: &mut State,
        predicted: &FailurePredicted,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        if !self.profiles.contains_key(&predicted.profile) {
            let known: Vec<&str> = self.profiles.keys().map(String::as_str).collect();
            return Err(AgentError::Reject(format!(
                "there is no profile `{}`; there are {}",
                predicted.profile,
                known.join(", ")
            )));
        }
        if state.retired {
            ctx.count(PASSED_OVER, 1);
            return Ok(());
        }
        self.predicted(state, predicted, ctx);
        state.arm(ctx);
        Ok(())
    }
}

impl Handle<PredictionCleared> for Master {
    fn handle(
        &self,
        state: &mut State,
        cleared: &PredictionCleared,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        if let Some(rest) = state.rests.get_mut(&cleared.component) {
            rest.again = None;
        }
        let known = state.cases.get(&cleared.component);
        match known.filter(|case| case.foreseen.window_end <= cleared.window_end) {
            Some(_) => self.on_component(state, &cleared.component, ctx, |handling| {
                handling.cleared(cleared.reason);
            }),
            None => ctx.count(PASSED_OVER, 1),
        }
        state.arm(ctx);
        Ok(())
    }
}

impl Handle<BookingHeld> for Master {
    fn handle(
        &self,
        state: &mut State,
        held: &BookingHeld,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        self.heard::<BookingHeld>(state, ctx);
        self.give_back_late(state, held.case, held.booking, ctx);
        self.on_case(state, held.case, ctx, |handling| handling.held(held))
    }
}

impl Handle<BookingConfirmed> for Master {
    fn handle(
        &self,
        state: &mut State,
        confirmed: &BookingConfirmed,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        self.heard::<BookingConfirmed>(state, ctx);
        self.give_back_late(state, confirmed.case, confirmed.booking, ctx);
        self.on_case(state, confirmed.case, ctx, |handling| handling.confirmed(confirmed))
    }
}

impl Handle<FindingRecorded> for Master {
    fn handle(
        &self,
        state: &mut State,
        finding: &FindingRecorded,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        self.found(state, finding, ctx);
        state.arm(ctx);
        Ok(())
    }
}

impl Handle<PredictionVerified> for Master {
    fn handle(
        &self,
        state: &mut State,
        verified: &PredictionVerified,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        let about = state.cases.get(&verified.component).map(|case| case.id);
        match verified.case.or(about) {
            Some(case) => self.on_case(state, case, ctx, |handling| handling.verified(verified)),
            None => Ok(()),
        }
    }
}

impl Handle<Wake> for Master {
    fn handle(&self, state: &mut State, _wake: &Wake, ctx: &mut Ctx<'_, Self>) -> AgentResult {
        state.woken();
        let now = ctx.now();
        for component in state.overdue(now) {
            self.on_component(state, &component, ctx, |handling| handling.overdue());
        }
        for foreseen in state.rested_through(now) {
            self.open(state, foreseen, ctx);
        }
        state.arm(ctx);
        Ok(())
    }
}

/// Messages that are about one case and nothing else.
macro_rules! about_a_case {
    ($($message:ty => $act:ident),* $(,)?) => {$(
        impl Handle<$message> for Master {
            fn handle(
                &self,
                state: &mut State,
                message: &$message,
                ctx: &mut Ctx<'_, Self>,
            ) -> AgentResult {
                self.heard::<$message>(state, ctx);
                self.on_case(state, message.case, ctx, |handling| handling.$act(message))
            }
        }
    )*};
}

about_a_case! {
    SlotsOffered => offered,
    BookingExpired => expired,
    BookingMoved => moved,
    BookingCancelled => cancelled,
    BookingRefused => refused,
    BookingStarted => started,
    BookingCompleted => completed,
    BookingMissed => missed,
    CustomerContacted => contacted,
    CustomerResponded => responded,
    ContactSuppressed => suppressed,
    ContactFailed => unreached,
    CaseDecided => decided,
}
