//! Says when one asset keeps failing.
//!
//! Hears [`FailureRecorded`]. Says [`RepeatFailuresNoticed`]. Remembers, per asset, when it failed lately.

use messages::finding::FailureRecorded;
use messages::profile::Span;
use messages::{Class, Encoding, Message, Record, Timestamp};
use runtime::{Agent, AgentResult, ConfigError, Ctx, Handle, Models, Wiring};
use serde::{Deserialize, Serialize};

/// One asset failed again and again. Numbers of records from 50000 on are free for agents of your own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RepeatFailuresNoticed {
    /// The asset.
    pub asset: String,
    /// How often it failed.
    pub times: u16,
    /// When it did so first.
    pub since: Timestamp,
}

impl Record for RepeatFailuresNoticed {
    const SCHEMA: u16 = 50_000;
}

impl Message for RepeatFailuresNoticed {
    const NAME: &'static str = "repeat_failures.noticed";
    const CLASS: Class = Class::Event;
    const ENCODING: Encoding = Encoding::Json;

    fn key(&self) -> &str {
        &self.asset
    }
}

/// Settings of the agent.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Failures of one asset that are worth a word.
    pub times_min: u16,
    /// How long a failure counts, written like `90d`.
    pub counted_for: Span,
}

impl Default for Config {
    fn default() -> Self {
        let counted_for = "90d".parse().expect("a default is a span of time");
        Self { times_min: 3, counted_for }
    }
}

/// What is remembered of one asset.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct State {
    failed_at: Vec<Timestamp>,
}

impl Record for State {
    const SCHEMA: u16 = 50_001;
}

/// The agent.
pub struct RepeatFailures {
    config: Config,
}

impl Agent for RepeatFailures {
    const KIND: &'static str = "repeat-failures";
    type Config = Config;
    type State = State;

    fn new(config: Config, _models: &Models) -> Result<Self, ConfigError> {
        if config.times_min == 0 {
            let reason = "`times_min` is `0`; give at least 1";
            return Err(ConfigError::new(Self::KIND, reason));
        }
        Ok(Self { config })
    }

    fn wiring(wiring: &mut Wiring<Self>) {
        wiring
            .on::<FailureRecorded>()
            .key(|failed| &failed.asset)
            .publishes::<RepeatFailuresNoticed>();
    }
}

impl Handle<FailureRecorded> for RepeatFailures {
    fn handle(
        &self,
        state: &mut State,
        failed: &FailureRecorded,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        let (now, counted_for) = (ctx.now(), self.config.counted_for.duration());
        state.failed_at.push(failed.failed_at);
        state.failed_at.retain(|at| now.since(*at) < counted_for);
        if state.failed_at.len() < usize::from(self.config.times_min) {
            return Ok(());
        }
        let since = state.failed_at.iter().copied().min().unwrap_or(now);
        let (asset, times) = (failed.asset.clone(), self.config.times_min);
        ctx.publish(&RepeatFailuresNoticed { asset, times, since });
        // The next word comes when it has failed as often again.
        state.failed_at.clear();
        Ok(())
    }
}
