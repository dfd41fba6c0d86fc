//! CAPAs on the command line, in front of a process that serves a log with one on it.

use crate::cases::{ok, opened, refused};
use crate::told::tell_capa;
use messages::capa::CapaOpened;
use serde_json::json;
use std::fs;

/// One as the wire has it.
const CAPA: &str = include_str!("../../messages/tests/golden/capa.opened.v1.json");

fn capa() -> CapaOpened {
    serde_json::from_str(CAPA).unwrap()
}

#[test]
fn a_capa_is_listed_shown_and_exported_in_three_forms() {
    let capa = capa();
    let (served, (), folder) = opened(|data| tell_capa(data, &capa));
    let id = capa.capa.to_string();
    let listed = served.ask(&["capa", "ls"]);
    ok(&listed);
    for said in [&id[..8], "brake", "S-102 Q2-2025", "yes"] {
        assert!(listed.out.contains(said), "`{said}`: {listed:?}");
    }
    let none = served.ask(&["capa", "ls", "--component", "battery", "-o", "json"]);
    ok(&none);
    assert_eq!(none.json(), json!([]));
    for name in [id.as_str(), &id[..8], "brake"] {
        let shown = served.ask(&["capa", "show", name, "-o", "json"]);
        ok(&shown);
        let report = shown.json();
        assert_eq!((&report["state"], &report["opened"]["capa"]), (&json!("open"), &json!(id)));
        assert_eq!((&report["rate"]["failures"], &report["signed"]), (&json!(18), &json!({})));
    }
    let shown = served.ask(&["capa", "show", "brake"]);
    ok(&shown);
    assert!(shown.out.contains("Q2-2025") && shown.out.contains("D3"), "{shown:?}");
    assert!(!shown.out.contains('\\'), "a terminal shows no escapes: {shown:?}");
    for (form, begins) in [("html", "<!doctype html>"), ("md", "# "), ("json", "{")] {
        let file = folder.path().join(format!("report.{form}"));
        let to = file.display().to_string();
        ok(&served.ask(&["capa", "export", &id, "--format", form, "--to", &to]));
        let written = fs::read_to_string(&file).unwrap();
        assert!(written.to_lowercase().starts_with(begins), "{form}: {written}");
        assert!(written.contains("Q2-2025"), "{form}: {written}");
    }
}

#[test]
fn a_gate_is_signed_once_it_says_what_it_wants_and_blames_nobody() {
    let capa = capa();
    let (served, (), _folder) = opened(|data| tell_capa(data, &capa));
    let sign = ["capa", "sign", "brake", "--by", "quality desk"];
    let missing = served.ask(&[&sign[..], &["--gate", "D3"]].concat());
    refused(&missing, "gate D3 needs `--measures`");
    let foreign = ["--gate", "D3", "--measures", "blocked", "--effective", "80", "--done", "all"];
    refused(&served.ask(&[&sign[..], &foreign].concat()), "`--done` is not of gate D3");
    let blame = [
        "--gate",
        "D4",
        "--cause",
        "operator error",
        "--escape-point",
        "receiving inspection",
        "--why",
        "one",
        "--why",
        "two",
        "--why",
        "three",
        "--evidence",
        "report 12",
    ];
    refused(&served.ask(&[&sign[..], &blame].concat()), "blames somebody");
    let unknown = ["capa", "sign", "battery", "--by", "q", "--gate", "D7", "--measures", "m"];
    refused(&served.ask(&unknown), "none of a component `battery` is open");
    let sound = ["--gate", "D3", "--measures", "stock is blocked", "--effective", "80"];
    let signed = served.ask(&[&sign[..], &sound, &["-o", "json"]].concat());
    ok(&signed);
    assert_eq!(signed.json()["capa"], capa.capa.to_string());
    let said = served.ask(&["events", "tail", "--name", "capa.signed", "-o", "jsonl"]);
    ok(&said);
    assert!(said.out.contains("stock is blocked") && said.out.contains("quality desk"), "{said:?}");
}
