//! Tries what a user may not do, and says whether the server denied it: permissions are proved, not believed.

use crate::bus::{Ask, Trouble};
use crate::connection::Connection;
use async_nats::{HeaderMap, header};
use bytes::Bytes;
use messages::{Class, Stream, subject};
use runtime::store::Partition;
use runtime::wiring::Contract;

/// Something that is tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// To publish under a subject; a question to JetStream is one too.
    Publish(String),
    /// To hear what is published under a subject.
    Subscribe(String),
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The server denied it, in its words.
    Denied(String),
    /// It did not.
    Let,
}

/// Tries it over `connection`. Nothing is stored by it.
pub async fn attempt(connection: &Connection, attempt: &Attempt) -> Outcome {
    let ask = Ask::new(connection.clone());
    let client = connection.client();
    let answer = match attempt {
        Attempt::Publish(subject) => {
            let request = async {
                // No stream is called so: what is let through is not stored.
                let mut headers = HeaderMap::new();
                headers.insert(header::NATS_EXPECTED_STREAM, "none");
                let payload = Bytes::from_static(b"{}");
                let answer = client.request_with_headers(subject.clone(), headers, payload).await;
                answer.map(drop).map_err(|error| Trouble::Unanswered(error.to_string()))
            };
            ask.answered(std::slice::from_ref(subject), request).await
        }
        Attempt::Subscribe(subject) => {
            let listen = async {
                let subscribed = client.subscribe(subject.clone()).await;
                let _kept = subscribed.map_err(|error| Trouble::Unanswered(error.to_string()))?;
                std::future::pending().await
            };
            ask.answered(std::slice::from_ref(subject), listen).await
        }
    };
    match answer {
        Err(Trouble::Denied(said)) => Outcome::Denied(said),
        Ok(()) | Err(Trouble::Refused(_) | Trouble::Unanswered(_)) => Outcome::Let,
    }
}

/// What the agent of `contract` did not declare: each other message among `names` (name and class token, on LOG),
/// everybody else's subjects, each other stream, everything at once, and forgetting.
#[must_use]
pub fn undeclared(contract: &Contract, names: &[(&str, Class)]) -> Vec<Attempt> {
    let kind = &*contract.kind;
    let mut attempts = Vec::new();
    for (name, class) in names {
        let is_declared = contract.publishes.contains_key(*name);
        if class.stream() == Stream::Log && !is_declared {
            let class = class.token();
            attempts.push(publish(format!("aurora.v1.log.{kind}.0.{class}.{name}.probe")));
        }
    }
    // What is copied for readers of HEALTH goes there too.
    let reaches_health = |class: &Class| {
        class.stream() == Stream::Health || matches!(class, Class::Registry | Class::Control)
    };
    if !contract.publishes.values().any(reaches_health) {
        attempts.push(publish(format!("aurora.v1.health.{kind}.0.probe")));
    }
    let other = if kind == "master" { "ueba" } else { "master" };
    attempts.extend([
        publish(format!("aurora.v1.log.{other}.0.event.case.opened.probe")),
        publish(format!("aurora.v1.head.log.{other}.0")),
        publish(format!("aurora.v1.dead.{other}")),
        publish("aurora.v1.telemetry.demo.probe".to_owned()),
        publish(format!("$KV.ownership.host.{other}.0")),
        publish("$JS.API.STREAM.DELETE.LOG".to_owned()),
        publish("$JS.API.CONSUMER.LIST.LOG".to_owned()),
        subscribe(">"),
        subscribe("aurora.v1.>"),
        subscribe("_INBOX.>"),
        subscribe(&format!("_INBOX_{other}.>")),
        subscribe(&format!("$SRV.PING.{other}")),
        subscribe("$SRV.>"),
        publish("$SRV.PING".to_owned()),
    ]);
    for stream in Stream::ALL {
        let name = crate::bus::place::stream_name(stream);
        let filter = crate::bus::place::filter(Partition { stream, index: 0 });
        attempts.push(publish(format!("$JS.API.STREAM.PURGE.{name}")));
        attempts.push(publish(format!("$JS.API.STREAM.MSG.DELETE.{name}")));
        attempts.push(publish(format!("$JS.API.CONSUMER.CREATE.{name}")));
        if stream != contract.stream {
            attempts.push(publish(format!("$JS.API.CONSUMER.CREATE.{name}.probe.{filter}")));
            attempts.push(publish(format!("$JS.API.STREAM.MSG.GET.{name}")));
            attempts.push(publish(format!("$JS.API.DIRECT.GET.{name}")));
        }
    }
    attempts
}

/// One subject of each kind that the agent of `contract` declared, by which it is told from one that may do nothing.
#[must_use]
pub fn declared(contract: &Contract) -> Vec<Attempt> {
    let kind =
        subject::escape(&contract.kind).map(std::borrow::Cow::into_owned).unwrap_or_default();
    let name = crate::bus::place::stream_name(contract.stream);
    let said = contract.publishes.iter().filter(|(_, class)| class.stream() == Stream::Log);
    let mut attempts: Vec<Attempt> = said
        .map(|(name, class)| {
            publish(format!("aurora.v1.log.{kind}.0.{}.{name}.probe", class.token()))
        })
        .collect();
    attempts.push(publish(format!("$JS.API.STREAM.INFO.{name}")));
    attempts
}

fn publish(subject: String) -> Attempt {
    Attempt::Publish(subject)
}

fn subscribe(subject: &str) -> Attempt {
    Attempt::Subscribe(subject.to_owned())
}
