//! What a batch may hold; looked at before anything of it is written, by every store alike.

use super::{Batch, StoreError};

/// Longest value or message data, in bytes.
pub const VALUE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Longest key of a state, name of a value or kind of a host, in bytes.
pub const NAME_BYTES_MAX: usize = 1024;

/// Refuses a batch with a name or value that is too long.
pub(super) fn check(batch: &Batch) -> Result<(), StoreError> {
    for (_, envelope) in &batch.appends {
        value(&envelope.name, envelope.data.len())?;
    }
    for change in &batch.hosts {
        name(&change.host.kind)?;
        for (key, state) in &change.states {
            name(key)?;
            value(key, state.as_ref().map_or(0, Vec::len))?;
        }
    }
    batch.blobs.iter().try_for_each(|(key, blob)| {
        name(key)?;
        value(key, blob.as_ref().map_or(0, Vec::len))
    })
}

fn name(name: &str) -> Result<(), StoreError> {
    bounded(name, "its name", name.len(), NAME_BYTES_MAX)
}

fn value(name: &str, bytes: usize) -> Result<(), StoreError> {
    bounded(name, "it", bytes, VALUE_BYTES_MAX)
}

fn bounded(name: &str, what: &str, bytes: usize, most: usize) -> Result<(), StoreError> {
    if bytes <= most {
        return Ok(());
    }
    Err(StoreError::Unstorable {
        name: name.chars().take(80).collect(),
        reason: format!("{what} has {bytes} bytes, at most {most} are kept"),
    })
}
