//! Series that repeat, that drift, that are too short, and that nobody can foresee.

use super::{Examples, Forecaster, GROWTHS, Method, Plain, Series, Settings};
use crate::supervised::boost;
use crate::supervised::{LearnError, Table};
use messages::Timestamp;
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

fn hour(number: u64) -> Timestamp {
    // A Thursday's midnight.
    Timestamp::from_millis(0).unwrap().saturating_add(HOUR * u32::try_from(number).unwrap())
}

fn hourly(values: impl IntoIterator<Item = Option<f64>>) -> Series {
    Series::new((0..).map(hour).zip(values), (HOUR, DAY), 0)
}

fn settings() -> Settings {
    let boost = boost::Settings { rounds_max: 60, rate: 0.1, ..Settings::default().boost };
    Settings { boost, ..Settings::default() }
}

/// What a series of hours knew at each of them, and what came.
struct Rows {
    table: Table,
    at: Vec<Timestamp>,
    plain: Vec<Plain>,
    truth: Vec<f64>,
}

impl Rows {
    fn of(series: &Series, hours: u64, ahead: Duration) -> Self {
        let table = Table::new(Series::names()).unwrap();
        let mut rows = Self { table, at: Vec::new(), plain: Vec::new(), truth: Vec::new() };
        for origin in (0..hours).map(hour) {
            if let Some(truth) = series.at(origin.saturating_add(ahead)) {
                rows.table.push(&series.features(origin, ahead)).unwrap();
                rows.at.push(origin);
                rows.plain.push(series.plain(origin, ahead));
                rows.truth.push(truth);
            }
        }
        rows
    }

    fn learn(&self, ahead: Duration) -> Result<Forecaster, LearnError> {
        let Self { table, at, plain, truth } = self;
        let examples = Examples { table, at, plain, truth, ahead };
        Forecaster::learn(&examples, settings(), &mut || ())
    }
}

/// Hours of days whose level wanders and whose shape depends on the weekday.
fn busy(hours: u64, seed: u64) -> Vec<Option<f64>> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut level = 50.0;
    (0..hours)
        .map(|number| {
            level += 0.1 * (50.0 - level) + rng.gen_range(-4.0..4.0);
            let works = (number / 24 + 3) % 7 < 5 && (8..18).contains(&(number % 24));
            Some(level + if works { 60.0 } else { 0.0 } + rng.gen_range(-2.0..2.0))
        })
        .collect()
}

#[test]
fn plain_answers_are_those_read_off_by_hand() {
    let series = hourly((0..100).map(|number| Some(number as f64)));
    let plain = |origin, ahead| series.plain(hour(origin), HOUR * ahead);
    assert_eq!(plain(50, 4), Plain { last: Some(50.0), same_season: Some(30.0) });
    assert_eq!(plain(50, 24), Plain { last: Some(50.0), same_season: Some(50.0) });
    assert_eq!(plain(50, 25), Plain { last: Some(50.0), same_season: Some(27.0) });
    assert_eq!(plain(10, 4), Plain { last: Some(10.0), same_season: None });
    let gaps = hourly((0..100).map(|number| (number % 30 < 3).then_some(number as f64)));
    assert_eq!(gaps.plain(hour(20), HOUR).last, Some(2.0));
    assert_eq!(gaps.plain(hour(29), HOUR).last, None, "it is more than a season old");
    assert_eq!(gaps.plain(hour(85), HOUR).same_season, Some(62.0), "the season before has a gap");
}

#[test]
fn features_have_names_and_know_nothing_of_what_comes() {
    let whole = hourly((0..400).map(|number| Some((number * 7 % 13) as f64)));
    let past = hourly((0..=200).map(|number| Some((number * 7 % 13) as f64)));
    let features = |series: &Series| series.features(hour(200), HOUR * 30);
    assert_eq!(features(&whole).len(), Series::names().len());
    assert_eq!(features(&whole), features(&past));
    assert!(features(&past).iter().all(Option::is_some));
}

#[test]
fn trees_foresee_what_repeats_and_depends_on_the_weekday_better_than_plain_answers() {
    let ahead = HOUR * 24;
    let rows = Rows::of(&hourly(busy(4_000, 1)), 3_000, ahead);
    let forecaster = rows.learn(ahead).unwrap();
    assert_eq!((forecaster.method, &forecaster.why), (Method::Trees, &None));
    let fresh = Rows::of(&hourly(busy(4_000, 2)), 3_000, ahead);
    let (mut off, mut plain, mut held, mut judged) = (0.0, 0.0, 0, 0);
    for index in 400..fresh.truth.len() {
        let row: Vec<f32> = fresh.table.row(index).collect();
        let said = forecaster.foresee(&row, fresh.plain[index]).unwrap();
        off += (said.value - fresh.truth[index]).abs();
        plain += (fresh.plain[index].same_season.unwrap() - fresh.truth[index]).abs();
        held += usize::from(said.holds(fresh.truth[index]).unwrap());
        judged += 1;
    }
    assert!(off < 0.7 * plain, "{off} {plain}");
    let share = held as f64 / f64::from(judged);
    // Hours that follow each other hang together: the 750 by which the bounds were made are worth far fewer.
    assert!((0.75..0.97).contains(&share), "{share}");
    let row: Vec<f32> = fresh.table.row(500).collect();
    let (base, parts) = forecaster.contributions(&row).unwrap();
    let said = forecaster.foresee(&row, Plain::default()).unwrap().value;
    let parts_said = forecaster.scale.back(base + parts.iter().sum::<f64>());
    assert!((parts_said - said).abs() < 1e-3 * said, "{parts_said} {said}");
}

#[test]
fn a_past_that_is_too_short_gets_a_plain_answer_and_is_told_so() {
    let ahead = HOUR * 24;
    let rows = Rows::of(&hourly(busy(150, 1)), 150, ahead);
    let forecaster = rows.learn(ahead).unwrap();
    assert_ne!(forecaster.method, Method::Trees);
    assert!(forecaster.why.as_ref().unwrap().contains("too short"), "{forecaster:?}");
    let plain = Plain { last: Some(7.0), same_season: Some(7.0) };
    let said = forecaster.foresee(&[], plain).unwrap();
    assert!((said.value - 7.0).abs() < f64::EPSILON && said.bounds.is_some(), "{said:?}");
    assert_eq!(forecaster.foresee(&[], Plain::default()), None, "nothing is made up");
}

#[test]
fn what_goes_beyond_all_that_was_seen_gets_a_plain_answer_and_is_told_so() {
    // It rises for ever: trees say the highest that they have seen.
    let ahead = HOUR * 4;
    let rising = (0..3_000_u32).map(|number| Some(f64::from(number) + f64::from(number * 7 % 13)));
    let rows = Rows::of(&hourly(rising), 3_000, ahead);
    let forecaster = rows.learn(ahead).unwrap();
    assert_eq!(forecaster.method, Method::Last);
    assert!(forecaster.why.unwrap().contains("a plain answer erred"));
}

#[test]
fn a_past_without_any_answer_is_refused() {
    let rows = Rows::of(&hourly([Some(1.0), Some(2.0)]), 0, HOUR);
    assert_eq!(rows.learn(HOUR).unwrap_err(), LearnError::TooFewRows { rows: 0, least: 1 });
}

#[test]
fn growing_is_told_as_often_whatever_comes_out() {
    for hours in [50, 1_000] {
        let rows = Rows::of(&hourly(busy(hours, 3)), hours, HOUR);
        let Rows { table, at, plain, truth } = &rows;
        let examples = Examples { table, at, plain, truth, ahead: HOUR };
        let mut told = 0;
        Forecaster::learn(&examples, settings(), &mut || told += 1).unwrap();
        assert_eq!(told, GROWTHS, "{hours}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_series_is_foreseen_with_numbers_or_refused(
        values in prop::collection::vec(any::<Option<f32>>(), 0..500),
        repeats in 1_usize..3,
        hours in 1_u32..60,
    ) {
        let values = values.into_iter().map(|value| value.map(f64::from));
        let at = (0..).map(|number| hour(number / repeats as u64));
        let series = Series::new(at.zip(values), (HOUR, DAY), 0);
        let rows = Rows::of(&series, 500, HOUR * hours);
        if let Ok(forecaster) = rows.learn(HOUR * hours) {
            for index in 0..rows.truth.len() {
                let row: Vec<f32> = rows.table.row(index).collect();
                if let Some(said) = forecaster.foresee(&row, rows.plain[index]) {
                    prop_assert!(said.value.is_finite());
                }
            }
        }
    }
}
