//! What a serving process does now and then: exports the store, then forgets what is old.
//!
//! One after the other and never both: an export reads records that forgetting would take from it.

use crate::export::{ExportError, export};
use runtime::clock::Clock;
use runtime::deployment::Deployment;
use runtime::retention::{Keeper, Retention, RetentionError, forget};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// Time between two looks at what is old, where no exports are made.
const FORGET_INTERVAL: Duration = Duration::from_secs(600);

/// The store's folder in the data folder.
#[must_use]
pub fn store_folder(data: &Path) -> PathBuf {
    data.join("store")
}

/// The newest export in the data folder.
#[must_use]
pub fn newest_export(data: &Path) -> PathBuf {
    data.join("exports").join("newest.backup")
}

/// The upkeep of one deployment.
pub struct Upkeep {
    deployment: Arc<Deployment>,
    clock: Clock,
    retention: Retention,
    /// Between exports; `None` makes none.
    interval: Option<Duration>,
    newest: PathBuf,
    /// Held by whoever exports or forgets.
    turn: Mutex<()>,
}

impl Upkeep {
    /// The upkeep of `deployment`, whose exports go into the folder `data`.
    #[must_use]
    pub fn new(
        deployment: Arc<Deployment>,
        clock: Clock,
        retention: Retention,
        interval: Option<Duration>,
        data: &Path,
    ) -> Arc<Self> {
        let newest = newest_export(data);
        Arc::new(Self { deployment, clock, retention, interval, newest, turn: Mutex::new(()) })
    }

    /// Works until it is aborted.
    #[expect(clippy::disallowed_methods, reason = "what is to happen here is that time passes")]
    pub async fn run(self: Arc<Self>) {
        let mut exported_at = None;
        loop {
            tokio::time::sleep(self.interval.unwrap_or(FORGET_INTERVAL)).await;
            if self.interval.is_some() {
                let begun_at = self.clock.now();
                match self.export(&self.newest).await {
                    Ok(_) => exported_at = Some(begun_at),
                    Err(error) => {
                        tracing::error!(%error, "no export was made; the one before stays")
                    }
                }
            }
            if self.interval.is_some() && exported_at.is_none() {
                // Nothing is forgotten that no export holds.
                continue;
            }
            match self.forget(exported_at).await {
                Ok(0) => {}
                Ok(records) => tracing::info!(records, "forgot what is old"),
                Err(error) => tracing::error!(%error, "nothing more was forgotten"),
            }
        }
    }

    /// Exports the store to `path`.
    ///
    /// # Errors
    /// [`ExportError`].
    pub async fn export(&self, path: &Path) -> Result<runtime::backup::Summary, ExportError> {
        let turn = self.turn.lock().await;
        let summary = export(&self.deployment, path).await;
        drop(turn);
        summary
    }

    async fn forget(
        &self,
        exported_at: Option<messages::Timestamp>,
    ) -> Result<u64, RetentionError> {
        let turn = self.turn.lock().await;
        let deployment = &self.deployment;
        // Where the log is shared, agents that rest here read their own mirror elsewhere.
        let catalog = match deployment.shared() {
            Some(_) => &deployment.catalog().at_work(),
            None => deployment.catalog(),
        };
        let keeper = Keeper {
            store: &**deployment.store(),
            catalog,
            router: deployment.router(),
            retention: self.retention,
            exported_at,
        };
        let due = keeper.due(self.clock.now())?;
        let forgotten = forget(deployment.committer(), &**deployment.store(), due).await;
        drop(turn);
        forgotten
    }
}
