//! Who is contained is refused, stands still, and what it said is set aside, until it is released.

use crate::agents::{
    Counted, Ear, Echo, Echoed, Usurper, Warden, called, contained, echoed, envelope, say, watched,
    world,
};
use crate::rights::frame;
use messages::dead::Cause;
use messages::guard::{
    AccessDenied, Backlog, Level, PrincipalContained, PrincipalReleased, Refusal,
};
use messages::{Stream, Timestamp};
use runtime::clock::{Clock, VirtualClock};
use runtime::committer::{Entry, Request, Writer};
use runtime::conductor::{CrashPoint, Work};
use runtime::guard::{Containments, THROTTLED_BURST, THROTTLED_INTERVAL};
use runtime::recompute::{Report, recompute};
use runtime::router::{PARTITIONS_EMBEDDED, Router};
use runtime::store::memory::MemoryStore;
use runtime::store::{Batch, Store};
use runtime::testkit::World;
use runtime::wiring::{Contract, WiringError};
use runtime::{Catalog, Models};
use std::sync::Arc;
use std::time::Duration;

fn now(world: &mut World) -> Timestamp {
    world.conductor().now()
}

fn contain(world: &mut World, principal: &str, level: Level, from: Timestamp) {
    world.append(&contained(principal, level, from, None));
}

fn release(world: &mut World, principal: &str, backlog: Backlog) {
    let (by, reason) = ("operator".to_owned(), "a false alarm".to_owned());
    world.append(&PrincipalReleased { principal: principal.to_owned(), by, reason, backlog });
}

fn try_echo(world: &mut World, number: u64) -> Result<(), Refusal> {
    let said = say(world, "echo", envelope("echo", number, &echoed(number)));
    said.map(drop).map_err(|denied| denied.reason)
}

#[test]
fn a_contained_principal_is_refused_from_the_next_commit_on_and_others_are_not() {
    let mut world = world(1);
    assert_eq!(try_echo(&mut world, 1), Ok(()));
    let from = now(&mut world);
    contain(&mut world, "echo", Level::Refused, from);
    assert_eq!(try_echo(&mut world, 2), Err(Refusal::Contained));
    say(&mut world, "ear", envelope("ear", 1, &Counted { key: "a".into(), number: 1 })).unwrap();
    release(&mut world, "echo", Backlog::Heard);
    assert_eq!(try_echo(&mut world, 3), Ok(()));
}

#[test]
fn abuse_is_contained_by_the_agent_that_hears_of_it_within_one_round() {
    let mut world = watched(1);
    say(&mut world, "echo", envelope("echo", 1, &frame("VEH001"))).unwrap_err();
    world.settle();
    assert_eq!(try_echo(&mut world, 2), Err(Refusal::Contained));
    // Its host may not speak either, and keeps what it has not handled.
    world.publish(called(5));
    assert_eq!(world.published::<Echoed>(), []);
    let denied = world.published::<AccessDenied>();
    assert!(denied.iter().any(|it| it.reason == Refusal::Contained && it.what == "test.echoed"));
    release(&mut world, "echo", Backlog::Heard);
    world.settle();
    assert_eq!(world.published::<Echoed>(), [echoed(5)]);
}

#[test]
fn what_was_refused_before_a_release_is_said_with_it_and_what_is_refused_after_it_anew() {
    let mut world = world(1);
    let refuse = |world: &mut World, number| {
        say(world, "echo", envelope("echo", number, &frame("VEH001"))).unwrap_err();
    };
    let counts = |world: &World| -> Vec<u64> {
        world.published::<AccessDenied>().iter().map(|denied| denied.count).collect()
    };
    for number in 0..4 {
        refuse(&mut world, number);
    }
    assert_eq!(counts(&world), [1]);
    release(&mut world, "echo", Backlog::Heard);
    assert_eq!(counts(&world), [1, 3]);
    refuse(&mut world, 4);
    assert_eq!(counts(&world), [1, 3, 1]);
}

#[test]
fn what_an_agent_decided_before_a_release_and_said_after_it_contains_nobody() {
    let mut world = world(1);
    let before = now(&mut world);
    contain(&mut world, "echo", Level::Refused, before);
    world.advance(Duration::from_secs(1));
    release(&mut world, "echo", Backlog::Heard);
    contain(&mut world, "echo", Level::Refused, before);
    assert_eq!(try_echo(&mut world, 1), Ok(()));
    let after = now(&mut world);
    contain(&mut world, "echo", Level::Refused, after);
    assert_eq!(try_echo(&mut world, 2), Err(Refusal::Contained));
}

#[test]
fn a_release_of_somebody_who_is_not_contained_is_remembered_over_a_restart() {
    let mut world = world(1);
    let before = now(&mut world);
    // So that there is something stored that could be behind.
    contain(&mut world, "ear", Level::Refused, before);
    release(&mut world, "ear", Backlog::Heard);
    world.advance(Duration::from_secs(1));
    release(&mut world, "echo", Backlog::Heard);
    world.crash_at(CrashPoint::Before(Work::Ingest));
    world.append(&called(1));
    assert_eq!(world.misfortunes().crashes, 1);
    contain(&mut world, "echo", Level::Refused, before);
    assert_eq!(try_echo(&mut world, 1), Ok(()));
    let conductor = world.conductor();
    let of_log = Containments::of_log(&**conductor.store()).unwrap();
    assert_eq!(*conductor.containments(), of_log);
}

#[test]
fn what_a_person_decided_while_an_agent_had_not_yet_is_not_made_milder() {
    let mut world = watched(1);
    say(&mut world, "echo", envelope("echo", 1, &frame("VEH001"))).unwrap_err();
    let at = now(&mut world);
    let paused = envelope("facade", 1, &contained("echo", Level::Paused, at, None));
    say(&mut world, "facade", paused).unwrap();
    world.settle();
    assert_eq!(world.published::<PrincipalContained>().len(), 2, "the agent said its own");
    let containments = world.conductor().containments();
    assert_eq!(containments.of("echo", at).map(|it| it.level), Some(Level::Paused));
}

#[test]
fn an_agent_goes_further_than_a_person_and_never_back() {
    let after = |seconds| Timestamp::EPOCH.saturating_add(Duration::from_secs(seconds));
    let mut containments = Containments::default();
    let mut number = 0;
    let mut contain = |source: &str, level, until: Option<u64>| {
        number += 1;
        let said = contained("echo", level, Timestamp::EPOCH, until.map(after));
        containments.hear(&envelope(source, number, &said));
        let stands = containments.of("echo", Timestamp::EPOCH).unwrap();
        (stands.level, stands.until)
    };
    let refused = (Level::Refused, Some(after(600)));
    assert_eq!(contain("facade", Level::Refused, Some(600)), refused);
    assert_eq!(contain("warden", Level::Throttled, Some(60)), refused);
    let longer = (Level::Refused, Some(after(900)));
    assert_eq!(contain("warden", Level::Throttled, Some(900)), longer);
    let further = (Level::Paused, Some(after(900)));
    assert_eq!(contain("warden", Level::Paused, Some(60)), further);
    let milder = (Level::Throttled, Some(after(60)));
    assert_eq!(contain("facade", Level::Throttled, Some(60)), milder, "people may");
}

#[test]
fn who_is_contained_anew_as_its_time_ends_is_not_released_by_the_same_commit() {
    let (store, clock) = (Arc::new(MemoryStore::default()), VirtualClock::at(Timestamp::EPOCH));
    let router = Arc::new(Router::new(PARTITIONS_EMBEDDED, std::iter::empty::<&Contract>()));
    let mut writer = Writer::new(store.clone(), Clock::Virtual(clock.clone()), router);
    let lasts = Duration::from_secs(60);
    for number in 0..2 {
        let until = clock.now().saturating_add(lasts);
        let said = contained("echo", Level::Refused, clock.now(), Some(until));
        let entry = Entry::from(envelope("warden", number, &said));
        writer.commit(vec![Request::Append(vec![entry])]).unwrap();
        let containments = Containments::of_log(&*store).unwrap();
        assert!(containments.of("echo", clock.now()).is_some(), "{number}");
        clock.advance(lasts);
    }
    writer.commit(Vec::new()).unwrap();
    let containments = Containments::of_log(&*store).unwrap();
    assert_eq!(containments.iter().count(), 0, "but when that is over");
}

#[test]
fn only_who_declared_it_or_a_person_contains() {
    let mut world = watched(1);
    let at = now(&mut world);
    for other in ["echo", "device/test/VEH001"] {
        let said = envelope(other, 1, &contained("ear", Level::Paused, at, None));
        assert_eq!(say(&mut world, other, said).unwrap_err().reason, Refusal::NotDeclared);
    }
    for (number, entitled) in ["warden", "facade"].into_iter().enumerate() {
        let said = contained("ear", Level::Paused, at, None);
        say(&mut world, entitled, envelope(entitled, number as u64, &said)).unwrap();
    }
    for ours in ["guard", "runtime", "effects"] {
        contain(&mut world, ours, Level::Paused, at);
    }
    let names: Vec<String> =
        world.conductor().containments().iter().map(|(name, _)| name.to_owned()).collect();
    assert_eq!(names, ["ear"], "who keeps the others in order is not contained");
}

#[test]
fn two_kinds_that_contain_are_one_too_many() {
    let catalog = Catalog::default().with::<Warden>().with::<Usurper>();
    assert!(matches!(catalog.check(), Err(WiringError::Containers { .. })));
}

#[test]
fn people_who_are_contained_can_let_themselves_in_again() {
    let mut world = world(1);
    let at = now(&mut world);
    contain(&mut world, "facade", Level::Refused, at);
    let said = contained("ear", Level::Paused, at, None);
    assert!(say(&mut world, "facade", envelope("facade", 1, &said)).is_err());
    let (by, reason) = ("operator".to_owned(), "locked out".to_owned());
    let principal = "facade".to_owned();
    let released = PrincipalReleased { principal, by, reason, backlog: Backlog::Heard };
    say(&mut world, "facade", envelope("facade", 2, &released)).unwrap();
    say(&mut world, "facade", envelope("facade", 3, &said)).unwrap();
}

#[test]
fn a_throttled_principal_says_so_much_and_goes_on_later() {
    let mut world = world(1);
    let at = now(&mut world);
    contain(&mut world, "echo", Level::Throttled, at);
    let said = (0..100).filter(|number| try_echo(&mut world, *number).is_ok()).count();
    assert_eq!(said, THROTTLED_BURST as usize);
    assert_eq!(try_echo(&mut world, 100), Err(Refusal::TooFast));
    world.advance(THROTTLED_INTERVAL);
    assert_eq!(try_echo(&mut world, 101), Ok(()));
    assert_eq!(try_echo(&mut world, 102), Err(Refusal::TooFast));
    world.settle();
    assert_eq!(world.dead(), [], "what it did say is heard");
}

#[test]
fn a_throttled_host_is_slowed_down_and_loses_nothing() {
    let mut world = world(1);
    let at = now(&mut world);
    contain(&mut world, "echo", Level::Throttled, at);
    for number in 0..40 {
        world.publish(called(number));
    }
    assert!(world.published::<Echoed>().len() < 40);
    world.advance(Duration::from_secs(10));
    let numbers: Vec<u64> = world.published::<Echoed>().iter().map(|it| it.number).collect();
    assert_eq!(numbers, (0..40).collect::<Vec<_>>());
}

#[test]
fn a_paused_host_keeps_its_cursor_and_goes_on_after_its_release() {
    let mut world = world(1);
    let at = now(&mut world);
    contain(&mut world, "ear", Level::Paused, at);
    world.publish(called(1));
    assert_eq!(world.published::<Echoed>().len(), 1, "its neighbour works");
    assert_eq!(world.published::<Counted>(), []);
    assert!(world.conductor().is_paused("ear"));
    release(&mut world, "ear", Backlog::SetAside);
    world.settle();
    assert_eq!(world.published::<Counted>().len(), 1);
}

#[test]
fn what_was_said_since_the_evidence_and_not_heard_yet_is_set_aside() {
    let mut world = world(1);
    try_echo(&mut world, 1).unwrap();
    world.settle();
    world.advance(Duration::from_secs(1));
    let evidence_from = now(&mut world);
    try_echo(&mut world, 2).unwrap();
    contain(&mut world, "echo", Level::Refused, evidence_from);
    world.settle();
    let dead = world.dead();
    assert_eq!((dead.len(), dead[0].cause, dead[0].agent.as_str()), (1, Cause::Suspect, "ear"));
    assert_eq!(dead[0].original.open::<Echoed>().unwrap().number, 2);
    assert_eq!(world.state::<Ear>("a").unwrap()["numbers"], 1);
}

#[test]
fn what_is_replayed_by_a_person_is_heard() {
    let mut world = world(1);
    let evidence_from = now(&mut world);
    try_echo(&mut world, 2).unwrap();
    contain(&mut world, "echo", Level::Refused, evidence_from);
    world.settle();
    let dead = world.dead().pop().unwrap();
    let again = messages::Envelope {
        addressed_to: Some("ear".to_owned()),
        causation_id: Some(dead.original.id),
        ..dead.original
    };
    say(&mut world, "facade", again).unwrap();
    world.settle();
    assert_eq!(world.state::<Ear>("a").unwrap()["numbers"], 2);
}

#[test]
fn a_release_decides_what_becomes_of_what_nobody_has_heard() {
    for (backlog, heard) in [(Backlog::Heard, 1), (Backlog::SetAside, 0)] {
        let mut world = world(1);
        let evidence_from = now(&mut world);
        world.conductor().pause("ear", true).unwrap();
        try_echo(&mut world, 2).unwrap();
        contain(&mut world, "echo", Level::Refused, evidence_from);
        world.settle();
        release(&mut world, "echo", backlog);
        world.conductor().pause("ear", false).unwrap();
        world.settle();
        assert_eq!(world.published::<Counted>().len(), heard, "{backlog:?}");
        assert_eq!(world.dead().len(), 1 - heard, "{backlog:?}");
    }
}

#[test]
fn what_a_release_lets_be_heard_is_of_its_own_containment() {
    let mut world = world(1);
    world.conductor().pause("ear", true).unwrap();
    for (number, backlog) in [(2, Backlog::SetAside), (3, Backlog::Heard)] {
        let evidence_from = now(&mut world);
        try_echo(&mut world, number).unwrap();
        contain(&mut world, "echo", Level::Refused, evidence_from);
        world.settle();
        release(&mut world, "echo", backlog);
        world.advance(Duration::from_secs(1));
    }
    world.conductor().pause("ear", false).unwrap();
    world.settle();
    assert_eq!((world.published::<Counted>().len(), world.dead().len()), (1, 1));
}

#[test]
fn a_containment_ends_by_itself_when_its_time_is_over() {
    let mut world = world(1);
    let at = now(&mut world);
    let until = at.saturating_add(Duration::from_secs(900));
    world.append(&contained("echo", Level::Paused, at, Some(until)));
    world.publish(called(1));
    world.advance(Duration::from_secs(899));
    assert_eq!(world.published::<Echoed>(), []);
    world.advance(Duration::from_secs(1));
    assert_eq!(world.published::<Echoed>().len(), 1);
    let released = world.published::<PrincipalReleased>();
    assert_eq!((released.len(), released[0].by.as_str()), (1, "guard"));
    assert_eq!(released[0].backlog, Backlog::SetAside);
}

#[test]
fn a_containment_outlives_the_process_and_is_what_the_log_says() {
    for point in [CrashPoint::Before(Work::Ingest), CrashPoint::After(Work::Ingest)] {
        let mut world = world(1);
        let at = now(&mut world);
        world.crash_at(point);
        contain(&mut world, "echo", Level::Refused, at);
        world.crash_at(CrashPoint::Before(Work::Ingest));
        world.append(&called(1));
        assert_eq!(world.misfortunes().crashes, 2);
        assert_eq!(try_echo(&mut world, 1), Err(Refusal::Contained), "{point}");
        let conductor = world.conductor();
        let of_log = Containments::of_log(&**conductor.store()).unwrap();
        assert_eq!(*conductor.containments(), of_log);
    }
}

#[test]
fn stored_containments_that_cannot_be_read_are_computed_from_the_log() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let mut world = world(1).on(store.clone());
    let at = now(&mut world);
    contain(&mut world, "echo", Level::Refused, at);
    let blobs = vec![("guard/containments".to_owned(), Some(vec![1, 2, 3]))];
    store.commit(Batch { blobs, ..Batch::default() }).unwrap();
    world.crash_at(CrashPoint::Before(Work::Ingest));
    world.append(&called(1));
    assert_eq!(try_echo(&mut world, 1), Err(Refusal::Contained));
}

/// Devices send, one of them is found to lie, and everything ends and begins again in between.
fn lied(seed: u64, store: Arc<dyn Store>, crashes: bool) -> World {
    let mut world = world(seed).on(store);
    let mut evidence_from = Timestamp::EPOCH;
    for number in 0..40 {
        if number == 20 {
            world.advance(Duration::from_secs(1));
            evidence_from = now(&mut world);
        }
        if number == 30 {
            contain(&mut world, "device/test/VEH001", Level::Refused, evidence_from);
        }
        for asset in ["VEH001", "VEH002"] {
            let source = format!("device/test/{asset}");
            let said = envelope(&source, number, &frame(asset));
            assert_eq!(say(&mut world, &source, said).is_err(), number >= 30 && asset == "VEH001");
        }
        if number % 7 == 3 {
            world.settle();
        }
        if crashes && number % 13 == 5 {
            world.crash_at(CrashPoint::After(Work::Turn));
        }
        if number == 35 {
            world.advance(Duration::from_secs(90));
        }
    }
    world.settle();
    world
}

#[test]
fn one_pass_over_the_log_leaves_out_what_was_set_aside_also_behind_a_checkpoint() {
    for seed in 0..10 {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let world = lied(seed, store.clone(), true);
        let dead = world.dead();
        assert!(!dead.is_empty() && dead.iter().all(|it| it.cause == Cause::Suspect), "{dead:?}");
        let catalog = Catalog::default().with::<Echo>().with::<Ear>();
        let catalog = catalog.with::<crate::agents::Tally>();
        let models = Arc::new(Models::default());
        let reports = recompute(&catalog, &models, &store, PARTITIONS_EMBEDDED).unwrap();
        assert!(reports.iter().all(Report::is_equal), "seed {seed}: {reports:#?}");
    }
}

#[test]
fn the_guard_does_the_same_each_time() {
    let trace = || {
        let mut world = lied(3, Arc::new(MemoryStore::default()), true);
        world.advance(Duration::from_secs(3600));
        (world.trace(), world.envelopes(Stream::Audit).len())
    };
    let (first, links) = trace();
    assert!(links > 0);
    assert_eq!(trace().0, first);
}
