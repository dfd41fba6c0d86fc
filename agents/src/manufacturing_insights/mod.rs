//! Says which groups of assets fail more often than chance explains, and leads what is done about it to its proof.
//!
//! Hears registrations, failures, findings, maintenance and verdicts about predictions, keyed by asset; its own
//! [`AssetCounted`] and [`ComponentReported`], and [`CapaSigned`], keyed by population (all assets of one profile).
//! Says [`PopulationReviewed`], [`PatternFound`] and a CAPA's [`CapaOpened`], [`CapaUpdated`], [`CapaClosed`],
//! [`CapaReopened`], [`CapaRefused`], [`RecallSuggested`]. Remembers, per asset, its attributes and which of its
//! failures were told; per population, counts by attributes and age, and its CAPAs.
//!
//! A cause is what so many of so many workshops report; the agent concludes none. Why populations: ADR 0014.

mod asset;
mod census;
mod control;
mod fmea;
mod group;
mod review;
mod signing;
mod spoken;

#[cfg(test)]
mod tests;

use crate::profiles;
use asset::Asset;
use census::Census;
pub use census::{AGES_MAX, COHORTS_MAX, NAME_BYTES_MAX, NAMES_MAX, RECENT_MAX};
use control::Control;
pub use control::{CAPAS_MAX, TOLD_MAX};
use messages::capa::{
    CapaClosed, CapaOpened, CapaRefused, CapaReopened, CapaSigned, CapaUpdated, RecallSuggested,
};
use messages::finding::{FailureRecorded, FindingRecorded, PredictionVerified};
use messages::pattern::{
    AssetCounted, Change, ComponentReported, PatternFound, PopulationReviewed, Report,
};
use messages::profile::{Profile, Span};
use messages::registry::{AssetRegistered, AssetRetired, MaintenanceRecorded};
use messages::{Record, Timestamp};
use runtime::{Agent, AgentResult, ConfigError, Ctx, Handle, Models, Timer, Wiring};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Days of a year, on average.
const YEAR_DAYS: f64 = 365.25;

/// The agent.
pub struct ManufacturingInsights {
    config: Config,
    profiles: BTreeMap<String, Profile>,
}

/// Settings of manufacturing insights.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Text of each profile by name.
    pub profiles: BTreeMap<String, String>,
    /// Time between two looks at a population.
    pub review_every: Span,
    /// A pattern is told when its p-value, corrected for all groups and a year of looks, is below this.
    pub pattern_p_max: f64,
    /// A CAPA opens when it is below this, above 0: the chance of a false one in a year.
    pub capa_p_max: f64,
    /// A CAPA opens for no fewer failures.
    pub failures_min: u32,
    /// Messages about one component that are less apart than this tell of one failure.
    pub same_failure: Span,
    /// So long after a CAPA opened it must be contained.
    pub contain_within: Span,
}

impl Default for Config {
    fn default() -> Self {
        let day = 86_400_000;
        let span = |millis| Span::from_millis(millis).expect("a few days are a span");
        Self {
            profiles: profiles::defaults(),
            review_every: span(7 * day),
            pattern_p_max: 0.05,
            capa_p_max: 0.01,
            failures_min: 15,
            same_failure: span(14 * day),
            contain_within: span(day),
        }
    }
}

/// What is remembered of one asset, or of one population.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct State {
    /// Of an asset.
    asset: Asset,
    /// Of a population: who is counted, and what failed.
    census: Census,
    /// Of a population: patterns that were told, and CAPAs.
    control: Control,
    /// Of a population: whether the next look is timed.
    is_timed: bool,
}

impl Record for State {
    const SCHEMA: u16 = 267;
}

/// Time to look at a population.
#[derive(Default)]
pub struct Review;

impl Timer for Review {
    const NAME: &'static str = "review";
}

/// Time by which a CAPA must be contained.
#[derive(Default)]
pub struct Contain;

impl Timer for Contain {
    const NAME: &'static str = "contain";
}

impl Agent for ManufacturingInsights {
    const KIND: &'static str = "manufacturing-insights";
    type Config = Config;
    type State = State;

    fn new(config: Config, _models: &Models) -> Result<Self, ConfigError> {
        let profiles = profiles::parse(Self::KIND, &config.profiles)?;
        let (pattern, capa) = (config.pattern_p_max, config.capa_p_max);
        if !(capa > 0.0 && capa <= pattern && pattern < 1.0) {
            let reason = format!(
                "`capa_p_max` is `{capa}` and `pattern_p_max` is `{pattern}`; \
                 give 0 < `capa_p_max` ≤ `pattern_p_max` < 1"
            );
            return Err(ConfigError::new(Self::KIND, reason));
        }
        if config.failures_min == 0 {
            return Err(ConfigError::new(Self::KIND, "`failures_min` is `0`; give 1 or more"));
        }
        Ok(Self { config, profiles })
    }

    fn wiring(wiring: &mut Wiring<Self>) {
        wiring.on::<AssetRegistered>().key(|registered| &registered.asset);
        wiring.on::<AssetRetired>().key(|retired| &retired.asset);
        wiring.on::<MaintenanceRecorded>().key(|recorded| &recorded.asset);
        wiring.on::<FailureRecorded>().key(|failure| &failure.asset);
        wiring.on::<FindingRecorded>().key(|finding| &finding.asset);
        wiring.on::<PredictionVerified>().key(|verified| &verified.asset);
        wiring.on::<AssetCounted>().key(|counted| &counted.population);
        wiring.on::<ComponentReported>().key(|reported| &reported.population);
        wiring.on::<CapaSigned>().key(|signed| &signed.population);
        wiring
            .timer::<Review>()
            .timer::<Contain>()
            .publishes::<AssetCounted>()
            .publishes::<ComponentReported>()
            .publishes::<PopulationReviewed>()
            .publishes::<PatternFound>()
            .publishes::<CapaOpened>()
            .publishes::<CapaUpdated>()
            .publishes::<CapaClosed>()
            .publishes::<CapaReopened>()
            .publishes::<CapaRefused>()
            .publishes::<RecallSuggested>();
    }
}

/// Handles a message about one asset.
macro_rules! about_an_asset {
    ($($message:ty => $act:ident),* $(,)?) => {$(
        impl Handle<$message> for ManufacturingInsights {
            fn handle(
                &self,
                state: &mut State,
                message: &$message,
                ctx: &mut Ctx<'_, Self>,
            ) -> AgentResult {
                self.$act(&mut state.asset, message, ctx);
                Ok(())
            }
        }
    )*};
}

about_an_asset! {
    AssetRegistered => registered,
    AssetRetired => retired,
    MaintenanceRecorded => maintained,
    FailureRecorded => failed,
    FindingRecorded => found,
    PredictionVerified => verified,
}

impl Handle<AssetCounted> for ManufacturingInsights {
    fn handle(
        &self,
        state: &mut State,
        counted: &AssetCounted,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        let components = self.components(&counted.population);
        state.census.count(counted, &components, ctx.now());
        let joined = counted.change == Change::Joined;
        state.control.count_later(
            &counted.group,
            counted.born_at,
            counted.watched_from,
            joined,
            ctx.now(),
        );
        if !state.is_timed {
            state.is_timed = true;
            ctx.after(self.config.review_every.duration(), Review);
        }
        Ok(())
    }
}

impl Handle<ComponentReported> for ManufacturingInsights {
    fn handle(
        &self,
        state: &mut State,
        reported: &ComponentReported,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        state.census.report(reported);
        if reported.report == Report::Failed {
            self.another_failed(state, reported, ctx);
        }
        Ok(())
    }
}

impl Handle<CapaSigned> for ManufacturingInsights {
    fn handle(
        &self,
        state: &mut State,
        signed: &CapaSigned,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        self.signed(state, signed, ctx);
        Ok(())
    }
}

impl Handle<Review> for ManufacturingInsights {
    fn handle(&self, state: &mut State, _: &Review, ctx: &mut Ctx<'_, Self>) -> AgentResult {
        self.review(state, ctx);
        ctx.after(self.config.review_every.duration(), Review);
        Ok(())
    }
}

impl Handle<Contain> for ManufacturingInsights {
    fn handle(&self, state: &mut State, _: &Contain, ctx: &mut Ctx<'_, Self>) -> AgentResult {
        self.contain_overdue(state, ctx);
        Ok(())
    }
}

impl ManufacturingInsights {
    /// The components of a population's profile.
    fn components(&self, population: &str) -> Vec<String> {
        let profile = self.profiles.get(population);
        let components = profile.map_or(&[][..], |profile| &profile.components);
        components.iter().map(|component| component.id.clone()).collect()
    }

    /// Looks a year.
    fn looks_per_year(&self) -> f64 {
        YEAR_DAYS * 86_400.0 / self.config.review_every.duration().as_secs_f64()
    }
}

/// A year's share of so many days.
fn years(days: f64) -> f64 {
    days / YEAR_DAYS
}

/// When a population has been counted for so long, the first moment of it.
fn begun(census: &Census, now: Timestamp) -> Timestamp {
    census.since.unwrap_or(now)
}
