//! Samples of what guards the bus.

use crate::samples::{AnyMessage, at};
use messages::MessageId;
use messages::guard::{
    AccessDenied, Action, ActivityMeasured, AuditRecorded, Backlog, Level, PrincipalContained,
    PrincipalReleased, Refusal,
};

pub(crate) fn all() -> Vec<Box<dyn AnyMessage>> {
    vec![
        Box::new(AccessDenied {
            principal: "scheduling".into(),
            action: Action::Publish,
            what: "telemetry.received".into(),
            reason: Refusal::NotDeclared,
            count: 3,
            first_at: at("2026-03-02T06:00:00Z"),
            at: at("2026-03-02T06:00:00.9Z"),
            key: Some("VEH001".into()),
            claimed: Some("device/VEH001".into()),
            example: Some(MessageId::named("golden", "refused")),
        }),
        Box::new(ActivityMeasured {
            principal: "diagnosis".into(),
            from: at("2026-03-02T06:00:00Z"),
            until: at("2026-03-02T06:01:00Z"),
            messages: 2,
            bytes: 512,
            by_name: [("failure.predicted".to_owned(), 2)].into(),
            keys: 1,
            repeated: 1,
            refused: 4,
            dead_lettered: 1,
            reads: 7,
            read_bytes: 2_048,
            reads_by_stream: [("health".to_owned(), 7)].into(),
        }),
        Box::new(PrincipalContained {
            principal: "diagnosis".into(),
            level: Level::Refused,
            until: Some(at("2026-03-02T07:00:00Z")),
            finding: Some("finding-1".into()),
            reason: "480 messages in a second, 1 is usual".into(),
            evidence_from: at("2026-03-02T06:00:00Z"),
            by: "ueba".into(),
        }),
        Box::new(PrincipalReleased {
            principal: "diagnosis".into(),
            by: "operator".into(),
            reason: "a test of the alarm".into(),
            backlog: Backlog::Heard,
        }),
        Box::new(AuditRecorded {
            sequence: 1,
            at: at("2026-03-02T06:00:00Z"),
            principal: "scheduling".into(),
            action: "publish".into(),
            object: "telemetry.received".into(),
            outcome: "denied".into(),
            details: [("reason".to_owned(), "not_declared".to_owned())].into(),
            previous: "0".repeat(64),
            hash: "a".repeat(64),
        }),
    ]
}
