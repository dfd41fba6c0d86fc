//! `/v1/insights`: what each population looks like at its newest review, and the patterns that were found.

use crate::facade::Facade;
use crate::problem::Problem;
use crate::reply::{self, Response};
use crate::request::Request;
use messages::Sequence;
use messages::pattern::{PatternFound, PopulationReviewed};
use runtime::store::Partition;
use serde_json::{Value, json};
use warp::http::StatusCode;

/// `GET /v1/insights`
pub(crate) async fn list(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let wanted = request.query("population");
    let is_wanted = |population: &str| wanted.is_none_or(|wanted| wanted == population);
    let view = facade.views.log().await?;
    let reviewed = view.insights.reviewed.iter().filter(|(population, _)| is_wanted(population));
    let reviewed: Vec<Sequence> = reviewed.map(|(_, sequence)| *sequence).collect();
    let patterns = view.insights.patterns.iter().rev();
    let patterns = patterns.filter(|(_, population)| is_wanted(population));
    let patterns: Vec<Sequence> = patterns.map(|(sequence, _)| *sequence).collect();
    drop(view);
    let mut items = Vec::new();
    for sequence in reviewed {
        items.extend(told::<PopulationReviewed>(facade, sequence).await?);
    }
    let mut found = Vec::new();
    for sequence in patterns {
        found.extend(told::<PatternFound>(facade, sequence).await?);
    }
    let body = json!({ "items": items, "patterns": found, "next_cursor": "" });
    reply::json(StatusCode::OK, &body)
}

/// A message of the LOG with its place; nothing when it was forgotten meanwhile.
async fn told<M: messages::Message>(
    facade: &Facade,
    sequence: Sequence,
) -> Result<Option<Value>, Problem> {
    let record = facade.record(Partition::LOG, sequence).await?;
    let message = record.as_ref().and_then(|it| it.envelope.open::<M>().ok());
    let (Some(record), Some(message)) = (record, message) else { return Ok(None) };
    let mut value = json!(message);
    value["at"] = json!(record.envelope.time);
    value["sequence"] = json!(sequence);
    value["provenance"] = json!(record.envelope.provenance);
    Ok(Some(value))
}
