//! Grows the trees of a forest from rows.

use super::stored::{Node, Stored};
use super::tree::depth_max;
use super::{Rows, Settings};
use rand::seq::index;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::cmp::Ordering;

/// Grows a forest; settings are within their limits and there are at least two rows.
pub(super) fn grow(schema: u64, rows: &Rows, settings: Settings) -> Stored {
    let sample = rows.len().min(settings.sample.into());
    let order = ordered(rows);
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(settings.seed);
    let trees = (0..settings.trees).map(|_| {
        let mut drawn: Vec<u32> =
            index::sample(&mut rng, rows.len(), sample).iter().map(|i| order[i]).collect();
        let mut tree = Growing { rows, rng: &mut rng, nodes: Vec::with_capacity(2 * sample) };
        tree.grow(&mut drawn, depth_max(sample));
        tree.nodes
    });
    Stored {
        schema,
        seed: settings.seed,
        features: u8::try_from(rows.features()).expect("features are limited to 64"),
        sample: u16::try_from(sample).expect("a sample is limited to 1,024 rows"),
        rows: u32::try_from(rows.len()).unwrap_or(u32::MAX),
        trees: trees.collect(),
    }
}

/// Indices of the rows in an order that depends on nothing but their values.
fn ordered(rows: &Rows) -> Vec<u32> {
    let count = u32::try_from(rows.len()).expect("fewer than 2^32 rows fit in memory");
    let mut order: Vec<u32> = (0..count).collect();
    order.sort_unstable_by(|&a, &b| {
        let pairs = rows.row(a as usize).iter().zip(rows.row(b as usize));
        pairs.map(|(a, b)| a.total_cmp(b)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    });
    order
}

/// One tree on its way.
struct Growing<'a> {
    rows: &'a Rows,
    rng: &'a mut Xoshiro256PlusPlus,
    nodes: Vec<Node>,
}

impl Growing<'_> {
    /// Appends the subtree of `sample`, `depth` levels deep at most.
    fn grow(&mut self, sample: &mut [u32], depth: u32) {
        let split = if depth == 0 || sample.len() < 2 { None } else { self.draw_split(sample) };
        let Some((feature, threshold)) = split else {
            let rows = u16::try_from(sample.len()).expect("a sample is limited to 1,024 rows");
            self.nodes.push(Node::Leaf { rows });
            return;
        };
        let missing_right = self.draw_missing_side(sample, feature, threshold);
        let index = u8::try_from(feature).expect("features are limited to 64");
        self.nodes.push(Node::Split { feature: index, missing_right, threshold });
        let goes_right = |row: &u32| {
            let value = self.rows.row(*row as usize)[feature];
            if value.is_nan() { missing_right } else { value >= threshold }
        };
        sample.sort_by_key(goes_right);
        let (left, right) = sample.split_at_mut(sample.partition_point(|row| !goes_right(row)));
        self.grow(left, depth - 1);
        self.grow(right, depth - 1);
    }

    /// A feature that varies within `sample` and a threshold with present rows on both sides.
    fn draw_split(&mut self, sample: &[u32]) -> Option<(usize, f32)> {
        let mut features: Vec<usize> = (0..self.rows.features()).collect();
        while !features.is_empty() {
            let feature = features.swap_remove(self.rng.gen_range(0..features.len()));
            let (min, max) = self
                .present(sample, feature)
                .fold((f32::INFINITY, f32::NEG_INFINITY), |(min, max), value| {
                    (min.min(value), max.max(value))
                });
            if min < max {
                return Some((feature, self.draw_threshold(min, max)));
            }
        }
        None
    }

    /// Uniform over (`min`, `max`], so that `min` goes left and `max` goes right.
    fn draw_threshold(&mut self, min: f32, max: f32) -> f32 {
        let (low, high) = (f64::from(min), f64::from(max));
        let threshold = (high - self.rng.gen_range(0.0..1.0) * (high - low)) as f32;
        if threshold > min { threshold } else { max }
    }

    /// Right with the odds of a present row going right.
    fn draw_missing_side(&mut self, sample: &[u32], feature: usize, threshold: f32) -> bool {
        let present = self.present(sample, feature).count();
        let right = self.present(sample, feature).filter(|value| *value >= threshold).count();
        self.rng.gen_range(0..present) < right
    }

    fn present(&self, sample: &[u32], feature: usize) -> impl Iterator<Item = f32> {
        let values = sample.iter().map(move |row| self.rows.row(*row as usize)[feature]);
        values.filter(|value| !value.is_nan())
    }
}
