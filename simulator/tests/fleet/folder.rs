//! A written fleet is a dataset like any other, and a simulated car wanders as the real ones do.

use crate::drive::{DAY, profile, start};
use simulator::fleet::{Event, Fit, Fleet, FleetConfig, FolderError, write};
use simulator::truth::Expected;
use simulator::{Dataset, Entry, Replay, ReplayOptions};
use std::time::Duration;

fn config(size: u32) -> FleetConfig {
    let mut config = FleetConfig::vehicles(size, 42, start());
    config.sample = Duration::from_secs(60);
    config.spontaneous = 40.0;
    config.wear = 4.0;
    config.repairs = true;
    config
}

#[test]
fn a_written_fleet_is_read_back_replayed_and_judged_by_its_truth() {
    let folder = tempfile::tempdir().unwrap();
    let written = write(config(4), 20, folder.path()).unwrap();
    assert!(written.failures > 0 && written.services >= written.failures && written.codes > 0);
    let dataset = Dataset::load(folder.path(), None).unwrap();
    let failures = dataset.failures().unwrap();
    assert_eq!(failures.len(), written.failures);
    assert!(failures.iter().all(|truth| matches!(truth.expected, Expected::Failure { .. })));
    assert_eq!(dataset.maintenance().unwrap().len(), written.services);
    let mut replay = Replay::open(&dataset, &profile(), &ReplayOptions::default()).unwrap();
    assert_eq!(replay.assets().len(), 4);
    assert!(replay.assets().iter().all(|asset| asset.batch.is_some()));
    let (mut samples, mut last) = (0, None);
    for entry in &mut replay {
        let entry = entry.unwrap();
        assert!(last.is_none_or(|last| last <= entry.at()));
        last = Some(entry.at());
        if let Entry::Telemetry(frame) = entry {
            samples += frame.telemetry.samples.len() as u64;
        }
    }
    assert_eq!((samples, replay.rows().bad), (written.samples, 0));
}

#[test]
fn a_written_fleet_sends_what_the_fleet_sends() {
    let folder = tempfile::tempdir().unwrap();
    let written = write(config(2), 2, folder.path()).unwrap();
    let mut fleet = Fleet::new(config(2)).unwrap();
    let samples: usize = fleet
        .step(start().saturating_add(DAY * 2))
        .iter()
        .map(|event| match event {
            Event::Telemetry(frame) => frame.telemetry.samples.len(),
            _ => 0,
        })
        .sum();
    // A frame that is open at the end is written by one and waits in the other.
    assert!(written.samples.abs_diff(samples as u64) <= 2, "{written:?} {samples}");
}

#[test]
fn a_folder_that_has_something_in_it_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mine"), "kept").unwrap();
    let refused = write(config(1), 1, folder.path()).unwrap_err();
    assert!(matches!(refused, FolderError::NotEmpty { .. }), "{refused}");
    let nothing = write(config(1), 0, folder.path()).unwrap_err();
    assert!(nothing.to_string().contains("`days` is `0`"), "{nothing}");
}

/// The bounds are those of the two cars, wider by what a fit of some weeks may be off.
#[test]
fn simulated_cars_wander_between_the_two_real_ones() {
    let mut config = FleetConfig::vehicles(6, 42, start());
    config.sample = Duration::from_secs(1);
    let mut fleet = Fleet::new(config).unwrap();
    let mut fits = vec![Fit::default(); 6];
    for _ in 0..14 {
        let until = fleet.now().saturating_add(DAY);
        for event in fleet.step(until) {
            let Event::Telemetry(frame) = event else { continue };
            let place: usize = frame.telemetry.asset[3..].parse().unwrap();
            fits[place - 1].take(&frame);
        }
    }
    for fit in fits {
        let car = fit.car("simulated").unwrap();
        let within = |value: f64, [low, high]: [f64; 2], name: &str| {
            assert!((low..=high).contains(&value), "{name} is {value}: {car:?}");
        };
        within(car.coolant.level, [86.0, 93.0], "coolant level");
        within(car.coolant.trip, [0.2, 2.6], "coolant trip");
        within(car.coolant.minute, [0.6, 2.1], "coolant minute");
        within(car.coolant.fast, [0.3, 0.9], "coolant fast");
        within(car.coolant.correlation, [0.5, 0.85], "coolant correlation");
        let battery = car.battery.unwrap();
        within(battery.trip, [0.05, 0.2], "battery trip");
        within(battery.minute, [0.03, 0.09], "battery minute");
        within(battery.fast, [0.05, 0.12], "battery fast");
        within(car.warm_up_seconds, [500.0, 1_500.0], "warm up");
        within(car.idle.level, [770.0, 830.0], "idle");
        within(car.idle.fast, [1.0, 65.0], "idle fast");
        within(car.gap.per_hour, [0.0, 3.0], "gaps");
        within(car.missing_share, [0.0, 4e-4], "missing");
    }
}
