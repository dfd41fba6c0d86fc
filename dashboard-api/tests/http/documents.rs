//! The documents say what the routes do: names of fields, answers, references.

use crate::client::Ask;
use crate::site::Site;
use dashboard_api::openapi_document;
use dashboard_api::routes::{Body, ROUTES};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Names of the fields of a route's body, as the document has them.
fn documented(route: &dashboard_api::routes::Route) -> BTreeSet<String> {
    let mut named = Map::new();
    let schema = route.takes.schema(true, &mut named);
    let name = schema["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
    named[name]["properties"].as_object().unwrap().keys().cloned().collect()
}

/// Names that a refusal of an unknown field offers instead.
fn expected(detail: &str) -> BTreeSet<String> {
    let names = detail.split("expected").nth(1).unwrap_or_default();
    names.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fields_of_every_body_are_those_that_are_read() {
    let site = Site::empty().await;
    let mut compared = 0;
    for route in ROUTES.iter().filter(|route| route.body == Body::Json) {
        let path = route.path.split('/').map(|part| match part.starts_with('{') {
            true => "00000000-0000-4000-8000-000000000000",
            false => part,
        });
        let path = path.collect::<Vec<_>>().join("/");
        let reply = site.ask(Ask::post(path, r#"{"surprise":1}"#)).await;
        let problem = reply.problem(400, "malformed");
        let detail = problem["detail"].as_str().unwrap();
        if !detail.contains("unknown field") {
            continue;
        }
        assert_eq!(documented(route), expected(detail), "{route:?}: {detail}");
        compared += 1;
    }
    assert!(compared > 10, "{compared} bodies were compared");
}

/// Every `$ref` within `value`.
fn references<'v>(value: &'v Value, found: &mut BTreeSet<&'v str>) {
    match value {
        Value::Object(map) => {
            found.extend(map.get("$ref").and_then(Value::as_str));
            map.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_route_has_an_operation_of_its_own() {
    let document = openapi_document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some_and(|it| !it.is_null()), "{reference}");
    }
    let mut ids = BTreeSet::new();
    for route in ROUTES {
        let operation = &document["paths"][route.path][route.method.to_ascii_lowercase()];
        assert!(operation["responses"][route.done.to_string()].is_object(), "{route:?}");
        assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{route:?}");
        let names = operation["parameters"].as_array().into_iter().flatten();
        let asked: Vec<&str> = names
            .filter(|parameter| parameter["in"] == "query")
            .map(|parameter| parameter["name"].as_str().unwrap())
            .collect();
        assert_eq!(asked, route.query, "{route:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_served_is_what_is_made() {
    let site = Site::open().await;
    assert_eq!(site.get("/openapi.json").await.expect(200), openapi_document());
    let served = site.get("/asyncapi.json").await.expect(200);
    assert_eq!(served, dashboard_api::asyncapi_document(site.deployment.catalog()));
    assert_eq!(served["operations"]["picky.hears.telemetry.received"]["action"], "receive");
    assert_eq!(served["operations"]["picky.says.telemetry.quarantined"]["action"], "send");
}
