//! When the trend of one sensor alone waits for that sensor to be compared with its peer, and when it does not.

use super::*;
use messages::health::Comparison;

const DAY: i64 = 24 * 60;

/// A level and a slope of the coolant that make a MEDIUM prediction.
fn medium() -> (f64, f64) {
    let makes_medium = |coolant: &(f64, f64)| {
        let mut world = world();
        (1..=RAISE).for_each(|end| world.publish(assessed(end, *coolant)));
        world.published::<FailurePredicted>().iter().any(|said| said.severity == Severity::Medium)
    };
    (0..80).map(|step| (98.0 + f64::from(step) / 8.0, 0.2)).find(makes_medium).expect("one level")
}

/// A window at rest in which the coolant sensor is so far from the one outside.
fn compared(end: i64, coolant: (f64, f64), difference: f64) -> HealthAssessed {
    let comparison = Comparison {
        channel: "coolant_temperature".into(),
        peer: "ambient_temperature".into(),
        value: finite(20.0 + difference),
        peer_value: finite(20.0),
    };
    HealthAssessed { comparisons: vec![comparison], ..assessed(end, coolant) }
}

/// A world whose asset was compared in the window of minute 1.
fn rested() -> World {
    let mut world = world();
    world.publish(compared(1, (90.0, 0.0), 0.5));
    world
}

fn predictions(world: &World) -> usize {
    world.published::<FailurePredicted>().len()
}

#[test]
fn a_trend_of_one_sensor_alone_waits_for_the_next_comparison_and_says_so_once() {
    let (mut world, hot) = (rested(), medium());
    (2..=600).for_each(|end| world.publish(assessed(end, hot)));
    assert_eq!(predictions(&world), 0);
    let said = world.published::<PredictionWithheld>();
    assert_eq!(said.len(), 1, "{said:?}");
    let waits = (&*said[0].components[0].component, said[0].components[0].reason);
    assert_eq!(waits, ("engine", WithheldReason::Unconfirmed));
    assert!(said[0].components[0].detail.contains("`ambient_temperature`"), "{said:?}");
    world.publish(compared(601, hot, 1.0));
    (602..=602 + RAISE).for_each(|end| world.publish(assessed(end, hot)));
    assert_eq!(predictions(&world), 1);
}

#[test]
fn a_comparison_that_does_not_agree_confirms_nothing() {
    let (mut world, hot) = (rested(), medium());
    (2..=600).for_each(|end| world.publish(assessed(end, hot)));
    (601..=700).for_each(|end| world.publish(compared(end, hot, 5.0)));
    assert_eq!(predictions(&world), 0);
}

#[test]
fn no_trend_waits_for_longer_than_a_day() {
    let (mut world, hot) = (rested(), medium());
    (2..DAY + 2).for_each(|end| world.publish(assessed(end, hot)));
    assert_eq!(predictions(&world), 0);
    (DAY + 2..DAY + 2 + RAISE).for_each(|end| world.publish(assessed(end, hot)));
    assert_eq!(predictions(&world), 1);
}

#[test]
fn an_asset_whose_sensor_was_not_compared_for_a_day_does_not_wait() {
    for mut world in [world(), rested()] {
        let hot = medium();
        (DAY + 2..DAY + 2 + RAISE).for_each(|end| world.publish(assessed(end, hot)));
        assert_eq!(predictions(&world), 1);
    }
}

#[test]
fn what_is_critical_does_not_wait() {
    let mut world = rested();
    (2..2 + RAISE).for_each(|end| world.publish(assessed(end, HOT)));
    assert!(world.published::<FailurePredicted>()[0].severity >= Severity::Critical);
}

#[test]
fn what_becomes_critical_while_it_waits_waits_no_longer() {
    let (mut world, hot) = (rested(), medium());
    (2..100).for_each(|end| world.publish(assessed(end, hot)));
    (100..100 + RAISE).for_each(|end| world.publish(assessed(end, HOT)));
    assert_eq!(predictions(&world), 1);
}

#[test]
fn what_a_trouble_code_speaks_for_does_not_wait() {
    let (mut world, hot) = (rested(), medium());
    let codes = vec![TroubleCode::Obd2 { code: "P0217".into() }];
    for end in 2..2 + RAISE {
        world.publish(HealthAssessed { codes: codes.clone(), ..assessed(end, hot) });
    }
    assert_eq!(predictions(&world), 1);
}

#[test]
fn what_stands_said_is_not_taken_back_to_wait() {
    let (mut world, hot) = (world(), medium());
    (1..=RAISE).for_each(|end| world.publish(assessed(end, hot)));
    world.publish(compared(RAISE + 1, hot, 0.5));
    (RAISE + 2..300).for_each(|end| world.publish(assessed(end, hot)));
    assert_eq!((predictions(&world), cleared(&world).len()), (1, 0));
    assert!(world.published::<PredictionWithheld>().is_empty());
}
