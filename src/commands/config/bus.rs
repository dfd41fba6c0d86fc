//! `config put` and `config drop`: what agents are told while they run, over the server that processes share.

use super::From;
use crate::cli::{Answer, Session};
use crate::config::{self, Loaded, Sources};
use crate::error::CliError;
use crate::exit::Exit;
use crate::nearest::nearest;
use clap::Args;
use nats::{Connection, config as bucket};
use runtime::configuration::{self, Overlay};
use runtime::{Catalog, Models};
use serde_json::{Value, json};

/// Name of the connection, as the server shows it.
const NAME: &str = "aurorasync config";

/// Flags of `config put`.
#[derive(Args, Debug)]
pub struct PutArgs {
    /// The agent's kind.
    kind: String,
    /// What lies over its table from now on, in place of what lay there; dots lead into its tables.
    #[arg(required = true, value_name = "KEY=VALUE")]
    values: Vec<String>,
    #[command(flatten)]
    server: Server,
}

/// Flags of `config drop`.
#[derive(Args, Debug)]
pub struct DropArgs {
    /// The agent's kind.
    kind: String,
    #[command(flatten)]
    server: Server,
}

/// The server, and how it is answered.
#[derive(Args, Debug)]
struct Server {
    /// The server of NATS, such as nats://127.0.0.1:4222; the one of the configuration where not given.
    #[arg(long, value_name = "URL")]
    bus: Option<String>,
    #[command(flatten)]
    from: From,
    #[command(flatten)]
    answer: Answer,
}

impl Server {
    fn load(&self, kind: &str, session: &Session) -> Result<Loaded, CliError> {
        known(kind, &session.catalog)?;
        let sources = Sources::of_process(self.from.config.clone()).flag(
            "bus.url",
            "--bus",
            self.bus.clone(),
        );
        let loaded = config::load(&session.catalog, &sources)?;
        if loaded.settings.bus.url.is_empty() {
            let text = "no server is named".to_owned();
            let help = "name it with --bus URL, or set `bus.url`".to_owned();
            return Err(CliError::Input { text, help });
        }
        Ok(loaded)
    }

    /// Says `table` of `kind` on the server, or takes back what was said; gives the revision.
    fn say(&self, kind: &str, table: Option<&Value>, loaded: &Loaded) -> Result<u64, CliError> {
        let threads = tokio::runtime::Runtime::new()
            .map_err(|source| CliError::System { what: "threads cannot be started", source })?;
        threads.block_on(async {
            let connection = Connection::open(&loaded.settings.bus.options(NAME)).await?;
            bucket::say(&connection, kind, table).await.map_err(CliError::failed)
        })
    }
}

pub(super) fn put(args: &PutArgs, session: &Session) -> Result<Exit, CliError> {
    let PutArgs { kind, values, server } = args;
    let loaded = server.load(kind, session)?;
    let base = &loaded.agents[kind];
    let table = table(base, values)?;
    let entry = session.catalog.get(kind).expect("the agent is known");
    let overlay = Overlay { revision: 0, table: Some(table.clone()) };
    configuration::laid((kind, entry), base, &overlay, &Models::default()).map_err(|error| {
        let help = "see its values with `aurorasync config show`".to_owned();
        CliError::Input { text: error.to_string(), help }
    })?;
    let revision = server.say(kind, Some(&table), &loaded)?;
    let text = format!("`{kind}`: revision {revision}; whoever runs it changes now");
    let value = json!({ "kind": kind, "revision": revision, "table": table });
    session.console.done(server.answer.output, text, &value)?;
    session.console.next(server.answer.output, &format!("aurorasync agent describe {kind}"));
    Ok(Exit::Ok)
}

pub(super) fn take_back(args: &DropArgs, session: &Session) -> Result<Exit, CliError> {
    let DropArgs { kind, server } = args;
    let loaded = server.load(kind, session)?;
    let revision = server.say(kind, None, &loaded)?;
    let text = format!("`{kind}`: revision {revision}; what its process was told is in force");
    let value = json!({ "kind": kind, "revision": revision, "table": null });
    session.console.done(server.answer.output, text, &value)?;
    Ok(Exit::Ok)
}

fn known(kind: &str, catalog: &Catalog) -> Result<(), CliError> {
    if catalog.get(kind).is_some() {
        return Ok(());
    }
    let kinds: Vec<&str> = catalog.iter().map(|(kind, _)| kind).collect();
    let help = match nearest(kind, kinds.iter().copied()) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => format!("there are {}", kinds.join(", ")),
    };
    Err(CliError::Input { text: format!("no agent is named `{kind}`"), help })
}

/// The table that `values` write, each `KEY=VALUE`; a text where `base` has one, else JSON where it is some.
fn table(base: &Value, values: &[String]) -> Result<Value, CliError> {
    let mut table = json!({});
    for value in values {
        let pair = value.split_once('=').filter(|(key, _)| key.split('.').all(|it| !it.is_empty()));
        let (key, text) = pair.ok_or_else(|| CliError::Input {
            text: format!("`{value}` names no value"),
            help: "write it like `review_every=3d`".to_owned(),
        })?;
        let read = match key.split('.').try_fold(base, |table, part| table.get(part)) {
            Some(Value::String(_)) => Value::from(text),
            _ => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)),
        };
        let nested = key.rsplit('.').fold(read, |value, part| json!({ part: value }));
        configuration::lay(&mut table, &nested);
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_the_table_has_them() {
        let base = json!({ "every": "7d", "count": 15, "risk": { "name": "x" } });
        let values = ["every=3", "count=20", "risk.name=7", "risk.of=[1]", "note=plain"];
        let read = table(&base, &values.map(str::to_owned)).unwrap();
        let expected = json!({
            "every": "3", "count": 20, "risk": { "name": "7", "of": [1] }, "note": "plain",
        });
        assert_eq!(read, expected);
        for wrong in ["every", "=3", "risk..name=1"] {
            let error = table(&base, &[wrong.to_owned()]).unwrap_err().to_string();
            assert!(error.contains(wrong), "{error}");
        }
    }
}
