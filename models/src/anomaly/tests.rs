//! What a baseline promises, on seeded assets.

use super::*;
use crate::noise::Noise;
use proptest::prelude::*;

const DRIVING: u8 = 1;
const IDLING: u8 = 2;

fn watched(count: usize) -> Vec<Watched> {
    let feature = |index| Watched { name: format!("f{index:02}").into(), scale_min: 0.05 };
    (0..count).map(feature).collect()
}

fn detector(settings: Settings) -> Detector {
    Detector::new(settings, watched(10)).unwrap()
}

/// A healthy asset with slowly varying features, as cars have them, whose levels depend on the state.
struct Asset {
    noise: Noise,
    slow: [f64; 10],
}

impl Asset {
    fn seeded(seed: u64) -> Self {
        Self { noise: Noise::seeded(seed), slow: [0.0; 10] }
    }

    fn window(&mut self, state: u8) -> Vec<Option<f64>> {
        let row = self.slow.iter_mut().enumerate().map(|(index, slow)| {
            *slow = 0.8 * *slow + 0.6 * self.noise.normal();
            if self.noise.uniform(0.0, 1.0) < 0.05 {
                return None;
            }
            let level = index as f64 * 20.0 - 15.0 * f64::from(state);
            Some(level + *slow)
        });
        row.collect()
    }

    /// As many windows as are needed until alarms are heard, in two states.
    fn learned(&mut self, detector: &Detector) -> Baseline {
        let mut baseline = Baseline::default();
        for index in
            0..3 * detector.settings.learn_windows + detector.settings.calibrate_windows_max
        {
            let state = if index / 20 % 2 == 0 { DRIVING } else { IDLING };
            detector.observe(&mut baseline, &self.window(state), state);
        }
        baseline
    }
}

fn judged<'a>(verdict: Verdict<'a>) -> Judgement<'a> {
    match verdict {
        Verdict::Judged(judgement) => judgement,
        other => panic!("{other:?} is no judgement"),
    }
}

#[test]
fn alarms_are_mute_until_learned_and_the_windows_left_are_counted_down() {
    let detector = detector(Settings::default());
    let mut baseline = Baseline::default();
    for left in (0..240).rev() {
        // Wild values: an alarm would be heard.
        let row: Vec<_> =
            (0..10).map(|index| Some(f64::from((left * 7_919 + index) % 1_000))).collect();
        let verdict = detector.observe(&mut baseline, &row, DRIVING);
        assert_eq!(verdict, Verdict::Learning { windows_left: left });
    }
    judged(detector.observe(&mut baseline, &[Some(0.0); 10], DRIVING));
}

#[test]
fn a_healthy_asset_raises_hardly_any_alarm() {
    let detector = detector(Settings::default());
    let (mut windows, mut unusual, mut alarms) = (0, 0, 0);
    for seed in 0..20 {
        let mut asset = Asset::seeded(seed);
        let mut baseline = asset.learned(&detector);
        for index in 0..5_000 {
            let state = if index / 20 % 2 == 0 { DRIVING } else { IDLING };
            let judgement = judged(detector.observe(&mut baseline, &asset.window(state), state));
            windows += 1;
            unusual += i32::from(judgement.score > judgement.threshold);
            alarms += i32::from(judgement.alarm == Alarm::Raised);
        }
    }
    println!("{unusual} of {windows} windows above the threshold (wanted 1e-4), {alarms} alarms");
    assert!(f64::from(unusual) < 5e-4 * f64::from(windows), "{unusual} of {windows}");
    assert!(alarms <= 2, "{alarms} alarms");
}

#[test]
fn a_shifted_feature_raises_the_alarm_and_is_named_first() {
    let detector = detector(Settings::default());
    let mut asset = Asset::seeded(3);
    let mut baseline = asset.learned(&detector);
    let raised_after = (1..=60).find(|_| {
        let mut row = asset.window(DRIVING);
        row[4] = Some(4.0 * 20.0 - 15.0 + 8.0);
        let judgement = judged(detector.observe(&mut baseline, &row, DRIVING));
        let first = judgement.contributions[0];
        assert_eq!(first.feature, "f04");
        assert_eq!(first.score, (first.deviations.min(DEVIATIONS_MAX) - DEVIATIONS_FREE).powi(2));
        judgement.alarm == Alarm::Raised
    });
    assert_eq!(raised_after, Some(3));
    assert!(baseline.is_alarmed());
}

#[test]
fn what_is_usual_in_one_state_is_an_alarm_in_another() {
    let detector = detector(Settings::default());
    let mut asset = Asset::seeded(4);
    let mut baseline = asset.learned(&detector);
    let own = judged(detector.observe(&mut baseline.clone(), &asset.window(IDLING), IDLING));
    let other = judged(detector.observe(&mut baseline, &asset.window(IDLING), DRIVING));
    assert!(own.score < own.threshold && other.score > other.threshold);
}

#[test]
fn a_fault_that_develops_over_weeks_is_not_absorbed() {
    let detector = detector(Settings::default());
    let mut asset = Asset::seeded(5);
    let mut baseline = asset.learned(&detector);
    // 10 deviations in four weeks of use: slower than the location could follow if it were not held.
    let windows = 4 * 10_080;
    let raised_at = (0..windows).find_map(|index| {
        let mut row = asset.window(DRIVING);
        let drift = 10.0 * f64::from(index) / f64::from(windows);
        row[0] = row[0].map(|value| value + drift);
        let judgement = judged(detector.observe(&mut baseline, &row, DRIVING));
        (judgement.alarm == Alarm::Raised).then_some(drift)
    });
    println!("alarm at {raised_at:?} deviations");
    assert!(raised_at.is_some_and(|drift| drift < 8.0), "{raised_at:?}");
}

#[test]
fn nothing_is_learned_while_the_alarm_is_on() {
    let detector = detector(Settings::default());
    let mut asset = Asset::seeded(10);
    let mut baseline = asset.learned(&detector);
    let faulty = |asset: &mut Asset| {
        let mut row = asset.window(DRIVING);
        row[4] = Some(4.0 * 20.0 - 15.0 + 8.0);
        row
    };
    (0..5).for_each(|_| drop(detector.observe(&mut baseline, &faulty(&mut asset), DRIVING)));
    let before = baseline.clone();
    (0..1_000).for_each(|_| drop(detector.observe(&mut baseline, &faulty(&mut asset), DRIVING)));
    assert!(baseline.is_alarmed());
    assert_eq!(baseline.usual_by_state, before.usual_by_state);
    assert_eq!(baseline.tail, before.tail);
}

#[test]
fn the_threshold_grows_to_twice_its_first_value_at_most() {
    let settings = Settings::default();
    let mut baseline = Baseline::default();
    (0..120).for_each(|score| baseline.tail.add(f64::from(score % 7)));
    let first = baseline.threshold(&settings).unwrap();
    (0..40).for_each(|_| baseline.tail.add(1_000.0));
    let grown = baseline.threshold(&settings).unwrap();
    assert!((grown / first - THRESHOLD_GROWTH_MAX).abs() < 1e-6, "{first} became {grown}");
}

#[test]
fn the_threshold_learns_no_longer_than_its_settings_say() {
    let detector = detector(Settings { calibrate_windows_max: 150, ..Settings::default() });
    let mut asset = Asset::seeded(12);
    let mut baseline = asset.learned(&detector);
    (0..500).for_each(|_| drop(detector.observe(&mut baseline, &asset.window(DRIVING), DRIVING)));
    assert_eq!(baseline.tail.windows(), 150);
}

#[test]
fn a_location_stays_near_what_was_learned_also_under_quiet_windows() {
    let mut usual = Usual::default();
    (0..100).for_each(|index| usual.learn(f64::from(index % 3), 0.05));
    let (learned, scale) = usual.known(0.05).unwrap();
    let settings = Settings { adapt_windows: 10.0, ..Settings::default() };
    (0..10_000).for_each(|_| usual.adapt(1e6, 0.05, &settings));
    let (location, same) = usual.known(0.05).unwrap();
    assert!((location - learned - scale).abs() < 1e-5, "{location} from {learned} by {scale}");
    assert_eq!(scale, same);
}

#[test]
fn location_and_scale_are_learned_through_wild_values() {
    let mut noise = Noise::seeded(6);
    let mut usual = Usual::default();
    for index in 0..2_000 {
        let wild = index % 20 == 0;
        usual.learn(if wild { 1e6 } else { 50.0 + 2.0 * noise.normal() }, 0.01);
    }
    let (location, scale) = usual.known(0.01).unwrap();
    assert!((location - 50.0).abs() < 0.5, "{location}");
    assert!((scale - 2.0).abs() < 0.6, "{scale}");
}

#[test]
fn a_scale_that_starts_at_zero_grows_to_what_the_values_show() {
    let mut noise = Noise::seeded(9);
    let mut usual = Usual::default();
    (0..COLLECTED).for_each(|_| usual.learn(10.0, 0.05));
    (0..400).for_each(|_| usual.learn(10.0 + noise.normal(), 0.05));
    let (_, scale) = usual.known(0.05).unwrap();
    assert!((0.7..1.2).contains(&scale), "{scale}");
}

#[test]
fn a_window_without_watched_values_is_not_judged() {
    let detector = detector(Settings::default());
    let mut asset = Asset::seeded(7);
    let mut baseline = asset.learned(&detector);
    let before = baseline.clone();
    assert_eq!(detector.observe(&mut baseline, &[None; 10], DRIVING), Verdict::Nothing);
    assert_eq!(baseline, before);
}

#[test]
fn a_state_too_many_is_not_judged_and_takes_no_memory() {
    let detector = detector(Settings::default());
    let mut baseline = Baseline::default();
    (0..8).for_each(|state| drop(detector.observe(&mut baseline, &[Some(1.0); 10], state)));
    assert_eq!(detector.observe(&mut baseline, &[Some(1.0); 10], 8), Verdict::Nothing);
    assert_eq!(baseline.usual_by_state.len(), STATES_MAX);
}

#[test]
fn a_baseline_of_thirty_features_and_three_states_fits_its_documented_size() {
    let detector = Detector::new(Settings::default(), watched(30)).unwrap();
    let mut baseline = Baseline::default();
    let mut noise = Noise::seeded(8);
    for index in 0..3_000 {
        let row: Vec<_> = (0..30).map(|_| Some(noise.normal())).collect();
        detector.observe(&mut baseline, &row, (index % 3) as u8);
    }
    let bytes = postcard::to_stdvec(&baseline).unwrap();
    println!("{} bytes encoded, {} per feature in memory", bytes.len(), size_of::<Usual>());
    assert!(bytes.len() <= 1_440, "{}", bytes.len());
    assert_eq!(size_of::<Usual>(), 24);
    assert_eq!(postcard::from_bytes::<Baseline>(&bytes), Ok(baseline));
}

#[test]
fn settings_that_contradict_themselves_are_refused_by_name() {
    let wrong = [
        Settings { learn_windows: 8, ..Settings::default() },
        Settings { calibrate_windows: 31, ..Settings::default() },
        Settings { false_alarm_share: 0.0, ..Settings::default() },
        Settings { raise_of_windows: 33, ..Settings::default() },
        Settings { raise_windows: 6, ..Settings::default() },
        Settings { adapt_windows: f64::NAN, ..Settings::default() },
        Settings { adapt_deviations_max: -1.0, ..Settings::default() },
    ];
    for settings in wrong {
        assert!(Detector::new(settings, watched(1)).is_err(), "{settings:?}");
    }
    let zero = vec![Watched { name: "oil".into(), scale_min: 0.0 }];
    let error = Detector::new(Settings::default(), zero).unwrap_err();
    assert_eq!(&*error.name, "oil");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn contributions_sum_to_the_score_and_come_largest_first(
        row in prop::collection::vec(prop::option::of(-500.0..500.0_f64), 10),
    ) {
        let detector = detector(Settings { calibrate_windows_max: 120, ..Settings::default() });
        let mut baseline = Asset::seeded(1).learned(&detector);
        if let Verdict::Judged(judgement) = detector.observe(&mut baseline, &row, DRIVING) {
            let sum: f64 = judgement.contributions.iter().map(|part| part.score).sum();
            prop_assert_eq!(sum, judgement.score);
            prop_assert!(judgement.contributions.is_sorted_by(|a, b| a.score >= b.score));
            prop_assert!(judgement.score <= 10.0 * (DEVIATIONS_MAX - DEVIATIONS_FREE).powi(2));
        } else {
            prop_assert!(row.iter().all(Option::is_none));
        }
    }
}
