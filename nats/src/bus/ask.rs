//! One question to the server at a time: what it answered, that it denied it, or that it did not answer.

use crate::connection::{Connection, Link};
use crate::streams;
use async_nats::client::{PublishErrorKind, Request, RequestErrorKind};
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, PullConsumer, pull};
use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::publish::PublishAck;
use async_nats::jetstream::response::Response;
use async_nats::jetstream::stream::{ConsumerErrorKind, LastRawMessageErrorKind};
use async_nats::{HeaderMap, Message};
use bytes::Bytes;
use futures_util::StreamExt;
use messages::Sequence;
use std::pin::pin;
use std::time::Duration;
use tokio::sync::watch;
use uuid::Uuid;

/// Longest wait for one answer; what became of an unanswered write is looked up.
pub const ANSWER_TIME_MAX: Duration = Duration::from_secs(2);
/// Longest pause before a question is asked again; a connection that comes back ends it.
pub const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// How long the server keeps a consumer that one look was made through.
const LOOK_IDLE_MAX: Duration = Duration::from_secs(1);

/// Codes of the server, as of its release 2.14.
mod code {
    /// A publish that found another last sequence, alone or on one server.
    pub(super) const WRONG_LAST_SEQUENCE: u64 = 10071;
    /// The same where replicas agree.
    pub(super) const WRONG_LAST_SEQUENCE_REPLICATED: u64 = 10164;
    /// A full stream.
    pub(super) const FULL: [u64; 4] = [10077, 10047, 10002, 10023];
    /// As many batches are open on the stream as the server takes.
    pub(super) const BATCHES_OPEN: u64 = 10210;
    /// A batch of which a message did not come.
    pub(super) const INCOMPLETE: u64 = 10176;
    pub(super) const STREAM_NOT_FOUND: u64 = 10059;
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Trouble {
    /// The server refuses it to this user, for good.
    #[error("{0}")]
    Denied(String),
    /// The server said no.
    #[error("{0}")]
    Refused(String),
    /// It did not answer, or cannot now.
    #[error("{0}")]
    Unanswered(String),
}

/// What became of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// It is stored; the sequence of its last record.
    Stored(Sequence),
    /// The fence stands elsewhere.
    Fenced,
    /// There is no room; nothing was stored.
    Full(String),
    /// The server takes it later; nothing was stored.
    Busy,
    /// It is refused for what it is; nothing was stored.
    Refused(String),
    /// This user may not; nothing was stored.
    Denied(String),
    /// It may be stored, or be yet.
    Unclear(String),
}

/// One record to store.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    pub(crate) subject: String,
    pub(crate) headers: HeaderMap,
    pub(crate) payload: Bytes,
}

/// First and last record of a stream, and which stream it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ends {
    /// Sequence of the first record that is kept; the one behind the last when none is.
    pub(crate) first: Sequence,
    pub(crate) last: Sequence,
    pub(crate) id: Option<Uuid>,
}

/// Asks the server.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    connection: Connection,
}

impl Ask {
    pub(crate) fn new(connection: Connection) -> Self {
        Self { connection }
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Follows the connection from now on.
    pub(crate) fn link(&self) -> watch::Receiver<Link> {
        let mut link = self.connection.watch();
        link.mark_unchanged();
        link
    }

    /// Waits a little, or until the connection changes.
    pub(crate) async fn pause(&self) {
        let mut link = self.link();
        // Either way it is time to ask again.
        drop(tokio::time::timeout(RETRY_PAUSE, link.changed()).await);
    }

    /// Waits until the server can be reached.
    pub(crate) async fn connected(&self) {
        let mut link = self.link();
        // A connection that is closed for good never answers; whoever asks has a time limit.
        if link.wait_for(|link| link.is_connected).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// The newest record of `stream` under `subject`, which may be a wildcard.
    pub(crate) async fn last(
        &self,
        stream: &str,
        subject: &str,
    ) -> Result<Option<StreamMessage>, Trouble> {
        let get = async {
            let stream = self.connection.jetstream().get_stream_no_info(stream).await;
            let stream = stream.map_err(|error| Trouble::Refused(error.to_string()))?;
            match stream.get_last_raw_message_by_subject(subject).await {
                Ok(message) => Ok(Some(message)),
                Err(error) => match error.kind() {
                    LastRawMessageErrorKind::NoMessageFound => Ok(None),
                    LastRawMessageErrorKind::JetStream(said) => Err(refused(&said)),
                    LastRawMessageErrorKind::InvalidSubject => {
                        Err(Trouble::Refused(format!("`{subject}` is no subject")))
                    }
                    LastRawMessageErrorKind::Other => Err(Trouble::Unanswered(error.to_string())),
                },
            }
        };
        self.answered(&[format!("$JS.API.STREAM.MSG.GET.{stream}")], get).await
    }

    /// The newest record under each subject that `filter` names, by a right to it alone. A replica that lags may answer:
    /// then they are older ones.
    pub(crate) async fn newest(
        &self,
        stream: &str,
        filter: &str,
    ) -> Result<Vec<(Sequence, Message)>, Trouble> {
        let config = pull::Config {
            name: Some(self.connection.client().new_inbox().replace('.', "-")),
            deliver_policy: DeliverPolicy::LastPerSubject,
            ack_policy: AckPolicy::None,
            filter_subject: filter.to_owned(),
            inactive_threshold: LOOK_IDLE_MAX,
            memory_storage: true,
            num_replicas: 1,
            ..pull::Config::default()
        };
        let consumer = self.consumer(stream, config).await?;
        let count = usize::try_from(consumer.cached_info().num_pending).unwrap_or(usize::MAX);
        if count == 0 {
            return Ok(Vec::new());
        }
        let name = &consumer.cached_info().name;
        let subject = format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{name}");
        let get = async {
            let unanswered = |error: &dyn std::fmt::Display| Trouble::Unanswered(error.to_string());
            let answers = consumer.fetch().max_messages(count).messages().await;
            let mut answers = answers.map_err(|error| unanswered(&error))?;
            let mut newest = Vec::with_capacity(count);
            while let Some(message) = answers.next().await {
                let message = message.map_err(|error| unanswered(&error))?.message;
                if let Some((sequence, _)) = message.reply.as_deref().and_then(delivered) {
                    newest.push((sequence, message));
                }
            }
            if newest.is_empty() {
                return Err(Trouble::Unanswered(format!("`{filter}` moved meanwhile")));
            }
            Ok(newest)
        };
        self.answered(&[subject], get).await
    }

    /// Makes a consumer of `stream` that has a name and one filter.
    pub(crate) async fn consumer(
        &self,
        stream: &str,
        config: pull::Config,
    ) -> Result<PullConsumer, Trouble> {
        let name = config.name.clone().unwrap_or_default();
        let subject = format!("$JS.API.CONSUMER.CREATE.{stream}.{name}.{}", config.filter_subject);
        let create = async {
            let made = self.connection.jetstream().create_consumer_on_stream(config, stream).await;
            made.map_err(|error| match error.kind() {
                ConsumerErrorKind::JetStream(said) => refused(&said),
                _ => Trouble::Unanswered(error.to_string()),
            })
        };
        self.answered(&[subject], create).await
    }

    /// First and last record of `stream`.
    pub(crate) async fn ends(&self, stream: &str) -> Result<Ends, Trouble> {
        let get = async {
            let asked = self.connection.jetstream().get_stream_no_info(stream).await;
            let asked = asked.map_err(|error| Trouble::Refused(error.to_string()))?;
            let info = asked.get_info().await;
            let info = info.map_err(|error| Trouble::Unanswered(format!("`{stream}`: {error}")))?;
            let (first, last) = (info.state.first_sequence, info.state.last_sequence);
            Ok(Ends { first: first.max(1), last, id: streams::id_of(&info.config) })
        };
        self.answered(&[format!("$JS.API.STREAM.INFO.{stream}")], get).await
    }

    /// `question`'s answer, unless the server denies one of `subjects` or says nothing for too long.
    pub(crate) async fn answered<T>(
        &self,
        subjects: &[String],
        question: impl Future<Output = Result<T, Trouble>>,
    ) -> Result<T, Trouble> {
        let link = self.link();
        let denied = pin!(denied(link, subjects));
        let question = pin!(tokio::time::timeout(ANSWER_TIME_MAX, question));
        tokio::select! {
            biased;
            answer = question => answer.unwrap_or_else(|_| {
                let subject = subjects.last().map_or("", String::as_str);
                Err(Trouble::Unanswered(format!("`{subject}` was not answered")))
            }),
            said = denied => Err(Trouble::Denied(said)),
        }
    }

    /// Writes `records`, of one stream, as one: all are stored, or none is. With `fence`, a subject and the sequence of
    /// its newest record, they are stored only while that is so.
    pub(crate) async fn write(
        &self,
        fence: Option<(&str, Sequence)>,
        mut records: Vec<Outgoing>,
    ) -> Written {
        use async_nats::header;
        let count = records.len();
        if let (Some((subject, sequence)), Some(first)) = (fence, records.first_mut()) {
            let headers = &mut first.headers;
            headers.insert(header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, sequence.to_string());
            headers.insert("Nats-Expected-Last-Subject-Sequence-Subject", subject);
        }
        let subjects: Vec<String> = records.iter().map(|record| record.subject.clone()).collect();
        if count > 1 || fence.is_some() {
            // Another with each attempt: the server may still hold the beginning of the last one.
            let batch = self.connection.client().new_inbox();
            for (number, record) in (1_u64..).zip(&mut records) {
                record.headers.insert(header::NATS_BATCH_ID, &*batch);
                record.headers.insert(header::NATS_BATCH_SEQUENCE, number.to_string());
            }
            if let Some(last) = records.last_mut() {
                last.headers.insert(header::NATS_BATCH_COMMIT, header::NATS_BATCH_COMMIT_FINAL);
            }
        }
        let link = self.link();
        let written = match self.answered(&subjects, self.send(records)).await {
            Ok(written) => written,
            Err(Trouble::Denied(said)) => Written::Denied(said),
            Err(Trouble::Refused(said)) => Written::Refused(said),
            Err(Trouble::Unanswered(said)) => Written::Unclear(said),
        };
        // A denied member makes its batch incomplete; which of the two is heard first is chance.
        let is_stored = matches!(written, Written::Stored(_));
        match denial(&link, &subjects).filter(|_| !is_stored && link.has_changed().unwrap_or(true))
        {
            Some(said) => Written::Denied(said),
            None => written,
        }
    }

    async fn send(&self, mut records: Vec<Outgoing>) -> Result<Written, Trouble> {
        let client = self.connection.client();
        let Some(last) = records.pop() else { return Ok(Written::Refused("nothing".to_owned())) };
        for Outgoing { subject, headers, payload } in records {
            client.publish_with_headers(subject, headers, payload).await.map_err(|error| {
                match error.kind() {
                    PublishErrorKind::Send => Trouble::Unanswered(error.to_string()),
                    _ => Trouble::Refused(error.to_string()),
                }
            })?;
        }
        let request = Request::new()
            .headers(last.headers)
            .payload(last.payload)
            .timeout(Some(ANSWER_TIME_MAX));
        let answer =
            client.send_request(last.subject, request).await.map_err(|error| {
                match error.kind() {
                    RequestErrorKind::InvalidSubject | RequestErrorKind::MaxPayloadExceeded => {
                        Trouble::Refused(error.to_string())
                    }
                    _ => Trouble::Unanswered(error.to_string()),
                }
            })?;
        Ok(match serde_json::from_slice(&answer.payload) {
            Ok(Response::Ok::<PublishAck>(ack)) => Written::Stored(ack.sequence),
            Ok(Response::Err { error }) => judge(&error),
            Err(error) => Written::Unclear(format!("the answer is no acknowledgement: {error}")),
        })
    }
}

/// What an error of the server means for a write.
fn judge(error: &async_nats::jetstream::Error) -> Written {
    let (number, said) = (error.error_code().0, error.to_string());
    match number {
        code::WRONG_LAST_SEQUENCE | code::WRONG_LAST_SEQUENCE_REPLICATED => Written::Fenced,
        number if code::FULL.contains(&number) => Written::Full(said),
        code::BATCHES_OPEN | code::INCOMPLETE => Written::Busy,
        _ if (400..500).contains(&error.code()) => Written::Refused(said),
        _ => Written::Unclear(said),
    }
}

/// Stream sequence and consumer sequence of a delivery, from the subject that would acknowledge it.
pub(crate) fn delivered(reply: &str) -> Option<(Sequence, u64)> {
    let tokens: Vec<&str> = reply.strip_prefix("$JS.ACK.")?.split('.').collect();
    // Domain and account may stand in front; behind stream and consumer the five numbers keep their order.
    let numbers = match tokens.len() {
        7 => &tokens[2..],
        9.. => &tokens[4..],
        _ => return None,
    };
    Some((numbers[1].parse().ok()?, numbers[2].parse().ok()?))
}

/// What an error of the server means for a question.
fn refused(error: &async_nats::jetstream::Error) -> Trouble {
    let said = error.to_string();
    match error.error_code().0 {
        code::STREAM_NOT_FOUND => {
            Trouble::Refused(format!("{said}; `aurorasync nats init` makes the streams"))
        }
        _ if (400..500).contains(&error.code()) => Trouble::Refused(said),
        _ => Trouble::Unanswered(said),
    }
}

/// Waits until the server denies one of `subjects`.
async fn denied(mut link: watch::Receiver<Link>, subjects: &[String]) -> String {
    while link.changed().await.is_ok() {
        if let Some(said) = denial(&link, subjects) {
            return said;
        }
    }
    std::future::pending().await
}

/// What the server said when it denied one of `subjects` last.
fn denial(link: &watch::Receiver<Link>, subjects: &[String]) -> Option<String> {
    let said = link.borrow().denied.clone()?;
    let names = |subject: &String| said.contains(&format!("\"{subject}\""));
    subjects.iter().any(names).then_some(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_is_numbered_twice() {
        let plain = "$JS.ACK.LOG.reader.1.120.7.1772000000000000000.3";
        assert_eq!(delivered(plain), Some((120, 7)));
        let with_domain = "$JS.ACK.hub.ACCOUNT.LOG.reader.1.120.7.1772000000000000000.3.token";
        assert_eq!(delivered(with_domain), Some((120, 7)));
        assert_eq!(delivered("_INBOX.a.b"), None);
    }
}
