//! How far an owner has to come, and what becomes of what they agreed to.

use super::*;
use messages::Finite;

fn located(id: &str, name: &str, latitude: f64, longitude: f64) -> CentreRegistered {
    let degrees = |value| Finite::new(value).ok();
    CentreRegistered {
        centre: id.into(),
        name: name.into(),
        latitude: degrees(latitude),
        longitude: degrees(longitude),
        ..pune(2)
    }
}

/// Pune, Delhi and Chennai.
fn country() -> Story {
    let mut story = Story(World::seeded(5).agent::<Scheduling>(Config::default()));
    story.0.publish(located("delhi", "Delhi", 28.61, 77.21));
    story.0.publish(located("pune", "Pune", 18.52, 73.86));
    story.0.publish(located("chennai", "Chennai", 13.08, 80.27));
    story
}

fn centres(offered: &SlotsOffered) -> Vec<&str> {
    offered.offers.iter().map(|one| one.slot.centre.as_str()).collect()
}

#[test]
fn slots_are_offered_where_the_asset_is_at_home() {
    let mut story = country();
    let at_pune = story.ask(1);
    assert_eq!(centres(&at_pune), ["pune", "pune", "pune"]);
    let chennai = Place::near(13.05, 80.25).ok();
    let command = OfferSlots { home: chennai, ..story.question(2) };
    story.0.publish(command);
    let offered = story.0.published::<SlotsOffered>().pop().expect("an answer");
    assert_eq!(centres(&offered), ["chennai", "chennai", "chennai"]);
    assert_eq!(offered.offers[0].penalties, ["`chennai` is 4 km away"]);
}

#[test]
fn who_lives_beyond_reach_is_told_how_far_it_would_be() {
    let mut story = country();
    let bangalore = Place::near(12.97, 77.59).ok();
    let command = OfferSlots { home: bangalore, ..story.question(1) };
    story.0.publish(command);
    let offered = story.0.published::<SlotsOffered>().pop().expect("an answer");
    assert_eq!(offered.offers, []);
    let needed = "looking farther than 150 km: `chennai` is 291 km away";
    assert_eq!(offered.relax[0].constraint, needed);
}

#[test]
fn without_a_known_home_offers_are_of_one_region_and_say_so() {
    let mut story = country();
    let command = OfferSlots { home: None, ..story.question(1) };
    story.0.publish(command);
    let offered = story.0.published::<SlotsOffered>().pop().expect("an answer");
    let first = centres(&offered)[0];
    assert_eq!(centres(&offered), [first; 3]);
    let said = "where `VEH001` usually stands is not known, nor how far it is";
    assert!(offered.offers.iter().all(|one| one.penalties.last().is_some_and(|it| it == said)));
}

#[test]
fn a_booking_that_must_move_is_not_moved_to_another_region() {
    let mut story = country();
    story.0.advance(10 * HOUR);
    let booked = story.booked(1);
    assert_eq!(booked.slot.centre, "pune");
    story.0.publish(CentreRegistered { bays: 1, ..located("pune", "Pune", 18.52, 73.86) });
    assert_eq!(story.0.published::<BookingMoved>(), [], "bay 1 is left");
    let holidays = vec!["2026-03-03".into(), "2026-03-04".into()];
    story.0.publish(CentreRegistered { holidays, ..located("pune", "Pune", 18.52, 73.86) });
    let moved = story.0.published::<BookingMoved>();
    assert_eq!(moved.len(), 1);
    assert_eq!(moved[0].slot.centre, "pune");
    assert!(moved[0].slot.from > booked.slot.from, "{moved:?}");
    assert_eq!(moved[0].reason, "the workshop `pune` is closed on Wed 4 Mar 2026");
}
