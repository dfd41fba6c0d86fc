//! Rows say what was, and nothing of what comes.

use super::{CODE_TIMES_MAX, History, PANES, Past, Plan};
use messages::Timestamp;
use proptest::prelude::*;
use std::time::Duration;

const HOUR: u64 = 3_600;

fn plan() -> Plan {
    let text = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Plan {
        channels: text(&["heat"]),
        windows: vec![Duration::from_secs(6 * HOUR), Duration::from_secs(24 * HOUR)],
        codes: text(&["E1"]),
        components: text(&["pump"]),
        attributes: text(&["age"]),
    }
}

fn hour(hours: u64) -> Timestamp {
    Timestamp::from_millis(3_600_000_000_000)
        .unwrap()
        .saturating_add(Duration::from_secs(hours * HOUR))
}

fn named(plan: &Plan, row: &[Option<f32>], name: &str) -> Option<f32> {
    row[plan.names().iter().position(|known| known == name).unwrap()]
}

#[test]
fn a_row_has_a_number_or_a_hole_for_every_name() {
    let plan = plan();
    let empty = History::new(&plan, vec![None]);
    let row = empty.row(hour(0));
    assert_eq!(row.len(), plan.names().len());
    let known: Vec<String> =
        plan.names().into_iter().zip(&row).filter(|(_, it)| it.is_some()).map(|it| it.0).collect();
    assert_eq!(known, ["E1_count_24h", "E1_count_48h", "E1_count_168h"], "none were there: 0");
}

#[test]
fn figures_are_those_computed_by_hand() {
    let plan = plan();
    let mut history = History::new(&plan, vec![Some(7.0)]);
    for (at, value) in [(0, 10.0), (1, 12.0), (2, 14.0), (3, 16.0)] {
        history.sample(hour(at), &[Some(value)]);
    }
    history.code(hour(1), "E1");
    history.code(hour(2), "another");
    history.maintenance(hour(0), "pump");
    let row = history.row(hour(3));
    let figure = |name: &str| f64::from(named(&plan, &row, name).unwrap());
    for (name, value) in [
        ("heat", 16.0),
        ("heat_mean_6h", 13.0),
        ("heat_deviation_6h", 5.0_f64.sqrt()),
        ("heat_low_6h", 10.0),
        ("heat_high_6h", 16.0),
        ("heat_slope_6h", 2.0),
        ("heat_slope_24h", 2.0),
        ("E1_count_24h", 1.0),
        ("pump_days_since_service", 0.125),
        ("days_observed", 0.125),
        ("age", 7.0),
    ] {
        assert!((figure(name) - value).abs() < 1e-3, "{name}: {}", figure(name));
    }
    let later = history.row(hour(40));
    assert_eq!(named(&plan, &later, "heat_mean_6h"), None, "nothing was measured for so long");
    assert_eq!(named(&plan, &later, "E1_count_24h"), Some(0.0));
    assert_eq!(named(&plan, &later, "E1_count_48h"), Some(1.0));
}

#[test]
fn what_is_missing_stays_missing_and_no_number_is_infinite() {
    let plan = plan();
    let mut history = History::new(&plan, vec![None]);
    history.sample(hour(0), &[Some(f64::MAX)]);
    history.sample(hour(1), &[Some(f64::MAX)]);
    history.sample(hour(2), &[None]);
    let row = history.row(hour(2));
    assert!(row.iter().flatten().all(|value| value.is_finite()), "{row:?}");
    assert_eq!(named(&plan, &row, "heat"), None);
    assert_eq!(named(&plan, &row, "heat_mean_6h"), None, "it is beyond what a feature can hold");
}

#[test]
fn memory_does_not_grow_with_the_number_of_readings() {
    let plan = plan();
    let mut history = History::new(&plan, vec![None]);
    for minute in 0..100_000_u64 {
        let at = hour(0).saturating_add(Duration::from_secs(minute * 60));
        history.sample(at, &[Some(minute as f64)]);
    }
    assert!(history.past.windows.iter().all(|window| window.panes.len() <= PANES));
}

#[test]
fn of_a_code_that_flickers_the_newest_times_are_counted() {
    let plan = plan();
    let mut history = History::new(&plan, vec![None]);
    for minute in 0..1_000_u64 {
        history.code(hour(0).saturating_add(Duration::from_secs(minute * 60)), "E1");
    }
    let count = named(&plan, &history.row(hour(17)), "E1_count_24h");
    assert_eq!(count, Some(CODE_TIMES_MAX as f32));
}

#[test]
fn for_another_plan_all_but_work_done_and_the_first_reading_begins_anew() {
    let plan = plan();
    let mut history = History::new(&plan, vec![None]);
    history.maintenance(hour(0), "pump");
    history.sample(hour(1), &[Some(1.0)]);
    history.code(hour(1), "E1");
    let mut past = history.keep();
    past.begin(&plan);
    let row = History::resume(&plan, vec![None], past).row(hour(25));
    assert_eq!(named(&plan, &row, "pump_days_since_service"), Some(25.0 / 24.0));
    assert_eq!(named(&plan, &row, "days_observed"), Some(1.0));
    assert_eq!(named(&plan, &row, "heat_mean_24h"), None);
    assert_eq!(named(&plan, &row, "E1_count_48h"), Some(0.0));
}

#[test]
fn work_that_is_told_late_does_not_take_the_place_of_later_work() {
    let plan = plan();
    let mut past = Past::default();
    past.begin(&plan);
    past.maintenance(hour(48), "pump");
    past.maintenance(hour(24), "pump");
    let row = History::resume(&plan, vec![None], past).row(hour(72));
    assert_eq!(named(&plan, &row, "pump_days_since_service"), Some(1.0));
}

proptest! {
    #[test]
    fn what_is_kept_and_read_again_goes_on_as_if_it_had_never_been_away(
        steps in prop::collection::vec((0_u64..40_000, any::<Option<i16>>(), any::<bool>()), 1..40),
    ) {
        let plan = plan();
        let mut whole = History::new(&plan, vec![Some(3.0)]);
        let mut kept = whole.clone().keep();
        let mut at = hour(0);
        for (seconds, value, code) in steps {
            at = at.saturating_add(Duration::from_secs(seconds));
            let bytes = postcard::to_allocvec(&kept).unwrap();
            let past: Past = postcard::from_bytes(&bytes).unwrap();
            let mut resumed = History::resume(&plan, vec![Some(3.0)], past);
            for history in [&mut whole, &mut resumed] {
                history.sample(at, &[value.map(f64::from)]);
                if code {
                    history.code(at, "E1");
                }
            }
            prop_assert_eq!(whole.row(at), resumed.row(at));
            kept = resumed.keep();
        }
    }

    #[test]
    fn a_row_says_nothing_of_what_comes_after(
        steps in prop::collection::vec((0_u64..200_000, any::<Option<i16>>()), 1..60),
        cut in any::<prop::sample::Index>(),
    ) {
        let plan = plan();
        let cut = cut.index(steps.len());
        let rows = |steps: &[(u64, Option<i16>)]| {
            let mut history = History::new(&plan, vec![None]);
            let mut at = hour(0);
            let mut rows = Vec::new();
            for (seconds, value) in steps {
                at = at.saturating_add(Duration::from_secs(*seconds));
                history.sample(at, &[value.map(f64::from)]);
                rows.push(history.row(at));
            }
            rows
        };
        let whole = rows(&steps);
        prop_assert_eq!(&whole[..=cut], &rows(&steps[..=cut])[..]);
    }

    #[test]
    fn clocks_may_jump(seconds in prop::collection::vec(any::<u32>(), 1..40)) {
        let plan = plan();
        let mut history = History::new(&plan, vec![None]);
        for second in seconds {
            let at = Timestamp::from_millis(i64::from(second) * 1_000).unwrap();
            history.sample(at, &[Some(1.0)]);
            history.code(at, "E1");
            history.maintenance(at, "pump");
            prop_assert!(history.row(at).iter().flatten().all(|value| value.is_finite()));
            prop_assert!(history.past.windows.iter().all(|window| window.panes.len() <= PANES));
        }
    }
}
