//! Runs all hosts in one thread under a virtual clock, one after another in fixed order.
//!
//! The same engines, writer and store as a deployment, without its threads: what happens depends on
//! the input, the seed and the faults asked for, and on nothing else.

mod crash;
mod effects;
mod sessions;

pub use crash::{CrashPoint, UnknownCrashPoint, Work};
pub use effects::Moment;

use crate::catalog::Catalog;
use crate::clock::{Clock, VirtualClock};
use crate::committer::{CommitError, Entry, Receipt, Request, Writer};
use crate::configuration::{ConfigureError, configure};
use crate::effects::{Effects, Ledger};
use crate::engine::{Engine, EngineError, TURN_MESSAGES_MAX};
use crate::models::Models;
use crate::router::Router;
use crate::store::{Delivery, ReadLimit, Store, StoreError};
use crate::upgrade::{UpgradeError, upgrade};
use crate::wiring::{Durability, WiringError};
use messages::Timestamp;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::collections::BTreeMap;
use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

/// What goes wrong between the log and the hosts, by chance from one seed.
#[derive(Clone, Copy, Debug)]
pub struct Faults {
    /// Seed of the chance.
    pub seed: u64,
    /// Chance that a record is delivered twice, 0 to 1.
    pub duplicate: f64,
    /// How far a record may be delivered out of its place, in records.
    pub reorder: usize,
    /// Chance, per turn, that the host is killed before its turn is committed, 0 to 1.
    pub kill_before_commit: f64,
    /// Chance, per turn, that the host is killed after its turn is committed, 0 to 1.
    pub kill_after_commit: f64,
}

/// How often what went wrong did so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Misfortunes {
    /// Records delivered twice.
    pub duplicates: u64,
    /// Records delivered out of place.
    pub reordered: u64,
    /// Hosts killed before a commit.
    pub kills_before_commit: u64,
    /// Hosts killed after a commit.
    pub kills_after_commit: u64,
    /// Ledgers of effects killed, before a commit or after one.
    pub kills_of_effects: u64,
    /// Times that everything ended.
    pub crashes: u64,
}

/// Why the conductor stopped.
#[derive(Debug, thiserror::Error)]
pub enum ConductError {
    /// The declarations do not fit together.
    #[error(transparent)]
    Wiring(#[from] WiringError),
    /// An engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A commit was refused.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// A configuration cannot be used.
    #[error(transparent)]
    Configure(#[from] ConfigureError),
    /// Stored states cannot be used.
    #[error(transparent)]
    Upgrade(#[from] UpgradeError),
    /// No such agent.
    #[error("no agent is named `{kind}`")]
    UnknownAgent {
        /// The name asked for.
        kind: String,
    },
}

/// All hosts of a catalog over one store.
pub struct Conductor {
    catalog: Catalog,
    models: Arc<Models>,
    store: Arc<dyn Store>,
    clock: VirtualClock,
    router: Arc<Router>,
    writer: Writer,
    hosts: Vec<Seat>,
    chance: Option<(Faults, Xoshiro256PlusPlus)>,
    misfortunes: Misfortunes,
    effects: Effects,
    /// The ledger of effects, where any can be performed.
    ledger: Option<Ledger>,
    /// When the ledger is killed next.
    kill_effects_at: Option<Moment>,
    /// When everything ends next.
    crash_at: Option<CrashPoint>,
    /// Time between two checkpoints, where it is not the agents' own.
    checkpoint_interval: Option<Duration>,
}

/// One host and what the conductor keeps of it.
struct Seat {
    engine: Box<dyn Engine>,
    /// When its states are due to be saved.
    checkpoint_at: Timestamp,
    /// Whether it reads nothing for now.
    paused: bool,
    /// Whether the guard refused what it said last; it waits until it may say it.
    refused: bool,
}

impl Conductor {
    /// Seats every host of `catalog` with its `configs` (JSON by kind; defaults where absent); `effects` performs
    /// what the agents intend.
    ///
    /// # Errors
    /// [`ConductError`] when something does not fit together.
    pub fn new(
        catalog: Catalog,
        configs: &BTreeMap<String, serde_json::Value>,
        models: Arc<Models>,
        store: Arc<dyn Store>,
        start: Timestamp,
        partitions: NonZeroU16,
        effects: Effects,
    ) -> Result<Self, ConductError> {
        catalog.check()?;
        effects.check(&catalog)?;
        let contracts = catalog.iter().map(|(_, entry)| &entry.contract);
        let router = Arc::new(Router::new(partitions, contracts));
        let clock = VirtualClock::at(start);
        let writer = Writer::new(store.clone(), Clock::Virtual(clock.clone()), router.clone());
        let mut conductor = Self {
            catalog,
            models,
            store,
            clock,
            router,
            writer,
            hosts: Vec::new(),
            chance: None,
            misfortunes: Misfortunes::default(),
            effects,
            ledger: None,
            kill_effects_at: None,
            crash_at: None,
            checkpoint_interval: None,
        };
        conductor.writer.commit(Vec::new())?;
        let upgrade = upgrade(&conductor.catalog, &*conductor.store, &conductor.router)?;
        upgrade.into_iter().try_for_each(|request| conductor.commit(request).map(drop))?;
        conductor.kill_effects();
        conductor.configure(configs)?;
        conductor.seat()?;
        Ok(conductor)
    }

    /// Lets things go wrong from now on.
    pub fn fault(&mut self, faults: Faults) {
        self.chance = Some((faults, Xoshiro256PlusPlus::seed_from_u64(faults.seed)));
    }

    /// Saves what agents with checkpoints know once in so much virtual time, instead of as often as they ask for: a
    /// clock that runs fast makes their interval very short.
    pub fn checkpoint_every(&mut self, interval: Duration) {
        self.checkpoint_interval = Some(interval);
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What went wrong so far.
    #[must_use]
    pub fn misfortunes(&self) -> Misfortunes {
        self.misfortunes
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The routes.
    #[must_use]
    pub fn router(&self) -> &Router {
        &self.router
    }

    /// The hosts, in the order in which they are run.
    pub fn engines(&self) -> impl Iterator<Item = &dyn Engine> {
        self.hosts.iter().map(|seat| &*seat.engine)
    }

    /// The host of `kind` that holds `key`.
    pub fn engine_of(&mut self, kind: &str, key: &str) -> Option<&mut Box<dyn Engine>> {
        let stream = self.catalog.get(kind)?.contract.stream;
        let partition = self.router.partition(stream, key);
        let seats = self.hosts.iter_mut().map(|seat| &mut seat.engine);
        seats.into_iter().find(|engine| engine.id().kind == kind && engine.partition() == partition)
    }

    /// Appends messages from outside, in one commit.
    ///
    /// # Errors
    /// [`ConductError`] when the store failed.
    pub fn append(&mut self, entries: Vec<Entry>) -> Result<Receipt, ConductError> {
        if self.crashes(CrashPoint::Before(Work::Ingest))? {
            return self.append(entries);
        }
        let receipt = self.commit(Request::Append(entries))?;
        self.crashes(CrashPoint::After(Work::Ingest))?;
        Ok(receipt)
    }

    /// Lets hosts run in turn until none has anything left to read, and effects be performed that are due now.
    ///
    /// # Errors
    /// [`ConductError`] when an engine or the store failed.
    pub fn settle(&mut self) -> Result<(), ConductError> {
        loop {
            let mut moved = false;
            for index in 0..self.hosts.len() {
                moved |= self.run(index)?;
            }
            if !moved && !self.perform_next()? {
                return Ok(());
            }
        }
    }

    /// Moves the clock to `moment`, firing each timer and performing each effect at its time on the way.
    ///
    /// # Errors
    /// [`ConductError`] when an engine or the store failed.
    pub fn advance_to(&mut self, moment: Timestamp) -> Result<(), ConductError> {
        self.settle()?;
        while let Some(due_at) = self.next_due_at().filter(|due_at| *due_at <= moment) {
            self.clock.advance_to(due_at);
            self.fire()?;
            self.settle()?;
        }
        self.clock.advance_to(moment);
        self.checkpoint_due()
    }

    /// Saves everything, as an orderly stop does.
    ///
    /// # Errors
    /// [`ConductError`] when an engine or the store failed.
    pub fn drain(&mut self) -> Result<(), ConductError> {
        self.settle()?;
        (0..self.hosts.len()).try_for_each(|index| self.checkpoint(index))
    }

    /// Ends every host of `kind` without a word and builds it anew from what is committed.
    ///
    /// # Errors
    /// [`ConductError`] when there is no such agent or it cannot be built.
    pub fn kill(&mut self, kind: &str) -> Result<(), ConductError> {
        self.hosts_of(kind)?.into_iter().try_for_each(|index| self.revive(index))
    }

    /// Lets the hosts of `kind` read nothing and fire no timer from now on, or lets them go on.
    ///
    /// # Errors
    /// [`ConductError::UnknownAgent`] when there is no such agent.
    pub fn pause(&mut self, kind: &str, paused: bool) -> Result<(), ConductError> {
        self.hosts_of(kind)?.into_iter().for_each(|index| self.hosts[index].paused = paused);
        Ok(())
    }

    /// Whether the hosts of `kind` are paused, or held by the guard.
    #[must_use]
    pub fn is_paused(&self, kind: &str) -> bool {
        let mut hosts = 0..self.hosts.len();
        hosts.any(|it| self.hosts[it].engine.id().kind == kind && self.is_held(it))
    }

    fn hosts_of(&self, kind: &str) -> Result<Vec<usize>, ConductError> {
        let found: Vec<usize> = (0..self.hosts.len())
            .filter(|&index| self.hosts[index].engine.id().kind == kind)
            .collect();
        if found.is_empty() {
            return Err(ConductError::UnknownAgent { kind: kind.to_owned() });
        }
        Ok(found)
    }

    fn seat(&mut self) -> Result<(), ConductError> {
        for (id, _, entry) in self.catalog.hosts(&self.router) {
            let mut engine = entry.open(id, self.store.clone(), self.models.clone())?;
            engine.obey(self.writer.guard().standing().clone());
            let checkpoint_at = self.clock.now();
            self.hosts.push(Seat { engine, checkpoint_at, paused: false, refused: false });
        }
        Ok(())
    }

    /// Puts each agent's configuration on its input, unless it is the one in force.
    fn configure(
        &mut self,
        configs: &BTreeMap<String, serde_json::Value>,
    ) -> Result<(), ConductError> {
        let requests = configure(&self.catalog, configs, &self.models, &*self.store, &self.router)?;
        requests.into_iter().try_for_each(|request| self.commit(request).map(drop))
    }

    fn commit(&mut self, request: Request) -> Result<Receipt, ConductError> {
        let mut results = self.writer.commit(vec![request])?;
        Ok(results.pop().expect("one request, one answer")?)
    }

    /// Runs host `index` over one batch; whether there was anything to read.
    fn run(&mut self, index: usize) -> Result<bool, ConductError> {
        if self.stands_still(index) {
            return Ok(false);
        }
        let seat = &self.hosts[index];
        let (partition, after) = (seat.engine.partition(), seat.engine.wants_after());
        let batch = self.store.read(partition, after, ReadLimit::default())?;
        if batch.is_empty() {
            return Ok(false);
        }
        let batch = self.disturb(batch);
        self.hosts[index].engine.offer(batch);
        while self.hosts[index].engine.next().is_some() {
            let Some(turn) = self.hosts[index].engine.turn(TURN_MESSAGES_MAX)? else { continue };
            if self.struck(|faults| faults.kill_before_commit) {
                self.misfortunes.kills_before_commit += 1;
                self.revive(index)?;
                return Ok(true);
            }
            let committed = self.commit_unless_crashed(Work::Turn, Request::Turn(turn));
            if self.is_refused(index, &committed)? || committed?.is_none() {
                return Ok(true);
            }
            if self.struck(|faults| faults.kill_after_commit) {
                self.misfortunes.kills_after_commit += 1;
                self.revive(index)?;
                return Ok(true);
            }
            self.hosts[index].engine.rest();
        }
        Ok(true)
    }

    fn revive(&mut self, index: usize) -> Result<(), ConductError> {
        let id = self.hosts[index].engine.id().clone();
        let entry = self
            .catalog
            .get(&id.kind)
            .ok_or_else(|| ConductError::UnknownAgent { kind: id.kind.clone() })?;
        let mut engine = entry.open(id, self.store.clone(), self.models.clone())?;
        engine.obey(self.writer.guard().standing().clone());
        self.hosts[index].engine = engine;
        Ok(())
    }

    fn struck(&mut self, chance: impl Fn(&Faults) -> f64) -> bool {
        self.chance.as_mut().is_some_and(|(faults, rng)| rng.gen_bool(chance(faults)))
    }

    /// Duplicates records and moves them out of their places.
    fn disturb(&mut self, batch: Vec<Delivery>) -> Vec<Delivery> {
        let Some((faults, rng)) = &mut self.chance else { return batch };
        let mut placed: Vec<(usize, Delivery)> = Vec::with_capacity(batch.len());
        for (place, delivery) in batch.into_iter().enumerate() {
            if rng.gen_bool(faults.duplicate) {
                self.misfortunes.duplicates += 1;
                placed.push((place + rng.gen_range(0..=faults.reorder), delivery.clone()));
            }
            let shift = rng.gen_range(0..=faults.reorder);
            self.misfortunes.reordered += u64::from(shift > 0);
            placed.push((place + shift, delivery));
        }
        placed.sort_by_key(|(place, _)| *place);
        placed.into_iter().map(|(_, delivery)| delivery).collect()
    }

    /// When the next timer or effect is due.
    #[must_use]
    pub fn next_due_at(&self) -> Option<Timestamp> {
        let awake = (0..self.hosts.len()).filter(|&index| !self.is_held(index));
        let hosts = awake.filter_map(|index| self.hosts[index].engine.next_due_at());
        let ledger = self.ledger.as_ref().and_then(Ledger::next_due_at);
        hosts.chain(ledger).chain(self.guard_due_at()).min()
    }

    fn fire(&mut self) -> Result<(), ConductError> {
        let now = self.clock.now();
        if self.writer.guard().next_due_at().is_some_and(|due_at| due_at <= now) {
            self.writer.commit(Vec::new())?;
        }
        for index in 0..self.hosts.len() {
            if self.stands_still(index) {
                continue;
            }
            let seat = &mut self.hosts[index];
            let engine = &mut seat.engine;
            let partition = Some(engine.partition());
            let due = engine.take_due(now)?;
            let entries: Vec<Entry> =
                due.into_iter().map(|envelope| Entry { partition, envelope }).collect();
            if entries.is_empty() {
                continue;
            }
            let committed = self.commit_unless_crashed(Work::Timer, Request::Timers(entries));
            if !self.is_refused(index, &committed)? && committed?.is_none() {
                return Ok(());
            }
        }
        Ok(())
    }

    fn checkpoint_due(&mut self) -> Result<(), ConductError> {
        let now = self.clock.now();
        for index in 0..self.hosts.len() {
            let seat = &mut self.hosts[index];
            let Durability::Checkpoint { interval } = seat.engine.contract().durability else {
                continue;
            };
            let interval = self.checkpoint_interval.unwrap_or(interval);
            if seat.checkpoint_at.saturating_add(interval) <= now {
                seat.checkpoint_at = now;
                self.checkpoint(index)?;
            }
        }
        Ok(())
    }

    fn checkpoint(&mut self, index: usize) -> Result<(), ConductError> {
        while let Some(turn) = self.hosts[index].engine.checkpoint()? {
            let request = Request::Checkpoint(turn);
            if self.commit_unless_crashed(Work::Checkpoint, request)?.is_none() {
                return Ok(());
            }
        }
        self.hosts[index].engine.rest();
        Ok(())
    }

    /// Moves the clock on by `duration`, firing each timer at its time on the way.
    ///
    /// # Errors
    /// [`ConductError`] when an engine or the store failed.
    pub fn advance(&mut self, duration: Duration) -> Result<(), ConductError> {
        self.advance_to(self.clock.now().saturating_add(duration))
    }
}
