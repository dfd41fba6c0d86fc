//! When a sensor is compared with its peer: never while the two measure different things.

use super::*;
use proptest::prelude::*;

/// The vehicle's profile, in which the two count after so short a rest.
fn rests_after(settle: &str) -> Asset {
    let text = embedded("vehicle").unwrap();
    let text = text.replacen("settle = \"8h\"", &format!("settle = \"{settle}\""), 1);
    let profile = Profile::parse(&text).unwrap();
    let features = Features::of(&profile);
    Asset { profile, features, state: FeatureState::default() }
}

fn parked(coolant: f64) -> [(&'static str, f64); 4] {
    [
        ("engine_speed", 0.0),
        ("coolant_temperature", coolant),
        ("ambient_temperature", 20.0),
        ("odometer", 5e7),
    ]
}

/// Minutes from the start at whose windows something is compared, and what then.
fn compared(asset: &mut Asset, samples: &[(i64, Vec<(&str, f64)>)]) -> Vec<(i64, f64)> {
    let mut found = Vec::new();
    for (minute, values) in samples {
        asset.add(START + minute * MINUTE, values);
        for comparison in asset.assess().comparisons {
            assert_eq!(comparison.channel, "coolant_temperature");
            assert_eq!(comparison.peer, "ambient_temperature");
            found.push((*minute, comparison.difference()));
        }
    }
    found
}

#[test]
fn a_parked_engine_is_compared_when_it_has_stood_for_long_enough_and_not_before() {
    let mut asset = rests_after("1h");
    let night: Vec<_> = (0..90).map(|minute| (minute, parked(23.5).to_vec())).collect();
    let found = compared(&mut asset, &night);
    assert_eq!(found.first().map(|(minute, _)| *minute), Some(59), "the sixtieth minute is over");
    assert_eq!(found.len(), 31);
    for (_, difference) in found {
        assert!((difference - 3.5).abs() < 1e-9, "{difference}");
    }
}

#[test]
fn whatever_breaks_the_rest_begins_it_anew() {
    let running: Vec<(&str, f64)> = vec![("engine_speed", 800.0), ("odometer", 5e7)];
    let unknown: Vec<(&str, f64)> = vec![("engine_speed", 200.0), ("odometer", 5e7)];
    for breaks in [running, unknown] {
        let mut asset = rests_after("1h");
        let mut night: Vec<_> = (0..100).map(|minute| (minute, parked(20.0).to_vec())).collect();
        night[50].1 = breaks;
        let found = compared(&mut asset, &night);
        assert_eq!(found.first(), None, "{found:?}");
        let more: Vec<_> = (100..120).map(|minute| (minute, parked(20.0).to_vec())).collect();
        assert_eq!(compared(&mut asset, &more).first().map(|(minute, _)| *minute), Some(110));
    }
}

#[test]
fn a_silence_breaks_the_rest_unless_the_odometer_is_known_to_have_stood() {
    let with = |metres: Option<f64>| {
        let mut sample = parked(20.0).to_vec();
        sample.pop();
        sample.extend(metres.map(|metres| ("odometer", metres)));
        sample
    };
    for (before, after, is_compared) in [
        (Some(5e7), Some(5e7), true),
        (Some(5e7), Some(5e7 + 900.0), false),
        (Some(5e7), None, false),
        (None, None, false),
    ] {
        let mut asset = rests_after("1h");
        let night = [(0, with(before)), (90, with(after))];
        assert_eq!(!compared(&mut asset, &night).is_empty(), is_compared, "{before:?} {after:?}");
    }
}

#[test]
fn only_what_both_measured_in_the_window_is_compared() {
    let mut asset = rests_after("10m");
    let night: Vec<_> = (0..20)
        .map(|minute| {
            (minute, if minute == 15 { parked(20.0)[..2].to_vec() } else { parked(20.0).to_vec() })
        })
        .collect();
    let found: Vec<i64> =
        compared(&mut asset, &night).into_iter().map(|(minute, _)| minute).collect();
    assert_eq!(found, [9, 10, 11, 12, 13, 14, 16, 17, 18, 19]);
}

#[test]
fn a_state_from_before_there_were_peers_is_taken_on_and_compares_after_a_whole_rest() {
    let text = embedded("vehicle").unwrap();
    let without: String = text
        .lines()
        .filter(|line| !line.starts_with("peer = "))
        .map(|line| format!("{line}\n"))
        .collect();
    let old = Features::of(&Profile::parse(&without).unwrap());
    let mut asset = rests_after("1h");
    assert_eq!(old.schema(), asset.features.schema(), "no value is another one");
    let sample = asset.sample(&parked(20.0));
    for minute in 0..60 {
        old.add(&mut asset.state, at(START + minute * MINUTE), &sample).unwrap();
    }
    assert!(asset.features.fits(&asset.state));
    let more: Vec<_> = (60..200).map(|minute| (minute, parked(20.0).to_vec())).collect();
    let found = compared(&mut asset, &more);
    let first = found.first().map(|(minute, _)| *minute).expect("a rest is long enough at last");
    assert!((60..=119).contains(&first), "{first}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Pairs of neighbours come in the other order; whole windows are late.
    #[test]
    fn any_order_within_the_lateness_gives_the_same_comparisons(
        steps in proptest::collection::vec((0_i64..4 * MINUTE, prop_oneof![5 => Just(0.0), 1 => Just(900.0)]), 2..80),
        swaps in proptest::collection::vec(any::<bool>(), 80),
    ) {
        let mut millis = START;
        let mut samples: Vec<(i64, f64)> = steps
            .iter()
            .map(|(gap, speed)| { millis += gap; (millis, *speed) })
            .collect();
        let newest = millis;
        let comparisons = |samples: &[(i64, f64)]| {
            let mut asset = rests_after("10m");
            for (millis, speed) in samples {
                let mut sample = parked(20.0).to_vec();
                sample[0].1 = *speed;
                sample[1].1 += (*millis % 7_000) as f64 / 1_000.0;
                asset.add(*millis, &sample);
            }
            let ends = (0..10).map(|back| asset.features.window_end(at(newest - back * MINUTE)));
            let assess = |end| asset.features.assess(&asset.state, end, &Context::default()).unwrap();
            ends.map(|end| assess(end).comparisons).collect::<Vec<_>>()
        };
        let in_order = comparisons(&samples);
        for (pair, swap) in samples.chunks_mut(2).zip(swaps) {
            if swap { pair.reverse(); }
        }
        prop_assert_eq!(comparisons(&samples), in_order);
    }
}
