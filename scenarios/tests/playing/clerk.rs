//! One agent for stories: an hour after a component failed it says that the prediction is cleared.

use messages::Record;
use messages::finding::FailureRecorded;
use messages::prediction::{ClearedReason, PredictionCleared};
use runtime::{Agent, AgentResult, ConfigError, Ctx, Handle, Models, Timer, Wiring};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long the clerk takes.
const TAKES: Duration = Duration::from_secs(3_600);

pub(crate) struct Clerk;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Desk {
    components: Vec<String>,
}

impl Record for Desk {
    const SCHEMA: u16 = 61_001;
}

#[derive(Default)]
pub(crate) struct Answer;

impl Timer for Answer {
    const NAME: &'static str = "answer";
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Settings {}

impl Agent for Clerk {
    const KIND: &'static str = "clerk";
    type Config = Settings;
    type State = Desk;

    fn new(_: Settings, _: &Models) -> Result<Self, ConfigError> {
        Ok(Self)
    }

    fn wiring(wiring: &mut Wiring<Self>) {
        wiring.on::<FailureRecorded>().key(|failed| &failed.asset);
        wiring.timer::<Answer>();
        wiring.publishes::<PredictionCleared>();
    }
}

impl Handle<FailureRecorded> for Clerk {
    fn handle(
        &self,
        desk: &mut Desk,
        failed: &FailureRecorded,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        desk.components.push(failed.component.clone());
        ctx.after(TAKES, Answer);
        Ok(())
    }
}

impl Handle<Answer> for Clerk {
    fn handle(&self, desk: &mut Desk, _: &Answer, ctx: &mut Ctx<'_, Self>) -> AgentResult {
        for component in desk.components.drain(..) {
            ctx.publish(&PredictionCleared {
                fleet: "demo".to_owned(),
                asset: ctx.key().to_owned(),
                component,
                window_end: ctx.now(),
                reason: ClearedReason::Maintained,
            });
        }
        Ok(())
    }
}
