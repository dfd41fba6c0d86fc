//! Isolation forest: says how easily a row is told apart from those it was trained on.
//!
//! F. T. Liu, K. M. Ting, Z.-H. Zhou, "Isolation Forest", ICDM 2008, with two additions:
//!
//! - **Missing values.** A split is drawn from the rows that have its feature. The others all go to one
//!   side, drawn once per split with the odds of how many present rows went there. Over many trees a
//!   missing value is thus neither evidence for an anomaly nor against it. A row without any value has
//!   no score.
//! - **Constant features** of a node are passed over when its feature is drawn.
//!
//! Training is a function of the *set* of rows, the settings and the seed: rows are put in order first,
//! so the same data in any order gives the same bytes.

mod block;
mod grow;
mod rows;
mod stored;
mod tree;
mod workload;

pub use block::{BLOCK_ROWS, Block, Scores};
pub use rows::Rows;
pub use stored::SCHEMA as RECORD_SCHEMA;
pub use workload::Workload;

use messages::record::{self, DecodeError, EncodeError};
use serde::{Deserialize, Serialize};
use stored::Stored;
use tree::{Trees, path_of};

/// Most features of a row.
pub const FEATURES_MAX: usize = 64;

/// Most trees of a forest.
pub const TREES_MAX: usize = 256;

/// Most rows that one tree is grown from.
pub const SAMPLE_MAX: usize = 1_024;

/// How a forest is grown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Number of trees, 1 to [`TREES_MAX`].
    pub trees: u16,
    /// Rows drawn for each tree, 2 to [`SAMPLE_MAX`]; all rows when there are fewer.
    pub sample: u16,
    /// Seed of every draw.
    pub seed: u64,
}

impl Default for Settings {
    /// 100 trees of 256 rows, as in the paper.
    fn default() -> Self {
        Self { trees: 100, sample: 256, seed: 0 }
    }
}

/// Why there is no forest, or none for these rows.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ForestError {
    /// A setting outside its limits.
    #[error("`{name}` is `{value}`; give `{min}` to `{max}`")]
    OutOfLimits {
        /// Name of the setting.
        name: &'static str,
        /// Its value.
        value: usize,
        /// Least allowed.
        min: usize,
        /// Most allowed.
        max: usize,
    },
    /// Too little to learn from.
    #[error("`{rows}` rows are too few to grow a forest; give at least 2")]
    TooFewRows {
        /// Number of rows.
        rows: usize,
    },
    /// A row of another width than the forest's.
    #[error("row has `{found}` features where `{expected}` are expected")]
    Width {
        /// Features of the forest.
        expected: usize,
        /// Features of the row.
        found: usize,
    },
    /// A value that is NaN or infinite.
    #[error("feature `{feature}` of a row is not finite; leave a missing value out instead")]
    NotFinite {
        /// Index of the feature.
        feature: usize,
    },
    /// The block is full.
    #[error("a block holds `{BLOCK_ROWS}` rows; score it and clear it first")]
    BlockFull,
    /// A model that was trained on other features.
    #[error("model was trained on features `{found:016x}`, not `{expected:016x}`; train it again")]
    OtherFeatures {
        /// [`schema_of`] the features in use.
        expected: u64,
        /// [`schema_of`] the model's features.
        found: u64,
    },
    /// Bytes that are no record of a forest.
    #[error("model bytes cannot be read: {0}")]
    Unreadable(#[from] DecodeError),
    /// A record that no training writes.
    #[error("model is not one that training writes: {0}")]
    Impossible(&'static str),
    /// A forest too large to be stored.
    #[error("model cannot be written: {0}")]
    Unwritable(#[from] EncodeError),
}

/// Hash of feature names in their order; models and rows of different hashes do not go together.
///
/// FNV-1a, 64 bits, over the names, each ended by a zero byte.
#[must_use]
pub fn schema_of<N: AsRef<str>>(names: &[N]) -> u64 {
    let bytes = names.iter().flat_map(|name| name.as_ref().bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// A grown forest. About 3 KiB per tree of 256 rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Forest {
    stored: Stored,
    trees: Trees,
    /// Divides a sum of path lengths: trees × mean path among as many rows as each tree saw.
    path_scale: f64,
}

impl Forest {
    /// Grows a forest from `rows` of the features that hash to `schema` ([`schema_of`]).
    ///
    /// # Errors
    /// [`ForestError::OutOfLimits`] and [`ForestError::TooFewRows`].
    pub fn train(schema: u64, rows: &Rows, settings: Settings) -> Result<Self, ForestError> {
        within("trees", settings.trees.into(), 1, TREES_MAX)?;
        within("sample", settings.sample.into(), 2, SAMPLE_MAX)?;
        if rows.len() < 2 {
            return Err(ForestError::TooFewRows { rows: rows.len() });
        }
        Self::from_stored(grow::grow(schema, rows, settings))
    }

    fn from_stored(stored: Stored) -> Result<Self, ForestError> {
        let trees = Trees::expand(&stored)?;
        let path_scale = f64::from(path_of(stored.sample)) * stored.trees.len() as f64;
        Ok(Self { stored, trees, path_scale })
    }

    /// Number of features of a row.
    #[must_use]
    pub fn features(&self) -> usize {
        self.stored.features.into()
    }

    /// Hash of the features that it was trained on.
    #[must_use]
    pub fn schema(&self) -> u64 {
        self.stored.schema
    }

    /// Seed that it was grown from.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.stored.seed
    }

    /// Number of rows that it was trained on.
    #[must_use]
    pub fn trained_rows(&self) -> u32 {
        self.stored.rows
    }

    /// Score of one row, 0 to 1: about 0.5 and less for what is usual, towards 1 for what stands alone.
    /// `None` when every feature is missing.
    ///
    /// # Errors
    /// [`ForestError::Width`] and [`ForestError::NotFinite`].
    pub fn score(&self, row: &[Option<f32>]) -> Result<Option<f32>, ForestError> {
        let block = Block::<1>::of(self.features(), [row])?;
        Ok(self.score_block(&block)[0])
    }

    /// Scores of all rows of a block at once, equal to [`Forest::score`] of each bit by bit; `None` for
    /// places without a row and rows without a value.
    ///
    /// # Panics
    /// When the block was made for rows of another width.
    #[must_use]
    pub fn score_block<const ROWS: usize>(&self, block: &Block<ROWS>) -> [Option<f32>; ROWS] {
        assert_eq!(block.features(), self.features(), "a block has the width of its forest");
        let paths = self.trees.paths(block.columns());
        std::array::from_fn(|row| {
            let score = || (-f64::from(paths[row]) / self.path_scale).exp2() as f32;
            block.is_present(row).then(score)
        })
    }

    /// Its bytes: `schema | version | checksum | body`, equal for equal training.
    ///
    /// # Errors
    /// [`ForestError::Unwritable`] for a forest beyond [`record::Record::BYTES_MAX`] of its record.
    pub fn encode(&self) -> Result<Vec<u8>, ForestError> {
        Ok(record::encode(&self.stored)?)
    }

    /// Reads a forest that scores rows of the features that hash to `schema`.
    ///
    /// # Errors
    /// [`ForestError::Unreadable`] for damaged bytes, [`ForestError::OtherFeatures`] for a model of other
    /// features, [`ForestError::Impossible`] for well-framed bytes that no training writes.
    pub fn decode(bytes: &[u8], schema: u64) -> Result<Self, ForestError> {
        let stored: Stored = record::decode(bytes)?;
        if stored.schema != schema {
            return Err(ForestError::OtherFeatures { expected: schema, found: stored.schema });
        }
        Self::from_stored(stored)
    }
}

fn within(name: &'static str, value: usize, min: usize, max: usize) -> Result<(), ForestError> {
    if (min..=max).contains(&value) {
        return Ok(());
    }
    Err(ForestError::OutOfLimits { name, value, min, max })
}

#[cfg(test)]
mod tests;
