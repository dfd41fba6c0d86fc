//! What is learned of assets that fail by a known rule.

use super::{Classifier, Examples, GROWTHS, LifeModel, Settings};
use crate::supervised::judge::{self, Confusion};
use crate::supervised::{LearnError, Table, boost, forest};
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

pub(crate) fn small() -> Settings {
    Settings {
        forest: forest::Settings { trees: 20, ..forest::Settings::default() },
        boost: boost::Settings { rounds_max: 20, ..boost::Settings::default() },
    }
}

/// Rows of `assets` assets, forty each, that fail the surer the larger their first feature is; the second is noise, the
/// third names the asset, and nothing is ever known of the fourth.
pub(crate) fn failing(assets: u32, seed: u64) -> (Table, Vec<bool>, Vec<u32>) {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let names = ["wear", "noise", "asset", "unknown"].map(str::to_owned).to_vec();
    let mut table = Table::new(names).unwrap();
    let (mut outcomes, mut groups) = (Vec::new(), Vec::new());
    for asset in 0..assets {
        for _ in 0..40 {
            let wear: f32 = rng.r#gen();
            let row = [Some(wear), Some(rng.r#gen()), Some(asset as f32), None];
            table.push(&row).unwrap();
            outcomes.push(rng.gen_bool(f64::from(wear * wear)));
            groups.push(asset);
        }
    }
    (table, outcomes, groups)
}

fn learn(table: &Table, outcomes: &[bool], groups: &[u32]) -> Result<Classifier, LearnError> {
    Classifier::learn(&Examples { table, outcomes, groups }, small(), &mut || ())
}

fn said(classifier: &Classifier, table: &Table) -> Vec<f64> {
    let row = |index| table.row(index).collect::<Vec<f32>>();
    (0..table.len()).map(|index| classifier.probability(&row(index))).collect()
}

#[test]
fn probabilities_are_calibrated_on_rows_that_were_not_learned_from() {
    let (table, outcomes, groups) = failing(60, 1);
    let classifier = learn(&table, &outcomes, &groups).unwrap();
    let (fresh, truth, _) = failing(60, 2);
    let error = judge::expected_calibration_error(&said(&classifier, &fresh), &truth).unwrap();
    assert!(error < 0.05, "{error}");
    // Trees know the rows they were grown on far too well: calibrated on these, they would say what came of each.
    let known = said(&classifier, &table);
    assert!(judge::brier(&known, &outcomes).unwrap() > 0.01);
    let threshold = Confusion::at(&said(&classifier, &fresh), &truth, classifier.threshold);
    let half = Confusion::at(&said(&classifier, &fresh), &truth, 0.9);
    assert!(threshold.f1() > half.f1(), "{threshold:?} {half:?}");
}

#[test]
fn rows_of_one_asset_are_never_on_both_sides() {
    // The outcome is the asset's own and nothing shows it: whoever knows an asset's other rows knows it, no other.
    let (table, _, groups) = failing(40, 3);
    let outcomes: Vec<bool> = groups.iter().map(|group| group % 3 == 1).collect();
    let classifier = learn(&table, &outcomes, &groups).unwrap();
    let sure = said(&classifier, &table).into_iter().filter(|p| *p > 0.9).count();
    assert_eq!(sure, 0, "what is said of assets never seen is not right, so nothing may be sure");
}

#[test]
fn the_same_rows_and_seed_give_the_same_bytes_and_another_seed_others() {
    let (table, outcomes, groups) = failing(10, 4);
    let bytes = |seed| {
        let examples = Examples { table: &table, outcomes: &outcomes, groups: &groups };
        let settings = small().seeded(seed);
        postcard::to_allocvec(&Classifier::learn(&examples, settings, &mut || ()).unwrap()).unwrap()
    };
    assert_eq!(bytes(1), bytes(1));
    assert_ne!(bytes(1), bytes(2));
}

#[test]
fn what_cannot_be_learned_is_refused_with_its_reason() {
    let (table, outcomes, groups) = failing(4, 5);
    let one_class = learn(&table, &[false; 160], &groups).unwrap_err();
    assert_eq!(one_class, LearnError::OneClass { rows: 120 });
    let one_group = learn(&table, &outcomes, &[7; 160]).unwrap_err();
    assert_eq!(one_group, LearnError::OneGroup { rows: 160 });
    let fewer = learn(&table, &outcomes[1..], &groups).unwrap_err();
    assert_eq!(fewer, LearnError::Outcomes { expected: 160, found: 159 });
    let row = table.select(&[0]);
    assert_eq!(
        learn(&row, &[true], &[0]).unwrap_err(),
        LearnError::TooFewRows { rows: 1, least: 2 }
    );
    let none = table.select(&[]);
    assert_eq!(learn(&none, &[], &[]).unwrap_err(), LearnError::TooFewRows { rows: 0, least: 2 });
}

#[test]
fn contributions_sum_to_the_score_and_go_to_what_matters() {
    let (table, outcomes, groups) = failing(30, 6);
    let classifier = learn(&table, &outcomes, &groups).unwrap();
    let (base, parts) = classifier.contributions(&[0.95, 0.5, 3.0, f32::NAN]);
    let score = classifier.trees.value(&[0.95, 0.5, 3.0, f32::NAN]);
    assert!((base + parts.iter().sum::<f64>() - score).abs() < 1e-5);
    assert!(parts[0] > 3.0 * parts[1].abs().max(parts[2].abs()), "{parts:?}");
    assert!(parts[3].abs() < f64::EPSILON, "nothing was ever known of it: {parts:?}");
}

#[test]
fn growing_is_told_as_often_as_it_happens() {
    let (table, outcomes, groups) = failing(8, 7);
    let examples = Examples { table: &table, outcomes: &outcomes, groups: &groups };
    let mut told = 0;
    Classifier::learn(&examples, small(), &mut || told += 1).unwrap();
    assert_eq!(told, GROWTHS);
}

/// Rows of lives whose only trace is a noisy level that rises over the last fifty samples; what is left, and whose.
pub(crate) fn wearing(assets: u32, seed: u64) -> (Table, Vec<f64>, Vec<u32>) {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut table = Table::new(vec!["level".to_owned()]).unwrap();
    let (mut left, mut groups) = (Vec::new(), Vec::new());
    for asset in 0..assets {
        for remaining in (0..rng.gen_range(60..120_u16)).rev() {
            let level = f64::from(50_u16.saturating_sub(remaining)) + rng.gen_range(-3.0..3.0);
            table.push(&[Some(level as f32)]).unwrap();
            left.push(f64::from(remaining));
            groups.push(asset);
        }
    }
    (table, left, groups)
}

#[test]
fn bounds_of_life_hold_the_truth_of_lives_never_seen_as_often_as_promised() {
    let (table, left, groups) = wearing(40, 1);
    let examples = Examples { table: &table, outcomes: &left, groups: &groups };
    let settings =
        Settings { forest: forest::Settings { leaf_rows_min: 5, ..small().forest }, ..small() };
    let model = LifeModel::learn(&examples, (50.0, 0.9), settings, &mut || ()).unwrap();
    assert!((0.88..0.93).contains(&model.coverage_unseen), "{}", model.coverage_unseen);
    let (fresh, truth, _) = wearing(40, 2);
    let said: Vec<_> =
        (0..fresh.len()).map(|index| model.left(&fresh.row(index).collect::<Vec<f32>>())).collect();
    let held = said.iter().zip(&truth).filter(|(said, truth)| said.holds(**truth)).count();
    let share = held as f64 / truth.len() as f64;
    assert!((0.86..0.97).contains(&share), "{share}");
    assert!(said.iter().all(|said| said.low <= said.expected && said.expected <= 50.0));
    let (young, old) = (model.left(&[0.0]), model.left(&[49.0]));
    assert_eq!(young.high, None, "beyond the cap nothing is told apart");
    assert!(old.high.is_some_and(|high| high < 15.0), "{old:?}");
}

#[test]
fn lives_too_few_to_be_tried_on_are_refused() {
    let (table, left, groups) = wearing(1, 3);
    let learn = |cap: f64, groups: &[u32]| {
        let examples = Examples { table: &table, outcomes: &left, groups };
        LifeModel::learn(&examples, (cap, 0.9), small(), &mut || ()).unwrap_err()
    };
    assert_eq!(learn(50.0, &groups), LearnError::OneGroup { rows: table.len() });
    let two: Vec<u32> = (0..table.len()).map(|row| u32::from(row > 9)).collect();
    assert!(matches!(learn(f64::NAN, &two), LearnError::OutOfLimits { name: "cap", .. }));
}

/// Any rows: with holes, constant columns, one class, one asset, one row, none.
fn any_rows() -> impl Strategy<Value = (Table, Vec<bool>, Vec<u32>)> {
    let cell = || {
        prop_oneof![
            Just(None),
            Just(Some(7.0_f32)),
            any::<f32>().prop_map(|it| it.is_finite().then_some(it))
        ]
    };
    let row = (cell(), cell(), any::<bool>(), 0_u32..4);
    prop::collection::vec(row, 0..80).prop_map(|rows| {
        let mut table = Table::new(vec!["a".to_owned(), "b".to_owned()]).unwrap();
        let (mut ones, mut groups) = (Vec::new(), Vec::new());
        for (a, b, one, group) in rows {
            table.push(&[a, b]).unwrap();
            ones.push(one);
            groups.push(group);
        }
        (table, ones, groups)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_rows_give_probabilities_that_sum_up_or_are_refused((table, outcomes, groups) in any_rows()) {
        let examples = Examples { table: &table, outcomes: &outcomes, groups: &groups };
        if let Ok(classifier) = Classifier::learn(&examples, small(), &mut || ()) {
            for index in 0..table.len() {
                let row: Vec<f32> = table.row(index).collect();
                prop_assert!((0.0..=1.0).contains(&classifier.probability(&row)));
                let (base, parts) = classifier.contributions(&row);
                let sum = base + parts.iter().sum::<f64>();
                prop_assert!((sum - classifier.trees.value(&row)).abs() < 1e-5, "{sum}");
            }
        }
    }

    #[test]
    fn any_rows_give_a_life_within_its_bounds_or_are_refused((table, _, groups) in any_rows(), scale in 1.0_f64..1e6) {
        let left: Vec<f64> = (0..table.len()).map(|row| row as f64 * scale).collect();
        let examples = Examples { table: &table, outcomes: &left, groups: &groups };
        if let Ok(model) = LifeModel::learn(&examples, (scale * 20.0, 0.9), small(), &mut || ()) {
            for index in 0..table.len() {
                let said = model.left(&table.row(index).collect::<Vec<f32>>());
                prop_assert!(said.expected.is_finite() && said.low <= said.expected, "{said:?}");
                prop_assert!(said.high.is_none_or(|high| said.expected <= high), "{said:?}");
            }
        }
    }
}
