//! What every handler does alike: sees to what is due, says things, refuses, sets the timer.

use super::memory::{Live, Stage, State};
use super::{Config, Scheduling, Wake};
use messages::booking::{
    BookingCancelled, BookingExpired, BookingRefused, BookingStarted, RefusedReason,
};
use messages::{BookingId, CaseId, Message, Record, Timestamp, record};
use models::schedule::{Constraint, Invalid};
use runtime::{AgentError, AgentResult, Ctx};

/// Something that came too late, or twice, and changes nothing.
pub(super) const PASSED_OVER: &str = "passed_over";
/// Visits of which the workshop never said anything.
const VISITS_FORGOTTEN: &str = "visits_forgotten";

/// Longest memory of one network, in bytes: what a stored record may have, less room for a command's work.
pub(super) const STATE_BYTES_MAX: usize = record::RECORD_BYTES_MAX - 16 * 1024;

/// One turn: the memory of the network, and what can be said.
pub(super) struct Desk<'d, 'c> {
    pub(super) config: &'d Config,
    pub(super) state: &'d mut State,
    pub(super) ctx: &'d mut Ctx<'c, Scheduling>,
    /// What has made room in this turn, in words.
    pub(super) room: Option<String>,
}

impl Desk<'_, '_> {
    pub(super) fn now(&self) -> Timestamp {
        self.ctx.now()
    }

    pub(super) fn network(&self) -> String {
        self.ctx.key().to_owned()
    }

    pub(super) fn pass_over(&mut self) {
        self.ctx.count(PASSED_OVER, 1);
    }

    /// Remembers that there is room because of `cause`.
    pub(super) fn makes_room(&mut self, cause: impl Into<String>) {
        self.room = Some(cause.into());
    }

    /// Ends holds whose time is over, begins services, forgets offers and visits that nobody spoke of, foresees a new day.
    pub(super) fn see_to_what_is_due(&mut self) {
        let now = self.now();
        let forgotten_after = self.config.visit_forgotten_after.duration();
        let due =
            self.state.bookings.iter().filter(|(_, live)| live.due_at(forgotten_after) <= now);
        let due: Vec<BookingId> = due.map(|(id, _)| *id).collect();
        for id in due {
            self.see_to(id);
        }
        let promised = |state: &State| state.offers.values().filter(|one| one.unasked).count();
        let before = promised(self.state);
        self.state.offers.retain(|_, offered| offered.valid_until > now);
        if promised(self.state) < before {
            self.makes_room("another case has not taken what it was offered");
        }
        self.state.waiting.retain(|_, waiting| waiting.until > now);
        self.foresee_where_due();
    }

    fn see_to(&mut self, booking: BookingId) {
        let Some(live) = self.state.bookings.get_mut(&booking) else { return };
        let (network, case, asset) = (self.ctx.key().to_owned(), live.case, live.asset.clone());
        match live.stage {
            Stage::Held { .. } => {
                self.state.bookings.remove(&booking);
                self.ctx.publish(&BookingExpired { network, case, asset, booking });
                self.makes_room("another case has not confirmed its slot");
            }
            Stage::Confirmed => {
                live.stage = Stage::InService;
                let live = live.clone();
                self.state.count_visit(&live, live.slot.from);
                self.ctx.publish(&BookingStarted { network, case, asset, booking });
            }
            Stage::InService => {
                self.state.bookings.remove(&booking);
                self.ctx.count(VISITS_FORGOTTEN, 1);
            }
        }
    }

    /// Wakes this network when there is something to see to next.
    pub(super) fn set_timer(&mut self) {
        let next = self.state.next_due(self.config.visit_forgotten_after.duration());
        if next == self.state.wake_at {
            return;
        }
        match next {
            Some(at) => self.ctx.at(at, Wake),
            None => self.ctx.cancel::<Wake>(),
        }
        self.state.wake_at = next;
    }

    /// Whether the command may still be done; says so if not.
    pub(super) fn is_in_time<M: Message>(
        &mut self,
        (case, asset): (CaseId, &str),
        expires_at: Timestamp,
    ) -> bool {
        if self.now() <= expires_at {
            return true;
        }
        let detail = format!("it was to be done until {expires_at}, and it is {}", self.now());
        self.refuse::<M>((case, asset), RefusedReason::Expired, detail);
        false
    }

    pub(super) fn refuse<M: Message>(
        &mut self,
        (case, asset): (CaseId, &str),
        reason: RefusedReason,
        detail: String,
    ) {
        let (network, asset, command) = (self.network(), asset.to_owned(), M::NAME.to_owned());
        self.ctx.publish(&BookingRefused { network, case, asset, command, reason, detail });
    }

    /// Why a slot cannot be had, as a refusal.
    pub(super) fn refuse_slot<M: Message>(
        &mut self,
        of: (CaseId, &str),
        constraints: &[Constraint],
    ) {
        let untimely =
            |one: &Constraint| matches!(one, Constraint::Early { .. } | Constraint::Latest { .. });
        let reason = if constraints.iter().any(untimely) {
            RefusedReason::OfferUnknown
        } else {
            RefusedReason::SlotTaken
        };
        let words: Vec<String> = constraints.iter().map(Constraint::to_string).collect();
        self.refuse::<M>(of, reason, words.join("; "));
    }

    /// Takes a booking away.
    pub(super) fn give_up(&mut self, booking: BookingId, reason: String) {
        let Some(Live { case, asset, slot, .. }) = self.state.bookings.remove(&booking) else {
            return;
        };
        let slot = self.state.said(&slot).expect("a booking is at a centre that was registered");
        let network = self.network();
        self.ctx.publish(&BookingCancelled { network, case, asset, booking, slot, reason });
        self.makes_room("another booking was cancelled");
    }

    /// Whether the memory has grown as far as it may.
    pub(super) fn is_full(&self) -> bool {
        record::encoded_bytes::<State>(self.state).map_or(true, |bytes| bytes > STATE_BYTES_MAX)
    }
}

/// A question that cannot be: the message that asked it is bad.
pub(super) fn rejected(invalid: &Invalid) -> AgentError {
    AgentError::Reject(invalid.to_string())
}

pub(super) const DONE: AgentResult = Ok(());

const _: () = assert!(STATE_BYTES_MAX < <State as Record>::BYTES_MAX);
