//! Tells each device what of its readings was set aside, and why, on a subject of its own: nobody else answers one that
//! publishes.
//!
//! Told is what the log says, whoever said it: this reader, data-analysis, the guard. How far the log was told is kept in
//! the store, so a restart goes on there. A notice that nobody listens to is gone; quarantine has what it said.

use super::ingest::{RETRY_PAUSE, pause};
use crate::connection::Connection;
use crate::permissions::devices::notice;
use messages::health::TelemetryQuarantined;
use messages::{Envelope, Message, Sequence};
use runtime::bus::embedded::Embedded;
use runtime::bus::{Bus, BusError};
use runtime::committer::{CommitError, Committer, Request};
use runtime::deployment::Deployment;
use runtime::store::{Partition, ReadLimit, Store, StoreError};
use serde_json::json;
use std::convert::Infallible;
use std::sync::Arc;

/// Stored value that holds the position on LOG up to which devices were told.
pub const TOLD: &str = "nats/notices";

/// Follows LOG and tells devices.
pub(super) struct Notices {
    connection: Connection,
    bus: Embedded,
    committer: Committer,
    store: Arc<dyn Store>,
}

/// Why devices are not told now.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Read(#[from] BusError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Commit(#[from] CommitError),
    #[error("the stored position `{TOLD}` cannot be read: {0}")]
    Position(#[from] serde_json::Error),
    #[error("the server: {0}")]
    Server(String),
}

impl Notices {
    pub(super) fn new(connection: Connection, deployment: &Deployment) -> Self {
        Self {
            connection,
            bus: deployment.bus().clone(),
            committer: deployment.committer().clone(),
            store: deployment.store().clone(),
        }
    }

    /// Tells, and begins again after every trouble; without end.
    pub(super) async fn run(self) -> Infallible {
        let mut last = String::new();
        loop {
            let Err(trouble) = self.tell_on().await;
            let trouble = trouble.to_string();
            if trouble != last {
                tracing::warn!(%trouble, "devices are not told what was set aside; it is tried again every {RETRY_PAUSE:?}");
                last = trouble;
            }
            pause().await;
        }
    }

    async fn tell_on(&self) -> Result<Infallible, Trouble> {
        let mut told = self.told().await?;
        loop {
            let records = self.bus.read(Partition::LOG, told, ReadLimit::default()).await?;
            let mut notices = 0_u64;
            for delivery in &records {
                told = delivery.sequence;
                if delivery.envelope.name == TelemetryQuarantined::NAME {
                    self.tell(&delivery.envelope).await?;
                    notices += 1;
                }
            }
            // What nobody is told of may be read again.
            if notices > 0 {
                self.note_told(told).await?;
            }
        }
    }

    /// Where it was told up to; a log that was never told is told from its end on.
    async fn told(&self) -> Result<Sequence, Trouble> {
        let first = self.store.first(Partition::LOG);
        let head = self.store.head(Partition::LOG);
        let told: Sequence = match self.store.blob(TOLD)? {
            Some(bytes) => serde_json::from_slice(&bytes)?,
            None => {
                self.note_told(head).await?;
                head
            }
        };
        Ok(told.max(first.saturating_sub(1)).min(head))
    }

    async fn note_told(&self, told: Sequence) -> Result<(), Trouble> {
        server(self.connection.client().flush().await)?;
        let bytes = serde_json::to_vec(&told)?;
        self.committer.commit(Request::Blobs(vec![(TOLD.to_owned(), Some(bytes))])).await?;
        Ok(())
    }

    async fn tell(&self, envelope: &Envelope) -> Result<(), Trouble> {
        let Ok(quarantined) = envelope.open::<TelemetryQuarantined>() else { return Ok(()) };
        let mut link = self.connection.watch();
        let connected = link.wait_for(|link| link.is_connected).await;
        server(connected.map(drop))?;
        let TelemetryQuarantined { fleet, asset, reason, detail, nearest, remedy, .. } =
            &quarantined;
        let body = json!({
            "id": envelope.id,
            "at": envelope.time,
            "reason": reason,
            "detail": detail,
            "nearest": nearest,
            "remedy": remedy,
            "samples": quarantined.telemetry.samples.len(),
        });
        let subject = notice(fleet, asset);
        server(self.connection.client().publish(subject, body.to_string().into()).await)
    }
}

fn server<E: std::fmt::Display>(said: Result<(), E>) -> Result<(), Trouble> {
    said.map_err(|error| Trouble::Server(error.to_string()))
}
