//! Cases over HTTP: where they stand, why they came about, and what people decide.

use crate::client::Ask;
use crate::site::Site;
use crate::story::{ASSET, OWNER, Story, TRACE, at, number, say};
use dashboard_api::{FacadeOptions, Feature};
use messages::case::{
    CaseAdvanced, CaseClosed, CaseDecided, CaseEscalated, CaseOutcome, CaseState,
};
use messages::effect::{Conclusion, EffectConcluded};
use messages::finding::{Outcome, PredictionVerified};
use messages::prediction::Severity;
use messages::{CaseId, Message, MessageId};
use runtime::Catalog;
use runtime::store::Store;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[tokio::test(flavor = "multi_thread")]
async fn a_case_is_listed_with_where_it_stands_until_it_is_closed() {
    let site = Site::empty().await;
    let story = Story::open(&site).await;
    let list = site.get("/v1/cases").await.expect(200);
    let item = &list["items"][0];
    assert_eq!(item["case"], story.case.to_string());
    assert_eq!((&item["asset"], &item["owner"]), (&json!(ASSET), &json!(OWNER)));
    assert_eq!((&item["state"], &item["severity"]), (&json!("opened"), &json!("HIGH")));
    assert_eq!(item["due_at"], "2026-03-04T06:01:00Z");
    story.advance(&site, CaseState::Opened, CaseState::AwaitingCustomer, "reached on app").await;
    let shown = story.shown(&site).await;
    assert_eq!(shown["state"], "awaiting_customer");
    assert_eq!(
        (&shown["reason"], &shown["deadline"]),
        (&json!("reached on app"), &json!("2026-03-03T06:00:00Z"))
    );
    assert_eq!(shown["evidence"]["hypothesis"]["component"], "brake");
    for (query, count) in [
        ("state=awaiting_customer", 1),
        ("state=opened", 0),
        ("asset=VEH003", 1),
        ("asset=VEH004", 0),
        ("owner=owner-1", 1),
        ("owner=owner-2", 0),
    ] {
        let list = site.get(&format!("/v1/cases?{query}")).await.expect(200);
        assert_eq!(list["items"].as_array().unwrap().len(), count, "{query}");
    }
    let closed = CaseClosed {
        case: story.case,
        asset: ASSET.into(),
        outcome: CaseOutcome::Confirmed,
        reason: "the workshop found it".into(),
        network: None,
    };
    say(&site, "master", None, &closed).await;
    assert_eq!(site.get("/v1/cases").await.expect(200)["items"], json!([]));
    let all = site.get("/v1/cases?closed=true").await.expect(200);
    assert_eq!(
        (&all["items"][0]["state"], &all["items"][0]["outcome"]),
        (&json!("closed"), &json!("confirmed"))
    );
    site.get("/v1/cases?state=lost").await.problem(400, "malformed");
    site.get("/v1/cases?cursor=7").await.problem(400, "malformed");
    site.get("/v1/cases/x").await.problem(404, "not-found");
    let unknown = format!("/v1/cases/{}", MessageId::named("story", "unknown"));
    site.get(&unknown).await.problem(404, "not-found");
    site.get(&format!("{unknown}/why")).await.problem(404, "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn why_goes_from_the_readings_to_each_decision_and_names_each_place() {
    let feature = |name: &str| Feature { name: name.into(), unit: "%".into() };
    let features = BTreeMap::from([(7, vec![feature("brake_pad_wear"), feature("battery")])]);
    let site =
        Site::with(Catalog::default(), |options| FacadeOptions { features, ..options }).await;
    let story = Story::open(&site).await;
    story.advance(&site, CaseState::Opened, CaseState::Contacting, "slots are there").await;
    story.book(&site).await;
    let reply =
        json!({ "owner": OWNER, "case": story.case, "channel": "app", "text": "Yes,\nplease" });
    site.post("/v1/replies", reply.to_string()).await.expect(201);
    let why = site.get(&format!("{}/why", story.path())).await.expect(200);

    let readings = &why["readings"];
    assert_eq!(
        (&readings["found"], &readings["items"][1]["values"][0]["name"]),
        (&json!(2), &json!("coolant"))
    );
    let place = readings["items"][1]["position"].as_str().unwrap();
    assert!(place.starts_with("telemetry/") && place.ends_with(":2"), "{place}");
    let assessment = &why["assessment"];
    assert_eq!(assessment["by"], "data-analysis");
    assert!(assessment["position"].as_str().unwrap().starts_with("health/"), "{assessment}");
    let expected =
        json!([{ "name": "brake_pad_wear", "value": 81.5, "unit": "%", "age_seconds": 5 }]);
    assert_eq!(assessment["features"], expected, "what was not measured is not shown as a number");
    let prediction = &why["prediction"];
    assert_eq!(
        (&prediction["by"], &prediction["model"]),
        (&json!("diagnosis"), &json!("trend-to-limit/1"))
    );
    assert_eq!(prediction["contributions"][0]["name"], "brake_pad_wear");
    assert_eq!(prediction["horizon_hours"], 168.0);

    let steps = why["steps"].as_array().unwrap();
    let told: Vec<(&str, &str)> = steps
        .iter()
        .map(|step| (step["by"].as_str().unwrap(), step["says"].as_str().unwrap()))
        .collect();
    let expected = [
        (
            "diagnosis",
            "brake of VEH003 is expected to fail (parameter deviation) within 7.0 days: probability 81 %, HIGH",
        ),
        (
            "master",
            "opens the case: brake of VEH003, HIGH, to be dealt with by 2026-03-04 06:01 UTC",
        ),
        ("master", "opened → contacting (until 2026-03-03 06:00 UTC): slots are there"),
        ("scheduling", "offers Pune bay 2 on 2026-03-02 05:00 UTC"),
        ("scheduling", "holds Pune bay 2 on 2026-03-02 05:00 UTC until 2026-03-02 06:10 UTC"),
        ("scheduling", "confirms Pune bay 2 on 2026-03-02 05:00 UTC"),
        ("facade", "owner-1 says on app: “Yes, please”"),
    ];
    assert_eq!(told, expected);
    assert_eq!(steps[1]["because"]["step"], 1, "opened because of the prediction");
    assert_eq!(steps[4]["because"]["step"], 4, "held because it was offered");
    assert_eq!(steps[0]["because"]["position"], assessment["position"]);
    assert!(steps.iter().all(|step| step["at"].is_string() && step["position"].is_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_longer_kept_is_said_to_be_gone() {
    let site = Site::empty().await;
    let story = Story::open(&site).await;
    for partition in site.store.partitions() {
        let trimmed = [messages::Stream::Telemetry, messages::Stream::Health];
        if trimmed.contains(&partition.stream) {
            let head = site.store.head(partition);
            let request = runtime::committer::Request::Trim(partition, head);
            site.deployment.committer().commit(request).await.unwrap();
        }
    }
    let why = site.get(&format!("{}/why", story.path())).await.expect(200);
    assert!(why["readings"]["missing"].as_str().unwrap().contains("not kept"), "{why}");
    assert_eq!(why["assessment"], Value::Null);
    assert_eq!(why["prediction"]["probability"], 0.8125, "the case has copied it");
}

async fn concluded(site: &Site, story: &Story, name: &str, conclusion: Conclusion) -> MessageId {
    let intent = MessageId::named("story", name);
    let concluded = EffectConcluded {
        intent,
        effect: "contact.send".into(),
        effect_key: format!("{}:{name}:sms", story.case),
        key: OWNER.into(),
        case: Some(story.case),
        attempts: 1,
        conclusion,
    };
    say(site, "effects", None, &concluded).await;
    intent
}

fn lost() -> Conclusion {
    Conclusion::Uncertain { reason: "the provider's answer was lost".into() }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_uncertain_effect_is_resolved_once_and_named_where_there_are_several() {
    let site = Site::empty().await;
    let story = Story::open(&site).await;
    let decide = format!("{}/decision", story.path());
    let resolve = |effect: &str| json!({ "decision": "resolve", "effect": effect }).to_string();
    site.post(&decide, resolve("happened")).await.problem(409, "conflict");
    let first = concluded(&site, &story, "first", lost()).await;
    let second = concluded(&site, &story, "second", lost()).await;
    let shown = story.shown(&site).await;
    assert_eq!(shown["uncertain"].as_array().unwrap().len(), 2);
    let several = site.post(&decide, resolve("happened")).await.problem(422, "unprocessable");
    let detail = several["detail"].as_str().unwrap();
    assert!(
        detail.contains(&first.to_string()) && detail.contains(&second.to_string()),
        "{detail}"
    );
    let body =
        json!({ "decision": "resolve", "effect": "did-not-happen", "intent": first, "by": "desk" });
    let made = site.post(&decide, body.to_string()).await.expect(201);
    assert_eq!(made["decision"]["resolve"], json!({ "intent": first, "happened": false }));
    site.post(&decide, body.to_string()).await.problem(422, "unprocessable");
    site.post(&decide, resolve("happened")).await.expect(201);
    assert_eq!(story.shown(&site).await["uncertain"], json!([]));
    let events = site.events("log", CaseDecided::NAME).await;
    assert_eq!(events.len(), 2);
    assert_eq!(
        (&events[0]["data"]["by"], &events[0]["data"]["owner"]),
        (&json!("desk"), &json!(OWNER))
    );
    assert_eq!(events[1]["data"]["decision"]["resolve"]["intent"], second.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_was_asked_of_a_person_can_be_approved_and_a_cancellation_says_why() {
    let site = Site::empty().await;
    let story = Story::open(&site).await;
    let decide = format!("{}/decision", story.path());
    let approve = r#"{"decision":"approve"}"#;
    site.post(&decide, approve).await.problem(409, "conflict");
    let escalated = CaseEscalated {
        case: story.case,
        asset: ASSET.into(),
        reason: "nobody may contact the owner".into(),
        remedy: "ask the owner".into(),
        reminder: 0,
    };
    let reason = "nobody may contact the owner";
    story.advance(&site, CaseState::Opened, CaseState::Uncertain, reason).await;
    let unsure = site.post(&decide, approve).await.problem(409, "conflict");
    assert!(unsure["detail"].as_str().unwrap().contains("`resolve`"), "{unsure}");
    story.advance(&site, CaseState::Uncertain, CaseState::Escalated, reason).await;
    say(&site, "master", None, &escalated).await;
    assert_eq!(story.shown(&site).await["escalated"]["remedy"], "ask the owner");
    site.post(&decide, approve).await.expect(201);
    for wrong in [
        r#"{"decision":"cancel"}"#,
        r#"{"decision":"approve","reason":"why not"}"#,
        r#"{"decision":"resolve"}"#,
        r#"{"decision":"resolve","effect":"perhaps"}"#,
        r#"{"decision":"close"}"#,
        r#"{"decision":"cancel","reason":""}"#,
    ] {
        site.post(&decide, wrong).await.problem(400, "malformed");
    }
    site.post(&decide, r#"{"decision":"cancel","reason":"sold"}"#).await.expect(201);
    let closed = CaseClosed {
        case: story.case,
        asset: ASSET.into(),
        outcome: CaseOutcome::Cancelled,
        reason: "sold".into(),
        network: None,
    };
    say(&site, "master", None, &closed).await;
    assert_eq!(story.shown(&site).await["state"], "cancelled");
    site.post(&decide, r#"{"decision":"cancel","reason":"sold"}"#).await.problem(409, "conflict");
    let unknown = format!("/v1/cases/{}/decision", MessageId::named("story", "unknown"));
    site.post(&unknown, approve).await.problem(404, "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn cases_are_listed_page_by_page_without_a_gap() {
    let site = Site::empty().await;
    let story = Story::open(&site).await;
    let opened = site.events("log", messages::case::CaseOpened::NAME).await;
    let mut opened: messages::case::CaseOpened =
        serde_json::from_value(opened[0]["data"].clone()).unwrap();
    let mut expected = vec![story.case.to_string()];
    for index in 0..4 {
        opened.case = messages::CaseId::of(story.opened.id, &index.to_string());
        expected.push(opened.case.to_string());
        say(&site, "master", None, &opened).await;
    }
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = site.get(&format!("/v1/cases?limit=2&cursor={cursor}")).await.expect(200);
        let items = page["items"].as_array().unwrap().iter();
        seen.extend(items.map(|item| item["case"].as_str().unwrap().to_owned()));
        cursor = page["next_cursor"].as_str().unwrap().to_owned();
        if cursor.is_empty() {
            break;
        }
    }
    assert_eq!(seen, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verdict_is_told_in_words() {
    let site = Site::empty().await;
    let story = Story::open(&site).await;
    let verified = PredictionVerified {
        detector: "trend-to-limit/1 brake".into(),
        asset: ASSET.into(),
        component: "brake".into(),
        case: Some(story.case),
        prediction: None,
        outcome: Outcome::TruePositive,
        lead_hours: Some(number(84.0)),
        probability: None,
        judged_by: None,
    };
    say(&site, "feedback", None, &verified).await;
    let why = site.get(&format!("{}/why", story.path())).await.expect(200);
    let says = why["steps"].as_array().unwrap().last().unwrap()["says"].as_str().unwrap();
    assert_eq!(says, "the prediction was right, 3.5 days ahead: trend-to-limit/1 brake");
    assert_eq!(at("2026-03-02T06:00:00Z").to_string(), why["steps"][0]["at"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_is_as_grave_as_it_has_become_and_its_assets_owners() {
    let site = Site::empty().await;
    let story = Story::open(&site).await;
    let (due_at, severity) = (at("2026-03-02T09:00:00Z"), Severity::Emergency);
    let advanced = CaseAdvanced {
        case: story.case,
        asset: ASSET.into(),
        from: CaseState::Opened,
        to: CaseState::Contacting,
        reason: "It has grown graver.".into(),
        deadline: None,
        severity: Some(severity),
        due_at: Some(due_at),
    };
    say(&site, "master", Some(story.opened), &advanced).await;
    let shown = story.shown(&site).await;
    assert_eq!((&shown["severity"], &shown["due_at"]), (&json!("EMERGENCY"), &json!(due_at)));
    let registered =
        json!({ "asset": ASSET, "fleet": "demo", "profile": "vehicle", "owner": "owner-2" });
    site.post("/v1/assets", registered.to_string()).await.expect(201);
    assert_eq!(story.shown(&site).await["owner"], "owner-2");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_say_about_a_case_goes_on_with_its_trace_and_all_else_with_their_own() {
    let site = Site::empty().await;
    let story = Story::open(&site).await;
    let own = "00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let reply = |case: Option<CaseId>| {
        json!({ "owner": OWNER, "case": case, "channel": "app", "text": "Yes" }).to_string()
    };
    site.post("/v1/replies", reply(Some(story.case))).await.expect(201);
    for case in [Some(story.case), None] {
        let ask = Ask::post("/v1/replies", reply(case)).header("traceparent", own);
        site.ask(ask).await.expect(201);
    }
    site.post("/v1/replies", reply(None)).await.expect(201);
    let said = site.events("log", "customer.replied").await;
    let traces: Vec<&Value> = said.iter().map(|said| &said["traceparent"]).collect();
    assert_eq!(traces, [&json!(TRACE), &json!(TRACE), &json!(own), &Value::Null]);
}
