//! Seeded random numbers for the tests of this crate: one seed, one series.

use crate::stats::normal_quantile;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

pub(crate) struct Noise(Xoshiro256PlusPlus);

impl Noise {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// Evenly spread over `low..high`.
    pub(crate) fn uniform(&mut self, low: f64, high: f64) -> f64 {
        self.0.gen_range(low..high)
    }

    /// Standard normal.
    pub(crate) fn normal(&mut self) -> f64 {
        normal_quantile(self.uniform(1e-12, 1.0)).expect("strictly between zero and one")
    }
}
