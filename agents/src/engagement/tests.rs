//! Engagement in small worlds: whom it contacts, when and how, and what it makes of answers.

use super::{Config, Engagement};
use crate::engagement::moment::zone;
use crate::engagement::script::{Matter, check::facts_check};
use messages::consent::{Channel, ConsentChanged};
use messages::contact::{
    ContactFailed, ContactOwner, ContactSend, ContactSuppressed, Costs, CustomerContacted,
    CustomerReplied, CustomerResponded, Facts, Intent, OfferedSlot, Purpose, SuppressedReason,
    WithdrawContact,
};
use messages::dead::Cause;
use messages::prediction::{Driving, Severity};
use messages::registry::OwnerRegistered;
use messages::sealed::{KEY_BYTES, Key, Keyring, NONCE_BYTES, Sealed};
use messages::{CaseId, Finite, MessageId, OfferId, Timestamp};
use runtime::effects::{Attempt, Effects, Performer, Reach};
use runtime::testkit::World;
use std::time::Duration;

mod held_back;

const OWNER: &str = "ann";
const HOUR: Duration = Duration::from_secs(3600);
/// The owner lives five and a half hours ahead of this: a Monday, 11:30 there.
const NOON: &str = "2026-03-02T06:00:00Z";
/// 22:00 there.
const NIGHT: &str = "2026-03-02T16:30:00Z";

/// Telephones and the like: channels that fail, and one whose answers get lost.
#[derive(Clone, Default)]
struct Phones {
    failing: Vec<Channel>,
    lost: Option<Channel>,
}

impl Performer<ContactSend> for Phones {
    fn reach(&self, _contact: &ContactSend) -> Reach {
        Reach::Inside
    }

    fn perform(&self, contact: &ContactSend) -> Attempt {
        let reason = format!("nobody picks up `{}`", contact.channel.name());
        if self.failing.contains(&contact.channel) {
            Attempt::Refused { reason }
        } else if self.lost == Some(contact.channel) {
            Attempt::Lost { reason }
        } else {
            Attempt::Accepted { reference: None, reply: None }
        }
    }
}

fn world_with(start: &str, phones: Phones) -> World {
    World::seeded(7)
        .agent::<Engagement>(Config::default())
        .effects(Effects::default().with::<ContactSend>(phones))
        .starting(at(start))
}

/// A world in which the owner is known and allows `channels`.
fn world(start: &str, channels: &[Channel]) -> World {
    let mut world = world_with(start, Phones::default());
    meet(&mut world, channels);
    world
}

fn meet(world: &mut World, channels: &[Channel]) {
    world.publish(registered("Asia/Kolkata"));
    world.publish(consent(channels, &[]));
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn finite(value: f64) -> Finite {
    Finite::new(value).unwrap()
}

fn registered(zone: &str) -> OwnerRegistered {
    let mut keyring = Keyring::default();
    keyring.insert(OWNER, Key::new([7; KEY_BYTES])).unwrap();
    OwnerRegistered {
        owner: OWNER.into(),
        name: Sealed::seal(&"Ann".to_owned(), OWNER, [0; NONCE_BYTES], &keyring).unwrap(),
        phone: None,
        email: None,
        zone: zone.into(),
        language: "en-IN".into(),
    }
}

fn consent(granted: &[Channel], revoked: &[Channel]) -> ConsentChanged {
    ConsentChanged {
        owner: OWNER.into(),
        granted: granted.to_vec(),
        revoked: revoked.to_vec(),
        reason: "said so".into(),
    }
}

fn case(number: u32) -> CaseId {
    CaseId::of(MessageId::default(), &number.to_string())
}

fn slot(number: u8, from: &str) -> OfferedSlot {
    OfferedSlot {
        offer: OfferId::of(MessageId::default(), &number.to_string()),
        centre: "pune".into(),
        centre_name: "Pune".into(),
        zone: "Asia/Kolkata".into(),
        from: at(from),
        to: at(from).saturating_add(HOUR),
    }
}

fn facts() -> Facts {
    Facts {
        component: "Brakes".into(),
        issue: "brake pad wear".into(),
        probability: finite(0.82),
        horizon_hours: finite(168.0),
        time_left_hours: None,
        reasons: vec!["brake pad wear is at 78 of 90 percent".into()],
        driving: Driving::WithCare { km_max: 50 },
        costs: Some(Costs {
            currency: "INR".into(),
            repair_min: finite(3000.0),
            repair_max: finite(8000.0),
            saving: finite(15_000.0),
        }),
        booked: None,
    }
}

/// The `number`th contact about case 1: a foreseen failure, worth two days, with three slots from tomorrow on.
fn contact(number: u32) -> ContactOwner {
    ContactOwner {
        case: case(1),
        asset: "VEH003".into(),
        owner: OWNER.into(),
        step: format!("contact-{number}"),
        purpose: Purpose::PredictedFailure,
        severity: Severity::High,
        facts: facts(),
        slots: vec![
            slot(1, "2026-03-03T04:00:00Z"),
            slot(2, "2026-03-05T08:30:00Z"),
            slot(3, "2026-03-06T12:00:00Z"),
        ],
        asked_for: false,
        expires_at: at("2026-03-20T06:00:00Z"),
    }
}

fn about(number: u32) -> ContactOwner {
    ContactOwner { case: case(number), asset: format!("VEH00{number}"), ..contact(1) }
}

fn reply(text: &str) -> CustomerReplied {
    CustomerReplied {
        owner: OWNER.into(),
        case: Some(case(1)),
        channel: Channel::Sms,
        text: text.into(),
    }
}

/// Channels on which the owner was reached, in order.
fn reached(world: &World) -> Vec<Channel> {
    world.published::<CustomerContacted>().iter().map(|contacted| contacted.channel).collect()
}

fn suppressed(world: &World) -> Vec<SuppressedReason> {
    world.published::<ContactSuppressed>().iter().map(|suppressed| suppressed.reason).collect()
}

fn responded(world: &World) -> Vec<Intent> {
    world.published::<CustomerResponded>().iter().map(|responded| responded.intent).collect()
}

#[test]
fn the_owner_of_a_grave_case_is_called_and_that_of_a_mild_one_written_to() {
    for (severity, channel) in [(Severity::High, Channel::Voice), (Severity::Medium, Channel::Sms)]
    {
        let mut world = world(NOON, &Channel::ALL);
        world.publish(ContactOwner { severity, ..contact(1) });
        assert_eq!(reached(&world), [channel], "{severity:?}");
        let said = world.published::<CustomerContacted>().remove(0);
        let (zone, contact) = (zone("Asia/Kolkata").unwrap(), contact(1));
        let matter = Matter {
            asset: "VEH003",
            facts: &contact.facts,
            slots: &contact.slots,
            zone: &zone,
            visits: &[],
        };
        assert_eq!(facts_check(&said.text, &matter), Ok(()));
        assert_eq!((said.step.as_str(), said.purpose), ("contact-1", Purpose::PredictedFailure));
    }
}

#[test]
fn the_owner_of_two_assets_is_told_which_slot_is_together_with_the_other() {
    // Nothing is together with another visit of itself.
    for (asset, told) in [("VEH004", ", together with VEH004"), ("VEH003", "")] {
        let mut world = world(NOON, &[Channel::Sms]);
        let booked = Some(slot(9, "2026-03-05T04:00:00Z"));
        let (asset, facts, slots) = (asset.into(), Facts { booked, ..facts() }, Vec::new());
        let purpose = Purpose::BookingConfirmed;
        world.publish(ContactOwner { purpose, asset, facts, slots, ..about(4) });
        world.publish(contact(1));
        let said = world.published::<CustomerContacted>().pop().expect("both were reached").text;
        assert!(said.contains(&format!("5 March at 14:00, Pune{told}, 3)")), "{said}");
        assert_eq!(said.matches("together with").count(), told.matches("with").count(), "{said}");
    }
}

#[test]
fn nobody_is_contacted_on_a_channel_that_is_not_allowed() {
    let mut world = world(NOON, &[Channel::Email]);
    world.publish(contact(1));
    assert_eq!(reached(&world), [Channel::Email]);
    world.publish(consent(&[], &[Channel::Email]));
    for (number, severity) in [(2, Severity::High), (3, Severity::Emergency)] {
        world.publish(ContactOwner { severity, ..contact(number) });
    }
    assert_eq!(suppressed(&world), [SuppressedReason::NoConsent; 2], "an emergency neither");
    assert_eq!(reached(&world), [Channel::Email]);
}

#[test]
fn an_owner_who_is_not_registered_is_not_contacted() {
    let mut world = world_with(NOON, Phones::default());
    world.publish(consent(&Channel::ALL, &[]));
    world.publish(contact(1));
    assert_eq!(suppressed(&world), [SuppressedReason::UnknownOwner]);
    world.publish(registered("Mars/Olympus"));
    let dead = world.dead();
    assert!(matches!(dead[0].cause, Cause::Rejected), "{dead:?}");
}

#[test]
fn at_night_a_contact_waits_for_the_morning_of_the_owner() {
    let mut world = world(NIGHT, &Channel::ALL);
    world.publish(contact(1));
    world.advance(Duration::from_secs(10 * 3600 - 1));
    assert_eq!(reached(&world), []);
    world.advance(Duration::from_secs(1));
    assert_eq!(reached(&world), [Channel::Voice], "at 08:00");
}

#[test]
fn an_emergency_does_not_wait_for_the_morning() {
    let mut world = world(NIGHT, &Channel::ALL);
    let severity = Severity::Emergency;
    world.publish(ContactOwner { severity, purpose: Purpose::UrgentAlert, ..contact(1) });
    assert_eq!(reached(&world), [Channel::Voice]);
}

#[test]
fn an_owner_is_called_once_a_day_and_written_to_otherwise() {
    let mut world = world(NOON, &[Channel::Voice, Channel::Sms]);
    (1..=3).for_each(|number| world.publish(about(number)));
    assert_eq!(reached(&world), [Channel::Voice, Channel::Sms, Channel::Sms]);
    world.advance(HOUR * 24);
    world.publish(about(4));
    assert_eq!(reached(&world).last(), Some(&Channel::Voice), "another day");
}

#[test]
fn an_owner_who_allows_calls_only_is_called_the_next_morning() {
    let mut world = world(NOON, &[Channel::Voice]);
    (1..=2).for_each(|number| world.publish(about(number)));
    world.advance(HOUR * 20);
    assert_eq!(reached(&world), [Channel::Voice]);
    world.advance(HOUR);
    assert_eq!(reached(&world), [Channel::Voice; 2], "at 08:00 of the next day");
    let emergency = ContactOwner { severity: Severity::Emergency, ..about(3) };
    world.publish(emergency);
    assert_eq!(suppressed(&world), [SuppressedReason::CapReached], "an emergency cannot wait");
}

#[test]
fn a_case_has_three_contacts_and_what_the_owner_asked_for_is_none_of_them() {
    let mut world = world(NOON, &Channel::ALL);
    let asked = |number| ContactOwner { asked_for: true, ..contact(number) };
    let told = |number| ContactOwner { purpose: Purpose::BookingConfirmed, ..contact(number) };
    for contact in [contact(1), asked(2), contact(3), told(4), contact(5), asked(6)] {
        world.publish(contact);
        world.advance(HOUR * 24);
    }
    assert_eq!((reached(&world).len(), suppressed(&world).len()), (6, 0));
    world.publish(contact(7));
    assert_eq!(suppressed(&world), [SuppressedReason::CapReached]);
    world.publish(asked(8));
    world.publish(about(2));
    assert_eq!(reached(&world).len(), 8, "what was asked for, and another case");
}

#[test]
fn a_channel_that_fails_is_followed_by_the_next() {
    let mut world =
        world_with(NOON, Phones { failing: vec![Channel::Voice, Channel::Sms], lost: None });
    meet(&mut world, &Channel::ALL);
    world.publish(contact(1));
    assert_eq!(reached(&world), [Channel::Email]);
    world.publish(consent(&[], &[Channel::Email, Channel::App]));
    world.publish(contact(2));
    let failed = world.published::<ContactFailed>();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].reason, "nobody picks up `sms`");
    assert_eq!((failed[0].step.as_str(), failed[0].uncertain), ("contact-2", None));
}

#[test]
fn a_call_that_failed_is_no_call_of_the_day() {
    let failing = vec![Channel::Voice];
    let mut world = world_with(NOON, Phones { failing, lost: None });
    meet(&mut world, &[Channel::Voice]);
    (1..=2).for_each(|number| world.publish(about(number)));
    assert_eq!(world.published::<ContactFailed>().len(), 2, "the second was tried, too");
}

#[test]
fn what_may_have_arrived_is_not_said_again_on_another_channel() {
    let mut world = world_with(NOON, Phones { lost: Some(Channel::Voice), ..Phones::default() });
    meet(&mut world, &Channel::ALL);
    world.publish(contact(1));
    let failed = world.published::<ContactFailed>();
    assert_eq!((failed.len(), world.published::<ContactSend>().len()), (1, 1));
    assert!(failed[0].uncertain.is_some());
    world.publish(about(2));
    assert_eq!(world.published::<ContactSend>()[1].channel, Channel::Sms, "it may have rung");
}

#[test]
fn a_contact_asked_for_twice_is_made_once() {
    let mut world = world(NOON, &Channel::ALL);
    (0..3).for_each(|_| world.publish(contact(1)));
    world.publish(contact(2));
    world.publish(contact(1));
    let steps: Vec<String> =
        world.published::<CustomerContacted>().into_iter().map(|said| said.step).collect();
    assert_eq!(steps, ["contact-1", "contact-2"]);
}

#[test]
fn a_newer_contact_takes_the_place_of_one_that_waits() {
    let mut world = world(NIGHT, &Channel::ALL);
    (1..=2).for_each(|number| world.publish(contact(number)));
    world.advance(HOUR * 24);
    assert_eq!(world.published::<ContactFailed>()[0].step, "contact-1");
    assert_eq!(world.published::<CustomerContacted>()[0].step, "contact-2");
    assert_eq!(reached(&world).len(), 1);
}

#[test]
fn a_contact_that_was_held_back_says_what_is_known_when_it_is_made() {
    let mut world = world(NIGHT, &Channel::ALL);
    let early = Facts { probability: finite(0.4), ..facts() };
    world.publish(ContactOwner { severity: Severity::Medium, facts: early, ..contact(1) });
    world.advance(HOUR * 7);
    world.publish(contact(1));
    assert_eq!(reached(&world), [], "it is night still");
    world.advance(HOUR * 3);
    let said = world.published::<CustomerContacted>().remove(0);
    assert!(said.text.contains("about 8 in 10") && !said.text.contains("4 in 10"), "{}", said.text);
    assert_eq!(reached(&world), [Channel::Voice], "by call, as grave as it is by now");
    world.publish(contact(1));
    assert_eq!(reached(&world).len(), 1, "once");
    assert_eq!(world.published::<ContactFailed>(), []);
}

#[test]
fn the_chosen_offer_is_named() {
    let mut world = world(NOON, &Channel::ALL);
    world.publish(contact(1));
    world.publish(reply("Thursday is fine"));
    let responded = world.published::<CustomerResponded>().remove(0);
    assert_eq!((responded.intent, responded.case), (Intent::ChooseSlot, case(1)));
    assert_eq!(responded.offer, Some(contact(1).slots[1].offer));
    assert_eq!(responded.when.unwrap().words, "Thursday");
}

#[test]
fn now_is_bad_is_no_refusal_and_tonight_is_tonight() {
    let mut world = world(NOON, &Channel::ALL);
    world.publish(contact(1));
    world.publish(reply("I don't know, now is bad. Call me tonight."));
    let responded = world.published::<CustomerResponded>().remove(0);
    assert_eq!(responded.intent, Intent::Defer);
    let when = responded.when.unwrap();
    assert_eq!((when.from, when.words.as_str()), (at("2026-03-02T12:30:00Z"), "tonight"));
}

#[test]
fn a_day_that_is_named_for_a_call_begins_in_its_morning() {
    let mut world = world(NOON, &Channel::ALL);
    world.publish(contact(1));
    let from = |world: &World| {
        let last = world.published::<CustomerResponded>().pop().unwrap();
        last.when.unwrap().from
    };
    world.publish(reply("call me tomorrow"));
    assert_eq!(from(&world), at("2026-03-03T02:30:00Z"), "at 08:00");
    world.publish(reply("call me at 10 pm"));
    assert_eq!(from(&world), at(NIGHT), "as the owner wants it");
}

#[test]
fn a_callback_comes_at_night_only_where_the_owner_named_that_time() {
    let callback = ContactOwner { asked_for: true, ..contact(2) };
    for (text, reached_at_night) in [("call me at 10 pm", 1), ("call me later", 0)] {
        let mut world = world(NOON, &Channel::ALL);
        world.publish(contact(1));
        world.publish(reply(text));
        world.advance(HOUR * 10 + HOUR / 2);
        world.publish(callback.clone());
        assert_eq!(reached(&world).len(), 1 + reached_at_night, "{text}");
        let (sent, now) = (world.published::<ContactSend>(), world.conductor().now());
        let promised = sent.iter().filter(|sent| sent.is_promised(now)).count();
        assert_eq!(promised, reached_at_night, "{text}");
        world.advance(HOUR * 24);
        assert_eq!(reached(&world), [Channel::Voice; 2], "{text}");
    }
}

#[test]
fn who_wants_no_contact_gets_none_any_more() {
    let mut world = world(NOON, &Channel::ALL);
    world.publish(contact(1));
    world.publish(reply("Stop calling me!"));
    let changed = world.published::<ConsentChanged>();
    assert_eq!(changed.len(), 1);
    assert_eq!((changed[0].revoked.as_slice(), changed[0].granted.len()), (&Channel::ALL[..], 0));
    assert!(changed[0].reason.contains("Stop calling me!"), "{}", changed[0].reason);
    assert_eq!(responded(&world), [Intent::OptOut]);
    world.publish(ContactOwner { severity: Severity::Emergency, ..contact(2) });
    assert_eq!(suppressed(&world), [SuppressedReason::NoConsent]);
    assert_eq!(reached(&world).len(), 1);
}

#[test]
fn what_nobody_knows_the_cost_of_is_spoken_of_without_figures() {
    let mut world = world(NOON, &Channel::ALL);
    let facts = Facts { costs: None, ..facts() };
    world.publish(ContactOwner { facts, ..contact(1) });
    world.publish(reply("How much is it?"));
    let said = world.published::<CustomerContacted>();
    assert_eq!(said.len(), 2);
    assert!(said[0].text.contains("We recommend a visit to the workshop."), "{}", said[0].text);
    assert!(said[1].text.contains("We do not know what it will cost"), "{}", said[1].text);
    assert!(said.iter().all(|said| !said.text.contains("rupees")));
}

#[test]
fn a_question_is_answered_where_it_was_asked_at_any_hour() {
    let mut world = world(NOON, &Channel::ALL);
    world.publish(contact(1));
    world.advance(HOUR * 12);
    world.publish(reply("How much is it?"));
    let sent = world.published::<ContactSend>().pop().unwrap();
    assert_eq!((sent.channel, sent.asked_for), (Channel::Sms, true));
    assert!(sent.text.contains("3,000 to 8,000 rupees"), "{}", sent.text);
    let said = world.published::<CustomerContacted>().pop().unwrap();
    assert_eq!(said.step, "contact-1-answer-1");
    world.publish(consent(&[], &[Channel::Sms]));
    world.publish(reply("Is it safe to drive?"));
    assert_eq!(reached(&world), [Channel::Voice, Channel::Sms, Channel::Voice], "where it may");
}

#[test]
fn an_owner_who_is_not_understood_is_asked_twice_and_then_no_more() {
    let mut world = world(NOON, &Channel::ALL);
    world.publish(contact(1));
    (0..4).for_each(|_| world.publish(reply("hmm")));
    assert_eq!(responded(&world), [Intent::Unclear; 4]);
    assert_eq!(reached(&world).len(), 3, "the contact and two clarifications");
    let told = ContactOwner { purpose: Purpose::PostServiceFeedback, ..contact(2) };
    world.publish(told);
    world.publish(reply("The seats are clean now."));
    assert_eq!(reached(&world).len(), 4, "what was said about the work needs no answer");
}

#[test]
fn a_reply_that_may_be_about_two_cases_decides_neither() {
    let mut world = world(NOON, &Channel::ALL);
    world.publish(about(1));
    world.advance(HOUR);
    world.publish(about(2));
    let unnamed = |text: &str| CustomerReplied { case: None, ..reply(text) };
    world.publish(unnamed("Thursday is fine"));
    assert_eq!(responded(&world), [Intent::Unclear]);
    world.publish(unnamed("Thursday is fine"));
    let last = world.published::<CustomerResponded>().pop().unwrap();
    assert_eq!((last.case, last.intent), (case(2), Intent::ChooseSlot), "the one asked about");
}

#[test]
fn a_reply_without_a_case_is_about_the_one_that_is_open() {
    let mut world = world(NOON, &Channel::ALL);
    world.publish(contact(1));
    world.publish(CustomerReplied { case: None, ..reply("yes please, the first one") });
    assert_eq!(responded(&world), [Intent::ChooseSlot]);
}

#[test]
fn a_reply_about_nothing_is_passed_over_but_the_wish_to_be_left_alone_counts() {
    let mut world = world(NOON, &Channel::ALL);
    for case in [None, Some(case(9))] {
        world.publish(CustomerReplied { case, ..reply("Yes, book it") });
    }
    assert_eq!((responded(&world), world.dead().len()), (vec![], 0));
    world.publish(CustomerReplied { case: None, ..reply("unsubscribe") });
    assert_eq!(world.published::<ConsentChanged>().len(), 1);
    world.publish(contact(1));
    assert_eq!(suppressed(&world), [SuppressedReason::NoConsent]);
}

#[test]
fn a_reply_that_comes_while_a_contact_waits_makes_it_needless() {
    let mut world = world(NIGHT, &Channel::ALL);
    world.publish(contact(1));
    world.publish(reply("not interested"));
    world.advance(HOUR * 24);
    assert_eq!((reached(&world), responded(&world)), (vec![], vec![Intent::Decline]));
}

#[test]
fn a_case_is_forgotten_after_a_while_and_late_replies_find_nothing() {
    let mut world = world(NOON, &Channel::ALL);
    world.publish(contact(1));
    world.publish(reply("later"));
    let dialogues = |world: &mut World| {
        let state = world.state::<Engagement>(OWNER).expect("the owner is known");
        state["dialogues"].as_object().expect("dialogues by case").len()
    };
    assert_eq!(dialogues(&mut world), 1);
    world.advance(Config::default().dialogue_kept.duration());
    assert_eq!(dialogues(&mut world), 0);
    world.publish(reply("yes"));
    assert_eq!(responded(&world), [Intent::Defer]);
    let state = world.state::<Engagement>(OWNER).unwrap();
    assert_eq!(state["called_at"].as_object().map(serde_json::Map::len), Some(0), "{state}");
}

#[test]
fn an_agent_killed_in_between_contacts_nobody_twice() {
    let mut world = world(NIGHT, &Channel::ALL);
    world.publish(contact(1));
    world.kill::<Engagement>();
    world.advance(HOUR * 5);
    world.kill::<Engagement>();
    world.kill_effects();
    world.advance(HOUR * 24);
    world.kill::<Engagement>();
    world.publish(reply("Yes, tomorrow morning is fine"));
    assert_eq!(reached(&world), [Channel::Voice]);
    assert_eq!(world.published::<CustomerResponded>().len(), 1);
}

#[test]
fn what_is_remembered_of_an_owner_is_bounded() {
    let mut world = world(NOON, &Channel::ALL);
    for number in 0..=u32::try_from(super::DIALOGUES_MAX).unwrap() {
        world.append(&ContactOwner { purpose: Purpose::BookingConfirmed, ..about(number) });
        if number.is_multiple_of(64) {
            world.settle();
        }
    }
    world.settle();
    let state = world.state::<Engagement>(OWNER).unwrap();
    let kept = state["dialogues"].as_object().unwrap().len();
    assert_eq!((kept, world.dead().len()), (super::DIALOGUES_MAX, 0));
    let step = "x".repeat(super::STEP_BYTES_MAX + 1);
    world.publish(ContactOwner { step, ..contact(1) });
    assert_eq!(world.dead().len(), 1);
}
