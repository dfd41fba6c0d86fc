//! A small world for tests of agents: in memory, under a virtual clock, with faults by seed.

use crate::agent::Agent;
use crate::catalog::Catalog;
use crate::committer::Entry;
use crate::conductor::{Conductor, CrashPoint, Faults, Misfortunes, Moment};
use crate::effects::Effects;
use crate::engine::Observation;
use crate::models::Models;
use crate::router::PARTITIONS_EMBEDDED;
use crate::store::memory::MemoryStore;
use crate::store::{Partition, ReadLimit, Store};
use messages::dead::DeadLettered;
use messages::{Envelope, Message, MessageId, Provenance, Stream, Timestamp};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

/// Source of what the test itself says.
const SOURCE: &str = "world";

/// Agents, a log and a clock. Built first, then used; every method panics with the reason when the
/// world itself breaks, so that a test reads as the story it tells.
pub struct World {
    seed: u64,
    start: Timestamp,
    catalog: Catalog,
    configs: BTreeMap<String, serde_json::Value>,
    models: Models,
    faults: Option<Faults>,
    effects: Effects,
    store: Arc<dyn Store>,
    conductor: Option<Conductor>,
    said: u64,
}

impl World {
    /// An empty world; the seed decides ids, and with them every choice that agents make by chance.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self {
            seed,
            start: "2026-03-02T06:00:00Z".parse().expect("a valid moment"),
            catalog: Catalog::default(),
            configs: BTreeMap::new(),
            models: Models::default(),
            faults: None,
            effects: Effects::default(),
            store: Arc::new(MemoryStore::default()),
            conductor: None,
            said: 0,
        }
    }

    /// With agent `A`.
    #[must_use]
    pub fn agent<A: Agent>(mut self, config: A::Config) -> Self {
        let config = serde_json::to_value(config).expect("a configuration is JSON");
        self.configs.insert(A::KIND.to_owned(), config);
        self.catalog = self.catalog.with::<A>();
        self
    }

    /// With every agent of `catalog`, configured as by default.
    #[must_use]
    pub fn catalog(mut self, catalog: Catalog) -> Self {
        self.catalog = catalog;
        self
    }

    /// With things going wrong between log and agents.
    #[must_use]
    pub fn faults(mut self, faults: Faults) -> Self {
        self.faults = Some(faults);
        self
    }

    /// With performers for the effects that its agents intend.
    #[must_use]
    pub fn effects(mut self, effects: Effects) -> Self {
        self.effects = effects;
        self
    }

    /// Beginning at `start`.
    #[must_use]
    pub fn starting(mut self, start: Timestamp) -> Self {
        self.start = start;
        self
    }

    /// On `store` instead of memory.
    #[must_use]
    pub fn on(mut self, store: Arc<dyn Store>) -> Self {
        self.store = store;
        self
    }

    /// The conductor; the world is complete from here on.
    pub fn conductor(&mut self) -> &mut Conductor {
        if self.conductor.is_none() {
            let mut conductor = Conductor::new(
                self.catalog.clone(),
                &self.configs,
                Arc::new(self.models.clone()),
                self.store.clone(),
                self.start,
                PARTITIONS_EMBEDDED,
                self.effects.clone(),
            )
            .unwrap_or_else(|error| panic!("the world cannot begin: {error}"));
            if let Some(faults) = self.faults {
                conductor.fault(faults);
            }
            self.conductor = Some(conductor);
        }
        self.conductor.as_mut().expect("the conductor was seated above")
    }

    /// Says `message` and lets the agents handle it.
    #[expect(clippy::needless_pass_by_value, reason = "a test writes publish(message(…))")]
    pub fn publish<M: Message>(&mut self, message: M) {
        self.append(&message);
        self.settle();
    }

    /// Says `message` and lets it wait.
    pub fn append<M: Message>(&mut self, message: &M) {
        self.said += 1;
        let id = MessageId::named("world", &format!("{}/{}", self.seed, self.said));
        let envelope = Envelope::new(id, SOURCE, message)
            .unwrap_or_else(|error| panic!("`{}` cannot be said: {error}", M::NAME))
            .with_provenance(Provenance::Simulated);
        self.append_envelope(envelope);
    }

    /// Appends an envelope as it is: also one that nobody could have made.
    pub fn append_envelope(&mut self, envelope: Envelope) {
        let result = self.conductor().append(vec![Entry::from(envelope)]);
        result.unwrap_or_else(|error| panic!("the log refused: {error}"));
    }

    /// Lets the agents handle what waits.
    pub fn settle(&mut self) {
        self.conductor().settle().unwrap_or_else(|error| panic!("the world broke: {error}"));
    }

    /// Lets time pass.
    pub fn advance(&mut self, duration: Duration) {
        let result = self.conductor().advance(duration);
        result.unwrap_or_else(|error| panic!("the world broke: {error}"));
    }

    /// Saves everything, as an orderly stop does.
    pub fn drain(&mut self) {
        self.conductor().drain().unwrap_or_else(|error| panic!("the world broke: {error}"));
    }

    /// Ends every host of `A` without a word and builds it anew.
    pub fn kill<A: Agent>(&mut self) {
        let result = self.conductor().kill(A::KIND);
        result.unwrap_or_else(|error| panic!("`{}` cannot be killed: {error}", A::KIND));
    }

    /// Ends the ledger of effects without a word and builds it anew from the log.
    pub fn kill_effects(&mut self) {
        self.conductor().kill_effects();
    }

    /// Ends the ledger of effects the next time that it comes to `moment`.
    pub fn kill_effects_at(&mut self, moment: Moment) {
        self.conductor().kill_effects_at(moment);
    }

    /// Ends everything the next time that it comes to `point`, and begins again from what is durable.
    pub fn crash_at(&mut self, point: CrashPoint) {
        self.conductor().crash_at(point);
    }

    /// Everything of type `M` that agents said, in order.
    #[must_use]
    pub fn published<M: Message>(&self) -> Vec<M> {
        let home = if M::NAME == DeadLettered::NAME { Stream::Dead } else { M::CLASS.stream() };
        self.envelopes(home)
            .into_iter()
            .filter(|envelope| envelope.name == M::NAME && envelope.source != SOURCE)
            .map(|envelope| {
                envelope.open().unwrap_or_else(|error| panic!("`{}`: {error}", M::NAME))
            })
            .collect()
    }

    /// Every dead letter.
    #[must_use]
    pub fn dead(&self) -> Vec<DeadLettered> {
        self.published()
    }

    /// The state of `key` in `A`, as JSON.
    pub fn state<A: Agent>(&mut self, key: &str) -> Option<serde_json::Value> {
        let engine = self.conductor().engine_of(A::KIND, key)?;
        engine.inspect(key).unwrap_or_else(|error| panic!("`{key}`: {error}"))
    }

    /// Every saved state of every host, by host and key. Saves what is not saved yet.
    pub fn states(&mut self) -> BTreeMap<String, Vec<u8>> {
        self.drain();
        let conductor = self.conductor();
        let mut states = BTreeMap::new();
        for engine in conductor.engines() {
            let mut visit = |key: &str, bytes: &[u8]| {
                states.insert(format!("{}/{key}", engine.id()), bytes.to_vec());
            };
            let result = conductor.store().states(engine.id(), &mut visit);
            result.unwrap_or_else(|error| panic!("states of `{}`: {error}", engine.id()));
        }
        states
    }

    /// Figures of each host.
    pub fn observations(&mut self) -> Vec<(String, Observation)> {
        let engines = self.conductor().engines();
        engines.map(|engine| (engine.id().to_string(), engine.observe())).collect()
    }

    /// What went wrong so far.
    pub fn misfortunes(&mut self) -> Misfortunes {
        self.conductor().misfortunes()
    }

    /// Everything on `stream`, in order, partition after partition.
    #[must_use]
    pub fn envelopes(&self, stream: Stream) -> Vec<Arc<Envelope>> {
        let partitions = if stream.is_partitioned() { PARTITIONS_EMBEDDED.get() } else { 1 };
        let mut envelopes = Vec::new();
        for index in 0..partitions {
            let partition = Partition { stream, index };
            let mut after = 0;
            loop {
                let read = self.store.read(partition, after, ReadLimit::default());
                let batch = read.unwrap_or_else(|error| panic!("`{partition}`: {error}"));
                let Some(last) = batch.last() else { break };
                after = last.sequence;
                envelopes.extend(batch.into_iter().map(|delivery| delivery.envelope));
            }
        }
        envelopes
    }

    /// The whole log, a line per record: stream, time, source, name, key, id.
    #[must_use]
    pub fn trace(&self) -> String {
        let mut trace = String::new();
        for stream in Stream::ALL {
            for envelope in self.envelopes(stream) {
                let Envelope { time, source, name, key, id, .. } = &*envelope;
                let line = writeln!(trace, "{stream:9} {time} {source:14} {name:22} {key:12} {id}");
                line.expect("a string takes every line");
            }
        }
        trace
    }
}
