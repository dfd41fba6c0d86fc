//! Numbers by chance from stated seeds: the same key gives the same numbers, whatever else is drawn elsewhere.

use crate::mix::{mix, share};

/// A source of numbers; cheap to make for one purpose and to forget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chance(u64);

/// The key of something that is called `name`, under a key above it or a seed.
pub(super) fn key(above: u64, name: &str) -> u64 {
    name.bytes().fold(mix(above), |state, byte| mix(state ^ u64::from(byte)))
}

impl Chance {
    /// For one purpose of what has this key; `number` tells repetitions apart.
    pub(super) fn of(key: u64, purpose: &str, number: i64) -> Self {
        Self(mix(self::key(key, purpose) ^ number.cast_unsigned()))
    }

    fn next(&mut self) -> u64 {
        let drawn = mix(self.0);
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        drawn
    }

    /// Uniform in `[0, 1)`.
    pub(super) fn unit(&mut self) -> f64 {
        share(self.next())
    }

    /// Uniform between the two.
    pub(super) fn between(&mut self, [low, high]: [f64; 2]) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Normal with mean 0 and deviation 1 (Box and Muller, 1958); always draws two numbers.
    pub(super) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// Exponential with this mean.
    pub(super) fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }

    /// The place of one of `weights`, each as likely as it is heavy; the last when all are 0.
    pub(super) fn pick(&mut self, weights: impl Iterator<Item = f64> + Clone) -> usize {
        let mut left = self.unit() * weights.clone().sum::<f64>();
        let count = weights.clone().count();
        for (place, weight) in weights.enumerate() {
            left -= weight;
            if left < 0.0 {
                return place;
            }
        }
        count.saturating_sub(1)
    }

    /// One of `items`, all equally likely.
    ///
    /// # Panics
    /// When there are none.
    pub(super) fn one_of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.pick(items.iter().map(|_| 1.0))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_depend_on_key_purpose_and_number_alone() {
        let draw = |key, purpose, number| Chance::of(key, purpose, number).unit();
        assert_eq!(draw(1, "trip", 2), draw(1, "trip", 2));
        let others = [draw(2, "trip", 2), draw(1, "trap", 2), draw(1, "trip", 3)];
        assert!(others.into_iter().all(|other| other != draw(1, "trip", 2)));
    }

    #[test]
    fn normal_numbers_have_mean_0_and_deviation_1() {
        let mut chance = Chance::of(7, "normal", 0);
        let drawn: Vec<f64> = (0..20_000).map(|_| chance.normal()).collect();
        let mean = drawn.iter().sum::<f64>() / 20_000.0;
        let variance = drawn.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 20_000.0;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05, "{mean} {variance}");
    }

    #[test]
    fn what_weighs_more_is_picked_more_often() {
        let mut chance = Chance::of(7, "pick", 0);
        let mut counts = [0_u32; 3];
        for _ in 0..9_000 {
            counts[chance.pick([1.0, 0.0, 2.0].into_iter())] += 1;
        }
        assert!(counts[1] == 0 && counts[0].abs_diff(3_000) < 200, "{counts:?}");
    }
}
