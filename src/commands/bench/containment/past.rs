//! A day of the past, played under a virtual clock and laid on disk: what is usual is known when the attacks come.

use crate::cli::Session;
use crate::commands::scenario;
use crate::config::Loaded;
use crate::effects;
use crate::error::CliError;
use crate::upkeep::store_folder;
use messages::health::HealthAssessed;
use messages::telemetry::Telemetry;
use messages::{Message, Stream};
use runtime::clock::Clock;
use runtime::router::PARTITIONS_EMBEDDED;
use runtime::store::memory::MemoryStore;
use runtime::store::{Delivery, Partition, ReadLimit, Store};
use runtime::{Models, backup};
use scenarios::runner::{Cast, Ending, Nobody, play};
use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How long the past lasts: a day until behaviour is judged, and a little more.
const PAST: Duration = Duration::from_secs(26 * 3_600);
/// Frames of each vehicle that are sent again, the newest.
const FRAMES_KEPT: usize = 60;

/// What the past has left, beside its log.
pub(super) struct Past {
    /// Newest frames by asset.
    pub(super) frames: BTreeMap<String, Vec<Telemetry>>,
    /// An assessment, as data-analysis said it.
    pub(super) assessed: HealthAssessed,
}

/// Lets a fleet live until now, and lays its log into `folder`.
pub(super) fn live(
    vehicles: u32,
    seed: u64,
    folder: &Path,
    loaded: &Loaded,
    session: &Session,
) -> Result<Past, CliError> {
    let start = Clock::Real.now().saturating_sub(PAST);
    let minutes = PAST.as_secs() / 60;
    let script = format!(
        "apiVersion: aurorasync/scenario.v1\nname: bench-containment\nsummary: Measured.\nseed: 1\n\
         clock: {{ mode: virtual, start: \"{start}\" }}\n\
         fleet: {{ profile: vehicle, size: {vehicles}, sample: 10s, history: none }}\n\
         steps:\n  - start: fleet\n  - wait: {minutes}m\n"
    );
    let scenario = scenario::of_text("bench-containment", &script, session)?;
    let store = Arc::new(MemoryStore::default());
    let cast = Cast {
        catalog: session.catalog.clone(),
        effects: effects::effects(&loaded.settings.effects, &loaded.agents),
        configs: loaded.agents.clone(),
        models: Arc::new(Models::default()),
        promoted: Vec::new(),
        store: store.clone(),
        network: "main".to_owned(),
    };
    let played = play(&scenario, seed, cast, &mut Nobody).map_err(CliError::failed)?;
    if !matches!(played.ending, Ending::Passed) {
        return Err(CliError::failed(format!("the past ends otherwise: {:?}", played.ending)));
    }
    let export = folder.join("past");
    backup::create(&*store, &export).map_err(CliError::failed)?;
    backup::restore(&export, &store_folder(folder)).map_err(CliError::failed)?;
    left(&*store)
}

fn left(store: &dyn Store) -> Result<Past, CliError> {
    let mut frames: BTreeMap<String, VecDeque<Telemetry>> = BTreeMap::new();
    each(store, Stream::Telemetry, |delivery| {
        let Ok(frame) = delivery.envelope.open::<Telemetry>() else { return };
        let own = frames.entry(frame.asset.clone()).or_default();
        own.push_back(frame);
        if own.len() > FRAMES_KEPT {
            own.pop_front();
        }
    })?;
    let mut assessed = None;
    each(store, Stream::Health, |delivery| {
        if delivery.envelope.name == HealthAssessed::NAME {
            assessed = delivery.envelope.open::<HealthAssessed>().ok();
        }
    })?;
    let assessed =
        assessed.ok_or_else(|| CliError::failed("no health was assessed in the past"))?;
    let frames = frames.into_iter().map(|(asset, frames)| (asset, frames.into()));
    Ok(Past { frames: frames.collect(), assessed })
}

/// Shows `look` every record of `stream`.
fn each(
    store: &dyn Store,
    stream: Stream,
    mut look: impl FnMut(&Delivery),
) -> Result<(), CliError> {
    for index in 0..PARTITIONS_EMBEDDED.get() {
        let partition = Partition { stream, index };
        let mut after = 0;
        loop {
            let batch = store.read(partition, after, ReadLimit::default())?;
            let Some(last) = batch.last() else { break };
            after = last.sequence;
            batch.iter().for_each(&mut look);
        }
    }
    Ok(())
}
