//! Commands that nobody answers: a case asks again with ever more patience and names the agent, and an agent that
//! several commands wait for is said to be degraded, once, until it answers.
//!
//! A case's asset remembers which agents owe it an answer. The counting over all assets is done in a memory of its
//! own, keyed by the kind of agent, which hears what the others say.

use super::Master;
use super::handling::Handling;
use super::memory::{Owed, Resume, Silent, State, Unanswered, Watched};
use super::words;
use messages::agent::{AgentDegraded, AgentRecovered, CommandAnswered, CommandUnanswered};
use messages::booking::{
    BookingCancelled, BookingCompleted, BookingConfirmed, BookingExpired, BookingHeld,
    BookingMissed, BookingMoved, BookingRefused, BookingStarted, ConfirmBooking, HoldSlot,
    MoveBooking, OfferSlots, SlotsOffered,
};
use messages::case::CaseState;
use messages::contact::{
    ContactFailed, ContactOwner, ContactSuppressed, CustomerContacted, CustomerResponded,
};
use messages::prediction::Severity;
use messages::{CaseId, Finite, Message};
use runtime::{AgentResult, Ctx, Handle};
use std::collections::BTreeSet;
use std::time::Duration;

/// Commands that a case waits for.
pub(super) const WAITED_FOR: [&str; 5] =
    [OfferSlots::NAME, HoldSlot::NAME, ConfirmBooking::NAME, MoveBooking::NAME, ContactOwner::NAME];

/// Most unanswered commands of one agent that are counted.
const UNANSWERED_MAX: usize = 256;

/// A command whose handler is at work when it says a message of this name.
fn command_behind(name: &str) -> Option<&'static str> {
    Some(match name {
        SlotsOffered::NAME | BookingRefused::NAME => OfferSlots::NAME,
        BookingHeld::NAME => HoldSlot::NAME,
        BookingConfirmed::NAME
        | BookingExpired::NAME
        | BookingCancelled::NAME
        | BookingStarted::NAME
        | BookingCompleted::NAME
        | BookingMissed::NAME => ConfirmBooking::NAME,
        BookingMoved::NAME => MoveBooking::NAME,
        CustomerContacted::NAME
        | CustomerResponded::NAME
        | ContactSuppressed::NAME
        | ContactFailed::NAME => ContactOwner::NAME,
        _ => return None,
    })
}

impl Master {
    /// Somebody has said a message `M` about the asset: whoever owed it an answer is at work.
    pub(super) fn heard<M: Message>(&self, state: &mut State, ctx: &mut Ctx<'_, Self>) {
        let agent = command_behind(M::NAME).and_then(|command| self.config.asked_of.get(command));
        let Some(asked_of) = agent.cloned() else { return };
        let Some(Owed { case, command, since }) = state.owed.remove(&asked_of) else { return };
        for case in state.cases.values_mut() {
            let of_the_same = |known: &mut Unanswered| {
                self.config.asked_of.get(&known.command) == Some(&asked_of)
            };
            case.unanswered.take_if(of_the_same);
        }
        let asset = ctx.key().to_owned();
        ctx.publish(&CommandAnswered { case, asset, command, asked_of, since });
    }
}

impl Handling<'_, '_> {
    /// Says that `command` was not answered, for which the case has waited; who was asked.
    pub(super) fn unanswered(&mut self, command: &str) -> String {
        let asked_of = self.config().asked_of.get(command).cloned();
        let asked_of = asked_of.expect("the settings name whoever is asked");
        let same = self.case.unanswered.take_if(|known| known.command == command);
        let (since, attempts) =
            same.map_or((self.case.waits_since, 0), |known| (known.since, known.attempts));
        let attempts = attempts.saturating_add(1);
        let (case, command) = (self.case.id, command.to_owned());
        self.case.unanswered = Some(Unanswered { command: command.clone(), since, attempts });
        let owed = Owed { case, command: command.clone(), since };
        self.owed.entry(asked_of.clone()).or_insert(owed);
        let asset = self.asset();
        let said =
            CommandUnanswered { case, asset, command, asked_of: asked_of.clone(), since, attempts };
        self.ctx.publish(&said);
        asked_of
    }

    /// What is known of the silence, as a sentence.
    fn silence_words(&self, agent: &str) -> String {
        let (since, attempts) = self
            .case
            .unanswered
            .as_ref()
            .map_or((self.now(), 1), |known| (known.since, known.attempts));
        let waited = words::span(self.now().since(since));
        let times = if attempts == 1 { "once".to_owned() } else { format!("{attempts} times") };
        format!("`{agent}` has not answered for {waited}; it was asked {times}.")
    }

    /// The workshops have not answered the question for slots. They are asked again, and waited for twice as long; a
    /// person is asked when the case could not wait for one after that. An emergency waits for nothing.
    pub(super) fn offers_unanswered(&mut self) {
        let agent = self.unanswered(OfferSlots::NAME);
        let reason = self.silence_words(&agent);
        let severity = self.severity();
        let person = self.config().person_within.of(severity);
        let next_at = self.now().saturating_add(self.patience_for_offers());
        let in_time = next_at.saturating_add(person) <= self.case.due_at;
        if severity == Severity::Emergency || !in_time {
            let resume = if self.case.agreed.is_some() { Resume::Book } else { Resume::Contact };
            let how = format!("see why `{agent}` does not answer");
            self.escalate_without_slot(resume, reason, &how);
            if let Some(question) = self.case.question.as_mut() {
                question.for_answer = true;
            }
            return;
        }
        // What nobody has answered says nothing about slots.
        self.case.tally.searches = self.case.tally.searches.saturating_sub(1);
        self.search(self.case.state, format!("{reason} It is asked for slots again."));
    }

    /// Whether the workshops, refusing `command` as too late, answer again what a person is asked about.
    pub(super) fn is_silence_over(&self, command: &str) -> bool {
        let asked = self.case.question.as_ref().is_some_and(|asked| asked.for_answer);
        command == OfferSlots::NAME && self.case.state == CaseState::Escalated && asked
    }

    /// Goes on where the silence of the workshops had stopped the case.
    pub(super) fn ask_after_silence(&mut self) {
        self.case.tally.searches = 0;
        let agreed = self.case.agreed.is_some();
        let to = if agreed { CaseState::Scheduling } else { CaseState::Contacting };
        self.search(to, "The workshops answer again; slots are looked for.");
    }

    /// Whether `command` was asked once more since it came too late: its time has not passed yet.
    pub(super) fn is_asked_since(&self, command: &str) -> bool {
        let repeated = [OfferSlots::NAME, HoldSlot::NAME].contains(&command);
        repeated && self.case.wait.is_some_and(|(_, until)| self.now() <= until)
    }

    /// What was asked of the workshops about one slot was not answered: slots are looked for anew.
    pub(super) fn booking_unanswered(&mut self, command: &str) {
        let agent = self.unanswered(command);
        let reason = self.silence_words(&agent);
        self.search_again(CaseState::Scheduling, &reason);
    }

    /// Nothing was heard of a contact, and it may have been made: a person finds out.
    pub(super) fn contact_unanswered(&mut self) {
        let agent = self.unanswered(ContactOwner::NAME);
        let reason = format!(
            "It has not become known whether the owner was reached: {}",
            self.silence_words(&agent)
        );
        self.escalate(Resume::Contact, reason, "see what became of the contact");
    }

    /// How long the workshops are waited for: twice as long each time that they have not answered, but for emergencies.
    pub(super) fn patience_for_offers(&self) -> Duration {
        let (first, longest) = (self.config().offers_within, self.config().unanswered_longest);
        let (first, longest) = (first.duration(), longest.duration());
        if self.severity() == Severity::Emergency {
            return first;
        }
        let asked = self.case.unanswered.as_ref().filter(|known| known.command == OfferSlots::NAME);
        let doublings = asked.map_or(0, |known| u32::from(known.attempts).min(16));
        first.saturating_mul(1 << doublings).min(longest.max(first))
    }
}

impl Handle<CommandUnanswered> for Master {
    fn handle(
        &self,
        state: &mut State,
        unanswered: &CommandUnanswered,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        let now = ctx.now();
        let counted = self.config.degraded_within.duration();
        let Watched { silent, degraded_since } = &mut state.watched;
        silent.retain(|known| {
            let same = (known.case, &known.command) == (unanswered.case, &unanswered.command);
            !same && now.since(known.said_at) <= counted
        });
        if silent.len() >= UNANSWERED_MAX {
            ctx.count("unanswered_not_counted", 1);
            return Ok(());
        }
        let CommandUnanswered { case, command, since, .. } = unanswered.clone();
        let said = ctx.envelope().id;
        silent.push(Silent { case, command, since, said_at: now, said });
        if degraded_since.is_some() || silent.len() < usize::from(self.config.degraded_after) {
            return Ok(());
        }
        let since = silent.iter().map(|known| known.since).min().unwrap_or(since);
        *degraded_since = Some(since);
        let cases: BTreeSet<CaseId> = silent.iter().map(|known| known.case).collect();
        let degraded = AgentDegraded {
            agent: unanswered.asked_of.clone(),
            since,
            unanswered: u32::try_from(silent.len()).unwrap_or(u32::MAX),
            cases: cases.into_iter().collect(),
            evidence: silent.iter().map(|known| known.said).collect(),
        };
        ctx.publish(&degraded);
        Ok(())
    }
}

impl Handle<CommandAnswered> for Master {
    fn handle(
        &self,
        state: &mut State,
        answered: &CommandAnswered,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        // An agent that answers one answers the others, or is heard of again.
        let Watched { degraded_since, .. } = std::mem::take(&mut state.watched);
        if let Some(since) = degraded_since {
            let hours = ctx.now().since(since).as_secs_f64() / 3600.0;
            ctx.publish(&AgentRecovered {
                agent: answered.asked_of.clone(),
                since,
                degraded_for_hours: Finite::new(hours).expect("a length of time is finite"),
            });
        }
        Ok(())
    }
}
