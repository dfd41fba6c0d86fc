//! `owner`: whom an asset belongs to.

use crate::cli::{Answer, Remote, Session};
use crate::client::Client;
use crate::error::CliError;
use crate::exit::Exit;
use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::json;

/// What is done.
#[derive(Debug, Subcommand)]
pub enum OwnerCommand {
    /// Registers an owner, or registers it anew; personal fields are sealed before they are stored.
    Add(AddArgs),
}

/// Flags of `owner add`.
#[derive(Args, Debug)]
pub struct AddArgs {
    #[command(flatten)]
    fields: Fields,
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    answer: Answer,
}

/// The owner.
#[derive(Args, Debug, Serialize)]
struct Fields {
    /// The owner's id.
    owner: String,
    /// Name.
    #[arg(long)]
    name: String,
    /// Telephone number (E.164), like +4915112345678.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    /// E-mail address.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// Time zone (IANA) in which quiet hours are meant.
    #[arg(long, default_value = "UTC")]
    zone: String,
    /// Language (BCP 47).
    #[arg(long, default_value = "en")]
    language: String,
}

pub(crate) fn perform(command: OwnerCommand, session: &Session) -> Result<Exit, CliError> {
    let OwnerCommand::Add(AddArgs { fields, remote, answer }) = command;
    let client = Client::new(&remote)?;
    let said = client.post("/v1/owners", &json!(fields))?;
    let text = format!("owner `{}` is registered", fields.owner);
    session.console.done(answer.output, text, &said)?;
    let next = format!(
        "aurorasync asset add ASSET --fleet FLEET --profile PROFILE --owner {}",
        fields.owner
    );
    session.console.next(answer.output, &next);
    Ok(Exit::Ok)
}
