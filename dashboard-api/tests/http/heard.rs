//! How an asset is heard: measured from what came in, listed with what did not, and the same after a restart.

use crate::agents::{Curious, Picky, UNKNOWN};
use crate::site::{Site, any_port, options};
use dashboard_api::Facade;
use runtime::Catalog;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

async fn site() -> Site {
    let site =
        Site::with(Catalog::default().with::<Curious>().with::<Picky>(), |options| options).await;
    site.register("VEH001").await;
    site
}

/// Readings of one boot with these counts, all of `second` after six.
fn counted(boot: u64, seqs: &[u64], second: u32) -> String {
    let sample = |seq: &u64| {
        format!(r#"{{"t":"2026-03-02T06:00:{second:02}Z","seq":{seq},"s":{{"speed":{seq}}}}}"#)
    };
    let samples: Vec<String> = seqs.iter().map(sample).collect();
    format!(r#"{{"boot":{boot},"samples":[{}]}}"#, samples.join(","))
}

async fn heard(site: &Site) -> Value {
    site.get("/v1/assets/VEH001/ingest").await.expect(200)
}

#[tokio::test(flavor = "multi_thread")]
async fn rate_clock_and_gaps_are_those_of_what_came() {
    let site = site().await;
    let nothing = heard(&site).await;
    assert_eq!((&nothing["messages"], &nothing["heard_at"]), (&json!(0), &Value::Null));
    assert_eq!((&nothing["gaps"], &nothing["samples_per_minute"]), (&Value::Null, &Value::Null));
    // It is six sharp: the device's clock is five seconds ahead.
    site.send("VEH001", counted(3, &[1, 2], 5)).await.expect(202);
    site.clock.advance(Duration::from_secs(120));
    site.send("VEH001", counted(3, &[6, 7], 59)).await.expect(202);
    let found = heard(&site).await;
    assert_eq!((&found["messages"], &found["samples"]), (&json!(2), &json!(4)));
    assert_eq!(found["since"], "2026-03-02T06:00:00Z");
    assert_eq!(found["heard_at"], "2026-03-02T06:02:00Z");
    assert_eq!(found["sampled_at"], "2026-03-02T06:00:59Z");
    assert_eq!(found["as_of"], found["heard_at"]);
    assert_eq!(
        (&found["samples_per_minute"], &found["clock_ahead_seconds"]),
        (&json!(2.0), &json!(5.0))
    );
    let gap = json!({
        "boot": 3, "from": 3, "to": 5, "readings": 3, "noticed_at": "2026-03-02T06:02:00Z",
    });
    assert_eq!(found["gaps"], json!({ "missing": 3, "unlisted": 0, "items": [gap] }));
    site.send("VEH001", counted(3, &[4, 3, 5], 10)).await.expect(202);
    assert_eq!(heard(&site).await["gaps"]["items"], json!([]), "what was missing has come");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_set_aside_is_counted_by_reason_and_by_what_was_released() {
    let site = site().await;
    for second in 0..3 {
        site.send("VEH001", crate::site::sample(second, &[UNKNOWN])).await.expect(202);
    }
    let quarantined = loop {
        let page = site.get("/v1/quarantine?asset=VEH001").await.expect(200);
        if page["items"].as_array().unwrap().len() == 3 {
            break page;
        }
    };
    let id = quarantined["items"][0]["id"].as_str().unwrap();
    site.post(&format!("/v1/quarantine/{id}/release"), "").await.expect(201);
    let found = heard(&site).await;
    assert_eq!(found["quarantined"][0]["reason"], "unknown_signal");
    assert!(found["quarantined"][0]["messages"].as_u64().unwrap() >= 3);
    assert_eq!(found["quarantined"][0]["released"], 1);
    assert_eq!(found["omitted"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_fleet_says_of_an_asset_is_not_heard_and_strangers_are_not_found() {
    let site = site().await;
    let target = "/v1/fleets/other/assets/VEH001/telemetry";
    site.post(target, counted(1, &[1, 9], 0)).await.expect(202);
    assert_eq!(heard(&site).await["messages"], 0);
    site.get("/v1/assets/VEH009/ingest").await.problem(404, "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn how_an_asset_was_heard_outlives_the_process() {
    let mut site = site().await;
    site.send("VEH001", counted(3, &[1, 5], 0)).await.expect(202);
    site.end().await;
    let facade = Facade::new(site.deployment.clone(), options(&site.clock));
    let bound = facade.bind(any_port()).await.unwrap();
    site.address = bound.address();
    let (stop, stopping) = oneshot::channel::<()>();
    let mut serving = JoinSet::new();
    serving.spawn(bound.serve(async {
        drop(stopping.await);
    }));
    site.send("VEH001", counted(3, &[3], 1)).await.expect(202);
    let found = heard(&site).await;
    assert_eq!((&found["messages"], &found["samples"]), (&json!(2), &json!(3)));
    assert_eq!(found["gaps"]["missing"], 2, "2 and 4");
    drop(stop);
    serving.join_next().await.unwrap().unwrap();
}
