//! What can be shown only from within: any value of the database that vanishes or falls back is
//! noticed, and forgotten blocks are removed.

use super::*;
use crate::store::{HostChange, Progress};
use crate::testkit::store_contract::record;
use messages::Stream;

type Raw = BTreeMap<Vec<u8>, Vec<u8>>;

const BUSY: Partition = Partition { stream: Stream::Telemetry, index: 3 };

fn host(partition: u16) -> HostId {
    HostId { kind: "silence".to_owned(), partition }
}

/// A commit that touches every kind of value, some of several pieces.
fn generation(number: u8) -> Batch {
    let change = |index: u16| HostChange {
        host: host(index),
        progress: Some(Progress { cursor: u64::from(number), ..Progress::default() }),
        watermark: Some((u64::from(number), 0)),
        states: vec![
            ("small".to_owned(), Some(vec![number; 10])),
            ("large".to_owned(), Some(vec![number; 9_000])),
            (format!("only-{number}"), Some(vec![number])),
        ],
    };
    Batch {
        appends: (0..4)
            .map(|index| (if index % 2 == 0 { BUSY } else { Partition::LOG }, index))
            .map(|(partition, index)| (partition, record(index, 3_000)))
            .collect(),
        hosts: vec![change(0), change(1)],
        blobs: vec![("config/a".to_owned(), Some(vec![number; 5_000]))],
        trims: Vec::new(),
    }
}

fn raw(store: &SledStore) -> Raw {
    let entries = store.database.tree().iter().map(Result::unwrap);
    entries.map(|(key, value)| (key.to_vec(), value.to_vec())).collect()
}

/// Opens and verifies what is in the database now, as the next process would.
fn examine(store: &SledStore) -> Result<Verified, StoreError> {
    let (ledger, shown) = load(&store.folder, &store.database, Head::read(&store.folder)?)?;
    store.kept.write().unwrap().ledger = ledger;
    *store.shown.write().unwrap() = shown;
    store.verify()
}

/// Puts `value` at `key`, or removes it, says whether that is noticed, and takes it back.
fn is_noticed(store: &SledStore, key: &[u8], value: Option<&[u8]>) -> bool {
    let tree = store.database.tree();
    let intact = tree.get(key).unwrap();
    let put = |value: Option<&[u8]>| match value {
        Some(value) => tree.insert(key, value).map(drop).unwrap(),
        None => tree.remove(key).map(drop).unwrap(),
    };
    put(value);
    let found = examine(store);
    put(intact.as_deref());
    assert!(!matches!(found, Err(StoreError::Io { .. })), "{found:?}");
    found.is_err()
}

/// Whether the mark of a commit that HEAD no longer names is there: nobody reads it.
fn is_old_mark(store: &SledStore, key: &[u8]) -> bool {
    let newest = ledger::ring_key(store.kept.read().unwrap().ledger.root.mark.commit);
    key[0] == key::COMMIT && !key.starts_with(&newest)
}

#[test]
fn no_value_vanishes_or_falls_back_or_takes_anothers_place_unnoticed() {
    let folder = tempfile::tempdir().unwrap();
    let store = SledStore::open(folder.path()).unwrap();
    store.commit(generation(1)).unwrap();
    let older = raw(&store);
    store.commit(generation(2)).unwrap();
    let newer = raw(&store);
    examine(&store).unwrap();
    let mut kinds = std::collections::BTreeSet::new();
    for (key, value) in &newer {
        if is_old_mark(&store, key) {
            continue;
        }
        kinds.insert(key[0]);
        let name = key.escape_ascii();
        assert!(is_noticed(&store, key, None), "`{name}` vanished");
        if let Some(before) = older.get(key).filter(|before| *before != value) {
            assert!(is_noticed(&store, key, Some(before)), "`{name}` fell back");
        }
        let neighbour = newer.values().find(|other| *other != value).unwrap();
        assert!(is_noticed(&store, key, Some(neighbour)), "`{name}` was mistaken");
    }
    assert_eq!(kinds.len(), 7, "every kind of key was there");
    examine(&store).unwrap();
}

#[test]
fn a_value_that_was_never_written_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let store = SledStore::open(folder.path()).unwrap();
    store.commit(generation(1)).unwrap();
    let mut framed = value::framed(b"forged");
    for base in [key::state(&host(0), "another"), key::blob("another"), key::host(&host(9))] {
        value::seal(&base, &mut framed);
        assert!(is_noticed(&store, &value::piece_key(&base, 0), Some(&framed)));
    }
    examine(&store).unwrap();
}

#[test]
fn names_that_begin_alike_are_told_by_reading_no_other_value() {
    let folder = tempfile::tempdir().unwrap();
    let store = SledStore::open(folder.path()).unwrap();
    let names = ["history/a/1", "history/a/2", "history/b/1", "trail"];
    let blobs = names.map(|name| (name.to_owned(), Some(vec![7; 5_000])));
    store.commit(Batch { blobs: blobs.to_vec(), ..Batch::default() }).unwrap();
    let spoil = |name: &str| {
        store.database.tree().insert(value::piece_key(&key::blob(name), 0), vec![0; 9]).unwrap();
    };
    spoil("history/b/1");
    spoil("trail");
    assert_eq!(store.blobs("history/a/").unwrap(), names[..2], "the others were read too");
    assert_eq!(store.blobs("history/a/2").unwrap(), names[1..2]);
    assert!(store.blobs("history/").is_err(), "one of these is damaged");
    assert!(store.blobs("").is_err() && store.verify().is_err());
    spoil("history/a/2");
    assert!(store.blobs("history/a/").is_err());
}

#[test]
fn a_block_with_other_records_is_noticed_wherever_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let store = SledStore::open(folder.path()).unwrap();
    (1..=3).for_each(|number| drop(store.commit(generation(number)).unwrap()));
    for first in [1, 3, 5] {
        let base = key::log(BUSY, first);
        let (_, bytes) = store.database.get(&base).unwrap().unwrap();
        let previous = block::Block::parse(bytes).unwrap().previous;
        let mut forged = block::Builder::behind(previous);
        (0..2).for_each(|index| forged.push(&record(index + 7, 3_000)).unwrap());
        let mut framed = forged.finish();
        value::seal(&base, &mut framed);
        let intact = raw(&store);
        for (number, piece) in (0..).zip(framed.chunks(value::PIECE_BYTES_MAX)) {
            store.database.tree().insert(value::piece_key(&base, number), piece).unwrap();
        }
        assert!(examine(&store).is_err(), "block {first} has other records");
        for (key, value) in intact {
            store.database.tree().insert(key, value).unwrap();
        }
        examine(&store).unwrap();
    }
}

#[test]
fn a_whole_database_that_fell_back_is_older_than_its_head() {
    let folder = tempfile::tempdir().unwrap();
    let store = SledStore::open(folder.path()).unwrap();
    store.commit(generation(1)).unwrap();
    let older = raw(&store);
    store.commit(generation(2)).unwrap();
    let tree = store.database.tree();
    tree.clear().unwrap();
    older.into_iter().for_each(|(key, value)| drop(tree.insert(key, value).unwrap()));
    let found = examine(&store);
    assert!(matches!(found, Err(StoreError::Older { expected: 2, found: 1, .. })), "{found:?}");
}

#[test]
fn forgotten_blocks_are_removed_by_later_commits_and_only_they() {
    let folder = tempfile::tempdir().unwrap();
    let store = SledStore::open(folder.path()).unwrap();
    let pieces = || {
        let all = key::log(BUSY, 0)..key::log(BUSY, u64::MAX);
        store.database.first_keys(all, usize::MAX).unwrap().len()
    };
    let nothing = || drop(store.commit(Batch::default()).unwrap());
    for number in 0..30 {
        let appends = (0..10).map(|index| (BUSY, record(number * 10 + index, 9_000)));
        store.commit(Batch { appends: appends.collect(), ..Batch::default() }).unwrap();
    }
    let before = pieces();
    assert!(before > 2 * 256, "{before} pieces need several commits");
    store.commit(Batch { trims: vec![(BUSY, 295)], ..Batch::default() }).unwrap();
    assert_eq!(pieces(), before, "a reader may still be among them");
    assert_eq!(store.first(BUSY), 296);
    nothing();
    assert_eq!(pieces(), before - 256, "so many at a time");
    (0..5).for_each(|_| nothing());
    let left = pieces();
    assert!((1..40).contains(&left), "the block that holds record 296 stays: {left}");
    examine(&store).unwrap();
    store.commit(Batch { trims: vec![(BUSY, 300)], ..Batch::default() }).unwrap();
    let appends = vec![(BUSY, record(300, 10))];
    store.commit(Batch { appends, ..Batch::default() }).unwrap();
    nothing();
    assert_eq!(pieces(), 1, "only the new block is left");
    examine(&store).unwrap();
    assert_eq!(store.first(BUSY), 301);
}
