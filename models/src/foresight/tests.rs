//! A model judges the assets that it was learned for, or is refused with the reason; what it says adds up.

use super::sampled::Memory;
use super::{Asked, Foresight, ForesightError, REASONS_MAX, Row};
use crate::assessed::Layout;
use crate::features::Features;
use crate::history::Plan;
use crate::model::{Learned, Model, ModelError, Origin, Schema};
use crate::supervised::Table;
use crate::training::tests::small;
use crate::training::{Classifier, Examples};
use messages::health::HealthAssessed;
use messages::profile::{self, Profile};
use messages::{Finite, Timestamp};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::collections::BTreeMap;

const COMPONENT: &str = "brake";

fn profile(change: impl FnOnce(String) -> String) -> Profile {
    let text = profile::embedded("vehicle").unwrap().to_owned();
    Profile::parse(&change(text)).unwrap()
}

fn vehicle() -> Profile {
    profile(|text| text)
}

/// Learned from rows in which brakes fail the surer the higher every number is.
fn learned() -> Model {
    let profile = vehicle();
    let rows = Layout::of(&profile).rows();
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut table = Table::new(rows.names.clone()).unwrap();
    let (mut outcomes, mut groups) = (Vec::new(), Vec::new());
    for asset in 0..12 {
        for _ in 0..30 {
            let wear: f32 = rng.r#gen();
            let row: Vec<Option<f32>> =
                rows.names.iter().map(|_| Some(wear + 0.1 * rng.r#gen::<f32>())).collect();
            table.push(&row).unwrap();
            outcomes.push(rng.gen_bool(f64::from(wear)));
            groups.push(asset);
        }
    }
    let examples = Examples { table: &table, outcomes: &outcomes, groups: &groups };
    let classifier = Classifier::learn(&examples, small(), &mut || ()).unwrap();
    let (plan, derived) = (Plan::default(), Vec::new());
    Model {
        schema: Schema {
            profile: profile.name.clone(),
            plan,
            derived,
            regimes: None,
            sampled: None,
        },
        origin: Origin {
            dataset: "north".into(),
            data: String::new(),
            rows: 360,
            seed: 0,
            settings: small(),
        },
        figures: BTreeMap::new(),
        learned: Learned::Assessed {
            within: profile.horizon.duration(),
            rows,
            by_component: BTreeMap::from([(COMPONENT.to_owned(), classifier)]),
        },
    }
}

/// Every feature reads `level`.
fn assessed(level: f64) -> HealthAssessed {
    let profile = vehicle();
    let features = Features::of(&profile);
    let count = features.features().len();
    HealthAssessed {
        fleet: "demo".into(),
        asset: "VEH001".into(),
        profile: profile.name.clone(),
        window_start: Timestamp::EPOCH,
        window_end: Timestamp::from_millis(60_000).unwrap(),
        revision: 0,
        operating_state: None,
        samples: 12,
        feature_schema: features.schema(),
        features: vec![Some(Finite::new(level).unwrap()); count],
        feature_ages: vec![None; count],
        anomaly: None,
        trends: Vec::new(),
        sensor_faults: Vec::new(),
        codes: Vec::new(),
        comparisons: Vec::new(),
    }
}

fn asked(foresight: &Foresight, assessed: &HealthAssessed) -> Row {
    match foresight.ask(&mut Memory::default(), assessed) {
        Asked::Row(row) => row,
        nothing => panic!("{nothing:?}"),
    }
}

#[test]
fn reasons_add_up_to_the_votes_of_the_trees_and_the_probability_rises_with_them() {
    let model = learned();
    let foresight = Foresight::open(&model.encode(), &vehicle()).unwrap();
    let Learned::Assessed { by_component, .. } = model.learned else { unreachable!() };
    assert!(foresight.judges(COMPONENT) && !foresight.judges("engine"));
    let said = |level: f64| {
        let row = asked(&foresight, &assessed(level));
        let reasons = foresight.reasons(COMPONENT, &row);
        let score: f64 = reasons.iter().map(|reason| reason.amount).sum();
        let (base, parts) = by_component[COMPONENT].contributions(&row.0);
        let votes = base + parts.iter().sum::<f64>();
        assert!((score - votes).abs() < 1e-9, "{score} {votes}");
        assert!(reasons.len() <= REASONS_MAX + 2, "{reasons:?}");
        assert!(reasons.is_sorted_by(|one, next| one.amount >= next.amount), "{reasons:?}");
        assert_eq!(foresight.probability("engine", &row), None);
        foresight.probability(COMPONENT, &row).unwrap()
    };
    let (low, high) = (said(0.05), said(0.95));
    // Trends are missing in both, so neither is sure.
    assert!(2.0 * low < high, "{low} {high}");
}

#[test]
fn a_model_for_something_else_is_refused_with_the_reason() {
    let bytes = learned().encode();
    let refused = |profile: &Profile| Foresight::open(&bytes, profile).unwrap_err();
    let renamed = profile(|text| text.replace("name = \"vehicle\"", "name = \"tram\""));
    let expected = ForesightError::Profile { found: "vehicle".into(), asked: "tram".into() };
    assert_eq!(refused(&renamed), expected);
    let sooner = profile(|text| text.replace("horizon = \"7d\"", "horizon = \"3d\""));
    let days = ForesightError::Horizon {
        profile: "vehicle".into(),
        found_hours: 7 * 24,
        asked_hours: 3 * 24,
    };
    assert_eq!(refused(&sooner), days);
    let fewer = profile(|text| text.replacen("\"engine_speed\", \"coolant", "\"coolant", 1));
    assert!(matches!(refused(&fewer), ForesightError::Model(ModelError::Schema { place: 1, .. })));
    let other_limit = profile(|text| text.replace("critical = 110", "critical = 112"));
    assert!(matches!(refused(&other_limit), ForesightError::Layout { .. }));
}

#[test]
fn a_model_of_another_kind_or_component_is_refused() {
    let open = |model: &Model| Foresight::open(&model.encode(), &vehicle()).unwrap_err();
    let mut past = learned();
    let within = vehicle().horizon.duration();
    past.learned = Learned::Failures { within, by_component: BTreeMap::new() };
    assert_eq!(open(&past), ForesightError::Purpose);
    let mut strange = learned();
    if let Learned::Assessed { by_component, .. } = &mut strange.learned {
        let classifier = by_component.remove(COMPONENT).unwrap();
        by_component.insert("sail".to_owned(), classifier);
    }
    let (profile, component) = ("vehicle".into(), "sail".into());
    assert_eq!(open(&strange), ForesightError::Component { profile, component });
}

#[test]
fn a_damaged_model_is_no_model() {
    let mut bytes = learned().encode();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    let refused = Foresight::open(&bytes, &vehicle()).unwrap_err();
    assert!(matches!(refused, ForesightError::Model(ModelError::Checksum { .. })), "{refused}");
}

#[test]
fn an_assessment_of_another_schema_cannot_be_asked_about() {
    let foresight = Foresight::open(&learned().encode(), &vehicle()).unwrap();
    let other = HealthAssessed { feature_schema: 1, ..assessed(0.5) };
    assert_eq!(foresight.ask(&mut Memory::default(), &other), Asked::OtherForm);
}
