//! Random forest: many deep trees, each on rows drawn anew and a few features a split; what they say is averaged.
//!
//! L. Breiman, "Random Forests", Machine Learning 45, 2001. For outcomes 0 and 1 the average is the share of ones among
//! like rows; [`super::calibration`] makes a probability of it.

use super::bins::Binned;
use super::grow::{Grower, Growth, draw_again};
use super::tree::DEPTH_MAX;
use super::{LearnError, Table, Tree, within};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};

/// Fewest features that are looked at for a split, where there are so many.
pub const FEATURES_PER_SPLIT_MIN: usize = 12;

/// How a random forest is grown.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Number of trees, 1 to 2,000.
    pub trees: u32,
    /// Splits above a leaf, 1 to 40.
    pub depth_max: u32,
    /// Fewest rows of a leaf, in rows.
    pub leaf_rows_min: u32,
    /// Share of the features that is looked at for each split, above 0, at most 1; none is the square root of their
    /// number, but no fewer than [`FEATURES_PER_SPLIT_MIN`].
    pub features_share: Option<f64>,
    /// Seed of every draw.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { trees: 300, depth_max: 24, leaf_rows_min: 1, features_share: None, seed: 0 }
    }
}

/// A grown forest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RandomForest {
    trees: Vec<Tree>,
}

/// A forest, and what it says of each training row by the trees that have not seen it.
#[derive(Clone, Debug)]
pub struct Grown {
    /// The forest.
    pub forest: RandomForest,
    /// By training row; none for a row that every tree has seen.
    pub out_of_bag: Vec<Option<f64>>,
}

impl RandomForest {
    /// Grows a forest for `outcomes`, one per row of `table`; `weights` say how much each row counts.
    ///
    /// # Errors
    /// [`LearnError`] for settings out of their limits, too few rows or outcomes that do not fit them.
    pub fn grow(
        table: &Table,
        outcomes: &[f32],
        weights: Option<&[f32]>,
        settings: Settings,
    ) -> Result<Grown, LearnError> {
        check(table, outcomes, settings)?;
        let binned = Binned::of(table);
        let weights = weights.map_or_else(|| vec![1.0; table.len()], <[f32]>::to_vec);
        let gradient: Vec<f32> =
            outcomes.iter().zip(&weights).map(|(outcome, weight)| -outcome * weight).collect();
        let features = binned.telling();
        let per_split = match settings.features_share {
            Some(share) => (share * table.names().len() as f64).ceil() as usize,
            None => table.names().len().isqrt().max(FEATURES_PER_SPLIT_MIN),
        };
        let growth = Growth {
            depth_max: settings.depth_max,
            cover_min: f64::from(settings.leaf_rows_min),
            lambda: 0.0,
            gain_min: 1e-9,
            features_per_split: per_split,
            rate: 1.0,
        };
        let mut unseen = vec![(0.0, 0_u32); table.len()];
        let mut trees = Vec::with_capacity(settings.trees as usize);
        for tree in 0..u64::from(settings.trees) {
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(rng_seed(settings.seed, tree));
            let mut drawn = draw_again(&mut rng, table.len());
            let mut seen = vec![false; table.len()];
            drawn.iter().for_each(|row| seen[*row as usize] = true);
            let sums = (&gradient[..], &weights[..]);
            let grown = Grower::new(&binned, sums, &features, growth, &mut rng).grow(&mut drawn);
            for index in (0..table.len()).filter(|index| !seen[*index]) {
                let value = grown.value_by(|feature| table.at(index, feature));
                unseen[index].0 += f64::from(value);
                unseen[index].1 += 1;
            }
            trees.push(grown);
        }
        let out_of_bag = unseen.into_iter();
        let out_of_bag =
            out_of_bag.map(|(sum, count)| (count > 0).then(|| sum / f64::from(count))).collect();
        Ok(Grown { forest: Self { trees }, out_of_bag })
    }

    /// What the trees say of `row` on average.
    #[must_use]
    pub fn value(&self, row: &[f32]) -> f64 {
        let sum: f64 = self.trees.iter().map(|tree| f64::from(tree.value(row))).sum();
        sum / self.trees.len() as f64
    }

    /// The trees.
    #[cfg(test)]
    pub(super) fn trees(&self) -> &[Tree] {
        &self.trees
    }

    /// Whether rows of `width` features can be asked about.
    pub(crate) fn fits(&self, width: usize) -> bool {
        !self.trees.is_empty() && self.trees.iter().all(|tree| tree.fits(width))
    }

    /// Base value and the contribution of each feature; they sum to [`RandomForest::value`].
    #[must_use]
    pub fn contributions(&self, row: &[f32]) -> (f64, Vec<f64>) {
        let mut contributions = vec![0.0; row.len()];
        let weight = 1.0 / self.trees.len() as f64;
        let mut base = 0.0;
        for tree in &self.trees {
            base += weight * tree.base();
            tree.contribute(row, weight, &mut contributions);
        }
        (base, contributions)
    }
}

/// Seed of one tree: SplitMix64 of the forest's seed and the tree's number.
fn rng_seed(seed: u64, tree: u64) -> u64 {
    let mut mixed = seed ^ tree.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn check(table: &Table, outcomes: &[f32], settings: Settings) -> Result<(), LearnError> {
    within((1..=2_000).contains(&settings.trees), "trees", settings.trees, "1 to 2000")?;
    within(
        (1..=DEPTH_MAX).contains(&settings.depth_max),
        "depth_max",
        settings.depth_max,
        "1 to 40",
    )?;
    within(settings.leaf_rows_min >= 1, "leaf_rows_min", settings.leaf_rows_min, "at least 1")?;
    let share = settings.features_share.unwrap_or(1.0);
    within(share > 0.0 && share <= 1.0, "features_share", share, "more than 0, at most 1")?;
    super::boost::check_outcomes(table, outcomes)
}
