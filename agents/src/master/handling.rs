//! One case and what there is to handle it with: how it moves on, is handed to a person, and ends.

use super::Master;
use super::config::Config;
use super::memory::{Case, Offered, Question, Resume};
use super::path::{self, Wait};
use messages::booking::CancelBooking;
use messages::case::{CaseAdvanced, CaseClosed, CaseEscalated, CaseOutcome, CaseState};
use messages::contact::Purpose;
use messages::prediction::Severity;
use messages::profile::{Component, Profile};
use messages::{BookingId, OfferId, Place, Timestamp};
use runtime::Ctx;

/// Counts what came too late or lost a race, and was passed over.
pub(super) const PASSED_OVER: &str = "messages_passed_over";

pub(super) struct Handling<'h, 'c> {
    pub(super) master: &'h Master,
    pub(super) owner: Option<&'h str>,
    pub(super) home: Option<Place>,
    pub(super) case: &'h mut Case,
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
        self.go(to, Some(until), reason.into());
    }

    fn go(&mut self, to: CaseState, deadline: Option<Timestamp>, reason: String) {
        let from = self.case.state;
        assert!(path::leads(from, to), "a case goes from {} to {}", from.name(), to.name());
        self.case.state = to;
        let advanced =
            CaseAdvanced { case: self.case.id, asset: self.asset(), from, to, reason, deadline };
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
        let closed = CaseClosed { case: self.case.id, asset: self.asset(), outcome, reason };
        self.ctx.publish(&closed);
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
        self.ask(
            CaseState::Escalated,
            Question { reason, remedy, resume, times: 1, for_slots: false },
        );
    }

    /// Nobody knows whether the owner was reached.
    pub(super) fn doubt(&mut self, reason: &str) {
        let id = self.case.id;
        let reason = format!("Nobody knows whether the owner was reached: {reason}.");
        let remedy = format!(
            "ask the owner or the provider whether the contact took place, then \
             `aurorasync case resolve {id} --effect happened|did-not-happen`"
        );
        let resume = Resume::Contact;
        self.ask(
            CaseState::Uncertain,
            Question { reason, remedy, resume, times: 1, for_slots: false },
        );
    }

    fn ask(&mut self, to: CaseState, question: Question) {
        let until = self.now().saturating_add(self.patience(question.times));
        self.advance(to, Wait::Person, until, question.reason.clone());
        self.say(&question);
        self.case.question = Some(question);
    }

    /// The person who was asked has not acted.
    pub(super) fn ask_again(&mut self) {
        let mut question = self.case.question.take().expect("a person was asked something");
        question.times = question.times.saturating_add(1);
        let until = self.now().saturating_add(self.patience(question.times));
        let reason = format!("Nobody has acted on it yet. {}", question.reason);
        self.advance(self.case.state, Wait::Person, until, reason);
        self.say(&question);
        self.case.question = Some(question);
    }

    fn say(&mut self, question: &Question) {
        let Question { reason, remedy, .. } = question.clone();
        let escalated = CaseEscalated { case: self.case.id, asset: self.asset(), reason, remedy };
        self.ctx.publish(&escalated);
    }

    /// How long a person who was asked `times` times is waited for.
    fn patience(&self, times: u8) -> std::time::Duration {
        let first = self.config().person_within.of(self.severity());
        let longest = self.config().person_longest.duration().max(first);
        let doublings = u32::from(times.saturating_sub(1)).min(16);
        first.saturating_mul(1 << doublings).min(longest)
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
