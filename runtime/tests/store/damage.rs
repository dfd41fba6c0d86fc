//! Damage on disk is refused when the store is opened, verified or read, or does no harm; it is never
//! served as something else.

use crate::fixture::{batch, contents, copy, filled, open};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{RngCore, SeedableRng};
use runtime::store::sled::SledStore;
use runtime::store::{Store, StoreError};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// What the name of sled's note begins with.
const NOTE: &str = "snap.";

/// Where damage was noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Noticed {
    AtOpen,
    ByVerify,
    /// Not at all, and everything is read as it was written.
    Harmless,
}

/// Opens, verifies and reads `folder`, which must then hold exactly `expected`.
fn notice(folder: &Path, expected: &str) -> Noticed {
    let Ok(store) = SledStore::open(folder) else { return Noticed::AtOpen };
    if store.verify().is_err() {
        return Noticed::ByVerify;
    }
    let read = catch_unwind(AssertUnwindSafe(|| contents(&store)));
    let read = read.expect("what was verified can be read");
    assert_eq!(read, expected, "damage was served silently");
    Noticed::Harmless
}

/// Spoils `file` in copies of one store, once per seed, and counts where that is noticed.
fn damage(
    count: u64,
    file: &str,
    spoil: impl Fn(&mut Vec<u8>, &mut Xoshiro256PlusPlus),
) -> BTreeMap<Noticed, u64> {
    std::panic::set_hook(Box::new(|_| {}));
    let folder = tempfile::tempdir().expect("a folder");
    let original = folder.path().join("original");
    let expected = filled(&original);
    if file == NOTE {
        // Sled notes how far it has read when it opens what was there.
        drop(open(&original));
    }
    let mut counts = BTreeMap::new();
    for seed in 0..count {
        let copied = folder.path().join(format!("copy-{seed}"));
        copy(&original, &copied);
        let path = find(&copied, file);
        let mut bytes = std::fs::read(&path).expect("a file");
        spoil(&mut bytes, &mut Xoshiro256PlusPlus::seed_from_u64(seed));
        std::fs::write(&path, &bytes).expect("a file");
        *counts.entry(notice(&copied, &expected)).or_default() += 1;
        std::fs::remove_dir_all(&copied).expect("a folder");
    }
    counts
}

/// The one file under `folder` whose path ends in, or name begins with, `name`.
fn find(folder: &Path, name: &str) -> PathBuf {
    let plain = folder.join(name);
    if plain.exists() {
        return plain;
    }
    let entries = std::fs::read_dir(folder.join("db")).expect("a folder");
    let mut paths = entries.map(|entry| entry.expect("an entry").path());
    let begins =
        |path: &PathBuf| path.file_name().is_some_and(|n| n.to_string_lossy().starts_with(name));
    paths.find(begins).expect("a file of that name")
}

fn flip(bytes: &mut [u8], rng: &mut Xoshiro256PlusPlus) {
    let used = bytes.iter().rposition(|byte| *byte != 0).expect("a file that is not empty") as u64;
    let at = usize::try_from(rng.next_u64() % (used + 1)).expect("an offset");
    bytes[at] ^= 1 << (rng.next_u32() % 8);
}

fn truncate(bytes: &mut Vec<u8>, rng: &mut Xoshiro256PlusPlus) {
    let used = bytes.iter().rposition(|byte| *byte != 0).expect("a file that is not empty") as u64;
    bytes.truncate(usize::try_from(rng.next_u64() % (used + 1)).expect("an offset"));
}

#[test]
fn no_flipped_bit_is_served_silently() {
    let counts = damage(200, "db/db", |bytes, rng| flip(bytes, rng));
    println!("200 bit flips in the database: {counts:?}");
    let harmless = counts.get(&Noticed::Harmless).copied().unwrap_or_default();
    assert!(harmless < 170, "some flips must hit what is in use: {counts:?}");
}

#[test]
fn no_truncation_is_served_silently() {
    let counts = damage(200, "db/db", truncate);
    println!("200 truncations of the database: {counts:?}");
    let harmless = counts.get(&Noticed::Harmless).copied().unwrap_or_default();
    assert!(harmless < 50, "most truncations cut off something in use: {counts:?}");
}

#[test]
fn no_damage_to_the_small_files_is_served_silently() {
    for file in ["HEAD", "db/conf", NOTE] {
        let flipped = damage(40, file, |bytes, rng| flip(bytes, rng));
        let cut = damage(10, file, truncate);
        println!("40 bit flips and 10 truncations of {file}: {flipped:?} {cut:?}");
    }
}

#[test]
fn an_older_copy_an_emptied_file_and_a_lost_or_foreign_head_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    filled(&at("store"));
    let reopen = |name: &str| SledStore::open(&at(name)).map(drop);

    copy(&at("store"), &at("older"));
    let store = open(&at("store"));
    store.commit(batch(40)).unwrap();
    drop(store);
    std::fs::copy(at("store").join("HEAD"), at("older").join("HEAD")).unwrap();
    assert!(matches!(reopen("older"), Err(StoreError::Older { expected: 41, found: 40, .. })));

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
fn a_lost_note_of_how_far_sled_had_read_is_not_served_silently() {
    let folder = tempfile::tempdir().unwrap();
    let expected = filled(folder.path());
    drop(open(folder.path()));
    std::fs::remove_file(find(folder.path(), NOTE)).unwrap();
    println!("{:?}", notice(folder.path(), &expected));
}

#[test]
fn a_head_behind_its_database_is_a_process_that_was_killed_and_one_of_another_past_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    filled(&at("store"));
    copy(&at("store"), &at("fork"));
    let head = std::fs::read(at("store").join("HEAD")).unwrap();
    let store = open(&at("store"));
    store.commit(batch(40)).unwrap();
    store.commit(batch(41)).unwrap();
    drop(store);
    std::fs::write(at("store").join("HEAD"), &head).unwrap();
    assert_eq!(open(&at("store")).head(crate::fixture::health(0)), 294);

    let store = open(&at("fork"));
    store.commit(batch(90)).unwrap();
    store.commit(batch(91)).unwrap();
    drop(store);
    std::fs::copy(at("fork").join("HEAD"), at("store").join("HEAD")).unwrap();
    let forked = SledStore::open(&at("store")).map(drop);
    assert!(matches!(forked, Err(StoreError::Corrupt { .. })), "{forked:?}");
}
