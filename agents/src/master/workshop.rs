//! Slots held, booked, moved and lost.

use super::handling::Handling;
use super::memory::{Agreed, Approach, Booking, Offered, Resume};
use super::path::Wait;
use super::words;
use messages::booking::{
    BookingCancelled, BookingCompleted, BookingConfirmed, BookingExpired, BookingHeld,
    BookingMissed, BookingMoved, BookingRefused, BookingStarted, ConfirmBooking, HoldSlot,
    MoveBooking, OfferSlots, RefusedReason, Slot,
};
use messages::case::CaseState::{Booked, Escalated, InService, Scheduling, Uncertain, Verifying};
use messages::contact::Purpose;
use messages::{BookingId, Message};

impl Handling<'_, '_> {
    /// Has an offered slot held, or the booking moved to it.
    pub(super) fn take(&mut self, offered: &Offered) {
        let until = self.now().saturating_add(self.config().booking_within.duration());
        let (network, case) = (self.config().network.clone(), self.case.id);
        let (asset, offer, expires_at) = (self.asset(), offered.offer, until);
        self.case.asked = Some(offer);
        let at = words::slot(&offered.slot);
        let agreed = match self.case.agreed {
            Some(Agreed::Exactly(_)) => format!("The owner chose {at}."),
            Some(Agreed::Within(_)) => format!("{at} fits what the owner named."),
            Some(Agreed::Any) | None => format!("The best slot is {at}."),
        };
        let booked = self.case.booking.as_ref().filter(|booking| booking.confirmed);
        if let Some(booking) = booked.map(|booking| booking.id) {
            let reason = "the owner wants another time".to_owned();
            let moves = MoveBooking { network, case, asset, booking, offer, reason, expires_at };
            self.ctx.publish(&moves);
            let reason = format!("{agreed} The booking is being moved.");
            return self.advance(Scheduling, Wait::Move, until, reason);
        }
        self.ctx.publish(&HoldSlot { network, case, asset, offer, expires_at });
        let reason = format!("{agreed} It is being held.");
        self.advance(Scheduling, Wait::Hold, until, reason);
    }

    /// A slot is held.
    pub(super) fn held(&mut self, held: &BookingHeld) {
        if self.case.is_booking(held.booking) {
            return self.pass_over();
        }
        if self.case.state != Scheduling || self.case.booking.is_some() {
            self.pass_over();
            return self.cancel(held.booking, "the slot is not needed any more");
        }
        let slot = held.slot.clone();
        let at = words::slot(&slot);
        self.case.booking = Some(Booking { id: held.booking, slot, confirmed: false });
        let confirm = ConfirmBooking {
            network: self.config().network.clone(),
            case: self.case.id,
            asset: self.asset(),
            booking: held.booking,
            expires_at: held.held_until,
        };
        self.ctx.publish(&confirm);
        let until = held.held_until.saturating_add(self.config().booking_within.duration());
        let reason = format!("{at} is held and is being booked.");
        self.advance(Scheduling, Wait::Confirm, until, reason);
    }

    /// A slot is booked.
    pub(super) fn confirmed(&mut self, confirmed: &BookingConfirmed) {
        let known = self.case.is_booking(confirmed.booking);
        if known && self.case.has_booking() {
            return self.pass_over();
        }
        let wanted = matches!(self.case.state, Scheduling | Escalated);
        if !known && (!wanted || self.case.booking.is_some()) {
            self.pass_over();
            return self.cancel(confirmed.booking, "the slot is not needed any more");
        }
        let slot = confirmed.slot.clone();
        let reason = format!("{} is booked; the owner is told.", words::slot(&slot));
        self.case.booking = Some(Booking { id: confirmed.booking, slot, confirmed: true });
        self.case.tally.searches = 0;
        self.stand(reason);
        self.tell(Purpose::BookingConfirmed);
    }

    /// A booking has another slot.
    pub(super) fn moved(&mut self, moved: &BookingMoved) {
        let Some(booking) =
            self.case.booking.as_mut().filter(|booking| booking.id == moved.booking)
        else {
            return self.pass_over();
        };
        let before = std::mem::replace(&mut booking.slot, moved.slot.clone());
        let at = words::slot(&moved.slot);
        if self.case.waits_for(Wait::Move) {
            self.case.tally.searches = 0;
            self.stand(format!("The booking is now {at}; the owner is told."));
            return self.tell(Purpose::BookingConfirmed);
        }
        let why = moved.reason.trim_end_matches('.');
        if is_alike_to_the_owner(&before, &moved.slot) {
            return self.remark(format!(
                "The workshop gave the booking another bay or technician: {why}. Time and place stay."
            ));
        }
        let reason = format!("The workshop moved the booking to {at}: {why}. The owner is told.");
        if self.case.state == Booked {
            self.stand(reason)
        } else {
            self.remark(reason)
        }
        self.tell(Purpose::BookingMoved);
    }

    /// What was asked of the workshops cannot be done.
    pub(super) fn refused(&mut self, refused: &BookingRefused) {
        let waited_for = [
            (OfferSlots::NAME, Wait::Offers),
            (HoldSlot::NAME, Wait::Hold),
            (ConfirmBooking::NAME, Wait::Confirm),
            (MoveBooking::NAME, Wait::Move),
        ];
        if refused.reason == RefusedReason::Expired && self.is_silence_over(&refused.command) {
            return self.ask_after_silence();
        }
        let wait = waited_for.into_iter().find(|(name, _)| *name == refused.command);
        if !wait.is_some_and(|(_, wait)| self.case.waits_for(wait)) {
            return self.pass_over();
        }
        let detail = refused.detail.trim_end_matches('.');
        match refused.reason {
            // No slot or booking was named yet: asking again is all there is to do.
            RefusedReason::SlotTaken
            | RefusedReason::OfferUnknown
            | RefusedReason::BookingUnknown
                if self.case.waits_for(Wait::Offers) =>
            {
                self.search_again(self.case.state, &format!("The workshops refused: {detail}."));
            }
            RefusedReason::SlotTaken | RefusedReason::OfferUnknown => {
                let asked = self.case.asked.take();
                self.strike(asked);
                self.case.booking.take_if(|booking| !booking.confirmed);
                match self.case.fitting(self.now()) {
                    Some(next) => self.take(&next),
                    None => self.search_again(Scheduling, "The slot was taken meanwhile."),
                }
            }
            RefusedReason::BookingUnknown => {
                self.case.booking = None;
                self.search_again(Scheduling, "The booking has ended meanwhile.");
            }
            RefusedReason::Expired if self.is_asked_since(&refused.command) => self.pass_over(),
            RefusedReason::Expired => {
                self.search_again(self.case.state, "The workshops were asked too late.");
            }
            RefusedReason::CaseBooked | RefusedReason::Full => {
                let stands = self.case.has_booking();
                let resume = if stands { Resume::Stand } else { Resume::Contact };
                let reason = format!("The workshops refused: {detail}.");
                self.escalate_without_slot(resume, reason, "see to the workshops' bookings");
            }
        }
    }

    /// A hold has ended before it was booked.
    pub(super) fn expired(&mut self, expired: &BookingExpired) {
        if !self.case.is_booking(expired.booking) || self.case.has_booking() {
            return self.pass_over();
        }
        self.case.booking = None;
        if self.case.state == Scheduling {
            self.search_again(Scheduling, "The slot was not booked in time and is free again.");
        }
    }

    /// A booking was taken away.
    pub(super) fn cancelled(&mut self, cancelled: &BookingCancelled) {
        let why = cancelled.reason.trim_end_matches('.');
        self.lost(cancelled.booking, &format!("The booking was cancelled: {why}."));
    }

    /// The asset did not come.
    pub(super) fn missed(&mut self, missed: &BookingMissed) {
        self.lost(missed.booking, "The asset did not come to the workshop.");
    }

    fn lost(&mut self, booking: BookingId, reason: &str) {
        if !self.case.is_booking(booking) || self.case.state == Verifying {
            return self.pass_over();
        }
        let before = self.case.booking.take();
        self.case.agreed = None;
        if self.case.state == Uncertain {
            return self.remark(reason);
        }
        self.case.tally.rebookings = self.case.tally.rebookings.saturating_add(1);
        if self.case.state == Escalated || self.case.tally.rebookings > self.config().rebookings_max
        {
            return self.escalate(Resume::Contact, reason, "speak to the owner and the workshop");
        }
        let told = before.is_some_and(|booking| booking.confirmed);
        if told {
            self.case.approach = Approach::for_(Purpose::BookingCancelled);
        }
        self.case.tally.searches = 0;
        self.search(Scheduling, format!("{reason} Other slots are looked for."));
    }

    /// The booking has ended; what was found is said by itself.
    pub(super) fn completed(&mut self, completed: &BookingCompleted) {
        if self.case.is_booking(completed.booking) && self.case.state == InService {
            self.case.booking = None;
        } else {
            self.pass_over();
        }
    }

    /// The asset is at the workshop.
    pub(super) fn started(&mut self, started: &BookingStarted) {
        let Some(booking) = self.case.booking.as_ref().filter(|known| {
            known.id == started.booking && !matches!(self.case.state, InService | Verifying)
        }) else {
            return self.pass_over();
        };
        let reason = format!("The booked time has come at {}.", booking.slot.centre_name);
        let done_at = booking.slot.to.max(self.now());
        let until = done_at.saturating_add(self.config().finding_within.duration());
        self.advance(InService, Wait::Finding, until, reason);
    }
}

/// Whether an owner would come to both slots at the same time and place.
fn is_alike_to_the_owner(one: &Slot, other: &Slot) -> bool {
    (&one.centre, one.from, one.to) == (&other.centre, other.from, other.to)
}
