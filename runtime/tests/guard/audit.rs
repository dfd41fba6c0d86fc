//! AUDIT as a chain: whatever is done to it shows, and where.

use messages::guard::AuditRecorded;
use messages::{Envelope, Message, MessageId};
use runtime::clock::{Clock, VirtualClock};
use runtime::committer::{CommitError, Request, Writer};
use runtime::guard::Principal;
use runtime::guard::audit::{CHECKPOINT_LINKS, HEAD_FILE, KEY_FILE, Seal, Verdict, verify};
use runtime::router::{PARTITIONS_EMBEDDED, Router};
use runtime::store::memory::MemoryStore;
use runtime::store::{Batch, Delivery, Partition, ReadLimit, Store};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A store whose AUDIT has some links, written with the seal of `folder`.
fn written(folder: &Path, refusals: u64) -> Arc<MemoryStore> {
    let store = Arc::new(MemoryStore::default());
    Seal::create(folder, |seed| *seed = [7; 32]).unwrap();
    write_on(&store, folder, 0..refusals);
    store
}

fn write_on(store: &Arc<MemoryStore>, folder: &Path, refusals: std::ops::Range<u64>) {
    let clock = VirtualClock::at("2026-03-02T06:00:00Z".parse().unwrap());
    let router = Arc::new(Router::new(PARTITIONS_EMBEDDED, std::iter::empty()));
    let mut writer = Writer::new(store.clone(), Clock::Virtual(clock.clone()), router);
    writer.seal(Seal::open(folder).unwrap().unwrap()).unwrap();
    for number in refusals {
        let now = clock.now().saturating_add(Duration::from_secs(5));
        clock.advance_to(now);
        let retired = messages::registry::AssetRetired {
            asset: format!("VEH{number:03}"),
            reason: "sold".to_owned(),
        };
        let id = MessageId::named("audit-test", &number.to_string());
        let said = Envelope::new(id, "nobody", &retired).unwrap();
        let request = Request::Say(Principal::named("nobody"), vec![said.into()]);
        let refused = writer.commit(vec![request]).unwrap().remove(0);
        assert!(matches!(refused, Err(CommitError::Denied(_))));
    }
    writer.commit(Vec::new()).unwrap();
}

fn links(store: &dyn Store) -> Vec<Delivery> {
    let limit = ReadLimit { records: usize::MAX, bytes: usize::MAX };
    store.read(Partition::AUDIT, 0, limit).unwrap()
}

/// A store with the links of `store` after `change` had its way with them.
fn changed(store: &dyn Store, change: impl FnOnce(&mut Vec<Envelope>)) -> MemoryStore {
    let mut all: Vec<Envelope> = links(store).iter().map(|it| (*it.envelope).clone()).collect();
    change(&mut all);
    let copy = MemoryStore::default();
    let appends = all.into_iter().map(|it| (Partition::AUDIT, Arc::new(it))).collect();
    copy.commit(Batch { appends, ..Batch::default() }).unwrap();
    copy
}

fn check(store: &dyn Store, folder: &Path) -> Verdict {
    verify(store, Some(folder), None).unwrap()
}

/// That `verdict` finds something, first at `link`, in these `words`.
fn finds(verdict: &Verdict, link: u64, words: &str) {
    assert!(!verdict.is_intact(), "nothing was found");
    let first = &verdict.findings[0];
    assert_eq!(first.sequence, link, "{:?}", verdict.findings);
    assert!(first.what.contains(words), "{:?}", verdict.findings);
}

#[test]
fn what_was_written_is_intact_and_signed() {
    let folder = tempfile::tempdir().unwrap();
    let store = written(folder.path(), 2 * CHECKPOINT_LINKS);
    let verdict = check(&*store, folder.path());
    assert!(verdict.is_intact(), "{verdict:?}");
    assert_eq!(verdict.links, 2 * CHECKPOINT_LINKS + 2);
    assert_eq!(verdict.signatures, 3, "two checkpoints and the head");
    let key = Seal::open(folder.path()).unwrap().unwrap().public_key();
    assert_eq!(verdict.public_key.as_deref(), Some(key.as_str()));
    let mode = std::fs::metadata(folder.path().join(KEY_FILE)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn an_edited_link_shows() {
    let folder = tempfile::tempdir().unwrap();
    let store = written(folder.path(), 10);
    for index in 0..10 {
        let edited = changed(&*store, |links| {
            let mut link: AuditRecorded = links[index].open().unwrap();
            link.object = "asset.registered".to_owned();
            links[index].data = link.to_data().unwrap().into();
        });
        finds(&check(&edited, folder.path()), index as u64 + 1, "edited");
    }
}

#[test]
fn every_changed_byte_of_a_link_shows() {
    let folder = tempfile::tempdir().unwrap();
    let store = written(folder.path(), 3);
    let bytes = links(&*store)[1].envelope.data.len();
    for at in 0..bytes {
        let flipped = changed(&*store, |links| {
            let mut data = links[1].data.to_vec();
            data[at] ^= 1;
            links[1].data = data.into();
        });
        assert!(!check(&flipped, folder.path()).is_intact(), "byte {at}");
    }
}

#[test]
fn a_removed_an_inserted_and_a_moved_link_show() {
    let folder = tempfile::tempdir().unwrap();
    let store = written(folder.path(), 10);
    let removed = changed(&*store, |links| drop(links.remove(4)));
    finds(&check(&removed, folder.path()), 5, "were removed");
    let first = changed(&*store, |links| drop(links.remove(0)));
    finds(&check(&first, folder.path()), 1, "were removed");
    let inserted = changed(&*store, |links| links.insert(4, links[2].clone()));
    finds(&check(&inserted, folder.path()), 3, "inserted or moved");
    let swapped = changed(&*store, |links| links.swap(4, 5));
    finds(&check(&swapped, folder.path()), 5, "moved before");
}

#[test]
fn a_link_made_to_fit_in_shows_at_the_one_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = written(folder.path(), 10);
    // Another store's link has the right number and a right hash of its own.
    let elsewhere = tempfile::tempdir().unwrap();
    let other = written(elsewhere.path(), 20);
    let foreign = links(&*other)[4].envelope.clone();
    let mut foreign_link: AuditRecorded = foreign.open().unwrap();
    foreign_link.principal = "somebody".to_owned();
    let replaced = changed(&*store, |links| {
        links[4].data = foreign_link.to_data().unwrap().into();
    });
    finds(&check(&replaced, folder.path()), 5, "edited");
    let cut_in_the_middle = changed(&*store, |links| {
        let renumbered = links.remove(4);
        drop(renumbered);
        let mut link: AuditRecorded = links[4].open().unwrap();
        link.sequence = 5;
        links[4].data = link.to_data().unwrap().into();
    });
    finds(&check(&cut_in_the_middle, folder.path()), 5, "does not continue");
}

#[test]
fn a_cut_tail_shows_also_after_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let store = written(folder.path(), 10);
    let cut = Arc::new(changed(&*store, |links| links.truncate(7)));
    finds(&check(&*cut, folder.path()), 8, "tail was cut");
    write_on(&cut, folder.path(), 0..3);
    finds(&check(&*cut, folder.path()), 8, "tail was cut");
}

#[test]
fn a_chain_written_anew_is_not_signed() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path(), 10);
    let elsewhere = tempfile::tempdir().unwrap();
    Seal::create(elsewhere.path(), |seed| *seed = [9; 32]).unwrap();
    let store = written(elsewhere.path(), CHECKPOINT_LINKS);
    std::fs::copy(elsewhere.path().join(HEAD_FILE), folder.path().join(HEAD_FILE)).unwrap();
    let verdict = check(&*store, folder.path());
    assert_eq!((verdict.signatures, verdict.problems), (0, 2), "{verdict:?}");
    let key = Seal::open(elsewhere.path()).unwrap().unwrap().public_key();
    assert!(verify(&*store, Some(folder.path()), Some(&key)).unwrap().is_intact());
}

#[test]
fn a_lost_head_shows() {
    let folder = tempfile::tempdir().unwrap();
    let store = written(folder.path(), 3);
    std::fs::remove_file(folder.path().join(HEAD_FILE)).unwrap();
    finds(&check(&*store, folder.path()), 3, "is gone");
}

#[test]
fn nothing_makes_audit_forget() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let clock = VirtualClock::at("2026-03-02T06:00:00Z".parse().unwrap());
    let router = Arc::new(Router::new(PARTITIONS_EMBEDDED, std::iter::empty()));
    let mut writer = Writer::new(store, Clock::Virtual(clock), router);
    let refused = writer.commit(vec![Request::Trim(Partition::AUDIT, 1)]).unwrap().remove(0);
    assert_eq!(refused, Err(CommitError::Kept(Partition::AUDIT)));
}
