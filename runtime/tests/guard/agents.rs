//! Agents to guard: one that echoes, one that tallies telemetry at checkpoints, one that contains who was refused.

use messages::guard::{
    AccessDenied, ActivityMeasured, Level, PrincipalContained, PrincipalReleased, Refusal,
};
use messages::telemetry::Telemetry;
use messages::{Class, Envelope, Message, MessageId, Record, Timestamp};
use runtime::committer::{CommitError, Receipt};
use runtime::conductor::ConductError;
use runtime::guard::{Denied, Principal};
use runtime::testkit::World;
use runtime::{Agent, AgentResult, ConfigError, Ctx, Handle, Models, Wiring};
use serde::{Deserialize, Serialize};
use std::time::Duration;

macro_rules! event {
    ($type:ident, $name:literal, $schema:literal, $class:expr) => {
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        pub(crate) struct $type {
            pub(crate) key: String,
            pub(crate) number: u64,
        }
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

event!(Called, "test.called", 60_201, Class::Event);
event!(Echoed, "test.echoed", 60_202, Class::Event);
event!(Counted, "test.counted", 60_203, Class::Event);
event!(Tallied, "test.tallied", 60_204, Class::Health);

pub(crate) fn called(number: u64) -> Called {
    Called { key: "a".to_owned(), number }
}

pub(crate) fn echoed(number: u64) -> Echoed {
    Echoed { key: "a".to_owned(), number }
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Total {
    messages: u64,
    numbers: u64,
}

impl Record for Total {
    const SCHEMA: u16 = 60_210;
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoConfig {}

macro_rules! agent {
    ($type:ident, $kind:literal, |$wiring:ident| $wired:expr) => {
        pub(crate) struct $type;

        impl Agent for $type {
            const KIND: &'static str = $kind;
            type Config = NoConfig;
            type State = Total;

            fn new(_config: NoConfig, _models: &Models) -> Result<Self, ConfigError> {
                Ok(Self)
            }

            fn wiring($wiring: &mut Wiring<Self>) {
                $wired;
            }
        }
    };
}

// Echoes each call.
agent!(Echo, "echo", |wiring| wiring.on::<Called>().key(|it| &it.key).publishes::<Echoed>());
// Counts echoes.
agent!(Ear, "ear", |wiring| wiring.on::<Echoed>().key(|it| &it.key).publishes::<Counted>());
// Tallies telemetry, saved at checkpoints.
agent!(Tally, "tally", |wiring| wiring
    .on::<Telemetry>()
    .key(|it| &it.asset)
    .publishes::<Tallied>()
    .checkpoints(Duration::from_secs(60)));
// Contains whoever is refused what it did not declare.
agent!(Warden, "warden", |wiring| wiring
    .on::<AccessDenied>()
    .key(|it| &it.principal)
    .on::<ActivityMeasured>()
    .key(|it| &it.principal)
    .publishes::<PrincipalContained>()
    .publishes::<PrincipalReleased>());

// Would contain as well.
agent!(Usurper, "usurper", |wiring| wiring
    .on::<Called>()
    .key(|it| &it.key)
    .publishes::<PrincipalContained>());

impl Handle<Called> for Usurper {
    fn handle(&self, _: &mut Total, _: &Called, _: &mut Ctx<'_, Self>) -> AgentResult {
        Ok(())
    }
}

impl Handle<Called> for Echo {
    fn handle(&self, total: &mut Total, called: &Called, ctx: &mut Ctx<'_, Self>) -> AgentResult {
        total.messages += 1;
        ctx.publish(&Echoed { key: called.key.clone(), number: called.number });
        Ok(())
    }
}

impl Handle<Echoed> for Ear {
    fn handle(&self, total: &mut Total, echoed: &Echoed, ctx: &mut Ctx<'_, Self>) -> AgentResult {
        total.messages += 1;
        total.numbers += echoed.number;
        ctx.publish(&Counted { key: echoed.key.clone(), number: total.messages });
        Ok(())
    }
}

impl Handle<Telemetry> for Tally {
    fn handle(&self, total: &mut Total, frame: &Telemetry, ctx: &mut Ctx<'_, Self>) -> AgentResult {
        total.messages += 1;
        // Says something now and then, so that the watermark lies behind the newest record.
        if total.messages.is_multiple_of(3) {
            ctx.publish(&Tallied { key: frame.asset.clone(), number: total.messages });
        }
        Ok(())
    }
}

impl Handle<AccessDenied> for Warden {
    fn handle(
        &self,
        _total: &mut Total,
        denied: &AccessDenied,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        if matches!(denied.reason, Refusal::NotDeclared | Refusal::NotYours) {
            ctx.publish(&contained(&denied.principal, Level::Refused, denied.first_at, None));
        }
        Ok(())
    }
}

impl Handle<ActivityMeasured> for Warden {
    fn handle(
        &self,
        total: &mut Total,
        measured: &ActivityMeasured,
        _ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        total.messages += measured.messages;
        Ok(())
    }
}

pub(crate) fn contained(
    principal: &str,
    level: Level,
    evidence_from: Timestamp,
    until: Option<Timestamp>,
) -> PrincipalContained {
    PrincipalContained {
        principal: principal.to_owned(),
        level,
        until,
        finding: None,
        reason: "a test".to_owned(),
        evidence_from,
        by: "warden".to_owned(),
    }
}

/// A world of the first three agents.
pub(crate) fn world(seed: u64) -> World {
    let world = World::seeded(seed).agent::<Echo>(NoConfig {}).agent::<Ear>(NoConfig {});
    world.agent::<Tally>(NoConfig {})
}

/// A world of all agents.
pub(crate) fn watched(seed: u64) -> World {
    world(seed).agent::<Warden>(NoConfig {})
}

/// `message` in an envelope of `source`.
pub(crate) fn envelope<M: Message>(source: &str, number: u64, message: &M) -> Envelope {
    let id = MessageId::named("guard-test", &format!("{source}/{}/{number}", M::NAME));
    Envelope::new(id, source, message).unwrap()
}

/// What came of saying `said` as `principal`: appended, or denied.
pub(crate) fn say(
    world: &mut World,
    principal: &str,
    said: Envelope,
) -> Result<Receipt, Box<Denied>> {
    let principal = Principal::named(principal);
    denied(world.conductor().say_as(&principal, vec![said.into()]))
}

pub(crate) fn denied<T>(result: Result<T, ConductError>) -> Result<T, Box<Denied>> {
    match result {
        Ok(value) => Ok(value),
        Err(ConductError::Commit(CommitError::Denied(denied))) => Err(denied),
        Err(other) => panic!("{other}"),
    }
}
