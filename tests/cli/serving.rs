//! A process from start to end: registry, telemetry, exports, orderly and disorderly stops.

use crate::process::{Served, run};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use tempfile::tempdir;

/// Sends one sample of coolant temperature.
pub(crate) fn send(served: &Served, asset: &str, minute: u32, celsius: f64) -> Value {
    let url = format!("{}/v1/fleets/north/assets/{asset}/telemetry", served.url);
    let body = json!({
        "t": format!("2026-03-02T06:{minute:02}:00Z"), "seq": minute, "s": { "coolant_temperature": celsius },
    });
    let mut answer = ureq::post(&url).send_json(&body).expect("it answers");
    assert_eq!(answer.status(), 202);
    answer.body_mut().read_json().expect("JSON")
}

fn add(served: &Served, asset: &str) {
    let ran = served.ask(&["asset", "add", asset, "--fleet", "north", "--profile", "vehicle"]);
    assert_eq!(ran.code, 0, "{ran:?}");
}

/// Everything equal and AUDIT intact and signed; how much was compared.
fn verified(folder: &Path) -> u64 {
    let (keys, signatures) = compared(folder);
    assert!(signatures > 0, "AUDIT is signed");
    keys
}

/// Everything equal and AUDIT intact; how much was compared, and how often AUDIT was signed.
fn compared(folder: &Path) -> (u64, u64) {
    let ran = run(folder, &["verify", "-o", "json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let answer = ran.json();
    assert_eq!(answer["equal"], true, "{ran:?}");
    let audit = run(folder, &["audit", "verify", "-o", "json"]);
    assert_eq!(audit.code, 0, "{audit:?}");
    let signatures = audit.json()["verdict"]["signatures"].as_u64().expect("a number");
    let hosts = answer["hosts"].as_array().expect("a list");
    let keys = hosts.iter().map(|host| host["keys"].as_u64().expect("a number")).sum();
    (keys, signatures)
}

#[test]
fn what_is_told_to_a_process_is_there_after_an_orderly_stop() {
    let folder = tempdir().unwrap();
    let served = Served::start(folder.path(), &[]).ready();
    add(&served, "VEH001");
    for minute in 0..5 {
        assert_eq!(send(&served, "VEH001", minute, 90.0)["accepted"], 1);
    }
    let state = ["agent", "state", "data-analysis", "VEH001", "-o", "json"];
    served.ask_until(&state, |ran| ran.code == 0);
    let (status, log) = served.end("TERM");
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(log.contains("everything is saved"), "{log}");
    assert!(verified(folder.path()) > 0);

    let again = Served::start(folder.path(), &[]).ready();
    let assets = again.ask(&["asset", "ls", "-o", "json"]).json();
    assert_eq!(assets[0]["asset"], "VEH001");
    assert_eq!(again.ask(&state).json()["key"], "VEH001");
}

#[test]
fn what_was_acknowledged_is_there_after_a_kill_and_every_state_is_that_of_one_pass() {
    let folder = tempdir().unwrap();
    let served = Served::start(folder.path(), &[]).ready();
    add(&served, "VEH001");
    for minute in 0..20 {
        assert_eq!(send(&served, "VEH001", minute, 90.0)["accepted"], 1);
    }
    let (status, _) = served.end("KILL");
    assert_eq!(status.code(), None);
    assert!(verified(folder.path()) > 0);

    let again = Served::start(folder.path(), &[]).ready();
    let tail =
        ["events", "tail", "--stream", "telemetry", "--name", "telemetry.received", "-o", "json"];
    let events = again.ask(&tail).json();
    assert_eq!(events.as_array().unwrap().len(), 20, "{events:#}");
}

#[test]
fn the_process_ends_at_an_armed_point_and_loses_nothing() {
    let folder = tempdir().unwrap();
    let recorder = folder.path().join("flight");
    let recorder = recorder.to_str().unwrap();
    // The first start puts configurations on the log; only what comes afterwards is counted here.
    let (status, log) = Served::start(folder.path(), &[]).ready().end("TERM");
    assert_eq!(status.code(), Some(0), "{log}");
    let flags = ["--crash-at", "ingest.before_commit:4", "--flight-recorder", recorder];
    let served = Served::start(folder.path(), &flags).ready();
    let url = format!("{}/v1/assets", served.url);
    let mut acknowledged = 0;
    for number in 0..20 {
        let body =
            json!({ "asset": format!("VEH{number}"), "fleet": "north", "profile": "vehicle" });
        if ureq::post(&url).send_json(&body).is_err() {
            break;
        }
        acknowledged += 1;
    }
    drop(served);
    assert!((1..20).contains(&acknowledged), "{acknowledged}");
    let flight = runtime::flight::read(Path::new(recorder)).unwrap();
    assert!(flight[0] > 0, "an ingest was in flight: {flight:?}");
    verified(folder.path());
    let again = Served::start(folder.path(), &[]).ready();
    let assets = again.ask(&["asset", "ls", "-o", "json"]).json();
    assert!(assets.as_array().unwrap().len() >= acknowledged, "{assets:#}");
}

#[test]
fn a_port_or_a_store_that_somebody_else_uses_is_told_with_the_remedy() {
    let folder = tempdir().unwrap();
    let served = Served::start(folder.path(), &[]).ready();
    let port = served.url.trim_start_matches("http://");
    let other = tempdir().unwrap();
    let busy = run(other.path(), &["run", "--facade", port]);
    assert_eq!(busy.code, 1, "{busy:?}");
    assert!(busy.err.contains(port) && busy.err.contains("--facade 127.0.0.1:0"), "{busy:?}");
    assert!(!other.path().join("data").exists(), "no store is made without a port");
    let used = run(folder.path(), &["run", "--facade", "127.0.0.1:0"]);
    assert_eq!(used.code, 4, "{used:?}");
    assert!(used.err.contains("in use by another process"), "{used:?}");
    let examined = served.ask(&["doctor", "-o", "json"]);
    assert_eq!(examined.code, 0, "{examined:?}");
    let agents = examined.json();
    let agents = agents.as_array().unwrap().iter().filter(|row| row["check"] == "agent");
    let hosts = served.ask(&["agent", "ls", "-o", "json"]).json();
    assert_eq!(agents.count(), hosts.as_array().unwrap().len(), "{examined:?}");
}

#[test]
fn a_store_that_can_no_longer_be_written_ends_the_process_with_4_and_the_remedy() {
    let folder = tempdir().unwrap();
    // Room for two or four MiB (shells count blocks differently) beyond what an empty store takes.
    drop(Served::start(folder.path(), &[]).ready());
    let blocks = fs::metadata(folder.path().join("data/store/db/db")).unwrap().len() / 512 + 4096;
    let served = Served::start_limited(folder.path(), blocks).ready();
    let url = format!("{}/v1/assets", served.url);
    let long = "x".repeat(250);
    for number in 0..100_000 {
        let body = json!({
            "asset": format!("VEH{number}"), "fleet": "north", "profile": "vehicle",
            "model": long, "supplier": long, "batch": long, "group": long,
        });
        if ureq::post(&url).send_json(&body).is_err() {
            break;
        }
    }
    let (status, log) = served.wait();
    assert_eq!(status.code(), Some(4), "{log}");
    assert!(log.contains("error: the store stopped: "), "{log}");
    assert!(log.contains("help: start `aurorasync run` again"), "{log}");
    verified(folder.path());
}

#[test]
fn an_address_that_others_can_reach_is_refused() {
    let folder = tempdir().unwrap();
    let ran = run(folder.path(), &["run", "--facade", "0.0.0.0:0"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("127.0.0.1"), "{ran:?}");
}

#[test]
fn only_the_agents_that_are_named_work_and_the_others_catch_up() {
    let folder = tempdir().unwrap();
    let served = Served::start(folder.path(), &["--agents", "data-analysis"]).ready();
    add(&served, "VEH001");
    let retired = served.ask(&["asset", "retire", "VEH001", "--reason", "sold"]);
    assert_eq!(retired.code, 0, "{retired:?}");
    let kinds = |served: &Served| -> Vec<String> {
        let hosts = served.ask(&["agent", "ls", "-o", "json"]).json();
        let kinds =
            hosts.as_array().unwrap().iter().map(|host| host["kind"].as_str().unwrap().to_owned());
        kinds.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
    };
    assert_eq!(kinds(&served), ["data-analysis", "effects"]);
    let (status, log) = served.end("INT");
    assert_eq!(status.code(), Some(0), "{log}");
    let served = Served::start(folder.path(), &[]).ready();
    let catalog = agents::catalog();
    let mut all: Vec<&str> = catalog.iter().map(|(kind, _)| kind).collect();
    all.push("effects");
    all.sort_unstable();
    assert_eq!(kinds(&served), all);
    // It hears of what happened while it rested.
    served.ask_until(&["agent", "state", "diagnosis", "VEH001"], |ran| ran.code == 0);
    let unknown = run(folder.path(), &["run", "--agents", "diagnoses"]);
    assert_eq!(unknown.code, 1, "{unknown:?}");
    assert!(unknown.err.contains("did you mean `diagnosis`?"), "{unknown:?}");
}

#[test]
fn a_file_of_assets_is_imported_up_to_the_line_that_is_refused() {
    let folder = tempdir().unwrap();
    let served = Served::start(folder.path(), &[]).ready();
    let file = folder.path().join("fleet.csv");
    let path = file.to_str().unwrap();
    fs::write(
        &file,
        "asset,fleet,profile,owner\nVEH001,north,vehicle,o-1\nVEH002,north,vehicle,\n",
    )
    .unwrap();
    let ran = served.ask(&["asset", "import", path, "-o", "json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.json(), json!({ "imported": 2, "total": 2, "failed": null }));
    fs::write(
        &file,
        "asset,fleet,profile\nVEH003,north,vehicle\nVEH004,north,vehicel\nVEH005,north,vehicle\n",
    )
    .unwrap();
    let ran = served.ask(&["asset", "import", path]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("line 3: asset `VEH004` was not registered"), "{ran:?}");
    assert!(ran.err.contains("did you mean `vehicle`?"), "{ran:?}");
    assert!(ran.err.contains("1 of 3 assets before it are registered"), "{ran:?}");
    let ids = |flags: &[&str]| -> Vec<String> {
        let assets = served.ask(flags).json();
        assets
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["asset"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(ids(&["asset", "ls", "-o", "json"]), ["VEH001", "VEH002", "VEH003"]);
    let retired = served.ask(&["asset", "retire", "VEH002", "--reason", "sold"]);
    assert_eq!(retired.code, 0, "{retired:?}");
    assert_eq!(ids(&["asset", "ls", "-o", "json"]), ["VEH001", "VEH003"]);
    let shown = served.ask(&["asset", "show", "VEH002", "-o", "json"]);
    assert_eq!(shown.json()["retired_because"], "sold");
    let unknown = served.ask(&["asset", "show", "VEH0003"]);
    assert_eq!(unknown.code, 1);
    assert!(unknown.err.contains("did you mean `VEH003`?"), "{unknown:?}");
}

#[test]
fn unknown_assets_are_quarantined_and_released_once_they_are_registered() {
    let folder = tempdir().unwrap();
    let served = Served::start(folder.path(), &[]).ready();
    send(&served, "VEH009", 0, 90.0);
    let list = ["quarantine", "ls", "-o", "json"];
    let entries = served.ask_until(&list, |ran| ran.json() != json!([])).json();
    assert_eq!(entries[0]["asset"], "VEH009", "{entries:#}");
    let id = entries[0]["id"].as_str().unwrap();
    let shown = served.ask(&["quarantine", "show", id, "-o", "json"]).json();
    assert_eq!(shown["telemetry"]["asset"], "VEH009", "{shown:#}");
    add(&served, "VEH009");
    let released = served.ask(&["quarantine", "release", id]);
    assert_eq!(released.code, 0, "{released:?}");
    assert_eq!(served.ask(&list).json(), json!([]));
    let twice = served.ask(&["quarantine", "release", id]);
    assert_eq!(twice.code, 1, "{twice:?}");
    assert!(twice.err.contains("was released at"), "{twice:?}");
}

#[test]
fn an_owner_is_registered_and_nothing_personal_is_on_the_log() {
    let folder = tempdir().unwrap();
    let served = Served::start(folder.path(), &[]).ready();
    let ran =
        served.ask(&["owner", "add", "o-1", "--name", "Personal Name", "--phone", "+10000000000"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let events = served.ask(&["events", "tail", "--name", "owner.registered", "-o", "jsonl"]);
    assert_eq!(events.out.lines().count(), 1, "{events:?}");
    assert!(
        !events.out.contains("Personal Name") && !events.out.contains("10000000000"),
        "{events:?}"
    );
}

#[test]
fn an_export_of_a_running_process_is_restored_elsewhere() {
    let folder = tempdir().unwrap();
    let served = Served::start(folder.path(), &[]).ready();
    add(&served, "VEH001");
    let file = folder.path().join("fleet.backup");
    let path = file.to_str().unwrap();
    let made = served.ask(&["backup", "create", path, "-o", "json"]);
    assert_eq!(made.code, 0, "{made:?}");
    let again = served.ask(&["backup", "create", path]);
    assert_eq!(again.code, 1, "{again:?}");
    drop(served);
    let checked = run(folder.path(), &["backup", "verify", path, "-o", "json"]);
    assert_eq!(checked.json()["records"], made.json()["records"]);
    let elsewhere = tempdir().unwrap();
    let restored = run(elsewhere.path(), &["backup", "restore", path]);
    assert_eq!(restored.code, 0, "{restored:?}");
    let refused = run(elsewhere.path(), &["backup", "restore", path]);
    assert_eq!(refused.code, 4, "what is there is not touched: {refused:?}");
    let (_, signatures) = compared(elsewhere.path());
    assert_eq!(signatures, 0, "a restored store has no key of its own yet");
    let served = Served::start(elsewhere.path(), &[]).ready();
    assert_eq!(served.ask(&["asset", "ls", "-o", "json"]).json()[0]["asset"], "VEH001");
}

#[test]
fn what_is_old_is_forgotten_once_it_was_used_and_exported() {
    let folder = tempdir().unwrap();
    let hurried = "[store]\ncheckpoint_interval = '100ms'\n[export]\ninterval = '200ms'\n\
                   [retention]\ntelemetry = '1ms'\n";
    fs::write(folder.path().join("aurora.toml"), hurried).unwrap();
    let served = Served::start(folder.path(), &[]).ready();
    add(&served, "VEH001");
    send(&served, "VEH001", 0, 90.0);
    let telemetry = ["events", "tail", "--stream", "telemetry", "--key", "VEH001", "-o", "jsonl"];
    served.ask_until(&telemetry, |ran| ran.out.is_empty());
    let state = served.ask(&["agent", "state", "data-analysis", "VEH001"]);
    assert_eq!(state.code, 0, "{state:?}");
    let log = served.ask(&["events", "tail", "--name", "asset.registered", "-o", "jsonl"]);
    assert_eq!(log.out.lines().count(), 1, "the log is kept: {log:?}");
    let (status, log) = served.end("TERM");
    assert_eq!(status.code(), Some(0), "{log}");
    let export = run(folder.path(), &["backup", "verify", "data/exports/newest.backup"]);
    assert_eq!(export.code, 0, "{export:?}");
    let verified = run(folder.path(), &["verify"]);
    assert_eq!(verified.code, 1, "a pass over half a log proves nothing: {verified:?}");
    assert!(verified.out.contains("not compared: `telemetry/"), "{verified:?}");
    drop(Served::start(folder.path(), &[]).ready());
}

#[test]
fn what_is_not_there_is_answered_with_what_is() {
    let folder = tempdir().unwrap();
    let served = Served::start(folder.path(), &[]).ready();
    for (arguments, text) in [
        (&["agent", "describe", "diagnoses"][..], "diagnosis"),
        (&["agent", "state", "diagnosis", "VEH404"], "remembers nothing of `VEH404`"),
        (&["dead", "show", "7"], "(404)"),
        (&["quarantine", "show", "x"], "`x` is not the id of a message"),
    ] {
        let ran = served.ask(arguments);
        assert_eq!(ran.code, 1, "{arguments:?} {ran:?}");
        assert!(ran.err.contains(text), "{arguments:?} {ran:?}");
    }
    let described = served.ask(&["agent", "describe", "diagnosis", "-o", "json"]).json();
    assert_eq!(described["contract"]["stream"], "health", "{described:#}");
    assert_eq!(served.ask(&["dead", "ls"]).out.lines().count(), 1, "only the titles");
}
