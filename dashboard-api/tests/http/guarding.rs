//! Principals and AUDIT over HTTP: a person contains and releases, and finds it written down.

use crate::site::{Site, sample};
use serde_json::{Value, json};

const DEVICE: &str = "/v1/principals/device%2Fdemo%2FVEH001";

async fn links(site: &Site, query: &str) -> Vec<Value> {
    let list = site.get(&format!("/v1/audit{query}")).await.expect(200);
    assert_eq!(list["next_cursor"], "");
    list["items"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_contained_is_refused_until_a_person_releases_it() {
    let site = Site::open().await;
    site.send("VEH001", sample(0, &[])).await.expect(202);
    let contain = json!({ "level": "refused", "reason": "it lies" }).to_string();
    site.post(&format!("{DEVICE}/contain"), &contain).await.expect(201);
    let refused = site.send("VEH001", sample(1, &[])).await;
    let problem = refused.problem(403, "forbidden");
    assert!(problem["detail"].as_str().unwrap().contains("contained"), "{problem}");
    site.send("VEH002", sample(1, &[])).await.expect(202);

    let list = site.get("/v1/principals").await.expect(200);
    let names: Vec<&str> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["principal"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["device/demo/VEH001", "facade", "picky", "witness"]);
    let shown = site.get(DEVICE).await.expect(200);
    assert_eq!((&shown["level"], &shown["reason"]), (&json!("refused"), &json!("it lies")));
    assert_eq!(site.get("/v1/principals/witness").await.expect(200)["level"], Value::Null);

    let release = json!({ "reason": "it was mended" }).to_string();
    site.post(&format!("{DEVICE}/release"), &release).await.expect(201);
    site.post(&format!("{DEVICE}/release"), &release).await.problem(409, "conflict");
    site.send("VEH001", sample(2, &[])).await.expect(202);

    let decided: Vec<Value> = links(&site, "?principal=facade").await;
    let actions: Vec<&str> = decided.iter().map(|it| it["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["contain", "release"]);
    let denied = links(&site, "?action=publish").await;
    assert_eq!(denied[0]["principal"], "device/demo/VEH001");
    assert_eq!(
        (&denied[0]["outcome"], &denied[0]["details"]["reason"]),
        (&json!("denied"), &json!("contained"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_containment_that_cannot_be_is_refused_with_the_reason() {
    let site = Site::open().await;
    let body = |until: Option<&str>| {
        json!({ "level": "paused", "reason": "a test", "until": until }).to_string()
    };
    site.post("/v1/principals/guard/contain", body(None)).await.problem(422, "unprocessable");
    let past = body(Some("2026-03-02T05:59:59Z"));
    site.post("/v1/principals/picky/contain", past).await.problem(422, "unprocessable");
    site.post("/v1/principals/nobody/contain", body(None)).await.problem(404, "not-found");
    site.get("/v1/principals/nobody").await.problem(404, "not-found");
    let level = json!({ "level": "frozen", "reason": "a test" }).to_string();
    site.post("/v1/principals/picky/contain", level).await.problem(400, "malformed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_write_is_in_audit() {
    let site = Site::open().await;
    let asset = json!({ "asset": "VEH001", "fleet": "demo", "profile": "vehicle" }).to_string();
    let said = site.post("/v1/assets", asset).await.expect(201);
    let written = links(&site, "?action=write").await;
    assert_eq!(written.len(), 1);
    assert_eq!(written[0]["object"], "asset.registered");
    assert_eq!(written[0]["details"]["id"], said["id"]);
}
