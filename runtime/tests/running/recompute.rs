//! One ordered pass over the log finds what was saved, and finds what is not as it should be.

use crate::agents::{self, Counter, Tally, frame, note};
use messages::{Envelope, MessageId, Stream};
use runtime::conductor::Faults;
use runtime::recompute::{Report, recompute};
use runtime::router::PARTITIONS_EMBEDDED;
use runtime::store::memory::MemoryStore;
use runtime::store::{Batch, HostChange, HostId, Partition, ReadLimit, Store};
use runtime::testkit::World;
use runtime::{Catalog, Models};
use std::sync::Arc;
use std::time::Duration;

/// A store that hosts wrote while they were killed now and then; nothing was saved at its end.
fn store(seed: u64) -> Arc<dyn Store> {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let faults = Faults {
        seed,
        duplicate: 0.2,
        reorder: 16,
        kill_before_commit: 0.1,
        kill_after_commit: 0.1,
    };
    let mut world = World::seeded(seed).catalog(catalog()).on(store.clone()).faults(faults);
    for number in 0..220_i64 {
        let value = if number % 29 == 7 { agents::PANICS } else { number };
        world.append(&note(&format!("key-{}", number % 5), value));
        world.append(&frame(&format!("asset-{}", number % 7), number));
        if number % 50 == 49 {
            world.advance(Duration::from_secs(120));
        }
    }
    world.settle();
    store
}

fn catalog() -> Catalog {
    Catalog::default().with::<Counter>().with::<Tally>()
}

fn compare(store: &Arc<dyn Store>) -> Vec<Report> {
    recompute(&catalog(), &Arc::new(Models::default()), store, PARTITIONS_EMBEDDED)
        .expect("it can be read")
}

/// What is said of `host`.
fn examples(reports: &[Report], host: &str) -> Vec<String> {
    reports.iter().find(|report| report.host == host).expect("it can be read").examples.clone()
}

#[test]
fn what_killed_hosts_saved_and_said_is_what_one_pass_finds() {
    for seed in 0..20 {
        let reports = compare(&store(seed));
        assert!(reports.iter().all(Report::is_equal), "seed {seed}: {reports:#?}");
        assert_eq!(reports.len(), 5);
        assert_eq!(reports.iter().map(|report| report.keys).sum::<u64>(), 12);
        assert!(reports.iter().map(|report| report.said).sum::<u64>() > 200);
        assert!(reports.iter().any(|report| report.cursor < report.head), "some is not saved yet");
    }
}

#[test]
fn a_changed_state_and_one_without_a_reason_are_found() {
    let store = store(1);
    let host = HostId { kind: "counter".to_owned(), partition: 0 };
    let other = store.state(&host, "key-1").unwrap();
    let states = vec![("key-0".to_owned(), other.clone()), ("key-9".to_owned(), other)];
    let change = HostChange { host, progress: None, watermark: None, states };
    store.commit(Batch { hosts: vec![change], ..Batch::default() }).unwrap();
    let reports = compare(&store);
    let found = examples(&reports, "counter/0");
    assert!(found.contains(&"state of `key-0` differs".to_owned()), "{found:?}");
    assert!(found[1].starts_with("state of `key-9` exists"), "{found:?}");
}

#[test]
fn a_message_said_twice_and_one_said_without_a_reason_are_found() {
    let store = store(2);
    let sum = Partition::LOG;
    let read = store.read(sum, 0, ReadLimit::default()).unwrap();
    let said = read.iter().find(|delivery| delivery.envelope.origin.is_some()).unwrap();
    let mut invented = (*said.envelope).clone();
    invented.origin.as_mut().unwrap().index = 9;
    let appends = vec![(sum, said.envelope.clone()), (sum, Arc::new(invented))];
    store.commit(Batch { appends, ..Batch::default() }).unwrap();
    let host = format!("{}/0", said.envelope.source);
    let found = examples(&compare(&store), &host);
    assert!(found.iter().any(|text| text.ends_with("was said before")), "{found:?}");
    assert!(found.iter().any(|text| text.ends_with("without a reason")), "{found:?}");
}

#[test]
fn a_message_that_people_repeat_was_not_said_twice() {
    let store = store(5);
    let read = store.read(Partition::LOG, 0, ReadLimit::default()).unwrap();
    let said = read.iter().find(|delivery| delivery.envelope.origin.is_some()).unwrap();
    // As a dead letter is replayed.
    let repeated = Envelope {
        id: MessageId::named("redelivery", "1"),
        addressed_to: Some("counter".to_owned()),
        ..(*said.envelope).clone()
    };
    let appends = vec![(Partition::LOG, Arc::new(repeated))];
    store.commit(Batch { appends, ..Batch::default() }).unwrap();
    let reports = compare(&store);
    assert!(reports.iter().all(Report::is_equal), "{reports:#?}");
}

#[test]
fn an_acknowledged_record_that_a_reader_passed_over_is_found() {
    let store = store(3);
    let progress = |index| {
        let host = HostId { kind: "tally".to_owned(), partition: index };
        let progress = store.host(&host).unwrap().progress;
        (host, progress, store.head(Partition { stream: Stream::Telemetry, index }))
    };
    let behind = (0..PARTITIONS_EMBEDDED.get()).map(progress).find(|it| it.1.cursor < it.2);
    let (host, mut progress, head) = behind.expect("there is something to pass over");
    progress.cursor = head;
    let change = HostChange { host, progress: Some(progress), watermark: None, states: Vec::new() };
    store.commit(Batch { hosts: vec![change], ..Batch::default() }).unwrap();
    let reports = compare(&store);
    assert!(!reports.iter().all(Report::is_equal), "{reports:#?}");
}

#[test]
fn nothing_is_claimed_of_a_partition_whose_start_was_forgotten() {
    let store = store(4);
    let partition = Partition { stream: Stream::Telemetry, index: 1 };
    store.commit(Batch { trims: vec![(partition, 1)], ..Batch::default() }).unwrap();
    let reports = compare(&store);
    let report = reports.iter().find(|report| report.host == "tally/1").unwrap();
    assert_eq!(report.not_compared.as_deref(), Some("`telemetry/1` was forgotten up to 1"));
    assert!(!report.is_equal());
}
