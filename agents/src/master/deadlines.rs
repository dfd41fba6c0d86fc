//! What happens when nothing happens: one answer for each thing that a case can wait for.

use super::handling::Handling;
use super::memory::{Approach, Resume};
use super::path::Wait;
use super::words;
use messages::Message;
use messages::booking::{ConfirmBooking, HoldSlot, MoveBooking};
use messages::case::CaseState::{Contacting, Escalated};
use messages::contact::Purpose;

impl Handling<'_, '_> {
    /// The deadline of what the case waits for has passed.
    pub(super) fn overdue(&mut self) {
        let (wait, _) = self.case.wait.expect("a case that is overdue waits for something");
        match wait {
            Wait::Offers => self.offers_unanswered(),
            Wait::Reach => self.contact_unanswered(),
            Wait::Answer => self.no_answer(),
            Wait::Hold => self.booking_unanswered(HoldSlot::NAME),
            Wait::Move => self.booking_unanswered(MoveBooking::NAME),
            Wait::Confirm => {
                let booking = self.case.booking.take_if(|booking| !booking.confirmed);
                if let Some(booking) = booking {
                    self.cancel(booking.id, "it was not confirmed in time");
                }
                self.booking_unanswered(ConfirmBooking::NAME);
            }
            Wait::Pause => self.contact_now(),
            Wait::Visit => {
                let reason =
                    "The booked time has passed, and it is not known whether the asset came.";
                self.escalate(Resume::Stand, reason, "ask the workshop");
            }
            Wait::Finding => {
                let reason = "The workshop has not said what it found.";
                self.escalate(Resume::Await, reason, "ask the workshop and record its finding");
            }
            Wait::Verdict => self.close_by_finding(),
            // What an owner was promised does not depend on whether a person acts.
            Wait::Person
                if self.case.state == Escalated && self.case.has_appointment(self.now()) =>
            {
                self.contact_now();
            }
            Wait::Person => self.remind(),
        }
    }

    fn no_answer(&mut self) {
        let waited = words::span(self.config().answer_within.of(self.severity()));
        if self.case.has_booking() {
            return self.stand("The owner has chosen no other time; the booking stands.");
        }
        if self.case.has_appointment(self.now()) {
            return self.contact_now();
        }
        if self.case.tally.reminders < self.config().reminders_max {
            self.case.tally.reminders += 1;
            self.case.approach = Approach::for_(Purpose::Reminder);
            let reason = format!("The owner has not answered for {waited} and is to be reminded.");
            return self.search(Contacting, reason);
        }
        let reason = format!("The owner has not answered for {waited}, nor to a reminder.");
        self.escalate(Resume::Contact, reason, "reach the owner some other way");
    }

    /// The time of the next contact has come.
    fn contact_now(&mut self) {
        self.case.tally.searches = 0;
        self.case.agreed = None;
        let now = self.now();
        if let Some(due) = self.case.appointment.take_if(|appointment| appointment.at <= now) {
            self.case.approach = due.approach;
        }
        let reason = match self.case.approach.purpose {
            Purpose::Callback => "The time has come at which the owner asked to be contacted.",
            Purpose::BookingRecovery => "The time has come for one easier offer to the owner.",
            _ => "The owner is to be contacted again.",
        };
        self.search(Contacting, reason);
    }
}
