//! `dead`: messages that an agent could not handle.

use crate::cli::{Answer, Remote, Session};
use crate::client::Client;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Column;
use clap::Subcommand;
use serde_json::json;

/// What is done.
#[derive(Debug, Subcommand)]
pub enum DeadCommand {
    /// Lists dead letters.
    Ls {
        /// Only what this kind could not handle.
        #[arg(long, value_name = "KIND")]
        agent: Option<String>,
        #[command(flatten)]
        remote: Remote,
        #[command(flatten)]
        answer: Answer,
    },
    /// Shows a dead letter with the message in it.
    Show {
        /// Its position, from `dead ls`.
        sequence: u64,
        #[command(flatten)]
        remote: Remote,
        #[command(flatten)]
        answer: Answer,
    },
    /// Sends the message again, to the agent that could not handle it and to nobody else.
    Replay {
        /// Its position, from `dead ls`.
        sequence: u64,
        #[command(flatten)]
        remote: Remote,
        #[command(flatten)]
        answer: Answer,
    },
}

const COLUMNS: [Column; 8] = [
    Column("SEQUENCE", "/sequence"),
    Column("DEAD AT", "/dead_at"),
    Column("AGENT", "/agent"),
    Column("NAME", "/name"),
    Column("KEY", "/key"),
    Column("CAUSE", "/cause"),
    Column("REPLAYED", "/replayed"),
    Column("REASON", "/reason"),
];

pub(crate) fn perform(command: DeadCommand, session: &Session) -> Result<Exit, CliError> {
    let console = &session.console;
    match command {
        DeadCommand::Ls { agent, remote, answer } => {
            let query: Vec<(&str, &str)> =
                agent.iter().map(|agent| ("agent", agent.as_str())).collect();
            let letters = Client::new(&remote)?.list("/v1/dead", &query)?;
            console.list(answer.output, &COLUMNS, &letters)?;
            if let Some(sequence) = letters.first().and_then(|letter| letter["sequence"].as_u64()) {
                console.next(answer.output, &format!("aurorasync dead show {sequence}"));
            }
        }
        DeadCommand::Show { sequence, remote, answer } => {
            let letter = Client::new(&remote)?.get(&format!("/v1/dead/{sequence}"), &[])?;
            console.object(answer.output, &letter)?;
            console.next(answer.output, &format!("aurorasync dead replay {sequence}"));
        }
        DeadCommand::Replay { sequence, remote, answer } => {
            let path = format!("/v1/dead/{sequence}/replay");
            let said = Client::new(&remote)?.post(&path, &json!({}))?;
            console.done(answer.output, format!("dead letter {sequence} is sent again"), &said)?;
            console.next(answer.output, "aurorasync dead ls");
        }
    }
    Ok(Exit::Ok)
}
