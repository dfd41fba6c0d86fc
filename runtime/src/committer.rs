//! The one writer: takes what hosts and doors want durable and commits it in groups.
//!
//! [`Writer`] makes one group durable; [`Committer`] is the thread that gathers groups. Whoever asks
//! is answered only once its part would survive `kill -9`.

mod gather;
mod request;
mod settling;
mod sharing;
mod verdicts;

pub use request::{CommitError, Entry, Look, Receipt, Request};

use crate::clock::Clock;
use crate::effects;
use crate::engine::Turn;
use crate::flight::FlightRecorder;
use crate::guard::audit::Trail;
use crate::guard::principal::{self, Rights};
use crate::guard::{Guard, Principal, Standing};
use crate::intake::Intake;
use crate::router::Router;
use crate::shared::outbox::Outbox;
use crate::shared::{SAID_TIME_MAX, Shared};
use crate::store::{Batch, HostId, Partition, Store, StoreError};
use crate::stretches::Stretches;
use gather::{Announcer, gather};
use messages::{Envelope, Sequence, Stream, Timestamp};
use settling::Settle;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// Requests that may wait for the next group; beyond it doors refuse and hosts wait.
pub const QUEUE_REQUESTS_MAX: usize = 1_024;
/// Requests in one group.
pub const GROUP_REQUESTS_MAX: usize = 512;
/// Bytes of message data in one group, in bytes; the request that passes it is the last of its group.
pub const GROUP_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Time between two looks at whether the guard has something to say by itself.
pub const GUARD_INTERVAL: Duration = Duration::from_millis(250);

/// Where a host's last commit left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Left {
    cursor: Sequence,
    watermark: Option<(Sequence, u32)>,
}

/// Makes groups durable, one at a time.
pub struct Writer {
    store: Arc<dyn Store>,
    clock: Clock,
    router: Arc<Router>,
    /// Cursor and watermark that each host's last commit left.
    left: BTreeMap<HostId, Left>,
    newest_at: BTreeMap<Partition, Timestamp>,
    stretches: Stretches,
    guard: Guard,
    /// Whether the guard has taken up what the store holds.
    resumed: bool,
    trail: Trail,
    /// When the guard has something to say next by itself, in milliseconds since the epoch.
    due_at: Arc<AtomicI64>,
    /// What waits to be said, where the log is shared.
    outbox: Option<Outbox>,
    settle: Settle,
}

impl Writer {
    /// A writer over `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Clock, router: Arc<Router>) -> Self {
        let guard = Guard::new(router.contracts().clone());
        Self {
            store,
            clock,
            router,
            guard,
            resumed: false,
            trail: Trail::default(),
            due_at: Arc::new(AtomicI64::new(i64::MAX)),
            left: BTreeMap::new(),
            newest_at: BTreeMap::new(),
            stretches: Stretches::default(),
            outbox: None,
            settle: Settle::default(),
        }
    }

    /// Commits `requests` together; a fenced one is refused alone.
    ///
    /// # Errors
    /// [`StoreError`] when the store failed; it must not be written to again.
    pub fn commit(
        &mut self,
        requests: Vec<Request>,
    ) -> Result<Vec<Result<Receipt, CommitError>>, StoreError> {
        self.resume()?;
        let now = self.clock.now();
        if self.outbox.as_ref().is_none_or(Outbox::releases) {
            self.guard.begin(now);
        }
        let mut batch = Batch::default();
        let mut spans = Vec::with_capacity(requests.len());
        for (index, request) in requests.into_iter().enumerate() {
            let start = batch.appends.len();
            let waits = matches!(request, Request::Say(..));
            let added = self.add(&mut batch, request)?;
            self.settle.end_request(index, waits && added.is_ok());
            spans.push(added.map(|()| start..batch.appends.len()));
        }
        self.add_verdicts(&mut batch, now)?;
        let due_at = self.guard.next_due_at().map_or(i64::MAX, Timestamp::as_millis);
        self.due_at.store(due_at, Ordering::Relaxed);
        let appended: Vec<(Partition, u64)> = batch
            .appends
            .iter()
            .map(|(partition, envelope)| (*partition, envelope.data.len() as u64))
            .collect();
        for (partition, _) in &appended {
            self.stretches.resume(*partition, &*self.store)?;
        }
        let said = self.said_in(&batch);
        let empty = batch.appends.is_empty()
            && batch.hosts.is_empty()
            && batch.blobs.is_empty()
            && batch.trims.is_empty();
        if !empty {
            batch.blobs.append(&mut self.stretches.take_notes());
        }
        let sequences = if empty { Vec::new() } else { self.store.commit(batch)? };
        for ((partition, bytes), sequence) in appended.iter().zip(&sequences) {
            self.stretches.count(*partition, *sequence, *bytes);
        }
        self.committed(&said, &appended, &sequences);
        self.trail.keep(now)?;
        let receipt = |span: std::ops::Range<usize>| {
            span.map(|index| (appended[index].0, sequences[index])).collect()
        };
        Ok(spans.into_iter().map(|span| span.map(receipt)).collect())
    }

    fn add(
        &mut self,
        batch: &mut Batch,
        request: Request,
    ) -> Result<Result<(), CommitError>, StoreError> {
        match request {
            Request::Turn(turn) | Request::Checkpoint(turn) => return self.add_turn(batch, turn),
            Request::Append(entries) => self.say(batch, entries, None),
            Request::Mirror(mirrored) => self.add_mirrored(batch, mirrored),
            Request::Forget(lane, gone) => self.add_forgotten(batch, lane, &gone),
            Request::Say(principal, entries) => {
                return Ok(self.add_said(batch, &principal, entries));
            }
            Request::Intake(intake) => return Ok(self.add_intake(batch, intake)),
            Request::Read(principal, what, amount) => {
                let judged = self.guard.read(&principal, &what, amount, self.clock.now());
                return Ok(judged.map_err(CommitError::Denied));
            }
            Request::Timers(entries) => return Ok(self.add_timers(batch, entries)),
            Request::Trim(partition, _) if partition == Partition::AUDIT => {
                return Ok(Err(CommitError::Kept(partition)));
            }
            Request::Blobs(mut blobs) => batch.blobs.append(&mut blobs),
            Request::Trim(partition, sequence) => batch.trims.push((partition, sequence)),
            Request::Look(look) => look(&*self.store),
        }
        Ok(Ok(()))
    }

    fn add_said(
        &mut self,
        batch: &mut Batch,
        principal: &Principal,
        entries: Vec<Entry>,
    ) -> Result<(), CommitError> {
        let is_ledger = principal.name() == effects::SOURCE;
        // The ledger is no door: it says little at a time, and nobody can say it in its place.
        if !is_ledger {
            self.takes(&entries)?;
        }
        let said = entries.iter().map(|entry| &entry.envelope);
        self.guard.judge(principal, said.clone(), self.clock.now()).map_err(CommitError::Denied)?;
        self.guard.written(principal, said);
        let speaker = is_ledger.then(effects::running::id);
        self.say(batch, entries, speaker.as_ref());
        Ok(())
    }

    fn add_timers(&mut self, batch: &mut Batch, entries: Vec<Entry>) -> Result<(), CommitError> {
        let due = entries.iter().map(|entry| &entry.envelope);
        let kind = entries.first().map_or("", |first| first.envelope.source.as_str());
        self.guard.judge_turn(kind, due, self.clock.now()).map_err(CommitError::Denied)?;
        let partition = entries.first().and_then(|first| first.partition);
        let partition = partition.map_or(0, |partition| partition.index);
        let speaker = HostId { kind: kind.to_owned(), partition };
        self.say(batch, entries, Some(&speaker));
        Ok(())
    }

    fn add_intake(&mut self, batch: &mut Batch, intake: Intake) -> Result<(), CommitError> {
        let now = self.clock.now();
        let tokens = self.guard.tokens();
        for (place, (principal, entries)) in intake.said.iter().enumerate() {
            let said = entries.iter().map(|entry| &entry.envelope);
            if let Err(denied) = self.guard.judge(principal, said, now) {
                // Nothing of it is taken: it has cost nobody anything.
                self.guard.give_back(tokens);
                return Err(CommitError::DeniedOne { place, denied });
            }
        }
        let said = intake.said.into_iter().flat_map(|(_, entries)| entries);
        self.say(batch, said.chain(intake.aside), None);
        batch.blobs.push(intake.position);
        Ok(())
    }

    fn add_turn(
        &mut self,
        batch: &mut Batch,
        turn: Turn,
    ) -> Result<Result<(), CommitError>, StoreError> {
        let host = &turn.change.host;
        let left = match self.left.get(host) {
            Some(&left) => left,
            None => {
                let record = self.store.host(host)?;
                // A host that never committed may begin anywhere: with the oldest record kept.
                let is_new = record.progress.cursor == 0;
                let cursor = if is_new { turn.expected } else { record.progress.cursor };
                Left { cursor, watermark: record.watermark }
            }
        };
        let expected = Left { cursor: turn.expected, watermark: turn.expected_watermark };
        if left != expected {
            return Ok(Err(CommitError::Fenced {
                host: host.clone(),
                expected: expected.cursor,
                found: left.cursor,
            }));
        }
        let now = self.clock.now();
        if let Err(denied) = self.guard.judge_turn(&host.kind, turn.outputs.iter(), now) {
            return Ok(Err(CommitError::Denied(denied)));
        }
        let cursor = turn.change.progress.as_ref().map_or(left.cursor, |moved| moved.cursor);
        let watermark = turn.change.watermark.or(left.watermark);
        self.left.insert(host.clone(), Left { cursor, watermark });
        let host = turn.change.host.clone();
        self.say(batch, turn.outputs.into_iter().map(Entry::from), Some(&host));
        batch.hosts.push(turn.change);
        Ok(Ok(()))
    }

    fn append(&mut self, batch: &mut Batch, entry: Entry, speaker: Option<&HostId>) {
        let targets = match entry.partition {
            Some(partition) => vec![partition],
            None => self.router.targets(&entry.envelope),
        };
        for (index, partition) in targets.into_iter().enumerate() {
            if let Some(lane) = self.way(speaker, partition, &entry.envelope) {
                self.put_out(batch, lane, entry.envelope);
                // Its copies are made where it comes back.
                return;
            }
            let envelope = Envelope { time: self.stamp(partition), ..entry.envelope.clone() };
            if index == 0 && principal::contains_or_releases(&envelope) {
                self.guard.obey(&envelope);
            }
            self.settle.here(batch.appends.len());
            batch.appends.push((partition, Arc::new(envelope)));
        }
    }
}

struct Job {
    request: Request,
    reply: oneshot::Sender<Result<Receipt, CommitError>>,
}

/// The door to the committer thread. Cheap to clone.
#[derive(Clone)]
pub struct Committer {
    jobs: mpsc::Sender<Job>,
    heads: Arc<BTreeMap<Partition, watch::Sender<Sequence>>>,
    stopped: Arc<watch::Sender<Option<String>>>,
    standing: Standing,
    rights: Arc<Rights>,
    shared: Option<Shared>,
}

impl Committer {
    /// Starts the committer thread over `writer`.
    ///
    /// # Errors
    /// The operating system's, when it gives no thread.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one writer: it blocks on the disk, so it has a thread of its own"
    )]
    pub fn start(writer: Writer, recorder: FlightRecorder) -> std::io::Result<Self> {
        let (jobs, queue) = mpsc::channel(QUEUE_REQUESTS_MAX);
        let heads = Stream::ALL
            .into_iter()
            .flat_map(|stream| writer.router.partitions_of(stream))
            .chain(writer.lanes())
            .map(|partition| (partition, watch::Sender::new(writer.store.head(partition))))
            .collect();
        let committer = Self {
            jobs,
            heads: Arc::new(heads),
            stopped: Arc::new(watch::Sender::new(None)),
            standing: writer.guard.standing().clone(),
            rights: writer.guard.rights().clone(),
            shared: writer.shared().cloned(),
        };
        let announcer =
            Announcer { heads: committer.heads.clone(), stopped: committer.stopped.clone() };
        std::thread::Builder::new()
            .name("committer".to_owned())
            .spawn(move || gather(writer, queue, &announcer, recorder))?;
        Ok(committer)
    }

    /// Lets the guard speak when it is due to, for as long as anybody else uses the committer.
    #[expect(
        clippy::disallowed_methods,
        reason = "the task ends with the last user of the committer"
    )]
    pub(crate) fn look_after(&self, clock: Clock, due_at: Arc<AtomicI64>) {
        let jobs = self.jobs.downgrade();
        tokio::spawn(async move {
            let mut interval = tokio::time::interval(GUARD_INTERVAL);
            loop {
                interval.tick().await;
                let Some(jobs) = jobs.upgrade() else { return };
                if due_at.load(Ordering::Relaxed) > clock.now().as_millis() {
                    continue;
                }
                // Whether it went well is heard by everybody who asks for something.
                let (reply, answer) = oneshot::channel();
                drop(answer);
                if jobs.send(Job { request: Request::Blobs(Vec::new()), reply }).await.is_err() {
                    return;
                }
            }
        });
    }

    /// Asks for `request` to be made durable and waits until it is; waits for room in the queue too.
    ///
    /// # Errors
    /// [`CommitError`], but never [`CommitError::Overloaded`].
    pub async fn commit(&self, request: Request) -> Result<Receipt, CommitError> {
        self.submit(request).await?.await.unwrap_or_else(|_| Err(self.stopped()))
    }

    /// Hands `request` over, waiting for room in the queue; the answer comes later.
    ///
    /// # Errors
    /// [`CommitError::Stopped`].
    pub async fn submit(
        &self,
        request: Request,
    ) -> Result<oneshot::Receiver<Result<Receipt, CommitError>>, CommitError> {
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Job { request, reply }).await.map_err(|_| self.stopped())?;
        Ok(answer)
    }

    /// Like [`Committer::commit`], but refuses at once when the queue is full or the shared log cannot be reached, and
    /// waits no longer than [`SAID_TIME_MAX`] for what is said to be on it.
    ///
    /// # Errors
    /// [`CommitError`].
    pub async fn try_commit(&self, request: Request) -> Result<Receipt, CommitError> {
        let says = matches!(request, Request::Say(..));
        let waits = self.shared.as_ref().filter(|_| says);
        if waits.is_some_and(|shared| !*shared.reach.borrow()) {
            return Err(CommitError::Unreached("its server does not answer".to_owned()));
        }
        let (reply, answer) = oneshot::channel();
        self.jobs.try_send(Job { request, reply }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => CommitError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => self.stopped(),
        })?;
        let answer = match waits {
            None => answer.await,
            Some(_) => match tokio::time::timeout(SAID_TIME_MAX, answer).await {
                Ok(answer) => answer,
                Err(_elapsed) => return Err(CommitError::Unconfirmed),
            },
        };
        answer.unwrap_or_else(|_| Err(self.stopped()))
    }

    /// Follows the newest position of `partition`; `None` when there is no such partition.
    #[must_use]
    pub fn watch_head(&self, partition: Partition) -> Option<watch::Receiver<Sequence>> {
        self.heads.get(&partition).map(watch::Sender::subscribe)
    }

    /// Follows the reason why nothing is committed any more, once there is one.
    #[must_use]
    pub fn watch_stopped(&self) -> watch::Receiver<Option<String>> {
        self.stopped.subscribe()
    }

    /// Who is contained, as of the last commit.
    #[must_use]
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Whether a session of `principal` is handed `heard`.
    pub(crate) fn hands_over(&self, principal: &Principal, heard: &Envelope) -> bool {
        self.rights.hands_over(principal, heard)
    }

    /// Requests that wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.jobs.max_capacity() - self.jobs.capacity()
    }

    fn stopped(&self) -> CommitError {
        let reason = self.stopped.borrow().clone();
        CommitError::Stopped(reason.unwrap_or_else(|| "the process is stopping".to_owned()))
    }
}
