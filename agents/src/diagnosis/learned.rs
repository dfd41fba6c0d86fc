//! Judges by a learned model, where one was promoted for the profile.
//!
//! A model says how likely a failure is and why. What it rests on is decided before: a sensor that is not to be believed,
//! a channel that is not measured, a trend of one sensor alone that waits to be confirmed keep it from speaking, as they
//! keep the trend. Failure mode and time left are those of the trend, and so is all that is said of components whose failures
//! were too few to learn from.
//!
//! A model that was learned from samples asks for an asset's past: what it needs of that is remembered, window by window.
//! A channel that is not measured is one of the things that it has learned to judge by; a faulty sensor keeps it silent.
//!
//! A model in the shadow of that judges the same windows, with a memory of its own.

use super::outlook::Judged;
use super::speech::{Grounds, Patience, Standing};
use super::{Config, Diagnosis};
use messages::Finite;
use messages::health::HealthAssessed;
use messages::model::spoken_name;
use messages::prediction::{CannotSay, Contribution, Hypothesis, Severity, WithheldReason};
use messages::profile::{Component, Profile, Role};
use models::foresight::sampled::Memory;
use models::foresight::{Asked, Foresight, Row};
use runtime::Agent;
use runtime::ConfigError;
use runtime::models::checksum;

/// A promoted model.
pub(super) struct Promoted {
    foresight: Foresight,
    /// What predictions that it made say of their origin.
    pub(super) name: String,
}

impl Promoted {
    /// The model with these bytes, for assets of `profile`.
    pub(super) fn open(profile: &Profile, bytes: &[u8]) -> Result<Self, ConfigError> {
        let checksum = checksum(bytes);
        let foresight = Foresight::open(bytes, profile).map_err(|refused| {
            let remedy = "start with the profile that it was promoted under, then `aurorasync model rollback`";
            let reason = format!("promoted model `{checksum}`: {refused}, or {remedy}");
            ConfigError::new(Diagnosis::KIND, reason)
        })?;
        Ok(Self { foresight, name: spoken_name(&checksum) })
    }

    /// What its judgements of a window rest on. A model of samples was judged by what single ones said: nothing it says
    /// waits for another window to say so too.
    pub(super) fn grounds<'g>(
        &'g self,
        config: &Config,
        profile: &'g Profile,
        assessed: &'g HealthAssessed,
    ) -> Grounds<'g> {
        let patience = match self.foresight.is_sampled() {
            true => Patience::none(config),
            false => Patience::of(config),
        };
        Grounds { profile, assessed, model: &self.name, patience }
    }

    /// Puts what the model says in place of what trends say, component by component; none where the window says nothing
    /// new of what it judges by.
    pub(super) fn judge(
        &self,
        profile: &Profile,
        assessed: &HealthAssessed,
        (memory, standing): (&mut Memory, &Standing),
        by_trend: Vec<Judged>,
    ) -> Option<Vec<Judged>> {
        let row = match self.foresight.ask(memory, assessed) {
            Asked::Row(row) => Some(row),
            Asked::OtherForm => None,
            Asked::NothingMeasured => return None,
        };
        let judge = |judged: Judged| {
            let component = profile.component(&judged.component);
            let Some(component) = component.filter(|it| self.foresight.judges(&it.id)) else {
                return judged;
            };
            let answer = match (self.trusted(profile, component, assessed, judged.answer), &row) {
                (Err(cannot_say), _) => Err(cannot_say),
                (Ok(by_trend), Some(row)) => {
                    Ok(self.hypothesis(profile, component, row, standing, by_trend))
                }
                (Ok(_), None) => Err(of_another_schema(component)),
            };
            Judged { component: judged.component, answer }
        };
        Some(by_trend.into_iter().map(judge).collect())
    }

    /// What the trend says, or why nothing may be said of the component whatever the model says.
    fn trusted(
        &self,
        profile: &Profile,
        component: &Component,
        assessed: &HealthAssessed,
        by_trend: Result<Hypothesis, CannotSay>,
    ) -> Result<Option<Hypothesis>, CannotSay> {
        let sampled = self.foresight.is_sampled();
        if let Some(faulty) = faulty_sensor(profile, component, assessed).filter(|_| sampled) {
            return Err(faulty);
        }
        match by_trend {
            Err(untrusted) if untrusted.reason == WithheldReason::NotMeasured && sampled => {
                Ok(None)
            }
            Err(untrusted) if is_about_trust(untrusted.reason) => Err(untrusted),
            by_trend => Ok(by_trend.ok()),
        }
    }

    fn hypothesis(
        &self,
        profile: &Profile,
        component: &Component,
        row: &Row,
        standing: &Standing,
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
        // Reasons take a hundred times as long as the probability, and are said of what is grave alone.
        let contributions = if standing.holds(&component.id) || advice.severity >= Severity::Medium
        {
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

/// The faulty sensor among those that show how the component is.
fn faulty_sensor(
    profile: &Profile,
    component: &Component,
    assessed: &HealthAssessed,
) -> Option<CannotSay> {
    let evidence = component.modes.iter().flat_map(|mode| &mode.evidence);
    let primary = evidence.filter(|evidence| evidence.role == Role::Primary);
    let channels = primary.filter_map(|evidence| profile.channel_named(&evidence.channel));
    let fault = channels
        .map(|index| &profile.channels[index].id)
        .find_map(|id| assessed.sensor_faults.iter().find(|fault| fault.channel == *id))?;
    let detail = format!("sensor of `{}` is faulty since {}", fault.channel, fault.since);
    let reason = WithheldReason::SensorFault;
    Some(CannotSay { component: component.id.clone(), reason, detail })
}

fn of_another_schema(component: &Component) -> CannotSay {
    let detail =
        "the window was assessed under another form of the profile than the model".to_owned();
    CannotSay { component: component.id.clone(), reason: WithheldReason::TooLittleData, detail }
}
