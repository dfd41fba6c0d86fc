//! `/v1/capas`: corrective actions, their 8D reports, and signatures.

mod figures;
mod html;
mod markdown;
mod report;

use crate::facade::Facade;
use crate::feed::position;
use crate::problem::{Kind, Problem};
use crate::reply::{self, Response};
use crate::request::{Request, check_text, malformed};
use crate::views::LogView;
use crate::views::insights::Capa;
use messages::CapaId;
use messages::capa::{CapaSigned, CapaState, Statement};
use report::Report;
use runtime::store::Partition;
use serde::Deserialize;
use serde_json::{Value, json};
use warp::http::StatusCode;

fn id_of(request: &Request) -> Result<CapaId, Problem> {
    request.parsed("id", "the id of a CAPA; list them with `aurorasync capa ls`")
}

fn find(view: &LogView, id: CapaId) -> Result<&Capa, Problem> {
    view.insights.capas.get(id).ok_or_else(|| {
        let text = format!("CAPA `{id}` is unknown; list them with `aurorasync capa ls --closed`");
        Problem::new(Kind::NotFound, text)
    })
}

/// `GET /v1/capas`
pub(crate) async fn list(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let limit = request.limit()?;
    let closed = request.flag("closed")?;
    let state = request.query("state").map(state_named).transpose()?;
    let component = request.query("component");
    let after = request.log_cursor()?;
    let view = facade.views.log().await?;
    let wanted = |capa: &Capa| {
        (closed || state.is_some() || capa.state != CapaState::Closed)
            && state.is_none_or(|state| capa.state == state)
            && component.is_none_or(|component| capa.component == component)
    };
    let (page, more) = view.insights.capas.page(after, limit, &wanted);
    let next_cursor = match page.last() {
        Some((sequence, ..)) if more => position(Partition::LOG, *sequence),
        _ => String::new(),
    };
    let items: Vec<Value> = page.iter().map(|(_, id, capa)| shown(*id, capa)).collect();
    let omitted = view.insights.capas.omitted;
    let body = json!({ "items": items, "next_cursor": next_cursor, "omitted": omitted });
    reply::json(StatusCode::OK, &body)
}

fn state_named(name: &str) -> Result<CapaState, Problem> {
    CapaState::ALL.into_iter().find(|state| state.name() == name).ok_or_else(|| {
        let known: Vec<&str> = CapaState::ALL.iter().map(|state| state.name()).collect();
        malformed(format!("state `{name}` is unknown; there are {}", known.join(", ")))
    })
}

fn shown(id: CapaId, capa: &Capa) -> Value {
    json!({
        "capa": id,
        "population": capa.population,
        "component": capa.component,
        "group": capa.group,
        "state": capa.state.name(),
        "safety": capa.safety,
        "failures": capa.failures,
        "p_value": capa.p_value,
        "opened_at": capa.opened_at,
        "updated_at": capa.updated_at,
        "contain_by": capa.contain_by,
        "reason": capa.reason,
        "provenance": capa.provenance,
    })
}

/// `GET /v1/capas/{id}`
pub(crate) async fn show(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let report = report(facade, id_of(&request)?).await?;
    reply::json(StatusCode::OK, &report)
}

/// `GET /v1/capas/{id}/export`
pub(crate) async fn export(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let report = report(facade, id_of(&request)?).await?;
    match request.query("format").unwrap_or("html") {
        "json" => reply::json(StatusCode::OK, &report),
        "md" => {
            let text = markdown::write(&report);
            Ok(reply::typed(StatusCode::OK, "text/markdown; charset=utf-8", text))
        }
        "html" => {
            let text = html::write(&report);
            Ok(reply::typed(StatusCode::OK, "text/html; charset=utf-8", text))
        }
        other => {
            Err(malformed(format!("format `{other}` is unknown; there are html, md and json")))
        }
    }
}

async fn report(facade: &Facade, id: CapaId) -> Result<Report, Problem> {
    let view = facade.views.log().await?;
    let capa = find(&view, id)?;
    let (opened, omitted) = (capa.opened, capa.omitted);
    let sequences: Vec<_> = capa.records.iter().copied().collect();
    drop(view);
    let gone = || Problem::new(Kind::Gone, format!("what opened CAPA `{id}` is not kept any more"));
    let record = facade.record(Partition::LOG, opened).await?.ok_or_else(gone)?;
    let mut report = Report::opened(opened, &record.envelope, omitted).ok_or_else(gone)?;
    for sequence in sequences {
        if let Some(record) = facade.record(Partition::LOG, sequence).await? {
            report.hear(sequence, &record.envelope);
        }
    }
    Ok(report)
}

/// What a person signs.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Signed {
    by: String,
    statement: Statement,
}

/// `POST /v1/capas/{id}/sign`
pub(crate) async fn sign(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let signed: Signed = request.json()?;
    let id = id_of(&request)?;
    check_text("by", &signed.by)?;
    let refuse = |refusal| Problem::new(Kind::Unprocessable, format!("{refusal}"));
    signed.statement.check().map_err(refuse)?;
    let writing = facade.writing(&request).await?;
    let said = match writing.earlier().await? {
        Some(said) => said,
        None => {
            let capa = find(&writing.view, id)?;
            if capa.state == CapaState::Closed {
                let text = format!("CAPA `{id}` is closed; nothing is left to sign");
                return Err(Problem::new(Kind::Conflict, text));
            }
            let population = capa.population.clone();
            let message =
                CapaSigned { capa: id, population, by: signed.by, statement: signed.statement };
            writing.say_alone(message).await?
        }
    };
    let CapaSigned { capa, by, statement, .. } = said.message;
    let body = json!({
        "capa": capa,
        "gate": statement.gate(),
        "by": by,
        "id": said.id,
        "sequence": said.sequence,
    });
    reply::json(StatusCode::CREATED, &body)
}
