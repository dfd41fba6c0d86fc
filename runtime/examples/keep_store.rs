//! Writes a store and a backup of this build, with what they hold, for later builds to open:
//! `runtime/tests/compatibility/keep NAME`.

#[path = "../tests/store/fixture.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
mod fixture;

use fixture::{contents, health, host, open};
use flate2::Compression;
use flate2::write::GzEncoder;
use runtime::backup;
use runtime::store::{Batch, HostChange, HostId, Partition, Progress, Store};
use runtime::testkit::store_contract::record;
use std::io::Write;
use std::path::Path;

fn main() {
    let name = std::env::args().nth(1).expect("a name for the folder");
    let compatibility = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compatibility");
    let folder = format!("format-{}-{name}", runtime::store::sled::FORMAT);
    keep(&compatibility.join(folder));
}

/// Makes a store in `folder` that has everything a format has to say.
fn fill(folder: &Path) -> String {
    let store = open(folder);
    for number in 0..12 {
        store.commit(batch(number)).expect("a commit");
    }
    let forgotten = Batch { trims: vec![(health(1), 7), (health(2), 99)], ..Batch::default() };
    store.commit(forgotten).expect("a commit");
    let removed = (format!("config/{}", 3), None);
    store.commit(Batch { blobs: vec![removed], ..Batch::default() }).expect("a commit");
    drop(store);
    contents(&open(folder))
}

fn batch(number: u64) -> Batch {
    let byte = u8::try_from(number).expect("a byte");
    let partitions = [Partition::LOG, Partition::DEAD, health(0), health(1), health(2)];
    let appends =
        partitions.map(|partition| (partition, record(number, 100 * (number as usize + 1))));
    let large =
        (Partition::LOG, record(100 + number, 70_000 * usize::from(number.is_multiple_of(5))));
    let change = |kind: &str, partition: u16| HostChange {
        host: HostId { kind: kind.to_owned(), partition },
        progress: Some(Progress {
            cursor: number + 1,
            now: record(number, 1).time,
            config: Some("config/1".to_owned()),
        }),
        watermark: number.is_multiple_of(2).then_some((number, 3)),
        states: vec![
            (format!("ASSET-{number}"), Some(vec![byte; 40])),
            ("every".to_owned(), Some(vec![byte; 5_000])),
            (format!("ASSET-{}", number / 2), None),
        ],
    };
    Batch {
        appends: appends.into_iter().chain([large]).collect(),
        hosts: vec![change("diagnosis", 0), change("diagnosis", 1), change(&host().kind, 0)],
        blobs: vec![(format!("config/{number}"), Some(vec![byte; 300 * usize::from(byte)]))],
        trims: Vec::new(),
    }
}

/// Writes a store of this build, its backup and what they hold to `folder`, packed.
fn keep(folder: &Path) {
    let scratch = tempfile::tempdir().expect("a folder");
    let (store, file) = (scratch.path().join("store"), scratch.path().join("backup"));
    let text = fill(&store);
    backup::create(&open(&store), &file).expect("a backup");
    std::fs::create_dir_all(folder).expect("a folder");
    std::fs::write(folder.join("contents.txt"), text).expect("a file");
    pack(&file, &folder.join("backup.gz"));
    pack_all(&store, &folder.join("store"));
}

fn pack_all(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let mut name = entry.file_name();
        if entry.file_type().expect("a type").is_dir() {
            pack_all(&entry.path(), &to.join(name));
        } else {
            name.push(".gz");
            pack(&entry.path(), &to.join(name));
        }
    }
}

fn pack(from: &Path, to: &Path) {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(&std::fs::read(from).expect("a file")).expect("room");
    std::fs::write(to, packed.finish().expect("room")).expect("a file");
}
