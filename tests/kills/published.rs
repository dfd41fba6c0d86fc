//! The fleet as it publishes to a server of NATS: over every loss of the connection, keeping its own ledger of what was
//! acknowledged.

use crate::client::{SAMPLES, Sender, body};
use crate::server::Server;
use nats::{Connection, Layout, Options, streams};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};

/// Between two messages of one sender: more would only make the backlog longer that is judged at the end.
const PUBLISH_INTERVAL: Duration = Duration::from_millis(4);
/// Longest time that the backlog may take.
const PATIENCE: Duration = Duration::from_secs(120);

fn threads() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Makes the streams of the server at `url`.
pub(crate) fn create_streams(url: &str) {
    threads().block_on(async {
        let connection = Connection::open(&Options::new(url, "kills")).await.unwrap();
        streams::create(&connection, &Layout::default()).await.unwrap();
    });
}

/// Publishes until told to stop. What was not acknowledged is published again under the same counts.
pub(crate) fn run(mut sender: Sender, url: &str, stop: &AtomicBool) -> Sender {
    threads().block_on(async {
        let connection = Connection::open_patiently(&Options::new(url, "device")).await.unwrap();
        let mut interval = tokio::time::interval(PUBLISH_INTERVAL);
        let assets: Vec<String> = sender.next.keys().cloned().collect();
        for asset in assets.iter().cycle() {
            interval.tick().await;
            if stop.load(Ordering::Relaxed) {
                break;
            }
            let first = sender.next[asset];
            let subject = format!("aurora.v1.telemetry.kills.{asset}");
            if is_acknowledged(&connection, subject, body(first, sender.number)).await {
                let counts = sender.acknowledged.entry(asset.clone()).or_default();
                counts.extend(first..first + SAMPLES);
                sender.next.insert(asset.clone(), first + SAMPLES);
            }
        }
    });
    sender
}

/// Whether the server says that it stored the message. When the connection is lost meanwhile nobody knows.
async fn is_acknowledged(connection: &Connection, subject: String, body: String) -> bool {
    let mut link = connection.watch();
    if link.wait_for(|link| link.is_connected).await.is_err() {
        return false;
    }
    let connects = link.borrow().connects;
    let published = async {
        let sent = connection.jetstream().publish(subject, body.into()).await.ok()?;
        sent.await.ok()
    };
    tokio::select! {
        biased;
        ack = published => ack.is_some_and(|ack| !ack.duplicate),
        _ = link.wait_for(|link| !link.is_connected || link.connects != connects) => false,
    }
}

/// Waits until `server` has brought in everything that the stream at `url` holds; gives the number of its records.
pub(crate) fn wait_until_taken_in(server: &Server, url: &str) -> u64 {
    let head = threads().block_on(async {
        let connection = Connection::open(&Options::new(url, "kills")).await.unwrap();
        let stream = connection.jetstream().get_stream(streams::TELEMETRY).await.unwrap();
        stream.cached_info().state.last_sequence
    });
    let begun = Instant::now();
    loop {
        let mut answer = ureq::get(format!("{}/metrics", server.url())).call().unwrap();
        let figures = answer.body_mut().read_to_string().unwrap();
        let position =
            figures.lines().find_map(|line| line.strip_prefix("aurorasync_intake_position "));
        if position.unwrap().parse::<f64>().unwrap() >= head as f64 {
            return head;
        }
        assert!(begun.elapsed() < PATIENCE, "{head} records, read to {position:?}");
        std::thread::park_timeout(Duration::from_millis(10));
    }
}
