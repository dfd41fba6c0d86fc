//! Every agent of the catalog on a server that was given its permissions: it does what it declared, and is denied the rest.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

use messages::{Class, catalogue};
use nats::Connection;
use nats::permissions::attempt::{Attempt, Outcome, attempt, declared, undeclared};
use nats::permissions::{ACCOUNT, OPERATOR, configuration, grants, keys, options};
use nats::server::{self, Server};
use nats::streams::{self, Layout};
use std::path::Path;

async fn connect(server: &Server, folder: &Path, user: &str) -> Connection {
    Connection::open(&options(server.url(), folder, user)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_agent_is_let_do_what_it_declared_and_denied_the_rest() {
    let catalog = agents::catalog();
    let grants = grants(catalog.contracts());
    let folder = tempfile::tempdir().unwrap();
    let keys_folder = folder.path().join("keys");
    let public = keys::public_keys(&keys_folder, grants.iter().map(|it| &*it.user)).unwrap();
    let more = configuration(ACCOUNT, &grants, &public, &[]).unwrap();
    let with_rights = server::Options { more, ..server::Options::default() };
    let server = Server::start(&folder.path().join("server"), &with_rights).unwrap();
    let operator = connect(&server, &keys_folder, OPERATOR).await;
    streams::create(&operator, &Layout::default()).await.unwrap();
    let names: Vec<(&str, Class)> =
        catalogue::CATALOGUE.iter().map(|entry| (entry.name, entry.class)).collect();

    let (mut kinds, mut let_through, mut denied) = (0, 0, 0);
    for contract in catalog.contracts() {
        let connection = connect(&server, &keys_folder, &contract.kind).await;
        for tried in declared(contract) {
            assert_eq!(attempt(&connection, &tried).await, Outcome::Let, "{tried:?}");
            let_through += 1;
        }
        for tried in undeclared(contract, &names) {
            let (Attempt::Publish(subject) | Attempt::Subscribe(subject)) = &tried;
            match attempt(&connection, &tried).await {
                Outcome::Denied(said) => assert!(said.contains(&**subject), "{said}"),
                Outcome::Let => panic!("`{}` may {tried:?}", contract.kind),
            }
            denied += 1;
        }
        kinds += 1;
    }
    println!("{kinds} agents: {let_through} things declared and let through, {denied} denied");
    assert_eq!(kinds, 8);
}
