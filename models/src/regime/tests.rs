//! Settings in groups and without.

use super::{Regimes, SAMPLES_MIN, Setting};

const SETTINGS: [Setting; 1] = [Setting { channel: 0, within: 1.0 }];

/// Samples at two altitudes, at which heat reads 100 and 500.
fn flights() -> Vec<Vec<Option<f64>>> {
    let flight = |number: u32| {
        let (altitude, heat) = if number.is_multiple_of(2) { (0.0, 100.0) } else { (30.0, 500.0) };
        let noise = f64::from(number % 7) / 10.0;
        vec![Some(altitude + noise), Some(heat + noise), Some(5.0)]
    };
    (0..200).map(flight).collect()
}

fn find(samples: &[Vec<Option<f64>>]) -> Option<Regimes> {
    Regimes::find(samples.iter().cloned(), &SETTINGS)
}

#[test]
fn readings_of_two_regimes_are_compared_with_their_own() {
    let regimes = find(&flights()).unwrap();
    assert_eq!(regimes.count(), 2);
    let compared = |altitude: f64, heat: f64| {
        let mut sample = vec![Some(altitude), Some(heat), Some(5.0)];
        regimes.compare(&mut sample);
        sample
    };
    let (ground, air) = (compared(0.2, 100.9)[1].unwrap(), compared(30.1, 500.9)[1].unwrap());
    assert!((ground - air).abs() < 0.1 && ground > 2.0, "{ground} {air}");
    assert_eq!(compared(0.2, 100.0)[0], Some(0.2), "a setting stays");
    assert_eq!(compared(0.2, 100.0)[2], None, "what never moved has no scale");
    assert_eq!(compared(15.0, 300.0)[1], None, "nobody knows what is usual there");
}

#[test]
fn one_regime_changes_nothing_and_settings_without_groups_are_none() {
    let ground: Vec<_> = flights().into_iter().step_by(2).collect();
    assert_eq!(find(&ground), None);
    let anywhere: Vec<_> = (0..200).map(|it| vec![Some(f64::from(it) * 3.0), Some(1.0)]).collect();
    assert_eq!(find(&anywhere), None);
    assert_eq!(find(&[]), None);
    assert_eq!(find(&vec![vec![None, Some(1.0)]; 2 * SAMPLES_MIN]), None);
}
