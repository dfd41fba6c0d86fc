//! Cases for which there is no slot, and what they are offered when there is room.

use super::*;
use messages::case::{CaseClosed, CaseOutcome};

/// One bay that is open for one job a day; what starts within a day is looked for, and Tuesday is a holiday.
fn narrow() -> Story {
    let mut story = Story(World::seeded(5).agent::<Scheduling>(narrow_config()));
    story.0.publish(short(1));
    story
}

fn narrow_config() -> Config {
    let mut config = Config::default();
    config.search.horizon_days = 1;
    config
}

fn short(bays: u16) -> CentreRegistered {
    let hours = |weekday| OpeningHours { weekday, opens_minute: 900, closes_minute: 1_080 };
    CentreRegistered { hours: (1..=6).map(hours).collect(), ..pune(bays) }
}

impl Story {
    /// Asks, a minute after whoever asked before.
    fn ask_as(&mut self, number: u8, severity: Severity) -> SlotsOffered {
        self.0.advance(MINUTE);
        let command = OfferSlots { severity, ..self.question(number) };
        self.0.publish(command);
        self.0.published::<SlotsOffered>().pop().expect("an answer")
    }

    fn close(&mut self, number: u8) {
        self.0.publish(CaseClosed {
            case: case(number),
            asset: asset(number),
            outcome: CaseOutcome::Recovered,
            reason: "the measurements are normal again".into(),
            network: Some(NETWORK.into()),
        });
    }

    /// Cases that were offered slots without asking, with the causes.
    fn unasked(&self) -> Vec<(CaseId, String)> {
        let offered = self.0.published::<SlotsOffered>().into_iter();
        offered.filter_map(|one| Some((one.case, one.cause?))).collect()
    }
}

#[test]
fn a_slot_that_is_given_back_goes_to_the_gravest_that_waits() {
    let mut story = narrow();
    let booked = story.booked(1);
    assert_eq!(story.ask_as(2, Severity::Medium).offers, []);
    assert_eq!(story.ask_as(3, Severity::Critical).offers, []);
    assert_eq!(story.ask_as(4, Severity::High).offers, []);
    assert_eq!(story.unasked(), []);
    story.cancel(1, booked.booking);
    let cause = "another booking was cancelled".to_owned();
    assert_eq!(story.unasked(), [(case(3), cause)], "one slot, one offer");
    let offer = story.0.published::<SlotsOffered>().pop().expect("an offer").offers[0].clone();
    assert_eq!(offer.slot, booked.slot);
    story.hold(3, offer.offer);
    let held = story.0.published::<BookingHeld>().pop().expect("a hold");
    assert_eq!((held.case, held.slot), (case(3), booked.slot));
}

#[test]
fn what_the_gravest_does_not_take_goes_to_the_next() {
    let mut story = Story(World::seeded(5).agent::<Scheduling>(Config {
        offers_valid: "1h".parse().expect("a span"),
        ..narrow_config()
    }));
    story.0.publish(short(1));
    let booked = story.booked(1);
    story.ask_as(2, Severity::High);
    story.ask_as(3, Severity::Critical);
    story.cancel(1, booked.booking);
    story.0.advance(HOUR);
    let cases: Vec<CaseId> = story.unasked().into_iter().map(|(case, _)| case).collect();
    assert_eq!(cases, [case(3), case(2)]);
}

#[test]
fn another_bay_and_parts_that_arrive_make_room() {
    let mut story = narrow();
    story.booked(1);
    assert_eq!(story.ask(2).offers, []);
    story.0.publish(short(2));
    assert_eq!(story.unasked(), [(case(2), "the workshop Pune has changed".to_owned())]);
    let mut story = narrow();
    story.stocked(0, at("2026-03-02T06:00:00Z"));
    assert_eq!(story.ask(1).offers, []);
    story.stocked(1, at("2026-03-02T06:00:00Z"));
    let cause = "the workshop Pune has other parts in stock".to_owned();
    assert_eq!(story.unasked(), [(case(1), cause)]);
}

#[test]
fn who_has_a_slot_waits_no_longer() {
    let mut story = narrow();
    let first = story.booked(1);
    assert_eq!(story.ask(2).offers, []);
    story.0.publish(short(2));
    let offer = story.0.published::<SlotsOffered>().pop().expect("an offer").offers[0].offer;
    story.hold(2, offer);
    let held = story.0.published::<BookingHeld>().pop().expect("a hold");
    story.confirm(2, held.booking);
    story.cancel(1, first.booking);
    assert_eq!(story.unasked().len(), 1, "the first has room, and nobody waits");
}

#[test]
fn a_case_does_not_wait_for_ever_and_only_so_many_do() {
    let config = Config { waiting_max: 1, ..narrow_config() };
    let mut story = Story(World::seeded(5).agent::<Scheduling>(config));
    story.0.publish(CentreRegistered { technicians: Vec::new(), ..short(1) });
    story.ask_as(1, Severity::High);
    story.ask_as(2, Severity::Critical);
    story.ask_as(3, Severity::Medium);
    story.0.publish(short(1));
    let cases: Vec<CaseId> = story.unasked().into_iter().map(|(case, _)| case).collect();
    assert_eq!(cases, [case(2)], "the gravest is kept");
    let mut story = narrow();
    story.0.publish(CentreRegistered { technicians: Vec::new(), ..short(1) });
    story.ask(1);
    story.0.advance(15 * DAY);
    story.0.publish(short(1));
    assert_eq!(story.unasked(), []);
}

#[test]
fn a_case_that_has_ended_is_offered_nothing_and_keeps_no_place() {
    let mut story = narrow();
    let booked = story.booked(1);
    story.ask_as(2, Severity::Critical);
    story.ask_as(3, Severity::High);
    story.close(2);
    story.cancel(1, booked.booking);
    let cases = |story: &Story| -> Vec<CaseId> {
        story.unasked().into_iter().map(|(case, _)| case).collect()
    };
    assert_eq!(cases(&story), [case(3)], "the gravest has ended");
    story.ask_as(4, Severity::Medium);
    let offer = story.0.published::<SlotsOffered>().pop().expect("an answer").offers[0].offer;
    story.hold(4, offer);
    assert_eq!(story.live(), 1);
    story.close(4);
    assert_eq!(story.live(), 0, "the hold is given back");
    story.close(3);
    let state = story.0.state::<Scheduling>(NETWORK).expect("a memory");
    let (offers, waiting) = (&state["offers"], &state["waiting"]);
    assert_eq!((offers.get(case(3).to_string()), waiting), (None, &serde_json::json!({})));
}

#[test]
fn what_was_promised_to_a_case_that_has_ended_goes_to_the_next() {
    let mut story = narrow();
    let booked = story.booked(1);
    story.ask_as(2, Severity::Critical);
    story.ask_as(3, Severity::High);
    story.cancel(1, booked.booking);
    story.close(2);
    let cause = "another case that was offered a slot has ended".to_owned();
    assert_eq!(story.unasked().pop(), Some((case(3), cause)));
}

#[test]
fn a_visit_that_has_begun_does_not_end_with_its_case() {
    let mut story = narrow();
    story.booked(1);
    story.0.advance(DAY);
    story.close(1);
    assert_eq!((story.live(), story.0.published::<BookingCancelled>()), (1, Vec::new()));
}
