//! Models that are promoted on the log: each host judges by them from their place on, also after a restart, and a pass
//! over the log builds the same agents at the same places.

use crate::agents::{NoConfig, Tallied, frame};
use messages::dead::Cause;
use messages::model::{ModelCard, ModelPromoted};
use messages::telemetry::Telemetry;
use messages::{Envelope, Message, MessageId, Record, Stream};
use runtime::models::{checksum, kept_as};
use runtime::recompute::recompute;
use runtime::router::PARTITIONS_EMBEDDED;
use runtime::store::memory::MemoryStore;
use runtime::store::{Batch, Store};
use runtime::testkit::World;
use runtime::{Agent, AgentResult, Catalog, ConfigError, Ctx, Handle, Models, Wiring};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

const PROFILE: &str = "vehicle";

/// Says what its model says: the length of its bytes, or nought without one; that of its shadow counts a hundred times.
struct Weigher {
    weight: u64,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Weighed {
    weights: Vec<u64>,
}

impl Record for Weighed {
    const SCHEMA: u16 = 60_401;
}

impl Agent for Weigher {
    const KIND: &'static str = "weigher";
    type Config = NoConfig;
    type State = Weighed;

    fn new(_config: NoConfig, models: &Models) -> Result<Self, ConfigError> {
        let weight = |bytes: Option<&[u8]>| bytes.map_or(0, |bytes| bytes.len() as u64);
        let shadow = weight(models.shadow(PROFILE));
        Ok(Self { weight: weight(models.promoted(PROFILE)) + 100 * shadow })
    }

    fn wiring(wiring: &mut Wiring<Self>) {
        wiring.on::<Telemetry>().key(|telemetry| &telemetry.asset);
        wiring.publishes::<Tallied>().judges_by_promoted_models();
        wiring.checkpoints(Duration::from_secs(60));
    }
}

impl Handle<Telemetry> for Weigher {
    fn handle(
        &self,
        state: &mut Weighed,
        telemetry: &Telemetry,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        state.weights.push(self.weight);
        ctx.publish(&Tallied { key: telemetry.asset.clone(), samples: self.weight });
        Ok(())
    }
}

fn promoted(model: Option<&[u8]>) -> ModelPromoted {
    ModelPromoted {
        profile: PROFILE.into(),
        agent: Weigher::KIND.into(),
        model: model.map(|bytes| ModelCard {
            name: "a model".into(),
            checksum: checksum(bytes),
            feature_schema: 1,
            data: "rows".into(),
            figures: [].into(),
        }),
        before: None,
        rolled_back: model.is_none(),
        forced: None,
        by: "a test".into(),
        reason: "to see".into(),
        shadow: false,
    }
}

fn store_with(models: &[&[u8]]) -> Arc<MemoryStore> {
    let store = Arc::new(MemoryStore::default());
    let blobs = models.iter().map(|bytes| (kept_as(&checksum(bytes)), Some(bytes.to_vec())));
    store.commit(Batch { blobs: blobs.collect(), ..Batch::default() }).unwrap();
    store
}

fn world(store: &Arc<MemoryStore>) -> World {
    World::seeded(1).agent::<Weigher>(NoConfig {}).on(store.clone())
}

/// Assets of every partition.
const ASSETS: [&str; 8] = ["A", "B", "C", "D", "E", "F", "G", "H"];

fn weigh(world: &mut World, second: i64) {
    ASSETS.iter().for_each(|asset| world.publish(frame(asset, second)));
}

fn weights(world: &mut World, asset: &str) -> serde_json::Value {
    world.state::<Weigher>(asset).unwrap()["weights"].clone()
}

/// One model, another, and none again; killed once in between, all in one checkpoint.
fn played(store: &Arc<MemoryStore>) -> World {
    let mut world = world(store);
    weigh(&mut world, 1);
    world.publish(promoted(Some(b"four")));
    weigh(&mut world, 2);
    world.kill::<Weigher>();
    weigh(&mut world, 3);
    world.publish(promoted(Some(b"sixsix")));
    weigh(&mut world, 4);
    world.publish(promoted(None));
    weigh(&mut world, 5);
    world
}

#[test]
fn every_host_judges_by_a_model_from_its_place_on_the_log_and_after_a_restart() {
    let store = store_with(&[b"four", b"sixsix"]);
    let mut world = played(&store);
    for asset in ASSETS {
        assert_eq!(weights(&mut world, asset), serde_json::json!([0, 4, 4, 6, 0]), "{asset}");
    }
    world.publish(promoted(Some(b"four")));
    world.drain();
    drop(world);
    let mut world = self::world(&store);
    weigh(&mut world, 6);
    for asset in ASSETS {
        assert_eq!(weights(&mut world, asset), serde_json::json!([0, 4, 4, 6, 0, 4]), "{asset}");
    }
}

#[test]
fn a_shadow_comes_goes_and_survives_a_restart_beside_the_model_in_use() {
    let store = store_with(&[b"four", b"sixsix"]);
    let mut world = world(&store);
    let shadow = |model| ModelPromoted { shadow: true, ..promoted(model) };
    world.publish(promoted(Some(b"four")));
    world.publish(shadow(Some(b"sixsix")));
    weigh(&mut world, 1);
    world.kill::<Weigher>();
    weigh(&mut world, 2);
    world.publish(shadow(None));
    weigh(&mut world, 3);
    world.publish(shadow(Some(b"sixsix")));
    world.publish(promoted(Some(b"sixsix")));
    weigh(&mut world, 4);
    for asset in ASSETS {
        assert_eq!(weights(&mut world, asset), serde_json::json!([604, 604, 4, 6]), "{asset}");
    }
    world.drain();
    let catalog = Catalog::default().with::<Weigher>();
    let store: Arc<dyn Store> = store;
    let reports =
        recompute(&catalog, &Arc::new(Models::default()), &store, PARTITIONS_EMBEDDED).unwrap();
    assert!(reports.iter().all(|report| report.is_equal()));
}

#[test]
fn a_pass_over_the_log_judges_by_the_models_that_were_in_use_at_each_place() {
    let store = store_with(&[b"four", b"sixsix"]);
    played(&store).drain();
    let catalog = Catalog::default().with::<Weigher>();
    let store: Arc<dyn Store> = store;
    let reports =
        recompute(&catalog, &Arc::new(Models::default()), &store, PARTITIONS_EMBEDDED).unwrap();
    assert_eq!(reports.iter().map(|report| report.keys).sum::<u64>(), ASSETS.len() as u64);
    for report in reports {
        assert!(report.is_equal(), "{report:?}");
    }
}

#[test]
fn a_model_that_is_not_in_the_store_or_not_as_it_was_ends_its_hosts_by_name() {
    let sum = checksum(b"four");
    for (bytes, problem) in [
        (None, "is not in the store"),
        (Some(b"tour".to_vec()), "is in the store with other bytes"),
    ] {
        let store = Arc::new(MemoryStore::default());
        let blobs = vec![(kept_as(&sum), bytes)];
        store.commit(Batch { blobs, ..Batch::default() }).unwrap();
        let mut world = world(&store);
        weigh(&mut world, 1);
        world.append(&promoted(Some(b"four")));
        let refused = world.conductor().settle().unwrap_err().to_string();
        assert!(refused.contains(&format!("by model `{sum}`, which {problem}")), "{refused}");
        assert!(refused.contains("`aurorasync model promote FILE`"), "{refused}");
    }
}

#[test]
fn a_promotion_that_cannot_be_read_or_is_for_another_agent_changes_nothing() {
    let store = store_with(&[b"four"]);
    let mut world = world(&store);
    world.publish(ModelPromoted { agent: "another".into(), ..promoted(Some(b"four")) });
    let message = promoted(Some(b"four"));
    let id = MessageId::named("test", "damaged");
    let mut damaged = Envelope::new(id, "world", &message).unwrap();
    damaged.data = damaged.data.slice(..damaged.data.len() - 1);
    world.append_envelope(damaged);
    weigh(&mut world, 1);
    assert_eq!(weights(&mut world, "A"), serde_json::json!([0]));
    let dead = world.dead();
    assert_eq!(dead.len(), usize::from(PARTITIONS_EMBEDDED.get()), "each host sets it aside");
    assert!(dead.iter().all(|letter| letter.cause == Cause::Undecodable));
    let home = world.envelopes(Stream::Log);
    assert!(
        home.iter().any(|envelope| envelope.name == ModelPromoted::NAME),
        "people read it there"
    );
}
