//! Sees before any host opens that this build can read what earlier builds remembered.
//!
//! A memory that it cannot read (an older version without an upcaster, or a newer one) is computed
//! anew from the log where that reaches back to its beginning, and refused where it does not. All
//! memories of a host are read only when the form in which the build writes them has changed since
//! the last start; otherwise the name of that form is compared.

use crate::catalog::Catalog;
use crate::committer::Request;
use crate::engine::{Form, Turn};
use crate::guard;
use crate::router::Router;
use crate::store::{
    HostChange, HostId, HostRecord, Partition, Progress, ReadLimit, Store, StoreError,
};
use crate::wiring::Durability;
use messages::dead::{Cause, DeadLettered};
use messages::{DecodeError, Sequence};
use std::collections::BTreeMap;

/// Memories removed by one commit.
pub const REMOVED_KEYS_MAX: usize = 4_096;

/// Why a deployment does not start with the memories that it finds.
#[derive(Debug, thiserror::Error)]
pub enum UpgradeError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Some memories cannot be read, and the log no longer holds what led to them.
    #[error(
        "{keys} states of `{host}` cannot be read by this build, the first is that of `{key}`: {source}; \
         they cannot be computed anew, because `{partition}` was forgotten up to {forgotten}: \
         run the build that wrote them, or give another --data"
    )]
    Unreadable {
        /// The host.
        host: HostId,
        /// How many states cannot be read.
        keys: usize,
        /// The key of the first.
        key: String,
        /// Why.
        source: DecodeError,
        /// What the host reads.
        partition: Partition,
        /// Its last record that was forgotten.
        forgotten: Sequence,
    },
}

/// What must be committed, in this order, before the hosts of `catalog` open.
///
/// # Errors
/// [`UpgradeError`] when a memory can be neither read nor computed anew.
pub fn upgrade(
    catalog: &Catalog,
    store: &dyn Store,
    router: &Router,
) -> Result<Vec<Request>, UpgradeError> {
    let mut requests = Vec::new();
    let mut forms = Vec::new();
    for (host, partition, entry) in catalog.hosts(router) {
        let (name, form) = (format!("form/{host}"), &entry.form);
        if store.blob(&name)?.as_deref() == Some(form.name.as_bytes()) {
            continue;
        }
        if let Some(unreadable) = Unreadable::find(&host, form, store)? {
            requests.append(&mut unreadable.compute_anew(host, partition, store)?);
        }
        forms.push((name, Some(form.name.clone().into_bytes())));
    }
    if !forms.is_empty() {
        requests.push(Request::Blobs(forms));
    }
    Ok(requests)
}

/// Messages of `host` that it does not handle when it reads them again: those that it had not handled before its
/// memories were computed anew, and what was suspect since its last checkpoint.
pub(crate) fn condemned(
    host: &HostId,
    durability: Durability,
    store: &dyn Store,
) -> Result<BTreeMap<Sequence, Cause>, StoreError> {
    let bytes = store.blob(&condemned_name(host))?.unwrap_or_default();
    let number = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().expect("eight bytes"));
    let mut condemned: BTreeMap<Sequence, Cause> =
        bytes.chunks_exact(8).map(|bytes| (number(bytes), Cause::Crashed)).collect();
    // A host without checkpoints reads nothing again.
    if matches!(durability, Durability::Checkpoint { .. }) && guard::has_contained(store)? {
        let suspect = set_aside(host, &[Cause::Suspect], store)?;
        condemned.extend(suspect.into_iter().map(|sequence| (sequence, Cause::Suspect)));
    }
    Ok(condemned)
}

fn condemned_name(host: &HostId) -> String {
    format!("condemned/{host}")
}

/// Memories of one host that this build cannot read.
struct Unreadable {
    /// Never empty.
    keys: Vec<String>,
    /// Why the first cannot be read.
    source: DecodeError,
}

impl Unreadable {
    fn find(host: &HostId, form: &Form, store: &dyn Store) -> Result<Option<Self>, StoreError> {
        let mut found: Option<Self> = None;
        store.states(host, &mut |key, bytes| {
            if let Err(source) = (form.read)(bytes) {
                let found = found.get_or_insert_with(|| Self { keys: Vec::new(), source });
                found.keys.push(key.to_owned());
            }
        })?;
        Ok(found)
    }

    /// Sends the host back to the beginning of the log, without these memories.
    ///
    /// The others stay: each knows the last position that it has applied, as behind a checkpoint that
    /// was cut short, so it does not matter either when the process ends between two of these commits.
    /// The watermark stays too, so nothing is said again.
    fn compute_anew(
        self,
        host: HostId,
        partition: Partition,
        store: &dyn Store,
    ) -> Result<Vec<Request>, UpgradeError> {
        let forgotten = store.first(partition).saturating_sub(1);
        let Self { keys, source } = self;
        if forgotten > 0 {
            let (keys, key) = (keys.len(), keys[0].clone());
            return Err(UpgradeError::Unreadable { host, keys, key, source, partition, forgotten });
        }
        tracing::warn!(%host, keys = keys.len(), %source, "states are computed anew from the log");
        let HostRecord { progress, watermark } = store.host(&host)?;
        let unhandled = set_aside(&host, &[Cause::Crashed, Cause::Suspect], store)?;
        let unhandled: Vec<[u8; 8]> = unhandled.into_iter().map(u64::to_le_bytes).collect();
        let mut requests =
            vec![Request::Blobs(vec![(condemned_name(&host), Some(unhandled.concat()))])];
        let mut expected = progress.cursor;
        for keys in keys.chunks(REMOVED_KEYS_MAX) {
            let change = HostChange {
                host: host.clone(),
                progress: Some(Progress::default()),
                watermark: None,
                states: keys.iter().map(|key| (key.clone(), None)).collect(),
            };
            let outputs = Vec::new();
            let turn = Turn { expected, expected_watermark: watermark, change, outputs };
            requests.push(Request::Checkpoint(turn));
            expected = 0;
        }
        Ok(requests)
    }
}

/// Positions of the messages that `host` never handled, for one of `causes`.
fn set_aside(
    host: &HostId,
    causes: &[Cause],
    store: &dyn Store,
) -> Result<Vec<Sequence>, StoreError> {
    let mut found = Vec::new();
    let mut after = store.first(Partition::DEAD).saturating_sub(1);
    loop {
        let batch = store.read(Partition::DEAD, after, ReadLimit::default())?;
        let Some(last) = batch.last() else { return Ok(found) };
        after = last.sequence;
        let dead = batch.iter().filter_map(|it| it.envelope.open::<DeadLettered>().ok());
        let ours = dead.filter(|dead| {
            let is_ours = dead.agent == host.kind && dead.position.partition == host.partition;
            is_ours && causes.contains(&dead.cause)
        });
        found.extend(ours.map(|dead| dead.position.sequence));
    }
}
