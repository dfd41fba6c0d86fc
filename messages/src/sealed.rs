//! Personal data that can be forgotten: encrypted under its owner's key, unreadable once that key is gone.
//!
//! ChaCha20-Poly1305 (RFC 8439) over the value's postcard, with the owner as associated data: a ciphertext moved to
//! another owner does not open. JSON writes nonce and ciphertext as base64.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

/// Length of a key, in bytes.
pub const KEY_BYTES: usize = 32;
/// Length of a nonce, in bytes.
pub const NONCE_BYTES: usize = 12;

/// A value that only the holder of its owner's key can read.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub struct Sealed<T> {
    /// Whose key opens it.
    pub owner: String,
    /// Nonce, never used twice under one key.
    #[serde(with = "base64_in_text")]
    pub nonce: [u8; NONCE_BYTES],
    /// The value, encrypted and authenticated.
    #[serde(with = "base64_in_text")]
    pub ciphertext: Vec<u8>,
    #[serde(skip)]
    value: PhantomData<T>,
}

/// An owner's key.
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; KEY_BYTES]);

/// The keys of all owners, and which of them were destroyed.
///
/// Destruction is remembered: a key that is merely not there (the wrong keyring, half of one) is an error, for
/// showing personal data as erased when it is not would be a lie.
#[derive(Clone, Debug, Default)]
pub struct Keyring {
    entries: BTreeMap<String, Option<Key>>,
}

/// What a sealed value turned out to be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Opened<T> {
    /// The value.
    Value(T),
    /// Nobody can read it any more: its owner's key was destroyed.
    Erased,
}

/// Why a value could not be sealed or opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The keyring has never had a key for this owner.
    #[error(
        "no key for owner `{owner}`, and none was destroyed; is this the keyring of this deployment?"
    )]
    NoKey {
        /// The owner.
        owner: String,
    },
    /// The owner's key was destroyed, so nothing more is to be kept about the owner.
    #[error("the key of owner `{owner}` was destroyed; register the owner anew under another id")]
    Destroyed {
        /// The owner.
        owner: String,
    },
    /// The owner has a key already; what it sealed would be lost.
    #[error("owner `{owner}` has a key already; destroy it first if its data is to be forgotten")]
    KeyExists {
        /// The owner.
        owner: String,
    },
    /// Another key, another owner, or bytes that were changed.
    #[error(
        "sealed value of owner `{owner}` does not open; it was changed or sealed under another key"
    )]
    Tampered {
        /// The owner.
        owner: String,
    },
    /// Authentic, but not a value of this type.
    #[error("sealed value of owner `{owner}` is not of the expected type")]
    WrongType {
        /// The owner.
        owner: String,
    },
    /// The value cannot be written.
    #[error("value cannot be encoded: {0}")]
    Inexpressible(String),
}

impl<T: Serialize + DeserializeOwned> Sealed<T> {
    /// Seals `value` for `owner`. The caller never gives one nonce twice under one key.
    ///
    /// # Errors
    /// [`SealError`] when the owner has no key, or the value cannot be written.
    pub fn seal(
        value: &T,
        owner: &str,
        nonce: [u8; NONCE_BYTES],
        keyring: &Keyring,
    ) -> Result<Self, SealError> {
        let Some(key) = keyring.key(owner)? else {
            return Err(SealError::Destroyed { owner: owner.to_owned() });
        };
        let plaintext = postcard::to_stdvec(value)
            .map_err(|error| SealError::Inexpressible(error.to_string()))?;
        let payload = Payload { msg: &plaintext, aad: owner.as_bytes() };
        let ciphertext = key
            .cipher()
            .encrypt(Nonce::from_slice(&nonce), payload)
            .map_err(|error| SealError::Inexpressible(error.to_string()))?;
        Ok(Self { owner: owner.to_owned(), nonce, ciphertext, value: PhantomData })
    }

    /// The value, or that it can never be read again.
    ///
    /// # Errors
    /// [`SealError`] when the key is unknown or does not fit, or the value was changed.
    pub fn open(&self, keyring: &Keyring) -> Result<Opened<T>, SealError> {
        let owner = || self.owner.clone();
        let Some(key) = keyring.key(&self.owner)? else {
            return Ok(Opened::Erased);
        };
        let payload = Payload { msg: &self.ciphertext, aad: self.owner.as_bytes() };
        let plaintext = key
            .cipher()
            .decrypt(Nonce::from_slice(&self.nonce), payload)
            .map_err(|_| SealError::Tampered { owner: owner() })?;
        match postcard::take_from_bytes(&plaintext) {
            Ok((value, [])) => Ok(Opened::Value(value)),
            _ => Err(SealError::WrongType { owner: owner() }),
        }
    }
}

impl Key {
    /// A key from 32 random bytes.
    #[must_use]
    pub const fn new(bytes: [u8; KEY_BYTES]) -> Self {
        Self(bytes)
    }

    /// The bytes, for whoever stores them.
    #[must_use]
    pub const fn expose(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    fn cipher(&self) -> ChaCha20Poly1305 {
        ChaCha20Poly1305::new((&self.0).into())
    }
}

impl Keyring {
    /// Adds the first key of `owner`.
    ///
    /// # Errors
    /// [`SealError::KeyExists`] or [`SealError::Destroyed`]: an owner has one key in its life.
    pub fn insert(&mut self, owner: impl Into<String>, key: Key) -> Result<(), SealError> {
        let owner = owner.into();
        match self.entries.get(&owner) {
            None => {
                self.entries.insert(owner, Some(key));
                Ok(())
            }
            Some(Some(_)) => Err(SealError::KeyExists { owner }),
            Some(None) => Err(SealError::Destroyed { owner }),
        }
    }

    /// Forgets the key of `owner`, whether there was one or not, and remembers that it did.
    pub fn destroy(&mut self, owner: impl Into<String>) {
        self.entries.insert(owner.into(), None);
    }

    /// Every owner with its key, or `None` where that was destroyed; for whoever stores them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&Key>)> {
        self.entries.iter().map(|(owner, key)| (owner.as_str(), key.as_ref()))
    }

    fn key(&self, owner: &str) -> Result<Option<&Key>, SealError> {
        match self.entries.get(owner) {
            Some(key) => Ok(key.as_ref()),
            None => Err(SealError::NoKey { owner: owner.to_owned() }),
        }
    }
}

impl<T> fmt::Debug for Sealed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealed").field("owner", &self.owner).finish_non_exhaustive()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

impl<T> fmt::Debug for Opened<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Opened::Value(_) => "Value(..)",
            Opened::Erased => "Erased",
        })
    }
}

/// Bytes as they are in postcard, as base64 in JSON.
mod base64_in_text {
    use super::{Deserialize, Deserializer, Serialize, Serializer};
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde::de::Error;

    pub(super) fn serialize<S: Serializer, B>(bytes: &B, serializer: S) -> Result<S::Ok, S::Error>
    where
        B: AsRef<[u8]> + Serialize,
    {
        if serializer.is_human_readable() {
            serializer.collect_str(&STANDARD.encode(bytes))
        } else {
            bytes.serialize(serializer)
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>, B>(deserializer: D) -> Result<B, D::Error>
    where
        B: TryFrom<Vec<u8>> + Deserialize<'de>,
    {
        if !deserializer.is_human_readable() {
            return B::deserialize(deserializer);
        }
        let text = String::deserialize(deserializer)?;
        let bytes = STANDARD.decode(text).map_err(D::Error::custom)?;
        let length = bytes.len();
        B::try_from(bytes).map_err(|_| D::Error::custom(format!("{length} bytes do not fit here")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONCE: [u8; NONCE_BYTES] = [7; NONCE_BYTES];

    fn keyring() -> Keyring {
        let mut keyring = Keyring::default();
        keyring.insert("owner-1", Key::new([1; KEY_BYTES])).unwrap();
        keyring.insert("owner-2", Key::new([2; KEY_BYTES])).unwrap();
        keyring
    }

    fn sealed() -> Sealed<String> {
        Sealed::seal(&"Asha Rao".to_owned(), "owner-1", NONCE, &keyring()).unwrap()
    }

    #[test]
    fn a_value_comes_back_through_both_encodings() {
        let value = Opened::Value("Asha Rao".to_owned());
        let json = serde_json::to_string(&sealed()).unwrap();
        assert!(json.contains(r#""nonce":"BwcHBwcHBwcHBwcH""#), "{json}");
        let from_json: Sealed<String> = serde_json::from_str(&json).unwrap();
        assert!(from_json.open(&keyring()).unwrap() == value);
        let bytes = postcard::to_stdvec(&sealed()).unwrap();
        let from_postcard: Sealed<String> = postcard::from_bytes(&bytes).unwrap();
        assert!(from_postcard.open(&keyring()).unwrap() == value);
    }

    #[test]
    fn a_destroyed_key_erases_and_a_missing_one_is_an_error() {
        let mut keyring = keyring();
        keyring.destroy("owner-1");
        assert!(sealed().open(&keyring).unwrap() == Opened::Erased);
        let missing = sealed().open(&Keyring::default()).unwrap_err();
        assert_eq!(missing, SealError::NoKey { owner: "owner-1".to_owned() });
    }

    #[test]
    fn an_owner_has_one_key_in_its_life() {
        let mut keyring = keyring();
        let owner = || "owner-1".to_owned();
        let key = Key::new([3; KEY_BYTES]);
        let again = keyring.insert("owner-1", key.clone());
        assert_eq!(again, Err(SealError::KeyExists { owner: owner() }));
        keyring.destroy("owner-1");
        let after = keyring.insert("owner-1", key);
        assert_eq!(after, Err(SealError::Destroyed { owner: owner() }));
        let sealing = Sealed::seal(&1_u8, "owner-1", NONCE, &keyring);
        assert_eq!(sealing, Err(SealError::Destroyed { owner: owner() }));
    }

    #[test]
    fn every_changed_bit_and_every_other_owner_is_noticed() {
        let tampered = |sealed: &Sealed<String>| {
            matches!(sealed.open(&keyring()), Err(SealError::Tampered { .. }))
        };
        let length = sealed().ciphertext.len();
        for bit in 0..length * 8 {
            let mut changed = sealed();
            changed.ciphertext[bit / 8] ^= 1 << (bit % 8);
            assert!(tampered(&changed), "bit {bit} of the ciphertext");
        }
        for bit in 0..NONCE_BYTES * 8 {
            let mut changed = sealed();
            changed.nonce[bit / 8] ^= 1 << (bit % 8);
            assert!(tampered(&changed), "bit {bit} of the nonce");
        }
        for length in 0..length {
            let mut changed = sealed();
            changed.ciphertext.truncate(length);
            assert!(tampered(&changed), "cut to {length} bytes");
        }
        let mut changed = sealed();
        changed.owner = "owner-2".to_owned();
        assert!(tampered(&changed));
    }

    #[test]
    fn another_type_is_an_error_not_another_value() {
        let bytes = postcard::to_stdvec(&sealed()).unwrap();
        let as_number: Sealed<u8> = postcard::from_bytes(&bytes).unwrap();
        assert!(matches!(as_number.open(&keyring()), Err(SealError::WrongType { .. })));
    }

    /// The expected bytes were computed by another implementation of RFC 8439.
    #[test]
    fn the_ciphertext_never_changes_because_logs_hold_it() {
        let hex: String = sealed().ciphertext.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "a411c4af0cefd7f65a818e94441f31799e31308b478e6d9865");
    }

    #[test]
    fn debug_shows_neither_values_nor_keys() {
        let opened = sealed().open(&keyring()).unwrap();
        let shown = format!("{:?} {opened:?} {:?}", sealed(), keyring());
        assert!(!shown.contains("Asha") && !shown.contains("[1, 1"), "{shown}");
    }
}
