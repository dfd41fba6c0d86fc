//! What owners may rely on: a call at the time they named, slots they can still take, and no needless word.

use super::story::{ASSET, Story, hours};
use super::{HIGH, awaiting, booked, opened};
use messages::booking::{BookingMoved, OfferSlots};
use messages::case::CaseEscalated;
use messages::case::CaseState::{
    AwaitingCustomer, Booked, Closed, Contacting, Declined, Deferred, Escalated, Scheduling,
    Verifying,
};
use messages::contact::{ContactOwner, CustomerResponded, Intent, Purpose, WithdrawContact};
use messages::finding::Outcome;
use messages::prediction::{ClearedReason, Severity};
use std::time::Duration;

/// The owner of brakes that may fail asked for a call in 50 hours; after an hour it cannot wait.
fn urgent_during_a_deferral() -> Story {
    let mut story = awaiting();
    let thursday = story.window(50);
    story.answer_with(Intent::Defer, thursday);
    assert_eq!(story.state(), Deferred);
    story.pass(hours(1));
    story.predict("brake", Severity::Emergency);
    story.offer(3);
    assert_eq!(story.contact().purpose, Purpose::UrgentAlert);
    story.contacted();
    story
}

/// Neither the alert nor the reminder is answered: a person is asked.
fn unanswered(story: &mut Story) {
    story.pass(Duration::from_secs(30 * 60));
    story.offer(3);
    assert_eq!(story.contact().purpose, Purpose::Reminder);
    story.contacted();
    story.pass(Duration::from_secs(30 * 60));
    assert_eq!(story.state(), Escalated);
}

#[test]
fn a_callback_comes_at_its_time_also_when_an_alert_before_it_was_not_answered() {
    let mut story = urgent_during_a_deferral();
    unanswered(&mut story);
    story.pass(hours(47));
    assert_eq!(story.state(), Escalated, "it is not yet the time");
    story.pass(hours(1));
    assert_eq!(story.state(), Contacting);
    story.offer(3);
    let callback = story.contact();
    assert_eq!((callback.purpose, callback.asked_for), (Purpose::Callback, true));
    story.contacted();
    story.answer(Intent::Accept);
    assert_eq!(story.state(), Scheduling);
}

#[test]
fn a_former_owner_decides_nothing_and_the_new_one_is_asked_anew() {
    let mut story = awaiting();
    let former = story.response(Intent::Accept);
    let tonight = story.window(10);
    story.answer_with(Intent::Defer, tonight);
    story.register(Some("OWN-8"));
    let withdrawn = story.world.published::<WithdrawContact>();
    assert_eq!(withdrawn.last().map(|it| &*it.owner), Some("OWN-7"));
    story.say(former);
    assert_eq!(story.state(), Contacting);
    story.offer(3);
    let contact = story.contact();
    assert_eq!((&*contact.owner, contact.asked_for), ("OWN-8", false), "nobody asked for a call");
    story.contacted();
    story.answer(Intent::Accept);
    assert_eq!(story.state(), AwaitingCustomer, "the former owner agreed");
}

#[test]
fn what_the_former_owner_declined_is_no_refusal_of_the_new_one() {
    let mut story = awaiting();
    story.answer(Intent::Decline);
    story.register(Some("OWN-8"));
    story.offer(3);
    story.contacted();
    let response = CustomerResponded { owner: "OWN-8".into(), ..story.response(Intent::Decline) };
    story.say(response);
    assert_eq!(story.state(), Declined, "one easier offer follows");
}

#[test]
fn a_new_owner_is_told_of_the_booking_that_the_asset_has() {
    let mut story = booked();
    story.register(Some("OWN-8"));
    let contact = story.contact();
    assert_eq!((&*contact.owner, contact.purpose), ("OWN-8", Purpose::BookingConfirmed));
    assert_eq!(story.state(), Booked);
}

#[test]
fn an_asset_without_an_owner_any_more_keeps_its_booking_and_a_person_is_asked_for_the_rest() {
    let mut story = awaiting();
    let former = story.response(Intent::Accept);
    story.register(None);
    assert_eq!((story.state(), story.count::<WithdrawContact>()), (Escalated, 1));
    assert!(story.escalation().reason.starts_with("No owner is registered"));
    story.say(former);
    assert_eq!(story.state(), Escalated);
    let mut story = booked();
    story.register(None);
    assert_eq!((story.state(), story.count::<WithdrawContact>()), (Booked, 1));
    story.register(Some("OWN-8"));
    let contact = story.contact();
    assert_eq!((&*contact.owner, contact.purpose), ("OWN-8", Purpose::BookingConfirmed));
}

#[test]
fn what_was_not_said_yet_when_a_case_ends_is_withdrawn() {
    let mut story = awaiting();
    story.clear("brake", ClearedReason::Recovered);
    assert_eq!((story.state(), story.count::<WithdrawContact>()), (Closed, 1));
    let mut story = booked();
    story.retire();
    assert_eq!((story.state(), story.count::<WithdrawContact>()), (Closed, 1));
}

#[test]
fn what_was_not_said_yet_when_a_workshop_has_looked_is_withdrawn_and_only_then() {
    let mut story = opened();
    story.offer(3);
    story.found("brake", Some("brake"));
    assert_eq!((story.state(), story.count::<WithdrawContact>()), (Verifying, 1));
    story.verified(Outcome::TruePositive);
    assert_eq!((story.state(), story.count::<WithdrawContact>()), (Closed, 1));
}

#[test]
fn a_callback_is_needless_once_the_owner_has_answered() {
    let mut story = urgent_during_a_deferral();
    story.answer(Intent::Accept);
    story.held();
    story.confirmed();
    assert_eq!(story.state(), Booked);
    story.pass(hours(20));
    story.started();
    story.pass(hours(40));
    assert!(!story.purposes().contains(&Purpose::Callback), "{:?}", story.purposes());
}

#[test]
fn who_wants_no_contact_any_more_is_not_called_back() {
    for intent in [Intent::OptOut, Intent::Human, Intent::WrongPerson] {
        let mut story = urgent_during_a_deferral();
        unanswered(&mut story);
        story.answer(intent);
        story.pass(hours(100));
        assert!(!story.purposes().contains(&Purpose::Callback), "{intent:?}");
    }
}

#[test]
fn a_callback_that_falls_into_the_wait_for_an_answer_takes_the_place_of_a_reminder() {
    let mut story = awaiting();
    let soon = story.window(1);
    story.answer_with(Intent::Defer, soon);
    story.pass(Duration::from_secs(45 * 60));
    story.predict("brake", Severity::Emergency);
    story.offer(3);
    story.contacted();
    story.pass(Duration::from_secs(30 * 60));
    story.offer(3);
    assert_eq!(story.contact().purpose, Purpose::Callback);
}

#[test]
fn the_night_is_no_reason_to_ask_a_person_while_there_is_time() {
    let mut story = Story::begin();
    story.predict("tyre", Severity::Medium);
    story.offer(3);
    story.suppressed_for(10);
    assert_eq!((story.state(), story.count::<CaseEscalated>()), (Contacting, 0));
    story.pass(hours(10));
    assert_eq!(story.count::<OfferSlots>(), 2, "slots that can be had in the morning");
    story.offer(3);
    assert_eq!(story.contact().purpose, Purpose::PredictedFailure);
    story.contacted();
    assert_eq!(story.state(), AwaitingCustomer);
}

#[test]
fn a_night_that_lasts_too_long_is_a_matter_for_a_person_and_ends_with_the_contact() {
    let mut story = Story::begin();
    story.predict("brake", Severity::Critical);
    story.offer(3);
    story.suppressed_for(10);
    assert_eq!(story.state(), Escalated);
    assert!(story.escalation().reason.contains("later than it is due"), "{:?}", story.escalation());
    story.pass(hours(10));
    assert_eq!(story.state(), Contacting, "nobody has acted");
    story.offer(3);
    assert_eq!(story.count::<ContactOwner>(), 2);
}

/// So much notice slots are asked for with.
fn noticed(story: &mut Story) -> Duration {
    let asked = story.world.published::<OfferSlots>().pop().expect("slots were asked for");
    asked.earliest_at.since(story.now())
}

#[test]
fn slots_are_asked_for_with_the_notice_that_the_severity_leaves() {
    for (severity, minutes) in [
        (Severity::Medium, 24 * 60),
        (HIGH, 4 * 60),
        (Severity::Critical, 60),
        (Severity::Emergency, 1),
    ] {
        let mut story = Story::begin();
        story.predict("brake", severity);
        assert_eq!(noticed(&mut story), Duration::from_secs(minutes * 60), "{severity:?}");
    }
}

#[test]
fn an_owner_who_names_an_earlier_time_is_looked_for_a_slot_then() {
    let mut story = Story::begin();
    story.predict("brake", Severity::Medium);
    story.offer(3);
    story.contacted();
    let today = story.window(3);
    story.answer_with(Intent::Accept, today);
    assert_eq!(noticed(&mut story), hours(3));
    // None is free then; of the others the owner still hears in time.
    story.offer(3);
    let (contact, now) = (story.contact(), story.now());
    let first = contact.slots.iter().map(|slot| slot.from).min().expect("there are slots");
    assert!(now < contact.expires_at && contact.expires_at < first, "{contact:?}");
}

#[test]
fn an_owner_hears_of_slots_while_half_of_the_notice_is_left() {
    let mut story = Story::begin();
    story.predict("brake", Severity::Medium);
    story.offer(3);
    let contact = story.contact();
    let first = contact.slots.iter().map(|slot| slot.from).min().expect("there are slots");
    assert_eq!(first.since(contact.expires_at), hours(12));
}

#[test]
fn an_owner_hears_nothing_of_another_bay() {
    let mut story = booked();
    let told = story.count::<ContactOwner>();
    let before = story.offered(0).slot.clone();
    let (mut bay, mut later) = (before.clone(), before.clone());
    (bay.bay, bay.technician) = (2, "T2".into());
    (later.from, later.to) =
        (before.from.saturating_add(hours(1)), before.to.saturating_add(hours(1)));
    for (slot, words) in [(bay, 0), (later, 1)] {
        let (case, booking) = (story.case(), story.booking());
        story.say(BookingMoved {
            network: "main".into(),
            case,
            asset: ASSET.into(),
            booking,
            before: before.clone(),
            slot,
            reason: "a bay dropped out".into(),
        });
        assert_eq!(story.count::<ContactOwner>(), told + words);
    }
    assert_eq!((story.state(), story.contact().purpose), (Booked, Purpose::BookingMoved));
}

#[test]
fn a_profile_without_costs_leaves_the_figures_unsaid() {
    let mut story = Story::begin();
    let machine = messages::prediction::FailurePredicted {
        profile: "machine".into(),
        ..story.prediction("comp1", HIGH)
    };
    story.say(machine);
    story.offer(3);
    assert_eq!((story.state(), story.contact().facts.costs), (Contacting, None));
    story.contacted();
    story.choose(0);
    story.held();
    story.confirmed();
    assert_eq!(story.state(), Booked);
    story.started();
    story.found("comp1", Some("comp1"));
    story.pass(hours(2));
    assert_eq!(story.state(), Closed);
}

#[test]
fn a_contact_that_is_not_made_yet_is_renewed_when_it_grows_graver_or_likelier() {
    let mut story = Story::begin();
    story.predict("brake", Severity::Medium);
    story.offer(3);
    let first = story.contact();
    for (severity, contacts) in [(Severity::Medium, 1), (HIGH, 2), (HIGH, 2), (Severity::Medium, 3)]
    {
        story.pass(hours(1));
        story.predict("brake", severity);
        assert_eq!(story.count::<ContactOwner>(), contacts, "{severity:?}");
    }
    let chances: Vec<f64> = story
        .world
        .published::<ContactOwner>()
        .iter()
        .map(|one| one.facts.probability.get())
        .collect();
    assert_eq!(chances, [0.5, 0.8, 0.5]);
    let newest = story.contact();
    assert_eq!((&newest.step, &newest.slots), (&first.step, &first.slots));
    assert_eq!(newest.severity, HIGH, "as grave as it ever was");
    story.contacted();
    story.pass(hours(1));
    story.predict("brake", HIGH);
    assert_eq!(story.count::<ContactOwner>(), 3, "the owner has been told");
}
