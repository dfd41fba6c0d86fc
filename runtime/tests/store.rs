//! Both stores keep the contract, and the one on disk never serves damage silently.

use messages::Stream;
use proptest::prelude::*;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{RngCore, SeedableRng};
use runtime::store::memory::MemoryStore;
use runtime::store::sled::SledStore;
use runtime::store::{
    Batch, HostChange, HostId, Partition, Progress, ReadLimit, Store, StoreError,
};
use runtime::testkit::store_contract::{self, record};
use std::path::Path;
use std::sync::Arc;

#[test]
fn the_store_in_memory_keeps_the_contract() {
    store_contract::check(&mut || Arc::new(MemoryStore::default()), false);
}

#[test]
fn the_store_on_disk_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    store_contract::check(&mut || Arc::new(SledStore::open(folder.path()).unwrap()), true);
}

#[test]
fn a_second_process_is_told_that_the_store_is_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let _first = SledStore::open(folder.path()).unwrap();
    let second = SledStore::open(folder.path());
    assert!(matches!(second, Err(StoreError::Locked { .. })), "{second:?}");
}

#[derive(Clone, Debug)]
enum Step {
    Append(u8, Vec<usize>),
    State(String, Option<Vec<u8>>),
    Blob(u8, Option<Vec<u8>>),
    Trim(u8, prop::sample::Index),
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let bytes = prop_oneof![0..50_usize, 3_900..4_300_usize, 9_000..9_100_usize];
    let value = bytes.clone().prop_map(|length| vec![length as u8; length]);
    prop_oneof![
        4 => (0..3_u8, prop::collection::vec(bytes, 1..40)).prop_map(|(p, b)| Step::Append(p, b)),
        3 => ("[a-c]", prop::option::of(value.clone())).prop_map(|(k, v)| Step::State(k, v)),
        1 => (0..3_u8, prop::option::of(value)).prop_map(|(k, v)| Step::Blob(k, v)),
        1 => (0..3_u8, any::<prop::sample::Index>()).prop_map(|(p, i)| Step::Trim(p, i)),
        1 => Just(Step::Reopen),
    ]
}

fn batch(step: &Step, model: &dyn Store, number: u64) -> Batch {
    let partition = |index: u8| Partition { stream: Stream::Health, index: u16::from(index) };
    let mut batch = Batch::default();
    match step {
        Step::Append(index, sizes) => {
            let records = sizes.iter().zip(number..).map(|(bytes, number)| record(number, *bytes));
            batch.appends = records.map(|record| (partition(*index), record)).collect();
        }
        Step::State(key, value) => batch.hosts.push(HostChange {
            host: HostId { kind: "model".to_owned(), partition: 0 },
            progress: Some(Progress { cursor: number, ..Progress::default() }),
            watermark: Some((number, 1)),
            states: vec![(key.clone(), value.clone())],
        }),
        Step::Blob(name, value) => batch.blobs.push((format!("blob/{name}"), value.clone())),
        Step::Trim(index, through) => {
            let head = usize::try_from(model.head(partition(*index))).unwrap();
            batch.trims.push((partition(*index), through.index(head + 1) as u64));
        }
        Step::Reopen => {}
    }
    batch
}

/// Everything that can be read, as text.
fn contents(store: &dyn Store) -> String {
    let mut text = String::new();
    for index in 0..3 {
        let partition = Partition { stream: Stream::Health, index };
        let mut after = store.first(partition) - 1;
        text.push_str(&format!("{partition} {after}..{}\n", store.head(partition)));
        while after < store.head(partition) {
            let batch = store.read(partition, after, ReadLimit::default()).unwrap();
            batch.iter().for_each(|delivery| text.push_str(&format!("{:?}\n", delivery.envelope.id)));
            after = batch.last().unwrap().sequence;
        }
    }
    for host in store.hosts().unwrap() {
        text.push_str(&format!("{host} {:?}\n", store.host(&host).unwrap()));
        store.states(&host, &mut |key, value| text.push_str(&format!("{key} {value:?}\n"))).unwrap();
    }
    for name in store.blobs("").unwrap() {
        text.push_str(&format!("{name} {:?}\n", store.blob(&name).unwrap()));
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn disk_and_memory_hold_the_same_after_any_steps(steps in prop::collection::vec(step(), 1..40)) {
        let folder = tempfile::tempdir().unwrap();
        let model = MemoryStore::default();
        let mut disk = SledStore::open(folder.path()).unwrap();
        for (step, number) in steps.iter().zip(1..) {
            let batch = batch(step, &model, number * 100);
            if let Step::Reopen = step {
                drop(disk);
                disk = SledStore::open(folder.path()).unwrap();
                continue;
            }
            prop_assert_eq!(model.commit(batch.clone()).unwrap(), disk.commit(batch).unwrap());
        }
        prop_assert_eq!(contents(&model), contents(&disk));
        disk.verify().unwrap();
    }
}

/// A store with log, states and blobs in `folder`; what it holds.
fn filled(folder: &Path) -> String {
    let store = SledStore::open(folder).unwrap();
    for number in 0..40 {
        let appends = (0..20).map(|record_number| {
            let index = u16::try_from(record_number % 3).unwrap();
            let partition = Partition { stream: Stream::Health, index };
            (partition, record(number * 20 + record_number, 300))
        });
        let states = (0..10).map(|key| (format!("key-{key}"), Some(vec![number as u8; 500])));
        let change = HostChange {
            host: HostId { kind: "damage".to_owned(), partition: 0 },
            progress: Some(Progress { cursor: number, ..Progress::default() }),
            watermark: None,
            states: states.collect(),
        };
        let batch = Batch {
            appends: appends.collect(),
            hosts: vec![change],
            blobs: vec![(format!("blob/{number}"), Some(vec![3; 100]))],
            trims: Vec::new(),
        };
        store.commit(batch).unwrap();
    }
    contents(&store)
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Opens, reads and verifies `folder`: refused, or exactly `expected`.
fn refused_or_intact(folder: &Path, expected: &str) -> bool {
    let Ok(store) = SledStore::open(folder) else { return true };
    let read = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| contents(&store)));
    let refused = store.verify().is_err() || read.is_err();
    if !refused {
        assert_eq!(read.unwrap(), expected, "damage was served silently");
    }
    refused
}

/// Damages copies of one store and demands that each is refused or serves exactly what was written.
fn damage(count: u64, spoil: impl Fn(&mut Vec<u8>, &mut Xoshiro256PlusPlus)) -> u64 {
    std::panic::set_hook(Box::new(|_| {}));
    let folder = tempfile::tempdir().unwrap();
    let original = folder.path().join("original");
    let expected = filled(&original);
    let mut refused = 0;
    for seed in 0..count {
        let copied = folder.path().join(format!("copy-{seed}"));
        copy(&original, &copied);
        let path = copied.join("db").join("db");
        let mut bytes = std::fs::read(&path).unwrap();
        spoil(&mut bytes, &mut Xoshiro256PlusPlus::seed_from_u64(seed));
        std::fs::write(&path, &bytes).unwrap();
        refused += u64::from(refused_or_intact(&copied, &expected));
        std::fs::remove_dir_all(&copied).unwrap();
    }
    refused
}

#[test]
fn no_flipped_bit_is_served_silently() {
    let refused = damage(200, |bytes, rng| {
        let used = bytes.iter().rposition(|byte| *byte != 0).unwrap() as u64;
        let at = usize::try_from(rng.next_u64() % used).unwrap();
        bytes[at] ^= 1 << (rng.next_u32() % 8);
    });
    println!("200 bit flips: {refused} refused, {} harmless", 200 - refused);
    assert!(refused > 0, "some flips must hit what is in use");
}

#[test]
fn no_truncation_is_served_silently() {
    let refused = damage(200, |bytes, rng| {
        let used = bytes.iter().rposition(|byte| *byte != 0).unwrap() as u64;
        bytes.truncate(usize::try_from(rng.next_u64() % used).unwrap());
    });
    println!("200 truncations: {refused} refused, {} harmless", 200 - refused);
    assert!(refused > 150, "most truncations cut off something in use: {refused}");
}

#[test]
fn an_older_copy_an_emptied_file_and_a_lost_or_foreign_head_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    filled(&at("store"));
    let reopen = |name: &str| SledStore::open(&at(name)).map(drop);

    copy(&at("store"), &at("older"));
    let store = SledStore::open(&at("store")).unwrap();
    let appends = vec![(Partition::LOG, record(1, 1))];
    store.commit(Batch { appends, ..Batch::default() }).unwrap();
    drop(store);
    std::fs::copy(at("store").join("HEAD"), at("older").join("HEAD")).unwrap();
    assert!(matches!(reopen("older"), Err(StoreError::Older { .. })));

    copy(&at("store"), &at("emptied"));
    std::fs::write(at("emptied").join("db").join("db"), b"").unwrap();
    assert!(matches!(reopen("emptied"), Err(StoreError::Corrupt { .. })));

    copy(&at("store"), &at("gone"));
    std::fs::remove_dir_all(at("gone").join("db")).unwrap();
    assert!(matches!(reopen("gone"), Err(StoreError::Corrupt { .. })));

    copy(&at("store"), &at("headless"));
    std::fs::remove_file(at("headless").join("HEAD")).unwrap();
    assert!(matches!(reopen("headless"), Err(StoreError::Corrupt { .. })));

    filled(&at("foreign"));
    std::fs::copy(at("foreign").join("HEAD"), at("store").join("HEAD")).unwrap();
    assert!(matches!(reopen("store"), Err(StoreError::Corrupt { .. })));
}

#[test]
fn a_backup_brings_back_everything_at_its_old_place() {
    let folder = tempfile::tempdir().unwrap();
    let (original, file) = (folder.path().join("store"), folder.path().join("backup"));
    filled(&original);
    let store = SledStore::open(&original).unwrap();
    let trims = vec![(Partition { stream: Stream::Health, index: 1 }, 100)];
    store.commit(Batch { trims, ..Batch::default() }).unwrap();
    let summary = runtime::backup::create(&store, &file).unwrap();
    assert_eq!(runtime::backup::verify(&file).unwrap(), summary);
    let restored = folder.path().join("restored");
    runtime::backup::restore(&file, &restored).unwrap();
    let copy = SledStore::open(&restored).unwrap();
    assert_eq!(contents(&store), contents(&copy));
    drop(copy);
    let refused = runtime::backup::restore(&file, &restored);
    assert!(matches!(refused, Err(runtime::backup::BackupError::NotEmpty { .. })));
}

#[test]
fn a_damaged_backup_is_refused_before_anything_is_restored() {
    let folder = tempfile::tempdir().unwrap();
    let (original, file) = (folder.path().join("store"), folder.path().join("backup"));
    filled(&original);
    runtime::backup::create(&SledStore::open(&original).unwrap(), &file).unwrap();
    let bytes = std::fs::read(&file).unwrap();
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
    for case in 0..100 {
        let at = usize::try_from(rng.next_u64() % bytes.len() as u64).unwrap();
        let mut damaged = bytes.clone();
        if case % 2 == 0 {
            damaged[at] ^= 1 << (case % 8);
        } else {
            damaged.truncate(at);
        }
        std::fs::write(&file, &damaged).unwrap();
        let target = folder.path().join("target");
        assert!(runtime::backup::restore(&file, &target).is_err(), "case {case} at {at}");
        assert!(!target.exists());
    }
}
