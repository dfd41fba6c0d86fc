//! What agents are let do by a server that was given their permissions, and what it denies them.

use crate::support::{bus, entries};
use messages::{Class, Stream};
use nats::lease::{LEASE_TTL, Leases};
use nats::permissions::attempt::{Attempt, Outcome, attempt, declared, undeclared};
use nats::permissions::devices::Device;
use nats::permissions::{ACCOUNT, OPERATOR, configuration, grants, keys, options};
use nats::server::{self, Server};
use nats::streams::{self, Layout};
use nats::{Connection, Credentials, Options};
use runtime::bus::{Bus, BusError};
use runtime::store::{Partition, ReadLimit};
use runtime::wiring::{Contract, Durability};
use std::collections::BTreeMap;
use std::path::Path;

const NAMES: [(&str, Class); 4] = [
    ("asset.retired", Class::Registry),
    ("case.opened", Class::Event),
    ("slot.hold", Class::Command),
    ("failure.predicted", Class::Event),
];

fn contract(kind: &str, stream: Stream, says: &[usize]) -> Contract {
    let heard = match stream {
        Stream::Log => ("case.closed", Class::Event),
        _ => ("health.assessed", Class::Health),
    };
    Contract {
        kind: kind.to_owned(),
        stream,
        hears: BTreeMap::from([(heard.0.to_owned(), heard.1)]),
        publishes: says.iter().map(|it| (NAMES[*it].0.to_owned(), NAMES[*it].1)).collect(),
        performs: BTreeMap::new(),
        timers: Vec::new(),
        durability: Durability::Turn,
    }
}

async fn connect(server: &Server, folder: &Path, user: &str) -> Connection {
    Connection::open(&options(server.url(), folder, user)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_does_what_it_declared_and_nothing_else() {
    let contracts =
        [contract("master", Stream::Log, &[0, 1, 2]), contract("diagnosis", Stream::Health, &[3])];
    let folder = tempfile::tempdir().unwrap();
    let grants = grants(&contracts);
    let keys_folder = folder.path().join("keys");
    let public = keys::public_keys(&keys_folder, grants.iter().map(|it| &*it.user)).unwrap();
    let more = configuration(ACCOUNT, &grants, &public, &[]).unwrap();
    let with_rights = server::Options { more, ..server::Options::default() };
    let server = Server::start(&folder.path().join("server"), &with_rights).unwrap();
    let operator = connect(&server, &keys_folder, OPERATOR).await;
    streams::create(&operator, &Layout::default()).await.unwrap();

    let connection = connect(&server, &keys_folder, "master").await;
    let master = bus(connection.clone(), "master", 1);
    master.append(entries("master", 0..3)).await.unwrap();
    let log = Partition::LOG;
    assert!(!master.read(log, 0, ReadLimit::default()).await.unwrap().is_empty());
    let leases = Leases::new(connection, "host-1", LEASE_TTL);
    assert!(leases.acquire("host.master.0").await.unwrap().is_some());

    let diagnosis = bus(connect(&server, &keys_folder, "diagnosis").await, "diagnosis", 1);
    let refused = diagnosis.append(entries("diagnosis", 0..1)).await;
    assert!(matches!(refused, Err(BusError::Denied(_))), "{refused:?}");
    let unread = diagnosis.read(log, 0, ReadLimit::default()).await;
    assert!(matches!(unread, Err(BusError::Denied(_))), "{unread:?}");
    let untrimmed = master.trim(log, 1).await;
    assert!(matches!(untrimmed, Err(BusError::Denied(_))), "{untrimmed:?}");
    bus(operator, OPERATOR, 1).trim(log, 1).await.unwrap();

    for contract in &contracts {
        let connection = connect(&server, &keys_folder, &contract.kind).await;
        for tried in declared(contract) {
            assert_eq!(attempt(&connection, &tried).await, Outcome::Let, "{tried:?}");
        }
        for tried in undeclared(contract, &NAMES) {
            let outcome = attempt(&connection, &tried).await;
            let Outcome::Denied(said) = &outcome else { panic!("{} may {tried:?}", contract.kind) };
            let (Attempt::Publish(subject) | Attempt::Subscribe(subject)) = &tried;
            assert!(said.contains(&**subject), "{said}");
        }
    }
}

/// Connects as `device` with the secret that it was handed.
async fn connect_device(
    server: &Server,
    folder: &Path,
    device: &Device,
    secret: &str,
) -> Result<Connection, nats::ConnectError> {
    let file = folder.join("seed");
    std::fs::write(&file, secret).unwrap();
    let (credentials, inbox) = (Credentials::Nkey(file), Some(device.inbox()));
    let options = Options { credentials, inbox, ..Options::new(server.url(), "device") };
    Connection::open(&options).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_says_its_own_readings_and_hears_its_own_notices_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let (device, handed) = Device::with_nkey("demo", "VEH001").unwrap();
    let (_, others) = Device::with_nkey("demo", "VEH002").unwrap();
    let grants = grants([]);
    let keys_folder = folder.path().join("keys");
    let public = keys::public_keys(&keys_folder, grants.iter().map(|it| &*it.user)).unwrap();
    let more = configuration(ACCOUNT, &grants, &public, std::slice::from_ref(&device)).unwrap();
    let with_rights = server::Options { more, ..server::Options::default() };
    let server = Server::start(&folder.path().join("server"), &with_rights).unwrap();
    let operator = connect(&server, &keys_folder, OPERATOR).await;
    streams::create(&operator, &Layout::default()).await.unwrap();

    assert!(connect_device(&server, folder.path(), &device, &others.secret).await.is_err());
    let connection = connect_device(&server, folder.path(), &device, &handed.secret).await.unwrap();
    let sent = connection.jetstream().publish(device.telemetry(), "{}".into()).await.unwrap();
    assert_eq!(sent.await.unwrap().sequence, 1, "it is acknowledged");
    let hears = Attempt::Subscribe(device.notice());
    assert_eq!(attempt(&connection, &hears).await, Outcome::Let);
    let says = [
        "aurora.v1.telemetry.demo.VEH002",
        "aurora.v1.telemetry.other.VEH001",
        "aurora.v1.telemetry._control._all",
        "aurora.v1.notice.demo.VEH001",
        "aurora.v1.log.facade.0.registry.asset.retired.VEH001",
        "$JS.API.STREAM.PURGE.TELEMETRY",
        "$JS.API.CONSUMER.CREATE.TELEMETRY",
    ];
    let hears = [
        ">",
        "aurora.v1.>",
        "aurora.v1.telemetry.*.*",
        "aurora.v1.notice.*.*",
        "aurora.v1.notice.demo.VEH002",
        "_INBOX.>",
        "_DEVICE.>",
    ];
    let tried = says.map(|it| Attempt::Publish(it.to_owned())).into_iter();
    for tried in tried.chain(hears.map(|it| Attempt::Subscribe(it.to_owned()))) {
        let outcome = attempt(&connection, &tried).await;
        assert!(matches!(outcome, Outcome::Denied(_)), "a device may {tried:?}");
    }

    // Whoever is not on the list any more is let go at once.
    let more = configuration(ACCOUNT, &grants, &public, &[]).unwrap();
    server.reload(&server::Options { more, ..server::Options::default() }).unwrap();
    connection.watch().wait_for(|link| !link.is_connected).await.unwrap();
    assert!(connect_device(&server, folder.path(), &device, &handed.secret).await.is_err());
}
