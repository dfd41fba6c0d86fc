//! Booking the workshop: slots offered, held, confirmed, moved, ended.
//!
//! Life of a booking: offered, held for minutes, confirmed, then moved, cancelled, missed or in service, completed.
//! One memory, the network of centres, decides about each slot. What it is asked stands in `booking/command.rs`, what it says
//! here, what it foresees in `booking/demand.rs`.

mod command;
mod demand;

pub use command::{CancelBooking, ConfirmBooking, HoldSlot, MoveBooking, OfferSlots};
pub use demand::{DemandDay, DemandForecast, DemandHorizon, DemandMethod};

use crate::id::{BookingId, CaseId, OfferId};
use crate::message::{Class, Encoding, Message, Stage};
use crate::record::{DecodeError, Record, decode_body};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Most slots of one offer: more than three are not weighed but put off.
pub const OFFERS_MAX: usize = 3;

/// A bay and a technician for a span of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// The centre.
    pub centre: String,
    /// The centre, in words.
    pub centre_name: String,
    /// IANA zone of the centre.
    pub zone: String,
    /// The bay, from 1.
    pub bay: u16,
    /// The technician.
    pub technician: String,
    /// Start.
    pub from: Timestamp,
    /// End.
    pub to: Timestamp,
}

/// One slot of an offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlotOffer {
    /// Names it for the hold.
    pub offer: OfferId,
    /// Where and when.
    pub slot: Slot,
    /// What speaks against it, in words, the heaviest first.
    pub penalties: Vec<String>,
}

/// A constraint without which there would be a slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relaxation {
    /// What to give up, in words.
    pub constraint: String,
    /// The first slot there would be then.
    pub first_at: Option<Timestamp>,
}

/// Slots for a job, the best first; or none, and why. A case that was offered none waits: when there is room for it
/// later, it is offered that without asking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlotsOffered {
    /// The network of centres.
    pub network: String,
    /// The case.
    pub case: CaseId,
    /// The asset.
    pub asset: String,
    /// At most [`OFFERS_MAX`].
    pub offers: Vec<SlotOffer>,
    /// With no offer: what to relax, the least first.
    pub relax: Vec<Relaxation>,
    /// Until when the offers are remembered; a hold may come too late all the same.
    pub valid_until: Timestamp,
    /// Where nobody has asked: what has made room for the waiting case.
    #[serde(default)]
    pub cause: Option<String>,
}

/// Version 1 answered only.
#[derive(Deserialize)]
struct SlotsOfferedV1 {
    network: String,
    case: CaseId,
    asset: String,
    offers: Vec<SlotOffer>,
    relax: Vec<Relaxation>,
    valid_until: Timestamp,
}

impl From<SlotsOfferedV1> for SlotsOffered {
    fn from(old: SlotsOfferedV1) -> Self {
        let SlotsOfferedV1 { network, case, asset, offers, relax, valid_until } = old;
        Self { network, case, asset, offers, relax, valid_until, cause: None }
    }
}

/// A slot is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BookingHeld {
    /// The network of centres.
    pub network: String,
    /// The case.
    pub case: CaseId,
    /// The asset.
    pub asset: String,
    /// The booking.
    pub booking: BookingId,
    /// Where and when.
    pub slot: Slot,
    /// Confirm until then, or it is free again.
    pub held_until: Timestamp,
}

/// A hold was not confirmed in time; the slot is free again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BookingExpired {
    /// The network of centres.
    pub network: String,
    /// The case.
    pub case: CaseId,
    /// The asset.
    pub asset: String,
    /// The booking.
    pub booking: BookingId,
}

/// A slot is booked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BookingConfirmed {
    /// The network of centres.
    pub network: String,
    /// The case.
    pub case: CaseId,
    /// The asset.
    pub asset: String,
    /// The booking.
    pub booking: BookingId,
    /// Where and when.
    pub slot: Slot,
}

/// A booking has another slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BookingMoved {
    /// The network of centres.
    pub network: String,
    /// The case.
    pub case: CaseId,
    /// The asset.
    pub asset: String,
    /// The booking.
    pub booking: BookingId,
    /// Where and when it was.
    pub before: Slot,
    /// Where and when.
    pub slot: Slot,
    /// Why.
    pub reason: String,
}

/// A slot was given back, or taken away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BookingCancelled {
    /// The network of centres.
    pub network: String,
    /// The case.
    pub case: CaseId,
    /// The asset.
    pub asset: String,
    /// The booking.
    pub booking: BookingId,
    /// Where and when.
    pub slot: Slot,
    /// Why.
    pub reason: String,
}

/// What was asked for cannot be done; nothing changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BookingRefused {
    /// The network of centres.
    pub network: String,
    /// The case.
    pub case: CaseId,
    /// The asset.
    pub asset: String,
    /// The command, by name.
    pub command: String,
    /// Why, for programs.
    pub reason: RefusedReason,
    /// Why, in words.
    pub detail: String,
}

/// Why a booking command was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusedReason {
    /// Somebody else was faster.
    SlotTaken,
    /// The offer is not known, or no longer.
    OfferUnknown,
    /// The case has a live booking already.
    CaseBooked,
    /// The booking is not known, or its life has ended.
    BookingUnknown,
    /// It was asked too late.
    Expired,
    /// The network has as many live bookings as it may remember.
    Full,
}

/// The time of the booking has come; the asset is at the workshop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BookingStarted {
    /// The network of centres.
    pub network: String,
    /// The case.
    pub case: CaseId,
    /// The asset.
    pub asset: String,
    /// The booking.
    pub booking: BookingId,
}

/// The workshop has said what it found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BookingCompleted {
    /// The network of centres.
    pub network: String,
    /// The case.
    pub case: CaseId,
    /// The asset.
    pub asset: String,
    /// The booking.
    pub booking: BookingId,
}

/// The workshop says that the asset did not come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoShowRecorded {
    /// The network of centres.
    pub network: String,
    /// The case.
    pub case: CaseId,
    /// The asset.
    pub asset: String,
    /// The booking.
    pub booking: BookingId,
    /// Who says so.
    pub by: String,
}

/// A booking ended because the asset did not come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BookingMissed {
    /// The network of centres.
    pub network: String,
    /// The case.
    pub case: CaseId,
    /// The asset.
    pub asset: String,
    /// The booking.
    pub booking: BookingId,
}

impl Record for SlotsOffered {
    const SCHEMA: u16 = 202;
    const VERSION: u16 = 2;

    fn upcast(version: u16, body: &[u8]) -> Result<Self, DecodeError> {
        match version {
            1 => decode_body::<SlotsOfferedV1>(body).map(Self::from),
            _ => Err(DecodeError::unknown_version::<Self>(version)),
        }
    }
}

impl Message for SlotsOffered {
    const NAME: &'static str = "slots.offered";
    const CLASS: Class = Class::Event;
    const ENCODING: Encoding = Encoding::Json;
    const STAGE: Option<Stage> = Some(Stage::Ag);

    fn key(&self) -> &str {
        &self.network
    }

    fn case(&self) -> Option<CaseId> {
        Some(self.case)
    }
}

impl Record for BookingHeld {
    const SCHEMA: u16 = 204;
}

impl Message for BookingHeld {
    const NAME: &'static str = "booking.held";
    const CLASS: Class = Class::Event;
    const ENCODING: Encoding = Encoding::Json;
    const STAGE: Option<Stage> = Some(Stage::Ag);

    fn key(&self) -> &str {
        &self.network
    }

    fn case(&self) -> Option<CaseId> {
        Some(self.case)
    }
}

impl Record for BookingExpired {
    const SCHEMA: u16 = 205;
}

impl Message for BookingExpired {
    const NAME: &'static str = "booking.expired";
    const CLASS: Class = Class::Event;
    const ENCODING: Encoding = Encoding::Json;
    const STAGE: Option<Stage> = Some(Stage::Ag);

    fn key(&self) -> &str {
        &self.network
    }

    fn case(&self) -> Option<CaseId> {
        Some(self.case)
    }
}

impl Record for BookingConfirmed {
    const SCHEMA: u16 = 207;
}

impl Message for BookingConfirmed {
    const NAME: &'static str = "booking.confirmed";
    const CLASS: Class = Class::Event;
    const ENCODING: Encoding = Encoding::Json;
    const STAGE: Option<Stage> = Some(Stage::Ag);

    fn key(&self) -> &str {
        &self.network
    }

    fn case(&self) -> Option<CaseId> {
        Some(self.case)
    }
}

impl Record for BookingMoved {
    const SCHEMA: u16 = 209;
}

impl Message for BookingMoved {
    const NAME: &'static str = "booking.moved";
    const CLASS: Class = Class::Event;
    const ENCODING: Encoding = Encoding::Json;
    const STAGE: Option<Stage> = Some(Stage::Ag);

    fn key(&self) -> &str {
        &self.network
    }

    fn case(&self) -> Option<CaseId> {
        Some(self.case)
    }
}

impl Record for BookingCancelled {
    const SCHEMA: u16 = 211;
}

impl Message for BookingCancelled {
    const NAME: &'static str = "booking.cancelled";
    const CLASS: Class = Class::Event;
    const ENCODING: Encoding = Encoding::Json;
    const STAGE: Option<Stage> = Some(Stage::Ag);

    fn key(&self) -> &str {
        &self.network
    }

    fn case(&self) -> Option<CaseId> {
        Some(self.case)
    }
}

impl Record for BookingRefused {
    const SCHEMA: u16 = 212;
}

impl Message for BookingRefused {
    const NAME: &'static str = "booking.refused";
    const CLASS: Class = Class::Event;
    const ENCODING: Encoding = Encoding::Json;
    const STAGE: Option<Stage> = Some(Stage::Ag);

    fn key(&self) -> &str {
        &self.network
    }

    fn case(&self) -> Option<CaseId> {
        Some(self.case)
    }
}

impl Record for BookingStarted {
    const SCHEMA: u16 = 213;
}

impl Message for BookingStarted {
    const NAME: &'static str = "booking.started";
    const CLASS: Class = Class::Event;
    const ENCODING: Encoding = Encoding::Json;
    const STAGE: Option<Stage> = Some(Stage::Ag);

    fn key(&self) -> &str {
        &self.network
    }

    fn case(&self) -> Option<CaseId> {
        Some(self.case)
    }
}

impl Record for BookingCompleted {
    const SCHEMA: u16 = 214;
}

impl Message for BookingCompleted {
    const NAME: &'static str = "booking.completed";
    const CLASS: Class = Class::Event;
    const ENCODING: Encoding = Encoding::Json;
    const STAGE: Option<Stage> = Some(Stage::Ag);

    fn key(&self) -> &str {
        &self.network
    }

    fn case(&self) -> Option<CaseId> {
        Some(self.case)
    }
}

impl Record for NoShowRecorded {
    const SCHEMA: u16 = 215;
}

impl Message for NoShowRecorded {
    const NAME: &'static str = "absence.recorded";
    const CLASS: Class = Class::Event;
    const ENCODING: Encoding = Encoding::Json;
    const STAGE: Option<Stage> = Some(Stage::Ag);

    fn key(&self) -> &str {
        &self.network
    }

    fn case(&self) -> Option<CaseId> {
        Some(self.case)
    }
}

impl Record for BookingMissed {
    const SCHEMA: u16 = 216;
}

impl Message for BookingMissed {
    const NAME: &'static str = "booking.missed";
    const CLASS: Class = Class::Event;
    const ENCODING: Encoding = Encoding::Json;
    const STAGE: Option<Stage> = Some(Stage::Ag);

    fn key(&self) -> &str {
        &self.network
    }

    fn case(&self) -> Option<CaseId> {
        Some(self.case)
    }
}
