//! Recorded trips in the place of a story: they are played through the running agents and judged.

use super::narrator::Narrator;
use super::{DemoArgs, Steps, folder, serving};
use crate::cli::Session;
use crate::commands::run::{Serving, Signals};
use crate::error::CliError;
use crate::exit::Exit;
use crate::logging::{self, LogFormat};
use crate::replaying::{Listener, Recording, append, appended, registration};
use messages::{Provenance, Stream};
use runtime::committer;
use runtime::deployment::Deployment;
use runtime::flight::FlightRecorder;
use runtime::store::Partition;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Pause between two looks at what the agents have said.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);

/// Minutes of recorded driving per second and asset.
const MINUTES_PER_SECOND: f64 = 40.0;

pub(super) fn perform(
    args: &DemoArgs,
    recordings: &Path,
    session: &Session,
) -> Result<Exit, CliError> {
    logging::begin(LogFormat::Text, &session.console);
    let mut steps = Steps::begin(session, 4);
    steps.next("open a data folder and start the agents")?;
    let folder = folder(args)?;
    let loaded = serving(args, folder.path(), None, session)?;
    let threads = tokio::runtime::Runtime::new()
        .map_err(|source| CliError::System { what: "threads cannot be started", source })?;
    threads.block_on(async {
        let mut signals = Signals::begin()?;
        let catalog = session.catalog.clone();
        let serving = Serving::start(catalog, loaded, FlightRecorder::default(), None).await?;
        serving.announce(&session.console);
        let told = tokio::select! {
            biased;
            _ = signals.next() => return serving.stop(signals).await,
            told = tell(args, recordings, session, &mut steps, serving.deployment()) => told,
        };
        match told {
            Ok(()) if args.headless => serving.stop(signals).await,
            Ok(()) => {
                steps.next("serve on")?;
                session.console.line(super::hints(serving.address()))?;
                serving.until_stopped(signals).await
            }
            Err(error) => {
                serving.stop(signals).await?;
                Err(error)
            }
        }
    })
}

/// Plays the recordings through the running agents and prints what they say.
#[expect(clippy::disallowed_methods, reason = "the story has a pace for those who read along")]
async fn tell(
    args: &DemoArgs,
    recordings: &Path,
    session: &Session,
    steps: &mut Steps<'_>,
    deployment: &Arc<Deployment>,
) -> Result<(), CliError> {
    steps.next("register the assets and play the recorded trips")?;
    let recording = Recording::load(&args.dataset, Some(recordings))?;
    let recording = recording.judged_by(&args.judged_by)?;
    if let Some(promotion) = recording.promotion() {
        let kept = committer::Request::Blobs(vec![promotion.blob()]);
        deployment.committer().commit(kept).await.map_err(CliError::failed)?;
        append(deployment, vec![promotion.entry(Provenance::Replayed)?]).await?;
    }
    let mut replay = match recording.open() {
        Ok(replay) => replay,
        Err(error) => return Err(without_recordings(recordings, &error)),
    };
    let registered = replay.assets().iter().map(registration).collect::<Result<Vec<_>, _>>()?;
    let assets = registered.len();
    for asset in replay.assets() {
        session.console.line(format!("  {}", asset.asset))?;
    }
    append(deployment, registered).await?;
    let mut listener = Listener::default();
    let mut narrator = Narrator::new(&session.console);
    let begun = Instant::now();
    let mut looked = begun;
    let mut number = 0_u64;
    for entry in replay.by_ref() {
        let entry = entry.map_err(CliError::failed)?;
        number += 1;
        if args.pace.0.is_some() {
            let per_second = MINUTES_PER_SECOND * assets as f64;
            let due = begun + Duration::from_secs_f64(number as f64 / per_second);
            tokio::time::sleep_until(due.into()).await;
        }
        narrator.played(&entry)?;
        append(deployment, vec![appended(&entry, number)?]).await?;
        if looked.elapsed() >= LOOK_INTERVAL {
            looked = Instant::now();
            listener.listen(&**deployment.store(), &mut |envelope| narrator.hear(envelope))?;
        }
    }
    while is_behind(deployment) {
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
    listener.listen(&**deployment.store(), &mut |envelope| narrator.hear(envelope))?;
    steps.next("compare with what was laid over the recordings")?;
    narrator.conclude(&replay.truth())
}

fn without_recordings(recordings: &Path, error: &CliError) -> CliError {
    CliError::failed(format!(
        "no recordings to play in `{}`: {error}; name their folder with `make demo RECORDINGS=DIR`",
        recordings.display()
    ))
}

/// Whether an agent has not yet handled all that is on its input.
fn is_behind(deployment: &Deployment) -> bool {
    deployment.board().list().iter().any(|(id, status)| {
        let stream = deployment.catalog().get(&id.kind).map_or(Stream::Log, |e| e.contract.stream);
        let partition = Partition { stream, index: id.partition };
        status.observation.position < deployment.store().head(partition)
    })
}
