//! A model that was learned from samples speaks at once, asks for the asset's past, and is kept from it by a faulty sensor.

use super::learned::promoted;
use super::{Config, Diagnosis, finite};
use messages::health::{HealthAssessed, SensorFault, SensorFaultKind};
use messages::prediction::{
    ClearedReason, FailurePredicted, PredictionCleared, PredictionWithheld, Severity,
    WithheldReason,
};
use messages::profile::{self, Profile};
use messages::registry::MaintenanceRecorded;
use messages::{Message, Timestamp};
use models::features::Features;
use models::history::Plan;
use models::model::{Learned, Model, Origin, Samples, Schema};
use models::supervised::{Table, boost, forest};
use models::training::{Classifier, Examples, Settings};
use runtime::models::{checksum, kept_as};
use runtime::store::memory::MemoryStore;
use runtime::store::{Batch, Store};
use runtime::testkit::World;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

const ASSET: &str = "M1";
const DAY: Duration = Duration::from_secs(86_400);
/// Days after which the first component fails, whatever is measured.
const WORN_DAYS: u32 = 10;

fn machine() -> Profile {
    Profile::parse(profile::embedded("machine").unwrap()).unwrap()
}

/// Learned from machines whose first component fails more than [`WORN_DAYS`] after work on it.
fn model() -> Vec<u8> {
    let profile = machine();
    let plan = Plan {
        channels: vec!["voltage".to_owned(), "vibration".to_owned()],
        components: vec!["comp1".to_owned()],
        ..Plan::default()
    };
    let names = plan.names();
    let place = names.iter().position(|name| name == "comp1_days_since_service").unwrap();
    let settings = Settings {
        forest: forest::Settings { trees: 20, ..forest::Settings::default() },
        boost: boost::Settings { rounds_max: 20, ..boost::Settings::default() },
    };
    let mut table = Table::new(names.clone()).unwrap();
    let (mut outcomes, mut groups) = (Vec::new(), Vec::new());
    for (asset, days) in (0..12).flat_map(|asset| (0..20_u16).map(move |days| (asset, days))) {
        let mut row = vec![None; names.len()];
        row[place] = Some(f32::from(days));
        table.push(&row).unwrap();
        outcomes.push(u32::from(days) > WORN_DAYS);
        groups.push(asset);
    }
    let examples = Examples { table: &table, outcomes: &outcomes, groups: &groups };
    let classifier = Classifier::learn(&examples, settings, &mut || ()).unwrap();
    let sampled = Some(Samples { every: DAY, features: Features::of(&profile).schema() });
    let derived = Vec::new();
    Model {
        schema: Schema { profile: profile.name.clone(), plan, derived, regimes: None, sampled },
        origin: Origin {
            dataset: "hall".into(),
            data: String::new(),
            rows: 240,
            seed: 0,
            settings,
        },
        figures: BTreeMap::new(),
        learned: Learned::Failures {
            within: profile.horizon.duration(),
            by_component: [("comp1".to_owned(), classifier)].into(),
        },
    }
    .encode()
}

fn day(number: u32) -> Timestamp {
    let start: Timestamp = "2026-03-02T06:00:00Z".parse().unwrap();
    start.saturating_add(DAY * number)
}

/// A world in which the model is in use, and the first component was worked on at the beginning.
fn world() -> World {
    let bytes = model();
    let store = Arc::new(MemoryStore::default());
    let kept = vec![(kept_as(&checksum(&bytes)), Some(bytes.clone()))];
    store.commit(Batch { blobs: kept, ..Batch::default() }).unwrap();
    let mut world = World::seeded(7).agent::<Diagnosis>(Config::default()).on(store);
    world.publish(promoted("machine", &bytes));
    world.publish(maintained(0));
    world
}

fn maintained(number: u32) -> MaintenanceRecorded {
    let (asset, component) = (ASSET.into(), "comp1".into());
    MaintenanceRecorded { asset, component, performed_at: day(number) }
}

/// The window of a day, in which voltage and vibration were measured.
fn assessed(number: u32) -> HealthAssessed {
    let profile = machine();
    let features = Features::of(&profile);
    let names = features.features().iter();
    let values =
        names.map(|it| ["voltage", "vibration"].contains(&&*it.name).then(|| finite(170.0)));
    let values: Vec<_> = values.collect();
    HealthAssessed {
        fleet: "demo".into(),
        asset: ASSET.into(),
        profile: profile.name.clone(),
        window_start: day(number),
        window_end: day(number).saturating_add(profile.window.duration()),
        revision: 0,
        operating_state: None,
        samples: 1,
        feature_schema: features.schema(),
        feature_ages: values.iter().map(|value| value.map(|_| 600)).collect(),
        features: values,
        anomaly: None,
        trends: Vec::new(),
        sensor_faults: Vec::new(),
        codes: Vec::new(),
        comparisons: Vec::new(),
    }
}

fn said<M: Message>(world: &World) -> usize {
    world.published::<M>().len()
}

#[test]
fn it_speaks_in_the_first_window_that_says_so_and_takes_it_back_in_the_first_that_does_not() {
    let mut world = world();
    (1..=WORN_DAYS).for_each(|number| world.publish(assessed(number)));
    assert_eq!(said::<FailurePredicted>(&world), 0);
    world.publish(assessed(WORN_DAYS + 2));
    let predicted = world.published::<FailurePredicted>();
    let [predicted] = predicted.as_slice() else { panic!("{predicted:?}") };
    assert_eq!(predicted.model, format!("learned/{}", &checksum(&model())[..12]));
    assert_eq!(predicted.severity, Severity::High);
    assert_eq!(predicted.hypotheses[0].contributions[0].name, "comp1_days_since_service");
    world.publish(maintained(WORN_DAYS + 3));
    let cleared = world.published::<PredictionCleared>();
    assert_eq!(cleared[0].reason, ClearedReason::Maintained);
    world.publish(assessed(WORN_DAYS + 3));
    world.publish(assessed(2 * WORN_DAYS + 5));
    assert_eq!(said::<FailurePredicted>(&world), 2);
}

#[test]
fn a_window_in_which_nothing_of_its_channels_was_measured_changes_nothing() {
    let mut world = world();
    world.publish(assessed(WORN_DAYS + 2));
    assert_eq!(said::<FailurePredicted>(&world), 1);
    let silent = |number: u32| {
        let assessed = assessed(number);
        let count = assessed.features.len();
        HealthAssessed { features: vec![None; count], feature_ages: vec![None; count], ..assessed }
    };
    (0..20).for_each(|number| world.publish(silent(WORN_DAYS + 3 + number)));
    assert_eq!((said::<FailurePredicted>(&world), said::<PredictionCleared>(&world)), (1, 0));
}

#[test]
fn a_faulty_sensor_that_shows_the_component_keeps_it_silent() {
    let mut world = world();
    let (channel, kind, since) = ("voltage".into(), SensorFaultKind::Stuck, day(1));
    let sensor_faults = vec![SensorFault { channel, kind, since }];
    world.publish(HealthAssessed { sensor_faults, ..assessed(WORN_DAYS + 2) });
    assert_eq!(said::<FailurePredicted>(&world), 0);
    let withheld = world.published::<PredictionWithheld>();
    let [withheld] = withheld.as_slice() else { panic!("{withheld:?}") };
    let first = &withheld.components[0];
    assert_eq!((&*first.component, first.reason), ("comp1", WithheldReason::SensorFault));
}

#[test]
fn what_is_remembered_survives_a_restart() {
    let mut world = world();
    (1..WORN_DAYS).for_each(|number| world.publish(assessed(number)));
    world.kill::<Diagnosis>();
    world.publish(assessed(WORN_DAYS + 2));
    assert_eq!(said::<FailurePredicted>(&world), 1);
}
