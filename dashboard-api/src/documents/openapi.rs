//! OpenAPI 3.1, made from the list of routes and their shapes.

use super::VERSION;
use crate::changes::KINDS_MAX;
use crate::condition::Tag;
use crate::problem::Kind;
use crate::request::{LIMIT_DEFAULT, LIMIT_MAX};
use crate::routes::{ANY_TYPE, Body, ROUTES, Route};
use crate::shape::Shape;
use crate::shapes::PROBLEM;
use serde_json::{Map, Value, json};

/// The document.
pub(super) fn document() -> Value {
    let mut named = Map::new();
    let mut paths: Map<String, Value> = Map::new();
    for route in ROUTES {
        let operation = operation(route, &mut named);
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method.to_ascii_lowercase()] = operation;
    }
    let problem = PROBLEM.schema(false, &mut named);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "AuroraSync",
            "version": VERSION,
            "description": "Reads of what the log adds up to, and ways to say something. Within v1 no field is removed or retyped; fields are added.",
            "license": { "name": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "http://127.0.0.1:7380", "description": "this machine only" }],
        "paths": paths,
        "components": {
            "schemas": named,
            "responses": { "Problem": {
                "description": "why it was not done (RFC 9457)",
                "content": { "application/problem+json": { "schema": problem } },
            } },
        },
    })
}

fn operation(route: &Route, named: &mut Map<String, Value>) -> Value {
    let mut parameters: Vec<Value> = path_parameters(route).collect();
    parameters.extend(route.query.iter().map(|name| query_parameter(route, name)));
    parameters.extend(header_parameters(route));
    let mut operation = json!({
        "operationId": operation_id(route),
        "summary": route.summary,
        "tags": [tag(route.path)],
        "responses": responses(route, named),
    });
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if let Some(body) = body(route, named) {
        operation["requestBody"] = body;
    }
    operation
}

/// `get_v1_cases_id`.
fn operation_id(route: &Route) -> String {
    let words = route.path.split(['/', '.', '-']).filter(|word| !word.is_empty());
    let words = words.map(|word| word.trim_matches(['{', '}']));
    let method = route.method.to_ascii_lowercase();
    std::iter::once(method.as_str()).chain(words).collect::<Vec<_>>().join("_")
}

/// What a path is about: its first word.
fn tag(path: &str) -> &str {
    let mut words = path.split('/').filter(|word| !word.is_empty() && *word != "v1");
    words.next().unwrap_or("page")
}

fn path_parameters(route: &Route) -> impl Iterator<Item = Value> {
    let names = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    names.map(|name| {
        let schema = match name {
            "id" => json!({ "type": "string", "format": "uuid" }),
            "sequence" => json!({ "type": "integer", "minimum": 1 }),
            _ => json!({ "type": "string", "minLength": 1, "maxLength": 64 }),
        };
        json!({ "name": name, "in": "path", "required": true, "schema": schema })
    })
}

fn query_parameter(route: &Route, name: &str) -> Value {
    let text = json!({ "type": "string" });
    let wait = json!({ "type": "string", "pattern": "^([0-9]|[12][0-9]|30)s$|^[0-9]{1,4}ms$" });
    let (schema, description) = match name {
        "limit" => (
            json!({ "type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT }),
            "most items of one page",
        ),
        "cursor" => (text, "`next_cursor` of the page before"),
        "at" => (
            json!({ "type": "string", "format": "date-time" }),
            "answers as things stood then: the log is read again up to this moment",
        ),
        "from" | "to" => (
            json!({ "type": "string", "format": "date-time" }),
            "the span; without it the last hour",
        ),
        "max_points" => (
            json!({ "type": "integer", "minimum": 1, "maximum": crate::history::POINTS_MAX }),
            "most points of a channel; neighbours are added up, smallest and largest are kept",
        ),
        "after" => {
            (text, "only what comes behind this position, like `log/0:12`; `end` for what is new")
        }
        "wait" => (wait, "how long to wait for something to happen, like `20s`"),
        "kinds" => (text, "names of kinds or of messages, separated by commas"),
        "case" => (json!({ "type": "string", "format": "uuid" }), "only of this case"),
        "retired" => (flag(), "the retired ones too"),
        "closed" | "ended" => (flag(), "those that are over too"),
        "cleared" => (flag(), "the cleared ones too"),
        "released" => (flag(), "the released ones too"),
        "verbose" => (flag(), "every check"),
        "stream" => (
            json!({ "type": "string", "enum": ["telemetry", "health", "log", "dead"], "default": "log" }),
            "which stream",
        ),
        _ => (known_texts(route, name).unwrap_or(text), "only of this one"),
    };
    let mut parameter =
        json!({ "name": name, "in": "query", "schema": schema, "description": description });
    if name == "kinds" {
        parameter["description"] = format!("{description}; at most {KINDS_MAX}").into();
    }
    parameter
}

fn flag() -> Value {
    json!({ "type": "boolean" })
}

/// The texts that a parameter can be, where they are few.
fn known_texts(route: &Route, name: &str) -> Option<Value> {
    let texts = match (route.path, name) {
        ("/v1/cases", "state") => crate::cases::state_names(),
        ("/v1/bookings", "state") => crate::bookings::state_names(),
        ("/v1/capas/{id}/export", "format") => vec!["html", "md", "json"],
        (_, "channel") => messages::consent::Channel::ALL.iter().map(|it| it.name()).collect(),
        (_, "outcome") => vec!["true_positive", "false_positive", "false_negative", "censored"],
        _ => return None,
    };
    Some(json!({ "type": "string", "enum": texts }))
}

fn header_parameters(route: &Route) -> Vec<Value> {
    let text = json!({ "type": "string" });
    let header = |name: &str, description: &str| json!({ "name": name, "in": "header", "schema": text, "description": description });
    let mut headers = Vec::new();
    if route.tag != Tag::None {
        headers.push(header("If-None-Match", "`ETag` of the answer that is there already"));
    }
    if route.produces == "text/event-stream" {
        headers.push(header("Last-Event-ID", "position of the last event that was received"));
    }
    if is_said(route) {
        let mut key = header("Idempotency-Key", "sent again under it, it is done once");
        key["schema"] =
            json!({ "type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$" });
        headers.push(key);
    }
    headers
}

/// Whether it puts something on the log that people say.
fn is_said(route: &Route) -> bool {
    route.body == Body::Json && route.path != "/v1/backup"
}

fn body(route: &Route, named: &mut Map<String, Value>) -> Option<Value> {
    let (required, content) = match route.body {
        Body::None => return None,
        Body::Empty => {
            let empty = json!({ "type": "object", "additionalProperties": false });
            (false, json!({ "application/json": { "schema": empty } }))
        }
        Body::Json => {
            let schema = route.takes.schema(true, named);
            (true, json!({ "application/json": { "schema": schema } }))
        }
        Body::Telemetry => (true, telemetry()),
    };
    Some(json!({ "required": required, "content": content }))
}

/// Telemetry in its three forms; `docs/guide` has examples of each.
fn telemetry() -> Value {
    let sample = json!({
        "type": "object",
        "required": ["t"],
        "properties": {
            "t": { "type": "string", "format": "date-time" },
            "seq": { "type": "integer", "minimum": 0 },
            "s": { "type": "object", "additionalProperties": { "type": ["number", "null"] }, "maxProperties": 64 },
            "u": { "type": "object", "additionalProperties": { "type": "string" } },
            "codes": { "type": "array", "maxItems": 64 },
        },
    });
    let mut frame = sample.clone();
    frame["required"] = json!([]);
    frame["properties"]["samples"] = json!({ "type": "array", "items": sample, "maxItems": 1000 });
    frame["properties"]["boot"] = json!({ "type": "integer", "minimum": 0 });
    json!({
        "application/json": { "schema": frame },
        "application/cloudevents+json": { "schema": { "type": "object" } },
        "application/vnd.aurorasync.postcard": { "schema": { "type": "string", "contentEncoding": "binary" } },
    })
}

fn responses(route: &Route, named: &mut Map<String, Value>) -> Value {
    let mut responses = Map::new();
    let mut done = json!({ "description": "done" });
    let schema = match route.produces {
        "application/json" => route.gives.schema(false, named),
        _ => json!({ "type": "string" }),
    };
    done["content"] = json!({ route.produces: { "schema": schema } });
    if route.tag != Tag::None {
        done["headers"] = json!({ "ETag": { "schema": { "type": "string" } } });
        responses.insert("304".to_owned(), json!({ "description": "the answer is there already" }));
    }
    responses.insert(route.done.to_string(), done);
    for kind in problems(route) {
        let (status, ..) = kind.describe();
        let problem = json!({ "$ref": "#/components/responses/Problem" });
        responses.insert(status.as_u16().to_string(), problem);
    }
    responses.into()
}

/// What can go wrong on a route.
fn problems(route: &Route) -> Vec<Kind> {
    let mut kinds = vec![
        Kind::Malformed,
        Kind::Forbidden,
        Kind::NotAcceptable,
        Kind::Misdirected,
        Kind::Failed,
        Kind::Overloaded,
    ];
    if route.path.contains('{') {
        kinds.push(Kind::NotFound);
    }
    if route.body != Body::None {
        kinds.extend([Kind::Timeout, Kind::TooLarge]);
    }
    if matches!(route.body, Body::Json | Body::Telemetry) {
        kinds.push(Kind::MediaType);
    }
    if route.method == "POST" {
        kinds.extend([Kind::NotFound, Kind::Conflict, Kind::Gone, Kind::Unprocessable]);
    }
    if route.body == Body::Telemetry {
        kinds.push(Kind::RateLimited);
    }
    if route.query.contains(&"at") || route.query.contains(&"from") {
        kinds.push(Kind::Unprocessable);
    }
    if route.query.contains(&"after") || route.query.contains(&"cursor") {
        kinds.push(Kind::Gone);
    }
    if route.path == "/v1/backup" {
        kinds.push(Kind::NotAvailable);
    }
    kinds
}

/// Where an answer is not what the document says of it.
///
/// # Errors
/// What is not as documented.
pub(crate) fn check_answer(
    route: &Route,
    status: u16,
    content_type: &str,
    body: &[u8],
) -> Result<(), String> {
    if status == 304 || status == 405 {
        return Ok(());
    }
    if status != route.done {
        let known = problems(route).iter().any(|kind| kind.describe().0.as_u16() == status);
        return if known {
            Ok(())
        } else {
            Err(format!("{route:?} is not said to answer {status}"))
        };
    }
    if route.produces != ANY_TYPE && !content_type.starts_with(route.produces) {
        return Err(format!("{route:?} answered with `{content_type}`"));
    }
    if route.produces != "application/json" || matches!(route.gives, Shape::Any) || body.is_empty()
    {
        return Ok(());
    }
    let value = serde_json::from_slice(body).map_err(|error| format!("{route:?}: {error}"))?;
    route.gives.check(&value, route.path)
}
