//! Each agent as a micro-service of NATS: whoever asks hears who works where, and what it has handled.
//!
//! The three questions of NATS' micro-service protocol (its ADR 32) are answered for every agent of a process, also while
//! it stands by: `nats micro ls`, `info` and `stats` know agents like other services. The client library's own service
//! counts requests that come through itself; an agent reads a stream, so its figures are the runtime's.

use crate::bus::place;
use crate::connection::Connection;
use async_nats::{Client, Message, Subscriber};
use futures_util::StreamExt;
use futures_util::future::try_join_all;
use futures_util::stream::select_all;
use messages::Timestamp;
use runtime::board::{Board, HostStatus};
use runtime::deployment::Deployment;
use runtime::store::HostId;
use runtime::wiring::Contract;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Longest wait for one answer more.
pub const ANSWER_TIME_MAX: Duration = Duration::from_millis(500);
/// Version that agents answer with.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Nobody can be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{subject}` cannot be asked: {reason}")]
pub struct AskError {
    subject: String,
    reason: String,
}

/// What all who are asked under `subject` answer, as JSON, until nobody answers any more.
///
/// # Errors
/// [`AskError`] when there is no connection to ask over.
pub async fn ask(connection: &Connection, subject: &str) -> Result<Vec<Value>, AskError> {
    let failed = |reason: String| AskError { subject: subject.to_owned(), reason };
    let (client, inbox) = (connection.client(), connection.client().new_inbox());
    let mut answers =
        client.subscribe(inbox.clone()).await.map_err(|error| failed(error.to_string()))?;
    let asked = client.publish_with_reply(subject.to_owned(), inbox, "".into()).await;
    asked.map_err(|error| failed(error.to_string()))?;
    let mut heard = Vec::new();
    while let Ok(Some(answer)) = timeout(ANSWER_TIME_MAX, answers.next()).await {
        // That nobody is there to answer is said by the server, in a message without a body.
        heard.extend(serde_json::from_slice::<Value>(&answer.payload));
    }
    Ok(heard)
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Question {
    /// Who is there?
    Ping,
    /// What does it hear and say?
    Info,
    /// What has it handled?
    Stats,
}

impl Question {
    const ALL: [Self; 3] = [Self::Ping, Self::Info, Self::Stats];

    /// As subjects name it.
    const fn verb(self) -> &'static str {
        match self {
            Self::Ping => "PING",
            Self::Info => "INFO",
            Self::Stats => "STATS",
        }
    }

    /// The type of its answer.
    const fn answer(self) -> &'static str {
        match self {
            Self::Ping => "io.nats.micro.v1.ping_response",
            Self::Info => "io.nats.micro.v1.info_response",
            Self::Stats => "io.nats.micro.v1.stats_response",
        }
    }
}

/// Subjects on which everybody, all instances of `name`, or the one with `id` are asked.
pub(crate) fn subjects<'n>(name: &'n str, id: &'n str) -> impl Iterator<Item = String> + 'n {
    Question::ALL.into_iter().flat_map(move |question| {
        let verb = question.verb();
        [format!("$SRV.{verb}"), format!("$SRV.{verb}.{name}"), format!("$SRV.{verb}.{name}.{id}")]
    })
}

/// The agents of one process, answering; silent when dropped.
pub struct Services(Vec<JoinHandle<()>>);

impl Services {
    /// Answers for each agent of `deployment`, as the instance `id`, over the connection that `connections` has for its
    /// kind. A server that is not there yet is waited for.
    #[must_use]
    pub fn start(
        deployment: &Deployment,
        id: &str,
        mut connections: impl FnMut(&str) -> Connection,
    ) -> Self {
        let process = deployment.shared().map_or(id, |shared| &*shared.process);
        let services = deployment.catalog().iter().map(|(kind, entry)| Service {
            client: connections(kind).client().clone(),
            contract: entry.contract.clone(),
            id: id.to_owned(),
            process: process.to_owned(),
            started: deployment.clock().now(),
            board: deployment.board().clone(),
        });
        Self(services.map(|service| spawn(service.run())).collect())
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

#[expect(clippy::disallowed_methods, reason = "`Services` holds the task and ends it")]
fn spawn(task: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    tokio::spawn(task)
}

/// One agent.
struct Service {
    client: Client,
    contract: Contract,
    id: String,
    process: String,
    started: Timestamp,
    board: Board,
}

impl Service {
    /// Answers for as long as there is a client; the library subscribes again with every new connection.
    async fn run(self) {
        let subjects = subjects(&self.contract.kind, &self.id);
        let listening = subjects.map(|subject| self.client.subscribe(subject));
        let heard: Vec<Subscriber> = match try_join_all(listening).await {
            Ok(heard) => heard,
            Err(error) => {
                tracing::warn!(agent = self.contract.kind, %error, "it answers no questions");
                return;
            }
        };
        let mut asked = select_all(heard);
        while let Some(message) = asked.next().await {
            self.answer(message).await;
        }
    }

    async fn answer(&self, asked: Message) {
        let verb = asked.subject.split('.').nth(1);
        let question = Question::ALL.into_iter().find(|question| Some(question.verb()) == verb);
        let Some((question, reply)) = question.zip(asked.reply) else { return };
        let answer = self.answer_to(question).to_string();
        if let Err(error) = self.client.publish(reply, answer.into()).await {
            tracing::debug!(agent = self.contract.kind, %error, "a question stays unanswered");
        }
    }

    fn answer_to(&self, question: Question) -> Value {
        let mut answer = json!({
            "type": question.answer(),
            "name": self.contract.kind,
            "id": self.id,
            "version": VERSION,
            "metadata": { "process": self.process },
        });
        match question {
            Question::Ping => {}
            Question::Info => {
                let Contract { hears, publishes, stream, .. } = &self.contract;
                let said: Vec<&str> = publishes.keys().map(String::as_str).collect();
                let heard: Vec<&str> = hears.keys().map(String::as_str).collect();
                answer["description"] = format!("agent on {stream}").into();
                answer["metadata"]["hears"] = heard.join(" ").into();
                answer["metadata"]["publishes"] = said.join(" ").into();
                answer["endpoints"] = self.endpoints(|_| json!({ "metadata": {} }));
            }
            Question::Stats => {
                answer["started"] = self.started.to_string().into();
                answer["endpoints"] = self.endpoints(figures);
            }
        }
        answer
    }

    /// Each of its hosts as an endpoint: where it reads, and what `more` says of it.
    fn endpoints(&self, more: impl Fn(&HostStatus) -> Value) -> Value {
        let hosts = self.board.list();
        let own = hosts.iter().filter(|(id, _)| id.kind == self.contract.kind);
        own.map(|(id, status)| {
            let mut endpoint = more(status);
            endpoint["name"] = self.endpoint_name(id).into();
            endpoint["subject"] = place::everything(self.contract.stream).into();
            // Nobody shares its input: the owner of a partition reads all of it.
            endpoint["queue_group"] = "".into();
            endpoint
        })
        .collect()
    }

    fn endpoint_name(&self, host: &HostId) -> String {
        format!("{}-{}", self.contract.stream, host.partition)
    }
}

/// What a host has handled since it began, in the words of the protocol; `data` is all that is known of it.
fn figures(status: &HostStatus) -> Value {
    let observation = &status.observation;
    let taken = observation.handled + observation.dead_lettered;
    let average = observation.busy_nanos.checked_div(taken).unwrap_or(0);
    json!({
        "num_requests": taken,
        "num_errors": observation.dead_lettered,
        "last_error": status.last_failure.as_deref().unwrap_or_default(),
        "processing_time": observation.busy_nanos,
        "average_processing_time": average,
        "data": status,
    })
}
