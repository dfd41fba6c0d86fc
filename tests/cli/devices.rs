//! What devices publish over NATS and MQTT, seen from outside: counted as over HTTP, once, or kept with the reason.

use crate::process::{Ran, Served, run};
use crate::publisher::Publisher;
use messages::health::HealthAssessed;
use messages::{Message, Stream};
use rumqttc::QoS;
use runtime::store::sled::SledStore;
use runtime::store::{ReadLimit, Store};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use tempfile::tempdir;

/// Samples of one message.
pub(crate) const SAMPLES: u64 = 10;

/// A message of ten samples, one a second, as a CloudEvent with an id of its own.
pub(crate) fn event(asset: &str, number: u64) -> String {
    let samples = (number * SAMPLES..(number + 1) * SAMPLES).map(|seq| {
        let at = messages::Timestamp::from_millis(1_772_431_200_000 + i64::try_from(seq).unwrap() * 1_000);
        let celsius = 88.0 + (seq % 7) as f64;
        format!(
            r#"{{"t":"{}","seq":{seq},"s":{{"engine_speed":1800,"coolant_temperature":{celsius}}}}}"#,
            at.unwrap()
        )
    });
    let samples: Vec<String> = samples.collect();
    format!(
        r#"{{"specversion":"1.0","id":"{number}","source":"device","type":"telemetry.received","subject":"{asset}","data":{{"boot":1,"samples":[{}]}}}}"#,
        samples.join(",")
    )
}

pub(crate) fn add(served: &Served, asset: &str) {
    let ran = served.ask(&["asset", "add", asset, "--fleet", "north", "--profile", "vehicle"]);
    assert_eq!(ran.code, 0, "{ran:?}");
}

/// Waits until data-analysis has counted `accepted` readings of `asset`; gives all its counts.
pub(crate) fn counted(served: &Served, asset: &str, accepted: u64) -> Value {
    let readings = |state: Value| state.pointer("/state/readings").cloned();
    let asked = ["agent", "state", "data-analysis", asset, "-o", "json"];
    let ran = served.ask_until(&asked, |ran| {
        ran.code == 0 && readings(ran.json()).is_some_and(|it| it["accepted"] == accepted)
    });
    readings(ran.json()).unwrap()
}

/// Every assessment in the store of `folder`, in order of asset and window.
fn assessments(folder: &Path) -> Vec<HealthAssessed> {
    let store = SledStore::open(&folder.join("data/store")).unwrap();
    let mut found = Vec::new();
    let health = |partition: &runtime::store::Partition| partition.stream == Stream::Health;
    for partition in store.partitions().into_iter().filter(health) {
        let mut after = 0;
        loop {
            let batch = store.read(partition, after, ReadLimit::default()).unwrap();
            let Some(last) = batch.last() else { break };
            after = last.sequence;
            let said = batch.iter().filter(|it| it.envelope.name == HealthAssessed::NAME);
            found.extend(said.map(|it| it.envelope.open::<HealthAssessed>().unwrap()));
        }
    }
    found.sort_by(|one, other| {
        let key = |it: &HealthAssessed| (it.asset.clone(), it.window_end, it.revision);
        key(one).cmp(&key(other))
    });
    found
}

#[test]
fn one_recording_over_http_and_over_nats_gives_equal_assessments() {
    const MESSAGES: u64 = 60;
    let assets = ["VEH001", "VEH002"];
    let (over_http, over_nats) = (tempdir().unwrap(), tempdir().unwrap());
    let publisher = Publisher::start(over_nats.path());

    let served = Served::start(over_http.path(), &[]).ready();
    assets.iter().for_each(|asset| add(&served, asset));
    for number in 0..MESSAGES {
        for asset in assets {
            let url = format!("{}/v1/fleets/north/assets/{asset}/telemetry", served.url);
            let request = ureq::post(&url).content_type("application/cloudevents+json");
            assert_eq!(request.send(event(asset, number)).unwrap().status(), 202);
        }
    }
    assets.iter().for_each(|asset| drop(counted(&served, asset, MESSAGES * SAMPLES)));
    assert!(served.end("TERM").0.success());

    let served = Served::start(over_nats.path(), &["--bus", &publisher.url()]).ready();
    assets.iter().for_each(|asset| add(&served, asset));
    for number in 0..MESSAGES {
        for asset in assets {
            publisher.publish(&format!("aurora.v1.telemetry.north.{asset}"), &event(asset, number));
        }
    }
    assets.iter().for_each(|asset| drop(counted(&served, asset, MESSAGES * SAMPLES)));
    assert!(served.end("TERM").0.success());

    // The last window of each stays open until its time is over: how long that takes is no part of the comparison.
    let closed = |all: Vec<HealthAssessed>| {
        let last = 1_772_431_200_000 + i64::try_from((MESSAGES - 1) * SAMPLES * 1_000).unwrap();
        all.into_iter().filter(|it| it.window_end.as_millis() <= last).collect::<Vec<_>>()
    };
    let (http, nats) =
        (closed(assessments(over_http.path())), closed(assessments(over_nats.path())));
    assert!(http.len() >= 16, "{} windows", http.len());
    assert_eq!(http, nats);
}

#[test]
fn what_mqtt_devices_publish_is_counted_once_with_either_quality_of_service() {
    // As many as a device may send at once: what is stored twice is held to its rate once.
    const MESSAGES: u64 = 100;
    let folder = tempdir().unwrap();
    let publisher = Publisher::start(folder.path());
    let served = Served::start(folder.path(), &["--bus", &publisher.url()]).ready();
    for (asset, qos) in [("VEH000", QoS::AtMostOnce), ("VEH001", QoS::AtLeastOnce)] {
        add(&served, asset);
        let bodies: Vec<String> = (0..MESSAGES).map(|number| event(asset, number)).collect();
        publisher.publish_mqtt(&format!("aurora/v1/telemetry/north/{asset}"), qos, &bodies);
        let readings = counted(&served, asset, MESSAGES * SAMPLES);
        assert_eq!(readings["quarantined"], 0, "{readings}");
    }
    // With QoS 1 the server stores a message twice: as it was published, and as MQTT keeps it.
    assert_eq!(publisher.records(), MESSAGES + 2 * MESSAGES);
    let asked = ["agent", "state", "data-analysis", "VEH001", "-o", "json"];
    let all = json!(MESSAGES * SAMPLES);
    let twice = |ran: &Ran| ran.json().pointer("/state/readings/duplicates") == Some(&all);
    let state = served.ask_until(&asked, twice).json();
    assert_eq!(state.pointer("/state/readings/accepted"), Some(&all), "{state}");
    assert!(served.end("TERM").0.success());
    let verified = run(folder.path(), &["verify", "-o", "json"]);
    assert_eq!(verified.code, 0, "{verified:?}");
}

#[test]
fn what_cannot_be_believed_is_listed_with_reason_and_remedy_and_cannot_be_released() {
    let folder = tempdir().unwrap();
    let publisher = Publisher::start(folder.path());
    let served = Served::start(folder.path(), &["--bus", &publisher.url()]).ready();
    add(&served, "VEH001");
    publisher.publish("aurora.v1.telemetry.north.VEH001", "{\"t\":");
    publisher.publish("aurora.v1.telemetry.north.VEH001", &event("VEH002", 1));
    let list = ["quarantine", "ls", "-o", "json"];
    let ran = served.ask_until(&list, |ran| ran.json().as_array().is_some_and(|it| it.len() == 2));
    let items = ran.json();
    let reasons: Vec<&Value> = items.as_array().unwrap().iter().map(|it| &it["reason"]).collect();
    assert_eq!(reasons, ["malformed", "impersonation"]);
    let id = items[0]["id"].as_str().unwrap();
    let shown = served.ask(&["quarantine", "show", id, "-o", "json"]).json();
    assert_eq!(shown["sent_as"]["body"], "{\"t\":", "{shown:#}");
    assert!(shown["remedy"].as_str().unwrap().contains("aurorasync ingest check"), "{shown:#}");
    let heard = served.ask(&["ingest", "show", "VEH001", "-o", "json"]).json();
    let aside: Vec<&Value> =
        heard["quarantined"].as_array().unwrap().iter().map(|it| &it["reason"]).collect();
    assert_eq!(aside, ["malformed", "impersonation"], "{heard:#}");
    let released = served.ask(&["quarantine", "release", id]);
    assert_eq!(released.code, 1, "{released:?}");
    assert!(released.err.contains("nothing of"), "{released:?}");
}

#[test]
fn a_server_that_is_not_there_is_waited_for_and_said() {
    let folder = tempdir().unwrap();
    let served = Served::start(folder.path(), &["--bus", "nats://me:secret@127.0.0.1:9"]);
    let ran = served.ask_until(&["check", "readiness"], |ran| ran.out.contains("intake"));
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("`nats://127.0.0.1:9`") && !ran.out.contains("secret"), "{ran:?}");
    assert!(served.end("TERM").0.success(), "it stops in order all the same");
}

#[test]
fn streams_are_made_and_checked_with_exit_codes() {
    let folder = tempdir().unwrap();
    let unmade = nats::server::Server::start(&folder.path().join("other"), &Default::default());
    let server = unmade.unwrap();
    let url = server.url();
    let missing = run(folder.path(), &["nats", "check", &url]);
    assert_eq!(missing.code, 1, "{missing:?}");
    assert!(missing.out.contains("TELEMETRY") && missing.out.contains("missing"), "{missing:?}");
    let made = run(folder.path(), &["nats", "init", &url, "-o", "json"]);
    assert_eq!((made.code, made.json()["right"].as_bool()), (0, Some(true)), "{made:?}");
    assert_eq!(run(folder.path(), &["nats", "check", &url]).code, 0);
    let other = run(folder.path(), &["nats", "init", &url, "--partitions", "8"]);
    assert_eq!(other.code, 1, "{other:?}");
    assert!(other.out.contains("subject_transform"), "{other:?}");
    drop(server);
    assert_eq!(run(folder.path(), &["nats", "check", &url]).code, 3);
    assert_eq!(run(folder.path(), &["nats", "check"]).code, 1, "no server is named");
}

#[test]
fn a_body_is_checked_without_being_sent() {
    let folder = tempdir().unwrap();
    let check = |body: &str, more: &[&str]| {
        fs::write(folder.path().join("body"), body).unwrap();
        run(folder.path(), &[&["ingest", "check", "body"], more].concat())
    };
    let good = check(&event("VEH001", 0), &["-o", "json", "--profile", "vehicle"]);
    assert_eq!((good.code, good.json()["taken"].as_u64()), (0, Some(SAMPLES)), "{good:?}");
    assert_eq!(good.json()["asset"], "VEH001");
    let other = check(&event("VEH001", 0), &["--asset", "VEH002"]);
    assert_eq!(other.code, 1, "{other:?}");
    assert!(other.out.contains("speaks for itself only"), "{other:?}");
    let misspelt = r#"{"t":"2026-03-02T06:00:00Z","s":{"coolant_temprature":90}}"#;
    let unnamed = check(misspelt, &[]);
    assert_eq!(unnamed.code, 1, "no profile knows the name");
    assert!(unnamed.out.contains("nothing is taken"), "{unnamed:?}");
    let known = check(misspelt, &["--profile", "vehicle"]);
    assert_eq!(known.code, 1);
    assert!(known.out.contains("did you mean `coolant_temperature`?"), "{known:?}");
    assert_eq!(check("{\"t\":", &[]).code, 1);
    let hot = r#"{"t":"2026-03-02T06:00:00Z","s":{"coolant_temperature":9000,"speed":50}}"#;
    let hot = check(hot, &["-o", "json"]);
    assert_eq!((hot.code, hot.json()["profile"].as_str()), (1, Some("vehicle")), "{hot:?}");
    assert_eq!(hot.json()["signals"], json!(["speed"]), "{hot:?}");
}
