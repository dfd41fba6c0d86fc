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
use crate::promoting::{JudgedBy, Promotion};
use clap::Args;
use messages::profile::{Span, SpanError};
use messages::{MessageId, Provenance, Timestamp};
use runtime::store::memory::MemoryStore;
use runtime::store::sled::{SledStore, Sync};
use runtime::store::{Batch, Store};
use runtime::{Catalog, Models};
use scenarios::language::Scenario;
use scenarios::report::{Made, Report, folder};
use scenarios::runner::{Cast, Ending, Played, play};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::str::FromStr;
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
    /// The story takes about so long on the wall's clock; `max` is as fast as it goes.
    #[arg(long, default_value = "max", value_name = "DURATION")]
    pace: Pace,
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
    judged_by: JudgedBy,
    #[command(flatten)]
    answer: Answer,
}

/// How long a story takes on the wall's clock; `None`: as fast as it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pace(pub(crate) Option<Duration>);

impl FromStr for Pace {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        match text {
            "max" => Ok(Self(None)),
            text => text.parse::<Span>().map(|span| Self(Some(span.duration()))),
        }
    }
}

/// How a story is to be played.
pub(crate) struct Playing<'p> {
    pub(crate) session: &'p Session,
    /// The agents that run.
    pub(crate) catalog: &'p Catalog,
    pub(crate) loaded: &'p Loaded,
    /// In place of the script's.
    pub(crate) seed: Option<u64>,
    pub(crate) pace: Pace,
    pub(crate) step: bool,
    pub(crate) play_owner: bool,
    /// The agents that do not run.
    pub(crate) without: &'p [String],
    pub(crate) config: Option<&'p Path>,
    /// By which model assets are judged.
    pub(crate) judged_by: &'p JudgedBy,
    /// Where `runs/` is written.
    pub(crate) out: &'p Path,
    pub(crate) format: Format,
}

/// One run that ended.
pub(crate) struct Run {
    scenario: Scenario,
    seed: u64,
    played: Played,
    report: Report,
}

impl Run {
    /// How the command ends that played it.
    pub(crate) const fn exit(&self) -> Exit {
        match self.played.ending {
            Ending::Passed => Exit::Ok,
            Ending::Interrupted => Exit::Interrupted,
            Ending::Failed { .. } => Exit::No,
        }
    }
}

pub(super) fn perform(args: &RunArgs, session: &Session) -> Result<Exit, CliError> {
    let catalog = without(&session.catalog, &args.without)?;
    let loaded = config::load(&session.catalog, &Sources::of_process(args.config.clone()))?;
    let mut scripts = Vec::new();
    for file in &args.files {
        scripts.push((file, read(file, &known(session))?.map_err(refused)?));
    }
    let playing = Playing {
        session,
        catalog: &catalog,
        loaded: &loaded,
        seed: args.seed,
        pace: args.pace,
        step: args.step,
        play_owner: args.play_owner,
        without: &args.without,
        config: args.config.as_deref(),
        judged_by: &args.judged_by,
        out: &args.out,
        format: args.answer.output,
    };
    let mut exit = Exit::Ok;
    let mut results = Vec::new();
    for (file, scenario) in scripts {
        let store: Arc<dyn Store> = match &args.keep {
            Some(folder) => Arc::new(SledStore::open_with(folder, Sync::Relaxed)?),
            None => Arc::new(MemoryStore::default()),
        };
        let run = playing.play(file, scenario, store)?;
        exit = match run.exit() {
            Exit::No if exit == Exit::Ok => Exit::No,
            Exit::Interrupted => Exit::Interrupted,
            _ => exit,
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

impl Playing<'_> {
    /// Plays one script over `store` and writes its report.
    ///
    /// # Errors
    /// [`CliError`] when the world of the story breaks or the report cannot be written.
    #[expect(
        clippy::disallowed_methods,
        reason = "a run is named by the wall's clock and says how long it took"
    )]
    pub(crate) fn play(
        &self,
        file: &Path,
        scenario: Scenario,
        store: Arc<dyn Store>,
    ) -> Result<Run, CliError> {
        let seed = self.seed.unwrap_or(scenario.seed);
        let promotion = self.judged_by.promotion(&self.loaded.profiles())?;
        if let Some(promotion) = &promotion {
            store.commit(Batch { blobs: vec![promotion.blob()], ..Batch::default() })?;
        }
        let promoted = promotion.iter().map(|it| it.entry(Provenance::Simulated));
        let cast = Cast {
            catalog: self.catalog.clone(),
            configs: self.loaded.agents.clone(),
            models: Arc::new(Models::default()),
            promoted: promoted.collect::<Result<_, _>>()?,
            effects: effects::effects(&self.loaded.settings.effects, &self.loaded.agents),
            store,
            network: network(self.loaded),
        };
        let (began, wall) = (Instant::now(), SystemTime::now());
        let folder = folder(self.out, &scenario.name, moment(wall), seed);
        // Before the story is played: without it there would be no verdict.
        std::fs::create_dir_all(&folder)
            .map_err(|source| CliError::File { path: folder.clone(), source })?;
        let mut watcher = Watcher::new(self.session, self.format, &scenario, seed)?
            .paced(self.pace, scenario.steps.len())
            .stepping(self.step)
            .playing_owner(self.play_owner);
        watcher.begin()?;
        let played = play(&scenario, seed, cast, &mut watcher).map_err(CliError::failed)?;
        let report = Report { folder, again: self.again(file, seed), wall: began.elapsed() };
        report
            .write(&scenario, seed, &self.made(promotion.as_ref()), &played)
            .map_err(|source| CliError::File { path: report.folder.clone(), source })?;
        watcher.end(&played, &report)?;
        drop(watcher);
        Ok(Run { scenario, seed, played, report })
    }

    fn made(&self, promotion: Option<&Promotion>) -> Made {
        let hash =
            |value: &Value| MessageId::named("configuration", &value.to_string()).to_string();
        let agents = self.loaded.agents.iter();
        Made {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            configuration: agents.map(|(kind, table)| (kind.clone(), hash(table))).collect(),
            models: promotion.map(Promotion::named).into_iter().collect(),
            without: self.without.to_vec(),
        }
    }

    /// The command that runs it again.
    fn again(&self, file: &Path, seed: u64) -> String {
        let mut command = format!("aurorasync scenario run {} --seed {seed}", file.display());
        if !self.without.is_empty() {
            command += &format!(" --without {}", self.without.join(","));
        }
        if let Some(config) = self.config {
            command += &format!(" --config {}", config.display());
        }
        if let Some(model) = &self.judged_by.model {
            command += &format!(" --model {}", model.display());
        }
        command
    }
}

/// The network whose workshops the master asks.
fn network(loaded: &Loaded) -> String {
    let master = loaded.agents.get("master");
    let network = master.and_then(|table| table.get("network")?.as_str());
    network.unwrap_or("main").to_owned()
}

fn moment(wall: SystemTime) -> Timestamp {
    let since = wall.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let millis = i64::try_from(since.as_millis()).unwrap_or_default();
    Timestamp::from_millis(millis).unwrap_or_default()
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
