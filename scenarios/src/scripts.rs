//! The scripts that come with the program.

use crate::language::Files;

/// Scripts by name, with their texts.
pub const SCRIPTS: &[(&str, &str)] = &[
    ("brake-to-capa", include_str!("../scripts/brake-to-capa.yaml")),
    ("declined-then-recovered", include_str!("../scripts/declined-then-recovered.yaml")),
    ("deferred-callback", include_str!("../scripts/deferred-callback.yaml")),
    ("exfiltration", include_str!("../scripts/exfiltration.yaml")),
    ("fleet-visit", include_str!("../scripts/fleet-visit.yaml")),
    ("flood", include_str!("../scripts/flood.yaml")),
    ("no-slot", include_str!("../scripts/no-slot.yaml")),
    ("quiet-fleet", include_str!("../scripts/quiet-fleet.yaml")),
    ("recurring-defect", include_str!("../scripts/recurring-defect.yaml")),
    ("rogue-agent", include_str!("../scripts/rogue-agent.yaml")),
    ("sensor-lies", include_str!("../scripts/sensor-lies.yaml")),
    ("slow-poisoning", include_str!("../scripts/slow-poisoning.yaml")),
    ("urgent-alert", include_str!("../scripts/urgent-alert.yaml")),
    ("workshop-drops-a-bay", include_str!("../scripts/workshop-drops-a-bay.yaml")),
];

/// The text of the script called `name`.
#[must_use]
pub fn find(name: &str) -> Option<&'static str> {
    SCRIPTS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The scripts that come with the program, as files that others include.
pub struct Shipped;

impl Files for Shipped {
    fn read(&self, name: &str) -> Result<String, String> {
        let found = find(name.trim_end_matches(".yaml")).map(str::to_owned);
        found.ok_or_else(|| "no script of that name comes with the program".to_owned())
    }
}
