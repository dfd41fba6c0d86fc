//! An agent to try hosts on: it adds up.

use messages::{Class, Message, Record};
use runtime::{Agent, AgentResult, ConfigError, Ctx, Handle, Models, Wiring};
use serde::{Deserialize, Serialize};

/// Something to add.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Added {
    pub(crate) key: String,
    pub(crate) value: u64,
}

impl Record for Added {
    const SCHEMA: u16 = 60_101;
}

impl Message for Added {
    const NAME: &'static str = "test.added";
    const CLASS: Class = Class::Event;
    fn key(&self) -> &str {
        &self.key
    }
}

/// What it comes to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Summed {
    pub(crate) key: String,
    pub(crate) sum: u64,
    pub(crate) count: u64,
}

impl Record for Summed {
    const SCHEMA: u16 = 60_102;
}

impl Message for Summed {
    const NAME: &'static str = "test.summed";
    const CLASS: Class = Class::Event;
    fn key(&self) -> &str {
        &self.key
    }
}

/// What it remembers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sum {
    sum: u64,
    count: u64,
}

impl Record for Sum {
    const SCHEMA: u16 = 60_103;
}

/// How it adds.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) times: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self { times: 1 }
    }
}

pub(crate) struct Adder(Config);

impl Agent for Adder {
    const KIND: &'static str = "adder";
    type Config = Config;
    type State = Sum;

    fn new(config: Config, _models: &Models) -> Result<Self, ConfigError> {
        if config.times == 0 {
            return Err(ConfigError::new(Self::KIND, "nothing would be added; take 1 or more"));
        }
        Ok(Self(config))
    }

    fn wiring(wiring: &mut Wiring<Self>) {
        wiring.on::<Added>().key(|added| &added.key).publishes::<Summed>();
    }
}

impl Handle<Added> for Adder {
    fn handle(&self, state: &mut Sum, added: &Added, ctx: &mut Ctx<'_, Self>) -> AgentResult {
        state.sum += added.value * self.0.times;
        state.count += 1;
        ctx.publish(&Summed { key: added.key.clone(), sum: state.sum, count: state.count });
        Ok(())
    }
}
