//! Insights and CAPAs as the LOG tells them: the newest review of each population, patterns, where each CAPA stands.

use super::open;
use super::rows::Rows;
use messages::capa::{
    CapaClosed, CapaOpened, CapaRefused, CapaReopened, CapaState, CapaUpdated, RecallSuggested,
};
use messages::pattern::{Group, PatternFound, PopulationReviewed};
use messages::{CapaId, Finite, Message, Provenance, Sequence, Timestamp};
use runtime::store::Delivery;
use std::collections::{BTreeMap, VecDeque};

/// CAPAs that are listed; closed ones that are older stay on the log and are counted.
pub(crate) const CAPAS_MAX: usize = 10_000;
/// Records of a CAPA that are told besides the one that opened it; the oldest go first and are counted.
pub(crate) const CAPA_RECORDS_MAX: usize = 1_000;
/// Newest patterns that are listed.
pub(crate) const PATTERNS_MAX: usize = 200;

/// Insights and CAPAs at the log's head.
#[derive(Debug, PartialEq)]
pub(crate) struct Insights {
    /// Where the newest review of each population lies.
    pub(crate) reviewed: BTreeMap<String, Sequence>,
    /// Where patterns lie, the oldest first, with their population.
    pub(crate) patterns: VecDeque<(Sequence, String)>,
    pub(crate) capas: Rows<CapaId, Capa>,
}

/// A CAPA at the log's head.
#[derive(Debug, PartialEq)]
pub(crate) struct Capa {
    pub(crate) population: String,
    pub(crate) component: String,
    pub(crate) group: Group,
    pub(crate) state: CapaState,
    pub(crate) safety: bool,
    pub(crate) failures: u64,
    pub(crate) p_value: Finite,
    pub(crate) provenance: Provenance,
    pub(crate) opened_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) contain_by: Timestamp,
    /// What happened last, in words.
    pub(crate) reason: String,
    pub(crate) opened: Sequence,
    /// Where everything else lies that belongs to it, in order.
    pub(crate) records: VecDeque<Sequence>,
    /// Records that are no longer told because there are too many.
    pub(crate) omitted: u64,
}

impl Default for Insights {
    fn default() -> Self {
        Self {
            reviewed: BTreeMap::new(),
            patterns: VecDeque::new(),
            capas: Rows::at_most(CAPAS_MAX),
        }
    }
}

impl Insights {
    /// Takes in a record of the LOG; whether it changes anything here.
    pub(crate) fn hear(&mut self, delivery: &Delivery) -> bool {
        let envelope = &delivery.envelope;
        match envelope.name.as_str() {
            PopulationReviewed::NAME => {
                self.reviewed.insert(envelope.key.clone(), delivery.sequence);
            }
            PatternFound::NAME => {
                self.patterns.push_back((delivery.sequence, envelope.key.clone()));
                if self.patterns.len() > PATTERNS_MAX {
                    self.patterns.pop_front();
                }
            }
            CapaOpened::NAME => self.begin(delivery),
            CapaUpdated::NAME => {
                let Some(updated) = open::<CapaUpdated>(delivery) else { return false };
                let failures = updated.rate.map(|rate| rate.failures);
                self.go_on(updated.capa, delivery, Some(updated.state), updated.reason, failures);
            }
            CapaClosed::NAME => {
                let Some(closed) = open::<CapaClosed>(delivery) else { return false };
                self.go_on(closed.capa, delivery, Some(CapaState::Closed), closed.summary, None);
            }
            CapaReopened::NAME => {
                let Some(reopened) = open::<CapaReopened>(delivery) else { return false };
                let state = Some(CapaState::Reopened);
                self.go_on(reopened.capa, delivery, state, reopened.reason, None);
            }
            CapaRefused::NAME => {
                let Some(refused) = open::<CapaRefused>(delivery) else { return false };
                let reason = format!("{} was refused: {}", refused.gate, refused.reason);
                self.go_on(refused.capa, delivery, None, reason, None);
            }
            RecallSuggested::NAME => {
                let Some(suggested) = open::<RecallSuggested>(delivery) else { return false };
                self.go_on(suggested.capa, delivery, None, suggested.reason, None);
            }
            _ => return false,
        }
        true
    }

    fn begin(&mut self, delivery: &Delivery) {
        let Some(opened) = open::<CapaOpened>(delivery) else { return };
        let at = delivery.envelope.time;
        let capa = Capa {
            reason: format!("{} failures of {}", opened.failures, opened.group),
            population: opened.population,
            component: opened.component,
            group: opened.group,
            state: CapaState::Open,
            safety: opened.safety,
            failures: opened.failures,
            p_value: opened.p_value,
            provenance: delivery.envelope.provenance,
            opened_at: at,
            updated_at: at,
            contain_by: opened.contain_by,
            opened: delivery.sequence,
            records: VecDeque::new(),
            omitted: 0,
        };
        self.capas.insert(opened.capa, delivery.sequence, capa);
    }

    fn go_on(
        &mut self,
        id: CapaId,
        delivery: &Delivery,
        state: Option<CapaState>,
        reason: String,
        failures: Option<u64>,
    ) {
        let Some(capa) = self.capas.get_mut(id) else { return };
        capa.updated_at = delivery.envelope.time;
        capa.state = state.unwrap_or(capa.state);
        capa.failures = failures.unwrap_or(capa.failures);
        capa.reason = reason;
        capa.records.push_back(delivery.sequence);
        if capa.records.len() > CAPA_RECORDS_MAX {
            capa.records.pop_front();
            capa.omitted += 1;
        }
        let ended = capa.state == CapaState::Closed;
        self.capas.set_ended(id, ended);
    }
}
