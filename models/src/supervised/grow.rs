//! Grows one tree on binned rows, for a gradient and a curvature per row.
//!
//! T. Chen, C. Guestrin, "XGBoost", KDD 2016: a split is worth what it takes off the loss to second order, and rows
//! without a value go to the side where they take off more. With gradient −outcome and curvature 1 this is a
//! regression tree whose leaves are means.

use super::bins::{BINS_MAX, Binned, MISSING};
use super::tree::{Node, Tree};
use rand::Rng;
use rand::seq::index;
use rand_xoshiro::Xoshiro256PlusPlus;

/// How a tree is grown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Growth {
    pub(super) depth_max: u32,
    /// Least curvature on each side of a split.
    pub(super) cover_min: f64,
    /// Added to the curvature of a leaf: pulls its value to 0.
    pub(super) lambda: f64,
    /// Least worth of a split.
    pub(super) gain_min: f64,
    /// Features that are looked at for each split.
    pub(super) features_per_split: usize,
    /// What a leaf's value is multiplied with.
    pub(super) rate: f64,
}

/// What the rows at a node add up to.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    gradient: f64,
    curvature: f64,
}

impl Sum {
    fn add(&mut self, other: Sum) {
        self.gradient += other.gradient;
        self.curvature += other.curvature;
    }

    fn minus(self, other: Sum) -> Sum {
        Sum {
            gradient: self.gradient - other.gradient,
            curvature: self.curvature - other.curvature,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Split {
    gain: f64,
    feature: usize,
    /// The last bin that goes left.
    bin: usize,
    missing_right: bool,
}

pub(super) struct Grower<'a> {
    pub(super) binned: &'a Binned,
    pub(super) gradient: &'a [f32],
    pub(super) curvature: &'a [f32],
    /// Features that this tree may ask for.
    pub(super) features: &'a [usize],
    pub(super) growth: Growth,
    pub(super) rng: &'a mut Xoshiro256PlusPlus,
    nodes: Vec<Node>,
    histogram: Vec<(Sum, bool)>,
    filled: Vec<(u16, Sum)>,
}

impl<'a> Grower<'a> {
    pub(super) fn new(
        binned: &'a Binned,
        (gradient, curvature): (&'a [f32], &'a [f32]),
        features: &'a [usize],
        growth: Growth,
        rng: &'a mut Xoshiro256PlusPlus,
    ) -> Self {
        let histogram = vec![(Sum::default(), false); BINS_MAX + 2];
        Self {
            binned,
            gradient,
            curvature,
            features,
            growth,
            rng,
            nodes: Vec::new(),
            histogram,
            filled: Vec::new(),
        }
    }

    /// The tree of `rows`; a row that is named twice counts twice.
    pub(super) fn grow(mut self, rows: &mut [u32]) -> Tree {
        self.node(rows, self.growth.depth_max);
        Tree { nodes: self.nodes }
    }

    fn node(&mut self, rows: &mut [u32], depth: u32) {
        let sum = self.sum(rows);
        let leaf = Node {
            feature: Node::LEAF,
            missing_right: false,
            threshold: 0.0,
            right: 0,
            value: self.value(sum) as f32,
            cover: sum.curvature as f32,
        };
        let place = self.nodes.len();
        self.nodes.push(leaf);
        let split = if depth == 0 { None } else { self.best_split(rows, sum) };
        let Some(split) = split else { return };
        let bins = &self.binned.bins[split.feature];
        let goes_right = |row: &u32| match bins[*row as usize] {
            MISSING => split.missing_right,
            bin => usize::from(bin) > split.bin,
        };
        let middle = partition(rows, goes_right);
        let (left, right) = rows.split_at_mut(middle);
        self.node(left, depth - 1);
        let second = u32::try_from(self.nodes.len()).expect("a tree has fewer than 2^32 nodes");
        self.node(right, depth - 1);
        let node = &mut self.nodes[place];
        node.feature = u16::try_from(split.feature).expect("features are limited to 4096");
        node.missing_right = split.missing_right;
        // Past the last edge nothing goes right but what is missing.
        let edges = &self.binned.edges[split.feature];
        node.threshold = edges.get(split.bin - 1).copied().unwrap_or(f32::INFINITY);
        node.right = second;
    }

    fn value(&self, sum: Sum) -> f64 {
        let curvature = sum.curvature + self.growth.lambda;
        if curvature > 0.0 { -sum.gradient / curvature * self.growth.rate } else { 0.0 }
    }

    fn sum(&self, rows: &[u32]) -> Sum {
        let mut sum = Sum::default();
        for row in rows {
            sum.add(self.of(*row));
        }
        sum
    }

    fn of(&self, row: u32) -> Sum {
        of(self.gradient, self.curvature, row)
    }

    fn best_split(&mut self, rows: &[u32], all: Sum) -> Option<Split> {
        let wanted = self.growth.features_per_split.min(self.features.len());
        let mut chosen = index::sample(self.rng, self.features.len(), wanted).into_vec();
        // The order of equals must not depend on how they were drawn.
        chosen.sort_unstable();
        let mut best: Option<Split> = None;
        for place in chosen {
            let feature = self.features[place];
            let found = self.split_of(feature, rows, all);
            if let Some(found) = found
                && best.is_none_or(|best| found.gain > best.gain)
            {
                best = Some(found);
            }
        }
        best.filter(|best| best.gain > self.growth.gain_min)
    }

    fn split_of(&mut self, feature: usize, rows: &[u32], all: Sum) -> Option<Split> {
        self.count_bins(feature, rows);
        let missing = match self.filled.first() {
            Some((MISSING, sum)) => *sum,
            _ => Sum::default(),
        };
        let present = self.filled.iter().filter(|(bin, _)| *bin != MISSING);
        let (mut best, mut left): (Option<Split>, _) = (None, Sum::default());
        let last = self.binned.edges[feature].len() + 1;
        for (bin, sum) in present {
            let bin = usize::from(*bin);
            left.add(*sum);
            for missing_right in [false, true] {
                // Above the last bin there is nothing but what is missing.
                if bin >= last && !(missing_right && missing.curvature > 0.0) {
                    continue;
                }
                let Some(gain) = self.gain(left, missing, missing_right, all) else { continue };
                if best.is_none_or(|best| gain > best.gain) {
                    best = Some(Split { gain, feature, bin, missing_right });
                }
                if missing.curvature <= 0.0 {
                    break;
                }
            }
        }
        best
    }

    /// What parting the rows so is worth; none if a side would be too small.
    fn gain(&self, left: Sum, missing: Sum, missing_right: bool, all: Sum) -> Option<f64> {
        let mut below = left;
        if !missing_right {
            below.add(missing);
        }
        let above = all.minus(below);
        let least = self.growth.cover_min;
        (below.curvature >= least && above.curvature >= least)
            .then(|| self.worth(below) + self.worth(above) - self.worth(all))
    }

    /// Fills [`Grower::filled`] with the bins of `feature` that hold any of `rows`, ascending.
    fn count_bins(&mut self, feature: usize, rows: &[u32]) {
        let bins = &self.binned.bins[feature];
        self.filled.clear();
        if rows.len() < self.binned.count(feature) / 4 {
            let (gradient, curvature) = (self.gradient, self.curvature);
            let pairs = rows.iter().map(|row| (bins[*row as usize], of(gradient, curvature, *row)));
            self.filled.extend(pairs);
            self.filled.sort_by_key(|(bin, _)| *bin);
            self.filled.dedup_by(|later, earlier| {
                let same = later.0 == earlier.0;
                if same {
                    earlier.1.add(later.1);
                }
                same
            });
            return;
        }
        let count = self.binned.count(feature);
        self.histogram[..count].fill((Sum::default(), false));
        for row in rows {
            let one = self.of(*row);
            let (sum, any) = &mut self.histogram[usize::from(bins[*row as usize])];
            sum.add(one);
            *any = true;
        }
        let filled = self.histogram[..count].iter().zip(0_u16..).filter(|((_, any), _)| *any);
        self.filled.extend(filled.map(|((sum, _), bin)| (bin, *sum)));
    }

    /// What the loss is lower by when these rows have a leaf of their own.
    fn worth(&self, sum: Sum) -> f64 {
        let curvature = sum.curvature + self.growth.lambda;
        if curvature > 0.0 { sum.gradient * sum.gradient / curvature } else { 0.0 }
    }
}

fn of(gradient: &[f32], curvature: &[f32], row: u32) -> Sum {
    let row = row as usize;
    Sum { gradient: f64::from(gradient[row]), curvature: f64::from(curvature[row]) }
}

/// Puts the rows that go left first, each side in the order in which it was; how many go left.
fn partition(rows: &mut [u32], goes_right: impl Fn(&u32) -> bool) -> usize {
    let right: Vec<u32> = rows.iter().copied().filter(|row| goes_right(row)).collect();
    let mut kept = 0;
    for index in 0..rows.len() {
        if !goes_right(&rows[index]) {
            rows[kept] = rows[index];
            kept += 1;
        }
    }
    rows[kept..].copy_from_slice(&right);
    kept
}

/// Draws `count` of `of` without replacement, in ascending order.
pub(super) fn draw(rng: &mut Xoshiro256PlusPlus, of: usize, count: usize) -> Vec<usize> {
    let mut drawn = index::sample(rng, of, count.min(of)).into_vec();
    drawn.sort_unstable();
    drawn
}

/// Draws as many of `of` rows with replacement.
pub(super) fn draw_again(rng: &mut Xoshiro256PlusPlus, of: usize) -> Vec<u32> {
    let of = u32::try_from(of).expect("rows are limited to 20 million");
    let mut drawn: Vec<u32> = (0..of).map(|_| rng.gen_range(0..of)).collect();
    drawn.sort_unstable();
    drawn
}
