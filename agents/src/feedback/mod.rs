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
//! What a model in the shadow of the one in use says is judged by the same findings and failures, but for what it did not
//! foresee, and said as [`ShadowVerified`].
//!
//! A demotion is advice: it acts once the detector is named in the master's `advice_only`.

mod detector;
mod docket;
mod episode;

#[cfg(test)]
mod tests;

use detector::Detector;
use docket::{Docket, Role};
use messages::case::CaseOpened;
use messages::finding::{
    DetectorDemoted, DetectorPromoted, FailureRecorded, FindingRecorded, PredictionVerified,
};
use messages::prediction::{FailurePredicted, PredictionCleared, Severity};
use messages::profile::Span;
use messages::record::decode_body;
use messages::registry::{AssetRetired, MaintenanceRecorded};
use messages::shadow::{ShadowCleared, ShadowPredicted, ShadowVerified};
use messages::{DecodeError, Record, Timestamp};
use runtime::{Agent, AgentResult, ConfigError, Ctx, Handle, Models, Timer, Wiring};
use serde::{Deserialize, Serialize};

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
    /// Of an asset: what is predicted of it.
    in_use: Docket,
    /// Of an asset: for when the timer is set.
    wake_at: Option<Timestamp>,
    /// Of a detector: its record.
    detector: Detector,
    /// Of an asset: what a model in the shadow predicts of it.
    shadow: Docket,
}

/// Version 1 knew of no shadows.
#[derive(Serialize, Deserialize)]
struct StateV1 {
    in_use: Docket,
    wake_at: Option<Timestamp>,
    detector: Detector,
}

impl From<StateV1> for State {
    fn from(old: StateV1) -> Self {
        let StateV1 { in_use, wake_at, detector } = old;
        Self { in_use, wake_at, detector, shadow: Docket::default() }
    }
}

impl State {
    fn in_use(&mut self) -> [(&mut Docket, Role); 1] {
        [(&mut self.in_use, Role::InUse)]
    }

    fn in_shadow(&mut self) -> [(&mut Docket, Role); 1] {
        [(&mut self.shadow, Role::Shadow)]
    }

    /// All that is predicted of an asset.
    fn dockets(&mut self) -> [(&mut Docket, Role); 2] {
        [(&mut self.in_use, Role::InUse), (&mut self.shadow, Role::Shadow)]
    }

    /// The same when the timer has rung.
    fn overdue(&mut self) -> [(&mut Docket, Role); 2] {
        self.wake_at = None;
        self.dockets()
    }
}

impl Record for State {
    const SCHEMA: u16 = 121;
    const VERSION: u16 = 2;

    fn upcast(version: u16, body: &[u8]) -> Result<Self, DecodeError> {
        match version {
            1 => decode_body::<StateV1>(body).map(Self::from),
            _ => Err(DecodeError::unknown_version::<Self>(version)),
        }
    }
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
        wiring.on::<ShadowPredicted>().key(|predicted| &predicted.0.asset);
        wiring.on::<ShadowCleared>().key(|cleared| &cleared.0.asset);
        wiring.on::<CaseOpened>().key(|opened| &opened.asset);
        wiring.on::<FindingRecorded>().key(|finding| &finding.asset);
        wiring.on::<FailureRecorded>().key(|failure| &failure.asset);
        wiring.on::<MaintenanceRecorded>().key(|recorded| &recorded.asset);
        wiring.on::<AssetRetired>().key(|retired| &retired.asset);
        wiring.on::<PredictionVerified>().key(|verified| &verified.detector);
        wiring
            .timer::<Judge>()
            .publishes::<PredictionVerified>()
            .publishes::<ShadowVerified>()
            .publishes::<DetectorDemoted>()
            .publishes::<DetectorPromoted>();
    }
}

/// Handles a message about an asset and sets the timer anew.
macro_rules! about_an_asset {
    ($($message:ty, $dockets:ident => $act:ident),* $(,)?) => {$(
        impl Handle<$message> for Feedback {
            fn handle(
                &self,
                state: &mut State,
                message: &$message,
                ctx: &mut Ctx<'_, Self>,
            ) -> AgentResult {
                state.$dockets().into_iter().for_each(|docket| self.$act(docket, message, ctx));
                state.arm(&self.config, ctx);
                Ok(())
            }
        }
    )*};
}

about_an_asset! {
    FailurePredicted, in_use => predicted,
    PredictionCleared, in_use => cleared,
    CaseOpened, in_use => opened,
    ShadowPredicted, in_shadow => predicted_in_shadow,
    ShadowCleared, in_shadow => cleared_in_shadow,
    FindingRecorded, dockets => found,
    FailureRecorded, dockets => failed,
    MaintenanceRecorded, dockets => maintained,
    AssetRetired, dockets => retired,
    Judge, overdue => judge_overdue,
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
