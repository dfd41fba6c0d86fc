//! Dead letters: listed, shown, and given once more to the agent that could not handle them.

use crate::facade::Facade;
use crate::feed::{self, Cursor, position};
use crate::problem::{Kind, Problem};
use crate::reply::{self, Page, Response};
use crate::request::Request;
use crate::shown;
use crate::views::Topic;
use messages::dead::DeadLettered;
use messages::redelivery::MessageRedelivered;
use messages::{Envelope, MessageId, Sequence};
use runtime::committer::Entry;
use runtime::store::{Delivery, Partition};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::iter::once;
use warp::http::StatusCode;

/// `GET /v1/dead`
pub(crate) async fn list(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let limit = request.limit()?;
    let agent = request.query("agent").map(str::to_owned);
    let mut cursor = Cursor::start(&**facade.deployment.store(), once(Partition::DEAD));
    if let Some(text) = request.query("cursor") {
        cursor = cursor.moved_to(text)?;
    }
    let page = facade
        .blocking(move |store| {
            // A dead letter's key is the agent.
            let wanted =
                |delivery: &Delivery| agent.as_ref().is_none_or(|it| *it == delivery.envelope.key);
            feed::read(store, &cursor, limit, &wanted)
        })
        .await??;
    let feed::Page { records, cursor, ended } = page;
    let view = facade.views.log().await?;
    let items: Vec<Value> =
        records.iter().map(|(_, delivery)| summary(delivery, &view.redeliveries)).collect();
    let next_cursor = if ended { String::new() } else { cursor.to_string() };
    let store = facade.deployment.store();
    let newest = (store.head(Partition::DEAD) > 0).then(|| store.newest_at(Partition::DEAD));
    let as_of = newest.max(view.versions.as_of(&[Topic::Dead]));
    reply::json(StatusCode::OK, &Page { as_of, omitted: None, items, next_cursor })
}

fn summary(delivery: &Delivery, redeliveries: &BTreeMap<MessageId, u32>) -> Value {
    let letter = &delivery.envelope;
    let mut item = json!({
        "sequence": delivery.sequence,
        "id": letter.id,
        "agent": letter.key,
        "dead_at": letter.time,
        "provenance": letter.provenance,
        "replayed": redeliveries.get(&letter.id).copied().unwrap_or(0),
    });
    match letter.open::<DeadLettered>() {
        Ok(dead) => {
            item["cause"] = json!(dead.cause);
            item["reason"] = dead.reason.into();
            item["attempts"] = dead.attempts.into();
            item["name"] = dead.original.name.into();
            item["key"] = dead.original.key.into();
            item["position"] = position(read_from(&dead.position), dead.position.sequence).into();
        }
        Err(error) => item["undecoded"] = error.to_string().into(),
    }
    item
}

/// `GET /v1/dead/{sequence}`
pub(crate) async fn show(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let delivery = find(facade, &request).await?;
    let view = facade.views.log().await?;
    let mut item = summary(&delivery, &view.redeliveries);
    item["letter"] = shown::record(Partition::DEAD, delivery.sequence, &delivery.envelope);
    reply::json(StatusCode::OK, &item)
}

async fn find(facade: &Facade, request: &Request) -> Result<Delivery, Problem> {
    let sequence: Sequence = request.parsed("sequence", "the number of a dead letter")?;
    let missing = || Problem::new(Kind::NotFound, format!("there is no dead letter {sequence}"));
    facade.record(Partition::DEAD, sequence).await?.ok_or_else(missing)
}

/// `POST /v1/dead/{sequence}/replay`
pub(crate) async fn replay(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let delivery = find(facade, &request).await?;
    let letter = &delivery.envelope;
    let dead = letter.open::<DeadLettered>().map_err(|error| {
        Problem::new(Kind::Unprocessable, format!("the dead letter cannot be read: {error}"))
    })?;
    check_reader(facade, &dead)?;
    // Held until it is durable, so that two replays do not count alike.
    let view = facade.views.log().await?;
    let before = view.redeliveries.get(&letter.id).copied().unwrap_or(0);
    let redelivery = MessageId::output("redelivery", letter.id, before);
    let partition = read_from(&dead.position);
    let again = Envelope {
        id: redelivery,
        causation_id: Some(letter.id),
        addressed_to: Some(dead.agent.clone()),
        ..dead.original
    };
    let record = MessageRedelivered {
        agent: dead.agent.clone(),
        dead: letter.id,
        redelivery,
        count: before + 1,
    };
    let entries = vec![
        Entry { partition: Some(partition), envelope: again },
        facade.said(&request, &record)?.into(),
    ];
    let receipt = facade.append_holding(entries, view).await?;
    let appended = receipt.first().map(|&(partition, sequence)| position(partition, sequence));
    let body = json!({
        "id": redelivery,
        "agent": dead.agent,
        "position": appended,
        "replayed": before + 1,
    });
    reply::json(StatusCode::CREATED, &body)
}

/// Whether the agent that rejected the message still reads where it was read.
fn check_reader(facade: &Facade, dead: &DeadLettered) -> Result<(), Problem> {
    let entry = facade.deployment.catalog().get(&dead.agent);
    if entry.is_some_and(|entry| entry.contract.stream == dead.position.stream) {
        return Ok(());
    }
    let (agent, stream) = (&dead.agent, dead.position.stream);
    Err(Problem::new(
        Kind::Conflict,
        format!("no agent `{agent}` reads `{stream}` in this deployment"),
    ))
}

fn read_from(position: &messages::Origin) -> Partition {
    Partition { stream: position.stream, index: position.partition }
}
