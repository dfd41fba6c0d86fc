//! Decides what is worth saying: neither each flicker, nor nothing when things change.

use super::outlook::Judged;
use super::{Config, Diagnosis, State};
use messages::health::HealthAssessed;
use messages::prediction::{
    CannotSay, ClearedReason, FailurePredicted, Hypothesis, PredictionCleared, PredictionWithheld,
    Severity, WithheldReason,
};
use messages::profile::Profile;
use messages::shadow::{ShadowCleared, ShadowPredicted};
use messages::{Finite, Timestamp};
use runtime::Ctx;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// What judgements of a window rest on, and how they are spoken of.
pub(super) struct Grounds<'g> {
    pub(super) profile: &'g Profile,
    pub(super) assessed: &'g HealthAssessed,
    /// Name of what judged.
    pub(super) model: &'g str,
    /// How long it is waited for other windows to say so too.
    pub(super) patience: Patience,
}

/// How long what one window says is waited with.
#[derive(Clone, Copy)]
pub(super) struct Patience {
    raise_windows: u8,
    clear_windows: u8,
    on_delay: Duration,
    off_delay: Duration,
    /// A prediction is said again when a probability has changed by so much.
    probability_step: f64,
}

impl Patience {
    /// Flickers are not said.
    pub(super) fn of(config: &Config) -> Self {
        Self {
            raise_windows: config.raise_windows,
            clear_windows: config.clear_windows,
            on_delay: config.on_delay.duration(),
            off_delay: config.off_delay.duration(),
            probability_step: config.probability_step,
        }
    }

    /// Each window counts by itself.
    pub(super) fn none(config: &Config) -> Self {
        let (raise_windows, clear_windows) = (1, 1);
        let (on_delay, off_delay) = (Duration::ZERO, Duration::ZERO);
        let probability_step = config.probability_step;
        Self { raise_windows, clear_windows, on_delay, off_delay, probability_step }
    }
}

/// Who hears what is said.
#[derive(Clone, Copy)]
pub(super) enum Voice {
    /// Everybody.
    Aloud,
    /// Nobody acts on it.
    Shadow,
}

impl Voice {
    fn predict(self, predicted: FailurePredicted, ctx: &mut Ctx<'_, Diagnosis>) {
        match self {
            Self::Aloud => ctx.publish(&predicted),
            Self::Shadow => ctx.publish(&ShadowPredicted(predicted)),
        }
    }

    fn clear(self, cleared: PredictionCleared, ctx: &mut Ctx<'_, Diagnosis>) {
        match self {
            Self::Aloud => ctx.publish(&cleared),
            Self::Shadow => ctx.publish(&ShadowCleared(cleared)),
        }
    }
}

/// What stands said of a component.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Said {
    /// What was published; `Low` means nothing.
    pub(super) severity: Severity,
    pub(super) probability: f64,
    /// Windows in a row that say it is graver, or milder, than what was published, and the first of them.
    pub(super) graver: Run,
    pub(super) milder: Run,
}

/// Windows in a row that say the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Run {
    windows: u8,
    since: Option<Timestamp>,
}

impl Run {
    /// One more window that ends at `at` says so, or not.
    fn note(&mut self, says_so: bool, at: Timestamp) {
        if says_so {
            self.windows = self.windows.saturating_add(1);
            self.since.get_or_insert(at);
        } else {
            *self = Self::default();
        }
    }

    /// Whether it has lasted `windows` and `delay` at `at`.
    fn lasts(self, windows: u8, delay: Duration, at: Timestamp) -> bool {
        self.windows >= windows && self.since.is_some_and(|since| since.saturating_add(delay) <= at)
    }
}

impl Default for Said {
    fn default() -> Self {
        let (graver, milder) = (Run::default(), Run::default());
        Self { severity: Severity::Low, probability: 0.0, graver, milder }
    }
}

/// What stands said of an asset, component by component.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Standing {
    pub(super) fleet: String,
    pub(super) said: BTreeMap<String, Said>,
}

impl Standing {
    /// Whether a failure of `component` stands predicted.
    pub(super) fn holds(&self, component: &str) -> bool {
        self.said.get(component).is_some_and(|said| said.severity >= Severity::Medium)
    }

    /// Compares what this window says with what stands said, and says what changed; the components that cannot be judged.
    pub(super) fn speak(
        &mut self,
        voice: Voice,
        grounds: &Grounds<'_>,
        judged: Vec<Judged>,
        ctx: &mut Ctx<'_, Diagnosis>,
    ) -> Vec<CannotSay> {
        let (assessed, patience) = (grounds.assessed, grounds.patience);
        let mut hypotheses = Vec::new();
        let mut cannot_say = Vec::new();
        let mut changed = false;
        for Judged { component, answer } in judged {
            match answer {
                Ok(hypothesis) => {
                    match self.weigh(patience, &hypothesis, assessed.window_end) {
                        Change::None => {}
                        Change::Said => changed = true,
                        Change::Cleared => {
                            let end = assessed.window_end;
                            let reason = ClearedReason::Recovered;
                            self.say_cleared(voice, &component, end, reason, ctx);
                        }
                    }
                    hypotheses.push(hypothesis);
                }
                Err(reason) => {
                    if reason.reason == WithheldReason::SensorFault {
                        let end = assessed.window_end;
                        self.clear(voice, &component, end, ClearedReason::SensorFault, ctx);
                    }
                    cannot_say.push(reason);
                }
            }
        }
        if changed {
            let predicted = self.predicted(grounds, hypotheses, &cannot_say);
            predicted.into_iter().for_each(|predicted| voice.predict(predicted, ctx));
        }
        cannot_say
    }

    /// Counts windows that say something else than what stands said; what has changed for good.
    fn weigh(&mut self, patience: Patience, hypothesis: &Hypothesis, at: Timestamp) -> Change {
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
        let moved = stands && (probability - said.probability).abs() >= patience.probability_step;
        if said.graver.lasts(patience.raise_windows, on_delay, at)
            || (said.milder.windows >= patience.clear_windows && severity >= Severity::Medium)
            || (moved && !graver && !milder)
        {
            *said = Said { severity, probability, ..Said::default() };
            Change::Said
        } else if lapses && severity < Severity::Medium {
            *said = Said::default();
            Change::Cleared
        } else {
            Change::None
        }
    }

    /// Every component that stands predicted, the gravest first; nothing if none does.
    fn predicted(
        &self,
        &Grounds { profile, assessed, model, .. }: &Grounds<'_>,
        mut hypotheses: Vec<Hypothesis>,
        cannot_say: &[CannotSay],
    ) -> Option<FailurePredicted> {
        hypotheses.retain(|known| self.holds(&known.component));
        hypotheses.sort_by(|a, b| {
            let gravity = |known: &Hypothesis| (known.advice.severity, known.probability.get());
            gravity(b).partial_cmp(&gravity(a)).expect("probabilities are finite")
        });
        Some(FailurePredicted {
            fleet: assessed.fleet.clone(),
            asset: assessed.asset.clone(),
            profile: assessed.profile.clone(),
            window_end: assessed.window_end,
            horizon_hours: Finite::new(profile.horizon.as_hours()).expect("a span is finite"),
            severity: hypotheses.iter().map(|known| known.advice.severity).max()?,
            hypotheses,
            cannot_say: cannot_say.to_vec(),
            model: model.to_owned(),
        })
    }

    /// Takes back what stands said of `component`, if anything does.
    pub(super) fn clear(
        &mut self,
        voice: Voice,
        component: &str,
        at: Timestamp,
        reason: ClearedReason,
        ctx: &mut Ctx<'_, Diagnosis>,
    ) {
        let said = self.said.remove(component);
        if said.is_some_and(|said| said.severity >= Severity::Medium) {
            self.say_cleared(voice, component, at, reason, ctx);
        }
    }

    /// Takes back all that stands said.
    pub(super) fn clear_all(
        &mut self,
        voice: Voice,
        at: Timestamp,
        reason: ClearedReason,
        ctx: &mut Ctx<'_, Diagnosis>,
    ) {
        let components: Vec<String> = self.said.keys().cloned().collect();
        for component in components {
            self.clear(voice, &component, at, reason, ctx);
        }
    }

    fn say_cleared(
        &self,
        voice: Voice,
        component: &str,
        at: Timestamp,
        reason: ClearedReason,
        ctx: &mut Ctx<'_, Diagnosis>,
    ) {
        let cleared = PredictionCleared {
            fleet: self.fleet.clone(),
            asset: ctx.key().to_owned(),
            component: component.to_owned(),
            window_end: at,
            reason,
        };
        voice.clear(cleared, ctx);
    }
}

impl State {
    /// Says which components cannot be judged, when that or its reason has changed.
    pub(super) fn withhold(
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
