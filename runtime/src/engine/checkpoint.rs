//! Saves what only memory holds, a slice at a time, so that nobody waits long behind it.

use super::{AgentEngine, EngineError, Turn};
use crate::agent::Agent;
use crate::store::{HostChange, Progress};
use std::collections::BTreeSet;

/// Bytes of states saved by one commit of a checkpoint.
pub const CHECKPOINT_SLICE_BYTES: usize = 1024 * 1024;

/// A checkpoint under way: the position it will leave, and the keys still to save.
pub(super) struct Saving {
    progress: Progress,
    keys: BTreeSet<String>,
}

impl Saving {
    /// Whether `key` is still to be saved.
    pub(super) fn holds(&self, key: &str) -> bool {
        self.keys.contains(key)
    }
}

impl<A: Agent> AgentEngine<A> {
    /// The next slice; it begins a checkpoint when none is under way. `None` when all is saved.
    pub(super) fn save_slice(&mut self) -> Result<Option<Turn>, EngineError> {
        if self.saving.is_none() {
            if self.position == self.saved {
                return Ok(None);
            }
            let keys = std::mem::take(&mut self.unsaved);
            self.saving = Some(Saving { progress: self.progress(), keys });
        }
        let mut saving = self.saving.take().expect("a checkpoint is under way");
        let mut states = Vec::new();
        let mut bytes = 0;
        while bytes < CHECKPOINT_SLICE_BYTES {
            let Some(key) = saving.keys.pop_first() else { break };
            self.unsaved.remove(&key);
            let mut encoded = self.encode(std::iter::once(&key))?;
            bytes +=
                encoded.iter().map(|(_, value)| value.as_ref().map_or(0, Vec::len)).sum::<usize>();
            states.append(&mut encoded);
        }
        let expected = self.saved;
        let progress = saving.keys.is_empty().then(|| saving.progress.clone());
        if let Some(progress) = &progress {
            self.saved = progress.cursor;
        } else {
            self.saving = Some(saving);
        }
        let change = HostChange { host: self.id.clone(), progress, watermark: None, states };
        let expected_watermark = self.watermark;
        Ok(Some(Turn { expected, expected_watermark, change, outputs: Vec::new() }))
    }
}
