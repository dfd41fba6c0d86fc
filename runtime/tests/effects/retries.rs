//! Providers out of reach: pauses that grow, an end to trying, and what may have happened meanwhile.

use crate::provider::{Provider, Way};
use crate::ringer::{after, done, heard, is_uncertain, wanted, world};
use messages::effect::{Conclusion, EffectAttempted, Policy};
use messages::{Message, Stream, Timestamp};
use runtime::effects::{ASKS_MAX, ATTEMPTS_MAX, RETRY_PAUSE_MAX};
use runtime::testkit::World;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

fn attempted_at(world: &World) -> Vec<Timestamp> {
    let envelopes = world.envelopes(Stream::Log).into_iter();
    let attempts = envelopes.filter(|envelope| envelope.name == EffectAttempted::NAME);
    attempts.map(|envelope| envelope.time).collect()
}

#[test]
fn pauses_between_attempts_grow_and_the_last_failure_is_told() {
    let provider = Provider::of(Policy::AtMostOnce).going(&[Way::Unreached; 20]);
    let mut world = world(provider.clone());
    world.publish(wanted("case:1"));
    world.advance(DAY);
    let times = attempted_at(&world);
    assert_eq!(times.len(), ATTEMPTS_MAX as usize);
    let pauses: Vec<u64> = times.windows(2).map(|pair| pair[1].since(pair[0]).as_secs()).collect();
    assert_eq!(pauses, [1, 4, 16, 64, 256, 900, 900]);
    assert_eq!(RETRY_PAUSE_MAX.as_secs(), 900);
    assert_eq!(heard(&world), [Conclusion::Unreachable { reason: "Unreached".to_owned() }]);
    assert_eq!(provider.book().calls.len(), 0);
}

#[test]
fn a_provider_that_comes_back_is_reached() {
    let provider = Provider::of(Policy::AtMostOnce).going(&[Way::Unreached, Way::Unreached]);
    let mut world = world(provider.clone());
    world.publish(wanted("case:1"));
    world.advance(Duration::from_secs(5));
    assert_eq!(heard(&world), [done()]);
    assert_eq!(attempted_at(&world), [after(0), after(1), after(5)]);
}

#[test]
fn what_may_have_happened_is_uncertain_even_if_nobody_is_reached_afterwards() {
    let mut ways = vec![Way::DoneUnsaid];
    ways.extend([Way::Unreached; 20]);
    let provider = Provider::of(Policy::IdempotentRetry).going(&ways);
    let mut world = world(provider);
    world.publish(wanted("case:1"));
    world.advance(DAY);
    assert!(is_uncertain(&heard(&world)[0]), "{:?}", heard(&world));
}

#[test]
fn a_provider_that_never_answers_questions_leaves_it_uncertain() {
    let provider = Provider::of(Policy::QueryThenRetry).going(&[Way::LostBefore]).deaf_to(99);
    let mut world = world(provider.clone());
    world.publish(wanted("case:1"));
    world.advance(DAY);
    assert!(is_uncertain(&heard(&world)[0]), "{:?}", heard(&world));
    assert_eq!(provider.calls_and_questions(), (1, ASKS_MAX));
}

#[test]
fn what_was_asked_for_and_not_found_is_done_then() {
    let provider = Provider::of(Policy::QueryThenRetry).going(&[Way::LostBefore]).deaf_to(2);
    let mut world = world(provider.clone());
    world.publish(wanted("case:1"));
    world.advance(DAY);
    assert_eq!(heard(&world), [done()]);
    assert_eq!((provider.calls_and_questions(), provider.book().work()), ((2, 3), 1));
}

#[test]
fn a_refusal_is_final_and_a_panic_counts_as_a_lost_reply() {
    let refused = Provider::of(Policy::IdempotentRetry).going(&[Way::Refused]);
    let mut calm = world(refused.clone());
    calm.publish(wanted("case:1"));
    calm.advance(DAY);
    assert_eq!(heard(&calm), [Conclusion::Refused { reason: "Refused".to_owned() }]);
    assert_eq!(refused.book().calls.len(), 1);

    let mut rough = world(Provider::of(Policy::AtMostOnce).going(&[Way::Panics]));
    rough.publish(wanted("case:1"));
    assert!(is_uncertain(&heard(&rough)[0]), "{:?}", heard(&rough));
}

#[test]
fn a_retry_waits_its_pause_also_after_a_crash() {
    let provider = Provider::of(Policy::IdempotentRetry).going(&[Way::Unreached, Way::Unreached]);
    let mut world = world(provider);
    world.publish(wanted("case:1"));
    world.advance(Duration::from_secs(2));
    world.kill_effects();
    world.advance(Duration::from_secs(10));
    assert_eq!(attempted_at(&world), [after(0), after(1), after(5)]);
}
