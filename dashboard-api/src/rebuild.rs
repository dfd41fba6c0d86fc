//! Builds the read model anew from the log, in place of the one there is.

use crate::facade::Facade;
use crate::problem::Problem;
use crate::reply::{self, Response};
use crate::request::Request;
use serde_json::json;
use warp::http::StatusCode;

/// `POST /v1/rebuild`: requests wait meanwhile.
pub(crate) async fn rebuild(facade: &Facade, _request: Request) -> Result<Response, Problem> {
    let rebuilt = facade.views.rebuild().await?;
    let body = json!({ "records": rebuilt.records, "equal": rebuilt.equal });
    reply::json(StatusCode::OK, &body)
}
