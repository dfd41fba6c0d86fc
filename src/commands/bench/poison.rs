//! What poison costs its neighbours: the same host, with and without messages that it must set aside.

use super::pipeline::{FLEET, forest};
use crate::cli::{Answer, Session};
use crate::error::CliError;
use crate::exit::Exit;
use crate::replaying::append;
use agents::DataAnalysis;
use agents::data_analysis::Config;
use clap::Args;
use messages::telemetry::{Sample, Signal, Telemetry};
use messages::{Class, Envelope, Finite, Message, MessageId, Provenance, Record, Timestamp};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use runtime::bus::Bus;
use runtime::clock::Clock;
use runtime::deployment::{Deployment, Options};
use runtime::effects::Effects;
use runtime::flight::FlightRecorder;
use runtime::router::PARTITIONS_EMBEDDED;
use runtime::store::sled::SledStore;
use runtime::store::{Partition, ReadLimit, Store};
use runtime::{Agent, AgentError, AgentResult, Catalog, ConfigError, Ctx, Handle, Models, Wiring};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Devices that send at once, each waiting until its message was handled before it sends again.
const SENDERS: usize = 64;
/// How long a slice with or without poison takes; they alternate, so that a drift meets both.
const SLICE_SECONDS: u64 = 2;
/// Messages whose handling is rejected, and messages on which it fails, by asset.
const REJECTED: &str = "REJECTED";
const FAULTED: &str = "FAULTED";

/// Flags of `bench poison`.
#[derive(Args, Debug)]
pub struct PoisonArgs {
    /// Healthy assets that send.
    #[arg(long, default_value_t = 1_000, value_name = "N")]
    assets: usize,
    /// How long to measure, in seconds; half of it without poison.
    #[arg(long, default_value_t = 60, value_name = "N")]
    seconds: u64,
    /// Share of poison among the messages, in per cent.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    percent: u32,
    /// Seed of the poison.
    #[arg(long, default_value_t = 7, value_name = "N")]
    seed: u64,
    #[command(flatten)]
    answer: Answer,
}

/// The agent under test: it says when it has handled a message. To be built anew after a fault costs
/// what data-analysis costs, because that is what is built.
struct Meter {
    _analysis: DataAnalysis,
}

/// A healthy message was handled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Metered {
    asset: String,
    number: u64,
}

impl Record for Metered {
    const SCHEMA: u16 = 64_001;
}

impl Message for Metered {
    const NAME: &'static str = "bench.metered";
    const CLASS: Class = Class::Event;

    fn key(&self) -> &str {
        &self.asset
    }
}

/// Messages of one asset.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Count {
    messages: u64,
}

impl Record for Count {
    const SCHEMA: u16 = 64_002;
}

impl Agent for Meter {
    const KIND: &'static str = "meter";
    type Config = Config;
    type State = Count;

    fn new(config: Config, models: &Models) -> Result<Self, ConfigError> {
        Ok(Self { _analysis: DataAnalysis::new(config, models)? })
    }

    fn wiring(wiring: &mut Wiring<Self>) {
        wiring.on::<Telemetry>().key(|telemetry| &telemetry.asset).publishes::<Metered>();
    }
}

impl Handle<Telemetry> for Meter {
    fn handle(&self, count: &mut Count, sent: &Telemetry, ctx: &mut Ctx<'_, Self>) -> AgentResult {
        count.messages += 1;
        if sent.asset.starts_with(REJECTED) {
            return Err(AgentError::Reject("poison of the benchmark".to_owned()));
        }
        if sent.asset.starts_with(FAULTED) {
            return Err(AgentError::Fault("poison of the benchmark".to_owned()));
        }
        ctx.publish(&Metered { asset: sent.asset.clone(), number: sent.boot.unwrap_or_default() });
        Ok(())
    }
}

/// Who waits for which message to be handled.
type Waiting = Arc<Mutex<HashMap<u64, oneshot::Sender<Instant>>>>;

/// How long healthy messages took, in milliseconds.
#[derive(Debug, Default)]
struct Times(Vec<f64>);

impl Times {
    fn at(&self, share: f64) -> f64 {
        let index = (self.0.len().saturating_sub(1) as f64 * share).round() as usize;
        self.0.get(index).copied().unwrap_or(f64::NAN)
    }

    fn summary(&self, dead_letters: u64) -> serde_json::Value {
        let (p50, p99) = (self.at(0.5), self.at(0.99));
        let messages = self.0.len();
        json!({ "messages": messages, "p50_ms": p50, "p99_ms": p99, "dead_letters": dead_letters })
    }
}

pub(crate) fn perform(args: &PoisonArgs, session: &Session) -> Result<Exit, CliError> {
    let threads = tokio::runtime::Runtime::new()
        .map_err(|source| CliError::System { what: "threads cannot be started", source })?;
    let measured = threads.block_on(measure(args))?;
    session.console.object(args.answer.output, &measured)?;
    Ok(Exit::Ok)
}

#[expect(clippy::disallowed_methods, reason = "the watcher ends with the measurement")]
async fn measure(args: &PoisonArgs) -> Result<serde_json::Value, CliError> {
    let folder = tempfile::tempdir().map_err(CliError::failed)?;
    let store = Arc::new(SledStore::open(&folder.path().join("store"))?);
    let deployment = Deployment::start(Options {
        catalog: Catalog::default().with::<Meter>(),
        configs: BTreeMap::new(),
        effects: Effects::default(),
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
    let waiting = Waiting::default();
    let watcher = tokio::spawn(watch(deployment.clone(), waiting.clone()));
    let mut phases = [(None, Times::default(), 0), (Some(args.percent), Times::default(), 0)];
    // The first slice warms everything up and does not count.
    let slices = args.seconds.div_ceil(2 * SLICE_SECONDS).max(1);
    slice(&deployment, &waiting, args, None, u64::MAX).await?;
    for round in 0..slices {
        for (percent, times, dead_letters) in &mut phases {
            let before = store.head(Partition::DEAD);
            times.0.extend(slice(&deployment, &waiting, args, *percent, round).await?);
            *dead_letters += store.head(Partition::DEAD) - before;
        }
    }
    watcher.abort();
    deployment.drain().await.map_err(CliError::failed)?;
    let [(_, mut without, none), (_, mut with, dead_letters)] = phases;
    without.0.sort_by(f64::total_cmp);
    with.0.sort_by(f64::total_cmp);
    Ok(json!({
        "percent": args.percent,
        "without": without.summary(none),
        "with": with.summary(dead_letters),
        "p50_ratio": with.at(0.5) / without.at(0.5),
        "p99_ratio": with.at(0.99) / without.at(0.99),
    }))
}

/// Tells whoever waits that its message was handled, once what was said about it can be read.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
async fn watch(deployment: Arc<Deployment>, waiting: Waiting) -> Result<(), CliError> {
    let mut after = 0;
    loop {
        let read = deployment.bus().read(Partition::LOG, after, ReadLimit::default()).await;
        let batch = read.map_err(CliError::failed)?;
        let now = Instant::now();
        after = batch.last().map_or(after, |delivery| delivery.sequence);
        let metered = batch.iter().filter(|delivery| delivery.envelope.name == Metered::NAME);
        for delivery in metered {
            let metered: Metered = delivery.envelope.open().map_err(CliError::failed)?;
            let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(waiting) = waiting.remove(&metered.number) {
                // The sender may have ended with its slice.
                waiting.send(now).ok();
            }
        }
    }
}

/// Sends from every sender; gives the times of the healthy messages.
#[expect(clippy::disallowed_methods, reason = "senders end with their slice")]
async fn slice(
    deployment: &Arc<Deployment>,
    waiting: &Waiting,
    args: &PoisonArgs,
    percent: Option<u32>,
    round: u64,
) -> Result<Vec<f64>, CliError> {
    let tasks = (0..SENDERS).map(|sender| {
        let stream = (args.seed, round, percent, sender);
        let seed = u64::from_le_bytes(
            MessageId::named("bench.poison", &format!("{stream:?}")).0.as_bytes()[..8]
                .try_into()
                .expect("eight bytes"),
        );
        let rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let plan = Plan { percent: percent.unwrap_or(0), assets: args.assets, rng };
        tokio::spawn(send(deployment.clone(), waiting.clone(), plan))
    });
    let tasks: Vec<_> = tasks.collect();
    let mut millis = Vec::new();
    for task in tasks {
        millis.extend(task.await.map_err(CliError::failed)??);
    }
    Ok(millis)
}

/// What one sender does.
struct Plan {
    percent: u32,
    assets: usize,
    rng: Xoshiro256PlusPlus,
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
async fn send(
    deployment: Arc<Deployment>,
    waiting: Waiting,
    mut plan: Plan,
) -> Result<Vec<f64>, CliError> {
    let begun = Instant::now();
    let mut millis = Vec::new();
    while begun.elapsed() < Duration::from_secs(SLICE_SECONDS) {
        let number: u64 = plan.rng.r#gen();
        let asset = plan.rng.gen_range(0..plan.assets);
        if plan.rng.gen_range(0..100) < plan.percent {
            let kind = if plan.rng.r#gen() { REJECTED } else { FAULTED };
            append(&deployment, vec![entry(&format!("{kind}{asset:06}"), number)?]).await?;
            continue;
        }
        let (tell, told) = oneshot::channel();
        waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(number, tell);
        let sent_at = Instant::now();
        append(&deployment, vec![entry(&format!("VEH{asset:06}"), number)?]).await?;
        let handled_at = told.await.map_err(CliError::failed)?;
        millis.push((handled_at - sent_at).as_secs_f64() * 1000.0);
    }
    Ok(millis)
}

/// A frame of one sample; its boot is the number by which it is known again.
fn entry(asset: &str, number: u64) -> Result<runtime::committer::Entry, CliError> {
    let telemetry = Telemetry {
        fleet: FLEET.to_owned(),
        asset: asset.to_owned(),
        boot: Some(number),
        signals: vec![Signal { name: "speed".to_owned(), unit: None }],
        samples: vec![Sample {
            sampled_at: Timestamp::EPOCH,
            seq: Some(0),
            values: vec![Finite::new(50.0).ok()],
            codes: Vec::new(),
        }],
    };
    let id = MessageId::named("bench.poison", &number.to_string());
    let envelope = Envelope::new(id, "bench", &telemetry).map_err(CliError::failed)?;
    Ok(envelope.with_provenance(Provenance::Simulated).into())
}
