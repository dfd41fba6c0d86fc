//! Two agents to try the runtime on: one saves with every turn, one at checkpoints.

use messages::registry::AssetRegistered;
use messages::telemetry::{Sample, Signal, Telemetry};
use messages::{Class, Finite, Message, Record, Timestamp};
use rand::RngCore;
use runtime::{Agent, AgentError, AgentResult, ConfigError, Ctx, Handle, Models, Timer, Wiring};
use serde::{Deserialize, Serialize};
use std::time::Duration;

pub(crate) const REJECTED: i64 = -1;
pub(crate) const UNDECLARED: i64 = -2;
/// This and the two numbers below it make the handler panic, after it has spoilt its memory.
pub(crate) const PANICS: i64 = -10;
pub(crate) const SILENCE_MAX: Duration = Duration::from_secs(600);

macro_rules! event {
    ($type:ident, $name:literal, $schema:literal, $class:expr) => {
        impl Record for $type {
            const SCHEMA: u16 = $schema;
        }
        impl Message for $type {
            const NAME: &'static str = $name;
            const CLASS: Class = $class;
            fn key(&self) -> &str {
                &self.key
            }
        }
    };
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Noted {
    pub(crate) key: String,
    pub(crate) value: i64,
}
event!(Noted, "test.noted", 60_001, Class::Event);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Summed {
    pub(crate) key: String,
    pub(crate) sum: i64,
    pub(crate) count: u64,
    /// Drawn from the turn's random source.
    pub(crate) lot: i64,
}
event!(Summed, "test.summed", 60_002, Class::Event);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rang {
    pub(crate) key: String,
}
event!(Rang, "test.rang", 60_003, Class::Event);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Secret {
    pub(crate) key: String,
}
event!(Secret, "test.secret", 60_004, Class::Event);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tallied {
    pub(crate) key: String,
    pub(crate) samples: u64,
}
event!(Tallied, "test.tallied", 60_005, Class::Health);

pub(crate) fn note(key: &str, value: i64) -> Noted {
    Noted { key: key.to_owned(), value }
}

pub(crate) fn registered(asset: &str) -> AssetRegistered {
    AssetRegistered {
        asset: asset.to_owned(),
        fleet: "test".to_owned(),
        profile: "vehicle".to_owned(),
        model: None,
        in_service_since: None,
        supplier: None,
        batch: None,
        owner: None,
        group: None,
        home: None,
    }
}

pub(crate) fn frame(asset: &str, second: i64) -> Telemetry {
    Telemetry {
        fleet: "test".to_owned(),
        asset: asset.to_owned(),
        boot: None,
        signals: vec![Signal { name: "speed".to_owned(), unit: None }],
        samples: vec![Sample {
            sampled_at: Timestamp::from_millis(second * 1000).expect("in range"),
            seq: None,
            values: vec![Finite::new(second as f64).ok()],
            codes: Vec::new(),
        }],
    }
}

/// Adds up what it hears, and notices silence.
pub(crate) struct Counter;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Sum {
    sum: i64,
    count: u64,
}

impl Record for Sum {
    const SCHEMA: u16 = 60_010;
}

#[derive(Default)]
pub(crate) struct Check;

impl Timer for Check {
    const NAME: &'static str = "check";
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoConfig {}

impl Agent for Counter {
    const KIND: &'static str = "counter";
    type Config = NoConfig;
    type State = Sum;

    fn new(_config: NoConfig, _models: &Models) -> Result<Self, ConfigError> {
        Ok(Self)
    }

    fn wiring(wiring: &mut Wiring<Self>) {
        wiring
            .on::<Noted>()
            .key(|noted| &noted.key)
            .timer::<Check>()
            .publishes::<Summed>()
            .publishes::<Rang>();
    }
}

impl Handle<Noted> for Counter {
    fn handle(&self, state: &mut Sum, noted: &Noted, ctx: &mut Ctx<'_, Self>) -> AgentResult {
        state.sum += noted.value;
        state.count += 1;
        match noted.value {
            REJECTED => return Err(AgentError::Reject("a note of this value".to_owned())),
            UNDECLARED => ctx.publish(&Secret { key: noted.key.clone() }),
            value if value < REJECTED => panic!("a note of {value}"),
            _ => {}
        }
        let lot = i64::from(ctx.rng().next_u32());
        ctx.publish(&Summed { key: noted.key.clone(), sum: state.sum, count: state.count, lot });
        ctx.after(SILENCE_MAX, Check);
        Ok(())
    }
}

impl Handle<Check> for Counter {
    fn handle(&self, _state: &mut Sum, _check: &Check, ctx: &mut Ctx<'_, Self>) -> AgentResult {
        let key = ctx.key().to_owned();
        ctx.publish(&Rang { key });
        Ok(())
    }
}

/// Counts samples; saves at checkpoints and says something at every fifth.
pub(crate) struct Tally;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Samples {
    registered: bool,
    samples: u64,
}

impl Record for Samples {
    const SCHEMA: u16 = 60_011;
}

impl Agent for Tally {
    const KIND: &'static str = "tally";
    type Config = NoConfig;
    type State = Samples;

    fn new(_config: NoConfig, _models: &Models) -> Result<Self, ConfigError> {
        Ok(Self)
    }

    fn wiring(wiring: &mut Wiring<Self>) {
        wiring.on::<Telemetry>().key(|telemetry| &telemetry.asset);
        wiring.on::<AssetRegistered>().key(|registered| &registered.asset);
        wiring.publishes::<Tallied>().checkpoints(Duration::from_secs(60));
    }
}

impl Handle<Telemetry> for Tally {
    fn handle(
        &self,
        state: &mut Samples,
        telemetry: &Telemetry,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        state.samples += telemetry.samples.len() as u64;
        if state.samples.is_multiple_of(5) {
            ctx.publish(&Tallied { key: telemetry.asset.clone(), samples: state.samples });
        }
        Ok(())
    }
}

impl Handle<AssetRegistered> for Tally {
    fn handle(
        &self,
        state: &mut Samples,
        _registered: &AssetRegistered,
        _ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        state.registered = true;
        Ok(())
    }
}
