//! One grown tree, flat: what it says of a row, and how much each feature contributed to that.

use super::shapley;
use serde::{Deserialize, Serialize};

/// Splits above a leaf at most.
pub(super) const DEPTH_MAX: u32 = 40;

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
    /// What is said if the walk ends here.
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

    /// Where `value` leads to from split `index`.
    pub(super) fn next(&self, index: usize, value: f32) -> usize {
        let node = &self.nodes[index];
        let right = if value.is_nan() { node.missing_right } else { value >= node.threshold };
        if right { node.right as usize } else { index + 1 }
    }

    /// Adds to `contributions`, one per feature, what each of them adds to [`Tree::value`] of `row`: exact Shapley
    /// values. With [`Tree::base`] they sum to it.
    pub fn contribute(&self, row: &[f32], weight: f64, contributions: &mut [f64]) {
        shapley::contribute(self, row, weight, contributions);
    }

    /// Share of the training rows at split `index` that went to `child`, one of its two.
    pub(super) fn share(&self, index: usize, child: usize) -> f64 {
        let cover = |child: usize| f64::from(self.nodes[child].cover);
        cover(child) / (cover(index + 1) + cover(self.nodes[index].right as usize))
    }

    /// Whether it is what growing makes, for rows of `width` features: for what was read. Every walk ends in a leaf,
    /// every node has one parent and rows that came to it, and none is deeper than a tree is grown.
    pub(super) fn fits(&self, width: usize) -> bool {
        let count = self.nodes.len();
        let mut depths: Vec<Option<u32>> = vec![None; count];
        if let Some(root) = depths.first_mut() {
            *root = Some(0);
        }
        let mut sound = |(index, node): (usize, &Node)| {
            let Some(depth) = depths[index].filter(|depth| *depth <= DEPTH_MAX) else {
                return false;
            };
            let known = node.value.is_finite() && node.cover.is_finite() && node.cover > 0.0;
            let right = node.right as usize;
            if node.is_leaf() || !known {
                return known;
            }
            let inside = usize::from(node.feature) < width && right > index + 1 && right < count;
            inside
                && [index + 1, right]
                    .into_iter()
                    .all(|child| depths[child].replace(depth + 1).is_none())
        };
        count > 0 && self.nodes.iter().enumerate().all(&mut sound)
    }

    /// What the tree says of a row of which nothing is asked: the mean of its leaves by the rows that came to each.
    #[must_use]
    pub fn base(&self) -> f64 {
        let mut means: Vec<f64> = self.nodes.iter().map(|node| f64::from(node.value)).collect();
        // Children stand behind their parents.
        for index in (0..self.nodes.len()).rev() {
            if !self.nodes[index].is_leaf() {
                let (left, right) = (index + 1, self.nodes[index].right as usize);
                means[index] =
                    self.share(index, left) * means[left] + self.share(index, right) * means[right];
            }
        }
        means[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf() -> Node {
        let feature = Node::LEAF;
        Node { feature, missing_right: false, threshold: 0.0, right: 0, value: 1.0, cover: 2.0 }
    }

    fn split(right: u32) -> Node {
        Node { feature: 0, right, ..leaf() }
    }

    fn fits(nodes: Vec<Node>) -> bool {
        Tree { nodes }.fits(1)
    }

    #[test]
    fn only_what_growing_makes_is_a_tree() {
        assert!(fits(vec![leaf()]));
        assert!(fits(vec![split(4), split(3), leaf(), leaf(), leaf()]));
        assert!(!fits(Vec::new()));
        assert!(!fits(vec![split(3), leaf(), leaf()]), "a child that is not there");
        assert!(!fits(vec![split(1), leaf()]), "both children are one");
        assert!(!fits(vec![split(2), split(3), split(4), leaf(), leaf()]), "two parents");
        assert!(!fits(vec![split(2), leaf(), leaf(), leaf()]), "a node that nothing leads to");
        assert!(!fits(vec![Node { cover: 0.0, ..leaf() }]), "nothing ever came here");
        assert!(!fits(vec![Node { value: f32::NAN, ..leaf() }]));
        assert!(!fits(vec![Node { feature: 1, ..split(2) }, leaf(), leaf()]), "no such feature");
        // Each split has the next split on its left and a leaf, behind all splits, on its right.
        let chain = |splits: u32| {
            let mut nodes: Vec<Node> = (0..splits).map(|place| split(2 * splits - place)).collect();
            nodes.extend((0..=splits).map(|_| leaf()));
            fits(nodes)
        };
        assert!(chain(DEPTH_MAX) && !chain(DEPTH_MAX + 1), "no tree is grown deeper");
    }
}
