//! `bench facade`: how many can look at the facade at once, and whether those who follow miss anything.
//!
//! The clients are a process of their own ([`clients`]), so that what they take is not the facade's. Each event
//! carries its number among those of its asset: a client that sees a gap has missed some, one that sees a number
//! again has been told twice.

mod clients;
mod wire;

use super::cores;
use super::pipeline::{FLEET, resident_mib};
use crate::cli::{Answer, Session};
use crate::commands::run::fill;
use crate::error::CliError;
use crate::exit::Exit;
use crate::replaying::append;
use clap::Args;
pub(super) use clients::{ClientsArgs, perform as perform_clients};
use dashboard_api::{Facade, FacadeOptions, Random, Timeouts};
use messages::health::AnomalyDetected;
use messages::profile::{Profile, embedded};
use messages::registry::AssetRegistered;
use messages::{Envelope, Finite, Message, MessageId, Provenance, Timestamp};
use runtime::Models;
use runtime::clock::Clock;
use runtime::committer::Entry;
use runtime::deployment::{Deployment, Options};
use runtime::effects::Effects;
use runtime::flight::FlightRecorder;
use runtime::router::PARTITIONS_EMBEDDED;
use runtime::store::sled::SledStore;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, MissedTickBehavior};

/// Registrations in one append.
const REGISTER_ENTRIES: usize = 500;
/// Appends of events per second; each holds as many as it takes.
const APPENDS_PER_SECOND: u64 = 50;
/// How long the clients may take to hear the last event.
const LAST_EVENT_TIMEOUT: Duration = Duration::from_secs(60);

/// Flags of `bench facade`.
#[derive(Args, Debug)]
pub struct FacadeArgs {
    /// Assets that are shown, each with a client that waits for its changes.
    #[arg(long, default_value_t = 1_000, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=2_000))]
    assets: u64,
    /// How long events are said, in seconds; a sixth of it goes before to each kind of reading.
    #[arg(long, default_value_t = 60, value_name = "N")]
    seconds: u64,
    /// Events per second.
    #[arg(long, default_value_t = 5_000, value_name = "N")]
    events: u64,
    /// Streams of everything.
    #[arg(long, default_value_t = 50, value_name = "N")]
    streams: usize,
    /// Streams of one asset each.
    #[arg(long, default_value_t = 450, value_name = "N")]
    filtered: usize,
    #[command(flatten)]
    answer: Answer,
}

pub(super) fn perform(args: &FacadeArgs, session: &Session) -> Result<Exit, CliError> {
    let threads = tokio::runtime::Runtime::new()
        .map_err(|source| CliError::System { what: "threads cannot be started", source })?;
    let measured = threads.block_on(measure(args))?;
    let sound = ["misses", "repeats"].iter().all(|name| measured["followers"][*name] == 0);
    session.console.object(args.answer.output, &measured)?;
    Ok(if sound { Exit::Ok } else { Exit::No })
}

#[expect(clippy::disallowed_methods, reason = "the facade ends with the measurement")]
async fn measure(args: &FacadeArgs) -> Result<Value, CliError> {
    let folder = tempfile::tempdir().map_err(CliError::failed)?;
    let deployment = deploy(folder.path()).await?;
    register(&deployment, args.assets).await?;
    let facade = Facade::new(deployment.clone(), options());
    let listen: SocketAddr = (Ipv4Addr::LOCALHOST, 0).into();
    let bound = facade.bind(listen).await.map_err(CliError::failed)?;
    let address = bound.address();
    let (stop, stopping) = oneshot::channel::<()>();
    let serving = tokio::spawn(bound.serve(async {
        stopping.await.ok();
    }));
    let (clients, read) = Clients::start(address, args)?.line().await?;
    let written = write(&deployment, args).await?;
    let followers = clients.finish(&written).await?;
    let rss_mib = resident_mib()?;
    drop(stop);
    serving.await.map_err(CliError::failed)?;
    deployment.drain().await.map_err(CliError::failed)?;
    Ok(json!({
        "assets": args.assets,
        "cores": cores(),
        "not_modified": read["not_modified"],
        "bodies": read["bodies"],
        "events": written,
        "followers": followers,
        "rss_mib": rss_mib,
    }))
}

async fn deploy(folder: &std::path::Path) -> Result<Arc<Deployment>, CliError> {
    let store = SledStore::open(&folder.join("store"))?;
    let deployment = Deployment::start(Options {
        catalog: runtime::Catalog::default(),
        configs: BTreeMap::new(),
        effects: Effects::default(),
        models: Models::default(),
        store: Arc::new(store),
        folder: folder.to_owned(),
        clock: Clock::Real,
        partitions: PARTITIONS_EMBEDDED,
        recorder: FlightRecorder::default(),
        checkpoint_interval: None,
        shared: None,
    });
    Ok(Arc::new(deployment.await?))
}

fn options() -> FacadeOptions {
    let vehicle = embedded("vehicle").and_then(|text| Profile::parse(text).ok());
    FacadeOptions {
        clock: Clock::Real,
        random: Random::new(fill),
        profiles: vehicle.map(|profile| ("vehicle".to_owned(), profile)).into_iter().collect(),
        features: BTreeMap::new(),
        allowed_hosts: BTreeSet::new(),
        rate_limit: None,
        timeouts: Timeouts::default(),
        backup: None,
        models: None,
        intake: None,
    }
}

/// The name of an asset; the clients know it too.
fn asset(number: u64) -> String {
    format!("VEH{number:06}")
}

fn entry<M: Message>(space: &str, number: u64, message: &M) -> Result<Entry, CliError> {
    let id = MessageId::named(space, &number.to_string());
    let envelope = Envelope::new(id, "bench", message).map_err(CliError::failed)?;
    Ok(envelope.with_provenance(Provenance::Simulated).into())
}

async fn register(deployment: &Deployment, assets: u64) -> Result<(), CliError> {
    let all: Vec<u64> = (0..assets).collect();
    for some in all.chunks(REGISTER_ENTRIES) {
        let entries = some.iter().map(|number| {
            let registered = AssetRegistered {
                asset: asset(*number),
                fleet: FLEET.to_owned(),
                profile: "vehicle".to_owned(),
                model: Some("M1".to_owned()),
                in_service_since: None,
                supplier: None,
                batch: None,
                owner: None,
                group: None,
                home: None,
            };
            entry("bench.asset", *number, &registered)
        });
        append(deployment, entries.collect::<Result<_, _>>()?).await?;
    }
    Ok(())
}

/// Says events at the rate that was asked for, asset after asset; gives how many, and in how long.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
async fn write(deployment: &Deployment, args: &FacadeArgs) -> Result<Value, CliError> {
    let rounds = (args.events * args.seconds).div_ceil(args.assets).max(1);
    let total = rounds * args.assets;
    let batch = args.events.div_ceil(APPENDS_PER_SECOND).max(1);
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / APPENDS_PER_SECOND as u32);
    // Who falls behind catches up: the rate is the one that was asked for, or it is seen not to be.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let begun = Instant::now();
    let mut said = 0;
    while said < total {
        ticks.tick().await;
        let until = (said + batch).min(total);
        let entries = (said..until).map(|number| event(number, args.assets));
        append(deployment, entries.collect::<Result<_, _>>()?).await?;
        said = until;
    }
    let seconds = begun.elapsed().as_secs_f64();
    Ok(json!({ "said": total, "rounds": rounds, "per_second": total as f64 / seconds }))
}

/// Event `number` of all; its score is its number among those of its asset, from 1.
fn event(number: u64, assets: u64) -> Result<Entry, CliError> {
    let count = Finite::new((number / assets + 1) as f64).map_err(CliError::failed)?;
    let detected = AnomalyDetected {
        fleet: FLEET.to_owned(),
        asset: asset(number % assets),
        window_end: Timestamp::EPOCH,
        operating_state: Some("driving".to_owned()),
        score: count,
        threshold: Finite::new(3.5).map_err(CliError::failed)?,
        unusual: Vec::new(),
    };
    entry("bench.event", number, &detected)
}

/// The process of the clients.
struct Clients {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Clients {
    fn start(address: SocketAddr, args: &FacadeArgs) -> Result<Self, CliError> {
        let program = std::env::current_exe().map_err(CliError::failed)?;
        let reading = (args.seconds / 6).max(1);
        let mut child = Command::new(program)
            .args(["bench", "facade-clients", "--address", &address.to_string()])
            .args(["--assets", &args.assets.to_string(), "--seconds", &reading.to_string()])
            .args(["--streams", &args.streams.to_string()])
            .args(["--filtered", &args.filtered.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(CliError::failed)?;
        let lines = child.stdout.take().expect("it is piped");
        Ok(Self { child, lines: BufReader::new(lines) })
    }

    /// Waits for what they say next, a line of JSON, without holding up the facade.
    async fn line(mut self) -> Result<(Self, Value), CliError> {
        let reading = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            self.lines.read_line(&mut line).map(|_| (self, line))
        });
        let (clients, line) = reading.await.map_err(CliError::failed)?.map_err(CliError::failed)?;
        let said = serde_json::from_str(&line).map_err(|error| {
            let line = line.trim();
            CliError::failed(format!("the clients ended early, or said `{line}`: {error}"))
        })?;
        Ok((clients, said))
    }

    /// Tells them what was said last, and hears what they have seen.
    async fn finish(mut self, written: &Value) -> Result<Value, CliError> {
        let mut input = self.child.stdin.take().expect("it is piped");
        writeln!(input, "{}", written["rounds"]).map_err(CliError::failed)?;
        drop(input);
        let (mut clients, seen) = self.line().await?;
        clients.child.wait().map_err(CliError::failed)?;
        Ok(seen)
    }
}

impl Drop for Clients {
    fn drop(&mut self) {
        // One that has ended already cannot be ended.
        self.child.kill().ok();
    }
}
