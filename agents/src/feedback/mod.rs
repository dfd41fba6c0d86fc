//! Says how right each prediction was, and which detectors are wrong too often.
//!
//! Hears predictions and that they were taken back, what workshops found, what failed, maintenance and retirement; and
//! its own verdicts. Says [`PredictionVerified`], [`DetectorDemoted`] and [`DetectorPromoted`]. Remembers, per asset,
//! what is predicted of each component and not yet judged; per detector, how its newest predictions were judged.
//!
//! Predictions of one component that follow each other within the horizon are one episode, judged once:
//!
//! | verdict | when |
//! |---|---|
//! | right | the component failed within the horizon or while it stood predicted, or a workshop found it faulty |
//! | wrong | a workshop looked at it and found it sound, or the horizon and [`Config::report_grace`] passed |
//! | not foreseen | it failed and nothing was predicted of it |
//! | censored | it was repaired, or the asset retired, before either |
//!
//! A demotion is advice: it acts once the detector is named in the master's `advice_only`.

mod detector;
mod episode;

#[cfg(test)]
mod tests;

use detector::Detector;
use episode::Episode;
use messages::case::CaseOpened;
use messages::finding::{
    DetectorDemoted, DetectorPromoted, FailureRecorded, FindingRecorded, PredictionVerified,
};
use messages::prediction::{FailurePredicted, PredictionCleared, Severity};
use messages::profile::Span;
use messages::registry::{AssetRetired, MaintenanceRecorded};
use messages::{Record, Timestamp};
use runtime::{Agent, AgentResult, ConfigError, Ctx, Handle, Models, Timer, Wiring};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Longest record of a detector's newest verdicts.
pub const JUDGED_MAX: u16 = 1_000;

/// The agent.
pub struct Feedback {
    config: Config,
}

/// Settings of feedback.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Predictions less grave than this are not judged.
    pub severity_min: Severity,
    /// So long after the horizon a failure or finding may still be reported before the prediction counts as wrong.
    pub report_grace: Span,
    /// Failures of one component that are less apart than this are one failure, reported twice.
    pub same_failure: Span,
    /// The model that is charged with failures of assets of which nothing was ever predicted.
    pub model: String,
    /// So many of a detector's newest verdicts count, at most 1,000.
    pub judged_max: u16,
    /// With fewer verdicts a detector is neither demoted nor promoted.
    pub judged_min: u16,
    /// A detector is demoted when its precision is below this and promoted when it is above, with 97.5 % certainty.
    pub precision_min: f64,
}

impl Default for Config {
    fn default() -> Self {
        let day = 86_400_000;
        let span = |millis| Span::from_millis(millis).expect("a few days are a span");
        Self {
            severity_min: Severity::Medium,
            report_grace: span(7 * day),
            same_failure: span(day),
            model: "trend-to-limit/1".to_owned(),
            judged_max: 100,
            judged_min: 10,
            precision_min: 0.7,
        }
    }
}

/// What is remembered of one asset, or of one detector.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct State {
    /// Of an asset: what is predicted, by component.
    episodes: BTreeMap<String, Episode>,
    /// Of an asset: when a component was last found, repaired or failed; earlier predictions are about before.
    settled: BTreeMap<String, Timestamp>,
    /// Of an asset: when a component last failed.
    failed: BTreeMap<String, Timestamp>,
    /// Of an asset: the newest model that predicted something.
    model: Option<String>,
    /// Of an asset: for when the timer is set.
    wake_at: Option<Timestamp>,
    /// Of a detector: its record.
    detector: Detector,
}

impl Record for State {
    const SCHEMA: u16 = 121;
}

/// Time to judge what no finding and no failure has judged.
#[derive(Default)]
pub struct Judge;

impl Timer for Judge {
    const NAME: &'static str = "judge";
}

impl Agent for Feedback {
    const KIND: &'static str = "feedback";
    type Config = Config;
    type State = State;

    fn new(config: Config, _models: &Models) -> Result<Self, ConfigError> {
        let Config { precision_min, judged_max, judged_min, .. } = config;
        if !(precision_min > 0.0 && precision_min < 1.0) {
            let reason =
                format!("`precision_min` is `{precision_min}`; give a number between 0 and 1");
            return Err(ConfigError::new(Self::KIND, reason));
        }
        if judged_min == 0 || judged_min > judged_max || judged_max > JUDGED_MAX {
            let reason = format!(
                "`judged_min` is `{judged_min}` and `judged_max` is `{judged_max}`; \
                 give 1 ≤ `judged_min` ≤ `judged_max` ≤ {JUDGED_MAX}"
            );
            return Err(ConfigError::new(Self::KIND, reason));
        }
        Ok(Self { config })
    }

    fn wiring(wiring: &mut Wiring<Self>) {
        wiring.on::<FailurePredicted>().key(|predicted| &predicted.asset);
        wiring.on::<PredictionCleared>().key(|cleared| &cleared.asset);
        wiring.on::<CaseOpened>().key(|opened| &opened.asset);
        wiring.on::<FindingRecorded>().key(|finding| &finding.asset);
        wiring.on::<FailureRecorded>().key(|failure| &failure.asset);
        wiring.on::<MaintenanceRecorded>().key(|recorded| &recorded.asset);
        wiring.on::<AssetRetired>().key(|retired| &retired.asset);
        wiring.on::<PredictionVerified>().key(|verified| &verified.detector);
        wiring
            .timer::<Judge>()
            .publishes::<PredictionVerified>()
            .publishes::<DetectorDemoted>()
            .publishes::<DetectorPromoted>();
    }
}

/// Handles a message about an asset and sets the timer anew.
macro_rules! about_an_asset {
    ($($message:ty => $act:ident),* $(,)?) => {$(
        impl Handle<$message> for Feedback {
            fn handle(
                &self,
                state: &mut State,
                message: &$message,
                ctx: &mut Ctx<'_, Self>,
            ) -> AgentResult {
                self.$act(state, message, ctx);
                state.arm(&self.config, ctx);
                Ok(())
            }
        }
    )*};
}

about_an_asset! {
    FailurePredicted => predicted,
    PredictionCleared => cleared,
    CaseOpened => opened,
    FindingRecorded => found,
    FailureRecorded => failed,
    MaintenanceRecorded => maintained,
    AssetRetired => retired,
    Judge => judge_overdue,
}

impl Handle<PredictionVerified> for Feedback {
    fn handle(
        &self,
        state: &mut State,
        verified: &PredictionVerified,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        state.detector.judged(&self.config, verified, ctx);
        Ok(())
    }
}
