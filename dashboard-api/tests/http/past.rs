//! Answers from the past, and a read model that is what the log adds up to whenever it is built.

use crate::site::{Site, start};
use messages::Timestamp;
use serde_json::json;
use std::time::Duration;

fn later(minutes: u64) -> Timestamp {
    start().saturating_add(Duration::from_secs(60 * minutes))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_about_the_past_is_answered_as_things_stood_then() {
    let site = Site::empty().await;
    site.register("VEH001").await;
    site.clock.advance_to(later(10));
    site.register("VEH002").await;
    let retire = r#"{"reason":"sold"}"#;
    site.post("/v1/assets/VEH001/retire", retire).await.expect(201);
    let assets = |page: serde_json::Value| -> Vec<String> {
        let items = page["items"].as_array().unwrap();
        items.iter().map(|item| item["asset"].as_str().unwrap().to_owned()).collect()
    };
    let at = |at: Timestamp| format!("/v1/assets?at={at}");
    assert_eq!(assets(site.get("/v1/assets").await.expect(200)), ["VEH002"]);
    assert_eq!(assets(site.get(&at(later(5))).await.expect(200)), ["VEH001"]);
    assert_eq!(assets(site.get(&at(later(10))).await.expect(200)), ["VEH002"]);
    let before = Timestamp::from_millis(start().as_millis() - 1).unwrap();
    assert_eq!(assets(site.get(&at(before)).await.expect(200)), [""; 0]);
    let shown = site.get(&format!("/v1/assets/VEH001?at={}", later(5))).await.expect(200);
    assert_eq!(shown["retired_at"], json!(null));
    site.get(&format!("/v1/assets/VEH002?at={}", later(5))).await.problem(404, "not-found");
    site.get(&at(later(11))).await.problem(422, "unprocessable");
    site.get("/v1/assets?at=yesterday").await.problem(400, "malformed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_built_anew_is_what_was_there() {
    let site = Site::empty().await;
    for asset in ["VEH001", "VEH002", "VEH003"] {
        site.register(asset).await;
        // Asked in between, so that the view grows in steps.
        site.get("/v1/assets").await.expect(200);
    }
    let before = site.get("/v1/assets").await;
    let rebuilt = site.post("/v1/rebuild", "{}").await.expect(200);
    assert_eq!(rebuilt, json!({ "records": 3, "equal": true }));
    assert_eq!(site.get("/v1/assets").await.body, before.body);
}
