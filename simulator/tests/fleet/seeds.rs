//! What a fleet depends on: its seed and the names of its vehicles, and nothing else.

use crate::drive::{DAY, drive, fleet, profile, samples, series, start};
use messages::record;
use simulator::fleet::{Event, Fleet, FleetConfig, NamedAsset};
use std::collections::BTreeMap;
use std::time::Duration;

fn bytes(events: &[Event]) -> Vec<Vec<u8>> {
    let frame = |event: &Event| match event {
        Event::Telemetry(frame) => Some(record::encode(&frame.telemetry).unwrap()),
        _ => None,
    };
    events.iter().filter_map(frame).collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let one = drive(&mut fleet(5, 42), 2);
    assert_eq!(bytes(&one), bytes(&drive(&mut fleet(5, 42), 2)));
    assert_ne!(bytes(&one), bytes(&drive(&mut fleet(5, 43), 2)));
}

#[test]
fn how_time_is_cut_into_steps_changes_nothing() {
    let whole = drive(&mut fleet(3, 42), 1);
    let mut stepped = Vec::new();
    let mut fleet = fleet(3, 42);
    let until = start().saturating_add(DAY);
    while fleet.next_due() <= until {
        let due = fleet.next_due();
        stepped.extend(fleet.step(due));
    }
    assert_eq!(whole, stepped);
}

#[test]
fn a_vehicle_does_not_change_when_the_fleet_grows_or_is_named_in_another_order() {
    let small = series(&drive(&mut fleet(3, 42), 2), "VEH003");
    assert_eq!(small, series(&drive(&mut fleet(50, 42), 2), "VEH003"));
    let named = |asset: &str| NamedAsset { asset: asset.to_owned(), ..NamedAsset::default() };
    let mut config = FleetConfig::vehicles(4, 42, start());
    config.named = vec![named("VEH003"), named("TRUCK9"), named("VEH001")];
    let mut reordered = Fleet::new(config).unwrap();
    assert_eq!(small, series(&drive(&mut reordered, 2), "VEH003"));
}

#[test]
fn events_come_in_the_order_of_time_and_samples_in_that_of_their_vehicle() {
    let events = drive(&mut fleet(20, 42), 2);
    assert!(events.windows(2).all(|pair| pair[0].at() <= pair[1].at()));
    let mut last_by_asset = BTreeMap::new();
    for event in &events {
        let Event::Telemetry(frame) = event else { continue };
        for sample in &frame.telemetry.samples {
            let last = last_by_asset.insert(event.asset().to_owned(), sample.sampled_at);
            assert!(last.is_none_or(|last| last < sample.sampled_at), "{}", event.asset());
            assert!(sample.sampled_at <= frame.sent_at);
        }
    }
    assert_eq!(last_by_asset.len(), 20);
}

#[test]
fn driven_vehicles_send_at_their_rate_and_parked_ones_sparsely() {
    let every = |seconds| {
        let mut config = FleetConfig::vehicles(4, 42, start());
        config.sample = Duration::from_secs(seconds);
        samples(&drive(&mut Fleet::new(config).unwrap(), 3)) as f64
    };
    // 4 vehicles, 3 days: 96 heartbeats a day at most.
    let (fast, slow) = (every(5), every(60));
    assert!((3_000.0..60_000.0).contains(&fast), "{fast} samples");
    assert!(slow < fast / 3.0 && slow > 4.0 * 3.0 * 80.0, "{slow} samples");
}

#[test]
fn healthy_vehicles_stay_within_the_warning_limits() {
    let profile = profile();
    let mut fleet = fleet(20, 42);
    let (mut beyond, mut all) = (BTreeMap::new(), 0_u64);
    for _ in 0..10 {
        let events = drive(&mut fleet, 1);
        for place in 0..20 {
            let series = series(&events, &format!("VEH{:03}", place + 1));
            for channel in &profile.channels {
                let Some(limits) = channel.limits else { continue };
                let sign = channel.worse.unwrap().sign();
                let speeds = &series["engine_speed"];
                for (at, value) in &series[&channel.id] {
                    let running = speeds.iter().any(|(then, rpm)| then == at && *rpm > 0.0);
                    if !running && !channel.states.is_empty() {
                        continue;
                    }
                    all += 1;
                    if (value - limits.warn.get()) * sign >= 0.0 {
                        *beyond.entry(channel.id.clone()).or_insert(0_u64) += 1;
                    }
                }
            }
        }
    }
    let share = beyond.values().sum::<u64>() as f64 / all as f64;
    assert!(share < 1e-5, "{beyond:?} of {all} readings beyond the warning limits");
}

#[test]
fn settings_that_cannot_be_are_refused_with_key_value_and_remedy() {
    let refused = |change: fn(&mut FleetConfig)| {
        let mut config = FleetConfig::vehicles(2, 42, start());
        change(&mut config);
        Fleet::new(config).unwrap_err().to_string()
    };
    assert!(refused(|config| config.size = 0).contains("`size` is `0`"));
    assert!(refused(|config| config.sample = Duration::ZERO).contains("`sample`"));
    assert!(refused(|config| config.wear = 0.0).contains("`wear`"));
    assert!(refused(|config| config.noise = f64::NAN).contains("`noise`"));
    assert!(refused(|config| config.profile = "machine".to_owned()).contains("`machine`"));
    let batch = refused(|config| {
        config.named = vec![NamedAsset {
            asset: "VEH001".to_owned(),
            batch: Some("Q9-1999".to_owned()),
            ..NamedAsset::default()
        }];
    });
    assert!(batch.contains("`Q9-1999`") && batch.contains("Q2-2025"), "{batch}");
}

#[test]
fn no_two_vehicles_have_one_name_and_a_named_one_keeps_its_own_owner() {
    let mut config = FleetConfig::vehicles(6, 7, start());
    let named = |asset: &str| NamedAsset { asset: asset.to_owned(), ..NamedAsset::default() };
    config.named = vec![named("VEH005"), named("TRUCK9")];
    let registered = Fleet::new(config).unwrap().registrations();
    let owned: Vec<(&str, &str)> = registered
        .iter()
        .map(|known| (known.asset.as_str(), known.owner.as_deref().unwrap()))
        .collect();
    let expected = [
        ("TRUCK9", "OWN001"),
        ("VEH002", "OWN002"),
        ("VEH003", "OWN003"),
        ("VEH004", "OWN004"),
        ("VEH005", "OWN005"),
        ("VEH006", "OWN006"),
    ];
    assert_eq!(owned, expected);
}
