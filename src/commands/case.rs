//! `case`: what is going to fail, how it stands, why it is believed, and what a person decides.

mod story;

use crate::cli::{Answer, Remote, Repeat, Session};
use crate::client::Client;
use crate::error::CliError;
use crate::exit::Exit;
use crate::named::{self, CASE};
use crate::output::{Column, Format};
use crate::shown::{self, Lines};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

/// What is done.
#[derive(Debug, Subcommand)]
pub enum CaseCommand {
    /// Lists cases: those that wait for a person first, then the gravest.
    Ls(LsArgs),
    /// Shows one case: where it stands, what it waits for, what it rests on.
    Show(OneArgs),
    /// Tells how a case came about: readings, features, contributions, and each message and decision. Of an asset it is the
    /// newest case, be it closed or not.
    Why(OneArgs),
    /// Lets a case go on that asked for a person.
    Approve(ApproveArgs),
    /// Says whether an effect happened of which nobody could know.
    Resolve(ResolveArgs),
    /// Ends a case.
    Cancel(CancelArgs),
}

/// Flags of `case ls`.
#[derive(Args, Debug)]
pub struct LsArgs {
    /// Only cases that stand so: opened, contacting, awaiting_customer …
    #[arg(long)]
    state: Option<String>,
    /// Only cases of this asset.
    #[arg(long)]
    asset: Option<String>,
    /// Only cases of this owner.
    #[arg(long)]
    owner: Option<String>,
    /// Lists closed cases too.
    #[arg(long)]
    closed: bool,
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    answer: Answer,
}

/// Flags of `case show` and `case why`.
#[derive(Args, Debug)]
pub struct OneArgs {
    /// The case: its id, the first letters of it, or its asset.
    case: String,
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    answer: Answer,
}

/// Flags of `case approve`.
#[derive(Args, Debug)]
pub struct ApproveArgs {
    /// The case: its id, the first letters of it, or its asset.
    case: String,
    #[command(flatten)]
    decided: Decided,
}

/// Flags of `case resolve`.
#[derive(Args, Debug)]
pub struct ResolveArgs {
    /// The case: its id, the first letters of it, or its asset.
    case: String,
    /// What became of the effect.
    #[arg(long, value_enum)]
    effect: Became,
    /// Which effect, where several are uncertain; `case show` lists them.
    #[arg(long, value_name = "ID")]
    intent: Option<String>,
    #[command(flatten)]
    decided: Decided,
}

/// Flags of `case cancel`.
#[derive(Args, Debug)]
pub struct CancelArgs {
    /// The case: its id, the first letters of it, or its asset.
    case: String,
    /// Why.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    decided: Decided,
}

/// What every decision takes.
#[derive(Args, Debug)]
struct Decided {
    /// Who decides.
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    #[command(flatten)]
    repeat: Repeat,
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    answer: Answer,
}

/// What can have become of an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Became {
    /// The owner was reached, the mail was sent …
    Happened,
    /// Nothing came of it.
    DidNotHappen,
}

const COLUMNS: [Column; 9] = [
    Column("CASE", "/short"),
    Column("ASSET", "/asset"),
    Column("COMPONENT", "/component"),
    Column("SEVERITY", "/severity"),
    Column("STATE", "/state"),
    Column("DUE", "/due"),
    Column("WAITS UNTIL", "/until"),
    Column("ZONE", "/zone"),
    Column("REASON", "/why"),
];

/// The gravest first.
const SEVERITIES: [&str; 5] = ["EMERGENCY", "CRITICAL", "HIGH", "MEDIUM", "LOW"];

pub(crate) fn perform(command: CaseCommand, session: &Session) -> Result<Exit, CliError> {
    match command {
        CaseCommand::Ls(args) => list(&args, session),
        CaseCommand::Show(args) => show(&args, session),
        CaseCommand::Why(args) => why(&args, session),
        CaseCommand::Approve(ApproveArgs { case, decided }) => {
            decide(&case, json!({ "decision": "approve" }), decided, session)
        }
        CaseCommand::Resolve(ResolveArgs { case, effect, intent, decided }) => {
            let effect = match effect {
                Became::Happened => "happened",
                Became::DidNotHappen => "did-not-happen",
            };
            let mut body = json!({ "decision": "resolve", "effect": effect });
            if let Some(intent) = intent {
                body["intent"] = intent.into();
            }
            decide(&case, body, decided, session)
        }
        CaseCommand::Cancel(CancelArgs { case, reason, decided }) => {
            decide(&case, json!({ "decision": "cancel", "reason": reason }), decided, session)
        }
    }
}

fn list(args: &LsArgs, session: &Session) -> Result<Exit, CliError> {
    let mut query: Vec<(&str, &str)> = Vec::new();
    for (name, value) in [("state", &args.state), ("asset", &args.asset), ("owner", &args.owner)] {
        query.extend(value.as_deref().map(|value| (name, value)));
    }
    query.extend(args.closed.then_some(("closed", "true")));
    let mut cases = Client::new(&args.remote)?.list("/v1/cases", &query)?;
    cases.sort_by_key(|case| {
        let severity = SEVERITIES.iter().position(|it| case["severity"] == *it);
        (!asks_for_a_person(case), severity, shown::text(case, "/due_at"))
    });
    let format = args.answer.output;
    let rows: Vec<Value> = match format {
        Format::Text => cases.iter().map(row).collect(),
        _ => cases.clone(),
    };
    session.console.list(format, &COLUMNS, &rows)?;
    if let Some(case) = cases.first() {
        let verb = if asks_for_a_person(case) { "show" } else { "why" };
        let next = format!("aurorasync case {verb} {}", shown::id(case, "/case"));
        session.console.next(format, &next);
    }
    Ok(Exit::Ok)
}

fn asks_for_a_person(case: &Value) -> bool {
    case["escalated"].is_object() || case["uncertain"].as_array().is_some_and(|it| !it.is_empty())
}

/// A case on one line.
fn row(case: &Value) -> Value {
    let why = match case["escalated"].as_object() {
        Some(_) => format!("! {}", shown::text(case, "/escalated/reason")),
        None => shown::text(case, "/reason"),
    };
    let mut row = case.clone();
    row["short"] = shown::id(case, "/case").into();
    row["due"] = shown::moment(case, "/due_at").into();
    row["until"] = shown::moment(case, "/deadline").into();
    row["zone"] = "UTC".into();
    row["why"] = why.into();
    row
}

fn show(args: &OneArgs, session: &Session) -> Result<Exit, CliError> {
    let client = Client::new(&args.remote)?;
    let id = named::find(&client, CASE, &args.case)?;
    let case = client.get(&format!("/v1/cases/{id}"), &[])?;
    let format = args.answer.output;
    if format == Format::Text {
        session.console.line(outline(&case))?;
    } else {
        session.console.object(format, &case)?;
    }
    session.console.next(format, &next(&case));
    Ok(Exit::Ok)
}

/// The case on a dozen lines.
fn outline(case: &Value) -> String {
    let text = |pointer: &str| shown::text(case, pointer);
    let mut lines = Lines::default();
    lines.put("case", text("/case"));
    let owner = format!("of owner {}", text("/owner"));
    lines.put("asset", format!("{} in fleet {}, {owner}", text("/asset"), text("/fleet")));
    lines.put(
        "severity",
        format!("{}, due {} UTC", text("/severity"), shown::moment(case, "/due_at")),
    );
    let since = shown::moment(case, "/updated_at");
    let state = text("/state").replace('_', " ");
    lines.put("state", format!("{state}, last change {since} UTC: {}", text("/reason")));
    if case["deadline"].is_string() {
        lines.put("waits until", format!("{} UTC", shown::moment(case, "/deadline")));
    }
    if case["escalated"].is_object() {
        lines.put("asks for you", text("/escalated/reason"));
        lines.put("", text("/escalated/remedy"));
    }
    for effect in case["uncertain"].as_array().into_iter().flatten() {
        let (name, why) = (shown::text(effect, "/effect"), shown::text(effect, "/reason"));
        lines.put("uncertain", format!("{name} {}: {why}", shown::text(effect, "/intent")));
    }
    let share = shown::percent(case, "/evidence/hypothesis/probability");
    let mode = text("/evidence/hypothesis/failure_mode").replace('_', " ");
    lines.put("foreseen", format!("{} ({mode}), probability {share}", text("/component")));
    if let Some(median) = case
        .pointer("/evidence/hypothesis/remaining_useful_life/median_hours")
        .and_then(Value::as_f64)
    {
        lines.put("time left", format!("{} (median)", shown::hours(median)));
    }
    lines.put("model", text("/evidence/model"));
    if case["booking"].is_string() {
        lines.put("booking", text("/booking"));
    }
    if case["refused"].is_object() {
        lines.put("refused", format!("{}: {}", text("/refused/command"), text("/refused/detail")));
    }
    for offer in case.pointer("/offers/offers").and_then(Value::as_array).into_iter().flatten() {
        lines.put("offered", super::booking::offer_line(offer));
    }
    if !case["outcome"].is_null() {
        lines.put("outcome", text("/outcome"));
    }
    lines.put("provenance", text("/provenance"));
    lines.render()
}

/// The next likely command about a case.
fn next(case: &Value) -> String {
    let id = shown::id(case, "/case");
    let uncertain = case["uncertain"].as_array().is_some_and(|it| !it.is_empty());
    if uncertain {
        format!("aurorasync case resolve {id} --effect happened|did-not-happen")
    } else if case["escalated"].is_object() {
        format!("aurorasync case approve {id}")
    } else {
        format!("aurorasync case why {id}")
    }
}

fn why(args: &OneArgs, session: &Session) -> Result<Exit, CliError> {
    let client = Client::new(&args.remote)?;
    let (id, others) = named::newest(&client, CASE, &args.case)?;
    let why = client.get(&format!("/v1/cases/{id}/why"), &[])?;
    let format = args.answer.output;
    if format == Format::Text {
        story::tell(&why, &session.console)?;
        story::others(&others, &session.console)?;
    } else {
        session.console.object(format, &why)?;
    }
    session.console.next(format, &format!("aurorasync case show {}", shown::id(&why, "/case")));
    Ok(Exit::Ok)
}

fn decide(
    case: &str,
    mut body: Value,
    decided: Decided,
    session: &Session,
) -> Result<Exit, CliError> {
    let Decided { by, repeat, remote, answer } = decided;
    let client = Client::new(&remote)?;
    let id = named::find(&client, CASE, case)?;
    if let Some(by) = by {
        body["by"] = by.into();
    }
    let said =
        client.post_once(&format!("/v1/cases/{id}/decision"), &body, repeat.key.as_deref())?;
    let short = shown::id(&said, "/case");
    let text = format!("case {short}: {} is recorded", shown::text(&body, "/decision"));
    session.console.done(answer.output, text, &said)?;
    session.console.next(answer.output, &format!("aurorasync case show {short}"));
    Ok(Exit::Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_in_a_list_says_whose_clock_it_is() {
        let case = json!({ "due_at": "2026-03-05T11:30:00Z", "deadline": null });
        let row = row(&case);
        let shown: Vec<String> = COLUMNS.iter().map(|column| shown::text(&row, column.1)).collect();
        assert_eq!(shown[5..8], ["2026-03-05 11:30:00", "-", "UTC"]);
    }
}
