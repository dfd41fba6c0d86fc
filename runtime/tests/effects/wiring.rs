//! What may be declared about effects, and what is refused at start.

use crate::provider::Provider;
use crate::ringer::{NoConfig, Ring, Ringer, Rung, Wanted, heard, start, wanted, world};
use messages::dead::Cause;
use messages::effect::{EffectConcluded, Policy};
use runtime::conductor::Conductor;
use runtime::effects::{EFFECT_KEY_BYTES_MAX, Effects};
use runtime::router::PARTITIONS_EMBEDDED;
use runtime::store::memory::MemoryStore;
use runtime::testkit::World;
use runtime::wiring::WiringError;
use runtime::{Agent, AgentResult, Catalog, ConfigError, Ctx, Handle, Models, Wiring};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Agents that differ in what they declare alone.
macro_rules! agent {
    ($name:ident, $kind:literal, |$wiring:ident| $declares:expr) => {
        struct $name;

        impl Agent for $name {
            const KIND: &'static str = $kind;
            type Config = NoConfig;
            type State = Rung;

            fn new(_config: NoConfig, _models: &Models) -> Result<Self, ConfigError> {
                Ok(Self)
            }

            fn wiring($wiring: &mut Wiring<Self>) {
                $wiring.on::<Wanted>().key(|wanted| &wanted.key);
                $declares;
            }
        }

        impl Handle<Wanted> for $name {
            fn handle(
                &self,
                _: &mut Rung,
                wanted: &Wanted,
                ctx: &mut Ctx<'_, Self>,
            ) -> AgentResult {
                let Wanted { key, effect_key, case, urgency, expires_at } = wanted.clone();
                ctx.perform(&Ring { key, effect_key, case, urgency, expires_at });
                Ok(())
            }
        }
    };
}

agent!(Secretive, "secretive", |wiring| {});
agent!(Publisher, "publisher", |wiring| wiring.publishes::<Ring>());
agent!(Forger, "forger", |wiring| wiring.publishes::<EffectConcluded>());
agent!(Saver, "saver", |wiring| wiring.performs::<Ring>().checkpoints(Duration::from_secs(1)));

#[test]
fn an_undeclared_effect_is_a_fault_and_nobody_is_called() {
    let provider = Provider::of(Policy::AtMostOnce);
    let effects = Effects::default().with::<Ring>(provider.clone()).allow_simulated_contact(true);
    let mut world = World::seeded(1).agent::<Secretive>(NoConfig {}).effects(effects);
    world.publish(wanted("case:1"));
    assert_eq!(world.dead()[0].cause, Cause::Faulted);
    assert!(world.dead()[0].reason.contains("without declaring it"), "{:?}", world.dead());
    assert_eq!(provider.book().calls.len(), 0);
}

#[test]
fn an_effect_key_that_is_empty_or_too_long_is_a_fault() {
    let provider = Provider::of(Policy::AtMostOnce);
    let mut world = world(provider.clone());
    world.publish(wanted(""));
    world.publish(wanted(&"k".repeat(EFFECT_KEY_BYTES_MAX + 1)));
    assert_eq!(world.dead().len(), 2);
    world.publish(wanted(&"k".repeat(EFFECT_KEY_BYTES_MAX)));
    assert_eq!((world.dead().len(), heard(&world).len()), (2, 1));
}

#[test]
fn an_effect_is_declared_as_one_or_not_at_all() {
    let refused = Catalog::default().with::<Publisher>().check().unwrap_err();
    assert!(matches!(refused, WiringError::EffectPublished { .. }), "{refused}");
    let refused = Catalog::default().with::<Forger>().check().unwrap_err();
    assert!(matches!(refused, WiringError::EffectPublished { .. }), "{refused}");
    let refused = Catalog::default().with::<Saver>().check().unwrap_err();
    assert!(matches!(refused, WiringError::PerformsFromCheckpoint { .. }), "{refused}");
    let catalog = Catalog::default().with::<Ringer>();
    assert!(catalog.check().is_ok());
    let contract = &catalog.get("ringer").unwrap().contract;
    assert_eq!(contract.performs, BTreeMap::from([("test.ring".to_owned(), Policy::AtMostOnce)]));
    assert!(contract.publishes.contains_key("test.ring"));
}

#[test]
fn an_effect_that_nobody_performs_is_refused_at_start_naming_agent_and_effect() {
    let begin = |effects| {
        Conductor::new(
            Catalog::default().with::<Ringer>(),
            &BTreeMap::new(),
            Arc::new(Models::default()),
            Arc::new(MemoryStore::default()),
            start(),
            PARTITIONS_EMBEDDED,
            effects,
        )
    };
    let refused = begin(Effects::default()).err().unwrap().to_string();
    assert!(refused.contains("`ringer`") && refused.contains("`test.ring`"), "{refused}");
    let provider = Provider::of(Policy::AtMostOnce);
    assert!(begin(Effects::default().with::<Ring>(provider)).is_ok());
}
