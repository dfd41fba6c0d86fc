//! Channels that move together, and what it means when they no longer do.

use super::{Settings, Subspace};
use crate::supervised::LearnError;
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// Samples of three channels: the second follows the first, the third stands still.
fn together(count: usize, seed: u64) -> Vec<Vec<Option<f64>>> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut sample = || {
        let load = rng.gen_range(-1.0..1.0);
        vec![Some(load), Some(10.0 + 3.0 * load + rng.gen_range(-0.1..0.1)), Some(5.0)]
    };
    (0..count).map(|_| sample()).collect()
}

fn all() -> Settings {
    Settings { variance_share: 1.0, ..Settings::default() }
}

fn alarms(subspace: &Subspace, samples: &[Vec<Option<f64>>]) -> usize {
    let mut watch = subspace.watch();
    let verdicts = samples.iter().filter_map(|sample| watch.observe(sample));
    verdicts.filter(|verdict| verdict.unusual).count()
}

#[test]
fn what_breaks_the_usual_relation_is_unusual_though_each_channel_is_within_its_range() {
    let subspace = Subspace::learn(&together(400, 1), all()).unwrap();
    assert_eq!(subspace.width(), 2);
    assert_eq!(alarms(&subspace, &together(1_000, 2)), 0);
    let mut broken = together(200, 3);
    broken.iter_mut().for_each(|sample| sample[1] = Some(11.5));
    assert!(alarms(&subspace, &broken) > 150);
}

#[test]
fn one_wild_sample_is_no_fault_and_a_lasting_one_is() {
    let subspace =
        Subspace::learn(&together(400, 1), Settings { smoothing: 0.02, ..all() }).unwrap();
    let mut samples = together(300, 4);
    samples[100][0] = samples[100][0].map(|value| value + 0.1);
    assert_eq!(alarms(&subspace, &samples), 0);
    samples[200..].iter_mut().for_each(|sample| sample[0] = sample[0].map(|value| value + 0.1));
    assert!(alarms(&subspace, &samples) > 80);
}

#[test]
fn directions_are_kept_until_they_have_the_wanted_share() {
    let settings = Settings { variance_share: 0.75, ..Settings::default() };
    assert_eq!(Subspace::learn(&together(400, 1), settings).unwrap().width(), 1);
}

#[test]
fn nothing_is_said_of_a_sample_that_measured_nothing() {
    let subspace = Subspace::learn(&together(100, 1), all()).unwrap();
    let mut watch = subspace.watch();
    assert_eq!(watch.observe(&[None, None, Some(5.0)]), None);
    assert!(watch.observe(&[Some(0.0), None, None]).is_some());
}

#[test]
fn what_teaches_nothing_is_refused() {
    let refused =
        |samples: &[Vec<Option<f64>>]| Subspace::learn(samples, Settings::default()).unwrap_err();
    assert_eq!(refused(&together(29, 1)), LearnError::TooFewRows { rows: 29, least: 30 });
    assert_eq!(refused(&vec![vec![Some(1.0)]; 40]), LearnError::NothingMoves { rows: 40 });
    assert_eq!(refused(&vec![vec![None]; 40]), LearnError::NothingMoves { rows: 40 });
    let mut infinite = together(40, 1);
    infinite[7][1] = Some(f64::INFINITY);
    let refusal = LearnError::NotFinite { what: "channel 2".to_owned(), row: 7 };
    assert_eq!(refused(&infinite), refusal);
    let mut narrow = together(40, 1);
    narrow[3].pop();
    assert_eq!(refused(&narrow), LearnError::Width { expected: 3, found: 2 });
    let settings = Settings { margin: f64::NAN, ..Settings::default() };
    let refusal = Subspace::learn(&together(40, 1), settings).unwrap_err();
    assert!(matches!(refusal, LearnError::OutOfLimits { name: "margin", .. }));
}

proptest! {
    #[test]
    fn any_finite_samples_are_learned_from_or_refused(
        samples in prop::collection::vec(prop::collection::vec(prop::option::of(-1e6..1e6_f64), 3), 30..60),
    ) {
        if let Ok(subspace) = Subspace::learn(&samples, Settings::default()) {
            let mut watch = subspace.watch();
            for sample in &samples {
                let score = watch.observe(sample).map(|verdict| verdict.score);
                prop_assert!(score.is_none_or(|score| score.is_finite() && score <= 1.0));
            }
        }
    }
}
