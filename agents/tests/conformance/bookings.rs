//! The part of the script in which workshops are booked.

use messages::booking::{
    BookingHeld, CancelBooking, ConfirmBooking, HoldSlot, MoveBooking, NoShowRecorded, OfferSlots,
    SlotsOffered,
};
use messages::centre::{CentreRegistered, OpeningHours, PartStocked, Technician};
use messages::finding::FindingRecorded;
use messages::prediction::Severity;
use messages::{BookingId, CaseId, MessageId, OfferId, Timestamp};
use runtime::testkit::World;
use std::time::Duration;

const NETWORK: &str = "main";
const CASES: u32 = 5;

fn case(number: u32) -> (String, CaseId, String) {
    let asset = super::asset(number);
    let case = CaseId::of(MessageId::named("conformance", &asset), "brake");
    (NETWORK.to_owned(), case, asset)
}

/// Open round the clock, so that bookings begin soon.
fn centre(bays: u16) -> CentreRegistered {
    let hours = |weekday| OpeningHours { weekday, opens_minute: 0, closes_minute: 1_440 };
    let technician = |id: u16| Technician { id: format!("T{id}"), skills: vec!["brake".into()] };
    CentreRegistered {
        centre: "pune".into(),
        network: NETWORK.into(),
        name: "Pune".into(),
        zone: "Asia/Kolkata".into(),
        bays,
        technicians: (0..4).map(technician).collect(),
        emergency_slots_per_day: 1,
        hours: (1..=7).map(hours).collect(),
        holidays: Vec::new(),
        latitude: None,
        longitude: None,
        rating: None,
    }
}

/// What is said about bookings in `minute`.
pub(crate) fn script(world: &mut World, minute: u32) {
    let now = world.conductor().now();
    let soon = now.saturating_add(Duration::from_secs(300));
    // One customer after the other, so that each is offered what the others left.
    let number = minute / 2;
    match minute {
        1 => world.append(&centre(4)),
        2..12 if minute.is_multiple_of(2) => ask(world, number, now, soon),
        2..12 => hold(world, number, soon),
        12 => (2..=CASES).for_each(|number| confirm(world, number, soon)),
        13 => {
            change(world, 2, soon);
            cancel(world, 3, soon);
        }
        14 => world.append(&centre(1)),
        15 => stock(world, now),
        50 => absent(world, 4),
        52 => (1..=CASES).for_each(|number| found(world, number, now)),
        _ => {}
    }
}

fn ask(world: &mut World, number: u32, now: Timestamp, expires_at: Timestamp) {
    let (network, case, asset) = case(number);
    world.append(&OfferSlots {
        network,
        case,
        asset,
        owner: None,
        home: None,
        component: "brake".into(),
        duration_minutes: 30,
        severity: Severity::High,
        earliest_at: now,
        due_at: now.saturating_add(Duration::from_secs(24 * 3_600)),
        preferred: None,
        expires_at,
    });
}

fn offer(world: &World, number: u32, index: usize) -> Option<OfferId> {
    let (_, case, _) = case(number);
    let offered = world.published::<SlotsOffered>().into_iter().rfind(|one| one.case == case)?;
    offered.offers.get(index).map(|one| one.offer)
}

fn booking(world: &World, number: u32) -> Option<BookingId> {
    let (_, case, _) = case(number);
    let held = world.published::<BookingHeld>().into_iter().rfind(|one| one.case == case)?;
    Some(held.booking)
}

fn hold(world: &mut World, number: u32, expires_at: Timestamp) {
    let (network, case, asset) = case(number);
    let Some(offer) = offer(world, number, 0) else { return };
    world.append(&HoldSlot { network, case, asset, offer, expires_at });
}

fn confirm(world: &mut World, number: u32, expires_at: Timestamp) {
    let (network, case, asset) = case(number);
    let Some(booking) = booking(world, number) else { return };
    world.append(&ConfirmBooking { network, case, asset, booking, expires_at });
}

fn change(world: &mut World, number: u32, expires_at: Timestamp) {
    let (network, case, asset) = case(number);
    let (Some(booking), Some(offer)) = (booking(world, number), offer(world, number, 1)) else {
        return;
    };
    let reason = "another time suits better".into();
    world.append(&MoveBooking { network, case, asset, booking, offer, reason, expires_at });
}

fn cancel(world: &mut World, number: u32, expires_at: Timestamp) {
    let (network, case, asset) = case(number);
    let Some(booking) = booking(world, number) else { return };
    let reason = "sold".into();
    world.append(&CancelBooking { network, case, asset, booking, reason, expires_at });
}

fn stock(world: &mut World, available_at: Timestamp) {
    let (centre, part) = ("pune".into(), "brake".into());
    let network = NETWORK.into();
    world.append(&PartStocked { network, centre, part, quantity: 3, available_at });
}

fn absent(world: &mut World, number: u32) {
    let (network, case, asset) = case(number);
    let Some(booking) = booking(world, number) else { return };
    let by = "pune".into();
    world.append(&NoShowRecorded { network, case, asset, booking, by });
}

fn found(world: &mut World, number: u32, found_at: Timestamp) {
    let (network, case, asset) = case(number);
    world.append(&FindingRecorded {
        asset,
        network: Some(network),
        booking: booking(world, number),
        case: Some(case),
        examined: "brake".into(),
        component: None,
        cause: None,
        part: None,
        batch: None,
        repaired: false,
        found_at,
        by: "pune".into(),
    });
}
