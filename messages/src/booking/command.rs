//! What the network of centres is asked to do about slots.

use crate::contact::TimeWindow;
use crate::id::{BookingId, CaseId, OfferId};
use crate::message::{Class, Encoding, Message, Stage};
use crate::place::Place;
use crate::prediction::Severity;
use crate::record::{DecodeError, Record, decode_body};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Find up to three slots for a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfferSlots {
    /// The network of centres.
    pub network: String,
    /// The case.
    pub case: CaseId,
    /// The asset.
    pub asset: String,
    /// Its owner.
    pub owner: Option<String>,
    /// Where the asset usually stands, if known: centres beyond reach of it are not offered.
    #[serde(default)]
    pub home: Option<Place>,
    /// The component, which is also the skill and the part that the job needs.
    pub component: String,
    /// How long the job takes.
    pub duration_minutes: u32,
    /// How grave it is; the gravest may have emergency slots.
    pub severity: Severity,
    /// Not before.
    pub earliest_at: Timestamp,
    /// By when it should have begun; later costs.
    pub due_at: Timestamp,
    /// When the owner would like it.
    pub preferred: Option<TimeWindow>,
    /// After this it is refused.
    pub expires_at: Timestamp,
}

/// Version 1 knew of no home.
#[derive(Deserialize)]
struct OfferSlotsV1 {
    network: String,
    case: CaseId,
    asset: String,
    owner: Option<String>,
    component: String,
    duration_minutes: u32,
    severity: Severity,
    earliest_at: Timestamp,
    due_at: Timestamp,
    preferred: Option<TimeWindow>,
    expires_at: Timestamp,
}

impl From<OfferSlotsV1> for OfferSlots {
    fn from(old: OfferSlotsV1) -> Self {
        Self {
            network: old.network,
            case: old.case,
            asset: old.asset,
            owner: old.owner,
            home: None,
            component: old.component,
            duration_minutes: old.duration_minutes,
            severity: old.severity,
            earliest_at: old.earliest_at,
            due_at: old.due_at,
            preferred: old.preferred,
            expires_at: old.expires_at,
        }
    }
}

/// Keep an offered slot for a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldSlot {
    /// The network of centres.
    pub network: String,
    /// The case.
    pub case: CaseId,
    /// The asset.
    pub asset: String,
    /// The offer.
    pub offer: OfferId,
    /// After this it is refused.
    pub expires_at: Timestamp,
}

/// Make a held slot a booking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfirmBooking {
    /// The network of centres.
    pub network: String,
    /// The case.
    pub case: CaseId,
    /// The asset.
    pub asset: String,
    /// The booking.
    pub booking: BookingId,
    /// After this it is refused.
    pub expires_at: Timestamp,
}

/// Move a booking to another offered slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MoveBooking {
    /// The network of centres.
    pub network: String,
    /// The case.
    pub case: CaseId,
    /// The asset.
    pub asset: String,
    /// The booking.
    pub booking: BookingId,
    /// The offer to move to.
    pub offer: OfferId,
    /// Why.
    pub reason: String,
    /// After this it is refused.
    pub expires_at: Timestamp,
}

/// Give a slot back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CancelBooking {
    /// The network of centres.
    pub network: String,
    /// The case.
    pub case: CaseId,
    /// The asset.
    pub asset: String,
    /// The booking.
    pub booking: BookingId,
    /// Why.
    pub reason: String,
    /// After this it is refused.
    pub expires_at: Timestamp,
}

impl Record for OfferSlots {
    const SCHEMA: u16 = 201;
    const VERSION: u16 = 2;

    fn upcast(version: u16, body: &[u8]) -> Result<Self, DecodeError> {
        match version {
            1 => decode_body::<OfferSlotsV1>(body).map(Self::from),
            _ => Err(DecodeError::unknown_version::<Self>(version)),
        }
    }
}

impl Message for OfferSlots {
    const NAME: &'static str = "slots.offer";
    const CLASS: Class = Class::Command;
    const ENCODING: Encoding = Encoding::Json;
    const STAGE: Option<Stage> = Some(Stage::Ag);

    fn key(&self) -> &str {
        &self.network
    }

    fn case(&self) -> Option<CaseId> {
        Some(self.case)
    }
}

impl Record for HoldSlot {
    const SCHEMA: u16 = 203;
}

impl Message for HoldSlot {
    const NAME: &'static str = "slot.hold";
    const CLASS: Class = Class::Command;
    const ENCODING: Encoding = Encoding::Json;
    const STAGE: Option<Stage> = Some(Stage::Ag);

    fn key(&self) -> &str {
        &self.network
    }

    fn case(&self) -> Option<CaseId> {
        Some(self.case)
    }
}

impl Record for ConfirmBooking {
    const SCHEMA: u16 = 206;
}

impl Message for ConfirmBooking {
    const NAME: &'static str = "booking.confirm";
    const CLASS: Class = Class::Command;
    const ENCODING: Encoding = Encoding::Json;
    const STAGE: Option<Stage> = Some(Stage::Ag);

    fn key(&self) -> &str {
        &self.network
    }

    fn case(&self) -> Option<CaseId> {
        Some(self.case)
    }
}

impl Record for MoveBooking {
    const SCHEMA: u16 = 208;
}

impl Message for MoveBooking {
    const NAME: &'static str = "booking.move";
    const CLASS: Class = Class::Command;
    const ENCODING: Encoding = Encoding::Json;
    const STAGE: Option<Stage> = Some(Stage::Ag);

    fn key(&self) -> &str {
        &self.network
    }

    fn case(&self) -> Option<CaseId> {
        Some(self.case)
    }
}

impl Record for CancelBooking {
    const SCHEMA: u16 = 210;
}

impl Message for CancelBooking {
    const NAME: &'static str = "booking.cancel";
    const CLASS: Class = Class::Command;
    const ENCODING: Encoding = Encoding::Json;
    const STAGE: Option<Stage> = Some(Stage::Ag);

    fn key(&self) -> &str {
        &self.network
    }

    fn case(&self) -> Option<CaseId> {
        Some(self.case)
    }
}
