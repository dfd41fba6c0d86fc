//! What operators copy from `deploy/` names what the program really says and does.

use crate::process::{Served, run};
use crate::serving::send;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::tempdir;

fn text(path: &str) -> String {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), path].iter().collect();
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Words of `text` that begin with `aurorasync_`.
fn figures(text: &str) -> BTreeSet<&str> {
    text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
        .filter(|word| word.starts_with("aurorasync_"))
        .collect()
}

#[test]
fn rules_and_dashboards_ask_for_figures_that_a_process_has() {
    let folder = tempdir().unwrap();
    let served = Served::start(folder.path(), &[]).ready();
    let ran = served.ask(&["asset", "add", "VEH001", "--fleet", "north", "--profile", "vehicle"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    send(&served, "VEH001", 1, 90.0);
    let mut answer = ureq::get(format!("{}/metrics", served.url)).call().unwrap();
    let metrics = answer.body_mut().read_to_string().unwrap();
    let known = figures(&metrics);
    for path in ["deploy/prometheus/rules.yml", "deploy/grafana/aurorasync.json", "docs/runbook.md"]
    {
        let asked = text(path);
        let unknown: Vec<_> = figures(&asked).difference(&known).copied().collect();
        assert_eq!(unknown, Vec::<&str>::new(), "{path}");
    }
    for said in [
        "levels{agent=\"effects\",level=\"uncertain\"",
        "counts_total{agent=\"effects\",count=\"unreachable\"",
    ] {
        assert!(metrics.contains(&format!("aurorasync_agent_{said}}}")), "{said}");
    }
}

#[test]
fn each_alert_has_its_section_in_the_runbook_and_no_section_is_without_one() {
    let (rules, runbook) = (text("deploy/prometheus/rules.yml"), text("docs/runbook.md"));
    let after = |text: &str, mark: &str| -> BTreeSet<String> {
        text.lines().filter_map(|line| line.trim().strip_prefix(mark)).map(str::to_owned).collect()
    };
    let alerts = after(&rules, "- alert: ");
    assert!(!alerts.is_empty());
    assert_eq!(alerts, after(&runbook, "## "));
    let anchors = after(&rules, "runbook: docs/runbook.md#");
    assert_eq!(anchors, alerts.iter().map(|alert| alert.to_lowercase()).collect());
}

#[test]
fn the_service_starts_the_program_with_flags_that_it_has() {
    let service = text("deploy/systemd/aurorasync.service");
    let start = service.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    let flags: Vec<&str> = start.split(' ').skip(1).chain(["--help"]).collect();
    let ran = run(Path::new("."), &flags);
    assert_eq!(ran.code, 0, "{ran:?}");
}
