//! Features in at most 4,095 bins: what a tree is grown on is two bytes per value.
//!
//! So many, because what fails is often in the last hundredth of a feature, where bins of equally many rows are few.

use super::Table;

/// Bins of one feature, the one for missing values not counted.
pub(super) const BINS_MAX: usize = 4_094;
/// The bin of what is missing.
pub(super) const MISSING: u16 = 0;
/// Values that the edges of a feature are chosen from; evenly spread where there are more.
const EDGE_VALUES_MAX: usize = 100_000;

/// A table in bins. Bin 0 is "missing", bin `b` holds values from `edges[b - 2]` up to below `edges[b - 1]`.
#[derive(Clone, Debug)]
pub(super) struct Binned {
    /// Per feature, per row.
    pub(super) bins: Vec<Vec<u16>>,
    /// Per feature, ascending.
    pub(super) edges: Vec<Vec<f32>>,
}

impl Binned {
    pub(super) fn of(table: &Table) -> Self {
        let edges: Vec<Vec<f32>> = table.columns().iter().map(|column| edges(column)).collect();
        let bins = table.columns().iter().zip(&edges);
        let bins = bins.map(|(column, edges)| column.iter().map(|v| bin(*v, edges)).collect());
        Self { bins: bins.collect(), edges }
    }

    /// Features in which rows differ, a missing value being another one; no tree gains by asking for the others.
    pub(super) fn telling(&self) -> Vec<usize> {
        let tells = |feature: &usize| {
            let bins = &self.bins[*feature];
            bins.first().is_some_and(|first| bins.iter().any(|bin| bin != first))
        };
        (0..self.bins.len()).filter(tells).collect()
    }

    /// Bins of `feature`, the one for missing values included.
    pub(super) fn count(&self, feature: usize) -> usize {
        self.edges[feature].len() + 2
    }
}

fn bin(value: f32, edges: &[f32]) -> u16 {
    if value.is_nan() {
        return MISSING;
    }
    let above = edges.partition_point(|edge| *edge <= value);
    u16::try_from(above + 1).expect("there are at most 4,094 bins")
}

/// Bounds between the bins of a feature: between all its values where they are few, at even ranks where they are many.
fn edges(column: &[f32]) -> Vec<f32> {
    let mut values: Vec<f32> = column.iter().copied().filter(|value| !value.is_nan()).collect();
    values.sort_unstable_by(f32::total_cmp);
    let step = values.len().div_ceil(EDGE_VALUES_MAX).max(1);
    let values: Vec<f32> = values.into_iter().step_by(step).collect();
    let mut distinct = values.clone();
    distinct.dedup();
    if distinct.len() <= BINS_MAX {
        return distinct.windows(2).map(|pair| middle(pair[0], pair[1])).collect();
    }
    let rank = |bin: usize| bin * (values.len() - 1) / BINS_MAX;
    let mut edges: Vec<f32> = (1..BINS_MAX)
        .filter_map(|bin| {
            let upper = values[rank(bin)];
            let lower = values[..rank(bin)].iter().rev().find(|value| **value < upper)?;
            Some(middle(*lower, upper))
        })
        .collect();
    edges.dedup();
    edges
}

/// A bound above `low` and at most `high`.
fn middle(low: f32, high: f32) -> f32 {
    let middle = low + (high - low) / 2.0;
    if middle > low { middle } else { high }
}
