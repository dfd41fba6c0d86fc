//! What operators ask for: agents, dead letters, quarantine, events, figures.

use crate::agents::{POISON, UNKNOWN};
use crate::site::{Site, sample};
use crate::story::say;
use messages::Message;
use messages::dead::DeadLettered;
use messages::health::{AsSent, QuarantineReason, TelemetryQuarantined};
use messages::redelivery::{MessageRedelivered, TelemetryReleased};
use messages::telemetry::Telemetry;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_replayed_to_the_kind_that_rejected_it_and_to_nobody_else() {
    let site = Site::open().await;
    site.send("VEH001", sample(0, &[POISON])).await.expect(202);
    site.events("dead", DeadLettered::NAME).await;
    site.remembers("witness", "VEH001", 1).await;

    let list = site.get("/v1/dead").await.expect(200);
    let letter = &list["items"][0];
    assert_eq!((&letter["agent"], &letter["cause"]), (&json!("picky"), &json!("rejected")));
    assert_eq!((&letter["sequence"], &letter["replayed"]), (&json!(1), &json!(0)));
    assert!(letter["reason"].as_str().unwrap().contains("poison"));
    assert_eq!(list["next_cursor"], "");
    let none = site.get("/v1/dead?agent=witness").await.expect(200);
    assert_eq!(none["items"], json!([]));
    let shown = site.get("/v1/dead/1").await.expect(200);
    let original = &shown["letter"]["data"]["original"];
    assert_eq!(original["data"]["samples"][0]["codes"][0]["Obd2"]["code"], POISON);

    for count in 1..=2 {
        let replayed = site.post("/v1/dead/1/replay", "{}").await.expect(201);
        assert_eq!(replayed["replayed"], count);
        let after = format!("/v1/events?stream=dead&after=dead/0:{count}&wait=30s");
        let again = site.get(&after).await.expect(200);
        let data = &again["items"][0]["data"];
        assert_eq!(data["agent"], "picky");
        assert_eq!(data["original"]["id"], replayed["id"], "each redelivery has its own id");
        assert_eq!(data["original"]["addressed_to"], "picky");
        assert_eq!(data["original"]["causation_id"], shown["id"]);
    }
    // A later frame shows that the witness has passed the redeliveries by now.
    site.send("VEH001", sample(9, &[])).await.expect(202);
    let frames = site.remembers("witness", "VEH001", 2).await;
    assert_eq!(frames, 2, "the original and the later one");
    assert_eq!(site.get("/v1/dead/1").await.expect(200)["replayed"], 2);
    assert_eq!(site.events("log", MessageRedelivered::NAME).await.len(), 2);
    site.post("/v1/dead/99/replay", "{}").await.problem(404, "not-found");
    site.get("/v1/dead/x").await.problem(404, "not-found");
    site.get("/v1/dead/0").await.problem(404, "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn quarantined_telemetry_is_listed_shown_and_released_once() {
    let site = Site::open().await;
    site.send("VEH001", sample(0, &[UNKNOWN])).await.expect(202);
    site.events("log", TelemetryQuarantined::NAME).await;
    let list = site.get("/v1/quarantine?asset=VEH001").await.expect(200);
    let item = &list["items"][0];
    assert_eq!(item["reason"], "unknown_signal");
    assert_eq!((&item["nearest"], &item["samples"]), (&json!("coolant"), &json!(1)));
    assert_eq!((&list["omitted"], &list["next_cursor"]), (&json!(0), &json!("")));
    let other = site.get("/v1/quarantine?asset=VEH002").await.expect(200);
    assert_eq!(other["items"], json!([]));
    let id = item["id"].as_str().unwrap().to_owned();
    let shown = site.get(&format!("/v1/quarantine/{id}")).await.expect(200);
    assert_eq!(shown["telemetry"]["samples"].as_array().unwrap().len(), 1);

    let released = site.post(&format!("/v1/quarantine/{id}/release"), "").await.expect(201);
    assert_eq!(released["samples"], 1);
    assert_eq!(released["positions"].as_array().unwrap().len(), 1);
    site.post(&format!("/v1/quarantine/{id}/release"), "").await.problem(409, "conflict");
    let listed = site.get("/v1/quarantine?released=true").await.expect(200);
    let first = listed["items"].as_array().unwrap().iter().find(|it| it["id"] == id.as_str());
    assert_eq!(first.unwrap()["released_at"], "2026-03-02T06:00:00Z");
    let events = site.events("log", TelemetryReleased::NAME).await;
    assert_eq!(events[0]["data"]["quarantined"], id.as_str());

    assert_eq!(site.remembers("witness", "VEH001", 2).await, 2, "the samples were heard again");
    let telemetry = site.get("/v1/events?stream=telemetry&key=VEH001").await.expect(200);
    let again = &telemetry["items"][1];
    assert_eq!(again["causation_id"], id.as_str());
    assert_eq!(again["data"], telemetry["items"][0]["data"], "the very same samples");
    site.get("/v1/quarantine/x").await.problem(404, "not-found");
    let unknown = "/v1/quarantine/00000000-0000-0000-0000-000000000000";
    site.get(unknown).await.problem(404, "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_contained_device_published_is_read_when_it_is_released() {
    let site = Site::open().await;
    let body = r#"{"t":"2026-03-02T06:00:00Z","s":{"coolant":90}}"#;
    let (fleet, asset) = ("demo".to_owned(), "VEH001".to_owned());
    let aside = TelemetryQuarantined {
        fleet: fleet.clone(),
        asset: asset.clone(),
        reason: QuarantineReason::Contained,
        detail: "it is contained".into(),
        nearest: None,
        remedy: "see `aurorasync principal show`".into(),
        telemetry: Telemetry { fleet, asset, boot: None, signals: vec![], samples: vec![] },
        as_sent: Some(AsSent {
            position: "TELEMETRY/7".into(),
            body: body.as_bytes().to_vec().into(),
            bytes: body.len() as u64,
        }),
    };
    let id = say(&site, "ingest", None, &aside).await.id;
    let released = site.post(&format!("/v1/quarantine/{id}/release"), "").await.expect(201);
    assert_eq!(released["samples"], 1);
    assert_eq!(site.remembers("witness", "VEH001", 1).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_show_their_contract_configuration_state_and_hosts() {
    let site = Site::open().await;
    site.send("VEH001", sample(0, &[])).await.expect(202);
    site.remembers("picky", "VEH001", 1).await;
    let list = site.get("/v1/agents").await.expect(200);
    assert_eq!(list["items"].as_array().unwrap().len(), 8, "two kinds on four partitions");
    let shown = site.get("/v1/agents/picky").await.expect(200);
    assert_eq!(shown["contract"]["hears"], json!({ "telemetry.received": "telemetry" }));
    assert_eq!(shown["contract"]["publishes"], json!({ "telemetry.quarantined": "event" }));
    assert_eq!(shown["config"], json!({ "patience": 0 }));
    assert_eq!(shown["hosts"].as_array().unwrap().len(), 4);
    let state = site.get("/v1/agents/picky/state/VEH001").await.expect(200);
    assert_eq!(state["state"], json!({ "frames": 1, "samples": 1 }));
    site.get("/v1/agents/picky/state/VEH999").await.problem(404, "not-found");
    let problem = site.get("/v1/agents/pickle").await.problem(404, "not-found");
    assert!(problem["detail"].as_str().unwrap().contains("picky, witness"), "{problem}");
    site.get("/v1/agents/pickle/state/VEH001").await.problem(404, "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_read_from_a_position_on_without_a_gap_and_waited_for() {
    let site = Site::empty().await;
    for number in 0..10 {
        site.send(&format!("VEH{number:03}"), sample(number, &[])).await.expect(202);
    }
    let mut keys = Vec::new();
    let mut cursor = String::new();
    loop {
        let target = format!("/v1/events?stream=telemetry&limit=3&after={cursor}");
        let page = site.get(&target).await.expect(200);
        let items = page["items"].as_array().unwrap();
        if items.is_empty() {
            break;
        }
        keys.extend(items.iter().map(|it| it["key"].as_str().unwrap().to_owned()));
        cursor = page["next_cursor"].as_str().unwrap().to_owned();
    }
    keys.sort_unstable();
    let expected: Vec<String> = (0..10).map(|number| format!("VEH{number:03}")).collect();
    assert_eq!(keys, expected, "all partitions, each record once");

    let end = site.get("/v1/events?stream=log&after=end").await.expect(200);
    assert_eq!((&end["items"], &end["next_cursor"]), (&json!([]), &json!("log/0:0")));
    let reads = site.store.reads();
    let acting = async {
        site.store.read_after(reads).await;
        site.register("VEH001").await;
    };
    let waiting = site.get("/v1/events?stream=log&after=end&wait=30s");
    let ((), event) = tokio::join!(acting, waiting);
    assert_eq!(event.expect(200)["items"][0]["name"], "asset.registered");
    for wrong in ["stream=logs", "after=log", "after=dead/0:1", "wait=1m", "wait=31s", "limit=x"] {
        site.get(&format!("/v1/events?{wrong}")).await.problem(400, "malformed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_there_is_not_is_refused_and_no_empty_page() {
    let site = Site::empty().await;
    let refused = site.get("/v1/events?name=asset.registerd").await.problem(400, "malformed");
    let detail = refused["detail"].as_str().unwrap();
    assert!(detail.ends_with("did you mean `asset.registered`?"), "{detail}");
    let refused = site.get("/v1/events?stream=telemetry&name=zzz").await.problem(400, "malformed");
    assert!(refused["detail"].as_str().unwrap().contains("`zzz`"), "{refused}");
    let page = site.get("/v1/events?name=asset.registered").await.expect(200);
    assert_eq!(page["items"], json!([]), "it was not said yet");
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_names_what_is_missing_and_figures_have_units() {
    let site = Site::open().await;
    let mut ready = site.get("/readyz?verbose").await;
    while ready.status == 503 {
        let problem = ready.problem(503, "not-ready");
        assert!(!problem["errors"].as_array().unwrap().is_empty());
        ready = site.get("/readyz?verbose").await;
    }
    let body = ready.expect(200);
    assert_eq!(body["status"], "ready");
    assert_eq!(body["checks"].as_array().unwrap().len(), 9, "committer and eight hosts");
    assert_eq!(site.get("/ready").await.status, 200);
    assert_eq!(site.get("/health").await.expect(200)["status"], "live");

    site.send("VEH001", sample(0, &[])).await.expect(202);
    site.remembers("picky", "VEH001", 1).await;
    let mut metrics = site.get("/metrics").await;
    // What a host counted is shown with its next observation.
    while !metrics.text().contains("agent_counts") {
        metrics = site.get("/metrics").await;
    }
    assert!(metrics.headers["content-type"].starts_with("application/openmetrics-text"));
    let text = metrics.text();
    for line in [
        "aurorasync_agent_dead_letters_total{agent=\"picky\"} 0\n",
        "aurorasync_agent_counts_total{agent=\"picky\",count=\"frames\"} 1\n",
        "aurorasync_agent_ready_hosts{agent=\"witness\"} 4\n",
        "aurorasync_ingest_requests_total{outcome=\"accepted\"} 1\n",
        "# UNIT aurorasync_http_request_duration_seconds seconds\n",
        "# EOF\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
    for name in ["store_commits_total ", "process_resident_memory_bytes ", "build_info{"] {
        assert!(text.contains(&format!("aurorasync_{name}")), "{name}{text}");
    }
    assert!(!text.contains("VEH001"), "no asset is a label");
    assert!(text.lines().all(|line| line.starts_with('#') || line.starts_with("aurorasync_")));
}
