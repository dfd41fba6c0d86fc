//! Readings from the door to the agents: through bus, committer, store, data-analysis and diagnosis.

use super::{cores, score};
use crate::cli::{Answer, Session};
use crate::error::CliError;
use crate::exit::Exit;
use crate::replaying::append;
use clap::Args;
use messages::profile::{Profile, embedded};
use messages::registry::AssetRegistered;
use messages::telemetry::{Sample, Signal, Telemetry};
use messages::{Envelope, Finite, MessageId, Provenance, Timestamp};
use models::features::Features;
use models::forest::{Forest, Rows, Settings};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use runtime::clock::Clock;
use runtime::committer::Entry;
use runtime::deployment::{Deployment, Options};
use runtime::flight::FlightRecorder;
use runtime::router::PARTITIONS_EMBEDDED;
use runtime::store::sled::SledStore;
use runtime::store::{Store, Usage};
use runtime::{Agent, Models};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Registrations in one append.
const REGISTER_ENTRIES: usize = 500;
/// Devices that send at once, each waiting for its answer before it sends again.
const SENDERS: usize = 768;
/// The same in the phase with frames.
const FRAME_SENDERS: usize = 64;
/// Pause between two looks at how far the agents are behind.
const LOOK_INTERVAL: Duration = Duration::from_millis(5);
/// Frames in one append of the phase with frames.
const FRAMES_PER_APPEND: usize = 4;
/// Records that data-analysis may be behind before the senders wait: overload is refused at the door.
const LAG_RECORDS_MAX: u64 = 20_000;
/// Rows that the cohort's forest is grown from.
const FOREST_ROWS: usize = 4_096;
/// Samples in a frame of the second phase.
const FRAME_SAMPLES: usize = 100;
/// The fleet.
pub(super) const FLEET: &str = "bench";
/// Channels of each reading, with the middle and the width of their values.
const CHANNELS: [(&str, f64, f64); 10] = [
    ("engine_speed", 1900.0, 600.0),
    ("coolant_temperature", 90.0, 2.0),
    ("oil_pressure", 350.0, 30.0),
    ("battery_voltage", 14.1, 0.1),
    ("brake_pad_wear", 40.0, 0.5),
    ("tyre_pressure", 220.0, 3.0),
    ("vibration_rms", 2.0, 0.4),
    ("speed", 70.0, 30.0),
    ("fuel_rate", 7.0, 2.0),
    ("ambient_temperature", 20.0, 1.0),
];

/// Flags of `bench pipeline`.
#[derive(Args, Debug)]
pub struct PipelineArgs {
    /// Assets that send.
    #[arg(long, default_value_t = 100_000, value_name = "N")]
    assets: usize,
    /// How long to measure, in seconds; half of it singly, half in frames.
    #[arg(long, default_value_t = 30, value_name = "N")]
    seconds: u64,
    /// Seed of the readings and the forest.
    #[arg(long, default_value_t = 7, value_name = "N")]
    seed: u64,
    #[command(flatten)]
    answer: Answer,
}

/// One phase.
#[derive(Debug, Serialize)]
struct Phase {
    /// Samples handled by data-analysis per second of the phase.
    readings_per_second: f64,
    /// From the append to its durable acknowledgement.
    p50_ms: f64,
    p95_ms: f64,
    p99_ms: f64,
    /// Bytes given to the database per reading acknowledged.
    bytes_per_reading: f64,
    fsyncs: u64,
    commits: u64,
    readings_acknowledged: u64,
    readings_handled: u64,
}

/// The answer.
#[derive(Debug, Serialize)]
struct Measured {
    assets: usize,
    cores: usize,
    single: Phase,
    frames_of_100: Phase,
    /// Resident memory at the end.
    rss_mib: f64,
    /// Rows per second of `bench score`, in the same process.
    limit_per_second: f64,
    /// Readings in frames to that limit.
    ratio: f64,
}

pub(crate) fn perform(args: &PipelineArgs, session: &Session) -> Result<Exit, CliError> {
    let half = Duration::from_secs(args.seconds.max(2)) / 2;
    let threads = tokio::runtime::Runtime::new()
        .map_err(|source| CliError::System { what: "threads cannot be started", source })?;
    let (single, frames) = threads.block_on(measure(args, half))?;
    let rss_mib = resident_mib()?;
    drop(threads);
    let limit = score(args.seed, Duration::from_secs(3))?;
    let measured = Measured {
        assets: args.assets,
        cores: cores(),
        ratio: frames.readings_per_second / limit,
        single,
        frames_of_100: frames,
        rss_mib,
        limit_per_second: limit.round(),
    };
    let value = serde_json::to_value(&measured).map_err(CliError::failed)?;
    session.console.object(args.answer.output, &value)?;
    Ok(Exit::Ok)
}

async fn measure(args: &PipelineArgs, half: Duration) -> Result<(Phase, Phase), CliError> {
    let folder = tempfile::tempdir().map_err(CliError::failed)?;
    let store = Arc::new(SledStore::open(&folder.path().join("store"))?);
    let deployment = Deployment::start(Options {
        catalog: agents::catalog(),
        configs: BTreeMap::new(),
        effects: crate::effects::inside(),
        models: forest(args.seed)?,
        store: store.clone(),
        folder: folder.path().to_owned(),
        clock: Clock::Real,
        partitions: PARTITIONS_EMBEDDED,
        recorder: FlightRecorder::default(),
        checkpoint_interval: None,
        shared: None,
    });
    let deployment = Arc::new(deployment.await?);
    register(&deployment, args.assets).await?;
    let single = phase(&deployment, &store, args, half, 1).await?;
    let frames = phase(&deployment, &store, args, half, FRAME_SAMPLES).await?;
    deployment.drain().await.map_err(CliError::failed)?;
    Ok((single, frames))
}

/// A forest of the size that the limit is measured with, for the features of the profile.
pub(super) fn forest(seed: u64) -> Result<Models, CliError> {
    let text =
        embedded("vehicle").ok_or_else(|| CliError::failed("there is no profile `vehicle`"))?;
    let profile = Profile::parse(text).map_err(CliError::failed)?;
    let features = Features::of(&profile);
    let count = features.features().len();
    let mut rows = Rows::new(count).map_err(CliError::failed)?;
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    for _ in 0..FOREST_ROWS {
        let row: Vec<Option<f32>> = (0..count).map(|_| Some(rng.r#gen::<f32>())).collect();
        rows.push(&row).map_err(CliError::failed)?;
    }
    let settings = Settings { seed, ..Settings::default() };
    let schema = agents::data_analysis::schema(&features);
    let forest = Forest::train(schema, &rows, settings).map_err(CliError::failed)?;
    let bytes = forest.encode().map_err(CliError::failed)?;
    Ok(Models::default().with("anomaly/vehicle", bytes))
}

async fn register(deployment: &Deployment, assets: usize) -> Result<(), CliError> {
    let numbers: Vec<usize> = (0..assets).collect();
    for chunk in numbers.chunks(REGISTER_ENTRIES) {
        let entries = chunk.iter().map(|number| {
            let registered = AssetRegistered {
                asset: asset(*number),
                fleet: FLEET.to_owned(),
                profile: "vehicle".to_owned(),
                model: None,
                in_service_since: None,
                supplier: None,
                batch: None,
                owner: None,
                group: None,
                home: None,
            };
            let id = MessageId::named("bench.registration", &registered.asset);
            Envelope::new(id, "bench", &registered).map(Entry::from).map_err(CliError::failed)
        });
        let entries = entries.collect::<Result<Vec<_>, _>>()?;
        append(deployment, entries).await?;
    }
    while lag(deployment) > 0 {
        tokio::task::yield_now().await;
    }
    Ok(())
}

fn asset(number: usize) -> String {
    format!("VEH{number:06}")
}

/// Records of TELEMETRY that data-analysis has not handled.
fn lag(deployment: &Deployment) -> u64 {
    let hosts = deployment.board().list();
    let ours = hosts.iter().filter(|(id, _)| id.kind == agents::DataAnalysis::KIND);
    let store = deployment.store();
    let behind = ours.map(|(id, status)| {
        let stream = messages::Stream::Telemetry;
        let partition = runtime::store::Partition { stream, index: id.partition };
        store.head(partition).saturating_sub(status.observation.position)
    });
    behind.sum()
}

/// Samples that data-analysis has accepted so far.
fn handled(deployment: &Deployment) -> u64 {
    let hosts = deployment.board().list();
    let accepted = |counts: &BTreeMap<&str, u64>| counts.get("readings_accepted").copied();
    hosts.iter().filter_map(|(_, status)| accepted(&status.observation.counts)).sum()
}

/// Sends for `time` from every sender, each waiting for its answer before it sends again.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures time; its senders end with it")]
async fn phase(
    deployment: &Arc<Deployment>,
    store: &Arc<SledStore>,
    args: &PipelineArgs,
    time: Duration,
    samples: usize,
) -> Result<Phase, CliError> {
    let before: Usage = store.usage();
    let handled_before = handled(deployment);
    let begun = Instant::now();
    let behind = Arc::new(AtomicBool::new(false));
    let looking = tokio::spawn(look(deployment.clone(), behind.clone()));
    let senders = if samples == 1 { SENDERS } else { FRAME_SENDERS };
    let tasks = (0..senders).map(|sender| {
        let (deployment, behind) = (deployment.clone(), behind.clone());
        let (assets, seed) = (args.assets, args.seed);
        let plan = Plan { sender, senders, assets, seed, samples, begun, time };
        tokio::spawn(send(deployment, behind, plan))
    });
    let senders: Vec<_> = tasks.collect();
    let mut millis = Vec::new();
    let mut acknowledged = 0_u64;
    for sender in senders {
        let (times, readings) = sender.await.map_err(CliError::failed)??;
        millis.extend(times);
        acknowledged += readings;
    }
    looking.abort();
    let handled_by_now = handled(deployment) - handled_before;
    let seconds = begun.elapsed().as_secs_f64();
    let usage = store.usage();
    while lag(deployment) > 0 {
        tokio::task::yield_now().await;
    }
    millis.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let index = (millis.len().saturating_sub(1) as f64 * share).round() as usize;
        millis.get(index).copied().unwrap_or(f64::NAN)
    };
    Ok(Phase {
        readings_per_second: handled_by_now as f64 / seconds,
        p50_ms: at(0.50),
        p95_ms: at(0.95),
        p99_ms: at(0.99),
        bytes_per_reading: (usage.bytes_written - before.bytes_written) as f64
            / acknowledged as f64,
        fsyncs: usage.fsyncs - before.fsyncs,
        commits: usage.commits - before.commits,
        readings_acknowledged: acknowledged,
        readings_handled: handled_by_now,
    })
}

/// What one sender does.
#[derive(Clone, Copy)]
struct Plan {
    sender: usize,
    senders: usize,
    assets: usize,
    seed: u64,
    samples: usize,
    begun: Instant,
    time: Duration,
}

/// Watches how far the agents are behind, and lets the senders wait when it is too far.
#[expect(clippy::disallowed_methods, reason = "ends with the phase that it belongs to")]
async fn look(deployment: Arc<Deployment>, behind: Arc<AtomicBool>) {
    loop {
        behind.store(lag(&deployment) > LAG_RECORDS_MAX, Ordering::Relaxed);
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}

/// Sends for every so-many-th asset in turn; gives the time of each append and the readings sent.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
async fn send(
    deployment: Arc<Deployment>,
    behind: Arc<AtomicBool>,
    plan: Plan,
) -> Result<(Vec<f64>, u64), CliError> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(plan.seed ^ plan.sender as u64);
    let mut millis = Vec::new();
    let mut readings = 0;
    let mut round = 0_u64;
    let mut number = plan.sender;
    let start = deployment_start(plan.samples);
    while plan.begun.elapsed() < plan.time {
        while behind.load(Ordering::Relaxed) && plan.begun.elapsed() < plan.time {
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
        let mut entries = Vec::new();
        while entries.len() < if plan.samples == 1 { 1 } else { FRAMES_PER_APPEND } {
            let telemetry = frame(&mut rng, number, round, plan.samples, start);
            let id = MessageId::named(
                "bench",
                &format!("{}/{}/{number}/{round}", plan.samples, plan.sender),
            );
            let envelope = Envelope::new(id, "bench", &telemetry).map_err(CliError::failed)?;
            entries.push(envelope.with_provenance(Provenance::Simulated).into());
            number += plan.senders;
            if number >= plan.assets {
                number = plan.sender;
                round += 1;
            }
        }
        let sent = entries.len() as u64 * plan.samples as u64;
        let begun = Instant::now();
        append(&deployment, entries).await?;
        millis.push(begun.elapsed().as_secs_f64() * 1000.0);
        readings += sent;
    }
    Ok((millis, readings))
}

/// Device time begins a year before frames and two before single readings, so that phases do not overlap.
fn deployment_start(samples: usize) -> Timestamp {
    let text = if samples == 1 { "2024-01-01T00:00:00Z" } else { "2025-01-01T00:00:00Z" };
    text.parse().expect("a valid moment")
}

fn frame(
    rng: &mut Xoshiro256PlusPlus,
    number: usize,
    round: u64,
    samples: usize,
    start: Timestamp,
) -> Telemetry {
    let first = round * samples as u64;
    let sample = |seq: u64, rng: &mut Xoshiro256PlusPlus| Sample {
        sampled_at: start.saturating_add(Duration::from_secs(seq)),
        seq: Some(seq),
        values: CHANNELS
            .iter()
            .map(|(_, middle, width)| Finite::new(middle + width * (rng.r#gen::<f64>() - 0.5)).ok())
            .collect(),
        codes: Vec::new(),
    };
    let signal = |name: &str| Signal { name: name.to_owned(), unit: None };
    Telemetry {
        fleet: FLEET.to_owned(),
        asset: asset(number),
        boot: Some(samples as u64),
        signals: CHANNELS.iter().map(|(name, ..)| signal(name)).collect(),
        samples: (first..first + samples as u64).map(|seq| sample(seq, rng)).collect(),
    }
}

/// Resident memory of this process.
pub(super) fn resident_mib() -> Result<f64, CliError> {
    let status = std::fs::read_to_string("/proc/self/status").map_err(CliError::failed)?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.map(|kib| kib / 1024.0).ok_or_else(|| CliError::failed("/proc/self/status has no VmRSS"))
}
