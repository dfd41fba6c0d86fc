//! What each feature adds to what a tree says of a row: exact Shapley values.
//!
//! S. M. Lundberg et al., "From local explanations to global understanding with explainable AI for trees", Nature
//! Machine Intelligence 2, 2020, algorithm 2 (path-dependent): a feature that is not asked for sends a row both ways,
//! in proportion to the training rows that went there. The cost is that of the leaves times their depth squared.

use super::tree::Tree;

/// One feature on the way to a node: the shares of rows that go on when it is asked for and when it is not, and the
/// weight of all subsets of the features so far that have as many members as this step's place says.
#[derive(Clone, Copy, Debug)]
struct Step {
    feature: Option<u16>,
    /// Share that goes on when the feature is not asked for.
    unasked: f64,
    /// 1 if the row itself goes on, else 0.
    asked: f64,
    weight: f64,
}

/// Adds the Shapley values of `row` times `weight` to `contributions`, one per feature.
pub(super) fn contribute(tree: &Tree, row: &[f32], weight: f64, contributions: &mut [f64]) {
    let root = Step { feature: None, unasked: 1.0, asked: 1.0, weight: 0.0 };
    let mut walk = Walk { tree, row, weight, contributions, steps: Vec::new() };
    walk.node(0, 0, root);
}

struct Walk<'w> {
    tree: &'w Tree,
    row: &'w [f32],
    weight: f64,
    contributions: &'w mut [f64],
    /// The ways to the nodes that are open, one behind the other.
    steps: Vec<Step>,
}

impl Walk<'_> {
    /// Goes through `index` and below; the way to its parent begins at `from`, `step` leads on to it.
    fn node(&mut self, index: usize, from: usize, step: Step) {
        let begin = self.steps.len();
        self.steps.extend_from_within(from..begin);
        extend(&mut self.steps, begin, step);
        let node = self.tree.nodes[index];
        if node.is_leaf() {
            self.leaf(begin, f64::from(node.value));
        } else {
            self.split(index, begin);
        }
        self.steps.truncate(begin);
    }

    fn leaf(&mut self, begin: usize, value: f64) {
        let way = &self.steps[begin..];
        for (place, step) in way.iter().enumerate() {
            if let Some(feature) = step.feature {
                let part = unwound(way, place) * (step.asked - step.unasked) * value;
                self.contributions[usize::from(feature)] += self.weight * part;
            }
        }
    }

    fn split(&mut self, index: usize, begin: usize) {
        let node = self.tree.nodes[index];
        let feature = node.feature;
        let hot = self.tree.next(index, self.row[usize::from(feature)]);
        let (mut unasked, mut asked) = (1.0, 1.0);
        // A feature that is asked for again goes on from where it was.
        let before = self.steps[begin..].iter().position(|step| step.feature == Some(feature));
        if let Some(place) = before {
            let step = self.steps[begin + place];
            (unasked, asked) = (step.unasked, step.asked);
            unwind(&mut self.steps, begin, place);
        }
        for child in [index + 1, node.right as usize] {
            let share = self.tree.share(index, child);
            let asked = if child == hot { asked } else { 0.0 };
            let step =
                Step { feature: Some(feature), unasked: unasked * share, asked, weight: 0.0 };
            self.node(child, begin, step);
        }
    }
}

/// Adds a step to the way that begins at `begin`: every subset is counted once without it and once with it.
fn extend(steps: &mut Vec<Step>, begin: usize, step: Step) {
    let length = steps.len() - begin;
    steps.push(Step { weight: if length == 0 { 1.0 } else { 0.0 }, ..step });
    let way = &mut steps[begin..];
    let count = (length + 1) as f64;
    for place in (0..length).rev() {
        way[place + 1].weight += step.asked * way[place].weight * (place + 1) as f64 / count;
        way[place].weight *= step.unasked * (length - place) as f64 / count;
    }
}

/// Takes step `place` out of the way that begins at `begin`, as if it had never been added; the way is the last one.
fn unwind(steps: &mut Vec<Step>, begin: usize, place: usize) {
    let way = &mut steps[begin..];
    let length = way.len() - 1;
    let Step { unasked, asked, .. } = way[place];
    let count = (length + 1) as f64;
    let mut next = way[length].weight;
    for other in (0..length).rev() {
        let before = way[other].weight;
        if asked > 0.0 {
            way[other].weight = next * count / ((other + 1) as f64 * asked);
            next = before - way[other].weight * unasked * (length - other) as f64 / count;
        } else {
            way[other].weight = before * count / (unasked * (length - other) as f64);
        }
    }
    // The steps move down by one, the weights stay: they belong to places.
    for other in place..length {
        let step = way[other + 1];
        way[other] = Step { weight: way[other].weight, ..step };
    }
    steps.pop();
}

/// The sum of the weights of the way without step `place`.
fn unwound(way: &[Step], place: usize) -> f64 {
    let length = way.len() - 1;
    let Step { unasked, asked, .. } = way[place];
    let count = (length + 1) as f64;
    let mut next = way[length].weight;
    let mut sum = 0.0;
    for other in (0..length).rev() {
        if asked > 0.0 {
            let weight = next * count / ((other + 1) as f64 * asked);
            sum += weight;
            next = way[other].weight - weight * unasked * (length - other) as f64 / count;
        } else {
            sum += way[other].weight * count / (unasked * (length - other) as f64);
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::super::boost::{Boosted, Loss, Settings};
    use super::super::forest::{self, RandomForest};
    use super::super::{Table, Tree};
    use super::contribute;
    use proptest::prelude::*;

    const FEATURES: usize = 4;

    /// What the tree says when only the features of `subset`, a bit each, are asked for.
    fn expected(tree: &Tree, index: usize, row: &[f32], subset: u32) -> f64 {
        let node = tree.nodes[index];
        if node.is_leaf() {
            return f64::from(node.value);
        }
        let feature = usize::from(node.feature);
        if subset & (1 << feature) != 0 {
            return expected(tree, tree.next(index, row[feature]), row, subset);
        }
        let (left, right) = (index + 1, node.right as usize);
        let share = f64::from(tree.nodes[left].cover)
            / (f64::from(tree.nodes[left].cover) + f64::from(tree.nodes[right].cover));
        share * expected(tree, left, row, subset)
            + (1.0 - share) * expected(tree, right, row, subset)
    }

    /// Shapley's own sum over all subsets (L. S. Shapley, 1953).
    fn by_all_subsets(tree: &Tree, row: &[f32]) -> Vec<f64> {
        let factorial = |n: usize| (1..=n).product::<usize>() as f64;
        (0..FEATURES)
            .map(|feature| {
                let without = (0..1_u32 << FEATURES).filter(|subset| subset & (1 << feature) == 0);
                without
                    .map(|subset| {
                        let size = subset.count_ones() as usize;
                        let weight =
                            factorial(size) * factorial(FEATURES - size - 1) / factorial(FEATURES);
                        let with = expected(tree, 0, row, subset | (1 << feature));
                        weight * (with - expected(tree, 0, row, subset))
                    })
                    .sum()
            })
            .collect()
    }

    fn grown(rows: &[[u8; FEATURES]], outcomes: &[u8]) -> (RandomForest, Boosted) {
        let mut table = Table::new((0..FEATURES).map(|it| format!("f{it}")).collect()).unwrap();
        for row in rows {
            let row = row.map(|value| (value < 14).then_some(f32::from(value)));
            table.push(&row).unwrap();
        }
        let outcomes: Vec<f32> = outcomes.iter().map(|value| f32::from(*value)).collect();
        let settings =
            forest::Settings { trees: 4, features_share: Some(1.0), ..Default::default() };
        let forest = RandomForest::grow(&table, &outcomes, None, settings).unwrap().forest;
        let settings = Settings { rounds_max: 4, depth_max: 5, ..Settings::default() };
        let boosted = Boosted::grow(&table, &outcomes, None, Loss::Squared, settings).unwrap();
        (forest, boosted)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn contributions_are_those_of_all_subsets(
            (rows, outcomes) in (2_usize..40).prop_flat_map(|count| (
                prop::collection::vec(any::<[u8; FEATURES]>().prop_map(|row| row.map(|it| it % 16)), count),
                prop::collection::vec(any::<u8>(), count),
            )),
            asked in any::<[u8; FEATURES]>(),
        ) {
            let (forest, boosted) = grown(&rows, &outcomes);
            let row = asked.map(|it| if it % 16 < 14 { f32::from(it % 16) } else { f32::NAN });
            for tree in forest.trees().iter().chain(boosted.trees()) {
                let mut found = vec![0.0; FEATURES];
                contribute(tree, &row, 1.0, &mut found);
                for (found, right) in found.iter().zip(by_all_subsets(tree, &row)) {
                    prop_assert!((found - right).abs() < 1e-6, "{} {}", found, right);
                }
                let said = f64::from(tree.value(&row));
                let sum = tree.base() + found.iter().sum::<f64>();
                prop_assert!((sum - said).abs() < 1e-6, "{} {}", sum, said);
            }
        }
    }
}
