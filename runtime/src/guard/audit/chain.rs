//! Links of AUDIT: each carries the hash of the one before.

use crate::store::{Partition, ReadLimit, Store, StoreError};
use messages::guard::AuditRecorded;
use messages::{Sequence, Timestamp};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

/// The hash before the first link.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What is written into AUDIT: who did or wanted what, and how that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// Who.
    pub principal: String,
    /// What it did or wanted.
    pub action: &'static str,
    /// To what.
    pub object: String,
    /// How it ended.
    pub outcome: &'static str,
    /// More, by name.
    pub details: BTreeMap<String, String>,
}

/// Where the chain ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chain {
    pub(crate) sequence: Sequence,
    pub(crate) hash: String,
}

impl Chain {
    /// The end of `store`'s chain.
    pub(crate) fn resume(store: &dyn Store) -> Result<Self, StoreError> {
        let head = store.head(Partition::AUDIT);
        if head == 0 {
            return Ok(Self { sequence: 0, hash: GENESIS.to_owned() });
        }
        let newest = link(store, head)?;
        Ok(Self { sequence: newest.sequence, hash: newest.hash })
    }

    /// The next link.
    pub(crate) fn link(&mut self, deed: Deed, at: Timestamp) -> AuditRecorded {
        let mut record = AuditRecorded {
            sequence: self.sequence + 1,
            at,
            principal: deed.principal,
            action: deed.action.to_owned(),
            object: deed.object,
            outcome: deed.outcome.to_owned(),
            details: deed.details,
            previous: self.hash.clone(),
            hash: String::new(),
        };
        record.hash = hash(&record);
        self.sequence = record.sequence;
        self.hash.clone_from(&record.hash);
        record
    }
}

/// The link at position `sequence` of `store`'s AUDIT.
pub(crate) fn link(store: &dyn Store, sequence: Sequence) -> Result<AuditRecorded, StoreError> {
    let limit = ReadLimit { records: 1, bytes: 1 };
    let batch = store.read(Partition::AUDIT, sequence - 1, limit)?;
    let unreadable = |what: String| StoreError::Corrupt { path: PathBuf::from("audit"), what };
    let found = batch.first().ok_or_else(|| unreadable(format!("link {sequence} is missing")))?;
    found
        .envelope
        .open()
        .map_err(|error| unreadable(format!("link {sequence} cannot be read: {error}")))
}

/// The hash that `record` must carry.
pub(crate) fn hash(record: &AuditRecorded) -> String {
    let mut fields = serde_json::to_value(record).expect("a link is JSON");
    let order =
        ["sequence", "at", "principal", "action", "object", "outcome", "details", "previous"];
    let mut text = String::from("{");
    for (index, name) in order.into_iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let value = fields.get_mut(name).map(serde_json::Value::take).unwrap_or_default();
        write!(text, "{comma}\"{name}\":{value}").expect("a string takes every text");
    }
    text.push('}');
    hex(&Sha256::digest(text.as_bytes()))
}

/// `bytes` in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes every text");
        text
    })
}

/// The bytes that `text` stands for.
pub(crate) fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0_u8; N];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).ok()?;
    }
    Some(bytes)
}
