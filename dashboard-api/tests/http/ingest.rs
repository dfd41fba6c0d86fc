//! Telemetry over HTTP: what is answered, when, and what is on the log then.

use crate::client::Ask;
use crate::site::{Site, sample, telemetry_of};
use dashboard_api::RateLimit;
use messages::telemetry::{BODY_BYTES_MAX, Telemetry};
use messages::{Message, MessageId, Provenance, Stream};
use runtime::committer::{QUEUE_REQUESTS_MAX, Request};
use runtime::store::{Partition, ReadLimit, Store};
use std::sync::Arc;
use std::time::Duration;

/// Everything on TELEMETRY.
fn telemetry(site: &Site) -> Vec<Arc<messages::Envelope>> {
    let partitions = site.deployment.router().partitions_of(Stream::Telemetry);
    let read = |it: Partition| site.store.read(it, 0, ReadLimit::default()).unwrap();
    partitions.flat_map(read).map(|delivery| delivery.envelope).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_is_one_record_named_after_its_device() {
    let site = Site::empty().await;
    let body = format!(r#"{{"samples":[{},{}]}}"#, sample(0, &[]), sample(5, &[]));
    let taken = site.send("VEH001", body).await.expect(202);
    assert_eq!(taken["accepted"], 2);
    assert_eq!(taken["refused"], serde_json::json!([]));
    assert_eq!(taken["sequence"], serde_json::json!([1]));
    let records = telemetry(&site);
    assert_eq!(records.len(), 1, "one record per frame");
    let envelope = &records[0];
    assert_eq!(envelope.source, "device/demo/VEH001");
    assert_eq!(envelope.provenance, Provenance::Measured);
    assert_eq!(envelope.id.0.get_version_num(), 7, "an id that rises with time");
    assert_eq!(envelope.open::<Telemetry>().unwrap().samples.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_sample_is_answered_by_itself() {
    let site = Site::empty().await;
    let bad = r#"{"t":"yesterday","s":{"coolant":1}}"#;
    let body = format!(r#"{{"samples":[{},{bad},{}]}}"#, sample(0, &[]), sample(5, &[]));
    let taken = site.send("VEH001", body).await.expect(202);
    assert_eq!(taken["accepted"], 2);
    assert_eq!(taken["refused"][0]["index"], 1);
    assert_eq!(taken["refused"][0]["reason"], "time");
    assert!(taken["refused"][0]["detail"].as_str().unwrap().contains("yesterday"));

    let nothing = site.send("VEH001", format!(r#"{{"samples":[{bad}]}}"#)).await;
    let problem = nothing.problem(400, "nothing-accepted");
    assert_eq!(problem["errors"][0]["index"], 0);
    assert_eq!(problem["errors"][0]["reason"], "time");
    assert_eq!(telemetry(&site).len(), 1, "nothing of it is kept");

    let metrics = site.get("/metrics").await;
    assert!(metrics.text().contains("aurorasync_ingest_samples_accepted_total 2\n"));
    let refused = "aurorasync_ingest_samples_refused_total{reason=\"time\"} 2\n";
    assert!(metrics.text().contains(refused), "{}", metrics.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_202_comes_only_when_the_frame_is_durable() {
    let site = Site::empty().await;
    site.store.close();
    let (address, ask) = (site.address, Ask::post(telemetry_of("VEH001"), sample(0, &[])));
    let mut sending = tokio::task::JoinSet::new();
    sending.spawn(async move { ask.send(address).await });
    site.store.commit_held().await;
    // Others are answered while the commit is under way; the sender is not.
    for _ in 0..20 {
        site.get("/livez").await.expect(200);
    }
    assert!(sending.try_join_next().is_none(), "answered before the commit");
    assert!(telemetry(&site).is_empty());
    site.store.open();
    sending.join_next().await.unwrap().unwrap().expect(202);
    assert_eq!(telemetry(&site).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_is_refused_at_once_and_nothing_is_lost_by_it() {
    let site = Site::empty().await;
    let committer = site.deployment.committer();
    let upkeep = || Request::Blobs(vec![("test".to_owned(), Some(vec![1]))]);
    site.store.close();
    let mut answers = vec![committer.submit(upkeep()).await.unwrap()];
    site.store.commit_held().await;
    while committer.waiting() < QUEUE_REQUESTS_MAX {
        answers.push(committer.submit(upkeep()).await.unwrap());
    }
    let refused = site.send("VEH001", sample(0, &[])).await;
    refused.problem(503, "overloaded");
    assert_eq!(refused.headers["retry-after"], "1");
    let metrics = site.get("/metrics").await;
    for line in [
        "aurorasync_ingest_requests_total{outcome=\"overloaded\"} 1\n",
        "aurorasync_committer_waiting_requests 1024\n",
    ] {
        assert!(metrics.text().contains(line), "{line}{}", metrics.text());
    }
    site.store.open();
    for answer in answers {
        answer.await.unwrap().unwrap();
    }
    site.send("VEH001", sample(0, &[])).await.expect(202);
    assert_eq!(telemetry(&site).len(), 1, "what was refused was not taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_store_is_said_by_ingest_and_by_livez() {
    let site = Site::empty().await;
    site.store.break_down();
    let refused = site.send("VEH001", sample(0, &[])).await;
    refused.problem(503, "stopped");
    assert_eq!(refused.headers["retry-after"], "5");
    site.get("/livez").await.problem(503, "stopped");
    site.get("/readyz").await.problem(503, "not-ready");
    site.get("/v1/assets").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_asset_is_held_to_its_rate() {
    let site = Site::limited(RateLimit { messages_per_second: 0.5, burst: 2.0 }).await;
    for second in 0..2 {
        site.send("VEH001", sample(second, &[])).await.expect(202);
    }
    let refused = site.send("VEH001", sample(2, &[])).await;
    refused.problem(429, "rate-limited");
    assert_eq!(refused.headers["retry-after"], "2");
    site.send("VEH002", sample(2, &[])).await.expect(202);
    site.clock.advance(Duration::from_secs(2));
    site.send("VEH001", sample(2, &[])).await.expect(202);
    assert_eq!(telemetry(&site).len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_names_its_events_for_itself_alone() {
    let site = Site::empty().await;
    let event = |asset: &str, id: &str| {
        Ask::post(telemetry_of(asset), sample(0, &[]))
            .header("ce-specversion", "1.0")
            .header("ce-type", Telemetry::NAME)
            .header("ce-source", "box")
            .header("ce-id", id)
    };
    for (asset, id) in [("VEH001", "1"), ("VEH001", "1"), ("VEH002", "1"), ("VEH001", "2")] {
        site.ask(event(asset, id)).await.expect(202);
    }
    let structured = format!(
        r#"{{"specversion":"1.0","type":"telemetry.received","source":"box","id":"1","data":{}}}"#,
        sample(0, &[])
    );
    let ask = Ask::post(telemetry_of("VEH001"), structured);
    site.ask(ask.header("content-type", "application/cloudevents+json")).await.expect(202);
    let ids: Vec<(String, MessageId)> =
        telemetry(&site).iter().map(|it| (it.key.clone(), it.id)).collect();
    let of = |asset: &str, id: &str| MessageId::named("telemetry", &format!("demo/{asset}/{id}"));
    let count =
        |asset: &str, id| ids.iter().filter(|it| **it == (asset.to_owned(), of(asset, id))).count();
    assert_eq!(count("VEH001", "1"), 3, "the same event has the same name");
    assert_eq!(count("VEH002", "1"), 1, "another device's has another");
    assert_eq!(count("VEH001", "2"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_too_large_for_one_record_becomes_several_in_one_commit() {
    let site = Site::empty().await;
    let signals: Vec<String> = (0..60).map(|i| format!(r#""s{i}":1"#)).collect();
    let sample = format!(r#"{{"t":"2026-03-02T06:00:00Z","s":{{{}}}}}"#, signals.join(","));
    let body = format!(r#"{{"samples":[{}]}}"#, vec![sample; 480].join(","));
    assert!(body.len() <= BODY_BYTES_MAX, "{}", body.len());
    let before = site.store.usage().commits;
    let taken = site.send("VEH001", body).await.expect(202);
    assert_eq!(taken["accepted"], 480);
    assert_eq!(taken["sequence"], serde_json::json!([1, 2]));
    assert_eq!(site.store.usage().commits, before + 1);
    let records = telemetry(&site);
    let samples = |it: &Arc<messages::Envelope>| it.open::<Telemetry>().unwrap().samples.len();
    assert_eq!(records.iter().map(samples).sum::<usize>(), 480);
    assert_ne!(records[0].id, records[1].id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_for_somebody_else_is_forbidden_and_a_strange_form_is_named() {
    let site = Site::empty().await;
    let foreign = Ask::post(telemetry_of("VEH001"), sample(0, &[]))
        .header("ce-specversion", "1.0")
        .header("ce-type", Telemetry::NAME)
        .header("ce-source", "box")
        .header("ce-id", "1")
        .header("ce-subject", "VEH002");
    site.ask(foreign).await.problem(403, "forbidden");
    let form = Ask::post(telemetry_of("VEH001"), "t=1")
        .header("content-type", "application/x-www-form-urlencoded");
    let problem = site.ask(form).await.problem(415, "media-type");
    assert!(problem["detail"].as_str().unwrap().contains("application/json"), "{problem}");
    let bare = Ask::post(telemetry_of("VEH001"), sample(0, &[])).without("content-type");
    site.ask(bare).await.expect(202);
    let name = "é".repeat(11);
    let encoded: String = name.bytes().map(|byte| format!("%{byte:02X}")).collect();
    site.send(&encoded, sample(0, &[])).await.problem(400, "malformed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_that_the_client_began_is_kept() {
    let site = Site::empty().await;
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let ask = Ask::post(telemetry_of("VEH001"), sample(0, &[])).header("traceparent", trace);
    site.ask(ask.clone()).await.expect(202);
    assert_eq!(telemetry(&site)[0].traceparent.as_deref(), Some(trace));
    let refused = site.ask(Ask::get("/nowhere").header("traceparent", trace)).await;
    assert_eq!(refused.json()["trace_id"], "0af7651916cd43dd8448eb211c80319c");
}
