//! Every policy against every instant at which the ledger can end, judged by the provider's own book.

use crate::provider::{Provider, Way};
use crate::ringer::{Heard, done, heard, is_uncertain, wanted, world};
use messages::effect::{EffectAttempted, EffectConcluded, Policy};
use runtime::conductor::{CrashPoint, Faults, Moment, Work};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

/// Calls, work done and questions that the provider's book must show, and whether the end is certain.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    calls: usize,
    work: u32,
    asked: u32,
    certain: bool,
}

fn seen(calls: usize, work: u32, asked: u32, certain: bool) -> Seen {
    Seen { calls, work, asked, certain }
}

/// What must be seen when the ledger ends at `moment`.
fn promised(policy: Policy, moment: Moment) -> Seen {
    match (policy, moment) {
        (_, Moment::BeforeAttempted | Moment::AfterConcluded) => seen(1, 1, 0, true),
        (Policy::Repeatable | Policy::IdempotentRetry, Moment::AfterAttempted) => {
            seen(1, 1, 0, true)
        }
        (Policy::Repeatable, Moment::AfterCall) => seen(2, 2, 0, true),
        (Policy::IdempotentRetry, Moment::AfterCall) => seen(2, 1, 0, true),
        (Policy::QueryThenRetry, _) => seen(1, 1, 1, true),
        (Policy::AtMostOnce, Moment::AfterAttempted) => seen(0, 0, 0, false),
        (Policy::AtMostOnce, Moment::AfterCall) => seen(1, 1, 0, false),
    }
}

const POLICIES: [Policy; 4] =
    [Policy::Repeatable, Policy::IdempotentRetry, Policy::QueryThenRetry, Policy::AtMostOnce];

fn rung(policy: Policy, moment: Moment, everything: bool) -> (Seen, u64) {
    let provider = Provider::of(policy);
    let mut world = world(provider.clone());
    if everything {
        world.crash_at(CrashPoint::Effect(moment));
    } else {
        world.kill_effects_at(moment);
    }
    world.publish(wanted("case:1"));
    world.advance(HOUR);
    let concluded = world.published::<EffectConcluded>();
    assert_eq!(concluded.len(), 1, "{policy:?} at {moment:?}: concluded once");
    assert_eq!(world.published::<Heard>().len(), 1, "{policy:?} at {moment:?}: heard once");
    let certain = !is_uncertain(&concluded[0].conclusion);
    let book = provider.book();
    let seen = seen(book.calls.len(), book.work(), book.asked, certain);
    drop(book);
    let misfortunes = world.misfortunes();
    (seen, misfortunes.kills_of_effects + misfortunes.crashes)
}

fn keeps(policy: Policy) {
    for moment in Moment::ALL {
        for everything in [false, true] {
            let (seen, kills) = rung(policy, moment, everything);
            assert_eq!(kills, 1, "{policy:?}: the ledger came to {moment:?}");
            assert_eq!(seen, promised(policy, moment), "{policy:?} at {moment:?}");
        }
    }
}

#[test]
fn a_repeatable_effect_is_called_again_after_a_crash() {
    keeps(Policy::Repeatable);
}

#[test]
fn a_provider_that_takes_keys_is_called_again_after_a_crash_and_does_it_once() {
    keeps(Policy::IdempotentRetry);
}

#[test]
fn a_provider_that_can_be_asked_is_asked_first_after_a_crash() {
    keeps(Policy::QueryThenRetry);
}

#[test]
fn what_may_have_happened_once_is_never_tried_again() {
    keeps(Policy::AtMostOnce);
}

#[test]
fn everything_may_end_at_any_instant_and_it_is_done_once() {
    for point in CrashPoint::ALL {
        let provider = Provider::of(Policy::QueryThenRetry);
        let mut world = world(provider.clone());
        world.publish(wanted("case:1"));
        world.crash_at(point);
        world.publish(wanted("case:2"));
        world.advance(HOUR);
        assert_eq!(heard(&world), [done(), done()], "{point}");
        assert_eq!(provider.book().work(), 2, "{point}");
        let works = [Work::Timer, Work::Checkpoint];
        let comes = !works
            .iter()
            .any(|it| point == CrashPoint::Before(*it) || point == CrashPoint::After(*it));
        assert_eq!(world.misfortunes().crashes, u64::from(comes), "{point}");
    }
}

#[test]
fn nobody_is_called_before_the_attempt_is_durable() {
    let provider = Provider::of(Policy::AtMostOnce);
    let mut world = world(provider.clone());
    world.kill_effects_at(Moment::BeforeAttempted);
    world.append(&wanted("case:1"));
    // The kill is the only thing that happens to the effect before this looks.
    world.settle();
    assert_eq!(provider.book().calls.len(), world.published::<EffectAttempted>().len());
    assert_eq!(heard(&world), [done()]);
}

#[test]
fn a_lost_reply_is_treated_like_a_crash_after_the_call() {
    for policy in POLICIES {
        let provider = Provider::of(policy).going(&[Way::DoneUnsaid]);
        let mut world = world(provider.clone());
        world.publish(wanted("case:1"));
        world.advance(HOUR);
        let certain = !is_uncertain(&heard(&world)[0]);
        let book = provider.book();
        let seen = seen(book.calls.len(), book.work(), book.asked, certain);
        assert_eq!(seen, promised(policy, Moment::AfterCall), "{policy:?}");
    }
}

#[test]
fn replaying_the_log_calls_nobody_and_says_nothing() {
    for policy in POLICIES {
        let provider = Provider::of(policy).going(&[Way::Done, Way::Refused, Way::DoneUnsaid]);
        let mut world = world(provider.clone());
        for number in 0..3 {
            world.publish(wanted(&format!("case:{number}")));
        }
        world.advance(HOUR);
        let known = provider.calls_and_questions();
        let trace = world.trace();
        for _ in 0..3 {
            world.kill_effects();
            world.settle();
            world.advance(HOUR);
        }
        assert_eq!(provider.calls_and_questions(), known);
        assert_eq!(world.trace(), trace, "{policy:?}");
    }
}

fn turbulent(seed: u64) -> Faults {
    Faults { seed, duplicate: 0.2, reorder: 16, kill_before_commit: 0.15, kill_after_commit: 0.15 }
}

/// Twenty effects among kills; what the log says and what the provider's book says.
fn rough(policy: Policy, seed: u64) -> (String, Provider, u64) {
    let provider = Provider::of(policy);
    let mut world = world(provider.clone()).faults(turbulent(seed));
    for number in 0..20 {
        world.append(&wanted(&format!("case:{number}")));
    }
    world.settle();
    world.advance(24 * HOUR);
    let concluded = world.published::<EffectConcluded>();
    assert_eq!(concluded.len(), 20, "each is concluded once");
    for concluded in concluded {
        let times = provider.book().done.get(&concluded.effect_key).copied().unwrap_or(0);
        let accepted = concluded.conclusion == done();
        assert!(times == 1 || !accepted, "{policy:?} {concluded:?}: done {times} times");
        assert!(times <= 1, "{policy:?} {concluded:?}: done {times} times");
    }
    let data: Vec<String> = world
        .envelopes(messages::Stream::Log)
        .iter()
        .map(|envelope| format!("{envelope:?}"))
        .collect();
    (data.join("\n"), provider, world.misfortunes().kills_of_effects)
}

#[test]
fn nothing_is_done_twice_among_kills_at_random_and_the_same_seed_gives_the_same_log() {
    for policy in [Policy::IdempotentRetry, Policy::QueryThenRetry, Policy::AtMostOnce] {
        let mut kills = 0;
        for seed in 0..8 {
            let (log, _, killed) = rough(policy, seed);
            let (again, _, _) = rough(policy, seed);
            assert_eq!(log, again, "{policy:?}, seed {seed}");
            kills += killed;
        }
        assert!(kills > 20, "{policy:?}: {kills} kills");
    }
}
