//! `version`: what this is.

use crate::cli::{Answer, Session};
use crate::error::CliError;
use crate::exit::Exit;
use clap::Args;
use serde_json::json;

/// Flags of `version`.
#[derive(Args, Debug)]
pub struct VersionArgs {
    #[command(flatten)]
    answer: Answer,
}

pub(crate) fn perform(args: &VersionArgs, session: &Session) -> Result<Exit, CliError> {
    let version = env!("CARGO_PKG_VERSION");
    let kinds: Vec<&str> = session.catalog.iter().map(|(kind, _)| kind).collect();
    let value = json!({
        "version": version,
        "store_format": runtime::store::sled::FORMAT,
        "agents": kinds,
    });
    session.console.done(args.answer.output, format!("aurorasync {version}"), &value)?;
    Ok(Exit::Ok)
}
