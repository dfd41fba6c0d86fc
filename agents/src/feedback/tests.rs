//! How predictions are judged: each once, by what turned out, whenever that becomes known.

mod shadow;

use super::{Config, Feedback};
use messages::case::{CaseOpened, Evidence};
use messages::finding::{
    DetectorDemoted, DetectorPromoted, FailureRecorded, FindingRecorded, Outcome,
    PredictionVerified,
};
use messages::prediction::{
    Advice, ClearedReason, Driving, FailurePredicted, Hypothesis, PredictionCleared, Severity,
};
use messages::registry::{AssetRetired, MaintenanceRecorded};
use messages::{CaseId, Finite, Message, MessageId, Timestamp};
use models::stats::beta;
use runtime::conductor::Faults;
use runtime::testkit::World;
use std::time::Duration;

const ASSET: &str = "VEH003";
/// Days of the horizon, and after it, in which something may still be reported.
const HORIZON: u64 = 7;
const GRACE: u64 = 7;

fn world() -> World {
    World::seeded(7).agent::<Feedback>(Config::default())
}

/// The moment so many days after the beginning.
fn day(days: f64) -> Timestamp {
    let start: Timestamp = "2026-03-02T06:00:00Z".parse().unwrap();
    let away = Duration::from_secs_f64(days.abs() * 86_400.0);
    if days < 0.0 { start.saturating_sub(away) } else { start.saturating_add(away) }
}

fn days(days: u64) -> Duration {
    Duration::from_secs(days * 86_400)
}

fn finite(value: f64) -> Finite {
    Finite::new(value).unwrap()
}

fn hypothesis(component: &str, severity: Severity) -> Hypothesis {
    Hypothesis {
        component: component.into(),
        failure_mode: "wear".into(),
        probability: finite(0.8),
        score: finite(0.8),
        contributions: Vec::new(),
        remaining_useful_life: None,
        advice: Advice { severity, act_within_hours: None, driving: Driving::Free },
    }
}

/// What is predicted of the brakes by the window that ends `at`.
fn predicted(asset: &str, at: Timestamp) -> FailurePredicted {
    FailurePredicted {
        fleet: "demo".into(),
        asset: asset.into(),
        profile: "vehicle".into(),
        window_end: at,
        horizon_hours: finite(24.0 * 7.0),
        severity: Severity::High,
        hypotheses: vec![hypothesis("brake", Severity::High)],
        cannot_say: Vec::new(),
        model: "trend-to-limit/1".into(),
    }
}

fn cleared(at: Timestamp) -> PredictionCleared {
    PredictionCleared {
        fleet: "demo".into(),
        asset: ASSET.into(),
        component: "brake".into(),
        window_end: at,
        reason: ClearedReason::Recovered,
    }
}

fn failed(component: &str, at: Timestamp) -> FailureRecorded {
    FailureRecorded {
        asset: ASSET.into(),
        component: component.into(),
        failed_at: at,
        by: "Asha".into(),
    }
}

fn found(asset: &str, examined: &str, faulty: Option<&str>, at: Timestamp) -> FindingRecorded {
    FindingRecorded {
        asset: asset.into(),
        network: None,
        booking: None,
        case: None,
        examined: examined.into(),
        component: faulty.map(str::to_owned),
        cause: None,
        part: None,
        batch: None,
        repaired: faulty.is_some(),
        found_at: at,
        by: "Pune".into(),
    }
}

fn maintained(at: Timestamp) -> MaintenanceRecorded {
    MaintenanceRecorded { asset: ASSET.into(), component: "brake".into(), performed_at: at }
}

fn verdicts(world: &World) -> Vec<Outcome> {
    world.published::<PredictionVerified>().into_iter().map(|verified| verified.outcome).collect()
}

/// A prediction on day 0, and now it is day 2.
fn standing() -> World {
    let mut world = world();
    world.publish(predicted(ASSET, day(0.0)));
    world.advance(days(2));
    world
}

#[test]
fn what_a_workshop_finds_as_foreseen_is_right_with_its_lead() {
    let mut world = standing();
    let case = CaseId::of(MessageId::named("test", "case"), "brake");
    world.publish(CaseOpened {
        case,
        asset: ASSET.into(),
        fleet: "demo".into(),
        owner: None,
        component: "brake".into(),
        severity: Severity::High,
        evidence: Evidence {
            prediction: MessageId::named("test", "prediction"),
            window_end: day(0.0),
            profile: "vehicle".into(),
            hypothesis: hypothesis("brake", Severity::High),
            model: "trend-to-limit/1".into(),
        },
        due_at: day(2.0),
    });
    world.publish(predicted(ASSET, day(1.0)));
    world.publish(found(ASSET, "brake", Some("brake"), day(2.0)));
    let verified = world.published::<PredictionVerified>();
    assert_eq!(verified.len(), 1);
    let verified = &verified[0];
    assert_eq!((verified.outcome, verified.case), (Outcome::TruePositive, Some(case)));
    assert_eq!(verified.lead_hours, Some(finite(48.0)), "from the first prediction on");
    assert_eq!(verified.probability, Some(finite(0.8)));
    assert_eq!(verified.detector, "trend-to-limit/1 brake");
    assert!(verified.prediction.is_some() && verified.judged_by.is_some());
}

#[test]
fn what_fails_within_the_horizon_is_right() {
    let mut world = standing();
    world.publish(failed("brake", day(1.5)));
    assert_eq!(verdicts(&world), [Outcome::TruePositive]);
    world.advance(days(30));
    assert_eq!(verdicts(&world).len(), 1);
}

#[test]
fn what_a_workshop_looks_at_and_finds_sound_is_wrong() {
    for faulty in [None, Some("engine")] {
        let mut world = standing();
        world.publish(found(ASSET, "brake", faulty, day(2.0)));
        assert_eq!(verdicts(&world), [Outcome::FalsePositive], "{faulty:?}");
        assert_eq!(world.published::<PredictionVerified>()[0].lead_hours, None);
    }
}

#[test]
fn what_a_workshop_does_not_look_at_stays_open() {
    let mut world = standing();
    world.publish(found(ASSET, "engine", Some("engine"), day(2.0)));
    assert!(verdicts(&world).is_empty());
}

#[test]
fn a_horizon_that_passes_without_anything_makes_it_wrong_once() {
    let mut world = standing();
    world.advance(days(HORIZON + GRACE - 2) - Duration::from_millis(1));
    assert!(verdicts(&world).is_empty());
    world.advance(Duration::from_millis(1));
    assert_eq!(verdicts(&world), [Outcome::FalsePositive]);
    assert_eq!(world.published::<PredictionVerified>()[0].judged_by, None);
    world.advance(days(100));
    assert_eq!(verdicts(&world).len(), 1);
}

#[test]
fn a_prediction_that_is_said_again_moves_the_end_of_its_horizon() {
    let mut world = standing();
    world.advance(days(3));
    world.publish(predicted(ASSET, day(5.0)));
    world.advance(days(10));
    assert!(verdicts(&world).is_empty(), "day 15 is within the horizon of the newest");
    world.advance(days(4));
    assert_eq!(verdicts(&world), [Outcome::FalsePositive]);
}

#[test]
fn a_withdrawn_prediction_is_judged_all_the_same() {
    let mut world = standing();
    world.publish(cleared(day(2.0)));
    world.publish(failed("brake", day(6.0)));
    assert_eq!(verdicts(&world), [Outcome::TruePositive]);
    let mut world = standing();
    world.publish(cleared(day(2.0)));
    world.publish(failed("brake", day(8.0)));
    assert_eq!(verdicts(&world), [Outcome::FalsePositive, Outcome::FalseNegative]);
}

#[test]
fn what_fails_unforeseen_is_charged_to_the_model_once() {
    let mut world = world();
    world.publish(failed("engine", day(0.0)));
    world.publish(failed("engine", day(0.5)));
    let verified = world.published::<PredictionVerified>();
    assert_eq!(verified.len(), 1, "one failure, reported twice");
    assert_eq!(verified[0].outcome, Outcome::FalseNegative);
    assert_eq!((&*verified[0].detector, verified[0].prediction), ("trend-to-limit/1 engine", None));
    world.publish(failed("engine", day(30.0)));
    assert_eq!(verdicts(&world).len(), 2);
}

#[test]
fn what_fails_before_it_is_foreseen_was_not_foreseen() {
    let mut world = standing();
    world.publish(failed("brake", day(-0.5)));
    assert_eq!(verdicts(&world), [Outcome::Censored, Outcome::FalseNegative]);
}

#[test]
fn repair_and_retirement_before_the_horizon_censor() {
    let mut world = standing();
    world.publish(maintained(day(2.0)));
    assert_eq!(verdicts(&world), [Outcome::Censored]);
    let mut world = standing();
    world.publish(AssetRetired { asset: ASSET.into(), reason: "sold".into() });
    assert_eq!(verdicts(&world), [Outcome::Censored]);
    world.advance(days(100));
    assert_eq!(verdicts(&world).len(), 1);
}

#[test]
fn a_repair_of_what_was_found_does_not_change_the_verdict() {
    let mut world = standing();
    world.publish(found(ASSET, "brake", Some("brake"), day(2.0)));
    world.publish(maintained(day(2.0)));
    world.publish(found(ASSET, "brake", None, day(2.1)));
    world.publish(failed("brake", day(2.1)));
    assert_eq!(verdicts(&world)[..1], [Outcome::TruePositive]);
    let judged = world.published::<PredictionVerified>();
    assert_eq!(judged.iter().filter(|verified| verified.prediction.is_some()).count(), 1);
}

#[test]
fn what_still_stands_after_its_verdict_is_not_judged_again_at_once() {
    let mut world = standing();
    world.publish(found(ASSET, "brake", None, day(2.0)));
    world.publish(predicted(ASSET, day(3.0)));
    world.advance(days(30));
    assert_eq!(verdicts(&world), [Outcome::FalsePositive]);
    world.publish(predicted(ASSET, day(32.0)));
    world.advance(days(30));
    assert_eq!(verdicts(&world), [Outcome::FalsePositive; 2]);
}

#[test]
fn what_is_taken_back_and_predicted_anew_is_a_new_episode() {
    let mut world = standing();
    world.publish(found(ASSET, "brake", Some("brake"), day(2.0)));
    world.publish(cleared(day(2.1)));
    world.publish(predicted(ASSET, day(3.0)));
    world.publish(failed("brake", day(5.0)));
    assert_eq!(verdicts(&world), [Outcome::TruePositive; 2]);
}

#[test]
fn predictions_of_windows_before_the_finding_do_not_count() {
    let mut world = world();
    world.publish(found(ASSET, "brake", None, day(1.0)));
    world.publish(predicted(ASSET, day(0.5)));
    world.advance(days(30));
    assert!(verdicts(&world).is_empty());
}

#[test]
fn what_is_not_grave_is_not_judged() {
    let mut world = world();
    let mut mild = predicted(ASSET, day(0.0));
    mild.hypotheses = vec![hypothesis("brake", Severity::Low)];
    world.publish(mild);
    world.publish(failed("brake", day(1.0)));
    assert_eq!(verdicts(&world), [Outcome::FalseNegative]);
}

/// Predictions about `count` assets from the `first` on, of which the workshop finds so many right.
fn judged(world: &mut World, first: usize, count: usize, right: usize) {
    for number in first..first + count {
        let asset = format!("VEH{number:03}");
        world.publish(predicted(&asset, day(0.0)));
        let faulty = (number - first < right).then_some("brake");
        world.publish(found(&asset, "brake", faulty, day(1.0)));
    }
}

#[test]
fn a_detector_is_demoted_when_it_is_surely_bad_and_promoted_when_it_is_surely_good() {
    let mut world = world();
    judged(&mut world, 0, 9, 0);
    assert!(world.published::<DetectorDemoted>().is_empty(), "too few to tell");
    judged(&mut world, 9, 1, 0);
    let demoted = world.published::<DetectorDemoted>();
    assert_eq!(demoted.len(), 1);
    assert_eq!(demoted[0].detector, "trend-to-limit/1 brake");
    let share = beta::share(0, 10, 0.95).unwrap();
    assert_eq!(demoted[0].precision.high, finite(share.high));
    assert!(demoted[0].reason.starts_with("Of its last 10 judged predictions 0 were right"));
    judged(&mut world, 10, 5, 0);
    assert_eq!(world.published::<DetectorDemoted>().len(), 1, "said once");
    let mut number = 15;
    while world.published::<DetectorPromoted>().is_empty() {
        assert!(number < 200, "never promoted");
        judged(&mut world, number, 1, 1);
        number += 1;
    }
    let promoted = world.published::<DetectorPromoted>().remove(0);
    assert!(promoted.precision.low.get() > 0.7);
    assert!(promoted.precision.true_positives + promoted.precision.false_positives <= 100);
}

#[test]
fn a_detector_that_may_as_well_be_good_is_left_alone() {
    let mut world = world();
    judged(&mut world, 0, 10, 5);
    assert!(world.published::<DetectorDemoted>().is_empty());
}

#[test]
fn a_verdict_that_is_said_twice_counts_once() {
    let mut world = world();
    judged(&mut world, 0, 9, 0);
    let again = world.published::<PredictionVerified>();
    again.into_iter().for_each(|verified| world.publish(verified));
    assert!(world.published::<DetectorDemoted>().is_empty());
}

#[test]
fn a_configuration_that_makes_no_sense_is_refused() {
    use runtime::{Agent, Models};
    for config in [
        Config { precision_min: 1.0, ..Config::default() },
        Config { judged_min: 0, ..Config::default() },
        Config { judged_max: 5, ..Config::default() },
        Config { judged_max: 1001, ..Config::default() },
    ] {
        assert!(Feedback::new(config.clone(), &Models::default()).is_err(), "{config:?}");
    }
}

#[test]
fn kills_duplicates_and_disorder_between_log_and_agent_change_no_verdict() {
    fn say<M: Message>(world: &mut World, message: &M) {
        world.append(message);
        world.append(message);
    }
    let story = |mut world: World| {
        say(&mut world, &predicted(ASSET, day(0.0)));
        say(&mut world, &predicted("VEH004", day(0.0)));
        say(&mut world, &failed("engine", day(0.1)));
        world.settle();
        world.advance(days(2));
        say(&mut world, &found(ASSET, "brake", Some("brake"), day(2.0)));
        say(&mut world, &maintained(day(2.0)));
        world.settle();
        world.advance(days(30));
        (verdicts(&world), world.states())
    };
    let calm = story(world());
    let expected = [Outcome::FalseNegative, Outcome::TruePositive, Outcome::FalsePositive];
    assert_eq!(calm.0, expected);
    for seed in 0..20 {
        let faults = Faults {
            seed,
            duplicate: 0.3,
            reorder: 16,
            kill_before_commit: 0.2,
            kill_after_commit: 0.2,
        };
        assert_eq!(story(world().faults(faults)), calm, "seed {seed}");
    }
}
