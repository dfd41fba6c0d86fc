//! How surely and how soon attacks on the bus are found and contained, and how often nobody attacked.
//!
//! Each attack is a story of three quiet days and then raw steps with a principal's credential, over fleets by seed; the
//! quiet ones are stories of the same fleets in which nobody does anything. Times are those of the stories' clock.

use crate::cli::{Answer, Session};
use crate::commands::scenario;
use crate::config::{self, Sources};
use crate::effects;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Format;
use clap::Args;
use messages::behaviour::BehaviourFlagged;
use messages::guard::{AccessDenied, PrincipalContained};
use messages::{Message, Timestamp};
use runtime::Models;
use runtime::store::memory::MemoryStore;
use scenarios::language::AttackKind;
use scenarios::measure::Record;
use scenarios::runner::{Cast, Ending, Nobody, Played, play};
use serde::Serialize;
use serde_json::json;
use std::sync::Arc;

/// Flags of `bench guard`.
#[derive(Args, Debug)]
pub struct GuardArgs {
    /// How many fleets, one a seed.
    #[arg(long, default_value_t = 5, value_name = "N")]
    seeds: u64,
    /// Seed of the first fleet; the next ones follow.
    #[arg(long, default_value_t = 1, value_name = "N")]
    first_seed: u64,
    /// Vehicles in each fleet.
    #[arg(long, default_value_t = 4, value_name = "N", value_parser = clap::value_parser!(u32).range(2..))]
    vehicles: u32,
    /// Quiet days of each fleet, in which nothing may be contained; 0 leaves them out.
    #[arg(long, default_value_t = 30, value_name = "N")]
    days: u32,
    /// Only these kinds of attacks.
    #[arg(long, value_delimiter = ',', value_name = "KIND")]
    kinds: Vec<String>,
    /// How often a driven vehicle is sampled.
    #[arg(long, default_value = "10s", value_name = "DURATION")]
    sample: String,
    #[command(flatten)]
    answer: Answer,
}

/// Quiet days before an attack.
const QUIET_DAYS: u64 = 3;
/// Minutes by which attacks of different seeds begin apart, so that they come at every hour.
const APART_MINUTES: u64 = 787;

/// How one kind of attack is made.
struct Made {
    kind: AttackKind,
    /// Whose credential; by seed one after the other.
    by: &'static [&'static str],
    target: &'static str,
    rate: &'static str,
    lasts: &'static str,
    /// How long is waited for its being found.
    within: &'static str,
}

const ATTACKS: [Made; 7] = [
    Made {
        kind: AttackKind::ScopeAbuse,
        by: &["scheduling", "engagement", "feedback", "master"],
        target: "telemetry",
        rate: "200/s",
        lasts: "30s",
        within: "10m",
    },
    Made {
        kind: AttackKind::Flood,
        by: &["data-analysis", "VEH001"],
        target: "",
        rate: "1000/s",
        lasts: "30s",
        within: "10m",
    },
    Made {
        kind: AttackKind::Replay,
        by: &["data-analysis", "VEH001"],
        target: "",
        rate: "20/s",
        lasts: "2m",
        within: "10m",
    },
    Made {
        kind: AttackKind::Impersonation,
        by: &["engagement", "feedback", "scheduling"],
        target: "data-analysis",
        rate: "1/s",
        lasts: "30s",
        within: "10m",
    },
    Made {
        kind: AttackKind::Exfiltration,
        by: &["diagnosis"],
        target: "health",
        rate: "500/s",
        lasts: "5m",
        within: "10m",
    },
    Made {
        kind: AttackKind::SpoofedDevice,
        by: &["device/demo/STRANGER", "VEH002"],
        target: "VEH001",
        rate: "1/m",
        lasts: "10m",
        within: "20m",
    },
    Made {
        kind: AttackKind::SlowPoisoning,
        by: &["VEH001", "VEH002"],
        target: "coolant_temperature",
        rate: "12/d",
        lasts: "3d",
        within: "3d",
    },
];

/// What became of one kind of attack on all fleets.
#[derive(Debug, Default, Serialize)]
struct Found {
    kind: &'static str,
    attacks: u64,
    /// Its principal was flagged.
    found: u64,
    /// Its principal was contained.
    contained: u64,
    /// Attacks of which the bus refused the first raw step by the contract.
    refused_at_once: u64,
    /// Others were contained.
    others_contained: u64,
    /// Seconds from its beginning until its principal was flagged.
    found_after_seconds: Vec<f64>,
    /// The same until it was contained.
    contained_after_seconds: Vec<f64>,
}

/// What was said on quiet days.
#[derive(Debug, Default, Serialize)]
struct Quiet {
    fleets: u64,
    days: u32,
    contained: u64,
    flagged: u64,
    /// Who was, and why.
    why: Vec<String>,
}

pub(crate) fn perform(args: &GuardArgs, session: &Session) -> Result<Exit, CliError> {
    let unknown = args.kinds.iter().find(|kind| AttackKind::from_name(kind).is_none());
    if let Some(unknown) = unknown {
        let known = AttackKind::NAMES.join(", ");
        return Err(CliError::failed(format!("no attack is `{unknown}`; there are {known}")));
    }
    let asked = |made: &&Made| {
        args.kinds.is_empty() || args.kinds.iter().any(|kind| kind == made.kind.name())
    };
    let mut all = Vec::new();
    for made in ATTACKS.iter().filter(asked) {
        let mut found = Found { kind: made.kind.name(), ..Found::default() };
        for seed in args.first_seed..args.first_seed + args.seeds {
            attack(args, made, seed, &mut found, session)?;
        }
        session.console.note(&line(&found));
        all.push(found);
    }
    let mut quiet = Quiet { days: args.days, ..Quiet::default() };
    if args.days > 0 {
        for seed in args.first_seed..args.first_seed + args.seeds {
            stay_quiet(args, seed, &mut quiet, session)?;
            session.console.note(&quiet_line(&quiet));
        }
    }
    match args.answer.output {
        Format::Text => {
            for found in &all {
                session.console.line(line(found))?;
            }
            session.console.line(quiet_line(&quiet))?;
        }
        format => {
            let value = json!({
                "seeds": args.seeds, "first_seed": args.first_seed, "vehicles": args.vehicles,
                "attacks": all, "quiet": quiet,
            });
            session.console.object(format, &value)?;
        }
    }
    Ok(Exit::Ok)
}

fn line(found: &Found) -> String {
    let Found { kind, attacks, contained, others_contained, refused_at_once, .. } = found;
    format!(
        "{kind}: {} of {attacks} found (median {}), {contained} contained (median {}), {refused_at_once} refused at once, \
         others contained: {others_contained}",
        found.found,
        median(&found.found_after_seconds),
        median(&found.contained_after_seconds),
    )
}

fn quiet_line(quiet: &Quiet) -> String {
    let Quiet { fleets, days, contained, flagged, why } = quiet;
    let why = if why.is_empty() { String::new() } else { format!(": {}", why.join("; ")) };
    format!("{fleets} fleets of {days} quiet days: {contained} contained, {flagged} flagged{why}")
}

fn median(seconds: &[f64]) -> String {
    match models::stats::median(&mut seconds.to_vec()) {
        None => "–".to_owned(),
        Some(seconds) if seconds >= 7_200.0 => format!("{:.1} h", seconds / 3_600.0),
        Some(seconds) => format!("{seconds:.1} s"),
    }
}

/// The script that lets a fleet be and then, perhaps, does something.
fn script(args: &GuardArgs, steps: &str) -> String {
    format!(
        "apiVersion: aurorasync/scenario.v1\nname: bench-guard\nsummary: Measured.\nseed: 1\n\
         clock: {{ mode: virtual, start: \"2026-03-02T02:30:00Z\" }}\n\
         fleet: {{ profile: vehicle, size: {}, sample: {}, history: none }}\n\
         steps:\n  - start: fleet\n{steps}",
        args.vehicles, args.sample
    )
}

fn attack(
    args: &GuardArgs,
    made: &Made,
    seed: u64,
    found: &mut Found,
    session: &Session,
) -> Result<(), CliError> {
    let by = made.by[(seed % made.by.len() as u64) as usize];
    let quiet_minutes = QUIET_DAYS * 1_440 + seed * APART_MINUTES % 1_440;
    let target =
        if made.target.is_empty() { String::new() } else { format!(", target: {}", made.target) };
    let steps = format!(
        "  - wait: {quiet_minutes}m\n  - attack: {{ kind: {}, as: {by}{target}, rate: {}, for: {} }}\n  - wait: {}\n",
        made.kind.name(),
        made.rate,
        made.lasts,
        made.within,
    );
    let played = played(&script(args, &steps), seed, session)?;
    let begun = played.outcomes.iter().find(|outcome| outcome.step.starts_with("attack:"));
    let began_at = begun.ok_or_else(|| CliError::failed("the attack was not begun"))?.began_at;
    let suspect = suspect(&played, by);
    let of = |record: &Record| record.at() >= began_at && record.envelope.key == suspect;
    let after = |name: &str| first(&played, name, of).map(|at| at.since(began_at).as_secs_f64());
    found.attacks += 1;
    let (flagged, contained) = (after(BehaviourFlagged::NAME), after(PrincipalContained::NAME));
    found.found += u64::from(flagged.is_some());
    found.contained += u64::from(contained.is_some());
    found.found_after_seconds.extend(flagged);
    found.contained_after_seconds.extend(contained);
    let refused = after(AccessDenied::NAME).is_some_and(|seconds| seconds < 1.0);
    found.refused_at_once += u64::from(refused);
    let others = |record: &Record| record.envelope.key != suspect;
    let of_others = played.chronicle.records().iter();
    found.others_contained += of_others
        .filter(|record| record.name() == PrincipalContained::NAME && others(record))
        .count() as u64;
    Ok(())
}

/// The principal that a script's `as` means.
fn suspect(played: &Played, by: &str) -> String {
    let registered = played.chronicle.newest("asset.registered", |it| it.envelope.key == by);
    let fleet = registered.and_then(|record| record.text("fleet"));
    fleet.map_or_else(|| by.to_owned(), |fleet| format!("device/{fleet}/{by}"))
}

fn first(played: &Played, name: &str, fits: impl Fn(&Record) -> bool) -> Option<Timestamp> {
    let records = played.chronicle.records().iter();
    records.filter(|record| record.name() == name && fits(record)).map(Record::at).next()
}

fn stay_quiet(
    args: &GuardArgs,
    seed: u64,
    quiet: &mut Quiet,
    session: &Session,
) -> Result<(), CliError> {
    let played = played(&script(args, &format!("  - wait: {}d\n", args.days)), seed, session)?;
    quiet.fleets += 1;
    for record in played.chronicle.records() {
        let at = record.at();
        match record.name() {
            PrincipalContained::NAME => {
                quiet.contained += 1;
                let reason = record.text("reason").unwrap_or_default();
                quiet.why.push(format!("seed {seed}, {at}: {reason}"));
            }
            BehaviourFlagged::NAME => {
                quiet.flagged += 1;
                let summary = record.text("summary").unwrap_or_default();
                quiet.why.push(format!("seed {seed}, {at}: {summary}"));
            }
            _ => {}
        }
    }
    Ok(())
}

fn played(text: &str, seed: u64, session: &Session) -> Result<Played, CliError> {
    let scenario = scenario::of_text("bench-guard", text, session)?;
    let loaded = config::load(&session.catalog, &Sources::default())?;
    let cast = Cast {
        catalog: session.catalog.clone(),
        effects: effects::effects(&loaded.settings.effects, &loaded.agents),
        configs: loaded.agents,
        models: Arc::new(Models::default()),
        promoted: Vec::new(),
        store: Arc::new(MemoryStore::default()),
        network: "main".to_owned(),
    };
    let played = play(&scenario, seed, cast, &mut Nobody).map_err(CliError::failed)?;
    match &played.ending {
        Ending::Passed => Ok(played),
        Ending::Interrupted => Err(CliError::failed("the story was interrupted")),
        Ending::Failed { step, message, .. } => {
            Err(CliError::failed(format!("the story fails at `{step}`: {message}")))
        }
    }
}
