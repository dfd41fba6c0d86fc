//! Runs one agent over one ordered input: takes messages in order, turns them into one commit.
//!
//! Synchronous and deterministic. [`crate::host`] runs engines as actors, [`crate::conductor`] runs
//! them one after another under a virtual clock; neither changes what an engine does.

mod built;
mod cell;
mod checkpoint;
mod error;
mod step;

pub use checkpoint::CHECKPOINT_SLICE_BYTES;
pub use error::EngineError;
pub use step::REASON_BYTES_MAX;

use crate::agent::Agent;
use crate::guard::Standing;
use crate::models::Models;
use crate::store::{Change, Delivery, HostChange, HostId, HostRecord, Partition, Progress, Store};
use crate::timers::{TimerFired, Wheel};
use crate::upgrade;
use crate::wiring::{Contract, Durability, Wiring};
use built::Built;
pub(crate) use cell::Form;
use cell::{Cell, Memory, load_wheel};
use checkpoint::Saving;
use messages::dead::Cause;
use messages::{Envelope, MessageId, Sequence, Timestamp};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use step::Step;

/// Most records that may wait because one before them has not come.
pub const AHEAD_RECORDS_MAX: usize = 1_024;
/// Most messages in one turn.
pub const TURN_MESSAGES_MAX: usize = 256;
/// Longest key of a memory, in bytes; a message with a longer one is set aside.
pub const KEY_BYTES_MAX: usize = 256;
/// Keys that stay in memory; idle ones beyond it are loaded again when needed.
pub const RESIDENT_KEYS_MAX: usize = 200_000;
/// Messages that may fail one after another before the agent itself is held to be broken.
pub const FAULTS_IN_A_ROW_MAX: u32 = 256;
/// Times that a message may end the process before it is set aside.
pub const CRASHES_MAX: u32 = 3;

/// An engine with its agent type erased.
pub trait Engine: Send {
    /// Which host it is.
    fn id(&self) -> &HostId;
    /// The partition it reads.
    fn partition(&self) -> Partition;
    /// What its agent declared.
    fn contract(&self) -> &Contract;
    /// Takes records in whatever order and number they arrive; keeps each once, in order.
    fn offer(&mut self, deliveries: Vec<Delivery>);
    /// Takes up to `limit` waiting records; `None` when that leaves nothing to make durable yet,
    /// though more may wait (see [`Engine::next`]).
    ///
    /// # Errors
    /// [`EngineError`] when the engine must be built anew.
    fn turn(&mut self, limit: usize) -> Result<Option<Turn>, EngineError>;
    /// Saves a slice of what only memory holds; `None` when everything is saved.
    ///
    /// # Errors
    /// [`EngineError`] when a state cannot be written.
    fn checkpoint(&mut self) -> Result<Option<Turn>, EngineError>;
    /// Timers due at `now`, to be appended to this engine's partition; each handed out once.
    ///
    /// # Errors
    /// [`EngineError`] when a firing cannot be written.
    fn take_due(&mut self, now: Timestamp) -> Result<Vec<Envelope>, EngineError>;
    /// When the next timer is due.
    fn next_due_at(&self) -> Option<Timestamp>;
    /// Position behind which it wants to read on.
    fn wants_after(&self) -> Sequence;
    /// Position of the message that is handled next.
    fn next(&self) -> Option<Sequence>;
    /// Name of the configuration in force.
    fn config(&self) -> Option<&str>;
    /// Sets the message at `sequence` aside unhandled, for `cause`.
    fn condemn(&mut self, sequence: Sequence, cause: Cause);
    /// Sets aside what is suspect as of `standing`, from now on.
    fn obey(&mut self, standing: Standing);
    /// Nothing that was handed out is still on its way: idle keys may leave memory.
    fn rest(&mut self);
    /// Figures for people.
    fn observe(&self) -> Observation;
    /// The state of `key` as JSON, if it has one.
    ///
    /// # Errors
    /// [`EngineError`] when it cannot be read.
    fn inspect(&mut self, key: &str) -> Result<Option<serde_json::Value>, EngineError>;
}

/// What one turn wants to make durable.
#[derive(Clone, Debug)]
pub struct Turn {
    /// Cursor that the host's last commit left; another one there means another owner.
    pub expected: Sequence,
    /// Watermark that the host's last commit left.
    pub expected_watermark: Option<(Sequence, u32)>,
    /// States, progress and watermark.
    pub change: HostChange,
    /// Messages to append, complete but for their time.
    pub outputs: Vec<Envelope>,
}

/// Figures of one engine since it was built. They add up: `received` is the sum of the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Observation {
    /// Records offered.
    pub received: u64,
    /// Messages handled by the agent.
    pub handled: u64,
    /// Records that the agent does not hear.
    pub ignored: u64,
    /// Records offered again.
    pub duplicates: u64,
    /// Records applied before the last restart.
    pub applied_before: u64,
    /// Timer firings that a later arming or a cancel had overtaken.
    pub stale_timers: u64,
    /// Messages set aside.
    pub dead_lettered: u64,
    /// Records waiting to be handled.
    pub in_flight: u64,
    /// Position of the last message handled.
    pub position: Sequence,
    /// Position of the last commit of states.
    pub cursor: Sequence,
    /// Keys in memory.
    pub resident_keys: u64,
    /// Timers set.
    pub timers: u64,
    /// Times the agent was built, less one.
    pub incarnation: u64,
    /// Time that its turns took, in nanoseconds; 0 where time is virtual.
    pub busy_nanos: u64,
    /// Counts of the agent's own, by name.
    pub counts: BTreeMap<&'static str, u64>,
    /// How many there are now of what it keeps, by name.
    pub levels: BTreeMap<&'static str, u64>,
}

/// The engine of one agent type.
pub struct AgentEngine<A: Agent> {
    id: HostId,
    partition: Partition,
    store: Arc<dyn Store>,
    /// What the deployment was started with.
    given: Arc<Models>,
    /// The same with the promoted ones.
    models: Models,
    wiring: Wiring<A>,
    agent: A,
    config: A::Config,
    built: Built,
    cells: HashMap<String, Cell<A>>,
    wheel: Wheel,
    /// Keys whose memory is newer than what is saved.
    unsaved: BTreeSet<String>,
    /// A checkpoint under way.
    saving: Option<Saving>,
    position: Sequence,
    saved: Sequence,
    now: Timestamp,
    watermark: Option<(Sequence, u32)>,
    ready: VecDeque<Delivery>,
    expected: Sequence,
    ahead: BTreeMap<Sequence, Delivery>,
    /// Messages that are not handled.
    condemned: BTreeMap<Sequence, Cause>,
    standing: Standing,
    faults_in_a_row: u32,
    observation: Observation,
}

impl<A: Agent> AgentEngine<A> {
    /// Builds the engine from what the store holds of `id`.
    ///
    /// # Errors
    /// [`EngineError`] when the store, a state or the configuration cannot be used.
    pub fn open(
        id: HostId,
        store: Arc<dyn Store>,
        models: Arc<Models>,
    ) -> Result<Self, EngineError> {
        let wiring = Wiring::<A>::of();
        let stream = wiring.contract().stream;
        let partition = Partition { stream, index: id.partition };
        let HostRecord { mut progress, watermark } = store.host(&id)?;
        if progress.cursor == 0 {
            // A kind that is new to the deployment begins with the oldest record that is kept.
            progress.cursor = store.first(partition).saturating_sub(1);
        }
        let mut built = Built::read(progress.config.as_deref());
        let given = models;
        let models = built.load(&id, &given, &*store)?;
        let (config, agent) = Self::configured(&id, &mut built, &*store, &models)?;
        let wheel = load_wheel(&id, &*store)?;
        let condemned = upgrade::condemned(&id, wiring.contract().durability, &*store)?;
        Ok(Self {
            partition,
            given,
            models,
            wiring,
            agent,
            config,
            built,
            cells: HashMap::new(),
            wheel,
            unsaved: BTreeSet::new(),
            saving: None,
            position: progress.cursor,
            saved: progress.cursor,
            now: progress.now,
            watermark,
            ready: VecDeque::new(),
            expected: progress.cursor,
            ahead: BTreeMap::new(),
            condemned,
            standing: Standing::default(),
            faults_in_a_row: 0,
            observation: Observation::default(),
            id,
            store,
        })
    }

    /// Puts waiting records that now follow each other into line.
    fn line_up(&mut self) {
        while let Some(entry) = self.ahead.first_entry() {
            if entry.get().previous > self.expected {
                break;
            }
            let delivery = entry.remove();
            if delivery.sequence > self.expected {
                self.expected = delivery.sequence;
                self.ready.push_back(delivery);
            } else {
                self.observation.duplicates += 1;
            }
        }
    }

    fn progress(&self) -> Progress {
        Progress { cursor: self.position, now: self.now, config: self.built.name() }
    }

    fn durability(&self) -> Durability {
        self.wiring.contract().durability
    }

    fn unwritable(&self, what: &str) -> impl Fn(messages::EncodeError) -> EngineError {
        let (host, what) = (self.id.clone(), what.to_owned());
        move |source| EngineError::Unwritable { host: host.clone(), what: what.clone(), source }
    }

    /// Loads `key` unless it is in memory.
    fn cell(&mut self, key: &str) -> Result<&mut Cell<A>, EngineError> {
        if !self.cells.contains_key(key) {
            let memory = match self.store.state(&self.id, key)? {
                Some(bytes) => Memory::from_bytes(&bytes).map_err(|source| EngineError::State {
                    host: self.id.clone(),
                    key: key.to_owned(),
                    keys: 1,
                    source,
                })?,
                None => Memory::default(),
            };
            self.cells.insert(key.to_owned(), Cell { memory, base: None });
        }
        Ok(self.cells.get_mut(key).expect("the key was loaded above"))
    }

    /// Encodes the memories of `keys` for a commit.
    fn encode<'k>(
        &self,
        keys: impl Iterator<Item = &'k String>,
    ) -> Result<Vec<Change>, EngineError> {
        keys.filter_map(|key| self.cells.get(key).map(|cell| (key, cell)))
            .map(|(key, cell)| {
                let bytes = cell.memory.to_bytes().map_err(self.unwritable(key))?;
                Ok((key.clone(), Some(bytes)))
            })
            .collect()
    }

    /// Completes what the steps said and collects what they changed.
    fn finish(&mut self, steps: Vec<Step<A>>) -> Result<Option<Turn>, EngineError> {
        let mut touched = BTreeSet::new();
        let mut outputs = Vec::new();
        let mut watermark = None;
        for step in steps {
            let unwritable = self.unwritable("dead letter");
            let finished = step.finish(&self.id, self.partition).map_err(unwritable)?;
            for (name, count) in finished.counts {
                *self.observation.counts.entry(name).or_default() += count;
            }
            touched.extend(finished.key);
            for (index, envelope) in (0_u32..).zip(finished.said) {
                if Some((finished.sequence, index)) > self.watermark {
                    watermark = Some((finished.sequence, index));
                    outputs.push(envelope);
                }
            }
        }
        for key in &touched {
            let cell = self.cells.get_mut(key).expect("a touched key is loaded");
            if let Some(base) = cell.base.take() {
                self.wheel.replace(key, &base.timers, &cell.memory.timers);
            }
        }
        let before = self.watermark;
        self.watermark = watermark.or(before);
        let turn = match self.durability() {
            Durability::Checkpoint { .. } => {
                // One by one: `append` and `extend` would build the whole set anew.
                for key in std::mem::take(&mut touched) {
                    self.unsaved.insert(key);
                }
                (!outputs.is_empty()).then(|| self.said(before, watermark, outputs))
            }
            Durability::Turn if touched.is_empty() && outputs.is_empty() => None,
            Durability::Turn => Some(self.saved(&touched, before, watermark, outputs)?),
        };
        Ok(turn)
    }

    /// A turn that moves nothing but the watermark.
    fn said(
        &self,
        before: Option<(Sequence, u32)>,
        watermark: Option<(Sequence, u32)>,
        outputs: Vec<Envelope>,
    ) -> Turn {
        let change =
            HostChange { host: self.id.clone(), progress: None, watermark, states: Vec::new() };
        Turn { expected: self.saved, expected_watermark: before, change, outputs }
    }

    /// A turn with its states and cursor.
    fn saved(
        &mut self,
        touched: &BTreeSet<String>,
        before: Option<(Sequence, u32)>,
        watermark: Option<(Sequence, u32)>,
        outputs: Vec<Envelope>,
    ) -> Result<Turn, EngineError> {
        let change = HostChange {
            host: self.id.clone(),
            progress: Some(self.progress()),
            watermark,
            states: self.encode(touched.iter())?,
        };
        let turn = Turn { expected: self.saved, expected_watermark: before, change, outputs };
        self.saved = self.position;
        Ok(turn)
    }
}

impl<A: Agent> Engine for AgentEngine<A> {
    fn id(&self) -> &HostId {
        &self.id
    }

    fn partition(&self) -> Partition {
        self.partition
    }

    fn contract(&self) -> &Contract {
        self.wiring.contract()
    }

    fn offer(&mut self, deliveries: Vec<Delivery>) {
        self.observation.received += deliveries.len() as u64;
        for delivery in deliveries {
            if delivery.sequence <= self.expected {
                self.observation.duplicates += 1;
            } else if delivery.previous == self.expected {
                self.expected = delivery.sequence;
                self.ready.push_back(delivery);
                self.line_up();
            } else if self.ahead.insert(delivery.sequence, delivery).is_some() {
                self.observation.duplicates += 1;
            }
        }
    }

    fn turn(&mut self, limit: usize) -> Result<Option<Turn>, EngineError> {
        if self.ahead.len() > AHEAD_RECORDS_MAX {
            return Err(EngineError::Hole {
                host: self.id.clone(),
                position: self.position,
                waiting: self.ahead.len(),
            });
        }
        let mut steps = Vec::new();
        for taken in 0..limit.min(TURN_MESSAGES_MAX) {
            let Some(delivery) = self.ready.pop_front() else { break };
            // A turn never spans two builds of the agent: what is run again must run as it did.
            if self.changes_agent(&delivery) && taken > 0 {
                self.ready.push_front(delivery);
                break;
            }
            self.take(delivery, &mut steps)?;
        }
        if steps.is_empty() { Ok(None) } else { self.finish(steps) }
    }

    fn checkpoint(&mut self) -> Result<Option<Turn>, EngineError> {
        self.save_slice()
    }

    fn take_due(&mut self, now: Timestamp) -> Result<Vec<Envelope>, EngineError> {
        let fired = self.wheel.take_due(now, A::KIND);
        fired.into_iter().map(|(fired, traceparent)| self.firing(&fired, traceparent)).collect()
    }

    fn next_due_at(&self) -> Option<Timestamp> {
        self.wheel.next_due_at()
    }

    fn wants_after(&self) -> Sequence {
        self.expected
    }

    fn next(&self) -> Option<Sequence> {
        self.ready.front().map(|delivery| delivery.sequence)
    }

    fn config(&self) -> Option<&str> {
        self.built.config.as_deref()
    }

    fn condemn(&mut self, sequence: Sequence, cause: Cause) {
        self.condemned.insert(sequence, cause);
    }

    fn obey(&mut self, standing: Standing) {
        self.standing = standing;
    }

    fn rest(&mut self) {
        if self.cells.len() <= RESIDENT_KEYS_MAX {
            return;
        }
        let (unsaved, saving) = (&self.unsaved, &self.saving);
        let mut excess = self.cells.len() - RESIDENT_KEYS_MAX * 7 / 8;
        self.cells.retain(|key, _| {
            let newer =
                unsaved.contains(key) || saving.as_ref().is_some_and(|saving| saving.holds(key));
            let keep = excess == 0 || newer;
            excess -= usize::from(!keep);
            keep
        });
    }

    fn observe(&self) -> Observation {
        Observation {
            in_flight: (self.ready.len() + self.ahead.len()) as u64,
            position: self.position,
            cursor: self.saved,
            resident_keys: self.cells.len() as u64,
            timers: self.wheel.len() as u64,
            ..self.observation.clone()
        }
    }

    fn inspect(&mut self, key: &str) -> Result<Option<serde_json::Value>, EngineError> {
        let known = self.cells.contains_key(key) || self.store.state(&self.id, key)?.is_some();
        if !known {
            return Ok(None);
        }
        let host = self.id.clone();
        let state = serde_json::to_value(&self.cell(key)?.memory.state);
        state.map(Some).map_err(|error| EngineError::Unwritable {
            host,
            what: key.to_owned(),
            source: messages::EncodeError::Inexpressible(error.to_string()),
        })
    }
}

impl<A: Agent> AgentEngine<A> {
    fn firing(
        &self,
        fired: &TimerFired,
        traceparent: Option<String>,
    ) -> Result<Envelope, EngineError> {
        let id = MessageId::timer(&self.id.to_string(), &fired.key, &fired.timer, fired.generation);
        let envelope = Envelope::new(id, A::KIND, fired).map_err(self.unwritable(&fired.timer))?;
        Ok(Envelope { addressed_to: Some(A::KIND.to_owned()), traceparent, ..envelope })
    }
}
