//! `centre`: where assets are repaired.

mod import;

use crate::cli::{Answer, Remote, Repeat, Session};
use crate::client::{Client, segment};
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::{Column, Format};
use crate::shown;
use clap::{Args, Subcommand};
use messages::Timestamp;
use serde_json::{Value, json};
use std::path::PathBuf;

/// What is done.
#[derive(Debug, Subcommand)]
pub enum CentreCommand {
    /// Registers every centre of a CSV file; nothing is sent unless every line is sound.
    Import(ImportArgs),
    /// Lists centres.
    Ls(LsArgs),
    /// Says how many of a part a centre has.
    Stock(StockArgs),
}

/// Flags of `centre import`.
#[derive(Args, Debug)]
pub struct ImportArgs {
    /// CSV with a head line; columns: centre, network, name, zone, bays, technicians, hours, and as wanted skills,
    /// emergency_slots_per_day, holidays, latitude, longitude, rating. `profiles/centres.csv` is an example.
    file: PathBuf,
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    answer: Answer,
}

/// Flags of `centre ls`.
#[derive(Args, Debug)]
pub struct LsArgs {
    /// Only centres of this network.
    #[arg(long)]
    network: Option<String>,
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    answer: Answer,
}

/// Flags of `centre stock`.
#[derive(Args, Debug)]
pub struct StockArgs {
    /// The centre's id.
    centre: String,
    /// The part: the component that it is for, unless the centre says it more exactly.
    part: String,
    /// How many there are.
    quantity: u32,
    /// From when on (RFC 3339); now where it is not said.
    #[arg(long, value_name = "TIME")]
    available_at: Option<Timestamp>,
    #[command(flatten)]
    repeat: Repeat,
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    answer: Answer,
}

const COLUMNS: [Column; 8] = [
    Column("CENTRE", "/centre"),
    Column("NETWORK", "/network"),
    Column("NAME", "/name"),
    Column("ZONE", "/zone"),
    Column("BAYS", "/bays"),
    Column("TECHNICIANS", "/people"),
    Column("SKILLS", "/skills"),
    Column("PARTS", "/stock"),
];

pub(crate) fn perform(command: CentreCommand, session: &Session) -> Result<Exit, CliError> {
    match command {
        CentreCommand::Import(args) => {
            let client = Client::new(&args.remote)?;
            crate::import::import(
                &import::CENTRES,
                &args.file,
                &client,
                args.answer.output,
                session,
            )
        }
        CentreCommand::Ls(args) => list(&args, session),
        CentreCommand::Stock(args) => stock(&args, session),
    }
}

fn list(args: &LsArgs, session: &Session) -> Result<Exit, CliError> {
    let query: Vec<(&str, &str)> =
        args.network.iter().map(|network| ("network", network.as_str())).collect();
    let centres = Client::new(&args.remote)?.list("/v1/centres", &query)?;
    let format = args.answer.output;
    let next = match centres.first() {
        Some(centre) => {
            format!("aurorasync centre stock {} PART QUANTITY", shown::text(centre, "/centre"))
        }
        None => "aurorasync centre import profiles/centres.csv".to_owned(),
    };
    let rows: Vec<Value> = match format {
        Format::Text => centres.iter().map(row).collect(),
        _ => centres,
    };
    session.console.list(format, &COLUMNS, &rows)?;
    session.console.next(format, &next);
    Ok(Exit::Ok)
}

fn row(centre: &Value) -> Value {
    let parts = centre["parts"].as_array().into_iter().flatten();
    let parts: Vec<String> = parts
        .map(|part| format!("{} {}", shown::text(part, "/quantity"), shown::text(part, "/part")))
        .collect();
    let mut row = centre.clone();
    row["people"] = centre["technicians"].as_array().map_or(0, Vec::len).into();
    row["stock"] = parts.into();
    row
}

fn stock(args: &StockArgs, session: &Session) -> Result<Exit, CliError> {
    let mut body = json!({ "part": args.part, "quantity": args.quantity });
    if let Some(at) = args.available_at {
        body["available_at"] = json!(at);
    }
    let client = Client::new(&args.remote)?;
    let path = format!("/v1/centres/{}/parts", segment(&args.centre));
    let said = client.post_once(&path, &body, args.repeat.key.as_deref())?;
    let text = format!("centre `{}` has {} of `{}`", args.centre, args.quantity, args.part);
    session.console.done(args.answer.output, text, &said)?;
    session.console.next(args.answer.output, "aurorasync centre ls");
    Ok(Exit::Ok)
}
