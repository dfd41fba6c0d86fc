//! What goes right, as a client sees it.

use crate::problem::{Kind, Problem};
use bytes::Bytes;
use serde::Serialize;
use warp::http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use warp::http::{HeaderValue, StatusCode};

/// A whole answer.
pub(crate) type Response = warp::http::Response<Bytes>;

/// A page of a list. `next_cursor` is empty at the end.
#[derive(Serialize)]
pub(crate) struct List<T> {
    pub(crate) items: Vec<T>,
    pub(crate) next_cursor: String,
}

/// `body` as JSON.
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Result<Response, Problem> {
    let bytes = serde_json::to_vec(body).map_err(|error| {
        Problem::new(Kind::Failed, format!("the answer cannot be written: {error}"))
    })?;
    Ok(typed(status, "application/json", bytes))
}

/// `body` as it is.
pub(crate) fn typed(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Bytes>,
) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// What every answer says, good or bad: it is of this moment, and it is what it says it is.
pub(crate) fn complete(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
