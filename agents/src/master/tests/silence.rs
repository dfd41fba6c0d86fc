//! Agents that do not answer: who waits how long, who is told, and when it is over.

use super::deadlines::overdue;
use super::story::{Story, hours};
use super::{HIGH, awaiting, opened};
use messages::agent::{AgentDegraded, AgentRecovered, CommandAnswered, CommandUnanswered};
use messages::booking::{OfferSlots, RefusedReason};
use messages::case::CaseEscalated;
use messages::case::CaseState::{Contacting, Escalated, Opened, Scheduling};
use messages::contact::Purpose;
use messages::prediction::Severity;
use std::time::Duration;

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

/// The workshops never answer, until a person is asked; the times between two questions.
fn silent(story: &mut Story) -> Vec<Duration> {
    let mut waits = Vec::new();
    loop {
        let (now, deadline) = (story.now(), story.newest().deadline.expect("a deadline"));
        waits.push(deadline.since(now));
        if overdue(story) == Escalated {
            return waits;
        }
        assert_eq!(story.state(), Opened);
    }
}

#[test]
fn workshops_that_do_not_answer_are_asked_ever_more_patiently_and_then_a_person() {
    let mut story = opened();
    let begun = story.now();
    let waits = silent(&mut story);
    assert_eq!(waits[..5], [10, 20, 40, 60, 60].map(minutes));
    let unanswered = story.world.published::<CommandUnanswered>();
    let attempts: Vec<usize> = unanswered.iter().map(|one| usize::from(one.attempts)).collect();
    assert_eq!(attempts, (1..=waits.len()).collect::<Vec<_>>());
    assert_eq!(story.count::<OfferSlots>(), waits.len(), "each is asked once");
    let named = ("slots.offer", "scheduling", begun);
    for one in &unanswered {
        assert_eq!((&*one.command, &*one.asked_of, one.since), named);
    }
    // A high case is due within two days, and a person gets eight hours.
    let waited = story.now().since(begun);
    assert!(waited > hours(38) && waited <= hours(40), "{waited:?}");
    assert_eq!(story.count::<CaseEscalated>(), 1);
    let asked = story.escalation();
    assert!(asked.reason.starts_with("`scheduling` has not answered for 39 hours"), "{asked:?}");
    assert_eq!(story.purposes(), [], "the owner is told nothing that nobody knows");
}

#[test]
fn an_agent_that_leaves_two_commands_unanswered_is_degraded_until_it_answers() {
    let mut story = Story::begin();
    story.predict("brake", HIGH);
    let (since, first) = (story.now(), story.case());
    story.pass(minutes(5));
    story.predict("engine", HIGH);
    story.pass(minutes(5));
    assert_eq!((story.count::<CommandUnanswered>(), story.count::<AgentDegraded>()), (1, 0));
    story.pass(minutes(5));
    let degraded = story.world.published::<AgentDegraded>();
    assert_eq!(degraded.len(), 1);
    assert_eq!((&*degraded[0].agent, degraded[0].since), ("scheduling", since));
    assert_eq!((degraded[0].unanswered, degraded[0].evidence.len()), (2, 2));
    let mut cases = [first, story.case()];
    cases.sort();
    assert_eq!(degraded[0].cases, cases);
    story.pass(hours(3));
    assert_eq!(story.count::<AgentDegraded>(), 1, "once");
    assert_eq!(story.count::<CaseEscalated>(), 0, "there is time");
    story.offer(3);
    let recovered = story.world.published::<AgentRecovered>();
    assert_eq!(recovered.len(), 1);
    assert_eq!((&*recovered[0].agent, recovered[0].since), ("scheduling", since));
    let hours = recovered[0].degraded_for_hours.get();
    assert!((hours - 3.25).abs() < 1e-9, "{hours}");
    assert_eq!(story.count::<CommandAnswered>(), 1);
    story.contacted();
    assert_eq!(story.count::<AgentRecovered>(), 1, "another agent has said that");
}

#[test]
fn one_command_asked_often_makes_no_agent_degraded() {
    let mut story = opened();
    silent(&mut story);
    assert_eq!(story.count::<AgentDegraded>(), 0);
}

#[test]
fn what_was_unanswered_long_ago_does_not_count() {
    let mut story = awaiting();
    story.choose(0);
    story.pass(minutes(5));
    assert_eq!(story.world.published::<CommandUnanswered>()[0].command, "slot.hold");
    story.offer(0);
    assert_eq!(story.count::<CommandAnswered>(), 1);
    story.pass(hours(24));
    story.predict("engine", HIGH);
    story.pass(minutes(10));
    assert_eq!(story.count::<CommandUnanswered>(), 2);
    assert_eq!(story.count::<AgentDegraded>(), 0);
}

#[test]
fn the_owner_of_an_emergency_is_warned_when_the_workshops_do_not_answer() {
    let mut story = Story::begin();
    story.predict("brake", Severity::Emergency);
    assert_eq!(overdue(&mut story), Escalated);
    assert_eq!(story.purposes(), [Purpose::UrgentWarning]);
    let asked = story.escalation();
    assert!(asked.reason.contains("`scheduling` has not answered"), "{asked:?}");
    assert!(asked.remedy.starts_with("call the owner about a slot"), "{asked:?}");
}

#[test]
fn patience_ends_when_it_becomes_an_emergency() {
    let mut story = opened();
    (0..4).for_each(|_| assert_eq!(overdue(&mut story), Opened));
    story.pass(minutes(1));
    story.predict("brake", Severity::Emergency);
    story.pass(minutes(10));
    assert_eq!((story.state(), story.purposes()), (Escalated, vec![Purpose::UrgentWarning]));
}

#[test]
fn a_case_goes_on_when_the_workshops_answer_again_and_asks_them_once() {
    let mut story = opened();
    silent(&mut story);
    let asked = story.count::<OfferSlots>();
    // What was asked during the silence is refused, one by one.
    for _ in 0..3 {
        story.refused("slots.offer", RefusedReason::Expired);
    }
    assert_eq!((story.state(), story.count::<OfferSlots>()), (Contacting, asked + 1));
    story.offer(3);
    assert_eq!(story.contact().purpose, Purpose::PredictedFailure);
}

#[test]
fn what_is_refused_as_too_late_was_asked_again_already() {
    let mut story = opened();
    overdue(&mut story);
    overdue(&mut story);
    let asked = story.count::<OfferSlots>();
    for _ in 0..2 {
        story.refused("slots.offer", RefusedReason::Expired);
    }
    assert_eq!((story.state(), story.count::<OfferSlots>()), (Opened, asked));
    story.offer(3);
    assert_eq!(story.state(), Contacting);
}

#[test]
fn a_hold_that_is_not_answered_is_the_workshops_matter_and_a_contact_is_engagements() {
    let mut story = awaiting();
    story.choose(0);
    assert_eq!(overdue(&mut story), Scheduling);
    let mut untold = opened();
    untold.offer(3);
    assert_eq!(overdue(&mut untold), Escalated);
    let unanswered: Vec<_> = [&story, &untold]
        .iter()
        .flat_map(|story| story.world.published::<CommandUnanswered>())
        .map(|one| (one.command, one.asked_of))
        .collect();
    let named = [("slot.hold", "scheduling"), ("owner.contact", "engagement")];
    assert_eq!(unanswered, named.map(|(one, other)| (one.to_owned(), other.to_owned())));
}

#[test]
fn who_answers_in_time_is_not_spoken_of() {
    let mut story = awaiting();
    story.choose(0);
    story.held();
    story.confirmed();
    assert_eq!((story.count::<CommandUnanswered>(), story.count::<CommandAnswered>()), (0, 0));
}
