//! Real recordings through the real agents: healthy cars stay quiet, faults laid over them are found.
//!
//! The recordings are not part of the repository. Without them these tests say so and do nothing;
//! in CI (`CI=true`) that is a failure.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// Where the recordings are, seen from the root of the repository.
const RECORDINGS: &str = "../shared/data";

/// What a replay of `dataset` found; `None` without recordings.
fn replayed(dataset: &str) -> Option<Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if !root.join(RECORDINGS).is_dir() {
        assert!(std::env::var_os("CI").is_none(), "there are no recordings in {RECORDINGS}");
        return None;
    }
    let output = Command::new(env!("CARGO_BIN_EXE_aurorasync"))
        .current_dir(root)
        .args(["replay", &format!("profiles/datasets/{dataset}"), "--data", RECORDINGS])
        .args(["-o", "json"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let findings: Value = serde_json::from_slice(&output.stdout).unwrap();
    let samples = &findings["samples"];
    assert_eq!(samples["unaccounted"], 0, "every sample is accounted for: {samples}");
    Some(findings)
}

fn list<'f>(findings: &'f Value, name: &str) -> &'f Vec<Value> {
    findings[name].as_array().unwrap_or_else(|| panic!("no list `{name}`: {findings}"))
}

/// Failure alarms that nothing was the reason for.
fn alarms(findings: &Value, kind: &str) -> u64 {
    list(findings, "components").iter().map(|component| component[kind].as_u64().unwrap()).sum()
}

#[test]
fn two_healthy_cars_raise_at_most_one_failure_alarm_in_all_their_hours() {
    let Some(findings) =
        ["kit-obd2", "carobd"].map(replayed).into_iter().collect::<Option<Vec<_>>>()
    else {
        println!("SKIPPED: there are no recordings in {RECORDINGS}");
        return;
    };
    let hours: f64 = findings.iter().map(|found| found["observed_hours"].as_f64().unwrap()).sum();
    let raised: u64 = findings.iter().map(|found| alarms(found, "alarms")).sum();
    let windows: u64 = findings.iter().map(|found| found["windows"].as_u64().unwrap()).sum();
    println!("{raised} failure alarms in {hours:.1} h, {windows} windows");
    assert!(hours > 60.0, "{hours} h");
    assert!(windows > 3_600, "silence because of nothing assessed does not count: {windows}");
    assert!(raised <= 1, "{raised} alarms on healthy cars");
}

#[test]
fn four_of_five_faults_laid_over_the_recordings_are_found() {
    let (mut faults, mut found) = (0, 0);
    for dataset in ["kit-obd2-faults", "carobd-faults"] {
        let Some(findings) = replayed(dataset) else {
            println!("SKIPPED: there are no recordings in {RECORDINGS}");
            return;
        };
        let all = list(&findings, "faults");
        let here = all.iter().filter(|fault| !fault["found_at"].is_null()).count();
        println!("{dataset}: {here} of {} found", all.len());
        (faults, found) = (faults + all.len(), found + here);
    }
    assert!(faults >= 40, "{faults} faults");
    assert!(found * 5 >= faults * 4, "{found} of {faults} found");
}
