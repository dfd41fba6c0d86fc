//! Owners and centres over HTTP: consent, replies, messages, parts.

use crate::site::Site;
use crate::story::{OWNER, Story, at, number, register, say};
use messages::booking::{DemandDay, DemandForecast, DemandMethod};
use messages::consent::{Channel, ConsentChanged};
use messages::contact::{CustomerReplied, REPLY_BYTES_MAX};
use messages::{Message, MessageId};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn consent_is_what_was_last_said_and_starts_with_the_registration() {
    let site = Site::empty().await;
    register(&site).await;
    let consent = || async {
        let list = site.get("/v1/owners").await.expect(200);
        assert!(list["items"][0].get("name").is_none(), "{list}");
        list["items"][0]["consent"].clone()
    };
    assert_eq!(consent().await, json!(["app"]));
    let path = format!("/v1/owners/{OWNER}/consent");
    let change = r#"{"granted":["sms","voice"],"revoked":["app"],"reason":"said on the phone"}"#;
    site.post(&path, change).await.expect(201);
    assert_eq!(consent().await, json!(["voice", "sms"]));
    register(&site).await;
    assert_eq!(
        consent().await,
        json!(["voice", "sms", "app"]),
        "a registration takes nothing away"
    );
    let events = site.events("log", ConsentChanged::NAME).await;
    assert_eq!(events.len(), 3);
    assert_eq!(events[1]["data"]["reason"], "said on the phone");
    for wrong in [
        r#"{"reason":"nothing"}"#,
        r#"{"granted":["app","app"],"reason":"twice"}"#,
        r#"{"granted":["app"],"revoked":["app"],"reason":"both"}"#,
        r#"{"granted":["pigeon"],"reason":"unknown"}"#,
        r#"{"granted":["app"],"reason":""}"#,
    ] {
        site.post(&path, wrong).await.problem(400, "malformed");
    }
    site.post("/v1/owners/owner-9/consent", change).await.problem(404, "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_is_taken_as_it_was_said_from_a_known_owner_about_a_case_of_theirs() {
    let site = Site::empty().await;
    let story = Story::open(&site).await;
    let reply = |owner: &str, case: Value, text: &str| {
        json!({ "owner": owner, "case": case, "channel": "app", "text": text }).to_string()
    };
    let said = "I don't know, now is bad.\nCall me tonight – bitte";
    site.post("/v1/replies", reply(OWNER, json!(story.case), said)).await.expect(201);
    site.post("/v1/replies", reply(OWNER, Value::Null, "stop")).await.expect(201);
    let events = site.events("log", CustomerReplied::NAME).await;
    assert_eq!(events.len(), 2);
    assert_eq!(events[0]["data"]["text"], said);
    assert_eq!(events[0]["case_id"], story.case.to_string());
    assert_eq!(events[1]["data"]["case"], json!(null));
    for wrong in ["", "  \n ", "bell \u{7}", &"x".repeat(REPLY_BYTES_MAX + 1)] {
        site.post("/v1/replies", reply(OWNER, Value::Null, wrong)).await.problem(400, "malformed");
    }
    let unknown = json!(MessageId::named("story", "unknown"));
    site.post("/v1/replies", reply(OWNER, unknown, "yes")).await.problem(422, "unprocessable");
    site.post("/v1/replies", reply("owner-9", Value::Null, "yes"))
        .await
        .problem(422, "unprocessable");
    let other = json!({ "owner": "owner-2", "name": "N", "zone": "UTC", "language": "en" });
    site.post("/v1/owners", other.to_string()).await.expect(201);
    let theirs = site.post("/v1/replies", reply("owner-2", json!(story.case), "yes")).await;
    assert!(theirs.problem(422, "unprocessable")["detail"].as_str().unwrap().contains("owner-2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_for_the_app_wait_there_until_they_are_read() {
    let site = Site::empty().await;
    let story = Story::open(&site).await;
    let path = format!("/v1/owners/{OWNER}/messages");
    assert_eq!(site.get(&path).await.expect(200)["items"], json!([]));
    for (step, channel) in [("1", Channel::App), ("2", Channel::Sms), ("3", Channel::App)] {
        story.contact(&site, step, channel).await;
    }
    let all = site.get(&path).await.expect(200);
    assert_eq!(all["items"].as_array().unwrap().len(), 3);
    let app = site.get(&format!("{path}?channel=app&limit=1")).await.expect(200);
    let first = &app["items"][0];
    assert_eq!(first["text"], "The brakes of VEH003 may fail within a week.");
    assert_eq!(
        (&first["channel"], &first["purpose"]),
        (&json!("app"), &json!("predicted_failure"))
    );
    assert_eq!(first["case"], story.case.to_string());
    let next = app["next_cursor"].as_str().unwrap();
    let rest = site.get(&format!("{path}?channel=app&limit=1&cursor={next}")).await.expect(200);
    assert_eq!(rest["items"].as_array().unwrap().len(), 1);
    assert_ne!(rest["items"][0]["id"], first["id"]);
    assert_eq!(rest["next_cursor"], "");
    site.get(&format!("{path}?channel=pigeon")).await.problem(400, "malformed");
    site.get("/v1/owners/owner-9/messages").await.problem(404, "not-found");
}

fn centre(change: impl FnOnce(&mut Value)) -> String {
    let mut centre = json!({
        "centre": "pune", "network": "demo", "name": "Pune", "zone": "Asia/Kolkata", "bays": 4,
        "technicians": [
            { "id": "pune-1", "skills": ["brake"] }, { "id": "pune-2", "skills": ["engine", "brake"] },
        ],
        "emergency_slots_per_day": 1,
        "hours": [{ "weekday": 1, "opens_minute": 540, "closes_minute": 1140 }],
        "holidays": ["2026-03-25"],
    });
    change(&mut centre);
    centre.to_string()
}

fn forecast() -> DemandForecast {
    let day = DemandDay {
        date: "2026-03-05".into(),
        open: true,
        booked: 3,
        visits: number(4.25),
        low: 3,
        high: 6,
        minutes: number(150.0),
    };
    DemandForecast {
        network: "demo".into(),
        centre: "pune".into(),
        zone: "Asia/Kolkata".into(),
        made_at: at("2026-03-04T18:30:00Z"),
        method: DemandMethod::Pickup,
        basis_days: 12,
        coverage: number(0.75),
        open_cases: 2,
        days: vec![day],
        horizons: Vec::new(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_centre_is_listed_with_its_skills_and_parts_and_the_newest_registration_holds() {
    let site = Site::empty().await;
    site.post("/v1/centres", centre(|_| {})).await.expect(201);
    let path = "/v1/centres/pune/parts";
    site.post(path, r#"{"part":"brake","quantity":4}"#).await.expect(201);
    let later = r#"{"part":"brake","quantity":9,"available_at":"2026-03-04T06:00:00Z"}"#;
    site.post(path, later).await.expect(201);
    site.post("/v1/centres", centre(|it| it["bays"] = json!(3))).await.expect(201);
    let list = site.get("/v1/centres?network=demo").await.expect(200);
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    let shown = &list["items"][0];
    assert_eq!((&shown["bays"], &shown["skills"]), (&json!(3), &json!(["brake", "engine"])));
    let part = json!([{ "part": "brake", "quantity": 9, "available_at": "2026-03-04T06:00:00Z" }]);
    assert_eq!(shown["parts"], part, "the newest holds, and a registration keeps parts");
    let one = site.get("/v1/centres/pune").await.expect(200);
    assert_eq!((&one["parts"], &one["demand"]), (&part, &Value::Null), "nothing is foreseen yet");
    site.get("/v1/centres/delhi").await.problem(404, "not-found");
    let forecast = forecast();
    say(&site, "scheduling", None, &forecast).await;
    site.post("/v1/centres", centre(|it| it["bays"] = json!(2))).await.expect(201);
    let one = site.get("/v1/centres/pune").await.expect(200);
    assert_eq!(one["demand"], json!(forecast), "a registration keeps what is foreseen");
    assert_eq!(site.get("/v1/centres?network=other").await.expect(200)["items"], json!([]));
    site.post("/v1/centres/delhi/parts", later).await.problem(404, "not-found");
    site.post(path, r#"{"part":"brake","quantity":-1}"#).await.problem(400, "malformed");
    site.post(path, r#"{"part":"","quantity":1}"#).await.problem(400, "malformed");
    let slip = site.post(path, r#"{"part":"brakes","quantity":1}"#).await;
    let detail = "part `brakes` is a component of no profile; did you mean `brake`?";
    assert_eq!(slip.problem(422, "unprocessable")["detail"], detail);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_centre_that_cannot_be_is_refused_with_the_field_and_its_value() {
    let site = Site::empty().await;
    type Change = fn(&mut Value);
    let wrong: [(Change, &str); 9] = [
        (|it| it["bays"] = json!(0), "`bays` is 0"),
        (|it| it["bays"] = json!(501), "`bays` is 501"),
        (|it| it["zone"] = json!("In dia"), "`zone` is `In dia`"),
        (|it| it["technicians"] = json!([]), "`technicians`"),
        (|it| it["technicians"][1]["id"] = json!("pune-1"), "`pune-1` is listed twice"),
        (|it| it["technicians"][0]["skills"] = json!([]), "technician `pune-1`"),
        (|it| it["hours"][0]["closes_minute"] = json!(500), "540 to 500"),
        (|it| it["holidays"] = json!(["tomorrow"]), "`tomorrow`"),
        (|it| it["latitude"] = json!(91.0), "`latitude` is 91"),
    ];
    for (change, text) in wrong {
        let problem = site.post("/v1/centres", centre(change)).await.problem(400, "malformed");
        assert!(problem["detail"].as_str().unwrap().contains(text), "{problem}");
    }
    assert_eq!(site.get("/v1/centres").await.expect(200)["items"], json!([]));
}
