//! Samples of cases, and of what is done to the world outside.

use crate::assessments;
use crate::samples::{AnyMessage, at};
use messages::agent::{AgentDegraded, AgentRecovered, CommandAnswered, CommandUnanswered};
use messages::case::{
    CaseAdvanced, CaseClosed, CaseDecided, CaseEscalated, CaseOpened, CaseOutcome, CaseState,
    Decision, Evidence,
};
use messages::effect::{Conclusion, EffectAttempted, EffectConcluded};
use messages::prediction::Severity;
use messages::{CaseId, Finite, MessageId};

pub(crate) fn case() -> CaseId {
    CaseId::of(MessageId::named("golden", "opening"), "VEH001/cooling")
}

pub(crate) fn intent() -> MessageId {
    MessageId::named("golden", "intent")
}

pub(crate) fn all() -> Vec<Box<dyn AnyMessage>> {
    vec![
        Box::new(attempted()),
        Box::new(concluded()),
        Box::new(opened()),
        Box::new(CaseAdvanced {
            case: case(),
            asset: "VEH001".into(),
            from: CaseState::Opened,
            to: CaseState::AwaitingCustomer,
            reason: "the owner was reached on app".into(),
            deadline: Some(at("2026-03-03T06:00:00Z")),
            severity: Some(Severity::High),
            due_at: Some(at("2026-03-04T06:00:00Z")),
        }),
        Box::new(CaseEscalated {
            case: case(),
            asset: "VEH001".into(),
            reason: "nobody may contact the owner".into(),
            remedy: "ask the owner, then `aurorasync case approve`".into(),
            reminder: 2,
        }),
        Box::new(CaseClosed {
            case: case(),
            asset: "VEH001".into(),
            outcome: CaseOutcome::Confirmed,
            reason: "the workshop found what was foreseen".into(),
            network: Some("main".into()),
        }),
        Box::new(CaseDecided {
            case: case(),
            asset: "VEH001".into(),
            owner: Some("owner-1".into()),
            by: "operator".into(),
            decision: Decision::Resolve { intent: intent(), happened: true },
        }),
        Box::new(CommandUnanswered {
            case: case(),
            asset: "VEH001".into(),
            command: "slots.offer".into(),
            asked_of: "scheduling".into(),
            since: at("2026-03-02T06:00:00Z"),
            attempts: 2,
        }),
        Box::new(CommandAnswered {
            case: case(),
            asset: "VEH001".into(),
            command: "slots.offer".into(),
            asked_of: "scheduling".into(),
            since: at("2026-03-02T06:00:00Z"),
        }),
        Box::new(AgentDegraded {
            agent: "scheduling".into(),
            since: at("2026-03-02T06:00:00Z"),
            unanswered: 2,
            cases: vec![case()],
            evidence: vec![MessageId::named("golden", "unanswered")],
        }),
        Box::new(AgentRecovered {
            agent: "scheduling".into(),
            since: at("2026-03-02T06:00:00Z"),
            degraded_for_hours: Finite::new(1.5).expect("a finite value"),
        }),
    ]
}

fn attempted() -> EffectAttempted {
    EffectAttempted {
        intent: intent(),
        effect: "contact.send".into(),
        effect_key: "case:first:app".into(),
        key: "owner-1".into(),
        case: Some(case()),
        attempt: 1,
    }
}

fn concluded() -> EffectConcluded {
    EffectConcluded {
        intent: intent(),
        effect: "contact.send".into(),
        effect_key: "case:first:app".into(),
        key: "owner-1".into(),
        case: Some(case()),
        attempts: 1,
        conclusion: Conclusion::Accepted { reference: Some("message-7".into()), reply: None },
    }
}

fn opened() -> CaseOpened {
    let predicted = assessments::failure_predicted();
    CaseOpened {
        case: case(),
        asset: "VEH001".into(),
        fleet: "demo".into(),
        owner: Some("owner-1".into()),
        component: "cooling".into(),
        severity: Severity::High,
        evidence: Evidence {
            prediction: MessageId::named("golden", "prediction"),
            window_end: predicted.window_end,
            profile: predicted.profile,
            hypothesis: predicted.hypotheses[0].clone(),
            model: predicted.model,
        },
        due_at: at("2026-03-03T06:01:00Z"),
    }
}

#[test]
fn every_end_of_an_effect_and_every_decision_is_read_back_equal() {
    let reason = || "the line was busy".to_owned();
    let conclusions = [
        Conclusion::Accepted { reference: None, reply: Some("yes".into()) },
        Conclusion::Refused { reason: reason() },
        Conclusion::Expired,
        Conclusion::Unreachable { reason: reason() },
        Conclusion::Uncertain { reason: reason() },
    ];
    for conclusion in conclusions {
        let message = EffectConcluded { conclusion, ..concluded() };
        both_ways(&message);
    }
    for decision in [Decision::Approve, Decision::Cancel { reason: reason() }] {
        let (asset, by) = ("VEH001".into(), "operator".into());
        both_ways(&CaseDecided { case: case(), asset, owner: None, by, decision });
    }
}

fn both_ways(message: &dyn AnyMessage) {
    use messages::Encoding::{Json, Postcard};
    for encoding in [Json, Postcard] {
        assert_eq!(message.is_in(encoding, &message.encoded(encoding)), Ok(true));
    }
}
