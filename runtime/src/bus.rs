//! The log as its users see it: ordered, durable, read from a position on.
//!
//! [`Bus`] is implemented by [`embedded`], as the runtime itself has it, and by [`Session`](crate::guard::Session), as a
//! principal has it; both pass the contract suite, [`crate::testkit::bus_contract`], as a server-backed one will.

pub mod embedded;

use crate::committer::{Entry, Receipt};
use crate::guard::Denied;
use crate::store::{Delivery, Partition, ReadLimit, StoreError};
use messages::Sequence;
use std::future::Future;

/// Ordered, durable append and reading from a position on.
pub trait Bus: Clone + Send + Sync + 'static {
    /// Appends `entries` together; returns once they are durable. Refuses at once under overload.
    fn append(&self, entries: Vec<Entry>)
    -> impl Future<Output = Result<Receipt, BusError>> + Send;

    /// Records behind `after`; waits until there is one.
    fn read(
        &self,
        partition: Partition,
        after: Sequence,
        limit: ReadLimit,
    ) -> impl Future<Output = Result<Vec<Delivery>, BusError>> + Send;

    /// Position of the newest record of `partition`.
    fn head(&self, partition: Partition)
    -> impl Future<Output = Result<Sequence, BusError>> + Send;

    /// Forgets records up to and including `through`.
    fn trim(
        &self,
        partition: Partition,
        through: Sequence,
    ) -> impl Future<Output = Result<(), BusError>> + Send;
}

/// What a user of the bus can do about a failure.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// Send again later.
    #[error("{0}")]
    Overloaded(String),
    /// Do not send again: it is refused for what it is.
    #[error("{0}")]
    Refused(String),
    /// Do not send again: the principal may not do this, or not yet.
    #[error(transparent)]
    Denied(Box<Denied>),
    /// Nothing works until the process is started again.
    #[error("{0}")]
    Down(String),
    /// The records asked for cannot be had.
    #[error(transparent)]
    Unreadable(#[from] StoreError),
}
