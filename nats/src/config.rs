//! Configurations while agents run: a bucket with a table for each agent, which lies over what its process was told.
//!
//! A change is checked as at a start, and then stands on the agent's input (`config.applied`), where it acts in order
//! with everything else. One that cannot be used changes nothing, and says so in the log and in the list of agents.

use crate::connection::Connection;
use crate::streams::CONFIG;
use async_nats::jetstream::kv::{Entry, Operation, Store as Bucket};
use futures_util::{StreamExt, TryStreamExt};
use runtime::board::HostState;
use runtime::configuration::{ConfigureError, Overlay};
use runtime::deployment::Deployment;
use runtime::store::HostId;
use serde_json::Value;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

/// How the bucket is listed among agents.
const PART: &str = "config";
/// Longest time that a start waits for what the bucket holds; then what it held when it was read last stays in force.
pub const FETCH_TIME_MAX: Duration = Duration::from_secs(5);
/// Pause before a bucket that could not be read is read again.
pub const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// Why the bucket is not read, or what it says is not taken.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error("bucket `{CONFIG}`: {0}; `aurorasync nats check` says whether it is there")]
    Bucket(String),
    /// The server does not answer in time.
    #[error("bucket `{CONFIG}` is not read within {FETCH_TIME_MAX:?}")]
    Unanswered,
    /// What it says cannot be used.
    #[error(transparent)]
    Refused(#[from] ConfigureError),
}

fn trouble(error: impl std::fmt::Display) -> ConfigError {
    ConfigError::Bucket(error.to_string())
}

/// What the bucket holds now, by agent.
///
/// # Errors
/// [`ConfigError`] when it cannot be read in time.
pub async fn fetch(connection: &Connection) -> Result<BTreeMap<String, Overlay>, ConfigError> {
    let reading = async {
        let bucket = open(connection).await?;
        let keys: Vec<String> =
            bucket.keys().await.map_err(trouble)?.try_collect().await.map_err(trouble)?;
        let mut overlays = BTreeMap::new();
        for key in keys {
            let entry = bucket.entry(&*key).await.map_err(trouble)?;
            overlays.extend(entry.map(|entry| (key, overlay(&entry))));
        }
        Ok(overlays)
    };
    let read = tokio::time::timeout(FETCH_TIME_MAX, reading).await;
    read.unwrap_or(Err(ConfigError::Unanswered))
}

/// Says `table` of agent `kind`, or takes back what was said; gives the revision.
///
/// # Errors
/// [`ConfigError`] when it cannot be said.
pub async fn say(
    connection: &Connection,
    kind: &str,
    table: Option<&Value>,
) -> Result<u64, ConfigError> {
    let bucket = open(connection).await?;
    match table {
        Some(table) => bucket.put(kind, table.to_string().into()).await.map_err(trouble),
        None => {
            bucket.delete(kind).await.map_err(trouble)?;
            let left = bucket.entry(kind).await.map_err(trouble)?;
            Ok(left.map_or(0, |marker| marker.revision))
        }
    }
}

async fn open(connection: &Connection) -> Result<Bucket, ConfigError> {
    connection.jetstream().get_key_value(CONFIG).await.map_err(trouble)
}

fn overlay(entry: &Entry) -> Overlay {
    let table = match entry.operation {
        Operation::Delete | Operation::Purge => None,
        // What is no JSON is a text, which no agent takes for its table.
        Operation::Put => Some(
            serde_json::from_slice(&entry.value)
                .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&entry.value))),
        ),
    };
    Overlay { revision: entry.revision, table }
}

/// Follows the bucket for one process. May be dropped at any time.
pub struct Configs {
    connection: Connection,
    deployment: Arc<Deployment>,
}

impl Configs {
    /// For the agents of `deployment`, over `connection`.
    #[must_use]
    pub fn new(connection: Connection, deployment: Arc<Deployment>) -> Self {
        Self { connection, deployment }
    }

    /// Takes what is said, and what will be, without end; a server that is away is waited for.
    pub async fn run(self) -> Infallible {
        let mut told = None;
        loop {
            let failed = self.follow().await.err().map(|error| error.to_string());
            if let Some(error) = failed.as_ref().filter(|_| failed != told) {
                tracing::warn!(error, "configurations are not followed now");
                self.report(Some(error));
            }
            told = failed;
            pause().await;
        }
    }

    async fn follow(&self) -> Result<(), ConfigError> {
        let bucket = open(&self.connection).await?;
        // Its newest values come first: also what was said while nobody listened.
        let mut said = bucket.watch_with_history(">").await.map_err(trouble)?;
        self.report(None);
        while let Some(entry) = said.next().await {
            let entry = entry.map_err(trouble)?;
            if let Err(error) = self.take(&entry).await {
                let (agent, revision) = (&entry.key, entry.revision);
                tracing::error!(agent, revision, %error, "refused, the configuration stays");
                self.report(Some(&error.to_string()));
            }
        }
        Ok(())
    }

    async fn take(&self, entry: &Entry) -> Result<(), ConfigError> {
        Ok(self.deployment.reconfigure(&entry.key, &overlay(entry)).await?)
    }

    /// Says how it fares, where agents are listed. Agents work without it: a process is ready all the same.
    fn report(&self, error: Option<&str>) {
        let id = HostId { kind: PART.to_owned(), partition: 0 };
        self.deployment.board().note(&id, HostState::Ready, error);
    }
}

#[expect(clippy::disallowed_methods, reason = "keeps what fails at once from being a busy loop")]
async fn pause() {
    tokio::time::sleep(RETRY_PAUSE).await;
}
