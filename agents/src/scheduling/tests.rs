//! The life of a booking, one story at a time.

mod assets;
mod demand;
mod places;
mod waiting;

use super::{Config, Scheduling};
use messages::booking::{
    BookingCancelled, BookingCompleted, BookingConfirmed, BookingExpired, BookingHeld,
    BookingMissed, BookingMoved, BookingRefused, BookingStarted, CancelBooking, ConfirmBooking,
    HoldSlot, MoveBooking, NoShowRecorded, OfferSlots, RefusedReason, SlotsOffered,
};
use messages::centre::{CentreRegistered, OpeningHours, PartStocked, Technician};
use messages::finding::FindingRecorded;
use messages::prediction::Severity;
use messages::{BookingId, CaseId, MessageId, OfferId, Place, Timestamp};
use runtime::testkit::World;
use std::time::Duration;

const NETWORK: &str = "main";
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// The desk of one network, and what came of it.
struct Story(World);

impl Story {
    /// One centre in Pune, open from 9 to 19, with one bay, on a Monday at half past eleven there.
    fn begin() -> Self {
        let mut story = Self(World::seeded(5).agent::<Scheduling>(Config::default()));
        story.0.publish(pune(1));
        story
    }

    fn now(&mut self) -> Timestamp {
        self.0.conductor().now()
    }

    fn soon(&mut self) -> Timestamp {
        self.now().saturating_add(MINUTE)
    }

    fn ask(&mut self, number: u8) -> SlotsOffered {
        let command = self.question(number);
        self.0.publish(command);
        self.0.published::<SlotsOffered>().pop().expect("an answer")
    }

    fn question(&mut self, number: u8) -> OfferSlots {
        let now = self.now();
        OfferSlots {
            network: NETWORK.into(),
            case: case(number),
            asset: asset(number),
            owner: None,
            home: Some(home()),
            component: "brake".into(),
            duration_minutes: 120,
            severity: Severity::High,
            earliest_at: now,
            due_at: now.saturating_add(DAY),
            preferred: None,
            expires_at: self.soon(),
        }
    }

    fn hold(&mut self, number: u8, offer: OfferId) -> HoldSlot {
        let (network, case, asset) = (NETWORK.into(), case(number), asset(number));
        let command = HoldSlot { network, case, asset, offer, expires_at: self.soon() };
        self.0.publish(command.clone());
        command
    }

    /// Asks, and holds the best.
    fn held(&mut self, number: u8) -> BookingHeld {
        let offer = self.ask(number).offers[0].offer;
        self.hold(number, offer);
        self.0.published::<BookingHeld>().pop().expect("the best slot is free")
    }

    fn confirm(&mut self, number: u8, booking: BookingId) {
        let (network, case, asset) = (NETWORK.into(), case(number), asset(number));
        let expires_at = self.soon();
        self.0.publish(ConfirmBooking { network, case, asset, booking, expires_at });
    }

    /// A confirmed booking of the best slot.
    fn booked(&mut self, number: u8) -> BookingHeld {
        let held = self.held(number);
        self.confirm(number, held.booking);
        held
    }

    fn cancel(&mut self, number: u8, booking: BookingId) {
        let (network, case, asset) = (NETWORK.into(), case(number), asset(number));
        let (expires_at, reason) = (self.soon(), "sold".into());
        self.0.publish(CancelBooking { network, case, asset, booking, reason, expires_at });
    }

    fn change(&mut self, number: u8, booking: BookingId, offer: OfferId) {
        let (network, case, asset) = (NETWORK.into(), case(number), asset(number));
        let (expires_at, reason) = (self.soon(), "a later day suits better".into());
        let command = MoveBooking { network, case, asset, booking, offer, reason, expires_at };
        self.0.publish(command);
    }

    fn absent(&mut self, number: u8, booking: BookingId) {
        let (network, case, asset) = (NETWORK.into(), case(number), asset(number));
        self.0.publish(NoShowRecorded { network, case, asset, booking, by: "pune".into() });
    }

    fn found(&mut self, number: u8, booking: Option<BookingId>) {
        let found_at = self.now();
        self.0.publish(FindingRecorded {
            asset: asset(number),
            network: Some(NETWORK.into()),
            booking,
            case: Some(case(number)),
            examined: "brake".into(),
            component: Some("brake".into()),
            cause: None,
            part: None,
            batch: None,
            repaired: true,
            found_at,
            by: "pune".into(),
        });
    }

    fn refused(&self) -> Vec<(String, RefusedReason)> {
        let refused = self.0.published::<BookingRefused>().into_iter();
        refused.map(|refused| (refused.command, refused.reason)).collect()
    }

    /// Bookings that live, by what is remembered.
    fn live(&mut self) -> usize {
        let state = self.0.state::<Scheduling>(NETWORK).expect("a memory");
        state["bookings"].as_object().expect("a map").len()
    }

    fn stocked(&mut self, quantity: u32, available_at: Timestamp) {
        let (network, centre, part) = (NETWORK.into(), "pune".into(), "brake".into());
        self.0.publish(PartStocked { network, centre, part, quantity, available_at });
    }
}

/// In Pune.
fn home() -> Place {
    Place::near(18.52, 73.86).expect("Pune is on earth")
}

fn asset(number: u8) -> String {
    format!("VEH{number:03}")
}

fn case(number: u8) -> CaseId {
    CaseId::of(MessageId::named("test", &asset(number)), "brake")
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a moment")
}

fn pune(bays: u16) -> CentreRegistered {
    let hours = |weekday| OpeningHours { weekday, opens_minute: 540, closes_minute: 1_140 };
    let technician = |id: &str| Technician { id: id.into(), skills: vec!["brake".into()] };
    CentreRegistered {
        centre: "pune".into(),
        network: NETWORK.into(),
        name: "Pune".into(),
        zone: "Asia/Kolkata".into(),
        bays,
        technicians: vec![technician("ana"), technician("bo")],
        emergency_slots_per_day: 0,
        hours: (1..=6).map(hours).collect(),
        holidays: vec!["2026-03-03".into()],
        latitude: None,
        longitude: None,
        rating: None,
    }
}

#[test]
fn offers_are_within_local_hours_and_off_holidays_with_reasons_in_words() {
    let mut story = Story::begin();
    let offered = story.ask(1);
    let starts: Vec<String> = offered.offers.iter().map(|one| one.slot.from.to_string()).collect();
    let local = ["2026-03-02T06:15:00Z", "2026-03-02T06:30:00Z", "2026-03-02T11:30:00Z"];
    assert_eq!(starts, local, "a quarter to twelve, noon and five in the afternoon");
    let slot = &offered.offers[0].slot;
    assert_eq!((slot.centre_name.as_str(), slot.zone.as_str()), ("Pune", "Asia/Kolkata"));
    assert_eq!(slot.bay, 1, "bays count from one");
    assert_eq!(offered.relax, []);
    story.0.advance(10 * HOUR);
    let offered = story.ask(2);
    assert_eq!(offered.offers[0].slot.from, at("2026-03-04T03:30:00Z"), "Tuesday is a holiday");
    assert_eq!(offered.offers[0].penalties, ["it starts 11 h 30 min after the due time"]);
}

#[test]
fn a_held_slot_is_nobody_elses_and_becomes_a_booking() {
    let mut story = Story::begin();
    let first = story.ask(1).offers[1].clone();
    let second = story.ask(2).offers[1].clone();
    assert_eq!(first.slot, second.slot);
    story.hold(1, first.offer);
    story.hold(2, second.offer);
    let held = story.0.published::<BookingHeld>();
    assert_eq!(held.len(), 1);
    assert_eq!((held[0].case, &held[0].slot), (case(1), &first.slot));
    assert_eq!(story.refused(), [("slot.hold".to_owned(), RefusedReason::SlotTaken)]);
    story.confirm(1, held[0].booking);
    let confirmed = story.0.published::<BookingConfirmed>();
    assert_eq!((confirmed[0].booking, &confirmed[0].slot), (held[0].booking, &first.slot));
}

#[test]
fn a_hold_that_nobody_confirms_is_free_again_after_ten_minutes() {
    let mut story = Story::begin();
    story.0.advance(DAY);
    let held = story.held(1);
    assert_eq!(held.held_until, story.now().saturating_add(10 * MINUTE));
    story.0.advance(10 * MINUTE);
    let expired = story.0.published::<BookingExpired>();
    assert_eq!(expired.len(), 1);
    assert_eq!(expired[0].booking, held.booking);
    story.confirm(1, held.booking);
    assert_eq!(story.refused(), [("booking.confirm".to_owned(), RefusedReason::BookingUnknown)]);
    assert_eq!(story.held(2).slot, held.slot, "somebody else gets it");
}

#[test]
fn a_confirmed_booking_begins_and_ends_with_the_finding() {
    let mut story = Story::begin();
    let booked = story.booked(1);
    story.0.advance(HOUR);
    assert_eq!(story.0.published::<BookingStarted>().len(), 1);
    assert_eq!(story.0.published::<BookingExpired>(), [], "confirmed in time");
    story.found(1, Some(booked.booking));
    assert_eq!(story.0.published::<BookingCompleted>().len(), 1);
    assert_eq!(story.live(), 0, "what has ended is forgotten");
    story.found(1, Some(booked.booking));
    assert_eq!(story.0.published::<BookingCompleted>().len(), 1);
}

#[test]
fn a_finding_before_the_time_begins_and_ends_the_booking_of_its_case() {
    let mut story = Story::begin();
    story.0.advance(10 * HOUR);
    story.booked(1);
    story.found(1, None);
    let counts = (
        story.0.published::<BookingStarted>().len(),
        story.0.published::<BookingCompleted>().len(),
    );
    assert_eq!(counts, (1, 1));
}

#[test]
fn nobody_is_absent_before_their_time() {
    let mut story = Story::begin();
    story.0.advance(10 * HOUR);
    let booked = story.booked(1);
    story.absent(1, booked.booking);
    assert_eq!(story.0.published::<BookingMissed>(), []);
    story.0.advance(2 * DAY);
    story.absent(1, booked.booking);
    assert_eq!(story.0.published::<BookingMissed>().len(), 1);
    assert_eq!(story.live(), 0);
}

#[test]
fn a_case_has_one_live_booking() {
    let mut story = Story::begin();
    let offered = story.ask(1);
    story.hold(1, offered.offers[0].offer);
    story.hold(1, offered.offers[1].offer);
    assert_eq!(story.refused(), [("slot.hold".to_owned(), RefusedReason::CaseBooked)]);
    story.hold(1, offered.offers[0].offer);
    assert_eq!(story.refused().len(), 1, "saying the same once more is passed over");
    assert_eq!(story.0.published::<BookingHeld>().len(), 1);
}

#[test]
fn a_booking_moves_to_exactly_the_offer_that_was_chosen() {
    let mut story = Story::begin();
    let booked = story.booked(1);
    let offered = story.ask(1);
    assert_eq!(offered.offers[0].slot, booked.slot, "where it is costs least");
    let chosen = offered.offers[2].clone();
    assert_eq!(chosen.penalties[0], "it was agreed for Mon 2 Mar 2026 11:45 at `pune`");
    story.change(1, booked.booking, chosen.offer);
    let moved = story.0.published::<BookingMoved>();
    assert_eq!((&moved[0].before, &moved[0].slot), (&booked.slot, &chosen.slot));
    assert_eq!(moved[0].reason, "a later day suits better");
    assert_eq!(story.held(2).slot, booked.slot, "the old slot is free");
}

#[test]
fn a_cancelled_slot_is_free_again() {
    let mut story = Story::begin();
    let booked = story.booked(1);
    story.cancel(1, booked.booking);
    story.cancel(1, booked.booking);
    let cancelled = story.0.published::<BookingCancelled>();
    assert_eq!(cancelled.len(), 1, "twice is once");
    assert_eq!((&cancelled[0].slot, cancelled[0].reason.as_str()), (&booked.slot, "sold"));
    assert_eq!(story.held(2).slot, booked.slot);
    story.cancel(2, booked.booking);
    assert_eq!(story.refused(), [], "nothing was refused");
}

#[test]
fn a_lost_bay_moves_few_and_says_why() {
    let mut story = Story(World::seeded(5).agent::<Scheduling>(Config::default()));
    story.0.publish(pune(2));
    let (first, second) = (story.booked(1), story.booked(2));
    assert_eq!(first.slot.from, second.slot.from);
    story.0.advance(Duration::ZERO);
    story.0.publish(pune(2));
    assert_eq!(story.0.published::<BookingMoved>(), [], "the same again changes nothing");
    story.cancel(1, first.booking);
    story.cancel(2, second.booking);
    story.0.advance(10 * HOUR);
    let (first, second) = (story.booked(1), story.booked(2));
    assert_eq!((first.slot.bay, second.slot.bay), (1, 2));
    story.0.publish(pune(1));
    let moved = story.0.published::<BookingMoved>();
    assert_eq!(moved.len(), 1);
    assert_eq!(moved[0].booking, second.booking);
    assert_eq!(moved[0].reason, "the workshop `pune` has lost the bay");
    assert_eq!(moved[0].slot.bay, 1);
    assert!(moved[0].slot.from >= first.slot.to);
}

#[test]
fn what_fits_nowhere_any_more_is_cancelled_with_the_reason() {
    let mut story = Story::begin();
    story.0.advance(10 * HOUR);
    let booked = story.booked(1);
    let nobody = CentreRegistered { technicians: Vec::new(), ..pune(1) };
    story.0.publish(nobody);
    let cancelled = story.0.published::<BookingCancelled>();
    assert_eq!(cancelled[0].booking, booked.booking);
    let reason = "technician `ana` of `pune` is not there any more, and nothing else is free";
    assert_eq!(cancelled[0].reason, reason);
}

#[test]
fn a_part_that_is_counted_is_waited_for_and_used_up() {
    let mut story = Story::begin();
    let arrives = at("2026-03-05T06:30:00Z");
    story.stocked(1, arrives);
    let booked = story.booked(1);
    assert_eq!(booked.slot.from, arrives);
    let none = story.ask(2);
    assert_eq!(none.offers, []);
    assert_eq!(none.relax[0].constraint, "with part `brake` at `pune`, where none is to come");
    assert_eq!(none.relax[0].first_at, Some(at("2026-03-02T06:15:00Z")));
    story.0.advance(4 * DAY);
    story.found(1, None);
    assert_eq!(story.ask(2).offers, [], "the piece is used up");
    let now = story.now();
    story.stocked(1, now);
    assert!(!story.ask(2).offers.is_empty());
}

#[test]
fn late_commands_and_unknown_names_are_refused() {
    let mut story = Story::begin();
    let late = OfferSlots { expires_at: at("2026-03-02T05:59:59Z"), ..story.question(1) };
    story.0.publish(late);
    let offer = story.ask(1).offers[0].offer;
    let late = HoldSlot { expires_at: at("2026-03-02T05:59:59Z"), ..story.hold(2, offer) };
    story.0.publish(late);
    let nothing = BookingId::of(MessageId::named("test", "nothing"), "");
    story.confirm(1, nothing);
    story.change(1, nothing, offer);
    story.cancel(1, nothing);
    story.0.advance(3 * DAY);
    story.hold(1, offer);
    let expected = [
        ("slots.offer", RefusedReason::Expired),
        ("slot.hold", RefusedReason::OfferUnknown),
        ("slot.hold", RefusedReason::Expired),
        ("booking.confirm", RefusedReason::BookingUnknown),
        ("booking.move", RefusedReason::BookingUnknown),
        ("slot.hold", RefusedReason::OfferUnknown),
    ];
    assert_eq!(story.refused(), expected.map(|(command, reason)| (command.to_owned(), reason)));
}

#[test]
fn a_slot_that_has_passed_since_it_was_offered_is_not_held() {
    let mut story = Story::begin();
    let offer = story.ask(1).offers[0].offer;
    story.0.advance(HOUR);
    story.hold(1, offer);
    assert_eq!(story.refused(), [("slot.hold".to_owned(), RefusedReason::OfferUnknown)]);
}

#[test]
fn a_network_without_centres_says_so() {
    let mut story = Story(World::seeded(5).agent::<Scheduling>(Config::default()));
    let offered = story.ask(1);
    assert_eq!(offered.offers, []);
    assert_eq!(offered.relax[0].constraint, "with a centre in network `main`");
}

#[test]
fn a_network_has_no_more_bookings_than_it_may_remember() {
    let config = Config { bookings_max: 1, ..Config::default() };
    let mut story = Story(World::seeded(5).agent::<Scheduling>(config));
    story.0.publish(pune(2));
    story.held(1);
    let offer = story.ask(2).offers[0].offer;
    story.hold(2, offer);
    assert_eq!(story.refused(), [("slot.hold".to_owned(), RefusedReason::Full)]);
}

#[test]
fn a_visit_that_nobody_speaks_of_is_forgotten_in_the_end() {
    let mut story = Story::begin();
    story.booked(1);
    story.0.advance(29 * DAY);
    assert_eq!(story.live(), 1);
    story.0.advance(2 * DAY);
    assert_eq!(story.live(), 0);
}

#[test]
fn bad_registrations_are_dead_letters_and_change_nothing() {
    let mut story = Story::begin();
    story.0.publish(CentreRegistered { zone: "Asia/Nowhere".into(), ..pune(1) });
    story.0.publish(CentreRegistered { holidays: vec!["Christmas".into()], ..pune(1) });
    story.0.publish(PartStocked {
        network: NETWORK.into(),
        centre: "delhi".into(),
        part: "brake".into(),
        quantity: 1,
        available_at: at("2026-03-02T06:00:00Z"),
    });
    assert_eq!(story.0.dead().len(), 3);
    assert_eq!(story.ask(1).offers.len(), 3);
}
