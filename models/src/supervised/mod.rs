//! Learning from rows whose outcome is known: trees grown on histograms, forests and boosted ensembles of them,
//! probabilities that mean what they say, and the figures by which all that is judged.
//!
//! [`Table`] holds the rows; `bins` puts each feature into at most 4,095 bins; `grow` grows one tree for a gradient
//! and a curvature per row, which serves [`forest`] and [`boost`] alike. [`calibration`] turns scores into
//! probabilities, [`interval`] puts bounds around numbers, [`judge`] measures both.
//!
//! Same rows, settings and seed: the same trees, bit by bit.

pub mod boost;
pub mod calibration;
pub mod forest;
pub mod interval;
pub mod judge;

mod bins;
mod grow;
mod shapley;
mod table;
mod tree;

#[cfg(test)]
mod tests;

pub use table::Table;
pub use tree::Tree;

/// Most features of a row.
pub const FEATURES_MAX: usize = 4_096;
/// Most rows to learn from.
pub const ROWS_MAX: usize = 20_000_000;

/// Why nothing is learned from some rows, or nothing said about them.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LearnError {
    /// A setting outside its limits.
    #[error("`{name}` is `{value}`; give {allowed}")]
    OutOfLimits {
        /// Name of the setting.
        name: &'static str,
        /// Its value.
        value: String,
        /// What is allowed.
        allowed: &'static str,
    },
    /// Too little to learn from.
    #[error("`{rows}` rows are too few; give at least {least}")]
    TooFewRows {
        /// Number of rows.
        rows: usize,
        /// How many it takes.
        least: usize,
    },
    /// All rows have the same outcome: there is nothing to tell apart.
    #[error("all `{rows}` rows have the same outcome; give rows of both")]
    OneClass {
        /// Number of rows.
        rows: usize,
    },
    /// All rows belong together: what is learned from some of them cannot be tried on others.
    #[error("all `{rows}` rows are of one asset; give recordings of at least two")]
    OneGroup {
        /// Number of rows.
        rows: usize,
    },
    /// No column has two values.
    #[error("nothing moves in `{rows}` rows; give rows that differ")]
    NothingMoves {
        /// Number of rows.
        rows: usize,
    },
    /// A row of another width than the table's or the model's.
    #[error("a row has `{found}` features where `{expected}` are expected")]
    Width {
        /// Features that are expected.
        expected: usize,
        /// Features of the row.
        found: usize,
    },
    /// As many outcomes as rows are needed.
    #[error("there are `{found}` outcomes for `{expected}` rows")]
    Outcomes {
        /// Number of rows.
        expected: usize,
        /// Number of outcomes.
        found: usize,
    },
    /// A value that is NaN or infinite.
    #[error("`{what}` of row `{row}` is not finite; leave a missing value out instead")]
    NotFinite {
        /// Name of the feature, or what else it is.
        what: String,
        /// Index of the row.
        row: usize,
    },
}

/// Refuses a setting that is not `allowed`.
pub(crate) fn within(
    fits: bool,
    name: &'static str,
    value: impl ToString,
    allowed: &'static str,
) -> Result<(), LearnError> {
    if fits {
        return Ok(());
    }
    Err(LearnError::OutOfLimits { name, value: value.to_string(), allowed })
}
