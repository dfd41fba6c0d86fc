//! Says of one row why it is judged as it is, in terms of what is known: the smallest change with which it would not be,
//! and the past rows that are most like it.
//!
//! How far a feature is moved is counted in the share of known rows that it passes, so that degrees and counts can be
//! compared. Features are moved one by one, as if they did not hang together; what is found says what the model heeds,
//! not what would come of turning a screw (S. Wachter, B. Mittelstadt, C. Russell, "Counterfactual Explanations without
//! Opening the Black Box", Harvard JOLT 31, 2018).

use crate::supervised::Table;
use serde::Serialize;
use std::collections::BTreeMap;

#[cfg(test)]
mod tests;

/// Most features that are changed at once.
pub const CHANGES_MAX: usize = 3;
/// Places among the known values of a feature that are tried.
const PLACES: u32 = 32;
/// How often the way to the nearest place that clears is halved.
const HALVINGS: u32 = 8;
/// Features, those that weigh most, by which rows are compared.
const COMPARED_MAX: usize = 12;

/// The rows that are known, feature by feature.
#[derive(Clone, Debug)]
pub struct Known<'a> {
    table: &'a Table,
    /// Known values by feature, ascending.
    values: Vec<Vec<f32>>,
}

/// One feature changed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Change {
    /// Which.
    pub feature: usize,
    /// What it is.
    pub from: f32,
    /// What it would be.
    pub to: f32,
    /// Share of the known rows that lie between.
    pub moved: f64,
}

/// A known row that is like another.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Alike {
    /// Which.
    pub row: usize,
    /// Mean share of known rows that lie between the two, by the weights of the features: 0 for equal rows, at most 1.
    pub distance: f64,
}

/// A feature moved so far that it clears, or lowers what is said.
#[derive(Clone, Copy)]
struct Move {
    change: Change,
    said: f64,
}

impl<'a> Known<'a> {
    /// What is known by these rows.
    #[must_use]
    pub fn of(table: &'a Table) -> Self {
        let ascending = |feature: usize| {
            let column = (0..table.len()).map(|row| table.value(row, feature));
            let mut values: Vec<f32> = column.filter(|value| !value.is_nan()).collect();
            values.sort_unstable_by(f32::total_cmp);
            values
        };
        Self { table, values: (0..table.names().len()).map(ascending).collect() }
    }

    /// The smallest change found of at most [`CHANGES_MAX`] of `features` with which `says` says less than
    /// `threshold`; empty if it does so already, none if there is no such change. What is missing stays missing.
    #[must_use]
    pub fn clearing(
        &self,
        row: &[f32],
        features: &[usize],
        threshold: f64,
        says: impl Fn(&[f32]) -> f64,
    ) -> Option<Vec<Change>> {
        let mut changed = row.to_vec();
        let mut changes: Vec<Change> = Vec::new();
        let mut said = says(row);
        while said >= threshold {
            let open = features.iter().copied().filter(|feature| {
                !row[*feature].is_nan() && changes.iter().all(|it| it.feature != *feature)
            });
            let found = self.best_move(&changed, open, threshold, &says)?;
            if changes.len() == CHANGES_MAX || found.said >= said {
                return None;
            }
            changed[found.change.feature] = found.change.to;
            changes.push(found.change);
            said = found.said;
        }
        self.without_needless(row, changes, threshold, &says)
    }

    /// The shortest move that clears; where none does, the one that lowers most what is said.
    fn best_move(
        &self,
        row: &[f32],
        features: impl Iterator<Item = usize>,
        threshold: f64,
        says: &impl Fn(&[f32]) -> f64,
    ) -> Option<Move> {
        let (mut clearing, mut lowering): (Option<Move>, Option<Move>) = (None, None);
        let mut moved = row.to_vec();
        for feature in features {
            for place in 0..=PLACES {
                let share = f64::from(place) / f64::from(PLACES);
                let Some(change) = self.change(feature, row[feature], share) else { continue };
                if clearing.is_some_and(|best| best.change.moved <= change.moved) {
                    continue;
                }
                moved[feature] = change.to;
                let said = says(&moved);
                let found = Move { change, said };
                if said < threshold {
                    clearing = Some(found);
                } else if lowering.is_none_or(|best| said < best.said) {
                    lowering = Some(found);
                }
            }
            moved[feature] = row[feature];
        }
        clearing.map(|found| self.shortened(row, found, threshold, says)).or(lowering)
    }

    /// The same change, as far as it needs to go.
    fn shortened(
        &self,
        row: &[f32],
        found: Move,
        threshold: f64,
        says: &impl Fn(&[f32]) -> f64,
    ) -> Move {
        let Change { feature, from, to, .. } = found.change;
        let (mut stays, mut clears) = (self.share(feature, from), self.share(feature, to));
        let (mut moved, mut best) = (row.to_vec(), found);
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(stays, clears);
            let Some(change) = self.change(feature, from, middle) else {
                stays = middle;
                continue;
            };
            moved[feature] = change.to;
            let said = says(&moved);
            if said < threshold {
                clears = middle;
                if change.moved < best.change.moved {
                    best = Move { change, said };
                }
            } else {
                stays = middle;
            }
        }
        best
    }

    /// Leaves out every change without which it clears too.
    fn without_needless(
        &self,
        row: &[f32],
        mut changes: Vec<Change>,
        threshold: f64,
        says: &impl Fn(&[f32]) -> f64,
    ) -> Option<Vec<Change>> {
        let mut place = 0;
        while place < changes.len() {
            let mut fewer = changes.clone();
            fewer.remove(place);
            if says(&with(row, &fewer)) < threshold {
                changes = fewer;
            } else {
                place += 1;
            }
        }
        (says(&with(row, &changes)) < threshold).then_some(changes)
    }

    /// The known rows that are most like `row`, the nearest first, at most one of each group; features count by their
    /// `weights`, below 0 as above.
    #[must_use]
    pub fn alike(&self, row: &[f32], weights: &[f64], groups: &[u32], count: usize) -> Vec<Alike> {
        let mut heaviest: Vec<usize> = (0..weights.len()).collect();
        heaviest.sort_by(|a, b| weights[*b].abs().total_cmp(&weights[*a].abs()));
        heaviest.truncate(COMPARED_MAX);
        let whole: f64 = heaviest.iter().map(|feature| weights[*feature].abs()).sum();
        let mut nearest: BTreeMap<u32, Alike> = BTreeMap::new();
        for (known, group) in groups.iter().enumerate().take(self.table.len()) {
            let apart = heaviest.iter().map(|feature| {
                let other = self.table.value(known, *feature);
                weights[*feature].abs() * self.between(*feature, row[*feature], other)
            });
            let sum: f64 = apart.sum();
            let found = Alike { row: known, distance: if whole > 0.0 { sum / whole } else { 0.0 } };
            let best = nearest.entry(*group).or_insert(found);
            if found.distance < best.distance {
                *best = found;
            }
        }
        let mut nearest: Vec<Alike> = nearest.into_values().collect();
        nearest.sort_by(|a, b| a.distance.total_cmp(&b.distance).then(a.row.cmp(&b.row)));
        nearest.truncate(count);
        nearest
    }

    /// Share of the known values that lie between two; all where one of both is missing.
    fn between(&self, feature: usize, one: f32, other: f32) -> f64 {
        match (one.is_nan(), other.is_nan()) {
            (true, true) => 0.0,
            (false, false) => (self.share(feature, one) - self.share(feature, other)).abs(),
            _ => 1.0,
        }
    }

    /// A move of a feature to the value with a share of the known values below it; none if that is where it is.
    fn change(&self, feature: usize, from: f32, share: f64) -> Option<Change> {
        let values = &self.values[feature];
        let place = share * values.len().checked_sub(1)? as f64;
        let to = values[place.round() as usize];
        let moved = self.between(feature, from, to);
        (to != from).then_some(Change { feature, from, to, moved })
    }

    /// Share of the known values below one, of those that equal it half.
    fn share(&self, feature: usize, value: f32) -> f64 {
        let values = &self.values[feature];
        let below = values.partition_point(|known| *known < value);
        let up_to = values.partition_point(|known| *known <= value);
        (below + up_to) as f64 / (2 * values.len().max(1)) as f64
    }
}

fn with(row: &[f32], changes: &[Change]) -> Vec<f32> {
    let mut changed = row.to_vec();
    for change in changes {
        changed[change.feature] = change.to;
    }
    changed
}
