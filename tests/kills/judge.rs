//! Holds the store to the client's ledger: nothing lost, nothing counted twice, states as they must be.

use crate::client::Fleet;
use crate::server::Server;
use messages::telemetry::Telemetry;
use messages::{Message, Stream};
use runtime::router::PARTITIONS_EMBEDDED;
use runtime::store::sled::SledStore;
use runtime::store::{Partition, ReadLimit, Store};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::process::Command;

/// What was found; everything that must not be has panicked.
pub(crate) struct Judged {
    pub(crate) acknowledged: u64,
    distinct: u64,
    sent_twice: u64,
    records: u64,
    states: u64,
}

impl fmt::Display for Judged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { acknowledged, distinct, sent_twice, records, states } = self;
        write!(
            f,
            "{acknowledged} samples acknowledged, 0 lost; {distinct} on the log, {sent_twice} of them \
             sent more than once, 0 counted twice; {states} states equal to one pass over {records} records"
        )
    }
}

/// Judges the store in `folder`.
pub(crate) fn judge(folder: &Path, fleet: &Fleet) -> Judged {
    let server = Server::start(folder, None);
    let counted: BTreeMap<&String, Readings> =
        fleet.assets().map(|asset| (asset, readings(server.url(), asset))).collect();
    server.stop();
    let verified = verify(folder);
    let on_log = sent(&folder.join("data"));
    let mut judged = Judged {
        acknowledged: 0,
        distinct: 0,
        sent_twice: 0,
        records: number(&verified, "/verified/records"),
        states: number(&verified, "/verified/states"),
    };
    let empty = BTreeMap::new();
    for sender in &fleet.senders {
        for (asset, acknowledged) in &sender.acknowledged {
            let found = on_log.get(asset).unwrap_or(&empty);
            let known: BTreeSet<u64> = found.keys().copied().collect();
            let lost: Vec<&u64> = acknowledged.difference(&known).collect();
            assert!(lost.is_empty(), "{asset}: acknowledged and lost: {lost:?}");
            let total: u64 = found.values().sum();
            let readings = counted[asset];
            let expected =
                Readings { accepted: found.len() as u64, duplicates: total - found.len() as u64 };
            assert_eq!(readings, expected, "{asset}: each sample is counted once");
            judged.acknowledged += acknowledged.len() as u64;
            judged.distinct += found.len() as u64;
            judged.sent_twice += found.values().filter(|times| **times > 1).count() as u64;
        }
    }
    judged
}

/// What data-analysis has counted for an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Readings {
    accepted: u64,
    duplicates: u64,
}

fn readings(url: &str, asset: &str) -> Readings {
    let url = format!("{url}/v1/agents/data-analysis/state/{asset}");
    let mut answer = ureq::get(url).call().unwrap();
    let state: serde_json::Value = answer.body_mut().read_json().unwrap();
    let readings = state.pointer("/state/readings").or_else(|| state.pointer("/readings"));
    let readings = readings.unwrap_or_else(|| panic!("{asset} has no readings: {state}"));
    assert_eq!(readings["quarantined"], 0, "{asset}");
    Readings {
        accepted: number(readings, "/accepted"),
        duplicates: number(readings, "/duplicates"),
    }
}

/// The program's own check: every record intact, every state equal to one ordered pass.
fn verify(folder: &Path) -> serde_json::Value {
    let output = Command::new(env!("CARGO_BIN_EXE_aurorasync"))
        .args(["verify", "-o", "json", "-c"])
        .arg(folder.join("aurora.toml"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{text}\n{complaint}");
    let verified: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(verified["equal"], true, "{text}");
    verified
}

/// How often each sample is on the log, by asset and count.
fn sent(data: &Path) -> BTreeMap<String, BTreeMap<u64, u64>> {
    let store = SledStore::open(&data.join("store")).unwrap();
    let mut sent: BTreeMap<String, BTreeMap<u64, u64>> = BTreeMap::new();
    for index in 0..PARTITIONS_EMBEDDED.get() {
        let partition = Partition { stream: Stream::Telemetry, index };
        let mut after = 0;
        loop {
            let batch = store.read(partition, after, ReadLimit::default()).unwrap();
            let Some(last) = batch.last() else { break };
            after = last.sequence;
            let frames = batch.iter().filter(|delivery| delivery.envelope.name == Telemetry::NAME);
            for delivery in frames {
                let frame: Telemetry = delivery.envelope.open().unwrap();
                for sample in &frame.samples {
                    let counts = sent.entry(frame.asset.clone()).or_default();
                    *counts.entry(sample.seq.unwrap()).or_default() += 1;
                }
            }
        }
    }
    sent
}

fn number(value: &serde_json::Value, pointer: &str) -> u64 {
    value
        .pointer(pointer)
        .and_then(serde_json::Value::as_u64)
        .unwrap_or_else(|| panic!("no number at {pointer}: {value}"))
}
