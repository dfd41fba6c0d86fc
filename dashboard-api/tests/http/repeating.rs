//! Writes under an `Idempotency-Key`: sent again they are answered again, and done once.

use crate::capas;
use crate::client::{Ask, Reply};
use crate::site::Site;
use crate::story::{OWNER, Story};
use dashboard_api::routes::{Body, ROUTES};
use messages::Stream;
use runtime::store::{Partition, Store};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Writes that need no key (devices number their samples, ids of redeliveries are derived, a file is made once), and
/// those that are repeated where there is somebody to judge by models.
const WITHOUT_KEY: [&str; 4] = [
    "/v1/fleets/{fleet}/assets/{asset}/telemetry",
    "/v1/backup",
    "/v1/models",
    "/v1/models/rollback",
];

async fn send(site: &Site, path: &str, key: &str, body: &Value) -> Reply {
    site.ask(Ask::post(path, body.to_string()).header("idempotency-key", key)).await
}

/// One sound request for every write that takes a key.
fn writes(story: &Story) -> Vec<(&'static str, String, Value)> {
    let asset = json!({ "asset": "VEH009", "fleet": "demo", "profile": "vehicle" });
    let owner = json!({ "owner": "owner-9", "name": "N", "zone": "UTC", "language": "en", "consent": ["app"] });
    let centre = json!({
        "centre": "pune", "network": "demo", "name": "Pune", "zone": "Asia/Kolkata", "bays": 4,
        "technicians": [{ "id": "pune-1", "skills": ["brake"] }], "emergency_slots_per_day": 1,
        "hours": [{ "weekday": 1, "opens_minute": 540, "closes_minute": 1140 }], "holidays": [],
    });
    let past = "2026-03-01T06:00:00Z";
    let booking = |verb: &str| format!("{}/{verb}", story.booking_path());
    let mut writes = vec![
        ("/v1/assets", "/v1/assets".into(), asset),
        (
            "/v1/assets/{asset}/maintenance",
            "/v1/assets/VEH009/maintenance".into(),
            json!({ "component": "brake", "performed_at": past }),
        ),
        (
            "/v1/failures",
            "/v1/failures".into(),
            json!({ "asset": "VEH009", "component": "brake", "failed_at": past }),
        ),
        (
            "/v1/assets/{asset}/retire",
            "/v1/assets/VEH009/retire".into(),
            json!({ "reason": "sold" }),
        ),
        ("/v1/owners", "/v1/owners".into(), owner),
        (
            "/v1/owners/{owner}/consent",
            "/v1/owners/owner-9/consent".into(),
            json!({ "revoked": ["app"], "reason": "asked" }),
        ),
        (
            "/v1/replies",
            "/v1/replies".into(),
            json!({ "owner": OWNER, "channel": "app", "text": "yes" }),
        ),
        ("/v1/centres", "/v1/centres".into(), centre),
        (
            "/v1/centres/{centre}/parts",
            "/v1/centres/pune/parts".into(),
            json!({ "part": "brake", "quantity": 4 }),
        ),
        (
            "/v1/cases/{id}/decision",
            format!("{}/decision", story.path()),
            json!({ "decision": "cancel", "reason": "sold" }),
        ),
        (
            "/v1/bookings/{id}/move",
            booking("move"),
            json!({ "offer": story.offer, "reason": "later" }),
        ),
        ("/v1/bookings/{id}/cancel", booking("cancel"), json!({ "reason": "sold" })),
        (
            "/v1/bookings/{id}/finding",
            booking("finding"),
            json!({ "component": "brake", "repaired": true }),
        ),
        ("/v1/bookings/{id}/no-show", booking("no-show"), json!({ "by": "pune" })),
    ];
    writes.extend(containments());
    writes.push(("/v1/capas/{id}/sign", capas::path("/sign"), capas::containment()));
    writes
}

fn containments() -> [(&'static str, String, Value); 2] {
    let path = |verb: &str| format!("/v1/principals/device%2Fdemo%2FVEH009/{verb}");
    [
        (
            "/v1/principals/{principal}/contain",
            path("contain"),
            json!({ "level": "refused", "reason": "it lies" }),
        ),
        (
            "/v1/principals/{principal}/release",
            path("release"),
            json!({ "reason": "it was mended", "backlog": "heard" }),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_write_is_done_once_under_one_key_and_answered_alike() {
    let site = Site::empty().await;
    let story = Story::open(&site).await;
    story.book(&site).await;
    let mut told = BTreeSet::from(WITHOUT_KEY);
    // A workshop reports once, so the absence is that of another booking.
    let other = Story { booking: messages::BookingId::of(story.opened.id, "1"), ..story };
    other.book(&site).await;
    capas::open(&site).await;
    for (route, path, body) in writes(&story) {
        let path = match route {
            "/v1/bookings/{id}/no-show" => format!("{}/no-show", other.booking_path()),
            _ => path,
        };
        let first = send(&site, &path, "key-1", &body).await;
        assert!(matches!(first.status, 201 | 202), "{route} {}", first.text());
        let head = site.store.head(Partition::LOG);
        let again = send(&site, &path, "key-1", &body).await;
        assert_eq!((again.status, again.json()), (first.status, first.json()), "{route}");
        assert_eq!(site.store.head(Partition::LOG), head, "{route} was done twice");
        told.insert(route);
    }
    let writes = ROUTES.iter().filter(|route| matches!(route.body, Body::Json | Body::Telemetry));
    let missing: Vec<_> = writes.filter(|route| !told.contains(route.path)).collect();
    assert!(missing.is_empty(), "no repetition is tested of {missing:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_stands_for_one_body_and_one_path() {
    let site = Site::empty().await;
    let story = Story::open(&site).await;
    let reply = |text: &str| json!({ "owner": OWNER, "channel": "app", "text": text });
    let first = send(&site, "/v1/replies", "key-1", &reply("yes")).await.expect(201);
    let other = send(&site, "/v1/replies", "key-1", &reply("no")).await;
    assert!(
        other.problem(422, "unprocessable")["detail"].as_str().unwrap().contains("another body")
    );
    let second = send(&site, "/v1/replies", "key-2", &reply("yes")).await.expect(201);
    assert_ne!(first["id"], second["id"]);
    let decide = format!("{}/decision", story.path());
    let cancel = json!({ "decision": "cancel", "reason": "sold" });
    send(&site, &decide, "key-1", &cancel).await.expect(201);
    for wrong in ["", "two words", &"x".repeat(129), "ä"] {
        send(&site, "/v1/replies", wrong, &reply("yes")).await.problem(400, "malformed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_under_one_key_one_is_done() {
    let site = Site::empty().await;
    Story::open(&site).await;
    let before = site.store.head(Partition::LOG);
    let body = json!({ "owner": OWNER, "channel": "app", "text": "yes" });
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let ask = Ask::post("/v1/replies", body.to_string()).header("idempotency-key", "key-1");
        let address = site.address;
        asking.spawn(async move { ask.send(address).await });
    }
    let replies = asking.join_all().await;
    let ids: BTreeSet<String> =
        replies.iter().map(|reply| reply.expect(201)["id"].to_string()).collect();
    assert_eq!((ids.len(), site.store.head(Partition::LOG)), (1, before + 1));
    assert_eq!(Partition::LOG.stream, Stream::Log);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_on_the_same_log_knows_the_key() {
    let site = Site::empty().await;
    Story::open(&site).await;
    let body = json!({ "owner": OWNER, "channel": "app", "text": "yes" });
    let first = send(&site, "/v1/replies", "key-1", &body).await.expect(201);
    let options = crate::site::options(&site.clock);
    let facade = dashboard_api::Facade::new(site.deployment.clone(), options);
    let bound = facade.bind(crate::site::any_port()).await.unwrap();
    let address = bound.address();
    let mut serving = tokio::task::JoinSet::new();
    serving.spawn(bound.serve(std::future::pending()));
    let ask = Ask::post("/v1/replies", body.to_string()).header("idempotency-key", "key-1");
    assert_eq!(ask.send(address).await.expect(201), first);
    serving.abort_all();
}
