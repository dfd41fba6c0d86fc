//! Scripts for tests: written with « » around the place at which an error is to be shown.

use scenarios::language::{Files, Known, Place, Scenario, ScriptError, Source, load};
use std::collections::BTreeMap;

/// What stands above the steps of a whole script.
pub(crate) const HEAD: &str = "apiVersion: aurorasync/scenario.v1
name: test
summary: A test.
seed: 7
clock: { mode: virtual, start: \"2026-03-02T06:00:00Z\" }
fleet: { profile: vehicle, size: 3, sample: 5s, history: none }
";

/// Files by name.
#[derive(Default)]
pub(crate) struct Shelf(pub(crate) BTreeMap<String, String>);

impl Files for Shelf {
    fn read(&self, name: &str) -> Result<String, String> {
        self.0.get(name).cloned().ok_or_else(|| "there is no such file".to_owned())
    }
}

/// Names for tests.
pub(crate) fn known() -> Known {
    let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
    Known {
        agents: names(&["data-analysis", "diagnosis", "scheduling"]),
        faults: names(&["brake_pad_wear", "sensor_drift"]),
        profiles: names(&["vehicle", "machine"]),
        events: names(&["fuel_watch.noticed"]),
    }
}

/// Reads `text`.
pub(crate) fn read(text: &str) -> Result<Scenario, ScriptError> {
    load(Source::new("test.yaml", text), &Shelf::default(), &known())
}

/// A script with these steps.
pub(crate) fn with_steps(steps: &str) -> String {
    format!("{HEAD}steps:\n{steps}")
}

/// `text` without « and », and the place between them.
pub(crate) fn unmark(text: &str) -> (String, Option<Place>) {
    let mut place = None;
    for (index, line) in text.lines().enumerate() {
        if let Some((before, rest)) = line.split_once('«') {
            let inside = rest.split('»').next().unwrap_or_default();
            let width = inside.chars().count().max(1);
            place = Some(Place { line: index + 1, column: before.chars().count() + 1, width });
        }
    }
    (text.replace(['«', '»'], ""), place)
}
