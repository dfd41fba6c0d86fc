//! Reads one partition, or a stream, in order from a position on: a consumer of our own that any doubt ends.
//!
//! The server numbers what it delivers to a consumer without holes; a break in that, an error, silence or a new
//! connection ends the reader, and the next one starts behind the last record that was handed on. `previous` of each
//! record is made here.

use super::ask::{self, Ask, Trouble};
use super::{place, record};
use crate::connection::Link;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use async_nats::{Message, StatusCode, Subscriber};
use futures_util::{FutureExt, StreamExt};
use messages::{Sequence, Stream};
use runtime::store::{Delivery, ReadLimit};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;

/// Records that are asked for at a time.
const PULL_RECORDS: usize = 256;
/// Bytes that are asked for at a time, in bytes; more than the largest record has with its headers.
const PULL_BYTES: usize = 4 * 1024 * 1024;
/// How long one request for records stands.
const PULL_EXPIRES: Duration = Duration::from_secs(20);
/// Between two signs of life while there is nothing to deliver.
const HEARTBEAT: Duration = Duration::from_millis(500);
/// Silence after which a reader is doubted: two signs of life that did not come.
pub const SILENCE_TIME_MAX: Duration = Duration::from_millis(1_200);
/// How long the server keeps a consumer that nobody asks.
const CONSUMER_IDLE_MAX: Duration = Duration::from_secs(30);

/// Why a reader could not be opened.
#[derive(Debug)]
pub(crate) enum OpenError {
    /// The server.
    Trouble(Trouble),
    /// Records behind the position were forgotten; the oldest that is kept.
    Trimmed(Sequence),
    /// The position is above the newest record, which this is.
    Above(Sequence),
}

/// What a read found.
#[derive(Debug)]
pub(crate) enum Found {
    Records(Vec<Delivery>),
    /// Nothing up to this position of the whole stream.
    Idle(Sequence),
}

/// Reads one partition, or a stream.
pub(crate) struct Reader {
    ask: Ask,
    stream: &'static str,
    /// What it asks for.
    filter: String,
    /// The consumer's name.
    consumer: String,
    /// Where requests are answered.
    inbox: String,
    answers: Subscriber,
    /// The connection that it was opened over.
    link: watch::Receiver<Link>,
    connects: u64,
    /// Position of the last record that was handed on, or that could not be read.
    after: Sequence,
    /// Position of the last record that was taken in, or up to which there is none.
    reached: Sequence,
    /// The consumer's number of the last record that was taken in.
    taken: u64,
    /// Records that the open request may still bring.
    wanted: usize,
    /// One that did not fit into the last batch.
    held: Option<Delivery>,
    unreadable: Arc<AtomicU64>,
}

/// It cannot be relied upon any more; the reason.
pub(crate) struct Doubt(pub(crate) String);

/// What a message on the inbox was.
enum Heard {
    Record(Delivery),
    /// A sign of life, the end of a request, or a record that nobody can read.
    Other,
}

impl Reader {
    /// A reader of what `filter` selects of `stream`, behind `after`.
    pub(crate) async fn open(
        ask: &Ask,
        stream: Stream,
        filter: String,
        after: Sequence,
        unreadable: Arc<AtomicU64>,
    ) -> Result<Self, OpenError> {
        ask.connected().await;
        let link = ask.link();
        let connects = link.borrow().connects;
        let client = ask.connection().client();
        let stream = place::stream_name(stream);
        let name = client.new_inbox().replace('.', "-");
        let config = pull::Config {
            name: Some(name.clone()),
            deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: after + 1 },
            ack_policy: AckPolicy::None,
            filter_subject: filter.clone(),
            inactive_threshold: CONSUMER_IDLE_MAX,
            memory_storage: true,
            num_replicas: 1,
            ..pull::Config::default()
        };
        ask.consumer(stream, config).await.map_err(OpenError::Trouble)?;
        // Behind the consumer's making: what is forgotten from now on is behind every cursor.
        let ends = ask.ends(stream).await.map_err(OpenError::Trouble)?;
        if ends.first > after + 1 {
            return Err(OpenError::Trimmed(ends.first));
        }
        if after > ends.last {
            return Err(OpenError::Above(ends.last));
        }
        let inbox = client.new_inbox();
        let answers = client.subscribe(inbox.clone()).await;
        let answers =
            answers.map_err(|error| OpenError::Trouble(Trouble::Unanswered(error.to_string())))?;
        Ok(Self {
            ask: ask.clone(),
            stream,
            filter,
            consumer: name,
            inbox,
            answers,
            link,
            connects,
            after,
            reached: after,
            taken: 0,
            wanted: 0,
            held: None,
            unreadable,
        })
    }

    /// Position behind which it reads on.
    pub(super) fn after(&self) -> Sequence {
        self.after
    }

    /// The next records, as soon as there is one; or word that there is none, after `idle`.
    pub(crate) async fn next(&mut self, limit: ReadLimit, idle: Duration) -> Result<Found, Doubt> {
        let mut batch = Batch::new(self.after, limit);
        if let Some(held) = self.held.take() {
            batch.add(held);
        }
        let waited = tokio::time::timeout(idle, self.first(&mut batch)).await;
        match waited {
            Ok(first) => first?,
            Err(_) => return self.idle().await,
        }
        while !batch.is_full() {
            let Some(message) = self.answers.next().now_or_never() else { break };
            if let Heard::Record(delivery) = self.hear(message)?
                && let Some(held) = batch.add(delivery)
            {
                self.held = Some(held);
                break;
            }
        }
        // Asked for now, it is there when this batch is handled.
        self.request().await?;
        self.check(&batch).await?;
        self.after = batch.reached;
        Ok(Found::Records(batch.records))
    }

    /// Between two records may lie what others read; but not what was forgotten.
    async fn check(&self, batch: &Batch) -> Result<(), Doubt> {
        if batch.reached - self.after == batch.records.len() as u64 {
            return Ok(());
        }
        let ends = self.ask.ends(self.stream).await;
        match ends.map_err(|trouble| Doubt(trouble.to_string()))?.first {
            first if first > self.after + 1 => Err(Doubt("records were forgotten".to_owned())),
            _ => Ok(()),
        }
    }

    /// Waits until `batch` holds a record.
    async fn first(&mut self, batch: &mut Batch) -> Result<(), Doubt> {
        while batch.records.is_empty() {
            self.request().await?;
            let next = async {
                tokio::select! {
                    biased;
                    message = self.answers.next() => Ok(message),
                    () = lost(&mut self.link, self.connects) => {
                        Err(Doubt("the connection was lost".to_owned()))
                    }
                }
            };
            let message = tokio::time::timeout(SILENCE_TIME_MAX, next).await;
            let message =
                message.unwrap_or_else(|_| Err(Doubt("the server was silent".to_owned())))?;
            if let Heard::Record(delivery) = self.hear(message)? {
                batch.add(delivery);
            }
        }
        Ok(())
    }

    /// Asks for more, unless a request stands.
    async fn request(&mut self) -> Result<(), Doubt> {
        if self.wanted > 0 {
            return Ok(());
        }
        let (stream, name) = (self.stream, &self.consumer);
        let request = serde_json::json!({
            "batch": PULL_RECORDS,
            "max_bytes": PULL_BYTES,
            "expires": u64::try_from(PULL_EXPIRES.as_nanos()).unwrap_or(u64::MAX),
            "idle_heartbeat": u64::try_from(HEARTBEAT.as_nanos()).unwrap_or(u64::MAX),
        });
        let subject = format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{name}");
        let client = self.ask.connection().client();
        let asked =
            client.publish_with_reply(subject, self.inbox.clone(), request.to_string().into());
        asked.await.map_err(|error| Doubt(error.to_string()))?;
        self.wanted = PULL_RECORDS;
        Ok(())
    }

    fn hear(&mut self, message: Option<Message>) -> Result<Heard, Doubt> {
        let Some(message) = message else { return Err(Doubt("the client has ended".to_owned())) };
        match message.status {
            None | Some(StatusCode::OK) => self.take(&message),
            Some(StatusCode::IDLE_HEARTBEAT) => Ok(Heard::Other),
            // The request is over; another follows.
            Some(StatusCode::NOT_FOUND | StatusCode::TIMEOUT) => {
                self.wanted = 0;
                Ok(Heard::Other)
            }
            Some(status) => {
                let said = message.description.unwrap_or_default();
                if said.to_lowercase().contains("maxbytes") {
                    self.wanted = 0;
                } else if said != "Batch Completed" {
                    return Err(Doubt(format!("the server said {status} {said}")));
                }
                // The last record of a full request was counted as it came; by now another may stand.
                Ok(Heard::Other)
            }
        }
    }

    fn take(&mut self, message: &Message) -> Result<Heard, Doubt> {
        let info = message.reply.as_deref().and_then(ask::delivered);
        let Some((sequence, number)) = info else {
            return Err(Doubt(format!("what came is no delivery: `{}`", message.subject)));
        };
        if number != self.taken + 1 {
            return Err(Doubt(format!("delivery {number} came behind {}", self.taken)));
        }
        self.taken = number;
        self.reached = sequence;
        self.wanted = self.wanted.saturating_sub(1);
        match record::envelope(message) {
            Ok(envelope) => {
                let envelope = Arc::new(envelope);
                // What stands before it is known once it is in a batch.
                Ok(Heard::Record(Delivery { previous: 0, sequence, envelope }))
            }
            Err(why) => {
                self.unreadable.fetch_add(1, Ordering::Relaxed);
                tracing::error!(stream = self.stream, sequence, %why, "a record cannot be read and is passed over");
                Ok(Heard::Other)
            }
        }
    }

    /// Whether everything was handed on, and up to where.
    async fn idle(&mut self) -> Result<Found, Doubt> {
        let doubt = |trouble: Trouble| Doubt(trouble.to_string());
        let ends = self.ask.ends(self.stream).await.map_err(doubt)?;
        // The leader's word: a replica that lags would say too early that there is nothing.
        let newest = self.ask.last(self.stream, &self.filter).await.map_err(doubt)?;
        if newest.is_none_or(|newest| newest.sequence <= self.reached) {
            self.after = self.after.max(ends.last);
            self.reached = self.after;
            return Ok(Found::Idle(self.after));
        }
        Ok(Found::Records(Vec::new()))
    }
}

/// Waits until the connection is not the one made as the `connects`-th.
async fn lost(link: &mut watch::Receiver<Link>, connects: u64) {
    let is_another = |link: &Link| !link.is_connected || link.connects != connects;
    // An error says that the connection has ended for good.
    drop(link.wait_for(is_another).await);
}

/// Records up to a limit.
struct Batch {
    records: Vec<Delivery>,
    bytes: usize,
    /// Position of the last record, or the one behind which the first stands.
    reached: Sequence,
    limit: ReadLimit,
}

impl Batch {
    fn new(after: Sequence, limit: ReadLimit) -> Self {
        Self { records: Vec::new(), bytes: 0, reached: after, limit }
    }

    fn is_full(&self) -> bool {
        !self.records.is_empty()
            && (self.records.len() >= self.limit.records || self.bytes >= self.limit.bytes)
    }

    /// Takes `delivery` in, behind the one before; gives it back when it does not fit.
    fn add(&mut self, mut delivery: Delivery) -> Option<Delivery> {
        let bytes = delivery.envelope.data.len();
        let fits = self.records.len() < self.limit.records
            && self.bytes.saturating_add(bytes) <= self.limit.bytes;
        if !self.records.is_empty() && !fits {
            return Some(delivery);
        }
        delivery.previous = self.reached;
        self.reached = delivery.sequence;
        self.bytes += bytes;
        self.records.push(delivery);
        None
    }
}
