//! Failures that are alike: groups found by three methods of clustering, the clearest of which is taken.
//!
//! k-means, Gaussian mixtures and DBSCAN of linfa on scaled features; chosen by the silhouette (P. J. Rousseeuw,
//! J. Comput. Appl. Math. 20, 1987), times the share that is in a group at all. Being alike is no cause.

use linfa::DatasetBase;
use linfa::traits::{Fit, Predict, Transformer};
use linfa_clustering::{Dbscan, GaussianMixtureModel, KMeans};
use ndarray::Array2;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

/// With fewer failures no groups are looked for.
pub const ROWS_MIN: usize = 20;
/// Most failures that are compared: each with each.
pub const ROWS_MAX: usize = 400;
/// Most groups that are looked for.
pub const GROUPS_MAX: usize = 5;
/// Below this silhouette there are no groups (L. Kaufman and P. J. Rousseeuw, Finding Groups in Data, 1990: 0.51 and
/// more is "a reasonable structure").
pub const SILHOUETTE_MIN: f64 = 0.51;

/// Neighbours that make a core point of DBSCAN, itself included.
const NEIGHBOURS: usize = 5;
/// Shares of the distances to the farthest of those neighbours that are tried as DBSCAN's radius.
const RADII: [f64; 3] = [0.5, 0.75, 0.9];
/// Beginnings that k-means and mixtures are tried from.
const RUNS: usize = 4;
/// Steps of one try.
const STEPS_MAX: u64 = 100;

/// How groups were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// k-means.
    KMeans,
    /// A mixture of Gaussian distributions.
    GaussianMixture,
    /// Density: DBSCAN, which leaves out what is alone.
    Dbscan,
}

/// Groups of rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Groups {
    /// How they were found.
    pub method: Method,
    /// How clearly they are apart, −1 to 1.
    pub silhouette: f64,
    /// The group of each row, from 0; rows that are alone have none.
    pub group: Vec<Option<usize>>,
}

/// Why no groups are told.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Unknown {
    /// Too few rows.
    #[error("{rows} failures are too few; groups are looked for from {ROWS_MIN} on")]
    TooFew {
        /// How many there are.
        rows: usize,
    },
    /// Too many, or rows of different lengths, or numbers that are none.
    #[error("at most {ROWS_MAX} rows of as many finite numbers each can be compared")]
    NoRows,
    /// Nothing is clearly apart.
    #[error("no groups are clearly apart; the best silhouette is {silhouette:.2}")]
    NoGroups {
        /// The best silhouette.
        silhouette: f64,
    },
}

/// Looks for groups; the same `rows` and `seed` give the same.
///
/// # Errors
/// [`Unknown`] saying why there are none.
pub fn groups(rows: &[Vec<f64>], seed: u64) -> Result<Groups, Unknown> {
    if rows.len() < ROWS_MIN {
        return Err(Unknown::TooFew { rows: rows.len() });
    }
    let columns = rows[0].len();
    let is_sound = |row: &Vec<f64>| row.len() == columns && row.iter().all(|it| it.is_finite());
    if rows.len() > ROWS_MAX || !rows.iter().all(is_sound) {
        return Err(Unknown::NoRows);
    }
    let Some(scaled) = scaled(rows) else { return Err(Unknown::NoGroups { silhouette: 0.0 }) };
    let apart = distances(&scaled);
    let mut best: Option<(f64, Groups)> = None;
    for (method, group) in candidates(&scaled, &apart, seed) {
        let Some(silhouette) = silhouette(&apart, &group) else { continue };
        let grouped = group.iter().flatten().count() as f64 / group.len() as f64;
        let score = silhouette * grouped;
        if best.as_ref().is_none_or(|(known, _)| score > *known) {
            best = Some((score, Groups { method, silhouette, group }));
        }
    }
    match best {
        Some((score, groups)) if score >= SILHOUETTE_MIN => Ok(groups),
        best => Err(Unknown::NoGroups { silhouette: best.map_or(0.0, |(score, _)| score) }),
    }
}

/// Columns with mean 0 and deviation 1; those that do not vary are left out. `None` when none is left.
fn scaled(rows: &[Vec<f64>]) -> Option<Array2<f64>> {
    let count = rows.len() as f64;
    let mut columns: Vec<Vec<f64>> = Vec::new();
    for column in 0..rows[0].len() {
        let mean = rows.iter().map(|row| row[column]).sum::<f64>() / count;
        let variance = rows.iter().map(|row| (row[column] - mean).powi(2)).sum::<f64>() / count;
        if variance > 0.0 && variance.is_finite() {
            columns.push(rows.iter().map(|row| (row[column] - mean) / variance.sqrt()).collect());
        }
    }
    let all = (0..rows.len()).flat_map(|row| columns.iter().map(move |column| column[row]));
    let shape = (rows.len(), columns.len());
    if columns.is_empty() {
        return None;
    }
    Array2::from_shape_vec(shape, all.collect()).ok()
}

fn distances(scaled: &Array2<f64>) -> Vec<Vec<f64>> {
    let apart = |one: usize, other: usize| {
        let pairs = scaled.row(one).into_iter().zip(scaled.row(other));
        pairs.map(|(one, other)| (one - other).powi(2)).sum::<f64>().sqrt()
    };
    let rows = 0..scaled.nrows();
    rows.clone().map(|one| rows.clone().map(|other| apart(one, other)).collect()).collect()
}

type Candidate = (Method, Vec<Option<usize>>);

fn candidates(scaled: &Array2<f64>, apart: &[Vec<f64>], seed: u64) -> Vec<Candidate> {
    let rng = || Xoshiro256PlusPlus::seed_from_u64(seed);
    let dataset = DatasetBase::from(scaled.clone());
    let named = |group: ndarray::Array1<usize>| group.into_iter().map(Some).collect::<Vec<_>>();
    let mut found = Vec::new();
    for count in 2..=GROUPS_MAX {
        let k_means =
            KMeans::params_with_rng(count, rng()).n_runs(RUNS).max_n_iterations(STEPS_MAX);
        // What does not converge is no candidate.
        if let Ok(model) = k_means.fit(&dataset) {
            found.push((Method::KMeans, named(model.predict(scaled))));
        }
        let mixture = GaussianMixtureModel::params_with_rng(count, rng());
        let mixture = mixture.n_runs(RUNS as u64).max_n_iterations(STEPS_MAX);
        if let Ok(model) = mixture.fit(&dataset) {
            found.push((Method::GaussianMixture, named(model.predict(scaled))));
        }
    }
    for radius in radii(apart) {
        if let Ok(group) = Dbscan::params::<f64>(NEIGHBOURS).tolerance(radius).transform(scaled) {
            found.push((Method::Dbscan, group.to_vec()));
        }
    }
    found
}

/// Radii at which so many rows have enough neighbours.
fn radii(apart: &[Vec<f64>]) -> Vec<f64> {
    let mut farthest: Vec<f64> = apart
        .iter()
        .map(|row| {
            let mut row = row.clone();
            row.sort_by(f64::total_cmp);
            row[NEIGHBOURS - 1]
        })
        .collect();
    farthest.sort_by(f64::total_cmp);
    let at = |share: f64| farthest[((farthest.len() - 1) as f64 * share) as usize];
    RADII.into_iter().map(at).filter(|radius| *radius > 0.0).collect()
}

/// The mean silhouette of what is in a group; `None` with fewer than two groups.
fn silhouette(apart: &[Vec<f64>], group: &[Option<usize>]) -> Option<f64> {
    let count = group.iter().flatten().max().map_or(0, |highest| highest + 1);
    let mut sizes = vec![0_usize; count];
    group.iter().flatten().for_each(|group| sizes[*group] += 1);
    if sizes.iter().filter(|size| **size > 0).count() < 2 {
        return None;
    }
    let (mut sum, mut grouped) = (0.0, 0_usize);
    for (row, own) in group.iter().enumerate() {
        let Some(own) = *own else { continue };
        grouped += 1;
        if sizes[own] < 2 {
            continue;
        }
        let mut far = vec![0.0; count];
        for (other, its) in group.iter().enumerate() {
            if let Some(its) = *its {
                far[its] += apart[row][other];
            }
        }
        let within = far[own] / (sizes[own] - 1) as f64;
        let others = (0..count).filter(|it| *it != own && sizes[*it] > 0);
        let next = others.map(|it| far[it] / sizes[it] as f64).fold(f64::INFINITY, f64::min);
        let wider = within.max(next);
        sum += if wider > 0.0 { (next - within) / wider } else { 0.0 };
    }
    Some(sum / grouped as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::Noise;

    /// Rows around centres, each so many, one after the other.
    fn around(centres: &[[f64; 2]], each: usize, width: f64, seed: u64) -> Vec<Vec<f64>> {
        let mut noise = Noise::seeded(seed);
        let row = |index: usize| {
            let centre = centres[index / each];
            vec![centre[0] + width * noise.normal(), centre[1] + width * noise.normal(), 7.0]
        };
        (0..centres.len() * each).map(row).collect()
    }

    fn sizes(groups: &Groups) -> Vec<usize> {
        let mut sizes = vec![0; 1 + groups.group.iter().flatten().max().unwrap()];
        groups.group.iter().flatten().for_each(|group| sizes[*group] += 1);
        sizes.sort_unstable();
        sizes
    }

    #[test]
    fn rows_around_three_centres_are_three_groups() {
        let rows = around(&[[0.0, 0.0], [900.0, 10.0], [450.0, 30.0]], 20, 1.0, 5);
        let found = groups(&rows, 1).unwrap();
        assert_eq!(sizes(&found), [20, 20, 20]);
        for group in found.group.chunks(20) {
            assert!(group.iter().all(|it| *it == group[0]), "{group:?}");
        }
        assert_eq!(groups(&rows, 1).unwrap(), found);
    }

    #[test]
    fn what_is_alone_is_left_out_by_density() {
        let mut rows = around(&[[0.0, 0.0], [10.0, 10.0]], 30, 0.4, 9);
        rows.extend([[10.0, 0.0], [0.0, 10.0], [5.0, 5.0]].map(|[x, y]| vec![x, y, 7.0]));
        let scaled = scaled(&rows).unwrap();
        let apart = distances(&scaled);
        let found = candidates(&scaled, &apart, 1);
        let by_density = found.iter().filter(|(method, _)| *method == Method::Dbscan);
        let left_out = by_density.filter(|(_, group)| group[60..] == [None, None, None]);
        let clearest = left_out.filter_map(|(_, group)| silhouette(&apart, group));
        assert!(clearest.fold(0.0, f64::max) > 0.9, "{found:?}");
    }

    #[test]
    fn evenly_spread_rows_are_no_groups() {
        let mut noise = Noise::seeded(3);
        let row = |_| (0..3).map(|_| noise.uniform(0.0, 1.0)).collect();
        let rows: Vec<Vec<f64>> = (0..120).map(row).collect();
        assert!(
            matches!(groups(&rows, 1), Err(Unknown::NoGroups { .. })),
            "{:?}",
            groups(&rows, 1)
        );
        assert_eq!(groups(&rows[..19], 1), Err(Unknown::TooFew { rows: 19 }));
        assert_eq!(groups(&vec![vec![1.0]; 30], 1), Err(Unknown::NoGroups { silhouette: 0.0 }));
        assert_eq!(groups(&vec![vec![f64::NAN]; 30], 1), Err(Unknown::NoRows));
    }

    /// Four points on a line by hand: a = 1, b = 9.5 and 10.5 about the pairs' middles.
    #[test]
    fn the_silhouette_of_two_pairs_is_that_by_hand() {
        let at: [f64; 4] = [0.0, 1.0, 10.0, 11.0];
        let apart: Vec<Vec<f64>> =
            at.iter().map(|one| at.iter().map(|other| (one - other).abs()).collect()).collect();
        let found = silhouette(&apart, &[Some(0), Some(0), Some(1), Some(1)]).unwrap();
        let expected = 0.5 * ((10.5 - 1.0) / 10.5 + (9.5 - 1.0) / 9.5);
        assert!((found - expected).abs() < 1e-12, "{found}");
        assert_eq!(silhouette(&apart, &[Some(0), Some(0), Some(0), None]), None);
    }
}
