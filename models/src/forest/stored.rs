//! A forest as it is stored: what training wrote, nothing that can be computed from it.

use messages::record::Record;
use serde::{Deserialize, Serialize};

/// Number of this record among all that are stored.
pub const SCHEMA: u16 = 100;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Stored {
    /// Hash of the features' names.
    pub(super) schema: u64,
    pub(super) seed: u64,
    /// Number of features of a row.
    pub(super) features: u8,
    /// Rows that each tree was grown from.
    pub(super) sample: u16,
    /// Rows that they were drawn from.
    pub(super) rows: u32,
    /// Nodes of each tree, every split followed by its left and then its right side.
    pub(super) trees: Vec<Vec<Node>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Node {
    /// Where `rows` training rows were left together.
    Leaf { rows: u16 },
    /// Values below `threshold` go left, others right; a missing one right if `missing_right`.
    Split { feature: u8, missing_right: bool, threshold: f32 },
}

impl Record for Stored {
    const SCHEMA: u16 = SCHEMA;
    /// 4 MiB: more than 256 trees of 1,024 rows can take.
    const BYTES_MAX: usize = 4 * 1024 * 1024;
}
