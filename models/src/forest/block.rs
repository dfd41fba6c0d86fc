//! Rows laid out side by side, so that a forest can walk them down a tree together.

use super::rows::check;
use super::{FEATURES_MAX, ForestError};

/// Rows that are scored together; measured as enough to hide the latency of a walk.
pub const BLOCK_ROWS: usize = 16;

/// Scores of a full block.
pub type Scores = [Option<f32>; BLOCK_ROWS];

/// Number of columns of a block: two per feature.
pub(super) const COLUMNS: usize = 2 * FEATURES_MAX;

/// Values of up to `ROWS` rows, feature by feature (8 KiB for 16 rows). Each feature has two columns: in one a
/// missing value lies below every threshold, in the other above, so that a walk need not ask whether it is missing.
pub(super) type Columns<const ROWS: usize> = [[f32; ROWS]; COLUMNS];

/// The column to read where missing values go right, or else left.
pub(super) fn column_of(feature: usize, missing_right: bool) -> usize {
    2 * feature + usize::from(missing_right)
}

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
        let columns = Box::new([[0.0; ROWS]; COLUMNS]);
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
        for (pair, value) in self.columns.chunks_exact_mut(2).zip(row) {
            pair[0][self.rows] = value.unwrap_or(f32::NEG_INFINITY);
            pair[1][self.rows] = value.unwrap_or(f32::INFINITY);
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
