//! Shows single moments of a turn that whole worlds seldom reach.

use crate::agents::NoConfig;
use messages::{Class, Envelope, Message, MessageId, Record, Stream, Timestamp};
use runtime::clock::{Clock, VirtualClock};
use runtime::committer::{Request, Writer};
use runtime::router::{PARTITIONS_EMBEDDED, Router};
use runtime::store::memory::MemoryStore;
use runtime::store::{HostId, Partition, ReadLimit, Store};
use runtime::testkit::World;
use runtime::{
    Agent, AgentError, AgentResult, Catalog, ConfigError, Ctx, Handle, Models, Timer, Wiring,
};
use serde::{Deserialize, Serialize};
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

/// Something that an agent hears, or that nobody does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Said<const HEARD: bool> {
    number: u64,
}

impl<const HEARD: bool> Record for Said<HEARD> {
    const SCHEMA: u16 = if HEARD { 60_201 } else { 60_202 };
}

impl<const HEARD: bool> Message for Said<HEARD> {
    const NAME: &'static str = if HEARD { "test.heard" } else { "test.unheard" };
    const CLASS: Class = Class::Event;
    fn key(&self) -> &'static str {
        "a"
    }
}

/// Counts what it hears and says nothing; rejects its own timer.
struct Quiet<D>(PhantomData<D>);

/// Saves with every turn.
struct EachTurn;
/// Saves at checkpoints.
struct Seldom;

trait Saves: Send + 'static {
    const KIND: &'static str;
    fn declare(wiring: &mut Wiring<Quiet<Self>>)
    where
        Self: Sized;
}

impl Saves for EachTurn {
    const KIND: &'static str = "quiet";
    fn declare(_wiring: &mut Wiring<Quiet<Self>>) {}
}

impl Saves for Seldom {
    const KIND: &'static str = "quiet-seldom";
    fn declare(wiring: &mut Wiring<Quiet<Self>>) {
        wiring.checkpoints(Duration::from_secs(60));
    }
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Count {
    heard: u64,
}

impl Record for Count {
    const SCHEMA: u16 = 60_203;
}

#[derive(Default)]
struct Ring;

impl Timer for Ring {
    const NAME: &'static str = "ring";
}

impl<D: Saves> Agent for Quiet<D> {
    const KIND: &'static str = D::KIND;
    type Config = NoConfig;
    type State = Count;

    fn new(_config: NoConfig, _models: &Models) -> Result<Self, ConfigError> {
        Ok(Self(PhantomData))
    }

    fn wiring(wiring: &mut Wiring<Self>) {
        wiring.on::<Said<true>>().key(|said| said.key()).timer::<Ring>();
        D::declare(wiring);
    }
}

impl<D: Saves> Handle<Said<true>> for Quiet<D> {
    fn handle(&self, count: &mut Count, _: &Said<true>, ctx: &mut Ctx<'_, Self>) -> AgentResult {
        count.heard += 1;
        ctx.after(Duration::from_secs(10), Ring);
        Ok(())
    }
}

impl<D: Saves> Handle<Ring> for Quiet<D> {
    fn handle(&self, _: &mut Count, _: &Ring, _: &mut Ctx<'_, Self>) -> AgentResult {
        Err(AgentError::Reject("it never takes this".to_owned()))
    }
}

#[test]
fn a_timer_whose_handling_failed_does_not_ring_again_after_a_restart() {
    let mut world = World::seeded(7).agent::<Quiet<EachTurn>>(NoConfig {});
    world.publish(Said::<true> { number: 1 });
    world.advance(Duration::from_secs(60));
    assert_eq!(world.dead().len(), 1);
    world.kill::<Quiet<EachTurn>>();
    world.advance(Duration::from_secs(60));
    assert_eq!(world.dead().len(), 1);
}

#[test]
fn what_waits_behind_a_turn_without_outputs_is_handled() {
    let mut world = World::seeded(7).agent::<Quiet<Seldom>>(NoConfig {});
    world.publish(Said::<true> { number: 1 });
    let log = world.envelopes(Stream::Log);
    let config =
        log.iter().find(|entry| entry.name == "config.applied").expect("it was configured");
    world.append(&Said::<true> { number: 2 });
    world.append_envelope((**config).clone());
    world.append(&Said::<true> { number: 3 });
    world.settle();
    let (_, seen) = world.observations().remove(0);
    assert_eq!(seen.in_flight, 0, "{seen:?}");
}

#[test]
fn a_turn_of_one_takes_one_record_whether_or_not_it_is_heard() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let clock = Clock::Virtual(VirtualClock::at(Timestamp::EPOCH));
    let router = Arc::new(Router::new(PARTITIONS_EMBEDDED, []));
    let mut writer = Writer::new(store.clone(), clock, router);
    let unheard =
        Envelope::new(MessageId::named("test", "1"), "test", &Said::<false> { number: 1 });
    let heard = Envelope::new(MessageId::named("test", "2"), "test", &Said::<true> { number: 2 });
    let entries = [unheard, heard].map(|said| said.expect("it can be said").into());
    let results = writer.commit(vec![Request::Append(entries.into())]).expect("the store takes it");
    assert!(results[0].is_ok());

    let catalog = Catalog::default().with::<Quiet<EachTurn>>();
    let entry = catalog.get("quiet").expect("it is catalogued");
    let id = HostId { kind: "quiet".to_owned(), partition: 0 };
    let mut engine = entry.open(id, store.clone(), Arc::default()).expect("it opens");
    let read = store.read(Partition::LOG, 0, ReadLimit::default());
    engine.offer(read.expect("the log can be read"));
    assert!(engine.turn(1).expect("the turn ends well").is_none());
    assert_eq!(engine.next(), Some(2), "a marker names the message that is tried, and no other");
}
