//! Writes what one producer says on one stream: fenced batches, one at a time, each ended by the producer's head.
//!
//! The head decides. A batch whose answer is lost is looked up by it: it either carries the batch's name, and all of it
//! is stored, or stands where it stood, and nothing is.

use super::ask::{Ask, Outgoing, Trouble, Written};
use super::head::Head;
use super::{Producer, denied, place, record};
use messages::guard::Action;
use messages::{Envelope, MessageId, Origin, Sequence, Stream, Timestamp};
use runtime::bus::BusError;
use runtime::clock::Clock;
use runtime::store::Partition;
use std::time::Duration;
use tokio::sync::{Mutex, MutexGuard};

/// Most records of one batch: the server's 1,000 without the head.
pub const BATCH_RECORDS_MAX: usize = 999;
/// Longest time that a write is tried again for want of an answer; then nobody knows until the next one looks it up.
pub const OUTAGE_TIME_MAX: Duration = Duration::from_secs(30);
/// Names of heads, so that each attempt at one batch has the same.
const HEADS: &str = "head";

/// One message, under whose subjects it is written, and where to.
#[derive(Clone, Debug)]
pub(crate) struct Saying {
    pub(crate) producer: Producer,
    pub(crate) target: Partition,
    pub(crate) envelope: Envelope,
}

/// The producer's one way onto one stream.
#[derive(Debug)]
pub(crate) struct Writer {
    ask: Ask,
    clock: Clock,
    producer: Producer,
    stream: Stream,
    /// Subject of the head.
    subject: String,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The head as it was left or found; `None` before the first look.
    known: Option<Known>,
    /// Heads of batches whose end nobody waited for: any of them may be stored, or be yet.
    unsettled: Vec<MessageId>,
}

/// A head and where it stands; 0 when there was none yet.
#[derive(Clone, Copy, Debug)]
struct Known {
    sequence: Sequence,
    head: Head,
}

/// What is said of one batch by the head that ends it.
#[derive(Clone, Copy, Debug)]
struct Said {
    name: MessageId,
    /// Where the last of its records that came from somewhere came from.
    origin: Option<Origin>,
    time: Timestamp,
}

impl Said {
    /// The head behind `before`.
    fn head(self, before: Head, epoch: u64) -> Head {
        let position = self.origin.or(before.position);
        let time = self.time.max(before.time);
        Head { id: self.name, position, epoch, time, carried_from: None }
    }
}

/// What looking up a batch showed.
enum Settled {
    /// It is stored, up to this sequence.
    Stored(Sequence),
    /// It is not, or not yet.
    Open,
}

impl Writer {
    pub(crate) fn new(
        ask: Ask,
        clock: Clock,
        producer: Producer,
        stream: Stream,
        subject: String,
    ) -> Self {
        Self { ask, clock, producer, stream, subject, state: Mutex::default() }
    }

    /// Where the producer stands on this stream, as the server has it; takes over from an earlier owner.
    pub(crate) async fn position(&self) -> Result<Option<Origin>, BusError> {
        let look = async {
            let mut state = self.state.lock().await;
            Ok(self.know(&mut state).await?.head.position)
        };
        self.in_time(look).await
    }

    /// The head as it is, without taking over; `None` before the first.
    pub(crate) async fn head(&self) -> Result<Option<Head>, BusError> {
        let look = async { Ok(self.look().await?.map(|known| known.head)) };
        self.in_time(look).await
    }

    /// Stores `envelopes` as one; gives their sequences.
    pub(super) async fn append(
        &self,
        target: Partition,
        envelopes: Vec<Envelope>,
    ) -> Result<Vec<Sequence>, BusError> {
        let producer = &self.producer;
        let said = envelopes.into_iter();
        let said = said.map(|envelope| Saying { producer: producer.clone(), target, envelope });
        self.say(said.collect()).await
    }

    /// Stores what is `said` as one, each under the subject of its own producer; gives the sequences. Who is not told
    /// that it is stored says the same again, or takes over anew.
    pub(crate) async fn say(&self, said: Vec<Saying>) -> Result<Vec<Sequence>, BusError> {
        self.in_time(self.say_patiently(said)).await
    }

    async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, BusError>>,
    ) -> Result<T, BusError> {
        tokio::time::timeout(OUTAGE_TIME_MAX, work).await.unwrap_or_else(|_| {
            Err(BusError::Down(format!(
                "`{}` has not answered for {} s: what was being written may be stored or not; the next write looks it up",
                place::stream_name(self.stream),
                OUTAGE_TIME_MAX.as_secs()
            )))
        })
    }

    async fn say_patiently(&self, mut saying: Vec<Saying>) -> Result<Vec<Sequence>, BusError> {
        let mut state = self.state.lock().await;
        let count = saying.len() as u64;
        let sequences = |last: Sequence| (last - count..last).collect();
        if let (Some(known), false) = (state.known, state.unsettled.is_empty()) {
            let name = name_of(&known.head, &saying);
            if let Settled::Stored(last) = self.settle(&mut state, name).await? {
                return Ok(sequences(last));
            }
        }
        let known = self.know(&mut state).await?;
        let time = self.clock.now().max(known.head.time);
        let name = name_of(&known.head, &saying);
        for one in &mut saying {
            one.envelope.time = time;
        }
        let origin = saying.iter().filter_map(|one| one.envelope.origin).next_back();
        let said = Said { name, origin, time };
        let outgoing =
            saying.iter().map(|it| record::outgoing(&it.producer, it.target, &it.envelope));
        let records = outgoing.collect::<Result<Vec<Outgoing>, BusError>>()?;
        Ok(sequences(self.write(&mut state, said, &records).await?))
    }

    /// Stores `records` and behind them their head; gives the head's sequence.
    async fn write(
        &self,
        state: &mut MutexGuard<'_, State>,
        said: Said,
        records: &[Outgoing],
    ) -> Result<Sequence, BusError> {
        // Kept until the end is known: a caller that does not wait leaves it behind.
        state.unsettled.push(said.name);
        let mut is_unclear = false;
        loop {
            self.ask.connected().await;
            let before = state.known.unwrap_or(Known { sequence: 0, head: FIRST });
            let head = said.head(before.head, self.producer.epoch);
            let mut batch = records.to_vec();
            batch.push(self.outgoing(head));
            let mut refusal =
                match self.ask.write(Some((&self.subject, before.sequence)), batch).await {
                    Written::Stored(sequence) => {
                        state.unsettled.clear();
                        state.known = Some(Known { sequence, head });
                        return Ok(sequence);
                    }
                    Written::Busy | Written::Fenced => None,
                    Written::Unclear(said) => {
                        tracing::debug!(stream = %self.stream, %said, "a batch is looked up");
                        is_unclear = true;
                        None
                    }
                    Written::Full(said) => Some(BusError::Overloaded(said)),
                    Written::Refused(said) => Some(BusError::Refused(said)),
                    Written::Denied(said) => Some(self.denied(&said)),
                };
            // While an earlier attempt may still arrive it is not true yet that nothing is stored.
            if let Some(refusal) = refusal.take_if(|_| !is_unclear) {
                state.unsettled.retain(|name| *name != said.name);
                return Err(refusal);
            }
            if let Settled::Stored(sequence) = self.settle(state, said.name).await? {
                return Ok(sequence);
            }
            // What is denied stays denied, whatever is tried again.
            if let Some(denied @ BusError::Denied(_)) = refusal {
                return Err(denied);
            }
            // A server that is busy or full is asked again later, and a replica that lags shows the head as it was.
            if state.known.is_some_and(|known| known.sequence == before.sequence) {
                self.ask.pause().await;
            }
        }
    }

    fn outgoing(&self, head: Head) -> Outgoing {
        let (subject, headers) = (self.subject.clone(), head.to_headers());
        Outgoing { subject, headers, payload: bytes::Bytes::new() }
    }

    /// Looks up whether the batch called `name` is stored, and takes over where the head stands now.
    async fn settle(
        &self,
        state: &mut MutexGuard<'_, State>,
        name: MessageId,
    ) -> Result<Settled, BusError> {
        let before = state.known.map(|known| known.head.id);
        let found = loop {
            let found = self.look().await?;
            let is_late = |known: Known| found.is_some_and(|it| it.sequence < known.sequence);
            if !state.known.is_some_and(is_late) {
                break found;
            }
            self.ask.pause().await;
        };
        if let Some(found) = found.filter(|found| found.head.id == name) {
            state.unsettled.clear();
            state.known = Some(found);
            return Ok(Settled::Stored(found.head.carried_from.unwrap_or(found.sequence)));
        }
        let Some(found) = found else {
            return Err(BusError::Down(format!(
                "`{}` is gone from `{}`; was the stream deleted?",
                self.subject,
                place::stream_name(self.stream)
            )));
        };
        self.check_epoch(&found.head)?;
        let is_own = Some(found.head.id) == before || state.unsettled.contains(&found.head.id);
        if !is_own {
            return Err(BusError::Refused(format!(
                "`{}` was moved on by somebody else under epoch {}; `{}` runs twice, stop one",
                self.subject, found.head.epoch, self.producer.name
            )));
        }
        if Some(found.head.id) != before {
            // What came before it can no longer arrive: its fence is gone.
            state.unsettled.retain(|id| *id == name);
        }
        state.known = Some(found);
        Ok(Settled::Open)
    }

    /// Where the head stands; the first time it is read, and taken over from an earlier owner.
    async fn know(&self, state: &mut MutexGuard<'_, State>) -> Result<Known, BusError> {
        if let Some(known) = state.known {
            return Ok(known);
        }
        let epoch = self.producer.epoch;
        loop {
            let found = self.look().await?;
            if let Some(found) = found {
                self.check_epoch(&found.head)?;
                if found.head.epoch == epoch {
                    state.known = Some(found);
                    return Ok(found);
                }
            }
            // Nothing of an earlier owner's can be stored behind this. Whether it is there, the next look says.
            let before = found.map_or(FIRST, |found| found.head);
            let time = self.clock.now().max(before.time);
            let id = MessageId::named(HEADS, &format!("{}/{epoch}/{}", self.subject, before.id));
            let head = self.outgoing(Head { id, epoch, time, carried_from: None, ..before });
            let sequence = found.map_or(0, |found| found.sequence);
            match self.ask.write(Some((&self.subject, sequence)), vec![head]).await {
                Written::Stored(_) | Written::Fenced => {}
                Written::Busy | Written::Unclear(_) => self.ask.pause().await,
                Written::Full(said) => return Err(BusError::Overloaded(said)),
                Written::Refused(said) => return Err(BusError::Refused(said)),
                Written::Denied(said) => return Err(self.denied(&said)),
            }
        }
    }

    fn denied(&self, said: &str) -> BusError {
        denied(&self.producer.name, Action::Publish, place::stream_name(self.stream), said)
    }

    fn check_epoch(&self, found: &Head) -> Result<(), BusError> {
        let own = self.producer.epoch;
        if found.epoch <= own {
            return Ok(());
        }
        Err(BusError::Refused(format!(
            "`{}` has another owner since epoch {}; this one, of epoch {own}, must stop",
            self.subject, found.epoch
        )))
    }

    /// The head as the server has it, however long that takes.
    async fn look(&self) -> Result<Option<Known>, BusError> {
        let stream = place::stream_name(self.stream);
        loop {
            self.ask.connected().await;
            match self.ask.newest(stream, &self.subject).await {
                Ok(found) => {
                    let Some((sequence, message)) = found.into_iter().next() else {
                        return Ok(None);
                    };
                    let head = Head::from_headers(&message.headers.unwrap_or_default());
                    let head = head.map_err(|error| BusError::Down(error.to_string()))?;
                    return Ok(Some(Known { sequence, head }));
                }
                Err(Trouble::Denied(said)) => return Err(self.denied(&said)),
                Err(Trouble::Refused(said)) => return Err(BusError::Down(said)),
                Err(Trouble::Unanswered(said)) => {
                    tracing::debug!(subject = self.subject, %said, "the head is looked up again");
                    self.ask.pause().await;
                }
            }
        }
    }
}

/// What stands before a producer's first head.
const FIRST: Head = Head {
    id: MessageId(uuid::Uuid::nil()),
    position: None,
    epoch: 0,
    time: Timestamp::MIN,
    carried_from: None,
};

/// Name of the head behind what is `said`: the same for each attempt to put them behind `before`.
fn name_of(before: &Head, said: &[Saying]) -> MessageId {
    let behind = |name, it: &Saying| MessageId::named(HEADS, &format!("{name}/{}", it.envelope.id));
    said.iter().fold(before.id, behind)
}
