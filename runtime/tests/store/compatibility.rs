//! Stores and backups that earlier builds wrote are opened by this one, and go on.

use crate::fixture::{batch, contents, open};
use flate2::read::GzDecoder;
use runtime::backup;
use runtime::store::Store;
use runtime::store::sled::FORMAT;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The folders of older builds, by name.
fn kept() -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/compatibility");
    let entries = std::fs::read_dir(folder).expect("the folder of older formats");
    let mut kept: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    kept.retain(|path| path.is_dir());
    kept.sort();
    kept
}

/// Unpacks a folder of packed files.
fn unpack_all(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_stem().expect("a name"));
        if path.is_dir() {
            unpack_all(&path, &target);
        } else {
            unpack(&path, &target);
        }
    }
}

/// Unpacks one file.
fn unpack(from: &Path, to: &Path) {
    let mut bytes = Vec::new();
    let packed = File::open(from).expect("a file");
    GzDecoder::new(packed).read_to_end(&mut bytes).expect("a packed file");
    std::fs::write(to, bytes).expect("a file");
}

#[test]
fn a_store_of_todays_format_is_kept() {
    let name = format!("format-{FORMAT}-");
    let names = kept().into_iter().map(|path| path.file_name().unwrap().to_owned());
    let found = names.filter(|kept| kept.to_string_lossy().starts_with(&name)).count();
    assert!(found > 0, "keep one with runtime/tests/compatibility/keep NAME");
}

#[test]
fn every_kept_store_opens_with_all_that_it_held_and_goes_on() {
    for kept in kept() {
        let folder = tempfile::tempdir().unwrap();
        unpack_all(&kept.join("store"), folder.path());
        let store = open(folder.path());
        store.verify().unwrap();
        let expected = std::fs::read_to_string(kept.join("contents.txt")).unwrap();
        assert_eq!(contents(&store), expected, "{}", kept.display());
        store.commit(batch(7)).unwrap();
        let after = contents(&store);
        drop(store);
        let store = open(folder.path());
        store.verify().unwrap();
        assert_eq!(contents(&store), after, "{}", kept.display());
    }
}

#[test]
fn every_kept_backup_is_restored_with_all_that_it_held() {
    for kept in kept() {
        let folder = tempfile::tempdir().unwrap();
        let (file, restored) = (folder.path().join("backup"), folder.path().join("store"));
        unpack(&kept.join("backup.gz"), &file);
        backup::restore(&file, &restored).unwrap();
        let expected = std::fs::read_to_string(kept.join("contents.txt")).unwrap();
        assert_eq!(contents(&open(&restored)), expected, "{}", kept.display());
    }
}
