//! Cases as the LOG tells them: where each stands, what it waits for, and where its story lies.

use super::open;
use super::rows::Rows;
use messages::booking::{BookingHeld, BookingRefused, SlotsOffered};
use messages::case::{
    CaseAdvanced, CaseClosed, CaseDecided, CaseEscalated, CaseOpened, CaseOutcome, CaseState,
    Decision,
};
use messages::effect::{Conclusion, EffectConcluded};
use messages::prediction::{FailurePredicted, Severity};
use messages::registry::AssetRegistered;
use messages::{BookingId, CaseId, Message, MessageId, Provenance, Sequence, Timestamp};
use runtime::store::Delivery;
use std::collections::{BTreeMap, VecDeque};

/// Cases that are listed; closed ones that are older stay on the log and are counted.
pub(crate) const CASES_MAX: usize = 100_000;
/// Records of a case that are shown besides the one that opened it; the oldest go first and are counted.
pub(crate) const CASE_RECORDS_MAX: usize = 2_000;
/// Predictions whose place is known, so that a case can be traced to the one that opened it.
pub(crate) const PREDICTIONS_MAX: usize = 100_000;

/// All cases.
#[derive(Debug, PartialEq)]
pub(crate) struct Cases {
    pub(crate) rows: Rows<CaseId, Case>,
    predictions: VecDeque<(MessageId, Sequence)>,
    prediction_by_id: BTreeMap<MessageId, Sequence>,
}

/// A case at the log's head.
#[derive(Debug, PartialEq)]
pub(crate) struct Case {
    pub(crate) asset: String,
    pub(crate) fleet: String,
    pub(crate) owner: Option<String>,
    pub(crate) component: String,
    pub(crate) severity: Severity,
    pub(crate) provenance: Provenance,
    pub(crate) opened_at: Timestamp,
    pub(crate) due_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) state: CaseState,
    /// Why it stands there.
    pub(crate) reason: Option<String>,
    pub(crate) deadline: Option<Timestamp>,
    pub(crate) escalated: Option<Escalated>,
    pub(crate) outcome: Option<CaseOutcome>,
    /// Effects of which nobody knows whether they happened.
    pub(crate) uncertain: Vec<Uncertain>,
    /// The newest booking.
    pub(crate) booking: Option<BookingId>,
    /// What was last refused by the network of centres.
    pub(crate) refused: Option<Refused>,
    /// Where the prediction lies that opened it.
    pub(crate) predicted: Option<Sequence>,
    pub(crate) opened: Sequence,
    /// The trace that it was opened in; what people say about it goes on with it.
    pub(crate) traceparent: Option<String>,
    /// Where the newest offer of slots lies.
    pub(crate) offered: Option<Sequence>,
    /// Where everything else lies that belongs to it, in order.
    pub(crate) records: VecDeque<Sequence>,
    /// Records that are no longer shown because there are too many.
    pub(crate) omitted: u64,
}

/// What a person is asked to do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Escalated {
    pub(crate) at: Timestamp,
    pub(crate) reason: String,
    pub(crate) remedy: String,
}

/// An effect that may have happened and may not have.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Uncertain {
    pub(crate) intent: MessageId,
    pub(crate) effect: String,
    pub(crate) reason: String,
}

/// A refused command about the case's booking.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refused {
    pub(crate) at: Timestamp,
    pub(crate) command: String,
    pub(crate) detail: String,
}

impl Default for Cases {
    fn default() -> Self {
        Self {
            rows: Rows::at_most(CASES_MAX),
            predictions: VecDeque::new(),
            prediction_by_id: BTreeMap::new(),
        }
    }
}

impl Cases {
    /// Takes in a record of the LOG; says whether a case changed by it.
    pub(crate) fn hear(&mut self, delivery: &Delivery) -> bool {
        match delivery.envelope.name.as_str() {
            FailurePredicted::NAME => self.remember(delivery),
            CaseOpened::NAME => self.begin(delivery),
            AssetRegistered::NAME => return self.change_owner(delivery),
            _ => {}
        }
        let Some(id) = delivery.envelope.case_id.map(CaseId) else { return false };
        let Some(case) = self.rows.get_mut(id) else { return false };
        case.note(delivery);
        case.hear(delivery);
        let ended = case.state.is_final();
        self.rows.set_ended(id, ended);
        true
    }

    /// An open case is its asset's owner's, whoever that was when it was opened.
    fn change_owner(&mut self, delivery: &Delivery) -> bool {
        let Some(registered) = open::<AssetRegistered>(delivery) else { return false };
        let mut changed = false;
        self.rows.for_each_open(|case| {
            if case.asset == registered.asset && case.owner != registered.owner {
                case.owner.clone_from(&registered.owner);
                changed = true;
            }
        });
        changed
    }

    fn remember(&mut self, delivery: &Delivery) {
        let id = delivery.envelope.id;
        self.predictions.push_back((id, delivery.sequence));
        self.prediction_by_id.insert(id, delivery.sequence);
        if self.predictions.len() > PREDICTIONS_MAX
            && let Some((oldest, _)) = self.predictions.pop_front()
        {
            self.prediction_by_id.remove(&oldest);
        }
    }

    fn begin(&mut self, delivery: &Delivery) {
        let Some(opened) = open::<CaseOpened>(delivery) else { return };
        let case = Case {
            provenance: delivery.envelope.provenance,
            opened_at: delivery.envelope.time,
            updated_at: delivery.envelope.time,
            due_at: opened.due_at,
            state: CaseState::Opened,
            predicted: self.prediction_by_id.get(&opened.evidence.prediction).copied(),
            opened: delivery.sequence,
            traceparent: delivery.envelope.traceparent.clone(),
            asset: opened.asset,
            fleet: opened.fleet,
            owner: opened.owner,
            component: opened.component,
            severity: opened.severity,
            reason: None,
            deadline: None,
            escalated: None,
            outcome: None,
            uncertain: Vec::new(),
            booking: None,
            refused: None,
            offered: None,
            records: VecDeque::new(),
            omitted: 0,
        };
        self.rows.insert(opened.case, delivery.sequence, case);
    }
}

impl Case {
    fn note(&mut self, delivery: &Delivery) {
        if delivery.sequence == self.opened {
            return;
        }
        self.updated_at = delivery.envelope.time;
        self.records.push_back(delivery.sequence);
        if self.records.len() > CASE_RECORDS_MAX {
            self.records.pop_front();
            self.omitted += 1;
        }
    }

    fn hear(&mut self, delivery: &Delivery) {
        let at = delivery.envelope.time;
        match delivery.envelope.name.as_str() {
            CaseAdvanced::NAME => self.advance(open(delivery)),
            CaseEscalated::NAME => {
                let escalated = open::<CaseEscalated>(delivery);
                if let Some(CaseEscalated { reason, remedy, .. }) = escalated {
                    self.escalated = Some(Escalated { at, reason, remedy });
                }
            }
            CaseClosed::NAME => self.close(open(delivery)),
            EffectConcluded::NAME => self.conclude(open(delivery)),
            CaseDecided::NAME => {
                if let Some(decided) = open::<CaseDecided>(delivery)
                    && let Decision::Resolve { intent, .. } = decided.decision
                {
                    self.uncertain.retain(|uncertain| uncertain.intent != intent);
                }
            }
            SlotsOffered::NAME => self.offered = Some(delivery.sequence),
            BookingHeld::NAME => {
                self.booking = open::<BookingHeld>(delivery).map(|held| held.booking);
            }
            BookingRefused::NAME => {
                let refused = open::<BookingRefused>(delivery);
                if let Some(BookingRefused { command, detail, .. }) = refused {
                    self.refused = Some(Refused { at, command, detail });
                }
            }
            _ => {}
        }
    }

    fn advance(&mut self, advanced: Option<CaseAdvanced>) {
        let Some(CaseAdvanced { to, reason, deadline, severity, due_at, .. }) = advanced else {
            return;
        };
        self.state = to;
        self.severity = severity.unwrap_or(self.severity);
        self.due_at = due_at.unwrap_or(self.due_at);
        self.reason = Some(reason);
        self.deadline = deadline;
        if !matches!(to, CaseState::Escalated | CaseState::Uncertain) {
            self.escalated = None;
        }
    }

    fn close(&mut self, closed: Option<CaseClosed>) {
        let Some(CaseClosed { outcome, reason, .. }) = closed else { return };
        self.state = match outcome {
            CaseOutcome::Cancelled => CaseState::Cancelled,
            _ => CaseState::Closed,
        };
        self.outcome = Some(outcome);
        self.reason = Some(reason);
        self.deadline = None;
        self.escalated = None;
    }

    fn conclude(&mut self, concluded: Option<EffectConcluded>) {
        let Some(EffectConcluded { intent, effect, conclusion, .. }) = concluded else { return };
        self.uncertain.retain(|uncertain| uncertain.intent != intent);
        if let Conclusion::Uncertain { reason } = conclusion {
            self.uncertain.push(Uncertain { intent, effect, reason });
        }
    }
}
