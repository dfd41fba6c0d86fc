//! With a promoted model it says how likely a failure is and why; what may not be believed keeps it from speaking.

use super::{ASSET, Config, Diagnosis, RAISE, assessed, finite, healthy, minute};
use crate::diagnosis::MODEL;
use messages::health::{HealthAssessed, SensorFault, SensorFaultKind};
use messages::model::{ModelCard, ModelPromoted};
use messages::prediction::{FailurePredicted, Hypothesis, PredictionWithheld, WithheldReason};
use messages::profile::{self, Profile, Span};
use models::assessed::Layout;
use models::features::Features;
use models::history::Plan;
use models::model::{Learned, Model, Origin, Schema};
use models::supervised::{Table, boost, forest};
use models::training::{Classifier, Examples, Settings};
use runtime::Agent;
use runtime::models::{checksum, kept_as};
use runtime::store::memory::MemoryStore;
use runtime::store::{Batch, Store};
use runtime::testkit::World;
use std::collections::BTreeMap;
use std::sync::Arc;

fn vehicle() -> Profile {
    Profile::parse(profile::embedded("vehicle").unwrap()).unwrap()
}

/// Learned from rows in which brakes fail when pads are worn by more than half, whatever else is measured.
pub(super) fn model() -> Vec<u8> {
    let profile = vehicle();
    let rows = Layout::of(&profile).rows();
    let place = rows.names.iter().position(|name| name == "brake_pad_wear").unwrap();
    let settings = Settings {
        forest: forest::Settings { trees: 20, ..forest::Settings::default() },
        boost: boost::Settings { rounds_max: 20, ..boost::Settings::default() },
    };
    let mut table = Table::new(rows.names.clone()).unwrap();
    let (mut outcomes, mut groups) = (Vec::new(), Vec::new());
    for (asset, wear) in (0..12).flat_map(|asset| (0..20).map(move |step| (asset, step * 5))) {
        let mut row = vec![None; rows.names.len()];
        row[place] = Some(wear as f32);
        table.push(&row).unwrap();
        outcomes.push(wear > 50);
        groups.push(asset);
    }
    let examples = Examples { table: &table, outcomes: &outcomes, groups: &groups };
    let classifier = Classifier::learn(&examples, settings, &mut || ()).unwrap();
    let (plan, derived) = (Plan::default(), Vec::new());
    let model = Model {
        schema: Schema {
            profile: profile.name.clone(),
            plan,
            derived,
            regimes: None,
            sampled: None,
        },
        origin: Origin {
            dataset: "worn".into(),
            data: String::new(),
            rows: 240,
            seed: 0,
            settings,
        },
        figures: BTreeMap::new(),
        learned: Learned::Assessed {
            within: profile.horizon.duration(),
            rows,
            by_component: [("brake".to_owned(), classifier)].into(),
        },
    };
    model.encode()
}

pub(super) fn promoted(profile: &str, bytes: &[u8]) -> ModelPromoted {
    ModelPromoted {
        profile: profile.into(),
        agent: Diagnosis::KIND.into(),
        model: Some(ModelCard {
            name: "worn".into(),
            checksum: checksum(bytes),
            feature_schema: 0,
            data: String::new(),
            figures: BTreeMap::new(),
        }),
        before: None,
        rolled_back: false,
        forced: None,
        by: "a test".into(),
        reason: "to see".into(),
        shadow: false,
    }
}

/// A world in which the model is in use.
fn world() -> World {
    let (mut world, bytes) = (unjudged(), model());
    world.publish(promoted("vehicle", &bytes));
    world
}

/// A world that keeps the model, which is not in use.
pub(super) fn unjudged() -> World {
    let bytes = model();
    let store = Arc::new(MemoryStore::default());
    let kept = vec![(kept_as(&checksum(&bytes)), Some(bytes.clone()))];
    store.commit(Batch { blobs: kept, ..Batch::default() }).unwrap();
    let no_delay = Span::from_millis(1).unwrap();
    let config = Config { on_delay: no_delay, off_delay: no_delay, ..Config::default() };
    World::seeded(7).agent::<Diagnosis>(config).on(store)
}

/// A window whose pads are worn by so much, by a trend that is far from its limit.
pub(super) fn worn(end: i64, wear: f64) -> HealthAssessed {
    let profile = vehicle();
    let features = Features::of(&profile);
    let wear_at = features.features().iter().position(|it| it.name == "brake_pad_wear").unwrap();
    let mut values = vec![None; features.features().len()];
    values[wear_at] = Some(finite(wear));
    HealthAssessed { feature_schema: features.schema(), features: values, ..healthy(end) }
}

fn brake(predicted: &FailurePredicted) -> &Hypothesis {
    predicted.hypotheses.iter().find(|known| known.component == "brake").expect("the brake")
}

#[test]
fn a_promoted_model_says_how_likely_it_is_and_its_reasons_add_up_to_its_score() {
    let mut world = world();
    (1..=RAISE).for_each(|end| world.publish(worn(end, 10.0)));
    assert_eq!(world.published::<FailurePredicted>(), [], "neither model nor trend sees a failure");
    (RAISE + 1..=2 * RAISE).for_each(|end| world.publish(worn(end, 90.0)));
    let predicted = world.published::<FailurePredicted>();
    let [predicted] = predicted.as_slice() else { panic!("{predicted:?}") };
    assert_eq!(predicted.model, format!("learned/{}", &checksum(&model())[..12]));
    let Hypothesis { probability, score, contributions, .. } = brake(predicted);
    assert!(probability.get() > 0.9, "{probability}");
    let sum: f64 = contributions.iter().map(|part| part.amount.get()).sum();
    assert!((sum - score.get()).abs() < 1e-12, "{sum} {score}");
    assert_eq!(contributions[0].name, "brake_pad_wear");
    assert_eq!(contributions[0].value, "90.000 percent");
}

#[test]
fn without_a_model_and_after_a_rollback_trends_judge() {
    let mut world = world();
    let back = ModelPromoted { model: None, rolled_back: true, ..promoted("vehicle", b"") };
    world.publish(back);
    (1..=RAISE).for_each(|end| world.publish(worn(end, 90.0)));
    assert_eq!(world.published::<FailurePredicted>(), []);
    let hot = |end| HealthAssessed { trends: assessed(end, super::HOT).trends, ..worn(end, 90.0) };
    (RAISE + 1..=2 * RAISE).for_each(|end| world.publish(hot(end)));
    let predicted = world.published::<FailurePredicted>();
    assert_eq!(predicted.iter().map(|it| it.model.as_str()).collect::<Vec<_>>(), [MODEL]);
}

#[test]
fn a_sensor_that_is_not_to_be_believed_keeps_the_model_from_speaking() {
    let mut world = world();
    let fault = SensorFault {
        channel: "brake_pad_wear".into(),
        kind: SensorFaultKind::Stuck,
        since: minute(0),
    };
    for end in 1..=RAISE {
        world.publish(HealthAssessed { sensor_faults: vec![fault.clone()], ..worn(end, 90.0) });
    }
    assert_eq!(world.published::<FailurePredicted>(), []);
    let withheld = world.published::<PredictionWithheld>();
    let reasons: Vec<_> = withheld.iter().flat_map(|it| &it.components).collect();
    let brake = reasons.iter().find(|it| it.component == "brake").expect("the brake");
    assert_eq!(brake.reason, WithheldReason::SensorFault);
}

#[test]
fn a_window_of_another_schema_is_not_judged_by_the_model() {
    let mut world = world();
    let other = |end| HealthAssessed { feature_schema: 1, ..worn(end, 90.0) };
    (1..=RAISE).for_each(|end| world.publish(other(end)));
    assert_eq!(world.published::<FailurePredicted>(), []);
    let withheld = world.published::<PredictionWithheld>();
    let brakes = withheld.iter().flat_map(|it| &it.components).filter(|it| it.component == "brake");
    assert_eq!(brakes.count(), 1, "{withheld:?}");
    assert!(withheld.iter().all(|it| it.asset == ASSET));
}
