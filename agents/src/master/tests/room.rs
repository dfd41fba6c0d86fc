//! Cases that had no slot, when the workshops have room after all.

use super::story::{ASSET, NETWORK, Story, hours};
use messages::booking::{HoldSlot, OfferSlots, Slot, SlotOffer, SlotsOffered};
use messages::case::{CaseAdvanced, CaseState, Decision};
use messages::contact::{ContactOwner, Intent, Purpose, SuppressedReason};
use messages::prediction::Severity;
use messages::registry::AssetRegistered;
use messages::{MessageId, OfferId, Place};

/// No slot was found, and a person is asked.
fn without_slot() -> Story {
    let mut story = super::opened();
    story.offer(0);
    assert_eq!(story.state(), CaseState::Escalated);
    story
}

fn room(story: &mut Story) -> OfferId {
    let (case, from) = (story.case(), story.now().saturating_add(hours(20)));
    let offer = OfferId::of(MessageId::named("room", "1"), "0");
    let slot = Slot {
        centre: "pune".into(),
        centre_name: "Pune".into(),
        zone: "Asia/Kolkata".into(),
        bay: 1,
        technician: "T1".into(),
        from,
        to: from.saturating_add(hours(2)),
    };
    story.say(SlotsOffered {
        network: NETWORK.into(),
        case,
        asset: ASSET.into(),
        offers: vec![SlotOffer { offer, slot, penalties: Vec::new() }],
        relax: Vec::new(),
        valid_until: from,
        cause: Some("another booking was cancelled".into()),
    });
    offer
}

#[test]
fn a_case_without_a_slot_goes_on_when_the_workshops_have_room() {
    let mut story = without_slot();
    let contacts = story.count::<ContactOwner>();
    room(&mut story);
    assert_eq!(story.state(), CaseState::Contacting);
    assert_eq!(story.count::<ContactOwner>(), contacts + 1);
    let reason = story.world.published::<CaseAdvanced>().pop().expect("it went on").reason;
    let cause = "There is room now: another booking was cancelled. Slots were found;";
    assert!(reason.starts_with(cause), "{reason}");
}

#[test]
fn what_the_owner_agreed_to_before_is_taken_when_there_is_room() {
    let mut story = super::awaiting();
    let when = story.window(19);
    story.answer_with(Intent::Accept, when);
    story.offer(0);
    assert_eq!(story.state(), CaseState::Escalated);
    let offer = room(&mut story);
    let held = story.world.published::<HoldSlot>().pop().expect("it is held");
    assert_eq!(held.offer, offer);
}

#[test]
fn what_a_former_owner_agreed_to_is_not_taken_for_the_new_one() {
    let mut story = super::awaiting();
    let when = story.window(19);
    story.answer_with(Intent::Accept, when);
    story.offer(0);
    assert_eq!(story.state(), CaseState::Escalated);
    story.register(Some("OWN-8"));
    room(&mut story);
    assert_eq!((story.state(), story.count::<HoldSlot>()), (CaseState::Contacting, 0));
    assert_eq!(story.contact().owner, "OWN-8");
}

#[test]
fn room_changes_nothing_once_a_person_is_asked_for_another_reason() {
    let mut story = without_slot();
    story.answer(Intent::Human);
    room(&mut story);
    assert_eq!(story.state(), CaseState::Escalated);
}

#[test]
fn room_that_no_case_waits_for_is_passed_over() {
    let mut story = super::awaiting();
    let contacts = story.count::<ContactOwner>();
    room(&mut story);
    assert_eq!(story.state(), CaseState::AwaitingCustomer);
    assert_eq!(story.count::<ContactOwner>(), contacts);
}

#[test]
fn slots_are_asked_for_around_the_home_of_the_asset() {
    let mut story = Story::begin();
    let home = Place::near(18.52, 73.86).ok();
    story.say(AssetRegistered {
        asset: ASSET.into(),
        fleet: "demo".into(),
        profile: "vehicle".into(),
        model: None,
        in_service_since: None,
        supplier: None,
        batch: None,
        owner: Some("OWN-7".into()),
        group: None,
        home,
    });
    story.predict("brake", super::HIGH);
    let asked = story.world.published::<OfferSlots>().pop().expect("slots are asked for");
    assert_eq!((asked.home, home.is_some()), (home, true));
}

/// Brakes that must not be driven on, and no slot for them.
fn emergency_without_slot() -> Story {
    let mut story = Story::begin();
    story.predict("brake", Severity::Emergency);
    story.offer(0);
    assert_eq!(story.state(), CaseState::Escalated);
    story
}

#[test]
fn the_owner_of_an_emergency_without_a_slot_is_warned_at_once_and_a_person_is_to_call() {
    let mut story = emergency_without_slot();
    let warned = story.contact();
    assert_eq!((warned.purpose, warned.severity), (Purpose::UrgentWarning, Severity::Emergency));
    assert_eq!(warned.slots, []);
    let asked = story.escalation();
    assert!(asked.reason.contains("No workshop has a slot"), "{asked:?}");
    assert!(asked.remedy.starts_with("call the owner about a slot"), "{asked:?}");
    story.decide(Decision::Approve);
    story.offer(0);
    assert_eq!(story.purposes(), [Purpose::UrgentWarning], "once");
    let asked = story.escalation();
    assert!(!asked.remedy.contains("call the owner"), "that was asked before: {asked:?}");
}

#[test]
fn an_owner_who_was_told_of_slots_is_warned_when_it_becomes_an_emergency_without_any() {
    let mut story = super::awaiting();
    story.pass(hours(1));
    story.predict("brake", Severity::Emergency);
    story.offer(0);
    assert_eq!(story.purposes(), [Purpose::PredictedFailure, Purpose::UrgentWarning]);
}

#[test]
fn a_new_owner_of_an_emergency_without_a_slot_is_warned_as_the_former_one_was() {
    let mut story = emergency_without_slot();
    story.register(Some("OWN-8"));
    story.decide(Decision::Approve);
    story.offer(0);
    assert_eq!(story.purposes(), [Purpose::UrgentWarning; 2]);
    assert_eq!(story.contact().owner, "OWN-8");
}

#[test]
fn a_person_hears_that_the_owner_of_an_emergency_could_not_be_warned() {
    let mut story = emergency_without_slot();
    story.suppressed(SuppressedReason::NoConsent);
    let asked = story.escalation();
    assert!(asked.reason.starts_with("The owner was not told: nobody allowed it."), "{asked:?}");
    let mut story = emergency_without_slot();
    story.failed(Some(MessageId::named("attempt", "1")));
    let asked = story.escalation();
    assert!(asked.reason.starts_with("Nobody knows whether the owner was told"), "{asked:?}");
}
