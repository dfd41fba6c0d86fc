//! Bookings as the LOG tells them: where and when, how far, and for which case.

use super::open;
use super::rows::Rows;
use messages::booking::{
    BookingCancelled, BookingCompleted, BookingConfirmed, BookingExpired, BookingHeld,
    BookingMissed, BookingMoved, BookingStarted, NoShowRecorded, Slot,
};
use messages::finding::FindingRecorded;
use messages::{BookingId, CaseId, Message, Provenance, Timestamp};
use runtime::store::Delivery;

/// Bookings that are listed; ended ones that are older stay on the log and are counted.
pub(crate) const BOOKINGS_MAX: usize = 100_000;

/// All bookings.
#[derive(Debug, PartialEq)]
pub(crate) struct Bookings {
    pub(crate) rows: Rows<BookingId, Booking>,
}

/// A booking at the log's head.
#[derive(Debug, PartialEq)]
pub(crate) struct Booking {
    pub(crate) network: String,
    pub(crate) case: CaseId,
    pub(crate) asset: String,
    pub(crate) slot: Slot,
    pub(crate) state: BookingState,
    pub(crate) held_until: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) provenance: Provenance,
    /// Why it was moved or cancelled.
    pub(crate) reason: Option<String>,
    /// When the workshop said what it found, or that the asset did not come.
    pub(crate) reported_at: Option<Timestamp>,
}

/// How far a booking is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BookingState {
    Held,
    Confirmed,
    InService,
    Completed,
    Cancelled,
    Missed,
    Expired,
}

impl BookingState {
    pub(crate) const ALL: [BookingState; 7] = [
        BookingState::Held,
        BookingState::Confirmed,
        BookingState::InService,
        BookingState::Completed,
        BookingState::Cancelled,
        BookingState::Missed,
        BookingState::Expired,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            BookingState::Held => "held",
            BookingState::Confirmed => "confirmed",
            BookingState::InService => "in_service",
            BookingState::Completed => "completed",
            BookingState::Cancelled => "cancelled",
            BookingState::Missed => "missed",
            BookingState::Expired => "expired",
        }
    }

    /// Whether its life is over.
    pub(crate) const fn is_ended(self) -> bool {
        !matches!(self, BookingState::Held | BookingState::Confirmed | BookingState::InService)
    }
}

impl Default for Bookings {
    fn default() -> Self {
        Self { rows: Rows::at_most(BOOKINGS_MAX) }
    }
}

impl Bookings {
    /// Takes in a record of the LOG; says whether it is about this.
    pub(crate) fn hear(&mut self, delivery: &Delivery) -> bool {
        use BookingState::{Cancelled, Completed, Expired, InService, Missed};
        match delivery.envelope.name.as_str() {
            BookingHeld::NAME => self.begin(delivery),
            BookingConfirmed::NAME => self.confirm(delivery),
            BookingMoved::NAME => self.move_on(delivery),
            BookingCancelled::NAME => {
                if let Some(it) = open::<BookingCancelled>(delivery) {
                    self.set(it.booking, Cancelled, Some(it.reason), delivery);
                }
            }
            BookingExpired::NAME => {
                self.end(open::<BookingExpired>(delivery).map(|it| it.booking), Expired, delivery);
            }
            BookingStarted::NAME => {
                self.end(
                    open::<BookingStarted>(delivery).map(|it| it.booking),
                    InService,
                    delivery,
                );
            }
            BookingCompleted::NAME => {
                let booking = open::<BookingCompleted>(delivery).map(|it| it.booking);
                self.end(booking, Completed, delivery);
            }
            BookingMissed::NAME => {
                self.end(open::<BookingMissed>(delivery).map(|it| it.booking), Missed, delivery);
            }
            FindingRecorded::NAME => {
                self.report(open::<FindingRecorded>(delivery).and_then(|it| it.booking), delivery);
            }
            NoShowRecorded::NAME => {
                self.report(open::<NoShowRecorded>(delivery).map(|it| it.booking), delivery);
            }
            _ => return false,
        }
        true
    }

    fn begin(&mut self, delivery: &Delivery) {
        let Some(held) = open::<BookingHeld>(delivery) else { return };
        let booking = Booking {
            network: held.network,
            case: held.case,
            asset: held.asset,
            slot: held.slot,
            state: BookingState::Held,
            held_until: held.held_until,
            updated_at: delivery.envelope.time,
            provenance: delivery.envelope.provenance,
            reason: None,
            reported_at: None,
        };
        self.rows.insert(held.booking, delivery.sequence, booking);
    }

    fn confirm(&mut self, delivery: &Delivery) {
        let Some(confirmed) = open::<BookingConfirmed>(delivery) else { return };
        if let Some(booking) = self.rows.get_mut(confirmed.booking) {
            booking.slot = confirmed.slot;
        }
        self.set(confirmed.booking, BookingState::Confirmed, None, delivery);
    }

    fn move_on(&mut self, delivery: &Delivery) {
        let Some(moved) = open::<BookingMoved>(delivery) else { return };
        if let Some(booking) = self.rows.get_mut(moved.booking) {
            booking.slot = moved.slot;
            booking.reason = Some(moved.reason);
            booking.updated_at = delivery.envelope.time;
        }
    }

    fn end(&mut self, id: Option<BookingId>, state: BookingState, delivery: &Delivery) {
        if let Some(id) = id {
            self.set(id, state, None, delivery);
        }
    }

    fn set(
        &mut self,
        id: BookingId,
        state: BookingState,
        reason: Option<String>,
        delivery: &Delivery,
    ) {
        let Some(booking) = self.rows.get_mut(id) else { return };
        booking.state = state;
        booking.reason = reason.or(booking.reason.take());
        booking.updated_at = delivery.envelope.time;
        self.rows.set_ended(id, state.is_ended());
    }

    fn report(&mut self, id: Option<BookingId>, delivery: &Delivery) {
        if let Some(booking) = id.and_then(|id| self.rows.get_mut(id)) {
            booking.reported_at = Some(delivery.envelope.time);
        }
    }
}
