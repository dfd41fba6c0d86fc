//! Leases with epochs: one holder of a key at a time, known to itself by its own clock and to the server by an expiry.
//!
//! A lease is a record of the bucket `ownership` that expires unless it is written again. Its epoch is the sequence of
//! the write that took it, so a later holder's is always higher; the heads of the bus ([`crate::bus::head`]) refuse a
//! lower one. [`ownership`] shares partitions among processes by leases.

pub mod assign;
pub mod ownership;

pub use ownership::{Ownership, Round};

use crate::bus::{Ask, Outgoing, Trouble, Written};
use crate::connection::Connection;
use crate::streams::{OWNERSHIP, OWNERSHIP_STREAM};
use async_nats::HeaderMap;
use async_nats::header::{
    NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, NATS_MARKER_REASON, NATS_MESSAGE_TTL,
};
use bytes::Bytes;
use messages::Sequence;
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

/// How long a lease lasts on one server.
pub const LEASE_TTL: Duration = Duration::from_secs(2);
/// How long a lease lasts on a cluster, whose elections take up to nine seconds.
pub const LEASE_TTL_CLUSTER: Duration = Duration::from_secs(15);
/// Part of a lease's time after which it is renewed.
const RENEWED_AFTER: u32 = 3;
/// Part of a lease's time that its holder gives it up before the server does.
const GIVEN_UP_BEFORE: u32 = 10;
/// Says how a value of a bucket ended.
const OPERATION: &str = "KV-Operation";

/// Why a lease is not had, or not any more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeaseError {
    /// The server does not say; try again.
    #[error("lease `{key}`: {reason}")]
    Unanswered {
        /// The key.
        key: String,
        /// What happened.
        reason: String,
    },
    /// It will not be had this way.
    #[error(
        "lease `{key}` is refused: {reason}; check the server's permissions and `aurorasync nats check`"
    )]
    Refused {
        /// The key.
        key: String,
        /// What the server said.
        reason: String,
    },
    /// It is over: whoever worked under it must stop at once.
    #[error("lease `{key}` of epoch {epoch} is over: {reason}")]
    Lost {
        /// The key.
        key: String,
        /// Its epoch.
        epoch: u64,
        /// How it ended.
        reason: String,
    },
}

/// What a lease's record says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Holding {
    /// The process that holds it.
    process: String,
    /// Tells it from itself before a restart.
    start: String,
    /// Its epoch; absent in the write that takes it, whose sequence it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    epoch: Option<u64>,
}

/// A record of the bucket as it stands.
#[derive(Clone, Debug)]
struct Standing {
    sequence: Sequence,
    holding: Option<Holding>,
}

/// Takes leases in the name of one process.
#[derive(Clone, Debug)]
pub struct Leases {
    ask: Ask,
    ttl: Duration,
    process: String,
    /// Another with each start: what a process held before it was killed is not its own any more.
    start: String,
}

/// A lease that is, or was, held.
#[derive(Debug)]
pub struct Lease {
    leases: Leases,
    key: String,
    epoch: u64,
    /// Sequence of its record.
    sequence: Sequence,
    /// When it was written last, before the server saw it.
    written_at: Instant,
}

impl Leases {
    /// Leases of `process` that last for `ttl`, in whole seconds and at least one.
    ///
    /// # Panics
    /// When `ttl` is less than a second.
    #[must_use]
    pub fn new(connection: Connection, process: impl Into<String>, ttl: Duration) -> Self {
        assert!(ttl >= Duration::from_secs(1), "the server counts a lease's time in seconds");
        let start = connection.client().new_inbox();
        Self { ask: Ask::new(connection), ttl, process: process.into(), start }
    }

    /// How long its leases last.
    #[must_use]
    pub fn ttl(&self) -> Duration {
        self.ttl
    }

    /// The process.
    #[must_use]
    pub fn process(&self) -> &str {
        &self.process
    }

    /// Takes the lease of `key`; `None` while somebody else holds it.
    ///
    /// # Errors
    /// [`LeaseError`].
    pub async fn acquire(&self, key: &str) -> Result<Option<Lease>, LeaseError> {
        let found = self.look(key).await?;
        let expected = match found {
            None => 0,
            Some(Standing { sequence, holding: None }) => sequence,
            Some(_) => return Ok(None),
        };
        let written_at = now();
        let holding = self.holding(None);
        match self.write(key, &holding, expected).await {
            Written::Stored(sequence) => Ok(Some(self.held(key, sequence, sequence, written_at))),
            Written::Unclear(reason) => match self.look(key).await? {
                Some(Standing { sequence, holding: Some(found) }) if found == holding => {
                    Ok(Some(self.held(key, sequence, sequence, written_at)))
                }
                _ => Err(unanswered(key, reason)),
            },
            Written::Fenced => Ok(None),
            other => Err(failed(key, other)),
        }
    }

    fn holding(&self, epoch: Option<u64>) -> Holding {
        Holding { process: self.process.clone(), start: self.start.clone(), epoch }
    }

    fn held(&self, key: &str, epoch: u64, sequence: Sequence, written_at: Instant) -> Lease {
        Lease { leases: self.clone(), key: key.to_owned(), epoch, sequence, written_at }
    }

    /// Who holds each lease whose key begins with `prefix` and one more token: process by that token.
    ///
    /// # Errors
    /// [`LeaseError`].
    pub async fn holders(&self, prefix: &str) -> Result<Vec<(String, String)>, LeaseError> {
        let filter = format!("{}.*", subject(prefix));
        let found = self.ask.newest(OWNERSHIP_STREAM, &filter).await;
        let found = found.map_err(|trouble| troubled(prefix, trouble))?;
        let mut holders = Vec::new();
        for (_, message) in found {
            let headers = message.headers.unwrap_or_default();
            let Some(holding) = read(prefix, &headers, &message.payload)? else { continue };
            let token = message.subject.rsplit('.').next().unwrap_or_default().to_owned();
            holders.push((token, holding.process));
        }
        holders.sort_unstable();
        Ok(holders)
    }

    /// What stands under `key`, as the leader has it.
    async fn look(&self, key: &str) -> Result<Option<Standing>, LeaseError> {
        let found = self.ask.last(OWNERSHIP_STREAM, &subject(key)).await;
        let Some(message) = found.map_err(|trouble| troubled(key, trouble))? else {
            return Ok(None);
        };
        let holding = read(key, &message.headers, &message.payload)?;
        Ok(Some(Standing { sequence: message.sequence, holding }))
    }

    async fn write(&self, key: &str, holding: &Holding, expected: Sequence) -> Written {
        let payload = serde_json::to_vec(holding).expect("two plain fields become JSON");
        let ttl = format!("{}s", self.ttl.as_secs());
        self.put(key, &[(NATS_MESSAGE_TTL.as_ref(), &ttl)], payload.into(), expected).await
    }

    async fn put(
        &self,
        key: &str,
        headers: &[(&str, &str)],
        payload: Bytes,
        expected: Sequence,
    ) -> Written {
        let mut all = HeaderMap::new();
        all.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, expected.to_string());
        for (name, value) in headers {
            all.insert(*name, *value);
        }
        let record = Outgoing { subject: subject(key), headers: all, payload };
        // An answer that takes longer than the pause between two renewals is none.
        let write = self.ask.write(None, vec![record]);
        let written = tokio::time::timeout(self.ttl / RENEWED_AFTER, write).await;
        written.unwrap_or_else(|_| Written::Unclear("the server did not answer in time".to_owned()))
    }
}

impl Lease {
    /// Its key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Its epoch: higher than that of every earlier holder.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Whether it is surely held. A holder believes this, its own monotonic clock, and nothing else.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.left() > Duration::ZERO
    }

    /// Time until it is given up, unless it is renewed.
    #[must_use]
    pub fn left(&self) -> Duration {
        let lasts = self.leases.ttl - self.leases.ttl / GIVEN_UP_BEFORE;
        lasts.saturating_sub(now().saturating_duration_since(self.written_at))
    }

    /// Whether it is time to renew it.
    #[must_use]
    pub fn is_due(&self) -> bool {
        now().saturating_duration_since(self.written_at) >= self.leases.ttl / RENEWED_AFTER
    }

    /// Writes it again.
    ///
    /// # Errors
    /// [`LeaseError::Lost`] when it is over, else [`LeaseError`]: then it lasts as long as it did.
    pub async fn renew(&mut self) -> Result<(), LeaseError> {
        if !self.is_held() {
            return Err(self.lost("it was not renewed in time"));
        }
        let written_at = now();
        let holding = self.leases.holding(Some(self.epoch));
        let found = match self.leases.write(&self.key, &holding, self.sequence).await {
            Written::Stored(sequence) => {
                (self.sequence, self.written_at) = (sequence, written_at);
                return Ok(());
            }
            Written::Fenced | Written::Unclear(_) => self.leases.look(&self.key).await?,
            other => return Err(failed(&self.key, other)),
        };
        match found {
            Some(Standing { sequence, holding: Some(found) })
                if found.start == self.leases.start =>
            {
                // Written under a later sequence, that was this write or the one before it.
                let is_written = sequence > self.sequence;
                self.sequence = sequence;
                if is_written && found == holding && self.is_held() {
                    return Ok(());
                }
                Err(unanswered(&self.key, "the renewal was not seen".to_owned()))
            }
            Some(Standing { holding: Some(other), .. }) => {
                self.give_up();
                Err(self.lost(&format!("`{}` holds it", other.process)))
            }
            _ => {
                self.give_up();
                Err(self.lost("it has expired"))
            }
        }
    }

    /// Keeps it until it is lost; whoever drops this lets it run out.
    pub async fn keep(&mut self) -> LeaseError {
        loop {
            let pause = (self.leases.ttl / RENEWED_AFTER).min(self.left());
            let mut interval = tokio::time::interval(pause.max(Duration::from_millis(1)));
            interval.tick().await;
            interval.tick().await;
            match self.renew().await {
                Ok(()) => {}
                Err(lost @ LeaseError::Lost { .. }) => return lost,
                Err(trouble) => {
                    tracing::warn!(%trouble, left = ?self.left(), "a lease is not renewed yet");
                    self.leases.ask.pause().await;
                }
            }
        }
    }

    /// Gives it back, so that the next holder need not wait.
    ///
    /// # Errors
    /// [`LeaseError`]; it then expires by itself.
    pub async fn release(self) -> Result<(), LeaseError> {
        let headers = [(OPERATION, "DEL")];
        match self.leases.put(&self.key, &headers, Bytes::new(), self.sequence).await {
            Written::Stored(_) | Written::Fenced => Ok(()),
            other => Err(failed(&self.key, other)),
        }
    }

    /// Not held any more, whatever the clock says.
    fn give_up(&mut self) {
        self.written_at = self.written_at.checked_sub(self.leases.ttl).unwrap_or(self.written_at);
    }

    fn lost(&self, reason: &str) -> LeaseError {
        let (key, epoch, reason) = (self.key.clone(), self.epoch, reason.to_owned());
        LeaseError::Lost { key, epoch, reason }
    }
}

fn subject(key: &str) -> String {
    format!("$KV.{OWNERSHIP}.{key}")
}

/// What a record says; `None` for the trace of one that was deleted or has expired.
fn read(key: &str, headers: &HeaderMap, payload: &[u8]) -> Result<Option<Holding>, LeaseError> {
    let is_gone = headers.get(OPERATION).is_some() || headers.get(NATS_MARKER_REASON).is_some();
    if is_gone {
        return Ok(None);
    }
    let holding = serde_json::from_slice(payload);
    holding.map(Some).map_err(|error| LeaseError::Refused {
        key: key.to_owned(),
        reason: format!("its record is not one of ours: {error}"),
    })
}

fn troubled(key: &str, trouble: Trouble) -> LeaseError {
    match trouble {
        Trouble::Unanswered(reason) => unanswered(key, reason),
        Trouble::Refused(reason) | Trouble::Denied(reason) => {
            LeaseError::Refused { key: key.to_owned(), reason }
        }
    }
}

fn failed(key: &str, written: Written) -> LeaseError {
    match written {
        Written::Refused(reason) | Written::Denied(reason) => {
            LeaseError::Refused { key: key.to_owned(), reason }
        }
        Written::Full(reason) | Written::Unclear(reason) => unanswered(key, reason),
        Written::Busy | Written::Fenced | Written::Stored(_) => {
            unanswered(key, "the server was busy".to_owned())
        }
    }
}

fn unanswered(key: &str, reason: String) -> LeaseError {
    LeaseError::Unanswered { key: key.to_owned(), reason }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a lease is given up by the monotonic clock, which no correction of the time of day moves"
)]
fn now() -> Instant {
    Instant::now()
}
