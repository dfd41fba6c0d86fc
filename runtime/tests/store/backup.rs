//! A backup brings back what there was when it began, or nothing.

use crate::fixture::{batch, contents, filled, health, open};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{RngCore, SeedableRng};
use runtime::backup::{self, BackupError, Export};
use runtime::store::{Batch, Store, StoreError};

#[test]
fn a_backup_brings_back_everything_at_its_old_place() {
    let folder = tempfile::tempdir().unwrap();
    let (original, file) = (folder.path().join("store"), folder.path().join("backup"));
    filled(&original);
    let store = open(&original);
    let trims = vec![(health(1), 100)];
    store.commit(Batch { trims, ..Batch::default() }).unwrap();
    let summary = backup::create(&store, &file).unwrap();
    assert_eq!(backup::verify(&file).unwrap(), summary);
    let restored = folder.path().join("restored");
    backup::restore(&file, &restored).unwrap();
    let copy = open(&restored);
    assert_eq!(contents(&store), contents(&copy));
    drop(copy);
    let refused = backup::restore(&file, &restored);
    assert!(matches!(refused, Err(BackupError::NotEmpty { .. })));
}

#[test]
fn what_is_committed_after_a_backup_began_is_not_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let (original, file) = (folder.path().join("store"), folder.path().join("backup.1"));
    let expected = filled(&original);
    let store = open(&original);
    let export = Export::begin(&store, &file).unwrap();
    (40..60).for_each(|number| drop(store.commit(batch(number)).unwrap()));
    assert!(!file.exists(), "it has its name only when it is whole");
    export.finish(&store).unwrap();
    let restored = folder.path().join("restored");
    // An empty folder, and one left by a restore that was killed, are in nobody's way.
    std::fs::create_dir(&restored).unwrap();
    std::fs::create_dir(folder.path().join("restored.restoring")).unwrap();
    std::fs::write(folder.path().join("restored.restoring").join("HEAD"), b"half").unwrap();
    backup::restore(&file, &restored).unwrap();
    assert_eq!(contents(&open(&restored)), expected);
    assert!(!folder.path().join("restored.restoring").exists());
}

#[test]
fn a_backup_that_was_overtaken_by_forgetting_is_given_up_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (original, file) = (folder.path().join("store"), folder.path().join("backup"));
    filled(&original);
    let store = open(&original);
    let export = Export::begin(&store, &file).unwrap();
    store.commit(Batch { trims: vec![(health(0), 50)], ..Batch::default() }).unwrap();
    let failed = export.finish(&store);
    assert!(matches!(failed, Err(BackupError::Store(StoreError::Trimmed { .. }))), "{failed:?}");
    drop(Export::begin(&store, &file).unwrap());
    let left = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(left.collect::<Vec<_>>(), ["store"]);
}

#[test]
fn a_damaged_backup_is_refused_before_anything_is_restored() {
    let folder = tempfile::tempdir().unwrap();
    let (original, file) = (folder.path().join("store"), folder.path().join("backup"));
    filled(&original);
    backup::create(&open(&original), &file).unwrap();
    let bytes = std::fs::read(&file).unwrap();
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
    for case in 0..200 {
        let at = usize::try_from(rng.next_u64() % bytes.len() as u64).unwrap();
        let mut damaged = bytes.clone();
        if case % 2 == 0 {
            damaged[at] ^= 1 << (rng.next_u32() % 8);
        } else {
            damaged.truncate(at);
        }
        std::fs::write(&file, &damaged).unwrap();
        let target = folder.path().join("target");
        assert!(backup::restore(&file, &target).is_err(), "case {case} at {at}");
        assert!(!target.exists());
    }
}
