//! Conditional requests: who has the answer already is told so, and nobody is told so wrongly.

use crate::client::{Ask, Reply};
use crate::site::Site;

/// Lists that depend on the log alone.
const LISTS: [&str; 8] = [
    "/v1/assets",
    "/v1/owners",
    "/v1/centres",
    "/v1/cases",
    "/v1/bookings",
    "/v1/predictions",
    "/v1/feedback",
    "/v1/quarantine",
];

async fn again(site: &Site, target: &str, tag: &str) -> Reply {
    site.ask(Ask::get(target).header("if-none-match", tag)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unchanged_answer_is_304_without_a_body_and_a_changed_one_is_told_in_full() {
    let site = Site::empty().await;
    for target in LISTS.into_iter().chain(["/v1/dead", "/v1/agents", "/openapi.json"]) {
        let first = site.get(target).await;
        let tag = first.headers["etag"].clone();
        assert_eq!(first.headers["cache-control"], "private, no-cache", "{target}");
        let second = again(&site, target, &tag).await;
        assert_eq!((second.status, second.body.len()), (304, 0), "{target}");
        assert_eq!(second.headers["etag"], tag, "{target}");
    }
    let tag = site.get("/v1/assets").await.headers["etag"].clone();
    site.register("VEH001").await;
    let changed = again(&site, "/v1/assets", &tag).await;
    assert_eq!(changed.expect(200)["items"].as_array().unwrap().len(), 1);
    assert_ne!(changed.headers["etag"], tag);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_did_not_change_keeps_its_tag_whatever_else_happens() {
    let site = Site::empty().await;
    site.register("VEH001").await;
    let mut tags = Vec::new();
    for target in ["/v1/owners", "/v1/cases", "/v1/predictions"] {
        tags.push((target, site.get(target).await.headers["etag"].clone()));
    }
    site.register("VEH002").await;
    for (target, tag) in tags {
        assert_eq!(again(&site, target, &tag).await.status, 304, "{target}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_does_not_take_the_tags_of_the_first_for_its_own() {
    let (one, other) = (Site::empty().await, Site::empty().await);
    one.register("VEH001").await;
    let changed = |options| dashboard_api::FacadeOptions {
        random: dashboard_api::Random::new(|bytes| bytes.fill(7)),
        ..options
    };
    drop(other);
    let other = Site::with(runtime::Catalog::default(), changed).await;
    other.register("VEH002").await;
    let tag = one.get("/v1/assets").await.headers["etag"].clone();
    assert_eq!(again(&other, "/v1/assets", &tag).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_list_says_as_of_when_it_holds_and_ends_with_an_empty_cursor() {
    let site = Site::empty().await;
    site.register("VEH001").await;
    for target in LISTS.into_iter().chain(["/v1/dead", "/v1/agents"]) {
        let reply = site.get(target).await;
        assert_eq!(reply.expect(200)["next_cursor"], "", "{target}");
        assert!(reply.text().ends_with(r#""next_cursor":""}"#), "{target}: {}", reply.text());
    }
    let assets = site.get("/v1/assets").await.expect(200);
    assert_eq!(assets["as_of"], assets["items"][0]["registered_at"]);
    assert_eq!(assets["items"][0]["provenance"], "measured");
}
