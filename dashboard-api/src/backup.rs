//! Writes an export of the running deployment, for those who sit at this machine.

use crate::facade::Facade;
use crate::problem::{Kind, Problem};
use crate::reply::{self, Response};
use crate::request::{Request, malformed};
use serde::Deserialize;
use serde_json::json;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use warp::http::StatusCode;

/// Writes an export to a file that does not exist yet. Given by the edge, which knows how exports are made.
#[derive(Clone)]
pub struct Backup(Arc<Write>);

type Write = dyn Fn(&Path) -> Result<Exported, BackupError> + Send + Sync;

/// What an export holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Size of the file, in bytes.
    pub bytes: u64,
    /// Log records in it.
    pub records: u64,
    /// States in it.
    pub states: u64,
}

/// Why there is no export.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is such a file already; it is not overwritten.
    #[error("`{path}` exists already; give another path")]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// It could not be written.
    #[error("`{path}` cannot be written: {reason}")]
    Failed {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

impl Backup {
    /// A backup that is written by `write`, which may block.
    pub fn new(
        write: impl Fn(&Path) -> Result<Exported, BackupError> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(write))
    }
}

impl fmt::Debug for Backup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Backup(..)")
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Target {
    path: PathBuf,
}

/// `POST /v1/backup`
pub(crate) async fn create(facade: &Facade, request: Request) -> Result<Response, Problem> {
    if !request.peer.ip().is_loopback() {
        return Err(Problem::new(Kind::Forbidden, "exports are written for this machine only"));
    }
    let Target { path } = request.json()?;
    if !path.is_absolute() {
        return Err(malformed(format!("`{}` is not an absolute path", path.display())));
    }
    let Some(backup) = facade.options.backup.clone() else {
        return Err(Problem::new(
            Kind::NotAvailable,
            "this deployment was started without exports",
        ));
    };
    let file = path.clone();
    let written = tokio::task::spawn_blocking(move || (backup.0)(&file)).await;
    let exported = written
        .map_err(|error| Problem::new(Kind::Failed, format!("the export ended early: {error}")))?
        .map_err(|error| {
            let kind = match &error {
                BackupError::Exists { .. } => Kind::Conflict,
                BackupError::Failed { .. } => Kind::Failed,
            };
            Problem::new(kind, error.to_string())
        })?;
    let Exported { bytes, records, states } = exported;
    let body = json!({ "file": path, "bytes": bytes, "records": records, "states": states });
    reply::json(StatusCode::CREATED, &body)
}
