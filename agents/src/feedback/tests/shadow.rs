//! What a shadow says is judged by the same findings and failures, and counts against no detector.

use super::{ASSET, GRACE, HORIZON, cleared, day, days, failed, found, predicted, verdicts, world};
use crate::feedback::detector::Detector;
use crate::feedback::docket::Docket;
use crate::feedback::{State, StateV1};
use messages::finding::{DetectorDemoted, Outcome};
use messages::prediction::FailurePredicted;
use messages::record;
use messages::shadow::{ShadowCleared, ShadowPredicted, ShadowVerified};
use messages::{Record, Timestamp};
use runtime::testkit::World;

fn in_shadow(asset: &str, model: &str, at: Timestamp) -> ShadowPredicted {
    ShadowPredicted(FailurePredicted { model: model.into(), ..predicted(asset, at) })
}

fn shadow_verdicts(world: &World) -> Vec<(String, Outcome)> {
    let verified = world.published::<ShadowVerified>();
    verified.into_iter().map(|it| (it.detector, it.outcome)).collect()
}

#[test]
fn both_are_judged_by_the_same_finding_each_under_its_name() {
    for (faulty, outcome) in
        [(Some("brake"), Outcome::TruePositive), (None, Outcome::FalsePositive)]
    {
        let mut world = world();
        world.publish(predicted(ASSET, day(0.0)));
        world.publish(in_shadow(ASSET, "learned/a", day(0.5)));
        world.publish(found(ASSET, "brake", faulty, day(2.0)));
        assert_eq!(verdicts(&world), [outcome]);
        assert_eq!(shadow_verdicts(&world), [("learned/a brake".to_owned(), outcome)]);
        let verified = &world.published::<ShadowVerified>()[0];
        assert!(verified.judged_by.is_some());
        world.advance(days(100));
        assert_eq!((verdicts(&world).len(), shadow_verdicts(&world).len()), (1, 1));
    }
}

#[test]
fn a_horizon_that_passes_makes_a_shadow_wrong_though_nothing_was_said_aloud() {
    let mut world = world();
    world.publish(in_shadow(ASSET, "learned/a", day(0.0)));
    world.publish(ShadowCleared(cleared(day(1.0))));
    world.advance(days(HORIZON + GRACE));
    assert_eq!(shadow_verdicts(&world), [("learned/a brake".to_owned(), Outcome::FalsePositive)]);
    assert_eq!(verdicts(&world), []);
}

#[test]
fn what_a_shadow_did_not_foresee_is_held_against_what_is_in_use_alone() {
    let mut world = world();
    world.publish(in_shadow(ASSET, "learned/a", day(0.0)));
    world.publish(failed("engine", day(1.0)));
    assert_eq!(verdicts(&world), [Outcome::FalseNegative]);
    assert_eq!(shadow_verdicts(&world), []);
}

#[test]
fn what_a_shadow_began_is_not_the_next_ones() {
    let mut world = world();
    world.publish(in_shadow(ASSET, "learned/a", day(0.0)));
    world.publish(in_shadow(ASSET, "learned/b", day(1.0)));
    world.publish(failed("brake", day(2.0)));
    assert_eq!(shadow_verdicts(&world), [("learned/b brake".to_owned(), Outcome::TruePositive)]);
}

#[test]
fn a_shadow_that_is_always_wrong_demotes_nobody() {
    let mut world = world();
    for number in 0..30 {
        let asset = format!("VEH{number:03}");
        world.publish(in_shadow(&asset, "learned/a", day(0.0)));
        world.publish(found(&asset, "brake", None, day(1.0)));
    }
    assert_eq!(shadow_verdicts(&world).len(), 30);
    assert!(world.published::<DetectorDemoted>().is_empty());
}

impl Record for StateV1 {
    const SCHEMA: u16 = State::SCHEMA;
}

#[test]
fn a_state_of_version_1_is_read_with_all_that_it_held() {
    let docket = || Docket {
        settled: [("brake".to_owned(), day(1.0))].into(),
        model: Some("learned/a".into()),
        ..Docket::default()
    };
    let wake_at = Some(day(2.0));
    let old = StateV1 { in_use: docket(), wake_at, detector: Detector::default() };
    let state: State = record::decode(&record::encode(&old).unwrap()).unwrap();
    assert_eq!((state.in_use.settled, state.in_use.model), (docket().settled, docket().model));
    assert_eq!((state.wake_at, state.shadow.model), (wake_at, None));
}
