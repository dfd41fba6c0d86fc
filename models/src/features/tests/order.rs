//! The order in which samples come changes nothing, and a stream is computed like a file.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

const STEP_CHANNELS: [&str; 5] =
    ["engine_speed", "coolant_temperature", "battery_voltage", "tyre_pressure", "odometer"];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let value = |low: f64, high: f64| proptest::option::weighted(0.8, low..high);
    let gap = prop_oneof![
        8 => 0_i64..30_000,
        3 => 0_i64..5 * MINUTE,
        1 => 0_i64..3 * HOUR,
        1 => 0_i64..3 * DAY,
    ];
    let values = [
        value(0.0, 4_000.0),
        value(60.0, 120.0),
        value(11.0, 15.0),
        value(150.0, 240.0),
        value(1e7, 2e7),
    ];
    proptest::collection::vec((gap, values), 1..250)
}

/// The samples with their times, in order.
fn timed(steps: &[Step]) -> Vec<(i64, Vec<(&'static str, f64)>)> {
    let mut millis = START;
    let sample = |(gap, values): &Step| {
        millis += gap;
        let measured = std::iter::zip(STEP_CHANNELS, values);
        (millis, measured.filter_map(|(name, value)| value.map(|value| (name, value))).collect())
    };
    steps.iter().map(sample).collect()
}

/// Another order in which no sample comes more than the lateness after a newer one.
fn delayed<T: Clone>(samples: &[(i64, T)], delays: &[u32]) -> Vec<(i64, T)> {
    let lateness = i64::try_from(LATENESS.as_millis()).unwrap();
    let arrival = |index: usize| {
        let delay = i64::from(delays[index % delays.len()]) % (lateness + 1);
        samples[index].0 + delay
    };
    let mut order: Vec<usize> = (0..samples.len()).collect();
    order.sort_by_key(|index| (arrival(*index), delays[*index % delays.len()]));
    order.into_iter().map(|index| samples[index].clone()).collect()
}

/// Adds all samples, assessing windows as an agent does: whenever they are due. Gives the state and the last
/// assessment of every window.
fn watch(
    samples: &[(i64, Vec<(&'static str, f64)>)],
) -> (FeatureState, BTreeMap<Timestamp, Assessed>) {
    let mut asset = Asset::new();
    let mut last = BTreeMap::new();
    let assess =
        |asset: &Asset, end| asset.features.assess(&asset.state, end, &Context::default()).unwrap();
    for (millis, values) in samples {
        let due = asset.features.due(&asset.state, at(*millis));
        for end in due.ended.into_iter().chain(due.sealed) {
            last.insert(end, assess(&asset, end));
        }
        asset.add(*millis, values);
    }
    for (millis, _) in samples {
        let end = asset.features.window_end(at(*millis));
        if asset.features.samples(&asset.state, end) > 0 {
            last.insert(end, assess(&asset, end));
        }
    }
    (asset.state, last)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_order_within_the_lateness_gives_the_same_bits(
        steps in steps(),
        delays in proptest::collection::vec(any::<u32>(), 1..64),
    ) {
        let samples = timed(&steps);
        let shuffled = delayed(&samples, &delays);
        let (in_order, expected) = watch(&samples);
        let (out_of_order, found) = watch(&shuffled);
        let windows: BTreeSet<i64> = samples.iter().map(|(millis, _)| millis.div_euclid(MINUTE)).collect();
        prop_assert_eq!(expected.len(), windows.len());
        prop_assert_eq!(postcard::to_stdvec(&in_order).unwrap(), postcard::to_stdvec(&out_of_order).unwrap());
        for (end, expected) in &expected {
            prop_assert_eq!(found.get(end), Some(expected), "window that ends at {}", end);
        }
        prop_assert_eq!(expected.len(), found.len());
    }

    #[test]
    fn a_state_that_was_stored_and_read_goes_on_as_if_nothing_had_happened(
        steps in steps(),
        cut in 0_usize..250,
    ) {
        let samples = timed(&steps);
        let (mut whole, mut cut_in_two) = (Asset::new(), Asset::new());
        for (index, (millis, values)) in samples.iter().enumerate() {
            whole.add(*millis, values);
            cut_in_two.add(*millis, values);
            if index == cut {
                let bytes = postcard::to_stdvec(&cut_in_two.state).unwrap();
                cut_in_two.state = postcard::from_bytes(&bytes).unwrap();
            }
        }
        prop_assert_eq!(whole.state, cut_in_two.state);
    }

    /// Against the definitions, computed from all samples at once.
    #[test]
    fn stream_and_definition_agree(steps in steps()) {
        let samples = timed(&steps);
        let (_, assessed) = watch(&samples);
        let asset = Asset::new();
        for (end, assessed) in assessed {
            let end = end.as_millis();
            let before: Vec<_> = samples.iter().filter(|(millis, _)| *millis < end).cloned().collect();
            let newest = newest(&before, "coolant_temperature");
            let found = asset.value(&assessed, "coolant_temperature");
            prop_assert_eq!(found.is_some(), newest.is_some());
            if let (Some(found), Some((millis, value))) = (found, newest) {
                prop_assert!((found - value).abs() <= 0.01, "{} is not {}", found, value);
                let age = u32::try_from((end - millis) / 1_000).unwrap();
                prop_assert_eq!(asset.age(&assessed, "coolant_temperature"), Some(age));
            }
            let expected = week_mean(&before, "tyre_pressure", end);
            let found = asset.value(&assessed, "tyre_pressure_mean_7d");
            prop_assert_eq!(found.is_some(), expected.is_some());
            if let (Some(found), Some(expected)) = (found, expected) {
                prop_assert!((found - expected).abs() <= 0.02, "{} is not {}", found, expected);
            }
        }
    }
}

/// The newest value; of several at one time the greatest.
fn newest(samples: &[(i64, Vec<(&'static str, f64)>)], channel: &str) -> Option<(i64, f64)> {
    values_of(samples, channel)
        .into_iter()
        .max_by(|one, other| one.0.cmp(&other.0).then(one.1.total_cmp(&other.1)))
}

/// Mean of the means of all minutes of the last seven calendar days.
fn week_mean(samples: &[(i64, Vec<(&'static str, f64)>)], channel: &str, end: i64) -> Option<f64> {
    let first_day = (end - 1).div_euclid(DAY) - 6;
    let mut minutes = BTreeMap::<i64, Vec<f64>>::new();
    for (millis, value) in values_of(samples, channel) {
        if millis.div_euclid(DAY) >= first_day {
            minutes.entry(millis.div_euclid(MINUTE)).or_default().push(value);
        }
    }
    let count = |values: &Vec<f64>| f64::from(u32::try_from(values.len()).unwrap());
    let means = minutes.values().map(|values| values.iter().sum::<f64>() / count(values));
    let minutes = f64::from(u32::try_from(minutes.len()).unwrap());
    (minutes > 0.0).then(|| means.sum::<f64>() / minutes)
}

fn values_of(samples: &[(i64, Vec<(&'static str, f64)>)], channel: &str) -> Vec<(i64, f64)> {
    let mut found = Vec::new();
    for (millis, values) in samples {
        let wanted = values.iter().find(|(name, _)| *name == channel);
        found.extend(wanted.map(|(_, value)| (*millis, *value)));
    }
    found
}
