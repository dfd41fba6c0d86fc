//! `run`: the agents and the facade, until told to stop.

mod signals;

use super::config::From;
use crate::cli::Session;
use crate::config::{self, Limits, Loaded, Settings, Sources};
use crate::effects;
use crate::error::CliError;
use crate::exit::Exit;
use crate::logging::{self, LogFormat};
use crate::nearest::nearest;
use crate::output::Console;
use crate::promoting;
use crate::upkeep::{Upkeep, store_folder};
use clap::Args;
use dashboard_api::{
    Backup, BackupError, Bound, Exported, Facade, FacadeOptions, Feature, Random, RateLimit,
    Timeouts,
};
use messages::profile::Profile;
use models::features::Features;
use nats::config::Configs;
use nats::devices::Ingest;
use nats::hosts::Hosts;
use nats::services::Services;
use rand::RngCore;
use runtime::clock::Clock;
use runtime::committer::CommitError;
use runtime::deployment::{Deployment, Options};
use runtime::flight::FlightRecorder;
use runtime::guard::audit::Seal;
use runtime::router::PARTITIONS_EMBEDDED;
use runtime::store::sled::SledStore;
use runtime::{Catalog, Models, crash, retention, shared};
pub(super) use signals::Signals;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio::task::{JoinError, JoinHandle};

/// Flags of `run`.
#[derive(Args, Debug)]
pub struct RunArgs {
    #[command(flatten)]
    from: From,
    /// The data folder; made where there is none.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Address and port of HTTP; port 0 takes a free one.
    #[arg(long, value_name = "ADDR")]
    facade: Option<String>,
    /// Server of NATS that telemetry is read from besides HTTP, such as nats://127.0.0.1:4222.
    #[arg(long, value_name = "URL")]
    bus: Option<String>,
    /// What is done when records there are gone that were not read: `stop` or `accept`.
    #[arg(long, value_name = "WHAT")]
    bus_gap: Option<String>,
    /// Only these agents work; what the others would hear is kept for them. With --bus, they work with those of other
    /// processes on one log, which the server keeps.
    #[arg(long, value_name = "KIND,…", value_delimiter = ',')]
    agents: Vec<String>,
    /// How events are logged on standard error.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    log_format: LogFormat,
    /// Ends the process the Nth time that it passes a named point.
    #[arg(long, hide = true, value_name = "POINT:N", value_parser = crash_at)]
    crash_at: Option<(String, u64)>,
    /// Records to a file what is being committed.
    #[arg(long, hide = true, value_name = "FILE")]
    flight_recorder: Option<PathBuf>,
}

fn crash_at(text: &str) -> Result<(String, u64), String> {
    let (point, nth) = text.rsplit_once(':').ok_or("write it like `commit.before_flush:3`")?;
    let nth = nth.parse().ok().filter(|nth| *nth > 0);
    let nth = nth.ok_or("the number of times is 1 or more")?;
    if crash::exists(point) {
        return Ok((point.to_owned(), nth));
    }
    Err(crash::UnknownPoint { name: point.to_owned() }.to_string())
}

pub(crate) fn perform(args: RunArgs, session: &Session) -> Result<Exit, CliError> {
    logging::begin(args.log_format, &session.console);
    let sources = Sources::of_process(args.from.config.clone())
        .flag("store.path", "--data", args.data.as_ref().map(|data| data.display().to_string()))
        .flag("facade.listen", "--facade", args.facade.clone())
        .flag("bus.url", "--bus", args.bus.clone())
        .flag("bus.gap", "--bus-gap", args.bus_gap.clone());
    let loaded = config::load(&session.catalog, &sources)?;
    let catalog = chosen(&session.catalog, &args.agents)?;
    let recorder = recorder(&args)?;
    if let Some((point, nth)) = &args.crash_at {
        crash::arm(point, *nth).expect("the point was looked up when the flag was read");
    }
    let threads = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|source| CliError::System { what: "threads cannot be started", source })?;
    threads.block_on(async {
        let signals = Signals::begin()?;
        let shared = shared(!args.agents.is_empty() && !loaded.settings.bus.url.is_empty());
        let serving = Serving::start(catalog, loaded, recorder, shared).await?;
        serving.announce(&session.console);
        serving.until_stopped(signals).await
    })
}

/// The agents named, or all of them.
fn chosen(catalog: &Catalog, kinds: &[String]) -> Result<Catalog, CliError> {
    if kinds.is_empty() {
        return Ok(catalog.clone());
    }
    catalog.clone().only(kinds).map_err(|unknown| {
        let known: Vec<&str> = catalog.iter().map(|(kind, _)| kind).collect();
        let help = match nearest(&unknown, known.iter().copied()) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => format!("there are {}", known.join(", ")),
        };
        CliError::Input { text: format!("no agent is named `{unknown}`"), help }
    })
}

/// How the log is shared with other processes, if it is.
fn shared(is_shared: bool) -> Option<shared::Options> {
    is_shared.then(|| shared::Options { name: format!("process-{}", unique()) })
}

/// As good as unique.
fn unique() -> String {
    let mut bytes = [0; 8];
    fill(&mut bytes);
    format!("{:016x}", u64::from_be_bytes(bytes))
}

fn recorder(args: &RunArgs) -> Result<FlightRecorder, CliError> {
    let Some(path) = &args.flight_recorder else { return Ok(FlightRecorder::default()) };
    FlightRecorder::to(path).map_err(|source| CliError::File { path: path.clone(), source })
}

/// The end of what must not end; never where there is no such thing.
async fn end_of<T>(task: &mut Option<JoinHandle<T>>) -> Result<T, JoinError> {
    match task {
        Some(task) => task.await,
        None => std::future::pending().await,
    }
}

/// Telemetry must be read as long as anything runs.
fn unread(ended: Result<CommitError, JoinError>) -> CliError {
    let reason = match ended {
        Ok(stopped) => stopped.to_string(),
        Err(error) => error.to_string(),
    };
    CliError::failed(format!("telemetry is not read any more: {reason}"))
}

/// Everything that runs.
pub(super) struct Serving {
    deployment: Arc<Deployment>,
    address: SocketAddr,
    data: PathBuf,
    kinds: Vec<String>,
    facade: JoinHandle<()>,
    stop_facade: oneshot::Sender<()>,
    upkeep: JoinHandle<()>,
    intake: Option<JoinHandle<CommitError>>,
    configs: Option<JoinHandle<Infallible>>,
    hosts: Option<Hosts>,
    services: Option<Services>,
}

/// What is open to others.
struct Doors {
    bound: Bound,
    ingest: Option<Ingest>,
    configs: Option<Configs>,
    hosts: Option<Hosts>,
    services: Option<Services>,
}

impl Serving {
    /// Starts everything; nothing is left running when it fails.
    pub(super) async fn start(
        catalog: Catalog,
        loaded: Loaded,
        recorder: FlightRecorder,
        shared: Option<shared::Options>,
    ) -> Result<Self, CliError> {
        let profiles = loaded.profiles();
        let settings = loaded.settings;
        // Asked first: without a port there is no reason to open the store.
        port_is_free(settings.facade.listen)?;
        let kinds: Vec<String> = catalog.iter().map(|(kind, _)| kind.to_owned()).collect();
        let deployment = deploy(catalog, loaded.agents, &settings, recorder, shared).await?;
        let upkeep = Upkeep::new(
            deployment.clone(),
            Clock::Real,
            retention::Retention {
                telemetry: settings.retention.telemetry.duration(),
                health: settings.retention.health.duration(),
                telemetry_bytes: limit(settings.retention.telemetry_bytes),
                health_bytes: limit(settings.retention.health_bytes),
            },
            settings.export.enabled.then(|| settings.export.interval.duration()),
            &settings.store.path,
        );
        let opened = open(&deployment, &settings, profiles, &upkeep).await;
        let Doors { bound, ingest, configs, hosts, services } = match opened {
            Ok(doors) => doors,
            Err(error) => {
                drain(&deployment).await?;
                return Err(error);
            }
        };
        let address = bound.address();
        let (stop_facade, stopping) = oneshot::channel::<()>();
        let facade = spawn(bound.serve(async {
            // Its other end is only ever dropped.
            drop(stopping.await);
        }));
        let upkeep = spawn(upkeep.run());
        let intake = ingest.map(|ingest| spawn(ingest.run()));
        let configs = configs.map(|configs| spawn(configs.run()));
        let data = settings.store.path;
        Ok(Self {
            deployment,
            address,
            data,
            kinds,
            facade,
            stop_facade,
            upkeep,
            intake,
            configs,
            hosts,
            services,
        })
    }

    /// Says what is served, on standard output: a script may be waiting for it.
    pub(super) fn announce(&self, console: &Console) {
        if console.quiet {
            return;
        }
        let (address, data, agents) = (self.address, self.data.display(), self.kinds.join(", "));
        let text = format!("serving  http://{address}\ndata     {data}\nagents   {agents}");
        if let Err(error) = console.line(text) {
            tracing::warn!(%error, %address, "serving, but nobody reads standard output");
        }
    }

    /// What runs.
    pub(super) fn deployment(&self) -> &Arc<Deployment> {
        &self.deployment
    }

    /// Where it is served.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until a signal comes or the store fails; then stops in order.
    pub(super) async fn until_stopped(mut self, mut signals: Signals) -> Result<Exit, CliError> {
        let mut stopped = self.deployment.committer().watch_stopped();
        let failure = tokio::select! {
            biased;
            reason = stopped.wait_for(Option::is_some) => {
                let reason = reason.ok().and_then(|reason| reason.clone());
                Some(CliError::Stopped { reason: reason.unwrap_or_else(|| "it has ended".to_owned()) })
            }
            ended = &mut self.facade => Some(self.ended(ended)),
            ended = end_of(&mut self.intake) => Some(unread(ended)),
            signal = signals.next() => {
                tracing::info!(signal, "stopping; a second signal stops at once");
                None
            }
        };
        self.end(signals, failure).await
    }

    /// Stops in order.
    pub(super) async fn stop(self, signals: Signals) -> Result<Exit, CliError> {
        self.end(signals, None).await
    }

    /// The facade must not end while it is served.
    fn ended(&self, ended: Result<(), JoinError>) -> CliError {
        let reason = match ended {
            Ok(()) => "it ended by itself".to_owned(),
            Err(error) => error.to_string(),
        };
        CliError::Facade { listen: self.address.to_string(), reason, help: None }
    }

    async fn end(self, signals: Signals, failure: Option<CliError>) -> Result<Exit, CliError> {
        signals.exit_at_next();
        drop(self.services);
        self.upkeep.abort();
        self.intake.iter().for_each(JoinHandle::abort);
        self.configs.iter().for_each(JoinHandle::abort);
        if !self.facade.is_finished() {
            drop(self.stop_facade);
            if let Err(error) = self.facade.await {
                tracing::error!(%error, "the facade did not end in order");
            }
        }
        if let Some(stopped @ CliError::Stopped { .. }) = failure {
            return Err(stopped);
        }
        let drained = drain(&self.deployment).await;
        if let Some(hosts) = self.hosts {
            hosts.leave().await;
        }
        drained.and(failure.map_or(Ok(Exit::Ok), Err))
    }
}

/// A task that [`Serving`] holds and ends.
#[expect(
    clippy::disallowed_methods,
    reason = "whoever holds the handle ends it and hears of its end"
)]
fn spawn<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    tokio::spawn(task)
}

async fn drain(deployment: &Deployment) -> Result<(), CliError> {
    let drained = deployment.drain().await;
    drained.map_err(|error| CliError::Stopped { reason: error.to_string() })?;
    tracing::info!("everything is saved");
    Ok(())
}

/// Ports tried after the one asked for.
const PORTS_TRIED: u16 = 50;

/// `wanted`, or the next address whose port is free.
pub(super) fn next_free_port(wanted: SocketAddr) -> Result<SocketAddr, CliError> {
    let last = wanted.port().saturating_add(PORTS_TRIED);
    (wanted.port()..=last)
        .map(|port| SocketAddr::new(wanted.ip(), port))
        .find(|address| port_is_free(*address).is_ok())
        .map_or_else(|| port_is_free(wanted).map(|()| wanted), Ok)
}

fn port_is_free(listen: SocketAddr) -> Result<(), CliError> {
    match std::net::TcpListener::bind(listen) {
        Ok(_) => Ok(()),
        Err(error) => Err(facade_error(listen, &error)),
    }
}

fn facade_error(listen: SocketAddr, reason: &dyn std::fmt::Display) -> CliError {
    let help =
        "take another port with --facade 127.0.0.1:0, or see who has it with `aurorasync doctor`";
    let (listen, reason) = (listen.to_string(), reason.to_string());
    CliError::Facade { listen, reason, help: Some(help.to_owned()) }
}

async fn deploy(
    catalog: Catalog,
    mut configs: BTreeMap<String, serde_json::Value>,
    settings: &Settings,
    recorder: FlightRecorder,
    shared: Option<shared::Options>,
) -> Result<Arc<Deployment>, CliError> {
    let effects = effects::effects(&settings.effects, &configs);
    configs.retain(|kind, _| catalog.get(kind).is_some());
    let data = &settings.store.path;
    let store = SledStore::open(&store_folder(data))?;
    let models = Models::default();
    settings.bus.remember_configs(&catalog, &configs, &models, &store).await?;
    Seal::create(data, |seed| fill(seed)).map_err(CliError::failed)?;
    let deployment = Deployment::start(Options {
        catalog,
        configs,
        effects,
        models,
        store: Arc::new(store),
        folder: data.clone(),
        clock: Clock::Real,
        partitions: PARTITIONS_EMBEDDED,
        recorder,
        checkpoint_interval: Some(settings.store.checkpoint_interval.duration()),
        shared,
    });
    Ok(Arc::new(deployment.await?))
}

/// HTTP, what telemetry is read with from elsewhere, what follows configurations, what takes part in a shared log, and
/// who answers for agents.
async fn open(
    deployment: &Arc<Deployment>,
    settings: &Settings,
    profiles: BTreeMap<String, Profile>,
    upkeep: &Arc<Upkeep>,
) -> Result<Doors, CliError> {
    let ingest = settings.bus.ingest(deployment, rate_limit(&settings.limits)).await?;
    let options = FacadeOptions {
        clock: Clock::Real,
        random: Random::new(fill),
        features: profiles.values().map(features).collect(),
        models: Some(promoting::reader(profiles.clone())),
        profiles,
        allowed_hosts: BTreeSet::new(),
        rate_limit: rate_limit(&settings.limits),
        backup: Some(backup(upkeep.clone())),
        timeouts: Timeouts::default(),
        intake: ingest.as_ref().map(Ingest::watch),
    };
    let listen = settings.facade.listen;
    let bound = Facade::new(deployment.clone(), options).bind(listen).await;
    let bound = bound.map_err(|error| facade_error(listen, &error))?;
    let configs = settings.bus.configs(deployment).await?;
    let hosts = settings.bus.hosts(deployment).await?;
    let services = settings.bus.services(deployment, &unique()).await?;
    Ok(Doors { bound, ingest, configs, hosts, services })
}

/// What the lists of features of a profile hold, under their schema.
fn features(profile: &Profile) -> (u32, Vec<Feature>) {
    let features = Features::of(profile);
    let shown = features.features().iter();
    let shown = shown.map(|it| Feature { name: it.name.clone(), unit: it.unit.clone() });
    (features.schema(), shown.collect())
}

/// This is the edge, where chance enters.
pub(super) fn fill(bytes: &mut [u8]) {
    rand::rngs::OsRng.fill_bytes(bytes);
}

/// A setting of 0 sets no limit.
fn limit(bytes: u64) -> Option<u64> {
    (bytes > 0).then_some(bytes)
}

fn rate_limit(limits: &Limits) -> Option<RateLimit> {
    (limits.asset_messages_per_second > 0).then(|| RateLimit {
        messages_per_second: limits.asset_messages_per_second.into(),
        burst: limits.asset_messages_burst.into(),
    })
}

/// Lets the facade have exports made. Called where waiting is allowed.
fn backup(upkeep: Arc<Upkeep>) -> Backup {
    let threads = tokio::runtime::Handle::current();
    Backup::new(move |path: &Path| {
        if path.exists() {
            return Err(BackupError::Exists { path: path.to_owned() });
        }
        let failed = |reason: String| BackupError::Failed { path: path.to_owned(), reason };
        let summary =
            threads.block_on(upkeep.export(path)).map_err(|error| failed(error.to_string()))?;
        let file = std::fs::metadata(path).map_err(|error| failed(error.to_string()))?;
        Ok(Exported { bytes: file.len(), records: summary.records, states: summary.states })
    })
}
