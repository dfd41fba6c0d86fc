//! `bench containment`: how soon misconduct is refused and contained on the wall's clock, and what the others feel.
//!
//! A fleet lives through a day under a virtual clock, so that it is known what is usual. The log that this leaves is then
//! served by the real runtime from a store on disk, and the vehicles go on sending. Slices without and with an attack
//! alternate in one process, so that a ratio means something on any machine.

mod attacks;
mod load;
mod past;

use crate::cli::{Answer, Session};
use crate::config::{self, Loaded, Sources};
use crate::effects;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Format;
use crate::upkeep::store_folder;
use attacks::{ATTACKS, Attack, Pressed};
use clap::Args;
use load::{Felt, Load};
use messages::guard::{Backlog, PrincipalReleased};
use messages::{Envelope, MessageId};
use past::Past;
use runtime::Models;
use runtime::clock::Clock;
use runtime::deployment::{Deployment, Options};
use runtime::flight::FlightRecorder;
use runtime::guard::Principal;
use runtime::guard::principal::FACADE;
use runtime::router::PARTITIONS_EMBEDDED;
use runtime::store::sled::SledStore;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Flags of `bench containment`.
#[derive(Args, Debug)]
pub struct ContainmentArgs {
    /// Vehicles that send twice a second each.
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u32).range(3..=200))]
    vehicles: u32,
    /// How long each slice lasts, in seconds.
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u64).range(2..))]
    seconds: u64,
    /// How often each attack comes.
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    rounds: u64,
    /// Only these attacks.
    #[arg(long, value_delimiter = ',', value_name = "KIND")]
    kinds: Vec<String>,
    /// Seed of the fleet.
    #[arg(long, default_value_t = 7, value_name = "N")]
    seed: u64,
    #[command(flatten)]
    answer: Answer,
}

/// What came of one attack in all its rounds.
#[derive(Default)]
struct Found {
    refused_after_ms: Vec<Option<f64>>,
    contained_after_ms: Vec<Option<f64>>,
    steps: u64,
    refused: u64,
    others_contained: usize,
    quiet: Felt,
    attacked: Felt,
}

pub(crate) fn perform(args: &ContainmentArgs, session: &Session) -> Result<Exit, CliError> {
    let asked =
        |attack: &&Attack| args.kinds.is_empty() || args.kinds.iter().any(|it| it == attack.kind);
    if let Some(unknown) = args.kinds.iter().find(|kind| ATTACKS.iter().all(|it| it.kind != **kind))
    {
        let known: Vec<&str> = ATTACKS.iter().map(|attack| attack.kind).collect();
        let known = known.join(", ");
        return Err(CliError::failed(format!("no attack is `{unknown}`; there are {known}")));
    }
    let folder = tempfile::tempdir().map_err(CliError::failed)?;
    let loaded = config::load(&session.catalog, &Sources::default())?;
    session.console.note("a day of the past is played");
    let past = past::live(args.vehicles, args.seed, folder.path(), &loaded, session)?;
    let threads = tokio::runtime::Runtime::new()
        .map_err(|source| CliError::System { what: "threads cannot be started", source })?;
    let measured = threads.block_on(async {
        let deployment = Arc::new(deployment(folder.path(), loaded, session).await?);
        let load = Load::start(deployment.clone(), &past);
        load.quiet(Duration::from_secs(args.seconds), None).await;
        let mut all = Vec::new();
        for attack in ATTACKS.iter().filter(asked) {
            let found = attacked(args, attack, &past, &deployment, &load).await?;
            session.console.note(&line(attack, &found));
            all.push((attack, found));
        }
        load.end().await?;
        deployment.drain().await.map_err(CliError::failed)?;
        Ok::<_, CliError>(all)
    })?;
    match args.answer.output {
        Format::Text => {
            for (attack, found) in &measured {
                session.console.line(line(attack, found))?;
            }
        }
        format => {
            let attacks: Vec<Value> = measured.iter().map(|(it, found)| value(it, found)).collect();
            let value = json!({
                "vehicles": args.vehicles, "seconds": args.seconds, "rounds": args.rounds,
                "attacks": attacks,
            });
            session.console.object(format, &value)?;
        }
    }
    Ok(Exit::Ok)
}

async fn deployment(
    folder: &Path,
    loaded: Loaded,
    session: &Session,
) -> Result<Deployment, CliError> {
    let deployment = Deployment::start(Options {
        catalog: session.catalog.clone(),
        effects: effects::effects(&loaded.settings.effects, &loaded.agents),
        configs: loaded.agents,
        models: Models::default(),
        store: Arc::new(SledStore::open(&store_folder(folder))?),
        folder: folder.to_owned(),
        clock: Clock::Real,
        partitions: PARTITIONS_EMBEDDED,
        recorder: FlightRecorder::default(),
        checkpoint_interval: None,
        shared: None,
    });
    Ok(deployment.await?)
}

/// Slices without and with the attack, in turn.
async fn attacked(
    args: &ContainmentArgs,
    attack: &Attack,
    past: &Past,
    deployment: &Deployment,
    load: &Load,
) -> Result<Found, CliError> {
    let lasts = Duration::from_secs(args.seconds);
    let principal = attack.principal(past);
    let mut found = Found::default();
    for _ in 0..args.rounds {
        // An agent that is contained answers nobody: only the others are asked.
        let probes = attack.device;
        load.quiet(lasts, Some((&mut found.quiet, probes))).await;
        load.measure(probes);
        let pressed = attack.press(&principal, past, deployment, lasts).await;
        load.take(&mut found.attacked);
        let Pressed { began_at, refused_at, steps, refused } = pressed?;
        let contained = load.contained_since(began_at);
        let own = contained.iter().find(|(name, _)| name == principal.name());
        let after = |at: Instant| (at - began_at).as_secs_f64() * 1_000.0;
        found.refused_after_ms.push(refused_at.map(after));
        found.contained_after_ms.push(own.map(|(_, at)| after(*at)));
        found.others_contained +=
            contained.iter().filter(|(name, _)| name != principal.name()).count();
        found.steps += steps;
        found.refused += refused;
        release(&principal, deployment).await?;
        load.settle().await?;
    }
    Ok(found)
}

/// A person lets `principal` go, so that the next round finds it as the first did.
async fn release(principal: &Principal, deployment: &Deployment) -> Result<(), CliError> {
    let released = PrincipalReleased {
        principal: principal.name().to_owned(),
        by: "bench".to_owned(),
        reason: "the next round begins".to_owned(),
        backlog: Backlog::SetAside,
    };
    let at = Clock::Real.now();
    let id = MessageId::named("bench.containment.release", &format!("{}/{at}", principal.name()));
    let envelope = Envelope::new(id, FACADE, &released).map_err(CliError::failed)?;
    deployment.session(Principal::facade()).publish(envelope).await.map_err(CliError::failed)?;
    Ok(())
}

fn line(attack: &Attack, found: &Found) -> String {
    let worst = |times: &[Option<f64>]| match times.iter().flatten().copied().reduce(f64::max) {
        Some(millis) if times.iter().all(Option::is_some) => format!("within {millis:.0} ms"),
        Some(millis) => {
            let came = times.iter().flatten().count();
            format!("{came} of {} times, within {millis:.0} ms", times.len())
        }
        None => "never".to_owned(),
    };
    let shown = |ratio: Option<f64>| ratio.map_or("–".to_owned(), |ratio| format!("{ratio:.2}"));
    let (quiet, attacked) = (&found.quiet, &found.attacked);
    format!(
        "{} by {}: refused {}, contained {}; p99 of the others {:.1} ms and {:.1} ms (ratio {}), \
         through an agent ratio {}; others contained: {}",
        attack.kind,
        attack.by,
        worst(&found.refused_after_ms),
        worst(&found.contained_after_ms),
        quiet.appends.at(0.99).unwrap_or(f64::NAN),
        attacked.appends.at(0.99).unwrap_or(f64::NAN),
        shown(attacked.appends.ratio(&quiet.appends)),
        shown(attacked.answers.ratio(&quiet.answers)),
        found.others_contained,
    )
}

fn value(attack: &Attack, found: &Found) -> Value {
    let (quiet, attacked) = (&found.quiet, &found.attacked);
    json!({
        "kind": attack.kind,
        "by": attack.by,
        "steps": found.steps,
        "refused": found.refused,
        "refused_after_ms": found.refused_after_ms,
        "contained_after_ms": found.contained_after_ms,
        "others_contained": found.others_contained,
        "others_append_until_durable": {
            "quiet": quiet.appends.summary(),
            "attacked": attacked.appends.summary(),
            "p99_ratio": attacked.appends.ratio(&quiet.appends),
        },
        "others_append_until_answered": {
            "quiet": quiet.answers.summary(),
            "attacked": attacked.answers.summary(),
            "p99_ratio": attacked.answers.ratio(&quiet.answers),
        },
    })
}
