//! Models as their users meet them: trained on a simulated fleet, promoted over a running process, rolled back, refused.

use crate::process::{Ran, Served, run};
use messages::profile::{Profile, embedded};
use models::assessed::Layout;
use models::history::Plan;
use models::model::{Learned, Model, Origin, Schema};
use models::supervised::{Table, boost, forest};
use models::training::{Classifier, Examples, Settings};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use tempfile::{TempDir, tempdir};

/// A model by which brakes fail when pads are worn by more than half; it did so well on what it had not seen.
fn model(seed: u64, macro_f1: f64) -> Model {
    let profile = Profile::parse(embedded("vehicle").unwrap()).unwrap();
    let rows = Layout::of(&profile).rows();
    let place = rows.names.iter().position(|name| name == "brake_pad_wear").unwrap();
    let settings = Settings {
        forest: forest::Settings { trees: 10, ..forest::Settings::default() },
        boost: boost::Settings { rounds_max: 10, ..boost::Settings::default() },
    };
    let settings = settings.seeded(seed);
    let mut table = Table::new(rows.names.clone()).unwrap();
    let (mut outcomes, mut groups) = (Vec::new(), Vec::new());
    for (asset, wear) in (0..12).flat_map(|asset| (0..20).map(move |step| (asset, step * 5))) {
        let mut row = vec![None; rows.names.len()];
        row[place] = Some(wear as f32);
        table.push(&row).unwrap();
        outcomes.push(wear > 50);
        groups.push(asset);
    }
    let examples = Examples { table: &table, outcomes: &outcomes, groups: &groups };
    let classifier = Classifier::learn(&examples, settings, &mut || ()).unwrap();
    let (plan, derived) = (Plan::default(), Vec::new());
    let within = profile.horizon.duration();
    let by_component = [("brake".to_owned(), classifier)].into();
    Model {
        schema: Schema {
            profile: profile.name.clone(),
            plan,
            derived,
            regimes: None,
            sampled: None,
        },
        origin: Origin { dataset: "worn".into(), data: "0a".repeat(32), rows: 240, seed, settings },
        figures: [("macro_f1".to_owned(), macro_f1)].into(),
        learned: Learned::Assessed { within, rows, by_component },
    }
}

/// A folder with a good model and a worse one.
fn folder() -> TempDir {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("good.model"), model(1, 0.75).encode()).unwrap();
    fs::write(folder.path().join("worse.model"), model(2, 0.5).encode()).unwrap();
    folder
}

fn promote(served: &Served, folder: &Path, file: &str, more: &[&str]) -> Ran {
    let path = folder.join(file);
    let path = path.to_str().unwrap();
    let ask = ["model", "promote", path, "--by", "desk", "--reason", "a test", "-o", "json"];
    served.ask(&[&ask[..], more].concat())
}

fn refused(ran: &Ran, words: &str) {
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains(words), "{words}: {ran:?}");
}

/// Name of the model in use, as the running process lists it.
fn in_use(served: &Served) -> Option<String> {
    let promoted = served.ask(&["model", "promoted", "-o", "json"]).json();
    let mut items = promoted.as_array().unwrap().iter().filter(|it| it["in_use"] == true);
    items.next_back().map(|it| it["model"]["name"].as_str().unwrap().to_owned())
}

/// Registers a vehicle with worn pads and sends five windows of it.
fn drive(served: &Served, asset: &str) {
    let added = served.ask(&["asset", "add", asset, "--fleet", "north", "--profile", "vehicle"]);
    assert_eq!(added.code, 0, "{added:?}");
    let url = format!("{}/v1/fleets/north/assets/{asset}/telemetry", served.url);
    for minute in 0..6 {
        let at = format!("2026-03-02T06:{minute:02}:00Z");
        let signals = json!({ "brake_pad_wear": 70.0, "engine_speed": 1500.0, "speed": 40.0 });
        let body = json!({ "t": at, "seq": minute, "s": signals });
        assert_eq!(ureq::post(&url).send_json(&body).expect("it answers").status(), 202);
    }
}

/// The model by which a failure of `asset` is predicted.
fn predicted_by(served: &Served, asset: &str) -> String {
    let tail = ["events", "tail", "--name", "failure.predicted", "--key", asset, "-o", "json"];
    let ran = served.ask_until(&tail, |ran| ran.code == 0 && ran.json() != json!([]));
    ran.json()[0]["data"]["model"].as_str().unwrap().to_owned()
}

#[test]
fn a_model_is_promoted_over_a_running_process_survives_a_restart_and_is_rolled_back() {
    let folder = folder();
    let served = Served::start(folder.path(), &[]).ready();
    assert_eq!(in_use(&served), None);
    let said = promote(&served, folder.path(), "worse.model", &[]).json();
    let first = said["model"]["name"].as_str().unwrap().to_owned();
    assert!(first.starts_with("worn-"), "{said}");
    assert_eq!((&said["before"], &said["rolled_back"]), (&Value::Null, &json!(false)), "{said}");
    let said = promote(&served, folder.path(), "good.model", &["--key", "once"]).json();
    assert_eq!(promote(&served, folder.path(), "good.model", &["--key", "once"]).json(), said);
    let second = said["model"]["checksum"].as_str().unwrap().to_owned();
    drive(&served, "VEH001");
    assert_eq!(predicted_by(&served, "VEH001"), format!("learned/{}", &second[..12]));
    let (status, log) = served.end("TERM");
    assert_eq!(status.code(), Some(0), "{log}");

    let served = Served::start(folder.path(), &[]).ready();
    drive(&served, "VEH002");
    assert_eq!(predicted_by(&served, "VEH002"), format!("learned/{}", &second[..12]));
    let back = ["model", "rollback", "--by", "desk", "--reason", "a test", "-o", "json"];
    let said = served.ask(&back).json();
    assert_eq!((&said["model"]["name"], &said["rolled_back"]), (&json!(first), &json!(true)));
    assert_eq!(in_use(&served), Some(first));
    drive(&served, "VEH003");
    let former = format!("learned/{}", &said["model"]["checksum"].as_str().unwrap()[..12]);
    assert_eq!(predicted_by(&served, "VEH003"), former);
    assert_eq!(served.ask(&back).json()["model"], Value::Null);
    refused(&served.ask(&back), "no such model judges `vehicle`");
    let (status, log) = served.end("TERM");
    assert_eq!(status.code(), Some(0), "{log}");
    let verified = run(folder.path(), &["verify", "-o", "json"]);
    assert_eq!((verified.code, &verified.json()["equal"]), (0, &json!(true)), "{verified:?}");
}

#[test]
fn a_shadow_judges_beside_what_is_in_use_until_it_is_ended() {
    let folder = folder();
    let served = Served::start(folder.path(), &[]).ready();
    assert_eq!(promote(&served, folder.path(), "good.model", &[]).code, 0);
    let said = promote(&served, folder.path(), "worse.model", &["--shadow"]);
    assert_eq!(said.code, 0, "{said:?}");
    let listed = served.ask(&["model", "promoted", "-o", "json"]).json();
    let roles: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["in_use"] == true, it["in_shadow"] == true))
        .collect();
    assert_eq!(roles, [(true, false), (false, true)], "{listed}");
    drive(&served, "VEH001");
    let tail = ["events", "tail", "--name", "shadow.predicted", "--key", "VEH001", "-o", "json"];
    let ran = served.ask_until(&tail, |ran| ran.code == 0 && ran.json() != json!([]));
    let name = format!("learned/{}", &said.json()["model"]["checksum"].as_str().unwrap()[..12]);
    assert_eq!(ran.json()[0]["data"]["model"], name, "{ran:?}");
    assert_ne!(predicted_by(&served, "VEH001"), name);
    let back = ["model", "rollback", "--shadow", "--by", "desk", "--reason", "a test"];
    assert_eq!(served.ask(&back).code, 0);
    refused(&served.ask(&back), "no such model judges `vehicle`");
    assert!(in_use(&served).is_some());
    let (status, log) = served.end("TERM");
    assert_eq!(status.code(), Some(0), "{log}");
    let verified = run(folder.path(), &["verify", "-o", "json"]);
    assert_eq!((verified.code, &verified.json()["equal"]), (0, &json!(true)), "{verified:?}");
}

#[test]
fn a_model_that_is_damaged_foreign_or_worse_is_refused_and_the_present_one_stays() {
    let folder = folder();
    let write = |name: &str, bytes: Vec<u8>| fs::write(folder.path().join(name), bytes).unwrap();
    let mut flipped = model(1, 0.75).encode();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    write("flipped.model", flipped);
    let mut other = model(1, 0.75);
    other.schema.profile = "tram".into();
    write("tram.model", other.encode());
    let mut renamed = model(1, 0.75);
    let Learned::Assessed { rows, .. } = &mut renamed.learned else { unreachable!() };
    rows.names[0] = "torque".into();
    write("renamed.model", renamed.encode());
    let mut units = model(1, 0.75);
    let Learned::Assessed { rows, .. } = &mut units.learned else { unreachable!() };
    rows.schema ^= 1;
    write("units.model", units.encode());
    let served = Served::start(folder.path(), &[]).ready();
    assert_eq!(promote(&served, folder.path(), "good.model", &[]).code, 0);
    for (file, words) in [
        ("flipped.model", "it was altered; copy it again"),
        ("tram.model", "it judges assets of `tram`, a profile that is not in use here"),
        ("renamed.model", "the model's feature 1 is `torque`, the data's is `engine_speed`"),
        ("units.model", "other units, windows, states or limits"),
        ("good.model", "judges already"),
        ("worse.model", "its `macro_f1` is 0.5"),
    ] {
        refused(&promote(&served, folder.path(), file, &[]), words);
    }
    let nobody = promote(&served, folder.path(), "worse.model", &["--to", "engagement"]);
    refused(&nobody, "agent `engagement` does not judge by promoted models; diagnosis");
    let strange = served.ask(&["model", "promote", "north", "--by", "desk", "--reason", "a test"]);
    refused(&strange, "`north` is neither a file nor a model that was in use");
    let before = in_use(&served).unwrap();
    let why = "judged by another fleet";
    let forced = promote(&served, folder.path(), "worse.model", &["--force", why]).json();
    assert_eq!(forced["forced"], why, "{forced}");
    let again = served.ask(&["model", "promote", &before, "--by", "desk", "--reason", "a test"]);
    assert_eq!(again.code, 0, "what was in use is promoted by its name: {again:?}");
    assert_eq!(in_use(&served), Some(before));
}

#[test]
fn a_story_is_judged_by_the_model_that_it_is_given() {
    let folder = folder();
    let script = "apiVersion: aurorasync/scenario.v1\nname: short\nsummary: A drive.\nseed: 7\n\
        clock: { mode: virtual, start: \"2026-03-02T06:00:00Z\" }\n\
        fleet: { profile: vehicle, size: 1, sample: 10s, history: none }\n\
        steps:\n  - start: fleet\n  - wait: 10m\n";
    fs::write(folder.path().join("short.yaml"), script).unwrap();
    let play = |model: &str| {
        let play = ["scenario", "run", "short.yaml", "--model", model, "-o", "json"];
        run(folder.path(), &play)
    };
    let ran = play("good.model");
    assert_eq!(ran.code, 0, "{ran:?}");
    let runs = folder.path().join(ran.json()["folder"].as_str().unwrap());
    let read = |file: &str| fs::read_to_string(runs.join(file)).unwrap();
    let events = read("events.ndjson");
    let events = events.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let promoted: Vec<Value> = events.filter(|it| it["event"] == "model.promoted").collect();
    let [promoted] = promoted.as_slice() else { panic!("{promoted:?}") };
    assert_eq!(promoted["provenance"], "simulated");
    let journal: Value = serde_json::from_str(&read("journal.json")).unwrap();
    assert_eq!(journal["models"]["vehicle"], promoted["data"]["model"]["name"], "{journal}");
    assert!(journal["again"].as_str().unwrap().contains("--model good.model"), "{journal}");
    let mut other = model(1, 0.75);
    other.schema.profile = "tram".into();
    fs::write(folder.path().join("tram.model"), other.encode()).unwrap();
    refused(&play("tram.model"), "it judges assets of `tram`");
}

#[test]
fn a_model_trained_on_a_simulated_fleet_can_be_promoted_and_the_same_seed_gives_the_same_bytes() {
    let folder = tempdir().unwrap();
    // Small, for it is learned from twice: two weeks to learn from, and the horizon behind them. Faults come so often
    // that each of the eight engines fails: whichever vehicles are judged, others are left to learn its failures from.
    let fleet = ["--vehicles", "8", "--days", "21", "--sample", "10m", "--seed", "7"];
    let wear = ["--faults", "200", "--wear", "8", "--out", "north"];
    let simulated = run(folder.path(), &[&["simulate"][..], &fleet, &wear].concat());
    assert_eq!(simulated.code, 0, "{simulated:?}");
    let train = |out: &str| {
        run(folder.path(), &["train", "north", "--assessed", "--out", out, "-o", "json"])
    };
    let trained = train("one.model");
    assert_eq!(trained.code, 0, "{trained:?}");
    let figures = &trained.json()["figures"];
    assert_eq!(figures["assets_judged"], 2, "{figures}");
    assert!(figures["components"]["engine"].is_object(), "{figures}");
    assert_eq!(train("two.model").code, 0);
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    assert!(read("one.model") == read("two.model"), "the same recordings and seed, other bytes");
    let shown = run(folder.path(), &["model", "show", "one.model", "-o", "json"]).json();
    assert_eq!(shown["says"], "which components fail, to agents", "{shown}");
    let served = Served::start(folder.path(), &[]).ready();
    let promoted = promote(&served, folder.path(), "one.model", &[]);
    assert_eq!(promoted.code, 0, "{promoted:?}");
    assert_eq!(in_use(&served), promoted.json()["model"]["name"].as_str().map(str::to_owned));
}
