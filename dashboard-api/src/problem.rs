//! What goes wrong, as a client sees it: problem details by RFC 9457.

use crate::reply::{Body, Response};
use bytes::Bytes;
use messages::guard::Refusal;
use runtime::bus::BusError;
use runtime::committer::CommitError;
use runtime::store::StoreError;
use serde::Serialize;
use serde_json::Value;
use warp::http::header::{ALLOW, CONTENT_TYPE, HeaderName, RETRY_AFTER};
use warp::http::{HeaderValue, StatusCode};

/// Seconds after which it is worth asking again when the queue was full.
pub(crate) const OVERLOADED_RETRY_SECONDS: u64 = 1;
/// Seconds after which it is worth asking again when the process was stopping.
pub(crate) const STOPPED_RETRY_SECONDS: u64 = 5;

/// Why a request was not done. `type` is `urn:aurorasync:problem:<name>`.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) kind: Kind,
    pub(crate) detail: String,
    errors: Vec<Value>,
    header: Option<(HeaderName, String)>,
}

/// What a client can do about it, one status each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Malformed,
    NothingAccepted,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    NotAcceptable,
    Timeout,
    Conflict,
    Gone,
    TooLarge,
    MediaType,
    Misdirected,
    Unprocessable,
    RateLimited,
    Failed,
    NotAvailable,
    Overloaded,
    Stopped,
    NotReady,
}

impl Kind {
    /// Status, name in `type`, and title.
    pub(crate) const fn describe(self) -> (StatusCode, &'static str, &'static str) {
        use StatusCode as S;
        match self {
            Kind::Malformed => (S::BAD_REQUEST, "malformed", "The request cannot be read"),
            Kind::NothingAccepted => {
                (S::BAD_REQUEST, "nothing-accepted", "No sample of the frame can be taken")
            }
            Kind::Forbidden => (S::FORBIDDEN, "forbidden", "The request is not allowed"),
            Kind::NotFound => (S::NOT_FOUND, "not-found", "There is no such thing"),
            Kind::MethodNotAllowed => {
                (S::METHOD_NOT_ALLOWED, "method-not-allowed", "This cannot be done here")
            }
            Kind::NotAcceptable => (
                S::NOT_ACCEPTABLE,
                "not-acceptable",
                "The answer would be in a form that is not taken",
            ),
            Kind::Timeout => (S::REQUEST_TIMEOUT, "timeout", "The body did not come in time"),
            Kind::Conflict => {
                (S::CONFLICT, "conflict", "Things do not stand as the request assumes")
            }
            Kind::Gone => (S::GONE, "gone", "It was there once"),
            Kind::TooLarge => (S::PAYLOAD_TOO_LARGE, "too-large", "The body is too large"),
            Kind::MediaType => (
                S::UNSUPPORTED_MEDIA_TYPE,
                "media-type",
                "The body is in a form that is not read here",
            ),
            Kind::Misdirected => {
                (S::MISDIRECTED_REQUEST, "misdirected", "The request is meant for another host")
            }
            Kind::Unprocessable => (
                S::UNPROCESSABLE_ENTITY,
                "unprocessable",
                "The request names something that cannot be",
            ),
            Kind::RateLimited => {
                (S::TOO_MANY_REQUESTS, "rate-limited", "The asset sends too often")
            }
            Kind::Failed => (S::INTERNAL_SERVER_ERROR, "failed", "The request failed here"),
            Kind::NotAvailable => {
                (S::NOT_IMPLEMENTED, "not-available", "This deployment cannot do that")
            }
            Kind::Overloaded => (S::SERVICE_UNAVAILABLE, "overloaded", "Too much waits already"),
            Kind::Stopped => (S::SERVICE_UNAVAILABLE, "stopped", "Nothing is committed any more"),
            Kind::NotReady => (S::SERVICE_UNAVAILABLE, "not-ready", "The deployment is not ready"),
        }
    }
}

impl Problem {
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        let header = match kind {
            Kind::Overloaded => Some((RETRY_AFTER, OVERLOADED_RETRY_SECONDS.to_string())),
            Kind::Stopped => Some((RETRY_AFTER, STOPPED_RETRY_SECONDS.to_string())),
            _ => None,
        };
        Self { kind, detail: detail.into(), errors: Vec::new(), header }
    }

    /// The same with one entry per part of the request that is wrong.
    pub(crate) fn with_errors(mut self, errors: impl IntoIterator<Item = impl Serialize>) -> Self {
        let values =
            errors.into_iter().map(|error| serde_json::to_value(error).unwrap_or(Value::Null));
        self.errors = values.collect();
        self
    }

    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.header = Some((RETRY_AFTER, seconds.to_string()));
        self
    }

    pub(crate) fn allow(mut self, methods: &str) -> Self {
        self.header = Some((ALLOW, methods.to_owned()));
        self
    }

    pub(crate) fn into_response(self, trace_id: &str) -> Response {
        let (status, name, title) = self.kind.describe();
        let body = serde_json::json!({
            "type": format!("urn:aurorasync:problem:{name}"),
            "title": title,
            "status": status.as_u16(),
            "detail": self.detail,
            "errors": self.errors,
            "trace_id": trace_id,
        });
        let mut response = Response::new(Body::Whole(Bytes::from(body.to_string())));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some((name, value)) = self.header
            && let Ok(value) = HeaderValue::from_str(&value)
        {
            headers.insert(name, value);
        }
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Trimmed { .. } => Problem::new(Kind::Gone, error.to_string()),
            _ => {
                tracing::error!(%error, "the store failed under a request");
                Problem::new(Kind::Failed, error.to_string())
            }
        }
    }
}

impl From<BusError> for Problem {
    fn from(error: BusError) -> Self {
        match error {
            BusError::Overloaded(detail) => Problem::new(Kind::Overloaded, detail),
            BusError::Refused(detail) => Problem::new(Kind::Unprocessable, detail),
            BusError::Denied(denied) if denied.reason == Refusal::TooFast => {
                Problem::new(Kind::RateLimited, denied.to_string()).retry_after(1)
            }
            BusError::Denied(denied) => Problem::new(Kind::Forbidden, denied.to_string()),
            BusError::Down(detail) => Problem::new(Kind::Stopped, detail),
            BusError::Unreadable(error) => error.into(),
        }
    }
}

impl From<CommitError> for Problem {
    fn from(error: CommitError) -> Self {
        BusError::from(error).into()
    }
}

impl From<messages::EncodeError> for Problem {
    fn from(error: messages::EncodeError) -> Self {
        Problem::new(Kind::TooLarge, error.to_string())
    }
}
