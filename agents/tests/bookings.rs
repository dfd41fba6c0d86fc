//! However many ask for a slot at once and whatever dies meanwhile: nobody is booked twice, nothing overlaps.
//!
//! Judged from the log alone, by a specification of its own (`bookings/spec.rs`). Another number of random operations
//! than the 50,000 of the promise is taken from `AURORASYNC_BOOKING_OPERATIONS`.

#[path = "bookings/operations.rs"]
mod operations;
#[path = "bookings/spec.rs"]
mod spec;

use agents::Scheduling;
use agents::scheduling::Config;
use messages::booking::{BookingHeld, BookingRefused, RefusedReason, SlotsOffered};
use operations::{Customer, Operations, centre};
use runtime::conductor::Faults;
use runtime::testkit::World;
use spec::Spec;

/// Operations where nobody asked for another number.
const OPERATIONS: u32 = 50_000;

const REQUESTS: usize = 1_000;

fn rough(seed: u64) -> Faults {
    Faults { seed, duplicate: 0.2, reorder: 32, kill_before_commit: 0.1, kill_after_commit: 0.1 }
}

#[test]
fn of_a_thousand_requests_for_one_slot_one_wins() {
    let mut world = World::seeded(3).agent::<Scheduling>(Config::default()).faults(rough(3));
    world.publish(centre("one", 1, &["ana"]));
    let customers: Vec<Customer> = (0..REQUESTS).map(Customer::new).collect();
    customers.iter().for_each(|customer| world.append(&customer.ask(world_now())));
    world.settle();
    let offered = world.published::<SlotsOffered>();
    assert_eq!(offered.len(), REQUESTS);
    let best = offered[0].offers[0].slot.clone();
    assert!(offered.iter().all(|one| one.offers[0].slot == best), "all are offered the same");
    for one in &offered {
        let customer = customers.iter().find(|customer| customer.case == one.case);
        let customer = customer.expect("an offer is for somebody who asked");
        world.append(&customer.hold(one.offers[0].offer, world_now()));
    }
    world.settle();
    let held = world.published::<BookingHeld>();
    assert_eq!(held.len(), 1);
    assert_eq!(held[0].slot, best);
    let refused = world.published::<BookingRefused>();
    assert_eq!(refused.len(), REQUESTS - 1);
    assert!(refused.iter().all(|one| one.reason == RefusedReason::SlotTaken));
    let happened = world.misfortunes();
    assert!(happened.duplicates > 0 && happened.kills_before_commit > 0, "{happened:?}");
}

fn world_now() -> messages::Timestamp {
    "2026-03-02T06:00:00Z".parse().expect("a moment")
}

/// So little is looked ahead that some find no slot and have to wait.
fn crowded() -> Config {
    let mut config = Config::default();
    config.search.horizon_days = 1;
    config
}

#[test]
fn random_operations_under_kills_and_duplicates_book_each_slot_for_one_at_a_time() {
    let count = match std::env::var("AURORASYNC_BOOKING_OPERATIONS") {
        Ok(text) => text.parse().expect("AURORASYNC_BOOKING_OPERATIONS is a number"),
        Err(_) => OPERATIONS,
    };
    let mut world = World::seeded(11).agent::<Scheduling>(crowded()).faults(rough(11));
    let mut operations = Operations::seeded(11);
    for _ in 0..count {
        operations.perform(&mut world);
    }
    world.settle();
    let report = Spec::default().judge(&world);
    println!("{count} operations: {report:?}, {:?}", world.misfortunes());
    assert_eq!(world.dead(), [], "nothing was dead-lettered");
    report.assert_rich();
    let happened = world.misfortunes();
    assert!(happened.duplicates > 0 && happened.reordered > 0, "{happened:?}");
    assert!(happened.kills_before_commit > 0 && happened.kills_after_commit > 0, "{happened:?}");
}
