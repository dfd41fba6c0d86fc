//! The traces of a story's cases: what owners and workshops say about a case goes on with its trace, as at a door.

use messages::case::CaseOpened;
use messages::{Message, MessageId, Sequence};
use runtime::store::{Partition, ReadLimit, Store, StoreError};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The trace of each case, as far as the log was read.
#[derive(Debug, Default)]
pub(super) struct Traces {
    read: Sequence,
    by_case: BTreeMap<Uuid, String>,
}

impl Traces {
    /// The trace that the message `id` of a device begins.
    pub(super) fn begun(id: MessageId) -> String {
        let trace = id.0.simple().to_string();
        format!("00-{trace}-{}-01", &trace[16..])
    }

    /// The trace of `case`, as `store` has it now.
    pub(super) fn of(
        &mut self,
        case: Uuid,
        store: &dyn Store,
    ) -> Result<Option<String>, StoreError> {
        loop {
            let batch = store.read(Partition::LOG, self.read, ReadLimit::default())?;
            let Some(last) = batch.last() else { break };
            self.read = last.sequence;
            for opened in batch.iter().filter(|it| it.envelope.name == CaseOpened::NAME) {
                let trace = opened.envelope.traceparent.clone();
                self.by_case.extend(opened.envelope.case_id.zip(trace));
            }
        }
        Ok(self.by_case.get(&case).cloned())
    }
}
