//! One grown tree, flat: what it says of a row, and how much each feature contributed to that.

use serde::{Deserialize, Serialize};

/// A node. The left child of a split stands right behind it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Node {
    /// Feature that is asked for; [`Node::LEAF`] where nothing is.
    pub(super) feature: u16,
    /// Whether a row without a value goes right.
    pub(super) missing_right: bool,
    /// From here on a value goes right.
    pub(super) threshold: f32,
    /// Index of the right child.
    pub(super) right: u32,
    /// What is said if the walk ends here, or would.
    pub(super) value: f32,
    /// Weight of the training rows that came here.
    pub(super) cover: f32,
}

impl Node {
    /// Stands for "no feature".
    pub(super) const LEAF: u16 = u16::MAX;

    pub(super) fn is_leaf(&self) -> bool {
        self.feature == Self::LEAF
    }
}

/// A decision tree over rows of numbers with holes (NaN).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tree {
    pub(super) nodes: Vec<Node>,
}

impl Tree {
    /// What the tree says of `row`.
    #[must_use]
    pub fn value(&self, row: &[f32]) -> f32 {
        self.value_by(|feature| row[feature])
    }

    /// The same of a row whose features are asked for one by one.
    pub(super) fn value_by(&self, feature: impl Fn(usize) -> f32) -> f32 {
        let mut index = 0;
        loop {
            let node = &self.nodes[index];
            if node.is_leaf() {
                return node.value;
            }
            index = self.next(index, feature(usize::from(node.feature)));
        }
    }

    fn next(&self, index: usize, value: f32) -> usize {
        let node = &self.nodes[index];
        let right = if value.is_nan() { node.missing_right } else { value >= node.threshold };
        if right { node.right as usize } else { index + 1 }
    }

    /// Adds to `contributions`, one per feature, what each of them adds to [`Tree::value`] of `row`: the steps of the
    /// value along the way, each to the feature that was asked (A. Saabas, 2014). With [`Tree::base`] they sum to it.
    pub fn contribute(&self, row: &[f32], weight: f64, contributions: &mut [f64]) {
        let mut index = 0;
        while !self.nodes[index].is_leaf() {
            let next = self.next(index, row[usize::from(self.nodes[index].feature)]);
            let step = f64::from(self.nodes[next].value) - f64::from(self.nodes[index].value);
            contributions[usize::from(self.nodes[index].feature)] += weight * step;
            index = next;
        }
    }

    /// Whether every walk over rows of `width` features ends in a leaf: for what was read, not grown.
    pub(super) fn fits(&self, width: usize) -> bool {
        let count = self.nodes.len();
        !self.nodes.is_empty()
            && self.nodes.iter().enumerate().all(|(index, node)| {
                let right = node.right as usize;
                let whole = usize::from(node.feature) < width && right > index + 1 && right < count;
                node.value.is_finite() && (node.is_leaf() || whole)
            })
    }

    /// What the tree says of a row of which nothing is asked.
    #[must_use]
    pub fn base(&self) -> f64 {
        f64::from(self.nodes[0].value)
    }
}
