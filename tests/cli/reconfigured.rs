//! Agents of a process that has a server of NATS: they answer questions there, and are told something else while they run.

use crate::process::{Served, run};
use crate::publisher::Publisher;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tempfile::tempdir;

/// Agents of the program.
const AGENTS: usize = 8;

#[test]
fn every_agent_of_a_process_answers_with_the_figures_that_the_process_shows() {
    let folder = tempdir().unwrap();
    let publisher = Publisher::start(folder.path());
    let served = Served::start(folder.path(), &["--bus", &publisher.url()]).ready();
    let answers = publisher.ask_all("$SRV.STATS", AGENTS);
    let of = |item: &Value| item["kind"].as_str().unwrap().to_owned();
    let shown = served.ask(&["agent", "ls", "-o", "json"]).json();
    let hosts = shown.as_array().unwrap().iter();
    let mut hosts_by_kind: BTreeMap<String, usize> = BTreeMap::new();
    hosts.for_each(|host| *hosts_by_kind.entry(of(host)).or_default() += 1);
    let mut ours = 0;
    for answer in answers {
        assert_eq!(answer["type"], "io.nats.micro.v1.stats_response");
        let (kind, endpoints) = (answer["name"].as_str().unwrap(), &answer["endpoints"]);
        let endpoints = endpoints.as_array().unwrap();
        assert_eq!(endpoints.len(), hosts_by_kind[kind], "{kind}");
        ours += endpoints.len();
        for endpoint in endpoints {
            assert_eq!(endpoint["data"]["kind"], kind);
            assert_eq!(endpoint["num_requests"], endpoint["data"]["observation"]["handled"]);
        }
    }
    let url = publisher.url();
    let listed = run(folder.path(), &["nats", "agents", &url, "-o", "json"]);
    assert_eq!((listed.code, listed.json().as_array().unwrap().len()), (0, ours), "{listed:?}");
    assert!(served.end("TERM").0.success());
    assert_eq!(run(folder.path(), &["nats", "agents", &url]).code, 1);
    assert_eq!(publisher.ask_all("$SRV.PING", 0), Vec::<Value>::new(), "nobody is there any more");
}

#[test]
fn an_agent_is_told_something_else_while_it_runs_and_what_it_refuses_is_said() {
    let folder = tempdir().unwrap();
    let publisher = Publisher::start(folder.path());
    let url = publisher.url();
    let served = Served::start(folder.path(), &["--bus", &url]).ready();
    let kind = "manufacturing-insights";
    let put = |values: &[&str]| {
        let given = [&["config", "put", kind], values, &["--bus", &url, "-o", "json"]].concat();
        run(folder.path(), &given)
    };
    let review_every = |expected: &str| {
        let describe = ["agent", "describe", kind, "-o", "json"];
        let is_in_force = |found: Value| found["config"]["review_every"] == expected;
        served.ask_until(&describe, |ran| ran.code == 0 && is_in_force(ran.json()));
    };
    review_every("7d");
    let said = put(&["review_every=3d", "failures_min=20"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(said.json()["table"], json!({ "review_every": "3d", "failures_min": 20 }));
    review_every("3d");

    let refused = put(&["reviewed_every=3d"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.err.contains("reviewed_every"), "{refused:?}");
    publisher.publish(&format!("$KV.config.{kind}"), r#"{"review_every":"sometimes"}"#);
    let listed = ["agent", "ls", "-o", "json"];
    let is_said = |found: &Value| {
        let config = found.as_array().unwrap().iter().find(|it| it["kind"] == "config");
        config.is_some_and(|it| it["last_failure"].to_string().contains("sometimes"))
    };
    served.ask_until(&listed, |ran| ran.code == 0 && is_said(&ran.json()));
    review_every("3d");
    assert!(served.end("TERM").0.success());

    let served = Served::start(folder.path(), &["--bus", &url]).ready();
    let config = served.ask(&["agent", "describe", kind, "-o", "json"]).json()["config"].clone();
    assert_eq!(config["review_every"], "3d", "what is refused changes nothing at a start either");
    let dropped = run(folder.path(), &["config", "drop", kind, "--bus", &url]);
    assert_eq!(dropped.code, 0, "{dropped:?}");
    let describe = ["agent", "describe", kind, "-o", "json"];
    served
        .ask_until(&describe, |ran| ran.code == 0 && ran.json()["config"]["review_every"] == "7d");
    let applied = served.ask(&["events", "tail", "--name", "config.applied", "-o", "jsonl"]);
    assert!(applied.out.contains(kind), "{applied:?}");
    assert!(served.end("TERM").0.success());
}
