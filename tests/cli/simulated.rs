//! `simulate` from outside: what it writes is a dataset that `replay` takes, and only the seed decides what it is.

use crate::process::run;
use std::path::{Path, PathBuf};

fn simulated(folder: &Path, out: &str, seed: &str) -> PathBuf {
    let arguments = ["simulate", "--vehicles", "2", "--days", "2", "--sample", "1m", "--out", out];
    let ran = run(folder, &[&arguments[..], &["--seed", seed, "-o", "json"]].concat());
    assert_eq!(ran.code, 0, "{}", ran.err);
    let answer = ran.json();
    assert!(answer["samples"].as_u64().unwrap() > 300, "{answer}");
    folder.join(out)
}

fn telemetry(folder: &Path) -> Vec<u8> {
    std::fs::read(folder.join("telemetry/day-0001.csv.gz")).unwrap()
}

#[test]
fn what_is_simulated_is_replayed_and_depends_on_the_seed_alone() {
    let folder = tempfile::tempdir().unwrap();
    let one = simulated(folder.path(), "one", "42");
    assert_eq!(telemetry(&one), telemetry(&simulated(folder.path(), "same", "42")));
    assert_ne!(telemetry(&one), telemetry(&simulated(folder.path(), "other", "43")));
    let replayed = run(folder.path(), &["replay", "one", "-o", "json"]);
    assert_eq!(replayed.code, 0, "{}", replayed.err);
    assert_eq!(replayed.json()["assets"], 2, "{}", replayed.out);
    let again = run(folder.path(), &["simulate", "--days", "1", "--out", "one"]);
    assert!(again.code != 0 && again.err.contains("is not empty"), "{}", again.err);
}
