//! `reply`: what an owner says.

use crate::cli::{Answer, Remote, Repeat, Session};
use crate::client::Client;
use crate::error::CliError;
use crate::exit::Exit;
use crate::named::{self, CASE};
use clap::Args;
use messages::consent::Channel;
use serde_json::json;

/// Flags of `reply`.
#[derive(Args, Debug)]
pub struct ReplyArgs {
    /// The owner's id.
    owner: String,
    /// What they say.
    text: String,
    /// The case that they speak of: its id, the first letters of it, or its asset.
    #[arg(long)]
    case: Option<String>,
    /// The way it came: voice, sms, email or app.
    #[arg(long, default_value = "app", value_parser = channel)]
    channel: Channel,
    #[command(flatten)]
    repeat: Repeat,
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    answer: Answer,
}

/// Reads a channel's name.
pub(super) fn channel(text: &str) -> Result<Channel, String> {
    Channel::from_name(text).ok_or_else(|| {
        let known: Vec<&str> = Channel::ALL.iter().map(|channel| channel.name()).collect();
        format!("there are {}", known.join(", "))
    })
}

pub(crate) fn perform(args: ReplyArgs, session: &Session) -> Result<Exit, CliError> {
    let ReplyArgs { owner, text, case, channel, repeat, remote, answer } = args;
    let client = Client::new(&remote)?;
    let case = case.map(|case| named::find(&client, CASE, &case)).transpose()?;
    let mut body = json!({ "owner": owner, "channel": channel.name(), "text": text });
    if let Some(case) = case {
        body["case"] = case.into();
    }
    let said = client.post_once("/v1/replies", &body, repeat.key.as_deref())?;
    session.console.done(answer.output, format!("what owner `{owner}` says is recorded"), &said)?;
    session.console.next(answer.output, &format!("aurorasync case ls --owner {owner}"));
    Ok(Exit::Ok)
}
