//! Starts hosts and starts them again: with a pause that grows, a budget, and someone above.
//!
//! The root supervises one supervisor per agent kind, which supervises that kind's hosts. A host that
//! fails beyond its budget takes its kind down; a kind that fails beyond its own is given up, and
//! stays listed as dead.

use crate::board::HostState;
use crate::host::{Host, HostMessage, Spec};
use crate::shared::TENURE_PAUSE;
use crate::store::HostId;
use messages::guard::Level;
use ractor::{
    Actor, ActorCell, ActorId, ActorProcessingErr, ActorRef, ActorStatus, RpcReplyPort,
    SupervisionEvent,
};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use tokio::time::Instant;

/// Failures within [`BUDGET_WINDOW`] that are answered with a restart.
pub const RESTARTS_MAX: usize = 5;
/// Time over which failures are counted.
pub const BUDGET_WINDOW: Duration = Duration::from_secs(60);
/// Pause before the first restart; doubled with each failure in the window.
pub const BACKOFF_MIN: Duration = Duration::from_millis(100);
/// Longest pause before a restart.
pub const BACKOFF_MAX: Duration = Duration::from_secs(10);

/// Pause before a contained host is looked at again.
pub const CONTAINED_PAUSE: Duration = Duration::from_millis(250);

/// Failures of one child, within the window.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    failures: VecDeque<Instant>,
}

impl Budget {
    /// Counts a failure; how long to wait before a restart, or `None` when the budget is spent.
    pub(crate) fn spend(&mut self, now: Instant) -> Option<Duration> {
        while self.failures.front().is_some_and(|at| now.duration_since(*at) > BUDGET_WINDOW) {
            self.failures.pop_front();
        }
        self.failures.push_back(now);
        let doublings = u32::try_from(self.failures.len() - 1).unwrap_or(u32::MAX).min(16);
        (self.failures.len() <= RESTARTS_MAX)
            .then(|| BACKOFF_MIN.saturating_mul(1 << doublings).min(BACKOFF_MAX))
    }
}

/// What a kind's supervisor hears.
pub(crate) enum KindMessage {
    /// Time to start a host.
    Start(HostId),
    /// A host runs.
    Started(HostId, ActorRef<HostMessage>),
    /// A host could not be started.
    StartFailed(HostId, String),
    /// Asks for the host of a partition.
    Find(u16, RpcReplyPort<Option<ActorRef<HostMessage>>>),
    /// Save everything and stop.
    Drain(RpcReplyPort<()>),
}

/// Supervises the hosts of one kind.
pub(crate) struct KindSupervisor;

/// What it remembers.
pub(crate) struct Kind {
    specs: BTreeMap<HostId, Spec>,
    running: BTreeMap<HostId, ActorRef<HostMessage>>,
    budgets: BTreeMap<HostId, Budget>,
    draining: bool,
}

impl Actor for KindSupervisor {
    type Msg = KindMessage;
    type State = Kind;
    type Arguments = Vec<Spec>;

    async fn pre_start(
        &self,
        myself: ActorRef<KindMessage>,
        specs: Vec<Spec>,
    ) -> Result<Kind, ActorProcessingErr> {
        let specs: BTreeMap<HostId, Spec> =
            specs.into_iter().map(|spec| (spec.id.clone(), spec)).collect();
        for (id, spec) in &specs {
            spec.board.set(id, HostState::Starting);
            myself.send_message(KindMessage::Start(id.clone()))?;
        }
        let (running, budgets) = (BTreeMap::new(), BTreeMap::new());
        Ok(Kind { specs, running, budgets, draining: false })
    }

    async fn handle(
        &self,
        myself: ActorRef<KindMessage>,
        message: KindMessage,
        kind: &mut Kind,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            KindMessage::Start(id) => kind.start(&myself, &id),
            // Failures are heard before messages: one that came at once found nobody running.
            KindMessage::Started(id, host) if has_ended(&host) => {
                kind.failed(&myself, &id, "it failed as soon as it ran")?;
            }
            KindMessage::Started(id, host) => {
                kind.running.insert(id, host);
            }
            KindMessage::StartFailed(id, reason) => kind.failed(&myself, &id, &reason)?,
            KindMessage::Find(partition, reply) => {
                let found = kind.running.iter().find(|(id, _)| id.partition == partition);
                // Whoever asked may have given up.
                drop(reply.send(found.map(|(_, host)| host.clone())));
            }
            KindMessage::Drain(reply) => {
                kind.drain().await;
                drop(reply.send(()));
            }
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<KindMessage>,
        event: SupervisionEvent,
        kind: &mut Kind,
    ) -> Result<(), ActorProcessingErr> {
        match event {
            SupervisionEvent::ActorFailed(who, error) => {
                if let Some(id) = kind.take(who.get_id()) {
                    kind.failed(&myself, &id, &error.to_string())?;
                }
            }
            SupervisionEvent::ActorTerminated(who, _, _) => {
                if let Some(id) = kind.take(who.get_id())
                    && let Some(spec) = kind.specs.get(&id)
                {
                    spec.board.set(&id, HostState::Drained);
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// Looks again soon whether `id`, which another process may run, may run here.
fn stand_by(spec: &Spec, myself: &ActorRef<KindMessage>, id: HostId) {
    match spec.tenures.refusal(&id) {
        Some(reason) => spec.board.note(&id, HostState::BackingOff, Some(&reason)),
        None => spec.board.note(&id, HostState::Standby, None),
    }
    myself.send_after(TENURE_PAUSE, move || KindMessage::Start(id));
}

fn has_ended(host: &ActorRef<HostMessage>) -> bool {
    matches!(host.get_status(), ActorStatus::Stopping | ActorStatus::Stopped)
}

impl Kind {
    /// Starts host `id` beside this actor: a slow start must not keep it from hearing of failures.
    #[expect(
        clippy::disallowed_methods,
        reason = "the task ends with the start and reports how it went"
    )]
    fn start(&self, myself: &ActorRef<KindMessage>, id: &HostId) {
        let Some(spec) = self.specs.get(id).filter(|_| !self.draining).cloned() else { return };
        let (myself, id) = (myself.clone(), id.clone());
        if spec.tenures.epoch(&id).is_none() {
            stand_by(&spec, &myself, id);
            return;
        }
        let level = spec.committer.standing().level(&id.kind, spec.clock.now());
        if level.is_some_and(|level| level >= Level::Refused) {
            spec.board.set(&id, HostState::Contained);
            myself.send_after(CONTAINED_PAUSE, move || KindMessage::Start(id));
            return;
        }
        tokio::spawn(async move {
            spec.board.set(&id, HostState::Starting);
            let message = match Actor::spawn_linked(None, Host, spec, myself.get_cell()).await {
                Ok((host, _)) => KindMessage::Started(id, host),
                Err(error) => KindMessage::StartFailed(id, error.to_string()),
            };
            // The supervisor may have ended; its hosts end with it.
            drop(myself.send_message(message));
        });
    }

    fn take(&mut self, actor: ActorId) -> Option<HostId> {
        let (id, _) = self.running.iter().find(|(_, host)| host.get_id() == actor)?;
        let id = id.clone();
        self.running.remove(&id);
        Some(id)
    }

    /// Starts `id` again after a pause, or escalates when its budget is spent.
    #[expect(
        clippy::disallowed_methods,
        reason = "budgets count real time, whatever the log's time is"
    )]
    fn failed(
        &mut self,
        myself: &ActorRef<KindMessage>,
        id: &HostId,
        reason: &str,
    ) -> Result<(), ActorProcessingErr> {
        let Some(spec) = self.specs.get(id) else { return Ok(()) };
        if spec.tenures.epoch(id).is_none() {
            tracing::info!(host = %id, reason, "host stands by");
            stand_by(spec, myself, id.clone());
            return Ok(());
        }
        if spec.committer.standing().level(&id.kind, spec.clock.now()).is_some() {
            // Being refused is no failure of the host's: it begins again from what is committed when it may.
            tracing::warn!(host = %id, reason, "host is contained");
            spec.board.set(id, HostState::Contained);
            let id = id.clone();
            myself.send_after(CONTAINED_PAUSE, move || KindMessage::Start(id));
            return Ok(());
        }
        tracing::error!(host = %id, reason, "host failed");
        let Some(pause) = self.budgets.entry(id.clone()).or_default().spend(Instant::now()) else {
            spec.board.failed(id, HostState::Dead, reason);
            return Err(
                format!("`{id}` failed more than {RESTARTS_MAX} times, last: {reason}").into()
            );
        };
        spec.board.failed(id, HostState::BackingOff, reason);
        let id = id.clone();
        myself.send_after(pause, move || KindMessage::Start(id));
        Ok(())
    }

    async fn drain(&mut self) {
        self.draining = true;
        for (id, host) in std::mem::take(&mut self.running) {
            match host.call(HostMessage::Drain, None).await {
                Ok(ractor::rpc::CallResult::Success(())) => {
                    if let Some(spec) = self.specs.get(&id) {
                        spec.board.set(&id, HostState::Drained);
                    }
                }
                other => tracing::error!(host = %id, ?other, "host did not drain"),
            }
        }
    }
}

/// What the root hears.
pub(crate) enum RootMessage {
    /// Time to start a kind.
    Start(String),
    /// Asks for a host.
    Find(HostId, RpcReplyPort<Option<ActorRef<HostMessage>>>),
    /// Save everything and stop.
    Drain(RpcReplyPort<()>),
}

/// Supervises the kinds.
pub(crate) struct Root;

/// What it remembers.
pub(crate) struct Kinds {
    specs: BTreeMap<String, Vec<Spec>>,
    running: BTreeMap<String, ActorRef<KindMessage>>,
    budgets: BTreeMap<String, Budget>,
}

impl Actor for Root {
    type Msg = RootMessage;
    type State = Kinds;
    type Arguments = Vec<Spec>;

    async fn pre_start(
        &self,
        myself: ActorRef<RootMessage>,
        all: Vec<Spec>,
    ) -> Result<Kinds, ActorProcessingErr> {
        let mut specs: BTreeMap<String, Vec<Spec>> = BTreeMap::new();
        for spec in all {
            specs.entry(spec.id.kind.clone()).or_default().push(spec);
        }
        for kind in specs.keys() {
            myself.send_message(RootMessage::Start(kind.clone()))?;
        }
        Ok(Kinds { specs, running: BTreeMap::new(), budgets: BTreeMap::new() })
    }

    async fn handle(
        &self,
        myself: ActorRef<RootMessage>,
        message: RootMessage,
        kinds: &mut Kinds,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            RootMessage::Start(kind) => kinds.start(myself.get_cell(), &kind).await?,
            RootMessage::Find(id, reply) => kinds.find(id, reply),
            RootMessage::Drain(reply) => {
                for (_, supervisor) in std::mem::take(&mut kinds.running) {
                    supervisor.call(KindMessage::Drain, None).await?;
                    supervisor.stop(None);
                }
                drop(reply.send(()));
                myself.stop(None);
            }
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<RootMessage>,
        event: SupervisionEvent,
        kinds: &mut Kinds,
    ) -> Result<(), ActorProcessingErr> {
        if let SupervisionEvent::ActorFailed(who, error) = event {
            kinds.failed(&myself, who.get_id(), &error.to_string());
        }
        Ok(())
    }
}

impl Kinds {
    /// A kind's supervisor starts at once: its hosts start beside it.
    async fn start(&mut self, root: ActorCell, kind: &str) -> Result<(), ActorProcessingErr> {
        let specs = self.specs.get(kind).cloned().unwrap_or_default();
        let (supervisor, _) = Actor::spawn_linked(None, KindSupervisor, specs, root).await?;
        self.running.insert(kind.to_owned(), supervisor);
        Ok(())
    }

    fn find(&self, id: HostId, reply: RpcReplyPort<Option<ActorRef<HostMessage>>>) {
        let passed_on = self
            .running
            .get(&id.kind)
            .map(|supervisor| supervisor.send_message(KindMessage::Find(id.partition, reply)));
        // Without a supervisor the port is dropped, and whoever asked hears that.
        drop(passed_on);
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "budgets count real time, whatever the log's time is"
    )]
    fn failed(&mut self, myself: &ActorRef<RootMessage>, actor: ActorId, reason: &str) {
        let found = self.running.iter().find(|(_, supervisor)| supervisor.get_id() == actor);
        let Some(kind) = found.map(|(kind, _)| kind.clone()) else { return };
        self.running.remove(&kind);
        let pause = self.budgets.entry(kind.clone()).or_default().spend(Instant::now());
        let state = if pause.is_some() { HostState::BackingOff } else { HostState::Dead };
        for spec in self.specs.get(&kind).into_iter().flatten() {
            spec.board.failed(&spec.id, state, reason);
        }
        match pause {
            Some(pause) => {
                myself.send_after(pause, move || RootMessage::Start(kind));
            }
            None => tracing::error!(kind, reason, "agent given up"),
        }
    }
}

/// Longest that an answer of a host is waited for.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// The door to all supervised hosts.
pub(crate) struct Fleet {
    root: ActorRef<RootMessage>,
}

impl Fleet {
    /// Starts the supervisors, which start the hosts.
    pub(crate) async fn start(specs: Vec<Spec>) -> Result<Self, String> {
        let (root, _) = Actor::spawn(None, Root, specs).await.map_err(|error| error.to_string())?;
        Ok(Self { root })
    }

    /// The state of `key` in host `id` as JSON.
    pub(crate) async fn inspect(
        &self,
        id: HostId,
        key: &str,
    ) -> Result<Option<serde_json::Value>, String> {
        use ractor::rpc::CallResult::Success;
        let down = format!("`{id}` does not run; see `aurorasync agent ls`");
        let find = |port| RootMessage::Find(id, port);
        let Ok(Success(Some(host))) = self.root.call(find, Some(ANSWER_TIMEOUT)).await else {
            return Err(down);
        };
        let inspect = |port| HostMessage::Inspect(key.to_owned(), port);
        match host.call(inspect, Some(ANSWER_TIMEOUT)).await {
            Ok(Success(state)) => state,
            _ => Err(down),
        }
    }

    /// Saves everything and stops every host.
    pub(crate) async fn drain(&self) {
        if let Err(error) = self.root.call(RootMessage::Drain, None).await {
            tracing::error!(%error, "supervisors did not drain");
        }
    }
}
