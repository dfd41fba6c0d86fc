//! `model promote`, `model rollback`, `model promoted`: which learned models the agents of a running process judge by.

use crate::cli::{Answer, Remote, Repeat, Session};
use crate::client::Client;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Column;
use clap::Args;
use serde_json::{Value, json};
use std::path::Path;

/// Flags of `model promote`.
#[derive(Args, Debug)]
pub struct PromoteArgs {
    /// The model: a file, or the name or checksum of one that was in use before.
    #[arg(value_name = "NAME|FILE")]
    model: String,
    #[command(flatten)]
    decided: Decided,
    /// Lets it judge in the shadow of the one in use: what it says is recorded and judged, and nobody acts on it.
    #[arg(long, conflicts_with = "force")]
    shadow: bool,
    /// Takes it although it did worse than the one in use, or cannot be compared with it: why.
    #[arg(long, value_name = "REASON")]
    force: Option<String>,
}

/// Flags of `model rollback`.
#[derive(Args, Debug)]
pub struct RollbackArgs {
    /// Name of the profile whose assets are judged.
    #[arg(long, default_value = "vehicle", value_name = "NAME")]
    profile: String,
    /// Ends the judging of the one in the shadow instead.
    #[arg(long)]
    shadow: bool,
    #[command(flatten)]
    decided: Decided,
}

/// Who decides what for whom.
#[derive(Args, Debug)]
struct Decided {
    /// The agent that judges by it.
    #[arg(long, default_value = "diagnosis", value_name = "KIND")]
    to: String,
    /// Who says so.
    #[arg(long, value_name = "NAME")]
    by: String,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    repeat: Repeat,
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    answer: Answer,
}

/// Flags of `model promoted`.
#[derive(Args, Debug)]
pub struct PromotedArgs {
    /// Only models for the assets of this profile.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    answer: Answer,
}

const COLUMNS: [Column; 12] = [
    Column("PROFILE", "/profile"),
    Column("AGENT", "/agent"),
    Column("MODEL", "/model/name"),
    Column("IN USE", "/in_use"),
    Column("RIGHT", "/outcomes/in_use/right"),
    Column("WRONG", "/outcomes/in_use/wrong"),
    Column("IN SHADOW", "/in_shadow"),
    Column("RIGHT", "/outcomes/in_shadow/right"),
    Column("WRONG", "/outcomes/in_shadow/wrong"),
    Column("SINCE", "/promoted_at"),
    Column("BY", "/by"),
    Column("REASON", "/reason"),
];

pub(super) fn promote(args: &PromoteArgs, session: &Session) -> Result<Exit, CliError> {
    let PromoteArgs { model, decided, shadow, force } = args;
    let client = Client::new(&decided.remote)?;
    let mut body = json!({
        "agent": decided.to, "by": decided.by, "reason": decided.reason, "shadow": shadow,
    });
    if let Some(why) = force {
        body["force"] = why.as_str().into();
    }
    if Path::new(model).is_file() {
        let file = std::path::absolute(model)
            .map_err(|source| CliError::File { path: model.into(), source })?;
        body["file"] = json!(file);
    } else {
        body["checksum"] = known(&client, model)?.into();
    }
    let said = client.post_once("/v1/models", &body, decided.repeat.key.as_deref())?;
    tell(&said, decided, session)
}

/// The checksum of the model that was in use and has this name, or whose checksum begins so.
fn known(client: &Client, wanted: &str) -> Result<String, CliError> {
    let promoted = client.list("/v1/models", &[])?;
    let text = |item: &Value, name: &str| item["model"][name].as_str().map(str::to_owned);
    let is_wanted = |item: &&Value| {
        text(item, "name").is_some_and(|name| name == wanted)
            || text(item, "checksum").is_some_and(|sum| sum.starts_with(wanted))
    };
    let mut found: Vec<String> =
        promoted.iter().filter(is_wanted).filter_map(|item| text(item, "checksum")).collect();
    found.sort();
    found.dedup();
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(CliError::Input {
            text: format!("`{wanted}` is neither a file nor a model that was in use"),
            help: "train one with `aurorasync train DATASET --assessed`, or see `aurorasync model promoted`"
                .to_owned(),
        }),
        several => Err(CliError::Input {
            text: format!("`{wanted}` is the beginning of {} checksums", several.len()),
            help: "write more of it".to_owned(),
        }),
    }
}

pub(super) fn roll_back(args: &RollbackArgs, session: &Session) -> Result<Exit, CliError> {
    let RollbackArgs { profile, shadow, decided } = args;
    let client = Client::new(&decided.remote)?;
    let body = json!({
        "profile": profile, "agent": decided.to, "by": decided.by, "reason": decided.reason,
        "shadow": shadow,
    });
    let key = decided.repeat.key.as_deref();
    let said = client.post_once("/v1/models/rollback", &body, key)?;
    tell(&said, decided, session)
}

fn tell(said: &Value, decided: &Decided, session: &Session) -> Result<Exit, CliError> {
    let profile = said["profile"].as_str().unwrap_or_default();
    let how = if said["shadow"] == true { ", in the shadow of what is in use," } else { "" };
    let text = match said["model"]["name"].as_str() {
        Some(name) => format!("`{}` judges assets of `{profile}`{how} by `{name}`", decided.to),
        None => format!("`{}` judges assets of `{profile}`{how} by no learned model", decided.to),
    };
    session.console.done(decided.answer.output, text, said)?;
    session.console.next(decided.answer.output, "aurorasync model promoted");
    Ok(Exit::Ok)
}

pub(super) fn promoted(args: &PromotedArgs, session: &Session) -> Result<Exit, CliError> {
    let profile = args.profile.as_deref().map(|profile| ("profile", profile));
    let query: Vec<_> = profile.into_iter().collect();
    let promoted = Client::new(&args.remote)?.list("/v1/models", &query)?;
    session.console.list(args.answer.output, &COLUMNS, &promoted)?;
    if promoted.is_empty() {
        let next = "aurorasync model promote FILE --by NAME --reason TEXT";
        session.console.next(args.answer.output, next);
    }
    Ok(Exit::Ok)
}
