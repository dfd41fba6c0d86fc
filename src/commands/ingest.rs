//! `ingest`: says what would become of what a device sends, without sending it.

use crate::cli::{Answer, Session};
use crate::config::{self, Sources};
use crate::error::CliError;
use crate::exit::Exit;
use clap::Subcommand;
use messages::profile::Profile;
use messages::telemetry::{self, FrameError, Parsed};
use serde_json::json;
use std::io::Read;
use std::path::{Path, PathBuf};

/// What is done.
#[derive(Debug, Subcommand)]
pub enum IngestCommand {
    /// Says what is taken of a body and what is wrong with the rest. Exits 0 when all is taken, 1 when not.
    Check {
        /// The body: a sample, `{"samples":[…]}`, or a CloudEvent around one; `-` reads standard input.
        file: PathBuf,
        /// Fleet that sends it.
        #[arg(long, default_value = "fleet", value_name = "FLEET")]
        fleet: String,
        /// Asset that sends it; the one that the body names where not given.
        #[arg(long, value_name = "ASSET")]
        asset: Option<String>,
        /// Says, too, which signals this profile does not know.
        #[arg(long, value_name = "NAME")]
        profile: Option<String>,
        #[command(flatten)]
        from: super::config::From,
        #[command(flatten)]
        answer: Answer,
    },
}

/// Asset of a body that names none.
const SOME_ASSET: &str = "asset";

pub(crate) fn perform(command: IngestCommand, session: &Session) -> Result<Exit, CliError> {
    let IngestCommand::Check { file, fleet, asset, profile, from, answer } = command;
    let body = read(&file)?;
    let known = profile.map(|name| find(&name, &from, session)).transpose()?;
    let parsed = match parse(&fleet, asset.as_deref(), &body) {
        Ok(parsed) => parsed,
        Err(error) => {
            let value = json!({ "taken": 0, "wrong": [error.to_string()] });
            session.console.done(answer.output, format!("nothing is taken: {error}"), &value)?;
            return Ok(Exit::No);
        }
    };
    let wrong = wrong(&parsed, known.as_ref());
    let taken = parsed.frame.samples.len();
    let signals: Vec<&str> =
        parsed.frame.signals.iter().map(|signal| signal.name.as_str()).collect();
    let value =
        json!({ "asset": parsed.frame.asset, "taken": taken, "signals": signals, "wrong": wrong });
    let mut text = format!("{taken} samples are taken, with {}", signals.join(", "));
    for line in &wrong {
        text.push_str(&format!("\n  {line}"));
    }
    session.console.done(answer.output, text, &value)?;
    Ok(if wrong.is_empty() { Exit::Ok } else { Exit::No })
}

fn read(file: &Path) -> Result<Vec<u8>, CliError> {
    let failed = |source| CliError::File { path: file.to_owned(), source };
    if file != Path::new("-") {
        return std::fs::read(file).map_err(failed);
    }
    let mut body = Vec::new();
    std::io::stdin().lock().read_to_end(&mut body).map_err(failed)?;
    Ok(body)
}

fn find(name: &str, from: &super::config::From, session: &Session) -> Result<Profile, CliError> {
    let loaded = config::load(&session.catalog, &Sources::of_process(from.config.clone()))?;
    let mut profiles = loaded.profiles();
    profiles.remove(name).ok_or_else(|| {
        let known: Vec<&str> = profiles.keys().map(String::as_str).collect();
        CliError::Input {
            text: format!("there is no profile `{name}`"),
            help: format!("there are {}", known.join(", ")),
        }
    })
}

/// What is taken as sent by `asset`, or by whom the body names.
fn parse(fleet: &str, asset: Option<&str>, body: &[u8]) -> Result<Parsed, FrameError> {
    let sent_by = |asset: &str| telemetry::parse(fleet, asset, [], body);
    match sent_by(asset.unwrap_or(SOME_ASSET)) {
        Err(FrameError::Identity { found, .. }) if asset.is_none() => sent_by(&found),
        other => other,
    }
}

/// What is not taken, and what would be set aside by whoever knows the profile.
fn wrong(parsed: &Parsed, profile: Option<&Profile>) -> Vec<String> {
    let refused = parsed.refused.iter();
    let mut wrong: Vec<String> =
        refused.map(|it| format!("sample {}: {}", it.index, it.detail)).collect();
    let Some(profile) = profile else { return wrong };
    for signal in &parsed.frame.signals {
        if profile.channel_named(&signal.name).is_none() {
            let nearest = profile.nearest(&signal.name);
            let nearest =
                nearest.map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
            let text =
                format!("signal `{}` is not in profile `{}`{nearest}", signal.name, profile.name);
            wrong.push(text);
        }
    }
    wrong
}
