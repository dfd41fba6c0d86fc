//! Personal data that can be forgotten: encrypted under its owner's key, unreadable once that key is gone.

use serde::{Deserialize, Serialize};
use std::marker::PhantomData;

/// A value that only the holder of its owner's key can read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sealed<T> {
    /// Whose key opens it.
    pub owner: String,
    /// Nonce, never used twice under one key.
    pub nonce: [u8; 12],
    /// The value, encrypted and authenticated.
    pub ciphertext: Vec<u8>,
    #[serde(skip)]
    value: PhantomData<T>,
}
