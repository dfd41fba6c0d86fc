//! A server of a test's own, with the streams of a deployment, and records to send through it.

use messages::registry::AssetRetired;
use messages::{Envelope, MessageId, Sequence};
use nats::bus::{JetStream, Producer};
use nats::server::{self, Server};
use nats::streams::{self, Layout};
use nats::{Connection, Options};
use runtime::bus::Bus;
use runtime::clock::Clock;
use runtime::committer::Entry;
use runtime::router::Router;
use runtime::store::{Delivery, Partition, ReadLimit};
use runtime::wiring::Contract;
use std::ops::Range;
use tempfile::TempDir;

/// A running server; it ends with the test.
pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) connection: Connection,
    _folder: TempDir,
}

/// Starts a server and makes the streams.
pub(crate) async fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &server::Options::default()).unwrap();
    let connection = connect(&server.url()).await;
    streams::create(&connection, &Layout::default()).await.unwrap();
    World { server, connection, _folder: folder }
}

pub(crate) async fn connect(url: &str) -> Connection {
    Connection::open(&Options::new(url, "test")).await.unwrap()
}

impl World {
    /// The bus of `name` under `epoch`, over the connection that the test has.
    pub(crate) fn bus(&self, name: &str, epoch: u64) -> JetStream {
        bus(self.connection.clone(), name, epoch)
    }
}

pub(crate) fn bus(connection: Connection, name: &str, epoch: u64) -> JetStream {
    let router = Router::new(streams::PARTITIONS, std::iter::empty::<&Contract>());
    let producer = Producer { name: name.to_owned(), partition: 0, epoch };
    JetStream::new(connection, router, Clock::Real, producer)
}

/// The `number`-th thing that `name` says.
pub(crate) fn entry(name: &str, number: u64) -> Entry {
    let retired = AssetRetired { asset: format!("asset-{number}"), reason: "test".to_owned() };
    let id = MessageId::named(name, &number.to_string());
    Envelope::new(id, name, &retired).unwrap().into()
}

pub(crate) fn entries(name: &str, numbers: Range<u64>) -> Vec<Entry> {
    numbers.map(|number| entry(name, number)).collect()
}

/// Ids of what [`entries`] makes.
pub(crate) fn ids(name: &str, numbers: Range<u64>) -> Vec<MessageId> {
    numbers.map(|number| entry(name, number).envelope.id).collect()
}

/// Everything on LOG behind `after`.
pub(crate) async fn everything(bus: &JetStream, mut after: Sequence) -> Vec<Delivery> {
    let head = bus.head(Partition::LOG).await.unwrap();
    let mut read = Vec::new();
    while after < head {
        let batch = bus.read(Partition::LOG, after, ReadLimit::default()).await.unwrap();
        after = batch.last().unwrap().sequence;
        read.extend(batch);
    }
    read
}

/// Ids of everything on LOG.
pub(crate) async fn ids_on_log(bus: &JetStream) -> Vec<MessageId> {
    everything(bus, 0).await.into_iter().map(|delivery| delivery.envelope.id).collect()
}
