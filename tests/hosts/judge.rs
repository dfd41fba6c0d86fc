//! Holds the stores of all processes to what devices were acknowledged, to each other, and to one ordered pass.

use crate::devices::Devices;
use crate::story::Story;
use messages::booking::BookingConfirmed;
use messages::case::CaseOpened;
use messages::{Envelope, Message, MessageId};
use runtime::store::sled::SledStore;
use runtime::store::{Partition, ReadLimit, Store};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

/// Judges the stores below `folder`; says what was found, and panics where something must not be.
pub(crate) fn judge(folder: &Path, names: &[&str], story: &Story, devices: &Devices) -> String {
    let mut states = 0;
    let mut logs = Vec::new();
    for name in names {
        let verified = verify(&folder.join(name));
        states += verified.pointer("/verified/states").and_then(Value::as_u64).unwrap();
        let store = SledStore::open(&folder.join(name).join("data/store")).unwrap();
        let waiting: Vec<String> = store
            .partitions()
            .into_iter()
            .filter(|it| it.is_lane())
            .flat_map(|lane| {
                read(&store, lane).into_iter().map(|said| format!("{} {}", said.source, said.name))
            })
            .collect();
        assert_eq!(waiting, Vec::<String>::new(), "{name} has said everything");
        if *name == "watch" {
            story.assets.iter().for_each(|asset| counted(&store, asset, devices));
        }
        logs.push(read(&store, Partition::LOG));
    }
    let ids = |log: &[Arc<Envelope>]| log.iter().map(|said| said.id).collect::<Vec<MessageId>>();
    logs.sort_by_key(Vec::len);
    let log = logs.last().unwrap();
    let long = log.len();
    for other in &logs {
        assert_eq!(ids(other)[..], ids(log)[..other.len()], "every mirror has one order");
    }
    let distinct: BTreeSet<MessageId> = log.iter().map(|said| said.id).collect();
    assert_eq!(distinct.len(), log.len(), "nothing stands on the log twice");
    for asset in &story.assets {
        let opened = said::<CaseOpened>(log).filter(|opened| opened.asset == *asset).count();
        assert_eq!(opened, 1, "cases of {asset}");
    }
    let mut booked: BTreeMap<String, u64> = BTreeMap::new();
    for confirmed in said::<BookingConfirmed>(log) {
        *booked.entry(confirmed.asset).or_default() += 1;
    }
    let once = story.assets.iter().map(|asset| (asset.clone(), 1)).collect();
    assert_eq!(booked, once, "each asset is booked in once");
    let (booked, mirrors) = (booked.len(), logs.len());
    format!(
        "{booked} assets booked in once each; {long} records on the log, each once, in the same order in {mirrors} mirrors; \
         {states} states equal to one pass"
    )
}

/// That each acknowledged sample of `asset` was counted, and once.
fn counted(store: &SledStore, asset: &str, devices: &Devices) {
    let expected = devices.acknowledged(asset);
    assert!(expected > 0, "{asset} was heard");
    let mut sequences = BTreeSet::new();
    for index in 0..runtime::router::PARTITIONS_EMBEDDED.get() {
        let partition = Partition { stream: messages::Stream::Telemetry, index };
        for frame in said::<messages::telemetry::Telemetry>(&read(store, partition)) {
            if frame.asset == asset {
                for sample in frame.samples {
                    assert!(sequences.insert(sample.seq), "{asset}: {:?} twice", sample.seq);
                }
            }
        }
    }
    assert_eq!(sequences.len() as u64, expected, "{asset}: acknowledged and brought in");
}

fn said<M: Message>(log: &[Arc<Envelope>]) -> impl Iterator<Item = M> + use<'_, M> {
    log.iter().filter(|said| said.name == M::NAME).map(|said| said.open::<M>().unwrap())
}

fn read(store: &SledStore, partition: Partition) -> Vec<Arc<Envelope>> {
    let mut all = Vec::new();
    let mut after = store.first(partition) - 1;
    loop {
        let batch = store.read(partition, after, ReadLimit::default()).unwrap();
        let Some(last) = batch.last() else { return all };
        after = last.sequence;
        all.extend(batch.into_iter().map(|delivery| delivery.envelope));
    }
}

/// The program's own check: every record intact, every state equal to one ordered pass, nothing said twice.
fn verify(folder: &Path) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_aurorasync"))
        .args(["verify", "-o", "json", "-c"])
        .arg(folder.join("aurora.toml"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{}: {text}\n{complaint}", folder.display());
    let verified: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(verified["equal"], true, "{text}");
    verified
}
