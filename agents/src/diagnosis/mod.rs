//! Says which component is going to fail, how sure that is and why, or that it cannot be said.
//!
//! Judges by trends to limits, or by a learned model where one was promoted for the profile.
//!
//! Hears [`HealthAssessed`], the registry, maintenance and what is promoted. Says [`FailurePredicted`],
//! [`PredictionCleared`] and [`PredictionWithheld`]. Remembers, per asset, what it last said of each component, and what
//! a model that was learned from samples asks for of its past.
//!
//! A second model may judge in the shadow of the one in use: what it says is published as [`ShadowPredicted`] and
//! [`ShadowCleared`], which nobody acts on.

mod confirmation;
mod learned;
mod outlook;
mod shadow;
mod speech;
mod stored;

#[cfg(test)]
mod tests;

use crate::profiles;
use confirmation::Confirmations;
use learned::Promoted;
use messages::health::HealthAssessed;
use messages::prediction::{
    CannotSay, ClearedReason, FailurePredicted, PredictionCleared, PredictionWithheld,
};
use messages::profile::{Profile, Span};
use messages::record::decode_body;
use messages::registry::{AssetRegistered, AssetRetired, MaintenanceRecorded};
use messages::shadow::{ShadowCleared, ShadowPredicted};
use messages::{DecodeError, Record, Timestamp};
use models::foresight::sampled::Memory;
use models::trend;
use runtime::{Agent, AgentError, AgentResult, ConfigError, Ctx, Handle, Models, Wiring};
use serde::{Deserialize, Serialize};
use shadow::Shadow;
use speech::{Grounds, Patience, Standing, Voice};
use std::collections::BTreeMap;

/// Name of what computes the predictions where no model was promoted.
pub const MODEL: &str = "trend-to-limit/1";

/// The agent.
pub struct Diagnosis {
    config: Config,
    profiles: BTreeMap<String, Profile>,
    /// By profile.
    promoted: BTreeMap<String, Promoted>,
    /// By profile: what judges in the shadow of that.
    shadows: BTreeMap<String, Promoted>,
}

/// Settings of diagnosis.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Text of each profile by its name.
    pub profiles: BTreeMap<String, String>,
    /// What a trend within one run must have before anything is said of it.
    pub run: trend::Settings,
    /// What a trend across runs must have before anything is said of it.
    pub week: trend::Settings,
    /// So many windows in a row must say so before a prediction is made or grows graver.
    pub raise_windows: u8,
    /// So many windows in a row must say otherwise before a prediction is cleared or grows milder.
    pub clear_windows: u8,
    /// A first prediction that is no graver than MEDIUM must have been so for as long: it has days, and a trend that
    /// touches the threshold for an hour is none. On-delay in the sense of ISA-18.2.
    pub on_delay: Span,
    /// Nothing must have spoken for a prediction for as long before it is cleared. Off-delay in the sense of ISA-18.2.
    pub off_delay: Span,
    /// A prediction is said again when a probability has changed by so much.
    pub probability_step: f64,
    /// A trend of one sensor alone waits at most so long until that sensor is compared with its peer; it waits only if the
    /// last comparison is no older than that.
    pub confirmation_max: Span,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            profiles: profiles::defaults(),
            run: trend::Settings::default(),
            week: trend::Settings {
                panes_min: 3,
                span_hours_min: 36.0,
                age_hours_max: 24.0,
                span_multiple_max: 1.0,
            },
            raise_windows: 3,
            clear_windows: 15,
            on_delay: Span::from_millis(12 * 3_600_000).expect("half a day is a span"),
            off_delay: Span::from_millis(24 * 3_600_000).expect("a day is a span"),
            probability_step: 0.1,
            confirmation_max: Span::from_millis(24 * 3_600_000).expect("a day is a span"),
        }
    }
}

/// What is remembered of one asset.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct State {
    /// End of the newest window that was judged.
    judged_through: Option<Timestamp>,
    /// What stands said of each component.
    standing: Standing,
    /// What was last said not to be judged.
    withheld: Vec<CannotSay>,
    /// Which sensors were compared with their peers, and what waits for that.
    confirmations: Confirmations,
    /// The past, for models that were learned from samples.
    memory: Memory,
    /// What a model in the shadow remembers and would have said.
    shadow: Option<Shadow>,
}

impl Record for State {
    const SCHEMA: u16 = 111;
    const VERSION: u16 = 3;

    fn upcast(version: u16, body: &[u8]) -> Result<Self, DecodeError> {
        match version {
            1 => decode_body::<stored::StateV1>(body).map(Self::from),
            2 => decode_body::<stored::StateV2>(body).map(Self::from),
            _ => Err(DecodeError::unknown_version::<Self>(version)),
        }
    }
}

impl Agent for Diagnosis {
    const KIND: &'static str = "diagnosis";
    type Config = Config;
    type State = State;

    fn new(config: Config, models: &Models) -> Result<Self, ConfigError> {
        let profiles = profiles::parse(Self::KIND, &config.profiles)?;
        let step = config.probability_step;
        if !(step > 0.0 && step <= 1.0) {
            let reason =
                format!("`probability_step` is `{step}`; give a number above 0, at most 1");
            return Err(ConfigError::new(Self::KIND, reason));
        }
        let (mut promoted, mut shadows) = (BTreeMap::new(), BTreeMap::new());
        for (name, profile) in &profiles {
            if let Some(bytes) = models.promoted(name) {
                promoted.insert(name.clone(), Promoted::open(profile, bytes)?);
            }
            if let Some(bytes) = models.shadow(name) {
                shadows.insert(name.clone(), Promoted::open(profile, bytes)?);
            }
        }
        Ok(Self { config, profiles, promoted, shadows })
    }

    fn wiring(wiring: &mut Wiring<Self>) {
        wiring.on::<HealthAssessed>().key(|assessed| &assessed.asset);
        wiring.on::<AssetRegistered>().key(|registered| &registered.asset);
        wiring.on::<MaintenanceRecorded>().key(|recorded| &recorded.asset);
        wiring.on::<AssetRetired>().key(|retired| &retired.asset);
        wiring
            .publishes::<FailurePredicted>()
            .publishes::<PredictionCleared>()
            .publishes::<PredictionWithheld>()
            .publishes::<ShadowPredicted>()
            .publishes::<ShadowCleared>()
            .judges_by_promoted_models();
    }
}

impl Handle<HealthAssessed> for Diagnosis {
    fn handle(
        &self,
        state: &mut State,
        assessed: &HealthAssessed,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        let Some(profile) = self.profiles.get(&assessed.profile) else {
            let known: Vec<&str> = self.profiles.keys().map(String::as_str).collect();
            return Err(AgentError::Reject(format!(
                "there is no profile `{}`; there are {}",
                assessed.profile,
                known.join(", ")
            )));
        };
        // A window said once more is already behind: its samples live on in the trends of later windows.
        if state.judged_through.is_some_and(|through| assessed.window_end <= through) {
            return Ok(());
        }
        state.judged_through = Some(assessed.window_end);
        state.standing.fleet.clone_from(&assessed.fleet);
        state.confirmations.note(profile, assessed);
        let mut judged = self.judge(profile, assessed, state);
        self.judge_in_the_shadow((profile, assessed), state, &judged, ctx);
        let mut grounds =
            Grounds { profile, assessed, model: MODEL, patience: Patience::of(&self.config) };
        if let Some(promoted) = self.promoted.get(&assessed.profile) {
            let known = (&mut state.memory, &state.standing);
            let Some(by_model) = promoted.judge(profile, assessed, known, judged) else {
                return Ok(());
            };
            judged = by_model;
            grounds = promoted.grounds(&self.config, profile, assessed);
        }
        let cannot_say = state.standing.speak(Voice::Aloud, &grounds, judged, ctx);
        state.withhold(assessed, cannot_say, ctx);
        Ok(())
    }
}

impl Handle<AssetRegistered> for Diagnosis {
    fn handle(
        &self,
        state: &mut State,
        registered: &AssetRegistered,
        _ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        state.memory.register(registered);
        if let Some(shadow) = &mut state.shadow {
            shadow.memory.register(registered);
        }
        Ok(())
    }
}

impl Handle<MaintenanceRecorded> for Diagnosis {
    fn handle(
        &self,
        state: &mut State,
        recorded: &MaintenanceRecorded,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        // Whoever records it later has heard more predictions since: all of them end with it.
        let judged = state.judged_through.unwrap_or(recorded.performed_at);
        let at = recorded.performed_at.max(judged);
        let reason = ClearedReason::Maintained;
        state.standing.clear(Voice::Aloud, &recorded.component, at, reason, ctx);
        state.memory.maintain(recorded);
        if let Some(shadow) = &mut state.shadow {
            shadow.standing.clear(Voice::Shadow, &recorded.component, at, reason, ctx);
            shadow.memory.maintain(recorded);
        }
        Ok(())
    }
}

impl Handle<AssetRetired> for Diagnosis {
    fn handle(
        &self,
        state: &mut State,
        _retired: &AssetRetired,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        let at = ctx.now();
        state.standing.clear_all(Voice::Aloud, at, ClearedReason::Retired, ctx);
        if let Some(mut shadow) = state.shadow.take() {
            shadow.standing.clear_all(Voice::Shadow, at, ClearedReason::Retired, ctx);
        }
        Ok(())
    }
}
