//! `check`: a question that the exit code answers.

use crate::cli::{Answer, Remote, Session};
use crate::client::Client;
use crate::error::CliError;
use crate::exit::Exit;
use clap::Subcommand;
use serde_json::{Value, json};

/// What is asked.
#[derive(Debug, Subcommand)]
pub enum CheckCommand {
    /// Is every agent at work? Exits 0 when so, 1 when not, 3 when no process answers.
    Readiness {
        #[command(flatten)]
        remote: Remote,
        #[command(flatten)]
        answer: Answer,
    },
}

pub(crate) fn perform(command: CheckCommand, session: &Session) -> Result<Exit, CliError> {
    let CheckCommand::Readiness { remote, answer } = command;
    let client = Client::new(&remote)?;
    let (status, text) = client.fetch("/readyz", &[("verbose", "")])?;
    let ready = status.is_success();
    let detail: Value = serde_json::from_str(&text).unwrap_or(Value::String(text));
    let value = json!({ "ready": ready, "detail": detail });
    let words = if ready { "ready" } else { "not ready" };
    session.console.done(answer.output, words, &value)?;
    if ready {
        return Ok(Exit::Ok);
    }
    session.console.next(answer.output, "aurorasync agent ls");
    Ok(Exit::No)
}
