//! `scenario run`: sets the stage, plays, and writes down what came of it.

use super::watcher::Watcher;
use super::{known, read, refused};
use crate::cli::{Answer, Session};
use crate::config::{self, Loaded, Sources};
use crate::effects;
use crate::error::CliError;
use crate::exit::Exit;
use crate::nearest::nearest;
use crate::output::Format;
use clap::Args;
use messages::profile::Span;
use messages::{MessageId, Timestamp};
use runtime::store::Store;
use runtime::store::memory::MemoryStore;
use runtime::store::sled::{SledStore, Sync};
use runtime::{Catalog, Models};
use scenarios::language::Scenario;
use scenarios::report::{Made, Report, folder};
use scenarios::runner::{Cast, Ending, Played, play};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Flags of `scenario run`.
#[derive(Args, Debug)]
pub struct RunArgs {
    /// Files, or names of scripts that come with the program.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Draws every chance from this number instead of the script's.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// The story takes about so long on the wall's clock; as fast as it goes where not given.
    #[arg(long, value_name = "DURATION")]
    pace: Option<Span>,
    /// Waits for Enter before each act.
    #[arg(long)]
    step: bool,
    /// Lets the person at the terminal answer for the owners; the script's words after a minute.
    #[arg(long)]
    play_owner: bool,
    /// These agents do not run; what they would hear is kept for them.
    #[arg(long, value_name = "AGENT", value_delimiter = ',')]
    without: Vec<String>,
    /// Keeps the store in this new folder, to look into it afterwards.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// The folder in which `runs/` is written.
    #[arg(long, default_value = ".", value_name = "DIR")]
    out: PathBuf,
    /// The configuration file.
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    answer: Answer,
}

/// One run that ended.
struct Run {
    scenario: Scenario,
    seed: u64,
    played: Played,
    report: Report,
}

pub(super) fn perform(args: &RunArgs, session: &Session) -> Result<Exit, CliError> {
    let catalog = without(&session.catalog, &args.without)?;
    let loaded = config::load(&session.catalog, &Sources::of_process(args.config.clone()))?;
    let mut scripts = Vec::new();
    for file in &args.files {
        scripts.push((file, read(file, &known(session))?.map_err(refused)?));
    }
    let mut exit = Exit::Ok;
    let mut results = Vec::new();
    for (file, scenario) in scripts {
        let run = one(args, session, file, scenario, &catalog, &loaded)?;
        exit = match run.played.ending {
            Ending::Passed => exit,
            Ending::Interrupted => Exit::Interrupted,
            Ending::Failed { .. } if exit == Exit::Ok => Exit::No,
            Ending::Failed { .. } => exit,
        };
        results.push(result(&run));
        if exit == Exit::Interrupted {
            break;
        }
    }
    match (args.answer.output, &results[..]) {
        (Format::Text, _) => {}
        (format, [result]) => session.console.object(format, result)?,
        (format, _) => session.console.list(format, &[], &results)?,
    }
    Ok(exit)
}

/// The catalog with the agents in `kinds` at rest.
fn without(catalog: &Catalog, kinds: &[String]) -> Result<Catalog, CliError> {
    let all: Vec<String> = catalog.iter().map(|(kind, _)| kind.to_owned()).collect();
    for kind in kinds {
        if !all.contains(kind) {
            let help = match nearest(kind, all.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are {}", all.join(", ")),
            };
            return Err(CliError::Input { text: format!("no agent is named `{kind}`"), help });
        }
    }
    let left: Vec<String> = all.into_iter().filter(|kind| !kinds.contains(kind)).collect();
    catalog.clone().only(&left).map_err(CliError::failed)
}

/// Plays one script and writes its report.
#[expect(
    clippy::disallowed_methods,
    reason = "a run is named by the wall's clock and says how long it took"
)]
fn one(
    args: &RunArgs,
    session: &Session,
    file: &Path,
    scenario: Scenario,
    catalog: &Catalog,
    loaded: &Loaded,
) -> Result<Run, CliError> {
    let seed = args.seed.unwrap_or(scenario.seed);
    let store: Arc<dyn Store> = match &args.keep {
        Some(folder) => Arc::new(SledStore::open_with(folder, Sync::Relaxed)?),
        None => Arc::new(MemoryStore::default()),
    };
    let cast = Cast {
        catalog: catalog.clone(),
        configs: loaded.agents.clone(),
        models: Arc::new(Models::default()),
        effects: effects::effects(&loaded.settings.effects, &loaded.agents),
        store,
        network: network(loaded),
    };
    let (began, wall) = (Instant::now(), SystemTime::now());
    let mut watcher = Watcher::new(session, args.answer.output, &scenario, seed)?
        .paced(args.pace.map(Span::duration), scenario.steps.len())
        .stepping(args.step)
        .playing_owner(args.play_owner);
    watcher.begin()?;
    let played = play(&scenario, seed, cast, &mut watcher).map_err(CliError::failed)?;
    let report = Report {
        folder: folder(&args.out, &scenario.name, moment(wall), seed),
        again: again(args, file, seed),
        wall: began.elapsed(),
    };
    let made = made(args, loaded);
    report
        .write(&scenario, seed, &made, &played)
        .map_err(|source| CliError::File { path: report.folder.clone(), source })?;
    watcher.end(&played, &report)?;
    drop(watcher);
    Ok(Run { scenario, seed, played, report })
}

/// The network whose workshops the master asks.
fn network(loaded: &Loaded) -> String {
    let master = loaded.agents.get("master");
    let network = master.and_then(|table| table.get("network")?.as_str());
    network.unwrap_or("main").to_owned()
}

fn made(args: &RunArgs, loaded: &Loaded) -> Made {
    let hash = |value: &Value| MessageId::named("configuration", &value.to_string()).to_string();
    Made {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        configuration: loaded
            .agents
            .iter()
            .map(|(kind, table)| (kind.clone(), hash(table)))
            .collect(),
        models: std::collections::BTreeMap::new(),
        without: args.without.clone(),
    }
}

fn moment(wall: SystemTime) -> Timestamp {
    let since = wall.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let millis = i64::try_from(since.as_millis()).unwrap_or_default();
    Timestamp::from_millis(millis).unwrap_or_default()
}

/// The command that runs it again.
fn again(args: &RunArgs, file: &Path, seed: u64) -> String {
    let mut command = format!("aurorasync scenario run {} --seed {seed}", file.display());
    if !args.without.is_empty() {
        command += &format!(" --without {}", args.without.join(","));
    }
    if let Some(config) = &args.config {
        command += &format!(" --config {}", config.display());
    }
    command
}

fn result(run: &Run) -> Value {
    json!({
        "scenario": run.scenario.name,
        "seed": run.seed,
        "result": run.played.ending,
        "steps": run.played.outcomes,
        "records": run.played.chronicle.records().len(),
        "folder": run.report.folder,
        "again": run.report.again,
        "wall_seconds": run.report.wall.as_secs_f64(),
    })
}
