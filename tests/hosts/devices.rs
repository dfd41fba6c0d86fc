//! Devices that publish to the server, and their own ledger of what it acknowledged.

use nats::server::Server;
use nats::{Connection, Layout, Options, streams};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::runtime::{Builder, Runtime};

/// Minutes of each asset's telemetry; they end about now.
const MINUTES: u64 = 120;
/// Samples a minute.
const SAMPLES: u64 = 6;
/// Between two messages where they come slowly.
const PUBLISH_INTERVAL: Duration = Duration::from_millis(20);

/// The server, with its streams.
pub(crate) struct Devices {
    server: Server,
    /// Samples acknowledged, by asset.
    acknowledged: Arc<Mutex<BTreeMap<String, u64>>>,
}

/// Devices at work.
pub(crate) struct Publishing(JoinHandle<()>);

impl Publishing {
    pub(crate) fn finish(self) {
        self.0.join().unwrap();
    }
}

fn threads() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

impl Devices {
    /// Starts a server that keeps everything below `folder`.
    pub(crate) fn start(folder: &Path) -> Self {
        let server = Server::start(&folder.join("nats"), &Default::default()).unwrap();
        threads().block_on(async {
            let connection =
                Connection::open(&Options::new(server.url(), "devices")).await.unwrap();
            streams::create(&connection, &Layout::default()).await.unwrap();
        });
        Self { server, acknowledged: Arc::default() }
    }

    pub(crate) fn url(&self) -> String {
        self.server.url()
    }

    /// Samples of `asset` that were acknowledged.
    pub(crate) fn acknowledged(&self, asset: &str) -> u64 {
        self.acknowledged.lock().unwrap().get(asset).copied().unwrap_or(0)
    }

    /// Publishes two hours of each of `assets`, whose engines overheat.
    pub(crate) fn publish_failing(&self, assets: &[String]) {
        publish(&self.url(), assets, Duration::from_millis(1), &self.acknowledged);
    }

    /// The same in its own time.
    pub(crate) fn publish_failing_slowly(&self, assets: &[String]) -> Publishing {
        let (url, assets, ledger) = (self.url(), assets.to_vec(), self.acknowledged.clone());
        Publishing(std::thread::spawn(move || publish(&url, &assets, PUBLISH_INTERVAL, &ledger)))
    }
}

fn publish(
    url: &str,
    assets: &[String],
    interval: Duration,
    ledger: &Mutex<BTreeMap<String, u64>>,
) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 60 * 60;
    threads().block_on(async {
        let connection = Connection::open(&Options::new(url, "devices")).await.unwrap();
        let mut tick = tokio::time::interval(interval);
        for minute in 0..MINUTES {
            for asset in assets {
                let subject = format!("aurora.v1.telemetry.north.{asset}");
                let from = now - (MINUTES - minute) * 60;
                let sent = connection.jetstream().publish(subject, body(minute, from).into());
                let stored = sent.await.unwrap().await.unwrap();
                assert!(!stored.duplicate);
                *ledger.lock().unwrap().entry(asset.clone()).or_default() += SAMPLES;
                tick.tick().await;
            }
        }
    });
}

/// A minute of a warm engine whose coolant grows hotter, the `minute`-th, in seconds since the epoch.
fn body(minute: u64, from: u64) -> String {
    let sample = |index: u64| {
        let at = messages::Timestamp::from_millis(
            i64::try_from((from + index * (60 / SAMPLES)) * 1_000).unwrap(),
        );
        let seq = minute * SAMPLES + index;
        let celsius = 92.0 + (seq as f64) * 18.0 / (MINUTES * SAMPLES) as f64;
        format!(
            r#"{{"t":"{}","seq":{seq},"s":{{"engine_speed":{},"coolant_temperature":{celsius:.2}}},"codes":["P0217"]}}"#,
            at.unwrap(),
            1_800 + seq % 40,
        )
    };
    let samples: Vec<String> = (0..SAMPLES).map(sample).collect();
    format!(r#"{{"boot":1,"samples":[{}]}}"#, samples.join(","))
}
