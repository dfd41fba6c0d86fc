//! `ingest`: what becomes of what a device sends, before it is sent and after.
//!
//! Before: the door judges the body, data-analysis what the body says; both are asked here, neither is written twice.

use crate::cli::{Answer, Remote, Session};
use crate::client::{Client, segment};
use crate::config::{self, Sources};
use crate::error::CliError;
use crate::exit::Exit;
use crate::shown;
use agents::data_analysis::{Refusal, Verdict};
use clap::{Args, Subcommand};
use messages::Timestamp;
use messages::health::QuarantineReason;
use messages::profile::Profile;
use messages::telemetry::{self, FrameError, Parsed, Telemetry};
use runtime::clock::Clock;
use serde_json::json;
use std::io::Read;
use std::path::{Path, PathBuf};

/// What is done.
#[derive(Debug, Subcommand)]
pub enum IngestCommand {
    /// Says what is taken of a body and what is wrong with the rest. Exits 0 when all is taken, 1 when not.
    Check(CheckArgs),
    /// Shows how an asset is heard: when last, how often, with which gaps, its clock, and what was set aside.
    Show(ShowArgs),
}

/// Flags of `ingest check`.
#[derive(Args, Debug)]
pub struct CheckArgs {
    /// The body: a sample, `{"samples":[…]}`, or a CloudEvent around one; `-` reads standard input.
    file: PathBuf,
    /// Fleet that sends it.
    #[arg(long, default_value = "fleet", value_name = "FLEET")]
    fleet: String,
    /// Asset that sends it; the one that the body names where not given.
    #[arg(long, value_name = "ASSET")]
    asset: Option<String>,
    /// The asset's profile; where not given, the one that the body fits best.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    #[command(flatten)]
    from: super::config::From,
    #[command(flatten)]
    answer: Answer,
}

/// Flags of `ingest show`.
#[derive(Args, Debug)]
pub struct ShowArgs {
    /// The asset's id.
    asset: String,
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    answer: Answer,
}

/// Asset of a body that names none.
const SOME_ASSET: &str = "asset";

pub(crate) fn perform(command: IngestCommand, session: &Session) -> Result<Exit, CliError> {
    match command {
        IngestCommand::Check(args) => check(&args, session),
        IngestCommand::Show(args) => show(&args, session),
    }
}

fn show(args: &ShowArgs, session: &Session) -> Result<Exit, CliError> {
    let path = format!("/v1/assets/{}/ingest", segment(&args.asset));
    let heard = Client::new(&args.remote)?.get(&path, &[])?;
    session.console.object(args.answer.output, &heard)?;
    let next = format!("aurorasync quarantine ls --asset {}", args.asset);
    session.console.next(args.answer.output, &next);
    Ok(Exit::Ok)
}

fn check(args: &CheckArgs, session: &Session) -> Result<Exit, CliError> {
    let CheckArgs { file, fleet, asset, profile, from, answer } = args;
    let body = read(file)?;
    let known = known(profile.as_deref(), from, session)?;
    let parsed = match parse(fleet, asset.as_deref(), &body) {
        Ok(parsed) => parsed,
        Err(error) => {
            let value = json!({ "taken": 0, "wrong": [error.to_string()] });
            session.console.done(answer.output, format!("nothing is taken: {error}"), &value)?;
            return Ok(Exit::No);
        }
    };
    let judged = judge(&parsed.frame, &known, Clock::Real.now());
    let (profile, verdict) = judged.ok_or_else(|| CliError::Input {
        text: "the configuration names no profile".to_owned(),
        help: "see `aurorasync config show`".to_owned(),
    })?;
    let wrong = wrong(&parsed, &verdict);
    let value = json!({
        "asset": parsed.frame.asset,
        "profile": profile,
        "taken": verdict.used,
        "signals": verdict.signals,
        "wrong": wrong,
    });
    let mut text = format!("{}, as profile `{profile}` has it", taken(&verdict));
    for line in &wrong {
        text.push_str(&format!("\n  {line}"));
    }
    session.console.done(answer.output, text, &value)?;
    Ok(if wrong.is_empty() { Exit::Ok } else { Exit::No })
}

/// What is used, for people.
fn taken(verdict: &Verdict) -> String {
    let signals: Vec<&str> = verdict.signals.iter().map(String::as_str).collect();
    let samples = shown::count(verdict.used as u64, "sample");
    let are = if verdict.used == 1 { "is" } else { "are" };
    match (verdict.used, signals.is_empty()) {
        (0, _) => "nothing is taken".to_owned(),
        (_, true) => format!("{samples} {are} taken, with trouble codes alone"),
        (_, false) => format!("{samples} {are} taken, with {}", signals.join(", ")),
    }
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

/// The profile called `name`, or all where none is named.
fn known(
    name: Option<&str>,
    from: &super::config::From,
    session: &Session,
) -> Result<Vec<Profile>, CliError> {
    let loaded = config::load(&session.catalog, &Sources::of_process(from.config.clone()))?;
    let mut profiles = loaded.profiles();
    let Some(name) = name else { return Ok(profiles.into_values().collect()) };
    profiles.remove(name).map(|profile| vec![profile]).ok_or_else(|| {
        let known: Vec<&str> = profiles.keys().map(String::as_str).collect();
        CliError::Input {
            text: format!("there is no profile `{name}`"),
            help: format!("there are {}", known.join(", ")),
        }
    })
}

/// What data-analysis makes of the frame by that profile which knows the most of its signals, and sets the least aside.
fn judge<'p>(
    frame: &Telemetry,
    profiles: &'p [Profile],
    now: Timestamp,
) -> Option<(&'p str, Verdict)> {
    let judged = profiles.iter().map(|known| (known.name.as_str(), Verdict::of(frame, known, now)));
    judged.min_by_key(|(_, verdict)| {
        let unknown = |it: &&Refusal| it.reason == QuarantineReason::UnknownSignal;
        (verdict.aside.keys().filter(unknown).count(), verdict.aside.values().sum::<usize>())
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

/// What is not taken at the door, and what data-analysis would set aside.
fn wrong(parsed: &Parsed, verdict: &Verdict) -> Vec<String> {
    let refused = parsed.refused.iter().map(|it| format!("sample {}: {}", it.index, it.detail));
    let aside = verdict.aside.iter().map(|(refusal, samples)| {
        let Refusal { detail, nearest, remedy, .. } = refusal;
        let nearest =
            nearest.as_ref().filter(|_| refusal.reason == QuarantineReason::UnknownSignal);
        let nearest = nearest.map(|name| format!("; did you mean `{name}`?"));
        let samples = shown::count(*samples as u64, "sample");
        format!("{detail}{} ({samples}); {remedy}", nearest.unwrap_or_default())
    });
    refused.chain(aside).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use messages::profile::{NAMES, embedded};

    fn checked(body: &str) -> (Verdict, Vec<String>) {
        let parsed = parse("fleet", None, body.as_bytes()).unwrap();
        let profiles: Vec<Profile> =
            NAMES.iter().map(|name| Profile::parse(embedded(name).unwrap()).unwrap()).collect();
        let now = "2026-03-02T06:01:00Z".parse().unwrap();
        let (_, verdict) = judge(&parsed.frame, &profiles, now).unwrap();
        let wrong = wrong(&parsed, &verdict);
        (verdict, wrong)
    }

    #[test]
    fn what_would_be_set_aside_is_not_called_taken() {
        for (sample, why) in [
            (r#""s":{"zzz":1}"#, "has no signal `zzz`"),
            (r#""s":{"speed":90},"u":{"speed":"qq"}"#, "unit of signal `speed`"),
            (r#""s":{"speed":90},"u":{"speed":"psi"}"#, "cannot be given in `psi`"),
            (r#""s":{"speed":99999}"#, "outside the valid range"),
        ] {
            let body = format!(r#"{{"t":"2026-03-02T06:00:00Z",{sample}}}"#);
            let (verdict, wrong) = checked(&body);
            assert_eq!((verdict.used, wrong.len()), (0, 1), "{body} {wrong:?}");
            assert!(wrong[0].contains(why), "{wrong:?}");
            assert_eq!(taken(&verdict), "nothing is taken");
        }
        let (verdict, wrong) = checked(r#"{"t":"2026-03-02T07:00:00Z","s":{"speed":90}}"#);
        assert!(verdict.used == 0 && wrong[0].contains("5 min ahead"), "{wrong:?}");
        let (verdict, wrong) = checked(r#"{"t":"2026-03-02T06:00:00Z","s":{"speed":90}}"#);
        assert_eq!(taken(&verdict), "1 sample is taken, with speed");
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}
