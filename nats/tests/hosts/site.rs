//! A server with a log, and deployments that share it.

use crate::adder::Adder;
use messages::{Envelope, Message, MessageId};
use nats::bus::{JetStream, Producer};
use nats::config::Configs;
use nats::hosts::{self, Hosts};
use nats::server::{self, Server};
use nats::streams::{self, Layout};
use nats::{Connection, Options};
use runtime::board::HostState;
use runtime::bus::BusError;
use runtime::clock::Clock;
use runtime::committer::Receipt;
use runtime::deployment::{self, Deployment};
use runtime::guard::Principal;
use runtime::router::Router;
use runtime::store::memory::MemoryStore;
use runtime::store::{Partition, ReadLimit, Store};
use runtime::wiring::Contract;
use runtime::{Agent, Catalog, Models, configuration, shared};
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::task::JoinHandle;

/// Longest wait for something that must happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server with the streams of a deployment.
pub(crate) struct Log {
    server: Server,
    _folder: TempDir,
}

/// A process, or what it left.
pub(crate) struct Site {
    name: &'static str,
    store: Arc<dyn Store>,
    folder: Arc<TempDir>,
    /// Both while it runs.
    hosts: Option<Hosts>,
    deployment: Option<Arc<Deployment>>,
}

/// A process's ear for configurations; deaf when dropped.
pub(crate) struct Following(JoinHandle<Infallible>);

impl Following {
    pub(crate) async fn of(site: &Site, log: &Log) -> Self {
        Self::over(log.client().await, site.deployment().clone())
    }

    #[expect(clippy::disallowed_methods, reason = "the task ends with its owner")]
    pub(crate) fn over(connection: Connection, deployment: Arc<Deployment>) -> Self {
        Self(tokio::spawn(Configs::new(connection, deployment).run()))
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[expect(clippy::disallowed_methods, reason = "a stopwatch of the test's own")]
pub(crate) fn stopwatch() -> Instant {
    Instant::now()
}

pub(crate) fn distinct(ids: &[MessageId]) -> usize {
    ids.iter().collect::<BTreeSet<_>>().len()
}

async fn connect(url: &str) -> Connection {
    Connection::open(&Options::new(url, "test")).await.unwrap()
}

impl Log {
    pub(crate) async fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(folder.path(), &server::Options::default()).unwrap();
        let log = Self { server, _folder: folder };
        streams::create(&connect(&log.server.url()).await, &Layout::default()).await.unwrap();
        log
    }

    /// A client of the server.
    pub(crate) async fn client(&self) -> Connection {
        connect(&self.server.url()).await
    }

    /// Says over the server how agent `kind` is configured.
    pub(crate) async fn configure(&self, kind: &str, table: &str) {
        let bucket = self.client().await.jetstream().get_key_value(streams::CONFIG).await.unwrap();
        bucket.put(kind, table.to_owned().into()).await.unwrap();
    }

    /// Takes it back.
    pub(crate) async fn unconfigure(&self, kind: &str) {
        nats::config::say(&self.client().await, kind, None).await.unwrap();
    }

    /// Deletes the stream and makes another.
    pub(crate) async fn make_anew(&self) {
        let connection = connect(&self.server.url()).await;
        connection.jetstream().delete_stream(streams::LOG).await.unwrap();
        streams::create(&connection, &Layout::default()).await.unwrap();
    }

    /// The bus of somebody outside.
    pub(crate) async fn producer(&self, name: &str) -> JetStream {
        let router = Router::new(streams::PARTITIONS, std::iter::empty::<&Contract>());
        let producer = Producer { name: name.to_owned(), partition: 0, epoch: 1 };
        JetStream::new(connect(&self.server.url()).await, router, Clock::Real, producer)
    }

    /// A process called `name`, at work.
    pub(crate) async fn site(&self, name: &'static str) -> Site {
        let site = self.again(Site::unborn(name)).await;
        site.reached().await;
        site
    }

    /// The same, told what is said over the server, as a process asks for it when it starts.
    pub(crate) async fn site_told(&self, name: &'static str) -> Site {
        let site = Site::unborn(name);
        let told = nats::config::fetch(&self.client().await).await.unwrap();
        let (catalog, models) = (Catalog::default().with::<Adder>(), Models::default());
        let store = &*site.store;
        configuration::remember_all(&catalog, &BTreeMap::new(), &told, &models, store).unwrap();
        let site = self.again(site).await;
        site.reached().await;
        site
    }

    /// What `left` was, at work again.
    pub(crate) async fn again(&self, left: Site) -> Site {
        let deployment = left.deploy().await;
        let options = Options::new(self.server.url(), left.name);
        let connection = Connection::open_patiently(&options).await.unwrap();
        let hosts = Hosts::start(connection, &deployment, hosts::Options::default());
        Site { hosts: Some(hosts), deployment: Some(deployment), ..left.left() }
    }

    /// What a process left that was killed when `said` was in its outbox.
    pub(crate) async fn killed_after_saying(&self, name: &'static str, said: &Envelope) -> Site {
        let site = Site::unborn(name);
        let deployment = site.deploy().await;
        deployment.shared().unwrap().reach.send_replace(true);
        let session = deployment.session(Principal::facade());
        let unanswered = session.publish(said.clone()).await.unwrap_err();
        assert!(matches!(unanswered, BusError::Overloaded(_)), "{unanswered}");
        let site = Site { deployment: Some(deployment), ..site };
        assert!(site.waiting() > 0);
        site.left()
    }
}

impl Site {
    /// A process that has not run yet.
    pub(crate) fn unborn(name: &'static str) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let store = Arc::<MemoryStore>::default();
        Self { name, store, folder, hosts: None, deployment: None }
    }

    pub(crate) fn deployment(&self) -> &Arc<Deployment> {
        self.deployment.as_ref().unwrap()
    }

    pub(crate) async fn deploy(&self) -> Arc<Deployment> {
        let (catalog, store) = (Catalog::default().with::<Adder>(), self.store.clone());
        let shared = shared::Options { name: format!("process-{}", self.name) };
        let options = deployment::Options {
            shared: Some(shared),
            ..deployment::Options::new(catalog, store, self.folder.path())
        };
        Arc::new(Deployment::start(options).await.unwrap())
    }

    /// The process is no more; its store is.
    fn left(&self) -> Self {
        let (name, store, folder) = (self.name, self.store.clone(), self.folder.clone());
        Self { name, store, folder, hosts: None, deployment: None }
    }

    /// Stops in order.
    pub(crate) async fn stop(mut self) -> Self {
        self.deployment().drain().await.unwrap();
        self.hosts.take().unwrap().leave().await;
        self.left()
    }

    /// Says it once, however often it has to ask on a busy machine.
    pub(crate) async fn say(&self, said: &Envelope) -> Receipt {
        let begun = stopwatch();
        loop {
            match self.ask(said).await {
                Ok(receipt) => return receipt,
                Err(BusError::Overloaded(_)) if begun.elapsed() < PATIENCE => {}
                Err(error) => panic!("{error}: {:?}", self.deployment().board()),
            }
            tokio::task::yield_now().await;
        }
    }

    /// Says it, if that can be done now.
    pub(crate) async fn ask(&self, said: &Envelope) -> Result<Receipt, BusError> {
        let deployment = self.deployment();
        deployment.session(Principal::facade()).publish(said.clone()).await
    }

    /// Waits until it reads the log.
    pub(crate) async fn reached(&self) {
        let shared = self.deployment().shared().unwrap();
        let is_reached = |_: &Self| (*shared.reach.borrow()).then_some(());
        self.wait("reached the log", is_reached).await;
    }

    fn read(&self, partition: Partition) -> Vec<Arc<Envelope>> {
        let mut after = self.store.first(partition) - 1;
        let mut read = Vec::new();
        loop {
            let batch = self.store.read(partition, after, ReadLimit::default()).unwrap();
            let Some(last) = batch.last() else { return read };
            after = last.sequence;
            read.extend(batch.into_iter().map(|delivery| delivery.envelope));
        }
    }

    pub(crate) fn ids(&self, partition: Partition) -> Vec<MessageId> {
        self.read(partition).iter().map(|said| said.id).collect()
    }

    /// What waits to be said, in order.
    pub(crate) fn unsaid(&self) -> Vec<Envelope> {
        let lanes = self.store.partitions().into_iter().filter(|partition| partition.is_lane());
        lanes.flat_map(|lane| self.read(lane)).map(Arc::unwrap_or_clone).collect()
    }

    /// Messages that wait to be said.
    fn waiting(&self) -> usize {
        self.unsaid().len()
    }

    /// Everything of `M` on the log, in order.
    pub(crate) fn said<M: Message>(&self) -> Vec<M> {
        let log = self.read(Partition::LOG);
        log.iter().filter(|said| said.name == M::NAME).map(|said| said.open().unwrap()).collect()
    }

    /// Waits until `look` finds `expected`.
    pub(crate) async fn until_equal<T: PartialEq + Debug>(
        &self,
        expected: &[T],
        look: impl Fn(&Self) -> Vec<T>,
    ) {
        let found = |site: &Self| (look(site) == expected).then_some(());
        self.wait(&format!("at {expected:?}"), found).await;
    }

    /// Waits until `part` is troubled by something with `words`.
    pub(crate) async fn until_troubled(&self, part: &str, words: &str) {
        let trouble = |site: &Self| site.failure(part).filter(|failure| failure.contains(words));
        self.wait(&format!("troubled by {words}"), trouble).await;
    }

    /// What `part` last failed of.
    fn failure(&self, part: &str) -> Option<String> {
        let board = self.deployment().board().list();
        board.into_iter().find(|(id, _)| id.kind == part)?.1.last_failure
    }

    /// Waits until nothing waits to be said.
    pub(crate) async fn said_everything(&self) {
        self.wait("done with saying", |site| (site.waiting() == 0).then_some(())).await;
    }

    /// How the adder is.
    pub(crate) fn state(&self) -> HostState {
        let board = self.deployment().board().list();
        board.iter().find(|(id, _)| id.kind == Adder::KIND).unwrap().1.state
    }

    pub(crate) async fn until(&self, state: HostState) {
        let what = format!("{state:?}");
        self.wait(&what, |site| (site.state() == state).then_some(())).await;
    }

    /// Waits until so many of `M` are on the log.
    pub(crate) async fn until_said<M: Message>(&self, count: usize) -> Vec<M> {
        let said = |site: &Self| {
            let said = site.said::<M>();
            (said.len() >= count).then_some(said)
        };
        self.wait("said", said).await
    }

    /// What is wrong with `part`, once something is.
    pub(crate) async fn trouble(&self, part: &str) -> String {
        self.wait("troubled", |site| site.failure(part)).await
    }

    async fn wait<T>(&self, what: &str, look: impl Fn(&Self) -> Option<T>) -> T {
        let begun = stopwatch();
        let mut tick = tokio::time::interval(Duration::from_millis(10));
        loop {
            if let Some(found) = look(self) {
                return found;
            }
            let board = || self.deployment().board().list();
            assert!(begun.elapsed() < PATIENCE, "{} is not {what}: {:?}", self.name, board());
            tick.tick().await;
        }
    }
}
