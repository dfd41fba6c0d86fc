//! Settings of a profile that concern the asset as a whole: trends, anomalies, severity.

use super::{Component, Span};
use crate::finite::Finite;
use crate::prediction::{Advice, Driving, Severity};
use serde::{Deserialize, Serialize};

/// How trends are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrendSettings {
    /// How far back [`Reach::Run`](super::Reach::Run) looks; twelve panes.
    pub run: Span,
    /// A silence longer than this ends a run.
    pub gap: Span,
}

/// How unusual behaviour becomes an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnomalySettings {
    /// Wanted share of normal windows whose score is above the threshold, above 0 and below 1.
    pub false_alarm_rate: Finite,
    /// Windows of an asset and operating state from which the usual is learned; no alarm before.
    pub learning_windows: u32,
    /// So many windows in a row above the threshold raise the alarm.
    pub raise_after: u32,
    /// So many windows in a row below it clear the alarm.
    pub clear_after: u32,
}

/// From which probability on a prediction is how grave, and what to do then.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeverityRules {
    /// EMERGENCY for safety components from this probability on.
    pub emergency_safety_probability: Finite,
    /// EMERGENCY for any component from this probability on, when the time left is short too.
    pub emergency_probability: Finite,
    /// The median time left that is short.
    pub emergency_time_left: Span,
    /// Time to act on an EMERGENCY.
    pub emergency_act_within: Span,
    /// Time to act on a CRITICAL prediction.
    pub critical_act_within: Span,
    /// Kilometres that may still be driven when CRITICAL.
    pub critical_km_max: u32,
    /// HIGH from this probability on, whatever the component's threshold.
    pub high_probability: Finite,
    /// Kilometres that may still be driven, with care, when HIGH.
    pub high_km_max: u32,
    /// MEDIUM from this probability on.
    pub medium_probability: Finite,
    /// Time to act on a MEDIUM prediction.
    pub medium_act_within: Span,
}

impl SeverityRules {
    /// What to do when `component` fails within the horizon with this `probability` and has a median of
    /// `median_hours` left (`None`: no end in sight). The first rule that fits decides.
    #[must_use]
    pub fn advise(
        &self,
        component: &Component,
        probability: f64,
        median_hours: Option<f64>,
    ) -> Advice {
        let left = |span: Span| median_hours.is_some_and(|hours| hours <= span.as_hours());
        let short = median_hours.is_some_and(|hours| hours < self.emergency_time_left.as_hours());
        let threshold = component.probability_threshold.get();
        let (severity, within, driving) = if (component.safety
            && probability >= self.emergency_safety_probability.get())
            || (probability >= self.emergency_probability.get() && short)
        {
            (Severity::Emergency, Some(self.emergency_act_within), Driving::Stop)
        } else if probability >= threshold && left(component.act_within) {
            let driving = Driving::Limited { km_max: self.critical_km_max };
            (Severity::Critical, Some(self.critical_act_within), driving)
        } else if probability >= threshold.min(self.high_probability.get()) {
            let driving = Driving::WithCare { km_max: self.high_km_max };
            (Severity::High, Some(component.act_within), driving)
        } else if probability >= self.medium_probability.get() {
            (Severity::Medium, Some(self.medium_act_within), Driving::Free)
        } else {
            (Severity::Low, None, Driving::Free)
        };
        let hours = |span: Span| Finite::new(span.as_hours()).expect("a span is finite");
        Advice { severity, act_within_hours: within.map(hours), driving }
    }
}
