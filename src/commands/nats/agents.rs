//! `nats agents`: every agent on a server, in whichever process, as it answers for itself.

use super::NAME;
use crate::cli::{Answer, Session};
use crate::commands::config::From;
use crate::config::{self, Sources};
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Column;
use clap::Args;
use nats::{Connection, services};
use serde_json::{Value, json};

/// Flags of `nats agents`.
#[derive(Args, Debug)]
pub struct AgentsArgs {
    /// The server, such as nats://127.0.0.1:4222; the one of the configuration where not given.
    url: Option<String>,
    #[command(flatten)]
    from: From,
    #[command(flatten)]
    answer: Answer,
}

const COLUMNS: [Column; 8] = [
    Column("KIND", "/kind"),
    Column("PROCESS", "/process"),
    Column("READS", "/reads"),
    Column("STATE", "/state"),
    Column("LAG", "/lag"),
    Column("HANDLED", "/handled"),
    Column("SET ASIDE", "/set_aside"),
    Column("LAST FAILURE", "/last_failure"),
];

pub(super) fn perform(args: &AgentsArgs, session: &Session) -> Result<Exit, CliError> {
    let sources =
        Sources::of_process(args.from.config.clone()).flag("bus.url", "URL", args.url.clone());
    let settings = config::load(&session.catalog, &sources)?.settings.bus;
    super::named(&settings, "agents")?;
    let answers = super::threads()?.block_on(async {
        let connection = Connection::open(&settings.options(NAME)).await?;
        services::ask(&connection, "$SRV.STATS").await.map_err(CliError::failed)
    })?;
    let mut rows: Vec<Value> = answers.iter().flat_map(rows).collect();
    rows.sort_by_key(|row| (row["kind"].to_string(), row["process"].to_string()));
    session.console.list(args.answer.output, &COLUMNS, &rows)?;
    Ok(if rows.is_empty() { Exit::No } else { Exit::Ok })
}

/// A row for each host of an agent; what is no answer of ours has none.
fn rows(answer: &Value) -> Vec<Value> {
    let endpoints = answer["endpoints"].as_array().into_iter().flatten();
    let ours = endpoints.filter(|endpoint| endpoint["data"]["observation"].is_object());
    let row = |endpoint: &Value| {
        let (host, figures) = (&endpoint["data"], &endpoint["data"]["observation"]);
        json!({
            "kind": answer["name"],
            "process": answer["metadata"]["process"],
            "reads": host["partition"],
            "state": host["state"],
            "lag": host["lag"],
            "handled": figures["handled"],
            "set_aside": figures["dead_lettered"],
            "last_failure": host["last_failure"],
        })
    };
    ours.map(row).collect()
}
