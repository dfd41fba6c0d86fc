//! Agents: who runs, how each fares, what each declared and what each remembers.

use crate::facade::Facade;
use crate::problem::{Kind, Problem};
use crate::reply::{self, List, Response};
use crate::request::Request;
use runtime::board::HostStatus;
use runtime::catalog::Entry;
use runtime::store::HostId;
use serde_json::{Value, json};
use warp::http::StatusCode;

/// `GET /v1/agents`
pub(crate) async fn list(facade: &Facade, _request: Request) -> Result<Response, Problem> {
    let hosts = facade.deployment.board().list();
    let items: Vec<Value> = hosts.iter().map(|(id, status)| host(id, status)).collect();
    reply::json(StatusCode::OK, &List { items, next_cursor: String::new() })
}

fn host(id: &HostId, status: &HostStatus) -> Value {
    json!({
        "kind": id.kind,
        "partition": id.partition,
        "reads": status.partition,
        "state": status.state,
        "head": status.head,
        "lag": status.lag,
        "heartbeat_at": status.heartbeat_at,
        "progress_at": status.progress_at,
        "restarts": status.restarts,
        "last_failure": status.last_failure,
        "counters": status.observation,
    })
}

/// `GET /v1/agents/{kind}`
pub(crate) async fn show(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let kind = request.param("kind");
    let entry = find(facade, kind)?;
    let board = facade.deployment.board().list();
    let mut hosts = Vec::new();
    let mut config = None;
    for (id, status) in board.into_iter().filter(|(id, _)| id.kind == kind) {
        let mut shown = host(&id, &status);
        let name = facade.blocking(move |store| store.host(&id)).await??.progress.config;
        shown["config"] = name.clone().into();
        hosts.push(shown);
        config = config.or(name);
    }
    let values = match config.clone() {
        Some(name) => in_force(facade, name).await?,
        None => entry.defaults.clone(),
    };
    let body = json!({
        "kind": kind,
        "contract": entry.contract,
        "config": values,
        "config_name": config,
        "defaults": entry.defaults,
        "hosts": hosts,
    });
    reply::json(StatusCode::OK, &body)
}

/// The stored configuration called `name`.
async fn in_force(facade: &Facade, name: String) -> Result<Value, Problem> {
    let missing = format!("configuration `{name}` is not in the store");
    let blob = facade.blocking(move |store| store.blob(&name)).await??;
    let bytes = blob.ok_or_else(|| Problem::new(Kind::Failed, missing))?;
    serde_json::from_slice(&bytes).map_err(|error| {
        Problem::new(Kind::Failed, format!("configuration cannot be read: {error}"))
    })
}

/// `GET /v1/agents/{kind}/state/{key}`
pub(crate) async fn state(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let (kind, key) = (request.param("kind"), request.param("key"));
    find(facade, kind)?;
    match facade.deployment.inspect(kind, key).await {
        Ok(Some(state)) => {
            reply::json(StatusCode::OK, &json!({ "kind": kind, "key": key, "state": state }))
        }
        Ok(None) => {
            Err(Problem::new(Kind::NotFound, format!("`{kind}` remembers nothing of `{key}`")))
        }
        Err(reason) => Err(Problem::new(Kind::NotReady, reason)),
    }
}

fn find<'f>(facade: &'f Facade, kind: &str) -> Result<&'f Entry, Problem> {
    let catalog = facade.deployment.catalog();
    catalog.get(kind).ok_or_else(|| {
        let known: Vec<&str> = catalog.iter().map(|(kind, _)| kind).collect();
        Problem::new(
            Kind::NotFound,
            format!("no agent is named `{kind}`; there are {}", known.join(", ")),
        )
    })
}
