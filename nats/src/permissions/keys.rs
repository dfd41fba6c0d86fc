//! Key pairs of users: a seed in a file that only its owner reads, and the public key for the server.

use nkeys::KeyPair;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The system refused.
    #[error("key file `{path}`: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
    /// The file holds something else.
    #[error("key file `{path}` holds no seed of a user: {reason}; remove it and a new one is made")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// The file in `folder` that holds the seed of `user`.
#[must_use]
pub fn path(folder: &Path, user: &str) -> PathBuf {
    folder.join(format!("{user}.nk"))
}

/// Public keys of `users`. Seeds are read from `folder`; those that are missing are made.
///
/// # Errors
/// [`KeyError`].
pub fn public_keys<'u>(
    folder: &Path,
    users: impl IntoIterator<Item = &'u str>,
) -> Result<BTreeMap<String, String>, KeyError> {
    fs::create_dir_all(folder)
        .map_err(|source| KeyError::Io { path: folder.to_owned(), source })?;
    users.into_iter().map(|user| Ok((user.to_owned(), public_key(&path(folder, user))?))).collect()
}

fn public_key(path: &Path) -> Result<String, KeyError> {
    let failed = |source| KeyError::Io { path: path.to_owned(), source };
    let malformed = |reason: String| KeyError::Malformed { path: path.to_owned(), reason };
    if !path.exists() {
        let pair = KeyPair::new_user();
        let seed = pair.seed().map_err(|error| malformed(error.to_string()))?;
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(failed)?;
        file.write_all(format!("{seed}\n").as_bytes()).map_err(failed)?;
        return Ok(pair.public_key());
    }
    let seed = fs::read_to_string(path).map_err(failed)?;
    let pair = KeyPair::from_seed(seed.trim()).map_err(|error| malformed(error.to_string()))?;
    let public = pair.public_key();
    if public.starts_with('U') {
        Ok(public)
    } else {
        Err(malformed("it is not a user's".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_is_made_once_and_read_by_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let made = public_keys(folder.path(), ["master", "ueba"]).unwrap();
        assert_eq!(public_keys(folder.path(), ["master", "ueba"]).unwrap(), made);
        assert_ne!(made["master"], made["ueba"]);
        let mode = fs::metadata(path(folder.path(), "master")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::write(path(folder.path(), "master"), "gossip").unwrap();
        let error = public_keys(folder.path(), ["master"]).unwrap_err();
        assert!(error.to_string().contains("master.nk"), "{error}");
    }
}
