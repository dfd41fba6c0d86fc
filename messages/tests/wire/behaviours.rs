//! Samples of what is said of principals that behave unlike themselves.

use crate::samples::{AnyMessage, at, number};
use messages::MessageId;
use messages::behaviour::{BaselineLearned, BehaviourFlagged, Evidence};
use messages::guard::Level;

pub(crate) fn all() -> Vec<Box<dyn AnyMessage>> {
    vec![
        Box::new(BehaviourFlagged {
            finding: "finding-1".into(),
            principal: "scheduling".into(),
            since: at("2026-03-02T06:00:00Z"),
            number: 1,
            risk: number(40.0),
            level: Some(Level::Throttled),
            is_learning: false,
            evidence: vec![Evidence {
                kind: "denied.not_declared".into(),
                points: number(40.0),
                at: at("2026-03-02T06:00:00Z"),
                observed: number(1.0),
                usual: None,
                high: Some(number(0.5)),
                detail: "was refused to read `telemetry`".into(),
                seen_in: MessageId::named("golden", "denied"),
            }],
            summary: "`scheduling` was refused to read `telemetry`".into(),
        }),
        Box::new(BaselineLearned {
            principal: "scheduling".into(),
            since: at("2026-03-01T06:00:00Z"),
        }),
    ]
}
