//! Drives fleets in tests, and looks at what they sent.

use messages::Timestamp;
use messages::profile::Profile;
use simulator::fleet::{Event, Fleet, FleetConfig};
use std::collections::BTreeMap;
use std::time::Duration;

pub(crate) const DAY: Duration = Duration::from_secs(86_400);

pub(crate) fn start() -> Timestamp {
    "2026-03-02T06:00:00Z".parse().unwrap()
}

pub(crate) fn fleet(size: u32, seed: u64) -> Fleet {
    Fleet::new(FleetConfig::vehicles(size, seed, start())).unwrap()
}

pub(crate) fn profile() -> Profile {
    Profile::parse(messages::profile::embedded("vehicle").unwrap()).unwrap()
}

/// So many days from where the fleet is.
pub(crate) fn drive(fleet: &mut Fleet, days: u32) -> Vec<Event> {
    let until = fleet.now().saturating_add(DAY * days);
    fleet.step(until)
}

/// Values by channel, with their moments, of one asset.
pub(crate) type Series = BTreeMap<String, Vec<(Timestamp, f64)>>;

pub(crate) fn series(events: &[Event], asset: &str) -> Series {
    let mut series = Series::new();
    for event in events {
        let Event::Telemetry(frame) = event else { continue };
        if frame.telemetry.asset != asset {
            continue;
        }
        for sample in &frame.telemetry.samples {
            for (signal, value) in frame.telemetry.signals.iter().zip(&sample.values) {
                let Some(value) = value else { continue };
                let values = series.entry(signal.name.clone()).or_default();
                values.push((sample.sampled_at, value.get()));
            }
        }
    }
    series
}

pub(crate) fn samples(events: &[Event]) -> usize {
    let frames = events.iter().map(|event| match event {
        Event::Telemetry(frame) => frame.telemetry.samples.len(),
        _ => 0,
    });
    frames.sum()
}
