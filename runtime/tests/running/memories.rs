//! What a memory may grow to, and what becomes of the message that would make it larger.

use crate::agents::NoConfig;
use messages::dead::Cause;
use messages::record::RECORD_BYTES_MAX;
use messages::{Class, Message, Record};
use runtime::engine::{FAULTS_IN_A_ROW_MAX, REASON_BYTES_MAX};
use runtime::testkit::World;
use runtime::{Agent, AgentResult, ConfigError, Ctx, Handle, Models, Wiring};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The hoard of `key` becomes larger by so many bytes, or smaller.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Brought {
    key: String,
    bytes: i64,
}

impl Record for Brought {
    const SCHEMA: u16 = 60_201;
}

impl Message for Brought {
    const NAME: &'static str = "test.brought";
    const CLASS: Class = Class::Event;
    fn key(&self) -> &str {
        &self.key
    }
}

/// Makes the handler panic with a text of many bytes.
const PANICS: i64 = i64::MAX;
/// More than half of what a memory may have.
const MUCH: i64 = 150 * 1024;

/// Keeps whatever it is brought.
struct Hoard<const CHECKPOINTS: bool>;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Things {
    times: u64,
    things: Vec<u8>,
}

impl Record for Things {
    const SCHEMA: u16 = 60_202;
}

impl<const CHECKPOINTS: bool> Agent for Hoard<CHECKPOINTS> {
    const KIND: &'static str = "hoard";
    type Config = NoConfig;
    type State = Things;

    fn new(_config: NoConfig, _models: &Models) -> Result<Self, ConfigError> {
        Ok(Self)
    }

    fn wiring(wiring: &mut Wiring<Self>) {
        wiring.on::<Brought>().key(|brought| &brought.key);
        if CHECKPOINTS {
            wiring.checkpoints(Duration::from_secs(60));
        }
    }
}

impl<const CHECKPOINTS: bool> Handle<Brought> for Hoard<CHECKPOINTS> {
    fn handle(
        &self,
        hoard: &mut Things,
        brought: &Brought,
        _ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        assert!(brought.bytes != PANICS, "{}", "ä".repeat(RECORD_BYTES_MAX));
        let bytes = hoard.things.len() as i64 + brought.bytes;
        hoard.things.resize(usize::try_from(bytes).expect("not taken away twice"), 7);
        hoard.times += 1;
        Ok(())
    }
}

fn brought(key: &str, bytes: i64) -> Brought {
    Brought { key: key.to_owned(), bytes }
}

fn times<const CHECKPOINTS: bool>(world: &mut World, key: &str) -> serde_json::Value {
    world.state::<Hoard<CHECKPOINTS>>(key).expect("a state")["times"].clone()
}

fn grow_too_large<const CHECKPOINTS: bool>() {
    let mut world = World::seeded(7).agent::<Hoard<CHECKPOINTS>>(NoConfig {});
    let much = brought("a", MUCH);
    for brought in [&much, &brought("b", 1), &much, &brought("a", 1), &brought("b", 1)] {
        world.append(brought);
    }
    world.settle();
    let dead = world.dead();
    assert_eq!(dead.len(), 1, "the second `much` alone");
    assert_eq!((dead[0].cause, dead[0].position.sequence), (Cause::Faulted, 4));
    assert!(dead[0].reason.contains("would not fit"), "{}", dead[0].reason);
    assert_eq!(times::<CHECKPOINTS>(&mut world, "a"), 2);
    assert_eq!(times::<CHECKPOINTS>(&mut world, "b"), 2);

    // However often it is tried, the host is not to blame.
    let often = FAULTS_IN_A_ROW_MAX + 1;
    for _ in 0..often {
        world.append(&much);
    }
    world.settle();
    assert_eq!(world.dead().len() as u32, 1 + often);
    world.drain();
    world.kill::<Hoard<CHECKPOINTS>>();
    world.publish(brought("a", -MUCH));
    world.publish(much);
    assert_eq!(times::<CHECKPOINTS>(&mut world, "a"), 4, "there is room again");
}

#[test]
fn a_memory_that_would_not_fit_is_undone_and_its_neighbours_go_on() {
    grow_too_large::<false>();
    grow_too_large::<true>();
}

#[test]
fn whether_a_memory_fits_does_not_depend_on_what_else_is_in_the_turn() {
    let states = |settled: bool| {
        let mut world = World::seeded(7).agent::<Hoard<true>>(NoConfig {});
        for bytes in [MUCH, MUCH, -MUCH, 1, MUCH] {
            world.append(&brought("a", bytes));
            if settled {
                world.settle();
            }
        }
        (world.states(), world.dead().len())
    };
    assert_eq!(states(true), states(false));
    assert_eq!(states(true).1, 1);
}

#[test]
fn a_memory_may_be_as_large_as_it_can_be_stored_and_no_larger() {
    let holds = |bytes: i64| {
        let mut world = World::seeded(7).agent::<Hoard<false>>(NoConfig {});
        world.publish(brought("a", bytes));
        let fits = world.dead().is_empty();
        // Set aside or not, the next message is noted in the same memory and saved with it.
        world.publish(brought("a", MUCH));
        world.drain();
        fits
    };
    let most = RECORD_BYTES_MAX as i64;
    let largest = (most - 64..=most).rev().find(|bytes| holds(*bytes)).expect("some size fits");
    assert!((most - 64..most).contains(&largest), "{largest}");
}

#[test]
fn a_panic_of_many_words_is_cut_and_its_message_set_aside() {
    let mut world = World::seeded(7).agent::<Hoard<false>>(NoConfig {});
    world.publish(brought("a", PANICS));
    world.publish(brought("a", 1));
    let dead = world.dead();
    assert_eq!(dead.len(), 1);
    assert!(dead[0].reason.starts_with("fault: panicked: ää"), "{}", &dead[0].reason[..40]);
    assert!((REASON_BYTES_MAX - 1..=REASON_BYTES_MAX).contains(&dead[0].reason.len()));
    assert_eq!(times::<false>(&mut world, "a"), 1);
}
