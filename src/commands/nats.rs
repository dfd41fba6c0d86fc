//! `nats`: what a server must have: its streams, and the users and permissions of the agents.

mod agents;
mod permissions;

use super::config::From;
use crate::bus::{self, shown};
use crate::cli::{Answer, Session};
use crate::config::{self, Sources};
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Column;
use agents::AgentsArgs;
use clap::{Args, Subcommand};
use nats::streams::{self, PARTITIONS};
use nats::{Connection, Layout};
use permissions::PermissionsArgs;
use serde_json::{Value, json};
use std::num::NonZeroU16;

/// Name of the connection, as the server shows it.
const NAME: &str = "aurorasync nats";

/// What is done.
#[derive(Debug, Subcommand)]
pub enum NatsCommand {
    /// Makes the streams that are missing; changes none that is there. Exits 1 when one is not as it must be.
    Init(Where),
    /// Are the streams there and as they must be? Exits 0 when so, 1 when not, 3 when no server answers.
    Check(Where),
    /// Lists the agents of all processes on the server, as each answers for itself. Exits 1 when none does.
    Agents(AgentsArgs),
    /// Writes the account, users and permissions that the agents' declarations ask for, for the server's configuration.
    Permissions(PermissionsArgs),
}

/// Which server, and how its streams are laid out.
#[derive(Args, Debug)]
pub struct Where {
    /// The server, such as nats://127.0.0.1:4222; the one of the configuration where not given.
    url: Option<String>,
    /// Copies of each stream: 1 on one server, 3 on a cluster.
    #[arg(long, default_value = "1", value_name = "N")]
    replicas: usize,
    /// Partitions of telemetry and assessments; fixed for the life of the streams.
    #[arg(long, default_value_t = PARTITIONS, value_name = "N")]
    partitions: NonZeroU16,
    /// Devices speak MQTT to the server, too.
    #[arg(long)]
    mqtt: bool,
    #[command(flatten)]
    from: From,
    #[command(flatten)]
    answer: Answer,
}

const COLUMNS: [Column; 4] = [
    Column("STREAM", "/stream"),
    Column("SETTING", "/setting"),
    Column("EXPECTED", "/expected"),
    Column("FOUND", "/found"),
];

pub(crate) fn perform(command: NatsCommand, session: &Session) -> Result<Exit, CliError> {
    let (at, makes) = match command {
        NatsCommand::Init(at) => (at, true),
        NatsCommand::Check(at) => (at, false),
        NatsCommand::Agents(args) => return agents::perform(&args, session),
        NatsCommand::Permissions(args) => return permissions::perform(&args, session),
    };
    let sources =
        Sources::of_process(at.from.config.clone()).flag("bus.url", "URL", at.url.clone());
    let settings = config::load(&session.catalog, &sources)?.settings.bus;
    named(&settings, "init")?;
    threads()?.block_on(answer(&at, &settings, makes, session))
}

/// Whether a server is named, for `verb`.
fn named(settings: &bus::Settings, verb: &str) -> Result<(), CliError> {
    if !settings.url.is_empty() {
        return Ok(());
    }
    let text = "no server is named".to_owned();
    let help =
        format!("name it, as in `aurorasync nats {verb} nats://127.0.0.1:4222`, or set `bus.url`");
    Err(CliError::Input { text, help })
}

fn threads() -> Result<tokio::runtime::Runtime, CliError> {
    tokio::runtime::Runtime::new()
        .map_err(|source| CliError::System { what: "threads cannot be started", source })
}

async fn answer(
    at: &Where,
    settings: &bus::Settings,
    makes: bool,
    session: &Session,
) -> Result<Exit, CliError> {
    let connection = Connection::open(&settings.options(NAME)).await?;
    let layout = Layout {
        partitions: at.partitions,
        replicas: at.replicas,
        mqtt: at.mqtt,
        ..Layout::default()
    };
    let made = if makes {
        let made = streams::create_missing(&connection, &layout).await;
        made.map_err(CliError::failed)?
    } else {
        Vec::new()
    };
    let differences = streams::check(&connection, &layout).await.map_err(CliError::failed)?;
    let is_right = differences.is_empty();
    let output = at.answer.output;
    let console = &session.console;
    if !is_right && output == crate::output::Format::Text {
        let rows: Vec<Value> = differences.iter().map(|difference| json!(difference)).collect();
        console.list(output, &COLUMNS, &rows)?;
        let command = if at.mqtt { "aurorasync nats init --mqtt" } else { "aurorasync nats init" };
        console.next(output, &format!("{command} {}", shown(&settings.url)));
    } else {
        let value = json!({
            "url": shown(&settings.url), "right": is_right, "made": made, "differences": differences,
        });
        console.done(output, words(&made, &layout), &value)?;
    }
    Ok(if is_right { Exit::Ok } else { Exit::No })
}

fn words(made: &[String], layout: &Layout) -> String {
    let count = layout.streams().len();
    if made.is_empty() {
        return format!("{count} streams are as they must be");
    }
    format!("made {}; {count} streams are as they must be", made.join(", "))
}
