//! What is said of principals that behave unlike themselves: findings with their evidence, and when judging begins.

pub mod ocsf;

use crate::finite::Finite;
use crate::guard::Level;
use crate::id::MessageId;
use crate::message::{Class, Encoding, Message};
use crate::record::Record;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A principal is at risk. Said again about the same finding when containment goes further.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BehaviourFlagged {
    /// The finding: the same from the first evidence until the risk is gone.
    pub finding: String,
    /// Who.
    pub principal: String,
    /// When the first evidence of this finding was seen.
    pub since: Timestamp,
    /// How often this finding was said, this time included.
    pub number: u32,
    /// The risk: the sum of the points of all evidence.
    pub risk: Finite,
    /// How far it is contained because of it.
    pub level: Option<Level>,
    /// Whether its baseline is still learned, so that only evidence of others counts.
    pub is_learning: bool,
    /// Why, the heaviest first.
    pub evidence: Vec<Evidence>,
    /// All this in a sentence.
    pub summary: String,
}

/// One reason for a risk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// What kind: `denied.not_declared`, `unusual.messages`, `sensor.drift`.
    pub kind: String,
    /// What it weighs now.
    pub points: Finite,
    /// When it was last seen.
    pub at: Timestamp,
    /// What was observed.
    pub observed: Finite,
    /// What is usual for this principal, where that is known.
    pub usual: Option<Finite>,
    /// The highest that came several times, where that is known.
    pub high: Option<Finite>,
    /// All this in words.
    pub detail: String,
    /// The record that showed it last.
    pub seen_in: MessageId,
}

/// What is usual for a principal is known: from now on its activity is judged. Until then alarms of activity are mute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaselineLearned {
    /// Who.
    pub principal: String,
    /// When it was first seen.
    pub since: Timestamp,
}

impl Record for BehaviourFlagged {
    const SCHEMA: u16 = 240;
}

impl Message for BehaviourFlagged {
    const NAME: &'static str = "behaviour.flagged";
    const CLASS: Class = Class::Event;
    const ENCODING: Encoding = Encoding::Json;

    fn key(&self) -> &str {
        &self.principal
    }
}

impl Record for BaselineLearned {
    const SCHEMA: u16 = 241;
}

impl Message for BaselineLearned {
    const NAME: &'static str = "baseline.learned";
    const CLASS: Class = Class::Event;
    const ENCODING: Encoding = Encoding::Json;

    fn key(&self) -> &str {
        &self.principal
    }
}
