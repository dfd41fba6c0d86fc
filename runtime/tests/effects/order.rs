//! Which effect comes first, how many may wait, and what happens to one that comes too late or twice.

use crate::provider::{Provider, Way};
use crate::ringer::{Ring, Wanted, after, done, envelope, heard, wanted, world};
use messages::Provenance;
use messages::effect::{Conclusion, EffectConcluded, Policy};
use messages::prediction::Severity;
use runtime::effects::{Counts, QUEUE_INTENTS_MAX};
use runtime::testkit::World;
use std::collections::BTreeSet;
use std::time::Duration;

fn counts(world: &mut World) -> Counts {
    world.conductor().ledger().unwrap().counts().clone()
}

#[test]
fn the_more_urgent_comes_first_and_equals_in_the_order_of_the_log() {
    let provider = Provider::of(Policy::AtMostOnce);
    let mut world = world(provider.clone());
    let urgencies =
        [Severity::Low, Severity::Emergency, Severity::High, Severity::Low, Severity::Emergency];
    for (number, urgency) in urgencies.into_iter().enumerate() {
        world.append(&Wanted { urgency, ..wanted(&number.to_string()) });
    }
    world.settle();
    assert_eq!(provider.book().calls, ["1", "4", "2", "0", "3"]);
}

#[test]
fn what_is_too_late_is_not_begun() {
    let provider = Provider::of(Policy::AtMostOnce);
    let mut world = world(provider.clone());
    world.publish(Wanted { expires_at: after(0), ..wanted("case:1") });
    assert_eq!(heard(&world), [Conclusion::Expired]);
    assert_eq!(provider.book().calls.len(), 0);
}

#[test]
fn what_expires_between_two_attempts_ends_with_the_last_failure() {
    let provider = Provider::of(Policy::AtMostOnce).going(&[Way::Unreached; 9]);
    let mut world = world(provider);
    world.publish(Wanted { expires_at: after(3), ..wanted("case:1") });
    world.advance(Duration::from_secs(2));
    assert_eq!(heard(&world), []);
    world.advance(Duration::from_secs(1));
    assert_eq!(heard(&world), [Conclusion::Unreachable { reason: "Unreached".to_owned() }]);
}

#[test]
fn two_intents_under_one_key_are_one_effect() {
    let provider = Provider::of(Policy::AtMostOnce).going(&[Way::Unreached]);
    let mut world = world(provider.clone());
    world.append(&wanted("case:1"));
    world.append(&wanted("case:1"));
    world.settle();
    assert_eq!(heard(&world), [], "the second waits for the first");
    world.advance(Duration::from_secs(1));
    world.publish(wanted("case:1"));
    world.kill_effects();
    world.publish(wanted("case:1"));
    assert_eq!(heard(&world), [done(), done(), done(), done()]);
    assert_eq!(provider.book().calls, ["case:1"]);
    let attempts: Vec<u32> =
        world.published::<EffectConcluded>().iter().map(|concluded| concluded.attempts).collect();
    assert_eq!(attempts, [2, 0, 0, 0]);
    assert_eq!(counts(&mut world).repeated, 3);
}

#[test]
fn more_than_may_wait_stay_on_the_log_and_are_done_later_the_urgent_first() {
    const BEYOND: usize = 500;
    let provider = Provider::of(Policy::AtMostOnce);
    let mut world = world(provider.clone());
    for number in 0..QUEUE_INTENTS_MAX + BEYOND {
        let late = number >= QUEUE_INTENTS_MAX + BEYOND - 10;
        let Wanted { key, effect_key, case, expires_at, .. } = wanted(&number.to_string());
        let urgency = if late { Severity::Critical } else { Severity::Low };
        let ring = Ring { key, effect_key, case, urgency, expires_at };
        world.append_envelope(envelope(number as u64, &ring, Provenance::Measured));
    }
    world.settle();
    let counts = counts(&mut world);
    assert_eq!(counts.overflowed, BEYOND as u64);
    assert_eq!(counts.accepted, (QUEUE_INTENTS_MAX + BEYOND) as u64);
    let book = provider.book();
    assert_eq!(book.calls.len(), QUEUE_INTENTS_MAX + BEYOND);
    let first: BTreeSet<usize> =
        book.calls[..10].iter().map(|call| call.parse().unwrap()).collect();
    assert!(first.iter().all(|number| *number >= QUEUE_INTENTS_MAX), "{first:?}");
    drop(book);
    world.kill_effects();
    world.settle();
    assert_eq!(
        provider.book().calls.len(),
        QUEUE_INTENTS_MAX + BEYOND,
        "reading again calls nobody"
    );
}
