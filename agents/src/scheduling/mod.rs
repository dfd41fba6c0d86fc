//! Books workshops: offers slots, holds, confirms, moves and ends bookings, and mends the calendar when a centre changes.
//!
//! Hears commands about slots, registrations of centres and parts, findings, absences and ends of cases. Says [`SlotsOffered`],
//! what becomes of each booking and, at each midnight of a centre, [`DemandForecast`]. Remembers, per network of centres,
//! the centres with their parts, the newest offers of each case, the live bookings, the cases for which there was no slot and
//! how many visits each day had; what has ended is forgotten.
//!
//! A case without a slot need not ask again: when there is room, the gravest that wait are offered it first.
//!
//! One memory decides about every slot of a network: so no slot and no case ever has two live bookings, and no asset two at
//! once.

mod commands;
mod company;
mod config;
mod demand;
mod desk;
mod memory;
mod registry;
mod visits;
mod waiting;

#[cfg(test)]
mod tests;

pub use config::Config;
pub use memory::State;

use desk::{DONE, Desk};
use messages::booking::{
    BookingCancelled, BookingCompleted, BookingConfirmed, BookingExpired, BookingHeld,
    BookingMissed, BookingMoved, BookingRefused, BookingStarted, CancelBooking, ConfirmBooking,
    DemandForecast, HoldSlot, MoveBooking, NoShowRecorded, OfferSlots, SlotsOffered,
};
use messages::case::CaseClosed;
use messages::centre::{CentreRegistered, PartStocked};
use messages::finding::FindingRecorded;
use runtime::{Agent, AgentResult, ConfigError, Ctx, Handle, Models, Timer, Wiring};

/// The agent.
pub struct Scheduling {
    config: Config,
}

/// Time to see to holds that end, services that begin, offers that are over and days that begin.
#[derive(Default)]
pub struct Wake;

impl Timer for Wake {
    const NAME: &'static str = "wake";
}

impl Agent for Scheduling {
    const KIND: &'static str = "scheduling";
    type Config = Config;
    type State = State;

    fn new(config: Config, _models: &Models) -> Result<Self, ConfigError> {
        config.check().map_err(|reason| ConfigError::new(Self::KIND, reason))?;
        Ok(Self { config })
    }

    fn wiring(wiring: &mut Wiring<Self>) {
        wiring.on::<CentreRegistered>().key(|registered| &registered.network);
        wiring.on::<PartStocked>().key(|stocked| &stocked.network);
        wiring.on::<OfferSlots>().key(|command| &command.network);
        wiring.on::<HoldSlot>().key(|command| &command.network);
        wiring.on::<ConfirmBooking>().key(|command| &command.network);
        wiring.on::<MoveBooking>().key(|command| &command.network);
        wiring.on::<CancelBooking>().key(|command| &command.network);
        wiring.on::<NoShowRecorded>().key(|recorded| &recorded.network);
        // A finding without a network is of no booking: it meets an empty memory.
        wiring
            .on::<FindingRecorded>()
            .key(|finding| finding.network.as_deref().unwrap_or_default());
        // So is the end of a case that does not say whose slots it asked for.
        wiring.on::<CaseClosed>().key(|closed| closed.network.as_deref().unwrap_or_default());
        wiring
            .timer::<Wake>()
            .publishes::<SlotsOffered>()
            .publishes::<BookingHeld>()
            .publishes::<BookingExpired>()
            .publishes::<BookingConfirmed>()
            .publishes::<BookingMoved>()
            .publishes::<BookingCancelled>()
            .publishes::<BookingRefused>()
            .publishes::<BookingStarted>()
            .publishes::<BookingCompleted>()
            .publishes::<BookingMissed>()
            .publishes::<DemandForecast>();
    }
}

impl Scheduling {
    /// Sees to what is due, then does `act`, then sets the timer.
    fn at_desk(
        &self,
        state: &mut State,
        ctx: &mut Ctx<'_, Self>,
        act: impl FnOnce(&mut Desk<'_, '_>) -> AgentResult,
    ) -> AgentResult {
        let mut desk = Desk { config: &self.config, state, ctx, room: None };
        desk.see_to_what_is_due();
        act(&mut desk)?;
        desk.offer_to_waiting()?;
        desk.set_timer();
        DONE
    }
}

impl Handle<Wake> for Scheduling {
    fn handle(&self, state: &mut State, _wake: &Wake, ctx: &mut Ctx<'_, Self>) -> AgentResult {
        state.woken();
        self.at_desk(state, ctx, |_desk| Ok(()))
    }
}

impl Handle<CentreRegistered> for Scheduling {
    fn handle(
        &self,
        state: &mut State,
        registered: &CentreRegistered,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        self.at_desk(state, ctx, |desk| desk.register(registered))
    }
}

impl Handle<PartStocked> for Scheduling {
    fn handle(
        &self,
        state: &mut State,
        stocked: &PartStocked,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        self.at_desk(state, ctx, |desk| desk.stock(stocked))
    }
}

impl Handle<OfferSlots> for Scheduling {
    fn handle(
        &self,
        state: &mut State,
        command: &OfferSlots,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        self.at_desk(state, ctx, |desk| desk.offer(command))
    }
}

impl Handle<HoldSlot> for Scheduling {
    fn handle(
        &self,
        state: &mut State,
        command: &HoldSlot,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        self.at_desk(state, ctx, |desk| desk.hold(command))
    }
}

impl Handle<ConfirmBooking> for Scheduling {
    fn handle(
        &self,
        state: &mut State,
        command: &ConfirmBooking,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        self.at_desk(state, ctx, |desk| {
            desk.confirm(command);
            Ok(())
        })
    }
}

impl Handle<MoveBooking> for Scheduling {
    fn handle(
        &self,
        state: &mut State,
        command: &MoveBooking,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        self.at_desk(state, ctx, |desk| desk.change(command))
    }
}

impl Handle<CancelBooking> for Scheduling {
    fn handle(
        &self,
        state: &mut State,
        command: &CancelBooking,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        self.at_desk(state, ctx, |desk| {
            desk.cancel(command);
            Ok(())
        })
    }
}

impl Handle<NoShowRecorded> for Scheduling {
    fn handle(
        &self,
        state: &mut State,
        recorded: &NoShowRecorded,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        self.at_desk(state, ctx, |desk| {
            desk.missed(recorded);
            Ok(())
        })
    }
}

impl Handle<FindingRecorded> for Scheduling {
    fn handle(
        &self,
        state: &mut State,
        finding: &FindingRecorded,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        self.at_desk(state, ctx, |desk| {
            desk.found(finding);
            Ok(())
        })
    }
}

impl Handle<CaseClosed> for Scheduling {
    fn handle(
        &self,
        state: &mut State,
        closed: &CaseClosed,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        self.at_desk(state, ctx, |desk| {
            desk.closed(closed);
            Ok(())
        })
    }
}
