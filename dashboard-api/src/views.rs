//! What the LOG adds up to: assets, owners, centres, cases, bookings, insights, models, quarantine. Computed when asked for,
//! never ahead of the log.
//!
//! One cursor, moved up to the log's head before each answer, so whoever was told that something is
//! durable finds it here at once. The same pass feeds those who follow ([`crate::changes`]): there is one reader of
//! the log. Nothing is saved: after a start the views are read from the log again.
//!
//! To add a view: a file below with `hear`, a [`Topic`], a field of [`LogView`] and a line in [`LogView::apply`].

pub(crate) mod bookings;
pub(crate) mod cases;
pub(crate) mod centres;
pub(crate) mod feedback;
pub(crate) mod insights;
pub(crate) mod models;
pub(crate) mod owners;
pub(crate) mod past;
pub(crate) mod predictions;
pub(crate) mod quarantine;
mod rows;
pub(crate) mod traffic;
mod versions;
mod written;

use crate::changes::ring::Ring;
use crate::facade::{SOURCE, blocking};
use crate::problem::Problem;
use bookings::Bookings;
use cases::Cases;
use centres::Centres;
use feedback::Feedback;
use insights::Insights;
use messages::redelivery::MessageRedelivered;
use messages::registry::{AssetRegistered, AssetRetired};
use messages::{Message, MessageId, Provenance, Sequence, Timestamp};
use models::Models;
use owners::Owners;
use predictions::Predictions;
use quarantine::Quarantine;
use runtime::store::{Delivery, Partition, ReadLimit, Store, StoreError};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::{Mutex, OwnedMutexGuard, Semaphore};
use traffic::Traffic;
pub(crate) use versions::{Topic, Versions};
use written::Written;

/// Assets that can be registered here.
pub(crate) const ASSETS_MAX: usize = 1_000_000;

/// The views behind their lock.
pub(crate) struct Views {
    store: Arc<dyn Store>,
    log: Arc<Mutex<LogView>>,
    /// What changed last, for those who only ask whether something did.
    versions: Arc<RwLock<Versions>>,
    /// How often what is shown gave way to something else than the log's going on.
    replaced: Arc<AtomicU64>,
    /// What was read last, for those who follow.
    pub(crate) ring: Arc<Ring>,
    /// How many may look into the past at once.
    past: Arc<Semaphore>,
}

/// What the LOG adds up to at its cursor.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct LogView {
    pub(crate) cursor: Sequence,
    pub(crate) versions: Versions,
    pub(crate) assets: BTreeMap<String, Asset>,
    pub(crate) owners: Owners,
    pub(crate) centres: Centres,
    pub(crate) cases: Cases,
    pub(crate) bookings: Bookings,
    pub(crate) predictions: Predictions,
    pub(crate) feedback: Feedback,
    pub(crate) insights: Insights,
    pub(crate) models: Models,
    pub(crate) quarantine: Quarantine,
    pub(crate) traffic: Traffic,
    pub(crate) written: Written,
    /// How often each dead letter has been redelivered.
    pub(crate) redeliveries: BTreeMap<MessageId, u32>,
}

/// An asset as last registered.
#[derive(Debug, PartialEq)]
pub(crate) struct Asset {
    pub(crate) registered: AssetRegistered,
    pub(crate) registered_at: Timestamp,
    pub(crate) sequence: Sequence,
    pub(crate) provenance: Provenance,
    pub(crate) retired: Option<Retired>,
}

/// When and why an asset was retired.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Retired {
    pub(crate) at: Timestamp,
    pub(crate) reason: String,
}

/// What became of building the views anew.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rebuilt {
    /// Records that were read.
    pub(crate) records: u64,
    /// Whether they added up to what was there before.
    pub(crate) equal: bool,
}

impl Views {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            log: Arc::default(),
            versions: Arc::default(),
            replaced: Arc::default(),
            ring: Arc::default(),
            past: Arc::new(Semaphore::new(past::PAST_READERS_MAX)),
        }
    }

    /// The view of everything that was on the log when this was called.
    pub(crate) async fn log(&self) -> Result<OwnedMutexGuard<LogView>, Problem> {
        let mut view = self.log.clone().lock_owned().await;
        if view.cursor >= self.store.head(Partition::LOG) {
            return Ok(view);
        }
        let (versions, ring) = (self.versions.clone(), self.ring.clone());
        let caught_up = move |store: &dyn Store| {
            let result = view.catch_up(store, &mut |view, batch| ring.push(view, batch));
            publish(&versions, &view.versions);
            result.map(|()| view)
        };
        Ok(blocking(self.store.clone(), caught_up).await??)
    }

    /// What changed last, as of everything that was on the log when this was called.
    pub(crate) async fn versions(&self) -> Result<Versions, Problem> {
        if self.read_versions().cursor() < self.store.head(Partition::LOG) {
            drop(self.log().await?);
        }
        Ok(self.read_versions())
    }

    fn read_versions(&self) -> Versions {
        *self.versions.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often what is shown gave way to something else than the log's going on. What was answered under an
    /// earlier number says nothing about what holds.
    pub(crate) fn replaced(&self) -> u64 {
        self.replaced.load(Ordering::Acquire)
    }

    /// Reads the whole log again and puts what it adds up to in place of what was there.
    pub(crate) async fn rebuild(&self) -> Result<Rebuilt, Problem> {
        let mut view = self.log().await?;
        let (versions, replaced) = (self.versions.clone(), self.replaced.clone());
        let anew = move |store: &dyn Store| {
            let mut anew = LogView::default();
            anew.catch_up_to(store, view.cursor, &mut |_, _| {})?;
            let first = store.first(Partition::LOG);
            let records = anew.cursor.saturating_sub(first.saturating_sub(1));
            let equal = anew == *view;
            if !equal {
                tracing::error!("the read model differed from what the log adds up to");
            }
            *view = anew;
            publish(&versions, &view.versions);
            // Before anybody else can look: nothing of what is new is told under the old number.
            replaced.fetch_add(u64::from(!equal), Ordering::Release);
            Ok::<_, StoreError>(Rebuilt { records, equal })
        };
        Ok(blocking(self.store.clone(), anew).await??)
    }
}

fn publish(shared: &RwLock<Versions>, versions: &Versions) {
    *shared.write().unwrap_or_else(PoisonError::into_inner) = *versions;
}

impl LogView {
    /// Reads up to the log's head; `seen` is told of each batch once it is part of the view.
    pub(crate) fn catch_up(
        &mut self,
        store: &dyn Store,
        seen: &mut dyn FnMut(&LogView, &[Delivery]),
    ) -> Result<(), StoreError> {
        self.catch_up_to(store, store.head(Partition::LOG), seen)
    }

    pub(crate) fn catch_up_to(
        &mut self,
        store: &dyn Store,
        head: Sequence,
        seen: &mut dyn FnMut(&LogView, &[Delivery]),
    ) -> Result<(), StoreError> {
        if self.cursor == 0 {
            self.cursor = store.first(Partition::LOG).saturating_sub(1);
        }
        while self.cursor < head {
            let mut batch = store.read(Partition::LOG, self.cursor, ReadLimit::default())?;
            batch.retain(|delivery| delivery.sequence <= head);
            let Some(last) = batch.last().map(|delivery| delivery.sequence) else { break };
            for delivery in &batch {
                self.apply(delivery);
            }
            self.cursor = last;
            seen(self, &batch);
        }
        Ok(())
    }

    pub(crate) fn apply(&mut self, delivery: &Delivery) {
        if delivery.envelope.source == SOURCE {
            self.written.hear(delivery);
        }
        let heard = [
            (Topic::Assets, self.hear_asset(delivery)),
            (Topic::Owners, self.owners.hear(delivery)),
            (Topic::Centres, self.centres.hear(delivery)),
            (Topic::Cases, self.cases.hear(delivery)),
            (Topic::Bookings, self.bookings.hear(delivery)),
            (Topic::Predictions, self.predictions.hear(delivery)),
            (Topic::Feedback, self.feedback.hear(delivery)),
            (Topic::Insights, self.insights.hear(delivery)),
            (Topic::Models, self.models.hear(delivery)),
            (Topic::Quarantine, self.quarantine.hear(delivery)),
            (Topic::Dead, self.hear_redelivery(delivery)),
            (Topic::Traffic, self.traffic.hear(delivery)),
        ];
        for (topic, _) in heard.iter().filter(|(_, heard)| *heard) {
            self.versions.change(*topic, delivery);
        }
        self.versions.moved_to(delivery);
    }

    fn hear_asset(&mut self, delivery: &Delivery) -> bool {
        match delivery.envelope.name.as_str() {
            AssetRegistered::NAME => self.register(delivery),
            AssetRetired::NAME => self.retire(delivery),
            _ => return false,
        }
        true
    }

    fn hear_redelivery(&mut self, delivery: &Delivery) -> bool {
        if delivery.envelope.name != MessageRedelivered::NAME {
            return false;
        }
        if let Some(redelivered) = open::<MessageRedelivered>(delivery) {
            *self.redeliveries.entry(redelivered.dead).or_default() += 1;
        }
        true
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

/// The message of a record; one that cannot be read is passed over as agents pass it over, with a word.
fn open<M: Message>(delivery: &Delivery) -> Option<M> {
    let opened = delivery.envelope.open::<M>();
    opened
        .inspect_err(|error| {
            tracing::warn!(sequence = delivery.sequence, name = M::NAME, %error, "left out of the views");
        })
        .ok()
}
