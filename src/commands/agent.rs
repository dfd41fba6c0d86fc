//! `agent`: who runs, what each declared and what it remembers; and a new one.

mod new;

use crate::cli::{Answer, Remote, Session};
use crate::client::{Client, segment};
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::{Column, Format};
use clap::Subcommand;
use serde_json::Value;

/// What is done.
#[derive(Debug, Subcommand)]
pub enum AgentCommand {
    /// Lists agents, a line per partition, and how each fares; the dead stay listed.
    Ls {
        #[command(flatten)]
        remote: Remote,
        #[command(flatten)]
        answer: Answer,
    },
    /// Shows what an agent hears, says and is configured with.
    Describe {
        /// The agent's kind.
        kind: String,
        #[command(flatten)]
        remote: Remote,
        #[command(flatten)]
        answer: Answer,
    },
    /// Writes a crate with an agent of your own, its tests and a story.
    New(new::NewArgs),
    /// Shows what an agent remembers of one key.
    State {
        /// The agent's kind.
        kind: String,
        /// The key: an asset, an owner, a component, as the agent keys its memory.
        key: String,
        #[command(flatten)]
        remote: Remote,
        #[command(flatten)]
        answer: Answer,
    },
}

const COLUMNS: [Column; 8] = [
    Column("KIND", "/kind"),
    Column("READS", "/reads"),
    Column("STATE", "/state"),
    Column("LAG", "/lag"),
    Column("RESTARTS", "/restarts"),
    Column("HEARTBEAT", "/heartbeat_at"),
    Column("PROGRESS", "/progress_at"),
    Column("LAST FAILURE", "/last_failure"),
];

pub(crate) fn perform(command: AgentCommand, session: &Session) -> Result<Exit, CliError> {
    let console = &session.console;
    match command {
        AgentCommand::Ls { remote, answer } => {
            let hosts = Client::new(&remote)?.items("/v1/agents")?;
            console.list(answer.output, &COLUMNS, &hosts)?;
            console.next(answer.output, &after_list(&hosts));
        }
        AgentCommand::Describe { kind, remote, answer } => {
            let path = format!("/v1/agents/{}", segment(&kind));
            let mut described = Client::new(&remote)?.get(&path, &[])?;
            if answer.output == Format::Text {
                name_profiles(&mut described);
            }
            console.object(answer.output, &described)?;
            console.next(answer.output, &format!("aurorasync agent state {kind} KEY"));
        }
        AgentCommand::New(args) => return new::perform(&args, session),
        AgentCommand::State { kind, key, remote, answer } => {
            let path = format!("/v1/agents/{}/state/{}", segment(&kind), segment(&key));
            let state = Client::new(&remote)?.get(&path, &[])?;
            console.object(answer.output, &state)?;
            console.next(answer.output, &format!("aurorasync events tail --key {key}"));
        }
    }
    Ok(Exit::Ok)
}

/// Puts the names of profiles in place of their texts: each is a file of hundreds of lines.
fn name_profiles(described: &mut Value) {
    for table in ["/config/profiles", "/defaults/profiles"] {
        let Some(profiles) = described.pointer_mut(table) else { continue };
        let names = profiles.as_object().map(|it| it.keys().cloned().collect::<Vec<String>>());
        if let Some(names) = names {
            *profiles = names.into();
        }
    }
}

/// Whoever failed last is worth a look first.
fn after_list(hosts: &[Value]) -> String {
    let kind = |host: &Value| host["kind"].as_str().unwrap_or("KIND").to_owned();
    let failed = hosts.iter().find(|host| !host["last_failure"].is_null());
    match failed.or_else(|| hosts.first()) {
        Some(host) => format!("aurorasync agent describe {}", kind(host)),
        None => "aurorasync doctor".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn of_profiles_people_are_told_the_names() {
        let text = "name = \"vehicle\"\n".repeat(400);
        let profiles =
            json!({ "profiles": { "vehicle": text, "pump": text }, "close_grace": "1s" });
        let mut described = json!({ "kind": "diagnosis", "config": profiles, "defaults": {} });
        name_profiles(&mut described);
        assert_eq!(
            described["config"],
            json!({ "profiles": ["pump", "vehicle"], "close_grace": "1s" })
        );
        assert_eq!(described["defaults"], json!({}));
    }
}
