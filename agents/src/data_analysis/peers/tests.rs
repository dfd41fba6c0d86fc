//! What is said of a coolant sensor that is compared with the one outside when the engine has stood all night.

use crate::data_analysis::{Config, DataAnalysis};
use messages::health::{HealthAssessed, SensorFaultKind, SensorFaulted};
use messages::registry::AssetRegistered;
use messages::telemetry::{Sample, Signal, Telemetry};
use messages::{Finite, Timestamp};
use runtime::testkit::World;
use std::time::Duration;

const ASSET: &str = "VEH001";
/// How often a parked vehicle reports.
const HEARTBEAT: Duration = Duration::from_secs(900);
/// What the air has, in degrees.
const OUTSIDE: f64 = 20.0;
/// Beyond what the vehicle's profile allows.
const OFF: f64 = 12.0;

/// A vehicle whose coolant sensor is off by some degrees.
struct Vehicle {
    world: World,
    off: f64,
    metres: f64,
}

impl Vehicle {
    fn new() -> Self {
        let mut world = World::seeded(7).agent::<DataAnalysis>(Config::default());
        world.publish(AssetRegistered {
            asset: ASSET.into(),
            fleet: "demo".into(),
            profile: "vehicle".into(),
            model: None,
            in_service_since: None,
            supplier: None,
            batch: None,
            owner: None,
            group: None,
            home: None,
        });
        Self { world, off: 0.0, metres: 1e7 }
    }

    fn send(&mut self, speed: f64, coolant: f64) {
        let names = ["engine_speed", "coolant_temperature", "ambient_temperature", "odometer"];
        let values = [speed, coolant + self.off, OUTSIDE, self.metres];
        let signal = |name: &str| Signal { name: name.into(), unit: None };
        let finite = |value| Some(Finite::new(value).unwrap());
        let sampled_at = self.world.conductor().now();
        self.world.publish(Telemetry {
            fleet: "demo".into(),
            asset: ASSET.into(),
            boot: None,
            signals: names.map(signal).to_vec(),
            samples: vec![Sample {
                sampled_at,
                seq: None,
                values: values.map(finite).to_vec(),
                codes: Vec::new(),
            }],
        });
    }

    /// Half an hour with a warm engine.
    fn drive(&mut self) -> &mut Self {
        for minute in 0..30 {
            self.metres += 500.0;
            self.send(2000.0 + f64::from(minute), 88.0 + f64::from(minute % 3));
            self.world.advance(Duration::from_secs(60));
        }
        self
    }

    /// Stands while the engine cools down.
    fn park(&mut self, quarters: u32) -> &mut Self {
        for quarter in 0..quarters {
            self.send(0.0, OUTSIDE + 68.0 * (-f64::from(quarter) / 5.0).exp());
            self.world.advance(HEARTBEAT);
        }
        self
    }

    /// What was said of sensors: channel, kind, whether it ended.
    fn said(&self) -> Vec<(String, SensorFaultKind, bool)> {
        let said = self.world.published::<SensorFaulted>().into_iter();
        said.map(|said| (said.channel, said.kind, said.cleared_at.is_some())).collect()
    }

    /// Ends of the windows in which the sensor was compared.
    fn compared(&self) -> Vec<Timestamp> {
        let windows = self.world.published::<HealthAssessed>().into_iter();
        windows.filter(|it| !it.comparisons.is_empty()).map(|it| it.window_end).collect()
    }
}

fn drift(ended: bool) -> (String, SensorFaultKind, bool) {
    ("coolant_temperature".into(), SensorFaultKind::Drift, ended)
}

#[test]
fn a_coolant_sensor_that_is_off_after_a_night_has_drifted_which_is_said_once() {
    let mut vehicle = Vehicle::new();
    vehicle.off = OFF;
    for _ in 0..3 {
        vehicle.drive().park(48);
    }
    assert_eq!(vehicle.said(), [drift(false)]);
    let said = vehicle.world.published::<SensorFaulted>().remove(0);
    assert!(said.detail.contains("`ambient_temperature`"), "{}", said.detail);
    assert!(said.detail.contains("12.1 Celsius apart, at most 8 is sound"), "{}", said.detail);
    let newest = vehicle.world.published::<HealthAssessed>().pop().unwrap();
    assert_eq!(newest.sensor_faults.len(), 1, "it is named in each window, in words once");
    assert_eq!(newest.sensor_faults[0].since, said.since);
}

#[test]
fn a_sound_sensor_of_an_engine_however_hot_is_not_called_drifted() {
    let mut vehicle = Vehicle::new();
    for _ in 0..3 {
        vehicle.drive().park(48);
    }
    assert!(vehicle.compared().len() > 30, "{:?}", vehicle.compared());
    assert_eq!(vehicle.said(), []);
}

#[test]
fn an_engine_that_has_not_stood_for_long_is_not_compared() {
    let mut vehicle = Vehicle::new();
    vehicle.off = OFF;
    for _ in 0..5 {
        vehicle.drive().park(31);
    }
    assert_eq!(vehicle.compared(), []);
    assert_eq!(vehicle.said(), []);
}

#[test]
fn nobody_knows_what_was_done_in_silence_unless_the_odometer_stood() {
    for (driven, compared) in [(0.0, true), (900.0, false)] {
        let mut vehicle = Vehicle::new();
        vehicle.drive().park(8);
        vehicle.world.advance(Duration::from_secs(6 * 3600));
        vehicle.metres += driven;
        vehicle.park(8);
        assert_eq!(!vehicle.compared().is_empty(), compared, "driven {driven} m");
    }
}

#[test]
fn a_sensor_that_was_replaced_is_believed_again_and_that_is_said() {
    let mut vehicle = Vehicle::new();
    vehicle.off = OFF;
    vehicle.drive().park(48);
    vehicle.off = 0.0;
    vehicle.drive().park(48);
    assert_eq!(vehicle.said(), [drift(false), drift(true)]);
    let newest = vehicle.world.published::<HealthAssessed>().pop().unwrap();
    assert!(newest.sensor_faults.is_empty());
}
