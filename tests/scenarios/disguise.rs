//! Nobody knows a script: with other names, in another order and in another season every story passes as well.

use crate::script::text;
use crate::theatre::{failure, told};

/// Vehicles of every script.
const VEHICLES: usize = 10;
/// When stories start, in the scripts.
const START: &str = "2026-03-02T02:30:00Z";
/// A Friday in another season; the scripts start on a Monday.
const OTHER_START: &str = "2026-10-09T02:30:00Z";

/// What `VEH` and the number become: no number is in order, and none tells the first name.
fn other_name(number: usize) -> String {
    format!("KA-{:03}x", number * 577 % 1_000)
}

/// The story with its vehicles renamed, in an order that is neither the old one nor that of their names.
fn renamed(text: &str) -> String {
    let mut text = text.to_owned();
    for number in 1..=VEHICLES {
        text = text.replace(&format!("VEH{number:03}"), &other_name(number));
    }
    assert!(!text.contains("VEH0"), "{text}");
    let named = fleet_of(&text);
    let all = (0..VEHICLES).map(|place| other_name(place * 7 % VEHICLES + 1));
    let others = all.filter(|name| !named.iter().any(|row| row.contains(name)));
    let rest: Vec<String> = others.map(|name| format!("{{ asset: {name} }}")).collect();
    let inline = "history: none }";
    if text.contains(inline) {
        return text.replacen(
            inline,
            &format!("history: none, assets: [{}] }}", rest.join(", ")),
            1,
        );
    }
    let rows = rest.into_iter().chain(named);
    let first = text.find("  assets:\n").expect("a fleet names its vehicles") + "  assets:\n".len();
    let after = text[first..].find("\ndefaults:").expect("defaults come next") + first;
    let rows: Vec<String> = rows.map(|row| format!("    - {row}")).collect();
    format!("{}{}{}", &text[..first], rows.join("\n"), &text[after..])
}

/// The rows of the vehicles that a fleet names.
fn fleet_of(text: &str) -> Vec<String> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("    - "));
    rows.filter(|row| row.starts_with("{ asset:")).map(str::to_owned).collect()
}

fn passes_in_disguise(name: &str) {
    let other = renamed(text(name)).replace(START, OTHER_START);
    assert!(other.contains(OTHER_START) && !other.contains(START), "{other}");
    let failure = failure(&told(name, &other, 42, &[]));
    assert!(failure.is_none(), "{name} in disguise: {}", failure.unwrap_or_default());
}

#[test]
fn a_disguised_story_has_the_same_vehicles_under_other_names_in_another_order() {
    for name in ["brake-to-capa", "urgent-alert", "workshop-drops-a-bay"] {
        let other = renamed(text(name));
        let scenario = crate::theatre::read(name, &other).unwrap_or_else(|error| panic!("{error}"));
        let assets = scenario.fleet.expect("it has a fleet").assets;
        let names: Vec<String> = assets.iter().map(|asset| asset.asset.clone()).collect();
        assert_eq!(names.len(), VEHICLES, "{other}");
        let mut sorted = names.clone();
        sorted.sort();
        sorted.dedup();
        assert!(sorted.len() == VEHICLES && sorted != names, "{names:?}");
    }
}

#[test]
fn brake_to_capa_passes_in_disguise() {
    passes_in_disguise("brake-to-capa");
}

#[test]
fn declined_then_recovered_passes_in_disguise() {
    passes_in_disguise("declined-then-recovered");
}

#[test]
fn deferred_callback_passes_in_disguise() {
    passes_in_disguise("deferred-callback");
}

#[test]
fn no_slot_passes_in_disguise() {
    passes_in_disguise("no-slot");
}

#[test]
fn quiet_fleet_passes_in_disguise() {
    passes_in_disguise("quiet-fleet");
}

#[test]
fn recurring_defect_passes_in_disguise() {
    passes_in_disguise("recurring-defect");
}

#[test]
fn sensor_lies_passes_in_disguise() {
    passes_in_disguise("sensor-lies");
}

#[test]
fn urgent_alert_passes_in_disguise() {
    passes_in_disguise("urgent-alert");
}

#[test]
fn workshop_drops_a_bay_passes_in_disguise() {
    passes_in_disguise("workshop-drops-a-bay");
}
