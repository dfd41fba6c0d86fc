//! The ledger at work in a deployment: fed by the log, calling performers on threads of their own.

use super::{Call, Came, Effects, Ledger, SOURCE, catch_up};
use crate::board::{Board, HostState};
use crate::clock::Clock;
use crate::committer::{CommitError, Committer, Entry, Request};
use crate::crash;
use crate::engine::Observation;
use crate::guard::Principal;
use crate::host::TICK_INTERVAL;
use crate::shared::Tenures;
use crate::store::{HostId, Partition, Store, StoreError};
use crate::supervisor::Budget;
use messages::effect::EffectAttempted;
use messages::{Envelope, Message, Sequence, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};

/// Attempts and conclusions made durable together.
pub(crate) const STEPS_PER_ROUND_MAX: usize = 256;
/// Longest that an orderly stop waits for calls under way.
pub(crate) const DRAIN_TIME_MAX: Duration = Duration::from_secs(15);

/// What the ledger needs to begin; also to begin again.
#[derive(Clone)]
pub(crate) struct Spec {
    pub(crate) effects: Effects,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) committer: Committer,
    pub(crate) clock: Clock,
    pub(crate) board: Board,
    /// Whether it may work.
    pub(crate) tenures: Tenures,
}

/// The ledger at work. It ends when this is dropped; [`Running::drain`] lets it end in order.
pub(crate) struct Running {
    stop: watch::Sender<bool>,
    ended: watch::Receiver<()>,
}

/// Why the ledger cannot go on as it is.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Commit(#[from] CommitError),
    #[error("it ended unexpectedly: {0}")]
    Ended(#[from] tokio::task::JoinError),
    #[error("it is told to stop")]
    Stopping,
}

impl Running {
    /// Starts the ledger, unless there is nothing that it could have done.
    #[expect(clippy::disallowed_methods, reason = "it ends when `stop` is said or dropped")]
    pub(crate) fn start(spec: Spec) -> Option<Self> {
        if spec.effects.is_empty() {
            return None;
        }
        let (stop, stopping) = watch::channel(false);
        let (alive, ended) = watch::channel(());
        spec.board.set(&id(), HostState::Starting);
        tokio::spawn(async move {
            supervise(spec, stopping).await;
            drop(alive);
        });
        Some(Self { stop, ended })
    }

    /// Begins nothing more, waits for calls under way and says what came of them.
    pub(crate) async fn drain(&self) {
        self.stop.send_replace(true);
        let mut ended = self.ended.clone();
        // Its end is that nobody can tell of a change any more.
        while ended.changed().await.is_ok() {}
    }
}

/// How it is listed.
pub(crate) fn id() -> HostId {
    HostId { kind: SOURCE.to_owned(), partition: 0 }
}

/// Runs the ledger, and runs it again after a failure, within the budget of a host.
#[expect(clippy::disallowed_methods, reason = "whoever awaits the task hears of its end")]
async fn supervise(spec: Spec, mut stop: watch::Receiver<bool>) {
    let (mut budget, host) = (Budget::default(), id());
    let calls = Arc::new(watch::Sender::new(0));
    loop {
        let epoch = tokio::select! {
            biased;
            _ = stop.changed() => return,
            epoch = granted(&spec) => epoch,
        };
        let work = Work::run(spec.clone(), stop.clone(), calls.clone());
        let mut work = tokio::spawn(work);
        let ended = tokio::select! {
            biased;
            ended = &mut work => ended,
            () = spec.tenures.ended(&host, epoch) => {
                work.abort();
                continue;
            }
        };
        let failure = match ended {
            Ok(Ok(()) | Err(Failure::Stopping)) => return,
            Ok(Err(failure)) => failure,
            Err(error) => Failure::Ended(error),
        };
        let reason = failure.to_string();
        let final_ = matches!(failure, Failure::Commit(CommitError::Stopped(_)));
        let pause = budget.spend(Instant::now()).filter(|_| !final_);
        let state = if pause.is_some() { HostState::BackingOff } else { HostState::Dead };
        tracing::error!(reason, "the ledger of effects failed");
        spec.board.failed(&id(), state, &reason);
        let Some(pause) = pause else { return };
        if !matches!(timeout(pause, stop.changed()).await, Err(_elapsed)) {
            return;
        }
    }
}

/// Waits until the ledger may work.
async fn granted(spec: &Spec) -> u64 {
    if spec.tenures.epoch(&id()).is_none() {
        spec.board.note(&id(), HostState::Standby, None);
    }
    spec.tenures.granted(&id()).await
}

/// One life of the ledger.
struct Work {
    spec: Spec,
    ledger: Ledger,
    head_at_start: Sequence,
    done: (mpsc::UnboundedSender<Came>, mpsc::UnboundedReceiver<Came>),
    /// Calls under way, those of an earlier life included.
    calls: Arc<watch::Sender<usize>>,
    stop: watch::Receiver<bool>,
}

impl Work {
    async fn run(
        spec: Spec,
        mut stop: watch::Receiver<bool>,
        calls: Arc<watch::Sender<usize>>,
    ) -> Result<(), Failure> {
        // What an earlier life handed over or called is settled first: it must not be asked about while
        // it may still happen.
        spec.committer.commit(Request::Blobs(Vec::new())).await?;
        let mut under_way = calls.subscribe();
        tokio::select! {
            biased;
            _ = under_way.wait_for(|calls| *calls == 0) => {}
            _ = stop.changed() => return Ok(()),
        }
        let head_at_start = spec.store.head(Partition::LOG);
        let opening = spec.clone();
        let opened = tokio::task::spawn_blocking(move || {
            let first = opening.store.first(Partition::LOG);
            let mut ledger = Ledger::new(opening.effects, first - 1);
            catch_up(&mut ledger, &*opening.store).map(|()| ledger)
        });
        let ledger = opened.await??;
        let done = mpsc::unbounded_channel();
        let mut work = Self { spec, ledger, head_at_start, done, calls, stop: stop.clone() };
        work.work(stop).await
    }

    async fn work(&mut self, mut stop: watch::Receiver<bool>) -> Result<(), Failure> {
        let head = self.spec.committer.watch_head(Partition::LOG);
        let mut head = head.expect("LOG is a partition of every deployment");
        let mut came = Vec::new();
        while !*stop.borrow_and_update() {
            head.borrow_and_update();
            self.report(self.state());
            if self.round(std::mem::take(&mut came), true).await? {
                continue;
            }
            let more = tokio::select! {
                biased;
                // Whoever could say it is gone: nobody waits for an orderly end.
                said = stop.changed() => match said { Ok(()) => None, Err(_) => return Ok(()) },
                one = self.done.1.recv() => one,
                _ = timeout(TICK_INTERVAL, head.changed()) => None,
            };
            came.extend(more);
        }
        self.drain(came).await
    }

    /// Begins nothing more; waits for calls under way, but not for ever.
    async fn drain(&mut self, mut came: Vec<Came>) -> Result<(), Failure> {
        let waiting = async {
            self.round(std::mem::take(&mut came), false).await?;
            while self.ledger.calling() > 0 {
                let one = self.done.1.recv().await.expect("its sender is held here");
                self.round(vec![one], false).await?;
            }
            Ok::<(), Failure>(())
        };
        match timeout(DRAIN_TIME_MAX, waiting).await {
            Ok(drained) => drained?,
            Err(_elapsed) => tracing::warn!(
                calls = self.ledger.calling(),
                "calls under way are not waited for; what came of them is asked or uncertain at the next start"
            ),
        }
        self.report(HostState::Drained);
        Ok(())
    }

    /// Reads on, notes what came, says it and begins what is due; whether there was anything to say.
    async fn round(&mut self, mut came: Vec<Came>, begins: bool) -> Result<bool, Failure> {
        catch_up(&mut self.ledger, &*self.spec.store)?;
        while let Ok(one) = self.done.1.try_recv() {
            came.push(one);
        }
        let now = self.spec.clock.now();
        let mut say: Vec<Envelope> = Vec::new();
        for one in came {
            say.extend(self.ledger.came(one, now));
        }
        let mut calls = Vec::new();
        while begins && say.len() < STEPS_PER_ROUND_MAX {
            let Some(step) = self.ledger.take(now) else { break };
            say.extend(step.say);
            calls.extend(step.call);
        }
        let moved = !say.is_empty() || !calls.is_empty();
        self.say(say, begins).await?;
        calls.into_iter().for_each(|call| self.begin(call));
        Ok(moved)
    }

    /// Makes what is said durable, for everybody; an orderly end is not kept waiting by a server that is away, unless
    /// that is what is left to do.
    async fn say(&mut self, say: Vec<Envelope>, begins: bool) -> Result<(), Failure> {
        if say.is_empty() {
            return Ok(());
        }
        let attempts = say.iter().any(|said| said.name == EffectAttempted::NAME);
        let concludes = say.iter().any(|said| said.name != EffectAttempted::NAME);
        if attempts {
            crash::point("effect.before_attempted");
        }
        let entries = say.into_iter().map(Entry::from).collect();
        let said = self.spec.committer.commit(Request::Say(Principal::effects(), entries));
        let stopping = self.stop.wait_for(|stop| *stop && begins);
        tokio::select! {
            biased;
            said = said => drop(said?),
            _ = stopping => return Err(Failure::Stopping),
        }
        if attempts {
            crash::point("effect.after_attempted");
        }
        if concludes {
            crash::point("effect.after_concluded");
        }
        Ok(())
    }

    /// Makes a call on a thread of its own.
    fn begin(&self, call: Call) {
        let (done, calls) = (self.done.0.clone(), self.calls.clone());
        calls.send_modify(|calls| *calls += 1);
        tokio::task::spawn_blocking(move || {
            let came = call.make();
            crash::point("effect.after_call");
            // A ledger that failed meanwhile finds the attempt on the log, without a conclusion.
            drop(done.send(came));
            calls.send_modify(|calls| *calls -= 1);
        });
    }

    fn state(&self) -> HostState {
        if self.ledger.position() >= self.head_at_start {
            HostState::Ready
        } else {
            HostState::Replaying
        }
    }

    fn report(&self, state: HostState) {
        let head = self.spec.store.head(Partition::LOG);
        let now: Timestamp = self.spec.clock.now();
        let observation = observe(&self.ledger);
        self.spec.board.report(&id(), state, Partition::LOG, head, observation, now);
    }
}

/// The ledger's figures in the form in which hosts report theirs.
fn observe(ledger: &Ledger) -> Observation {
    let counts = ledger.counts();
    let figure = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    Observation {
        position: ledger.position(),
        cursor: ledger.position(),
        levels: BTreeMap::from([
            ("pending", figure(ledger.pending())),
            ("calling", figure(ledger.calling())),
            ("uncertain", figure(ledger.uncertain())),
        ]),
        counts: BTreeMap::from([
            ("attempted", counts.attempted),
            ("accepted", counts.accepted),
            ("refused", counts.refused),
            ("expired", counts.expired),
            ("unreachable", counts.unreachable),
            ("resolved", counts.resolved),
            ("decided_in_vain", counts.decided_in_vain),
            ("repeated", counts.repeated),
            ("overflowed", counts.overflowed),
            ("unreadable", counts.unreadable),
        ]),
        ..Observation::default()
    }
}
