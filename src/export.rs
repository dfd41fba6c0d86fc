//! Exports the store of a running process to a file, while it goes on.

use runtime::backup::{BackupError, Export, Summary};
use runtime::committer::{CommitError, Request};
use runtime::deployment::Deployment;
use std::path::{Path, PathBuf};
use tokio::sync::oneshot;

/// Why no export was made.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The store or the file failed.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// Nothing is committed any more, so nothing can be read between two commits.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The file's folder cannot be made.
    #[error("folder of `{path}`: {source}")]
    Folder {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Whoever wrote it ended early.
    #[error("writing `{path}` ended early")]
    Ended {
        /// The file.
        path: PathBuf,
    },
}

/// Writes an export of `deployment` to `path`; the file appears when it is whole.
///
/// States and cursors are written between two commits, the log afterwards and beside other work.
///
/// # Errors
/// [`ExportError`]; a file of that name from before stays as it is.
pub async fn export(deployment: &Deployment, path: &Path) -> Result<Summary, ExportError> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)
            .map_err(|source| ExportError::Folder { path: path.to_owned(), source })?;
    }
    let ended = || ExportError::Ended { path: path.to_owned() };
    let (begun, beginning) = oneshot::channel();
    let target = path.to_owned();
    let look = Request::Look(Box::new(move |store| {
        // Whoever asked may have gone away.
        drop(begun.send(Export::begin(store, &target)));
    }));
    deployment.committer().commit(look).await?;
    let export = beginning.await.map_err(|_| ended())??;
    let store = deployment.store().clone();
    let written = tokio::task::spawn_blocking(move || export.finish(&*store));
    Ok(written.await.map_err(|_| ended())??)
}
