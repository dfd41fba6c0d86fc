//! AUDIT as the one writer goes on with it: links, signed checkpoints among them, and the head outside the database.

use super::chain::{Chain, Deed, link};
use super::seal::{Seal, SealError};
use super::verify::{CHECKPOINT, DAMAGE};
use crate::guard::principal::GUARD;
use crate::store::{Store, StoreError};
use messages::Timestamp;
use messages::guard::AuditRecorded;
use std::collections::BTreeMap;

/// Links from one signed checkpoint within AUDIT to the next.
pub const CHECKPOINT_LINKS: u64 = 64;

/// The end of AUDIT, and what signs it.
#[derive(Default)]
pub(crate) struct Trail {
    chain: Option<Chain>,
    seal: Option<Seal>,
    /// Whether the chain is longer than the head outside says.
    unkept: bool,
}

impl Trail {
    /// Signs with `seal` from now on; what is to be written down if the chain is not as the seal left it.
    pub(crate) fn seal(
        &mut self,
        seal: Seal,
        store: &dyn Store,
    ) -> Result<Option<Deed>, StoreError> {
        let chain = self.chain(store)?.clone();
        let damage = damage(&seal, &chain, store)?;
        self.seal = Some(seal);
        Ok(damage.map(|object| Deed {
            principal: GUARD.to_owned(),
            action: DAMAGE,
            object,
            outcome: "found",
            details: BTreeMap::new(),
        }))
    }

    fn chain(&mut self, store: &dyn Store) -> Result<&mut Chain, StoreError> {
        if self.chain.is_none() {
            self.chain = Some(Chain::resume(store)?);
        }
        Ok(self.chain.as_mut().expect("it was taken up above"))
    }

    /// The link for `deed`, and behind it a signed checkpoint when one is due.
    pub(crate) fn links(
        &mut self,
        deed: Deed,
        at: Timestamp,
        store: &dyn Store,
    ) -> Result<Vec<AuditRecorded>, StoreError> {
        self.unkept = true;
        let chain = self.chain(store)?;
        let mut links = vec![chain.link(deed, at)];
        let due = chain.sequence % CHECKPOINT_LINKS == CHECKPOINT_LINKS - 1;
        if due && let (Some(seal), Some(chain)) = (&self.seal, &mut self.chain) {
            let head = seal.sign(chain, at);
            let details = [("public_key", head.public_key), ("signature", head.signature)];
            let deed = Deed {
                principal: GUARD.to_owned(),
                action: CHECKPOINT,
                object: format!("link {}", head.sequence),
                outcome: "done",
                details: details.map(|(name, value)| (name.to_owned(), value)).into(),
            };
            links.push(chain.link(deed, at));
        }
        Ok(links)
    }

    /// Keeps the head outside the database, if there is a seal and the chain grew.
    pub(crate) fn keep(&mut self, at: Timestamp) -> Result<(), StoreError> {
        let (Some(seal), Some(chain), true) = (&self.seal, &self.chain, self.unkept) else {
            return Ok(());
        };
        seal.keep(chain, at).map_err(store_error)?;
        self.unkept = false;
        Ok(())
    }
}

/// How the chain differs from what the head outside says of it.
fn damage(seal: &Seal, chain: &Chain, store: &dyn Store) -> Result<Option<String>, StoreError> {
    let Some(head) = Seal::head(seal.folder()).map_err(store_error)? else {
        let lost = chain.sequence > 0;
        return Ok(
            lost.then(|| format!("`audit.head` is gone, {} links are there", chain.sequence))
        );
    };
    let (sequence, last) = (head.sequence, chain.sequence);
    if sequence > last {
        return Ok(Some(format!(
            "the tail was cut behind link {last}; `audit.head` names {sequence}"
        )));
    }
    if sequence == 0 {
        return Ok(Some("`audit.head` names no link".to_owned()));
    }
    let found = link(store, sequence)?;
    let differs = found.hash != head.hash;
    Ok(differs.then(|| format!("link {sequence} is not the one that `audit.head` names")))
}

fn store_error(error: SealError) -> StoreError {
    match error {
        SealError::Io { path, source } => StoreError::Io { path, source },
        SealError::Damaged { path, what } => StoreError::Corrupt { path, what },
    }
}
