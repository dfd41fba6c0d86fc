//! Which configuration an agent runs under, also when a build takes other ones than that before it.

use crate::agents::{Noted, Summed, note};
use runtime::store::Store;
use runtime::store::memory::MemoryStore;
use runtime::testkit::World;
use runtime::{Agent, AgentResult, Catalog, ConfigError, Ctx, Handle, Models, Wiring};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a build can be told.
trait Factor: Serialize + DeserializeOwned + Default + Clone + Send + 'static {
    fn factor(&self) -> i64;
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Earlier {
    times: i64,
}

impl Factor for Earlier {
    fn factor(&self) -> i64 {
        self.times
    }
}

/// The same setting under another name.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Later {
    factor: i64,
}

impl Factor for Later {
    fn factor(&self) -> i64 {
        self.factor
    }
}

/// Multiplies what it hears by its setting.
struct Scale<C>(C);

impl<C: Factor> Agent for Scale<C> {
    const KIND: &'static str = "scale";
    type Config = C;
    type State = Nothing;

    fn new(config: C, _models: &Models) -> Result<Self, ConfigError> {
        if config.factor() < 0 {
            return Err(ConfigError::new(Self::KIND, "a factor is 0 or more"));
        }
        Ok(Self(config))
    }

    fn wiring(wiring: &mut Wiring<Self>) {
        wiring.on::<Noted>().key(|noted| &noted.key).publishes::<Summed>();
    }
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct Nothing {}

impl messages::Record for Nothing {
    const SCHEMA: u16 = 60_401;
}

impl<C: Factor> Handle<Noted> for Scale<C> {
    fn handle(&self, _: &mut Nothing, noted: &Noted, ctx: &mut Ctx<'_, Self>) -> AgentResult {
        let sum = noted.value * self.0.factor();
        ctx.publish(&Summed { key: noted.key.clone(), sum, count: 1, lot: 0 });
        Ok(())
    }
}

fn world<C: Factor>(config: C, store: &Arc<dyn Store>) -> World {
    World::seeded(7).agent::<Scale<C>>(config).on(store.clone())
}

fn sums(world: &World) -> Vec<i64> {
    world.published::<Summed>().iter().map(|summed| summed.sum).collect()
}

#[test]
fn each_message_is_handled_under_the_configuration_before_it() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let mut first = world(Earlier { times: 2 }, &store);
    first.append(&note("a", 1));
    first.settle();
    first.append(&note("a", 2));
    let mut second = world(Earlier { times: 5 }, &store);
    second.append(&note("a", 3));
    second.settle();
    assert_eq!(sums(&second), [2, 4, 15], "the second note was sent before the change");
}

#[test]
fn a_stored_configuration_that_this_build_refuses_gives_way_to_the_newest() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let mut first = world(Earlier { times: 2 }, &store);
    first.publish(note("a", 1));
    first.append(&note("a", 2));
    let mut second = world(Later { factor: 5 }, &store);
    second.append(&note("a", 3));
    second.settle();
    assert_eq!(sums(&second), [2, 10, 15]);
    second.kill::<Scale<Later>>();
    second.publish(note("a", 4));
    assert_eq!(sums(&second), [2, 10, 15, 20]);
}

#[test]
fn a_configuration_that_cannot_be_used_is_refused_before_anything_changes() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let mut first = world(Earlier { times: 2 }, &store);
    first.publish(note("a", 1));
    let catalog = Catalog::default().with::<Scale<Earlier>>();
    let router =
        runtime::router::Router::new(runtime::router::PARTITIONS_EMBEDDED, catalog.contracts());
    let configs = [("scale".to_owned(), serde_json::json!({ "times": -1 }))].into();
    let models = Models::default();
    let refused =
        runtime::configuration::configure(&catalog, &configs, &models, &*store, &router).err();
    let text = refused.expect("a refusal").to_string();
    assert_eq!(text, "configuration of `scale`: a factor is 0 or more");
    first.publish(note("a", 3));
    assert_eq!(sums(&first), [2, 6]);
}
