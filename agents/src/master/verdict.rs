//! What the workshop found and whether the prediction was right.

use super::Master;
use super::handling::Handling;
use super::memory::{Found, Resume, State};
use super::path::Wait;
use super::words;
use messages::case::CaseOutcome;
use messages::case::CaseState::{Booked, InService, Verifying};
use messages::contact::Purpose;
use messages::finding::{FindingRecorded, Outcome, PredictionVerified};
use messages::registry::MaintenanceRecorded;
use runtime::Ctx;

/// Whether the workshop looked at `component`.
fn looked_at(finding: &FindingRecorded, component: &str) -> bool {
    finding.examined == component || finding.component.as_deref() == Some(component)
}

impl Master {
    /// Repairs start a component anew; cases that the finding is about wait for the verdict.
    pub(super) fn found(
        &self,
        state: &mut State,
        finding: &FindingRecorded,
        ctx: &mut Ctx<'_, Self>,
    ) {
        if finding.repaired {
            let repaired = finding.component.as_ref().unwrap_or(&finding.examined);
            ctx.publish(&MaintenanceRecorded {
                asset: finding.asset.clone(),
                component: repaired.clone(),
                performed_at: finding.found_at,
            });
        }
        let components: Vec<String> = state.cases.keys().cloned().collect();
        for component in components {
            self.on_component(state, &component, ctx, |handling| handling.found(finding));
        }
    }
}

impl Handling<'_, '_> {
    fn found(&mut self, finding: &FindingRecorded) {
        let case = &self.case;
        let visited = finding.case == Some(case.id)
            || finding.booking.is_some_and(|booking| case.is_booking(booking));
        let looked_at = looked_at(finding, &case.component);
        if !visited && !looked_at {
            return;
        }
        // What was found before anything was foreseen says nothing about it.
        if case.state == Verifying || finding.found_at < case.opened_on {
            return self.pass_over();
        }
        let own = finding.booking.is_some_and(|booking| case.is_booking(booking));
        if own {
            self.case.booking = None;
        }
        if !looked_at {
            let reason = format!(
                "The workshop looked at “{}” and not at the {}.",
                finding.examined,
                self.component_words()
            );
            return self.escalate(Resume::Contact, reason, "speak to the workshop");
        }
        let looked_at_already = "a workshop has looked at it already";
        if self.case.has_booking() {
            self.tell(Purpose::BookingCancelled);
        } else if let Some(owner) = self.owner {
            self.withdraw(owner, looked_at_already);
        }
        self.release(looked_at_already);
        let by = words::capitalised(&finding.by);
        let reason = match &finding.component {
            Some(found) if *found == self.case.component => {
                format!("{by} found the {} faulty.", self.component_words())
            }
            Some(found) => {
                format!("{by} found “{found}” faulty, and not the {}.", self.component_words())
            }
            None => format!("{by} found no fault."),
        };
        self.case.found =
            Some(Found { at: finding.found_at, component: finding.component.clone() });
        let until = self.now().saturating_add(self.config().verdict_within.duration());
        self.advance(Verifying, Wait::Verdict, until, reason);
    }

    /// A prediction about the component was judged.
    pub(super) fn verified(&mut self, verified: &PredictionVerified) {
        let state = self.case.state;
        if state == Verifying {
            return match verified.outcome {
                Outcome::TruePositive | Outcome::FalsePositive => self.close_by_finding(),
                Outcome::FalseNegative | Outcome::Censored => self.pass_over(),
            };
        }
        match verified.outcome {
            Outcome::TruePositive if state != InService => {
                let reason = format!(
                    "The {} failed before a workshop had looked at it.",
                    self.component_words()
                );
                let resume = if self.case.has_booking() { Resume::Stand } else { Resume::Contact };
                self.escalate(resume, reason, "see that the asset is recovered");
            }
            Outcome::FalsePositive if !matches!(state, InService | Booked) => {
                let reason = "The time in which it was to fail has passed without a failure.";
                self.finish(CaseOutcome::Refuted, reason);
            }
            _ => self.pass_over(),
        }
    }

    /// The finding itself says whether what was foreseen was there.
    pub(super) fn close_by_finding(&mut self) {
        let found = self.case.found.as_ref().expect("a case in verification has a finding");
        let component = self.component_words();
        let (outcome, reason) = match &found.component {
            Some(faulty) if *faulty == self.case.component => (
                CaseOutcome::Confirmed,
                format!("The workshop found what was foreseen: the {component}."),
            ),
            Some(faulty) => (
                CaseOutcome::Refuted,
                format!("The workshop found “{faulty}” faulty, and not the {component}."),
            ),
            None => {
                (CaseOutcome::Refuted, format!("The workshop found no fault in the {component}."))
            }
        };
        if self.config().ask_how_it_was {
            self.tell(Purpose::PostServiceFeedback);
        }
        self.finish(outcome, reason);
    }
}
