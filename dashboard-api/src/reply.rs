//! What goes right, as a client sees it.

use crate::problem::{Kind, Problem};
use bytes::Bytes;
use messages::Timestamp;
use serde::Serialize;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll};
use warp::Stream;
use warp::http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use warp::http::{HeaderValue, StatusCode};

/// An answer.
pub(crate) type Response = warp::http::Response<Body>;

/// What an answer says.
pub(crate) enum Body {
    /// All that there is to say.
    Whole(Bytes),
    /// What comes as it comes.
    Live(Live),
}

impl Body {
    /// All of it, where that can be had.
    pub(crate) fn whole(&self) -> Option<&Bytes> {
        match self {
            Body::Whole(bytes) => Some(bytes),
            Body::Live(_) => None,
        }
    }
}

/// What comes next, and from what state it goes on.
type Coming = Pin<Box<dyn Future<Output = Option<(Bytes, Next)>> + Send>>;

/// Makes what comes next.
struct Next(Box<dyn FnOnce() -> Coming + Send>);

/// A body without a foreseeable end. It is asked for more only when the client has taken what came before.
pub(crate) struct Live {
    /// Never locked: a body must be shareable by type, and a future is not.
    coming: Mutex<Option<Coming>>,
}

impl Live {
    /// What `next` gives, again and again, until it gives nothing.
    pub(crate) fn of<S, F>(state: S, next: fn(S) -> F) -> Self
    where
        S: Send + 'static,
        F: Future<Output = Option<(Bytes, S)>> + Send + 'static,
    {
        Self { coming: Mutex::new(Some(coming(state, next))) }
    }
}

fn coming<S, F>(state: S, next: fn(S) -> F) -> Coming
where
    S: Send + 'static,
    F: Future<Output = Option<(Bytes, S)>> + Send + 'static,
{
    Box::pin(async move {
        let (bytes, state) = next(state).await?;
        Some((bytes, Next(Box::new(move || coming(state, next)))))
    })
}

impl Stream for Live {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let coming = self.coming.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        let Some(future) = coming else { return Poll::Ready(None) };
        match future.as_mut().poll(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(None) => {
                *coming = None;
                Poll::Ready(None)
            }
            Poll::Ready(Some((bytes, next))) => {
                *coming = Some((next.0)());
                Poll::Ready(Some(Ok(bytes)))
            }
        }
    }
}

/// A page of a list. `next_cursor` is empty at the end.
#[derive(Serialize)]
pub(crate) struct List<T> {
    pub(crate) items: Vec<T>,
    pub(crate) next_cursor: String,
}

/// A page of a list that the log adds up to.
#[derive(Serialize)]
pub(crate) struct Page<T> {
    /// When what is listed changed last; absent when nothing ever did.
    pub(crate) as_of: Option<Timestamp>,
    /// Items that are no longer listed because there are too many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) omitted: Option<u64>,
    pub(crate) items: Vec<T>,
    /// Empty at the end.
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
    let mut response = Response::new(Body::Whole(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// What comes, as it comes.
pub(crate) fn live(content_type: &'static str, live: Live) -> Response {
    let mut response = Response::new(Body::Live(live));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// What every answer says, good or bad: it is of this moment unless it says otherwise, and it is what it says it is.
pub(crate) fn complete(response: Response) -> warp::reply::Response {
    let (mut parts, body) = response.into_parts();
    let headers = &mut parts.headers;
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let body = match body {
        Body::Whole(bytes) => bytes.into(),
        Body::Live(live) => {
            warp::reply::Reply::into_response(warp::reply::stream(live)).into_body()
        }
    };
    warp::http::Response::from_parts(parts, body)
}
