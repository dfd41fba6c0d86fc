//! `asset`: what is watched.

mod import;

use crate::cli::{Answer, Remote, Session};
use crate::client::{Client, segment};
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Column;
use clap::{Args, Subcommand};
use messages::{Place, Timestamp};
use serde::Serialize;
use serde_json::json;
use std::path::PathBuf;

/// What is done.
#[derive(Debug, Subcommand)]
pub enum AssetCommand {
    /// Registers an asset, or registers it anew: the newest registration holds.
    Add(AddArgs),
    /// Registers every asset of a CSV file; nothing is sent unless every line is sound.
    Import(ImportArgs),
    /// Lists assets.
    Ls(LsArgs),
    /// Shows one asset.
    Show(ShowArgs),
    /// Stops watching an asset.
    Retire(RetireArgs),
}

/// Flags of `asset add`.
#[derive(Args, Debug)]
pub struct AddArgs {
    #[command(flatten)]
    fields: Fields,
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    answer: Answer,
}

/// The asset.
#[derive(Args, Debug, Serialize)]
struct Fields {
    /// The asset's id, as its telemetry names it.
    asset: String,
    /// Fleet that it belongs to.
    #[arg(long)]
    fleet: String,
    /// Name of its profile.
    #[arg(long)]
    profile: String,
    /// Model, as its maker calls it.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    /// When it was made or first used (RFC 3339).
    #[arg(long, value_name = "TIME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    in_service_since: Option<Timestamp>,
    /// Who made it.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    supplier: Option<String>,
    /// Production batch.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    batch: Option<String>,
    /// Id of its owner.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    /// Group within the fleet.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    /// Where it usually stands, in degrees north and east; kept to about a kilometre.
    #[arg(long, value_name = "LAT,LON", value_parser = home, allow_hyphen_values = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    home: Option<Place>,
}

/// Flags of `asset import`.
#[derive(Args, Debug)]
pub struct ImportArgs {
    /// CSV with a head line; columns: asset, fleet, profile, and as wanted model, in_service_since,
    /// supplier, batch, owner, group, latitude, longitude.
    file: PathBuf,
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    answer: Answer,
}

/// Flags of `asset ls`.
#[derive(Args, Debug)]
pub struct LsArgs {
    /// Lists retired assets too.
    #[arg(long)]
    retired: bool,
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    answer: Answer,
}

/// Flags of `asset show`.
#[derive(Args, Debug)]
pub struct ShowArgs {
    /// The asset's id.
    asset: String,
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    answer: Answer,
}

/// Flags of `asset retire`.
#[derive(Args, Debug)]
pub struct RetireArgs {
    /// The asset's id.
    asset: String,
    /// Why.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    answer: Answer,
}

const COLUMNS: [Column; 7] = [
    Column("ASSET", "/asset"),
    Column("FLEET", "/fleet"),
    Column("PROFILE", "/profile"),
    Column("MODEL", "/model"),
    Column("IN SERVICE SINCE", "/in_service_since"),
    Column("OWNER", "/owner"),
    Column("GROUP", "/group"),
];

pub(crate) fn perform(command: AssetCommand, session: &Session) -> Result<Exit, CliError> {
    match command {
        AssetCommand::Add(args) => add(&args, session),
        AssetCommand::Import(args) => {
            let client = Client::new(&args.remote)?;
            crate::import::import(&import::ASSETS, &args.file, &client, args.answer.output, session)
        }
        AssetCommand::Ls(args) => list(&args, session),
        AssetCommand::Show(args) => show(&args, session),
        AssetCommand::Retire(args) => retire(&args, session),
    }
}

/// Reads `18.52,73.86`.
fn home(text: &str) -> Result<Place, String> {
    let degrees = |text: &str| text.trim().parse::<f64>().ok();
    let both = text.split_once(',').and_then(|(north, east)| degrees(north).zip(degrees(east)));
    let (latitude, longitude) = both.ok_or("write it like `18.52,73.86`")?;
    Place::near(latitude, longitude).map_err(|error| error.to_string())
}

fn add(args: &AddArgs, session: &Session) -> Result<Exit, CliError> {
    let client = Client::new(&args.remote)?;
    let said = client.post("/v1/assets", &json!(args.fields))?;
    let asset = &args.fields.asset;
    session.console.done(args.answer.output, format!("asset `{asset}` is registered"), &said)?;
    session
        .console
        .next(args.answer.output, &format!("aurorasync agent state data-analysis {asset}"));
    Ok(Exit::Ok)
}

fn list(args: &LsArgs, session: &Session) -> Result<Exit, CliError> {
    let query: &[(&str, &str)] = if args.retired { &[("retired", "true")] } else { &[] };
    let assets = Client::new(&args.remote)?.list("/v1/assets", query)?;
    session.console.list(args.answer.output, &COLUMNS, &assets)?;
    let next = match assets.first().and_then(|asset| asset["asset"].as_str()) {
        Some(asset) => format!("aurorasync asset show {asset}"),
        None => "aurorasync asset add ASSET --fleet FLEET --profile PROFILE".to_owned(),
    };
    session.console.next(args.answer.output, &next);
    Ok(Exit::Ok)
}

fn show(args: &ShowArgs, session: &Session) -> Result<Exit, CliError> {
    let assets = Client::new(&args.remote)?.list("/v1/assets", &[("retired", "true")])?;
    let ids = || assets.iter().filter_map(|asset| asset["asset"].as_str());
    let Some(found) = assets.iter().find(|asset| asset["asset"] == args.asset.as_str()) else {
        return Err(unknown(&args.asset, ids()));
    };
    session.console.object(args.answer.output, found)?;
    let next = format!("aurorasync agent state data-analysis {}", args.asset);
    session.console.next(args.answer.output, &next);
    Ok(Exit::Ok)
}

fn unknown<'a>(asset: &str, known: impl Iterator<Item = &'a str>) -> CliError {
    let help = match crate::nearest::nearest(asset, known) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => "list them with `aurorasync asset ls --retired`".to_owned(),
    };
    CliError::Input { text: format!("asset `{asset}` is not registered"), help }
}

fn retire(args: &RetireArgs, session: &Session) -> Result<Exit, CliError> {
    let client = Client::new(&args.remote)?;
    let path = format!("/v1/assets/{}/retire", segment(&args.asset));
    let said = client.post(&path, &json!({ "reason": args.reason }))?;
    let text = format!("asset `{}` is retired", args.asset);
    session.console.done(args.answer.output, text, &said)?;
    session.console.next(args.answer.output, "aurorasync asset ls --retired");
    Ok(Exit::Ok)
}
