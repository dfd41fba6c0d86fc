//! What agents have done to the world outside: by whom, under which rules, and never twice by accident.
//!
//! An agent says an intent with [`crate::Ctx::perform`]. The [`Ledger`] reads it from the log, says that it is
//! attempted, and only then is its [`Performer`] called; what came of it is said too. [`Effects`] lists the performers.
//! The ledger is a view of the log: [`crate::conductor`] and a deployment drive the same one.

mod ledger;
mod performer;
mod registry;
pub(crate) mod running;

pub use ledger::{
    ASKS_MAX, ATTEMPTS_MAX, CALLS_PER_EFFECT_MAX, Call, Came, Counts, EFFECT_KEY_BYTES_MAX,
    KEYS_KNOWN_MAX, Ledger, OUTCOME_REASON_BYTES_MAX, QUEUE_INTENTS_MAX, REPLY_BYTES_MAX,
    RETRY_PAUSE_MAX, RETRY_PAUSE_MIN, SOURCE, Step,
};
pub use performer::{Admission, Answer, Attempt, Performer, Reach, Recorded, Rules};
pub use registry::Effects;
pub(crate) use registry::{Registered, recorded};

use crate::store::{Partition, ReadLimit, Store, StoreError};

/// Has `ledger` read what is on the log, up to the newest record at this moment.
///
/// # Errors
/// [`StoreError`] when a record cannot be read.
pub(crate) fn catch_up(ledger: &mut Ledger, store: &dyn Store) -> Result<(), StoreError> {
    let head = store.head(Partition::LOG);
    while ledger.position() < head {
        let batch = store.read(Partition::LOG, ledger.position(), ReadLimit::default())?;
        if batch.is_empty() {
            break;
        }
        batch.iter().for_each(|delivery| ledger.read(delivery));
    }
    let mut after = ledger.passed_over();
    while let Some(position) = after {
        let batch = store.read(Partition::LOG, position, ReadLimit::default())?;
        after = batch.last().map(|delivery| delivery.sequence);
        if !batch.iter().all(|delivery| ledger.take_up(delivery)) {
            break;
        }
    }
    Ok(())
}
