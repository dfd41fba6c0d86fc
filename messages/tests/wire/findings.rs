//! Samples of what turned out to be true.

use crate::assessments;
use crate::bookings::booking;
use crate::cases::case;
use crate::samples::{AnyMessage, at, number};
use messages::MessageId;
use messages::finding::{
    DetectorDemoted, DetectorPromoted, FailureRecorded, FindingRecorded, Outcome, Precision,
    PredictionVerified,
};
use messages::model::{ModelCard, ModelPromoted};
use messages::shadow::{ShadowCleared, ShadowPredicted, ShadowVerified};
use std::collections::BTreeMap;

pub(crate) fn all() -> Vec<Box<dyn AnyMessage>> {
    let detector = "trend-to-limit/1 cooling";
    vec![
        Box::new(FindingRecorded {
            asset: "VEH001".into(),
            network: Some("demo".into()),
            booking: Some(booking()),
            case: Some(case()),
            examined: "cooling".into(),
            component: Some("cooling".into()),
            cause: Some("worn pump bearing".into()),
            part: Some("coolant pump".into()),
            batch: Some("Q2-2025".into()),
            repaired: true,
            found_at: at("2026-03-05T12:00:00Z"),
            by: "pune".into(),
        }),
        Box::new(FailureRecorded {
            asset: "VEH002".into(),
            component: "brake".into(),
            failed_at: at("2026-03-04T09:00:00Z"),
            by: "fleet desk".into(),
        }),
        Box::new(PredictionVerified {
            detector: detector.into(),
            asset: "VEH001".into(),
            component: "cooling".into(),
            case: Some(case()),
            prediction: Some(MessageId::named("golden", "prediction")),
            outcome: Outcome::TruePositive,
            lead_hours: Some(number(78.0)),
            probability: Some(number(0.75)),
            judged_by: Some(MessageId::named("golden", "finding")),
        }),
        Box::new(DetectorDemoted {
            detector: detector.into(),
            precision: precision(),
            reason: "the upper end of its precision is below 0.7".into(),
        }),
        Box::new(DetectorPromoted {
            detector: detector.into(),
            precision: precision(),
            reason: "its precision holds again".into(),
        }),
        Box::new(promoted()),
        Box::new(ShadowPredicted(assessments::failure_predicted())),
        Box::new(ShadowCleared(assessments::prediction_cleared())),
        Box::new(ShadowVerified {
            detector: "learned/010203040102 cooling".into(),
            asset: "VEH001".into(),
            component: "cooling".into(),
            prediction: MessageId::named("golden", "shadow"),
            outcome: Outcome::FalsePositive,
            judged_by: Some(MessageId::named("golden", "finding")),
        }),
    ]
}

fn promoted() -> ModelPromoted {
    ModelPromoted {
        profile: "vehicle".into(),
        agent: "diagnosis".into(),
        model: Some(ModelCard {
            name: "north-01020304".into(),
            checksum: "01020304".repeat(8),
            feature_schema: 7,
            data: "05060708".repeat(8),
            figures: BTreeMap::from([("macro_f1".into(), number(0.75))]),
        }),
        before: Some("090a0b0c".repeat(8)),
        rolled_back: false,
        forced: Some("the one before was judged by another fleet".into()),
        by: "reliability desk".into(),
        reason: "learned from a year more".into(),
        shadow: true,
    }
}

fn precision() -> Precision {
    Precision {
        true_positives: 3,
        false_positives: 5,
        low: number(0.125),
        mean: number(0.375),
        high: number(0.6875),
    }
}
