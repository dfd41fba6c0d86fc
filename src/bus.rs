//! The server that telemetry is read from besides HTTP, as the configuration names it.

use crate::error::CliError;
use messages::Stream;
use nats::config::{self, Configs};
use nats::devices::{self, Ingest, reader::Gap};
use nats::hosts::{self, Hosts};
use nats::permissions;
use nats::services::Services;
use nats::{Connection, Credentials, Options, Tls};
use runtime::deployment::Deployment;
use runtime::rate::RateLimit;
use runtime::store::Store;
use runtime::{Catalog, Models, configuration};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Names of the connections, as the server shows them.
const NAME: &str = "aurorasync ingest";
const HOSTS_NAME: &str = "aurorasync hosts";
const CONFIG_NAME: &str = "aurorasync config";
const SERVICES_NAME: &str = "aurorasync services";

/// Where telemetry is read from besides HTTP. What is empty is not there.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Address, such as `nats://127.0.0.1:4222`; several of one cluster are parted by commas.
    pub url: String,
    /// A `.creds` file.
    pub credentials: PathBuf,
    /// A file with an nkey seed.
    pub nkey: PathBuf,
    /// A user.
    pub user: String,
    /// A file with the user's password.
    pub password_file: PathBuf,
    /// Certificates that the server's must lead to (PEM).
    pub authorities: PathBuf,
    /// The client's certificate (PEM).
    pub certificate: PathBuf,
    /// The key of the client's certificate (PEM).
    pub key: PathBuf,
    /// What inboxes begin with, where the user may hear its own alone: `_INBOX_ingest` for the user `ingest`.
    pub inbox: String,
    /// Folder of the agents' keys, as `nats permissions` makes it: each then answers questions as itself.
    pub agent_keys: PathBuf,
    /// What is done when records there are gone that were not read.
    pub gap: Gap,
}

impl Settings {
    /// How a connection is made.
    #[must_use]
    pub fn options(&self, name: &str) -> Options {
        let named = |path: &Path| (!path.as_os_str().is_empty()).then(|| path.to_owned());
        let credentials = match (named(&self.credentials), named(&self.nkey)) {
            (Some(file), _) => Credentials::Creds(file),
            (None, Some(file)) => Credentials::Nkey(file),
            (None, None) if !self.user.is_empty() => {
                Credentials::User { name: self.user.clone(), password: self.password_file.clone() }
            }
            (None, None) => Credentials::None,
        };
        let tls = Tls {
            is_required: named(&self.authorities).is_some() || named(&self.certificate).is_some(),
            authorities: named(&self.authorities),
            identity: named(&self.certificate).zip(named(&self.key)),
        };
        let inbox = (!self.inbox.is_empty()).then(|| self.inbox.clone());
        Options { credentials, tls, inbox, ..Options::new(self.url.clone(), name) }
    }

    /// What brings telemetry into `deployment`, each device held to `rate_limit`; `None` where no server is named. One that is not there yet is waited for.
    ///
    /// Where the log is shared, only a process whose agents read telemetry brings it in.
    ///
    /// # Errors
    /// [`CliError`] when a file that is named cannot be used.
    pub async fn ingest(
        &self,
        deployment: &Deployment,
        rate_limit: Option<RateLimit>,
    ) -> Result<Option<Ingest>, CliError> {
        let mut agents = deployment.catalog().iter();
        let is_read = agents.any(|(_, entry)| entry.contract.stream == Stream::Telemetry);
        if self.url.is_empty() || (deployment.shared().is_some() && !is_read) {
            return Ok(None);
        }
        let connection = Connection::open_patiently(&self.options(NAME)).await?;
        let options = devices::Options { source: shown(&self.url), gap: self.gap, rate_limit };
        Ok(Some(Ingest::new(connection, deployment, options)))
    }

    /// What takes part in the log that `deployment` shares with others; `None` where it is its own.
    ///
    /// # Errors
    /// [`CliError`] when a file that is named cannot be used.
    pub async fn hosts(&self, deployment: &Deployment) -> Result<Option<Hosts>, CliError> {
        if deployment.shared().is_none() {
            return Ok(None);
        }
        let connection = Connection::open_patiently(&self.options(HOSTS_NAME)).await?;
        let options = hosts::Options { gap: self.gap };
        Ok(Some(Hosts::start(connection, deployment, options)))
    }

    /// Remembers in `store`, which nobody writes to yet, what the server says now about the agents of `catalog`, which
    /// were told `configs`. A server that does not answer is not waited for: what was remembered before holds.
    ///
    /// # Errors
    /// [`CliError`] when a file that is named, or the store, cannot be used.
    pub async fn remember_configs(
        &self,
        catalog: &Catalog,
        configs: &BTreeMap<String, serde_json::Value>,
        models: &Models,
        store: &dyn Store,
    ) -> Result<(), CliError> {
        if self.url.is_empty() {
            return Ok(());
        }
        let connection = Connection::open_patiently(&self.options(CONFIG_NAME)).await?;
        match config::fetch(&connection).await {
            Ok(said) => configuration::remember_all(catalog, configs, &said, models, store)?,
            Err(error) => tracing::warn!(%error, "what it said before stays in force"),
        }
        Ok(())
    }

    /// What follows what is said about agents' configurations; `None` where no server is named.
    ///
    /// # Errors
    /// [`CliError`] when a file that is named cannot be used.
    pub async fn configs(&self, deployment: &Arc<Deployment>) -> Result<Option<Configs>, CliError> {
        if self.url.is_empty() {
            return Ok(None);
        }
        let connection = Connection::open_patiently(&self.options(CONFIG_NAME)).await?;
        Ok(Some(Configs::new(connection, deployment.clone())))
    }

    /// The agents of `deployment` as micro-services, all as the instance `id`; `None` where no server is named.
    ///
    /// # Errors
    /// [`CliError`] when a file that is named cannot be used.
    pub async fn services(
        &self,
        deployment: &Deployment,
        id: &str,
    ) -> Result<Option<Services>, CliError> {
        if self.url.is_empty() {
            return Ok(None);
        }
        let mut connections: BTreeMap<&str, Connection> = BTreeMap::new();
        for (kind, _) in deployment.catalog().iter() {
            let connection = match connections.first_key_value() {
                Some((_, common)) if self.agent_keys.as_os_str().is_empty() => common.clone(),
                _ => Connection::open_patiently(&self.service_options(kind)).await?,
            };
            connections.insert(kind, connection);
        }
        Ok(Some(Services::start(deployment, id, |kind| connections[kind].clone())))
    }

    /// How the service of agent `kind` connects: as the process does, or with the agent's own key.
    fn service_options(&self, kind: &str) -> Options {
        let options = self.options(SERVICES_NAME);
        if self.agent_keys.as_os_str().is_empty() {
            return options;
        }
        let own = permissions::options(self.url.clone(), &self.agent_keys, kind);
        Options { credentials: own.credentials, inbox: own.inbox, ..options }
    }
}

/// An address without what may be a secret in it.
pub(crate) fn shown(url: &str) -> String {
    let one = |address: &str| match address.trim().split_once("://") {
        Some((scheme, rest)) => {
            format!("{scheme}://{}", rest.rsplit_once('@').map_or(rest, |(_, host)| host))
        }
        None => address.trim().to_owned(),
    };
    url.split(',').map(one).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_secret() {
        assert_eq!(shown("nats://me:secret@a:4222, nats://b:4222"), "nats://a:4222,nats://b:4222");
    }

    #[test]
    fn what_is_empty_is_not_there() {
        let none = Settings { url: "nats://a".to_owned(), ..Settings::default() };
        assert_eq!(none.options("x"), Options::new("nats://a", "x"));
        let all = Settings {
            user: "fleet".to_owned(),
            password_file: "secret".into(),
            authorities: "ca.pem".into(),
            ..none
        };
        let options = all.options("x");
        assert!(options.tls.is_required && options.tls.identity.is_none());
        let own = Settings { agent_keys: "keys".into(), ..all.clone() }.service_options("master");
        assert_eq!(own.credentials, Credentials::Nkey("keys/master.nk".into()));
        assert_eq!((own.tls, own.inbox.as_deref()), (options.tls, Some("_INBOX_master")));
        let password = "secret".into();
        assert_eq!(options.credentials, Credentials::User { name: "fleet".to_owned(), password });
    }
}
