//! One thing that can be asked, and how a request finds it.

use super::ROUTES;
use crate::condition::Tag;
use crate::facade::Facade;
use crate::problem::{Kind, Problem};
use crate::reply::Response;
use crate::request::{Request, malformed, percent_decode};
use crate::shape::Shape;
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use warp::http::Method;

/// Stands for "what the request asks for".
pub(crate) const ANY_TYPE: &str = "*/*";

/// One thing that can be asked.
#[derive(Clone, Copy)]
pub struct Route {
    /// `GET` or `POST`; whatever is got can also be asked for with `HEAD`.
    pub method: &'static str,
    /// Path; `{name}` stands for one segment.
    pub path: &'static str,
    /// Query parameters; others are refused.
    pub query: &'static [&'static str],
    /// What the body is.
    pub body: Body,
    /// What it does, for people.
    pub summary: &'static str,
    /// Status of an answer that says that it was done.
    pub done: u16,
    /// What it answers with.
    pub produces: &'static str,
    /// What a JSON body holds; what it does not hold is refused.
    pub takes: Shape,
    /// What a JSON answer holds, at least.
    pub gives: Shape,
    pub(crate) tag: Tag,
    pub(crate) handler: Handler,
}

/// What a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// There is none; one that is sent is not read.
    None,
    /// Nothing, or an object without fields.
    Empty,
    /// JSON.
    Json,
    /// Telemetry in one of its three forms.
    Telemetry,
}

pub(crate) type Handler = for<'a> fn(&'a Facade, Request) -> Answering<'a>;
pub(crate) type Answering<'a> =
    Pin<Box<dyn Future<Output = Result<Response, Problem>> + Send + 'a>>;

pub(super) const fn get(path: &'static str, summary: &'static str, handler: Handler) -> Route {
    Route {
        method: "GET",
        path,
        query: &[],
        body: Body::None,
        summary,
        done: 200,
        produces: "application/json",
        takes: Shape::Any,
        gives: Shape::Any,
        tag: Tag::Body,
        handler,
    }
}

pub(super) const fn post(path: &'static str, summary: &'static str, handler: Handler) -> Route {
    Route {
        method: "POST",
        path,
        query: &[],
        body: Body::Empty,
        summary,
        done: 201,
        produces: "application/json",
        takes: Shape::Any,
        gives: Shape::Any,
        tag: Tag::None,
        handler,
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// The route of a request and what its path names; the path is judged before the method.
pub(crate) fn find(
    method: &Method,
    path: &str,
) -> Result<(&'static Route, BTreeMap<&'static str, String>), Problem> {
    let asked = if method == Method::HEAD { "GET" } else { method.as_str() };
    let mut allowed = Vec::new();
    for route in ROUTES {
        let Some(params) = matches(route.path, path)? else { continue };
        if route.method == asked {
            return Ok((route, params));
        }
        allowed.push(route.method);
        if route.method == "GET" {
            allowed.push("HEAD");
        }
    }
    if allowed.is_empty() {
        return Err(Problem::new(Kind::NotFound, format!("there is nothing at `{path}`")));
    }
    let allowed = allowed.join(", ");
    Err(Problem::new(
        Kind::MethodNotAllowed,
        format!("`{method}` is not taken here; use {allowed}"),
    )
    .allow(&allowed))
}

/// What `path` names where `pattern` has `{…}`, or `None` when it does not fit.
fn matches(
    pattern: &'static str,
    path: &str,
) -> Result<Option<BTreeMap<&'static str, String>>, Problem> {
    let (wanted, found) = (pattern.split('/'), path.split('/'));
    if wanted.clone().count() != found.clone().count() {
        return Ok(None);
    }
    let mut raw = Vec::new();
    for (wanted, found) in wanted.zip(found) {
        match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(_) if found.is_empty() => return Ok(None),
            Some(name) => raw.push((name, found)),
            None if wanted == found => {}
            None => return Ok(None),
        }
    }
    let decode = |(name, found): (&'static str, &str)| {
        let text = percent_decode(found).ok_or_else(|| {
            malformed(format!("`{found}` in the path is not percent-encoded UTF-8"))
        })?;
        Ok((name, text))
    };
    raw.into_iter().map(decode).collect::<Result<_, Problem>>().map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(method: &Method, path: &str) -> Result<(&'static str, Vec<String>), Kind> {
        find(method, path)
            .map(|(route, params)| (route.path, params.into_values().collect()))
            .map_err(|problem| problem.kind)
    }

    #[test]
    fn a_segment_is_decoded_after_the_path_was_split() {
        let path = "/v1/fleets/a%2Fb/assets/moto%207/telemetry";
        let expected =
            ("/v1/fleets/{fleet}/assets/{asset}/telemetry", vec!["moto 7".into(), "a/b".into()]);
        assert_eq!(found(&Method::POST, path), Ok(expected));
        let broken = "/v1/fleets/%zz/assets/a/telemetry";
        assert_eq!(found(&Method::POST, broken), Err(Kind::Malformed));
    }

    #[test]
    fn a_wrong_method_is_told_from_a_wrong_path() {
        assert_eq!(found(&Method::DELETE, "/v1/assets"), Err(Kind::MethodNotAllowed));
        assert_eq!(found(&Method::HEAD, "/livez"), Ok(("/livez", vec![])));
        for path in ["", "*", "/v1/assets/", "/v1/dead//replay", "/V1/assets", "/v1//assets"] {
            assert_eq!(found(&Method::GET, path), Err(Kind::NotFound), "{path}");
        }
    }

    #[test]
    fn no_two_routes_answer_the_same_request() {
        for (index, route) in ROUTES.iter().enumerate() {
            let (first, _) =
                find(&Method::from_bytes(route.method.as_bytes()).unwrap(), route.path)
                    .unwrap_or_else(|problem| panic!("{route:?}: {}", problem.detail));
            assert!(
                std::ptr::eq(first, &raw const ROUTES[index]),
                "{route:?} is hidden by {first:?}"
            );
        }
    }
}
