//! Agents on many hosts: this process's part in a log that others write and read too.
//!
//! `mirror` brings what everybody said into the store, in the server's order. `voice` says what waits in the outbox, in
//! the order in which it was said. `seat` holds the lease of one host, and lets it run only once everything that an
//! earlier owner said is known here. `docs/adr/0021` says why nothing is lost or said twice, whatever is killed.

mod mirror;
mod seat;
mod voice;
mod whereabouts;

pub use mirror::{CATCH_UP_INTERVAL, IDLE_INTERVAL};
pub use seat::{SEAT_INTERVAL, TROUBLE_PAUSE};
pub use whereabouts::WHEREABOUTS_INTERVAL;

use crate::bus::{Ask, PositionError, Trouble as Unasked};
use crate::connection::Connection;
use crate::devices::reader::Gap;
use crate::lease::{LEASE_TTL, LEASE_TTL_CLUSTER, LeaseError, Leases};
use crate::streams;
use messages::{Sequence, Stream};
use mirror::Mirror;
use runtime::board::{Board, HostState};
use runtime::bus::BusError;
use runtime::clock::Clock;
use runtime::committer::{CommitError, Committer};
use runtime::deployment::Deployment;
use runtime::engine::Observation;
use runtime::shared::{Lane, Shared};
use runtime::store::{HostId, Partition, Store, StoreError};
use seat::{Place, Seat};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use voice::Voice;
use whereabouts::Whereabouts;

/// Longest time that an orderly end waits for what is still to be said, and for leases to be given back.
pub const LEAVE_TIME_MAX: Duration = Duration::from_secs(10);

/// Streams that several processes share.
const SHARED: [Stream; 2] = [Stream::Log, Stream::Health];

/// How a process takes part.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// What is done where assessments are gone before they were read.
    pub gap: Gap,
}

/// Why a part of it pauses.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    #[error(transparent)]
    Bus(#[from] BusError),
    #[error(transparent)]
    Ask(#[from] Unasked),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Commit(#[from] CommitError),
    #[error(transparent)]
    Lease(#[from] LeaseError),
    #[error(transparent)]
    Position(#[from] PositionError),
    #[error("the stored position in `{stream}` cannot be read: {reason}")]
    Stored { stream: Stream, reason: serde_json::Error },
    #[error(
        "`log` begins at {first}: what came before was forgotten; begin with a copy of another process's data folder"
    )]
    Begun { first: Sequence },
    #[error("reading begins anew: {0}")]
    Doubt(String),
    #[error(
        "`{host}` was run by another process, whose data folder has its memory: of epoch {epoch}; start that one"
    )]
    Foreign { host: HostId, epoch: u64 },
}

/// What all parts work with.
pub(crate) struct Context {
    ask: Ask,
    committer: Committer,
    store: Arc<dyn Store>,
    board: Board,
    clock: Clock,
    shared: Shared,
    /// How far each shared stream is mirrored.
    reached: BTreeMap<Stream, watch::Sender<Sequence>>,
    /// How far somebody waits for it to be.
    wanted: BTreeMap<Stream, watch::Sender<Sequence>>,
    stop: watch::Receiver<bool>,
}

impl Context {
    /// Waits until everything that `stream` holds now is in the store.
    async fn catch_up(&self, stream: Stream) -> Result<(), Trouble> {
        let last = self.ask.ends(crate::bus::place::stream_name(stream)).await?.last;
        let (reached, wanted) = (&self.reached[&stream], &self.wanted[&stream]);
        wanted.send_if_modified(|wanted| std::mem::replace(wanted, last.max(*wanted)) < last);
        // The sender is held here.
        drop(reached.subscribe().wait_for(|reached| *reached >= last).await);
        Ok(())
    }

    /// Whether nothing waits in `lane`.
    fn is_empty(&self, lane: Partition) -> bool {
        self.store.first(lane) > self.store.head(lane)
    }

    /// Waits until nothing waits in any of `lanes`.
    async fn emptied(&self, lanes: &[Partition]) {
        let mut reached = self.reached[&Stream::Log].subscribe();
        while !lanes.iter().all(|lane| self.is_empty(*lane)) {
            // Whether something else than the log emptied a lane, the next look says.
            drop(tokio::time::timeout(IDLE_INTERVAL, reached.changed()).await);
        }
    }

    /// Says how `part` of this fares, where agents are listed.
    fn report(&self, part: &str, state: HostState, trouble: Option<&dyn std::fmt::Display>) {
        let id = HostId { kind: part.to_owned(), partition: 0 };
        let trouble = trouble.map(ToString::to_string);
        self.board.note(&id, state, trouble.as_deref());
    }

    /// Says how far `part` is in what it reads.
    fn progress(&self, part: &str, partition: Partition, (position, head): (Sequence, Sequence)) {
        let id = HostId { kind: part.to_owned(), partition: 0 };
        let observation = Observation { position, cursor: position, ..Observation::default() };
        let now = self.clock.now();
        self.board.report(&id, HostState::Ready, partition, head, observation, now);
    }
}

/// A process's part in a shared log, at work.
pub struct Hosts {
    context: Arc<Context>,
    stop: watch::Sender<bool>,
    /// Ends by itself when it is told to.
    seats: JoinHandle<()>,
    others: Vec<JoinHandle<()>>,
}

impl Hosts {
    /// Takes part with `deployment`, which must share its log, over `connection`. A server that is not there yet is
    /// waited for.
    ///
    /// # Panics
    /// When the log of `deployment` is its own.
    #[must_use]
    pub fn start(connection: Connection, deployment: &Deployment, options: Options) -> Self {
        let shared = deployment.shared().expect("the deployment shares its log").clone();
        let (stop, stopping) = watch::channel(false);
        let positions = || SHARED.map(|stream| (stream, watch::Sender::new(0))).into();
        let context = Arc::new(Context {
            ask: Ask::new(connection.clone()),
            committer: deployment.committer().clone(),
            store: deployment.store().clone(),
            board: deployment.board().clone(),
            clock: deployment.clock().clone(),
            shared: shared.clone(),
            reached: positions(),
            wanted: positions(),
            stop: stopping,
        });
        for part in [Stream::Log.name(), Stream::Health.name(), voice::OUTBOX] {
            context.report(part, HostState::Starting, None);
        }
        let mut others = Vec::new();
        for stream in SHARED {
            others.push(spawn(Mirror::new(context.clone(), stream, options.gap).run()));
            others.push(spawn(Voice::run_process(context.clone(), stream)));
        }
        let places = places(&context, deployment);
        let resting = deployment.catalog().resting().map(|(kind, _)| kind.to_owned()).collect();
        let seats = spawn(sit(context.clone(), connection, places, resting));
        Self { context, stop, seats, others }
    }

    /// Says what is still to be said, gives the leases back and ends. Whatever takes too long is said at the next start.
    pub async fn leave(mut self) {
        let lanes = self.context.shared.lanes.iter();
        let held = lanes.filter(|(lane, _)| self.speaks(lane)).map(|(_, partition)| partition);
        let held: Vec<Partition> = held.collect();
        if tokio::time::timeout(LEAVE_TIME_MAX, self.context.emptied(&held)).await.is_err() {
            tracing::warn!("not everything was said yet; it is kept, and said at the next start");
        }
        self.stop.send_replace(true);
        if tokio::time::timeout(LEAVE_TIME_MAX, &mut self.seats).await.is_err() {
            tracing::warn!("leases were not given back; they run out by themselves");
        }
    }

    /// Whether `lane` is said by this process now.
    fn speaks(&self, lane: &Lane) -> bool {
        let tenures = &self.context.shared.tenures;
        lane.speaker.as_ref().is_none_or(|host| tenures.epoch(host).is_some())
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        self.seats.abort();
        self.others.iter().for_each(JoinHandle::abort);
    }
}

/// The place of each host that the process may run.
fn places(context: &Context, deployment: &Deployment) -> Vec<Place> {
    let mut lanes: BTreeMap<HostId, Vec<(Stream, Partition)>> = BTreeMap::new();
    for (lane, partition) in context.shared.lanes.iter() {
        if let Some(host) = &lane.speaker {
            lanes.entry(host.clone()).or_default().push((lane.stream, partition));
        }
    }
    let place = |(host, lanes): (HostId, Vec<(Stream, Partition)>)| {
        let entry = deployment.catalog().get(&host.kind);
        // The ledger of effects has no contract; it reads LOG.
        let replays = entry.is_none_or(|entry| entry.contract.stream == Stream::Log);
        Place { host, lanes, replays, has_memory: entry.is_some() }
    };
    lanes.into_iter().map(place).collect()
}

/// Sits on `places` whenever they are free, and looks who runs the kinds that are not at work here; until told to stop.
async fn sit(
    context: Arc<Context>,
    connection: Connection,
    places: Vec<Place>,
    resting: Vec<String>,
) {
    let mut stop = context.stop.clone();
    let ttl = loop {
        let asked = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return,
            asked = lease_time(&connection) => asked,
        };
        match asked {
            Ok(ttl) => break ttl,
            Err(trouble) => {
                tracing::warn!(trouble, "no lease can be held yet");
                pause(TROUBLE_PAUSE).await;
            }
        }
    };
    let leases = Leases::new(connection, context.shared.process.clone(), ttl);
    let looking = Whereabouts::new(context.clone(), leases.clone(), resting).run();
    let seat = |place| Seat::new(context.clone(), leases.clone(), place).run();
    let sitting = futures_util::future::join_all(places.into_iter().map(seat));
    tokio::select! {
        biased;
        _ = sitting => {}
        () = looking => {}
    }
}

/// How long leases last on the server: longer where replicas elect leaders.
async fn lease_time(connection: &Connection) -> Result<Duration, String> {
    let stream = connection.jetstream().get_stream(streams::LOG).await;
    let stream = stream.map_err(|error| {
        format!("stream `{}`: {error}; `aurorasync nats init` makes the streams", streams::LOG)
    })?;
    let replicas = stream.cached_info().config.num_replicas;
    Ok(if replicas > 1 { LEASE_TTL_CLUSTER } else { LEASE_TTL })
}

#[expect(clippy::disallowed_methods, reason = "`Hosts` holds the task and ends it")]
fn spawn(task: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    tokio::spawn(task)
}

#[expect(clippy::disallowed_methods, reason = "keeps what fails at once from being a busy loop")]
async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}
