//! What a person decides about a case, and what follows.

use super::handling::Handling;
use super::memory::{Agreed, Approach, Resume, Tally};
use super::path::Wait;
use messages::MessageId;
use messages::case::CaseState::{Contacting, Escalated, InService, Scheduling, Uncertain};
use messages::case::{CaseDecided, CaseOutcome, Decision};
use messages::contact::Purpose;

impl Handling<'_, '_> {
    pub(super) fn decided(&mut self, decided: &CaseDecided) {
        let by = &decided.by;
        match &decided.decision {
            Decision::Approve => self.approved(by),
            Decision::Cancel { reason } => {
                let reason = format!("{by} ended the case: {}.", reason.trim_end_matches('.'));
                self.finish(CaseOutcome::Cancelled, reason);
            }
            Decision::Resolve { intent, happened } => self.resolved(by, *intent, *happened),
        }
    }

    /// Goes on with what a person was asked about.
    fn approved(&mut self, by: &str) {
        if self.case.state != Escalated {
            return self.pass_over();
        }
        let resume = self.case.question.as_ref().map_or(Resume::Contact, |asked| asked.resume);
        let contacts = self.case.tally.contacts;
        self.case.tally = Tally { contacts, ..Tally::default() };
        if resume == Resume::Await {
            let until = self.now().saturating_add(self.config().finding_within.duration());
            let reason = format!("{by} decided to wait on for the finding.");
            return self.advance(InService, Wait::Finding, until, reason);
        }
        if self.case.has_booking() {
            return self.stand(format!("{by} decided to let the booking stand."));
        }
        match resume {
            Resume::Book => {
                self.case.agreed = Some(Agreed::Any);
                self.search(Scheduling, format!("{by} decided to book; slots are looked for."));
            }
            _ if self.owner.is_none() => self.no_owner(),
            _ => {
                self.case.agreed = None;
                self.case.approach = Approach::first(self.severity());
                let reason = format!("{by} decided to contact the owner; slots are looked for.");
                self.search(Contacting, reason);
            }
        }
    }

    /// It is known now whether the owner was reached.
    fn resolved(&mut self, by: &str, intent: MessageId, happened: bool) {
        if self.case.state != Uncertain || self.case.uncertain != Some(intent) {
            return self.pass_over();
        }
        let found = if happened { "was reached" } else { "was not reached" };
        let reason = format!("{by} found out that the owner {found}.");
        match (self.case.has_booking(), happened) {
            (true, true) => self.stand(reason),
            (true, false) => {
                self.stand(format!("{reason} The owner is told of the booking again."));
                self.tell(Purpose::BookingConfirmed);
            }
            (false, true) => self.await_answer(reason),
            (false, false) => {
                self.search(Contacting, format!("{reason} Slots are looked for again."))
            }
        }
    }
}
