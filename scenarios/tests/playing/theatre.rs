//! Plays scripts for tests, and remembers what the audience saw.

use crate::clerk::Clerk;
use messages::Timestamp;
use runtime::effects::Effects;
use runtime::store::memory::MemoryStore;
use runtime::{Catalog, Models};
use scenarios::language::{Folder, Known, Source, Step, load};
use scenarios::measure::Record;
use scenarios::runner::{Audience, Cast, Ending, Outcome, Played, play};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Whoever watches in tests.
#[derive(Default)]
pub(crate) struct Gallery {
    pub(crate) acts: Vec<String>,
    pub(crate) notes: Vec<String>,
    pub(crate) told: usize,
    pub(crate) past: usize,
    /// Stops the story at the n-th time that it is asked.
    pub(crate) stops_at: Option<usize>,
    pub(crate) asked: usize,
}

impl Audience for Gallery {
    fn past(&mut self, _: Duration, _: Duration) {}

    fn act(&mut self, at: Timestamp, step: &Step) {
        self.acts.push(format!("{at} {}", step.action.verb()));
    }

    fn record(&mut self, _: &Record, told: bool) {
        if told { self.told += 1 } else { self.past += 1 }
    }

    fn ended(&mut self, _: &Outcome) {}

    fn note(&mut self, _: Timestamp, text: &str) {
        self.notes.push(text.to_owned());
    }

    fn is_interrupted(&mut self) -> bool {
        self.asked += 1;
        self.stops_at.is_some_and(|at| self.asked >= at)
    }

    fn owner(&mut self, _: &str) -> Option<String> {
        None
    }
}

/// A script without a fleet: `sections` stand between head and steps.
pub(crate) fn script(sections: &str, steps: &str) -> String {
    format!(
        "apiVersion: aurorasync/scenario.v1
name: test
summary: A test.
seed: 7
clock: {{ mode: virtual, start: \"2026-03-02T06:00:00Z\" }}
fleet: none
{sections}steps:
{steps}"
    )
}

/// A step that says that a component of `asset` failed.
pub(crate) fn failure(asset: &str, component: &str) -> String {
    format!(
        "  - publish: {{ event: failure.recorded, key: {asset}, data: {{ asset: {asset}, component: {component}, failed_at: \"2026-03-02T05:00:00Z\", by: test }} }}\n"
    )
}

pub(crate) fn cast() -> Cast {
    Cast {
        catalog: Catalog::default().with::<Clerk>(),
        configs: BTreeMap::new(),
        models: Arc::new(Models::default()),
        promoted: Vec::new(),
        effects: Effects::default(),
        store: Arc::new(MemoryStore::default()),
        network: "main".to_owned(),
    }
}

pub(crate) fn watched(text: &str, seed: u64, gallery: &mut Gallery) -> Played {
    let known = Known::default();
    let scenario = load(Source::new("test.yaml", text), &Folder(".".into()), &known);
    let scenario = scenario.unwrap_or_else(|error| panic!("{error}"));
    play(&scenario, seed, cast(), gallery).unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn played(text: &str) -> Played {
    watched(text, 7, &mut Gallery::default())
}

/// The failure of a story: step, place, message, nearest miss.
pub(crate) fn failure_of(played: &Played) -> [String; 4] {
    match &played.ending {
        Ending::Failed { step, place, message, nearest } => {
            [step.clone(), place.clone(), message.clone(), nearest.clone().unwrap_or_default()]
        }
        other => panic!("the story did not fail: {other:?}"),
    }
}
