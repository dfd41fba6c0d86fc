//! Keeps what one partition of TELEMETRY adds up to: reads on, saves it together with how far it has read, and answers.

use super::heard::Heard;
use super::rolls::{Resolution, Roll};
use super::saved::HistoryError;
use super::sums::Sums;
use crate::facade::{Facade, blocking};
use crate::problem::Problem;
use messages::{Provenance, Timestamp};
use runtime::committer::Request as Commit;
use runtime::store::{Partition, Store};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// What is asked for.
pub(crate) struct Wanted {
    pub(crate) asset: String,
    /// `None` for all.
    pub(crate) channel: Option<String>,
    pub(crate) resolution: Resolution,
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
}

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) channels: BTreeMap<String, Vec<(Timestamp, Roll)>>,
    /// Append time of the newest record that is counted, since this process began.
    pub(crate) as_of: Option<Timestamp>,
    pub(crate) provenance: Option<Provenance>,
    pub(crate) missed: u64,
}

/// One partition's keeper.
pub(crate) struct Keeper {
    partition: Partition,
    sums: Arc<Mutex<Sums>>,
}

impl Keeper {
    pub(crate) fn new(partition: Partition) -> Self {
        Self { partition, sums: Arc::default() }
    }

    pub(crate) fn partition(&self) -> Partition {
        self.partition
    }

    /// The sums of everything that is on the partition now, as far as memory allows before some are saved.
    async fn caught_up(&self, facade: &Facade) -> Result<OwnedMutexGuard<Sums>, Problem> {
        let mut sums = self.sums.clone().lock_owned().await;
        loop {
            let (partition, profiles) = (self.partition, facade.options.profiles.clone());
            let read = move |store: &dyn Store| {
                let whole = sums.catch_up(store, partition, &profiles)?;
                Ok::<_, HistoryError>((whole, sums))
            };
            let (whole, caught_up) = blocking(facade.deployment.store().clone(), read).await??;
            sums = caught_up;
            if whole {
                return Ok(sums);
            }
            sums = self.save(facade, sums).await?;
        }
    }

    /// Reads what is new; saves when it is time to, when much waits, or at once with `all`.
    pub(crate) async fn keep(&self, facade: &Facade, all: bool) -> Result<(), Problem> {
        let mut sums = self.caught_up(facade).await?;
        if sums.are_due(facade.now()) || all {
            drop(self.save(facade, sums).await?);
        }
        Ok(())
    }

    async fn save(
        &self,
        facade: &Facade,
        sums: OwnedMutexGuard<Sums>,
    ) -> Result<OwnedMutexGuard<Sums>, Problem> {
        let partition = self.partition;
        let gather = move |store: &dyn Store| {
            let changes = sums.changes(store, partition)?;
            Ok::<_, HistoryError>((changes, sums))
        };
        let store = facade.deployment.store().clone();
        let (changes, mut sums) = blocking(store, gather).await??;
        facade.deployment.committer().commit(Commit::Blobs(changes)).await?;
        sums.saved(facade.now());
        Ok(sums)
    }

    /// What was asked for.
    pub(crate) async fn read(&self, facade: &Facade, wanted: Wanted) -> Result<Found, Problem> {
        let sums = self.caught_up(facade).await?;
        let find = move |store: &dyn Store| sums.find(store, &wanted);
        Ok(blocking(facade.deployment.store().clone(), find).await??)
    }

    /// What came in of `asset`.
    pub(crate) async fn heard(
        &self,
        facade: &Facade,
        asset: String,
    ) -> Result<Option<Heard>, Problem> {
        let sums = self.caught_up(facade).await?;
        let find = move |store: &dyn Store| sums.heard(store, &asset);
        Ok(blocking(facade.deployment.store().clone(), find).await??)
    }
}
