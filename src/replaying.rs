//! Plays a dataset through the real agents under a virtual clock, and listens to what they say.

use crate::error::CliError;
use messages::health::{
    AnomalyDetected, AssetSilent, HealthAssessed, SensorFaulted, TelemetryQuarantined,
};
use messages::prediction::{FailurePredicted, PredictionCleared, PredictionWithheld};
use messages::profile::{self, Profile};
use messages::registry::AssetRegistered;
use messages::{
    DecodeError, Envelope, Message, MessageId, Provenance, Sequence, Stream, Timestamp,
};
use runtime::bus::{Bus, BusError};
use runtime::committer::Entry;
use runtime::conductor::Conductor;
use runtime::deployment::Deployment;
use runtime::guard::Principal;
use runtime::router::PARTITIONS_EMBEDDED;
use runtime::store::{Partition, ReadLimit, Store};
use runtime::{Agent, Catalog, Models};
use simulator::dataset::{Dataset, ProfileName};
use simulator::report::Findings;
use simulator::{Entry as Played, Frame, Replay, ReplayOptions};
use simulator::{ObservedEvent, Report};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Source of what a replay appends.
const SOURCE: &str = "replay";
/// How long after the last sample the agents may still say something: windows close, lateness passes.
const AFTERMATH: Duration = Duration::from_secs(20 * 60);

/// A dataset ready to be played, with the configuration that its profile asks for.
pub struct Recording {
    /// Its description.
    pub dataset: Dataset,
    /// Its profile.
    pub profile: Profile,
    /// Configuration of the agents that need the profile.
    pub configs: BTreeMap<String, serde_json::Value>,
}

impl Recording {
    /// Reads the description in `path`; recordings are looked for in `data`, or beside it.
    ///
    /// # Errors
    /// [`CliError::Failed`] when the description or its profile cannot be used.
    pub fn load(path: &Path, data: Option<&Path>) -> Result<Self, CliError> {
        let dataset = Dataset::load(path, data).map_err(CliError::failed)?;
        let text = match dataset.profile() {
            ProfileName::Installed(name) => profile::embedded(&name)
                .ok_or_else(|| {
                    let known = profile::NAMES.join(", ");
                    CliError::failed(format!("there is no profile `{name}`; there are {known}"))
                })?
                .to_owned(),
            ProfileName::File(file) => std::fs::read_to_string(&file).map_err(|error| {
                CliError::failed(format!("profile `{}`: {error}", file.display()))
            })?,
        };
        let profile = Profile::parse(&text).map_err(CliError::failed)?;
        let profiles = serde_json::json!({ "profiles": { profile.name.clone(): text } });
        let configs = [agents::DataAnalysis::KIND, agents::Diagnosis::KIND]
            .map(|kind| (kind.to_owned(), profiles.clone()))
            .into();
        Ok(Self { dataset, profile, configs })
    }

    /// Begins to read the recordings.
    ///
    /// # Errors
    /// [`CliError::Failed`] when a recording cannot be read.
    pub fn open(&self) -> Result<Replay, CliError> {
        Replay::open(&self.dataset, &self.profile, &ReplayOptions::default())
            .map_err(CliError::failed)
    }
}

/// What happens while a recording is played.
pub enum Happened<'h> {
    /// The clock stands at an entry.
    At(Timestamp),
    /// An asset sent this.
    Sent(&'h Frame),
    /// An agent said this.
    Said(&'h Envelope),
}

/// Plays `recording` over `store`; `progress` hears the time of each entry.
///
/// # Errors
/// [`CliError`] when a recording, an agent or the store fails.
pub fn play(
    recording: &Recording,
    catalog: Catalog,
    store: Arc<dyn Store>,
    mut progress: impl FnMut(Timestamp),
) -> Result<Findings, CliError> {
    let mut report = Report::new(&recording.dataset, &recording.profile);
    let replay = perform(recording, catalog, store, &mut |happened| {
        match happened {
            Happened::At(at) => progress(at),
            Happened::Sent(frame) => {
                report.observe(frame.sent_at, &ObservedEvent::Sent(&frame.telemetry));
            }
            Happened::Said(envelope) => observe(&mut report, envelope)?,
        }
        Ok(())
    })?;
    Ok(report.conclude(&replay.truth(), replay.rows()))
}

/// Plays `recording` over `store` to its end; `happen` hears what happens, in order.
///
/// # Errors
/// [`CliError`] when a recording, an agent or the store fails, or `happen` cannot read a message.
pub fn perform(
    recording: &Recording,
    catalog: Catalog,
    store: Arc<dyn Store>,
    happen: &mut dyn FnMut(Happened<'_>) -> Result<(), DecodeError>,
) -> Result<Replay, CliError> {
    let mut replay = recording.open()?;
    let mut listener = Listener::default();
    let mut conductor: Option<Conductor> = None;
    let mut played = 0;
    while let Some(entry) = replay.next() {
        let entry = entry.map_err(CliError::failed)?;
        let conductor = match &mut conductor {
            Some(conductor) => conductor,
            none => none.insert(begin(recording, &catalog, &store, &replay, start_of(&entry))?),
        };
        conductor.advance_to(entry.at()).map_err(CliError::failed)?;
        happen(Happened::At(entry.at())).map_err(CliError::failed)?;
        played += 1;
        conductor.append(vec![appended(&entry, played)?]).map_err(CliError::failed)?;
        if let Played::Telemetry(frame) = &entry {
            happen(Happened::Sent(frame)).map_err(CliError::failed)?;
        }
        conductor.settle().map_err(CliError::failed)?;
        listener.listen(&*store, &mut |envelope| happen(Happened::Said(envelope)))?;
    }
    if let Some(conductor) = &mut conductor {
        conductor.advance(AFTERMATH).map_err(CliError::failed)?;
        conductor.drain().map_err(CliError::failed)?;
        listener.listen(&*store, &mut |envelope| happen(Happened::Said(envelope)))?;
    }
    Ok(replay)
}

/// The agents of `catalog`, to whom the assets of `replay` are registered.
fn begin(
    recording: &Recording,
    catalog: &Catalog,
    store: &Arc<dyn Store>,
    replay: &Replay,
    start: Timestamp,
) -> Result<Conductor, CliError> {
    let mut configs = recording.configs.clone();
    configs.retain(|kind, _| catalog.get(kind).is_some());
    let mut conductor = Conductor::new(
        catalog.clone(),
        &configs,
        Arc::new(Models::default()),
        store.clone(),
        start,
        PARTITIONS_EMBEDDED,
        crate::effects::inside(),
    )
    .map_err(CliError::failed)?;
    let registered = replay.assets().iter().map(registration);
    let entries = registered.collect::<Result<Vec<_>, _>>()?;
    conductor.append(entries).map_err(CliError::failed)?;
    Ok(conductor)
}

/// The moment before the first sample of the first frame: nothing of it may be in the future.
fn start_of(entry: &Played) -> Timestamp {
    match entry {
        Played::Telemetry(frame) => {
            let sampled = frame.telemetry.samples.iter().map(|sample| sample.sampled_at);
            sampled.min().unwrap_or(frame.sent_at)
        }
        Played::Maintenance(_) => entry.at(),
    }
}

/// `registered` as a message.
///
/// # Errors
/// [`CliError::Failed`] when it cannot be encoded.
pub fn registration(registered: &AssetRegistered) -> Result<Entry, CliError> {
    let id = MessageId::named("replay.registration", &registered.asset);
    Ok(Envelope::new(id, SOURCE, registered)
        .map_err(CliError::failed)?
        .with_provenance(Provenance::Replayed)
        .into())
}

/// The `number`-th entry of a replay as a message.
///
/// # Errors
/// [`CliError::Failed`] when it cannot be encoded.
pub fn appended(entry: &Played, number: u64) -> Result<Entry, CliError> {
    let id = MessageId::named("replay", &number.to_string());
    let (envelope, provenance) = match entry {
        Played::Telemetry(frame) => (Envelope::new(id, SOURCE, &frame.telemetry), frame.provenance),
        Played::Maintenance(recorded) => {
            (Envelope::new(id, SOURCE, recorded), Provenance::Replayed)
        }
    };
    Ok(envelope.map_err(CliError::failed)?.with_provenance(provenance).into())
}

/// Appends, and again as long as the door says that too much waits.
///
/// # Errors
/// [`CliError::Failed`] when the log refuses or has stopped.
pub async fn append(deployment: &Deployment, entries: Vec<Entry>) -> Result<(), CliError> {
    let session = deployment.session(Principal::outside(SOURCE));
    loop {
        match session.append(entries.clone()).await {
            Ok(_) => return Ok(()),
            Err(BusError::Overloaded(_)) => tokio::task::yield_now().await,
            Err(error) => return Err(CliError::failed(error)),
        }
    }
}

/// Follows what agents say on LOG and HEALTH.
#[derive(Default)]
pub struct Listener {
    read_by_partition: BTreeMap<Partition, Sequence>,
}

impl Listener {
    /// Hands everything new to `hear`.
    ///
    /// # Errors
    /// [`CliError`] when the store fails or a message cannot be read.
    pub fn listen(
        &mut self,
        store: &dyn Store,
        hear: &mut dyn FnMut(&Envelope) -> Result<(), DecodeError>,
    ) -> Result<(), CliError> {
        let health =
            (0..PARTITIONS_EMBEDDED.get()).map(|index| Partition { stream: Stream::Health, index });
        for partition in health.chain([Partition::LOG]) {
            let read = self.read_by_partition.entry(partition).or_default();
            loop {
                let batch = store.read(partition, *read, ReadLimit::default())?;
                let Some(last) = batch.last() else { break };
                *read = last.sequence;
                for delivery in &batch {
                    hear(&delivery.envelope).map_err(CliError::failed)?;
                }
            }
        }
        Ok(())
    }
}

/// Adds what an agent said to `report`.
///
/// # Errors
/// [`DecodeError`] when the message is not what its name says.
pub fn observe(report: &mut Report, envelope: &Envelope) -> Result<(), DecodeError> {
    let at = envelope.time;
    match envelope.name.as_str() {
        HealthAssessed::NAME => report.observe(at, &ObservedEvent::Assessed(&envelope.open()?)),
        AnomalyDetected::NAME => report.observe(at, &ObservedEvent::Anomaly(&envelope.open()?)),
        SensorFaulted::NAME => {
            report.observe(at, &ObservedEvent::SensorFaulted(&envelope.open()?));
        }
        AssetSilent::NAME => report.observe(at, &ObservedEvent::Silent(&envelope.open()?)),
        TelemetryQuarantined::NAME => {
            report.observe(at, &ObservedEvent::Quarantined(&envelope.open()?));
        }
        FailurePredicted::NAME => report.observe(at, &ObservedEvent::Predicted(&envelope.open()?)),
        PredictionCleared::NAME => report.observe(at, &ObservedEvent::Cleared(&envelope.open()?)),
        PredictionWithheld::NAME => {
            report.observe(at, &ObservedEvent::Withheld(&envelope.open()?));
        }
        _ => {}
    }
    Ok(())
}
