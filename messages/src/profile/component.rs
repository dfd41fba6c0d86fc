//! Components: what can fail, how that shows, how bad it is and what it costs.

use super::{Direction, Span};
use crate::finite::Finite;
use crate::telemetry::TroubleCode;
use serde::{Deserialize, Serialize};

/// A part of an asset that can fail and be repaired on its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// Name: lower case, digits and `_`.
    pub id: String,
    /// Name for people.
    pub title: String,
    /// Whether its failure endangers people.
    #[serde(default)]
    pub safety: bool,
    /// Probability of failure within the horizon from which on it is acted upon, 0 to 1.
    pub probability_threshold: Finite,
    /// Within so much time of the expected failure it is critical; also the time in which to act on it.
    pub act_within: Span,
    /// What repairing it costs, and failing.
    #[serde(default)]
    pub costs: Option<Costs>,
    /// The ways in which it fails.
    #[serde(rename = "mode")]
    pub modes: Vec<FailureMode>,
}

/// Costs, in the profile's currency.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Costs {
    /// Parts and labour of a repair in time: lowest.
    pub repair_min: Finite,
    /// Parts and labour of a repair in time: highest.
    pub repair_max: Finite,
    /// What a repair in time saves against a failure on the road.
    pub saving: Finite,
}

/// One way in which a component fails.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FailureMode {
    /// Name: lower case, digits and `_`.
    pub id: String,
    /// Name for people.
    pub title: String,
    /// Failure mode code of ISO 14224, such as `OHE`.
    #[serde(default)]
    pub code: Option<String>,
    /// Failure mechanism of ISO 14224, such as `wear`.
    #[serde(default)]
    pub mechanism: Option<String>,
    /// The channels that show it.
    pub evidence: Vec<Evidence>,
    /// The trouble codes that speak for it.
    #[serde(default)]
    pub codes: Vec<CodeEvidence>,
}

/// A channel that shows a failure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// The channel.
    pub channel: String,
    /// What it means for the failure.
    pub role: Role,
    /// Probits that one deviation of it adds to a score, above 0; of a primary channel: the share of its own score.
    pub weight: Finite,
    /// The direction in which it moves; left out: the channel's `worse`.
    #[serde(default)]
    pub worse: Option<Direction>,
}

/// What a channel means for a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The failure is this channel reaching its critical limit.
    Primary,
    /// It moves along, and tells the failure from a faulty sensor.
    Supporting,
}

/// A trouble code that speaks for a failure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeEvidence {
    /// Code of SAE J2012 (or of the maker): a whole code, or its beginning followed by `*`.
    #[serde(default)]
    pub obd2: Option<String>,
    /// Suspect parameter number of SAE J1939, together with `fmi`.
    #[serde(default)]
    pub spn: Option<u32>,
    /// Failure mode identifiers of SAE J1939.
    #[serde(default)]
    pub fmi: Vec<u8>,
    /// Probits that it adds to a score, above 0.
    pub weight: Finite,
}

impl CodeEvidence {
    /// Whether `code` is one of those meant.
    #[must_use]
    pub fn matches(&self, code: &TroubleCode) -> bool {
        match code {
            TroubleCode::Obd2 { code } => self.obd2.as_deref().is_some_and(|wanted| {
                wanted.strip_suffix('*').map_or(wanted == code, |start| code.starts_with(start))
            }),
            TroubleCode::J1939 { spn, fmi, .. } => self.spn == Some(*spn) && self.fmi.contains(fmi),
        }
    }
}
