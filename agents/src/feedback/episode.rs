//! An episode: what is predicted of one component, from its first prediction to its one verdict.

use super::docket::{Docket, Role};
use super::{Config, Feedback, Judge, State};
use messages::case::CaseOpened;
use messages::finding::{FailureRecorded, FindingRecorded, Outcome, PredictionVerified};
use messages::prediction::{FailurePredicted, Hypothesis, PredictionCleared};
use messages::registry::{AssetRetired, MaintenanceRecorded};
use messages::shadow::{ShadowCleared, ShadowPredicted};
use messages::{CaseId, Finite, MessageId, Timestamp};
use runtime::Ctx;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Seconds of an hour.
const HOUR_SECONDS: f64 = 3600.0;

/// What is predicted of one component.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Episode {
    model: String,
    case: Option<CaseId>,
    /// The first prediction, from which the lead time counts.
    first: MessageId,
    first_at: Timestamp,
    probability: Finite,
    /// End of the window of the newest prediction.
    newest_at: Timestamp,
    horizon: Duration,
    /// It has not been taken back.
    stands: bool,
    /// It has been judged; what is predicted until then, unless it was taken back before, is the same once more.
    judged_until: Option<Timestamp>,
}

impl Episode {
    fn new(id: MessageId, predicted: &FailurePredicted, hypothesis: &Hypothesis) -> Self {
        let hours = predicted.horizon_hours.get().max(0.0);
        Self {
            model: predicted.model.clone(),
            case: None,
            first: id,
            first_at: predicted.window_end,
            probability: hypothesis.probability,
            newest_at: predicted.window_end,
            horizon: Duration::from_secs_f64(hours * HOUR_SECONDS),
            stands: true,
            judged_until: None,
        }
    }

    fn is_open(&self) -> bool {
        self.judged_until.is_none()
    }

    /// A failure at `at` is the one that was foreseen.
    fn foresees(&self, at: Timestamp) -> bool {
        self.first_at <= at && (self.stands || at <= self.newest_at.saturating_add(self.horizon))
    }

    /// When something is to be done about it if nothing comes.
    pub(super) fn due_at(&self, config: &Config) -> Timestamp {
        let horizon_end = self.newest_at.saturating_add(self.horizon);
        self.judged_until.unwrap_or(horizon_end.saturating_add(config.report_grace.duration()))
    }
}

impl State {
    /// Sets the timer for the first thing to be done.
    pub(super) fn arm(&mut self, config: &Config, ctx: &mut Ctx<'_, Feedback>) {
        let dues = [self.in_use.due_at(config), self.shadow.due_at(config)];
        let wake_at = dues.into_iter().flatten().min();
        if wake_at == self.wake_at {
            return;
        }
        match wake_at {
            Some(at) => ctx.at(at, Judge),
            None => ctx.cancel::<Judge>(),
        }
        self.wake_at = wake_at;
    }
}

impl Docket {
    fn settle(&mut self, component: &str, at: Timestamp) {
        let settled_at = self.settled.entry(component.to_owned()).or_insert(at);
        *settled_at = at.max(*settled_at);
    }

    /// Judges the open episode of `component`; what is left of it once it was taken back is nothing.
    fn judge(
        &mut self,
        role: Role,
        component: &str,
        outcome: Outcome,
        at: Timestamp,
        judged_by: Option<MessageId>,
        ctx: &mut Ctx<'_, Feedback>,
    ) {
        let episode = self.episodes.get_mut(component).filter(|episode| episode.is_open());
        let episode = episode.expect("only an open episode is judged");
        let lead = at.since(episode.first_at).as_secs_f64() / HOUR_SECONDS;
        let known = outcome == Outcome::TruePositive;
        let verified = PredictionVerified {
            detector: detector(&episode.model, component),
            asset: ctx.key().to_owned(),
            component: component.to_owned(),
            case: episode.case,
            prediction: Some(episode.first),
            outcome,
            lead_hours: known.then(|| Finite::new(lead).expect("a span of time is finite")),
            probability: Some(episode.probability),
            judged_by,
        };
        role.say(verified, ctx);
        episode.judged_until = Some(ctx.now().max(at).saturating_add(episode.horizon));
        if !episode.stands {
            self.episodes.remove(component);
        }
    }

    /// Components whose episodes are open and for which `wanted` holds.
    fn open_where(&self, wanted: impl Fn(&str, &Episode) -> bool) -> Vec<String> {
        let open = self.episodes.iter().filter(|(_, episode)| episode.is_open());
        let wanted = open.filter(|(component, episode)| wanted(component, episode));
        wanted.map(|(component, _)| component.clone()).collect()
    }
}

fn detector(model: &str, component: &str) -> String {
    format!("{model} {component}")
}

impl Feedback {
    pub(super) fn predicted(
        &self,
        (docket, role): (&mut Docket, Role),
        predicted: &FailurePredicted,
        ctx: &mut Ctx<'_, Self>,
    ) {
        docket.model = Some(predicted.model.clone());
        for hypothesis in &predicted.hypotheses {
            if hypothesis.advice.severity < self.config.severity_min {
                continue;
            }
            let (component, at) = (&hypothesis.component, predicted.window_end);
            if docket.settled.get(component).is_some_and(|settled_at| at <= *settled_at) {
                role.pass_over(ctx);
                continue;
            }
            let known = docket.episodes.get_mut(component);
            // Models follow each other in the shadow; what one has begun is not the next one's.
            match known.filter(|it| role == Role::InUse || it.model == predicted.model) {
                Some(episode) if episode.is_open() => {
                    if at > episode.newest_at {
                        episode.newest_at = at;
                        episode.stands = true;
                    }
                }
                // The same once more, after its verdict.
                Some(episode) if episode.judged_until.is_some_and(|until| at <= until) => {}
                _ => {
                    let episode = Episode::new(ctx.envelope().id, predicted, hypothesis);
                    docket.episodes.insert(component.clone(), episode);
                }
            }
        }
    }

    pub(super) fn cleared(
        &self,
        (docket, role): (&mut Docket, Role),
        cleared: &PredictionCleared,
        ctx: &mut Ctx<'_, Self>,
    ) {
        let Some(episode) = docket.episodes.get_mut(&cleared.component) else {
            return role.pass_over(ctx);
        };
        if cleared.window_end < episode.newest_at {
            return role.pass_over(ctx);
        }
        episode.stands = false;
        if !episode.is_open() {
            docket.episodes.remove(&cleared.component);
        }
    }

    pub(super) fn predicted_in_shadow(
        &self,
        docket: (&mut Docket, Role),
        predicted: &ShadowPredicted,
        ctx: &mut Ctx<'_, Self>,
    ) {
        self.predicted(docket, &predicted.0, ctx);
    }

    pub(super) fn cleared_in_shadow(
        &self,
        docket: (&mut Docket, Role),
        cleared: &ShadowCleared,
        ctx: &mut Ctx<'_, Self>,
    ) {
        self.cleared(docket, &cleared.0, ctx);
    }

    pub(super) fn opened(
        &self,
        (docket, role): (&mut Docket, Role),
        opened: &CaseOpened,
        ctx: &mut Ctx<'_, Self>,
    ) {
        match docket.episodes.get_mut(&opened.component).filter(|episode| episode.is_open()) {
            Some(episode) => episode.case = Some(opened.case),
            None => role.pass_over(ctx),
        }
    }

    pub(super) fn found(
        &self,
        (docket, role): (&mut Docket, Role),
        finding: &FindingRecorded,
        ctx: &mut Ctx<'_, Self>,
    ) {
        let faulty = finding.component.as_deref();
        let looked_at =
            |component: &str| finding.examined == component || faulty == Some(component);
        let at = finding.found_at;
        let judged =
            docket.open_where(|component, episode| looked_at(component) && episode.first_at <= at);
        for component in judged {
            let right = faulty == Some(&*component);
            let outcome = if right { Outcome::TruePositive } else { Outcome::FalsePositive };
            docket.judge(role, &component, outcome, at, Some(ctx.envelope().id), ctx);
        }
        docket.settle(&finding.examined, at);
        if let Some(faulty) = faulty {
            docket.settle(faulty, at);
        }
    }

    pub(super) fn failed(
        &self,
        (docket, role): (&mut Docket, Role),
        failure: &FailureRecorded,
        ctx: &mut Ctx<'_, Self>,
    ) {
        let (component, at) = (&failure.component, failure.failed_at);
        let apart = |known: Timestamp| known.since(at).max(at.since(known));
        let same = self.config.same_failure.duration();
        if docket.failed.get(component).is_some_and(|known| apart(*known) < same) {
            return role.pass_over(ctx);
        }
        let known = docket.failed.entry(component.clone()).or_insert(at);
        *known = at.max(*known);
        let judged_by = Some(ctx.envelope().id);
        match docket.episodes.get(component) {
            Some(episode) if episode.is_open() && episode.foresees(at) => {
                docket.judge(role, component, Outcome::TruePositive, at, judged_by, ctx);
            }
            // It was foreseen, and that has been judged.
            Some(episode) if episode.foresees(at) => role.pass_over(ctx),
            Some(episode) if episode.is_open() => {
                let came_before = at < episode.first_at;
                let outcome = if came_before { Outcome::Censored } else { Outcome::FalsePositive };
                docket.judge(role, component, outcome, at, judged_by, ctx);
                self.unforeseen((docket, role), failure, ctx);
            }
            _ => self.unforeseen((docket, role), failure, ctx),
        }
        docket.settle(component, at);
    }

    fn unforeseen(
        &self,
        (docket, role): (&Docket, Role),
        failure: &FailureRecorded,
        ctx: &mut Ctx<'_, Self>,
    ) {
        let model = docket.model.as_deref().unwrap_or(&self.config.model);
        let verified = PredictionVerified {
            detector: detector(model, &failure.component),
            asset: failure.asset.clone(),
            component: failure.component.clone(),
            case: None,
            prediction: None,
            outcome: Outcome::FalseNegative,
            lead_hours: None,
            probability: None,
            judged_by: Some(ctx.envelope().id),
        };
        role.say(verified, ctx);
    }

    pub(super) fn maintained(
        &self,
        (docket, role): (&mut Docket, Role),
        recorded: &MaintenanceRecorded,
        ctx: &mut Ctx<'_, Self>,
    ) {
        let at = recorded.performed_at;
        let judged = docket.open_where(|component, episode| {
            component == recorded.component && episode.first_at <= at
        });
        for component in judged {
            let judged_by = Some(ctx.envelope().id);
            docket.judge(role, &component, Outcome::Censored, at, judged_by, ctx);
        }
        docket.settle(&recorded.component, at);
    }

    pub(super) fn retired(
        &self,
        (docket, role): (&mut Docket, Role),
        _retired: &AssetRetired,
        ctx: &mut Ctx<'_, Self>,
    ) {
        let now = ctx.now();
        for component in docket.open_where(|_, _| true) {
            docket.judge(role, &component, Outcome::Censored, now, Some(ctx.envelope().id), ctx);
        }
        docket.episodes.clear();
        docket.settled.clear();
        docket.failed.clear();
    }

    pub(super) fn judge_overdue(
        &self,
        (docket, role): (&mut Docket, Role),
        _judge: &Judge,
        ctx: &mut Ctx<'_, Self>,
    ) {
        let now = ctx.now();
        // Whoever was judged long ago and is still predicted may be predicted anew.
        docket.episodes.retain(|_, episode| episode.judged_until.is_none_or(|until| until > now));
        for component in docket.open_where(|_, episode| episode.due_at(&self.config) <= now) {
            docket.judge(role, &component, Outcome::FalsePositive, now, None, ctx);
        }
    }
}
