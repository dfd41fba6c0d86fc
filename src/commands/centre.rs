//! `centre`: where assets are repaired.

mod import;

use crate::cli::{Answer, Remote, Repeat, Session};
use crate::client::{Client, segment};
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::{Column, Format};
use crate::shown::{self, Lines};
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
    /// Shows one centre and the visits foreseen for it.
    Show(ShowArgs),
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

/// Flags of `centre show`.
#[derive(Args, Debug)]
pub struct ShowArgs {
    /// The centre's id.
    centre: String,
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

const FORESEEN: [Column; 6] = [
    Column("DAY", "/date"),
    Column("BOOKED", "/booked"),
    Column("VISITS", "/visits"),
    Column("LOW", "/low"),
    Column("HIGH", "/high"),
    Column("MINUTES TO COME", "/minutes"),
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
        CentreCommand::Show(args) => show(&args, session),
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

fn show(args: &ShowArgs, session: &Session) -> Result<Exit, CliError> {
    let path = format!("/v1/centres/{}", segment(&args.centre));
    let centre = Client::new(&args.remote)?.get(&path, &[])?;
    let format = args.answer.output;
    if format == Format::Text {
        session.console.line(outline(&centre))?;
        foreseen(&centre["demand"], session)?;
    } else {
        session.console.object(format, &centre)?;
    }
    session.console.next(format, "aurorasync booking ls");
    Ok(Exit::Ok)
}

/// The centre on a few lines.
fn outline(centre: &Value) -> String {
    let row = row(centre);
    let text = |pointer: &str| shown::text(&row, pointer);
    let mut lines = Lines::default();
    lines.put("centre", format!("{} ({})", text("/centre"), text("/name")));
    lines.put("network", text("/network"));
    lines.put("zone", text("/zone"));
    lines.put("bays", format!("{}, {} technicians", text("/bays"), text("/people")));
    lines.put("skills", listed(&row["skills"]));
    lines.put("parts", listed(&row["stock"]));
    let demand = &centre["demand"];
    if demand.is_null() {
        lines
            .put("visits", "nothing is foreseen yet: it takes a week of days on which it was open");
        return lines.render();
    }
    let said = |pointer: &str| shown::text(demand, pointer);
    let share = shown::percent(demand, "/coverage");
    lines.put(
        "visits",
        format!(
            "foreseen {} UTC by {} from {} open days; between low and high in {share} of cases",
            shown::moment(demand, "/made_at"),
            said("/method").replace('_', " "),
            said("/basis_days")
        ),
    );
    for span in demand["horizons"].as_array().into_iter().flatten() {
        let of = |pointer: &str| shown::text(span, pointer);
        let between = format!("{} to {}", of("/low"), of("/high"));
        lines.put("", format!("next {} h: {} ({between})", of("/hours"), of("/visits")));
    }
    lines.render()
}

fn listed(texts: &Value) -> String {
    let texts: Vec<&str> =
        texts.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if texts.is_empty() { "-".to_owned() } else { texts.join(", ") }
}

/// The days that are foreseen, if any.
fn foreseen(demand: &Value, session: &Session) -> Result<(), CliError> {
    let days: &[Value] = demand["days"].as_array().map_or(&[], Vec::as_slice);
    let open: Vec<Value> = days.iter().filter(|day| day["open"] == true).cloned().collect();
    if open.is_empty() {
        return Ok(());
    }
    session.console.line("")?;
    Ok(session.console.list(Format::Text, &FORESEEN, &open)?)
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
