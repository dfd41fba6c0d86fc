//! Contacts as earlier versions wrote them: read from whoever kept their bytes, never written.

use super::{
    ContactOwner, ContactSend, ContactSuppressed, Costs, Facts, OfferedSlot, Purpose,
    SuppressedReason,
};
use crate::consent::Channel;
use crate::finite::Finite;
use crate::id::CaseId;
use crate::prediction::{Driving, Severity};
use crate::time::Timestamp;
use serde::Deserialize;

/// [`ContactOwner`] whose facts always held costs.
#[derive(Deserialize)]
pub(super) struct ContactOwnerV1 {
    case: CaseId,
    asset: String,
    owner: String,
    step: String,
    purpose: Purpose,
    severity: Severity,
    facts: FactsV1,
    slots: Vec<OfferedSlot>,
    asked_for: bool,
    expires_at: Timestamp,
}

#[derive(Deserialize)]
struct FactsV1 {
    component: String,
    issue: String,
    probability: Finite,
    horizon_hours: Finite,
    time_left_hours: Option<Finite>,
    reasons: Vec<String>,
    driving: Driving,
    costs: Costs,
    booked: Option<OfferedSlot>,
}

/// [`ContactSend`] that did not say which time the owner had named.
#[derive(Deserialize)]
pub(super) struct ContactSendV1 {
    effect_key: String,
    case: CaseId,
    asset: String,
    owner: String,
    channel: Channel,
    purpose: Purpose,
    text: String,
    severity: Severity,
    asked_for: bool,
    expires_at: Timestamp,
}

/// [`ContactSuppressed`] that did not say until when.
#[derive(Deserialize)]
pub(super) struct ContactSuppressedV1 {
    case: CaseId,
    asset: String,
    owner: String,
    step: String,
    reason: SuppressedReason,
    detail: String,
}

impl From<ContactOwnerV1> for ContactOwner {
    fn from(old: ContactOwnerV1) -> Self {
        Self {
            case: old.case,
            asset: old.asset,
            owner: old.owner,
            step: old.step,
            purpose: old.purpose,
            severity: old.severity,
            facts: old.facts.into(),
            slots: old.slots,
            asked_for: old.asked_for,
            expires_at: old.expires_at,
        }
    }
}

impl From<ContactSendV1> for ContactSend {
    fn from(old: ContactSendV1) -> Self {
        Self {
            effect_key: old.effect_key,
            case: old.case,
            asset: old.asset,
            owner: old.owner,
            channel: old.channel,
            purpose: old.purpose,
            text: old.text,
            severity: old.severity,
            asked_for: old.asked_for,
            promised: None,
            expires_at: old.expires_at,
        }
    }
}

impl From<FactsV1> for Facts {
    fn from(old: FactsV1) -> Self {
        Self {
            component: old.component,
            issue: old.issue,
            probability: old.probability,
            horizon_hours: old.horizon_hours,
            time_left_hours: old.time_left_hours,
            reasons: old.reasons,
            driving: old.driving,
            costs: Some(old.costs),
            booked: old.booked,
        }
    }
}

impl From<ContactSuppressedV1> for ContactSuppressed {
    fn from(old: ContactSuppressedV1) -> Self {
        let ContactSuppressedV1 { case, asset, owner, step, reason, detail } = old;
        Self { case, asset, owner, step, reason, detail, until: None }
    }
}
