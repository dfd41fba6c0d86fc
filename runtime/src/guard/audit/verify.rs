//! Reads AUDIT from its first link and says where it was touched.

use super::chain::{GENESIS, hash};
use super::seal::{Head, Seal, SealError};
use crate::store::{Delivery, Partition, ReadLimit, Store, StoreError};
use messages::guard::AuditRecorded;
use messages::{Message, Sequence, Timestamp};
use serde::Serialize;
use std::path::Path;

/// Findings that are listed; further ones are only counted.
pub const FINDINGS_LISTED_MAX: usize = 100;

/// What `action` of a link that holds a signed checkpoint is.
pub(crate) const CHECKPOINT: &str = "checkpoint";
/// What `action` of a link is that says that the chain was found shorter than its head, or another one.
pub(crate) const DAMAGE: &str = "damage";

/// Something that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The link where it shows.
    pub sequence: Sequence,
    /// What is wrong, and what to do.
    pub what: String,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Links read.
    pub links: u64,
    /// When the first was written.
    pub first_at: Option<Timestamp>,
    /// When the last was written.
    pub last_at: Option<Timestamp>,
    /// Signed checkpoints that hold, the head among them.
    pub signatures: u64,
    /// The public key they were checked with.
    pub public_key: Option<String>,
    /// How much is wrong.
    pub problems: u64,
    /// The first [`FINDINGS_LISTED_MAX`] of it.
    pub findings: Vec<Finding>,
}

/// Why nothing can be said.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Key or head cannot be read.
    #[error(transparent)]
    Seal(#[from] SealError),
}

impl Verdict {
    /// Whether all is as it was written.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        self.problems == 0
    }

    fn find(&mut self, sequence: Sequence, what: impl Into<String>) {
        self.problems += 1;
        if self.findings.len() < FINDINGS_LISTED_MAX {
            self.findings.push(Finding { sequence, what: what.into() });
        }
    }
}

/// Checks the AUDIT of `store` against itself and, where `folder` keeps a seal, against its signed head;
/// `public_key`, noted earlier, takes the place of the one in the folder.
///
/// # Errors
/// [`VerifyError`] when something cannot be read at all, not when something is wrong.
pub fn verify(
    store: &dyn Store,
    folder: Option<&Path>,
    public_key: Option<&str>,
) -> Result<Verdict, VerifyError> {
    let (head, own) = match folder {
        Some(folder) => (Seal::head(folder)?, Seal::open(folder)?.map(|seal| seal.public_key())),
        None => (None, None),
    };
    let sealed = own.is_some();
    let mut pass = Pass {
        verdict: Verdict {
            public_key: public_key.map(str::to_owned).or(own),
            ..Verdict::default()
        },
        sequence: 0,
        hash: GENESIS.to_owned(),
        head_hash: None,
        head,
    };
    pass.read(store)?;
    pass.check_head(sealed);
    Ok(pass.verdict)
}

/// The way along the chain.
struct Pass {
    verdict: Verdict,
    /// Of the link before.
    sequence: Sequence,
    hash: String,
    head: Option<Head>,
    /// Hash of the link that the head names.
    head_hash: Option<String>,
}

impl Pass {
    fn read(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        let mut after = store.first(Partition::AUDIT).saturating_sub(1);
        loop {
            let batch = store.read(Partition::AUDIT, after, ReadLimit::default())?;
            let Some(last) = batch.last() else { return Ok(()) };
            after = last.sequence;
            for delivery in &batch {
                self.verdict.links += 1;
                match delivery.envelope.open::<AuditRecorded>() {
                    Ok(link) => self.link(delivery, link),
                    Err(error) => {
                        let at = self.sequence + 1;
                        self.verdict
                            .find(at, format!("it cannot be read: {error}; restore a backup"));
                    }
                }
            }
        }
    }

    fn link(&mut self, delivery: &Delivery, link: AuditRecorded) {
        let sequence = link.sequence;
        self.place(&link);
        let envelope = &delivery.envelope;
        let as_written = link.to_data().is_ok_and(|data| data == envelope.data);
        if hash(&link) != link.hash || !as_written || link.at != envelope.time {
            self.verdict.find(
                sequence,
                "it was edited: its content does not give its hash; compare it with a backup",
            );
        }
        if link.action == CHECKPOINT {
            self.checkpoint(&link);
        }
        if link.action == DAMAGE {
            self.verdict.find(
                sequence,
                format!("a start found damage before it: {}; compare with a backup", link.object),
            );
        }
        if self.head.as_ref().is_some_and(|head| head.sequence == sequence) {
            self.head_hash = Some(link.hash.clone());
        }
        self.verdict.first_at = self.verdict.first_at.or(Some(link.at));
        self.verdict.last_at = Some(link.at);
        // Behind one that was inserted or moved, the chain goes on from where it was.
        if sequence > self.sequence {
            self.sequence = sequence;
            self.hash = link.hash;
        }
    }

    /// Whether it follows the link before.
    fn place(&mut self, link: &AuditRecorded) {
        let (expected, found) = (self.sequence + 1, link.sequence);
        if found > expected {
            let missing = found - 1;
            self.verdict.find(
                expected,
                format!("links {expected} to {missing} were removed, or others moved before them; compare with a backup"),
            );
        } else if found < expected {
            self.verdict.find(
                found,
                format!(
                    "it stands behind link {}: inserted or moved; compare with a backup",
                    self.sequence
                ),
            );
        } else if link.previous != self.hash {
            self.verdict.find(found, "it does not continue the link before: one of both was replaced or inserted; compare with a backup");
        }
    }

    fn checkpoint(&mut self, link: &AuditRecorded) {
        let detail = |name: &str| link.details.get(name).cloned().unwrap_or_default();
        let head = Head {
            sequence: link.sequence - 1,
            hash: link.previous.clone(),
            at: link.at,
            public_key: detail("public_key"),
            signature: detail("signature"),
        };
        self.signature(link.sequence, &head);
    }

    /// Counts a signature that holds; without a key of our own, its own is taken at its word.
    fn signature(&mut self, sequence: Sequence, head: &Head) {
        let key = self.verdict.public_key.get_or_insert_with(|| head.public_key.clone()).clone();
        if head.is_signed_by(&key) {
            self.verdict.signatures += 1;
        } else {
            self.verdict.find(sequence, format!("its checkpoint is not signed with key {key}; the chain was written anew or the key replaced"));
        }
    }

    fn check_head(&mut self, sealed: bool) {
        let last = self.sequence;
        let Some(head) = self.head.take() else {
            if sealed && self.verdict.links > 0 {
                self.verdict.find(
                    last,
                    "`audit.head` is gone, so a cut tail would not show; put it back from a backup",
                );
            }
            return;
        };
        self.signature(head.sequence, &head);
        match &self.head_hash {
            Some(hash) if *hash == head.hash => {}
            Some(_) => self.verdict.find(head.sequence, "its hash is not the one in `audit.head`; the chain was written anew, compare with a backup"),
            None => self.verdict.find(
                last + 1,
                format!("the tail was cut: `audit.head` names link {}, the last one is {last}; compare with a backup", head.sequence),
            ),
        }
    }
}
