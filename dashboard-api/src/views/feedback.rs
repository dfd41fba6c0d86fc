//! How right predictions were, as the LOG tells it: each verdict, and what they add up to by detector.

use super::open;
use super::rows::Rows;
use messages::finding::{
    DetectorDemoted, DetectorPromoted, Outcome, Precision, PredictionVerified,
};
use messages::{Message, MessageId, Provenance, Timestamp};
use runtime::store::Delivery;
use std::collections::BTreeMap;

/// Verdicts that are listed; older ones stay on the log and are counted.
pub(crate) const VERDICTS_MAX: usize = 100_000;

/// All verdicts.
#[derive(Debug, PartialEq)]
pub(crate) struct Feedback {
    pub(crate) rows: Rows<MessageId, Verdict>,
    pub(crate) by_detector: BTreeMap<String, Detector>,
}

/// A verdict on one prediction, or on a failure that nobody foresaw.
#[derive(Debug, PartialEq)]
pub(crate) struct Verdict {
    pub(crate) verified: PredictionVerified,
    pub(crate) at: Timestamp,
    pub(crate) provenance: Provenance,
}

/// How often a detector was how right.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Detector {
    pub(crate) count_by_outcome: BTreeMap<Outcome, u64>,
    /// Whether it may open cases; with what its record was when that was decided.
    pub(crate) demoted: Option<bool>,
    pub(crate) precision: Option<Precision>,
}

impl Default for Feedback {
    fn default() -> Self {
        Self { rows: Rows::at_most(VERDICTS_MAX), by_detector: BTreeMap::new() }
    }
}

impl Feedback {
    /// Takes in a record of the LOG; says whether it is about this.
    pub(crate) fn hear(&mut self, delivery: &Delivery) -> bool {
        match delivery.envelope.name.as_str() {
            PredictionVerified::NAME => self.verify(delivery),
            DetectorDemoted::NAME => {
                if let Some(it) = open::<DetectorDemoted>(delivery) {
                    self.judge(it.detector, true, it.precision);
                }
            }
            DetectorPromoted::NAME => {
                if let Some(it) = open::<DetectorPromoted>(delivery) {
                    self.judge(it.detector, false, it.precision);
                }
            }
            _ => return false,
        }
        true
    }

    fn verify(&mut self, delivery: &Delivery) {
        let Some(verified) = open::<PredictionVerified>(delivery) else { return };
        let detector = self.by_detector.entry(verified.detector.clone()).or_default();
        *detector.count_by_outcome.entry(verified.outcome).or_default() += 1;
        let envelope = &delivery.envelope;
        let verdict = Verdict { verified, at: envelope.time, provenance: envelope.provenance };
        self.rows.insert(envelope.id, delivery.sequence, verdict);
    }

    fn judge(&mut self, detector: String, demoted: bool, precision: Precision) {
        let detector = self.by_detector.entry(detector).or_default();
        detector.demoted = Some(demoted);
        detector.precision = Some(precision);
    }
}
