//! Feedback: how right predictions turned out to be.

use crate::facade::Facade;
use crate::feed::position;
use crate::problem::Problem;
use crate::reply::{self, Response};
use crate::request::{Request, malformed};
use crate::views::feedback::{Detector, Verdict};
use crate::views::{LogView, Topic};
use messages::finding::{Outcome, PredictionVerified};
use messages::{CaseId, MessageId};
use runtime::store::Partition;
use serde::Serialize;
use serde_json::{Value, json};
use warp::http::StatusCode;

/// A page of verdicts, and what all of them add up to.
#[derive(Serialize)]
struct Page {
    as_of: Option<messages::Timestamp>,
    detectors: Vec<Value>,
    omitted: u64,
    items: Vec<Value>,
    next_cursor: String,
}

/// What is asked for.
struct Wanted<'r> {
    fleet: Option<&'r str>,
    asset: Option<&'r str>,
    case: Option<CaseId>,
    detector: Option<&'r str>,
    outcome: Option<Outcome>,
}

impl Wanted<'_> {
    fn is(&self, view: &LogView, verdict: &Verdict) -> bool {
        let it = &verdict.verified;
        let fleet = view.assets.get(&it.asset).map(|asset| asset.registered.fleet.as_str());
        self.fleet.is_none_or(|wanted| fleet == Some(wanted))
            && self.asset.is_none_or(|asset| it.asset == asset)
            && self.case.is_none_or(|case| it.case == Some(case))
            && self.detector.is_none_or(|detector| it.detector == detector)
            && self.outcome.is_none_or(|outcome| it.outcome == outcome)
    }
}

/// `GET /v1/feedback`
pub(crate) async fn list(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let limit = request.limit()?;
    let after = request.log_cursor()?;
    let wanted = Wanted {
        fleet: request.query("fleet"),
        asset: request.query("asset"),
        case: request.case()?,
        detector: request.query("detector"),
        outcome: request.query("outcome").map(outcome_named).transpose()?,
    };
    let view = facade.view(&request).await?;
    let (page, more) = view.feedback.rows.page(after, limit, &|it| wanted.is(&view, it));
    let next_cursor = match page.last() {
        Some((sequence, ..)) if more => position(Partition::LOG, *sequence),
        _ => String::new(),
    };
    let body = Page {
        as_of: view.versions.as_of(&[Topic::Feedback]),
        detectors: view.feedback.by_detector.iter().map(|(id, it)| detector(id, it)).collect(),
        omitted: view.feedback.rows.omitted,
        items: page.iter().map(|(sequence, id, it)| shown(*sequence, *id, it)).collect(),
        next_cursor,
    };
    reply::json(StatusCode::OK, &body)
}

fn outcome_named(name: &str) -> Result<Outcome, Problem> {
    serde_json::from_value(name.into()).map_err(|_| {
        malformed(format!(
            "outcome `{name}` is unknown; there are true_positive, false_positive, false_negative, censored"
        ))
    })
}

fn shown(sequence: u64, id: MessageId, verdict: &Verdict) -> Value {
    let PredictionVerified {
        detector,
        asset,
        component,
        case,
        prediction,
        outcome,
        lead_hours,
        probability,
        judged_by,
    } = &verdict.verified;
    json!({
        "id": id,
        "sequence": sequence,
        "detector": detector,
        "asset": asset,
        "component": component,
        "case": case,
        "prediction": prediction,
        "outcome": outcome,
        "lead_hours": lead_hours,
        "probability": probability,
        "judged_by": judged_by,
        "verified_at": verdict.at,
        "provenance": verdict.provenance,
    })
}

fn detector(id: &str, it: &Detector) -> Value {
    let count = |outcome| it.count_by_outcome.get(&outcome).copied().unwrap_or(0);
    json!({
        "detector": id,
        "true_positives": count(Outcome::TruePositive),
        "false_positives": count(Outcome::FalsePositive),
        "false_negatives": count(Outcome::FalseNegative),
        "censored": count(Outcome::Censored),
        "demoted": it.demoted,
        "precision": it.precision,
    })
}
