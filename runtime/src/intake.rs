//! What a reader of another log brings in, and how it fares: what it brings and how far it has read become durable
//! together, so nothing is lost between the two logs and nothing is taken twice.

use crate::committer::Entry;
use crate::guard::Principal;
use crate::store::Change;
use messages::Sequence;
use messages::health::QuarantineReason;
use serde::Serialize;
use std::collections::BTreeMap;

/// What was read of another log up to a position.
pub struct Intake {
    /// Name of the stored position there, and its new value.
    pub position: Change,
    /// What was said there: judged as if each had said it in a session of its own, all of it or nothing.
    pub said: Vec<(Principal, Vec<Entry>)>,
    /// What the reader itself sets aside: taken as it is.
    pub aside: Vec<Entry>,
}

/// How a reader of another log fares.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// The other log, for people.
    pub source: String,
    /// Whether its server answers.
    pub connected: bool,
    /// How often a connection was made, the first included.
    pub connects: u64,
    /// Whether it is read.
    pub reading: bool,
    /// Why it is not, as far as is known.
    pub trouble: Option<String>,
    /// Position there of the last record that was brought in.
    pub position: Sequence,
    /// Records behind it there, when it was last heard from.
    pub lag: u64,
    /// Records brought in since the start of the process.
    pub records: u64,
    /// Samples brought in since then.
    pub samples: u64,
    /// Records there that were gone before they were read.
    pub missing: u64,
    /// Messages set aside since then, whole or in part, by reason.
    pub quarantined: BTreeMap<QuarantineReason, u64>,
}
