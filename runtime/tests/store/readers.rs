//! Readers beside the writer see each commit whole or not at all, and are never told of damage that is
//! none.

use crate::fixture::{health, host, open};
use runtime::store::{Batch, HostChange, Progress, ReadLimit, Store, StoreError};
use runtime::testkit::store_contract::record;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

const COMMITS: u64 = 400;
/// Records there before the readers begin.
const RECORDS: u64 = 4_000;
/// Records that each commit forgets.
const FORGOTTEN: u64 = 8;

/// The `number`-th commit: every state, the named value and the cursor say its number.
fn batch(number: u64) -> Batch {
    // Lengths differ, so that pieces come and go.
    let padding = 3_000 * usize::try_from(number % 4).expect("a small number");
    let value = [&number.to_le_bytes()[..], &vec![0; padding]].concat();
    let states = (0..4).map(|key| (format!("key-{key}"), Some(value.clone())));
    let change = HostChange {
        host: host(),
        progress: Some(Progress { cursor: number, ..Progress::default() }),
        watermark: None,
        states: states.collect(),
    };
    Batch {
        appends: vec![(health(0), record(RECORDS + number, 2_000))],
        hosts: vec![change],
        blobs: vec![("number".to_owned(), Some(value))],
        trims: vec![(health(0), number * FORGOTTEN)],
    }
}

/// Fills the log of a store that is then opened anew, so that nothing of it is in memory.
fn prefill(folder: &Path) {
    let store = open(folder);
    for first in (1..RECORDS).step_by(10) {
        let appends = (first..first + 10).map(|number| (health(0), record(number, 2_000)));
        store.commit(Batch { appends: appends.collect(), ..Batch::default() }).expect("a commit");
    }
}

fn number(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(*bytes.first_chunk().expect("a number"))
}

fn read_states(store: &dyn Store) -> u64 {
    let mut numbers = Vec::new();
    store.states(&host(), &mut |_, value| numbers.push(number(value))).expect("states");
    numbers.dedup();
    assert!(numbers.len() <= 1, "one commit's states: {numbers:?}");
    let seen = numbers.first().copied().unwrap_or_default();
    let blob = store.blob("number").expect("a value").map_or(0, |value| number(&value));
    assert!(blob >= seen, "commits do not go back");
    // The first commit may fall between the two readings.
    let names = store.blobs("").expect("names").len();
    assert!((usize::from(blob > 0)..=1).contains(&names), "{names} values");
    seen
}

/// Follows the log from its oldest record; how many records it saw.
fn read_log(store: &dyn Store, cursor: &mut u64) -> u64 {
    let limit = ReadLimit { records: 7, bytes: usize::MAX };
    match store.read(health(0), *cursor, limit) {
        Ok(read) => {
            for delivery in &read {
                *cursor += 1;
                assert_eq!(delivery.sequence, *cursor);
                assert_eq!(delivery.envelope, record(*cursor, 2_000));
            }
            read.len() as u64
        }
        Err(StoreError::Trimmed { first, .. }) => {
            *cursor = first - 1;
            0
        }
        Err(error) => panic!("behind {cursor}: {error}"),
    }
}

#[test]
fn nobody_sees_half_a_commit_or_a_hole_where_records_were_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    prefill(folder.path());
    let store = open(folder.path());
    let done = AtomicBool::new(false);
    let (states, records, trimmed) = std::thread::scope(|scope| {
        let states = scope.spawn(|| {
            let mut seen = std::collections::BTreeSet::new();
            while !done.load(Ordering::Acquire) {
                seen.insert(read_states(&store));
            }
            seen.len()
        });
        let records = scope.spawn(|| {
            let (mut cursor, mut records, mut rounds) = (0, 0, 0_u64);
            while !done.load(Ordering::Acquire) {
                // Back to the oldest record, where blocks are being removed.
                cursor = if rounds % 10 == 0 { store.first(health(0)) - 1 } else { cursor };
                records += read_log(&store, &mut cursor);
                rounds += 1;
            }
            (records, rounds)
        });
        let verified = scope.spawn(|| {
            let mut times = 0;
            while !done.load(Ordering::Acquire) {
                store.verify().expect("an intact store");
                times += 1;
            }
            times
        });
        for number in 1..=COMMITS {
            store.commit(batch(number)).unwrap();
        }
        done.store(true, Ordering::Release);
        (states.join().unwrap(), records.join().unwrap(), verified.join().unwrap())
    });
    println!(
        "{states} states of the store seen, {records:?} records and reads, {trimmed} verifications"
    );
    assert!(states > 1 && records.0 > 0 && trimmed > 0, "they ran beside each other");
}
