//! Shows what holds for an agent that saves at checkpoints, at any slice that a kill may fall behind.

use crate::agents::NoConfig;
use messages::{Class, Envelope, Message, MessageId, Record, Timestamp};
use runtime::clock::{Clock, VirtualClock};
use runtime::committer::{Entry, Request, Writer};
use runtime::engine::{Engine, TURN_MESSAGES_MAX};
use runtime::router::{PARTITIONS_EMBEDDED, Router};
use runtime::store::memory::MemoryStore;
use runtime::store::{Delivery, HostId, Partition, ReadLimit, Store};
use runtime::{Agent, AgentResult, Catalog, ConfigError, Ctx, Handle, Models, Wiring};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Size of one memory: five of them fill a slice.
const PAGE_BYTES: usize = 220 * 1024;
const KEYS: u64 = 12;
/// Slices that the keys take.
const SLICES: usize = 3;

/// A line for a page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Entered {
    page: String,
    number: u64,
}

impl Record for Entered {
    const SCHEMA: u16 = 60_101;
}

impl Message for Entered {
    const NAME: &'static str = "test.entered";
    const CLASS: Class = Class::Event;
    fn key(&self) -> &str {
        &self.page
    }
}

/// A line as it stands, with what the page adds up to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Written {
    page: String,
    sum: u64,
}

impl Record for Written {
    const SCHEMA: u16 = 60_102;
}

impl Message for Written {
    const NAME: &'static str = "test.written";
    const CLASS: Class = Class::Event;
    fn key(&self) -> &str {
        &self.page
    }
}

/// Keeps large pages, and says two things about each line.
struct Diary;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Page {
    sum: u64,
    latest: Timestamp,
    went_back: bool,
    paper: Vec<u8>,
}

impl Record for Page {
    const SCHEMA: u16 = 60_103;
}

impl Agent for Diary {
    const KIND: &'static str = "diary";
    type Config = NoConfig;
    type State = Page;

    fn new(_config: NoConfig, _models: &Models) -> Result<Self, ConfigError> {
        Ok(Self)
    }

    fn wiring(wiring: &mut Wiring<Self>) {
        wiring.on::<Entered>().key(|entered| &entered.page);
        wiring.publishes::<Written>().checkpoints(Duration::from_secs(60));
    }
}

impl Handle<Entered> for Diary {
    fn handle(&self, page: &mut Page, entered: &Entered, ctx: &mut Ctx<'_, Self>) -> AgentResult {
        page.sum = page.sum * 3 + entered.number;
        page.went_back |= ctx.now() < page.latest;
        page.latest = ctx.now();
        page.paper.resize(PAGE_BYTES, 7);
        for sum in [page.sum, page.sum + 1] {
            ctx.publish(&Written { page: entered.page.clone(), sum });
        }
        Ok(())
    }
}

/// The states by key, and what was said with its ids, in order.
type Outcome = (BTreeMap<String, Vec<u8>>, Vec<(MessageId, Written)>);

/// A diary over a log, driven by hand.
struct Desk {
    store: Arc<dyn Store>,
    writer: Writer,
    engine: Box<dyn Engine>,
    appended: u64,
}

fn open(store: &Arc<dyn Store>) -> Box<dyn Engine> {
    let catalog = Catalog::default().with::<Diary>();
    let entry = catalog.get("diary").expect("the catalog has the diary");
    let id = HostId { kind: "diary".to_owned(), partition: 0 };
    entry.open(id, store.clone(), Arc::default()).expect("the diary opens")
}

impl Desk {
    fn new() -> Self {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let clock = Clock::Virtual(VirtualClock::at(Timestamp::EPOCH));
        let router = Arc::new(Router::new(PARTITIONS_EMBEDDED, []));
        let writer = Writer::new(store.clone(), clock, router);
        Self { engine: open(&store), store, writer, appended: 0 }
    }

    fn commit(&mut self, request: Request) {
        let results = self.writer.commit(vec![request]).expect("the store takes it");
        results.into_iter().for_each(|result| drop(result.expect("nobody else owns the diary")));
    }

    /// Appends a line for every page.
    fn append(&mut self) {
        let entries = (0..KEYS).map(|key| {
            self.appended += 1;
            let entered = Entered { page: format!("page-{key:02}"), number: self.appended };
            let id = MessageId::named("test", &self.appended.to_string());
            Entry::from(Envelope::new(id, "test", &entered).expect("a line can be written"))
        });
        let request = Request::Append(entries.collect());
        self.commit(request);
    }

    /// Handles everything that is on the log.
    fn settle(&mut self) {
        loop {
            let read =
                self.store.read(Partition::LOG, self.engine.wants_after(), ReadLimit::default());
            let batch = read.expect("the log can be read");
            if batch.is_empty() {
                return;
            }
            self.engine.offer(batch);
            while self.engine.next().is_some() {
                if let Some(turn) = self.engine.turn(TURN_MESSAGES_MAX).expect("the turn ends well")
                {
                    self.commit(Request::Turn(turn));
                }
            }
        }
    }

    /// Saves one slice; whether it was the last.
    fn save_slice(&mut self) -> bool {
        let turn = self.engine.checkpoint().expect("the states can be written").expect("a slice");
        let complete = turn.change.progress.is_some();
        self.commit(Request::Checkpoint(turn));
        complete
    }

    /// Saves everything; what came of it.
    fn close(mut self) -> Outcome {
        self.settle();
        while let Some(turn) = self.engine.checkpoint().expect("the states can be written") {
            self.commit(Request::Checkpoint(turn));
        }
        let mut states = BTreeMap::new();
        let id = self.engine.id().clone();
        let mut visit =
            |key: &str, bytes: &[u8]| drop(states.insert(key.to_owned(), bytes.to_vec()));
        self.store.states(&id, &mut visit).expect("the states can be read");
        let limit = ReadLimit { records: usize::MAX, bytes: usize::MAX };
        let log = self.store.read(Partition::LOG, 0, limit).expect("the log can be read");
        let said = log.iter().filter(|delivery| delivery.envelope.name == Written::NAME);
        let open = |delivery: &Delivery| {
            let written = delivery.envelope.open().expect("what was said can be read");
            (delivery.envelope.id, written)
        };
        (states, said.map(open).collect())
    }
}

/// Two lines per page, then one more behind each slice; with `slices`, killed when so many are saved.
fn day(slices: Option<usize>) -> Outcome {
    let mut desk = Desk::new();
    desk.append();
    desk.append();
    desk.settle();
    for slice in 0..SLICES {
        if slices.is_some_and(|saved| slice < saved) {
            assert_eq!(desk.save_slice(), slice + 1 == SLICES, "the keys take {SLICES} slices");
        }
        desk.append();
        desk.settle();
    }
    if slices.is_some() {
        desk.engine = open(&desk.store);
    }
    desk.close()
}

#[test]
fn a_kill_between_two_slices_of_a_checkpoint_changes_nothing() {
    let (states, said) = day(None);
    assert_eq!(states.len() as u64, KEYS);
    assert_eq!(said.len() as u64, KEYS * 5 * 2, "two things for each line");
    for slices in 0..=SLICES {
        let (after_kill, said_after_kill) = day(Some(slices));
        assert!(after_kill == states, "killed behind slice {slices}: other states");
        assert!(said_after_kill == said, "killed behind slice {slices}: other things said");
    }
}

#[test]
fn each_thing_said_because_of_one_message_has_an_id_of_its_own() {
    let (_, said) = day(None);
    let ids: std::collections::BTreeSet<MessageId> = said.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids.len(), said.len());
}

#[test]
fn time_never_goes_back_for_an_agent() {
    let mut desk = Desk::new();
    let deliver = |desk: &mut Desk, sequence: u64, second: i64| {
        let entered = Entered { page: "a".to_owned(), number: sequence };
        let id = MessageId::named("test", &sequence.to_string());
        let envelope = Envelope::new(id, "test", &entered).expect("a line can be written");
        let time = Timestamp::from_millis(second * 1000).expect("in range");
        let envelope = Arc::new(Envelope { time, ..envelope });
        desk.engine.offer(vec![Delivery { previous: sequence - 1, sequence, envelope }]);
        if let Some(turn) = desk.engine.turn(1).expect("the turn ends well") {
            desk.commit(Request::Turn(turn));
        }
    };
    deliver(&mut desk, 1, 10);
    deliver(&mut desk, 2, 5);
    assert!(desk.save_slice());
    desk.engine = open(&desk.store);
    deliver(&mut desk, 3, 1);
    let page = desk.engine.inspect("a").expect("the page can be read").expect("there is a page");
    assert_eq!(page["went_back"], false);
    assert_eq!(page["latest"], "1970-01-01T00:00:10Z");
}
