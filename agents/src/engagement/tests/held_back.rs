//! What waits for the morning: it may come too late, be withdrawn, or not be allowed any more.

use super::*;

#[test]
fn what_is_withdrawn_by_night_is_not_said_in_the_morning() {
    let mut world = world(NIGHT, &Channel::ALL);
    world.publish(contact(1));
    let ContactOwner { case, asset, owner, .. } = contact(1);
    let withdrawn = WithdrawContact { case, asset, owner, reason: "It has recovered.".into() };
    world.publish(withdrawn.clone());
    assert_eq!(suppressed(&world), [SuppressedReason::CaseEnded]);
    world.advance(HOUR * 24);
    assert_eq!(reached(&world), []);
    world.publish(withdrawn);
    assert_eq!(suppressed(&world).len(), 1, "there was nothing to withdraw");
}

#[test]
fn what_is_withdrawn_while_a_call_is_made_is_not_said_on_another_channel() {
    let failing = vec![Channel::Voice];
    let mut world = world_with(NOON, Phones { failing, lost: None });
    meet(&mut world, &Channel::ALL);
    world.append(&contact(1));
    let ContactOwner { case, asset, owner, .. } = contact(1);
    world.publish(WithdrawContact { case, asset, owner, reason: "It has recovered.".into() });
    assert_eq!((reached(&world), world.published::<ContactSend>().len()), (vec![], 1));
    assert_eq!(world.published::<ContactFailed>()[0].reason, "nobody picks up `voice`");
}

#[test]
fn a_contact_that_would_be_too_late_in_the_morning_is_a_matter_for_a_person() {
    let mut world = world(NIGHT, &Channel::ALL);
    let expires_at = at("2026-03-03T02:30:00Z");
    world.publish(ContactOwner { expires_at, ..contact(1) });
    assert_eq!(suppressed(&world), [SuppressedReason::QuietHours]);
    let until = world.published::<ContactSuppressed>().remove(0).until;
    assert_eq!(until, Some(at("2026-03-03T02:30:00Z")), "when the night is over");
    world.publish(ContactOwner { expires_at: at(NIGHT), ..contact(2) });
    assert_eq!(world.published::<ContactFailed>().len(), 1, "its time has passed already");
    world.advance(HOUR * 24);
    assert_eq!(reached(&world), []);
}

#[test]
fn consent_that_is_taken_back_at_night_holds_in_the_morning() {
    let mut world = world(NIGHT, &Channel::ALL);
    world.publish(contact(1));
    world.publish(consent(&[], &Channel::ALL));
    world.advance(HOUR * 24);
    assert_eq!((reached(&world), suppressed(&world)), (vec![], vec![SuppressedReason::NoConsent]));
}
