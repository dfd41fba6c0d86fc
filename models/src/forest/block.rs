//! Rows laid out side by side, so that a forest can walk them down a tree together.

use super::rows::{MISSING, check, inner};
use super::{FEATURES_MAX, ForestError};

/// Rows that are scored together; measured as enough to hide the latency of a walk.
pub const BLOCK_ROWS: usize = 16;

/// Scores of a full block.
pub type Scores = [Option<f32>; BLOCK_ROWS];

/// Values of up to `ROWS` rows, feature by feature (4 KiB for 16 rows).
pub(super) type Columns<const ROWS: usize> = [[f32; ROWS]; FEATURES_MAX];

/// Up to `ROWS` rows of one width. Made once, filled and cleared many times.
#[derive(Clone, Debug)]
pub struct Block<const ROWS: usize = BLOCK_ROWS> {
    features: usize,
    rows: usize,
    present: [bool; ROWS],
    columns: Box<Columns<ROWS>>,
}

impl<const ROWS: usize> Block<ROWS> {
    /// No rows yet, of `features` values each.
    ///
    /// # Panics
    /// When `features` is more than [`FEATURES_MAX`]: no forest has that many.
    #[must_use]
    pub fn new(features: usize) -> Self {
        assert!(features <= FEATURES_MAX, "a row has at most {FEATURES_MAX} features");
        let columns = Box::new([[MISSING; ROWS]; FEATURES_MAX]);
        Self { features, rows: 0, present: [false; ROWS], columns }
    }

    pub(super) fn of(features: usize, rows: [&[Option<f32>]; ROWS]) -> Result<Self, ForestError> {
        let mut block = Self::new(features);
        rows.into_iter().try_for_each(|row| block.push(row))?;
        Ok(block)
    }

    /// Adds one row, a missing value being `None`.
    ///
    /// # Errors
    /// [`ForestError::BlockFull`], [`ForestError::Width`] and [`ForestError::NotFinite`].
    pub fn push(&mut self, row: &[Option<f32>]) -> Result<(), ForestError> {
        if self.rows == ROWS {
            return Err(ForestError::BlockFull);
        }
        check(self.features, row)?;
        for (column, value) in self.columns.iter_mut().zip(row) {
            column[self.rows] = inner(*value);
        }
        self.present[self.rows] = row.iter().any(Option::is_some);
        self.rows += 1;
        Ok(())
    }

    /// Forgets all rows.
    pub fn clear(&mut self) {
        self.rows = 0;
        self.present = [false; ROWS];
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    pub(super) fn features(&self) -> usize {
        self.features
    }

    /// Whether there is a row at `index` with at least one value.
    pub(super) fn is_present(&self, index: usize) -> bool {
        self.present[index]
    }

    pub(super) fn columns(&self) -> &Columns<ROWS> {
        &self.columns
    }
}
