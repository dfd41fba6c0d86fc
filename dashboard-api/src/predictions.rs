//! Predictions: what is going to fail, as last said.

use crate::facade::Facade;
use crate::problem::Problem;
use crate::reply::{self, Page, Response};
use crate::request::{Request, malformed};
use crate::views::Topic;
use crate::views::predictions::{About, Prediction};
use serde_json::{Value, json};
use std::ops::Bound;
use warp::http::StatusCode;

/// Between asset and component in a cursor; no token holds it.
const SEPARATOR: char = '/';

/// `GET /v1/predictions`
pub(crate) async fn list(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let limit = request.limit()?;
    let cleared = request.flag("cleared")?;
    let query = |name| request.query(name);
    let (fleet, asset, component) = (query("fleet"), query("asset"), query("component"));
    let after = request.query("cursor").map(parse_cursor).transpose()?;
    let view = facade.view(&request).await?;
    let mut wanted = view
        .predictions
        .by_about
        .range((after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded))
        .filter(|(_, it)| cleared || it.cleared.is_none())
        .filter(|(about, it)| {
            fleet.is_none_or(|fleet| it.fleet == fleet)
                && asset.is_none_or(|asset| about.0 == asset)
                && component.is_none_or(|component| about.1 == component)
        })
        .peekable();
    let page: Vec<(&About, &Prediction)> = wanted.by_ref().take(limit).collect();
    let next_cursor = match (wanted.peek(), page.last()) {
        (Some(_), Some(((asset, component), _))) => format!("{asset}{SEPARATOR}{component}"),
        _ => String::new(),
    };
    let items = page.into_iter().map(|(about, it)| shown(about, it)).collect();
    let as_of = view.versions.as_of(&[Topic::Predictions]);
    let omitted = Some(view.predictions.omitted);
    reply::json(StatusCode::OK, &Page::<Value> { as_of, omitted, items, next_cursor })
}

fn parse_cursor(text: &str) -> Result<About, Problem> {
    let parts = text.split_once(SEPARATOR);
    let about = parts.map(|(asset, component)| (asset.to_owned(), component.to_owned()));
    about.ok_or_else(|| malformed(format!("`{text}` is not a cursor of this list")))
}

pub(crate) fn shown((asset, component): &About, it: &Prediction) -> Value {
    json!({
        "id": it.id,
        "sequence": it.sequence,
        "fleet": it.fleet,
        "asset": asset,
        "component": component,
        "failure_mode": it.failure_mode,
        "severity": it.severity,
        "probability": it.probability,
        "remaining_useful_life": it.remaining_useful_life,
        "advice": it.advice,
        "horizon_hours": it.horizon_hours,
        "model": it.model,
        "window_end": it.window_end,
        "predicted_at": it.predicted_at,
        "provenance": it.provenance,
        "cleared_at": it.cleared.map(|(at, _)| at),
        "cleared_because": it.cleared.map(|(_, reason)| reason),
    })
}
