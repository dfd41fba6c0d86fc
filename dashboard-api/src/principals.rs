//! Principals: who may use the bus and how far each is contained; a person contains and releases.

use crate::facade::{Facade, SOURCE};
use crate::problem::{Kind, Problem};
use crate::reply::{self, List, Response};
use crate::request::{Request, check_text};
use messages::guard::{Backlog, Level, PrincipalContained, PrincipalReleased};
use messages::{MessageId, Sequence, Timestamp};
use runtime::guard::principal::is_containable;
use runtime::guard::{Containments, Principal};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use warp::http::StatusCode;

/// `GET /v1/principals`: agents, the facade, and whoever else is contained.
pub(crate) async fn list(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let limit = request.limit()?;
    let standing = facade.deployment.committer().standing().get();
    let mut names: BTreeSet<&str> = standing.iter().map(|(name, _)| name).collect();
    names.extend(facade.deployment.catalog().iter().map(|(kind, _)| kind));
    names.insert(SOURCE);
    let after = request.query("cursor").unwrap_or("");
    let mut behind = names.into_iter().filter(|name| *name > after).peekable();
    let page: Vec<&str> = behind.by_ref().take(limit).collect();
    let next_cursor = match (behind.peek(), page.last()) {
        (Some(_), Some(last)) => (*last).to_owned(),
        _ => String::new(),
    };
    let now = facade.now();
    let items = page.into_iter().map(|name| shown(name, &standing, now)).collect();
    reply::json(StatusCode::OK, &List { items, next_cursor })
}

/// `GET /v1/principals/{principal}`
pub(crate) async fn show(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let name = request.param("principal");
    let standing = facade.deployment.committer().standing().get();
    let now = facade.now();
    check_known(facade, name, standing.of(name, now).is_some())?;
    let mut item = shown(name, &standing, now);
    if let Some(entry) = facade.deployment.catalog().get(name) {
        item["reads"] = entry.contract.stream.name().into();
        item["hears"] = json!(entry.contract.hears);
        item["publishes"] = json!(entry.contract.publishes);
    }
    reply::json(StatusCode::OK, &item)
}

fn shown(name: &str, standing: &Containments, now: Timestamp) -> Value {
    let contained = standing.of(name, now);
    json!({
        "principal": name,
        "level": contained.map(|it| it.level),
        "since": contained.map(|it| it.since),
        "until": contained.and_then(|it| it.until),
        "by": contained.map(|it| &it.by),
        "reason": contained.map(|it| &it.reason),
        "finding": contained.and_then(|it| it.finding.as_ref()),
        "evidence_from": contained.map(|it| it.evidence_from),
    })
}

/// Whether there is such a principal: an agent, the facade, a device, or somebody who is contained.
fn check_known(facade: &Facade, name: &str, contained: bool) -> Result<(), Problem> {
    let agent = facade.deployment.catalog().get(name).is_some();
    if agent || contained || name == SOURCE || Principal::named(name).is_device() {
        return Ok(());
    }
    Err(Problem::new(
        Kind::NotFound,
        format!(
            "no principal is named `{name}`; there are those of `aurorasync principal ls`, and `device/<fleet>/<asset>`"
        ),
    ))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Containment {
    level: Level,
    reason: String,
    until: Option<Timestamp>,
    evidence_from: Option<Timestamp>,
    finding: Option<String>,
}

/// `POST /v1/principals/{principal}/contain`
pub(crate) async fn contain(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let principal = request.param("principal").to_owned();
    let asked: Containment = request.json()?;
    check_text("reason", &asked.reason)?;
    asked.finding.as_deref().map_or(Ok(()), |finding| check_text("finding", finding))?;
    let now = facade.now();
    if !is_containable(&principal) {
        let text = format!("`{principal}` keeps the others in order and cannot be contained");
        return Err(Problem::new(Kind::Unprocessable, text));
    }
    check_known(facade, &principal, false)?;
    if let Some(until) = asked.until.filter(|until| *until <= now) {
        let text =
            format!("`until` is `{until}`, which is over; leave it out or give a later time");
        return Err(Problem::new(Kind::Unprocessable, text));
    }
    let writing = facade.writing(&request).await?;
    let said = match writing.earlier().await? {
        Some(said) => said,
        None => {
            let contained = PrincipalContained {
                principal,
                level: asked.level,
                until: asked.until,
                finding: asked.finding,
                reason: asked.reason,
                evidence_from: asked.evidence_from.unwrap_or(now),
                by: SOURCE.to_owned(),
            };
            writing.say(contained, None).await?
        }
    };
    answer(&said.message.principal, said.id, said.sequence)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Release {
    reason: String,
    #[serde(default = "set_aside")]
    backlog: Backlog,
}

fn set_aside() -> Backlog {
    Backlog::SetAside
}

/// `POST /v1/principals/{principal}/release`
pub(crate) async fn release(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let principal = request.param("principal").to_owned();
    let Release { reason, backlog } = request.json()?;
    check_text("reason", &reason)?;
    let writing = facade.writing(&request).await?;
    let said = match writing.earlier().await? {
        Some(said) => said,
        None => {
            let standing = facade.deployment.committer().standing().get();
            if standing.of(&principal, facade.now()).is_none() {
                let text = format!("`{principal}` is not contained");
                return Err(Problem::new(Kind::Conflict, text));
            }
            let by = SOURCE.to_owned();
            // So that it is released once.
            writing.say_alone(PrincipalReleased { principal, by, reason, backlog }).await?
        }
    };
    answer(&said.message.principal, said.id, said.sequence)
}

fn answer(principal: &str, id: MessageId, sequence: Sequence) -> Result<Response, Problem> {
    let body = json!({ "principal": principal, "id": id, "sequence": sequence });
    reply::json(StatusCode::CREATED, &body)
}
