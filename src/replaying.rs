//! Plays a dataset through the real agents under a virtual clock, and listens to what they say.

use crate::error::CliError;
use crate::promoting::{JudgedBy, Promotion};
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
use runtime::store::{Batch, Delivery, Partition, ReadLimit, Store};
use runtime::{Agent, Catalog, Models};
use scenarios::measure::Record;
use scenarios::report::event;
use simulator::dataset::{Dataset, ProfileName, Split, SplitTimes};
use simulator::report::Findings;
use simulator::{Entry as Played, Frame, Replay, ReplayOptions};
use simulator::{ObservedEvent, Report};
use std::collections::BTreeMap;
use std::io::Write;
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
    /// The model that its assets are judged by from the beginning, if one is.
    promotion: Option<Promotion>,
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
        Ok(Self { dataset, profile, configs, promotion: None })
    }

    /// The same judged by a model, if one was asked for.
    ///
    /// # Errors
    /// [`CliError`] when the model cannot be read, or does not judge its assets.
    pub(crate) fn judged_by(mut self, asked: &JudgedBy) -> Result<Self, CliError> {
        let profiles = BTreeMap::from([(self.profile.name.clone(), self.profile.clone())]);
        self.promotion = asked.promotion(&profiles)?;
        Ok(self)
    }

    /// The model that its assets are judged by from the beginning, if one is.
    pub(crate) fn promotion(&self) -> Option<&Promotion> {
        self.promotion.as_ref()
    }

    /// The times that are there to be judged, where times part them from what is learned from.
    fn judged(&self) -> Result<Option<SplitTimes>, CliError> {
        let split = self.dataset.split().map_err(CliError::failed)?;
        Ok(split.and_then(|split| match split {
            Split::Times(times) => Some(times),
            Split::Assets { .. } | Split::Files => None,
        }))
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

/// Plays `recording` over `store`; `progress` hears the time of each entry, each record of the LOG is a line of `events`.
///
/// # Errors
/// [`CliError`] when a recording, an agent, the store or `events` fails.
pub fn play(
    recording: &Recording,
    catalog: Catalog,
    store: Arc<dyn Store>,
    events: &mut dyn Write,
    mut progress: impl FnMut(Timestamp),
) -> Result<Findings, CliError> {
    let report = Report::new(&recording.dataset, &recording.profile);
    let mut report = report.within(recording.judged()?);
    let (mut number, mut written) = (0, Ok(()));
    let replay = perform(recording, catalog, store, &mut |happened| {
        match happened {
            Happened::At(at) => progress(at),
            Happened::Sent(frame) => {
                report.observe(frame.sent_at, &ObservedEvent::Sent(&frame.telemetry));
            }
            Happened::Said(envelope) => {
                observe(&mut report, envelope)?;
                if envelope.class.stream() == Stream::Log && written.is_ok() {
                    let record = Record::new(number, Stream::Log, Arc::new(envelope.clone()));
                    written = writeln!(events, "{}", event(&record));
                    number += 1;
                }
            }
        }
        Ok(())
    })?;
    written.map_err(CliError::failed)?;
    let mut truth = recording.dataset.failures().map_err(CliError::failed)?;
    truth.extend(replay.truth());
    Ok(report.conclude(&truth, replay.rows()))
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
    let mut entries = Vec::new();
    if let Some(promotion) = recording.promotion() {
        store.commit(Batch { blobs: vec![promotion.blob()], ..Batch::default() })?;
        entries.push(promotion.entry(Provenance::Replayed)?);
    }
    for registered in replay.assets() {
        entries.push(registration(registered)?);
    }
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

/// Follows what is said on LOG and HEALTH; copies of what is said elsewhere are left out.
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
                let is_home = |it: &&Delivery| it.envelope.class.stream() == partition.stream;
                for delivery in batch.iter().filter(is_home) {
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
