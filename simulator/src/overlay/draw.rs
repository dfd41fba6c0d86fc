//! Draws numbers from a stated seed: the same seed, copy and purpose give the same number, whatever else is drawn.

use crate::dataset::{Drawn, Moments};
use crate::mix::{mix, share};
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
        share(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
