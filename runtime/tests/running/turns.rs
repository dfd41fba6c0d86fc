//! What a turn promises, shown on two small agents in a world where things go wrong.

use crate::agents::{self, Counter, Noted, Rang, Summed, Tally, note};
use messages::dead::Cause;
use messages::telemetry::Telemetry;
use messages::{Envelope, Message, MessageId, Stream};
use runtime::conductor::Faults;
use runtime::testkit::World;
use std::collections::BTreeMap;
use std::time::Duration;

/// Worlds per property.
const SEEDS: u64 = 200;

fn turbulent(seed: u64) -> Faults {
    Faults { seed, duplicate: 0.2, reorder: 64, kill_before_commit: 0.1, kill_after_commit: 0.1 }
}

/// Notes over a few keys, some of them poison, read in lots so that there are turns to disturb.
fn world(seed: u64, faults: Option<Faults>) -> World {
    let mut world = World::seeded(seed).agent::<Counter>(Default::default());
    world = world.agent::<Tally>(Default::default());
    if let Some(faults) = faults {
        world = world.faults(faults);
    }
    for number in 0..300_i64 {
        let value = if number % 29 == 7 { agents::PANICS - number % 3 } else { number };
        world.append(&note(&format!("key-{}", number % 5), value));
        world.append(&agents::frame(&format!("asset-{}", number % 7), number));
        if number % 25 == 24 {
            world.settle();
        }
    }
    world.settle();
    world.advance(Duration::from_secs(3600));
    world.drain();
    world
}

#[test]
fn states_are_those_of_one_ordered_pass_whatever_is_delivered_twice_late_or_killed() {
    let mut totals = [0; 4];
    for seed in 0..SEEDS {
        let mut calm = world(seed, None);
        let mut rough = world(seed, Some(turbulent(seed)));
        assert_eq!(calm.states(), rough.states(), "seed {seed}");
        let happened = rough.misfortunes();
        for (total, count) in totals.iter_mut().zip([
            happened.duplicates,
            happened.reordered,
            happened.kills_before_commit,
            happened.kills_after_commit,
        ]) {
            *total += count;
        }
    }
    assert!(totals.iter().all(|total| *total > SEEDS), "every misfortune happened: {totals:?}");
}

#[test]
fn nothing_is_said_twice_and_nothing_is_left_unsaid() {
    for seed in 0..SEEDS / 4 {
        let calm = world(seed, None);
        let rough = world(seed, Some(turbulent(seed)));
        for stream in [Stream::Health, Stream::Dead] {
            let ids = |world: &World| -> Vec<_> {
                let mut ids: Vec<_> =
                    world.envelopes(stream).iter().map(|envelope| envelope.id).collect();
                ids.sort();
                ids
            };
            assert_eq!(ids(&calm), ids(&rough), "seed {seed}, {stream}");
        }
        let mut calm_sums = calm.published::<Summed>();
        let mut rough_sums = rough.published::<Summed>();
        calm_sums.sort_by_key(|summed| (summed.key.clone(), summed.count));
        rough_sums.sort_by_key(|summed| (summed.key.clone(), summed.count));
        assert_eq!(calm_sums, rough_sums, "seed {seed}");
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_other_decisions() {
    let trace = |seed| world(seed, Some(turbulent(seed))).trace();
    assert_eq!(trace(1), trace(1));
    let decisions = |seed| -> Vec<i64> {
        let world = world(seed, None);
        world.published::<Summed>().iter().map(|summed| summed.lot).collect()
    };
    assert_eq!(decisions(1), decisions(1));
    assert_ne!(decisions(1), decisions(2));
}

#[test]
fn a_rejected_message_is_set_aside_and_leaves_the_memory_as_it_was() {
    let mut world = World::seeded(7).agent::<Counter>(Default::default());
    world.publish(note("a", 1));
    world.publish(note("a", agents::REJECTED));
    world.publish(note("a", 2));
    let last = world.published::<Summed>().pop().expect("two sums");
    assert_eq!((last.sum, last.count), (3, 2));
    let dead = world.dead();
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].cause, Cause::Rejected);
    assert_eq!(dead[0].original.open::<Noted>().unwrap(), note("a", agents::REJECTED));
}

#[test]
fn a_panic_harms_neither_its_key_nor_its_neighbours() {
    let mut world = World::seeded(7).agent::<Counter>(Default::default());
    for (key, value) in [("a", 1), ("b", 10), ("a", agents::PANICS), ("a", 2), ("b", 20)] {
        world.append(&note(key, value));
    }
    world.settle();
    let sums: Vec<(String, i64)> =
        world.published::<Summed>().into_iter().map(|summed| (summed.key, summed.sum)).collect();
    let expected = [("a", 1), ("b", 10), ("a", 3), ("b", 30)];
    assert_eq!(sums, expected.map(|(key, sum)| (key.to_owned(), sum)));
    assert_eq!(world.dead()[0].cause, Cause::Faulted);
    let (_, observed) = world.observations().remove(0);
    assert_eq!(observed.incarnation, 2, "configured once, rebuilt once");
}

#[test]
fn a_message_that_is_not_what_its_name_says_is_set_aside() {
    let mut world = World::seeded(7).agent::<Counter>(Default::default());
    world.publish(note("a", 1));
    let mut envelope = (*world.envelopes(Stream::Log)[1]).clone();
    assert_eq!(envelope.name, Noted::NAME);
    envelope.id = messages::MessageId::named("test", "damaged");
    envelope.data = envelope.data.slice(..envelope.data.len() - 1);
    world.append_envelope(envelope);
    world.settle();
    assert_eq!(world.dead()[0].cause, Cause::Undecodable);
}

#[test]
fn saying_what_was_not_declared_is_a_fault_and_says_nothing() {
    let mut world = World::seeded(7).agent::<Counter>(Default::default());
    world.publish(note("a", agents::UNDECLARED));
    assert!(world.dead()[0].reason.contains("without declaring it"));
    assert!(world.published::<agents::Secret>().is_empty());
}

#[test]
fn a_timer_rings_once_and_an_overtaken_one_never() {
    let mut world = World::seeded(7).agent::<Counter>(Default::default());
    world.publish(note("a", 1));
    world.advance(agents::SILENCE_MAX - Duration::from_secs(1));
    world.publish(note("a", 2));
    world.advance(Duration::from_secs(2));
    assert!(world.published::<Rang>().is_empty(), "the second note armed it anew");
    world.advance(agents::SILENCE_MAX * 3);
    assert_eq!(world.published::<Rang>().len(), 1);
}

#[test]
fn a_timer_survives_its_host_and_rings_late_rather_than_never() {
    let mut world = World::seeded(7).agent::<Counter>(Default::default());
    world.publish(note("a", 1));
    world.kill::<Counter>();
    world.advance(agents::SILENCE_MAX * 2);
    assert_eq!(world.published::<Rang>().len(), 1);
    world.kill::<Counter>();
    world.advance(agents::SILENCE_MAX * 2);
    assert_eq!(world.published::<Rang>().len(), 1);
}

#[test]
fn a_firing_goes_on_with_the_trace_of_what_armed_it_also_after_a_restart() {
    let trace =
        |digit: char| Some(format!("00-{}-b7ad6b7169203331-01", digit.to_string().repeat(32)));
    let armed = |key: &str, traceparent: Option<String>| {
        let id = MessageId::named("trace", key);
        let envelope = Envelope::new(id, "test", &note(key, 1)).unwrap();
        Envelope { traceparent, ..envelope }
    };
    let mut world = World::seeded(7).agent::<Counter>(Default::default());
    world.append_envelope(armed("a", trace('a')));
    world.append_envelope(armed("b", trace('b')));
    world.append_envelope(armed("c", None));
    world.settle();
    world.kill::<Counter>();
    world.advance(agents::SILENCE_MAX * 2);
    let log = world.envelopes(Stream::Log);
    let of = |name: &str| {
        let named = log.iter().filter(|it| it.name == name);
        named.map(|it| (it.key.clone(), it.traceparent.clone())).collect::<BTreeMap<_, _>>()
    };
    let expected = [("a", trace('a')), ("b", trace('b')), ("c", None)];
    let expected: BTreeMap<String, Option<String>> =
        expected.into_iter().map(|(key, trace)| (key.to_owned(), trace)).collect();
    assert_eq!(of("timer.fired"), expected);
    assert_eq!(of(Rang::NAME), expected);
}

#[test]
fn a_firing_read_after_a_new_arming_is_stale() {
    let mut world = World::seeded(7).agent::<Counter>(Default::default());
    world.publish(note("a", 1));
    world.publish(note("a", 2));
    let fired = runtime::timers::TimerFired {
        agent: "counter".to_owned(),
        key: "a".to_owned(),
        timer: "check".to_owned(),
        generation: 1,
    };
    world.publish(fired);
    assert!(world.published::<Rang>().is_empty());
    let (_, observed) = world.observations().remove(0);
    assert_eq!(observed.stale_timers, 1);
}

#[test]
fn every_record_offered_is_accounted_for() {
    for seed in 0..20 {
        let mut world = world(
            seed,
            Some(Faults { kill_before_commit: 0.0, kill_after_commit: 0.0, ..turbulent(seed) }),
        );
        for (host, seen) in world.observations() {
            let accounted = seen.handled
                + seen.ignored
                + seen.duplicates
                + seen.applied_before
                + seen.stale_timers
                + seen.dead_lettered
                + seen.in_flight;
            assert_eq!(seen.received, accounted, "{host}: {seen:?}");
            assert_eq!(seen.in_flight, 0, "{host}");
        }
    }
}

#[test]
fn what_rests_on_simulation_is_marked_as_simulated() {
    let mut world = World::seeded(7).agent::<Counter>(Default::default());
    world.publish(note("a", 1));
    let said = world.envelopes(Stream::Log);
    let summed = said.iter().find(|envelope| envelope.name == Summed::NAME).expect("a sum");
    assert_eq!(summed.provenance, messages::Provenance::Simulated);
    assert_eq!(summed.causation_id, Some(said[1].id));
}

#[test]
fn telemetry_and_registry_reach_the_same_host_in_the_order_of_their_appending() {
    let mut world = World::seeded(7).agent::<Tally>(Default::default());
    world.publish(agents::registered("asset-1"));
    world.publish(agents::frame("asset-1", 4));
    let state = world.state::<Tally>("asset-1").expect("a state");
    assert_eq!(state["registered"], true);
    assert_eq!(state["samples"], 1);
    assert_eq!(
        world.envelopes(Stream::Telemetry).iter().filter(|e| e.name == Telemetry::NAME).count(),
        1
    );
}
