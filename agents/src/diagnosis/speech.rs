//! Decides what is worth saying: neither each flicker, nor nothing when things change.

use super::outlook::Judged;
use super::{Config, Diagnosis, State};
use messages::health::HealthAssessed;
use messages::prediction::{
    CannotSay, ClearedReason, FailurePredicted, Hypothesis, PredictionCleared, PredictionWithheld,
    Severity, WithheldReason,
};
use messages::profile::Profile;
use messages::{Finite, Timestamp};
use runtime::Ctx;
use std::time::Duration;

/// What a window says of every component.
pub(super) struct Judgement<'j> {
    pub(super) profile: &'j Profile,
    pub(super) assessed: &'j HealthAssessed,
    pub(super) judged: Vec<Judged>,
    /// Name of the model that says it.
    pub(super) model: &'j str,
    /// How long it is waited for others to say so too.
    pub(super) patience: Patience,
}

/// How long what one window says is waited with.
#[derive(Clone, Copy)]
pub(super) struct Patience {
    raise_windows: u8,
    clear_windows: u8,
    on_delay: Duration,
    off_delay: Duration,
}

impl Patience {
    /// A window counts by itself.
    pub(super) const NONE: Self = Self {
        raise_windows: 1,
        clear_windows: 1,
        on_delay: Duration::ZERO,
        off_delay: Duration::ZERO,
    };

    pub(super) fn of(config: &Config) -> Self {
        Self {
            raise_windows: config.raise_windows,
            clear_windows: config.clear_windows,
            on_delay: config.on_delay.duration(),
            off_delay: config.off_delay.duration(),
        }
    }
}

impl State {
    /// Compares what this window says with what stands said, and says what changed.
    pub(super) fn speak(
        &mut self,
        config: &Config,
        judgement: Judgement<'_>,
        ctx: &mut Ctx<'_, Diagnosis>,
    ) {
        let Judgement { profile, assessed, judged, model, patience } = judgement;
        let step = config.probability_step;
        let mut hypotheses = Vec::new();
        let mut cannot_say = Vec::new();
        let mut changed = false;
        for Judged { component, answer } in judged {
            match answer {
                Ok(hypothesis) => {
                    match self.weigh((patience, step), &hypothesis, assessed.window_end) {
                        Change::None => {}
                        Change::Said => changed = true,
                        Change::Cleared => {
                            let end = assessed.window_end;
                            self.say_cleared(&component, end, ClearedReason::Recovered, ctx);
                        }
                    }
                    hypotheses.push(hypothesis);
                }
                Err(reason) => {
                    if reason.reason == WithheldReason::SensorFault {
                        let end = assessed.window_end;
                        self.clear(&component, end, ClearedReason::SensorFault, ctx);
                    }
                    cannot_say.push(reason);
                }
            }
        }
        if changed {
            self.say((profile, model), assessed, hypotheses, &cannot_say, ctx);
        }
        self.withhold(assessed, cannot_say, ctx);
    }

    /// Counts windows that say something else than what stands said; what has changed for good.
    fn weigh(
        &mut self,
        (patience, step): (Patience, f64),
        hypothesis: &Hypothesis,
        at: Timestamp,
    ) -> Change {
        let severity = hypothesis.advice.severity;
        let probability = hypothesis.probability.get();
        let said = self.said.entry(hypothesis.component.clone()).or_default();
        let graver = severity > said.severity && severity >= Severity::Medium;
        let milder = severity < said.severity;
        said.graver.note(graver, at);
        said.milder.note(milder, at);
        let stands = said.severity >= Severity::Medium;
        // What is grave, or graver than what is known already, is not waited for.
        let on_delay =
            if stands || severity >= Severity::High { Duration::ZERO } else { patience.on_delay };
        let lapses = said.milder.lasts(patience.clear_windows, patience.off_delay, at);
        let moved = stands && (probability - said.probability).abs() >= step;
        if said.graver.lasts(patience.raise_windows, on_delay, at)
            || (said.milder.windows >= patience.clear_windows && severity >= Severity::Medium)
            || (moved && !graver && !milder)
        {
            *said = super::Said { severity, probability, ..super::Said::default() };
            Change::Said
        } else if lapses && severity < Severity::Medium {
            *said = super::Said::default();
            Change::Cleared
        } else {
            Change::None
        }
    }

    /// Publishes every component that stands predicted, the gravest first.
    fn say(
        &self,
        (profile, model): (&Profile, &str),
        assessed: &HealthAssessed,
        mut hypotheses: Vec<Hypothesis>,
        cannot_say: &[CannotSay],
        ctx: &mut Ctx<'_, Diagnosis>,
    ) {
        hypotheses.retain(|known| {
            self.said.get(&known.component).is_some_and(|said| said.severity >= Severity::Medium)
        });
        hypotheses.sort_by(|a, b| {
            let gravity = |known: &Hypothesis| (known.advice.severity, known.probability.get());
            gravity(b).partial_cmp(&gravity(a)).expect("probabilities are finite")
        });
        let Some(gravest) = hypotheses.iter().map(|known| known.advice.severity).max() else {
            return;
        };
        ctx.publish(&FailurePredicted {
            fleet: assessed.fleet.clone(),
            asset: assessed.asset.clone(),
            profile: assessed.profile.clone(),
            window_end: assessed.window_end,
            horizon_hours: Finite::new(profile.horizon.as_hours()).expect("a span is finite"),
            severity: gravest,
            hypotheses,
            cannot_say: cannot_say.to_vec(),
            model: model.to_owned(),
        });
    }

    /// Takes back what stands said of `component`, if anything does.
    pub(super) fn clear(
        &mut self,
        component: &str,
        at: Timestamp,
        reason: ClearedReason,
        ctx: &mut Ctx<'_, Diagnosis>,
    ) {
        let said = self.said.remove(component);
        if said.is_some_and(|said| said.severity >= Severity::Medium) {
            self.say_cleared(component, at, reason, ctx);
        }
    }

    fn say_cleared(
        &self,
        component: &str,
        at: Timestamp,
        reason: ClearedReason,
        ctx: &mut Ctx<'_, Diagnosis>,
    ) {
        ctx.publish(&PredictionCleared {
            fleet: self.fleet.clone(),
            asset: ctx.key().to_owned(),
            component: component.to_owned(),
            window_end: at,
            reason,
        });
    }

    /// Says which components cannot be judged, when that or its reason has changed.
    fn withhold(
        &mut self,
        assessed: &HealthAssessed,
        cannot_say: Vec<CannotSay>,
        ctx: &mut Ctx<'_, Diagnosis>,
    ) {
        let reasons = |list: &[CannotSay]| -> Vec<(String, WithheldReason)> {
            list.iter().map(|known| (known.component.clone(), known.reason)).collect()
        };
        if reasons(&cannot_say) == reasons(&self.withheld) {
            return;
        }
        ctx.publish(&PredictionWithheld {
            fleet: assessed.fleet.clone(),
            asset: assessed.asset.clone(),
            window_end: assessed.window_end,
            components: cannot_say.clone(),
        });
        self.withheld = cannot_say;
    }
}

/// What a window changes about what stands said of a component.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    None,
    Said,
    Cleared,
}
