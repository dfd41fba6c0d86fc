//! What is refused or unusual is said once and contained step by step; who is quiet is left alone.

use super::{Config, Ueba};
use messages::behaviour::{BaselineLearned, BehaviourFlagged};
use messages::guard::{
    AccessDenied, Action, ActivityMeasured, Backlog, Level, PrincipalContained, PrincipalReleased,
    Refusal, UNKNOWN,
};
use messages::health::{QuarantineReason, SensorFaultKind, SensorFaulted, TelemetryQuarantined};
use messages::telemetry::Telemetry;
use messages::{MessageId, Timestamp};
use runtime::testkit::World;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3_600);

fn world() -> World {
    World::seeded(7).agent::<Ueba>(Config::default())
}

fn denied(principal: &str, reason: Refusal, count: u64, now: Timestamp) -> AccessDenied {
    AccessDenied {
        principal: principal.into(),
        action: Action::Read,
        what: "telemetry".into(),
        reason,
        count,
        first_at: now,
        at: now,
        key: None,
        claimed: None,
        example: Some(MessageId::named("test", "denied")),
    }
}

fn refuse(world: &mut World, principal: &str, reason: Refusal, count: u64) {
    let now = world.conductor().now();
    world.publish(denied(principal, reason, count, now));
}

/// `messages` of `principal` in the `seconds` before now.
fn measured(world: &mut World, principal: &str, seconds: u64, messages: u64) {
    let until = world.conductor().now();
    world.publish(ActivityMeasured {
        principal: principal.into(),
        from: until.saturating_sub(Duration::from_secs(seconds)),
        until,
        messages,
        bytes: messages * 200,
        by_name: [("health.assessed".to_owned(), messages)].into(),
        keys: 10,
        repeated: 0,
        refused: 0,
        dead_lettered: 0,
        reads: 0,
        read_bytes: 0,
        reads_by_stream: [].into(),
    });
}

/// Lets `hours` pass in which `principal` says 600 messages each.
fn live(world: &mut World, principal: &str, hours: u32) {
    for _ in 0..hours {
        world.advance(HOUR);
        measured(world, principal, 3_599, 600);
    }
}

fn faulted(world: &mut World, channel: &str, kind: SensorFaultKind) {
    let since = world.conductor().now();
    world.publish(SensorFaulted {
        fleet: "demo".into(),
        asset: "VEH004".into(),
        channel: channel.into(),
        kind,
        since,
        cleared_at: None,
        detail: "reads 40 where its peer reads 20".into(),
    });
}

fn quarantined(world: &mut World, reason: QuarantineReason) {
    let (fleet, asset) = ("demo".to_owned(), "VEH004".to_owned());
    let (signals, samples) = (Vec::new(), Vec::new());
    let telemetry = Telemetry { fleet, asset, boot: None, signals, samples };
    world.publish(TelemetryQuarantined {
        fleet: telemetry.fleet.clone(),
        asset: telemetry.asset.clone(),
        reason,
        detail: "its clock is hours off".into(),
        nearest: None,
        remedy: "set the device's clock".into(),
        telemetry,
        as_sent: None,
    });
}

fn levels(world: &World, principal: &str) -> Vec<Level> {
    let contained = world.published::<PrincipalContained>().into_iter();
    contained.filter(|it| it.principal == principal).map(|it| it.level).collect()
}

fn findings(world: &World) -> Vec<BehaviourFlagged> {
    world.published()
}

#[test]
fn one_refusal_is_said_with_its_reason_and_contained_for_a_while() {
    let mut world = world();
    refuse(&mut world, "scheduling", Refusal::NotDeclared, 1);
    let [finding] = &findings(&world)[..] else { panic!("one finding") };
    assert_eq!((finding.risk.get(), finding.level), (40.0, Some(Level::Throttled)));
    assert_eq!(finding.evidence[0].kind, "denied.not_declared");
    assert_eq!(
        finding.summary,
        "`scheduling` was refused to read `telemetry`: its contract does not name it"
    );
    let contained = &world.published::<PrincipalContained>()[0];
    let now = world.conductor().now();
    assert_eq!(contained.until, Some(now.saturating_add(Duration::from_secs(15 * 60))));
    assert_eq!(
        (contained.evidence_from, contained.finding.as_ref()),
        (now, Some(&finding.finding))
    );
}

#[test]
fn the_ladder_is_climbed_step_by_step_and_said_at_each_and_not_in_between() {
    let mut world = world();
    for _ in 0..40 {
        refuse(&mut world, "scheduling", Refusal::NotDeclared, 1);
        world.advance(Duration::from_secs(1));
    }
    let climbed = [Level::Throttled, Level::Refused, Level::Paused];
    assert_eq!(levels(&world, "scheduling"), climbed);
    let findings = findings(&world);
    assert_eq!(findings.iter().map(|it| it.number).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(findings.iter().all(|it| it.finding == findings[0].finding));
}

#[test]
fn evidence_adds_up_to_the_risk() {
    let mut world = world();
    live(&mut world, "data-analysis", 30);
    refuse(&mut world, "data-analysis", Refusal::NotYours, 3);
    measured(&mut world, "data-analysis", 1, 20_000);
    for finding in findings(&world) {
        let sum: f64 = finding.evidence.iter().map(|one| one.points.get()).sum();
        assert!((sum - finding.risk.get()).abs() < 1e-9, "{finding:?}");
    }
    let last = findings(&world).pop().unwrap();
    let kinds: Vec<&str> = last.evidence.iter().map(|one| one.kind.as_str()).collect();
    assert_eq!(kinds, ["denied.not_yours", "unusual.messages"]);
    let flood = &last.evidence[1];
    assert!(flood.usual.is_some_and(|usual| usual.get() < 12.0), "{flood:?}");
}

#[test]
fn a_flood_is_contained_once_it_is_known_what_is_usual_and_that_is_said_once() {
    let mut early = world();
    live(&mut early, "data-analysis", 3);
    measured(&mut early, "data-analysis", 1, 20_000);
    assert_eq!(findings(&early), []);

    let mut late = world();
    live(&mut late, "data-analysis", 30);
    assert_eq!(late.published::<BaselineLearned>().len(), 1);
    late.advance(Duration::from_secs(10));
    measured(&mut late, "data-analysis", 1, 256);
    assert_eq!(levels(&late, "data-analysis"), [Level::Throttled]);
    assert!(!findings(&late)[0].is_learning);
}

#[test]
fn who_does_what_it_always_did_is_left_alone() {
    let mut world = world();
    live(&mut world, "data-analysis", 24 * 30);
    assert_eq!((findings(&world), levels(&world, "data-analysis")), (vec![], vec![]));
}

#[test]
fn its_own_activity_is_no_evidence_and_its_own_refusals_contain_nobody() {
    let mut world = world();
    live(&mut world, "ueba", 30);
    measured(&mut world, "ueba", 1, 1_000_000);
    assert_eq!(findings(&world), []);
    refuse(&mut world, "ueba", Refusal::NotDeclared, 100);
    refuse(&mut world, "facade", Refusal::NotYours, 100);
    assert_eq!(findings(&world).len(), 2, "a person is told");
    assert_eq!(world.published::<PrincipalContained>(), []);
}

#[test]
fn a_thousand_refusals_of_a_contained_principal_are_few_words() {
    let mut world = world();
    for _ in 0..1_000 {
        refuse(&mut world, "scheduling", Refusal::NotDeclared, 200);
        refuse(&mut world, "scheduling", Refusal::Contained, 200);
    }
    assert!(findings(&world).len() <= 4, "{}", findings(&world).len());
    assert!(world.published::<PrincipalContained>().len() <= 3);
}

#[test]
fn who_goes_on_while_contained_stays_contained_and_who_stops_does_not() {
    let mut world = world();
    refuse(&mut world, "scheduling", Refusal::NotDeclared, 1);
    world.advance(Duration::from_secs(5 * 60));
    refuse(&mut world, "scheduling", Refusal::TooFast, 1);
    assert_eq!(levels(&world, "scheduling").len(), 1, "more than half of its time is left");
    world.advance(Duration::from_secs(5 * 60));
    refuse(&mut world, "scheduling", Refusal::NotDeclared, 1);
    assert_eq!(levels(&world, "scheduling").len(), 2);
    world.advance(24 * HOUR);
    assert_eq!(levels(&world, "scheduling").len(), 2);
}

#[test]
fn a_persons_release_wipes_the_slate_and_time_alone_does_not() {
    let released = |by: &str| PrincipalReleased {
        principal: "scheduling".into(),
        by: by.into(),
        reason: "looked at".into(),
        backlog: Backlog::SetAside,
    };
    for (by, number, level) in [("operator", 1, Level::Throttled), ("guard", 2, Level::Refused)] {
        let mut world = world();
        refuse(&mut world, "scheduling", Refusal::NotDeclared, 1);
        world.publish(released(by));
        refuse(&mut world, "scheduling", Refusal::NotDeclared, 1);
        let last = findings(&world).pop().unwrap();
        assert_eq!((last.number, last.level), (number, Some(level)), "released by {by}");
    }
}

#[test]
fn what_began_before_a_persons_release_is_forgiven_however_late_it_is_heard_of() {
    let mut world = world();
    live(&mut world, "data-analysis", 48);
    let before = world.conductor().now();
    world.advance(Duration::from_secs(30));
    let released_by = |world: &mut World, by: &str| {
        world.publish(PrincipalReleased {
            principal: "data-analysis".into(),
            by: by.into(),
            reason: "looked at".into(),
            backlog: Backlog::SetAside,
        });
    };
    released_by(&mut world, "operator");
    world.advance(Duration::from_secs(1));
    world.publish(denied("data-analysis", Refusal::NotDeclared, 50, before));
    measured(&mut world, "data-analysis", 20, 50_000);
    assert_eq!(findings(&world), []);
    measured(&mut world, "data-analysis", 0, 10);
    assert_eq!(
        findings(&world),
        [],
        "the flood before the release was judged with what came after"
    );
    let now = world.conductor().now();
    world.publish(denied("data-analysis", Refusal::NotDeclared, 50, now));
    assert_eq!(findings(&world).len(), 1);
}

#[test]
fn sensors_flag_their_device_and_never_contain_it() {
    let mut world = world();
    faulted(&mut world, "coolant_temperature", SensorFaultKind::Drift);
    let [finding] = &findings(&world)[..] else { panic!("one finding") };
    assert_eq!((finding.principal.as_str(), finding.level), ("device/demo/VEH004", None));
    for _ in 0..100 {
        faulted(&mut world, "coolant_temperature", SensorFaultKind::Drift);
    }
    assert_eq!(findings(&world).len(), 1);
    assert_eq!(world.published::<PrincipalContained>(), []);
}

#[test]
fn however_much_is_wrong_with_what_a_device_sends_it_is_flagged_and_not_contained() {
    let mut world = world();
    faulted(&mut world, "coolant_temperature", SensorFaultKind::Drift);
    for channel in ["oil_pressure", "battery_voltage", "speed"] {
        faulted(&mut world, channel, SensorFaultKind::OutOfRange);
        faulted(&mut world, channel, SensorFaultKind::Dropout);
    }
    for _ in 0..10 {
        quarantined(&mut world, QuarantineReason::TooLate);
        quarantined(&mut world, QuarantineReason::InTheFuture);
    }
    assert_eq!(findings(&world).len(), 1);
    assert_eq!(world.published::<PrincipalContained>(), []);
    // Points of its readings do not add to those of what it does.
    for _ in 0..2 {
        refuse(&mut world, "device/demo/VEH004", Refusal::Contained, 1);
    }
    assert_eq!(levels(&world, "device/demo/VEH004"), []);
    refuse(&mut world, "device/demo/VEH004", Refusal::NotDeclared, 1);
    assert_eq!(levels(&world, "device/demo/VEH004"), [Level::Throttled]);
    quarantined(&mut world, QuarantineReason::TooLate);
    assert_eq!(levels(&world, "device/demo/VEH004").len(), 1);
}

#[test]
fn a_device_of_another_fleet_with_the_same_asset_is_another_principal() {
    let mut world = world();
    refuse(&mut world, "device/demo/VEH004", Refusal::NotDeclared, 1);
    refuse(&mut world, "device/evil/VEH004", Refusal::NotDeclared, 1);
    assert_eq!(levels(&world, "device/demo/VEH004"), [Level::Throttled]);
    assert_eq!(levels(&world, "device/evil/VEH004"), [Level::Throttled]);
    assert_eq!(findings(&world)[1].risk.get(), 40.0);
}

#[test]
fn a_device_is_refused_at_most_for_it_has_no_hosts() {
    let mut world = world();
    for _ in 0..20 {
        refuse(&mut world, "device/demo/VEH004", Refusal::NotYours, 10);
    }
    assert_eq!(levels(&world, "device/demo/VEH004").last(), Some(&Level::Refused));
}

#[test]
fn whom_nobody_knows_is_told_of_and_has_nothing_left_to_refuse() {
    let mut world = world();
    for _ in 0..5 {
        refuse(&mut world, UNKNOWN, Refusal::UnknownPrincipal, 10);
    }
    assert_eq!(findings(&world).len(), 1);
    assert_eq!(levels(&world, UNKNOWN), []);
}

#[test]
fn an_asset_that_is_called_as_an_agent_is_another_principal() {
    let mut world = world();
    for _ in 0..5 {
        refuse(&mut world, "device/demo/scheduling", Refusal::NotYours, 10);
    }
    assert_eq!(levels(&world, "scheduling"), []);
    refuse(&mut world, "scheduling", Refusal::NotDeclared, 1);
    assert_eq!(levels(&world, "scheduling"), [Level::Throttled]);
}

#[test]
fn what_a_person_contained_is_not_made_milder() {
    let mut world = world();
    world.publish(PrincipalContained {
        principal: "scheduling".into(),
        level: Level::Paused,
        until: None,
        finding: None,
        reason: "a person does not trust it".into(),
        evidence_from: Timestamp::EPOCH,
        by: "operator".into(),
    });
    refuse(&mut world, "scheduling", Refusal::NotDeclared, 1);
    assert_eq!(levels(&world, "scheduling"), []);
    assert_eq!(findings(&world)[0].level, Some(Level::Paused));
}

#[test]
fn settings_that_cannot_be_are_refused_with_a_remedy() {
    let refused = |config: Config| config.check().unwrap_err();
    let zone = Config { zone: "Asia/Nowhere".into(), ..Config::default() };
    assert!(refused(zone).contains("no time zone `Asia/Nowhere`"));
    let hours = Config { working_from_hour: 20, ..Config::default() };
    assert!(refused(hours).contains("`working_from_hour` is `20`"));
    let flag = Config { flag_at: 50.0, ..Config::default() };
    assert!(refused(flag).contains("must rise from `flag_at` on"));
    assert!(Config::default().check().is_ok());
}
