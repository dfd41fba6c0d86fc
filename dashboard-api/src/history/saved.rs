//! What the history saves in the store: its names, how values are read and written, and what is too old to be kept.

use crate::problem::{Kind, Problem};
use messages::{Record, record, subject};
use runtime::store::{Change, Partition, Store, StoreError};

/// Before the names of what is saved.
pub(super) const SPACE: &str = "facade/history";

/// Asset and hour.
pub(super) type Slot = (String, u32);

/// Why the history cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum HistoryError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(
        "`{name}` cannot be read: {source}; the history of its asset begins anew once it is removed"
    )]
    Damaged { name: String, source: messages::DecodeError },
    #[error("`{name}` cannot be saved: {source}")]
    TooLarge { name: String, source: messages::EncodeError },
}

impl From<HistoryError> for Problem {
    fn from(error: HistoryError) -> Self {
        match error {
            HistoryError::Store(error) => error.into(),
            other => Problem::new(Kind::Failed, other.to_string()),
        }
    }
}

pub(super) fn place_name(partition: Partition) -> String {
    format!("{SPACE}/place/{:05}", partition.index)
}

pub(super) fn name(kind: &str, (asset, hour): &Slot) -> String {
    let token = subject::escape(asset).unwrap_or_default();
    format!("{SPACE}/{kind}/{token}/{hour:010}")
}

pub(super) fn load<R: Record>(store: &dyn Store, name: &str) -> Result<Option<R>, HistoryError> {
    let Some(bytes) = store.blob(name)? else { return Ok(None) };
    let damaged = |source| HistoryError::Damaged { name: name.to_owned(), source };
    record::decode(&bytes).map(Some).map_err(damaged)
}

pub(super) fn written(name: String, value: &impl Record) -> Result<Change, HistoryError> {
    match record::encode(value) {
        Ok(bytes) => Ok((name, Some(bytes))),
        Err(source) => Err(HistoryError::TooLarge { name, source }),
    }
}

/// Numbers of the asset's hours that are saved as `kind`.
pub(super) fn saved_hours(
    store: &dyn Store,
    kind: &str,
    asset: &str,
) -> Result<Vec<u32>, HistoryError> {
    let token = subject::escape(asset).unwrap_or_default();
    let names = store.blobs(&format!("{SPACE}/{kind}/{token}/"))?;
    Ok(names.iter().filter_map(|name| name.rsplit('/').next()?.parse().ok()).collect())
}

/// Removes what is saved of the asset as `kind` from before `oldest`.
pub(super) fn too_old(
    store: &dyn Store,
    kind: &str,
    asset: &str,
    oldest: u32,
) -> Result<Vec<Change>, HistoryError> {
    let old = saved_hours(store, kind, asset)?.into_iter().filter(|hour| *hour < oldest);
    Ok(old.map(|hour| (name(kind, &(asset.to_owned(), hour)), None)).collect())
}
