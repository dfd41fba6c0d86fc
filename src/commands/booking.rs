//! `booking`: workshop slots, and what the workshop says afterwards.

use crate::cli::{Answer, Remote, Repeat, Session};
use crate::client::Client;
use crate::error::CliError;
use crate::exit::Exit;
use crate::named::{self, BOOKING};
use crate::output::{Column, Format};
use crate::shown::{self, Lines};
use clap::{Args, Subcommand};
use messages::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

/// What is done.
#[derive(Debug, Subcommand)]
pub enum BookingCommand {
    /// Lists bookings, the earliest first.
    Ls(LsArgs),
    /// Shows one booking and the slots that it can be moved to.
    Show {
        /// The booking: its id, the first letters of it, or its asset.
        booking: String,
        #[command(flatten)]
        remote: Remote,
        #[command(flatten)]
        answer: Answer,
    },
    /// Asks for another offered slot.
    Move {
        /// The booking: its id, the first letters of it, or its asset.
        booking: String,
        /// The offer, from `booking show`.
        #[arg(long, value_name = "ID")]
        offer: String,
        /// Why.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        asked: Asked,
    },
    /// Asks to give the slot back.
    Cancel {
        /// The booking: its id, the first letters of it, or its asset.
        booking: String,
        /// Why.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        asked: Asked,
    },
    /// Records that the asset did not come.
    NoShow {
        /// The booking: its id, the first letters of it, or its asset.
        booking: String,
        /// Who says so.
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
        #[command(flatten)]
        asked: Asked,
    },
    /// Records what the workshop found.
    Finding(FindingArgs),
}

/// Flags of `booking ls`.
#[derive(Args, Debug)]
pub struct LsArgs {
    /// Only bookings that stand so: held, confirmed, in_service …
    #[arg(long)]
    state: Option<String>,
    /// Only bookings of this asset.
    #[arg(long)]
    asset: Option<String>,
    /// Only bookings at this centre.
    #[arg(long)]
    centre: Option<String>,
    /// Lists bookings that have ended too.
    #[arg(long)]
    ended: bool,
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    answer: Answer,
}

/// What everything takes that is said about a booking.
#[derive(Args, Debug)]
pub struct Asked {
    #[command(flatten)]
    repeat: Repeat,
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    answer: Answer,
}

/// Flags of `booking finding`.
#[derive(Args, Debug)]
pub struct FindingArgs {
    /// The booking: its id, the first letters of it, or its asset.
    booking: String,
    #[command(flatten)]
    fields: Fields,
    #[command(flatten)]
    asked: Asked,
}

/// What the workshop found.
#[derive(Args, Debug, Serialize)]
struct Fields {
    /// The component that was faulty.
    #[arg(long, required_unless_present = "no_fault_found")]
    #[serde(skip_serializing_if = "Option::is_none")]
    component: Option<String>,
    /// Nothing was faulty.
    #[arg(long, conflicts_with = "component")]
    no_fault_found: bool,
    /// What was looked at, where it is not the component of the case.
    #[arg(long, value_name = "COMPONENT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    examined: Option<String>,
    /// What caused it.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    /// The part that was replaced.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<String>,
    /// Production batch of the faulty part.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    batch: Option<String>,
    /// It was repaired.
    #[arg(long)]
    repaired: bool,
    /// When it was found (RFC 3339); now where it is not said.
    #[arg(long, value_name = "TIME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    found_at: Option<Timestamp>,
    /// Who says so.
    #[arg(long, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
}

const COLUMNS: [Column; 8] = [
    Column("BOOKING", "/short"),
    Column("ASSET", "/asset"),
    Column("STATE", "/state"),
    Column("CENTRE", "/centre_name"),
    Column("BAY", "/bay"),
    Column("FROM", "/begins"),
    Column("ZONE", "/zone"),
    Column("CASE", "/short_case"),
];

pub(crate) fn perform(command: BookingCommand, session: &Session) -> Result<Exit, CliError> {
    match command {
        BookingCommand::Ls(args) => list(&args, session),
        BookingCommand::Show { booking, remote, answer } => {
            show(&booking, &remote, answer.output, session)
        }
        BookingCommand::Move { booking, offer, reason, asked } => {
            let body = json!({ "offer": offer, "reason": reason });
            say(&booking, "move", &body, "move is asked for", asked, session)
        }
        BookingCommand::Cancel { booking, reason, asked } => {
            let body = json!({ "reason": reason });
            say(&booking, "cancel", &body, "cancellation is asked for", asked, session)
        }
        BookingCommand::NoShow { booking, by, asked } => {
            let body = by.map_or_else(|| json!({}), |by| json!({ "by": by }));
            say(&booking, "no-show", &body, "absence is recorded", asked, session)
        }
        BookingCommand::Finding(FindingArgs { booking, fields, asked }) => {
            say(&booking, "finding", &json!(fields), &told(&fields), asked, session)
        }
    }
}

/// What was recorded, for whoever left a flag out.
fn told(fields: &Fields) -> String {
    let found = match &fields.component {
        Some(component) => format!("{component} faulty"),
        None => "no fault found".to_owned(),
    };
    let repaired = if fields.repaired { "repaired" } else { "not repaired" };
    format!("finding is recorded ({found}, {repaired})")
}

fn list(args: &LsArgs, session: &Session) -> Result<Exit, CliError> {
    let mut query: Vec<(&str, &str)> = Vec::new();
    for (name, value) in [("state", &args.state), ("asset", &args.asset), ("centre", &args.centre)]
    {
        query.extend(value.as_deref().map(|value| (name, value)));
    }
    query.extend(args.ended.then_some(("ended", "true")));
    let mut bookings = Client::new(&args.remote)?.list("/v1/bookings", &query)?;
    bookings.sort_by_key(|booking| shown::text(booking, "/from"));
    let format = args.answer.output;
    let rows: Vec<Value> = match format {
        Format::Text => bookings.iter().map(row).collect(),
        _ => bookings.clone(),
    };
    session.console.list(format, &COLUMNS, &rows)?;
    if let Some(booking) = bookings.first() {
        let next = format!("aurorasync booking show {}", shown::id(booking, "/booking"));
        session.console.next(format, &next);
    }
    Ok(Exit::Ok)
}

fn row(booking: &Value) -> Value {
    let mut row = booking.clone();
    row["short"] = shown::id(booking, "/booking").into();
    row["short_case"] = shown::id(booking, "/case").into();
    row["begins"] = shown::local(booking, "/from", &shown::text(booking, "/zone")).into();
    row
}

fn show(
    booking: &str,
    remote: &Remote,
    format: Format,
    session: &Session,
) -> Result<Exit, CliError> {
    let client = Client::new(remote)?;
    let id = named::find(&client, BOOKING, booking)?;
    let booking = client.get(&format!("/v1/bookings/{id}"), &[])?;
    if format == Format::Text {
        session.console.line(outline(&booking))?;
    } else {
        session.console.object(format, &booking)?;
    }
    let short = shown::id(&booking, "/booking");
    let next = match booking["state"].as_str() {
        Some("in_service") => format!("aurorasync booking finding {short} --component COMPONENT"),
        Some("held" | "confirmed") => {
            format!("aurorasync booking move {short} --offer ID --reason TEXT")
        }
        _ => format!("aurorasync case show {}", shown::id(&booking, "/case")),
    };
    session.console.next(format, &next);
    Ok(Exit::Ok)
}

fn outline(booking: &Value) -> String {
    let text = |pointer: &str| shown::text(booking, pointer);
    let zone = text("/zone");
    let mut lines = Lines::default();
    lines.put("booking", text("/booking"));
    lines.put("case", text("/case"));
    let owner = format!("of owner {}", text("/owner"));
    lines.put("asset", format!("{}, {}, {owner}", text("/asset"), text("/component")));
    lines.put("state", text("/state").replace('_', " "));
    let (bay, technician) = (text("/bay"), text("/technician"));
    lines.put("where", format!("{}, bay {bay}, technician {technician}", text("/centre_name")));
    let (from, to) = (shown::local(booking, "/from", &zone), shown::local(booking, "/to", &zone));
    lines.put("when", format!("{from} to {to} ({zone})"));
    if booking["held_until"].is_string() {
        lines.put("held until", format!("{} UTC", shown::moment(booking, "/held_until")));
    }
    if booking["reason"].is_string() {
        lines.put("because", text("/reason"));
    }
    if booking["refused"].is_object() {
        lines.put("refused", format!("{}: {}", text("/refused/command"), text("/refused/detail")));
    }
    for offer in booking.pointer("/offers/offers").and_then(Value::as_array).into_iter().flatten() {
        lines.put("offered", offer_line(offer));
    }
    lines.put("provenance", text("/provenance"));
    lines.render()
}

/// An offered slot on one line.
pub(super) fn offer_line(offer: &Value) -> String {
    let zone = shown::text(offer, "/slot/zone");
    let penalties: Vec<&str> =
        offer["penalties"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let against = match penalties.is_empty() {
        true => String::new(),
        false => format!("; {}", penalties.join(", ")),
    };
    format!(
        "{}  {} on {} ({zone}){against}",
        shown::text(offer, "/offer"),
        shown::text(offer, "/slot/centre_name"),
        shown::local(offer, "/slot/from", &zone),
    )
}

fn say(
    booking: &str,
    verb: &str,
    body: &Value,
    told: &str,
    asked: Asked,
    session: &Session,
) -> Result<Exit, CliError> {
    let Asked { repeat, remote, answer } = asked;
    let client = Client::new(&remote)?;
    let id = named::find(&client, BOOKING, booking)?;
    let path = format!("/v1/bookings/{id}/{verb}");
    let said = client.post_once(&path, body, repeat.key.as_deref())?;
    let short = shown::id(&said, "/booking");
    session.console.done(answer.output, format!("booking {short}: {told}"), &said)?;
    let next = match verb {
        "move" | "cancel" => format!("aurorasync booking show {short}"),
        _ => format!("aurorasync case show {}", shown::id(&said, "/case")),
    };
    session.console.next(answer.output, &next);
    Ok(Exit::Ok)
}
