//! Sends what is on disk, the oldest first, and forgets it only when the server has acknowledged it.

use crate::wal::{Batch, Wal, WalError};
use async_nats::connection::State;
use async_nats::jetstream::{self, Context};
use async_nats::{Client, ConnectOptions};
use futures_util::StreamExt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

/// Between two messages: half of what a device may send.
pub const SEND_INTERVAL: Duration = Duration::from_millis(200);
/// Longest wait for an acknowledgement; then the message is sent again.
pub const ACK_TIMEOUT: Duration = Duration::from_secs(5);
/// Between two attempts to connect.
const RECONNECT_PAUSE: Duration = Duration::from_millis(200);

/// Who sends.
#[derive(Clone, Debug)]
pub struct Device {
    /// Fleet and asset, as tokens of a subject.
    pub fleet: String,
    /// The asset.
    pub asset: String,
    /// The seed that `aurorasync device add` printed; none where the server lets everybody in.
    pub seed: Option<String>,
}

impl Device {
    fn subject(&self, kind: &str) -> String {
        format!("aurora.v1.{kind}.{}.{}", self.fleet, self.asset)
    }

    /// Connects to `server`, now or as soon as it is there.
    ///
    /// # Errors
    /// The client's, for an address or a seed that is none.
    pub async fn connect(&self, server: &str) -> Result<Client, async_nats::ConnectError> {
        let options = match &self.seed {
            Some(seed) => ConnectOptions::with_nkey(seed.clone()),
            None => ConnectOptions::new(),
        };
        options
            .retry_on_initial_connect()
            .max_reconnects(None)
            .reconnect_delay_callback(|_| RECONNECT_PAUSE)
            .custom_inbox_prefix(format!("_DEVICE.{}.{}", self.fleet, self.asset))
            .connect(server)
            .await
    }

    /// Sends what `wal` has and gets, until `has_more` says that no more comes and everything was acknowledged.
    ///
    /// # Errors
    /// [`WalError::Io`]: what was not acknowledged stays where it is.
    pub async fn forward(
        &self,
        client: &Client,
        wal: &Mutex<Wal>,
        has_more: watch::Receiver<bool>,
    ) -> Result<(), WalError> {
        let jetstream = jetstream::new(client.clone());
        let mut pace = interval(SEND_INTERVAL);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            pace.tick().await;
            let is_last = !*has_more.borrow();
            // No panic can leave it half changed.
            let oldest = wal.lock().unwrap_or_else(PoisonError::into_inner).oldest()?;
            match oldest {
                None if is_last => return Ok(()),
                None => {}
                Some(batch) if self.is_acknowledged(client, &jetstream, &batch).await => {
                    wal.lock().unwrap_or_else(PoisonError::into_inner).forget(&batch)?;
                }
                Some(_) => {}
            }
        }
    }

    /// Sends it once. No answer means nothing: it may be there.
    async fn is_acknowledged(&self, client: &Client, jetstream: &Context, batch: &Batch) -> bool {
        if client.connection_state() != State::Connected {
            return false;
        }
        let sending = async {
            let sent = jetstream.publish(self.subject("telemetry"), batch.body.clone().into());
            sent.await.ok()?.await.ok()
        };
        matches!(tokio::time::timeout(ACK_TIMEOUT, sending).await, Ok(Some(_)))
    }

    /// Hears what of its readings was set aside, and why; without end.
    ///
    /// # Errors
    /// The client's.
    pub async fn listen(
        &self,
        client: &Client,
        mut told: impl FnMut(&str),
    ) -> Result<(), async_nats::SubscribeError> {
        let mut notices = client.subscribe(self.subject("notice")).await?;
        while let Some(notice) = notices.next().await {
            told(&String::from_utf8_lossy(&notice.payload));
        }
        Ok(())
    }
}
