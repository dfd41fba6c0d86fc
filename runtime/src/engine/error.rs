//! Why an engine cannot go on, with what can be done about it.

use crate::agent::ConfigError;
use crate::store::{HostId, StoreError};
use messages::Sequence;

/// Why an engine cannot go on. It is built anew from what is committed.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The agent cannot be built.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A promoted model is not there, or not as it was.
    #[error(
        "`{host}` judges assets of `{profile}` by model `{checksum}`, which {problem}; promote its file again with `aurorasync model promote FILE`, or use `aurorasync backup restore`, and start anew"
    )]
    Model {
        /// The host.
        host: HostId,
        /// The profile.
        profile: String,
        /// Checksum of the model.
        checksum: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A stored state cannot be read by this build.
    #[error(
        "state of key `{key}` of `{host}` ({keys} keys) cannot be read: {source}; run the build that wrote it, or `aurorasync backup restore`"
    )]
    State {
        /// The host.
        host: HostId,
        /// The first key that cannot be read.
        key: String,
        /// How many keys the host has.
        keys: usize,
        /// Why.
        source: messages::DecodeError,
    },
    /// A value of the engine's own cannot be written.
    #[error("`{host}` cannot write `{what}`: {source}")]
    Unwritable {
        /// The host.
        host: HostId,
        /// What.
        what: String,
        /// Why.
        source: messages::EncodeError,
    },
    /// Nothing but failures: the agent is broken, not its messages.
    #[error("`{host}` failed on {faults} messages in a row, last: {last}")]
    Broken {
        /// The host.
        host: HostId,
        /// How many.
        faults: u32,
        /// The last failure.
        last: String,
    },
    /// Too much waits for a record that does not come.
    #[error("`{host}` waits at {position} with {waiting} later records")]
    Hole {
        /// The host.
        host: HostId,
        /// Where it stands.
        position: Sequence,
        /// How many wait.
        waiting: usize,
    },
}
