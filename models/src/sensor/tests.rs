//! What the sensor tests promise, on seeded cars.

use super::*;
use crate::noise::Noise;
use proptest::prelude::*;

const OFF: u8 = 0;
const IDLING: u8 = 1;
const DRIVING: u8 = 2;

const NAMES: [&str; 7] = ["rpm", "speed", "vibration", "fuel", "battery", "coolant", "ambient"];
const RPM: usize = 0;
const SPEED: usize = 1;
const COOLANT: usize = 5;

fn tests() -> Tests {
    let channel = |name: &&str| Channel {
        name: (*name).into(),
        range: (*name == "coolant").then_some((-40.0, 150.0)),
        is_lively: *name != "ambient",
        lively_when: None,
    };
    Tests::new(Settings::default(), NAMES.iter().map(channel).collect())
}

/// A car that makes trips of an hour from a cold start, with half an hour of rest between, one sample per
/// window and channel.
struct Car {
    noise: Noise,
    window: u32,
    coolant: f64,
    swing: f64,
}

impl Car {
    fn seeded(seed: u64) -> Self {
        Self { noise: Noise::seeded(seed), window: 0, coolant: 20.0, swing: 0.0 }
    }

    fn state(&self) -> u8 {
        match self.window % 90 {
            60.. => OFF,
            minute if minute % 12 < 2 => IDLING,
            _ => DRIVING,
        }
    }

    /// The next window: its state and what each channel reads, in its resolution.
    fn next(&mut self) -> (u8, [Option<f64>; 7]) {
        let state = self.state();
        self.window += 1;
        let mut noise = |deviation: f64| deviation * self.noise.normal();
        let ambient = (15.0 + 8.0 * (f64::from(self.window) / 1_440.0).sin()).round();
        let battery = ((13.0 + noise(0.05)) * 100.0).round() / 100.0;
        if state == OFF {
            self.coolant += (20.0 - self.coolant) * 0.05;
            return (state, [None, None, None, None, Some(battery), None, Some(ambient)]);
        }
        // The thermostat holds 90 °C within a fraction of a degree, changing on a scale of an hour.
        self.coolant += (90.0 - self.coolant) * 0.2;
        self.swing = 0.98 * self.swing + noise(0.08);
        let coolant = (self.coolant + self.swing).round();
        let speed = if state == DRIVING { (60.0 + noise(15.0)).round() } else { 0.0 };
        let values = [1_500.0 + noise(300.0), speed, 2.0 + noise(0.2), 6.0 + noise(1.0)];
        let [rpm, speed, vibration, fuel] = values.map(Some);
        (state, [rpm, speed, vibration, fuel, Some(battery), Some(coolant), Some(ambient)])
    }
}

fn summary(value: f64) -> Summary {
    Summary { min: value, max: value, last_bits: value.to_bits(), changed: 0 }
}

/// Drives for `windows`, with `change` laid over what the channels read.
fn drive<'a>(
    tests: &'a Tests,
    sensors: &mut Sensors,
    car: &mut Car,
    windows: u32,
    change: impl FnMut(&mut [Option<f64>; 7]),
) -> Vec<(u32, Finding<'a>)> {
    drive_known(tests, sensors, car, windows, Some, change)
}

/// The same, with what is `known` of the operating state.
fn drive_known<'a>(
    tests: &'a Tests,
    sensors: &mut Sensors,
    car: &mut Car,
    windows: u32,
    known: impl Fn(u8) -> Option<u8>,
    mut change: impl FnMut(&mut [Option<f64>; 7]),
) -> Vec<(u32, Finding<'a>)> {
    let mut findings = Vec::new();
    for window in 1..=windows {
        let (state, mut values) = car.next();
        change(&mut values);
        let summaries = values.map(|value| value.map(summary));
        let found = tests.observe(sensors, &summaries, known(state));
        findings.extend(found.into_iter().map(|finding| (window, finding)));
    }
    findings
}

/// A car that was driven until its sensors are known.
fn known(tests: &Tests, seed: u64) -> (Car, Sensors) {
    let (mut car, mut sensors) = (Car::seeded(seed), Sensors::default());
    assert_eq!(drive(tests, &mut sensors, &mut car, 900, |_| {}), []);
    (car, sensors)
}

#[test]
fn a_healthy_car_with_a_thermostat_has_no_sensor_fault() {
    let tests = tests();
    let mut longest = 0;
    for seed in 0..20 {
        let (mut car, mut sensors) = (Car::seeded(seed), Sensors::default());
        let findings = drive(&tests, &mut sensors, &mut car, 9_000, |_| {});
        assert_eq!(findings, [], "seed {seed}");
        longest = longest.max(sensors.channels[COOLANT].still.limit(&tests.settings.still));
    }
    println!("20 cars of 150 h: no finding; highest limit for coolant {longest} windows");
    assert!(longest > 20, "the thermostat of this test does not stand still: {longest}");
}

#[test]
fn a_frozen_engine_speed_is_found_within_minutes() {
    let tests = tests();
    for seed in 0..20 {
        let (mut car, mut sensors) = known(&tests, seed);
        let findings = drive(&tests, &mut sensors, &mut car, 20, |values| {
            values[RPM] = values[RPM].and(Some(1_500.0));
        });
        let stuck = Finding { channel: "rpm", fault: Fault::Stuck, is_raised: true };
        assert!(matches!(findings[..], [(6..=8, found)] if found == stuck), "{findings:?}");
        assert_eq!(sensors.faults(RPM).collect::<Vec<_>>(), [Fault::Stuck]);
    }
}

#[test]
fn a_frozen_coolant_temperature_is_found_within_its_bound() {
    let tests = tests();
    let mut delays = Vec::new();
    for seed in 0..20 {
        let (mut car, mut sensors) = known(&tests, seed);
        // Rest takes a third of the windows, so 240 windows of driving pass within 360.
        let findings = drive(&tests, &mut sensors, &mut car, 370, |values| {
            values[COOLANT] = values[COOLANT].and(Some(90.0));
        });
        let (window, found) = findings[0];
        assert_eq!((found.channel, found.fault, findings.len()), ("coolant", Fault::Stuck, 1));
        delays.push(window);
    }
    delays.sort_unstable();
    println!("frozen coolant found after {} to {} windows", delays[0], delays[19]);
}

#[test]
fn a_value_frozen_from_the_first_window_is_found_too() {
    let (tests, mut sensors) = (tests(), Sensors::default());
    let mut car = Car::seeded(1);
    let findings = drive(&tests, &mut sensors, &mut car, 370, |values| {
        values[RPM] = values[RPM].and(Some(1_500.0));
    });
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].1.fault, Fault::Stuck);
}

#[test]
fn a_whole_car_at_rest_is_not_stuck() {
    let tests = tests();
    let (_, mut sensors) = known(&tests, 1);
    let still = [Some(summary(1.0)); 7];
    for window in 0..2_000 {
        let found = tests.observe(&mut sensors, &still, Some(IDLING));
        assert_eq!(found, [], "window {window}");
    }
}

#[test]
fn a_stuck_sensor_that_moves_again_is_cleared_and_its_stand_not_learned() {
    let tests = tests();
    let (mut car, mut sensors) = known(&tests, 2);
    let before = sensors.channels[RPM].still.limit(&tests.settings.still);
    drive(&tests, &mut sensors, &mut car, 50, |values| {
        values[RPM] = values[RPM].and(Some(1_500.0))
    });
    let findings = drive(&tests, &mut sensors, &mut car, 50, |_| {});
    let cleared = Finding { channel: "rpm", fault: Fault::Stuck, is_raised: false };
    assert!(matches!(findings[..], [(_, found)] if found == cleared), "{findings:?}");
    assert_eq!(sensors.channels[RPM].still.limit(&tests.settings.still), before);
}

#[test]
fn a_channel_that_vanishes_is_found_and_one_that_rests_with_the_engine_is_not() {
    let tests = tests();
    for seed in 0..20 {
        let (mut car, mut sensors) = known(&tests, seed);
        let findings = drive(&tests, &mut sensors, &mut car, 30, |values| values[COOLANT] = None);
        let gone = Finding { channel: "coolant", fault: Fault::Dropout, is_raised: true };
        assert_eq!(findings, [(6, gone)]);
        let findings = drive(&tests, &mut sensors, &mut car, 3, |_| {});
        assert_eq!(findings, [(3, Finding { is_raised: false, ..gone })]);
    }
}

#[test]
fn a_sensor_is_judged_also_while_the_operating_state_is_unknown() {
    let tests = tests();
    let nobody_knows = |_| None;
    for seed in 0..20 {
        let (mut car, mut sensors) = known(&tests, seed);
        let findings = drive_known(&tests, &mut sensors, &mut car, 30, nobody_knows, |values| {
            values[RPM] = None;
        });
        let gone = Finding { channel: "rpm", fault: Fault::Dropout, is_raised: true };
        assert_eq!(findings, [(6, gone)], "the channel that tells the state");

        let (mut car, mut sensors) = known(&tests, seed);
        let findings = drive_known(&tests, &mut sensors, &mut car, 20, nobody_knows, |values| {
            values[RPM] = values[RPM].and(Some(1_500.0));
            values[COOLANT] = Some(-41.0);
        });
        let faults: Vec<_> =
            findings.iter().map(|(_, found)| (found.channel, found.fault)).collect();
        assert_eq!(faults, [("coolant", Fault::OutOfRange), ("rpm", Fault::Stuck)]);
    }
}

#[test]
fn a_car_at_rest_whose_state_is_unknown_has_no_dropout() {
    let tests = tests();
    for seed in 0..5 {
        let (mut car, mut sensors) = (Car::seeded(seed), Sensors::default());
        let running = |state| Some(state).filter(|state| *state != OFF);
        let findings = drive_known(&tests, &mut sensors, &mut car, 9_000, running, |_| {});
        assert_eq!(findings, [], "seed {seed}: unknown at rest");
    }
}

#[test]
fn a_car_whose_state_is_never_known_is_judged_by_what_usually_comes() {
    let tests = tests();
    let never = |_| None;
    for seed in 0..5 {
        let (mut car, mut sensors) = (Car::seeded(seed), Sensors::default());
        let findings = drive_known(&tests, &mut sensors, &mut car, 9_000, never, |_| {});
        assert_eq!(findings, [], "seed {seed}");
        let findings = drive_known(&tests, &mut sensors, &mut car, 30, never, |values| {
            values[COOLANT] = None;
        });
        let gone = Finding { channel: "coolant", fault: Fault::Dropout, is_raised: true };
        assert_eq!(findings, [(6, gone)], "seed {seed}");
    }
}

/// Speed that counts as standing only where the engine turns faster than any engine idles.
fn tests_of_a_speed_that_may_stand() -> Tests {
    let Tests { settings, mut channels } = tests();
    let fast = LivelyWhen { channel: RPM, at_least: Some(1_300.0), below: None };
    channels[SPEED].lively_when = Some(fast);
    Tests::new(settings, channels)
}

#[test]
fn a_car_that_idles_is_not_stuck_at_speed_zero() {
    let stuck_windows = |tests: &Tests| {
        let (mut car, mut sensors) = (Car::seeded(1), Sensors::default());
        let idle = |values: &mut [Option<f64>; 7]| {
            values[RPM] = values[RPM].map(|rpm| 800.0 + (rpm - 1_500.0) / 10.0);
            values[SPEED] = values[SPEED].and(Some(0.0));
        };
        let findings = drive(tests, &mut sensors, &mut car, 4_000, idle);
        findings.iter().filter(|(_, found)| found.channel == "speed").count()
    };
    assert_eq!(stuck_windows(&tests()), 1, "without a condition it is");
    assert_eq!(stuck_windows(&tests_of_a_speed_that_may_stand()), 0);
}

#[test]
fn a_speed_that_stands_at_zero_on_the_road_is_found() {
    let tests = tests_of_a_speed_that_may_stand();
    for seed in 0..20 {
        let (mut car, mut sensors) = known(&tests, seed);
        let findings = drive(&tests, &mut sensors, &mut car, 400, |values| {
            values[SPEED] = values[SPEED].and(Some(0.0));
        });
        let stuck = Finding { channel: "speed", fault: Fault::Stuck, is_raised: true };
        assert!(matches!(findings[..], [(_, found)] if found == stuck), "{findings:?}");
    }
}

#[test]
fn an_absence_that_was_a_fault_is_not_learned() {
    let tests = tests();
    let (mut car, mut sensors) = known(&tests, 5);
    let before = sensors.channels[COOLANT].absent.limit(&tests.settings.absent);
    drive(&tests, &mut sensors, &mut car, 40, |values| values[COOLANT] = None);
    assert_eq!(drive(&tests, &mut sensors, &mut car, 40, |_| {}).len(), 1);
    assert_eq!(sensors.channels[COOLANT].absent.limit(&tests.settings.absent), before);
}

#[test]
fn a_channel_that_never_came_is_no_dropout() {
    let (tests, mut sensors) = (tests(), Sensors::default());
    let mut car = Car::seeded(3);
    let findings = drive(&tests, &mut sensors, &mut car, 2_000, |values| values[COOLANT] = None);
    assert_eq!(findings, []);
}

#[test]
fn a_channel_that_comes_every_seventh_window_is_no_dropout() {
    let (tests, mut sensors) = (tests(), Sensors::default());
    let (mut car, mut window) = (Car::seeded(3), 0);
    let findings = drive(&tests, &mut sensors, &mut car, 4_000, |values| {
        window += 1;
        values[COOLANT] = values[COOLANT].filter(|_| window % 7 == 0);
    });
    assert_eq!(findings, []);
}

#[test]
fn impossible_values_are_found_in_the_second_window_and_cleared_in_the_third_healthy_one() {
    let tests = tests();
    let (mut car, mut sensors) = known(&tests, 4);
    let once = drive(&tests, &mut sensors, &mut car, 1, |values| values[COOLANT] = Some(-41.0));
    let healthy = drive(&tests, &mut sensors, &mut car, 1, |_| {});
    assert_eq!((once, healthy), (vec![], vec![]), "a single window is no fault");
    let mut flip = 0.0;
    let findings = drive(&tests, &mut sensors, &mut car, 5, |values| {
        flip += 1.0;
        values[COOLANT] = Some(150.0 + flip);
    });
    let wild = Finding { channel: "coolant", fault: Fault::OutOfRange, is_raised: true };
    assert_eq!(findings, [(2, wild)]);
    let findings = drive(&tests, &mut sensors, &mut car, 3, |_| {});
    assert_eq!(findings, [(3, Finding { is_raised: false, ..wild })]);
}

#[test]
fn the_memory_of_a_channel_has_its_documented_size() {
    assert!(size_of::<Memory>() <= 88, "{}", size_of::<Memory>());
    let (_, sensors) = known(&tests(), 1);
    let bytes = postcard::to_stdvec(&sensors).unwrap();
    println!("{} bytes encoded for {} channels", bytes.len(), NAMES.len());
    assert!(bytes.len() <= 40 * NAMES.len(), "{}", bytes.len());
    assert_eq!(postcard::from_bytes::<Sensors>(&bytes), Ok(sensors));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn raised_and_cleared_alternate_whatever_comes(
        windows in prop::collection::vec((prop::collection::vec(prop::option::of(-200_i16..200), 7), 0_u8..10), 0..300),
    ) {
        let (tests, mut sensors) = (tests(), Sensors::default());
        let mut on = std::collections::BTreeSet::new();
        for (values, state) in windows {
            let summaries: Vec<_> =
                values.iter().map(|value| value.map(|value| summary(f64::from(value)))).collect();
            for found in tests.observe(&mut sensors, &summaries, Some(state).filter(|state| *state < 9)) {
                let key = (found.channel.to_owned(), found.fault);
                let has_changed = if found.is_raised { on.insert(key) } else { on.remove(&key) };
                prop_assert!(has_changed, "{:?} came twice", found);
            }
            let faults: usize = (0..7).map(|index| sensors.faults(index).count()).sum();
            prop_assert_eq!(faults, on.len());
        }
    }
}
