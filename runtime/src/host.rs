//! One engine as an actor: fed by a pump that holds credit, answered by the committer.

use crate::board::{Board, HostState};
use crate::bus::Bus;
use crate::bus::embedded::Embedded;
use crate::catalog::Entry as CatalogEntry;
use crate::clock::Clock;
use crate::committer::{CommitError, Committer, Entry, Receipt, Request};
use crate::engine::{Engine, Observation, TURN_MESSAGES_MAX};
use crate::marker::Marker;
use crate::models::Models;
use crate::shared::Tenures;
use crate::store::{Delivery, HostId, ReadLimit, Store};
use crate::wiring::Durability;
use messages::dead::Cause;
use messages::{Sequence, Timestamp};
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;

/// Batches that a pump may have under way: one at work, one ahead.
pub const CREDIT_BATCHES: usize = 2;
/// How often a host looks at its timers, its checkpoint and its heartbeat.
pub const TICK_INTERVAL: Duration = Duration::from_millis(100);
/// Longest time that progress over ignored records stays unsaved.
pub const PROGRESS_INTERVAL: Duration = Duration::from_secs(5);
/// Slices of a checkpoint handed over per tick.
pub const CHECKPOINT_SLICES_PER_TICK: usize = 16;

/// Everything that a host needs to begin; also to begin again.
#[derive(Clone)]
pub(crate) struct Spec {
    pub(crate) id: HostId,
    pub(crate) entry: CatalogEntry,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) bus: Embedded,
    pub(crate) committer: Committer,
    pub(crate) models: Arc<Models>,
    pub(crate) clock: Clock,
    pub(crate) board: Board,
    /// Folder of markers, if the last process ended uncleanly.
    pub(crate) unclean: Option<PathBuf>,
    /// Longest time between two checkpoints, in place of what the agent declares.
    pub(crate) checkpoint_interval: Option<Duration>,
    /// Whether it may run.
    pub(crate) tenures: Tenures,
}

/// What a host hears.
pub(crate) enum HostMessage {
    /// Records from its pump, with the credit they use.
    Batch(Vec<Delivery>, OwnedSemaphorePermit),
    /// The pump cannot read.
    PumpFailed(String),
    /// A turn is durable, or not.
    Committed(Result<Receipt, CommitError>),
    /// Time to look after timers and checkpoints.
    Tick,
    /// Asks for the state of a key as JSON.
    Inspect(String, RpcReplyPort<Result<Option<serde_json::Value>, String>>),
    /// Save everything and stop.
    Drain(RpcReplyPort<()>),
}

/// A running host.
pub(crate) struct HostWork {
    spec: Spec,
    engine: Box<dyn Engine>,
    pump: JoinHandle<()>,
    ticker: JoinHandle<()>,
    /// Turns handed over and not yet durable.
    under_way: usize,
    /// Newest record when it started; until it has passed it, it only replays.
    head_at_start: Sequence,
    marker: Option<Marker>,
    saved_at: Timestamp,
    /// Time that turns took.
    busy: Duration,
    /// Under which it began.
    epoch: Option<u64>,
}

/// The actor.
pub(crate) struct Host;

impl Actor for Host {
    type Msg = HostMessage;
    type State = HostWork;
    type Arguments = Spec;

    async fn pre_start(
        &self,
        myself: ActorRef<HostMessage>,
        spec: Spec,
    ) -> Result<HostWork, ActorProcessingErr> {
        let epoch = spec.tenures.epoch(&spec.id);
        // What an earlier incarnation handed over is settled first: nothing is built on a cursor or
        // watermark that is about to move.
        spec.committer.commit(Request::Blobs(Vec::new())).await?;
        let opening = spec.clone();
        let engine = tokio::task::spawn_blocking(move || {
            opening.entry.open(opening.id, opening.store, opening.models)
        })
        .await??;
        HostWork::begin(spec, engine, epoch, &myself).map_err(Into::into)
    }

    async fn handle(
        &self,
        myself: ActorRef<HostMessage>,
        message: HostMessage,
        work: &mut HostWork,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            HostMessage::Batch(deliveries, permit) => {
                work.batch(&myself, deliveries, permit).await?
            }
            HostMessage::PumpFailed(reason) => return Err(reason.into()),
            HostMessage::Committed(result) => work.committed(result)?,
            HostMessage::Tick => work.tick(&myself).await?,
            HostMessage::Inspect(key, reply) => {
                let state = work.engine.inspect(&key).map_err(|error| error.to_string());
                // Whoever asked may have given up.
                drop(reply.send(state));
            }
            HostMessage::Drain(reply) => {
                work.drain().await?;
                drop(reply.send(()));
                myself.stop(Some("drained".to_owned()));
            }
        }
        Ok(())
    }

    async fn post_stop(
        &self,
        _myself: ActorRef<HostMessage>,
        work: &mut HostWork,
    ) -> Result<(), ActorProcessingErr> {
        work.pump.abort();
        work.ticker.abort();
        Ok(())
    }
}

impl Drop for HostWork {
    /// A host that fails never reaches `post_stop`; its pump must not outlive it.
    fn drop(&mut self) {
        self.pump.abort();
        self.ticker.abort();
        // The host fails, not the process: no message is to blame.
        if let Some(Err(error)) = self.marker.as_mut().map(Marker::clear) {
            tracing::warn!(host = %self.spec.id, %error, "the marker cannot be cleared");
        }
    }
}

impl HostWork {
    #[expect(
        clippy::disallowed_methods,
        reason = "the pump ends with its host, which holds its handle"
    )]
    fn begin(
        spec: Spec,
        mut engine: Box<dyn Engine>,
        epoch: Option<u64>,
        myself: &ActorRef<HostMessage>,
    ) -> Result<Self, std::io::Error> {
        engine.obey(spec.committer.standing().clone());
        let marker = match &spec.unclean {
            Some(folder) => Some(Marker::open(folder, &spec.id, engine.wants_after())?),
            None => None,
        };
        for condemned in marker.iter().flat_map(Marker::condemned) {
            engine.condemn(condemned, Cause::Crashed);
        }
        let head_at_start = spec.store.head(engine.partition());
        let pump = tokio::spawn(pump(
            spec.bus.clone(),
            engine.partition(),
            engine.wants_after(),
            myself.clone(),
        ));
        let ticker = myself.send_interval(TICK_INTERVAL, || HostMessage::Tick);
        let saved_at = spec.clock.now();
        let work = Self {
            spec,
            engine,
            pump,
            ticker,
            under_way: 0,
            head_at_start,
            marker,
            saved_at,
            busy: Duration::ZERO,
            epoch,
        };
        work.report();
        Ok(work)
    }

    fn replayed(&self) -> bool {
        self.engine.observe().position >= self.head_at_start
    }

    async fn batch(
        &mut self,
        myself: &ActorRef<HostMessage>,
        deliveries: Vec<Delivery>,
        permit: OwnedSemaphorePermit,
    ) -> Result<(), ActorProcessingErr> {
        self.engine.offer(deliveries);
        let permit = Arc::new(permit);
        while self.engine.next().is_some() {
            let limit = self.mark()?;
            let began = stopwatch();
            let turn = self.engine.turn(limit)?;
            self.busy += began.elapsed();
            if let Some(turn) = turn {
                self.hand_over(myself, Request::Turn(turn), Some(permit.clone())).await?;
            }
        }
        Ok(())
    }

    /// How many messages the next turn may take; one, and marked, while a crash is looked for.
    fn mark(&mut self) -> Result<usize, std::io::Error> {
        let (Some(marker), Some(next)) = (&mut self.marker, self.engine.next()) else {
            return Ok(TURN_MESSAGES_MAX);
        };
        if next > self.head_at_start {
            marker.clear()?;
            self.marker = None;
            return Ok(TURN_MESSAGES_MAX);
        }
        marker.trying(next)?;
        Ok(1)
    }

    /// Hands `request` to the committer; the answer comes back as a message.
    #[expect(clippy::disallowed_methods, reason = "the task ends with the committer's answer")]
    async fn hand_over(
        &mut self,
        myself: &ActorRef<HostMessage>,
        request: Request,
        permit: Option<Arc<OwnedSemaphorePermit>>,
    ) -> Result<(), CommitError> {
        let answer = self.spec.committer.submit(request).await?;
        self.under_way += 1;
        let myself = myself.clone();
        tokio::spawn(async move {
            let stopped = || CommitError::Stopped("the committer has ended".to_owned());
            let result = answer.await.unwrap_or_else(|_| Err(stopped()));
            drop(permit);
            // The host may have been stopped meanwhile; the commit stands all the same.
            drop(myself.send_message(HostMessage::Committed(result)));
        });
        Ok(())
    }

    fn committed(&mut self, result: Result<Receipt, CommitError>) -> Result<(), CommitError> {
        result?;
        self.under_way -= 1;
        if self.under_way == 0 {
            self.engine.rest();
        }
        Ok(())
    }

    async fn tick(&mut self, myself: &ActorRef<HostMessage>) -> Result<(), ActorProcessingErr> {
        let now = self.spec.clock.now();
        if self.spec.tenures.epoch(&self.spec.id) != self.epoch {
            return Err(format!("`{}` may be run by another process now", self.spec.id).into());
        }
        if self.spec.committer.standing().pauses(&self.spec.id.kind, now) {
            return Err(format!("`{}` is contained", self.spec.id.kind).into());
        }
        if self.replayed() {
            self.fire(myself, now).await?;
            if let Some(mut marker) = self.marker.take() {
                marker.clear()?;
            }
        }
        let interval = match self.engine.contract().durability {
            Durability::Checkpoint { interval } => {
                self.spec.checkpoint_interval.unwrap_or(interval)
            }
            Durability::Turn => PROGRESS_INTERVAL,
        };
        if now.since(self.saved_at) >= interval {
            self.checkpoint(myself, now).await?;
        }
        self.report();
        Ok(())
    }

    async fn fire(
        &mut self,
        myself: &ActorRef<HostMessage>,
        now: Timestamp,
    ) -> Result<(), ActorProcessingErr> {
        let due = self.engine.take_due(now)?;
        if due.is_empty() {
            return Ok(());
        }
        let partition = Some(self.engine.partition());
        let entries = due.into_iter().map(|envelope| Entry { partition, envelope }).collect();
        Ok(self.hand_over(myself, Request::Timers(entries), None).await?)
    }

    async fn checkpoint(
        &mut self,
        myself: &ActorRef<HostMessage>,
        now: Timestamp,
    ) -> Result<(), ActorProcessingErr> {
        for _ in 0..CHECKPOINT_SLICES_PER_TICK {
            let Some(turn) = self.engine.checkpoint()? else { break };
            let complete = turn.change.progress.is_some();
            self.hand_over(myself, Request::Checkpoint(turn), None).await?;
            if complete {
                self.saved_at = now;
                break;
            }
        }
        Ok(())
    }

    /// Handles what is in line, saves everything and waits until it is durable.
    async fn drain(&mut self) -> Result<(), ActorProcessingErr> {
        self.pump.abort();
        while self.engine.next().is_some() {
            if let Some(turn) = self.engine.turn(TURN_MESSAGES_MAX)? {
                self.spec.committer.commit(Request::Turn(turn)).await?;
            }
        }
        while let Some(turn) = self.engine.checkpoint()? {
            self.spec.committer.commit(Request::Checkpoint(turn)).await?;
        }
        if let Some(mut marker) = self.marker.take() {
            marker.clear()?;
        }
        self.report();
        Ok(())
    }

    fn report(&self) {
        let busy_nanos = u64::try_from(self.busy.as_nanos()).unwrap_or(u64::MAX);
        let observation = Observation { busy_nanos, ..self.engine.observe() };
        let state = if self.replayed() { HostState::Ready } else { HostState::Replaying };
        let partition = self.engine.partition();
        let head = self.spec.store.head(partition);
        self.spec.board.report(
            &self.spec.id,
            state,
            partition,
            head,
            observation,
            self.spec.clock.now(),
        );
    }
}

#[expect(clippy::disallowed_methods, reason = "a stopwatch for a figure that people read")]
fn stopwatch() -> Instant {
    Instant::now()
}

/// Reads one batch ahead of the host, as its credit allows.
async fn pump(
    bus: Embedded,
    partition: crate::store::Partition,
    mut after: Sequence,
    host: ActorRef<HostMessage>,
) {
    let credit = Arc::new(Semaphore::new(CREDIT_BATCHES));
    while let Ok(permit) = credit.clone().acquire_owned().await {
        let message = match bus.read(partition, after, ReadLimit::default()).await {
            Ok(batch) => {
                after = batch.last().map_or(after, |delivery| delivery.sequence);
                HostMessage::Batch(batch, permit)
            }
            Err(error) => HostMessage::PumpFailed(error.to_string()),
        };
        let failed = matches!(message, HostMessage::PumpFailed(_));
        if host.send_message(message).is_err() || failed {
            return;
        }
    }
}
