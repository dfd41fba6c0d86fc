//! How far several channels together are from how they were while all was well: Hotelling's T² in the directions in
//! which they usually vary.
//!
//! H. Hotelling, 1931; J. F. MacGregor, T. Kourti, "Statistical process control of multivariate processes", Control
//! Engineering Practice 3, 1995. T² is smoothed, for a fault lasts while noise does not, and what is unusual is what the
//! smoothed T² never came near while all was well. A channel that did not move then has no scale and takes no part.

use crate::supervised::{LearnError, within};

#[cfg(test)]
mod tests;

/// Fewest samples by which is learned what is usual.
pub const SAMPLES_MIN: usize = 30;
/// Rotations over all pairs of channels after which directions are good enough; each squares what is left.
const SWEEPS: usize = 30;

/// How a subspace is learned and watched.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Share of the variance that the directions have together, above 0, at most 1.
    pub variance_share: f64,
    /// Weight of the newest sample in the smoothed T², above 0, at most 1.
    pub smoothing: f64,
    /// How many times the highest smoothed T² of the time in which all was well is unusual, at least 1.
    pub margin: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { variance_share: 0.75, smoothing: 0.1, margin: 2.0 }
    }
}

/// What was usual of several channels.
#[derive(Clone, Debug, PartialEq)]
pub struct Subspace {
    /// Mean and deviation of each channel; none of one that did not move.
    scales: Vec<Option<(f64, f64)>>,
    /// Variance along a direction, and the direction over all channels; the largest variance first.
    directions: Vec<(f64, Vec<f64>)>,
    smoothing: f64,
    /// Mean T² while all was well: where smoothing begins.
    usual: f64,
    limit: f64,
}

/// What is said of one sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// Smoothed T², as a multiple of the limit.
    pub score: f64,
    /// Whether it is unusual: a score above 1.
    pub unusual: bool,
}

/// Follows one asset through its samples.
#[derive(Clone, Debug)]
pub struct Watch<'s> {
    subspace: &'s Subspace,
    smoothed: f64,
}

impl Subspace {
    /// What is usual by `samples` in the order of time, one value per channel, from a time in which all was well.
    ///
    /// # Errors
    /// [`LearnError`] for a setting out of its limits, fewer than [`SAMPLES_MIN`] samples, samples of different widths,
    /// a value that is not finite, or when no channel moved.
    pub fn learn(samples: &[Vec<Option<f64>>], settings: Settings) -> Result<Self, LearnError> {
        check(samples, settings)?;
        let width = samples[0].len();
        let scales: Vec<Option<(f64, f64)>> =
            (0..width).map(|channel| scale(samples, channel)).collect();
        if scales.iter().all(Option::is_none) {
            return Err(LearnError::NothingMoves { rows: samples.len() });
        }
        let mut subspace =
            Self { scales, directions: Vec::new(), smoothing: 1.0, usual: 0.0, limit: 1.0 };
        let scaled: Vec<Vec<f64>> = samples.iter().map(|sample| subspace.scaled(sample)).collect();
        subspace.directions = directions(&scaled, settings.variance_share);
        let squares: Vec<f64> = samples.iter().map(|sample| subspace.square(sample)).collect();
        subspace.usual = squares.iter().sum::<f64>() / squares.len() as f64;
        subspace.smoothing = settings.smoothing;
        let mut watch = subspace.watch();
        let scores = samples.iter().filter_map(|sample| watch.observe(sample));
        let highest = scores.map(|verdict| verdict.score).fold(f64::MIN_POSITIVE, f64::max);
        subspace.limit = settings.margin * highest;
        Ok(subspace)
    }

    /// Begins to follow an asset.
    #[must_use]
    pub fn watch(&self) -> Watch<'_> {
        Watch { subspace: self, smoothed: self.usual }
    }

    /// Number of directions.
    #[must_use]
    pub fn width(&self) -> usize {
        self.directions.len()
    }

    /// In deviations from the mean; what is missing or never moved is where it usually is.
    fn scaled(&self, sample: &[Option<f64>]) -> Vec<f64> {
        let channels = sample.iter().zip(&self.scales);
        let scaled = channels.map(|(value, scale)| match (value, scale) {
            (Some(value), Some((mean, deviation))) => (value - mean) / deviation,
            _ => 0.0,
        });
        scaled.collect()
    }

    fn square(&self, sample: &[Option<f64>]) -> f64 {
        let scaled = self.scaled(sample);
        let along = |direction: &[f64]| -> f64 {
            direction.iter().zip(&scaled).map(|(part, value)| part * value).sum()
        };
        self.directions.iter().map(|(variance, to)| along(to).powi(2) / variance).sum()
    }
}

impl Watch<'_> {
    /// Takes the next sample; nothing is said of one that measured none of the channels.
    pub fn observe(&mut self, sample: &[Option<f64>]) -> Option<Verdict> {
        let channels = sample.iter().zip(&self.subspace.scales);
        let measured = channels.filter(|(value, scale)| value.is_some() && scale.is_some());
        if measured.count() == 0 {
            return None;
        }
        let smoothing = self.subspace.smoothing;
        let square = self.subspace.square(sample);
        self.smoothed = smoothing * square + (1.0 - smoothing) * self.smoothed;
        let score = self.smoothed / self.subspace.limit;
        Some(Verdict { score, unusual: score > 1.0 })
    }
}

fn check(samples: &[Vec<Option<f64>>], settings: Settings) -> Result<(), LearnError> {
    let Settings { variance_share, smoothing, margin } = settings;
    for (name, share) in [("variance_share", variance_share), ("smoothing", smoothing)] {
        within(share > 0.0 && share <= 1.0, name, share, "more than 0, at most 1")?;
    }
    within(margin >= 1.0 && margin.is_finite(), "margin", margin, "at least 1")?;
    if samples.len() < SAMPLES_MIN {
        return Err(LearnError::TooFewRows { rows: samples.len(), least: SAMPLES_MIN });
    }
    let expected = samples[0].len();
    for (row, sample) in samples.iter().enumerate() {
        if sample.len() != expected {
            return Err(LearnError::Width { expected, found: sample.len() });
        }
        if let Some(channel) = sample.iter().position(|it| it.is_some_and(|it| !it.is_finite())) {
            return Err(LearnError::NotFinite { what: format!("channel {}", channel + 1), row });
        }
    }
    Ok(())
}

/// Mean and deviation of a channel; none if it did not move.
fn scale(samples: &[Vec<Option<f64>>], channel: usize) -> Option<(f64, f64)> {
    let values: Vec<f64> = samples.iter().filter_map(|sample| sample[channel]).collect();
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let deviation = (squares / (count - 1.0)).sqrt();
    // Below this it is rounding.
    (deviation > 1e-9 * mean.abs().max(1e-9)).then_some((mean, deviation))
}

/// The directions of most variance that have `share` of it together, or all that have any.
fn directions(scaled: &[Vec<f64>], share: f64) -> Vec<(f64, Vec<f64>)> {
    let mut all = principal(covariance(scaled));
    let whole: f64 = all.iter().map(|(variance, _)| variance.max(0.0)).sum();
    let mut had = 0.0;
    let mut kept = 0;
    for (variance, _) in &all {
        if had >= share * whole || *variance <= 1e-9 * whole {
            break;
        }
        had += variance;
        kept += 1;
    }
    all.truncate(kept);
    all
}

fn covariance(scaled: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let width = scaled[0].len();
    let count = (scaled.len() - 1) as f64;
    let product =
        |i: usize, j: usize| scaled.iter().map(|row| row[i] * row[j]).sum::<f64>() / count;
    (0..width).map(|i| (0..width).map(|j| product(i, j)).collect()).collect()
}

/// Eigenvalues and eigenvectors of a symmetric matrix, the largest first, by Jacobi's rotations (C. G. J. Jacobi, 1846).
fn principal(mut matrix: Vec<Vec<f64>>) -> Vec<(f64, Vec<f64>)> {
    let width = matrix.len();
    let unit = |i: usize| (0..width).map(|j| f64::from(u8::from(i == j))).collect();
    let mut vectors: Vec<Vec<f64>> = (0..width).map(unit).collect();
    for _ in 0..SWEEPS {
        for p in 0..width {
            for q in p + 1..width {
                rotate(&mut matrix, &mut vectors, p, q);
            }
        }
    }
    let mut all: Vec<(f64, Vec<f64>)> =
        vectors.into_iter().enumerate().map(|(i, vector)| (matrix[i][i], vector)).collect();
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    all
}

/// Turns the matrix in the plane of `p` and `q` so that what links them vanishes.
fn rotate(matrix: &mut [Vec<f64>], vectors: &mut [Vec<f64>], p: usize, q: usize) {
    let link = matrix[p][q];
    if link.abs() < 1e-300 {
        return;
    }
    let ratio = (matrix[q][q] - matrix[p][p]) / (2.0 * link);
    let tangent = ratio.signum() / (ratio.abs() + ratio.hypot(1.0));
    let cosine = 1.0 / tangent.hypot(1.0);
    let sine = tangent * cosine;
    let turn = |a: f64, b: f64| (cosine * a - sine * b, sine * a + cosine * b);
    for row in matrix.iter_mut() {
        (row[p], row[q]) = turn(row[p], row[q]);
    }
    for k in 0..matrix.len() {
        (matrix[p][k], matrix[q][k]) = turn(matrix[p][k], matrix[q][k]);
        (vectors[p][k], vectors[q][k]) = turn(vectors[p][k], vectors[q][k]);
    }
}
