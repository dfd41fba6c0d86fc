//! Samples of what is said to owners, and of what they say.

use crate::bookings::{offer, slot};
use crate::cases::{case, intent};
use crate::samples::{AnyMessage, at, number};
use messages::consent::{Channel, ConsentChanged};
use messages::contact::{
    ContactFailed, ContactOwner, ContactSend, ContactSuppressed, Costs, CustomerContacted,
    CustomerReplied, CustomerResponded, Facts, Intent, OfferedSlot, Promised, Purpose,
    SuppressedReason, TimeWindow, WithdrawContact,
};
use messages::prediction::{Driving, Severity};

pub(crate) fn all() -> Vec<Box<dyn AnyMessage>> {
    let (case, asset, owner) = (case(), "VEH001", "owner-1");
    let (step, text) = ("first", "The cooling of VEH001 may fail within a week.");
    vec![
        Box::new(ConsentChanged {
            owner: owner.into(),
            granted: vec![Channel::App, Channel::Sms],
            revoked: vec![Channel::Voice],
            reason: "the owner ticked it in the app".into(),
        }),
        Box::new(contact_owner()),
        Box::new(ContactSend {
            effect_key: format!("{case}:first:app"),
            case,
            asset: asset.into(),
            owner: owner.into(),
            channel: Channel::App,
            purpose: Purpose::PredictedFailure,
            text: text.into(),
            severity: Severity::High,
            asked_for: true,
            promised: Some(Promised {
                from: at("2026-03-02T16:30:00Z"),
                to: at("2026-03-02T17:30:00Z"),
            }),
            expires_at: at("2026-03-03T06:01:00Z"),
        }),
        Box::new(CustomerContacted {
            case,
            asset: asset.into(),
            owner: owner.into(),
            step: step.into(),
            channel: Channel::App,
            purpose: Purpose::PredictedFailure,
            text: text.into(),
            intent: intent(),
        }),
        Box::new(CustomerReplied {
            owner: owner.into(),
            case: Some(case),
            channel: Channel::App,
            text: "Thursday after five, the second one".into(),
        }),
        Box::new(responded()),
        Box::new(ContactSuppressed {
            case,
            asset: asset.into(),
            owner: owner.into(),
            step: step.into(),
            reason: SuppressedReason::NoConsent,
            detail: "no channel is allowed".into(),
            until: Some(at("2026-03-03T02:30:00Z")),
        }),
        Box::new(ContactFailed {
            case,
            asset: asset.into(),
            owner: owner.into(),
            step: step.into(),
            reason: "the provider did not answer".into(),
            uncertain: Some(intent()),
        }),
        Box::new(WithdrawContact {
            case,
            asset: asset.into(),
            owner: owner.into(),
            reason: "What was foreseen is no longer expected.".into(),
        }),
    ]
}

fn contact_owner() -> ContactOwner {
    ContactOwner {
        case: case(),
        asset: "VEH001".into(),
        owner: "owner-1".into(),
        step: "first".into(),
        purpose: Purpose::PredictedFailure,
        severity: Severity::High,
        facts: Facts {
            component: "cooling".into(),
            issue: "overheating".into(),
            probability: number(0.75),
            horizon_hours: number(168.0),
            time_left_hours: Some(number(12.5)),
            reasons: vec!["coolant temperature rises 1.5 °C an hour".into()],
            driving: Driving::WithCare { km_max: 50 },
            costs: Some(Costs {
                currency: "INR".into(),
                repair_min: number(10_000.0),
                repair_max: number(50_000.0),
                saving: number(100_000.0),
            }),
            booked: None,
        },
        slots: vec![offered_slot()],
        asked_for: false,
        expires_at: at("2026-03-03T06:01:00Z"),
    }
}

fn offered_slot() -> OfferedSlot {
    let slot = slot();
    OfferedSlot {
        offer: offer(),
        centre: slot.centre,
        centre_name: slot.centre_name,
        zone: slot.zone,
        from: slot.from,
        to: slot.to,
    }
}

fn responded() -> CustomerResponded {
    CustomerResponded {
        case: case(),
        asset: "VEH001".into(),
        owner: "owner-1".into(),
        intent: Intent::ChooseSlot,
        offer: Some(offer()),
        when: Some(TimeWindow {
            from: at("2026-03-05T11:30:00Z"),
            to: at("2026-03-05T14:30:00Z"),
            words: "Thursday after five".into(),
        }),
        sentiment: number(0.25),
        text: "Thursday after five, the second one".into(),
        evidence: vec!["second one".into()],
    }
}
