//! Brings each agent's configuration onto its own input, where it acts in order with everything else.

use crate::agent::ConfigError;
use crate::catalog::Catalog;
use crate::committer::{Entry, Request};
use crate::control::ConfigApplied;
use crate::models::Models;
use crate::router::Router;
use crate::shared::process_of;
use crate::store::{HostId, Store, StoreError};
use messages::{Envelope, MessageId};
use std::collections::BTreeMap;

/// Why a configuration does not come into force.
#[derive(Debug, thiserror::Error)]
pub enum ConfigureError {
    /// It cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What must be committed so that every host runs with its entry in `configs` (JSON by kind).
///
/// # Errors
/// [`ConfigureError`] when one cannot be used; none is changed then.
pub fn configure(
    catalog: &Catalog,
    configs: &BTreeMap<String, serde_json::Value>,
    models: &Models,
    store: &dyn Store,
    router: &Router,
) -> Result<Vec<Request>, ConfigureError> {
    if let Some(kind) = configs.keys().find(|kind| catalog.get(kind).is_none()) {
        let known: Vec<&str> = catalog.iter().map(|(kind, _)| kind).collect();
        let reason = format!("there is no such agent; there are {}", known.join(", "));
        return Err(ConfigError::new(kind, reason).into());
    }
    let mut requests = Vec::new();
    // Processes that share a log say each its own.
    let by = process_of(store)?.map_or(String::new(), |process| format!("{process}/"));
    for (kind, entry) in catalog.iter() {
        let config = configs.get(kind).unwrap_or(&entry.defaults);
        entry.check_config(config, models).map_err(|reason| ConfigError::new(kind, reason))?;
        let text = config.to_string();
        let name = format!("config/{kind}/{}", MessageId::named("config", &text));
        let mut new = false;
        for partition in router.partitions_of(entry.contract.stream) {
            let id = HostId { kind: kind.to_owned(), partition: partition.index };
            // The newest entry on the host's input counts, read or not: going back to an earlier
            // configuration is a change too.
            if newest(&id, store)?.as_deref() == Some(&*name) {
                continue;
            }
            new = true;
            let envelope = applied(&id, &name, store.head(partition), &by)?;
            requests.push(Request::Append(vec![Entry { partition: Some(partition), envelope }]));
            let asked = (newest_name(&id), Some(name.clone().into_bytes()));
            requests.push(Request::Blobs(vec![asked]));
        }
        if new {
            requests.insert(0, Request::Blobs(vec![(name, Some(text.into_bytes()))]));
        }
    }
    Ok(requests)
}

/// Name of the newest configuration on the input of `host`, whether it has read it or not.
pub(crate) fn newest(host: &HostId, store: &dyn Store) -> Result<Option<String>, StoreError> {
    let bytes = store.blob(&newest_name(host))?;
    Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

fn newest_name(host: &HostId) -> String {
    format!("configured/{host}")
}

fn applied(host: &HostId, name: &str, head: u64, by: &str) -> Result<Envelope, ConfigError> {
    let applied = ConfigApplied { agent: host.kind.clone(), config: name.to_owned() };
    let id = MessageId::named("config.applied", &format!("{by}{host}/{head}/{name}"));
    let envelope = Envelope::new(id, "runtime", &applied)
        .map_err(|error| ConfigError::new(&host.kind, error))?;
    Ok(Envelope { addressed_to: Some(host.kind.clone()), ..envelope })
}
