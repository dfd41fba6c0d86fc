//! Samples of centres and bookings.

use crate::cases::case;
use crate::samples::{AnyMessage, at, number};
use messages::booking::{
    BookingCancelled, BookingCompleted, BookingConfirmed, BookingExpired, BookingHeld,
    BookingMissed, BookingMoved, BookingRefused, BookingStarted, CancelBooking, ConfirmBooking,
    DemandDay, DemandForecast, DemandHorizon, DemandMethod, HoldSlot, MoveBooking, NoShowRecorded,
    OfferSlots, RefusedReason, Relaxation, Slot, SlotOffer, SlotsOffered,
};
use messages::centre::{CentreRegistered, OpeningHours, PartStocked, Technician};
use messages::contact::TimeWindow;
use messages::prediction::Severity;
use messages::{BookingId, MessageId, OfferId};

pub(crate) fn offer() -> OfferId {
    OfferId::of(MessageId::named("golden", "offering"), "0")
}

pub(crate) fn booking() -> BookingId {
    BookingId::of(MessageId::named("golden", "holding"), "0")
}

pub(crate) fn slot() -> Slot {
    Slot {
        centre: "pune".into(),
        centre_name: "Pune".into(),
        zone: "Asia/Kolkata".into(),
        bay: 2,
        technician: "pune-3".into(),
        from: at("2026-03-05T11:30:00Z"),
        to: at("2026-03-05T13:30:00Z"),
    }
}

fn later_slot() -> Slot {
    let (from, to) = (at("2026-03-06T04:00:00Z"), at("2026-03-06T06:00:00Z"));
    Slot { bay: 1, from, to, ..slot() }
}

pub(crate) fn all() -> Vec<Box<dyn AnyMessage>> {
    let mut all = offering();
    all.extend(living());
    all.extend(ending());
    all
}

/// Centres and what they offer.
fn offering() -> Vec<Box<dyn AnyMessage>> {
    let (network, case, asset) = ("demo", case(), "VEH001");
    vec![
        Box::new(centre()),
        Box::new(PartStocked {
            network: network.into(),
            centre: "pune".into(),
            part: "cooling".into(),
            quantity: 4,
            available_at: at("2026-03-02T06:00:00Z"),
        }),
        Box::new(OfferSlots {
            network: network.into(),
            case,
            asset: asset.into(),
            owner: Some("owner-1".into()),
            home: Some(messages::Place::near(18.52, 73.86).unwrap()),
            component: "cooling".into(),
            duration_minutes: 120,
            severity: Severity::High,
            earliest_at: at("2026-03-02T08:00:00Z"),
            due_at: at("2026-03-05T06:00:00Z"),
            preferred: Some(TimeWindow {
                from: at("2026-03-05T11:30:00Z"),
                to: at("2026-03-05T14:30:00Z"),
                words: "Thursday after five".into(),
            }),
            expires_at: at("2026-03-02T06:10:00Z"),
        }),
        Box::new(SlotsOffered {
            network: network.into(),
            case,
            asset: asset.into(),
            offers: vec![SlotOffer {
                offer: offer(),
                slot: slot(),
                penalties: vec!["5.5 h after it is due".into()],
            }],
            relax: vec![Relaxation {
                constraint: "another centre than Pune".into(),
                first_at: Some(at("2026-03-03T03:30:00Z")),
            }],
            valid_until: at("2026-03-03T06:00:00Z"),
            cause: Some("another case has given up its slot".into()),
        }),
        Box::new(forecast()),
    ]
}

fn forecast() -> DemandForecast {
    DemandForecast {
        network: "demo".into(),
        centre: "pune".into(),
        zone: "Asia/Kolkata".into(),
        made_at: at("2026-03-04T18:30:00Z"),
        method: DemandMethod::WeekdayPickup,
        basis_days: 48,
        coverage: number(0.75),
        open_cases: 2,
        days: vec![DemandDay {
            date: "2026-03-05".into(),
            open: true,
            booked: 3,
            visits: number(4.25),
            low: 3,
            high: 6,
            minutes: number(150.0),
        }],
        horizons: vec![DemandHorizon { hours: 24, visits: number(4.25), low: 3, high: 6 }],
    }
}

fn centre() -> CentreRegistered {
    CentreRegistered {
        centre: "pune".into(),
        network: "demo".into(),
        name: "Pune".into(),
        zone: "Asia/Kolkata".into(),
        bays: 4,
        technicians: vec![Technician {
            id: "pune-3".into(),
            skills: vec!["brake".into(), "cooling".into()],
        }],
        emergency_slots_per_day: 1,
        hours: vec![OpeningHours { weekday: 1, opens_minute: 540, closes_minute: 1140 }],
        holidays: vec!["2026-03-25".into()],
        latitude: Some(number(18.5)),
        longitude: Some(number(73.875)),
        rating: None,
    }
}

/// From a hold to the workshop.
fn living() -> Vec<Box<dyn AnyMessage>> {
    let (network, case, asset) = ("demo".to_owned(), case(), "VEH001".to_owned());
    let (offer, booking) = (offer(), booking());
    let (expires_at, held_until) = (at("2026-03-02T06:10:00Z"), at("2026-03-02T06:10:00Z"));
    let (n, a) = (|| network.clone(), || asset.clone());
    vec![
        Box::new(HoldSlot { network: n(), case, asset: a(), offer, expires_at }),
        Box::new(BookingHeld { network: n(), case, asset: a(), booking, slot: slot(), held_until }),
        Box::new(ConfirmBooking { network: n(), case, asset: a(), booking, expires_at }),
        Box::new(BookingConfirmed { network: n(), case, asset: a(), booking, slot: slot() }),
        Box::new(MoveBooking {
            network: n(),
            case,
            asset: a(),
            booking,
            offer,
            reason: "the owner asked for another time".into(),
            expires_at,
        }),
        Box::new(BookingMoved {
            network: n(),
            case,
            asset: a(),
            booking,
            before: slot(),
            slot: later_slot(),
            reason: "the owner asked for another time".into(),
        }),
        Box::new(BookingStarted { network: n(), case, asset: a(), booking }),
    ]
}

/// The ends that a booking can have.
fn ending() -> Vec<Box<dyn AnyMessage>> {
    let (network, case, asset) = ("demo".to_owned(), case(), "VEH001".to_owned());
    let booking = booking();
    let (n, a) = (|| network.clone(), || asset.clone());
    let reason = || "the car was sold".to_owned();
    let expires_at = at("2026-03-02T06:10:00Z");
    vec![
        Box::new(BookingExpired { network: n(), case, asset: a(), booking }),
        Box::new(CancelBooking {
            network: n(),
            case,
            asset: a(),
            booking,
            reason: reason(),
            expires_at,
        }),
        Box::new(BookingCancelled {
            network: n(),
            case,
            asset: a(),
            booking,
            slot: slot(),
            reason: reason(),
        }),
        Box::new(BookingRefused {
            network: n(),
            case,
            asset: a(),
            command: "slot.hold".into(),
            reason: RefusedReason::SlotTaken,
            detail: "bay 2 of Pune was taken a moment ago".into(),
        }),
        Box::new(BookingCompleted { network: n(), case, asset: a(), booking }),
        Box::new(NoShowRecorded { network: n(), case, asset: a(), booking, by: "pune".into() }),
        Box::new(BookingMissed { network: n(), case, asset: a(), booking }),
    ]
}
