//! Draws numbers from a stated seed: the same seed, copy and purpose give the same number, whatever else is drawn.

use crate::dataset::{Drawn, Moments};
use messages::Timestamp;
use std::time::Duration;

/// Where one copy's numbers come from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Draws {
    pub(super) seed: u64,
    /// Number of the copy, from 1.
    pub(super) copy: u32,
}

impl Draws {
    /// The number itself, or one uniformly from its range.
    pub(super) fn number(self, drawn: Drawn, purpose: &str) -> f64 {
        match drawn {
            Drawn::Fixed(value) => value,
            Drawn::Between([low, high]) => low + (high - low) * self.share(purpose),
        }
    }

    /// The moment itself, or one uniformly between the two.
    pub(super) fn moment(self, moments: Moments, purpose: &str) -> Timestamp {
        match moments {
            Moments::Fixed(moment) => moment,
            Moments::Between([first, last]) => {
                let length = last.since(first).as_secs_f64();
                first.saturating_add(Duration::from_secs_f64(length * self.share(purpose)))
            }
        }
    }

    /// Uniform in `[0, 1)`.
    fn share(self, purpose: &str) -> f64 {
        let mut state = mix(self.seed);
        for byte in purpose.bytes() {
            state = mix(state ^ u64::from(byte));
        }
        state = mix(state ^ u64::from(self.copy));
        // The 53 bits of a float's fraction.
        (state >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// One step of SplitMix64 (Steele, Lea and Flood, 2014).
fn mix(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixing_is_that_of_the_published_generator() {
        // First output of SplitMix64 seeded with 0.
        assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf);
    }

    #[test]
    fn draws_depend_on_seed_copy_and_purpose_and_fill_their_range() {
        let range = Drawn::Between([4.0, 12.0]);
        let one = Draws { seed: 7, copy: 1 };
        assert_eq!(one.number(range, "start"), one.number(range, "start"));
        assert_ne!(one.number(range, "start"), one.number(range, "over"));
        assert_ne!(one.number(range, "start"), Draws { seed: 8, ..one }.number(range, "start"));
        let drawn: Vec<f64> =
            (1..=1_000).map(|copy| Draws { seed: 7, copy }.number(range, "start")).collect();
        assert!(drawn.iter().all(|value| (4.0..12.0).contains(value)));
        let mean = drawn.iter().sum::<f64>() / 1_000.0;
        assert!((mean - 8.0).abs() < 0.3, "mean {mean}");
    }
}
