//! One log of several processes: what this one says waits in an outbox until the log's server has it, and what everybody
//! said is mirrored into the store in the server's order.
//!
//! What a process said is in its outbox or on its log, never in both and never in neither: the commit that puts a record
//! that came back onto the log takes it out of the outbox. Records are numbered alike in every mirror, so any process can
//! go on where another stopped. This module knows no server; `docs/adr/0021` says why it is so.

mod lanes;
pub(crate) mod outbox;
mod repeats;
mod tenure;

pub use lanes::{Lane, Lanes};
pub use repeats::REPEATS_KNOWN_MAX;
pub use tenure::Tenures;

use crate::store::{Change, HostId, Partition, Store, StoreError};
use messages::{Envelope, Sequence};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Longest time that a door waits for what it said to come back from the log's server.
pub const SAID_TIME_MAX: Duration = Duration::from_secs(5);
/// Messages that may wait to be said; beyond it doors refuse.
pub const OUTBOX_RECORDS_MAX: usize = 100_000;
/// Pause before a host that another process may run is looked at again.
pub const TENURE_PAUSE: Duration = Duration::from_millis(100);

/// Stored value that names the process; a store that has it belongs to a shared log.
const PROCESS: &str = "shared/process";

/// What a process is told that shares its log with others.
#[derive(Clone, Debug)]
pub struct Options {
    /// Names the process if its store has no name yet; as good as unique.
    pub name: String,
}

/// A process's part in a shared log.
#[derive(Clone, Debug)]
pub struct Shared {
    /// The process, for its life and the life of its store.
    pub process: String,
    /// Where what is said waits.
    pub lanes: Lanes,
    /// Which hosts it may run.
    pub tenures: Tenures,
    /// Whether the log's server can be reached; doors refuse while it cannot.
    pub reach: Arc<watch::Sender<bool>>,
}

/// What everybody said next, as the log's server has it.
#[derive(Clone, Debug)]
pub struct Mirrored {
    /// Name of the stored position there, and its new value.
    pub position: Change,
    /// The records up to it, in order.
    pub records: Vec<Envelope>,
}

/// Why a store cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OwnershipError {
    /// It has a log of its own.
    #[error(
        "the store has a log of its own, up to {head}, which others do not know; share a log from an empty --data, or run without --agents"
    )]
    OwnLog {
        /// Its newest record.
        head: Sequence,
    },
    /// Its log is shared with others.
    #[error(
        "the store mirrors a log that process `{process}` shares with others; run it with --agents and --bus, or give another --data"
    )]
    SharedLog {
        /// The process.
        process: String,
    },
}

/// Name of the process that `store` belongs to, if its log is shared.
pub(crate) fn process_of(store: &dyn Store) -> Result<Option<String>, StoreError> {
    let name = store.blob(PROCESS)?;
    Ok(name.map(|name| String::from_utf8_lossy(&name).into_owned()))
}

/// The hosts that the process of `store` may run or once might, if its log is shared.
pub(crate) fn seats_of(store: &dyn Store) -> Result<Option<BTreeSet<String>>, StoreError> {
    match process_of(store)? {
        Some(_) => lanes::speakers(store).map(Some),
        None => Ok(None),
    }
}

/// Takes part with `store` in a shared log; gives what is to be committed first.
pub(crate) fn join(
    options: Options,
    hosts: impl IntoIterator<Item = (HostId, bool)>,
    store: &dyn Store,
) -> Result<Result<(Shared, Vec<Change>), OwnershipError>, StoreError> {
    let known = process_of(store)?;
    let head = store.head(Partition::LOG);
    if known.is_none() && head > 0 {
        return Ok(Err(OwnershipError::OwnLog { head }));
    }
    let process = known.unwrap_or(options.name);
    let (lanes, mut changes) = Lanes::open(hosts, store)?;
    changes.push((PROCESS.to_owned(), Some(process.clone().into_bytes())));
    let (tenures, reach) = (Tenures::none(), Arc::new(watch::Sender::new(false)));
    Ok(Ok((Shared { process, lanes, tenures, reach }, changes)))
}
