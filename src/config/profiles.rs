//! Profile files, given to every agent that has a table of profiles: a new kind of asset is a file and no code.

use super::ConfigFailure;
use messages::profile::Profile;
use std::path::{Path, PathBuf};

/// A profile in a file.
pub(super) struct ProfileFile {
    /// Its name, as it calls itself.
    pub(super) name: String,
    /// Its text.
    pub(super) text: String,
    /// Where it is.
    pub(super) path: PathBuf,
}

/// Every `*.toml` in `folder`, in order of the file names; none where there is no such folder.
pub(super) fn read(folder: &Path) -> Result<Vec<ProfileFile>, ConfigFailure> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |source| ConfigFailure::Unreadable { path, source }
    };
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut paths = Vec::new();
    for entry in folder.read_dir().map_err(unreadable(folder))? {
        let path = entry.map_err(unreadable(folder))?.path();
        if path.is_file() && path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    let file = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).map_err(unreadable(&path))?;
        let profile = Profile::parse(&text).map_err(|error| ConfigFailure::Profile {
            path: path.clone(),
            reason: error.to_string(),
        })?;
        Ok(ProfileFile { name: profile.name.clone(), text, path })
    };
    paths.into_iter().map(file).collect()
}
