//! Two agents that hear telemetry: one is picky, the other counts whatever it is given.

use messages::Record;
use messages::health::{QuarantineReason, TelemetryQuarantined};
use messages::registry::AssetRegistered;
use messages::telemetry::{Telemetry, TroubleCode};
use runtime::{Agent, AgentError, AgentResult, ConfigError, Ctx, Handle, Models, Wiring};
use serde::{Deserialize, Serialize};

/// A trouble code that makes [`Picky`] reject the frame.
pub(crate) const POISON: &str = "P0666";
/// A trouble code that makes [`Picky`] quarantine the frame.
pub(crate) const UNKNOWN: &str = "P0404";

/// Frames handled for one asset.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Frames {
    pub(crate) frames: u64,
    pub(crate) samples: u64,
}

impl Record for Frames {
    const SCHEMA: u16 = 60_100;
}

/// Settings that change nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    #[serde(default)]
    pub(crate) patience: u32,
}

/// Rejects what is poison, quarantines what is unknown, counts the rest.
pub(crate) struct Picky;

impl Agent for Picky {
    const KIND: &'static str = "picky";
    type Config = Config;
    type State = Frames;

    fn new(_: Config, _: &Models) -> Result<Self, ConfigError> {
        Ok(Self)
    }

    fn wiring(wiring: &mut Wiring<Self>) {
        wiring.on::<Telemetry>().key(|it| &it.asset).publishes::<TelemetryQuarantined>();
    }
}

impl Handle<Telemetry> for Picky {
    fn handle(
        &self,
        state: &mut Frames,
        telemetry: &Telemetry,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        if has_code(telemetry, POISON) {
            return Err(AgentError::Reject("poison".to_owned()));
        }
        if has_code(telemetry, UNKNOWN) {
            ctx.publish(&TelemetryQuarantined {
                fleet: telemetry.fleet.clone(),
                asset: telemetry.asset.clone(),
                reason: QuarantineReason::UnknownSignal,
                detail: "signal `colant` is unknown".to_owned(),
                nearest: Some("coolant".to_owned()),
                remedy: "rename it".to_owned(),
                telemetry: telemetry.clone(),
                as_sent: None,
            });
            return Ok(());
        }
        ctx.count("frames", 1);
        count(state, telemetry);
        Ok(())
    }
}

/// Counts every frame.
pub(crate) struct Witness;

impl Agent for Witness {
    const KIND: &'static str = "witness";
    type Config = Config;
    type State = Frames;

    fn new(_: Config, _: &Models) -> Result<Self, ConfigError> {
        Ok(Self)
    }

    fn wiring(wiring: &mut Wiring<Self>) {
        wiring.on::<Telemetry>().key(|it| &it.asset);
    }
}

impl Handle<Telemetry> for Witness {
    fn handle(
        &self,
        state: &mut Frames,
        telemetry: &Telemetry,
        _: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        count(state, telemetry);
        Ok(())
    }
}

/// Hears of assets as data-analysis does, so that registrations reach TELEMETRY.
pub(crate) struct Curious;

impl Agent for Curious {
    const KIND: &'static str = "curious";
    type Config = Config;
    type State = Frames;

    fn new(_: Config, _: &Models) -> Result<Self, ConfigError> {
        Ok(Self)
    }

    fn wiring(wiring: &mut Wiring<Self>) {
        wiring.on::<Telemetry>().key(|it| &it.asset);
        wiring.on::<AssetRegistered>().key(|it| &it.asset);
    }
}

impl Handle<Telemetry> for Curious {
    fn handle(&self, state: &mut Frames, it: &Telemetry, _: &mut Ctx<'_, Self>) -> AgentResult {
        count(state, it);
        Ok(())
    }
}

impl Handle<AssetRegistered> for Curious {
    fn handle(&self, _: &mut Frames, _: &AssetRegistered, _: &mut Ctx<'_, Self>) -> AgentResult {
        Ok(())
    }
}

fn count(state: &mut Frames, telemetry: &Telemetry) {
    state.frames += 1;
    state.samples += telemetry.samples.len() as u64;
}

fn has_code(telemetry: &Telemetry, wanted: &str) -> bool {
    let mut codes = telemetry.samples.iter().flat_map(|sample| &sample.codes);
    codes.any(|code| matches!(code, TroubleCode::Obd2 { code } if code == wanted))
}
