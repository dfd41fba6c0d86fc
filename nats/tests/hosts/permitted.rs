//! A server that was given the permissions of the adder's deployment.

use crate::adder::Adder;
use nats::Connection;
use nats::permissions::{ACCOUNT, OPERATOR, configuration, grants, keys, options};
use nats::server::{self, Server};
use nats::streams::{self, Layout};
use runtime::Catalog;
use tempfile::TempDir;

/// The server, and the keys of its users.
pub(crate) struct Permitted {
    server: Server,
    folder: TempDir,
}

impl Permitted {
    pub(crate) async fn start() -> Self {
        let catalog = Catalog::default().with::<Adder>();
        let grants = grants(catalog.contracts());
        let folder = tempfile::tempdir().unwrap();
        let users = grants.iter().map(|grant| &*grant.user);
        let public = keys::public_keys(&folder.path().join("keys"), users).unwrap();
        let more = configuration(ACCOUNT, &grants, &public, &[]).unwrap();
        let with_rights = server::Options { more, ..server::Options::default() };
        let server = Server::start(&folder.path().join("server"), &with_rights).unwrap();
        let permitted = Self { server, folder };
        streams::create(&permitted.user(OPERATOR).await, &Layout::default()).await.unwrap();
        permitted
    }

    /// A connection of `user`.
    pub(crate) async fn user(&self, user: &str) -> Connection {
        let keys = self.folder.path().join("keys");
        Connection::open(&options(self.server.url(), &keys, user)).await.unwrap()
    }
}
