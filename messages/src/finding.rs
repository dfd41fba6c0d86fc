//! What turned out to be true: what workshops found, what failed, and what that says about the detectors.

use crate::finite::Finite;
use crate::id::{BookingId, CaseId, MessageId};
use crate::message::{Class, Encoding, Message};
use crate::record::Record;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A workshop says what it found: the label that predictions are judged by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FindingRecorded {
    /// The asset.
    pub asset: String,
    /// The network of the booking.
    pub network: Option<String>,
    /// The booking, if the asset came on one.
    pub booking: Option<BookingId>,
    /// The case, if it came because of one.
    pub case: Option<CaseId>,
    /// What was looked at.
    pub examined: String,
    /// The component that was faulty; absent means no fault was found.
    pub component: Option<String>,
    /// What caused it, as the workshop names it.
    pub cause: Option<String>,
    /// The part that was replaced.
    pub part: Option<String>,
    /// Production batch of the faulty part.
    pub batch: Option<String>,
    /// Whether it was repaired.
    pub repaired: bool,
    /// When it was found.
    pub found_at: Timestamp,
    /// Who says so.
    pub by: String,
}

/// A component failed in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FailureRecorded {
    /// The asset.
    pub asset: String,
    /// The component.
    pub component: String,
    /// When.
    pub failed_at: Timestamp,
    /// Who says so.
    pub by: String,
}

/// Whether a prediction, or its absence, was right.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PredictionVerified {
    /// What is judged: the model and the component, `trend-to-limit/1 brake`.
    pub detector: String,
    /// The asset.
    pub asset: String,
    /// The component.
    pub component: String,
    /// The case that came of the prediction, if one did.
    pub case: Option<CaseId>,
    /// The prediction; absent for a failure that nobody foresaw.
    pub prediction: Option<MessageId>,
    /// How it was.
    pub outcome: Outcome,
    /// From the first prediction until it was found or failed.
    pub lead_hours: Option<Finite>,
    /// Probability that was said.
    pub probability: Option<Finite>,
    /// What it was judged by: a finding or a failure; absent where the horizon passed without either.
    pub judged_by: Option<MessageId>,
}

/// How right a prediction was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was foreseen and found, or failed within the horizon.
    TruePositive,
    /// It was foreseen; the workshop found nothing of the kind, or the horizon passed.
    FalsePositive,
    /// It failed and was not foreseen.
    FalseNegative,
    /// It cannot be told: the asset was serviced, retired or silent before the horizon ended.
    Censored,
}

/// A detector is wrong too often; its predictions are advice only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DetectorDemoted {
    /// The detector.
    pub detector: String,
    /// What its record is.
    pub precision: Precision,
    /// Why, in words.
    pub reason: String,
}

/// A detector may open cases again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DetectorPromoted {
    /// The detector.
    pub detector: String,
    /// What its record is.
    pub precision: Precision,
    /// Why, in words.
    pub reason: String,
}

/// How often a detector was right, with the 95 % interval of its Beta distribution (Jeffreys' prior).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Precision {
    /// Predictions that were right.
    pub true_positives: u32,
    /// Predictions that were wrong.
    pub false_positives: u32,
    /// Lower end.
    pub low: Finite,
    /// Mean.
    pub mean: Finite,
    /// Upper end.
    pub high: Finite,
}

impl Record for FindingRecorded {
    const SCHEMA: u16 = 220;
}

impl Message for FindingRecorded {
    const NAME: &'static str = "finding.recorded";
    const CLASS: Class = Class::Event;
    const ENCODING: Encoding = Encoding::Json;

    fn key(&self) -> &str {
        &self.asset
    }

    fn case(&self) -> Option<CaseId> {
        self.case
    }
}

impl Record for FailureRecorded {
    const SCHEMA: u16 = 221;
}

impl Message for FailureRecorded {
    const NAME: &'static str = "failure.recorded";
    const CLASS: Class = Class::Event;
    const ENCODING: Encoding = Encoding::Json;

    fn key(&self) -> &str {
        &self.asset
    }
}

impl Record for PredictionVerified {
    const SCHEMA: u16 = 222;
}

impl Message for PredictionVerified {
    const NAME: &'static str = "prediction.verified";
    const CLASS: Class = Class::Event;
    const ENCODING: Encoding = Encoding::Json;

    fn key(&self) -> &str {
        &self.asset
    }

    fn case(&self) -> Option<CaseId> {
        self.case
    }
}

impl Record for DetectorDemoted {
    const SCHEMA: u16 = 223;
}

impl Message for DetectorDemoted {
    const NAME: &'static str = "detector.demoted";
    const CLASS: Class = Class::Event;
    const ENCODING: Encoding = Encoding::Json;

    fn key(&self) -> &str {
        &self.detector
    }
}

impl Record for DetectorPromoted {
    const SCHEMA: u16 = 224;
}

impl Message for DetectorPromoted {
    const NAME: &'static str = "detector.promoted";
    const CLASS: Class = Class::Event;
    const ENCODING: Encoding = Encoding::Json;

    fn key(&self) -> &str {
        &self.detector
    }
}
