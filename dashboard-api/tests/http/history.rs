//! What an asset measured: there at once, in few points, with nothing extreme lost, and over a restart.

use crate::agents::Curious;
use crate::site::{Site, any_port, options};
use dashboard_api::Facade;
use runtime::Catalog;
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

const DAY: &str = "from=2026-03-02T06:00:00Z&to=2026-03-02T08:00:00Z";

/// A frame of `speed` at each of `values`, the first at 06:00.
fn frame(values: &[f64], seconds_apart: u32) -> String {
    let samples = values.iter().zip(0_u32..).map(|(value, index)| {
        let second = index * seconds_apart;
        let (hour, minute, second) = (6 + second / 3_600, second / 60 % 60, second % 60);
        format!(
            r#"{{"t":"2026-03-02T{hour:02}:{minute:02}:{second:02}Z","s":{{"speed":{value}}}}}"#
        )
    });
    format!(r#"{{"samples":[{}]}}"#, samples.collect::<Vec<_>>().join(","))
}

async fn site() -> Site {
    let site = Site::with(Catalog::default().with::<Curious>(), |options| options).await;
    site.register("VEH001").await;
    site
}

async fn history(site: &Site, query: &str) -> Value {
    site.get(&format!("/v1/assets/VEH001/telemetry?{query}")).await.expect(200)
}

fn points(history: &Value) -> Vec<[f64; 4]> {
    let points = history["channels"][0]["points"].as_array().unwrap().iter();
    let number = |point: &Value, name: &str| point[name].as_f64().unwrap();
    points.map(|it| ["min", "mean", "max", "count"].map(|name| number(it, name))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reading_is_part_of_the_history_as_soon_as_it_is_durable() {
    let site = site().await;
    site.send("VEH001", frame(&[10.0, 30.0, 20.0], 20)).await.expect(202);
    site.send("VEH001", frame(&[40.0], 1)).await.expect(202);
    let history = history(&site, &format!("{DAY}&channel=speed")).await;
    assert_eq!(history["resolution"], "1m");
    assert_eq!(history["channels"][0]["unit"], "km/h");
    assert_eq!(points(&history), [[10.0, 25.0, 40.0, 4.0]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn fewer_points_lose_no_extreme_and_a_wrong_question_is_refused() {
    let site = site().await;
    let values: Vec<f64> = (0..120).map(|minute| if minute == 77 { 200.0 } else { 50.0 }).collect();
    site.send("VEH001", frame(&values, 60)).await.expect(202);
    assert_eq!(points(&history(&site, DAY).await).len(), 120);
    let few = points(&history(&site, &format!("{DAY}&max_points=5")).await);
    assert!(few.len() <= 5 && few.iter().any(|point| point[2] == 200.0), "{few:?}");
    let span = "from=2026-02-02T06:00:00Z&to=2026-03-03T06:00:00Z";
    let hours = history(&site, span).await;
    assert_eq!((hours["resolution"].as_str(), points(&hours).len()), (Some("1h"), 2));
    let never = "from=2026-03-02T06:00:00Z&to=2026-03-02T06:00:00Z";
    for wrong in ["max_points=0", "from=now", "channel=sped", never] {
        let target = format!("/v1/assets/VEH001/telemetry?{wrong}");
        site.get(&target).await.problem(400, "malformed");
    }
    site.get("/v1/assets/VEH009/telemetry").await.problem(404, "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_goes_on_after_a_restart_and_counts_nothing_twice() {
    let mut site = site().await;
    site.send("VEH001", frame(&[10.0, 20.0], 1)).await.expect(202);
    site.end().await;
    let facade = Facade::new(site.deployment.clone(), options(&site.clock));
    let bound = facade.bind(any_port()).await.unwrap();
    site.address = bound.address();
    let (stop, stopping) = oneshot::channel::<()>();
    let mut serving = JoinSet::new();
    serving.spawn(bound.serve(async {
        drop(stopping.await);
    }));
    site.send("VEH001", frame(&[30.0], 1)).await.expect(202);
    assert_eq!(points(&history(&site, DAY).await), [[10.0, 20.0, 30.0, 3.0]]);
    drop(stop);
    serving.join_next().await.unwrap().unwrap();
}
