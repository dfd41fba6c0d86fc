//! Trees laid out for walking: complete binary heaps of one depth, walked without a branch.
//!
//! Where a tree ends early, splits that send every row left lead on to the last level, so every walk
//! takes the same number of steps and the rows of a block go down side by side.

use super::block::{COLUMNS, Columns, column_of};
use super::stored::{Node, Stored};
use super::{FEATURES_MAX, ForestError, SAMPLE_MAX, TREES_MAX, within};

/// Levels of splits of a tree grown from `sample` rows: ⌈log₂ sample⌉, the mean depth of a random tree.
pub(super) fn depth_max(sample: usize) -> u32 {
    sample.next_power_of_two().trailing_zeros()
}

/// Mean length of an unsuccessful search among `rows` keys, c(n) of the paper with exact harmonic numbers:
/// 2 H(n − 1) − 2 (n − 1) / n, and 0 for a single row.
pub(super) fn path_of(rows: u16) -> f32 {
    if rows < 2 {
        return 0.0;
    }
    let harmonic: f64 = (1..rows).map(|k| 1.0 / f64::from(k)).sum();
    let rows = f64::from(rows);
    (2.0 * harmonic - 2.0 * (rows - 1.0) / rows) as f32
}

/// One step of a walk. 8 bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Step {
    threshold: f32,
    column: u32,
}

/// Sends everything left: in the first column nothing reaches infinity.
const PASS: Step = Step { threshold: f32::INFINITY, column: 0 };

/// All trees of a forest, each `1 << depth` steps (the first unused: the root is 1, the children of `i`
/// are `2i` and `2i + 1`) and as many leaves.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Trees {
    depth: u32,
    steps: Vec<Step>,
    /// Path length of a row that ends there.
    paths: Vec<f32>,
}

impl Trees {
    /// Lays out what was stored, having checked that training can have written it.
    pub(super) fn expand(stored: &Stored) -> Result<Self, ForestError> {
        within("features", stored.features.into(), 1, FEATURES_MAX)?;
        within("sample", stored.sample.into(), 2, SAMPLE_MAX)?;
        within("trees", stored.trees.len(), 1, TREES_MAX)?;
        let depth = depth_max(stored.sample.into());
        let size = stored.trees.len() << depth;
        let mut trees = Self { depth, steps: vec![PASS; size], paths: vec![0.0; size] };
        for (index, nodes) in stored.trees.iter().enumerate() {
            let mut nodes = nodes.iter();
            let mut laying = Laying { trees: &mut trees, index, features: stored.features };
            let rows = laying.lay(&mut nodes, 1, 0)?;
            if rows != u32::from(stored.sample) {
                return Err(ForestError::Impossible("the leaves of a tree do not add up"));
            }
            if nodes.next().is_some() {
                return Err(ForestError::Impossible("a tree has nodes left over"));
            }
        }
        Ok(trees)
    }

    /// Sum over all trees of the path length of each row.
    pub(super) fn paths<const ROWS: usize>(&self, columns: &Columns<ROWS>) -> [f32; ROWS] {
        let size = 1_usize << self.depth;
        let mut sums = [0.0; ROWS];
        for (steps, paths) in self.steps.chunks_exact(size).zip(self.paths.chunks_exact(size)) {
            let mut at = [1_usize; ROWS];
            for _ in 0..self.depth {
                for (row, at) in at.iter_mut().enumerate() {
                    let step = &steps[*at];
                    let value = columns[step.column as usize % COLUMNS][row];
                    *at = 2 * *at + usize::from(value >= step.threshold);
                }
            }
            for (sum, at) in sums.iter_mut().zip(at) {
                *sum += paths[at - size];
            }
        }
        sums
    }
}

/// One tree while it is laid out.
struct Laying<'a> {
    trees: &'a mut Trees,
    index: usize,
    features: u8,
}

impl Laying<'_> {
    /// Lays the next subtree at heap place `at` on level `level`; gives the training rows below it.
    fn lay<'n>(
        &mut self,
        nodes: &mut impl Iterator<Item = &'n Node>,
        at: usize,
        level: u32,
    ) -> Result<u32, ForestError> {
        let depth = self.trees.depth;
        let base = self.index << depth;
        match *nodes.next().ok_or(ForestError::Impossible("a tree ends early"))? {
            Node::Leaf { rows: 0 } => Err(ForestError::Impossible("a leaf holds no row")),
            Node::Leaf { rows } => {
                let leaf = (at << (depth - level)) - (1 << depth);
                self.trees.paths[base + leaf] = level as f32 + path_of(rows);
                Ok(rows.into())
            }
            Node::Split { .. } if level == depth => {
                Err(ForestError::Impossible("a tree is too deep"))
            }
            Node::Split { feature, missing_right, threshold } => {
                if feature >= self.features || !threshold.is_finite() {
                    return Err(ForestError::Impossible("a split names no feature or no number"));
                }
                let column = column_of(feature.into(), missing_right) as u32;
                self.trees.steps[base + at] = Step { threshold, column };
                let left = self.lay(nodes, 2 * at, level + 1)?;
                Ok(left + self.lay(nodes, 2 * at + 1, level + 1)?)
            }
        }
    }
}
