//! `principal`: who uses the bus, how far each is contained, and what people decide about it.

use crate::cli::{Answer, Remote, Repeat, Session};
use crate::client::{Client, segment};
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Column;
use clap::{Subcommand, ValueEnum};
use messages::Timestamp;
use serde_json::json;

/// What is done.
#[derive(Debug, Subcommand)]
pub enum PrincipalCommand {
    /// Lists agents, the facade and whoever else is contained.
    Ls {
        #[command(flatten)]
        remote: Remote,
        #[command(flatten)]
        answer: Answer,
    },
    /// Shows what a principal may say and hear, and how it stands.
    Show {
        /// Its name: an agent's kind, `facade`, or `device/<fleet>/<asset>`.
        principal: String,
        #[command(flatten)]
        remote: Remote,
        #[command(flatten)]
        answer: Answer,
    },
    /// Throttles, refuses or pauses a principal.
    Contain {
        /// Its name, from `principal ls`.
        principal: String,
        /// How far.
        #[arg(long, value_enum)]
        level: Level,
        /// Why; kept in AUDIT.
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// Until when, such as `2026-03-02T18:00:00Z`; until it is released where not given.
        #[arg(long, value_name = "TIME")]
        until: Option<Timestamp>,
        /// From when on what it said is suspect; from now on where not given.
        #[arg(long, value_name = "TIME")]
        evidence_from: Option<Timestamp>,
        #[command(flatten)]
        repeat: Repeat,
        #[command(flatten)]
        remote: Remote,
        #[command(flatten)]
        answer: Answer,
    },
    /// Lets a contained principal go on.
    Release {
        /// Its name, from `principal ls`.
        principal: String,
        /// Why; kept in AUDIT.
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// What becomes of suspect messages that nobody has heard yet.
        #[arg(long, value_enum, default_value_t)]
        backlog: Backlog,
        #[command(flatten)]
        repeat: Repeat,
        #[command(flatten)]
        remote: Remote,
        #[command(flatten)]
        answer: Answer,
    },
}

/// How far a principal is contained.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Level {
    /// What it says beyond a rate is refused.
    Throttled,
    /// Whatever it says is refused.
    Refused,
    /// Whatever it says or reads is refused, and its agent stands still.
    Paused,
}

/// What becomes of suspect messages.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum Backlog {
    /// They are set aside as dead letters, which can be replayed.
    #[default]
    SetAside,
    /// They are heard like any other.
    Heard,
}

const COLUMNS: [Column; 6] = [
    Column("PRINCIPAL", "/principal"),
    Column("LEVEL", "/level"),
    Column("SINCE", "/since"),
    Column("UNTIL", "/until"),
    Column("BY", "/by"),
    Column("REASON", "/reason"),
];

pub(crate) fn perform(command: PrincipalCommand, session: &Session) -> Result<Exit, CliError> {
    let console = &session.console;
    match command {
        PrincipalCommand::Ls { remote, answer } => {
            let principals = Client::new(&remote)?.list("/v1/principals", &[])?;
            console.list(answer.output, &COLUMNS, &principals)?;
            let contained = principals.iter().find(|it| !it["level"].is_null());
            if let Some(name) = contained.and_then(|it| it["principal"].as_str()) {
                console.next(answer.output, &format!("aurorasync principal show {name}"));
            }
        }
        PrincipalCommand::Show { principal, remote, answer } => {
            let shown = Client::new(&remote)?.get(&path(&principal), &[])?;
            console.object(answer.output, &shown)?;
            let next = format!("aurorasync audit ls --principal {principal}");
            console.next(answer.output, &next);
        }
        PrincipalCommand::Contain {
            principal,
            level,
            reason,
            until,
            evidence_from,
            repeat,
            remote,
            answer,
        } => {
            let level = match level {
                Level::Throttled => messages::guard::Level::Throttled,
                Level::Refused => messages::guard::Level::Refused,
                Level::Paused => messages::guard::Level::Paused,
            };
            let body = json!({
                "level": level, "reason": reason, "until": until, "evidence_from": evidence_from,
            });
            let path = format!("{}/contain", path(&principal));
            let said = Client::new(&remote)?.post_once(&path, &body, repeat.key.as_deref())?;
            let text = format!("`{principal}` is {}", level.name());
            console.done(answer.output, text, &said)?;
            let next = format!("aurorasync principal release {principal} --reason …");
            console.next(answer.output, &next);
        }
        PrincipalCommand::Release { principal, reason, backlog, repeat, remote, answer } => {
            let backlog = match backlog {
                Backlog::SetAside => messages::guard::Backlog::SetAside,
                Backlog::Heard => messages::guard::Backlog::Heard,
            };
            let body = json!({ "reason": reason, "backlog": backlog });
            let path = format!("{}/release", path(&principal));
            let said = Client::new(&remote)?.post_once(&path, &body, repeat.key.as_deref())?;
            console.done(answer.output, format!("`{principal}` is released"), &said)?;
            console.next(answer.output, "aurorasync dead ls");
        }
    }
    Ok(Exit::Ok)
}

fn path(principal: &str) -> String {
    format!("/v1/principals/{}", segment(principal))
}
