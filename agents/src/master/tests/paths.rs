//! The paths that cases take, from the first word to the last.

use super::story::{ASSET, Story, finite, hours};
use super::{HIGH, awaiting, booked, opened};
use crate::master::Config;
use messages::MessageId;
use messages::booking::{
    CancelBooking, ConfirmBooking, HoldSlot, MoveBooking, OfferSlots, RefusedReason,
};
use messages::case::CaseState::{
    AwaitingCustomer, Booked, Cancelled, Closed, Contacting, Declined, Deferred, Escalated,
    InService, Opened, Scheduling, Uncertain, Verifying,
};
use messages::case::{CaseEscalated, CaseOpened, CaseOutcome, Decision};
use messages::contact::{ContactOwner, CustomerResponded, Intent, Purpose, SuppressedReason};
use messages::finding::Outcome;
use messages::prediction::{ClearedReason, Driving, Severity};
use messages::registry::MaintenanceRecorded;
use std::time::Duration;

#[test]
fn a_foreseen_failure_is_told_booked_found_and_confirmed() {
    let mut story = booked();
    story.pass(hours(28));
    story.started();
    story.found("brake", Some("brake"));
    story.verified(Outcome::TruePositive);
    let path =
        [Opened, Contacting, AwaitingCustomer, Scheduling, Booked, InService, Verifying, Closed];
    assert_eq!(story.path(), path);
    assert_eq!(story.closed().outcome, CaseOutcome::Confirmed);
    assert_eq!(story.purposes(), [Purpose::PredictedFailure, Purpose::BookingConfirmed]);
    let said =
        [story.count::<OfferSlots>(), story.count::<HoldSlot>(), story.count::<ConfirmBooking>()];
    assert_eq!(said, [1, 1, 1]);
    assert_eq!(story.count::<CancelBooking>(), 0, "a booking that was used is not given back");
    let repaired = story.world.published::<MaintenanceRecorded>();
    assert_eq!(repaired.len(), 1);
    assert_eq!((&*repaired[0].asset, &*repaired[0].component), (ASSET, "brake"));
    assert!(story.world.dead().is_empty());
}

#[test]
fn the_case_copies_its_evidence_and_the_owner_is_told_facts_alone() {
    let mut story = opened();
    story.offer(3);
    let opened = story.world.published::<CaseOpened>().remove(0);
    assert_eq!((opened.severity, &*opened.component), (HIGH, "brake"));
    assert_eq!(opened.evidence.hypothesis.probability, finite(0.8));
    let contact = story.contact();
    assert_eq!((contact.case, contact.slots.len()), (opened.case, 3));
    let facts = contact.facts;
    assert_eq!((&*facts.component, &*facts.issue), ("Brakes", "worn brake pads"));
    assert_eq!(facts.reasons, ["brake pad wear against its limit: 84 of 90 percent"]);
    assert_eq!(facts.driving, Driving::WithCare { km_max: 50 });
    let costs = facts.costs.expect("the profile names costs");
    assert_eq!((&*costs.currency, costs.saving), ("INR", finite(15000.0)));
    assert_eq!(facts.booked, None);
}

#[test]
fn reasons_read_as_sentences_without_ids() {
    let mut story = booked();
    story.pass(hours(28));
    story.started();
    story.found("brake", Some("brake"));
    story.verified(Outcome::TruePositive);
    let case = story.case().to_string();
    let reasons: Vec<String> = story
        .world
        .published::<messages::case::CaseAdvanced>()
        .into_iter()
        .map(|advanced| advanced.reason)
        .collect();
    for reason in &reasons {
        assert!(reason.ends_with('.') && !reason.ends_with(".."), "{reason}");
        assert!(reason.starts_with(|first: char| first.is_uppercase()), "{reason}");
        assert!(!reason.contains(&case) && !reason.contains('_'), "{reason}");
    }
    let expected = "Slots were found; the owner is told that the brakes may fail (worn brake pads, 80 % within 7 days).";
    assert!(reasons.iter().any(|reason| reason == expected), "{reasons:#?}");
}

#[test]
fn a_second_prediction_of_the_component_opens_no_second_case_but_one_of_another_does() {
    let mut story = awaiting();
    story.pass(hours(1));
    story.predict("brake", HIGH);
    assert_eq!(story.count::<CaseOpened>(), 1);
    story.predict("engine", HIGH);
    assert_eq!(story.count::<CaseOpened>(), 2);
}

#[test]
fn what_is_not_grave_and_what_is_advice_only_opens_no_case() {
    let mut story = Story::begin();
    story.predict("brake", Severity::Low);
    assert_eq!(story.count::<CaseOpened>(), 0);
    let advice_only = ["trend-to-limit/1 brake".to_owned()].into();
    let mut story = Story::with(Config { advice_only, ..Config::default() }, |world| world);
    story.predict("brake", Severity::Emergency);
    assert_eq!(story.count::<CaseOpened>(), 0);
    story.predict("engine", HIGH);
    assert_eq!(story.count::<CaseOpened>(), 1);
}

#[test]
fn an_owner_who_puts_it_off_is_called_at_the_time_they_named() {
    let mut story = awaiting();
    let tonight = story.window(10);
    story.answer_with(Intent::Defer, tonight.clone());
    assert_eq!((story.state(), story.newest().deadline), (Deferred, Some(tonight.from)));
    story.pass(hours(9));
    assert_eq!(story.state(), Deferred);
    story.pass(hours(1));
    story.offer(2);
    let callback = story.contact();
    assert_eq!((callback.purpose, callback.asked_for), (Purpose::Callback, true));
    story.contacted();
    story.answer(Intent::Accept);
    story.held();
    story.confirmed();
    assert_eq!(story.state(), Booked);
    assert_eq!(
        story.contact().facts.booked.map(|slot| slot.from),
        Some(story.offered(0).slot.from)
    );
}

#[test]
fn an_owner_who_puts_it_off_again_and_again_is_handed_to_a_person() {
    let mut story = awaiting();
    for _ in 0..3 {
        story.answer(Intent::Defer);
        assert_eq!(story.state(), Deferred);
    }
    story.answer(Intent::Defer);
    assert_eq!(story.state(), Escalated);
}

#[test]
fn an_emergency_is_not_put_off_without_a_person() {
    let mut story = Story::begin();
    story.predict("brake", Severity::Emergency);
    story.offer(1);
    let contact = story.contact();
    assert_eq!((contact.purpose, contact.facts.driving), (Purpose::UrgentAlert, Driving::Stop));
    story.contacted();
    story.answer(Intent::Defer);
    assert_eq!(story.state(), Escalated);
    let remedy = story.escalation().remedy;
    assert!(remedy.contains(&format!("`aurorasync case approve {}`", story.case())), "{remedy}");
}

#[test]
fn an_owner_who_declines_gets_one_easier_offer_and_then_peace() {
    let mut story = Story::begin();
    story.predict("engine", HIGH);
    story.offer(3);
    story.contacted();
    story.answer(Intent::Decline);
    assert_eq!(story.state(), Declined);
    story.answer(Intent::Decline);
    assert_eq!(story.state(), Declined, "the same no is heard once");
    story.pass(hours(24));
    story.offer(3);
    assert_eq!(story.contact().purpose, Purpose::BookingRecovery);
    story.contacted();
    story.answer(Intent::Decline);
    assert_eq!((story.state(), story.closed().outcome), (Closed, CaseOutcome::Declined));
}

#[test]
fn an_owner_who_declines_dangerous_brakes_twice_is_spoken_to_by_a_person() {
    let mut story = awaiting();
    story.answer(Intent::Decline);
    story.pass(hours(24));
    story.offer(3);
    story.contacted();
    story.answer(Intent::Decline);
    assert_eq!(story.state(), Escalated);
    assert!(story.escalation().reason.contains("the brakes may fail"), "{:?}", story.escalation());
    story.decide(Decision::Approve);
    story.offer(2);
    assert_eq!((story.state(), story.count::<HoldSlot>()), (Scheduling, 1));
}

#[test]
fn an_owner_who_declined_may_still_agree() {
    let mut story = awaiting();
    story.answer(Intent::Decline);
    story.choose(1);
    story.held();
    story.confirmed();
    assert_eq!(story.state(), Booked);
}

#[test]
fn without_slots_a_person_hears_what_to_give_up() {
    let mut story = opened();
    story.offer(0);
    assert_eq!((story.state(), story.count::<ContactOwner>()), (Escalated, 0));
    let reason = story.escalation().reason;
    let first = "Tuesday 3 March at 09:00 UTC";
    assert!(
        reason.contains(&format!("one looking farther than 150 km, from {first} on")),
        "{reason}"
    );
    story.decide(Decision::Approve);
    story.offer(1);
    assert_eq!(story.count::<ContactOwner>(), 1);
}

#[test]
fn a_named_time_that_no_offer_fits_is_looked_for_and_then_booked() {
    let mut story = awaiting();
    let thursday = story.window(100);
    story.answer_with(Intent::Accept, thursday.clone());
    let search = story.world.published::<OfferSlots>().pop().unwrap();
    assert_eq!((story.state(), search.preferred), (Scheduling, Some(thursday)));
    story.pass(hours(0));
    story.offer(3);
    assert_eq!(story.count::<HoldSlot>(), 0, "none of them is on Thursday");
    assert_eq!(story.contact().purpose, Purpose::Callback);
    story.contacted();
    let fitting = story.offered(1).slot.clone();
    let mut window = story.window(1);
    (window.from, window.to) = (fitting.from, fitting.to);
    story.answer_with(Intent::Accept, window);
    let hold = story.world.published::<HoldSlot>().pop().unwrap();
    assert_eq!(hold.offer, story.offered(1).offer);
}

#[test]
fn a_taken_slot_leads_to_the_next_one_when_any_will_do() {
    let mut story = awaiting();
    story.answer(Intent::Accept);
    story.refused("slot.hold", RefusedReason::SlotTaken);
    let held: Vec<_> = story.world.published::<HoldSlot>().iter().map(|hold| hold.offer).collect();
    assert_eq!(held, [story.offered(0).offer, story.offered(1).offer]);
}

#[test]
fn a_taken_slot_that_was_chosen_is_not_replaced_unasked() {
    let mut story = awaiting();
    story.choose(0);
    story.refused("slot.hold", RefusedReason::SlotTaken);
    assert_eq!((story.count::<HoldSlot>(), story.count::<OfferSlots>()), (1, 2));
    story.pass(Duration::from_secs(60));
    story.offer(3);
    assert_eq!((story.state(), story.contact().purpose), (Contacting, Purpose::Callback));
}

#[test]
fn slots_are_looked_for_only_so_often_before_a_person_is_asked() {
    let mut story = awaiting();
    story.choose(0);
    for _ in 0..4 {
        if story.state() == Scheduling {
            story.held();
            story.expired();
            story.offer(3);
        }
    }
    story.pass(hours(1));
    assert_eq!(story.state(), Escalated);
    assert!(story.count::<OfferSlots>() <= 4, "{}", story.count::<OfferSlots>());
}

#[test]
fn a_recovery_before_the_booking_ends_the_case_and_gives_the_hold_back() {
    let mut story = awaiting();
    story.choose(0);
    story.held();
    story.clear("brake", ClearedReason::Recovered);
    assert_eq!((story.state(), story.closed().outcome), (Closed, CaseOutcome::Recovered));
    assert_eq!(story.count::<CancelBooking>(), 1);
    story.confirmed();
    assert_eq!(
        story.count::<CancelBooking>(),
        2,
        "a confirmation that was under way is given back"
    );
}

#[test]
fn a_booking_outlives_a_recovery_but_not_a_repair_elsewhere() {
    let mut story = booked();
    story.clear("brake", ClearedReason::Recovered);
    assert_eq!((story.state(), story.count::<CancelBooking>()), (Booked, 0));
    story.clear("brake", ClearedReason::Maintained);
    assert_eq!((story.state(), story.count::<CancelBooking>()), (Closed, 1));
    assert_eq!(story.contact().purpose, Purpose::BookingCancelled);
}

#[test]
fn a_slot_that_is_held_too_late_is_given_back() {
    let mut story = awaiting();
    story.choose(0);
    story.answer(Intent::Decline);
    assert_eq!(story.state(), Declined);
    story.held();
    assert_eq!((story.count::<CancelBooking>(), story.count::<ConfirmBooking>()), (1, 0));
}

#[test]
fn retirement_ends_every_case_and_gives_everything_back() {
    let mut story = booked();
    story.predict("engine", HIGH);
    story.retire();
    let closed = story.world.published::<messages::case::CaseClosed>();
    assert!(closed.iter().all(|closed| closed.outcome == CaseOutcome::Retired));
    assert_eq!((closed.len(), story.count::<CancelBooking>()), (2, 1));
    story.pass(hours(1000));
    assert_eq!(story.count::<CaseEscalated>(), 0);
    story.predict("brake", HIGH);
    assert_eq!(story.count::<CaseOpened>(), 2, "a prediction that was under way opens nothing");
}

#[test]
fn nobody_is_called_again_while_it_is_unknown_whether_they_were() {
    let mut story = opened();
    story.offer(3);
    let attempt = MessageId::named("attempt", "1");
    story.failed(Some(attempt));
    assert_eq!(story.state(), Uncertain);
    let remedy = story.escalation().remedy;
    let command =
        format!("`aurorasync case resolve {} --effect happened|did-not-happen`", story.case());
    assert!(remedy.contains(&command), "{remedy}");
    story.pass(hours(100));
    assert_eq!((story.state(), story.count::<ContactOwner>()), (Uncertain, 1));
    let other = MessageId::named("attempt", "2");
    story.decide(Decision::Resolve { intent: other, happened: true });
    assert_eq!(story.state(), Uncertain, "that is another attempt");
    story.decide(Decision::Resolve { intent: attempt, happened: true });
    assert_eq!((story.state(), story.count::<ContactOwner>()), (AwaitingCustomer, 1));
}

#[test]
fn a_contact_that_did_not_happen_is_made_under_another_name() {
    let mut story = opened();
    story.offer(3);
    let attempt = MessageId::named("attempt", "1");
    story.failed(Some(attempt));
    story.decide(Decision::Resolve { intent: attempt, happened: false });
    story.offer(3);
    let contacts = story.world.published::<ContactOwner>();
    assert_eq!(contacts.len(), 2);
    assert_ne!(contacts[0].step, contacts[1].step);
}

#[test]
fn an_uncertain_word_about_a_booking_leaves_the_booking_alone() {
    let mut story = booked();
    let attempt = MessageId::named("attempt", "1");
    story.failed(Some(attempt));
    assert_eq!(story.state(), Uncertain);
    story.decide(Decision::Resolve { intent: attempt, happened: true });
    assert_eq!((story.state(), story.count::<CancelBooking>()), (Booked, 0));
    story.started();
    assert_eq!(story.state(), InService);
}

#[test]
fn who_may_not_be_contacted_is_a_matter_for_a_person() {
    for reason in
        [SuppressedReason::NoConsent, SuppressedReason::CapReached, SuppressedReason::Erased]
    {
        let mut story = opened();
        story.offer(3);
        story.suppressed(reason);
        assert_eq!(story.state(), Escalated, "{reason:?}");
    }
}

#[test]
fn who_must_speak_to_a_person_does() {
    for intent in [Intent::Human, Intent::OptOut, Intent::WrongPerson] {
        let mut story = awaiting();
        story.answer(intent);
        assert_eq!(story.state(), Escalated, "{intent:?}");
    }
    let mut story = awaiting();
    let angry = CustomerResponded { sentiment: finite(-0.9), ..story.response(Intent::Decline) };
    story.say(angry);
    assert_eq!((story.state(), &*story.escalation().reason), (Escalated, "The owner is angry."));
}

#[test]
fn an_owner_who_is_not_understood_thrice_is_handed_to_a_person() {
    let mut story = awaiting();
    story.answer(Intent::Unclear);
    story.answer(Intent::Unclear);
    assert_eq!(story.state(), AwaitingCustomer);
    story.answer(Intent::Unclear);
    assert_eq!(story.state(), Escalated);
}

#[test]
fn a_question_extends_the_time_for_the_answer() {
    let mut story = awaiting();
    story.pass(hours(11));
    story.answer(Intent::AskCost);
    story.pass(hours(11));
    assert_eq!(story.state(), AwaitingCustomer);
    story.pass(hours(1));
    assert_eq!(story.state(), Contacting);
}

#[test]
fn a_booking_is_moved_to_the_time_that_the_owner_wants() {
    let mut story = booked();
    let later = story.window(40);
    story.answer_with(Intent::Reschedule, later);
    assert_eq!(story.state(), Scheduling);
    story.offer(3);
    story.contacted();
    story.choose(2);
    let moves = story.world.published::<MoveBooking>();
    assert_eq!(moves.iter().map(|moves| moves.offer).collect::<Vec<_>>(), [story.offered(2).offer]);
    story.moved(2);
    assert_eq!((story.state(), story.count::<HoldSlot>()), (Booked, 1));
    let told = story.contact();
    assert_eq!(told.purpose, Purpose::BookingConfirmed);
    assert_eq!(told.facts.booked.map(|slot| slot.from), Some(story.offered(2).slot.from));
}

#[test]
fn a_booking_stands_when_no_other_time_is_chosen() {
    let mut story = booked();
    story.answer(Intent::Reschedule);
    story.offer(3);
    story.contacted();
    story.answer(Intent::Decline);
    assert_eq!((story.state(), story.count::<CancelBooking>()), (Booked, 0));
}

#[test]
fn a_booking_that_the_workshop_moves_is_told() {
    let mut story = booked();
    story.moved(1);
    assert_eq!((story.state(), story.contact().purpose), (Booked, Purpose::BookingMoved));
}

#[test]
fn a_booking_that_falls_through_is_replaced_and_only_so_often() {
    let mut story = booked();
    for lost in [Story::cancelled, Story::missed] {
        lost(&mut story);
        story.offer(3);
        assert_eq!(story.contact().purpose, Purpose::BookingCancelled);
        story.contacted();
        story.choose(0);
        story.held();
        story.confirmed();
        assert_eq!(story.state(), Booked);
    }
    story.cancelled();
    assert_eq!(story.state(), Escalated);
}

#[test]
fn an_owner_who_cannot_be_reached_is_tried_again_and_then_left_to_a_person() {
    let mut story = opened();
    story.offer(3);
    story.failed(None);
    assert_eq!(story.state(), Contacting);
    story.pass(hours(4));
    story.offer(3);
    assert_eq!(story.count::<ContactOwner>(), 2);
    story.failed(None);
    assert_eq!(story.state(), Escalated);
}

#[test]
fn without_an_owner_a_person_is_asked_until_one_is_registered() {
    let mut story = Story::begin();
    story.register(None);
    story.predict("brake", HIGH);
    assert_eq!((story.state(), story.count::<OfferSlots>()), (Escalated, 0));
    story.decide(Decision::Approve);
    assert_eq!(story.state(), Escalated, "there is still nobody to speak to");
    story.register(Some("OWN-8"));
    story.offer(3);
    assert_eq!(story.contact().owner, "OWN-8");
}

#[test]
fn what_grows_to_an_emergency_is_told_once_more_and_once_only() {
    let mut story = awaiting();
    story.pass(hours(1));
    story.predict("brake", Severity::Emergency);
    story.offer(1);
    assert_eq!(story.contact().purpose, Purpose::UrgentAlert);
    assert_eq!(story.contact().severity, Severity::Emergency);
    story.contacted();
    for _ in 0..3 {
        story.predict("brake", Severity::Emergency);
    }
    assert_eq!(story.purposes(), [Purpose::PredictedFailure, Purpose::UrgentAlert]);
    assert_eq!(story.count::<CaseOpened>(), 1);
}

#[test]
fn an_emergency_moves_a_booking_that_is_too_late() {
    let mut story = booked();
    story.pass(hours(1));
    story.predict("brake", Severity::Emergency);
    assert_eq!(story.state(), Scheduling);
    story.offer(2);
    assert_eq!(story.contact().purpose, Purpose::UrgentAlert);
    story.contacted();
    story.choose(0);
    assert_eq!(story.count::<MoveBooking>(), 1);
}

#[test]
fn a_finding_of_nothing_refutes() {
    let mut story = booked();
    story.started();
    story.found("brake", None);
    story.verified(Outcome::FalsePositive);
    assert_eq!((story.state(), story.closed().outcome), (Closed, CaseOutcome::Refuted));
    assert_eq!(story.count::<MaintenanceRecorded>(), 0);
}

#[test]
fn a_workshop_that_looked_elsewhere_has_not_settled_the_case() {
    let mut story = booked();
    story.started();
    story.found("engine", None);
    assert_eq!(story.state(), Escalated);
    story.decide(Decision::Approve);
    assert_eq!(story.state(), Contacting);
}

#[test]
fn a_finding_elsewhere_before_the_booked_time_gives_the_slot_back() {
    let mut story = booked();
    let found_at = story.now();
    story.say(messages::finding::FindingRecorded {
        asset: ASSET.into(),
        network: None,
        booking: None,
        case: None,
        examined: "brake".into(),
        component: Some("brake".into()),
        cause: None,
        part: None,
        batch: None,
        repaired: true,
        found_at,
        by: "Roadside".into(),
    });
    assert_eq!((story.state(), story.count::<CancelBooking>()), (Verifying, 1));
    assert_eq!(story.contact().purpose, Purpose::BookingCancelled);
}

#[test]
fn a_failure_on_the_road_is_a_matter_for_a_person() {
    let mut story = awaiting();
    story.verified(Outcome::TruePositive);
    assert_eq!(story.state(), Escalated);
    assert!(story.escalation().reason.contains("failed before a workshop had looked at it"));
}

#[test]
fn a_person_can_end_a_case() {
    let mut story = booked();
    story.decide(Decision::Cancel { reason: "asset is being replaced".into() });
    assert_eq!((story.state(), story.closed().outcome), (Cancelled, CaseOutcome::Cancelled));
    assert_eq!(story.count::<CancelBooking>(), 1);
    assert_eq!(story.closed().reason, "Asha ended the case: asset is being replaced.");
}

#[test]
fn a_prediction_soon_after_the_end_opens_a_case_only_when_it_is_graver_or_lasts() {
    let mut story = awaiting();
    story.clear("brake", ClearedReason::Recovered);
    story.predict("brake", HIGH);
    assert_eq!(story.count::<CaseOpened>(), 1);
    story.pass(hours(2));
    assert_eq!(story.count::<CaseOpened>(), 2, "it was not taken back");
    story.clear("brake", ClearedReason::Recovered);
    story.predict("brake", HIGH);
    story.clear("brake", ClearedReason::Recovered);
    story.pass(hours(3));
    assert_eq!(story.count::<CaseOpened>(), 2, "it was taken back");
    story.predict("brake", HIGH);
    story.clear("brake", ClearedReason::Recovered);
    story.predict("brake", Severity::Critical);
    assert_eq!(story.count::<CaseOpened>(), 4, "it is graver");
}
