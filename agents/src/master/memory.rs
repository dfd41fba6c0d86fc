//! What the master remembers of an asset: its owner, its cases, and what has just ended.

use super::path::Wait;
use super::{Master, Wake};
use messages::booking::Slot;
use messages::case::{CaseOutcome, CaseState};
use messages::contact::{Purpose, TimeWindow};
use messages::prediction::{FailurePredicted, Hypothesis, Severity};
use messages::{BookingId, CaseId, Finite, MessageId, OfferId, Place, Record, Timestamp};
use runtime::Ctx;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is remembered of one asset.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct State {
    /// Its owner, if one is registered.
    pub(super) owner: Option<String>,
    /// Where it usually stands, if that is registered.
    pub(super) home: Option<Place>,
    /// It is no longer watched.
    pub(super) retired: bool,
    /// Cases that have not ended, by component.
    pub(super) cases: BTreeMap<String, Case>,
    /// Components whose last case has just ended.
    pub(super) rests: BTreeMap<String, Rest>,
    /// For when the timer is set.
    wake_at: Option<Timestamp>,
    /// Agents that have left a command of its cases unanswered and said nothing about it since, by their kind.
    pub(super) owed: BTreeMap<String, Owed>,
    /// What an agent leaves unanswered, where the key is the kind of one. An asset of that name is none the wiser.
    pub(super) watched: Watched,
}

impl Record for State {
    const SCHEMA: u16 = 120;
    // The homes of version 1 are on the log only, and so is since when the cases of version 2 wait.
    const VERSION: u16 = 3;
}

/// A command that an agent owes an answer to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Owed {
    pub(super) case: CaseId,
    pub(super) command: String,
    pub(super) since: Timestamp,
}

/// What one agent leaves unanswered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Watched {
    /// The newest of each command and case.
    pub(super) silent: Vec<Silent>,
    /// It was said to be degraded.
    pub(super) degraded_since: Option<Timestamp>,
}

/// A command that was said to be unanswered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Silent {
    pub(super) case: CaseId,
    pub(super) command: String,
    pub(super) since: Timestamp,
    pub(super) said_at: Timestamp,
    pub(super) said: MessageId,
}

/// A case that has not ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Case {
    pub(super) id: CaseId,
    pub(super) component: String,
    pub(super) state: CaseState,
    /// What it waits for, and until when; nothing once it has ended.
    pub(super) wait: Option<(Wait, Timestamp)>,
    /// Since when it waits for that.
    pub(super) waits_since: Timestamp,
    /// The command that it waited for in vain, until whoever was asked is heard of again.
    pub(super) unanswered: Option<Unanswered>,
    /// The gravest that was predicted since it opened.
    pub(super) severity: Severity,
    pub(super) due_at: Timestamp,
    /// End of the window that it opened on.
    pub(super) opened_on: Timestamp,
    /// The newest prediction.
    pub(super) foreseen: Foreseen,
    /// How the owner is spoken to next, or was last.
    pub(super) approach: Approach,
    /// A contact that is to come whatever else happens, unless the owner settles it first.
    pub(super) appointment: Option<Appointment>,
    /// The owner agreed, if so.
    pub(super) agreed: Option<Agreed>,
    /// The newest offers that have not been refused.
    pub(super) offers: Vec<Offered>,
    /// The offer that was last asked for.
    pub(super) asked: Option<OfferId>,
    pub(super) booking: Option<Booking>,
    /// The contact that is under way.
    pub(super) step: Option<String>,
    /// The last contact that needs no answer.
    pub(super) notice: Option<String>,
    /// What a person was asked.
    pub(super) question: Option<Question>,
    /// The attempt of which nobody knows whether it happened.
    pub(super) uncertain: Option<MessageId>,
    pub(super) found: Option<Found>,
    pub(super) outcome: Option<CaseOutcome>,
    /// The owner is told that it cannot wait.
    pub(super) alerted: bool,
    pub(super) tally: Tally,
}

/// What is foreseen of one component.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Foreseen {
    pub(super) prediction: MessageId,
    pub(super) fleet: String,
    pub(super) profile: String,
    pub(super) window_end: Timestamp,
    pub(super) horizon_hours: Finite,
    pub(super) hypothesis: Hypothesis,
    pub(super) model: String,
}

impl Foreseen {
    pub(super) fn new(
        prediction: MessageId,
        predicted: &FailurePredicted,
        hypothesis: &Hypothesis,
    ) -> Self {
        Self {
            prediction,
            fleet: predicted.fleet.clone(),
            profile: predicted.profile.clone(),
            window_end: predicted.window_end,
            horizon_hours: predicted.horizon_hours,
            hypothesis: hypothesis.clone(),
            model: predicted.model.clone(),
        }
    }

    pub(super) fn severity(&self) -> Severity {
        self.hypothesis.advice.severity
    }

    /// Whether an owner would hear another chance, which is told in tens, or another advice.
    pub(super) fn is_told_otherwise_than(&self, other: &Self) -> bool {
        let told = |foreseen: &Self| {
            let tens = (foreseen.hypothesis.probability.get() * 10.0).round();
            (tens, foreseen.hypothesis.advice.driving)
        };
        told(self) != told(other)
    }
}

/// How the owner is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Approach {
    pub(super) purpose: Purpose,
    pub(super) asked_for: bool,
}

/// When and how the owner is spoken to at a time that is fixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Appointment {
    pub(super) at: Timestamp,
    pub(super) approach: Approach,
}

/// What the owner agreed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Agreed {
    /// Any slot.
    Any,
    /// A slot that begins within this.
    Within(TimeWindow),
    /// This slot.
    Exactly(Slot),
}

/// A slot that can be had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Offered {
    pub(super) offer: OfferId,
    pub(super) slot: Slot,
}

/// A slot that the case has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Booking {
    pub(super) id: BookingId,
    pub(super) slot: Slot,
    pub(super) confirmed: bool,
}

/// A command without an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Unanswered {
    pub(super) command: String,
    /// When it was asked first.
    pub(super) since: Timestamp,
    /// How often it was asked.
    pub(super) attempts: u16,
}

/// What a person was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Question {
    /// Why a person is needed, whatever has happened since.
    pub(super) reason: String,
    pub(super) remedy: String,
    /// What follows when the person approves.
    pub(super) resume: Resume,
    pub(super) asked_at: Timestamp,
    /// How often the person was reminded since it was last news.
    pub(super) reminders: u8,
    /// It is asked because there was no slot: workshops that have room answer it, too.
    pub(super) for_slots: bool,
    /// It is asked because the workshops did not answer: their answering is enough.
    pub(super) for_answer: bool,
}

/// What follows when a person approves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Resume {
    /// The owner is contacted with new slots.
    Contact,
    /// The best slot is booked.
    Book,
    /// The booking stands.
    Stand,
    /// The workshop's finding is waited for.
    Await,
}

/// What the workshop found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Found {
    pub(super) at: Timestamp,
    /// The faulty component, if one was.
    pub(super) component: Option<String>,
}

/// How often what happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tally {
    pub(super) contacts: u16,
    pub(super) reminders: u8,
    pub(super) deferrals: u8,
    pub(super) declines: u8,
    pub(super) unclear: u8,
    pub(super) questions: u8,
    pub(super) searches: u8,
    pub(super) unreached: u8,
    pub(super) rebookings: u8,
}

/// A component whose last case has just ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Rest {
    pub(super) case: CaseId,
    pub(super) until: Timestamp,
    /// Something graver than this opens a case all the same.
    pub(super) severity: Severity,
    /// Predictions that rest on earlier windows are about what the workshop has seen.
    pub(super) found_at: Option<Timestamp>,
    /// What was predicted meanwhile and has not been taken back.
    pub(super) again: Option<Foreseen>,
}

impl Case {
    /// A case about what is `foreseen`, not said yet.
    pub(super) fn new(id: CaseId, foreseen: Foreseen, due_at: Timestamp, now: Timestamp) -> Self {
        let severity = foreseen.severity();
        Self {
            id,
            component: foreseen.hypothesis.component.clone(),
            state: CaseState::Opened,
            wait: None,
            waits_since: now,
            unanswered: None,
            severity,
            due_at,
            opened_on: foreseen.window_end,
            foreseen,
            approach: Approach::first(severity),
            appointment: None,
            agreed: None,
            offers: Vec::new(),
            asked: None,
            booking: None,
            step: None,
            notice: None,
            question: None,
            uncertain: None,
            found: None,
            outcome: None,
            alerted: false,
            tally: Tally::default(),
        }
    }

    pub(super) fn waits_for(&self, wait: Wait) -> bool {
        self.wait.is_some_and(|(known, _)| known == wait)
    }

    pub(super) fn has_booking(&self) -> bool {
        self.booking.as_ref().is_some_and(|booking| booking.confirmed)
    }

    pub(super) fn is_booking(&self, id: BookingId) -> bool {
        self.booking.as_ref().is_some_and(|booking| booking.id == id)
    }

    /// Whether a contact at a fixed time is due.
    pub(super) fn has_appointment(&self, now: Timestamp) -> bool {
        self.appointment.is_some_and(|appointment| appointment.at <= now)
    }

    /// The first offer that the owner agreed to and that lies ahead.
    pub(super) fn fitting(&self, now: Timestamp) -> Option<Offered> {
        let agreed = self.agreed.as_ref()?;
        let fits = |offered: &&Offered| match agreed {
            Agreed::Any => true,
            Agreed::Within(window) => {
                window.from <= offered.slot.from && offered.slot.from < window.to
            }
            Agreed::Exactly(slot) => {
                (&slot.centre, slot.from) == (&offered.slot.centre, offered.slot.from)
            }
        };
        self.offers.iter().filter(|offered| offered.slot.from > now).find(fits).cloned()
    }
}

impl Approach {
    /// How the owner is spoken to first.
    pub(super) fn first(severity: Severity) -> Self {
        let purpose = match severity {
            Severity::Emergency => Purpose::UrgentAlert,
            _ => Purpose::PredictedFailure,
        };
        Self::for_(purpose)
    }

    pub(super) fn for_(purpose: Purpose) -> Self {
        Self { purpose, asked_for: purpose == Purpose::Callback }
    }
}

impl State {
    /// The component that case `id` is about, unless it has ended.
    pub(super) fn component_of(&self, id: CaseId) -> Option<String> {
        self.cases.values().find(|case| case.id == id).map(|case| case.component.clone())
    }

    /// Components whose cases' deadlines have passed.
    pub(super) fn overdue(&self, now: Timestamp) -> Vec<String> {
        let overdue =
            self.cases.iter().filter(|(_, case)| case.wait.is_some_and(|(_, at)| at <= now));
        overdue.map(|(component, _)| component.clone()).collect()
    }

    /// Ends the rests that have lasted until `now`; what is foreseen all the same.
    pub(super) fn rested_through(&mut self, now: Timestamp) -> Vec<Foreseen> {
        let (ended, rests) =
            std::mem::take(&mut self.rests).into_iter().partition(|(_, rest)| rest.until <= now);
        self.rests = rests;
        let ended: BTreeMap<String, Rest> = ended;
        ended.into_values().filter_map(|rest| rest.again).collect()
    }

    /// Whether `case` ended a short while ago.
    pub(super) fn has_just_ended(&self, case: CaseId) -> bool {
        self.rests.values().any(|rest| rest.case == case)
    }

    /// Sets the timer for the first deadline.
    pub(super) fn arm(&mut self, ctx: &mut Ctx<'_, Master>) {
        let deadlines = self.cases.values().filter_map(|case| case.wait).map(|(_, at)| at);
        let wake_at = deadlines.chain(self.rests.values().map(|rest| rest.until)).min();
        if wake_at == self.wake_at {
            return;
        }
        match wake_at {
            Some(at) => ctx.at(at, Wake),
            None => ctx.cancel::<Wake>(),
        }
        self.wake_at = wake_at;
    }

    /// The timer has fired: it is set no longer.
    pub(super) fn woken(&mut self) {
        self.wake_at = None;
    }
}
