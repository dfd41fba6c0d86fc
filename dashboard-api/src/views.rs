//! What the LOG adds up to: assets, owners, centres, cases, bookings, insights, quarantine. Computed when asked for, never
//! ahead of the log.
//!
//! One cursor, moved up to the log's head before each answer, so whoever was told that something is
//! durable finds it here at once. Nothing is saved: after a start the views are read from the log again.

pub(crate) mod bookings;
pub(crate) mod cases;
pub(crate) mod centres;
pub(crate) mod insights;
pub(crate) mod owners;
mod rows;
mod written;

use crate::facade::{SOURCE, blocking};
use crate::problem::Problem;
use bookings::Bookings;
use cases::Cases;
use centres::Centres;
use insights::Insights;
use messages::health::TelemetryQuarantined;
use messages::redelivery::{MessageRedelivered, TelemetryReleased};
use messages::registry::{AssetRegistered, AssetRetired};
use messages::{Message, MessageId, Provenance, Sequence, Timestamp};
use owners::Owners;
use runtime::store::{Delivery, Partition, ReadLimit, Store, StoreError};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{Mutex, OwnedMutexGuard};
use written::Written;

/// Quarantined frames that are listed; older ones stay on the log and are counted.
pub(crate) const QUARANTINED_MAX: usize = 100_000;
/// Assets that can be registered here.
pub(crate) const ASSETS_MAX: usize = 1_000_000;

/// The views behind their lock.
pub(crate) struct Views {
    store: Arc<dyn Store>,
    log: Arc<Mutex<LogView>>,
}

/// What the LOG adds up to at its cursor.
#[derive(Debug, Default)]
pub(crate) struct LogView {
    cursor: Sequence,
    pub(crate) assets: BTreeMap<String, Asset>,
    pub(crate) owners: Owners,
    pub(crate) centres: Centres,
    pub(crate) cases: Cases,
    pub(crate) bookings: Bookings,
    pub(crate) insights: Insights,
    pub(crate) quarantine: Quarantine,
    pub(crate) written: Written,
    /// How often each dead letter has been redelivered.
    pub(crate) redeliveries: BTreeMap<MessageId, u32>,
}

/// An asset as last registered.
#[derive(Debug)]
pub(crate) struct Asset {
    pub(crate) registered: AssetRegistered,
    pub(crate) registered_at: Timestamp,
    pub(crate) sequence: Sequence,
    pub(crate) provenance: Provenance,
    pub(crate) retired: Option<Retired>,
}

/// When and why an asset was retired.
#[derive(Clone, Debug)]
pub(crate) struct Retired {
    pub(crate) at: Timestamp,
    pub(crate) reason: String,
}

/// Where quarantined frames lie; the frames themselves stay on the log.
#[derive(Debug, Default)]
pub(crate) struct Quarantine {
    pub(crate) frames: BTreeMap<Sequence, Quarantined>,
    sequence_by_id: BTreeMap<MessageId, Sequence>,
    /// Frames that are no longer listed because there are too many.
    pub(crate) omitted: u64,
}

/// A quarantined frame.
#[derive(Debug)]
pub(crate) struct Quarantined {
    pub(crate) id: MessageId,
    pub(crate) asset: String,
    pub(crate) released_at: Option<Timestamp>,
}

impl Views {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, log: Arc::default() }
    }

    /// The view of everything that was on the log when this was called.
    pub(crate) async fn log(&self) -> Result<OwnedMutexGuard<LogView>, Problem> {
        let mut view = self.log.clone().lock_owned().await;
        if view.cursor >= self.store.head(Partition::LOG) {
            return Ok(view);
        }
        let caught_up = move |store: &dyn Store| view.catch_up(store).map(|()| view);
        Ok(blocking(self.store.clone(), caught_up).await??)
    }
}

impl LogView {
    fn catch_up(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        let head = store.head(Partition::LOG);
        if self.cursor == 0 {
            self.cursor = store.first(Partition::LOG).saturating_sub(1);
        }
        while self.cursor < head {
            let batch = store.read(Partition::LOG, self.cursor, ReadLimit::default())?;
            let Some(last) = batch.last().map(|delivery| delivery.sequence) else { break };
            for delivery in &batch {
                self.apply(delivery);
            }
            self.cursor = last;
        }
        Ok(())
    }

    fn apply(&mut self, delivery: &Delivery) {
        if delivery.envelope.source == SOURCE {
            self.written.hear(delivery);
        }
        self.owners.hear(delivery);
        self.centres.hear(delivery);
        self.cases.hear(delivery);
        self.bookings.hear(delivery);
        self.insights.hear(delivery);
        match delivery.envelope.name.as_str() {
            AssetRegistered::NAME => self.register(delivery),
            AssetRetired::NAME => self.retire(delivery),
            TelemetryQuarantined::NAME => self.quarantine.add(delivery),
            TelemetryReleased::NAME => {
                if let Some(released) = open::<TelemetryReleased>(delivery) {
                    self.quarantine.release(released.quarantined, delivery.envelope.time);
                }
            }
            MessageRedelivered::NAME => {
                if let Some(redelivered) = open::<MessageRedelivered>(delivery) {
                    *self.redeliveries.entry(redelivered.dead).or_default() += 1;
                }
            }
            _ => {}
        }
    }

    fn register(&mut self, delivery: &Delivery) {
        let Some(registered) = open::<AssetRegistered>(delivery) else { return };
        let asset = Asset {
            registered_at: delivery.envelope.time,
            sequence: delivery.sequence,
            provenance: delivery.envelope.provenance,
            retired: None,
            registered,
        };
        self.assets.insert(asset.registered.asset.clone(), asset);
    }

    fn retire(&mut self, delivery: &Delivery) {
        let Some(AssetRetired { asset, reason }) = open(delivery) else { return };
        if let Some(asset) = self.assets.get_mut(&asset) {
            asset.retired = Some(Retired { at: delivery.envelope.time, reason });
        }
    }
}

impl Quarantine {
    fn add(&mut self, delivery: &Delivery) {
        let envelope = &delivery.envelope;
        let frame = Quarantined { id: envelope.id, asset: envelope.key.clone(), released_at: None };
        self.sequence_by_id.insert(envelope.id, delivery.sequence);
        self.frames.insert(delivery.sequence, frame);
        if self.frames.len() > QUARANTINED_MAX
            && let Some((_, oldest)) = self.frames.pop_first()
        {
            self.sequence_by_id.remove(&oldest.id);
            self.omitted += 1;
        }
    }

    fn release(&mut self, id: MessageId, at: Timestamp) {
        if let Some(sequence) = self.sequence_by_id.get(&id)
            && let Some(frame) = self.frames.get_mut(sequence)
        {
            frame.released_at = Some(at);
        }
    }

    /// Where the frame `id` lies.
    pub(crate) fn find(&self, id: MessageId) -> Option<(Sequence, &Quarantined)> {
        let sequence = *self.sequence_by_id.get(&id)?;
        self.frames.get(&sequence).map(|frame| (sequence, frame))
    }
}

/// The message of a record; one that cannot be read is passed over as agents pass it over, with a word.
fn open<M: Message>(delivery: &Delivery) -> Option<M> {
    let opened = delivery.envelope.open::<M>();
    opened
        .inspect_err(|error| {
            tracing::warn!(sequence = delivery.sequence, name = M::NAME, %error, "left out of the views");
        })
        .ok()
}
