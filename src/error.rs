//! Whatever ends a command early: what it was, what helps, and the exit code.

use crate::client::ClientError;
use crate::config::ConfigFailure;
use crate::exit::Exit;
use nats::ConnectError;
use runtime::deployment::StartError;
use runtime::recompute::RecomputeError;
use runtime::store::StoreError;
use std::io;
use std::path::PathBuf;

/// Why a command did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The running process did not do it.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The server of the bus does not let us in, or is not there.
    #[error(transparent)]
    Bus(#[from] ConnectError),
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigFailure),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The deployment does not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The facade does not start or ended.
    #[error("the facade cannot serve `{listen}`: {reason}")]
    Facade {
        /// The address.
        listen: String,
        /// Why.
        reason: String,
        /// What helps.
        help: Option<String>,
    },
    /// Nothing is committed any more.
    #[error("the store stopped: {reason}")]
    Stopped {
        /// Why.
        reason: String,
    },
    /// The states cannot be computed anew.
    #[error(transparent)]
    Recompute(#[from] RecomputeError),
    /// An export cannot be made, read or restored.
    #[error("export `{path}`: {reason}")]
    Export {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
        /// What helps.
        help: &'static str,
    },
    /// A file that the user named cannot be used.
    #[error("{text}")]
    Input {
        /// What and why.
        text: String,
        /// What helps.
        help: String,
    },
    /// A file cannot be read or written.
    #[error("`{path}`: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The operating system refused.
    #[error("{what}: {source}")]
    System {
        /// What was tried.
        what: &'static str,
        /// What it said.
        source: io::Error,
    },
    /// What was asked for failed; the text carries its remedy.
    #[error("{0}")]
    Failed(String),
    /// Standard output cannot be written.
    #[error("standard output: {0}")]
    Output(#[from] io::Error),
}

impl CliError {
    /// What was asked for failed, for the reason that `error` gives.
    pub fn failed(error: impl std::fmt::Display) -> Self {
        CliError::Failed(error.to_string())
    }

    /// The exit code.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            CliError::Client(error) => error.exit(),
            CliError::Bus(ConnectError::Refused { .. }) => Exit::Unreachable,
            CliError::Config(_)
            | CliError::Start(StartError::Configure(_) | StartError::Wiring(_)) => Exit::Config,
            CliError::Store(_)
            | CliError::Stopped { .. }
            | CliError::Export { .. }
            | CliError::Start(
                StartError::Store(_)
                | StartError::Commit(_)
                | StartError::Upgrade(_)
                | StartError::Partitions { .. },
            )
            | CliError::Recompute(RecomputeError::Store(_)) => Exit::Store,
            _ => Exit::No,
        }
    }

    /// What helps, if that is not in the text already.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            CliError::Client(error) => error.help(),
            CliError::Config(error) => error.help(),
            CliError::Facade { help, .. } => help.clone(),
            CliError::Export { help, .. } => Some((*help).to_owned()),
            CliError::Input { help, .. } => Some(help.clone()),
            CliError::Stopped { .. } => Some(
                "start `aurorasync run` again: what was acknowledged is kept; if it refuses, \
                 run `aurorasync doctor`"
                    .to_owned(),
            ),
            CliError::Start(StartError::Configure(_)) => {
                Some("see the values in force with `aurorasync config show`".to_owned())
            }
            _ => None,
        }
    }

    /// Whether whoever read our output has gone away, which is no failure of ours.
    #[must_use]
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, CliError::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}
