//! What every handler works with: the deployment, the views of its log, and the limits at the edge.

use crate::history::History;
use crate::kept::KeptAnswers;
use crate::metrics::Metrics;
use crate::options::FacadeOptions;
use crate::problem::{Kind, Problem};
use crate::request::Request;
use crate::views::{LogView, Views};
use messages::catalogue::CATALOGUE;
use messages::{Class, Envelope, Message, MessageId, Sequence, Stream, Timestamp};
use runtime::bus::Bus;
use runtime::committer::{Entry, Receipt};
use runtime::deployment::Deployment;
use runtime::guard::Principal;
use runtime::rate::Limiter;
use runtime::store::{Delivery, Partition, ReadLimit, Store, StoreError};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedMutexGuard, watch};
use uuid::Uuid;

/// The principal of what people say through the facade, while nobody logs in.
pub(crate) const SOURCE: &str = runtime::guard::principal::FACADE;

/// A deployment's HTTP door. Build it once, [`bind`](Facade::bind) it, serve.
pub struct Facade {
    pub(crate) deployment: Arc<Deployment>,
    pub(crate) options: FacadeOptions,
    pub(crate) views: Views,
    pub(crate) history: History,
    pub(crate) kept: KeptAnswers,
    pub(crate) metrics: Metrics,
    /// Held while an owner's key is looked up or made, so that an owner gets one key only.
    pub(crate) keys: tokio::sync::Mutex<()>,
    limiter: Option<Mutex<Limiter>>,
    stopping: watch::Sender<bool>,
    /// Tells the answers of this process from those of an earlier one, which may have had another log.
    pub(crate) run: String,
}

impl Facade {
    /// A facade of `deployment`.
    #[must_use]
    pub fn new(deployment: Arc<Deployment>, options: FacadeOptions) -> Arc<Self> {
        Arc::new(Self {
            views: Views::new(deployment.store().clone()),
            kept: KeptAnswers::default(),
            history: History::new(deployment.router().partitions_of(Stream::Telemetry)),
            metrics: Metrics::new(&deployment, &options),
            keys: tokio::sync::Mutex::default(),
            limiter: options.rate_limit.map(|limit| Mutex::new(Limiter::new(limit))),
            stopping: watch::Sender::new(false),
            run: format!("{:08x}", u32::from_be_bytes(options.random.bytes())),
            deployment,
            options,
        })
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.options.clock.now()
    }

    /// An id that rises with time (UUIDv7), for what comes in without one.
    pub(crate) fn new_id(&self) -> MessageId {
        let millis = u64::try_from(self.now().as_millis()).unwrap_or(0);
        let random = self.options.random.bytes();
        MessageId(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }

    /// `message` as said by whoever uses the facade.
    pub(crate) fn said<M: Message>(
        &self,
        request: &Request,
        message: &M,
    ) -> Result<Envelope, Problem> {
        let envelope = Envelope::new(self.new_id(), SOURCE, message)?;
        Ok(Envelope { traceparent: request.traceparent(), ..envelope })
    }

    /// Appends `entries` together, as people do, and waits until they are durable.
    pub(crate) async fn append(&self, entries: Vec<Entry>) -> Result<Receipt, Problem> {
        Ok(self.deployment.session(Principal::facade()).append(entries).await?)
    }

    /// Appends what the device of `asset` sends.
    pub(crate) async fn append_from(
        &self,
        fleet: &str,
        asset: &str,
        entries: Vec<Entry>,
    ) -> Result<Receipt, Problem> {
        let device = Principal::device(fleet, asset);
        Ok(self.deployment.session(device).append(entries).await?)
    }

    /// Appends as [`Facade::append`] does, and holds `held` until that is over, even when whoever asked goes away
    /// meanwhile: what waits to be appended is appended all the same.
    #[expect(
        clippy::disallowed_methods,
        reason = "whoever asked awaits the task; alone it ends with its one append"
    )]
    pub(crate) async fn append_holding(
        &self,
        entries: Vec<Entry>,
        held: OwnedMutexGuard<LogView>,
    ) -> Result<Receipt, Problem> {
        let session = self.deployment.session(Principal::facade());
        let appending = tokio::spawn(async move {
            let receipt = session.append(entries).await;
            drop(held);
            receipt
        });
        let ended = |error| Problem::new(Kind::Failed, format!("appending ended early: {error}"));
        Ok(appending.await.map_err(ended)??)
    }

    /// The record at `sequence`, if it is (still) there.
    pub(crate) async fn record(
        &self,
        partition: Partition,
        sequence: Sequence,
    ) -> Result<Option<Delivery>, Problem> {
        let Some(before) = sequence.checked_sub(1) else { return Ok(None) };
        let limit = ReadLimit { records: 1, bytes: 1 };
        let batch = self.blocking(move |store| store.read(partition, before, limit)).await??;
        Ok(batch.into_iter().next().filter(|delivery| delivery.sequence == sequence))
    }

    /// The records at `sequences`, those that are (still) there.
    pub(crate) async fn records(
        &self,
        partition: Partition,
        sequences: Vec<Sequence>,
    ) -> Result<Vec<Delivery>, Problem> {
        Ok(self.blocking(move |store| read_each(store, partition, &sequences)).await??)
    }

    /// Does something with the store that may take a while.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Store) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        blocking(self.deployment.store().clone(), work).await
    }

    /// Every message that can be said, by name: ours, and those that agents brought with them.
    pub(crate) fn messages(&self) -> impl Iterator<Item = (&str, Class)> {
        let contracts = self.deployment.catalog().contracts();
        let brought = contracts.flat_map(|contract| {
            let messages = contract.hears.iter().chain(&contract.publishes);
            messages.map(|(name, class)| (name.as_str(), *class))
        });
        CATALOGUE.iter().map(|entry| (entry.name, entry.class)).chain(brought)
    }

    /// Takes a token of the asset's rate, if there is a limit.
    pub(crate) fn admit(&self, fleet: &str, asset: &str) -> Result<(), Problem> {
        let Some(limiter) = &self.limiter else { return Ok(()) };
        // No panic can leave the buckets half changed.
        let mut limiter = limiter.lock().unwrap_or_else(PoisonError::into_inner);
        // The length keeps `a/b` of `c` from sharing a bucket with `a` of `b/c`.
        limiter.take(&format!("{}/{fleet}/{asset}", fleet.len()), self.now()).map_err(|wait| {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            Problem::new(Kind::RateLimited, format!("asset `{asset}` sends too often; wait {seconds} s, or send more samples at once"))
                .retry_after(seconds)
        })
    }

    /// Follows whether the facade is ending.
    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }

    /// Ends every answer that only waits for something to happen.
    pub(crate) fn stop_waiting(&self) {
        self.stopping.send_replace(true);
    }
}

/// The records at `sequences`, those that are (still) there.
pub(crate) fn read_each(
    store: &dyn Store,
    partition: Partition,
    sequences: &[Sequence],
) -> Result<Vec<Delivery>, StoreError> {
    let first = store.first(partition);
    let limit = ReadLimit { records: 1, bytes: 1 };
    let mut records = Vec::with_capacity(sequences.len());
    for &sequence in sequences.iter().filter(|sequence| **sequence >= first && **sequence > 0) {
        let batch = store.read(partition, sequence - 1, limit)?;
        records.extend(batch.into_iter().filter(|delivery| delivery.sequence == sequence));
    }
    Ok(records)
}

/// Does something with `store` where it holds up nobody else.
pub(crate) async fn blocking<T: Send + 'static>(
    store: Arc<dyn Store>,
    work: impl FnOnce(&dyn Store) -> T + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(move || work(&*store))
        .await
        .map_err(|error| Problem::new(Kind::Failed, format!("reading ended early: {error}")))
}

/// A UUID in a path.
pub(crate) fn parse_id(request: &Request) -> Result<MessageId, Problem> {
    request.parsed::<Uuid>("id", "the id of a message (a UUID)").map(MessageId)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::options::{Random, Timeouts};
    use bytes::Bytes;
    use runtime::clock::{Clock, VirtualClock};
    use runtime::deployment::Options;
    use runtime::effects::Effects;
    use runtime::flight::FlightRecorder;
    use runtime::router::PARTITIONS_EMBEDDED;
    use runtime::store::memory::MemoryStore;
    use runtime::{Catalog, Models};
    use std::collections::{BTreeMap, BTreeSet};
    use std::net::Ipv4Addr;
    use std::path::Path;
    use warp::http::HeaderMap;

    /// A facade of a deployment in which nobody says anything, with a store in memory.
    pub(crate) async fn quiet(folder: &Path) -> Arc<Facade> {
        let clock = VirtualClock::at(Timestamp::from_millis(0).unwrap());
        let clock = Clock::Virtual(clock);
        let deployment = Deployment::start(Options {
            catalog: Catalog::default(),
            configs: BTreeMap::new(),
            effects: Effects::default(),
            models: Models::default(),
            store: Arc::new(MemoryStore::default()),
            folder: folder.to_owned(),
            clock: clock.clone(),
            partitions: PARTITIONS_EMBEDDED,
            recorder: FlightRecorder::default(),
            checkpoint_interval: None,
            shared: None,
        });
        let options = FacadeOptions {
            clock,
            random: Random::new(|bytes| bytes.fill(7)),
            profiles: BTreeMap::new(),
            features: BTreeMap::new(),
            allowed_hosts: BTreeSet::new(),
            rate_limit: None,
            timeouts: Timeouts::default(),
            backup: None,
            intake: None,
            models: None,
        };
        Facade::new(Arc::new(deployment.await.unwrap()), options)
    }

    /// A request for `path` without anything else.
    pub(crate) fn request(path: &str) -> Request {
        Request {
            path: path.to_owned(),
            params: BTreeMap::new(),
            query: BTreeMap::new(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            peer: (Ipv4Addr::LOCALHOST, 1).into(),
        }
    }
}
