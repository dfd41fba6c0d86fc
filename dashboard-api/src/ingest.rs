//! Takes what devices send: parsed, limited, appended, and only then acknowledged.

use crate::facade::Facade;
use crate::metrics::Outcome;
use crate::problem::{Kind, Problem};
use crate::reply::{self, Response};
use crate::request::Request;
use messages::Sequence;
use messages::cloudevents::CloudEventError;
use messages::telemetry::{self, FrameError, Parsed, Refused, RefusedKind};
use runtime::committer::Entry;
use serde::Serialize;
use warp::http::StatusCode;

/// What became of a frame.
#[derive(Serialize)]
struct Taken {
    /// Samples that are durable.
    accepted: usize,
    /// Samples that were not taken, by their index in the body.
    refused: Vec<Answer>,
    /// Where the frame went.
    partition: String,
    /// Its positions there; more than one when it was too large for one record.
    sequence: Vec<Sequence>,
}

/// Why one sample was not taken.
#[derive(Serialize)]
struct Answer {
    index: usize,
    reason: RefusedKind,
    detail: String,
}

impl From<Refused> for Answer {
    fn from(refused: Refused) -> Self {
        Self { index: refused.index, reason: refused.kind, detail: refused.detail }
    }
}

/// `POST /v1/fleets/{fleet}/assets/{asset}/telemetry`
pub(crate) async fn receive(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let result = take(facade, &request).await;
    let outcome = match &result {
        Ok(_) => Outcome::Accepted,
        Err(problem) => match problem.kind {
            Kind::RateLimited => Outcome::RateLimited,
            Kind::Overloaded => Outcome::Overloaded,
            Kind::Stopped => Outcome::Stopped,
            Kind::Failed => Outcome::Failed,
            _ => Outcome::Refused,
        },
    };
    facade.metrics.ingest_request(outcome);
    reply::json(StatusCode::ACCEPTED, &result?)
}

async fn take(facade: &Facade, request: &Request) -> Result<Taken, Problem> {
    let (fleet, asset) = (request.token("fleet")?, request.token("asset")?);
    facade.admit(fleet, asset)?;
    let headers = request.headers.iter().map(|(name, value)| (name.as_ref(), value.as_bytes()));
    let parsed = telemetry::parse(fleet, asset, headers, &request.body).map_err(refuse)?;
    let Parsed { frame, refused, event_id, traceparent } = parsed;
    for sample in &refused {
        facade.metrics.sample_refused(sample.kind);
    }
    let refused: Vec<Answer> = refused.into_iter().map(Answer::from).collect();
    if frame.samples.is_empty() {
        let count = refused.len();
        return Err(Problem::new(
            Kind::NothingAccepted,
            format!("none of {count} samples can be taken; see `errors`"),
        )
        .with_errors(refused));
    }
    let accepted = frame.samples.len();
    let first = event_id.map_or_else(|| facade.new_id(), |id| frame.event_name(&id));
    let said = frame.said(first, traceparent)?;
    let entries = said.into_iter().map(Entry::from).collect();
    let receipt = facade.append_from(fleet, asset, entries).await?;
    facade.metrics.samples_accepted(accepted);
    let partition = receipt.first().map(|(partition, _)| partition.to_string()).unwrap_or_default();
    let sequence = receipt.into_iter().map(|(_, sequence)| sequence).collect();
    Ok(Taken { accepted, refused, partition, sequence })
}

fn refuse(error: FrameError) -> Problem {
    let kind = match &error {
        FrameError::TooLarge { .. } | FrameError::TooManySamples { .. } => Kind::TooLarge,
        FrameError::Identity { .. } => Kind::Forbidden,
        FrameError::Event(CloudEventError::Invalid { attribute: "datacontenttype", .. }) => {
            Kind::MediaType
        }
        _ => Kind::Malformed,
    };
    Problem::new(kind, error.to_string())
}
