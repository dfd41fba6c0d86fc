//! Trained models by id, as an agent finds them when it is built.

use std::collections::BTreeMap;
use std::sync::Arc;

/// Content-addressed model files. Read only; what an agent makes of the bytes is its own affair.
#[derive(Clone, Debug, Default)]
pub struct Models {
    bytes_by_id: BTreeMap<String, Arc<[u8]>>,
}

impl Models {
    /// The same with one more model.
    #[must_use]
    pub fn with(mut self, id: impl Into<String>, bytes: impl Into<Arc<[u8]>>) -> Self {
        self.bytes_by_id.insert(id.into(), bytes.into());
        self
    }

    /// The bytes of model `id`.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&[u8]> {
        self.bytes_by_id.get(id).map(AsRef::as_ref)
    }
}
