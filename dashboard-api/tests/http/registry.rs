//! Assets over HTTP: what is registered is listed at once, what cannot be is refused with a remedy.

use crate::site::Site;
use messages::Message;
use messages::registry::{AssetRegistered, MaintenanceRecorded};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_asset_is_listed_at_once_and_the_newest_registration_holds() {
    let site = Site::open().await;
    let body = r#"{"asset":"VEH001","fleet":"demo","profile":"vehicle","model":"hatchback"}"#;
    let made = site.post("/v1/assets", body).await.expect(201);
    assert_eq!(made["asset"], "VEH001");
    let body = r#"{"asset":"VEH001","fleet":"demo","profile":"vehicle","model":"estate"}"#;
    let anew = site.post("/v1/assets", body).await.expect(201);
    assert!(anew["sequence"].as_u64() > made["sequence"].as_u64());
    let list = site.get("/v1/assets").await.expect(200);
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(list["items"][0]["model"], "estate");
    assert_eq!(list["items"][0]["sequence"], anew["sequence"]);
    assert_eq!(list["next_cursor"], "");
    let events = site.events("log", AssetRegistered::NAME).await;
    assert_eq!(events.len(), 2);
    assert_eq!(events[1]["data"]["model"], "estate");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_profile_is_answered_with_the_nearest() {
    let site = Site::empty().await;
    let body = r#"{"asset":"VEH001","fleet":"demo","profile":"vehicel"}"#;
    let problem = site.post("/v1/assets", body).await.problem(422, "unprocessable");
    assert_eq!(problem["detail"], "profile `vehicel` is unknown; did you mean `vehicle`?");
    let list = site.get("/v1/assets").await.expect(200);
    assert_eq!(list["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retired_asset_is_hidden_until_asked_for_and_can_come_back() {
    let site = Site::empty().await;
    site.register("VEH001").await;
    site.post("/v1/assets/VEH001/retire", r#"{"reason":"sold"}"#).await.expect(201);
    assert_eq!(site.get("/v1/assets").await.expect(200)["items"], json!([]));
    let all = site.get("/v1/assets?retired=true").await.expect(200);
    assert_eq!(all["items"][0]["retired_because"], "sold");
    assert_eq!(all["items"][0]["retired_at"], "2026-03-02T06:00:00Z");
    let again = site.post("/v1/assets/VEH001/retire", r#"{"reason":"sold"}"#).await;
    again.problem(409, "conflict");
    let work = r#"{"component":"brake","performed_at":"2026-03-01T06:00:00Z"}"#;
    site.post("/v1/assets/VEH001/maintenance", work).await.problem(409, "conflict");
    site.register("VEH001").await;
    let back = site.get("/v1/assets").await.expect(200);
    assert_eq!(back["items"][0]["retired_at"], json!(null));
}

#[tokio::test(flavor = "multi_thread")]
async fn maintenance_is_recorded_for_a_known_component_and_never_for_tomorrow() {
    let site = Site::empty().await;
    let done = r#"{"component":"brake","performed_at":"2026-03-01T06:00:00Z"}"#;
    site.post("/v1/assets/VEH001/maintenance", done).await.problem(404, "not-found");
    site.register("VEH001").await;
    site.post("/v1/assets/VEH001/maintenance", done).await.expect(201);
    let tomorrow = r#"{"component":"brake","performed_at":"2026-03-03T06:00:00Z"}"#;
    site.post("/v1/assets/VEH001/maintenance", tomorrow).await.problem(422, "unprocessable");
    let slip = r#"{"component":"brakes","performed_at":"2026-03-01T06:00:00Z"}"#;
    let slip = site.post("/v1/assets/VEH001/maintenance", slip).await;
    let problem = slip.problem(422, "unprocessable");
    let detail =
        "`component` is `brakes`, which profile `vehicle` does not have; did you mean `brake`?";
    assert_eq!(problem["detail"], detail);
    let events = site.events("log", MaintenanceRecorded::NAME).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["data"]["component"], "brake");
    assert_eq!(events[0]["source"], "facade");
}

#[tokio::test(flavor = "multi_thread")]
async fn assets_are_listed_page_by_page_without_a_gap() {
    let site = Site::empty().await;
    for number in 0..7 {
        site.register(&format!("VEH{number:03}")).await;
    }
    let mut seen = Vec::new();
    let mut cursor = String::new();
    let mut pages = 0;
    loop {
        let target = format!("/v1/assets?limit=3&cursor={cursor}");
        let page = site.get(&target).await.expect(200);
        let names = page["items"].as_array().unwrap().iter();
        seen.extend(names.map(|it| it["asset"].as_str().unwrap().to_owned()));
        cursor = page["next_cursor"].as_str().unwrap().to_owned();
        pages += 1;
        if cursor.is_empty() {
            break;
        }
    }
    let expected: Vec<String> = (0..7).map(|number| format!("VEH{number:03}")).collect();
    assert_eq!((seen, pages), (expected, 3));
    let other = site.get("/v1/assets?fleet=other").await.expect(200);
    assert_eq!(other["items"], json!([]));
    site.get("/v1/assets?limit=0").await.problem(400, "malformed");
}
