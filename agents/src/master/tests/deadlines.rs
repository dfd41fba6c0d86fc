//! Every state waits with a deadline, and something happens when it passes.

use super::story::{ASSET, Story, hours};
use super::{HIGH, awaiting, booked, opened};
use crate::master::{Config, Master};
use messages::MessageId;
use messages::booking::{CancelBooking, OfferSlots};
use messages::case::CaseState::{
    AwaitingCustomer, Booked, Closed, Contacting, Declined, Deferred, Escalated, InService,
    Scheduling, Uncertain, Verifying,
};
use messages::case::{CaseEscalated, CaseOutcome, CaseState};
use messages::contact::{Intent, Purpose};
use messages::finding::Outcome;
use messages::prediction::Severity;
use std::time::Duration;

/// Lets time pass to the case's deadline; what it says then.
pub(super) fn overdue(story: &mut Story) -> CaseState {
    let deadline = story.newest().deadline.expect("a case that waits has a deadline");
    let left = deadline.since(story.now());
    assert!(!left.is_zero(), "the deadline lies ahead");
    let before = story.world.published::<messages::case::CaseAdvanced>().len();
    story.pass(left - Duration::from_millis(1));
    let still = story.world.published::<messages::case::CaseAdvanced>().len();
    assert_eq!(still, before, "nothing happens before the deadline");
    story.pass(Duration::from_millis(1));
    story.state()
}

#[test]
fn a_contact_of_which_nothing_is_heard_is_escalated() {
    let mut story = opened();
    story.offer(3);
    assert_eq!(story.state(), Contacting);
    assert_eq!(overdue(&mut story), Escalated);
}

#[test]
fn an_owner_who_does_not_answer_is_reminded_and_then_left_to_a_person() {
    let mut story = awaiting();
    assert_eq!(overdue(&mut story), Contacting);
    story.offer(3);
    assert_eq!(story.contact().purpose, Purpose::Reminder);
    story.contacted();
    assert_eq!(story.state(), AwaitingCustomer);
    assert_eq!(overdue(&mut story), Escalated);
}

#[test]
fn a_hold_that_is_not_answered_is_looked_for_again() {
    let mut story = awaiting();
    story.choose(0);
    assert_eq!(overdue(&mut story), Scheduling);
    assert_eq!(story.count::<OfferSlots>(), 2);
}

#[test]
fn a_held_slot_that_is_not_booked_is_given_back_and_looked_for_again() {
    let mut story = awaiting();
    story.choose(0);
    story.held();
    assert_eq!(overdue(&mut story), Scheduling);
    assert_eq!((story.count::<CancelBooking>(), story.count::<OfferSlots>()), (1, 2));
}

#[test]
fn a_booked_asset_of_which_nothing_is_heard_is_escalated() {
    let mut story = booked();
    assert_eq!(overdue(&mut story), Escalated);
    story.decide(messages::case::Decision::Approve);
    assert_eq!(story.state(), Booked);
}

#[test]
fn a_workshop_that_says_nothing_is_escalated() {
    let mut story = booked();
    story.started();
    assert_eq!(story.state(), InService);
    assert_eq!(overdue(&mut story), Escalated);
    story.decide(messages::case::Decision::Approve);
    assert_eq!(story.state(), InService);
}

#[test]
fn a_finding_that_nobody_judges_closes_the_case_by_itself() {
    let mut story = booked();
    story.started();
    story.found("brake", Some("brake"));
    assert_eq!(story.state(), Verifying);
    assert_eq!(overdue(&mut story), Closed);
    assert_eq!(story.closed().outcome, CaseOutcome::Confirmed);
}

#[test]
fn pauses_end_with_a_contact() {
    let mut story = awaiting();
    story.answer(Intent::Defer);
    assert_eq!(story.state(), Deferred);
    assert_eq!(overdue(&mut story), Contacting);
    let mut story = awaiting();
    story.answer(Intent::Decline);
    assert_eq!(story.state(), Declined);
    assert_eq!(overdue(&mut story), Contacting);
}

#[test]
fn a_person_who_does_not_act_is_asked_again_ever_more_patiently() {
    let mut story = opened();
    story.offer(0);
    let mut waits = Vec::new();
    for _ in 0..4 {
        let now = story.now();
        waits.push(story.newest().deadline.unwrap().since(now));
        assert_eq!(overdue(&mut story), Escalated);
    }
    assert_eq!(waits, [8, 16, 32, 64].map(hours));
    let asked = story.world.published::<CaseEscalated>();
    let reminders: Vec<u8> = asked.iter().map(|asked| asked.reminder).collect();
    assert_eq!(reminders, [0, 1, 2, 3, 4]);
    let ended = "Nobody has acted on it for 5 days, and it is high.";
    assert_eq!(asked[4].reason, format!("{} {ended}", asked[0].reason), "one reason, not a pile");
}

#[test]
fn a_person_who_never_acts_is_reminded_only_so_often() {
    let mut story = opened();
    story.offer(0);
    let reminders_max = Config::default().person_reminders_max;
    for _ in 0..reminders_max + 3 {
        assert_eq!(overdue(&mut story), Escalated);
    }
    assert_eq!(story.count::<CaseEscalated>(), 1 + usize::from(reminders_max));
}

#[test]
fn a_person_hears_once_when_it_grows_graver_and_is_reminded_of_one_reason() {
    let mut story = opened();
    story.offer(0);
    story.pass(hours(8));
    for severity in [Severity::Critical, Severity::Critical, Severity::Emergency] {
        story.pass(Duration::from_secs(30 * 60));
        story.predict("brake", severity);
    }
    let asked = story.world.published::<CaseEscalated>();
    let reminders: Vec<u8> = asked.iter().map(|asked| asked.reminder).collect();
    assert_eq!(reminders, [0, 1, 0, 0], "what is graver is news");
    for asked in &asked {
        assert!(asked.reason.matches("No workshop has a slot").count() == 1, "{}", asked.reason);
        assert!(asked.reason.matches("It has grown graver").count() <= 1, "{}", asked.reason);
    }
    assert!(asked[3].reason.contains("from critical to an emergency"), "{}", asked[3].reason);
    assert_eq!(story.purposes(), [Purpose::UrgentWarning], "the owner is warned all the same");
    let remedy = &asked[3].remedy;
    assert!(remedy.starts_with("call the owner about a slot"), "{remedy}");
}

#[test]
fn an_uncertain_contact_is_asked_about_again() {
    let mut story = opened();
    story.offer(3);
    story.failed(Some(MessageId::named("attempt", "1")));
    assert_eq!(overdue(&mut story), Uncertain);
    assert_eq!(story.count::<CaseEscalated>(), 2);
}

#[test]
fn two_cases_of_one_asset_keep_their_own_deadlines() {
    let mut story = Story::with(Config::default(), |world| world);
    story.predict("brake", HIGH);
    story.pass(Duration::from_secs(300));
    story.predict("engine", HIGH);
    story.pass(Duration::from_secs(300));
    assert_eq!(story.count::<OfferSlots>(), 3, "the first was asked for again");
    story.pass(Duration::from_secs(300));
    assert_eq!(story.count::<OfferSlots>(), 4, "the second was asked for again");
}

#[test]
fn nothing_is_remembered_of_an_asset_whose_cases_are_long_over() {
    let mut story = booked();
    story.started();
    story.found("brake", Some("brake"));
    story.verified(Outcome::TruePositive);
    story.pass(hours(8 * 24));
    let state = story.world.state::<Master>(ASSET).unwrap();
    assert_eq!(
        (&state["cases"], &state["rests"]),
        (&serde_json::json!({}), &serde_json::json!({}))
    );
}
