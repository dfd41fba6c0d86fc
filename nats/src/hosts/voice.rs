//! Says what waits in one lane of the outbox, in order, under one head.

use super::{Context, TROUBLE_PAUSE, Trouble, pause};
use crate::bus::head::Head;
use crate::bus::{Producer, RETRY_PAUSE, Saying, Writer, place};
use crate::streams::PARTITIONS;
use messages::{Envelope, Origin, Sequence, Stream, subject};
use runtime::board::HostState;
use runtime::bus::BusError;
use runtime::committer::{CommitError, Request};
use runtime::guard::principal;
use runtime::store::{Delivery, Partition, ReadLimit, StoreError};
use std::convert::Infallible;
use std::sync::Arc;

/// How what leaves the process itself is listed.
pub(super) const OUTBOX: &str = "outbox";
/// Who speaks in his own name through the process; what people repeat of others is theirs.
const OWN_NAMES: [&str; 4] = [principal::FACADE, principal::GUARD, "runtime", "ingest"];

/// One lane's way to the server.
pub(super) struct Voice {
    context: Arc<Context>,
    producer: Producer,
    /// Whether it speaks for all who have no lane of their own.
    is_process: bool,
    stream: Stream,
    lane: Partition,
    writer: Writer,
    /// What a host had said to the end, as the head had it when it was claimed.
    said: Option<Origin>,
    /// Position in the lane up to which everything was said.
    position: Sequence,
}

impl Voice {
    /// A voice of `producer` from `lane` onto `stream`.
    pub(super) fn new(
        context: Arc<Context>,
        producer: Producer,
        stream: Stream,
        lane: Partition,
    ) -> Self {
        let token =
            subject::escape(&producer.name).expect("names of processes and kinds are short");
        let head = place::head(stream, &token, producer.partition);
        let (ask, clock) = (context.ask.clone(), context.clock.clone());
        let writer = Writer::new(ask, clock, producer.clone(), stream, head);
        let (said, position, is_process) = (None, 0, false);
        Self { context, producer, is_process, stream, lane, writer, said, position }
    }

    /// Says what the process itself says to `stream`, for as long as anything is committed.
    pub(super) async fn run_process(context: Arc<Context>, stream: Stream) {
        loop {
            let trouble = match Box::pin(Self::speak_as_process(&context, stream)).await {
                Ok(never) => match never {},
                Err(Trouble::Commit(CommitError::Stopped(_))) => return,
                Err(trouble) => trouble,
            };
            tracing::warn!(%stream, %trouble, "the process says nothing now");
            context.report(OUTBOX, HostState::BackingOff, Some(&trouble));
            pause(TROUBLE_PAUSE).await;
        }
    }

    async fn speak_as_process(
        context: &Arc<Context>,
        stream: Stream,
    ) -> Result<Infallible, Trouble> {
        let shared = &context.shared;
        let lane = shared.lanes.of(None, stream).expect("a process has its lanes");
        let name = shared.process.clone();
        let of = |epoch| Producer { name: name.clone(), partition: 0, epoch };
        let head = Self::new(context.clone(), of(0), stream, lane).head().await?;
        // Nobody else uses this head, so the next number is higher than that of every earlier life.
        let epoch = head.map_or(0, |head| head.epoch) + 1;
        let mut voice = Self::new(context.clone(), of(epoch), stream, lane);
        voice.is_process = true;
        voice.claim().await?;
        context.catch_up(stream).await?;
        context.report(OUTBOX, HostState::Ready, None);
        voice.speak().await
    }

    /// The head as it is, without taking over.
    pub(super) async fn head(&self) -> Result<Option<Head>, BusError> {
        self.writer.head().await
    }

    /// Takes over: from now on nothing of an earlier owner's is stored. Gives what it had said.
    pub(super) async fn claim(&mut self) -> Result<Option<Origin>, BusError> {
        let said = Box::pin(self.writer.position()).await?;
        // What people repeat of others comes from anywhere, in no order.
        self.said = said.filter(|_| !self.is_process);
        Ok(self.said)
    }

    /// Forgets what has no origin: nobody else can say it, and an owner in between made it stale.
    pub(super) async fn forget_stale(&self) -> Result<(), Trouble> {
        let mut after = self.first();
        loop {
            let batch = self.context.store.read(self.lane, after, ReadLimit::default())?;
            let Some(last) = batch.last() else { return Ok(()) };
            after = last.sequence;
            let stale = batch.iter().filter(|record| record.envelope.origin.is_none());
            self.forget(stale.map(|record| record.sequence).collect()).await?;
        }
    }

    async fn forget(&self, gone: Vec<Sequence>) -> Result<(), Trouble> {
        if !gone.is_empty() {
            self.context.committer.commit(Request::Forget(self.lane, gone)).await?;
        }
        Ok(())
    }

    /// Position before the first record that may wait.
    fn first(&self) -> Sequence {
        self.position.max(self.context.store.first(self.lane) - 1)
    }

    /// Says what waits, and what comes to wait. What is here when this begins was not said before: the log was read to
    /// its end behind the claim.
    pub(super) async fn speak(&mut self) -> Result<Infallible, Trouble> {
        let watched = self.context.committer.watch_head(self.lane);
        let mut head = watched.expect("a lane is watched like every partition");
        loop {
            head.borrow_and_update();
            let read = self.context.store.read(self.lane, self.first(), ReadLimit::default());
            let batch = match read {
                // Between the two looks more has come back.
                Err(StoreError::Trimmed { .. }) => continue,
                read => read?,
            };
            let Some(last) = batch.last().map(|record| record.sequence) else {
                if head.changed().await.is_err() {
                    return Err(CommitError::Stopped("the committer has ended".to_owned()).into());
                }
                continue;
            };
            Box::pin(self.say(batch)).await?;
            self.position = last;
        }
    }

    async fn say(&self, batch: Vec<Delivery>) -> Result<(), Trouble> {
        let was_said =
            |record: &Delivery| record.envelope.origin.is_some_and(|it| self.has_said(it));
        let (gone, unsaid): (Vec<Delivery>, Vec<Delivery>) = batch.into_iter().partition(was_said);
        self.forget(gone.iter().map(|record| record.sequence).collect()).await?;
        let said: Vec<Saying> = unsaid.iter().map(|record| self.saying(&record.envelope)).collect();
        while !said.is_empty() {
            // The same again: its name tells whether it is stored already.
            // Boxed: whoever speaks need not hold all the steps of a write.
            match Box::pin(self.writer.say(said.clone())).await {
                Ok(_) => return Ok(()),
                Err(error @ (BusError::Overloaded(_) | BusError::Down(_))) => {
                    tracing::warn!(lane = %self.lane, %error, "said again later");
                    self.context.report(OUTBOX, HostState::BackingOff, Some(&error));
                    pause(RETRY_PAUSE).await;
                }
                Err(final_) => return Err(final_.into()),
            }
        }
        Ok(())
    }

    /// Whether an earlier owner, or this one before its claim, had said what comes from `origin`.
    fn has_said(&self, origin: Origin) -> bool {
        let same =
            |said: &Origin| (said.stream, said.partition) == (origin.stream, origin.partition);
        self.said.filter(same).is_some_and(|said| origin <= said)
    }

    fn saying(&self, envelope: &Envelope) -> Saying {
        let index = match self.stream {
            Stream::Health => {
                let token = subject::escape(&envelope.key);
                subject::partition(token.as_deref().unwrap_or(&envelope.key), PARTITIONS)
            }
            _ => 0,
        };
        let producer = if self.is_process {
            let own = OWN_NAMES.iter().find(|name| **name == envelope.source);
            let name = (*own.unwrap_or(&principal::FACADE)).to_owned();
            Producer { name, ..self.producer.clone() }
        } else {
            self.producer.clone()
        };
        let target = Partition { stream: self.stream, index };
        Saying { producer, target, envelope: envelope.clone() }
    }
}
