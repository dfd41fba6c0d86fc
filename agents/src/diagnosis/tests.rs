//! What diagnosis makes of assessed windows: predictions that add up, and as many words as there is news.

mod confirmation;
mod delays;
mod learned;
mod sampled;
mod shadow;

use super::{Config, Diagnosis};
use messages::case::{CaseClosed, CaseOpened, CaseOutcome};
use messages::health::{HealthAssessed, SensorFault, SensorFaultKind, Trend};
use messages::prediction::{
    ClearedReason, FailurePredicted, Hypothesis, PredictionCleared, PredictionWithheld, Severity,
    WithheldReason,
};
use messages::profile::{Reach, Span};
use messages::registry::{AssetRetired, MaintenanceRecorded};
use messages::telemetry::TroubleCode;
use messages::{Finite, Timestamp};
use models::stats::normal_cdf;
use runtime::effects::Effects;
use runtime::testkit::World;

const ASSET: &str = "VEH001";
/// Windows that repeat a finding before it is said, and before it is taken back.
const RAISE: i64 = 3;
const CLEAR: i64 = 15;
/// A coolant that is to reach its limit of 110 within hours.
const HOT: (f64, f64) = (106.0, 6.0);

/// Windows are counted here; how long they must last is the matter of `delays`.
fn world() -> World {
    let no_delay = Span::from_millis(1).unwrap();
    let config = Config { on_delay: no_delay, off_delay: no_delay, ..Config::default() };
    assert_eq!((i64::from(config.raise_windows), i64::from(config.clear_windows)), (RAISE, CLEAR));
    World::seeded(7).agent::<Diagnosis>(config)
}

fn minute(minute: i64) -> Timestamp {
    let start: Timestamp = "2026-03-02T06:00:00Z".parse().unwrap();
    Timestamp::from_millis(start.as_millis() + minute * 60_000).unwrap()
}

fn finite(value: f64) -> Finite {
    Finite::new(value).unwrap()
}

/// A trend with small errors: over six hours within a run, over five days across runs.
fn trend(channel: &str, reach: Reach, level: f64, slope_per_hour: f64) -> Trend {
    let span = if reach == Reach::Run { 6.0 } else { 120.0 };
    Trend {
        channel: channel.into(),
        reach,
        level: finite(level),
        level_error: Some(finite(0.1)),
        slope_per_hour: Some(finite(slope_per_hour)),
        slope_error: Some(finite(0.001)),
        deviation: Some(finite(0.2)),
        panes: 12,
        span_hours: finite(span),
        age_seconds: 60,
    }
}

/// The window that ends with minute `end`: healthy, but for the coolant's level and slope.
fn assessed(end: i64, (level, slope): (f64, f64)) -> HealthAssessed {
    HealthAssessed {
        fleet: "demo".into(),
        asset: ASSET.into(),
        profile: "vehicle".into(),
        window_start: minute(end - 1),
        window_end: minute(end),
        revision: 0,
        operating_state: Some("warm".into()),
        samples: 12,
        feature_schema: 1,
        features: Vec::new(),
        feature_ages: Vec::new(),
        anomaly: None,
        trends: vec![
            trend("coolant_temperature", Reach::Run, level, slope),
            trend("oil_pressure", Reach::Run, 350.0, 0.0),
            trend("vibration_rms", Reach::Run, 2.0, 0.0),
            trend("battery_voltage", Reach::Run, 14.1, 0.0),
            trend("brake_pad_wear", Reach::Week, 30.0, 0.0),
            trend("tyre_pressure", Reach::Week, 220.0, 0.0),
        ],
        sensor_faults: Vec::new(),
        codes: Vec::new(),
        comparisons: Vec::new(),
    }
}

fn healthy(end: i64) -> HealthAssessed {
    assessed(end, (90.0, 0.0))
}

/// A world in which a failure of the engine stands predicted, and the next window's end.
fn predicted() -> (World, i64) {
    let mut world = world();
    (1..=RAISE).for_each(|end| world.publish(assessed(end, HOT)));
    assert_eq!(world.published::<FailurePredicted>().len(), 1);
    (world, RAISE + 1)
}

fn engine(predicted: &FailurePredicted) -> &Hypothesis {
    predicted.hypotheses.iter().find(|known| known.component == "engine").expect("the engine")
}

fn cleared(world: &World) -> Vec<(String, ClearedReason)> {
    let cleared = world.published::<PredictionCleared>();
    cleared.into_iter().map(|cleared| (cleared.component, cleared.reason)).collect()
}

/// The rules of the vehicle's profile for its engine, written out.
fn severity_of_engine(probability: f64, median_hours: Option<f64>) -> Severity {
    let within = |hours: f64| median_hours.is_some_and(|median| median <= hours);
    match probability {
        p if p >= 0.95 && within(24.0) => Severity::Emergency,
        p if p >= 0.80 && within(24.0) => Severity::Critical,
        p if p >= 0.60 => Severity::High,
        p if p >= 0.40 => Severity::Medium,
        _ => Severity::Low,
    }
}

#[test]
fn a_rising_coolant_predicts_the_engine_with_reasons_that_add_up() {
    let (world, next) = predicted();
    let said = world.published::<FailurePredicted>().remove(0);
    assert_eq!((said.asset.as_str(), said.window_end), (ASSET, minute(next - 1)));
    assert_eq!(said.hypotheses.len(), 1, "the other components are healthy: {said:?}");
    let hypothesis = engine(&said);
    assert_eq!(hypothesis.failure_mode, "coolant_pump_wear");
    let sum: f64 = hypothesis.contributions.iter().map(|part| part.amount.get()).sum();
    assert!((sum - hypothesis.score.get()).abs() < 1e-9, "{hypothesis:?}");
    let expected = normal_cdf(hypothesis.score.get());
    assert!((hypothesis.probability.get() - expected).abs() < 1e-12, "{hypothesis:?}");
    assert!(hypothesis.contributions.is_sorted_by(|a, b| a.amount.get() >= b.amount.get()));
    let names: Vec<&str> = hypothesis.contributions.iter().map(|part| &*part.name).collect();
    assert!(names.contains(&"trend of coolant_temperature within this run"), "{names:?}");
    let left = hypothesis.remaining_useful_life.expect("the trend reaches its limit");
    assert!(left.low_hours <= left.median_hours, "{left:?}");
    assert!(left.high_hours.is_none_or(|high| left.median_hours <= high), "{left:?}");
}

#[test]
fn severity_follows_the_table_of_the_profile() {
    let mut seen = std::collections::BTreeSet::new();
    let slopes = [0.05, 0.2, 0.5, 1.0, 4.0];
    for (step, slope) in (0..40).flat_map(|step| slopes.map(|slope| (step, slope))) {
        let level = 104.0 + f64::from(step) / 5.0;
        let mut world = world();
        (1..=RAISE).for_each(|end| world.publish(assessed(end, (level, slope))));
        for said in world.published::<FailurePredicted>() {
            let hypothesis = engine(&said);
            let median = hypothesis.remaining_useful_life.map(|left| left.median_hours.get());
            let expected = severity_of_engine(hypothesis.probability.get(), median);
            assert_eq!(hypothesis.advice.severity, expected, "{hypothesis:?}");
            assert_eq!(said.severity, expected);
            seen.insert(expected);
        }
    }
    let all = [Severity::Medium, Severity::High, Severity::Critical, Severity::Emergency];
    assert_eq!(seen, all.into(), "every line of the table was met");
}

#[test]
fn a_trouble_code_adds_its_weight_to_the_score() {
    let mut world = world();
    let window = |end, codes: &[&str]| {
        let code = |code: &&str| TroubleCode::Obd2 { code: (*code).into() };
        HealthAssessed { codes: codes.iter().map(code).collect(), ..assessed(end, HOT) }
    };
    (1..=RAISE).for_each(|end| world.publish(window(end, &[])));
    let plain = engine(&world.published::<FailurePredicted>()[0]).score.get();
    let mut coded = self::world();
    (1..=RAISE).for_each(|end| coded.publish(window(end, &["P0217", "P0562"])));
    let said = coded.published::<FailurePredicted>().remove(0);
    let hypothesis = engine(&said);
    assert!((hypothesis.score.get() - plain - 2.0).abs() < 1e-9, "{hypothesis:?}");
    let named = hypothesis.contributions.iter().find(|part| part.name == "trouble code P0217");
    assert_eq!(named.map(|part| part.amount), Some(finite(2.0)));
}

#[test]
fn a_healthy_asset_is_not_spoken_of() {
    let mut world = world();
    (1..=40).for_each(|end| world.publish(healthy(end)));
    assert!(world.published::<FailurePredicted>().is_empty());
    assert!(world.published::<PredictionCleared>().is_empty());
    assert!(world.published::<PredictionWithheld>().is_empty());
}

#[test]
fn a_standing_prediction_is_not_repeated() {
    let (mut world, next) = predicted();
    (next..next + 40).for_each(|end| world.publish(assessed(end, HOT)));
    assert_eq!(world.published::<FailurePredicted>().len(), 1);
}

#[test]
fn a_flicker_says_nothing() {
    let mut world = world();
    for end in 1..=60 {
        let flickers = end % RAISE != 0;
        world.publish(if flickers { assessed(end, HOT) } else { healthy(end) });
    }
    assert!(world.published::<FailurePredicted>().is_empty());
}

#[test]
fn a_prediction_is_cleared_once_after_enough_healthy_windows() {
    let (mut world, next) = predicted();
    (next..next + CLEAR - 1).for_each(|end| world.publish(healthy(end)));
    assert!(cleared(&world).is_empty(), "one window is missing");
    (next + CLEAR - 1..next + 40).for_each(|end| world.publish(healthy(end)));
    assert_eq!(cleared(&world), [("engine".to_owned(), ClearedReason::Recovered)]);
    let said = world.published::<PredictionCleared>().remove(0);
    assert_eq!(said.window_end, minute(next + CLEAR - 1));
}

#[test]
fn a_sensor_fault_takes_a_prediction_back_and_says_that_nothing_can_be_said() {
    let (mut world, next) = predicted();
    let faulty = |channel: &str| SensorFault {
        channel: channel.into(),
        kind: SensorFaultKind::Stuck,
        since: minute(1),
    };
    let channels = ["coolant_temperature", "oil_pressure", "vibration_rms"];
    let sensor_faults = channels.map(faulty).to_vec();
    world.publish(HealthAssessed { sensor_faults, ..assessed(next, HOT) });
    assert_eq!(cleared(&world), [("engine".to_owned(), ClearedReason::SensorFault)]);
    let withheld = world.published::<PredictionWithheld>().remove(0);
    let said: Vec<_> = withheld.components.iter().map(|c| (&*c.component, c.reason)).collect();
    assert_eq!(said, [("engine", WithheldReason::SensorFault)]);
    assert_eq!(world.published::<FailurePredicted>().len(), 1);
}

#[test]
fn a_prediction_that_rested_on_a_faulty_sensor_does_not_stand_on_the_healthy_ones() {
    let (mut world, next) = predicted();
    for end in next..next + 40 {
        let fault = SensorFault {
            channel: "coolant_temperature".into(),
            kind: SensorFaultKind::Stuck,
            since: minute(next),
        };
        world.publish(HealthAssessed { sensor_faults: vec![fault], ..assessed(end, HOT) });
    }
    assert_eq!(cleared(&world).len(), 1);
    assert_eq!(world.published::<FailurePredicted>().len(), 1);
}

#[test]
fn what_cannot_be_judged_is_said_when_it_changes_and_not_in_every_window() {
    let mut world = world();
    let without_battery = |end| {
        let mut window = healthy(end);
        window.trends.retain(|trend| trend.channel != "battery_voltage");
        window
    };
    (1..=20).for_each(|end| world.publish(without_battery(end)));
    let said = world.published::<PredictionWithheld>();
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!(said[0].components.len(), 1);
    assert_eq!(said[0].components[0].component, "battery");
    assert_eq!(said[0].components[0].reason, WithheldReason::NotMeasured);
    assert!(said[0].components[0].detail.contains("`battery_voltage`"), "{said:?}");
    (21..=40).for_each(|end| world.publish(healthy(end)));
    let said = world.published::<PredictionWithheld>();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[1].components.is_empty(), "all can be judged again");
}

#[test]
fn a_trend_too_short_or_too_old_is_withheld_with_its_reason() {
    type Spoil = fn(&mut Trend);
    let cases: [(Spoil, WithheldReason); 3] = [
        (|trend| trend.panes = 5, WithheldReason::TooLittleData),
        (|trend| trend.slope_per_hour = None, WithheldReason::TooLittleData),
        (|trend| trend.age_seconds = 3601, WithheldReason::Stale),
    ];
    for (spoil, reason) in cases {
        let mut world = world();
        let mut window = healthy(1);
        spoil(&mut window.trends[3]);
        world.publish(window);
        let said = world.published::<PredictionWithheld>().remove(0);
        assert_eq!(
            (&*said.components[0].component, said.components[0].reason),
            ("battery", reason)
        );
    }
}

#[test]
fn maintenance_takes_the_prediction_of_its_component_back_and_no_other() {
    let (mut world, next) = predicted();
    let maintained = |component: &str| MaintenanceRecorded {
        asset: ASSET.into(),
        component: component.into(),
        performed_at: minute(next),
    };
    world.publish(maintained("brake"));
    assert!(cleared(&world).is_empty());
    world.publish(maintained("engine"));
    world.publish(maintained("engine"));
    assert_eq!(cleared(&world), [("engine".to_owned(), ClearedReason::Maintained)]);
}

#[test]
fn maintenance_that_is_recorded_later_closes_the_case_that_was_foreseen_again_meanwhile() {
    let catalog = crate::catalog();
    let effects = Effects::recorded(&catalog);
    let mut world = World::seeded(7).catalog(catalog).effects(effects);
    (1..=RAISE).for_each(|end| world.publish(assessed(end, (111.5, 0.0))));
    assert_eq!(world.published::<CaseOpened>().len(), 1);
    let performed_at = minute(RAISE);
    // The trend of before the repair says it once more, and graver.
    (RAISE + 1..=2 * RAISE).for_each(|end| world.publish(assessed(end, (118.0, 0.0))));
    let said = world.published::<FailurePredicted>();
    assert!(said.last().is_some_and(|last| last.window_end > performed_at), "{said:?}");
    world.publish(MaintenanceRecorded {
        asset: ASSET.into(),
        component: "engine".into(),
        performed_at,
    });
    assert_eq!(cleared(&world), [("engine".to_owned(), ClearedReason::Maintained)]);
    let closed = world.published::<CaseClosed>();
    assert_eq!(closed.iter().map(|one| one.outcome).collect::<Vec<_>>(), [CaseOutcome::Recovered]);
}

#[test]
fn retirement_takes_every_prediction_back() {
    let (mut world, _) = predicted();
    world.publish(AssetRetired { asset: ASSET.into(), reason: "sold".into() });
    assert_eq!(cleared(&world), [("engine".to_owned(), ClearedReason::Retired)]);
}

#[test]
fn a_window_that_is_behind_changes_nothing() {
    let mut world = world();
    world.publish(healthy(10));
    let before = world.state::<Diagnosis>(ASSET);
    for end in 1..=10 {
        world.publish(assessed(end, HOT));
        world.publish(HealthAssessed { revision: 1, trends: Vec::new(), ..assessed(end, HOT) });
    }
    assert_eq!(world.state::<Diagnosis>(ASSET), before);
    assert!(world.published::<FailurePredicted>().is_empty());
    assert!(world.published::<PredictionWithheld>().is_empty());
}

#[test]
fn a_window_of_an_unknown_profile_is_set_aside() {
    let mut world = world();
    world.publish(HealthAssessed { profile: "submarine".into(), ..healthy(1) });
    let dead = world.dead().remove(0);
    assert!(dead.reason.contains("there is no profile `submarine`"), "{}", dead.reason);
    assert!(world.published::<PredictionWithheld>().is_empty());
}
