//! One asset with several cases: it is at one visit at a time.

use super::*;

/// Two bays at each of two centres.
fn network() -> Story {
    let mut story = Story(World::seeded(5).agent::<Scheduling>(Config::default()));
    story.0.publish(pune(2));
    story.0.publish(CentreRegistered { centre: "nashik".into(), name: "Nashik".into(), ..pune(2) });
    story
}

/// Asks for case `number` of the first asset.
fn ask(story: &mut Story, number: u8) -> SlotsOffered {
    let command = OfferSlots { asset: asset(1), ..story.question(number) };
    story.0.publish(command);
    story.0.published::<SlotsOffered>().pop().expect("an answer")
}

fn hold(story: &mut Story, number: u8, offer: OfferId) {
    let (network, case, asset) = (NETWORK.into(), case(number), asset(1));
    let expires_at = story.soon();
    story.0.publish(HoldSlot { network, case, asset, offer, expires_at });
}

#[test]
fn two_cases_of_one_asset_are_booked_one_behind_the_other_at_one_centre() {
    let mut story = network();
    for number in [1, 2] {
        let offer = ask(&mut story, number).offers[0].offer;
        hold(&mut story, number, offer);
    }
    let held = story.0.published::<BookingHeld>();
    assert_eq!(held.len(), 2);
    let (first, second) = (&held[0].slot, &held[1].slot);
    assert_eq!((second.centre.as_str(), second.from), (first.centre.as_str(), first.to));
}

#[test]
fn a_slot_that_was_offered_before_the_asset_was_booked_elsewhere_is_refused() {
    let mut story = network();
    let first = ask(&mut story, 1).offers[0].clone();
    // Another asset has the bay for a while, so that the second case is offered one beside it.
    let other = story.held(9);
    let second = ask(&mut story, 2).offers[0].clone();
    story.cancel(9, other.booking);
    assert_eq!(first.slot.from, second.slot.from);
    let place = |slot: &messages::booking::Slot| (slot.centre.clone(), slot.bay);
    assert_ne!(place(&first.slot), place(&second.slot));
    hold(&mut story, 1, first.offer);
    hold(&mut story, 2, second.offer);
    assert_eq!(story.0.published::<BookingHeld>().len(), 2, "another asset's and one of the first");
    let refused = story.0.published::<BookingRefused>().pop().expect("a refusal");
    let centre = &first.slot.centre;
    let said = format!("`VEH001` is at `{centre}` for another repair then");
    assert_eq!((refused.reason, refused.detail), (RefusedReason::SlotTaken, said));
}
