//! What the store on disk costs on this machine: `cargo bench -p runtime --bench store [-- CASE ...]`.
//!
//! Prints one JSON line per measurement. Cases: `commits` (groups of records of 300 B and 9 KB),
//! `states` (100,000 states of 2 KiB: saved, read, exported), `churn` (what is forgotten makes room),
//! `reopen` (2 GB written, opened again).
#![expect(clippy::print_stdout, reason = "the figures are what this is for")]

use messages::{Envelope, MessageId, Stream, Timestamp};
use runtime::backup::{self, Export};
use runtime::store::sled::SledStore;
use runtime::store::{Batch, HostChange, HostId, Partition, Progress, ReadLimit, Store};
use serde_json::json;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const PARTITIONS: u16 = 4;
const MIB: u64 = 1024 * 1024;

/// Measures in an empty folder.
type Case = fn(&Path);

fn main() {
    // Cargo adds flags of its own.
    let chosen: Vec<String> =
        std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let cases: [(&str, Case); 4] =
        [("commits", commits), ("states", states), ("churn", churn), ("reopen", reopen)];
    for (name, case) in cases {
        if chosen.is_empty() || chosen.iter().any(|chosen| chosen == name) {
            let folder = tempfile::tempdir().expect("a folder");
            case(folder.path());
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a stopwatch")]
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let done = work();
    (done, start.elapsed())
}

fn open(folder: &Path) -> SledStore {
    SledStore::open(folder).expect("an intact store")
}

fn envelope(number: u64, bytes: usize) -> Arc<Envelope> {
    // Not compressible, as readings are not.
    let mut word = number;
    let data = (0..bytes.div_ceil(8)).flat_map(|_| {
        word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        word.to_le_bytes()
    });
    Arc::new(Envelope {
        id: MessageId::named("bench", &number.to_string()),
        name: "telemetry.received".to_owned(),
        class: messages::Class::Telemetry,
        encoding: messages::Encoding::Postcard,
        source: "bench".to_owned(),
        key: format!("ASSET-{}", number % 1000),
        time: Timestamp::EPOCH.saturating_add(Duration::from_millis(number)),
        provenance: messages::Provenance::Measured,
        case_id: None,
        causation_id: None,
        origin: None,
        addressed_to: None,
        traceparent: None,
        data: data.collect::<Vec<u8>>().into(),
    })
}

fn partition(number: u64) -> Partition {
    let index = u16::try_from(number % u64::from(PARTITIONS)).expect("few partitions");
    Partition { stream: Stream::Telemetry, index }
}

/// `group` records of `bytes` each, from `number` on.
fn group(number: u64, group: u64, bytes: usize) -> Batch {
    let numbers = number..number + group;
    let appends = numbers.map(|number| (partition(number), envelope(number, bytes)));
    Batch { appends: appends.collect(), ..Batch::default() }
}

/// Bytes that the database file takes on disk.
fn on_disk(folder: &Path) -> u64 {
    std::fs::metadata(folder.join("db/db")).expect("a database").blocks() * 512
}

fn per_second(count: u64, took: Duration) -> f64 {
    (count as f64 / took.as_secs_f64()).round()
}

fn commits(folder: &Path) {
    for (bytes, logical) in [(300, 40 * MIB), (9_000, 200 * MIB)] {
        for size in [1_u64, 16, 128, 1024] {
            let folder = folder.join(format!("{bytes}-{size}"));
            let store = open(&folder);
            let commits = (logical / (bytes as u64 * size)).clamp(8, 2_000);
            let mut took: Vec<Duration> = (0..commits)
                .map(|commit| {
                    let batch = group(commit * size, size, bytes);
                    timed(|| store.commit(batch).expect("a commit")).1
                })
                .collect();
            let sum = took.iter().sum();
            took.sort();
            let written = commits * size * bytes as u64;
            drop(store);
            println!(
                "{}",
                json!({
                    "case": "commits", "record_bytes": bytes, "group": size, "commits": commits,
                    "commits_per_second": per_second(commits, sum),
                    "records_per_second": per_second(commits * size, sum),
                    "p50_us": took[took.len() / 2].as_micros(),
                    "p99_us": took[took.len() * 99 / 100].as_micros(),
                    "disk_bytes_per_byte": on_disk(&folder) as f64 / written as f64,
                })
            );
            std::fs::remove_dir_all(&folder).expect("a folder");
        }
    }
}

fn states(folder: &Path) {
    const STATES: u64 = 100_000;
    const SLICE: u64 = 1_000;
    let store = open(folder);
    let host = HostId { kind: "data-analysis".to_owned(), partition: 0 };
    for round in 0..2_u8 {
        let (mut took, mut longest) = (Duration::ZERO, Duration::ZERO);
        for slice in 0..STATES / SLICE {
            let keys = slice * SLICE..(slice + 1) * SLICE;
            let states = keys.map(|key| (format!("ASSET-{key}"), Some(vec![round + 1; 2_048])));
            let change = HostChange {
                host: host.clone(),
                progress: Some(Progress::default()),
                watermark: None,
                states: states.collect(),
            };
            let batch = Batch { hosts: vec![change], ..Batch::default() };
            let commit = timed(|| store.commit(batch).expect("a commit")).1;
            took += commit;
            longest = longest.max(commit);
        }
        println!(
            "{}",
            json!({
                "case": "states", "round": round, "states_per_second": per_second(STATES, took),
                "slice": SLICE, "longest_ms": longest.as_millis(), "disk_mib": on_disk(folder) / MIB,
            })
        );
    }
    let mut bytes = 0;
    let read =
        timed(|| store.states(&host, &mut |_, state| bytes += state.len()).expect("states")).1;
    let file = folder.join("backup");
    let (export, begun) = timed(|| Export::begin(&store, &file).expect("a backup"));
    let finished = timed(|| export.finish(&store).expect("a backup")).1;
    let restored = timed(|| backup::restore(&file, &folder.join("restored")).expect("a store")).1;
    println!(
        "{}",
        json!({
            "case": "states", "read_ms": read.as_millis(), "read_mib": bytes as u64 / MIB,
            "export_pause_ms": begun.as_millis(), "export_rest_ms": finished.as_millis(),
            "restore_ms": restored.as_millis(),
        })
    );
}

fn churn(folder: &Path) {
    let store = open(folder);
    let (size, bytes, kept) = (128, 9_000, 5_000);
    for commit in 0..600_u64 {
        let mut batch = group(commit * size, size, bytes);
        let through = ((commit + 1) * size / u64::from(PARTITIONS)).saturating_sub(kept);
        batch.trims = (0..u64::from(PARTITIONS)).map(|index| (partition(index), through)).collect();
        store.commit(batch).expect("a commit");
        if commit % 100 == 99 {
            println!(
                "{}",
                json!({
                    "case": "churn", "written_mib": (commit + 1) * size * bytes as u64 / MIB,
                    "kept_mib": kept * u64::from(PARTITIONS) * bytes as u64 / MIB,
                    "disk_mib": on_disk(folder) / MIB,
                })
            );
        }
    }
}

fn reopen(folder: &Path) {
    let store = open(folder);
    let (size, bytes) = (512, 9_000);
    let mut number = 0;
    while on_disk(folder) < 2_000 * MIB {
        store.commit(group(number, size, bytes)).expect("a commit");
        number += size;
    }
    drop(store);
    let (store, first) = timed(|| open(folder));
    drop(store);
    let (store, again) = timed(|| open(folder));
    let (verified, verify) = timed(|| store.verify().expect("an intact store"));
    let mut after = 0;
    let (_, read) = timed(|| {
        while after < 5_000 {
            let read = store.read(partition(1), after, ReadLimit::default()).expect("a read");
            after = read.last().expect("a record").sequence;
        }
    });
    println!(
        "{}",
        json!({
            "case": "reopen", "disk_mib": on_disk(folder) / MIB,
            "logical_mib": number * bytes as u64 / MIB,
            "first_open_ms": first.as_millis(), "next_open_ms": again.as_millis(),
            "verify_ms": verify.as_millis(), "records": verified.records,
            "read_records_per_second": per_second(after, read),
        })
    );
}
