//! A store with some of everything, and all that can be read of a store as text.

use messages::{Envelope, Stream};
use runtime::store::sled::SledStore;
use runtime::store::{
    Batch, HostChange, HostId, HostRecord, Partition, Progress, ReadLimit, Store,
};
use runtime::testkit::store_contract::record;
use std::fmt::Write;
use std::path::Path;

/// Partition `index` of HEALTH.
pub(crate) fn health(index: u16) -> Partition {
    Partition { stream: Stream::Health, index }
}

/// A host whose states a test changes.
pub(crate) fn host() -> HostId {
    HostId { kind: "damage".to_owned(), partition: 0 }
}

pub(crate) fn open(folder: &Path) -> SledStore {
    SledStore::open(folder).expect("an intact store")
}

/// The `number`-th batch of a store with log, states and named values.
pub(crate) fn batch(number: u64) -> Batch {
    let byte = u8::try_from(number % 251).expect("a byte");
    let appends = (0..20).map(|index| {
        let partition = health(u16::try_from(index % 3).expect("few partitions"));
        (partition, record(number * 20 + index, 300))
    });
    let states = (0..10).map(|key| (format!("key-{key}"), Some(vec![byte; 500])));
    let change = HostChange {
        host: host(),
        progress: Some(Progress { cursor: number, ..Progress::default() }),
        watermark: Some((number, 1)),
        states: states.collect(),
    };
    Batch {
        appends: appends.collect(),
        hosts: vec![change],
        blobs: vec![(format!("blob/{number}"), Some(vec![3; 100]))],
        trims: Vec::new(),
    }
}

/// Makes a store in `folder`; what it holds.
pub(crate) fn filled(folder: &Path) -> String {
    let store = open(folder);
    for number in 0..40 {
        store.commit(batch(number)).expect("a commit");
    }
    contents(&store)
}

/// Everything that can be read.
pub(crate) fn contents(store: &dyn Store) -> String {
    let mut text = String::new();
    for partition in store.partitions() {
        log(store, partition, &mut text);
    }
    for host in store.hosts().expect("hosts") {
        let HostRecord { progress, watermark } = store.host(&host).expect("a host");
        let Progress { cursor, now, config } = progress;
        writeln!(text, "{host} at {cursor}, {now}, {config:?}, {watermark:?}").expect("a text");
        let mut visit = |key: &str, value: &[u8]| {
            writeln!(text, "  {key:?} {} bytes {:08x}", value.len(), crc32c::crc32c(value))
                .expect("a text");
        };
        store.states(&host, &mut visit).expect("states");
    }
    for name in store.blobs("").expect("names") {
        let value = store.blob(&name).expect("a value").expect("a value for each name");
        writeln!(text, "{name:?} {} bytes {:08x}", value.len(), crc32c::crc32c(&value))
            .expect("a text");
    }
    text
}

fn log(store: &dyn Store, partition: Partition, text: &mut String) {
    let (first, head) = (store.first(partition), store.head(partition));
    writeln!(text, "{partition} {first}..={head}").expect("a text");
    let mut after = first - 1;
    while after < head {
        for delivery in store.read(partition, after, ReadLimit::default()).expect("a read") {
            assert_eq!((delivery.previous, delivery.sequence), (after, after + 1), "no hole");
            after = delivery.sequence;
            let Envelope { id, name, source, key, time, data, .. } = &*delivery.envelope;
            let checksum = crc32c::crc32c(data);
            writeln!(text, "  {after} {name} {id} {source} {key} {time} {checksum:08x}")
                .expect("a text");
        }
    }
}

/// Copies a folder with all that is in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a copy");
        }
    }
}
