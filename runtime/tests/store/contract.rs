//! Both stores keep the contract.

use crate::fixture::open;
use runtime::store::StoreError;
use runtime::store::memory::MemoryStore;
use runtime::store::sled::SledStore;
use runtime::testkit::store_contract;
use std::sync::Arc;

#[test]
fn the_store_in_memory_keeps_the_contract() {
    store_contract::check(&mut || Arc::new(MemoryStore::default()), false);
}

#[test]
fn the_store_on_disk_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    store_contract::check(&mut || Arc::new(open(folder.path())), true);
    // Sled never syncs what it puts there: no page may become that large.
    assert_eq!(std::fs::read_dir(folder.path().join("db/blobs")).unwrap().count(), 0);
}

#[test]
fn a_second_process_is_told_that_the_store_is_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let _first = open(folder.path());
    let second = SledStore::open(folder.path());
    assert!(matches!(second, Err(StoreError::Locked { .. })), "{second:?}");
}

#[test]
fn a_store_without_commits_and_one_closed_a_moment_ago_open_again() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..20 {
        drop(open(folder.path()));
    }
}
