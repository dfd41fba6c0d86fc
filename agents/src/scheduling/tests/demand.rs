//! Visits that are counted and foreseen, and assets of one owner that come together.

use super::*;
use messages::booking::{DemandForecast, DemandMethod};

impl Story {
    /// A booked visit to which the asset comes, and of which the workshop says what it found.
    fn visited(&mut self, number: u8) {
        let booked = self.booked(number);
        let length = booked.slot.from.since(self.now());
        self.0.advance(length + MINUTE);
        self.found(number, Some(booked.booking));
    }

    fn forecasts(&self) -> Vec<DemandForecast> {
        self.0.published::<DemandForecast>()
    }

    /// Asks for the asset of an owner who has others.
    fn ask_of_owner(&mut self, number: u8) -> SlotsOffered {
        let command = OfferSlots { owner: Some("fleet".into()), ..self.question(number) };
        self.0.publish(command);
        self.0.published::<SlotsOffered>().pop().expect("an answer")
    }
}

#[test]
fn nothing_is_foreseen_before_a_week_of_open_days_is_known() {
    let mut story = Story::begin();
    story.0.advance(8 * DAY);
    assert_eq!(story.forecasts(), [], "a holiday and a Sunday were no open days");
    story.0.advance(2 * DAY);
    let first = &story.forecasts()[0];
    assert_eq!((first.basis_days, first.method), (7, DemandMethod::Pickup));
    assert_eq!(first.made_at, at("2026-03-11T18:30:00Z"), "midnight in Pune");
    let days: Vec<(&str, bool)> =
        first.days.iter().take(4).map(|day| (day.date.as_str(), day.open)).collect();
    let open = [("2026-03-12", true), ("2026-03-13", true), ("2026-03-14", true)];
    assert_eq!(days, [open.as_slice(), &[("2026-03-15", false)]].concat(), "closed on Sunday");
}

#[test]
fn each_midnight_foresees_once_what_was_visited_before() {
    let mut story = Story::begin();
    for number in 1..=12 {
        story.0.advance(DAY);
        story.visited(number);
    }
    story.0.advance(3 * DAY);
    let forecasts = story.forecasts();
    let made: std::collections::BTreeSet<_> = forecasts.iter().map(|one| one.made_at).collect();
    assert_eq!(made.len(), forecasts.len(), "one forecast for each midnight");
    let last = forecasts.last().expect("a forecast");
    let open = last.days.iter().filter(|day| day.open);
    let visits: Vec<f64> = open.map(|day| day.visits.get()).collect();
    assert!(visits.iter().all(|visits| (0.5..1.5).contains(visits)), "one a day: {visits:?}");
    let minutes = last.days.iter().find(|day| day.open).expect("an open day").minutes.get();
    assert!((60.0..180.0).contains(&minutes), "two hours each: {minutes}");
    let [day, three, all] = &last.horizons[..] else { panic!("three spans") };
    assert_eq!((day.hours, three.hours, all.hours), (24, 72, 336));
    assert!(all.visits.get() > three.visits.get() && all.high > all.low);
}

#[test]
fn what_is_booked_is_among_what_is_foreseen_and_a_busy_day_is_left_to_others() {
    let mut story = Story::begin();
    for number in 1..=12 {
        story.0.advance(DAY);
        story.visited(number);
    }
    let in_two_days = story.now().saturating_add(2 * DAY);
    let due_at = in_two_days.saturating_add(DAY);
    let command = OfferSlots { earliest_at: in_two_days, due_at, ..story.question(20) };
    story.0.publish(command);
    let offered = story.0.published::<SlotsOffered>().pop().expect("an answer");
    story.hold(20, offered.offers[0].offer);
    let booked = story.0.published::<BookingHeld>().pop().expect("it is free");
    story.confirm(20, booked.booking);
    story.0.advance(DAY);
    let forecast = story.forecasts().pop().expect("a forecast");
    let date = booked.slot.from.to_string()[..10].to_owned();
    let day = forecast.days.iter().find(|day| day.date == date).expect("a day to come");
    assert!(day.booked == 1 && day.low >= 1 && day.visits.get() > 1.0, "{day:?}");
    let offered = story.ask(21);
    let reasons = offered.offers.iter().flat_map(|offer| &offer.penalties);
    let foreseen = reasons.filter(|reason| reason.contains("more visits are foreseen")).count();
    assert!(foreseen > 0, "{offered:?}");
}

#[test]
fn the_second_asset_of_an_owner_is_offered_the_day_of_the_first() {
    let mut story = Story::begin();
    let first = story.ask_of_owner(1);
    let late = first.offers.last().expect("three offers").clone();
    story.hold(1, late.offer);
    let held = story.0.published::<BookingHeld>().pop().expect("it is free");
    story.confirm(1, held.booking);
    let second = story.ask_of_owner(2);
    let slot = &second.offers[0].slot;
    let apart = slot.from.since(held.slot.to).max(held.slot.from.since(slot.to));
    assert_eq!(apart, Duration::ZERO, "next to {:?}: {slot:?}", held.slot);
    let stranger = story.ask(3);
    assert_ne!(stranger.offers[0].slot.from, slot.from, "others come when it suits them");
}

#[test]
fn two_assets_of_one_owner_that_ask_at_once_are_offered_one_day() {
    let mut story = Story::begin();
    story.0.advance(9 * HOUR);
    let first = story.ask_of_owner(1).offers[0].slot.clone();
    let second = story.ask_of_owner(2).offers[0].slot.clone();
    assert_eq!(first.from.to_string()[..10], second.from.to_string()[..10]);
    let reasons = story.ask_of_owner(3).offers;
    let apart = reasons.iter().flat_map(|offer| &offer.penalties);
    let named = apart.filter(|reason| reason.contains("of the same owner comes")).count();
    assert!(named > 0, "{reasons:?}");
}
