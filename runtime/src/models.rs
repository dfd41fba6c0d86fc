//! Trained models by id, as an agent finds them when it is built; and how promoted ones are kept in a store.

use messages::model::shadow_of;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write;
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

    /// The same with this model in use for the assets of `profile`.
    #[must_use]
    pub fn with_promoted(self, profile: &str, bytes: impl Into<Arc<[u8]>>) -> Self {
        self.with(promoted_as(profile), bytes)
    }

    /// The bytes of the model in use for the assets of `profile`.
    #[must_use]
    pub fn promoted(&self, profile: &str) -> Option<&[u8]> {
        self.get(&promoted_as(profile))
    }

    /// The bytes of the model in the shadow of that one.
    #[must_use]
    pub fn shadow(&self, profile: &str) -> Option<&[u8]> {
        self.promoted(&shadow_of(profile))
    }
}

fn promoted_as(profile: &str) -> String {
    format!("promoted/{profile}")
}

/// Name of the stored value that holds the model with this checksum.
#[must_use]
pub fn kept_as(checksum: &str) -> String {
    format!("model/{checksum}")
}

/// SHA-256 of a model's bytes, as hexadecimal digits.
#[must_use]
pub fn checksum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut digits, byte| {
        write!(digits, "{byte:02x}").expect("a string takes what is written");
        digits
    })
}
