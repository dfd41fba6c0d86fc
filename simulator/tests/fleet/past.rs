//! The past: named assets sparsely, a population by what befalls it, failures by supplier and batch, all repaired.

use crate::drive::{DAY, drive, start};
use messages::registry::AssetRegistered;
use simulator::fleet::{Event, FaultRecord, Fleet, FleetConfig, History};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

fn with_past(days: u32, population: u32) -> Fleet {
    let mut config = FleetConfig::vehicles(3, 42, start());
    config.history = Some(History { days, population });
    Fleet::new(config).unwrap()
}

#[test]
fn the_past_ends_where_the_present_begins_and_comes_in_the_order_of_time() {
    let mut fleet = with_past(20, 30);
    assert_eq!(fleet.begins_at(), start().saturating_sub(DAY * 20));
    let past: Vec<Event> = fleet.history().collect();
    assert!(past.windows(2).all(|pair| pair[0].at() <= pair[1].at()));
    assert!(past.iter().all(|event| event.at() < start() && event.at() >= fleet.begins_at()));
    let mut frames_by_asset: BTreeMap<&str, usize> = BTreeMap::new();
    for event in &past {
        if let Event::Telemetry(frame) = event {
            *frames_by_asset.entry(event.asset()).or_default() += frame.telemetry.samples.len();
        }
    }
    assert_eq!(frames_by_asset.len(), 3, "of the population nothing is measured");
    for (asset, samples) in frames_by_asset {
        assert!((20 * 90..=20 * 110).contains(&samples), "{asset} sent {samples} in 20 days");
    }
    let present = drive(&mut fleet, 1);
    assert!(present.iter().all(|event| event.at() >= start()));
    assert!(present.iter().all(|event| event.asset().starts_with("VEH")));
}

#[test]
fn a_bad_batch_fails_more_often_and_what_fails_is_found_and_repaired() {
    let mut fleet = with_past(120, 700);
    let is_bad = |asset: &AssetRegistered| {
        let (supplier, batch) = (asset.supplier.as_deref(), asset.batch.as_deref());
        supplier == Some("S-102") && batch == Some("Q2-2025")
    };
    let (bad, sound): (Vec<_>, Vec<_>) = fleet.registrations().into_iter().partition(is_bad);
    let bad: BTreeSet<String> = bad.into_iter().map(|asset| asset.asset).collect();
    let (mut failed, mut found, mut serviced) = ([0.0, 0.0], 0, 0);
    for event in fleet.history() {
        match event {
            Event::Failed(event) if event.component == "brake" => {
                failed[usize::from(bad.contains(&event.asset))] += 1.0;
            }
            Event::Found(_) => found += 1,
            Event::Serviced(_) => serviced += 1,
            _ => {}
        }
    }
    let rates = [failed[0] / sound.len() as f64, failed[1] / bad.len() as f64];
    assert!(rates[1] > rates[0] * 3.0, "{failed:?} of {} sound and {} bad", sound.len(), bad.len());
    let faults = fleet.truth();
    let all_failed: Vec<_> = faults.iter().filter(|fault| fault.failed_at.is_some()).collect();
    let repaired = all_failed.iter().filter(|fault| fault.cleared_at.is_some()).count();
    assert!(found == repaired && serviced >= found, "{found} {repaired} {serviced}");
    let waiting = |fault: &&&FaultRecord| fault.cleared_at.is_none();
    let longest =
        all_failed.iter().filter(waiting).map(|fault| start().since(fault.failed_at.unwrap()));
    assert!(longest.max().is_none_or(|longest| longest <= DAY * 3), "failures are repaired");
    let causes: BTreeSet<&str> = faults.iter().map(|fault| fault.cause.as_str()).collect();
    assert!(causes.contains("pad_compound") && causes.contains("wear"));
    // Of all that begins to fail, brakes are the most.
    let count = |component: &str| {
        faults.iter().filter(|fault| fault.component.as_deref() == Some(component)).count()
    };
    let mix = ["brake", "engine", "battery", "tyre"].map(count);
    assert!(mix[0] > mix[1] && mix[0] > mix[2] && mix[0] > mix[3], "{mix:?}");
}

#[test]
fn what_befalls_a_population_depends_on_no_sampling_and_on_no_listener() {
    let fate = |sample: u64, is_heard: bool| {
        let mut config = FleetConfig::vehicles(1, 42, start());
        config.sample = Duration::from_secs(sample);
        config.history = Some(History { days: 90, population: 300 });
        let mut fleet = Fleet::new(config).unwrap();
        fleet.listen(is_heard);
        let events: Vec<Event> = fleet.history().collect();
        let sent = events.iter().filter(|event| matches!(event, Event::Telemetry(_))).count();
        assert_eq!(sent > 0, is_heard, "{sent} frames");
        let befell = events.into_iter().filter(|event| !matches!(event, Event::Telemetry(_)));
        befell.collect::<Vec<_>>()
    };
    let known = fate(5, true);
    assert!(known.len() > 50, "{} events", known.len());
    assert_eq!(known, fate(60, true));
    assert_eq!(known, fate(5, false));
}

#[test]
fn a_named_fleet_has_no_fault_of_its_own_unless_it_is_asked_for() {
    let mut quiet = with_past(60, 0);
    assert_eq!(quiet.history().filter(|event| matches!(event, Event::Failed(_))).count(), 0);
    let mut config = FleetConfig::vehicles(30, 42, start());
    config.history = Some(History { days: 180, population: 0 });
    config.spontaneous = 5.0;
    let mut worn = Fleet::new(config).unwrap();
    assert!(worn.history().any(|event| matches!(event, Event::Failed(_))));
}
