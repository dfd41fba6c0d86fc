//! The others: vehicles that send as ever, and how long they wait until it is durable, or until an agent has answered.

use super::past::Past;
use crate::error::CliError;
use messages::guard::PrincipalContained;
use messages::health::TelemetryQuarantined;
use messages::telemetry::{Sample, Signal, Telemetry};
use messages::{Envelope, Finite, Message, MessageId, Provenance};
use runtime::bus::{Bus, BusError};
use runtime::clock::Clock;
use runtime::deployment::Deployment;
use runtime::guard::Principal;
use runtime::store::{Partition, ReadLimit};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// Between two frames of a vehicle.
const SEND_INTERVAL: Duration = Duration::from_millis(500);
/// Between two frames that data-analysis sets aside and says so: the way through an agent and back.
const PROBE_INTERVAL: Duration = Duration::from_millis(500);
/// Between two looks at whether everything is answered.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);
/// How long the last answer may take.
const SETTLED_TIMEOUT: Duration = Duration::from_secs(120);
/// A signal that no profile knows.
const PROBE_SIGNAL: &str = "bench-probe";

/// Times in milliseconds.
#[derive(Debug, Default)]
pub(super) struct Times(Vec<f64>);

impl Times {
    /// The time below which `share` of them are; nothing without any.
    pub(super) fn at(&self, share: f64) -> Option<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let index = (sorted.len().saturating_sub(1) as f64 * share).round() as usize;
        sorted.get(index).copied()
    }

    /// Their p99 to that of `others`.
    pub(super) fn ratio(&self, others: &Times) -> Option<f64> {
        Some(self.at(0.99)? / others.at(0.99)?)
    }

    pub(super) fn summary(&self) -> Value {
        let at = |share| self.at(share);
        json!({ "count": self.0.len(), "p50_ms": at(0.5), "p95_ms": at(0.95), "p99_ms": at(0.99) })
    }
}

/// What the others felt in slices of one kind.
#[derive(Debug, Default)]
pub(super) struct Felt {
    /// From when a frame was due until it was durable.
    pub(super) appends: Times,
    /// The same until data-analysis had said something about it.
    pub(super) answers: Times,
}

/// What is written down while the load runs.
#[derive(Default)]
struct Book {
    /// Whether times count now, and whether answers are asked for.
    counts: bool,
    probes: bool,
    felt: Felt,
    /// Frames that were not answered yet: when they were due, and whether they count.
    unanswered: BTreeMap<MessageId, (Instant, bool)>,
    contained: Vec<(String, Instant)>,
}

/// The vehicles at work.
pub(super) struct Load {
    book: Arc<Mutex<Book>>,
    tasks: Vec<JoinHandle<Result<(), BusError>>>,
}

impl Load {
    /// Lets every vehicle of `past` send but the first, which is left to an attack, and the second, which probes.
    #[expect(clippy::disallowed_methods, reason = "they end with the measurement")]
    pub(super) fn start(deployment: Arc<Deployment>, past: &Past) -> Self {
        let book = Arc::new(Mutex::new(Book { probes: true, ..Book::default() }));
        let mut tasks = vec![tokio::spawn(watch(deployment.clone(), book.clone()))];
        for (number, frames) in past.frames.values().skip(1).enumerate() {
            let frames = frames.clone();
            let (deployment, book) = (deployment.clone(), book.clone());
            let first_at =
                Instant::now() + SEND_INTERVAL * number as u32 / past.frames.len() as u32;
            tasks.push(match number {
                0 => tokio::spawn(probe(deployment, book, frames, first_at)),
                _ => tokio::spawn(send(deployment, book, frames, first_at)),
            });
        }
        Self { book, tasks }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        locked(&self.book)
    }

    /// Lets `lasts` pass without an attack; what was felt goes where `felt` says, with answers or without.
    #[expect(clippy::disallowed_methods, reason = "a slice of a measurement lasts so long")]
    pub(super) async fn quiet(&self, lasts: Duration, felt: Option<(&mut Felt, bool)>) {
        if let Some((_, probes)) = &felt {
            self.measure(*probes);
        }
        tokio::time::sleep(lasts).await;
        if let Some((felt, _)) = felt {
            self.take(felt);
        }
    }

    /// From now on times count.
    pub(super) fn measure(&self, probes: bool) {
        let mut book = self.book();
        (book.counts, book.probes) = (true, probes);
    }

    /// Times no longer count; those that did go to `felt`. What is not answered yet comes with the next.
    pub(super) fn take(&self, felt: &mut Felt) {
        let mut book = self.book();
        book.counts = false;
        let taken = std::mem::take(&mut book.felt);
        felt.appends.0.extend(taken.appends.0);
        felt.answers.0.extend(taken.answers.0);
    }

    /// Who was contained since `began_at`, and when that could be read.
    pub(super) fn contained_since(&self, began_at: Instant) -> Vec<(String, Instant)> {
        let book = self.book();
        book.contained.iter().filter(|(_, at)| *at >= began_at).cloned().collect()
    }

    /// Waits until every frame is answered.
    #[expect(clippy::disallowed_methods, reason = "a backlog is handled before the next slice")]
    pub(super) async fn settle(&self) -> Result<(), CliError> {
        self.book().probes = true;
        let began_at = Instant::now();
        let mut is_first = true;
        while is_first || !self.book().unanswered.is_empty() {
            if began_at.elapsed() > SETTLED_TIMEOUT {
                return Err(CliError::failed("data-analysis no longer answers"));
            }
            let pause = if is_first { 4 * PROBE_INTERVAL } else { LOOK_INTERVAL };
            is_first = false;
            tokio::time::sleep(pause).await;
        }
        Ok(())
    }

    /// Ends the load; fails if a vehicle could not send.
    pub(super) async fn end(self) -> Result<(), CliError> {
        for task in self.tasks {
            if task.is_finished() {
                task.await.map_err(CliError::failed)?.map_err(CliError::failed)?;
            } else {
                task.abort();
            }
        }
        Ok(())
    }
}

fn locked(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

fn millis_since(at: Instant) -> f64 {
    at.elapsed().as_secs_f64() * 1_000.0
}

/// Sends `frames` in turn, each as of now.
async fn send(
    deployment: Arc<Deployment>,
    book: Arc<Mutex<Book>>,
    frames: Vec<Telemetry>,
    first_at: Instant,
) -> Result<(), BusError> {
    let device = Principal::device(&frames[0].fleet, &frames[0].asset);
    let session = deployment.session(device.clone());
    let mut due = interval_at(first_at, SEND_INTERVAL);
    due.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for (number, frame) in frames.iter().cycle().enumerate() {
        let due_at = due.tick().await;
        session.publish(as_of_now(&device, frame, number as u64)).await?;
        let mut book = locked(&book);
        if book.counts {
            book.felt.appends.0.push(millis_since(due_at));
        }
    }
    Ok(())
}

/// Sends frames that data-analysis sets aside.
async fn probe(
    deployment: Arc<Deployment>,
    book: Arc<Mutex<Book>>,
    frames: Vec<Telemetry>,
    first_at: Instant,
) -> Result<(), BusError> {
    let device = Principal::device(&frames[0].fleet, &frames[0].asset);
    let session = deployment.session(device.clone());
    let signals = vec![Signal { name: PROBE_SIGNAL.to_owned(), unit: None }];
    let sample = Sample {
        sampled_at: Clock::Real.now(),
        seq: None,
        values: vec![Finite::new(1.0).ok()],
        codes: Vec::new(),
    };
    let frame = Telemetry { signals, samples: vec![sample], ..frames[0].clone() };
    let mut due = interval_at(first_at, PROBE_INTERVAL);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for number in 0.. {
        let due_at = due.tick().await;
        let envelope = as_of_now(&device, &frame, number);
        {
            let mut book = locked(&book);
            if !book.probes {
                continue;
            }
            let counts = book.counts;
            book.unanswered.insert(envelope.id, (due_at, counts));
        }
        session.publish(envelope).await?;
    }
    Ok(())
}

/// `frame` as `device` measures it now.
pub(super) fn as_of_now(device: &Principal, frame: &Telemetry, number: u64) -> Envelope {
    let now = Clock::Real.now();
    let mut frame = Telemetry { boot: None, ..frame.clone() };
    for sample in &mut frame.samples {
        (sample.sampled_at, sample.seq) = (now, None);
    }
    let id = MessageId::named("bench.containment", &format!("{}/{now}/{number}", device.name()));
    let envelope = Envelope::new(id, device.name(), &frame);
    let envelope = envelope.expect("a frame that was on the log fits on it");
    envelope.with_provenance(Provenance::Simulated)
}

/// Follows LOG: whose frame was answered, and who was contained.
async fn watch(deployment: Arc<Deployment>, book: Arc<Mutex<Book>>) -> Result<(), BusError> {
    let mut after = deployment.bus().head(Partition::LOG).await?;
    loop {
        let batch = deployment.bus().read(Partition::LOG, after, ReadLimit::default()).await?;
        let mut book = locked(&book);
        for delivery in &batch {
            after = delivery.sequence;
            let said = &delivery.envelope;
            if said.name == PrincipalContained::NAME {
                book.contained.push((said.key.clone(), now()));
            }
            let cause = said.causation_id.filter(|_| said.name == TelemetryQuarantined::NAME);
            let answered = cause.and_then(|cause| book.unanswered.remove(&cause));
            if let Some((due_at, true)) = answered {
                book.felt.answers.0.push(millis_since(due_at));
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
pub(super) fn now() -> Instant {
    Instant::now()
}
