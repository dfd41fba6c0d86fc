//! What is not grave must last before it is said, and what was said must be over for long before it is taken back.

use super::{HOT, RAISE, assessed, cleared, engine, healthy, world};
use crate::diagnosis::{Config, Diagnosis};
use messages::prediction::{ClearedReason, FailurePredicted, Severity};
use runtime::testkit::World;

const ON_DELAY_MINUTES: i64 = 12 * 60;
const OFF_DELAY_MINUTES: i64 = 24 * 60;

fn patient() -> World {
    World::seeded(7).agent::<Diagnosis>(Config::default())
}

/// A rising coolant of which the engine's failure is foreseen as `severity`.
fn rise_to(severity: Severity) -> (f64, f64) {
    let levels = (0..40).map(|step| 100.0 + f64::from(step) * 0.25);
    let rises = levels.flat_map(|level| [0.2, 0.5, 1.0, 2.0].map(|slope| (level, slope)));
    let mut fitting = rises.filter(|rise| {
        let mut world = world();
        (1..=RAISE).for_each(|end| world.publish(assessed(end, *rise)));
        let predicted = world.published::<FailurePredicted>();
        predicted.first().is_some_and(|first| engine(first).advice.severity == severity)
    });
    fitting.next().expect("some rise is of this severity")
}

#[test]
fn a_medium_risk_is_said_once_it_has_stood_for_half_a_day_and_not_when_it_only_touches() {
    let medium = rise_to(Severity::Medium);
    let mut world = patient();
    let touches = 1..ON_DELAY_MINUTES;
    touches.for_each(|end| world.publish(assessed(end, medium)));
    world.publish(healthy(ON_DELAY_MINUTES));
    let again = ON_DELAY_MINUTES + 1;
    (again..again + ON_DELAY_MINUTES).for_each(|end| world.publish(assessed(end, medium)));
    assert!(world.published::<FailurePredicted>().is_empty(), "it never stood for half a day");
    world.publish(assessed(again + ON_DELAY_MINUTES, medium));
    assert_eq!(world.published::<FailurePredicted>().len(), 1);
}

#[test]
fn a_high_risk_is_said_at_once() {
    let high = rise_to(Severity::High);
    let mut world = patient();
    (1..=RAISE).for_each(|end| world.publish(assessed(end, high)));
    assert_eq!(world.published::<FailurePredicted>().len(), 1);
}

#[test]
fn a_prediction_is_taken_back_once_nothing_has_spoken_for_it_for_a_day() {
    let mut world = patient();
    (1..=RAISE).for_each(|end| world.publish(assessed(end, HOT)));
    let quiet = RAISE + 1;
    (quiet..quiet + OFF_DELAY_MINUTES).for_each(|end| world.publish(healthy(end)));
    assert!(cleared(&world).is_empty());
    world.publish(healthy(quiet + OFF_DELAY_MINUTES));
    assert_eq!(cleared(&world), [("engine".to_owned(), ClearedReason::Recovered)]);
}

#[test]
fn a_relapse_begins_the_day_anew_and_is_no_news() {
    let mut world = patient();
    (1..=RAISE).for_each(|end| world.publish(assessed(end, HOT)));
    let (said, next) = (world.published::<FailurePredicted>().len(), RAISE + 1);
    (next..next + OFF_DELAY_MINUTES).for_each(|end| world.publish(healthy(end)));
    let relapse = next + OFF_DELAY_MINUTES;
    (relapse..=relapse + RAISE).for_each(|end| world.publish(assessed(end, HOT)));
    let quiet = relapse + RAISE + 1;
    (quiet..quiet + OFF_DELAY_MINUTES).for_each(|end| world.publish(healthy(end)));
    assert!(cleared(&world).is_empty());
    assert_eq!(world.published::<FailurePredicted>().len(), said, "it is known already");
}
