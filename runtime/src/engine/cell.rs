//! One key's memory while it is loaded: the agent's state, its timers, and how to go back; and how it is stored.

use super::EngineError;
use crate::agent::Agent;
use crate::store::{HostId, Store};
use crate::timers::{Timers, UntracedTimers, Wheel};
use messages::record::decode_body;
use messages::{DecodeError, EncodeError, Provenance, Record, Sequence, record};
use serde::{Deserialize, Serialize};

/// What is kept of one key, whole; cloned before a turn touches it.
#[derive(Clone)]
pub(crate) struct Memory<S> {
    pub(crate) state: S,
    pub(crate) timers: Timers,
    /// Last position that was applied; an earlier one is not applied again.
    pub(crate) applied: Sequence,
    /// The weakest provenance of anything that went into it.
    pub(crate) provenance: Provenance,
}

impl<S: Default> Default for Memory<S> {
    fn default() -> Self {
        Self {
            state: S::default(),
            timers: Timers::default(),
            applied: 0,
            provenance: Provenance::Measured,
        }
    }
}

/// A loaded key.
pub(crate) struct Cell<A: Agent> {
    pub(crate) memory: Memory<A::State>,
    /// The memory as the current turn found it, and the steps taken since, by index.
    pub(crate) base: Option<Base<A::State>>,
}

/// Where a key goes back to, and which steps of this turn to take again from there.
pub(crate) struct Base<S> {
    pub(crate) memory: Memory<S>,
    pub(crate) steps: Vec<usize>,
    /// The timers that the turn found, for the wheel.
    pub(crate) timers: Timers,
}

/// The form in which one agent's memories are stored, as far as this build knows it.
#[derive(Clone)]
pub(crate) struct Form {
    /// Schemas and versions that this build writes, in words.
    pub(crate) name: String,
    /// Reads a stored memory of any version that this build knows.
    pub(crate) read: fn(&[u8]) -> Result<(), DecodeError>,
}

impl Form {
    pub(crate) fn of<A: Agent>() -> Self {
        let written = |schema, version| format!("schema {schema} version {version}");
        let outer = written(StoredMemory::SCHEMA, StoredMemory::VERSION);
        let inner = written(A::State::SCHEMA, A::State::VERSION);
        let read = |bytes: &[u8]| Memory::<A::State>::from_bytes(bytes).map(drop);
        Self { name: format!("{outer}, {inner}"), read }
    }
}

/// The stored form of a [`Memory`]; the state inside keeps its own version.
#[derive(Serialize, Deserialize)]
struct StoredMemory {
    applied: Sequence,
    provenance: Provenance,
    timers: Timers,
    state: Vec<u8>,
}

impl Record for StoredMemory {
    const SCHEMA: u16 = 2;
    const VERSION: u16 = 2;

    fn upcast(version: u16, body: &[u8]) -> Result<Self, DecodeError> {
        match version {
            UntracedMemory::VERSION => {
                let UntracedMemory { applied, provenance, timers, state } = decode_body(body)?;
                Ok(Self { applied, provenance, timers: timers.into(), state })
            }
            _ => Err(DecodeError::UnknownVersion {
                schema: Self::SCHEMA,
                version,
                known: Self::VERSION,
            }),
        }
    }
}

/// Version 1, still the form of every memory whose timers go on with no trace: what was saved before there were traces
/// stays equal, byte by byte, to what is computed anew.
#[derive(Serialize, Deserialize)]
struct UntracedMemory {
    applied: Sequence,
    provenance: Provenance,
    timers: UntracedTimers,
    state: Vec<u8>,
}

impl Record for UntracedMemory {
    const SCHEMA: u16 = StoredMemory::SCHEMA;
}

/// Longest encoding of what is stored besides timers and state: position, provenance, a length.
const STORED_FIXED_BYTES: usize = 10 + 1 + 10;

impl<S: Record + Default> Memory<S> {
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, EncodeError> {
        let (applied, provenance) = (self.applied, self.provenance);
        let state = record::encode(&self.state)?;
        match self.timers.untraced() {
            Some(timers) => record::encode(&UntracedMemory { applied, provenance, timers, state }),
            None => {
                let timers = self.timers.clone();
                record::encode(&StoredMemory { applied, provenance, timers, state })
            }
        }
    }

    /// Whether it can be stored, also once a later position is noted as applied.
    pub(crate) fn check(&self) -> Result<(), EncodeError> {
        let bytes = record::HEADER_BYTES
            + STORED_FIXED_BYTES
            + record::body_bytes(&self.timers)?
            + record::encoded_bytes(&self.state)?;
        if bytes > StoredMemory::BYTES_MAX { Err(EncodeError::TooLarge { bytes }) } else { Ok(()) }
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let stored: StoredMemory = record::decode(bytes)?;
        Ok(Self {
            state: record::decode(&stored.state)?,
            timers: stored.timers,
            applied: stored.applied,
            provenance: stored.provenance,
        })
    }
}

/// Reads every state once: for its timers, and to see that none is missing or damaged.
pub(super) fn load_wheel(id: &HostId, store: &dyn Store) -> Result<Wheel, EngineError> {
    let mut wheel = Wheel::default();
    let mut keys = 0;
    let mut failed = None;
    store.states(id, &mut |key, bytes| {
        keys += 1;
        match record::decode::<StoredMemory>(bytes) {
            Ok(stored) => wheel.replace(key, &Timers::default(), &stored.timers),
            Err(source) => {
                failed.get_or_insert((key.to_owned(), source));
            }
        }
    })?;
    match failed {
        None => Ok(wheel),
        Some((key, source)) => Err(EngineError::State { host: id.clone(), key, keys, source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use messages::Timestamp;

    #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    struct Count(u64);

    impl Record for Count {
        const SCHEMA: u16 = 60_901;
    }

    #[test]
    fn a_memory_without_traced_timers_is_stored_as_before_there_were_traces_and_both_are_read() {
        let due_at = Timestamp::from_millis(1_000).unwrap();
        let with = |traceparent: Option<&str>| {
            let mut timers = Timers::default();
            assert!(timers.arm("check", due_at, None));
            assert!(timers.arm("other", due_at, traceparent.map(str::to_owned)));
            Memory { state: Count(3), timers, applied: 7, provenance: Provenance::Measured }
        };
        for (traceparent, version) in [(None, 1), (Some("00-a-b-01"), 2)] {
            let memory = with(traceparent);
            let bytes = memory.to_bytes().unwrap();
            assert_eq!(record::peek(&bytes), Some((StoredMemory::SCHEMA, version)));
            let read = Memory::<Count>::from_bytes(&bytes).unwrap();
            assert_eq!((read.state, read.timers, read.applied), (Count(3), memory.timers, 7));
        }
    }
}
