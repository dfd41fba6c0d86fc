//! Brings each agent's configuration onto its own input, where it acts in order with everything else.
//!
//! What its process was told is the base. What is said about it over a bus lies over that, value by value, until it is
//! taken back there; it is remembered, so that a start does not need the bus.

use crate::agent::ConfigError;
use crate::catalog::{Catalog, Entry as CatalogEntry};
use crate::committer::{CommitError, Entry, Request};
use crate::control::ConfigApplied;
use crate::models::Models;
use crate::router::Router;
use crate::shared::process_of;
use crate::store::{Batch, Change, HostId, Store, StoreError};
use messages::{Envelope, MessageId, Stream};
use serde::{Deserialize, Serialize};
use serde_json::Value;
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
    /// It is not committed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// What is said about one agent's configuration over a bus.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overlay {
    /// Which saying it is, for the bus.
    pub revision: u64,
    /// What lies over the agent's own table; nothing does where `None`.
    pub table: Option<Value>,
}

impl Overlay {
    /// `base` with what lies over it.
    fn over(&self, base: &Value) -> Value {
        let mut laid = base.clone();
        if let Some(table) = &self.table {
            lay(&mut laid, table);
        }
        laid
    }
}

/// Lays `over` over `base`, table by table.
pub fn lay(base: &mut Value, over: &Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                lay(base.entry(key).or_insert(Value::Null), value);
            }
        }
        (base, over) => *base = over.clone(),
    }
}

/// The configuration of agent `kind` that `overlay` over `base` makes.
///
/// # Errors
/// [`ConfigError`] when it cannot be used.
pub fn laid(
    (kind, entry): (&str, &CatalogEntry),
    base: &Value,
    overlay: &Overlay,
    models: &Models,
) -> Result<Value, ConfigError> {
    let config = overlay.over(base);
    check(kind, entry, &config, models)?;
    Ok(config)
}

/// What must be committed so that every host runs with its entry in `configs` (JSON by kind), and what lies over it.
///
/// # Errors
/// [`ConfigureError`] when one cannot be used; none is changed then.
pub fn configure(
    catalog: &Catalog,
    configs: &BTreeMap<String, Value>,
    models: &Models,
    store: &dyn Store,
    router: &Router,
) -> Result<Vec<Request>, ConfigureError> {
    if let Some(kind) = configs.keys().find(|kind| catalog.get(kind).is_none()) {
        return Err(unknown(kind, catalog).into());
    }
    let mut requests = Vec::new();
    for (kind, entry) in catalog.iter() {
        let base = configs.get(kind).unwrap_or(&entry.defaults);
        check(kind, entry, base, models)?;
        let config = laid((kind, entry), base, &remembered(kind, store)?, models);
        let config = config.unwrap_or_else(|error| {
            tracing::error!(%error, "what lies over the configuration is left out");
            base.clone()
        });
        requests.extend(change(kind, entry, &config, None, (store, router))?);
    }
    Ok(requests)
}

/// What must be committed so that the hosts of `kind` run with `overlay` over `base`, from their next message on.
///
/// # Errors
/// [`ConfigureError`] when it cannot be used; nothing is changed then.
pub fn reconfigure(
    (kind, entry): (&str, &CatalogEntry),
    base: &Value,
    overlay: &Overlay,
    models: &Models,
    store: &dyn Store,
    router: &Router,
) -> Result<Vec<Request>, ConfigureError> {
    let config = laid((kind, entry), base, overlay, models)?;
    let mut requests = vec![Request::Blobs(vec![remember(kind, overlay)])];
    requests.extend(change(kind, entry, &config, Some(overlay.revision), (store, router))?);
    Ok(requests)
}

/// Remembers in `store`, which nobody writes to yet, what lies over the entries of `configs` now, by kind. In place of one
/// that cannot be used the one before stays.
///
/// # Errors
/// [`StoreError`].
pub fn remember_all(
    catalog: &Catalog,
    configs: &BTreeMap<String, Value>,
    overlays: &BTreeMap<String, Overlay>,
    models: &Models,
    store: &dyn Store,
) -> Result<(), StoreError> {
    let mut blobs = Vec::new();
    for (kind, entry) in catalog.iter() {
        let overlay = overlays.get(kind).cloned().unwrap_or_default();
        let base = configs.get(kind).unwrap_or(&entry.defaults);
        if laid((kind, entry), base, &overlay, models).is_ok() {
            blobs.push(remember(kind, &overlay));
        }
    }
    store.commit(Batch { blobs, ..Batch::default() }).map(drop)
}

/// What `applied`, said by any process of a shared log, has every mirror of that log keep.
pub(crate) fn brought(applied: &Envelope) -> Vec<Change> {
    // What cannot be read is told by the host that reads it.
    let Ok(ConfigApplied { agent, config, value: Some(value) }) = applied.open() else {
        return Vec::new();
    };
    if name_of(&agent, &value) != config {
        return Vec::new();
    }
    let host = HostId { kind: agent, partition: 0 };
    vec![
        (newest_name(&host), Some(config.clone().into_bytes())),
        (config, Some(value.into_bytes())),
    ]
}

/// Name of the newest configuration on the input of `host`, whether it has read it or not.
pub(crate) fn newest(host: &HostId, store: &dyn Store) -> Result<Option<String>, StoreError> {
    let bytes = store.blob(&newest_name(host))?;
    Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

/// That no agent of `catalog` is called `kind`.
pub(crate) fn unknown(kind: &str, catalog: &Catalog) -> ConfigError {
    let known: Vec<&str> = catalog.contracts().map(|contract| &*contract.kind).collect();
    ConfigError::new(kind, format!("there is no such agent; there are {}", known.join(", ")))
}

fn check(
    kind: &str,
    entry: &CatalogEntry,
    config: &Value,
    models: &Models,
) -> Result<(), ConfigError> {
    entry.check_config(config, models).map_err(|reason| ConfigError::new(kind, reason))
}

/// What must be committed so that `config` is the newest on the input of every host of `kind`; `revision` of the bus
/// names it alike for all processes of a shared log.
fn change(
    kind: &str,
    entry: &CatalogEntry,
    config: &Value,
    revision: Option<u64>,
    (store, router): (&dyn Store, &Router),
) -> Result<Vec<Request>, ConfigureError> {
    let text = config.to_string();
    let name = name_of(kind, &text);
    let process = process_of(store)?;
    // Processes that share a log say each its own.
    let by = process.as_ref().map_or(String::new(), |process| format!("{process}/"));
    let mut requests = Vec::new();
    for partition in router.partitions_of(entry.contract.stream) {
        let host = HostId { kind: kind.to_owned(), partition: partition.index };
        // The newest entry on the host's input counts, read or not: going back to an earlier
        // configuration is a change too.
        let before = newest(&host, store)?.unwrap_or_default();
        if before == name {
            continue;
        }
        let id = match revision {
            Some(revision) => format!("{host}/{revision}/{before}/{name}"),
            None => format!("{by}{host}/{}/{name}", store.head(partition)),
        };
        let leaves = process.is_some() && partition.stream == Stream::Log;
        let value = leaves.then(|| text.clone());
        let applied = ConfigApplied { agent: kind.to_owned(), config: name.clone(), value };
        let envelope = envelope(&id, &applied)?;
        requests.push(Request::Append(vec![Entry { partition: Some(partition), envelope }]));
        let asked = (newest_name(&host), Some(name.clone().into_bytes()));
        requests.push(Request::Blobs(vec![asked]));
    }
    if !requests.is_empty() {
        requests.insert(0, Request::Blobs(vec![(name, Some(text.into_bytes()))]));
    }
    Ok(requests)
}

fn envelope(id: &str, applied: &ConfigApplied) -> Result<Envelope, ConfigError> {
    let id = MessageId::named("config.applied", id);
    let envelope = Envelope::new(id, "runtime", applied)
        .map_err(|error| ConfigError::new(&applied.agent, error))?;
    Ok(Envelope { addressed_to: Some(applied.agent.clone()), ..envelope })
}

/// Name of the stored value that holds `text`, a configuration of `kind`.
fn name_of(kind: &str, text: &str) -> String {
    format!("config/{kind}/{}", MessageId::named("config", text))
}

fn newest_name(host: &HostId) -> String {
    format!("configured/{host}")
}

/// Name of the stored value that remembers what lies over the configuration of `kind`.
fn overlay_name(kind: &str) -> String {
    format!("overlay/{kind}")
}

fn remembered(kind: &str, store: &dyn Store) -> Result<Overlay, ConfigureError> {
    let Some(bytes) = store.blob(&overlay_name(kind))? else { return Ok(Overlay::default()) };
    Ok(serde_json::from_slice(&bytes).map_err(|error| ConfigError::new(kind, error))?)
}

fn remember(kind: &str, overlay: &Overlay) -> Change {
    let bytes = serde_json::to_vec(overlay).expect("a table of JSON is written as JSON");
    (overlay_name(kind), overlay.table.is_some().then_some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_lies_over_a_table_replaces_the_values_that_it_names_and_no_others() {
        let base = json!({ "a": 1, "b": { "c": 2, "d": [3, 4] } });
        let over = |table| Overlay { revision: 1, table }.over(&base);
        assert_eq!(over(None), base);
        let laid = over(Some(json!({ "b": { "d": [5] }, "e": 6 })));
        assert_eq!(laid, json!({ "a": 1, "b": { "c": 2, "d": [5] }, "e": 6 }));
        assert_eq!(over(Some(json!("words"))), json!("words"), "which no agent takes");
    }

    #[test]
    fn a_value_that_is_not_what_its_name_says_is_kept_by_nobody() {
        let text = r#"{"a":1}"#.to_owned();
        let applied = |config: String, value: Option<&str>| {
            let value = value.map(str::to_owned);
            envelope("id", &ConfigApplied { agent: "x".to_owned(), config, value }).unwrap()
        };
        let name = name_of("x", &text);
        let kept = brought(&applied(name.clone(), Some(&text)));
        assert!(kept.contains(&(name.clone(), Some(text.clone().into_bytes()))), "{kept:?}");
        assert_eq!(brought(&applied("running".to_owned(), Some(&text))), []);
        assert_eq!(brought(&applied(name, None)), []);
    }
}
