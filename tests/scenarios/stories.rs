//! Every script passes, with several seeds: 3 of them, or as many as `AURORASYNC_SEEDS` says.

use crate::script::text;
use crate::theatre::{failure, told};

/// The first seed; the others follow it.
const SEED: u64 = 42;

fn seeds() -> u64 {
    let wanted = std::env::var("AURORASYNC_SEEDS").ok();
    wanted.map_or(3, |text| text.parse().expect("AURORASYNC_SEEDS is a number"))
}

fn passes(name: &str) {
    let failed = (SEED..SEED + seeds()).filter_map(|seed| {
        let failure = failure(&told(name, text(name), seed, &[]))?;
        Some(format!("seed {seed}: {failure}"))
    });
    let failed: Vec<String> = failed.collect();
    let (lines, count) = (failed.join("\n"), seeds());
    assert!(failed.is_empty(), "{name} fails with {} of {count} seeds:\n{lines}", failed.len());
}

#[test]
fn brake_to_capa_passes_with_several_seeds() {
    passes("brake-to-capa");
}

#[test]
fn declined_then_recovered_passes_with_several_seeds() {
    passes("declined-then-recovered");
}

#[test]
fn deferred_callback_passes_with_several_seeds() {
    passes("deferred-callback");
}

#[test]
fn exfiltration_passes_with_several_seeds() {
    passes("exfiltration");
}

#[test]
fn flood_passes_with_several_seeds() {
    passes("flood");
}

#[test]
fn fleet_visit_passes_with_several_seeds() {
    passes("fleet-visit");
}

#[test]
fn no_slot_passes_with_several_seeds() {
    passes("no-slot");
}

#[test]
fn quiet_fleet_passes_with_several_seeds() {
    passes("quiet-fleet");
}

#[test]
fn rogue_agent_passes_with_several_seeds() {
    passes("rogue-agent");
}

#[test]
fn recurring_defect_passes_with_several_seeds() {
    passes("recurring-defect");
}

#[test]
fn sensor_lies_passes_with_several_seeds() {
    passes("sensor-lies");
}

#[test]
fn slow_poisoning_passes_with_several_seeds() {
    passes("slow-poisoning");
}

#[test]
fn urgent_alert_passes_with_several_seeds() {
    passes("urgent-alert");
}

#[test]
fn workshop_drops_a_bay_passes_with_several_seeds() {
    passes("workshop-drops-a-bay");
}
