//! Figures as OpenMetrics text: what the edge counts itself, and what board, store and committer say when asked.
//!
//! All names begin with `aurorasync_` and carry base units. Labels have few values: kinds, routes, reasons,
//! never assets.

mod intake;

use crate::facade::Facade;
use crate::options::FacadeOptions;
use crate::problem::{Kind, Problem};
use crate::process::Process;
use crate::reply::{self, Response};
use crate::request::Request;
use messages::telemetry::RefusedKind;
use messages::{Stream, Timestamp};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeGaugeValue, EncodeLabelSet, EncodeMetric,
};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use runtime::board::{Board, HostState, HostStatus};
use runtime::committer::Committer;
use runtime::deployment::Deployment;
use runtime::engine::Observation;
use runtime::intake::Standing;
use runtime::store::Store;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use warp::http::StatusCode;

/// What is produced, without its parameters.
pub(crate) const MEDIA_TYPE: &str = "application/openmetrics-text";
const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Upper bounds of the latency histogram, in seconds.
const LATENCY_BOUNDS_SECONDS: [f64; 12] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// What the edge counts itself.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    latency: Family<RouteLabels, Histogram, fn() -> Histogram>,
    ingest_requests: Family<OutcomeLabels, Counter>,
    samples_accepted: Counter,
    samples_refused: Family<ReasonLabels, Counter>,
    streams: Arc<AtomicU64>,
    resyncs: Counter,
}

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Outcome {
    Accepted,
    Refused,
    RateLimited,
    Overloaded,
    Stopped,
    Failed,
}

impl Outcome {
    const fn name(self) -> &'static str {
        match self {
            Outcome::Accepted => "accepted",
            Outcome::Refused => "refused",
            Outcome::RateLimited => "rate_limited",
            Outcome::Overloaded => "overloaded",
            Outcome::Stopped => "stopped",
            Outcome::Failed => "failed",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    method: &'static str,
    route: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    reason: String,
}

impl Metrics {
    /// All figures of `deployment`, whose process starts now.
    pub(crate) fn new(deployment: &Deployment, options: &FacadeOptions) -> Self {
        let mut registry = Registry::with_prefix("aurorasync");
        let latency: Family<RouteLabels, Histogram, fn() -> Histogram> =
            Family::new_with_constructor(|| Histogram::new(LATENCY_BOUNDS_SECONDS));
        let metrics = Self {
            requests: Family::default(),
            latency,
            ingest_requests: Family::default(),
            samples_accepted: Counter::default(),
            samples_refused: Family::default(),
            streams: Arc::default(),
            resyncs: Counter::default(),
            registry: Registry::default(),
        };
        registry.register("http_requests", "Requests answered", metrics.requests.clone());
        registry.register_with_unit(
            "http_request_duration",
            "Time from a request's head to its answer",
            Unit::Seconds,
            metrics.latency.clone(),
        );
        registry.register(
            "ingest_requests",
            "Frames by what became of them",
            metrics.ingest_requests.clone(),
        );
        registry.register(
            "ingest_samples_accepted",
            "Samples made durable",
            metrics.samples_accepted.clone(),
        );
        registry.register(
            "ingest_samples_refused",
            "Samples refused, by reason",
            metrics.samples_refused.clone(),
        );
        registry.register(
            "stream_resyncs",
            "Times that a stream's client had missed some and was told to begin anew",
            metrics.resyncs.clone(),
        );
        let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "This build", build);
        registry.register_collector(Box::new(Observed {
            started_at: options.clock.now(),
            board: deployment.board().clone(),
            store: deployment.store().clone(),
            committer: deployment.committer().clone(),
            streams: metrics.streams.clone(),
            intake: options.intake.clone(),
        }));
        Self { registry, ..metrics }
    }

    pub(crate) fn answered(
        &self,
        method: &'static str,
        route: &'static str,
        status: StatusCode,
        took: Duration,
    ) {
        let labels = RequestLabels { method, route, status: status.as_u16() };
        self.requests.get_or_create(&labels).inc();
        self.latency.get_or_create(&RouteLabels { method, route }).observe(took.as_secs_f64());
    }

    pub(crate) fn ingest_request(&self, outcome: Outcome) {
        self.ingest_requests.get_or_create(&OutcomeLabels { outcome: outcome.name() }).inc();
    }

    pub(crate) fn samples_accepted(&self, count: usize) {
        self.samples_accepted.inc_by(count as u64);
    }

    pub(crate) fn sample_refused(&self, kind: RefusedKind) {
        let reason = serde_json::to_value(kind).ok();
        let reason =
            reason.as_ref().and_then(|reason| reason.as_str()).unwrap_or("unnamed").to_owned();
        self.samples_refused.get_or_create(&ReasonLabels { reason }).inc();
    }
}

impl Metrics {
    /// One more stream, unless there are `most` already.
    pub(crate) fn follow(&self, most: u64) -> Option<Following> {
        let one_more = |open: u64| (open < most).then_some(open + 1);
        self.streams.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).ok()?;
        Some(Following { streams: self.streams.clone(), resyncs: self.resyncs.clone() })
    }
}

/// An open stream; dropped with it.
pub(crate) struct Following {
    streams: Arc<AtomicU64>,
    resyncs: Counter,
}

impl Following {
    /// Its client was told that it had missed some.
    pub(crate) fn resync(&self) {
        self.resyncs.inc();
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.streams.fetch_sub(1, Ordering::Relaxed);
    }
}

/// `GET /metrics`
pub(crate) async fn scrape(facade: &Facade, _request: Request) -> Result<Response, Problem> {
    let mut text = String::new();
    encode(&mut text, &facade.metrics.registry)
        .map_err(|_| Problem::new(Kind::Failed, "the figures cannot be written"))?;
    Ok(reply::typed(StatusCode::OK, CONTENT_TYPE, text))
}

/// What others know and say when asked.
struct Observed {
    started_at: Timestamp,
    board: Board,
    store: Arc<dyn Store>,
    committer: Committer,
    streams: Arc<AtomicU64>,
    intake: Option<watch::Receiver<Standing>>,
}

impl fmt::Debug for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observed").finish_non_exhaustive()
    }
}

impl Collector for Observed {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.encode_store(&mut encoder)?;
        self.encode_process(&mut encoder)?;
        if let Some(intake) = &self.intake {
            intake::encode(&intake.borrow(), &mut encoder)?;
        }
        let mut by_kind: BTreeMap<String, Vec<HostStatus>> = BTreeMap::new();
        for (id, status) in self.board.list() {
            by_kind.entry(id.kind).or_default().push(status);
        }
        encode_agents(&mut encoder, &by_kind)
    }
}

impl Observed {
    fn encode_store(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let usage = self.store.usage();
        counter(encoder, "store_commits", "Groups made durable", usage.commits)?;
        counter(encoder, "store_fsyncs", "Calls of fsync and fdatasync", usage.fsyncs)?;
        counter(
            encoder,
            "store_written_bytes",
            "Bytes given to the database",
            usage.bytes_written,
        )?;
        gauge(encoder, "streams", "Streams that are open", self.streams.load(Ordering::Relaxed))?;
        for partition in self.store.partitions() {
            if partition.stream == Stream::Dead {
                let head = self.store.head(partition);
                gauge(encoder, "dead_letters", "Messages that could not be handled so far", head)?;
            }
        }
        let waiting = self.committer.waiting();
        gauge(
            encoder,
            "committer_waiting_requests",
            "Requests that wait for the next group",
            waiting as u64,
        )
    }

    fn encode_process(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let started = self.started_at.as_millis() as f64 / 1_000.0;
        gauge(
            encoder,
            "process_start_time_seconds",
            "When the process began to serve, since the epoch",
            started,
        )?;
        let process = Process::read();
        for (name, help, value) in [
            ("process_resident_memory_bytes", "Memory in use", process.resident_memory_bytes),
            ("process_threads", "Threads", process.threads),
            ("process_open_fds", "Open file handles", process.open_fds),
        ] {
            value.map_or(Ok(()), |value| gauge(encoder, name, help, value))?;
        }
        Ok(())
    }
}

type Figure = fn(&HostStatus) -> u64;

/// Counters of a kind: the sums over its hosts. They start again when a host does.
const AGENT_COUNTERS: [(&str, &str, Figure); 8] = [
    ("agent_received_records", "Records offered", |host| host.observation.received),
    ("agent_handled_messages", "Messages handled", |host| host.observation.handled),
    ("agent_ignored_records", "Records that are not heard", |host| host.observation.ignored),
    ("agent_duplicate_records", "Records offered again", |host| host.observation.duplicates),
    ("agent_applied_before_records", "Records applied before a restart", |host| {
        host.observation.applied_before
    }),
    ("agent_stale_timers", "Timer firings that had been overtaken", |host| {
        host.observation.stale_timers
    }),
    ("agent_dead_letters", "Messages set aside", |host| host.observation.dead_lettered),
    ("agent_restarts", "Hosts started again after a failure", |host| host.restarts),
];

/// Gauges of a kind: the sums over its hosts.
const AGENT_GAUGES: [(&str, &str, Figure); 6] = [
    ("agent_lag_records", "Records between a kind and the newest", |host| host.lag),
    ("agent_in_flight_records", "Records waiting to be handled", |host| host.observation.in_flight),
    ("agent_resident_keys", "Keys in memory", |host| host.observation.resident_keys),
    ("agent_timers", "Timers set", |host| host.observation.timers),
    ("agent_hosts", "Hosts", |_| 1),
    ("agent_ready_hosts", "Hosts at work", |host| u64::from(host.state == HostState::Ready)),
];

fn encode_agents(
    encoder: &mut DescriptorEncoder<'_>,
    by_kind: &BTreeMap<String, Vec<HostStatus>>,
) -> fmt::Result {
    let sums = |figure: Figure| {
        by_kind.iter().map(move |(kind, hosts)| (kind, hosts.iter().map(figure).sum::<u64>()))
    };
    for (name, help, figure) in AGENT_COUNTERS {
        family(
            encoder,
            name,
            help,
            sums(figure).map(|(kind, sum)| (kind, ConstCounter::new(sum))),
        )?;
    }
    for (name, help, figure) in AGENT_GAUGES {
        family(encoder, name, help, sums(figure).map(|(kind, sum)| (kind, ConstGauge::new(sum))))?;
    }
    let counts = own(by_kind, |observation| &observation.counts, ConstCounter::new);
    encode_own(encoder, "agent_counts", "Counts of an agent's own, by name", "count", counts)?;
    let levels = own(by_kind, |observation| &observation.levels, ConstGauge::new);
    encode_own(encoder, "agent_levels", "Levels of an agent's own, by name", "level", levels)
}

/// Figures that agents, and the ledger of effects, keep by names of their own: the sums over the hosts of a kind.
fn own<M>(
    by_kind: &BTreeMap<String, Vec<HostStatus>>,
    figures: fn(&Observation) -> &BTreeMap<&'static str, u64>,
    metric: fn(u64) -> M,
) -> BTreeMap<(&str, &'static str), M> {
    let mut sums: BTreeMap<(&str, &'static str), u64> = BTreeMap::new();
    for (kind, hosts) in by_kind {
        for (name, figure) in hosts.iter().flat_map(|host| figures(&host.observation)) {
            *sums.entry((kind, name)).or_default() += figure;
        }
    }
    sums.into_iter().map(|(of, sum)| (of, metric(sum))).collect()
}

fn encode_own<M: EncodeMetric>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    label: &str,
    metrics: BTreeMap<(&str, &'static str), M>,
) -> fmt::Result {
    let Some((_, first)) = metrics.first_key_value() else { return Ok(()) };
    let mut descriptor =
        encoder.encode_descriptor(name, &sentence(help), None, first.metric_type())?;
    for ((kind, figure), metric) in &metrics {
        metric.encode(descriptor.encode_family(&[("agent", *kind), (label, *figure)])?)?;
    }
    Ok(())
}

fn family<'k, M: EncodeMetric>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    metrics: impl Iterator<Item = (&'k String, M)>,
) -> fmt::Result {
    let metrics: Vec<(&String, M)> = metrics.collect();
    let Some((_, first)) = metrics.first() else { return Ok(()) };
    let mut descriptor =
        encoder.encode_descriptor(name, &sentence(help), None, first.metric_type())?;
    for (kind, metric) in &metrics {
        metric.encode(descriptor.encode_family(&[("agent", kind.as_str())])?)?;
    }
    Ok(())
}

fn counter(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> fmt::Result {
    let counter = ConstCounter::new(value);
    counter.encode(encoder.encode_descriptor(name, &sentence(help), None, counter.metric_type())?)
}

fn gauge<G>(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: G) -> fmt::Result
where
    ConstGauge<G>: EncodeMetric,
    G: EncodeGaugeValue,
{
    let gauge = ConstGauge::new(value);
    gauge.encode(encoder.encode_descriptor(name, &sentence(help), None, gauge.metric_type())?)
}

/// A registry ends each help text like this; a collector has to do so itself.
fn sentence(help: &str) -> String {
    format!("{help}.")
}
