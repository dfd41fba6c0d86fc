//! Judges by a learned model, where one was promoted for the profile.
//!
//! A model says how likely a failure is and why. What it rests on is decided before: a sensor that is not to be believed,
//! a channel that is not measured, a trend of one sensor alone that waits to be confirmed keep it from speaking, as they
//! keep the trend. Failure mode and time left are those of the trend, and so is all that is said of components whose failures
//! were too few to learn from.

use super::outlook::Judged;
use super::{Diagnosis, State};
use messages::Finite;
use messages::health::HealthAssessed;
use messages::prediction::{CannotSay, Contribution, Hypothesis, Severity, WithheldReason};
use messages::profile::{Component, Profile};
use models::foresight::{Foresight, Row};
use runtime::ConfigError;
use runtime::models::checksum;
use runtime::{Agent, Models};

/// Digits of a checksum that name a model.
const NAME_DIGITS: usize = 12;

/// A promoted model.
pub(super) struct Promoted {
    foresight: Foresight,
    /// What predictions that it made say of their origin.
    pub(super) name: String,
}

impl Promoted {
    /// The model in use for assets of `profile`, if one is.
    pub(super) fn open(profile: &Profile, models: &Models) -> Result<Option<Self>, ConfigError> {
        let Some(bytes) = models.promoted(&profile.name) else { return Ok(None) };
        let checksum = checksum(bytes);
        let foresight = Foresight::open(bytes, profile).map_err(|refused| {
            let remedy = "start with the profile that it was promoted under, then `aurorasync model rollback`";
            let reason = format!("promoted model `{checksum}`: {refused}, or {remedy}");
            ConfigError::new(Diagnosis::KIND, reason)
        })?;
        let name = format!("learned/{}", &checksum[..NAME_DIGITS]);
        Ok(Some(Self { foresight, name }))
    }

    /// Puts what the model says in place of what trends say, component by component.
    pub(super) fn judge(
        &self,
        profile: &Profile,
        assessed: &HealthAssessed,
        state: &State,
        by_trend: Vec<Judged>,
    ) -> Vec<Judged> {
        let row = self.foresight.row(assessed);
        let judge = |judged: Judged| {
            let component = profile.component(&judged.component);
            let Some(component) = component.filter(|it| self.foresight.judges(&it.id)) else {
                return judged;
            };
            let answer = match judged.answer {
                Err(cannot_say) if is_about_trust(cannot_say.reason) => Err(cannot_say),
                answer => match &row {
                    Some(row) => Ok(self.hypothesis(profile, component, row, state, answer.ok())),
                    None => Err(of_another_schema(component)),
                },
            };
            Judged { component: judged.component, answer }
        };
        by_trend.into_iter().map(judge).collect()
    }

    fn hypothesis(
        &self,
        profile: &Profile,
        component: &Component,
        row: &Row,
        state: &State,
        by_trend: Option<Hypothesis>,
    ) -> Hypothesis {
        let probability = self.foresight.probability(&component.id, row);
        let probability =
            probability.expect("only components that the model judges are asked about");
        let (mode, remaining) = match by_trend {
            Some(trend) => (Some(trend.failure_mode), trend.remaining_useful_life),
            None => (component.modes.first().map(|mode| mode.id.clone()), None),
        };
        let median = remaining.map(|left| left.median_hours.get());
        let advice = profile.severity.advise(component, probability, median);
        let stands =
            state.said.get(&component.id).is_some_and(|it| it.severity >= Severity::Medium);
        // Reasons take a hundred times as long as the probability, and are said of what is grave alone.
        let contributions = if stands || advice.severity >= Severity::Medium {
            self.contributions(component, row)
        } else {
            Vec::new()
        };
        let score = contributions.iter().map(|part| part.amount.get()).sum();
        Hypothesis {
            component: component.id.clone(),
            failure_mode: mode.unwrap_or_default(),
            probability: finite(probability),
            score: finite(score),
            contributions,
            remaining_useful_life: remaining,
            advice,
        }
    }

    fn contributions(&self, component: &Component, row: &Row) -> Vec<Contribution> {
        let reasons = self.foresight.reasons(&component.id, row).into_iter();
        reasons
            .map(|it| Contribution { name: it.name, value: it.value, amount: finite(it.amount) })
            .collect()
    }
}

fn finite(value: f64) -> Finite {
    Finite::new(value).expect("trees that were checked say numbers")
}

/// Whether nothing may be said whatever the model says.
fn is_about_trust(reason: WithheldReason) -> bool {
    matches!(
        reason,
        WithheldReason::SensorFault | WithheldReason::NotMeasured | WithheldReason::Unconfirmed
    )
}

fn of_another_schema(component: &Component) -> CannotSay {
    let detail =
        "the window was assessed under another form of the profile than the model".to_owned();
    CannotSay { component: component.id.clone(), reason: WithheldReason::TooLittleData, detail }
}
