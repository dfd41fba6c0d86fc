//! What is going to fail, how sure that is, why it is believed and what to do: or that it cannot be said.

use crate::finite::Finite;
use crate::message::{Class, Encoding, Message, Stage};
use crate::record::Record;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// One or more components of an asset are expected to fail.
///
/// Published when the ranking, a severity or a probability has changed enough to matter. The newest one holds
/// until it is replaced or its components are cleared ([`PredictionCleared`]).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FailurePredicted {
    /// Fleet of the asset.
    pub fleet: String,
    /// The asset.
    pub asset: String,
    /// Name of its profile.
    pub profile: String,
    /// End of the assessed window that it rests on.
    pub window_end: Timestamp,
    /// A failure counts when it comes within so many hours of `window_end`.
    pub horizon_hours: Finite,
    /// The gravest severity among the hypotheses.
    pub severity: Severity,
    /// What may fail, the most urgent first: by severity, then by probability.
    pub hypotheses: Vec<Hypothesis>,
    /// Components that could not be judged in this window.
    pub cannot_say: Vec<CannotSay>,
    /// What computed it: trends to limits, or a learned model, and trends for components that it has not learned.
    pub model: String,
}

/// One way in which one component may fail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hypothesis {
    /// The component.
    pub component: String,
    /// Its failure mode, as the profile names it.
    pub failure_mode: String,
    /// Calibrated probability of failure within the horizon, 0 to 1.
    pub probability: Finite,
    /// The sum of the contributions' amounts. By trend, in probits: before calibration the probability is its normal
    /// distribution. By a learned model, the mean vote of its trees before calibration, 0 to 1.
    pub score: Finite,
    /// What the score is made of, the greatest amount first.
    pub contributions: Vec<Contribution>,
    /// Time until failure; absent when the trend reaches no limit.
    pub remaining_useful_life: Option<RemainingLife>,
    /// What to do.
    pub advice: Advice,
}

/// One part of a score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contribution {
    /// What contributed: a channel, a feature, a trouble code or the base rate.
    pub name: String,
    /// What was seen, with its unit.
    pub value: String,
    /// How much it added, in the unit of the score; negative when it speaks against the failure.
    pub amount: Finite,
}

/// Time until failure, in hours from the end of the window.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RemainingLife {
    /// Tenth percentile.
    pub low_hours: Finite,
    /// Median.
    pub median_hours: Finite,
    /// Ninetieth percentile; absent when it may as well never come.
    pub high_hours: Option<Finite>,
}

/// What to do about a hypothesis.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Advice {
    /// How grave it is.
    pub severity: Severity,
    /// Act within so many hours; absent means at the next service.
    pub act_within_hours: Option<Finite>,
    /// How far it may still be driven.
    pub driving: Driving,
}

/// How far a vehicle may still be driven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Driving {
    /// Not at all.
    Stop,
    /// At most so many kilometres.
    Limited {
        /// Kilometres.
        km_max: u32,
    },
    /// At most so many kilometres, with care.
    WithCare {
        /// Kilometres.
        km_max: u32,
    },
    /// As usual.
    Free,
}

/// How grave a prediction is, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Severity {
    /// At the next service.
    Low,
    /// Within days.
    Medium,
    /// Within the component's hours; the owner is contacted in person from here on.
    High,
    /// Within hours.
    Critical,
    /// At once.
    Emergency,
}

/// A component that cannot be judged: an answer, not an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CannotSay {
    /// The component.
    pub component: String,
    /// Why, for programs.
    pub reason: WithheldReason,
    /// Why, for people: what is missing, and what would change it.
    pub detail: String,
}

/// Why a component cannot be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithheldReason {
    /// None of its channels is measured.
    NotMeasured,
    /// Its channels have not been measured for too long.
    Stale,
    /// Its channels mean nothing in the operating states seen, or the state is unknown.
    OtherState,
    /// Too few measurements to tell a trend from noise.
    TooLittleData,
    /// A sensor that it rests on is faulty.
    SensorFault,
    /// The usual is still being learned.
    Learning,
    /// It rests on the trend of one sensor alone, which is to be compared with its peer first.
    Unconfirmed,
}

/// Which components of an asset cannot be judged, published whenever that changes, so that silence never
/// passes for health.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PredictionWithheld {
    /// Fleet of the asset.
    pub fleet: String,
    /// The asset.
    pub asset: String,
    /// End of the assessed window.
    pub window_end: Timestamp,
    /// All components that cannot be judged, in the profile's order; none means all can be.
    pub components: Vec<CannotSay>,
}

/// A component is no longer expected to fail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PredictionCleared {
    /// Fleet of the asset.
    pub fleet: String,
    /// The asset.
    pub asset: String,
    /// The component.
    pub component: String,
    /// End of the window from which on it holds.
    pub window_end: Timestamp,
    /// Why.
    pub reason: ClearedReason,
}

/// Why a prediction no longer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClearedReason {
    /// The measurements went back to normal.
    Recovered,
    /// The component was repaired or replaced.
    Maintained,
    /// It rested on a sensor that turned out to be faulty.
    SensorFault,
    /// The asset is no longer watched.
    Retired,
}

impl Severity {
    /// All severities, the least first.
    pub const ALL: [Severity; 5] =
        [Severity::Low, Severity::Medium, Severity::High, Severity::Critical, Severity::Emergency];

    /// Name for people and labels.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Severity::Low => "LOW",
            Severity::Medium => "MEDIUM",
            Severity::High => "HIGH",
            Severity::Critical => "CRITICAL",
            Severity::Emergency => "EMERGENCY",
        }
    }
}

impl Record for FailurePredicted {
    const SCHEMA: u16 = 40;
}

impl Message for FailurePredicted {
    const NAME: &'static str = "failure.predicted";
    const CLASS: Class = Class::Event;
    const ENCODING: Encoding = Encoding::Json;
    const STAGE: Option<Stage> = Some(Stage::Pa);

    fn key(&self) -> &str {
        &self.asset
    }
}

impl Record for PredictionCleared {
    const SCHEMA: u16 = 41;
}

impl Message for PredictionCleared {
    const NAME: &'static str = "prediction.cleared";
    const CLASS: Class = Class::Event;
    const ENCODING: Encoding = Encoding::Json;
    const STAGE: Option<Stage> = Some(Stage::Pa);

    fn key(&self) -> &str {
        &self.asset
    }
}

impl Record for PredictionWithheld {
    const SCHEMA: u16 = 42;
}

impl Message for PredictionWithheld {
    const NAME: &'static str = "prediction.withheld";
    const CLASS: Class = Class::Event;
    const ENCODING: Encoding = Encoding::Json;
    const STAGE: Option<Stage> = Some(Stage::Pa);

    fn key(&self) -> &str {
        &self.asset
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severities_are_written_by_their_names_and_rise() {
        for severity in Severity::ALL {
            let text = serde_json::to_string(&severity).unwrap();
            assert_eq!(text, format!("\"{}\"", severity.name()));
        }
        assert!(Severity::ALL.is_sorted());
    }
}
