//! The highest scores of an asset's healthy windows, from which the threshold follows.

use serde::{Deserialize, Serialize};

/// Highest scores that are kept.
pub const PEAKS: usize = 32;

/// Heaviest tail that the fit may claim; 32 peaks cannot tell a heavier one from chance.
const SHAPE_MAX: f64 = 0.3;

/// Least threshold, as a score: one feature four deviations from its usual. It stands for the scores that
/// were never seen when an asset's first windows are all alike.
pub const THRESHOLD_MIN: f64 = 4.0;

/// The [`PEAKS`] highest of all scores and how many there were. 160 bytes.
///
/// Scores above a high level follow a generalised Pareto distribution (J. Pickands, "Statistical
/// inference using extreme order statistics", Ann. Stat. 3, 1975; for alarms A. Siffer et al., "Anomaly
/// detection in streams with extreme value theory", KDD 2017). The level is the lowest peak, the shape γ is
/// fitted by moments (J. R. M. Hosking, J. R. Wallis, 1987) and held within 0 to 0.3, and the threshold for
/// a share q of n windows with k peaks is level + σ/γ ((n q / k)^−γ − 1), or level + σ ln(k / (n q)) at γ = 0.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Tail {
    windows: u32,
    /// Highest first.
    peaks: Vec<f32>,
}

impl Tail {
    /// Adds a score.
    pub(super) fn add(&mut self, score: f64) {
        self.windows = self.windows.saturating_add(1);
        let score = score as f32;
        let place = self.peaks.partition_point(|peak| *peak >= score);
        if place < PEAKS {
            self.peaks.insert(place, score);
            self.peaks.truncate(PEAKS);
        }
    }

    /// Number of scores added.
    pub(super) fn windows(&self) -> u32 {
        self.windows
    }

    /// Score above which a `share` of healthy windows lie; at least [`THRESHOLD_MIN`], `None` before
    /// [`PEAKS`] scores.
    pub(super) fn threshold(&self, share: f64) -> Option<f64> {
        let level = f64::from(*self.peaks.get(PEAKS - 1)?);
        let excesses = self.peaks[..PEAKS - 1].iter().map(|peak| f64::from(*peak) - level);
        let count = (PEAKS - 1) as f64;
        let mean = excesses.clone().sum::<f64>() / count;
        let variance = excesses.map(|excess| (excess - mean).powi(2)).sum::<f64>() / (count - 1.0);
        let above = (f64::from(self.windows) * share / PEAKS as f64).min(1.0);
        Some((level + excess_at(above, mean, variance)).max(THRESHOLD_MIN))
    }
}

/// Excess that a share `above` of all excesses of this mean and variance surpass.
fn excess_at(above: f64, mean: f64, variance: f64) -> f64 {
    if mean <= 0.0 {
        return 0.0;
    }
    let shape = (0.5 * (1.0 - mean * mean / variance)).clamp(0.0, SHAPE_MAX);
    let scale = mean * (1.0 - shape);
    if shape < 1e-6 { -scale * above.ln() } else { scale / shape * (above.powf(-shape) - 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::Noise;
    use proptest::prelude::*;

    /// Mean share of later scores above the threshold learned from `windows` scores.
    fn share_above(windows: usize, share: f64, score: fn(&mut Noise) -> f64) -> f64 {
        let mut noise = Noise::seeded(21);
        let trials = 60;
        let mut above = 0;
        for _ in 0..trials {
            let mut tail = Tail::default();
            (0..windows).for_each(|_| tail.add(score(&mut noise)));
            let threshold = tail.threshold(share).unwrap();
            above += (0..20_000).filter(|_| score(&mut noise) > threshold).count();
        }
        above as f64 / f64::from(trials * 20_000)
    }

    #[test]
    fn the_wanted_share_of_scores_lies_above_the_threshold() {
        let exponential = |noise: &mut Noise| -10.0 * noise.uniform(1e-12, 1.0).ln();
        let found = share_above(1_440, 1e-3, exponential);
        println!("exponential scores: {found:.2e} above where 1e-3 are wanted");
        assert!((0.5e-3..2e-3).contains(&found), "{found}");
        let heavy = |noise: &mut Noise| 10.0 * (noise.uniform(1e-12, 1.0).powf(-0.2) - 1.0);
        let found = share_above(1_440, 1e-4, heavy);
        println!("heavy-tailed scores: {found:.2e} above where 1e-4 are wanted");
        assert!((0.3e-4..3.6e-4).contains(&found), "{found}");
    }

    #[test]
    fn scores_that_are_all_alike_leave_the_least_threshold() {
        let mut tail = Tail::default();
        (0..PEAKS - 1).for_each(|_| tail.add(0.0));
        assert_eq!(tail.threshold(1e-3), None);
        tail.add(0.0);
        assert_eq!(tail.threshold(1e-3), Some(THRESHOLD_MIN));
    }

    proptest! {
        #[test]
        fn peaks_are_the_highest_scores(scores in prop::collection::vec(0.0..1e6_f32, 0..200)) {
            let mut tail = Tail::default();
            scores.iter().for_each(|score| tail.add(f64::from(*score)));
            let mut highest = scores.clone();
            highest.sort_by(|a, b| b.total_cmp(a));
            highest.truncate(PEAKS);
            prop_assert_eq!(tail.peaks, highest);
            prop_assert_eq!(tail.windows as usize, scores.len());
        }

        #[test]
        fn fewer_false_alarms_need_a_higher_threshold(
            scores in prop::collection::vec(0.0..1e3_f64, 40..200), share in 1e-6..0.1_f64,
        ) {
            let mut tail = Tail::default();
            scores.iter().for_each(|score| tail.add(*score));
            prop_assert!(tail.threshold(share / 2.0) >= tail.threshold(share));
        }
    }
}
