//! Where AUDIT ends, signed and kept outside the database: a tail that is cut off shows.

use super::chain::{Chain, hex, unhex};
use ed25519_dalek::{Signature, Signer, SigningKey, Verifier, VerifyingKey};
use messages::{Sequence, Timestamp};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// File of the signing key, in the data folder; readable by its owner alone.
pub const KEY_FILE: &str = "audit.key";
/// File of the newest signed checkpoint, in the data folder.
pub const HEAD_FILE: &str = "audit.head";

/// Why the key or the head cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The operating system refused.
    #[error("`{path}`: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
    /// The file does not hold what it should.
    #[error("`{path}` is damaged: {what}; put it back from a backup of the data folder")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
}

/// A signed checkpoint: so far went the chain, and this was its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Position of the newest link.
    pub sequence: Sequence,
    /// Its hash.
    pub hash: String,
    /// When it was signed.
    pub at: Timestamp,
    /// Public half of the key (Ed25519), in hexadecimal.
    pub public_key: String,
    /// Signature over the fields before, in hexadecimal.
    pub signature: String,
}

/// The key that signs checkpoints.
pub struct Seal {
    key: SigningKey,
    folder: PathBuf,
}

impl Seal {
    /// The seal in `folder`, made of `seed` if there is none yet.
    ///
    /// # Errors
    /// [`SealError`] when the key cannot be read or written.
    pub fn create(folder: &Path, seed: impl FnOnce(&mut [u8; 32])) -> Result<Self, SealError> {
        if let Some(seal) = Self::open(folder)? {
            return Ok(seal);
        }
        let path = folder.join(KEY_FILE);
        let io = |source| SealError::Io { path: path.clone(), source };
        let mut secret = [0_u8; 32];
        seed(&mut secret);
        fs::create_dir_all(folder).map_err(io)?;
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o600).open(&path).map_err(io)?;
        file.write_all(format!("{}\n", hex(&secret)).as_bytes()).map_err(io)?;
        file.sync_all().map_err(io)?;
        sync_folder(folder).map_err(io)?;
        Ok(Self { key: SigningKey::from_bytes(&secret), folder: folder.to_owned() })
    }

    /// The seal in `folder`, if there is one.
    ///
    /// # Errors
    /// [`SealError`] when the key cannot be read.
    pub fn open(folder: &Path) -> Result<Option<Self>, SealError> {
        let path = folder.join(KEY_FILE);
        let Some(text) = read(&path)? else { return Ok(None) };
        let secret = unhex(text.trim()).ok_or_else(|| SealError::Damaged {
            path,
            what: "it is not 64 hexadecimal digits".to_owned(),
        })?;
        let key = SigningKey::from_bytes(&secret);
        Ok(Some(Self { key, folder: folder.to_owned() }))
    }

    /// Public half of the key, in hexadecimal.
    #[must_use]
    pub fn public_key(&self) -> String {
        hex(self.key.verifying_key().as_bytes())
    }

    /// The newest signed checkpoint, if there is one.
    ///
    /// # Errors
    /// [`SealError`] when it cannot be read.
    pub fn head(folder: &Path) -> Result<Option<Head>, SealError> {
        let path = folder.join(HEAD_FILE);
        let Some(text) = read(&path)? else { return Ok(None) };
        serde_json::from_str(&text)
            .map(Some)
            .map_err(|error| SealError::Damaged { path, what: error.to_string() })
    }

    /// The data folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A signed checkpoint of `chain`.
    pub(crate) fn sign(&self, chain: &Chain, at: Timestamp) -> Head {
        let signature = self.key.sign(text(chain.sequence, &chain.hash, at).as_bytes());
        Head {
            sequence: chain.sequence,
            hash: chain.hash.clone(),
            at,
            public_key: self.public_key(),
            signature: hex(&signature.to_bytes()),
        }
    }

    /// Keeps a signed checkpoint of `chain` outside the database, synced.
    pub(crate) fn keep(&self, chain: &Chain, at: Timestamp) -> Result<(), SealError> {
        let path = self.folder.join(HEAD_FILE);
        let io = |source| SealError::Io { path: path.clone(), source };
        let head = serde_json::to_string(&self.sign(chain, at)).expect("a head is JSON");
        let beside = self.folder.join(format!("{HEAD_FILE}.new"));
        let mut file = File::create(&beside).map_err(io)?;
        file.write_all(head.as_bytes()).map_err(io)?;
        file.sync_all().map_err(io)?;
        fs::rename(&beside, &path).map_err(io)?;
        sync_folder(&self.folder).map_err(io)
    }
}

impl Head {
    /// Whether it was signed with the key whose public half is `public_key`.
    #[must_use]
    pub fn is_signed_by(&self, public_key: &str) -> bool {
        let Some(key) = unhex(public_key).and_then(|key| VerifyingKey::from_bytes(&key).ok())
        else {
            return false;
        };
        let Some(signature) = unhex(&self.signature) else { return false };
        let text = text(self.sequence, &self.hash, self.at);
        key.verify(text.as_bytes(), &Signature::from_bytes(&signature)).is_ok()
    }
}

fn text(sequence: Sequence, hash: &str, at: Timestamp) -> String {
    format!("aurorasync audit checkpoint\n{sequence}\n{hash}\n{}\n", at.as_millis())
}

fn read(path: &Path) -> Result<Option<String>, SealError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(SealError::Io { path: path.to_owned(), source }),
    }
}

/// A new name in a folder is durable once the folder is.
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}
