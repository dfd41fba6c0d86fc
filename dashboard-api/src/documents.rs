//! What this interface is, for machines: OpenAPI 3.1 from the list of routes, AsyncAPI 3.0 from contracts and catalogue.

mod asyncapi;
mod openapi;

use crate::facade::Facade;
use crate::problem::Problem;
use crate::reply::{self, Response};
use crate::request::Request;
use crate::routes;
use runtime::Catalog;
use serde_json::Value;
use warp::http::{Method, StatusCode};

/// Version of both documents: that of the interface, which only grows.
const VERSION: &str = "1.0.0";

/// This interface as OpenAPI 3.1.
#[must_use]
pub fn openapi_document() -> Value {
    openapi::document()
}

/// The messages of this house, and which agent of `catalog` says and hears each, as AsyncAPI 3.0.
#[must_use]
pub fn asyncapi_document(catalog: &Catalog) -> Value {
    asyncapi::document(catalog)
}

/// Whether an answer is what the documents say of it: for tests, of this house and of others.
///
/// # Errors
/// What is not as documented.
pub fn check_answer(
    method: &str,
    path: &str,
    status: u16,
    content_type: &str,
    body: &[u8],
) -> Result<(), String> {
    let Ok(method) = Method::from_bytes(method.as_bytes()) else { return Ok(()) };
    match routes::find(&method, path) {
        Ok((route, _)) => openapi::check_answer(route, status, content_type, body),
        Err(_) => Ok(()),
    }
}

/// `GET /openapi.json`
pub(crate) async fn openapi(_facade: &Facade, _request: Request) -> Result<Response, Problem> {
    reply::json(StatusCode::OK, &openapi::document())
}

/// `GET /asyncapi.json`
pub(crate) async fn asyncapi(facade: &Facade, _request: Request) -> Result<Response, Problem> {
    reply::json(StatusCode::OK, &asyncapi::document(facade.deployment.catalog()))
}
