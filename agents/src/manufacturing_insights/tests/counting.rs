//! Who is counted, and how often a failure is: once, whatever tells of it; and how much room that takes.

use super::{DAY, fail, find, fleet, register, world};
use crate::manufacturing_insights::ManufacturingInsights;
use messages::Timestamp;
use messages::pattern::{AssetCounted, Change, ComponentReported, Report};
use messages::record::RECORD_BYTES_MAX;
use messages::registry::{AssetRegistered, AssetRetired, MaintenanceRecorded};
use runtime::testkit::World;
use serde_json::Value;

fn reports(world: &World) -> Vec<Report> {
    world.published::<ComponentReported>().into_iter().map(|reported| reported.report).collect()
}

fn state(world: &mut World, key: &str) -> Value {
    world.state::<ManufacturingInsights>(key).unwrap()
}

fn count(world: &mut World, what: &str) -> u64 {
    let state = state(world, "vehicle");
    let counts = &state["census"]["components"]["brake"][what];
    let entries = counts.as_array().map(|it| it.iter().filter_map(|it| it[1].as_u64()).sum());
    let named = counts.as_object().map(|it| it.values().filter_map(Value::as_u64).sum());
    entries.or(named).unwrap_or_default()
}

#[test]
fn a_failure_that_is_told_three_times_counts_once_and_is_explained_once() {
    let mut world = world();
    register(&mut world, "A", "S", "B");
    world.advance(10 * DAY);
    fail(&mut world, "A", "brake");
    world.advance(DAY);
    fail(&mut world, "A", "brake");
    find(&mut world, "A", "brake", "wear", "workshop pune");
    find(&mut world, "A", "brake", "wear", "workshop pune");
    let performed_at = world.conductor().now();
    world.publish(MaintenanceRecorded {
        asset: "A".into(),
        component: "brake".into(),
        performed_at,
    });
    let reports = reports(&world);
    assert!(matches!(reports[..], [Report::Failed, Report::Explained(_)]), "{reports:?}");
}

#[test]
fn a_finding_without_a_failure_before_counts_and_one_without_a_fault_does_not() {
    let mut world = world();
    register(&mut world, "A", "S", "B");
    world.advance(10 * DAY);
    find(&mut world, "A", "brake", "wear", "workshop pune");
    let reports = reports(&world);
    assert!(matches!(reports[..], [Report::Failed, Report::Explained(_)]), "{reports:?}");
    assert_eq!(count(&mut world, "failures"), 1);
}

#[test]
fn what_is_not_registered_not_of_the_profile_or_before_its_time_is_passed_over() {
    let mut world = world();
    fail(&mut world, "NOBODY", "brake");
    let before = world.conductor().now();
    world.advance(DAY);
    register(&mut world, "A", "S", "B");
    world.settle();
    fail(&mut world, "A", "no_such_component");
    world.publish(messages::finding::FailureRecorded {
        asset: "A".into(),
        component: "brake".into(),
        failed_at: before,
        by: "owner".into(),
    });
    assert_eq!(reports(&world), []);
    assert!(world.dead().is_empty());
}

#[test]
fn a_registration_that_says_the_same_changes_nothing_and_another_batch_moves_the_asset() {
    let mut world = world();
    register(&mut world, "A", "S", "B");
    register(&mut world, "A", "S", "B");
    world.advance(DAY);
    register(&mut world, "A", "S", "C");
    world.settle();
    let counted = world.published::<AssetCounted>();
    let changes: Vec<(Change, Option<String>)> =
        counted.into_iter().map(|it| (it.change, it.group.batch)).collect();
    let batch = |name: &str| Some(name.to_owned());
    assert_eq!(
        changes,
        [(Change::Joined, batch("B")), (Change::Left, batch("B")), (Change::Joined, batch("C"))]
    );
    assert_eq!((count(&mut world, "current"), count(&mut world, "ended")), (1, 1));
}

#[test]
fn who_retires_is_watched_no_longer() {
    let mut world = world();
    fleet(&mut world);
    world.advance(10 * DAY);
    world.publish(AssetRetired { asset: "BAD00".into(), reason: "sold".into() });
    fail(&mut world, "BAD00", "brake");
    assert_eq!((count(&mut world, "current"), count(&mut world, "ended")), (199, 1));
    assert_eq!(count(&mut world, "failures"), 0);
}

#[test]
fn a_life_ends_with_each_failure_and_each_renewal_and_the_next_begins() {
    let mut world = world();
    register(&mut world, "A", "S", "B");
    world.advance(100 * DAY);
    fail(&mut world, "A", "brake");
    world.advance(50 * DAY);
    let performed_at = world.conductor().now();
    world.publish(MaintenanceRecorded {
        asset: "A".into(),
        component: "brake".into(),
        performed_at,
    });
    world.advance(50 * DAY);
    fail(&mut world, "A", "brake");
    assert_eq!((count(&mut world, "current"), count(&mut world, "ended")), (1, 3));
    assert_eq!(count(&mut world, "failures"), 2);
}

#[test]
fn twenty_thousand_vehicles_and_their_failures_fit_a_memory() {
    let mut world = world();
    let begin = world.conductor().now();
    for number in 0..20_000_u32 {
        let days = u64::from(number % 700);
        let since = Timestamp::from_millis(begin.as_millis() - (days * 86_400_000) as i64);
        world.append(&AssetRegistered {
            asset: format!("V{number:05}"),
            fleet: "demo".into(),
            profile: "vehicle".into(),
            model: Some(format!("AR-{}", number % 3)),
            in_service_since: since,
            supplier: Some(format!("S-{}", number / 3 % 3)),
            batch: Some(format!("Q{}-{}", number / 9 % 4, number / 36 % 3)),
            owner: None,
            group: None,
            home: None,
        });
    }
    world.settle();
    for day in 0..400_u32 {
        world.advance(DAY);
        for index in 0..10 {
            let number = (day * 7_919 + index * 1_543) % 20_000;
            fail(
                &mut world,
                &format!("V{number:05}"),
                ["brake", "engine", "tyre"][index as usize % 3],
            );
        }
    }
    let states = world.states();
    let (key, bytes) = states.iter().max_by_key(|(_, bytes)| bytes.len()).unwrap();
    assert!(key.contains("vehicle"), "{key}");
    assert!(bytes.len() < RECORD_BYTES_MAX / 2, "{} bytes", bytes.len());
    assert!(world.dead().is_empty());
}
