//! Bytes are a model or are refused; nothing in between.

use super::earlier::{ModelV1, SchemaV1};
use super::{Learned, MAGIC, Model, ModelError, Origin, Schema, VERSION, hash};
use crate::history::Plan;
use crate::training::tests::{failing, small, wearing};
use crate::training::{Classifier, Examples, LifeModel};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Duration;

/// A plan of `width` features.
fn schema(width: usize) -> Schema {
    let attributes = (1..width).map(|number| format!("a{number}")).collect();
    let (channels, codes, components) = (Vec::new(), Vec::new(), Vec::new());
    let plan = Plan { channels, windows: Vec::new(), codes, components, attributes };
    Schema { profile: "pump".to_owned(), plan, derived: Vec::new(), regimes: None, sampled: None }
}

fn learned(seed: u64) -> Model {
    let (table, outcomes, groups) = failing(8, 1);
    let examples = Examples { table: &table, outcomes: &outcomes, groups: &groups };
    let settings = small().seeded(seed);
    let classifier = Classifier::learn(&examples, settings, &mut || ()).unwrap();
    Model {
        schema: schema(4),
        origin: Origin {
            dataset: "pumps".to_owned(),
            data: hash(&table, &[]),
            rows: table.len() as u64,
            seed,
            settings,
        },
        figures: BTreeMap::from([("f1".to_owned(), 0.5)]),
        learned: Learned::Failures {
            within: Duration::from_secs(86_400),
            by_component: BTreeMap::from([("pump".to_owned(), classifier)]),
        },
    }
}

/// The bytes of one model.
fn bytes() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| learned(0).encode())
}

#[test]
fn a_model_is_read_as_it_was_written_and_the_same_data_and_seed_give_the_same_bytes() {
    let model = learned(0);
    assert_eq!(Model::decode(bytes()).unwrap(), model);
    assert!(model.encode() == bytes(), "the same data and seed, other bytes");
    assert!(learned(1).encode() != bytes(), "another seed, the same bytes");
}

#[test]
fn a_life_model_is_read_as_it_was_written() {
    let (table, left, groups) = wearing(6, 1);
    let examples = Examples { table: &table, outcomes: &left, groups: &groups };
    let model = LifeModel::learn(&examples, (50.0, 0.9), small(), &mut || ()).unwrap();
    let learned = Learned::Life { unit: Duration::from_secs(3_600), model: Box::new(model) };
    let model = Model { schema: schema(1), learned, ..Model::decode(bytes()).unwrap() };
    assert_eq!(Model::decode(&model.encode()).unwrap(), model);
}

#[test]
fn every_cut_is_noticed() {
    for length in 0..bytes().len() {
        let refused = Model::decode(&bytes()[..length]).unwrap_err();
        match length {
            0..8 => assert_eq!(refused, ModelError::Foreign),
            _ => assert!(matches!(refused, ModelError::Length { .. }), "{length}: {refused}"),
        }
    }
    let longer = [bytes(), &[0]].concat();
    assert!(matches!(Model::decode(&longer).unwrap_err(), ModelError::Length { .. }));
}

#[test]
fn a_model_of_another_version_is_refused_by_name() {
    let mut other = bytes().to_vec();
    other[MAGIC.len()] = 3;
    let refused = Model::decode(&other).unwrap_err();
    assert_eq!(refused, ModelError::Version { found: VERSION + 1 });
    let said = "it is of version `3`, this program reads up to `2`; train it anew";
    assert_eq!(refused.to_string(), said);
    other[MAGIC.len()] = 0;
    assert_eq!(Model::decode(&other).unwrap_err(), ModelError::Version { found: 0 });
}

/// `contents` as a model of `version`.
fn sealed(version: u16, contents: &[u8]) -> Vec<u8> {
    let mut made = MAGIC.to_vec();
    made.extend(version.to_le_bytes());
    made.extend((contents.len() as u64).to_le_bytes());
    made.extend(contents);
    made.extend(crc32c::crc32c(&made).to_le_bytes());
    made
}

#[test]
fn a_model_of_version_1_is_read_with_all_that_it_held() {
    let model = learned(0);
    let Schema { profile, plan, derived, regimes, .. } = model.schema.clone();
    let schema = SchemaV1 { profile, plan, derived, regimes };
    let (origin, figures) = (model.origin.clone(), model.figures.clone());
    let old = ModelV1 { schema, origin, figures, learned: model.learned.clone() };
    let bytes = sealed(1, &postcard::to_allocvec(&old).unwrap());
    assert_eq!(Model::decode(&bytes).unwrap(), model);
}

#[test]
fn a_model_for_other_features_is_refused_with_the_first_that_differs() {
    let model = Model::decode(bytes()).unwrap();
    let mut features = model.schema.plan.names();
    assert_eq!(model.accept(&features), Ok(()));
    features[2] = "torque".to_owned();
    assert_eq!(
        model.accept(&features).unwrap_err().to_string(),
        "the model's feature 3 is `a2`, the data's is `torque`; train a model on data like these"
    );
    let refused = model.accept(&features[..2]).unwrap_err();
    assert_eq!(
        refused,
        ModelError::Schema { place: 3, model: "a2".to_owned(), data: String::new() }
    );
}

#[test]
fn trees_that_do_not_fit_the_schema_are_refused_though_the_checksum_is_right() {
    let model = Model { schema: schema(1), ..Model::decode(bytes()).unwrap() };
    assert!(matches!(Model::decode(&model.encode()).unwrap_err(), ModelError::Contents { .. }));
}

proptest! {
    #[test]
    fn every_flipped_bit_is_noticed(place in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let mut flipped = bytes().to_vec();
        let place = place.index(flipped.len());
        flipped[place] ^= 1 << bit;
        prop_assert!(Model::decode(&flipped).is_err());
    }

    #[test]
    fn any_contents_with_a_right_checksum_are_read_or_refused(
        version in 1..=VERSION,
        contents in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        if let Ok(model) = Model::decode(&sealed(version, &contents)) {
            prop_assert_eq!(Model::decode(&model.encode()), Ok(model));
        }
    }
}
