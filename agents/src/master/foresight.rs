//! Predictions that come, grow and are taken back: which of them open a case, and what they do to an open one.

use super::Master;
use super::handling::{Handling, PASSED_OVER};
use super::memory::{Approach, Case, Foreseen, Rest, State};
use super::words;
use messages::case::CaseState::{
    AwaitingCustomer, Booked, Contacting, Declined, Deferred, Escalated, InService, Opened,
    Scheduling, Uncertain, Verifying,
};
use messages::case::{CaseOpened, CaseOutcome, Evidence};
use messages::contact::Purpose;
use messages::prediction::{ClearedReason, FailurePredicted, Severity};
use messages::{CaseId, Timestamp};
use runtime::Ctx;
use std::time::Duration;

/// Seconds of an hour.
const HOUR_SECONDS: f64 = 3600.0;

impl Master {
    /// Opens a case for each component that needs one, and tells the open ones what has changed.
    pub(super) fn predicted(
        &self,
        state: &mut State,
        predicted: &FailurePredicted,
        ctx: &mut Ctx<'_, Self>,
    ) {
        for hypothesis in &predicted.hypotheses {
            if hypothesis.advice.severity < self.config.severity_min {
                continue;
            }
            let detector = format!("{} {}", predicted.model, hypothesis.component);
            if self.config.advice_only.contains(&detector) {
                ctx.count("predictions_advice_only", 1);
                continue;
            }
            let foreseen = Foreseen::new(ctx.envelope().id, predicted, hypothesis);
            let component = &hypothesis.component;
            if state.cases.contains_key(component) {
                self.on_component(state, component, ctx, |handling| {
                    handling.foreseen_anew(foreseen)
                });
            } else if let Some(foreseen) = state.rested(foreseen, ctx) {
                self.open(state, foreseen, ctx);
            }
        }
    }

    /// Opens a case about what is `foreseen`.
    pub(super) fn open(&self, state: &mut State, foreseen: Foreseen, ctx: &mut Ctx<'_, Self>) {
        let component = foreseen.hypothesis.component.clone();
        let asset = ctx.key().to_owned();
        let id = CaseId::of(foreseen.prediction, &format!("{asset}/{component}"));
        let due_at = due_at(&foreseen, ctx.now());
        let case = Case::new(id, foreseen, due_at, ctx.now());
        let opened = CaseOpened {
            case: id,
            asset,
            fleet: case.foreseen.fleet.clone(),
            owner: state.owner.clone(),
            component: component.clone(),
            severity: case.severity,
            evidence: Evidence {
                prediction: case.foreseen.prediction,
                window_end: case.foreseen.window_end,
                profile: case.foreseen.profile.clone(),
                hypothesis: case.foreseen.hypothesis.clone(),
                model: case.foreseen.model.clone(),
            },
            due_at,
        };
        ctx.publish(&opened);
        state.rests.remove(&component);
        state.cases.insert(component.clone(), case);
        self.on_component(state, &component, ctx, |handling| {
            if handling.owner.is_none() {
                return handling.no_owner();
            }
            handling.search(Opened, "The workshops are asked for slots.");
        });
    }
}

/// By when something must have been done; what can wait for the next service must be done within the horizon.
fn due_at(foreseen: &Foreseen, now: Timestamp) -> Timestamp {
    let hours = foreseen.hypothesis.advice.act_within_hours.unwrap_or(foreseen.horizon_hours);
    now.saturating_add(Duration::from_secs_f64(hours.get().max(0.0) * HOUR_SECONDS))
}

impl State {
    /// What is foreseen, unless the component's last case has only just ended.
    fn rested(&mut self, foreseen: Foreseen, ctx: &mut Ctx<'_, Master>) -> Option<Foreseen> {
        let Some(rest) = self.rests.get_mut(&foreseen.hypothesis.component) else {
            return Some(foreseen);
        };
        if rest.found_at.is_some_and(|found_at| foreseen.window_end <= found_at) {
            ctx.count(PASSED_OVER, 1);
            return None;
        }
        if foreseen.severity() > rest.severity {
            return Some(foreseen);
        }
        rest.again = Some(foreseen);
        None
    }

    /// The case of `component` has ended; for a while it takes something graver to open another.
    pub(super) fn settle(&mut self, master: &Master, component: &str, now: Timestamp) {
        let Some(case) = self.cases.remove(component) else { return };
        let settled = match case.outcome {
            Some(CaseOutcome::Retired) => return,
            Some(CaseOutcome::Confirmed | CaseOutcome::Refuted | CaseOutcome::Declined) => true,
            Some(CaseOutcome::Recovered | CaseOutcome::Cancelled) | None => false,
        };
        let config = &master.config;
        let cool_down = if settled { config.cool_down_settled } else { config.cool_down };
        let rest = Rest {
            case: case.id,
            until: now.saturating_add(cool_down.duration()),
            severity: case.severity,
            found_at: case.found.map(|found| found.at),
            again: None,
        };
        self.rests.insert(component.to_owned(), rest);
    }
}

impl Handling<'_, '_> {
    /// Something newer is known about what is foreseen.
    fn foreseen_anew(&mut self, foreseen: Foreseen) {
        let late = foreseen.window_end <= self.case.foreseen.window_end;
        if late || matches!(self.case.state, InService | Verifying) {
            return self.pass_over();
        }
        let severity = foreseen.severity();
        let due_at = due_at(&foreseen, self.now());
        let before = std::mem::replace(&mut self.case.foreseen, foreseen);
        if severity <= self.case.severity {
            if before.is_told_otherwise_than(&self.case.foreseen) {
                self.renew_contact();
                // It may be waited for longer now; whoever watches deadlines has to know.
                self.remark(format!("What is foreseen has changed: {}.", self.foreseen_words()));
            }
            return;
        }
        let before = std::mem::replace(&mut self.case.severity, severity);
        self.case.due_at = self.case.due_at.min(due_at);
        let reason = format!(
            "It has grown graver, from {} to {}: {}.",
            words::severity(before),
            words::severity(severity),
            self.foreseen_words()
        );
        if severity == Severity::Emergency {
            return self.alert(reason);
        }
        self.renew_contact();
        self.hasten(reason);
    }

    /// The owner is told once that it cannot wait.
    fn alert(&mut self, reason: String) {
        match self.case.state {
            Opened => {
                self.case.approach = Approach::for_(Purpose::UrgentAlert);
                // The patience with workshops that do not answer has come to an end.
                match self.case.unanswered {
                    Some(_) => self.search(Opened, reason),
                    None => self.remark(reason),
                }
            }
            Contacting | AwaitingCustomer | Deferred | Declined if !self.case.has_booking() => {
                self.case.agreed = None;
                self.case.approach = Approach::for_(Purpose::UrgentAlert);
                self.case.tally.searches = 0;
                self.search(Contacting, reason);
            }
            Booked => {
                let booking = self.case.booking.as_ref().expect("a booked case has a booking");
                if booking.slot.from <= self.case.due_at {
                    self.remark(format!(
                        "{reason} The booking is soon enough; the owner is warned."
                    ));
                    return self.tell(Purpose::UrgentAlert);
                }
                self.case.agreed = None;
                self.case.approach = Approach::for_(Purpose::UrgentAlert);
                self.search(Scheduling, format!("{reason} An earlier slot is looked for."));
            }
            // Nobody is spoken to again while it is unknown whether they were.
            Uncertain => self.ask_anew(&reason),
            Escalated if self.case.question.as_ref().is_some_and(|asked| asked.for_slots) => {
                self.promise_a_call();
                self.ask_anew(&reason);
                self.tell(Purpose::UrgentWarning);
            }
            Escalated => {
                self.ask_anew(&reason);
                self.tell(Purpose::UrgentAlert);
            }
            _ => {
                self.remark(reason);
                self.tell(Purpose::UrgentAlert);
            }
        }
    }

    /// What is waited for is waited for no longer than the severity allows.
    fn hasten(&mut self, reason: String) {
        let soonest = match self.case.state {
            AwaitingCustomer => Some(self.config().answer_within),
            Declined => Some(self.config().recovery_after),
            Escalated | Uncertain => return self.ask_anew(&reason),
            _ => None,
        };
        if let (Some(soonest), Some((wait, until))) = (soonest, self.case.wait) {
            let until = until.min(self.now().saturating_add(soonest.of(self.severity())));
            self.case.wait = Some((wait, until));
        }
        self.remark(reason);
    }

    /// The prediction was taken back.
    pub(super) fn cleared(&mut self, reason: ClearedReason) {
        if matches!(self.case.state, InService | Verifying) {
            return self.pass_over();
        }
        let component = self.component_words();
        let why = match reason {
            ClearedReason::Recovered => {
                format!("A failure of the {component} is no longer in sight.")
            }
            ClearedReason::Maintained => format!("The {component} was repaired elsewhere."),
            ClearedReason::SensorFault => {
                format!("The prediction about the {component} rested on a faulty sensor.")
            }
            // The registry says so as well, and ends every case of the asset.
            ClearedReason::Retired => return self.pass_over(),
        };
        if self.case.has_booking() && reason != ClearedReason::Maintained {
            return self
                .remark(format!("{why} The booking stands, so that the workshop has a look."));
        }
        self.finish(CaseOutcome::Recovered, why);
    }
}
