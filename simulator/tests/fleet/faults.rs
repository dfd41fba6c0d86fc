//! Faults: they move what the catalogue says and nothing else, fail when they are told to, and go when repaired.

use crate::drive::{DAY, Series, drive, fleet, profile, series, start};
use messages::Timestamp;
use messages::telemetry::TroubleCode;
use simulator::fleet::{Event, FaultKind, Fleet, FleetConfig, FleetError};
use simulator::truth::Expected;
use std::collections::BTreeSet;

const ASSET: &str = "VEH002";

/// Faults of vehicles that the profile can show, and the channels that the catalogue says they move.
const MOVED: [(FaultKind, &[&str]); 6] = [
    (FaultKind::BrakePadWear, &["brake_pad_wear", "vibration_rms"]),
    (FaultKind::CoolantPumpWear, &["coolant_temperature", "vibration_rms"]),
    (FaultKind::OilPumpWear, &["oil_pressure", "vibration_rms"]),
    (FaultKind::Misfire, &["engine_speed", "vibration_rms", "fuel_rate"]),
    (FaultKind::AlternatorDecay, &["battery_voltage"]),
    (FaultKind::TyreSlowLeak, &["tyre_pressure"]),
];

/// Channels in which the two differ in more than one reading in a thousand.
fn different(one: &Series, other: &Series) -> BTreeSet<String> {
    let differ = |channel: &&String| {
        let (one, other) = (&one[*channel], &other[*channel]);
        let differing = one.iter().zip(other).filter(|(one, other)| one != other).count();
        one.len() != other.len() || differing * 1_000 > one.len()
    };
    one.keys().filter(differ).cloned().collect()
}

#[test]
fn a_fault_moves_just_the_signals_that_the_catalogue_says() {
    let twin = series(&drive(&mut fleet(3, 42), 4), ASSET);
    for (kind, channels) in MOVED {
        let mut faulty = fleet(3, 42);
        faulty.inject(kind, None, ASSET, DAY * 4, 0.99).unwrap();
        let events = drive(&mut faulty, 4);
        let moved = different(&series(&events, ASSET), &twin);
        let expected: BTreeSet<String> = channels.iter().map(|id| (*id).to_owned()).collect();
        assert_eq!(moved, expected, "{kind}");
        let others = series(&events, "VEH001");
        assert_eq!(others, series(&drive(&mut fleet(3, 42), 4), "VEH001"), "{kind}");
    }
}

#[test]
fn a_sensor_that_lies_moves_its_own_signal_alone() {
    let twin = series(&drive(&mut fleet(3, 42), 2), ASSET);
    for kind in [FaultKind::SensorDrift, FaultKind::SensorStuck, FaultKind::SensorDropout] {
        let mut faulty = fleet(3, 42);
        faulty.inject(kind, Some("coolant_temperature"), ASSET, DAY, 1.0).unwrap();
        let mut lying = series(&drive(&mut faulty, 2), ASSET);
        // One that is silent sends nothing to compare.
        let _ = lying.entry("coolant_temperature".to_owned()).or_default();
        assert_eq!(different(&lying, &twin), ["coolant_temperature".to_owned()].into(), "{kind}");
        assert!(matches!(faulty.truth()[0].truth().expected, Expected::SensorFault { .. }));
        assert_eq!(faulty.truth()[0].failed_at, None, "a sensor stops no vehicle");
    }
}

#[test]
fn a_fault_fails_at_the_end_of_its_ramp_beyond_the_critical_limit_and_not_before() {
    let profile = profile();
    for (kind, channels) in MOVED {
        let mut fleet = fleet(3, 42);
        let handle = fleet.inject(kind, None, ASSET, DAY * 6, 1.0).unwrap();
        let before = drive(&mut fleet, 5);
        assert_eq!(fleet.injected(handle).failed_at, None, "{kind}");
        assert!(!before.iter().any(|event| matches!(event, Event::Failed(_))));
        let events = drive(&mut fleet, 2);
        let failed_at = fleet.injected(handle).failed_at.unwrap();
        assert_eq!(failed_at, start().saturating_add(DAY * 6), "{kind}");
        let failed = events.iter().find(|event| matches!(event, Event::Failed(_))).unwrap();
        assert_eq!((failed.at(), failed.asset()), (failed_at, ASSET));
        let shows = match kind {
            FaultKind::Misfire => "vibration_rms",
            _ => channels[0],
        };
        let channel = profile.channels.iter().find(|known| known.id == shows).unwrap();
        let (sign, critical) =
            (channel.worse.unwrap().sign(), channel.limits.unwrap().critical.get());
        let series = series(&[before, events].concat(), ASSET);
        let driven: BTreeSet<Timestamp> = series["engine_speed"]
            .iter()
            .filter(|(_, rpm)| *rpm > 0.0 || channel.states.is_empty())
            .map(|(at, _)| *at)
            .collect();
        let beyond = series[shows].iter().filter(|(at, value)| {
            *at < failed_at && driven.contains(at) && (value - critical) * sign >= 0.0
        });
        let reached = beyond.map(|(at, _)| *at).min();
        let reached = reached.unwrap_or(failed_at);
        assert!(failed_at.since(reached) < DAY * 3, "{kind} is critical since {reached}");
    }
}

#[test]
fn what_has_failed_is_not_driven_until_it_is_serviced_and_then_it_is_as_healthy_as_ever() {
    for (kind, channels) in MOVED {
        let mut fleet = fleet(3, 42);
        fleet.inject(kind, None, ASSET, DAY, 1.0).unwrap();
        drive(&mut fleet, 2);
        let stranded = series(&drive(&mut fleet, 2), ASSET);
        assert!(stranded["engine_speed"].iter().all(|(_, rpm)| *rpm == 0.0), "{kind}");
        let component = fleet.truth()[0].component.clone().unwrap();
        let finding = fleet.finding(ASSET, &component).unwrap();
        assert_eq!(finding.component.as_ref(), Some(&component), "{kind}");
        let done = fleet.service(ASSET, &component).unwrap();
        assert_eq!(fleet.truth()[0].cleared_at, Some(done.performed_at));
        let finding = fleet.finding(ASSET, &component).unwrap();
        assert_eq!((finding.component, finding.cause), (None, None), "{kind}");
        // A moment to cool down, then as its twin that never had it; new pads are the exception.
        drive(&mut fleet, 1);
        let after = drive(&mut fleet, 3);
        let after = series(&after, ASSET);
        assert!(after["engine_speed"].iter().any(|(_, rpm)| *rpm > 0.0), "{kind}");
        for id in channels {
            let channel = profile().channels.iter().find(|known| known.id == *id).cloned().unwrap();
            let Some(limits) = channel.limits else { continue };
            let sign = channel.worse.unwrap().sign();
            let worst = after[*id].iter().zip(&after["engine_speed"]);
            let beyond = worst.filter(|((_, value), (_, rpm))| {
                (*rpm > 0.0 || channel.states.is_empty())
                    && (value - limits.warn.get()) * sign >= 0.0
            });
            assert_eq!(beyond.count(), 0, "{kind} {id}");
        }
    }
}

#[test]
fn clearing_a_fault_takes_it_back_and_the_truth_says_when() {
    let mut fleet = fleet(3, 42);
    let handle = fleet.inject(FaultKind::BrakePadWear, None, ASSET, DAY, 0.9).unwrap();
    drive(&mut fleet, 2);
    fleet.clear(handle);
    let cleared_at = fleet.injected(handle).cleared_at;
    assert_eq!(cleared_at, Some(fleet.now()));
    drive(&mut fleet, 1);
    fleet.clear(handle);
    assert_eq!(fleet.injected(handle).cleared_at, cleared_at);
    let worn = &series(&drive(&mut fleet, 1), ASSET)["brake_pad_wear"];
    assert!(worn.iter().all(|(_, worn)| *worn < 60.0));
}

#[test]
fn trouble_codes_come_late_and_go_with_the_repair() {
    let mut fleet = fleet(3, 42);
    fleet.inject(FaultKind::CoolantPumpWear, None, ASSET, DAY * 10, 0.99).unwrap();
    let codes = |events: &[Event]| {
        let frames = events.iter().filter_map(|event| match event {
            Event::Telemetry(frame) if frame.telemetry.asset == ASSET => Some(&frame.telemetry),
            _ => None,
        });
        let samples = frames.flat_map(|telemetry| &telemetry.samples);
        samples.flat_map(|sample| sample.codes.clone()).collect::<BTreeSet<TroubleCode>>()
    };
    assert!(codes(&drive(&mut fleet, 6)).is_empty(), "no code while the fault is young");
    let late = codes(&drive(&mut fleet, 5));
    assert_eq!(late, [TroubleCode::Obd2 { code: "P0217".to_owned() }].into());
    fleet.service(ASSET, "engine").unwrap();
    assert!(codes(&drive(&mut fleet, 1)).is_empty());
}

#[test]
fn a_bad_batch_is_found_as_such_and_a_lying_sensor_is_no_fault_of_its_component() {
    let mut config = FleetConfig::vehicles(1, 42, start());
    config.named = vec![simulator::fleet::NamedAsset {
        asset: ASSET.to_owned(),
        supplier: Some("S-102".to_owned()),
        batch: Some("Q2-2025".to_owned()),
        ..Default::default()
    }];
    let mut fleet = Fleet::new(config).unwrap();
    fleet.inject(FaultKind::BrakePadWear, None, ASSET, DAY, 0.8).unwrap();
    fleet.inject(FaultKind::SensorDrift, Some("coolant_temperature"), ASSET, DAY, 1.0).unwrap();
    drive(&mut fleet, 2);
    let found = fleet.finding(ASSET, "brake").unwrap();
    assert_eq!(found.cause.as_deref(), Some("pad_compound"));
    assert_eq!(found.batch.as_deref(), Some("Q2-2025"));
    fleet.service(ASSET, "brake").unwrap();
    let found = fleet.finding(ASSET, "engine").unwrap();
    assert_eq!(found.component, None);
    assert_eq!(found.cause.as_deref(), Some("sensor:coolant_temperature"));
    fleet.service(ASSET, "engine").unwrap();
    assert!(fleet.truth().iter().all(|fault| fault.cleared_at.is_some()));
}

#[test]
fn what_cannot_be_injected_is_refused_with_a_remedy() {
    let mut fleet = fleet(3, 42);
    let mut refused =
        |kind, channel, asset, to| fleet.inject(kind, channel, asset, DAY, to).unwrap_err();
    let gearbox = refused(FaultKind::GearboxOverheat, None, ASSET, 0.9);
    assert!(
        matches!(&gearbox, FleetError::NoChannel { channel, .. } if channel == "gearbox_temperature")
    );
    let brake = FaultKind::BrakePadWear;
    assert!(refused(brake, None, "VEH004", 0.9).to_string().contains("`VEH001` to `VEH003`"));
    assert!(matches!(refused(brake, Some("speed"), ASSET, 0.9), FleetError::ChannelUnused { .. }));
    let drift = refused(FaultKind::SensorDrift, None, ASSET, 0.9).to_string();
    assert!(drift.contains("coolant_temperature"), "{drift}");
    for to in [0.0, 1.1, f64::NAN] {
        assert!(matches!(refused(brake, None, ASSET, to), FleetError::Value { key: "to", .. }));
    }
    let unknown = "break_pad_wear".parse::<FaultKind>().unwrap_err().to_string();
    assert!(unknown.contains("`break_pad_wear`") && unknown.contains("brake_pad_wear,"));
    assert!(matches!(fleet.service(ASSET, "wing"), Err(FleetError::UnknownComponent { .. })));
}
