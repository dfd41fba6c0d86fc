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
    let value = json!({ "ready": ready, "detail": &detail });
    session.console.done(answer.output, words(ready, &detail), &value)?;
    if ready {
        return Ok(Exit::Ok);
    }
    session.console.next(answer.output, "aurorasync agent ls");
    Ok(Exit::No)
}

/// Yes, or no with every check that says so.
fn words(ready: bool, detail: &Value) -> String {
    if ready {
        return "ready".to_owned();
    }
    let mut text = "not ready".to_owned();
    for check in detail["errors"].as_array().into_iter().flatten() {
        let field = |name: &str| check[name].as_str().unwrap_or("-").to_owned();
        text.push_str(&format!("\n  {}: {}", field("name"), field("detail")));
    }
    text
}
