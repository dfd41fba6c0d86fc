//! What the owner's answers lead to.

use super::handling::Handling;
use super::memory::{Agreed, Appointment, Approach, Resume};
use super::path::Wait;
use messages::case::CaseState::{
    self, AwaitingCustomer, Booked, Contacting, Declined, Deferred, Escalated, InService, Opened,
    Scheduling, Uncertain, Verifying,
};
use messages::contact::{CustomerResponded, Intent, Purpose, TimeWindow};
use messages::prediction::Severity;

impl Handling<'_, '_> {
    /// The owner said what they want.
    pub(super) fn responded(&mut self, responded: &CustomerResponded) {
        if self.owner != Some(&responded.owner) {
            // Whoever owned the asset before decides nothing about it.
            return self.pass_over();
        }
        let agrees = matches!(responded.intent, Intent::Accept | Intent::ChooseSlot);
        let intent = match responded.intent {
            _ if !agrees && responded.sentiment.get() <= self.config().angry_at => Intent::Human,
            intent => intent,
        };
        if !self.listens_to(intent) {
            return self.pass_over();
        }
        if settles(intent) {
            self.case.appointment = None;
        }
        match intent {
            Intent::Accept | Intent::ChooseSlot => self.agrees(responded),
            Intent::Reschedule => self.another_time(responded.when.clone()),
            // A booking is not given up because its time does not suit.
            Intent::Defer if self.case.has_booking() && !self.is_rescheduling() => {
                self.another_time(responded.when.clone());
            }
            Intent::Defer => self.defers(responded.when.as_ref()),
            Intent::Decline => self.declines(),
            Intent::AskCost | Intent::AskSafety | Intent::AskReason => self.asks(intent),
            Intent::Unclear => self.unclear(),
            Intent::OptOut | Intent::WrongPerson | Intent::Human => {
                self.hand_over(responded, intent)
            }
        }
    }

    /// Whether such an answer changes anything as the case stands.
    fn listens_to(&self, intent: Intent) -> bool {
        let state = self.case.state;
        // Once a person deals with the owner, only the owner's consent gets past them.
        let with_person = state == Escalated
            && self.case.question.as_ref().is_some_and(|asked| asked.resume != Resume::Contact);
        match intent {
            Intent::Accept | Intent::ChooseSlot => matches!(
                state,
                Contacting | AwaitingCustomer | Deferred | Declined | Escalated | Uncertain
            ),
            Intent::Reschedule => {
                matches!(
                    state,
                    Contacting
                        | AwaitingCustomer
                        | Deferred
                        | Declined
                        | Booked
                        | Escalated
                        | Uncertain
                )
            }
            Intent::Defer | Intent::Decline => {
                let settled = matches!(state, Opened | InService | Verifying);
                let repeated = state == Declined && intent == Intent::Decline;
                !settled && !repeated && !with_person
            }
            Intent::AskCost | Intent::AskSafety | Intent::AskReason | Intent::Unclear => {
                state == AwaitingCustomer
            }
            Intent::OptOut | Intent::WrongPerson | Intent::Human => {
                !matches!(state, InService | Verifying) && !with_person
            }
        }
    }

    /// The owner wants a slot: the chosen one, one at the named time, or the best.
    fn agrees(&mut self, responded: &CustomerResponded) {
        if self.case.has_booking() && !self.is_rescheduling() {
            return self.stand("The owner agrees; the booking stands.");
        }
        let chosen = responded.offer.and_then(|chosen| {
            self.case.offers.iter().find(|known| known.offer == chosen).cloned()
        });
        self.case.tally.searches = 0;
        self.case.agreed = Some(match (&chosen, &responded.when) {
            (Some(chosen), _) => Agreed::Exactly(chosen.slot.clone()),
            (None, Some(when)) => Agreed::Within(when.clone()),
            (None, None) => Agreed::Any,
        });
        let now = self.now();
        let chosen = chosen.filter(|chosen| chosen.slot.from > now);
        match chosen.or_else(|| self.case.fitting(now)) {
            Some(fitting) => self.take(&fitting),
            None => self.search(Scheduling, "The owner agrees; a slot is looked for."),
        }
    }

    /// The owner wants another time than the booked or offered ones.
    fn another_time(&mut self, when: Option<TimeWindow>) {
        self.case.tally.searches = 0;
        let reason = match &when {
            Some(when) => format!("The owner wants another time (“{}”).", when.words),
            None => "The owner wants another time.".to_owned(),
        };
        self.case.agreed = when.map(Agreed::Within);
        self.case.approach = Approach::for_(Purpose::Callback);
        self.search(Scheduling, reason);
    }

    /// The owner wants to be asked later.
    fn defers(&mut self, when: Option<&TimeWindow>) {
        if self.is_rescheduling() {
            return self.stand("The owner put off choosing another time; the booking stands.");
        }
        if self.severity() == Severity::Emergency {
            let reason = "The owner wants to put it off, but it is an emergency.";
            return self.escalate(Resume::Book, reason, "speak to the owner");
        }
        self.case.tally.deferrals = self.case.tally.deferrals.saturating_add(1);
        if self.case.tally.deferrals > self.config().deferrals_max {
            let reason = format!(
                "The owner has put it off {} times, and {}.",
                self.case.tally.deferrals,
                self.foreseen_words()
            );
            return self.escalate(Resume::Book, reason, "speak to the owner");
        }
        let (now, config) = (self.now(), self.config());
        let later = now.saturating_add(config.callback_after.of(self.severity()));
        let named = when.filter(|when| when.to > now);
        let at = named.map_or(later, |when| when.from);
        let at = at.max(now.saturating_add(config.callback_soonest.duration()));
        if at > now.saturating_add(config.callback_latest.duration()) {
            let words = when.map_or("", |when| &*when.words);
            let reason = format!("The owner wants to be contacted only “{words}”.");
            return self.escalate(Resume::Contact, reason, "decide whether that is soon enough");
        }
        let reason = match named {
            Some(when) => format!("The owner asked to be contacted “{}”.", when.words),
            None => "The owner asked to be contacted later and named no time.".to_owned(),
        };
        self.release("the owner wants it later");
        let approach = Approach::for_(Purpose::Callback);
        self.case.approach = approach;
        self.case.appointment = Some(Appointment { at, approach });
        self.advance(Deferred, Wait::Pause, at, reason);
    }

    /// The owner does not want it.
    fn declines(&mut self) {
        if self.is_rescheduling() {
            return self.stand("The owner wants none of the other slots; the booking stands.");
        }
        self.release("the owner does not want it");
        self.case.tally.declines = self.case.tally.declines.saturating_add(1);
        let last = self.case.tally.declines > self.config().recoveries_max;
        let grave = self.severity() >= Severity::High && self.is_safety();
        if self.severity() == Severity::Emergency || (last && grave) {
            let reason = format!(
                "The owner declined, although {} and that is dangerous.",
                self.foreseen_words()
            );
            return self.escalate(Resume::Book, reason, "speak to the owner");
        }
        if last {
            return self.finish(
                messages::case::CaseOutcome::Declined,
                "The owner declined again; nothing more is offered.",
            );
        }
        self.case.approach = Approach::for_(Purpose::BookingRecovery);
        let until = self.now().saturating_add(self.config().recovery_after.of(self.severity()));
        let reason = "The owner declined; one easier offer follows later.";
        self.advance(Declined, Wait::Pause, until, reason);
    }

    /// The owner asked something and was answered: there is more time.
    fn asks(&mut self, intent: Intent) {
        let asked = match intent {
            Intent::AskCost => "what it costs",
            Intent::AskSafety => "whether it is safe to drive",
            _ => "why this is believed",
        };
        self.case.tally.questions = self.case.tally.questions.saturating_add(1);
        if self.case.tally.questions > self.config().questions_max {
            return self.pass_over();
        }
        self.await_answer(format!("The owner asked {asked}; the answer is still waited for."));
    }

    /// The owner was not understood and is asked again.
    fn unclear(&mut self) {
        self.case.tally.unclear = self.case.tally.unclear.saturating_add(1);
        if self.case.tally.unclear >= self.config().unclear_max {
            let reason = format!("The owner was not understood {} times.", self.case.tally.unclear);
            return self.escalate(Resume::Book, reason, "speak to the owner");
        }
        self.await_answer("The owner was not understood and is asked again.");
    }

    /// A person must speak to the owner.
    fn hand_over(&mut self, responded: &CustomerResponded, intent: Intent) {
        let (reason, how) = match intent {
            Intent::OptOut => {
                ("The owner does not want to be contacted any more.", "decide how to go on")
            }
            Intent::WrongPerson => {
                ("Who was reached is not the owner.", "find out who owns the asset now")
            }
            _ if responded.intent == Intent::Human => {
                ("The owner wants to speak to a person.", "speak to the owner")
            }
            _ => ("The owner is angry.", "speak to the owner"),
        };
        let resume = if self.case.has_booking() { Resume::Stand } else { Resume::Book };
        self.escalate(resume, reason, how);
    }

    /// The booking stays as it is.
    pub(super) fn stand(&mut self, reason: impl Into<String>) {
        let grace = self.config().visit_grace.duration();
        let booking = self.case.booking.as_ref().expect("the case has a booking");
        let until = booking.slot.from.max(self.now()).saturating_add(grace);
        self.case.agreed = None;
        self.case.appointment = None;
        self.advance(CaseState::Booked, Wait::Visit, until, reason);
    }
}

/// Whether the owner, having said so, waits for no contact that was arranged before.
fn settles(intent: Intent) -> bool {
    match intent {
        Intent::AskCost | Intent::AskSafety | Intent::AskReason | Intent::Unclear => false,
        Intent::Accept
        | Intent::ChooseSlot
        | Intent::Defer
        | Intent::Decline
        | Intent::Reschedule
        | Intent::WrongPerson
        | Intent::OptOut
        | Intent::Human => true,
    }
}
