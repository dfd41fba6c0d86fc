//! What can be asked of the writer, what is answered, and why it is refused.

use super::QUEUE_REQUESTS_MAX;
use crate::engine::Turn;
use crate::guard::{Denied, Principal};
use crate::intake::Intake;
use crate::shared::{Mirrored, SAID_TIME_MAX};
use crate::store::{Change, HostId, Partition, Store};
use messages::{Envelope, Sequence, Stream};

/// Something to make durable.
pub enum Request {
    /// A host's turn.
    Turn(Turn),
    /// A slice of a host's checkpoint.
    Checkpoint(Turn),
    /// Messages of the runtime's own, or of a world that a test, a replay or a story plays: taken as they are.
    Append(Vec<Entry>),
    /// Messages of a principal's session, all of them or none.
    Say(Principal, Vec<Entry>),
    /// A session of a principal read so many records and bytes of a stream or a message.
    Read(Principal, String, (u64, u64)),
    /// Timers that were due.
    Timers(Vec<Entry>),
    /// What was read of another log, and how far.
    Intake(Intake),
    /// What everybody said on the log that is shared, and how far it was read.
    Mirror(Mirrored),
    /// Messages of a lane that need not be said any more.
    Forget(Partition, Vec<Sequence>),
    /// Named values to put, or to remove where `None`.
    Blobs(Vec<Change>),
    /// Records to forget, up to and including a position.
    Trim(Partition, Sequence),
    /// Reads the store while nothing is being written: what it sees belongs together.
    Look(Look),
}

/// What looks at the store between two commits.
pub type Look = Box<dyn FnOnce(&dyn Store) + Send>;

/// A message to append.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Where, if not where the router would put it.
    pub partition: Option<Partition>,
    /// What; its time is set when it is appended.
    pub envelope: Envelope,
}

impl From<Envelope> for Entry {
    fn from(envelope: Envelope) -> Self {
        Self { partition: None, envelope }
    }
}

/// Where each message of a request went, copies included.
pub type Receipt = Vec<(Partition, Sequence)>;

/// Why a request was not made durable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// Another owner moved the host on; this one must stop.
    #[error("`{host}` stands at {expected} but its cursor is at {found}: it has another owner")]
    Fenced {
        /// The host.
        host: HostId,
        /// Where the asker thinks the cursor is.
        expected: Sequence,
        /// Where it is.
        found: Sequence,
    },
    /// The principal may not do this.
    #[error(transparent)]
    Denied(Box<Denied>),
    /// One of those whose words an [`Intake`] brings may not say them; nothing of it was taken.
    #[error("{denied}")]
    DeniedOne {
        /// Which one, counted from 0.
        place: usize,
        /// Why.
        denied: Box<Denied>,
    },
    /// AUDIT is kept whole.
    #[error("`{0}` is never trimmed")]
    Kept(Partition),
    /// Too much waits already; try again.
    #[error("{QUEUE_REQUESTS_MAX} requests wait already; send again later")]
    Overloaded,
    /// The shared log cannot be written now; nothing was kept.
    #[error("the log cannot be reached: {0}; send again later")]
    Unreached(String),
    /// It is kept, but not on the shared log yet.
    #[error(
        "it is kept here, but the log's server has not confirmed it within {} s; it is said once the server answers: ask again under the same key",
        SAID_TIME_MAX.as_secs()
    )]
    Unconfirmed,
    /// Who hears it works in another process.
    #[error(
        "no agent of this process reads `{0}`; send it to the server that the processes share, or to the process that runs data-analysis"
    )]
    Elsewhere(Stream),
    /// Nothing is committed any more: the store failed or the process is stopping.
    #[error("nothing is committed any more: {0}")]
    Stopped(String),
}
