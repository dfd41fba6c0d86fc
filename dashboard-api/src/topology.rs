//! Topology: who declared to say what to whom, and how often it really was said and heard.

use crate::facade::Facade;
use crate::problem::Problem;
use crate::reply::{self, Response};
use crate::request::Request;
use crate::views::past::Seen;
use messages::{Class, Sequence, Stream};
use runtime::board::HostStatus;
use runtime::store::HostId;
use runtime::wiring::Contract;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use warp::http::StatusCode;

/// A host as listed.
type Host = (HostId, HostStatus);

/// `GET /v1/topology`
pub(crate) async fn show(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let view = facade.view(&request).await?;
    let contracts: Vec<&Contract> = facade.deployment.catalog().contracts().collect();
    let hosts = facade.deployment.board().list();
    let mut nodes: Vec<Value> = contracts.iter().map(|it| node(it, &hosts)).collect();
    let known: BTreeSet<&str> = contracts.iter().map(|it| it.kind.as_str()).collect();
    let outside: BTreeSet<&str> = sources(&view).filter(|it| !known.contains(it)).collect();
    nodes.extend(outside.iter().map(|it| json!({ "id": it, "type": "outside" })));
    let mut edges = Vec::new();
    for hearer in &contracts {
        for (name, class) in &hearer.hears {
            edges.extend(edges_to(hearer, name, *class, &contracts, &view, &hosts));
        }
    }
    let body = json!({
        "as_of": view.versions.as_of(&[crate::views::Topic::Traffic]),
        "counted_others": view.traffic.others,
        "nodes": nodes,
        "edges": edges,
    });
    reply::json(StatusCode::OK, &body)
}

fn sources(view: &Seen) -> impl Iterator<Item = &str> {
    view.traffic.by_pair.keys().map(|(source, _)| source.as_str())
}

fn node(contract: &Contract, hosts: &[Host]) -> Value {
    let own: Vec<&HostStatus> =
        hosts.iter().filter(|(id, _)| id.kind == contract.kind).map(|(_, it)| it).collect();
    json!({
        "id": contract.kind,
        "type": "agent",
        "stream": contract.stream,
        "hosts": own.len(),
        "states": own.iter().map(|it| it.state).collect::<Vec<_>>(),
        "lag": own.iter().map(|it| it.lag).sum::<u64>(),
        "handled": own.iter().map(|it| it.observation.handled).sum::<u64>(),
        "in_flight": own.iter().map(|it| it.observation.in_flight).sum::<u64>(),
        "dead_lettered": own.iter().map(|it| it.observation.dead_lettered).sum::<u64>(),
        "restarts": own.iter().map(|it| it.restarts).sum::<u64>(),
    })
}

/// The edges on which `hearer` hears `name`: from everyone who declared to say it, and from whoever did.
fn edges_to(
    hearer: &Contract,
    name: &str,
    class: Class,
    contracts: &[&Contract],
    view: &Seen,
    hosts: &[Host],
) -> Vec<Value> {
    let declared = contracts.iter().filter(|it| it.publishes.contains_key(name));
    let mut declared_by_source: BTreeMap<&str, bool> =
        declared.map(|it| (it.kind.as_str(), true)).collect();
    let real = view.traffic.by_pair.keys().filter(|(_, said)| said == name);
    for (source, _) in real {
        declared_by_source.entry(source).or_insert(false);
    }
    let on_log = class.stream() == Stream::Log;
    let at = reached(hearer, hosts);
    let edge = |(source, declared): (&str, bool)| {
        let said = view.traffic.by_pair.get(&(source.to_owned(), name.to_owned()));
        // Registry and control records reach other streams as copies, at positions of their own.
        let own_stream = hearer.stream == Stream::Log;
        json!({
            "from": source,
            "to": hearer.kind,
            "message": name,
            "class": class,
            "stream": class.stream(),
            "declared": declared,
            "said": on_log.then(|| said.map_or(0, |said| said.count)),
            "last_said_at": said.map(|said| said.last_at),
            "all_delivered": (on_log && own_stream).then(|| said.is_none_or(|it| it.last <= at)),
        })
    };
    declared_by_source.into_iter().map(edge).collect()
}

/// How far `hearer` has read the LOG.
fn reached(hearer: &Contract, hosts: &[Host]) -> Sequence {
    let own = hosts.iter().filter(|(id, _)| id.kind == hearer.kind);
    own.map(|(_, status)| status.head.saturating_sub(status.lag)).min().unwrap_or(0)
}
