//! The rows a forest is grown from: flat, checked when they come in.

use super::{FEATURES_MAX, ForestError, within};

/// What stands for a missing value in a table. It never comes in or goes out.
const MISSING: f32 = f32::NAN;

/// A table of numbers with holes, row after row; 4 bytes per value.
#[derive(Clone, Debug)]
pub struct Rows {
    features: usize,
    values: Vec<f32>,
}

impl Rows {
    /// No rows yet, of `features` values each.
    ///
    /// # Errors
    /// [`ForestError::OutOfLimits`] unless 1 ≤ `features` ≤ [`FEATURES_MAX`].
    pub fn new(features: usize) -> Result<Self, ForestError> {
        within("features", features, 1, FEATURES_MAX)?;
        Ok(Self { features, values: Vec::new() })
    }

    /// Adds one row, a missing value being `None`. A row that is refused leaves nothing behind.
    ///
    /// # Errors
    /// [`ForestError::Width`] and [`ForestError::NotFinite`].
    pub fn push(&mut self, row: &[Option<f32>]) -> Result<(), ForestError> {
        check(self.features, row)?;
        self.values.extend(row.iter().copied().map(inner));
        Ok(())
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len() / self.features
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    pub(super) fn features(&self) -> usize {
        self.features
    }

    pub(super) fn row(&self, index: usize) -> &[f32] {
        &self.values[index * self.features..][..self.features]
    }
}

/// Refuses a row of another width or with a number that is none.
pub(super) fn check(features: usize, row: &[Option<f32>]) -> Result<(), ForestError> {
    if row.len() != features {
        return Err(ForestError::Width { expected: features, found: row.len() });
    }
    match row.iter().position(|value| value.is_some_and(|value| !value.is_finite())) {
        Some(feature) => Err(ForestError::NotFinite { feature }),
        None => Ok(()),
    }
}

/// The form in which a checked value is kept; -0.0 becomes 0.0, so that equal numbers have equal bits.
fn inner(value: Option<f32>) -> f32 {
    value.map_or(MISSING, |value| value + 0.0)
}
