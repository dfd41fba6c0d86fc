//! An agent that rings at a door when it is asked to, and says how each ringing ended.

use messages::effect::{Conclusion, Effect, EffectConcluded, Policy};
use messages::prediction::Severity;
use messages::{
    CaseId, Class, Encoding, Envelope, Message, MessageId, Provenance, Record, Timestamp,
};
use runtime::effects::{Effects, Performer};
use runtime::testkit::World;
use runtime::{Agent, AgentResult, ConfigError, Ctx, Handle, Models, Wiring};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// When the worlds of these tests begin.
pub(crate) const START: &str = "2026-03-02T06:00:00Z";

pub(crate) fn start() -> Timestamp {
    START.parse().unwrap()
}

pub(crate) fn after(seconds: u64) -> Timestamp {
    start().saturating_add(Duration::from_secs(seconds))
}

macro_rules! message {
    ($type:ident, $name:literal, $schema:literal, $class:expr) => {
        impl Record for $type {
            const SCHEMA: u16 = $schema;
        }
        impl Message for $type {
            const NAME: &'static str = $name;
            const CLASS: Class = $class;
            const ENCODING: Encoding = Encoding::Json;
            fn key(&self) -> &str {
                &self.key
            }
            fn case(&self) -> Option<CaseId> {
                self.case
            }
        }
    };
}

/// Ring, please.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Wanted {
    pub(crate) key: String,
    pub(crate) effect_key: String,
    pub(crate) case: Option<CaseId>,
    pub(crate) urgency: Severity,
    pub(crate) expires_at: Timestamp,
}
message!(Wanted, "test.wanted", 60_101, Class::Event);

/// The effect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ring {
    pub(crate) key: String,
    pub(crate) effect_key: String,
    pub(crate) case: Option<CaseId>,
    pub(crate) urgency: Severity,
    pub(crate) expires_at: Timestamp,
}
message!(Ring, "test.ring", 60_102, Class::Effect);

impl Effect for Ring {
    const POLICY: Policy = Policy::AtMostOnce;

    fn effect_key(&self) -> &str {
        &self.effect_key
    }

    fn urgency(&self) -> Severity {
        self.urgency
    }

    fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

/// How a ringing ended, as the agent heard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Heard {
    pub(crate) key: String,
    pub(crate) case: Option<CaseId>,
    pub(crate) intent: MessageId,
    pub(crate) conclusion: Conclusion,
}
message!(Heard, "test.heard", 60_103, Class::Event);

/// The agent.
pub(crate) struct Ringer;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Rung {
    conclusions: u64,
}

impl Record for Rung {
    const SCHEMA: u16 = 60_104;
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoConfig {}

impl Agent for Ringer {
    const KIND: &'static str = "ringer";
    type Config = NoConfig;
    type State = Rung;

    fn new(_config: NoConfig, _models: &Models) -> Result<Self, ConfigError> {
        Ok(Self)
    }

    fn wiring(wiring: &mut Wiring<Self>) {
        wiring.on::<Wanted>().key(|wanted| &wanted.key);
        wiring.on::<EffectConcluded>().key(|concluded| &concluded.key);
        wiring.performs::<Ring>().publishes::<Heard>();
    }
}

impl Handle<Wanted> for Ringer {
    fn handle(&self, _: &mut Rung, wanted: &Wanted, ctx: &mut Ctx<'_, Self>) -> AgentResult {
        let Wanted { key, effect_key, case, urgency, expires_at } = wanted.clone();
        ctx.perform(&Ring { key, effect_key, case, urgency, expires_at });
        Ok(())
    }
}

impl Handle<EffectConcluded> for Ringer {
    fn handle(
        &self,
        rung: &mut Rung,
        concluded: &EffectConcluded,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        rung.conclusions += 1;
        ctx.publish(&Heard {
            key: concluded.key.clone(),
            case: concluded.case,
            intent: concluded.intent,
            conclusion: concluded.conclusion.clone(),
        });
        Ok(())
    }
}

/// A wish to ring under `effect_key`, good for a day.
pub(crate) fn wanted(effect_key: &str) -> Wanted {
    Wanted {
        key: "door".to_owned(),
        effect_key: effect_key.to_owned(),
        case: None,
        urgency: Severity::Medium,
        expires_at: after(86_400),
    }
}

/// A world with the agent and `performer`; what happens in it counts as measured or simulated, all the same.
pub(crate) fn world(performer: impl Performer<Ring>) -> World {
    let effects = Effects::default().with::<Ring>(performer).allow_simulated_contact(true);
    World::seeded(7).starting(start()).agent::<Ringer>(NoConfig {}).effects(effects)
}

/// What the agent heard, without the intents.
pub(crate) fn heard(world: &World) -> Vec<Conclusion> {
    world.published::<Heard>().into_iter().map(|heard| heard.conclusion).collect()
}

/// `message` as an envelope of `provenance`.
pub(crate) fn envelope<M: Message>(number: u64, message: &M, provenance: Provenance) -> Envelope {
    let id = MessageId::named("effects", &format!("{}/{number}", M::NAME));
    Envelope::new(id, "test", message).unwrap().with_provenance(provenance)
}

pub(crate) fn done() -> Conclusion {
    Conclusion::Accepted { reference: Some("bell".to_owned()), reply: None }
}

pub(crate) fn is_uncertain(conclusion: &Conclusion) -> bool {
    matches!(conclusion, Conclusion::Uncertain { .. })
}
