//! Computes every memory anew in one ordered pass over the recorded log, and compares.
//!
//! What a host has saved, read on to the head, must equal what a host that never stopped would hold
//! there, bit by bit; and what it said must be on the log once each, and nothing besides.

use crate::catalog::{Catalog, Entry};
use crate::engine::{EngineError, TURN_MESSAGES_MAX, Turn};
use crate::models::Models;
use crate::router::Router;
use crate::shared;
use crate::store::memory::MemoryStore;
use crate::store::{
    Batch, Delivery, HostChange, HostId, HostRecord, Partition, ReadLimit, Store, StoreError,
    Usage, Verified,
};
use messages::dead::{Cause, DeadLettered};
use messages::{Envelope, Message, MessageId, Sequence, Stream, Timestamp};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU16;
use std::sync::Arc;

/// Differences listed per host; the rest is only counted.
pub const DIFFERENCES_MAX: usize = 20;

/// Why the pass cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum RecomputeError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A host that has committed belongs to no agent of the catalog.
    #[error("`{host}` has saved states, but no agent is named `{}`; use the build that has it", .host.kind)]
    UnknownAgent {
        /// The host.
        host: HostId,
    },
}

/// What was found for one host.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Which host.
    pub host: String,
    /// What it reads.
    pub partition: String,
    /// Position up to which its states were saved.
    pub cursor: Sequence,
    /// Newest record of what it reads; both sides were compared there.
    pub head: Sequence,
    /// States compared.
    pub keys: u64,
    /// Messages that the pass said.
    pub said: u64,
    /// Differences found.
    pub differences: u64,
    /// The first [`DIFFERENCES_MAX`] of them, in words.
    pub examples: Vec<String>,
    /// Why nothing was compared; records that the pass needs were forgotten.
    pub not_compared: Option<String>,
}

impl Report {
    /// Whether it was compared and everything was equal.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.differences == 0 && self.not_compared.is_none()
    }

    fn differs(&mut self, what: String) {
        self.differences += 1;
        if self.examples.len() < DIFFERENCES_MAX {
            self.examples.push(what);
        }
    }
}

/// Compares every host of `catalog` in `store`, made with `partitions`, with one ordered pass; where the log is shared,
/// those that may run there.
///
/// # Errors
/// [`RecomputeError`] when the store or an engine failed, not when something differs.
pub fn recompute(
    catalog: &Catalog,
    models: &Arc<Models>,
    store: &Arc<dyn Store>,
    partitions: NonZeroU16,
) -> Result<Vec<Report>, RecomputeError> {
    let unknown = store.hosts()?.into_iter().find(|host| catalog.get(&host.kind).is_none());
    if let Some(host) = unknown {
        return Err(RecomputeError::UnknownAgent { host });
    }
    let router = Router::new(partitions, catalog.contracts());
    // Where the log is shared, what others said is on it too, and their dead letters are not here.
    let seats = shared::seats_of(&**store)?;
    let recorded = &Recorded::read(&**store, &router, seats.is_some())?;
    let mut reports = Vec::new();
    for (id, partition, entry) in catalog.hosts(&router) {
        if seats.as_ref().is_some_and(|seats| !seats.contains(&id.to_string())) {
            // It runs in another process, which alone has its states.
            continue;
        }
        let pass = Pass { id, entry, partition, models, store, recorded };
        reports.push(pass.compare()?);
    }
    Ok(reports)
}

/// Input position and index of something said.
type Place = (Sequence, u32);

/// What was said at each place.
type Said = BTreeMap<Place, Print>;

/// What a message must agree in, whoever made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Print {
    id: MessageId,
    crc: u32,
    /// Whether it is a dead letter.
    is_dead: bool,
}

/// What the log holds of what hosts said.
#[derive(Default)]
struct Recorded {
    said: BTreeMap<HostId, Said>,
    /// Messages that were set aside unhandled: they ended the process, or who said them was contained.
    unhandled: BTreeMap<HostId, BTreeMap<Sequence, Cause>>,
    twice: BTreeMap<HostId, Vec<String>>,
    /// Whether others say something on it, too.
    is_shared: bool,
}

impl Recorded {
    fn read(store: &dyn Store, router: &Router, is_shared: bool) -> Result<Self, StoreError> {
        let mut recorded = Self { is_shared, ..Self::default() };
        // What waits to be said on a shared log is said as well.
        let lanes = store.partitions().into_iter().filter(|partition| partition.is_lane());
        let logs = Stream::ALL.into_iter().flat_map(|stream| router.partitions_of(stream));
        for partition in logs.chain(lanes) {
            // A copy in another partition is no repetition; the same place twice in one is.
            let mut seen = BTreeSet::new();
            let mut after = store.first(partition) - 1;
            loop {
                let batch = store.read(partition, after, ReadLimit::default())?;
                let Some(last) = batch.last() else { break };
                after = last.sequence;
                for delivery in &batch {
                    recorded.note(partition, delivery, &mut seen);
                }
            }
        }
        Ok(recorded)
    }

    fn note(
        &mut self,
        partition: Partition,
        delivery: &Delivery,
        seen: &mut BTreeSet<(HostId, Place)>,
    ) {
        let envelope = &delivery.envelope;
        // What people repeat keeps where it came from, but was not said there again.
        let Some(origin) = envelope.origin.filter(|_| envelope.addressed_to.is_none()) else {
            return;
        };
        let host = HostId { kind: envelope.source.clone(), partition: origin.partition };
        let place = (origin.sequence, origin.index);
        if !seen.insert((host.clone(), place)) {
            let text =
                format!("`{}` {} at {partition}:{}", envelope.name, envelope.id, delivery.sequence);
            self.twice.entry(host.clone()).or_default().push(text);
        }
        if partition.stream == Stream::Dead
            && let Ok(dead) = envelope.open::<DeadLettered>()
            && matches!(dead.cause, Cause::Crashed | Cause::Suspect)
        {
            let unhandled = self.unhandled.entry(host.clone()).or_default();
            unhandled.insert(origin.sequence, dead.cause);
        }
        if self.is_shared && partition.stream == Stream::Dead {
            return;
        }
        self.said.entry(host).or_default().insert(place, print(envelope));
    }
}

fn print(envelope: &Envelope) -> Print {
    let crc = crc32c::crc32c_append(crc32c::crc32c(envelope.name.as_bytes()), &envelope.data);
    Print { id: envelope.id, crc, is_dead: envelope.name == DeadLettered::NAME }
}

/// One host's pass.
struct Pass<'a> {
    id: HostId,
    entry: &'a Entry,
    partition: Partition,
    models: &'a Arc<Models>,
    store: &'a Arc<dyn Store>,
    recorded: &'a Recorded,
}

impl Pass<'_> {
    fn compare(&self) -> Result<Report, RecomputeError> {
        let saved = self.store.host(&self.id)?;
        let mut report = Report {
            host: self.id.to_string(),
            partition: self.partition.to_string(),
            cursor: saved.progress.cursor,
            head: self.store.head(self.partition),
            keys: 0,
            said: 0,
            differences: 0,
            examples: Vec::new(),
            not_compared: None,
        };
        let first = self.store.first(self.partition);
        if first > 1 {
            let text = format!("`{}` was forgotten up to {}", self.partition, first - 1);
            report.not_compared = Some(text);
            return Ok(report);
        }
        let anew = Overlay::empty(self.store.clone());
        let resumed = Overlay::saved(self.store.clone(), &self.id, saved)?;
        let (mut said_anew, mut said_on) = (self.run(&anew)?, self.run(&resumed)?);
        if self.recorded.is_shared {
            said_anew.retain(|_, said| !said.is_dead);
            said_on.retain(|_, said| !said.is_dead);
        }
        self.compare_states(&anew, &resumed, &mut report)?;
        self.compare_said(&said_anew, said_on, &mut report);
        Ok(report)
    }

    /// Reads to the head from where `overlay` stands; gives what was said on the way.
    fn run(&self, overlay: &Arc<Overlay>) -> Result<Said, RecomputeError> {
        let nobody = BTreeMap::new();
        let unhandled = self.recorded.unhandled.get(&self.id).unwrap_or(&nobody);
        let mut engine = self.entry.open(self.id.clone(), overlay.clone(), self.models.clone())?;
        let mut said = Said::new();
        loop {
            let batch = overlay.read(self.partition, engine.wants_after(), ReadLimit::default())?;
            if batch.is_empty() {
                break;
            }
            engine.offer(batch);
            while let Some(next) = engine.next() {
                if let Some(cause) = unhandled.get(&next) {
                    engine.condemn(next, *cause);
                }
                let limit = if unhandled.is_empty() { TURN_MESSAGES_MAX } else { 1 };
                if let Some(turn) = engine.turn(limit)? {
                    overlay.apply(turn, &mut said)?;
                }
            }
        }
        while let Some(turn) = engine.checkpoint()? {
            overlay.apply(turn, &mut said)?;
        }
        Ok(said)
    }

    fn compare_states(
        &self,
        anew: &Overlay,
        resumed: &Overlay,
        report: &mut Report,
    ) -> Result<(), StoreError> {
        let (expected, found) = (anew.host(&self.id)?.progress, resumed.host(&self.id)?.progress);
        if expected != found {
            report.differs(format!("the pass ends at {expected:?}, what was saved at {found:?}"));
        }
        let (mut expected, mut found) = (BTreeMap::new(), BTreeMap::new());
        anew.states(&self.id, &mut |key, bytes| {
            drop(expected.insert(key.to_owned(), bytes.to_vec()))
        })?;
        resumed.states(&self.id, &mut |key, bytes| {
            drop(found.insert(key.to_owned(), bytes.to_vec()))
        })?;
        report.keys = expected.len() as u64;
        for (key, bytes) in &expected {
            match found.remove(key) {
                Some(other) if other == *bytes => {}
                Some(_) => report.differs(format!("state of `{key}` differs")),
                None => report.differs(format!("state of `{key}` is missing")),
            }
        }
        for key in found.keys() {
            report.differs(format!("state of `{key}` exists, but nothing on the log leads to it"));
        }
        Ok(())
    }

    /// What is on the log, and what would be said next, must together be what the pass said.
    fn compare_said(&self, anew: &Said, said_on: Said, report: &mut Report) {
        report.said = anew.len() as u64;
        let mut found = self.recorded.said.get(&self.id).cloned().unwrap_or_default();
        for (place, print) in said_on {
            let before = found.insert(place, print);
            // What another process said is said again by its successor here, and then not sent.
            if before.is_some_and(|before| !self.recorded.is_shared || before != print) {
                report.differs(format!("what is on the log at {place:?} would be said again"));
            }
        }
        for (place, print) in anew {
            match found.remove(place) {
                Some(other) if other == *print => {}
                Some(other) => report.differs(format!("{} at {place:?} differs", other.id)),
                None => report.differs(format!("{} at {place:?} was never said", print.id)),
            }
        }
        for (place, print) in found {
            report.differs(format!("{} at {place:?} is on the log without a reason", print.id));
        }
        for text in self.recorded.twice.get(&self.id).into_iter().flatten() {
            report.differs(format!("{text} was said before"));
        }
    }
}

/// The recorded log under states of its own.
struct Overlay {
    log: Arc<dyn Store>,
    own: MemoryStore,
}

impl Overlay {
    fn empty(log: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self { log, own: MemoryStore::default() })
    }

    /// With what `host` has saved.
    fn saved(
        log: Arc<dyn Store>,
        host: &HostId,
        saved: HostRecord,
    ) -> Result<Arc<Self>, StoreError> {
        let mut states = Vec::new();
        log.states(host, &mut |key, bytes| states.push((key.to_owned(), Some(bytes.to_vec()))))?;
        let change = HostChange {
            host: host.clone(),
            progress: Some(saved.progress),
            watermark: saved.watermark,
            states,
        };
        let overlay = Self::empty(log);
        overlay.commit(Batch { hosts: vec![change], ..Batch::default() })?;
        Ok(overlay)
    }

    fn apply(&self, turn: Turn, said: &mut Said) -> Result<(), StoreError> {
        for envelope in &turn.outputs {
            let origin = envelope.origin.expect("an engine says where each output comes from");
            said.insert((origin.sequence, origin.index), print(envelope));
        }
        self.commit(Batch { hosts: vec![turn.change], ..Batch::default() })?;
        Ok(())
    }
}

impl Store for Overlay {
    fn commit(&self, batch: Batch) -> Result<Vec<Sequence>, StoreError> {
        self.own.commit(batch)
    }

    fn partitions(&self) -> Vec<Partition> {
        self.log.partitions()
    }

    fn head(&self, partition: Partition) -> Sequence {
        self.log.head(partition)
    }

    fn newest_at(&self, partition: Partition) -> Timestamp {
        self.log.newest_at(partition)
    }

    fn first(&self, partition: Partition) -> Sequence {
        self.log.first(partition)
    }

    fn read(
        &self,
        partition: Partition,
        after: Sequence,
        limit: ReadLimit,
    ) -> Result<Vec<Delivery>, StoreError> {
        self.log.read(partition, after, limit)
    }

    fn host(&self, host: &HostId) -> Result<HostRecord, StoreError> {
        self.own.host(host)
    }

    fn hosts(&self) -> Result<Vec<HostId>, StoreError> {
        self.own.hosts()
    }

    fn states(&self, host: &HostId, visit: &mut dyn FnMut(&str, &[u8])) -> Result<(), StoreError> {
        self.own.states(host, visit)
    }

    fn state(&self, host: &HostId, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.own.state(host, key)
    }

    fn blob(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.log.blob(name)
    }

    fn blobs(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.log.blobs(prefix)
    }

    fn verify(&self) -> Result<Verified, StoreError> {
        self.log.verify()
    }

    fn usage(&self) -> Usage {
        self.own.usage()
    }
}
