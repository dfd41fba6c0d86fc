//! One case and what there is to handle it with: how it moves on, is handed to a person, and ends.

use super::Master;
use super::config::Config;
use super::memory::{Case, Offered, Owed, Question, Resume};
use super::path::{self, Wait};
use super::words;
use messages::booking::CancelBooking;
use messages::case::{CaseAdvanced, CaseClosed, CaseEscalated, CaseOutcome, CaseState};
use messages::contact::{Purpose, WithdrawContact};
use messages::prediction::Severity;
use messages::profile::{Component, Profile};
use messages::{BookingId, OfferId, Place, Timestamp};
use runtime::Ctx;
use std::collections::BTreeMap;

/// Counts what came too late or lost a race, and was passed over.
pub(super) const PASSED_OVER: &str = "messages_passed_over";

/// What a person is to do whose call was announced.
const CALL: &str = "call the owner about a slot, as they are told that somebody will";

pub(super) struct Handling<'h, 'c> {
    pub(super) master: &'h Master,
    pub(super) owner: Option<&'h str>,
    pub(super) home: Option<Place>,
    pub(super) case: &'h mut Case,
    pub(super) owed: &'h mut BTreeMap<String, Owed>,
    pub(super) ctx: &'h mut Ctx<'c, Master>,
}

impl<'h> Handling<'h, '_> {
    pub(super) fn config(&self) -> &'h Config {
        &self.master.config
    }

    pub(super) fn asset(&self) -> String {
        self.ctx.key().to_owned()
    }

    pub(super) fn now(&self) -> Timestamp {
        self.ctx.now()
    }

    pub(super) fn severity(&self) -> Severity {
        self.case.severity
    }

    /// The profile and the component in it, as far as they are known.
    pub(super) fn component(&self) -> Option<(&'h Profile, &'h Component)> {
        let profile = self.master.profiles.get(&self.case.foreseen.profile)?;
        Some((profile, profile.component(&self.case.component)?))
    }

    /// Whether other slots are looked for while a booking stands.
    pub(super) fn is_rescheduling(&self) -> bool {
        let state = self.case.state;
        self.case.has_booking()
            && matches!(
                state,
                CaseState::Contacting | CaseState::AwaitingCustomer | CaseState::Scheduling
            )
    }

    /// The component in words, within a sentence.
    pub(super) fn component_words(&self) -> String {
        let title = self.component().map_or(&*self.case.component, |(_, known)| &*known.title);
        title.to_lowercase()
    }

    pub(super) fn is_safety(&self) -> bool {
        // A component that no profile describes is treated as one that endangers people.
        self.component().is_none_or(|(_, component)| component.safety)
    }

    /// The message changes nothing any more.
    pub(super) fn pass_over(&mut self) {
        self.ctx.count(PASSED_OVER, 1);
    }

    /// The case waits for `wait` in state `to` until `until`, and says so.
    pub(super) fn advance(
        &mut self,
        to: CaseState,
        wait: Wait,
        until: Timestamp,
        reason: impl Into<String>,
    ) {
        assert!(path::waits(to, wait), "a case that is {} waits for {wait:?}", to.name());
        if to != CaseState::Escalated && to != CaseState::Uncertain {
            self.case.question = None;
        }
        if to != CaseState::Uncertain {
            self.case.uncertain = None;
        }
        self.case.wait = Some((wait, until));
        self.case.waits_since = self.now();
        self.go(to, Some(until), reason.into());
    }

    fn go(&mut self, to: CaseState, deadline: Option<Timestamp>, reason: String) {
        let from = self.case.state;
        assert!(path::leads(from, to), "a case goes from {} to {}", from.name(), to.name());
        self.case.state = to;
        let advanced = CaseAdvanced {
            case: self.case.id,
            asset: self.asset(),
            from,
            to,
            reason,
            deadline,
            severity: Some(self.severity()),
            due_at: Some(self.case.due_at),
        };
        self.ctx.publish(&advanced);
    }

    /// Says something about the case that leaves it where it is.
    pub(super) fn remark(&mut self, reason: impl Into<String>) {
        let deadline = self.case.wait.map(|(_, until)| until);
        self.go(self.case.state, deadline, reason.into());
    }

    /// The case ends.
    pub(super) fn finish(&mut self, outcome: CaseOutcome, reason: impl Into<String>) {
        let reason = reason.into();
        // Whoever sold the asset has no use for the news.
        if self.case.has_booking() && outcome != CaseOutcome::Retired {
            self.tell(Purpose::BookingCancelled);
        } else if let Some(owner) = self.owner {
            self.withdraw(owner, &reason);
        }
        self.release(&reason);
        self.case.wait = None;
        self.case.question = None;
        self.case.outcome = Some(outcome);
        let to = match outcome {
            CaseOutcome::Cancelled => CaseState::Cancelled,
            _ => CaseState::Closed,
        };
        self.go(to, None, reason.clone());
        let network = Some(self.config().network.clone());
        let (case, asset) = (self.case.id, self.asset());
        let closed = CaseClosed { case, asset, outcome, reason, network };
        self.ctx.publish(&closed);
    }

    /// `owner` is not to hear in the morning of what has come to nothing by night.
    pub(super) fn withdraw(&mut self, owner: &str, reason: &str) {
        let contacted = self.case.step.is_some() || self.case.notice.is_some();
        // By then the asset has come, and everything that was to be said has been.
        let visited = matches!(self.case.state, CaseState::InService | CaseState::Verifying);
        if contacted && !visited {
            let (case, asset) = (self.case.id, self.asset());
            let (owner, reason) = (owner.to_owned(), reason.to_owned());
            self.ctx.publish(&WithdrawContact { case, asset, owner, reason });
        }
    }

    /// A person is asked. `how` says what to do first; approving then does `resume`.
    pub(super) fn escalate(&mut self, resume: Resume, reason: impl Into<String>, how: &str) {
        let (id, reason) = (self.case.id, reason.into());
        let then = match resume {
            Resume::Contact => "to contact the owner with new slots",
            Resume::Book => "to book the best slot",
            Resume::Stand => "to let the booking stand",
            Resume::Await => "to wait on for the finding",
        };
        let remedy = format!(
            "{how}, then `aurorasync case approve {id}` {then}, or `aurorasync case cancel {id} --reason WHY` to \
             end the case"
        );
        self.ask(CaseState::Escalated, resume, reason, remedy);
    }

    /// A person is asked for want of a slot. In an emergency its owner, unless told before, hears at once that it cannot
    /// wait and that a person calls about a slot; the person is asked to.
    pub(super) fn escalate_without_slot(
        &mut self,
        resume: Resume,
        reason: impl Into<String>,
        how: &str,
    ) {
        let warns = self.severity() == Severity::Emergency
            && !self.case.alerted
            && !self.case.has_booking()
            && self.owner.is_some()
            && self.facts().is_ok();
        let how = if warns { format!("{CALL}, and {how}") } else { how.to_owned() };
        self.escalate(resume, reason, &how);
        if let Some(question) = self.case.question.as_mut() {
            question.for_slots = true;
        }
        if warns {
            self.tell(Purpose::UrgentWarning);
        }
    }

    /// The owner of a case that has no slot is told that a person calls, who is asked to.
    pub(super) fn promise_a_call(&mut self) {
        if let Some(question) = self.case.question.as_mut() {
            question.remedy = format!("{CALL}; {}", question.remedy);
        }
    }

    /// Nobody knows whether the owner was reached.
    pub(super) fn doubt(&mut self, reason: &str) {
        let id = self.case.id;
        let reason = format!("Nobody knows whether the owner was reached: {reason}.");
        let remedy = format!(
            "ask the owner or the provider whether the contact took place, then \
             `aurorasync case resolve {id} --effect happened|did-not-happen`"
        );
        self.ask(CaseState::Uncertain, Resume::Contact, reason, remedy);
    }

    fn ask(&mut self, to: CaseState, resume: Resume, reason: String, remedy: String) {
        let asked_at = self.now();
        let question = Question {
            reason: reason.clone(),
            remedy,
            resume,
            asked_at,
            reminders: 0,
            for_slots: false,
            for_answer: false,
        };
        self.put(to, question, reason);
    }

    /// The person who was asked has not acted.
    pub(super) fn remind(&mut self) {
        let mut question = self.case.question.take().expect("a person was asked something");
        let reminders_max = self.config().person_reminders_max;
        if question.reminders >= reminders_max {
            let until = self.now().saturating_add(self.config().person_longest.duration());
            let reason = format!(
                "Nobody has acted on it; a person was reminded {reminders_max} times and is reminded no more."
            );
            let to = self.case.state;
            self.advance(to, Wait::Person, self.or_appointment(to, until), reason);
            self.case.question = Some(question);
            return;
        }
        question.reminders += 1;
        let reason = format!(
            "{} Nobody has acted on it for {}, and it is {}.",
            question.reason,
            words::span(self.now().since(question.asked_at)),
            words::severity(self.severity()),
        );
        self.put(self.case.state, question, reason);
    }

    /// The person who was asked hears what has changed.
    pub(super) fn ask_anew(&mut self, news: &str) {
        let mut question = self.case.question.take().expect("a person was asked something");
        question.reminders = 0;
        let reason = format!("{news} {}", question.reason);
        self.put(self.case.state, question, reason);
    }

    /// Puts the question to a person, in the words of `reason`.
    fn put(&mut self, to: CaseState, question: Question, reason: String) {
        let until = self.now().saturating_add(self.patience(question.reminders));
        self.advance(to, Wait::Person, self.or_appointment(to, until), reason.clone());
        let Question { remedy, reminders: reminder, .. } = question.clone();
        let (case, asset) = (self.case.id, self.asset());
        self.ctx.publish(&CaseEscalated { case, asset, reason, remedy, reminder });
        self.case.question = Some(question);
    }

    /// `until`, or the time of a contact that comes before. Nobody is contacted while it is unknown whether they were.
    fn or_appointment(&self, state: CaseState, until: Timestamp) -> Timestamp {
        let at = self.case.appointment.map(|appointment| appointment.at);
        let ahead = at.filter(|at| *at > self.now() && state == CaseState::Escalated);
        ahead.map_or(until, |at| at.min(until))
    }

    /// How long a person who was reminded `reminders` times is waited for.
    fn patience(&self, reminders: u8) -> std::time::Duration {
        let first = self.config().person_within.of(self.severity());
        let longest = self.config().person_longest.duration().max(first);
        first.saturating_mul(1 << u32::from(reminders).min(16)).min(longest)
    }

    /// Gives back what the case has at the workshop.
    pub(super) fn release(&mut self, reason: &str) {
        self.case.agreed = None;
        self.case.asked = None;
        if let Some(booking) = self.case.booking.take() {
            self.cancel(booking.id, reason);
        }
    }

    /// Gives back a booking.
    pub(super) fn cancel(&mut self, booking: BookingId, reason: &str) {
        let cancel = CancelBooking {
            network: self.config().network.clone(),
            case: self.case.id,
            asset: self.asset(),
            booking,
            reason: reason.to_owned(),
            expires_at: self
                .now()
                .saturating_add(self.config().contact_within.of(Severity::Medium)),
        };
        self.ctx.publish(&cancel);
    }

    /// Forgets an offer that cannot be had.
    pub(super) fn strike(&mut self, asked: Option<OfferId>) {
        self.case.offers.retain(|Offered { offer, .. }| Some(*offer) != asked);
    }
}
