//! What is on disk, after a kill in the middle of a write as at any other time.

use serde_json::{Map, Value, json};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use store_and_forward::wal::{FILE_READINGS_MAX, FILES_MAX, Name, Wal, WalError};

fn take(wal: &mut Wal, speed: u64) -> Result<Name, WalError> {
    let signals: Map<String, Value> = [("speed".to_owned(), json!(speed))].into_iter().collect();
    wal.take("2026-03-02T06:00:00Z", &signals)
}

/// Boot and counts of the oldest message.
fn oldest(wal: &mut Wal) -> Option<(u64, Vec<u64>)> {
    let batch = wal.oldest().expect("it can be read")?;
    let body: Value = serde_json::from_str(&batch.body).expect("it is JSON");
    let seqs = body["samples"].as_array().expect("it has samples").iter();
    let seqs = seqs.map(|sample| sample["seq"].as_u64().expect("it has a count")).collect();
    Some((body["boot"].as_u64().expect("it has a boot"), seqs))
}

fn forget_oldest(wal: &mut Wal) {
    let batch = wal.oldest().expect("it can be read").expect("there is one");
    wal.forget(&batch).expect("it can be removed");
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("it is there");
    let paths = entries.map(|entry| entry.expect("it can be read").path());
    let mut files: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|it| it == "jsonl")).collect();
    files.sort();
    files
}

#[test]
fn readings_stay_until_they_are_forgotten_in_the_order_in_which_they_came() {
    let folder = tempfile::tempdir().expect("there is room");
    let mut wal = Wal::open(folder.path()).expect("it opens");
    for speed in 0..FILE_READINGS_MAX as u64 + 2 {
        take(&mut wal, speed).expect("it is taken");
    }
    let first: Vec<u64> = (0..FILE_READINGS_MAX as u64).collect();
    assert_eq!(oldest(&mut wal), Some((1, first.clone())));
    assert_eq!(oldest(&mut wal), Some((1, first)), "until it is forgotten");
    drop(wal);
    let mut wal = Wal::open(folder.path()).expect("it opens");
    assert_eq!(take(&mut wal, 7).expect("it is taken"), Name { boot: 2, seq: 0 });
    forget_oldest(&mut wal);
    assert_eq!(oldest(&mut wal), Some((1, vec![100, 101])));
    forget_oldest(&mut wal);
    assert_eq!(oldest(&mut wal), Some((2, vec![0])));
    forget_oldest(&mut wal);
    assert_eq!(oldest(&mut wal), None);
    assert!(files(folder.path()).is_empty());
}

#[test]
fn what_was_taken_while_a_message_is_on_its_way_is_not_forgotten_with_it() {
    let folder = tempfile::tempdir().expect("there is room");
    let mut wal = Wal::open(folder.path()).expect("it opens");
    take(&mut wal, 1).expect("it is taken");
    let sent = wal.oldest().expect("it can be read").expect("there is one");
    take(&mut wal, 2).expect("it is taken");
    wal.forget(&sent).expect("it can be removed");
    assert_eq!(oldest(&mut wal), Some((1, vec![1])));
}

#[test]
fn a_line_that_was_cut_off_is_left_out_and_nothing_else_is() {
    let folder = tempfile::tempdir().expect("there is room");
    let mut wal = Wal::open(folder.path()).expect("it opens");
    take(&mut wal, 1).expect("it is taken");
    drop(wal);
    let path = files(folder.path()).remove(0);
    let mut file = fs::File::options().append(true).open(path).expect("it is there");
    file.write_all(br#"{"t":"2026-03-02T06:00:01Z","se"#).expect("it is written");
    // And one that was begun, but nothing written yet.
    let empty = folder.path().join(format!("{:020}-{:020}.jsonl", 1, 1));
    fs::write(empty, "").expect("it is written");
    let mut wal = Wal::open(folder.path()).expect("it opens");
    assert_eq!(oldest(&mut wal), Some((1, vec![0])));
    forget_oldest(&mut wal);
    assert_eq!(oldest(&mut wal), None);
    assert!(files(folder.path()).is_empty(), "nothing is kept for ever");
}

#[test]
fn a_start_whose_number_is_not_known_is_none() {
    let folder = tempfile::tempdir().expect("there is room");
    fs::write(folder.path().join("boot"), "").expect("it is written");
    let refused = Wal::open(folder.path()).expect_err("two readings could have one name");
    assert!(matches!(refused, WalError::Boot { .. }), "{refused}");
}

#[test]
fn when_too_much_waits_no_more_is_taken_and_what_waits_stays() {
    let folder = tempfile::tempdir().expect("there is room");
    let mut wal = Wal::open(folder.path()).expect("it opens");
    take(&mut wal, 0).expect("it is taken");
    for seq in 1..FILES_MAX {
        let path = folder.path().join(format!("{:020}-{seq:020}.jsonl", 0));
        fs::write(path, "").expect("it is written");
    }
    for speed in 1..FILE_READINGS_MAX as u64 {
        take(&mut wal, speed).expect("the file that is begun has room");
    }
    assert!(matches!(take(&mut wal, 7), Err(WalError::Full)));
    let all: Vec<u64> = (0..FILE_READINGS_MAX as u64).collect();
    assert_eq!(oldest(&mut wal), Some((1, all)), "what is empty is passed over and removed");
    take(&mut wal, 8).expect("there is room again");
}
