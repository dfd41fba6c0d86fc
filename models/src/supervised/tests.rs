//! What is learned from rows whose outcome follows a known rule.

use super::boost::{self, Boosted, Held, Loss};
use super::calibration::Calibration;
use super::forest::{self, RandomForest};
use super::interval::Intervals;
use super::judge::{self, Confusion};
use super::{LearnError, Table};
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

fn names(count: usize) -> Vec<String> {
    (0..count).map(|index| format!("f{index}")).collect()
}

/// Rows of three features in 0 to 1 of which the first two decide by an exclusive or; a tenth of the first is missing.
fn exclusive_or(rows: usize, seed: u64) -> (Table, Vec<f32>) {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut table = Table::new(names(3)).unwrap();
    let mut outcomes = Vec::new();
    for _ in 0..rows {
        let row: [f32; 3] = rng.r#gen();
        let one = (row[0] > 0.5) != (row[1] > 0.5);
        let first = (!rng.gen_bool(0.1)).then_some(row[0]);
        table.push(&[first, Some(row[1]), Some(row[2])]).unwrap();
        outcomes.push(f32::from(u8::from(one)));
    }
    (table, outcomes)
}

/// Share of the rows without holes that `value` puts on the right side of a half.
fn right(table: &Table, outcomes: &[f32], value: impl Fn(&[f32]) -> f64) -> f64 {
    let rows: Vec<(Vec<f32>, f32)> = (0..table.len())
        .map(|index| (table.row(index).collect(), outcomes[index]))
        .filter(|(row, _): &(Vec<f32>, f32)| row.iter().all(|value| !value.is_nan()))
        .collect();
    let right = rows.iter().filter(|(row, outcome)| (value(row) > 0.5) == (*outcome > 0.5));
    right.count() as f64 / rows.len() as f64
}

#[test]
fn a_forest_learns_what_no_single_feature_shows_and_says_nothing_of_noise() {
    let (table, outcomes) = exclusive_or(2_000, 1);
    let settings = forest::Settings { trees: 60, ..forest::Settings::default() };
    let grown = RandomForest::grow(&table, &outcomes, None, settings).unwrap();
    let (fresh, truth) = exclusive_or(2_000, 2);
    assert!(right(&fresh, &truth, |row| grown.forest.value(row)) > 0.95);
    let (_, contributions) = grown.forest.contributions(&[0.9, 0.1, 0.5]);
    assert!(contributions[2].abs() < 0.1, "{contributions:?}");
    let out_of_bag: Vec<f64> = grown.out_of_bag.iter().map(|value| value.unwrap()).collect();
    let ones: Vec<bool> = outcomes.iter().map(|outcome| *outcome > 0.5).collect();
    let confusion = Confusion::at(&out_of_bag, &ones, 0.5);
    assert!(confusion.f1().unwrap() > 0.9, "{confusion:?}");
}

#[test]
fn boosted_trees_learn_it_too_and_stop_when_held_rows_get_no_better() {
    let (table, outcomes) = exclusive_or(2_000, 3);
    let (held, truth) = exclusive_or(500, 4);
    let settings = boost::Settings { features_share: 1.0, rate: 0.2, ..boost::Settings::default() };
    let held = Held { table: &held, outcomes: &truth };
    let boosted = Boosted::grow(&table, &outcomes, Some(held), Loss::Logistic, settings).unwrap();
    assert!(boosted.rounds() < settings.rounds_max as usize, "{}", boosted.rounds());
    let (fresh, truth) = exclusive_or(2_000, 5);
    assert!(right(&fresh, &truth, |row| boosted.value(row)) > 0.95);
}

#[test]
fn boosted_trees_fit_a_number() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(6);
    let mut table = Table::new(names(2)).unwrap();
    let rows: Vec<[f32; 2]> = (0..3_000).map(|_| rng.r#gen()).collect();
    for row in &rows {
        table.push(&[Some(row[0]), Some(row[1])]).unwrap();
    }
    let outcomes: Vec<f32> = rows.iter().map(|row| 10.0 * row[0] + row[1] * row[1]).collect();
    let settings = boost::Settings { features_share: 1.0, ..boost::Settings::default() };
    let boosted = Boosted::grow(&table, &outcomes, None, Loss::Squared, settings).unwrap();
    let said: Vec<f64> = rows.iter().map(|row| boosted.value(row)).collect();
    let truth: Vec<f64> = outcomes.iter().map(|outcome| f64::from(*outcome)).collect();
    assert!(judge::rmse(&said, &truth).unwrap() < 0.1);
}

#[test]
fn contributions_sum_to_what_is_said() {
    let (table, outcomes) = exclusive_or(500, 7);
    let settings = forest::Settings { trees: 20, ..forest::Settings::default() };
    let forest = RandomForest::grow(&table, &outcomes, None, settings).unwrap().forest;
    let boosted =
        Boosted::grow(&table, &outcomes, None, Loss::Logistic, boost::Settings::default()).unwrap();
    for index in 0..table.len() {
        let row: Vec<f32> = table.row(index).collect();
        let (base, parts) = forest.contributions(&row);
        assert!((base + parts.iter().sum::<f64>() - forest.value(&row)).abs() < 1e-5);
        let (base, parts) = boosted.contributions(&row);
        assert!((base + parts.iter().sum::<f64>() - boosted.raw(&row)).abs() < 1e-3);
    }
}

#[test]
fn the_same_rows_settings_and_seed_give_the_same_bytes_and_another_seed_others() {
    let (table, outcomes) = exclusive_or(300, 8);
    let bytes = |seed| {
        let settings = forest::Settings { trees: 5, seed, ..forest::Settings::default() };
        let forest = RandomForest::grow(&table, &outcomes, None, settings).unwrap().forest;
        let settings = boost::Settings { rounds_max: 5, seed, ..boost::Settings::default() };
        let boosted = Boosted::grow(&table, &outcomes, None, Loss::Logistic, settings).unwrap();
        postcard::to_allocvec(&(forest, boosted)).unwrap()
    };
    assert_eq!(bytes(1), bytes(1));
    assert_ne!(bytes(1), bytes(2));
}

#[test]
fn what_is_missing_may_be_what_tells() {
    let mut table = Table::new(names(1)).unwrap();
    let mut outcomes = Vec::new();
    for index in 0..200_u16 {
        let missing = index % 4 == 0;
        table.push(&[(!missing).then_some(f32::from(index))]).unwrap();
        outcomes.push(f32::from(u8::from(missing)));
    }
    let settings = forest::Settings { trees: 20, ..forest::Settings::default() };
    let forest = RandomForest::grow(&table, &outcomes, None, settings).unwrap().forest;
    assert!(forest.value(&[f32::NAN]) > 0.9);
    assert!(forest.value(&[101.0]) < 0.1);
}

#[test]
fn rows_that_teach_nothing_are_refused() {
    let (table, outcomes) = exclusive_or(10, 9);
    let grow = |outcomes: &[f32]| {
        Boosted::grow(&table, outcomes, None, Loss::Logistic, boost::Settings::default())
    };
    assert_eq!(grow(&[1.0; 10]).unwrap_err(), LearnError::OneClass { rows: 10 });
    assert_eq!(grow(&outcomes[..9]).unwrap_err(), LearnError::Outcomes { expected: 10, found: 9 });
    assert!(matches!(grow(&[0.5; 10]).unwrap_err(), LearnError::OutOfLimits { .. }));
    assert!(matches!(grow(&[f32::NAN; 10]).unwrap_err(), LearnError::NotFinite { .. }));
    let mut one = Table::new(names(1)).unwrap();
    one.push(&[Some(1.0)]).unwrap();
    let refused = RandomForest::grow(&one, &[1.0], None, forest::Settings::default());
    assert_eq!(refused.unwrap_err(), LearnError::TooFewRows { rows: 1, least: 2 });
    let error = one.push(&[Some(f32::INFINITY)]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`f0` of row `1` is not finite; leave a missing value out instead"
    );
}

#[test]
fn constant_columns_and_equal_rows_give_the_mean() {
    let mut table = Table::new(names(2)).unwrap();
    for _ in 0..40 {
        table.push(&[Some(3.0), None]).unwrap();
    }
    let outcomes: Vec<f32> = (0..40_u8).map(|index| f32::from(index % 2)).collect();
    let settings = forest::Settings { trees: 50, ..forest::Settings::default() };
    let forest = RandomForest::grow(&table, &outcomes, None, settings).unwrap().forest;
    assert!((forest.value(&[3.0, f32::NAN]) - 0.5).abs() < 0.1);
}

#[test]
fn calibrated_probabilities_come_true_as_often_as_they_say() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(10);
    // Scores that are far too sure of themselves.
    let mut draw = |rows: usize| -> (Vec<f64>, Vec<bool>) {
        let odds: Vec<f64> = (0..rows).map(|_| rng.gen_range(-3.0..3.0)).collect();
        let ones = odds.iter().map(|odds| rng.gen_bool(boost::logistic(*odds))).collect();
        (odds.into_iter().map(|odds| boost::logistic(4.0 * odds)).collect(), ones)
    };
    let (scores, ones) = draw(4_000);
    let calibration = Calibration::fit(&scores, &ones).unwrap();
    let (scores, ones) = draw(4_000);
    let said: Vec<f64> = scores.iter().map(|score| calibration.probability(*score)).collect();
    let before = judge::expected_calibration_error(&scores, &ones).unwrap();
    let after = judge::expected_calibration_error(&said, &ones).unwrap();
    assert!(before > 0.1 && after < 0.03, "{before} {after}");
    assert!(judge::brier(&said, &ones).unwrap() < judge::brier(&scores, &ones).unwrap());
}

#[test]
fn too_few_outcomes_of_one_kind_are_not_calibrated_by() {
    let ones: Vec<bool> = (0..100).map(|index| index < 4).collect();
    let refused = Calibration::fit(&[0.5; 100], &ones).unwrap_err();
    assert_eq!(refused, LearnError::TooFewRows { rows: 4, least: 5 });
}

#[test]
fn intervals_hold_the_truth_as_often_as_they_promise_also_where_the_spread_differs() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(11);
    let mut draw = |rows: usize| -> (Vec<f64>, Vec<f64>) {
        let said: Vec<f64> = (0..rows).map(|_| rng.gen_range(0.0..100.0)).collect();
        let truth = said.iter().map(|said| said + rng.gen_range(-1.0..0.5) * (1.0 + said / 5.0));
        let truth = truth.collect();
        (said, truth)
    };
    let (said, truth) = draw(2_000);
    let intervals = Intervals::fit(&said, &truth, 0.9).unwrap();
    let (said, truth) = draw(5_000);
    // The promise is about all rows together; a part of them is held about as often.
    for (from, until, at_least, at_most) in
        [(0.0, 30.0, 0.8, 0.98), (70.0, 100.0, 0.8, 0.98), (0.0, 100.0, 0.88, 0.92)]
    {
        let rows: Vec<bool> = said
            .iter()
            .zip(&truth)
            .filter(|(said, _)| (from..until).contains(*said))
            .map(|(said, truth)| {
                let (low, high) = intervals.around(*said);
                (low..=high).contains(truth)
            })
            .collect();
        let held = rows.iter().filter(|held| **held).count() as f64 / rows.len() as f64;
        assert!((at_least..at_most).contains(&held), "{held} from {from}");
    }
    let (low, high) = intervals.around(10.0);
    let (wide_low, wide_high) = intervals.around(90.0);
    assert!(wide_high - wide_low > 2.0 * (high - low));
}

#[test]
fn figures_are_those_computed_by_hand() {
    let scores = [0.9, 0.8, 0.7, 0.4, 0.2];
    let ones = [true, false, true, false, false];
    let confusion = Confusion::at(&scores, &ones, 0.75);
    assert_eq!(
        confusion,
        Confusion { true_positive: 1, false_positive: 1, false_negative: 1, true_negative: 2 }
    );
    assert_eq!(confusion.precision(), Some(0.5));
    assert_eq!(confusion.f1(), Some(0.5));
    assert_eq!(confusion.false_alarm_rate(), Some(1.0 / 3.0));
    assert_eq!(confusion.missed_alarm_rate(), Some(0.5));
    // (0.01 + 0.64 + 0.09 + 0.16 + 0.04) / 5
    assert!((judge::brier(&scores, &ones).unwrap() - 0.188).abs() < 1e-12);
    assert!((judge::best_threshold(&scores, &ones).unwrap() - 0.55).abs() < 1e-12);
    assert_eq!(judge::best_threshold(&scores, &[false; 5]), None);
    let curve = judge::precision_recall(&[0.9, 0.5, 0.5, 0.1], &[true, true, false, false]);
    assert_eq!(curve, [(0.5, 1.0), (1.0, 2.0 / 3.0), (1.0, 0.5)]);
    assert_eq!(judge::precision_recall(&scores, &[false; 5]), []);
    assert_eq!(judge::rmse(&[1.0, 2.0], &[1.0, 4.0]), Some(2.0_f64.sqrt()));
    assert_eq!(judge::mae(&[], &[]), None);
    assert_eq!(Confusion::default().f1(), None);
}

proptest! {
    #[test]
    fn any_finite_rows_are_learned_from_or_refused(
        rows in prop::collection::vec((any::<Option<f32>>(), any::<Option<f32>>(), any::<bool>()), 0..60),
    ) {
        let finite = |value: Option<f32>| value.filter(|value| value.is_finite());
        let mut table = Table::new(names(2)).unwrap();
        let mut outcomes = Vec::new();
        for (a, b, one) in rows {
            table.push(&[finite(a), finite(b)]).unwrap();
            outcomes.push(f32::from(u8::from(one)));
        }
        let settings = boost::Settings { rounds_max: 5, ..boost::Settings::default() };
        if let Ok(boosted) = Boosted::grow(&table, &outcomes, None, Loss::Logistic, settings) {
            for index in 0..table.len() {
                let row: Vec<f32> = table.row(index).collect();
                let p = boosted.value(&row);
                prop_assert!((0.0..=1.0).contains(&p));
            }
        }
        let settings = forest::Settings { trees: 3, ..forest::Settings::default() };
        if let Ok(grown) = RandomForest::grow(&table, &outcomes, None, settings) {
            for index in 0..table.len() {
                let row: Vec<f32> = table.row(index).collect();
                prop_assert!((0.0..=1.0).contains(&grown.forest.value(&row)));
            }
        }
    }
}
