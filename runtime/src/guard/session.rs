//! The bus as one principal has it: what it says and reads is checked where it is committed.

use super::principal::stream_of;
use super::{Denied, Principal};
use crate::bus::embedded::Embedded;
use crate::bus::{Bus, BusError};
use crate::committer::{Committer, Entry, Receipt, Request};
use crate::store::{Delivery, Partition, ReadLimit, Store};
use messages::guard::{Action, Refusal};
use messages::{Envelope, Sequence};
use std::sync::Arc;

/// A principal's session.
#[derive(Clone)]
pub struct Session {
    principal: Principal,
    bus: Embedded,
    committer: Committer,
}

impl Session {
    pub(crate) fn new(principal: Principal, bus: Embedded, committer: Committer) -> Self {
        Self { principal, bus, committer }
    }

    /// A session of `principal` over `store`, which `committer` writes.
    #[must_use]
    pub fn over(principal: Principal, committer: Committer, store: Arc<dyn Store>) -> Self {
        Self::new(principal, Embedded::new(committer.clone(), store), committer)
    }

    /// Whose it is.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Says one message, a command among them, and waits until it is durable.
    ///
    /// # Errors
    /// [`BusError::Denied`] when it may not be said; else as of [`Bus::append`].
    pub async fn publish(&self, envelope: Envelope) -> Result<Receipt, BusError> {
        self.append(vec![envelope.into()]).await
    }

    /// Records of `partition` behind `after` that are messages called `name`, among those of one read; waits until there
    /// is a record.
    ///
    /// # Errors
    /// [`BusError::Denied`] when it may not be heard; else as of [`Bus::read`].
    pub async fn hear(
        &self,
        name: &str,
        partition: Partition,
        after: Sequence,
        limit: ReadLimit,
    ) -> Result<Vec<Delivery>, BusError> {
        if stream_of(name).is_some_and(|stream| stream != partition.stream) {
            let what = format!("there is no `{name}` on `{partition}`");
            return Err(BusError::Refused(what));
        }
        self.ask(name, (0, 0)).await?;
        let mut batch = self.bus.read(partition, after, limit).await?;
        batch.retain(|delivery| delivery.envelope.name == name);
        self.ask(name, amount(&batch)).await?;
        Ok(batch)
    }

    /// Whether it may read `what`, of which `amount` (records, bytes) is counted.
    async fn ask(&self, what: &str, amount: (u64, u64)) -> Result<(), BusError> {
        let request = Request::Read(self.principal.clone(), what.to_owned(), amount);
        self.committer.try_commit(request).await?;
        Ok(())
    }
}

/// Records and bytes of `batch`.
pub(crate) fn amount(batch: &[Delivery]) -> (u64, u64) {
    let bytes: usize = batch.iter().map(|delivery| delivery.envelope.data.len()).sum();
    (batch.len() as u64, bytes as u64)
}

impl Bus for Session {
    async fn append(&self, entries: Vec<Entry>) -> Result<Receipt, BusError> {
        Embedded::check(&entries)?;
        Ok(self.committer.try_commit(Request::Say(self.principal.clone(), entries)).await?)
    }

    /// An agent is handed only what it declared; it waits until there is such a record.
    async fn read(
        &self,
        partition: Partition,
        mut after: Sequence,
        limit: ReadLimit,
    ) -> Result<Vec<Delivery>, BusError> {
        let stream = partition.stream.name();
        self.ask(stream, (0, 0)).await?;
        loop {
            let mut batch = self.bus.read(partition, after, limit).await?;
            let Some(last) = batch.last().map(|delivery| delivery.sequence) else {
                return Ok(batch);
            };
            batch.retain(|it| self.committer.hands_over(&self.principal, &it.envelope));
            self.ask(stream, amount(&batch)).await?;
            if !batch.is_empty() {
                return Ok(batch);
            }
            after = last;
        }
    }

    async fn head(&self, partition: Partition) -> Result<Sequence, BusError> {
        self.bus.head(partition).await
    }

    /// Only the world outside, which may do everything, makes the log forget.
    async fn trim(&self, partition: Partition, through: Sequence) -> Result<(), BusError> {
        if !self.principal.is_outside() {
            return Err(BusError::Denied(Box::new(Denied {
                principal: self.principal.name().to_owned(),
                action: Action::Publish,
                what: format!("a trim of `{partition}`"),
                reason: Refusal::NotDeclared,
                key: None,
                claimed: None,
                example: None,
                retry_at: None,
            })));
        }
        self.bus.trim(partition, through).await
    }
}
