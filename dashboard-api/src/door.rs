//! Brings one request to its handler: who it is for, where it goes, its body, and only then what it says.

use crate::accept;
use crate::condition::{self, Tag};
use crate::facade::Facade;
use crate::guard::Guard;
use crate::problem::{Kind, Problem};
use crate::reply::{self, Response};
use crate::request::{Request, malformed, parse_query, traceparent};
use crate::routes::{self, Body, Route};
use bytes::{Buf, Bytes, BytesMut};
use messages::telemetry::BODY_BYTES_MAX;
use std::convert::Infallible;
use std::fmt::Write;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use warp::http::{HeaderMap, Method, StatusCode};
use warp::path::FullPath;
use warp::{Filter, Stream};

/// Bytes of a body beyond the limit that are still read, so that its sender lives to see the answer.
const DISCARD_BYTES_MAX: usize = 1024 * 1024;
/// Route of requests that have none, in figures.
const NO_ROUTE: &str = "none";

/// The door of one bound address.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) facade: Arc<Facade>,
    pub(crate) guard: Arc<Guard>,
}

/// What warp is asked to serve to `peer`: everything, taken apart no further than into its parts.
///
/// Routing is ours: warp's rejections would turn bad JSON into 404 or 405.
pub(crate) fn filter(
    door: Door,
    peer: SocketAddr,
) -> impl Filter<Extract = (warp::reply::Response,), Error = warp::Rejection>
+ Clone
+ Send
+ Sync
+ 'static {
    let query = warp::query::raw().or(warp::any().map(String::new)).unify();
    warp::method()
        .and(warp::path::full())
        .and(query)
        .and(warp::header::headers_cloned())
        .and(warp::body::stream())
        .and_then(move |method, path: FullPath, query, headers, body| {
            let door = door.clone();
            async move {
                let head = Head { method, path: path.as_str().to_owned(), query, headers, peer };
                Ok::<_, Infallible>(door.answer(head, body).await)
            }
        })
}

/// A request without its body.
struct Head {
    method: Method,
    path: String,
    query: String,
    headers: HeaderMap,
    peer: SocketAddr,
}

impl Door {
    async fn answer<S, B>(&self, head: Head, body: S) -> warp::reply::Response
    where
        S: Stream<Item = Result<B, warp::Error>> + Send,
        B: Buf,
    {
        let stopwatch = stopwatch();
        let metrics = &self.facade.metrics;
        let method = known_method(&head.method);
        let trace = traceparent(&head.headers);
        let mut path = NO_ROUTE;
        let answer = self.handle(head, body, &mut path).await;
        let response = answer.unwrap_or_else(|problem| {
            problem.into_response(
                &trace.map_or_else(|| self.new_trace_id(), |trace| trace[3..35].to_owned()),
            )
        });
        metrics.answered(method, path, response.status(), stopwatch.elapsed());
        reply::complete(response)
    }

    async fn handle<S, B>(
        &self,
        head: Head,
        body: S,
        pattern: &mut &'static str,
    ) -> Result<Response, Problem>
    where
        S: Stream<Item = Result<B, warp::Error>> + Send,
        B: Buf,
    {
        self.guard.check(&head.headers)?;
        let (route, params) = routes::find(&head.method, &head.path)?;
        *pattern = route.path;
        let query = parse_query(&head.query, route.query)?;
        let Head { path, headers, peer, .. } = head;
        accept::check(&headers, route.produces)?;
        let mut request = Request { path, params, query, headers, body: Bytes::new(), peer };
        check_media_type(route, &request)?;
        if route.body != Body::None {
            let timeout = self.facade.options.timeouts.body;
            request.body = read(&request.headers, body, timeout).await?;
        }
        match route.body {
            Body::Empty if !request.body.is_empty() => {
                check_object(&request.body)?;
                let Nothing {} = request.json()?;
            }
            Body::Json => check_object(&request.body)?,
            _ => {}
        }
        self.perform(route, request).await
    }

    /// Has the route answer, unless the client has the answer already.
    async fn perform(&self, route: &Route, request: Request) -> Result<Response, Problem> {
        if route.tag == Tag::None {
            return (route.handler)(&self.facade, request).await;
        }
        // Told before the answer is made: what changes meanwhile gives another tag the next time.
        let tag = self.facade.tag(route.tag, &request).await?;
        if let Some(tag) = tag.as_deref().filter(|tag| condition::has(&request.headers, tag)) {
            return Ok(condition::not_modified(tag));
        }
        let headers = request.headers.clone();
        let Some(tag) = tag else {
            let response = (route.handler)(&self.facade, request).await?;
            return Ok(condition::conditional(&headers, None, response));
        };
        let question = format!("{}?{:?}", request.path, request.query);
        if let Some(body) = self.facade.kept.get(&question, &tag) {
            let response = reply::typed(StatusCode::OK, route.produces, body);
            return Ok(condition::conditional(&headers, Some(tag), response));
        }
        let response = (route.handler)(&self.facade, request).await?;
        if let (StatusCode::OK, Some(body)) = (response.status(), response.body().whole()) {
            self.facade.kept.put(question, tag.clone(), body.clone());
        }
        Ok(condition::conditional(&headers, Some(tag), response))
    }

    fn new_trace_id(&self) -> String {
        let bytes = self.facade.options.random.bytes::<16>();
        bytes.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").expect("writing to a string cannot fail");
            text
        })
    }
}

#[expect(clippy::disallowed_methods, reason = "a stopwatch at the edge: it decides nothing")]
fn stopwatch() -> Instant {
    Instant::now()
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// The method, if it is one of those that figures name.
fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        _ => "other",
    }
}

fn check_media_type(route: &Route, request: &Request) -> Result<(), Problem> {
    let found = request.media_type();
    let (known, expected): (&[&str], _) = match route.body {
        Body::None | Body::Empty => return Ok(()),
        Body::Json => (&["application/json"], "`application/json`"),
        Body::Telemetry => {
            if found.is_none() {
                return Ok(());
            }
            (
                &[
                    "application/json",
                    "application/cloudevents+json",
                    "application/vnd.aurorasync.postcard",
                ],
                "`application/json`, `application/cloudevents+json` or `application/vnd.aurorasync.postcard`",
            )
        }
    };
    match found {
        Some(found) if known.contains(&found.as_str()) => Ok(()),
        Some(found) => Err(Problem::new(
            Kind::MediaType,
            format!("body is `{found}`; send the header `Content-Type` with {expected}"),
        )),
        None => Err(Problem::new(
            Kind::MediaType,
            format!("header `Content-Type` is missing; send it with {expected}"),
        )),
    }
}

/// Whether `body` begins like an object: fields must be named, not counted off in a list.
fn check_object(body: &[u8]) -> Result<(), Problem> {
    match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => Ok(()),
        _ => Err(malformed("body: expected a JSON object, which begins with `{`")),
    }
}

/// The whole body, if it is short enough and comes in time.
async fn read<S, B>(headers: &HeaderMap, body: S, timeout: Duration) -> Result<Bytes, Problem>
where
    S: Stream<Item = Result<B, warp::Error>> + Send,
    B: Buf,
{
    let announced =
        headers.get("content-length").and_then(|value| value.to_str().ok()?.parse().ok());
    let limit = format!("at most {BODY_BYTES_MAX} bytes are taken; send less at once");
    if announced.is_some_and(|bytes: usize| bytes > BODY_BYTES_MAX + DISCARD_BYTES_MAX) {
        return Err(Problem::new(Kind::TooLarge, limit));
    }
    match tokio::time::timeout(timeout, collect(pin!(body))).await {
        Ok(Ok(Some(bytes))) => Ok(bytes),
        Ok(Ok(None)) => Err(Problem::new(Kind::TooLarge, limit)),
        Ok(Err(error)) => Err(malformed(format!("body cannot be read: {error}"))),
        Err(_) => {
            Err(Problem::new(Kind::Timeout, format!("the body took longer than {timeout:?}")))
        }
    }
}

/// The whole body, or `None` when it is too long.
async fn collect<S, B>(mut body: Pin<&mut S>) -> Result<Option<Bytes>, warp::Error>
where
    S: Stream<Item = Result<B, warp::Error>> + Send,
    B: Buf,
{
    let mut bytes = BytesMut::new();
    let mut length = 0;
    while let Some(chunk) = poll_fn(|context| body.as_mut().poll_next(context)).await {
        let mut chunk = chunk?;
        length += chunk.remaining();
        if length > BODY_BYTES_MAX + DISCARD_BYTES_MAX {
            return Ok(None);
        }
        if length <= BODY_BYTES_MAX {
            while chunk.has_remaining() {
                let part = chunk.chunk();
                bytes.extend_from_slice(part);
                let taken = part.len();
                chunk.advance(taken);
            }
        }
    }
    Ok((length <= BODY_BYTES_MAX).then(|| bytes.freeze()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facade::tests::{quiet, request};
    use std::collections::BTreeSet;
    use std::net::Ipv4Addr;
    use warp::http::header::{ETAG, IF_NONE_MATCH};

    const TARGET: &str = "/v1/quarantine";

    async fn ask(door: &Door, known: Option<&Response>) -> Response {
        let (route, _) = routes::find(&Method::GET, TARGET).unwrap();
        let mut request = request(TARGET);
        if let Some(known) = known {
            request.headers.insert(IF_NONE_MATCH, known.headers()[ETAG].clone());
        }
        door.perform(route, request).await.unwrap()
    }

    #[tokio::test]
    async fn what_a_spoilt_view_answered_is_not_said_again_once_it_is_built_anew() {
        let folder = tempfile::tempdir().unwrap();
        let facade = quiet(folder.path()).await;
        let guard = Guard::new((Ipv4Addr::LOCALHOST, 1).into(), &BTreeSet::new());
        let door = Door { facade: facade.clone(), guard: Arc::new(guard) };
        facade.views.log().await.unwrap().quarantine.omitted = 7;
        let wrong = ask(&door, None).await;
        assert_eq!(ask(&door, Some(&wrong)).await.status(), StatusCode::NOT_MODIFIED);
        assert!(!facade.views.rebuild().await.unwrap().equal);
        let mended = ask(&door, Some(&wrong)).await;
        assert_eq!(mended.status(), StatusCode::OK, "the wrong answer is said to hold");
        assert_ne!(mended.body().whole(), wrong.body().whole());
        assert!(facade.views.rebuild().await.unwrap().equal);
        assert_eq!(ask(&door, Some(&mended)).await.status(), StatusCode::NOT_MODIFIED);
    }
}
