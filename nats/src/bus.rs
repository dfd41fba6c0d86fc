//! The bus on JetStream: what one producer says, fenced by its heads, and reading in order from a position on.
//!
//! [`JetStream`] passes the suite that the embedded bus passes. `writer` writes to LOG and HEALTH, `loose` to the streams
//! without heads, `reader` reads; [`head`] is the producer's watermark, fence and epoch, [`position`] a reader's place.
//! `docs/adr/0006` and `docs/adr/0019` say why it is so.

mod ask;
pub mod head;
mod loose;
pub(crate) mod place;
pub mod position;
mod reader;
mod record;
mod trim;
mod writer;

pub use ask::{ANSWER_TIME_MAX, RETRY_PAUSE};
pub use position::{Position, PositionError};
pub use reader::SILENCE_TIME_MAX;
pub use record::HEADERS_BYTES_MAX;
pub use writer::{BATCH_RECORDS_MAX, OUTAGE_TIME_MAX};

pub(crate) use ask::{Ask, Ends, Outgoing, Trouble, Written};
pub(crate) use reader::{Found, OpenError, Reader};
pub(crate) use writer::{Saying, Writer};

use crate::connection::Connection;
use loose::Loose;
use messages::guard::{Action, Refusal};
use messages::record::RECORD_BYTES_MAX;
use messages::{Envelope, Origin, Sequence, Stream};
use runtime::bus::{Bus, BusError};
use runtime::clock::Clock;
use runtime::committer::{Entry, Receipt};
use runtime::guard::Denied;
use runtime::router::Router;
use runtime::store::{Delivery, Partition, ReadLimit, StoreError};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;

/// Appends that may wait on one bus; the next is refused.
pub const APPENDS_WAITING_MAX: usize = 1_024;
/// Readers that are kept open between two reads, on one bus.
pub const READERS_OPEN_MAX: usize = 64;
/// Longest wait for a record before a reader looks up whether there is none.
const IDLE_INTERVAL: Duration = Duration::from_secs(10);

/// Who writes: the only one under its subjects, for as long as its epoch is the highest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Producer {
    /// Its name: an agent's kind, or another principal.
    pub name: String,
    /// The partition that it owns; 0 for what is not partitioned.
    pub partition: u16,
    /// Epoch of the lease that it holds.
    pub epoch: u64,
}

/// What a read found.
#[derive(Clone, Debug, PartialEq)]
pub enum Read {
    /// Records, in order.
    Records(Vec<Delivery>),
    /// There is none up to this position of the whole stream: a cursor may move here.
    Idle {
        /// The position.
        through: Sequence,
    },
}

/// A bus on a server, as one producer has it.
#[derive(Clone)]
pub struct JetStream {
    shared: Arc<Shared>,
}

struct Shared {
    ask: Ask,
    clock: Clock,
    router: Router,
    producer: Producer,
    /// Ways onto streams with heads, by stream and partition of the head.
    writers: Mutex<BTreeMap<(Stream, u16), Arc<Writer>>>,
    /// Ways onto the others.
    loose: BTreeMap<Stream, Loose>,
    /// Readers left from earlier reads, each where its read ended.
    readers: Mutex<Vec<(Partition, Reader)>>,
    /// Up to where each partition may be forgotten.
    floors: Mutex<BTreeMap<Partition, Sequence>>,
    room: Semaphore,
    unreadable: Arc<AtomicU64>,
}

impl JetStream {
    /// The bus of `producer` over `connection`, with `router` saying which partition a message belongs to.
    #[must_use]
    pub fn new(connection: Connection, router: Router, clock: Clock, producer: Producer) -> Self {
        let ask = Ask::new(connection);
        let loose = Stream::ALL.into_iter().filter(|stream| !place::is_fenced(*stream));
        let loose = loose
            .map(|stream| (stream, Loose::new(ask.clone(), clock.clone(), producer.clone())))
            .collect();
        let (writers, readers, floors) = (Mutex::default(), Mutex::default(), Mutex::default());
        let (room, unreadable) = (Semaphore::new(APPENDS_WAITING_MAX), Arc::default());
        let shared = Shared {
            ask,
            clock,
            router,
            producer,
            writers,
            loose,
            readers,
            floors,
            room,
            unreadable,
        };
        Self { shared: Arc::new(shared) }
    }

    /// Whose it is.
    #[must_use]
    pub fn producer(&self) -> &Producer {
        &self.shared.producer
    }

    /// Takes over what the producer writes to `partition`, so that nothing of an earlier owner's comes behind it, and
    /// says how far was spoken: nothing at or below is to be said again.
    ///
    /// # Errors
    /// [`BusError::Refused`] when a later owner was there first, or the stream has no heads.
    pub async fn watermark(&self, partition: Partition) -> Result<Option<Origin>, BusError> {
        if !place::is_fenced(partition.stream) {
            let what = format!("`{partition}` has no heads; only `log` and `health` have");
            return Err(BusError::Refused(what));
        }
        self.writer(partition)?.position().await
    }

    /// Where a new reader of `partition` that has read up to `sequence` stands.
    ///
    /// # Errors
    /// [`BusError`] when the server does not say.
    pub async fn position(
        &self,
        partition: Partition,
        sequence: Sequence,
    ) -> Result<Position, BusError> {
        let ends = self.ends(partition).await?;
        let stream_id = ends
            .id
            .ok_or_else(|| BusError::Refused(PositionError::NoId { partition }.to_string()))?;
        Ok(Position { stream_id, sequence })
    }

    /// Checks that a reader of `partition` can go on from `position`.
    ///
    /// # Errors
    /// [`BusError::Refused`] with the [`PositionError`] in words; [`BusError`] when the server does not say.
    pub async fn check(&self, partition: Partition, position: Position) -> Result<(), BusError> {
        let ends = self.ends(partition).await?;
        position.check(partition, ends).map_err(|error| BusError::Refused(error.to_string()))
    }

    /// Records of `partition` behind `after`, or word after `idle` that there is none.
    ///
    /// # Errors
    /// As of [`Bus::read`].
    pub async fn read_or_idle(
        &self,
        partition: Partition,
        after: Sequence,
        limit: ReadLimit,
        idle: Duration,
    ) -> Result<Read, BusError> {
        loop {
            let mut reader = self.reader(partition, after).await?;
            let found = reader.next(limit, idle).await;
            match found {
                Ok(Found::Records(records)) if records.is_empty() => self.keep(partition, reader),
                Ok(Found::Records(records)) => {
                    self.keep(partition, reader);
                    return Ok(Read::Records(records));
                }
                Ok(Found::Idle(through)) => {
                    self.keep(partition, reader);
                    return Ok(Read::Idle { through });
                }
                Err(doubt) => {
                    tracing::debug!(%partition, after, why = doubt.0, "reading begins anew");
                    self.shared.ask.pause().await;
                }
            }
        }
    }

    /// Records that were passed over because they cannot be read, since this bus was made.
    #[must_use]
    pub fn unreadable(&self) -> u64 {
        self.shared.unreadable.load(Ordering::Relaxed)
    }

    async fn ends(&self, partition: Partition) -> Result<ask::Ends, BusError> {
        let ends = self.shared.ask.ends(place::stream_name(partition.stream)).await;
        ends.map_err(|trouble| self.failure(partition, trouble))
    }

    fn failure(&self, partition: Partition, trouble: Trouble) -> BusError {
        match trouble {
            Trouble::Denied(said) => {
                let stream = place::stream_name(partition.stream);
                denied(&self.shared.producer.name, Action::Read, stream, &said)
            }
            Trouble::Refused(said) => BusError::Refused(said),
            Trouble::Unanswered(said) => BusError::Overloaded(said),
        }
    }

    /// The way onto a stream with heads.
    fn writer(&self, target: Partition) -> Result<Arc<Writer>, BusError> {
        let Shared { ask, clock, producer, writers, .. } = &*self.shared;
        let index = place::head_index(producer, target);
        let token = messages::subject::escape(&producer.name)
            .map_err(|error| BusError::Refused(error.to_string()))?;
        let subject = place::head(target.stream, &token, index);
        let mut writers = writers.lock().unwrap_or_else(PoisonError::into_inner);
        let writer = writers.entry((target.stream, index)).or_insert_with(|| {
            let writer =
                Writer::new(ask.clone(), clock.clone(), producer.clone(), target.stream, subject);
            Arc::new(writer)
        });
        Ok(writer.clone())
    }

    /// A reader that stands at `after`: one that was left there, or a new one.
    async fn reader(&self, partition: Partition, after: Sequence) -> Result<Reader, BusError> {
        {
            let mut readers = self.shared.readers.lock().unwrap_or_else(PoisonError::into_inner);
            let left = readers.iter().position(|(of, it)| *of == partition && it.after() == after);
            if let Some(index) = left {
                return Ok(readers.swap_remove(index).1);
            }
        }
        let Shared { ask, unreadable, .. } = &*self.shared;
        loop {
            let (stream, filter) = (partition.stream, place::filter(partition));
            match Reader::open(ask, stream, filter, after, unreadable.clone()).await {
                Ok(reader) => return Ok(reader),
                Err(OpenError::Trimmed(first)) => {
                    return Err(StoreError::Trimmed { partition, after, first }.into());
                }
                Err(OpenError::Above(last)) => {
                    let what =
                        format!("`{partition}` ends at {last}, so nobody can stand at {after}");
                    return Err(BusError::Refused(what));
                }
                Err(OpenError::Trouble(Trouble::Unanswered(said))) => {
                    tracing::debug!(%partition, after, %said, "no reader yet");
                    ask.pause().await;
                }
                Err(OpenError::Trouble(trouble)) => return Err(self.failure(partition, trouble)),
            }
        }
    }

    fn keep(&self, partition: Partition, reader: Reader) {
        let mut readers = self.shared.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if readers.len() == READERS_OPEN_MAX {
            readers.remove(0);
        }
        readers.push((partition, reader));
    }

    /// Whether `entries` are few and small enough to be appended together.
    fn check_entries(entries: &[Entry]) -> Result<(), BusError> {
        let found = entries.len();
        if found > BATCH_RECORDS_MAX {
            return Err(BusError::Refused(format!(
                "{found} entries in one append, at most {BATCH_RECORDS_MAX} are taken; split them"
            )));
        }
        match entries.iter().find(|entry| entry.envelope.data.len() > RECORD_BYTES_MAX) {
            None => Ok(()),
            Some(Entry { envelope, .. }) => Err(BusError::Refused(format!(
                "`{}` has {} bytes, at most {RECORD_BYTES_MAX} are taken; split it",
                envelope.name,
                envelope.data.len()
            ))),
        }
    }
}

impl Bus for JetStream {
    /// What goes to one head, of LOG or of HEALTH, is stored whole or not at all; one behind the other where entries go
    /// to several.
    async fn append(&self, entries: Vec<Entry>) -> Result<Receipt, BusError> {
        Self::check_entries(&entries)?;
        let Ok(_room) = self.shared.room.try_acquire() else {
            return Err(BusError::Overloaded(format!(
                "{APPENDS_WAITING_MAX} appends wait already; send again later"
            )));
        };
        let mut parts: BTreeMap<Partition, Vec<(usize, Envelope)>> = BTreeMap::new();
        let mut count = 0;
        for entry in entries {
            let targets = match entry.partition {
                Some(partition) => vec![partition],
                None => self.shared.router.targets(&entry.envelope),
            };
            for target in targets {
                parts.entry(target).or_default().push((count, entry.envelope.clone()));
                count += 1;
            }
        }
        let mut receipt = vec![(Partition::LOG, 0); count];
        for (target, part) in parts {
            let (places, envelopes): (Vec<usize>, Vec<Envelope>) = part.into_iter().unzip();
            // Boxed: whoever appends need not hold all the steps of a write.
            let sequences = match self.shared.loose.get(&target.stream) {
                Some(loose) => Box::pin(loose.append(target, envelopes)).await?,
                None => {
                    let writer = self.writer(target)?;
                    Box::pin(writer.append(target, envelopes)).await?
                }
            };
            for (place, sequence) in places.into_iter().zip(sequences) {
                receipt[place] = (target, sequence);
            }
        }
        Ok(receipt)
    }

    async fn read(
        &self,
        partition: Partition,
        mut after: Sequence,
        limit: ReadLimit,
    ) -> Result<Vec<Delivery>, BusError> {
        let asked = after;
        loop {
            match self.read_or_idle(partition, after, limit, IDLE_INTERVAL).await? {
                Read::Records(mut records) => {
                    if let Some(first) = records.first_mut() {
                        first.previous = asked;
                    }
                    return Ok(records);
                }
                Read::Idle { through } => after = through,
            }
        }
    }

    async fn head(&self, partition: Partition) -> Result<Sequence, BusError> {
        let stream = place::stream_name(partition.stream);
        let newest = self.shared.ask.last(stream, &place::filter(partition)).await;
        match newest.map_err(|trouble| self.failure(partition, trouble))? {
            Some(message) => Ok(message.sequence),
            None => Ok(self.ends(partition).await?.first - 1),
        }
    }

    /// The stream of a partition is shared by all of them: it is purged up to the lowest of what each was trimmed to.
    async fn trim(&self, partition: Partition, through: Sequence) -> Result<(), BusError> {
        if partition.stream == Stream::Audit {
            return Err(BusError::Refused(format!("`{partition}` is never trimmed")));
        }
        let through = {
            let mut floors = self.shared.floors.lock().unwrap_or_else(PoisonError::into_inner);
            let floor = floors.entry(partition).or_default();
            *floor = through.max(*floor);
            let all = self.shared.router.partitions_of(partition.stream);
            all.map(|one| floors.get(&one).copied().unwrap_or(0)).min().unwrap_or(0)
        };
        if through == 0 {
            return Ok(());
        }
        trim::trim(&self.shared.ask, &self.shared.producer.name, partition.stream, through).await
    }
}

/// What the server does not let `principal` do.
fn denied(principal: &str, action: Action, what: &str, said: &str) -> BusError {
    tracing::error!(principal, what, said, "the server denies it");
    BusError::Denied(Box::new(Denied {
        principal: principal.to_owned(),
        action,
        what: what.to_owned(),
        reason: Refusal::NotDeclared,
        key: None,
        claimed: None,
        example: None,
        retry_at: None,
    }))
}
