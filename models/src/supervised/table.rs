//! Rows to learn from: features by name, column after column, with holes.

use super::{FEATURES_MAX, LearnError, ROWS_MAX, within};

/// A table of numbers with holes; 4 bytes per value.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    names: Vec<String>,
    columns: Vec<Vec<f32>>,
    rows: usize,
}

impl Table {
    /// No rows yet, of features with these names.
    ///
    /// # Errors
    /// [`LearnError::OutOfLimits`] unless there are 1 to [`FEATURES_MAX`] of them.
    pub fn new(names: Vec<String>) -> Result<Self, LearnError> {
        within((1..=FEATURES_MAX).contains(&names.len()), "features", names.len(), "1 to 4096")?;
        let columns = vec![Vec::new(); names.len()];
        Ok(Self { names, columns, rows: 0 })
    }

    /// Adds one row, a missing value being `None`. A row that is refused leaves nothing behind.
    ///
    /// # Errors
    /// [`LearnError`] for a row of another width, one with a number that is none, or one too many.
    pub fn push(&mut self, row: &[Option<f32>]) -> Result<(), LearnError> {
        within(self.rows < ROWS_MAX, "rows", self.rows + 1, "at most 20 million")?;
        if row.len() != self.names.len() {
            return Err(LearnError::Width { expected: self.names.len(), found: row.len() });
        }
        let bad = row.iter().position(|value| value.is_some_and(|value| !value.is_finite()));
        if let Some(feature) = bad {
            return Err(LearnError::NotFinite {
                what: self.names[feature].clone(),
                row: self.rows,
            });
        }
        for (column, value) in self.columns.iter_mut().zip(row) {
            column.push(value.map_or(f32::NAN, |value| value + 0.0));
        }
        self.rows += 1;
        Ok(())
    }

    /// Names of the features.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
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

    /// Row `index`, NaN where nothing is known.
    pub fn row(&self, index: usize) -> impl Iterator<Item = f32> + '_ {
        self.columns.iter().map(move |column| column[index])
    }

    /// Feature `feature` of row `index`, NaN where nothing is known.
    pub(super) fn at(&self, index: usize, feature: usize) -> f32 {
        self.columns[feature][index]
    }

    /// One value, NaN where nothing is known.
    #[must_use]
    pub fn value(&self, row: usize, feature: usize) -> f32 {
        self.at(row, feature)
    }

    /// The table of some of its rows, in the order in which they are named.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let pick = |column: &Vec<f32>| rows.iter().map(|row| column[*row]).collect();
        let columns = self.columns.iter().map(pick).collect();
        Self { names: self.names.clone(), columns, rows: rows.len() }
    }

    pub(super) fn columns(&self) -> &[Vec<f32>] {
        &self.columns
    }
}
