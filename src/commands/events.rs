//! `events`: what is said, as it is said.

use crate::cli::{Answer, Remote, Session};
use crate::client::{Client, Page};
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::{Console, Format};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value;
use std::time::Duration;

/// What is done.
#[derive(Debug, Subcommand)]
pub enum EventsCommand {
    /// Prints events in order, from a position on.
    Tail(TailArgs),
}

/// Flags of `events tail`.
#[derive(Args, Debug)]
pub struct TailArgs {
    /// Waits for new events and prints them as they come, from now on unless --after says otherwise.
    #[arg(short, long)]
    follow: bool,
    /// Which stream.
    #[arg(long, value_enum, default_value_t)]
    stream: Stream,
    /// Only events of this name, like `failure.predicted`.
    #[arg(long)]
    name: Option<String>,
    /// Only events about this asset, owner or component.
    #[arg(long)]
    key: Option<String>,
    /// Only what comes after this position, like `log/0:12`; `end` for what is new.
    #[arg(long, value_name = "POSITION")]
    after: Option<String>,
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    answer: Answer,
}

/// A stream.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Stream {
    /// What agents said, timers, registrations, configuration.
    #[default]
    Log,
    /// An assessment per asset and window.
    Health,
    /// What devices sent.
    Telemetry,
    /// What could not be handled.
    Dead,
}

/// Longest time that one question waits for something to happen.
const WAIT_MAX: Duration = Duration::from_secs(20);
/// Events asked for at once.
const PAGE_EVENTS: &str = "200";
/// The position behind everything that is there.
const END: &str = "end";

pub(crate) fn perform(command: EventsCommand, session: &Session) -> Result<Exit, CliError> {
    let EventsCommand::Tail(args) = command;
    let client = Client::new(&args.remote)?;
    let mut cursor = args.after.clone().or_else(|| args.follow.then(|| END.to_owned()));
    let mut all = Vec::new();
    loop {
        let page = read(&client, &args, cursor.as_deref())?;
        match args.answer.output {
            // A document that never ends is none: followed events come one per line.
            Format::Json if !args.follow => all.extend(page.items),
            format => print(&session.console, format, &page.items)?,
        }
        let moved = cursor.as_ref() != Some(&page.next_cursor);
        cursor = Some(page.next_cursor);
        if !args.follow && !moved {
            break;
        }
    }
    if args.answer.output == Format::Json {
        session.console.list(Format::Json, &[], &all)?;
    }
    session.console.next(args.answer.output, "aurorasync events tail --follow");
    Ok(Exit::Ok)
}

fn read(client: &Client, args: &TailArgs, after: Option<&str>) -> Result<Page, CliError> {
    let stream = args.stream.to_possible_value().expect("no stream is hidden");
    // The answer must come before the client gives up waiting for it.
    let wait = format!("{}ms", WAIT_MAX.min(args.remote.timeout / 2).as_millis());
    let mut query = vec![("stream", stream.get_name()), ("limit", PAGE_EVENTS)];
    let optional = [
        ("after", after),
        ("wait", args.follow.then_some(wait.as_str())),
        ("name", args.name.as_deref()),
        ("key", args.key.as_deref()),
    ];
    query.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value?))));
    let answer = client.get("/v1/events", &query)?;
    Ok(client.parse("/v1/events", &answer)?)
}

fn print(console: &Console, format: Format, events: &[Value]) -> Result<(), CliError> {
    for event in events {
        match format {
            Format::Text => console.line(line(event))?,
            Format::Json | Format::Jsonl => console.object(Format::Jsonl, event)?,
        }
    }
    Ok(())
}

/// Time, who, what, about whom, and the data on one line.
fn line(event: &Value) -> String {
    let text = |name: &str| event[name].as_str().unwrap_or("-").to_owned();
    let data = match (&event["data"], event["undecoded"].as_str()) {
        (_, Some(reason)) => format!("cannot be shown: {reason}"),
        (data, None) => data.to_string(),
    };
    let head = format!(
        "{:24}  {:14}  {:22}  {:12}",
        text("time"),
        text("source"),
        text("name"),
        text("key")
    );
    format!("{head}  {data}").trim_end().to_owned()
}
