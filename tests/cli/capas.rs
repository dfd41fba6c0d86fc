//! CAPAs on the command line, in front of a process that serves a log with one on it.

use crate::cases::{ok, opened, refused};
use crate::told::tell_capa;
use messages::capa::{CapaOpened, Fmea, Priority};
use messages::pattern::{Estimate, Group, Query, Rate};
use messages::{CapaId, Finite, MessageId, Timestamp};
use serde_json::json;
use std::fs;

fn number(value: f64) -> Finite {
    Finite::new(value).unwrap()
}

fn rate(failures: u64) -> Rate {
    let (low, high) = (Some(number(1.0)), Some(number(90.0)));
    let at = "2026-03-02T06:00:00Z".parse::<Timestamp>().unwrap();
    Rate {
        group: Group { model: None, supplier: Some("Sona".into()), batch: Some("Q2-2025".into()) },
        failures,
        assets: 100,
        life_days: number(9_000.0),
        per_1000_years: Some(Estimate { low, value: number(40.0), high }),
        ratio: Some(number(8.0)),
        p_raw: Some(number(1e-9)),
        p_value: Some(number(1e-5)),
        query: Query {
            counted: vec!["failure.recorded".into()],
            condition: "component == 'brake'".into(),
            from: at,
            until: at,
            records: failures,
            first: None,
            last: None,
        },
    }
}

fn capa() -> CapaOpened {
    CapaOpened {
        capa: CapaId::of(MessageId::named("told", "review"), "brake"),
        population: "vehicle".into(),
        component: "brake".into(),
        group: rate(18).group,
        failures: 18,
        p_value: number(1e-5),
        rate: rate(18),
        rest: rate(3),
        safety: true,
        is_is_not: Vec::new(),
        contain_by: "2026-03-03T06:00:00Z".parse().unwrap(),
        causes: Vec::new(),
        life: None,
        fmea: Fmea {
            severity: 10,
            occurrence: 10,
            detection: 8,
            priority: Priority::High,
            because: Vec::new(),
        },
    }
}

#[test]
fn a_capa_is_listed_shown_and_exported_in_three_forms() {
    let capa = capa();
    let (served, (), folder) = opened(|data| tell_capa(data, &capa));
    let id = capa.capa.to_string();
    let listed = served.ask(&["capa", "ls"]);
    ok(&listed);
    for said in [&id[..8], "brake", "Sona Q2-2025", "yes"] {
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
