//! What this process said and has not seen on the log yet.

use super::repeats::Repeats;
use super::{OUTBOX_RECORDS_MAX, Shared};
use crate::store::{HostId, Partition, ReadLimit, Store, StoreError};
use messages::{Class, Envelope, MessageId, Sequence, Stream};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Messages whose place on the log is remembered, so that who says one again is told it.
const PLACES_KNOWN_MAX: usize = 4_096;

/// The outbox as the writer has it.
pub(crate) struct Outbox {
    shared: Shared,
    /// The host that decides who is contained, if there is one.
    container: Option<HostId>,
    /// Whether an agent that reads TELEMETRY works in this process.
    reads_telemetry: bool,
    /// Where each message waits.
    places: BTreeMap<MessageId, Vec<(Partition, Sequence)>>,
    /// What waits at each position, by lane.
    waiting: BTreeMap<Partition, BTreeMap<Sequence, MessageId>>,
    /// Messages that the commit at hand puts in.
    adding: BTreeSet<MessageId>,
    /// Lanes from which something was taken.
    touched: BTreeSet<Partition>,
    /// Where the newest messages that came back are on the log.
    came_back: BTreeMap<MessageId, (Partition, Sequence)>,
    /// The same in the order in which they came.
    oldest_first: VecDeque<MessageId>,
    /// Messages of this process's own among those that the commit at hand brings back.
    coming: BTreeSet<MessageId>,
    repeats: Repeats,
}

impl Outbox {
    pub(crate) fn new(shared: Shared, container: Option<HostId>, reads_telemetry: bool) -> Self {
        Self {
            shared,
            container,
            reads_telemetry,
            places: BTreeMap::new(),
            waiting: BTreeMap::new(),
            adding: BTreeSet::new(),
            touched: BTreeSet::new(),
            came_back: BTreeMap::new(),
            oldest_first: VecDeque::new(),
            coming: BTreeSet::new(),
            repeats: Repeats::default(),
        }
    }

    /// Takes up what `store` holds.
    pub(crate) fn resume(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        let lanes: Vec<Partition> =
            self.shared.lanes.iter().map(|(_, partition)| partition).collect();
        for lane in lanes {
            let mut after = store.first(lane) - 1;
            loop {
                let batch = store.read(lane, after, ReadLimit::default())?;
                let Some(last) = batch.last() else { break };
                after = last.sequence;
                for delivery in &batch {
                    self.put(lane, delivery.sequence, delivery.envelope.id);
                }
            }
        }
        self.repeats.resume(store)
    }

    /// Where `record`, which would stand on LOG at `sequence`, stands already; else takes note of it.
    pub(crate) fn repeated(&mut self, record: &Envelope, sequence: Sequence) -> Option<Sequence> {
        self.repeats.find(record, sequence)
    }

    /// The process's part in the shared log.
    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// The process.
    pub(crate) fn process(&self) -> &str {
        &self.shared.process
    }

    /// Whether no more may be put in through a door.
    pub(crate) fn is_full(&self) -> bool {
        self.places.len() >= OUTBOX_RECORDS_MAX
    }

    /// Whether who is contained until a time is released by this process.
    pub(crate) fn releases(&self) -> bool {
        self.container.as_ref().is_none_or(|host| self.shared.tenures.epoch(host).is_some())
    }

    /// Whether `said` would reach nobody: telemetry where no agent reads it.
    pub(crate) fn is_lost(&self, said: &Envelope) -> bool {
        said.class == Class::Telemetry && !self.reads_telemetry
    }

    /// The lane of the process itself onto LOG.
    pub(crate) fn own_lane(&self) -> Partition {
        self.lane(None, Stream::Log)
    }

    fn lane(&self, speaker: Option<&HostId>, stream: Stream) -> Partition {
        let lane = self.shared.lanes.of(speaker, stream);
        lane.expect("the process has a lane onto LOG and HEALTH")
    }

    /// Where `said` by `speaker` waits on its way to `target`; `None` when it stays in this process.
    pub(crate) fn way(
        &self,
        speaker: Option<&HostId>,
        target: Partition,
        said: &Envelope,
    ) -> Option<Partition> {
        let leaves = match target.stream {
            Stream::Log => true,
            // Timers and configurations of its readers are their host's own affair.
            Stream::Health => said.class == Class::Health,
            Stream::Telemetry | Stream::Dead | Stream::Audit => false,
        };
        leaves.then(|| self.lane(speaker, target.stream))
    }

    /// Whether `id` is to be put in: not while it waits already.
    pub(crate) fn admits(&mut self, id: MessageId) -> bool {
        !self.places.contains_key(&id) && self.adding.insert(id)
    }

    /// Notes that the commit at hand put `id` into `lane`.
    pub(crate) fn put(&mut self, lane: Partition, sequence: Sequence, id: MessageId) {
        self.adding.remove(&id);
        self.places.entry(id).or_default().push((lane, sequence));
        self.waiting.entry(lane).or_default().insert(sequence, id);
    }

    /// Notes that `id` came back.
    pub(crate) fn came(&mut self, id: MessageId) {
        let Some(places) = self.places.remove(&id) else { return };
        self.coming.insert(id);
        for (lane, sequence) in places {
            self.waiting.entry(lane).or_default().remove(&sequence);
            self.touched.insert(lane);
        }
    }

    /// Notes where a message that came back stands.
    pub(crate) fn stands(&mut self, id: MessageId, place: (Partition, Sequence)) {
        if !self.coming.remove(&id) {
            return;
        }
        if self.came_back.insert(id, place).is_none() {
            self.oldest_first.push_back(id);
        }
        if self.oldest_first.len() > PLACES_KNOWN_MAX
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.came_back.remove(&oldest);
        }
    }

    /// Where `id`, said by this process, stands on the log, if it came back not long ago.
    pub(crate) fn place(&self, id: MessageId) -> Option<(Partition, Sequence)> {
        self.came_back.get(&id).copied()
    }

    /// Takes `gone` out of `lane` unsaid: others said it, or nobody needs it.
    pub(crate) fn forget(&mut self, lane: Partition, gone: &[Sequence]) {
        let waiting = self.waiting.entry(lane).or_default();
        for &sequence in gone {
            let Some(id) = waiting.remove(&sequence) else { continue };
            let Some(places) = self.places.get_mut(&id) else { continue };
            places.retain(|place| *place != (lane, sequence));
            if places.is_empty() {
                self.places.remove(&id);
            }
        }
        self.touched.insert(lane);
    }

    /// What may be forgotten of the lanes with the commit at hand.
    pub(crate) fn take_trims(&mut self, store: &dyn Store) -> Vec<(Partition, Sequence)> {
        let touched = std::mem::take(&mut self.touched).into_iter();
        let through = |lane: Partition| {
            let first = self.waiting.get(&lane).and_then(BTreeMap::first_key_value);
            first.map_or_else(|| store.head(lane), |(first, _)| first - 1)
        };
        touched.map(|lane| (lane, through(lane))).collect()
    }
}
