//! `quarantine`: telemetry that was not understood, kept until somebody decides about it.

use crate::cli::{Answer, Remote, Session};
use crate::client::{Client, segment};
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Column;
use clap::Subcommand;
use serde_json::json;

/// What is done.
#[derive(Debug, Subcommand)]
pub enum QuarantineCommand {
    /// Lists what was set aside, with the reason.
    Ls {
        /// Only what this asset sent.
        #[arg(long)]
        asset: Option<String>,
        /// Lists what was released too.
        #[arg(long)]
        released: bool,
        #[command(flatten)]
        remote: Remote,
        #[command(flatten)]
        answer: Answer,
    },
    /// Shows one entry whole, with what mends it.
    Show {
        /// Its id, from `quarantine ls`.
        id: String,
        #[command(flatten)]
        remote: Remote,
        #[command(flatten)]
        answer: Answer,
    },
    /// Sends the samples of an entry through again, once their cause is mended.
    Release {
        /// Its id, from `quarantine ls`.
        id: String,
        #[command(flatten)]
        remote: Remote,
        #[command(flatten)]
        answer: Answer,
    },
}

const COLUMNS: [Column; 6] = [
    Column("ID", "/id"),
    Column("QUARANTINED AT", "/quarantined_at"),
    Column("ASSET", "/asset"),
    Column("SAMPLES", "/samples"),
    Column("REASON", "/reason"),
    Column("RELEASED AT", "/released_at"),
];

pub(crate) fn perform(command: QuarantineCommand, session: &Session) -> Result<Exit, CliError> {
    let console = &session.console;
    match command {
        QuarantineCommand::Ls { asset, released, remote, answer } => {
            let mut query: Vec<(&str, &str)> =
                asset.iter().map(|asset| ("asset", asset.as_str())).collect();
            query.extend(released.then_some(("released", "true")));
            let entries = Client::new(&remote)?.list("/v1/quarantine", &query)?;
            console.list(answer.output, &COLUMNS, &entries)?;
            if let Some(id) = entries.first().and_then(|entry| entry["id"].as_str()) {
                console.next(answer.output, &format!("aurorasync quarantine show {id}"));
            }
        }
        QuarantineCommand::Show { id, remote, answer } => {
            let entry = Client::new(&remote)?.get(&path(&id), &[])?;
            console.object(answer.output, &entry)?;
            console.next(answer.output, &format!("aurorasync quarantine release {id}"));
        }
        QuarantineCommand::Release { id, remote, answer } => {
            let said = Client::new(&remote)?.post(&format!("{}/release", path(&id)), &json!({}))?;
            console.done(answer.output, format!("`{id}` is released"), &said)?;
            console.next(answer.output, "aurorasync quarantine ls");
        }
    }
    Ok(Exit::Ok)
}

fn path(id: &str) -> String {
    format!("/v1/quarantine/{}", segment(id))
}
