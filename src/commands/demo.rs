//! `demo`: everything in one process: a story is played, then what it left is served.

mod devices;
mod narrator;
mod recordings;

use super::run::{Serving, Signals, next_free_port};
use super::scenario::{Pace, Playing, script};
use crate::cli::Session;
use crate::config::{self, Loaded, Sources};
use crate::error::CliError;
use crate::exit::Exit;
use crate::logging::{self, LogFormat};
use crate::output::Format;
use crate::promoting::JudgedBy;
use crate::upkeep::store_folder;
use clap::Args;
use devices::Devices;
use runtime::backup;
use runtime::flight::FlightRecorder;
use runtime::store::Store;
use runtime::store::memory::MemoryStore;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;
use tempfile::TempDir;

/// How long telemetry of a demonstration is kept: its story is as old as its script says.
const KEPT: &str = "3650d";

/// Flags of `demo`.
#[derive(Args, Debug)]
pub struct DemoArgs {
    /// The story: a file, or the name of a script that comes with the program.
    #[arg(default_value = "brake-to-capa", value_name = "NAME")]
    story: PathBuf,
    /// The story takes about so long on the wall's clock; `max` is as fast as it goes.
    #[arg(long, alias = "speed", default_value = "5m", value_name = "DURATION")]
    pace: Pace,
    /// Draws every chance from this number instead of the script's.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// The data folder, without a store in it; a new one that is removed at the end where not given.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Address of HTTP; when its port is taken, the next free one.
    #[arg(
        long,
        default_value = "127.0.0.1:7380",
        value_name = "ADDR",
        value_parser = config::listen
    )]
    facade: SocketAddr,
    /// Ends after the story instead of serving on.
    #[arg(long)]
    headless: bool,
    /// Starts a server that devices publish to, over NATS and MQTT, and shows how.
    #[arg(long, value_enum, value_name = "SERVER", conflicts_with_all = ["headless", "recordings"])]
    bus: Option<Bus>,
    /// Plays recorded trips from this folder in the place of a story.
    #[arg(long, value_name = "DIR", conflicts_with = "seed")]
    recordings: Option<PathBuf>,
    /// The dataset that describes the recordings.
    #[arg(
        long,
        default_value = "profiles/datasets/demo",
        value_name = "DATASET",
        requires = "recordings"
    )]
    dataset: PathBuf,
    #[command(flatten)]
    judged_by: JudgedBy,
}

/// Servers that a demonstration can start.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Bus {
    /// nats-server, from the path or from this project's folder.
    Nats,
}

pub(crate) fn perform(args: &DemoArgs, session: &Session) -> Result<Exit, CliError> {
    if let Some(recordings) = &args.recordings {
        return recordings::perform(args, recordings, session);
    }
    let mut steps = Steps::begin(session, if args.headless { 2 } else { 3 });
    steps.next("make a data folder and read the story")?;
    let scenario = script(&args.story, session)?;
    let folder = folder(args)?;
    let loaded = config::load(&session.catalog, &Sources::default())?;
    steps.next(&format!("play `{}`", scenario.name))?;
    let playing = Playing {
        session,
        catalog: &session.catalog,
        loaded: &loaded,
        seed: args.seed,
        pace: args.pace,
        step: false,
        play_owner: false,
        without: &[],
        config: None,
        judged_by: &args.judged_by,
        out: Path::new("."),
        format: Format::Text,
    };
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let run = playing.play(&args.story, scenario, store.clone())?;
    if !args.headless || args.data.is_some() {
        keep(&*store, folder.path())?;
    }
    if args.headless || run.exit() != Exit::Ok {
        return Ok(run.exit());
    }
    steps.next("serve what the story left; the clock is the machine's again")?;
    serve(args, folder.path(), session)
}

/// Puts the story, which was played in memory, on disk at once: committing each turn there takes far longer.
fn keep(store: &dyn Store, folder: &Path) -> Result<(), CliError> {
    let scratch = tempfile::Builder::new().prefix("aurorasync-demo-").tempdir();
    let scratch = scratch.map_err(CliError::failed)?;
    let export = scratch.path().join("story");
    backup::create(store, &export).map_err(CliError::failed)?;
    backup::restore(&export, &store_folder(folder)).map_err(CliError::failed)?;
    Ok(())
}

fn serve(args: &DemoArgs, folder: &Path, session: &Session) -> Result<Exit, CliError> {
    logging::begin(LogFormat::Text, &session.console);
    let devices = args.bus.map(|Bus::Nats| Devices::start(folder)).transpose()?;
    let loaded = serving(args, folder, devices.as_ref(), session)?;
    let threads = tokio::runtime::Runtime::new()
        .map_err(|source| CliError::System { what: "threads cannot be started", source })?;
    threads.block_on(async {
        let signals = Signals::begin()?;
        if let Some(devices) = &devices {
            devices.make_streams().await?;
        }
        let catalog = session.catalog.clone();
        let serving = Serving::start(catalog, loaded, FlightRecorder::default(), None).await?;
        serving.announce(&session.console);
        session.console.line(hints(serving.address()))?;
        if let Some(devices) = &devices {
            let store = serving.deployment().store();
            session.console.line(devices.hints(&**store, serving.address())?)?;
        }
        serving.until_stopped(signals).await
    })
}

/// The configuration to serve with: a free port, and nothing forgotten that a story of last year left.
fn serving(
    args: &DemoArgs,
    folder: &Path,
    devices: Option<&Devices>,
    session: &Session,
) -> Result<Loaded, CliError> {
    let address = next_free_port(args.facade)?;
    if address != args.facade {
        let (taken, free) = (args.facade.port(), address.port());
        session.console.line(format!("  port {taken} is taken, {free} is free"))?;
    }
    let kept = || Some(KEPT.to_owned());
    let sources = Sources::default()
        .flag("store.path", "--data", Some(folder.display().to_string()))
        .flag("facade.listen", "--facade", Some(address.to_string()))
        .flag("bus.url", "--bus", devices.map(Devices::url))
        .flag("retention.telemetry", "demo", kept())
        .flag("retention.health", "demo", kept());
    Ok(config::load(&session.catalog, &sources)?)
}

/// The data folder of a demonstration.
enum Folder {
    /// Removed at the end.
    Scratch(TempDir),
    Kept(PathBuf),
}

impl Folder {
    fn path(&self) -> &Path {
        match self {
            Self::Scratch(folder) => folder.path(),
            Self::Kept(folder) => folder,
        }
    }
}

fn folder(args: &DemoArgs) -> Result<Folder, CliError> {
    let Some(data) = &args.data else {
        let scratch = tempfile::Builder::new().prefix("aurorasync-demo-").tempdir();
        return Ok(Folder::Scratch(scratch.map_err(CliError::failed)?));
    };
    if store_folder(data).exists() {
        let text = format!("data folder `{}` holds a store already", data.display());
        let help = format!(
            "name a new folder, or serve what is there with `aurorasync run --data {}`",
            data.display()
        );
        return Err(CliError::Input { text, help });
    }
    Ok(Folder::Kept(data.clone()))
}

/// Says which step it is, with the time since the beginning.
struct Steps<'s> {
    session: &'s Session,
    begun: Instant,
    number: u32,
    count: u32,
}

impl<'s> Steps<'s> {
    #[expect(clippy::disallowed_methods, reason = "people at a terminal see how long it takes")]
    fn begin(session: &'s Session, count: u32) -> Self {
        Self { session, begun: Instant::now(), number: 0, count }
    }

    fn next(&mut self, what: &str) -> Result<(), CliError> {
        self.number += 1;
        let (elapsed, number, count) =
            (self.begun.elapsed().as_secs_f64(), self.number, self.count);
        let text = format!("[{elapsed:6.1} s] step {number} of {count}: {what}");
        Ok(self.session.console.line(text)?)
    }
}

fn hints(address: SocketAddr) -> String {
    let program = "./aurorasync";
    format!(
        "  cases:  {program} case ls --closed --url http://{address}\n  \
           why:    {program} case why CASE --url http://{address}\n  \
           follow: {program} events tail --follow --url http://{address}\n  \
           ask:    curl http://{address}/v1/cases\n  \
           stop:   Ctrl-C"
    )
}
