//! Reads a stream in order from a position on. Whatever could hide a lost record ends the read; the next one begins behind
//! the last record that was handed over.

use super::Position;
use crate::connection::{Connection, Link};
use crate::streams;
use async_nats::jetstream::consumer::{AckPolicy, Consumer, DeliverPolicy, pull};
use async_nats::jetstream::stream::Info;
use async_nats::jetstream::{Context, ErrorCode, Message, context::GetStreamErrorKind};
use async_nats::{HeaderMap, StatusCode, Subscriber};
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};
use messages::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::sync::watch;

/// Records asked for at once; more are never held.
pub const BATCH_RECORDS_MAX: usize = 256;
/// Bytes asked for at once, unless the server lets one message be larger.
pub const BATCH_BYTES_MAX: usize = 4 * 1024 * 1024;
/// How long the server keeps a question open.
const ASK_TIMEOUT: Duration = Duration::from_secs(5);
/// Between two signs of life of a stream without news.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// Silence after which a read is given up.
const SILENCE_MAX: Duration = Duration::from_millis(2_500);
/// How long the server keeps a consumer that nobody asks.
const CONSUMER_IDLE_MAX: Duration = Duration::from_secs(30);
/// Bytes of a message's headers and subject beside its payload.
const MESSAGE_OVERHEAD_BYTES: usize = 64 * 1024;

/// What is done where records are gone that were not read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Gap {
    /// Nothing is read until somebody has decided.
    #[default]
    Stop,
    /// Begins with the oldest record that there is, and counts what is known to be missing.
    Accept,
}

/// Why a read ended, or did not begin.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is no such stream.
    #[error("stream `{stream}` is missing; make it with `aurorasync nats init`")]
    Missing {
        /// The stream.
        stream: String,
    },
    /// A stream without an id cannot be told from another one of its name.
    #[error("stream `{stream}` has no id of ours; make it with `aurorasync nats init`")]
    Unnamed {
        /// The stream.
        stream: String,
    },
    /// Another stream of the same name.
    #[error(
        "stream `{stream}` is {found}, but {} was read before; to begin with it anew use --bus-gap accept",
        .known.stream
    )]
    Other {
        /// The stream.
        stream: String,
        /// How far which one was read.
        known: Position,
        /// Which one it is.
        found: uuid::Uuid,
    },
    /// The stream is older than what was read of it.
    #[error(
        "stream `{stream}` ends at {head}, but {cursor} was read before: the server was restored from an older copy; to begin with it anew use --bus-gap accept"
    )]
    Older {
        /// The stream.
        stream: String,
        /// What was read.
        cursor: u64,
        /// Where it ends.
        head: u64,
    },
    /// Records are gone.
    #[error(
        "stream `{stream}` begins at {first}, but only {cursor} was read before: {} records are gone; to go on without them use --bus-gap accept",
        first.saturating_sub(cursor + 1)
    )]
    Gone {
        /// The stream.
        stream: String,
        /// What was read.
        cursor: u64,
        /// Where it begins.
        first: u64,
    },
    /// The server answered, but not as hoped.
    #[error("stream `{stream}`: {reason}")]
    Server {
        /// The stream.
        stream: String,
        /// What it said.
        reason: String,
    },
    /// Something that could hide a lost record; the next read begins behind the last one handed over.
    #[error("the read was interrupted: {0}")]
    Interrupted(String),
}

/// A record of a stream.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its sequence.
    pub sequence: u64,
    /// When the server had it.
    pub received_at: Timestamp,
    /// Where it was published, as stored.
    pub subject: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// One read of one stream.
pub struct Reader {
    name: String,
    position: Position,
    context: Context,
    consumer: Consumer<pull::Config>,
    messages: Subscriber,
    inbox: String,
    bytes_max: usize,
    /// Sequence of the last delivery by this consumer: dense, whatever the stream holds.
    delivered: u64,
    /// Records of the open question that may still come.
    awaited: usize,
    pending: u64,
    missing: u64,
    link: watch::Receiver<Link>,
    connects: u64,
}

impl Reader {
    /// Begins to read stream `name` behind `known`, or with its oldest record where nothing was read before.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn open(
        connection: &Connection,
        name: &str,
        known: Option<Position>,
        gap: Gap,
    ) -> Result<Self, ReadError> {
        let server = |reason: String| ReadError::Server { stream: name.to_owned(), reason };
        let link = connection.watch();
        let connects = link.borrow().connects;
        let stream =
            connection.jetstream().get_stream(name).await.map_err(|error| match error.kind() {
                GetStreamErrorKind::JetStream(refused)
                    if refused.error_code() == ErrorCode::STREAM_NOT_FOUND =>
                {
                    ReadError::Missing { stream: name.to_owned() }
                }
                _ => server(error.to_string()),
            })?;
        let (position, missing) = begin(name, stream.cached_info(), known, gap)?;
        let inbox = connection.client().new_inbox();
        let messages = connection.client().subscribe(inbox.clone()).await;
        let messages = messages.map_err(|error| server(error.to_string()))?;
        let consumer = stream
            .create_consumer(pull::Config {
                deliver_policy: DeliverPolicy::ByStartSequence {
                    start_sequence: position.sequence + 1,
                },
                ack_policy: AckPolicy::None,
                inactive_threshold: CONSUMER_IDLE_MAX,
                memory_storage: true,
                num_replicas: 1,
                ..pull::Config::default()
            })
            .await
            .map_err(|error| server(error.to_string()))?;
        let payload_max = connection.client().server_info().max_payload;
        Ok(Self {
            name: name.to_owned(),
            position,
            context: connection.jetstream().clone(),
            pending: consumer.cached_info().num_pending,
            consumer,
            messages,
            inbox,
            bytes_max: BATCH_BYTES_MAX.max(payload_max + MESSAGE_OVERHEAD_BYTES),
            delivered: 0,
            awaited: 0,
            missing,
            link,
            connects,
        })
    }

    /// Where it stands: the last record that was handed over.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }

    /// Records behind the last one, when it came.
    #[must_use]
    pub fn pending(&self) -> u64 {
        self.pending
    }

    /// Records that were gone before they were read, as far as is known.
    #[must_use]
    pub fn missing(&self) -> u64 {
        self.missing
    }

    /// The next records, at least one; waits for it. May be dropped while it waits: then begin a new read.
    ///
    /// # Errors
    /// [`ReadError::Interrupted`], after which a new read is to be begun.
    pub async fn next(&mut self) -> Result<Vec<Record>, ReadError> {
        let mut records = Vec::new();
        loop {
            if self.awaited == 0 {
                if !records.is_empty() {
                    return Ok(records);
                }
                self.ask().await?;
            }
            let message = if records.is_empty() {
                self.wait().await?
            } else {
                match self.messages.next().now_or_never() {
                    Some(message) => message,
                    None => return Ok(records),
                }
            };
            let ended = || ReadError::Interrupted("the connection has ended".to_owned());
            records.extend(self.take(message.ok_or_else(ended)?)?);
        }
    }

    async fn ask(&mut self) -> Result<(), ReadError> {
        let question = pull::BatchConfig {
            batch: BATCH_RECORDS_MAX,
            expires: Some(ASK_TIMEOUT),
            max_bytes: self.bytes_max,
            idle_heartbeat: HEARTBEAT,
            ..pull::BatchConfig::default()
        };
        let asked = self.consumer.request_batch(question, self.inbox.clone().into()).await;
        asked.map_err(|error| ReadError::Interrupted(error.to_string()))?;
        self.awaited = BATCH_RECORDS_MAX;
        Ok(())
    }

    /// The next message, unless the connection is lost, even for a moment, or nothing is heard for long.
    async fn wait(&mut self) -> Result<Option<async_nats::Message>, ReadError> {
        let connects = self.connects;
        let lost = self.link.wait_for(|link| !link.is_connected || link.connects != connects);
        tokio::select! {
            biased;
            _ = lost => Err(ReadError::Interrupted("the connection was lost".to_owned())),
            next = tokio::time::timeout(SILENCE_MAX, self.messages.next()) => {
                next.map_err(|_| ReadError::Interrupted(format!("silence for {SILENCE_MAX:?}")))
            }
        }
    }

    /// What a message of the server means: a record, or something about the question.
    fn take(&mut self, message: async_nats::Message) -> Result<Option<Record>, ReadError> {
        let says = |text: &str| message.description.as_deref().is_some_and(|it| it.contains(text));
        match message.status {
            None | Some(StatusCode::OK) => self.record(message).map(Some),
            Some(StatusCode::IDLE_HEARTBEAT) => Ok(None),
            Some(StatusCode::TIMEOUT | StatusCode::NOT_FOUND) => {
                self.awaited = 0;
                Ok(None)
            }
            Some(StatusCode::REQUEST_TERMINATED) if says("MaxBytes") => {
                self.awaited = 0;
                Ok(None)
            }
            // The last record of a question was counted as it came; by now another may stand.
            Some(StatusCode::REQUEST_TERMINATED) if says("Batch Completed") => Ok(None),
            Some(status) => {
                let text = message.description.unwrap_or_default();
                Err(ReadError::Interrupted(format!("the server says {status} {text}")))
            }
        }
    }

    fn record(&mut self, message: async_nats::Message) -> Result<Record, ReadError> {
        let message = Message { message, context: self.context.clone() };
        let info = message.info().map_err(|error| {
            ReadError::Interrupted(format!("a message without a position: {error}"))
        })?;
        let (sequence, delivery) = (info.stream_sequence, info.consumer_sequence);
        let received_at = at(info.published.unix_timestamp_nanos())?;
        if delivery != self.delivered + 1 || sequence <= self.position.sequence {
            return Err(ReadError::Interrupted(format!(
                "delivery {delivery} of record {sequence} came after delivery {} of record {}",
                self.delivered, self.position.sequence
            )));
        }
        // Nothing is filtered, so what the stream lacks between two deliveries was removed from it.
        let gone = sequence - self.position.sequence - 1;
        if gone > 0 {
            tracing::error!(
                stream = self.name,
                sequence,
                gone,
                "records are gone before they were read"
            );
            self.missing += gone;
        }
        self.pending = info.pending;
        self.delivered = delivery;
        self.awaited = self.awaited.saturating_sub(1);
        self.position.sequence = sequence;
        let message = message.message;
        Ok(Record {
            sequence,
            received_at,
            subject: message.subject.to_string(),
            headers: message.headers.unwrap_or_default(),
            body: message.payload,
        })
    }
}

/// The moment that the server means.
fn at(nanos: i128) -> Result<Timestamp, ReadError> {
    let moment = i64::try_from(nanos / 1_000_000).ok().and_then(Timestamp::from_millis);
    let none = || ReadError::Interrupted(format!("a message of {nanos} ns, which is no time"));
    moment.ok_or_else(none)
}

/// Where a read begins, and how many records are known to be gone.
fn begin(
    name: &str,
    info: &Info,
    known: Option<Position>,
    gap: Gap,
) -> Result<(Position, u64), ReadError> {
    let stream_name = || name.to_owned();
    let stream =
        streams::id_of(&info.config).ok_or_else(|| ReadError::Unnamed { stream: stream_name() })?;
    let (first, head) = (info.state.first_sequence, info.state.last_sequence);
    let oldest = Position { stream, sequence: first.saturating_sub(1).min(head) };
    let Some(known) = known else { return Ok((oldest, 0)) };
    let refusal = if known.stream != stream {
        ReadError::Other { stream: stream_name(), known, found: stream }
    } else if known.sequence > head {
        ReadError::Older { stream: stream_name(), cursor: known.sequence, head }
    } else if first > known.sequence + 1 {
        ReadError::Gone { stream: stream_name(), cursor: known.sequence, first }
    } else {
        return Ok((known, 0));
    };
    if gap == Gap::Stop {
        return Err(refusal);
    }
    tracing::warn!(%refusal, "the gap is accepted, as was asked for");
    let gone = match refusal {
        ReadError::Gone { cursor, first, .. } => first - cursor - 1,
        _ => 0,
    };
    Ok((oldest, gone))
}
