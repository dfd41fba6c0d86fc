//! `demo`: everything in one process, playing recorded trips and saying what the agents conclude.

mod narrator;

use super::run::{Serving, next_free_port};
use crate::cli::Session;
use crate::config::{self, Sources};
use crate::error::CliError;
use crate::exit::Exit;
use crate::logging::{self, LogFormat};
use crate::replaying::{Listener, Recording, append, appended, registration};
use clap::Args;
use messages::Stream;
use narrator::Narrator;
use runtime::deployment::Deployment;
use runtime::flight::FlightRecorder;
use runtime::store::Partition;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Pause between two looks at what the agents have said.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);

/// Flags of `demo`.
#[derive(Args, Debug)]
pub struct DemoArgs {
    /// The dataset that is played.
    #[arg(long, default_value = "profiles/datasets/demo", value_name = "DATASET")]
    dataset: PathBuf,
    /// Where its recordings are.
    #[arg(long, default_value = "../shared/data", value_name = "DIR")]
    recordings: PathBuf,
    /// The data folder; a new one that is removed at the end where not given.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Address of HTTP; when its port is taken, the next free one.
    #[arg(long, default_value = "127.0.0.1:7380", value_name = "ADDR")]
    facade: SocketAddr,
    /// Minutes of recorded driving per second and asset; 0 plays as fast as it goes.
    #[arg(long, default_value_t = 40, value_name = "N")]
    speed: u32,
    /// Ends after the recordings instead of serving on.
    #[arg(long)]
    headless: bool,
}

pub(crate) fn perform(args: &DemoArgs, session: &Session) -> Result<Exit, CliError> {
    logging::begin(LogFormat::Text, &session.console);
    let story = Story::begin(session);
    story.step(1, "open a data folder and start the agents")?;
    let scratch = tempfile::Builder::new().prefix("aurorasync-demo-").tempdir();
    let scratch = scratch.map_err(CliError::failed)?;
    let data = args.data.clone().unwrap_or_else(|| scratch.path().to_owned());
    let address = next_free_port(args.facade)?;
    if address != args.facade {
        session.console.line(format!(
            "  port {} is taken, {} is free",
            args.facade.port(),
            address.port()
        ))?;
    }
    let sources = Sources::default()
        .flag("store.path", "--data", Some(data.display().to_string()))
        .flag("facade.listen", "--facade", Some(address.to_string()));
    let loaded = config::load(&session.catalog, &sources)?;
    let threads = tokio::runtime::Runtime::new()
        .map_err(|source| CliError::System { what: "threads cannot be started", source })?;
    threads.block_on(async {
        let signals = super::run::Signals::begin()?;
        let catalog = session.catalog.clone();
        let serving = Serving::start(catalog, loaded, FlightRecorder::default()).await?;
        serving.announce(&session.console);
        let mut signals = signals;
        let told = tokio::select! {
            biased;
            _ = signals.next() => return serving.stop(signals).await,
            told = tell(args, session, &story, serving.deployment()) => told,
        };
        match told {
            Ok(()) if args.headless => serving.stop(signals).await,
            Ok(()) => {
                story.step(4, "serve on")?;
                session.console.line(hints(serving.address()))?;
                serving.until_stopped(signals).await
            }
            Err(error) => {
                serving.stop(signals).await?;
                Err(error)
            }
        }
    })
}

/// Says which step it is, with the time since the beginning.
struct Story<'s> {
    session: &'s Session,
    begun: Instant,
}

impl<'s> Story<'s> {
    #[expect(clippy::disallowed_methods, reason = "people at a terminal see how long it takes")]
    fn begin(session: &'s Session) -> Self {
        Self { session, begun: Instant::now() }
    }

    fn step(&self, number: u32, what: &str) -> Result<(), CliError> {
        let elapsed = self.begun.elapsed().as_secs_f64();
        Ok(self.session.console.line(format!("[{elapsed:6.1} s] step {number} of 4: {what}"))?)
    }
}

/// Plays the recordings through the running agents and prints what they say.
#[expect(clippy::disallowed_methods, reason = "the story has a pace for those who read along")]
async fn tell(
    args: &DemoArgs,
    session: &Session,
    story: &Story<'_>,
    deployment: &Arc<Deployment>,
) -> Result<(), CliError> {
    story.step(2, "register the assets and play the recorded trips")?;
    let recording = Recording::load(&args.dataset, Some(&args.recordings))?;
    let mut replay = match recording.open() {
        Ok(replay) => replay,
        Err(error) if args.headless => return Err(without_recordings(&args.recordings, &error)),
        Err(error) => {
            let text = without_recordings(&args.recordings, &error);
            return Ok(session.console.line(format!("  {text}"))?);
        }
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
        if args.speed > 0 {
            let per_second = f64::from(args.speed) * assets as f64;
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
    story.step(3, "compare with what was laid over the recordings")?;
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

fn hints(address: SocketAddr) -> String {
    format!(
        "  ask:   curl http://{address}/v1/assets\n  \
           follow: ./aurorasync events tail --follow --url http://{address}\n  \
           agents: ./aurorasync agent ls --url http://{address}\n  \
           stop:  Ctrl-C"
    )
}
