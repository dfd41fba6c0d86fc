//! What a forest promises, on seeded data.

use super::stored::Node;
use super::*;
use crate::noise::Noise;
use proptest::prelude::*;

const NAMES: [&str; 3] = ["coolant", "oil", "battery"];

fn settings(seed: u64) -> Settings {
    Settings { trees: 40, sample: 64, seed }
}

/// A cloud with correlated features; one value in ten missing.
fn cloud(noise: &mut Noise, count: usize) -> Vec<Vec<Option<f32>>> {
    let row = |noise: &mut Noise| {
        let shared = noise.normal();
        let values = (0..3).map(|_| (shared + 0.5 * noise.normal()) as f32);
        let values: Vec<f32> = values.collect();
        values.into_iter().map(|value| (noise.uniform(0.0, 1.0) > 0.1).then_some(value)).collect()
    };
    (0..count).map(|_| row(noise)).collect()
}

fn rows(values: &[Vec<Option<f32>>]) -> Rows {
    let mut rows = Rows::new(3).unwrap();
    values.iter().for_each(|row| rows.push(row).unwrap());
    rows
}

fn forest(seed: u64) -> Forest {
    let data = cloud(&mut Noise::seeded(seed), 500);
    Forest::train(schema_of(&NAMES), &rows(&data), settings(seed)).unwrap()
}

/// Probability that an anomaly scores higher than a usual row (area under the ROC curve).
fn area_under_curve(usual: &[f32], anomalies: &[f32]) -> f64 {
    let wins = anomalies.iter().flat_map(|anomaly| {
        usual.iter().map(move |usual| match anomaly.total_cmp(usual) {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => 0.0,
        })
    });
    wins.sum::<f64>() / (usual.len() * anomalies.len()) as f64
}

#[test]
fn anomalies_score_higher_than_what_is_usual() {
    let mut noise = Noise::seeded(5);
    let usual = cloud(&mut noise, 2_000);
    let forest =
        Forest::train(1, &rows(&usual), Settings { seed: 5, ..Settings::default() }).unwrap();
    let score = |row: &[Option<f32>]| forest.score(row).unwrap().unwrap();
    let usual: Vec<f32> =
        usual.iter().filter(|row| row.iter().any(Option::is_some)).map(|row| score(row)).collect();
    let anomalies: Vec<f32> = (0..200)
        .map(|_| {
            // Against the correlation: each value is within what is usual, the combination is not.
            let far = noise.uniform(2.0, 3.0) as f32;
            score(&[Some(far), Some(-far), None])
        })
        .collect();
    let area = area_under_curve(&usual, &anomalies);
    println!("AUC {area:.4} (seed 5)");
    assert!(area > 0.97, "AUC {area}");
}

#[test]
fn an_average_row_scores_one_half_and_a_lone_one_near_the_top() {
    let mut rows = Rows::new(1).unwrap();
    (0..255).for_each(|_| rows.push(&[Some(1.0)]).unwrap());
    rows.push(&[Some(1_000.0)]).unwrap();
    let forest = Forest::train(1, &rows, Settings::default()).unwrap();
    // Every tree is one split: the lone row has path 1, the others 1 + c(255), with c(256) ≈ 10.25.
    let lone = forest.score(&[Some(1_000.0)]).unwrap().unwrap();
    assert!((lone - (-1.0_f32 / path_of(256)).exp2()).abs() < 1e-6, "{lone}");
    let other = forest.score(&[Some(1.0)]).unwrap().unwrap();
    assert!((other - (-(1.0 + path_of(255)) / path_of(256)).exp2()).abs() < 1e-6, "{other}");
}

#[test]
fn a_value_at_the_threshold_goes_right() {
    let mut stored = forest(1).stored;
    let split = Node::Split { feature: 0, missing_right: false, threshold: 5.0 };
    (stored.sample, stored.trees) =
        (9, vec![vec![split, Node::Leaf { rows: 1 }, Node::Leaf { rows: 8 }]]);
    let forest = Forest::from_stored(stored).unwrap();
    let score = |value| forest.score(&[Some(value), None, None]).unwrap();
    assert_eq!(score(5.0), score(6.0));
    assert_ne!(score(5.0), score(4.999));
}

#[test]
fn mean_paths_are_those_of_the_paper() {
    assert_eq!(path_of(1), 0.0);
    assert_eq!(path_of(2), 1.0);
    assert!((path_of(256) - 10.248_7).abs() < 1e-4, "{}", path_of(256));
}

#[test]
fn the_same_rows_and_seed_give_the_same_bytes_in_any_order() {
    let mut data = cloud(&mut Noise::seeded(7), 300);
    let bytes = |data: &[Vec<Option<f32>>], seed| {
        Forest::train(9, &rows(data), settings(seed)).unwrap().encode().unwrap()
    };
    let first = bytes(&data, 3);
    data.reverse();
    data.swap(10, 200);
    assert!(first == bytes(&data, 3), "another order, other bytes");
    assert!(first != bytes(&data, 4), "another seed, the same bytes");
}

#[test]
fn a_stored_forest_scores_as_before() {
    let forest = forest(1);
    let again = Forest::decode(&forest.encode().unwrap(), forest.schema()).unwrap();
    assert_eq!(again, forest);
}

#[test]
fn a_model_of_other_features_is_refused() {
    let bytes = forest(1).encode().unwrap();
    let other = schema_of(&["oil", "coolant", "battery"]);
    let error = Forest::decode(&bytes, other).unwrap_err();
    assert_eq!(error, ForestError::OtherFeatures { expected: other, found: schema_of(&NAMES) });
    assert_ne!(schema_of(&["ab", "c"]), schema_of(&["a", "bc"]));
}

#[test]
fn a_model_that_training_cannot_have_written_is_refused() {
    let breaks: [fn(&mut Stored); 8] = [
        |stored| stored.trees.clear(),
        |stored| stored.features = 0,
        |stored| stored.sample = 1,
        |stored| stored.trees[0].push(Node::Leaf { rows: 1 }),
        |stored| stored.trees[0].truncate(2),
        |stored| stored.trees[0] = vec![Node::Leaf { rows: 3 }],
        |stored| {
            let split = Node::Split { feature: 3, missing_right: false, threshold: 0.0 };
            stored.trees[0][0] = split;
        },
        |stored| {
            let split = Node::Split { feature: 0, missing_right: false, threshold: 0.0 };
            stored.trees[0].splice(0..0, vec![split; 100]);
        },
    ];
    for (index, broken) in breaks.into_iter().enumerate() {
        let mut stored = forest(1).stored;
        broken(&mut stored);
        let bytes = record::encode(&stored).unwrap();
        assert!(Forest::decode(&bytes, stored.schema).is_err(), "break {index} was accepted");
    }
}

#[test]
fn rows_that_cannot_be_scored_are_refused_or_have_no_score() {
    let forest = forest(1);
    assert_eq!(forest.score(&[None, None, None]), Ok(None));
    let narrow = forest.score(&[Some(1.0)]);
    assert_eq!(narrow, Err(ForestError::Width { expected: 3, found: 1 }));
    let infinite = forest.score(&[Some(1.0), Some(f32::INFINITY), None]);
    assert_eq!(infinite, Err(ForestError::NotFinite { feature: 1 }));
    let mut block = Block::<1>::new(3);
    block.push(&[None, Some(1.0), None]).unwrap();
    assert_eq!(block.push(&[None, Some(1.0), None]), Err(ForestError::BlockFull));
}

#[test]
fn nothing_is_grown_from_too_little_or_with_wild_settings() {
    let one = rows(&cloud(&mut Noise::seeded(1), 1));
    let error = Forest::train(1, &one, settings(1)).unwrap_err();
    assert_eq!(error, ForestError::TooFewRows { rows: 1 });
    for (trees, sample) in [(0, 64), (257, 64), (10, 1), (10, 1_025)] {
        let settings = Settings { trees, sample, seed: 1 };
        let error = Forest::train(1, &one, settings).unwrap_err();
        assert!(matches!(error, ForestError::OutOfLimits { .. }), "{error}");
    }
}

#[test]
fn a_missing_value_is_no_evidence() {
    let mut noise = Noise::seeded(8);
    let forest = forest(8);
    let mean = |row: &[Option<f32>]| forest.score(row).unwrap().unwrap();
    let usual: f32 = (0..200)
        .map(|_| mean(&[Some(0.3 * noise.normal() as f32), Some(0.0), Some(0.0)]))
        .sum::<f32>()
        / 200.0;
    let holes = mean(&[Some(0.0), None, None]);
    assert!((holes - usual).abs() < 0.05, "{holes} with holes, {usual} without");
    let wild = mean(&[Some(20.0), None, None]);
    assert!(wild > holes + 0.1, "{wild} is not above {holes}");
}

fn any_row() -> impl Strategy<Value = Vec<Option<f32>>> {
    prop::collection::vec(prop::option::of(-1e30_f32..1e30), 3)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn scores_lie_between_zero_and_one(
        data in prop::collection::vec(any_row(), 2..40), row in any_row(), seed: u64,
    ) {
        let forest = Forest::train(1, &rows(&data), settings(seed)).unwrap();
        match forest.score(&row).unwrap() {
            Some(score) => prop_assert!(score > 0.0 && score < 1.0, "{score}"),
            None => prop_assert!(row.iter().all(Option::is_none)),
        }
    }

    #[test]
    fn a_row_scores_the_same_alone_and_anywhere_in_a_block(
        data in prop::collection::vec(any_row(), 0..16), shift in 0_usize..16,
    ) {
        let forest = forest(2);
        let mut turned = data.clone();
        turned.rotate_left(shift.min(data.len()));
        let mut block = Block::<BLOCK_ROWS>::new(3);
        turned.iter().for_each(|row| block.push(row).unwrap());
        let scores = forest.score_block(&block);
        for (row, score) in turned.iter().zip(scores) {
            prop_assert_eq!(forest.score(row).unwrap(), score);
        }
        prop_assert!(scores[data.len()..].iter().all(Option::is_none));
        block.clear();
        prop_assert!(forest.score_block(&block).iter().all(Option::is_none));
    }

    #[test]
    fn the_order_of_training_rows_is_irrelevant(
        mut data in prop::collection::vec(any_row(), 2..40), shift in 0_usize..40, seed: u64,
    ) {
        let first = Forest::train(1, &rows(&data), settings(seed)).unwrap();
        let by = shift % data.len();
        data.rotate_left(by);
        prop_assert_eq!(first, Forest::train(1, &rows(&data), settings(seed)).unwrap());
    }

    #[test]
    fn damaged_bytes_are_never_a_forest(at: prop::sample::Index, bit in 0_u8..8) {
        let forest = forest(3);
        let mut bytes = forest.encode().unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        prop_assert!(Forest::decode(&bytes, forest.schema()).is_err());
        prop_assert!(Forest::decode(&bytes[..at], forest.schema()).is_err());
    }
}
