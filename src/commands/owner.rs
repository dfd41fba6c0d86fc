//! `owner`: whom an asset belongs to, what they allow, and what was said to them.

mod import;

use crate::cli::{Answer, Remote, Repeat, Session};
use crate::client::{Client, segment};
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Column;
use clap::{Args, Subcommand};
use messages::consent::Channel;
use serde::Serialize;
use serde_json::json;
use std::path::PathBuf;

/// What is done.
#[derive(Debug, Subcommand)]
pub enum OwnerCommand {
    /// Registers an owner, or registers it anew; personal fields are sealed before they are stored.
    Add(AddArgs),
    /// Registers every owner of a CSV file; nothing is sent unless every line is sound.
    Import(ImportArgs),
    /// Lists owners and what they allow; nothing personal.
    Ls(LsArgs),
    /// Allows or forbids ways to speak to an owner.
    Consent(ConsentArgs),
    /// Lists what was said to an owner.
    Messages(MessagesArgs),
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
    /// Ways on which they may be spoken to: voice, sms, email, app. None is allowed until it is said.
    #[arg(long, value_name = "CHANNEL,…", value_delimiter = ',', value_parser = super::reply::channel)]
    consent: Vec<Channel>,
}

/// Flags of `owner import`.
#[derive(Args, Debug)]
pub struct ImportArgs {
    /// CSV with a head line; columns: owner, name, zone, language, and as wanted phone, email, consent (`app sms`).
    file: PathBuf,
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    answer: Answer,
}

/// Flags of `owner ls`.
#[derive(Args, Debug)]
pub struct LsArgs {
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    answer: Answer,
}

/// Flags of `owner consent`.
#[derive(Args, Debug)]
pub struct ConsentArgs {
    /// The owner's id.
    owner: String,
    /// Ways that are allowed from now on.
    #[arg(long, value_name = "CHANNEL,…", value_delimiter = ',', value_parser = super::reply::channel)]
    grant: Vec<Channel>,
    /// Ways that are forbidden from now on.
    #[arg(long, value_name = "CHANNEL,…", value_delimiter = ',', value_parser = super::reply::channel)]
    revoke: Vec<Channel>,
    /// Who says so, and how it was said.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    repeat: Repeat,
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    answer: Answer,
}

/// Flags of `owner messages`.
#[derive(Args, Debug)]
pub struct MessagesArgs {
    /// The owner's id.
    owner: String,
    /// Only what was said this way.
    #[arg(long, value_parser = super::reply::channel)]
    channel: Option<Channel>,
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    answer: Answer,
}

const COLUMNS: [Column; 5] = [
    Column("OWNER", "/owner"),
    Column("CONSENT", "/consent"),
    Column("ZONE", "/zone"),
    Column("LANGUAGE", "/language"),
    Column("MESSAGES", "/messages"),
];

const MESSAGE_COLUMNS: [Column; 5] = [
    Column("AT", "/at"),
    Column("CHANNEL", "/channel"),
    Column("ASSET", "/asset"),
    Column("PURPOSE", "/purpose"),
    Column("TEXT", "/text"),
];

pub(crate) fn perform(command: OwnerCommand, session: &Session) -> Result<Exit, CliError> {
    match command {
        OwnerCommand::Add(args) => add(&args, session),
        OwnerCommand::Import(args) => {
            let client = Client::new(&args.remote)?;
            crate::import::import(&import::OWNERS, &args.file, &client, args.answer.output, session)
        }
        OwnerCommand::Ls(args) => {
            let owners = Client::new(&args.remote)?.list("/v1/owners", &[])?;
            session.console.list(args.answer.output, &COLUMNS, &owners)?;
            if let Some(owner) = owners.first().and_then(|owner| owner["owner"].as_str()) {
                let next = format!("aurorasync owner messages {owner}");
                session.console.next(args.answer.output, &next);
            }
            Ok(Exit::Ok)
        }
        OwnerCommand::Consent(args) => consent(&args, session),
        OwnerCommand::Messages(args) => messages(&args, session),
    }
}

fn add(args: &AddArgs, session: &Session) -> Result<Exit, CliError> {
    let AddArgs { fields, remote, answer } = args;
    let client = Client::new(remote)?;
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

fn consent(args: &ConsentArgs, session: &Session) -> Result<Exit, CliError> {
    let client = Client::new(&args.remote)?;
    let path = format!("/v1/owners/{}/consent", segment(&args.owner));
    let body = json!({ "granted": args.grant, "revoked": args.revoke, "reason": args.reason });
    let said = client.post_once(&path, &body, args.repeat.key.as_deref())?;
    let text = format!("consent of owner `{}` is changed", args.owner);
    session.console.done(args.answer.output, text, &said)?;
    session.console.next(args.answer.output, "aurorasync owner ls");
    Ok(Exit::Ok)
}

fn messages(args: &MessagesArgs, session: &Session) -> Result<Exit, CliError> {
    let client = Client::new(&args.remote)?;
    let path = format!("/v1/owners/{}/messages", segment(&args.owner));
    let query: Vec<(&str, &str)> =
        args.channel.iter().map(|channel| ("channel", channel.name())).collect();
    let messages = client.list(&path, &query)?;
    session.console.list(args.answer.output, &MESSAGE_COLUMNS, &messages)?;
    session.console.next(args.answer.output, &format!("aurorasync reply {} TEXT", args.owner));
    Ok(Exit::Ok)
}
