//! Brings what devices publish into the log of this process: each batch with the position it was read to, in one commit.

use super::Position;
use super::message::Judged;
use super::notices::Notices;
use super::reader::{Gap, ReadError, Reader, Record};
use super::surplus::{Rate, Surplus};
use crate::connection::{CONNECT_TIMEOUT, Connection};
use crate::streams::TELEMETRY;
use messages::guard::Refusal;
use runtime::committer::{CommitError, Committer, Request};
use runtime::deployment::Deployment;
use runtime::guard::Denied;
use runtime::intake::{Intake, Standing};
use runtime::rate::RateLimit;
use runtime::store::{Store, StoreError};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;
use uuid::Uuid;

/// Stored value that holds the position in TELEMETRY.
pub const POSITION: &str = "nats/telemetry";
/// Pause before a read that was interrupted is begun again.
pub const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// How telemetry is brought in.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where from, for people.
    pub source: String,
    /// What is done where records are gone.
    pub gap: Gap,
    /// How often one device may send; `None` sets no limit.
    pub rate_limit: Option<RateLimit>,
}

/// Brings telemetry in until nothing can be committed any more. May be dropped at any time: a batch is in or not.
pub struct Ingest {
    connection: Connection,
    committer: Committer,
    store: Arc<dyn Store>,
    gap: Gap,
    rate: Rate,
    standing: watch::Sender<Standing>,
    notices: Notices,
}

/// Why reading pauses or ends.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("the stored position `{POSITION}` cannot be read: {0}")]
    Position(#[from] serde_json::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Commit(#[from] CommitError),
    #[error("`{0}`: no connection; it is sought")]
    NotConnected(String),
}

impl Ingest {
    /// Over `connection` into `deployment`.
    #[must_use]
    pub fn new(connection: Connection, deployment: &Deployment, options: Options) -> Self {
        let Options { source, gap, rate_limit } = options;
        Self {
            notices: Notices::new(connection.clone(), deployment),
            connection,
            committer: deployment.committer().clone(),
            store: deployment.store().clone(),
            gap,
            rate: Rate::new(rate_limit),
            standing: watch::Sender::new(Standing { source, ..Standing::default() }),
        }
    }

    /// Follows how it fares.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Standing> {
        self.standing.subscribe()
    }

    /// Reads, and tells devices what was set aside; begins again after every interruption, and ends when nothing is
    /// committed any more.
    pub async fn run(self) -> CommitError {
        let Self { connection, committer, store, gap, rate, standing, notices } = self;
        let mut bringing = Bringing { connection, committer, store, gap, rate, standing };
        tokio::select! {
            biased;
            stopped = bringing.run() => stopped,
            never = notices.run() => match never {},
        }
    }
}

/// The half that reads.
struct Bringing {
    connection: Connection,
    committer: Committer,
    store: Arc<dyn Store>,
    gap: Gap,
    rate: Rate,
    standing: watch::Sender<Standing>,
}

impl Bringing {
    async fn run(&mut self) -> CommitError {
        loop {
            let trouble = match self.read_on().await {
                Err(Trouble::Commit(stopped)) => return stopped,
                Err(trouble) => trouble.to_string(),
                Ok(never) => match never {},
            };
            self.note_trouble(trouble);
            pause().await;
        }
    }

    async fn read_on(&mut self) -> Result<Infallible, Trouble> {
        self.until_connected().await?;
        let mut link = self.connection.watch();
        let connects = link.borrow().connects;
        let known = match self.store.blob(POSITION)? {
            Some(bytes) => Some(Position::from_bytes(&bytes)?),
            None => None,
        };
        let mut reader = tokio::select! {
            biased;
            // A question to a server that has gone is not answered, and would be waited for.
            _ = link.wait_for(|link| !link.is_connected || link.connects != connects) => {
                return Err(ReadError::Interrupted("the connection was lost".to_owned()).into());
            }
            opened = Reader::open(&self.connection, TELEMETRY, known, self.gap) => opened?,
        };
        let position = reader.position();
        tracing::info!(%position, pending = reader.pending(), "telemetry is read");
        let mut missing = 0;
        self.standing.send_modify(|standing| {
            standing.reading = true;
            standing.trouble = None;
            standing.position = position.sequence;
            standing.lag = reader.pending();
        });
        loop {
            let records = reader.next().await?;
            self.take_in(&records, reader.position()).await?;
            let gone = reader.missing() - missing;
            missing += gone;
            self.standing.send_modify(|standing| {
                standing.position = reader.position().sequence;
                standing.lag = reader.pending();
                standing.missing += gone;
            });
        }
    }

    /// Waits for a connection, and says so while there is none.
    async fn until_connected(&self) -> Result<(), Trouble> {
        let mut link = self.connection.watch();
        let not_connected = || Trouble::NotConnected(self.standing.borrow().source.clone());
        let soon = timeout(CONNECT_TIMEOUT, link.wait_for(|link| link.is_connected));
        if !soon.await.is_ok_and(|connected| connected.is_ok()) {
            self.note_trouble(not_connected().to_string());
            link.wait_for(|link| link.is_connected).await.map_err(|_| not_connected())?;
        }
        let connects = link.borrow().connects;
        self.standing.send_modify(|standing| {
            standing.connected = true;
            standing.connects = connects;
        });
        Ok(())
    }

    /// Makes what came of `records` durable, and that they were read.
    async fn take_in(&mut self, records: &[Record], position: Position) -> Result<(), Trouble> {
        let mut judged = self.judge(records, position.stream);
        loop {
            match self.committer.commit(Request::Intake(intake(&judged, position))).await {
                Ok(_) => break,
                Err(CommitError::DeniedOne { place, denied }) => {
                    judged = apart(judged, place, &denied);
                }
                Err(stopped) => return Err(stopped.into()),
            }
        }
        self.standing.send_modify(|standing| {
            standing.records += records.len() as u64;
            for one in &judged {
                standing.samples += one.samples as u64;
                if let Some(reason) = one.reason() {
                    *standing.quarantined.entry(reason).or_default() += one.messages;
                }
            }
        });
        Ok(())
    }

    /// What comes of each record; what is beyond its device's rate comes last, packed.
    fn judge(&mut self, records: &[Record], stream: Uuid) -> Vec<Judged> {
        let mut judged = Vec::with_capacity(records.len());
        let mut surplus = Surplus::default();
        for record in records {
            let Some(one) = Judged::of(record, stream) else { continue };
            match self.rate.admits(&one.principal, record) {
                true => judged.push(one),
                false => surplus.add(one),
            }
        }
        judged.extend(surplus.packed());
        judged
    }

    fn note_trouble(&self, trouble: String) {
        let is_connected = self.connection.watch().borrow().is_connected;
        let is_new = self.standing.borrow().trouble.as_deref() != Some(&trouble);
        if is_new {
            tracing::warn!(%trouble, "telemetry is not read");
        }
        self.standing.send_modify(|standing| {
            standing.reading = false;
            standing.connected = is_connected;
            standing.trouble = Some(trouble);
        });
    }
}

/// Sets aside what its sender may not say, `place` being the first of it among those that say something: of a sender that
/// is throttled, what came before it is taken in.
fn apart(judged: Vec<Judged>, place: usize, denied: &Denied) -> Vec<Judged> {
    let from = if denied.reason == Refusal::TooFast { place } else { 0 };
    let mut speaking = 0;
    let judge = |one: Judged| {
        if one.entries.is_empty() {
            return one;
        }
        speaking += 1;
        let is_denied = one.principal.name() == denied.principal && speaking > from;
        if is_denied { one.denied(denied) } else { one }
    };
    judged.into_iter().map(judge).collect()
}

fn intake(judged: &[Judged], position: Position) -> Intake {
    let speaking = judged.iter().filter(|one| !one.entries.is_empty());
    Intake {
        position: (POSITION.to_owned(), Some(position.to_bytes())),
        said: speaking.map(|one| (one.principal.clone(), one.entries.clone())).collect(),
        aside: judged.iter().filter_map(Judged::said_aside).collect(),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "keeps a read that fails at once from being a busy loop"
)]
pub(super) async fn pause() {
    tokio::time::sleep(RETRY_PAUSE).await;
}
