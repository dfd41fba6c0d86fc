//! Cases for which there was no slot: they wait, and when there is room the gravest are offered it first.

use super::desk::{DONE, Desk, rejected};
use super::memory::{State, Waiting, Work};
use messages::CaseId;
use messages::booking::OfferSlots;
use messages::prediction::Severity;
use messages::time::Timestamp;
use models::schedule::{self, Job, OfferError};
use runtime::AgentResult;
use std::cmp::Reverse;

/// Cases that no longer wait because graver ones do.
const FORGOTTEN: &str = "waiting_forgotten";

impl Desk<'_, '_> {
    /// Lets the case of `command` wait for a slot.
    pub(super) fn wait(&mut self, command: &OfferSlots, work: Work) {
        let since = self.now();
        let until = since.saturating_add(self.config.waiting_for.duration());
        let waiting = Waiting { asset: command.asset.clone(), work, since, until };
        self.state.waiting.insert(command.case, waiting);
        let most = usize::from(self.config.waiting_max);
        while self.state.waiting.len() > most || !self.state.waiting.is_empty() && self.is_full() {
            let last = self.state.gravest_first().pop().expect("a case waits");
            self.state.waiting.remove(&last);
            self.ctx.count(FORGOTTEN, 1);
        }
    }

    /// If there is room, offers it to cases that wait, without their asking: the gravest first, and to each what
    /// those before it leave.
    pub(super) fn offer_to_waiting(&mut self) -> AgentResult {
        let Some(cause) = self.room.take() else { return DONE };
        let most = usize::from(self.config.waiting_tried_max);
        for case in self.state.gravest_first().into_iter().take(most) {
            self.offer_unasked(case, &cause)?;
        }
        DONE
    }

    fn offer_unasked(&mut self, case: CaseId, cause: &str) -> AgentResult {
        let Some(Waiting { asset, mut work, .. }) = self.state.waiting.get(&case).cloned() else {
            return DONE;
        };
        let now = self.now();
        work.earliest_at =
            work.earliest_at.max(now.saturating_add(self.config.held_for.duration()));
        let problem = self.state.problem_beside_promises(now, case, &work.component);
        let company = self.state.company((case, &asset), &work, now);
        let job = Job { company, ..work.job(case, &asset) };
        match schedule::offers(&problem, &job, None, &self.config.search) {
            Ok(found) => {
                self.state.waiting.remove(&case);
                self.say_offers((case, &asset), work, &found.offers, Some(cause.to_owned()));
                DONE
            }
            Err(OfferError::Infeasible(_)) => DONE,
            Err(OfferError::Invalid(invalid)) => Err(rejected(&invalid)),
        }
    }
}

impl State {
    /// Cases that wait: the gravest first, then the sooner due, then the longer waiting.
    fn gravest_first(&self) -> Vec<CaseId> {
        let key = |case: &CaseId| -> (Reverse<Severity>, Timestamp, Timestamp, CaseId) {
            let Waiting { work, since, .. } = &self.waiting[case];
            (Reverse(work.severity), work.due_at, *since, *case)
        };
        let mut cases: Vec<CaseId> = self.waiting.keys().copied().collect();
        cases.sort_by_key(key);
        cases
    }
}
