//! Brings a shared stream into the store: each batch with the position it was read to, in one commit.

use super::{Context, Trouble, pause};
use crate::bus::{Found, OpenError, Position, PositionError, Reader, SILENCE_TIME_MAX, place};
use crate::devices::reader::Gap;
use messages::{Sequence, Stream};
use runtime::board::HostState;
use runtime::committer::{CommitError, Request};
use runtime::shared::Mirrored;
use runtime::store::{Delivery, Partition, ReadLimit};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

/// Longest wait for a record before it is looked up whether there is none.
pub const IDLE_INTERVAL: Duration = Duration::from_millis(250);
/// The same while somebody waits to know that.
pub const CATCH_UP_INTERVAL: Duration = Duration::from_millis(20);
/// Pause before a read that was interrupted is begun again.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// Mirrors one stream.
pub(super) struct Mirror {
    context: Arc<Context>,
    stream: Stream,
    gap: Gap,
}

impl Mirror {
    pub(super) fn new(context: Arc<Context>, stream: Stream, gap: Gap) -> Self {
        Self { context, stream, gap }
    }

    /// Reads, and begins again after every interruption; ends when nothing is committed any more.
    pub(super) async fn run(self) {
        loop {
            match self.read_on().await {
                Ok(never) => match never {},
                Err(Trouble::Commit(CommitError::Stopped(_))) => return,
                Err(trouble) => self.note(&trouble),
            }
            pause(RETRY_PAUSE).await;
        }
    }

    fn note(&self, trouble: &Trouble) {
        self.reach(false);
        if !matches!(trouble, Trouble::Doubt(_)) {
            tracing::warn!(stream = %self.stream, %trouble, "the shared log is not read");
        }
        self.context.report(self.stream.name(), HostState::BackingOff, Some(trouble));
    }

    /// Tells the doors whether what they say would reach the log.
    fn reach(&self, is_read: bool) {
        if self.stream == Stream::Log {
            self.context
                .shared
                .reach
                .send_if_modified(|it| std::mem::replace(it, is_read) != is_read);
        }
    }

    async fn read_on(&self) -> Result<Infallible, Trouble> {
        let mut position = self.position().await?;
        let mut reader = self.open(position.sequence).await?;
        self.reach(true);
        // Time in which the leader had more than was handed on: shorter waits hide from the reader that it hears nothing.
        let mut unheard = Duration::ZERO;
        loop {
            let is_awaited = *self.context.wanted[&self.stream].borrow() > position.sequence;
            let idle = if is_awaited { CATCH_UP_INTERVAL } else { IDLE_INTERVAL };
            let found = reader.next(ReadLimit::default(), idle).await;
            match found.map_err(|doubt| Trouble::Doubt(doubt.0))? {
                Found::Records(records) => match records.last().map(|record| record.sequence) {
                    Some(last) => {
                        unheard = Duration::ZERO;
                        position.sequence = last;
                        self.take_in(position, records).await?;
                    }
                    None if unheard >= SILENCE_TIME_MAX => {
                        return Err(Trouble::Doubt("there is more than was heard".to_owned()));
                    }
                    None => unheard += idle,
                },
                Found::Idle(through) if through > position.sequence => {
                    position.sequence = through;
                    self.take_in(position, Vec::new()).await?;
                }
                Found::Idle(_) => unheard = Duration::ZERO,
            }
            self.tell(position.sequence);
        }
    }

    async fn open(&self, after: Sequence) -> Result<Reader, Trouble> {
        let filter = place::everything(self.stream);
        let opened = Reader::open(&self.context.ask, self.stream, filter, after, Arc::default());
        opened.await.map_err(|error| match error {
            OpenError::Trouble(trouble) => Trouble::Ask(trouble),
            OpenError::Trimmed(first) => Trouble::Doubt(format!("it begins at {first} now")),
            OpenError::Above(last) => Trouble::Doubt(format!("it ends at {last} now")),
        })
    }

    /// Makes `records` durable, and that they were read.
    async fn take_in(&self, position: Position, records: Vec<Delivery>) -> Result<(), Trouble> {
        let bytes = serde_json::to_vec(&position).expect("an id and a number can be written");
        let envelope = |record: Delivery| Arc::unwrap_or_clone(record.envelope);
        let mirrored = Mirrored {
            position: (self.name(), Some(bytes)),
            records: records.into_iter().map(envelope).collect(),
        };
        self.context.committer.commit(Request::Mirror(mirrored)).await?;
        Ok(())
    }

    fn tell(&self, sequence: Sequence) {
        let context = &*self.context;
        context.reached[&self.stream].send_replace(sequence);
        let partition = Partition { stream: self.stream, index: 0 };
        context.progress(self.stream.name(), partition, (sequence, sequence));
    }

    /// Where reading goes on: behind what is stored, or at the beginning.
    async fn position(&self) -> Result<Position, Trouble> {
        self.context.ask.connected().await;
        let ends = self.context.ask.ends(place::stream_name(self.stream)).await?;
        let partition = Partition { stream: self.stream, index: 0 };
        let stream_id = ends.id.ok_or(PositionError::NoId { partition })?;
        let oldest = Position { stream_id, sequence: ends.first - 1 };
        let Some(bytes) = self.context.store.blob(&self.name())? else {
            // Records are numbered alike in every mirror, so each begins with the first there ever was.
            let is_whole = ends.first == 1 || self.stream != Stream::Log;
            return if is_whole { Ok(oldest) } else { Err(Trouble::Begun { first: ends.first }) };
        };
        let stored: Position = serde_json::from_slice(&bytes)
            .map_err(|reason| Trouble::Stored { stream: self.stream, reason })?;
        match stored.check(partition, ends) {
            Err(PositionError::Trimmed { first, .. })
                if self.stream == Stream::Health && self.gap == Gap::Accept =>
            {
                tracing::error!(first, "assessments are gone that were not read");
                Ok(oldest)
            }
            checked => checked.map(|()| stored).map_err(Trouble::Position),
        }
    }

    fn name(&self) -> String {
        format!("shared/position/{}", self.stream)
    }
}
