//! What a build does with states that another one wrote.

use crate::agents::NoConfig;
use messages::dead::Cause;
use messages::record::decode_body;
use messages::{Class, DecodeError, Message, Record};
use runtime::clock::{Clock, VirtualClock};
use runtime::committer::{Request, Writer};
use runtime::recompute::recompute;
use runtime::router::{PARTITIONS_EMBEDDED, Router};
use runtime::store::memory::MemoryStore;
use runtime::store::{Batch, Partition, Store};
use runtime::testkit::World;
use runtime::upgrade::{REMOVED_KEYS_MAX, UpgradeError, upgrade};
use runtime::{Agent, AgentResult, Catalog, ConfigError, Ctx, Handle, Models, Wiring};
use serde::{Deserialize, Serialize};
use std::marker::PhantomData;
use std::sync::Arc;

macro_rules! event {
    ($type:ident, $name:literal, $schema:literal) => {
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        struct $type {
            account: String,
            amount: u64,
        }
        impl Record for $type {
            const SCHEMA: u16 = $schema;
        }
        impl Message for $type {
            const NAME: &'static str = $name;
            const CLASS: Class = Class::Event;
            fn key(&self) -> &str {
                &self.account
            }
        }
    };
}
event!(Paid, "test.paid", 60_301);
event!(Balanced, "test.balanced", 60_302);

/// What a build remembers of an account.
trait Account: Record + Default + Clone + Send + 'static {
    fn pay(&mut self, amount: u64) -> u64;
}

/// As the first build has it.
#[derive(Clone, Default, Serialize, Deserialize)]
struct First {
    sum: u64,
}

impl Record for First {
    const SCHEMA: u16 = 60_303;
}

impl Account for First {
    fn pay(&mut self, amount: u64) -> u64 {
        self.sum += amount;
        self.sum
    }
}

/// As later builds have it: one that cannot read what the first wrote, and one that can.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Second<const UPCASTS: bool> {
    payments: u64,
    sum: u64,
}

impl<const UPCASTS: bool> Record for Second<UPCASTS> {
    const SCHEMA: u16 = 60_303;
    const VERSION: u16 = 2;

    fn upcast(version: u16, body: &[u8]) -> Result<Self, DecodeError> {
        if !UPCASTS || version != 1 {
            return Err(DecodeError::UnknownVersion { schema: Self::SCHEMA, version, known: 2 });
        }
        let First { sum } = decode_body(body)?;
        Ok(Self { payments: 0, sum })
    }
}

impl<const UPCASTS: bool> Account for Second<UPCASTS> {
    fn pay(&mut self, amount: u64) -> u64 {
        self.payments += 1;
        self.sum += amount;
        self.sum
    }
}

/// Adds up payments.
struct Bank<S>(PhantomData<S>);

impl<S: Account> Agent for Bank<S> {
    const KIND: &'static str = "bank";
    type Config = NoConfig;
    type State = S;

    fn new(_config: NoConfig, _models: &Models) -> Result<Self, ConfigError> {
        Ok(Self(PhantomData))
    }

    fn wiring(wiring: &mut Wiring<Self>) {
        wiring.on::<Paid>().key(|paid| &paid.account).publishes::<Balanced>();
    }
}

impl<S: Account> Handle<Paid> for Bank<S> {
    fn handle(&self, state: &mut S, paid: &Paid, ctx: &mut Ctx<'_, Self>) -> AgentResult {
        let amount = state.pay(paid.amount);
        ctx.publish(&Balanced { account: paid.account.clone(), amount });
        Ok(())
    }
}

fn paid(account: &str, amount: u64) -> Paid {
    Paid { account: account.to_owned(), amount }
}

fn world<S: Account>(store: &Arc<dyn Store>) -> World {
    World::seeded(7).agent::<Bank<S>>(NoConfig {}).on(store.clone())
}

fn upgraded<S: Account>(store: &dyn Store) -> Result<Vec<Request>, UpgradeError> {
    let catalog = Catalog::default().with::<Bank<S>>();
    let router = Router::new(PARTITIONS_EMBEDDED, catalog.contracts());
    upgrade(&catalog, store, &router)
}

/// A store in which the first build handled payments; the third one ended the process each time.
fn store() -> Arc<dyn Store> {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let mut world = world::<First>(&store);
    for (account, amount) in [("a", 1), ("b", 10), ("a", 1_000), ("a", 2)] {
        world.append(&paid(account, amount));
    }
    // The configuration comes first.
    world.conductor().engine_of("bank", "a").expect("the bank").condemn(4, Cause::Crashed);
    world.settle();
    assert_eq!(world.dead().len(), 1);
    world.drain();
    store
}

fn forget(store: &Arc<dyn Store>, through: u64) {
    let trims = vec![(Partition::LOG, through)];
    store.commit(Batch { trims, ..Batch::default() }).expect("memory takes it");
}

#[test]
fn states_that_cannot_be_read_are_computed_anew_and_nothing_is_said_again() {
    let store = store();
    let mut world = world::<Second<false>>(&store);
    world.settle();
    let state = world.state::<Bank<Second<false>>>("a").expect("a state");
    assert_eq!(state, serde_json::json!({ "payments": 2, "sum": 3 }));
    assert_eq!(world.published::<Balanced>().len(), 3, "nothing is said again");
    assert_eq!(world.dead().len(), 1, "what ended the process is not tried again");
    world.publish(paid("b", 5));
    let last = world.published::<Balanced>().pop();
    assert_eq!(last, Some(Balanced { account: "b".to_owned(), amount: 15 }));
    world.drain();
    let catalog = Catalog::default().with::<Bank<Second<false>>>();
    let reports = recompute(&catalog, &Arc::new(Models::default()), &store, PARTITIONS_EMBEDDED);
    assert!(reports.expect("it can be read").iter().all(|report| report.is_equal()));
}

#[test]
fn states_that_can_be_neither_read_nor_computed_anew_are_refused_with_a_remedy() {
    let store = store();
    forget(&store, 2);
    let refused = upgraded::<Second<false>>(&*store).err().expect("a refusal");
    assert_eq!(
        refused.to_string(),
        "2 states of `bank/0` cannot be read by this build, the first is that of `a`: version `1` \
         of schema `60303` is unknown; this build reads up to `2`; they cannot be computed anew, \
         because `log/0` was forgotten up to 2: run the build that wrote them, or give another --data"
    );
    // The build that wrote them, as the remedy says.
    assert_eq!(upgraded::<First>(&*store).expect("it reads them").len(), 0);
}

#[test]
fn states_of_a_newer_build_are_noticed_also_when_only_some_are_new() {
    let store = store();
    let mut newer = world::<Second<true>>(&store);
    newer.publish(paid("b", 5));
    newer.drain();
    forget(&store, 1);
    let refused = upgraded::<First>(&*store).err().expect("a refusal").to_string();
    assert!(refused.starts_with("1 states of `bank/0`"), "{refused}");
    assert!(refused.contains("that of `b`: version `2`"), "{refused}");
}

#[test]
fn states_with_an_upcaster_stay_and_are_looked_at_once() {
    let store = store();
    forget(&store, 2);
    let mut world = world::<Second<true>>(&store);
    world.publish(paid("a", 4));
    let state = world.state::<Bank<Second<true>>>("a").expect("a state");
    assert_eq!(state, serde_json::json!({ "payments": 1, "sum": 7 }));
    assert_eq!(upgraded::<Second<true>>(&*store).expect("they can be read").len(), 0);
}

#[test]
fn an_upgrade_that_is_cut_short_is_completed_by_the_next_start() {
    let many = REMOVED_KEYS_MAX as u64 + 10;
    let filled = || {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let mut world = world::<First>(&store);
        for number in 0..many {
            world.append(&paid(&format!("account-{number:05}"), number));
        }
        world.drain();
        store
    };
    let expected = world::<Second<false>>(&filled()).states();
    assert_eq!(expected.len() as u64, many);
    let steps = upgraded::<Second<false>>(&*filled()).expect("the log is whole").len();
    assert_eq!(steps, 4, "what ended the process, two slices, the form");
    for done in 0..=steps {
        let store = filled();
        let router = Arc::new(Router::new(PARTITIONS_EMBEDDED, []));
        let clock = Clock::Virtual(VirtualClock::at(messages::Timestamp::EPOCH));
        let mut writer = Writer::new(store.clone(), clock, router);
        for request in upgraded::<Second<false>>(&*store).expect("whole").into_iter().take(done) {
            let results = writer.commit(vec![request]).expect("memory takes it");
            assert!(results.iter().all(Result::is_ok), "{results:?}");
        }
        let mut world = world::<Second<false>>(&store);
        assert_eq!(world.states(), expected, "cut short behind {done}");
        assert_eq!(world.published::<Balanced>().len() as u64, many);
    }
}
