//! Bookings over HTTP: shown, moved, cancelled, and what the workshop says about them.

use crate::site::Site;
use crate::story::{ASSET, Story, say};
use messages::booking::{
    BookingCancelled, BookingRefused, CancelBooking, MoveBooking, NoShowRecorded, RefusedReason,
};
use messages::finding::{FailureRecorded, FindingRecorded};
use messages::{Message, MessageId};
use serde_json::json;

fn unknown(verb: &str) -> String {
    format!("/v1/bookings/{}/{verb}", MessageId::named("story", "unknown"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_is_listed_while_it_lives_with_the_slots_it_can_be_moved_to() {
    let site = Site::empty().await;
    let story = Story::open(&site).await;
    story.book(&site).await;
    let list = site.get("/v1/bookings?centre=pune").await.expect(200);
    let item = &list["items"][0];
    assert_eq!(item["booking"], story.booking.to_string());
    assert_eq!((&item["state"], &item["bay"]), (&json!("confirmed"), &json!(2)));
    assert_eq!(item["from"], "2026-03-02T05:00:00Z");
    let shown = site.get(&story.booking_path()).await.expect(200);
    assert_eq!((&shown["component"], &shown["owner"]), (&json!("brake"), &json!("owner-1")));
    assert_eq!(shown["offers"]["offers"][0]["offer"], story.offer.to_string());
    assert_eq!(story.shown(&site).await["booking"], story.booking.to_string());
    for (query, count) in [
        (format!("case={}", story.case), 1),
        ("asset=VEH003".to_owned(), 1),
        ("asset=VEH004".to_owned(), 0),
        ("state=held".to_owned(), 0),
        ("centre=delhi".to_owned(), 0),
    ] {
        let list = site.get(&format!("/v1/bookings?{query}")).await.expect(200);
        assert_eq!(list["items"].as_array().unwrap().len(), count, "{query}");
    }
    let cancelled = BookingCancelled {
        network: "demo".into(),
        case: story.case,
        asset: ASSET.into(),
        booking: story.booking,
        slot: crate::story::slot(),
        reason: "the bay is closed".into(),
    };
    say(&site, "scheduling", None, &cancelled).await;
    assert_eq!(site.get("/v1/bookings").await.expect(200)["items"], json!([]));
    let ended = site.get("/v1/bookings?ended=true").await.expect(200);
    assert_eq!(
        (&ended["items"][0]["state"], &ended["items"][0]["reason"]),
        (&json!("cancelled"), &json!("the bay is closed"))
    );
    let cancel = format!("{}/cancel", story.booking_path());
    site.post(&cancel, r#"{"reason":"sold"}"#).await.problem(409, "conflict");
    for wrong in ["case=x", "state=lost"] {
        site.get(&format!("/v1/bookings?{wrong}")).await.problem(400, "malformed");
    }
    site.get("/v1/bookings/x").await.problem(404, "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn people_ask_and_the_network_of_centres_decides() {
    let site = Site::empty().await;
    let story = Story::open(&site).await;
    story.book(&site).await;
    let asked = format!("{}/move", story.booking_path());
    let body = json!({ "offer": story.offer, "reason": "too early" }).to_string();
    site.post(&asked, &body).await.expect(202);
    let events = site.events("log", MoveBooking::NAME).await;
    let data = &events[0]["data"];
    assert_eq!((&data["network"], &data["asset"]), (&json!("demo"), &json!(ASSET)));
    assert_eq!(data["case"], story.case.to_string());
    assert_eq!(data["expires_at"], "2026-03-02T06:10:00Z");
    assert_eq!(events[0]["class"], "command");
    let refused = BookingRefused {
        network: "demo".into(),
        case: story.case,
        asset: ASSET.into(),
        command: MoveBooking::NAME.into(),
        reason: RefusedReason::SlotTaken,
        detail: "bay 2 was taken".into(),
    };
    say(&site, "scheduling", None, &refused).await;
    let shown = site.get(&story.booking_path()).await.expect(200);
    assert_eq!(shown["refused"]["detail"], "bay 2 was taken");
    let body =
        json!({ "offer": MessageId::named("story", "x"), "reason": "too early" }).to_string();
    let problem = site.post(&asked, &body).await.problem(422, "unprocessable");
    assert!(problem["detail"].as_str().unwrap().contains(&story.offer.to_string()), "{problem}");
    site.post(&unknown("move"), &body).await.problem(404, "not-found");

    let cancel = format!("{}/cancel", story.booking_path());
    site.post(&cancel, r#"{"reason":"sold"}"#).await.expect(202);
    assert_eq!(site.events("log", CancelBooking::NAME).await[0]["data"]["reason"], "sold");
    site.post(&cancel, r#"{"reason":" "}"#).await.problem(400, "malformed");
    site.post(&unknown("cancel"), r#"{"reason":"sold"}"#).await.problem(404, "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workshop_reports_once_and_the_rest_is_filled_in() {
    let site = Site::empty().await;
    let story = Story::open(&site).await;
    let path = format!("{}/finding", story.booking_path());
    let body = json!({ "component": "brake", "cause": "worn pads", "batch": "Q2-2025", "repaired": true, "by": "pune" });
    site.post(&path, body.to_string()).await.problem(404, "not-found");
    story.book(&site).await;
    let made = site.post(&path, body.to_string()).await.expect(201);
    assert_eq!((&made["asset"], &made["case"]), (&json!(ASSET), &json!(story.case)));
    let events = site.events("log", FindingRecorded::NAME).await;
    let data = &events[0]["data"];
    assert_eq!((&data["network"], &data["examined"]), (&json!("demo"), &json!("brake")));
    assert_eq!(
        (&data["component"], &data["found_at"]),
        (&json!("brake"), &json!("2026-03-02T06:00:00Z"))
    );
    assert_eq!(data["booking"], story.booking.to_string());
    let twice = site.post(&path, body.to_string()).await.problem(409, "conflict");
    assert!(twice["detail"].as_str().unwrap().contains("already"), "{twice}");
    let no_show = format!("{}/no-show", story.booking_path());
    site.post(&no_show, "{}").await.problem(409, "conflict");
    let why = site.get(&format!("{}/why", story.path())).await.expect(200);
    let says = &why["steps"].as_array().unwrap().last().unwrap()["says"];
    assert_eq!(says, "pune found brake faulty, cause worn pads, batch Q2-2025, repaired");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finding_says_what_was_faulty_or_that_nothing_was_and_never_leaves_it_open() {
    let site = Site::empty().await;
    let story = Story::open(&site).await;
    story.book(&site).await;
    let path = format!("{}/finding", story.booking_path());
    for wrong in [
        json!({ "repaired": true }),
        json!({ "component": "brake", "no_fault_found": true, "repaired": true }),
        json!({ "component": "brake" }),
        json!({ "component": "brake", "repaired": "yes" }),
    ] {
        site.post(&path, wrong.to_string()).await.problem(400, "malformed");
    }
    let slip = json!({ "component": "brakes", "repaired": true });
    let problem = site.post(&path, slip.to_string()).await.problem(422, "unprocessable");
    assert!(problem["detail"].as_str().unwrap().contains("did you mean `brake`?"), "{problem}");
    let tomorrow =
        json!({ "component": "brake", "repaired": true, "found_at": "2026-03-03T06:00:00Z" });
    site.post(&path, tomorrow.to_string()).await.problem(422, "unprocessable");
    site.post(&path, r#"{"no_fault_found":true,"repaired":false}"#).await.expect(201);
    let events = site.events("log", FindingRecorded::NAME).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["data"]["component"], json!(null));
    assert_eq!(
        (&events[0]["data"]["examined"], &events[0]["data"]["by"]),
        (&json!("brake"), &json!("facade"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_asset_can_only_be_missed_once_its_time_has_come() {
    let site = Site::empty().await;
    let story = Story::open(&site).await;
    let path = format!("{}/no-show", story.booking_path());
    site.post(&path, "{}").await.problem(404, "not-found");
    story.book(&site).await;
    site.post(&path, r#"{"by":""}"#).await.problem(400, "malformed");
    site.post(&path, r#"{"by":"pune"}"#).await.expect(201);
    let events = site.events("log", NoShowRecorded::NAME).await;
    assert_eq!(
        (&events[0]["data"]["by"], &events[0]["data"]["asset"]),
        (&json!("pune"), &json!(ASSET))
    );
    site.post(&path, "{}").await.problem(409, "conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_in_use_names_a_known_component_of_a_known_asset() {
    let site = Site::empty().await;
    let body = |component: &str, at: &str| {
        json!({ "asset": ASSET, "component": component, "failed_at": at }).to_string()
    };
    let failed = body("brake", "2026-03-02T05:00:00Z");
    site.post("/v1/failures", &failed).await.problem(404, "not-found");
    crate::story::register(&site).await;
    site.post("/v1/failures", &failed).await.expect(201);
    site.post("/v1/failures", body("break", "2026-03-02T05:00:00Z"))
        .await
        .problem(422, "unprocessable");
    site.post("/v1/failures", body("brake", "2026-03-03T05:00:00Z"))
        .await
        .problem(422, "unprocessable");
    let events = site.events("log", FailureRecorded::NAME).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["data"]["component"], "brake");
}
