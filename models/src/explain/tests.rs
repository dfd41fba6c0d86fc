//! Rules that are known, so that the smallest change is too.

use super::{CHANGES_MAX, Known};
use crate::supervised::Table;
use proptest::prelude::*;

/// A thousand rows of three features, each value once: 0 to 999 of the first, tenths of the second, the third backwards.
fn table() -> Table {
    let mut table = Table::new(["a", "b", "c"].map(str::to_owned).to_vec()).unwrap();
    for row in 0..1_000_u16 {
        let value = f32::from(row);
        table.push(&[Some(value), Some(value / 10.0), Some(1_000.0 - value)]).unwrap();
    }
    table
}

fn sure(yes: bool) -> f64 {
    f64::from(u8::from(yes))
}

#[test]
fn the_feature_that_is_nearest_to_clearing_is_moved_as_far_as_it_must() {
    let table = table();
    let known = Known::of(&table);
    // Either feature clears: the first from 900 down to 700, the second from 90 down to 85.
    let says = |row: &[f32]| sure(row[0] >= 700.0 && row[1] >= 85.0);
    let changes = known.clearing(&[900.0, 90.0, 5.0], &[0, 1, 2], 0.5, says).unwrap();
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert_eq!((changes[0].feature, changes[0].from), (1, 90.0));
    assert!((84.5..85.0).contains(&changes[0].to), "{changes:?}");
    assert!((changes[0].moved - 0.05).abs() < 0.01, "{changes:?}");
    let only_first = known.clearing(&[900.0, 90.0, 5.0], &[0, 2], 0.5, says).unwrap();
    assert_eq!(only_first[0].feature, 0, "no other may be moved");
}

#[test]
fn a_value_that_many_rows_share_is_left_no_farther_than_it_must() {
    let mut table = Table::new(vec!["a".to_owned()]).unwrap();
    for row in 0..1_000_u16 {
        table.push(&[Some(f32::from(row.saturating_sub(599)))]).unwrap();
    }
    let known = Known::of(&table);
    let changes = known.clearing(&[0.0], &[0], 0.5, |row| sure(row[0] < 10.0)).unwrap();
    assert_eq!((changes[0].from, changes[0].to), (0.0, 10.0), "{changes:?}");
}

#[test]
fn two_are_moved_where_one_does_not_do() {
    let table = table();
    let known = Known::of(&table);
    let says = |row: &[f32]| (sure(row[0] >= 700.0) + sure(row[1] >= 85.0)) / 2.0;
    let changes = known.clearing(&[900.0, 90.0, 5.0], &[0, 1, 2], 0.4, says).unwrap();
    let mut features: Vec<usize> = changes.iter().map(|change| change.feature).collect();
    features.sort_unstable();
    assert_eq!(features, [0, 1], "{changes:?}");
}

#[test]
fn what_cannot_be_cleared_is_said_so_and_what_is_clear_needs_nothing() {
    let table = table();
    let known = Known::of(&table);
    assert_eq!(known.clearing(&[1.0, 1.0, 1.0], &[0, 1, 2], 0.5, |_| 0.9), None);
    assert_eq!(known.clearing(&[1.0, 1.0, 1.0], &[0, 1, 2], 0.5, |_| 0.1), Some(Vec::new()));
    let missing = |row: &[f32]| sure(row[0].is_nan() || row[0] >= 500.0);
    assert_eq!(known.clearing(&[f32::NAN, 1.0, 1.0], &[0, 1, 2], 0.5, missing), None);
}

#[test]
fn past_rows_are_alike_in_what_weighs_and_one_of_each_group() {
    let table = table();
    let known = Known::of(&table);
    let groups: Vec<u32> = (0..1_000).map(|row| row / 100).collect();
    let found = known.alike(&[250.0, 90.0, f32::NAN], &[-3.0, 0.0, 0.0], &groups, 3);
    assert_eq!(found.iter().map(|it| it.row).collect::<Vec<_>>(), [250, 300, 199]);
    assert!(found[0].distance.abs() < 1e-9 && found[1].distance > 0.04, "{found:?}");
    let nothing_known = known.alike(&[f32::NAN; 3], &[1.0, 1.0, 1.0], &groups, 1);
    assert!((nothing_known[0].distance - 1.0).abs() < 1e-9, "nothing is like what is not known");
}

proptest! {
    #[test]
    fn whatever_is_told_to_clear_does(
        weights in prop::array::uniform3(-2.0_f64..2.0),
        row in prop::array::uniform3(-100.0_f32..1_100.0),
        threshold in -0.9_f64..0.9,
    ) {
        let table = table();
        let known = Known::of(&table);
        let says = |row: &[f32]| {
            let sum: f64 = row.iter().zip(weights).map(|(value, weight)| f64::from(*value) * weight).sum();
            (sum / 500.0).tanh()
        };
        if let Some(changes) = known.clearing(&row, &[0, 1, 2], threshold, says) {
            prop_assert!(changes.len() <= CHANGES_MAX);
            let mut changed = row;
            for change in &changes {
                changed[change.feature] = change.to;
            }
            prop_assert!(says(&changed) < threshold);
            for left_out in &changes {
                let mut fewer = changed;
                fewer[left_out.feature] = left_out.from;
                prop_assert!(says(&fewer) >= threshold, "a change that is not needed");
            }
        }
    }
}
