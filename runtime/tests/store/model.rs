//! After any steps, reopening among them, the store on disk holds what the one in memory holds.

use crate::fixture::{contents, health, host, open};
use proptest::prelude::*;
use runtime::store::memory::MemoryStore;
use runtime::store::{Batch, HostChange, HostId, Progress, Store};
use runtime::testkit::store_contract::record;

#[derive(Clone, Debug)]
enum Step {
    Append(u16, Vec<usize>),
    State(u16, String, Option<Vec<u8>>),
    Blob(u8, Option<Vec<u8>>),
    Trim(u16, prop::sample::Index),
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let bytes = prop_oneof![0..50_usize, 3_900..4_300_usize, 9_000..9_100_usize];
    let value =
        bytes.clone().prop_map(|length| vec![u8::try_from(length % 251).expect("a byte"); length]);
    let maybe = prop::option::of(value);
    prop_oneof![
        4 => (0..3_u16, prop::collection::vec(bytes, 1..40)).prop_map(|(p, b)| Step::Append(p, b)),
        3 => (0..2_u16, "[a-c]", maybe.clone()).prop_map(|(p, k, v)| Step::State(p, k, v)),
        1 => (0..3_u8, maybe).prop_map(|(k, v)| Step::Blob(k, v)),
        1 => (0..3_u16, any::<prop::sample::Index>()).prop_map(|(p, i)| Step::Trim(p, i)),
        1 => Just(Step::Reopen),
    ]
}

/// Adds `step` to `batch`; false for a reopening, which is no part of a batch.
fn add(batch: &mut Batch, step: &Step, model: &dyn Store, number: u64) -> bool {
    match step {
        Step::Append(index, sizes) => {
            let records = sizes.iter().zip(number..).map(|(bytes, number)| record(number, *bytes));
            batch.appends.extend(records.map(|record| (health(*index), record)));
        }
        Step::State(partition, key, value) => batch.hosts.push(HostChange {
            host: HostId { partition: *partition, ..host() },
            progress: Some(Progress { cursor: number, ..Progress::default() }),
            watermark: Some((number, 1)),
            states: vec![(key.clone(), value.clone())],
        }),
        Step::Blob(name, value) => batch.blobs.push((format!("blob/{name}"), value.clone())),
        Step::Trim(index, through) => {
            let head = usize::try_from(model.head(health(*index))).expect("a small log");
            batch.trims.push((health(*index), through.index(head + 1) as u64));
        }
        Step::Reopen => return false,
    }
    true
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn disk_and_memory_hold_the_same_after_any_steps(
        steps in prop::collection::vec(prop::collection::vec(step(), 1..4), 1..30),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let model = MemoryStore::default();
        let mut disk = open(folder.path());
        for (steps, number) in steps.iter().zip(1..) {
            let mut batch = Batch::default();
            let reopens = steps
                .iter()
                .zip(0..)
                .filter(|(step, index)| !add(&mut batch, step, &model, number * 1000 + index * 100))
                .count();
            prop_assert_eq!(model.commit(batch.clone()).unwrap(), disk.commit(batch).unwrap());
            if reopens > 0 {
                drop(disk);
                disk = open(folder.path());
            }
        }
        prop_assert_eq!(contents(&model), contents(&disk));
        prop_assert_eq!(model.verify().unwrap(), disk.verify().unwrap());
    }
}
