//! Every route at its edges: bad bodies, unknown fields, wrong methods, wrong hosts, foreign pages.

use crate::client::{Ask, Reply};
use crate::site::Site;
use dashboard_api::routes::{Body, ROUTES, Route};
use messages::telemetry::BODY_BYTES_MAX;

/// The route's path with something in place of each name.
fn path(route: &Route) -> String {
    let segment = |part: &str| if part.starts_with('{') { "1".to_owned() } else { part.to_owned() };
    route.path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

fn ask(route: &Route, body: &str) -> Ask {
    match route.method {
        "POST" => Ask::post(path(route), body),
        method => Ask::new(method, path(route)),
    }
}

/// Asks every route that `picked` for what `made` makes of it.
async fn every(
    site: &Site,
    picked: impl Fn(&Route) -> bool,
    made: impl Fn(&Route) -> Ask,
) -> Vec<(String, Reply)> {
    let mut replies = Vec::new();
    for route in ROUTES.iter().filter(|route| picked(route)) {
        replies.push((format!("{route:?}"), site.ask(made(route)).await));
    }
    assert!(!replies.is_empty());
    replies
}

fn has_body(route: &Route) -> bool {
    route.body != Body::None
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_method_is_405_with_what_is_allowed() {
    let site = Site::empty().await;
    for method in ["DELETE", "PUT", "OPTIONS", "BREW"] {
        for (route, reply) in every(&site, |_| true, |route| Ask::new(method, path(route))).await {
            reply.problem(405, "method-not-allowed");
            let (expected, _) = route.split_once(' ').unwrap();
            assert!(reply.headers["allow"].contains(expected), "{route}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_json_and_unknown_fields_are_400_and_never_404_or_405() {
    let site = Site::empty().await;
    for body in ["{", "[1", "nonsense", "\u{fffd}", r#"{"surprise":1}"#, "[]", "null", "\"a\""] {
        for (route, reply) in every(&site, has_body, |route| ask(route, body)).await {
            assert_eq!(reply.status, 400, "{route} {body} {}", reply.text());
            reply.problem(400, "malformed");
        }
    }
    let empty = |route: &Route| matches!(route.body, Body::Json | Body::Telemetry);
    for (_, reply) in every(&site, empty, |route| ask(route, "")).await {
        reply.problem(400, "malformed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_beyond_the_limit_is_413_however_it_is_announced() {
    let site = Site::empty().await;
    let large = "x".repeat(BODY_BYTES_MAX + 1);
    for (_, reply) in every(&site, has_body, |route| ask(route, &large)).await {
        reply.problem(413, "too-large");
    }
    let chunk = format!("{:x}\r\n{large}\r\n", large.len());
    let head = format!(
        "POST /v1/assets HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n",
        site.address
    );
    let reply =
        crate::client::say(site.address, format!("{head}{chunk}0\r\n\r\n").as_bytes()).await;
    reply.problem(413, "too-large");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_in_another_form_is_415_with_the_right_one() {
    let site = Site::empty().await;
    let typed = |route: &Route| matches!(route.body, Body::Json | Body::Telemetry);
    let made = |route: &Route| ask(route, "a=b").header("content-type", "text/plain");
    for (route, reply) in every(&site, typed, made).await {
        let problem = reply.problem(415, "media-type");
        assert!(problem["detail"].as_str().unwrap().contains("application/json"), "{route}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_in_a_form_that_is_not_taken_is_406_with_the_form_that_there_is() {
    let site = Site::empty().await;
    for wanted in ["application/xml", "*/*;q=0", "image/*"] {
        let made = |route: &Route| ask(route, "{}").header("accept", wanted);
        let one_form = |route: &Route| route.produces != "*/*";
        for (route, reply) in every(&site, one_form, made).await {
            let problem = reply.problem(406, "not-acceptable");
            assert!(problem["detail"].as_str().unwrap().contains(wanted), "{route}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_host_is_421_and_a_foreign_page_403_on_every_route() {
    let site = Site::empty().await;
    let port = site.address.port();
    for host in ["evil.test", "evil.test:80", "127.0.0.1", "localhost:1"] {
        let made = |route: &Route| ask(route, "{}").header("host", host);
        for (_, reply) in every(&site, |_| true, made).await {
            reply.problem(421, "misdirected");
        }
    }
    for origin in ["http://evil.test", "null", "https://127.0.0.1"] {
        let made = |route: &Route| ask(route, "{}").header("origin", origin);
        for (_, reply) in every(&site, |_| true, made).await {
            reply.problem(403, "forbidden");
        }
    }
    let own = Ask::get("/livez")
        .header("host", &format!("localhost:{port}"))
        .header("origin", &format!("http://127.0.0.1:{port}"));
    site.ask(own).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_query_parameter_is_400_and_an_unknown_path_404() {
    let site = Site::empty().await;
    let made = |route: &Route| {
        let target = format!("{}?surprise=1", path(route));
        if route.method == "POST" { Ask::post(target, "{}") } else { Ask::get(target) }
    };
    for (_, reply) in every(&site, |_| true, made).await {
        reply.problem(400, "malformed");
    }
    for path in ["/v1", "/v1/assets/", "/v1/nothing", "/v1/assets/a/retire/b", "/../livez"] {
        site.get(path).await.problem(404, "not-found");
    }
    site.get("/v1/agents/%zz").await.problem(400, "malformed");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_fresh_and_what_it_says_it_is() {
    let site = Site::empty().await;
    for (target, kept) in [
        ("/livez", "no-store"),
        ("/metrics", "no-store"),
        ("/v1/changes", "no-store"),
        ("/v1/assets", "private, no-cache"),
        ("/nowhere", "no-store"),
    ] {
        let reply = site.get(target).await;
        assert_eq!(reply.headers["cache-control"], kept, "{target}");
        assert_eq!(reply.headers["x-content-type-options"], "nosniff", "{target}");
    }
    let head = site.ask(Ask::new("HEAD", "/livez")).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_written_where_one_can_be_had_and_never_over_a_file() {
    let site = Site::empty().await;
    let absent = site.post("/v1/backup", r#"{"path":"/tmp/export"}"#).await;
    absent.problem(501, "not-available");
    site.post("/v1/backup", r#"{"path":"export"}"#).await.problem(400, "malformed");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("export");
    let site = Site::with(runtime::Catalog::default(), |options| {
        let backup = dashboard_api::Backup::new(|path| {
            let path = path.to_owned();
            if path.exists() {
                return Err(dashboard_api::BackupError::Exists { path });
            }
            match std::fs::write(&path, "four") {
                Ok(()) => Ok(dashboard_api::Exported { bytes: 4, records: 2, states: 1 }),
                Err(error) => {
                    Err(dashboard_api::BackupError::Failed { path, reason: error.to_string() })
                }
            }
        });
        dashboard_api::FacadeOptions { backup: Some(backup), ..options }
    })
    .await;
    let body = serde_json::json!({ "path": file }).to_string();
    let made = site.post("/v1/backup", &body).await.expect(201);
    let expected = serde_json::json!({ "file": file, "bytes": 4, "records": 2, "states": 1 });
    assert_eq!(made, expected);
    site.post("/v1/backup", &body).await.problem(409, "conflict");
    let nowhere = serde_json::json!({ "path": folder.path().join("a/b") }).to_string();
    site.post("/v1/backup", nowhere).await.problem(500, "failed");
}
