//! A fleet that sends as fast as it is answered, and keeps its own ledger of the answers.

use crate::published;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use ureq::Agent;

/// Threads that send.
const SENDERS: usize = 8;
/// Assets per sender: so many that most windows end by a timer.
const ASSETS_PER_SENDER: usize = 100;
/// Samples in one message.
pub(crate) const SAMPLES: u64 = 2;

/// What one sender knows of its assets.
#[derive(Default)]
pub(crate) struct Sender {
    pub(crate) number: usize,
    /// Next count to send, by asset.
    pub(crate) next: BTreeMap<String, u64>,
    /// Counts that were answered with 202, by asset.
    pub(crate) acknowledged: BTreeMap<String, BTreeSet<u64>>,
}

/// All senders.
pub(crate) struct Fleet {
    pub(crate) senders: Vec<Sender>,
}

/// Senders at work.
pub(crate) struct Sending {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Sender>>,
}

fn agent() -> Agent {
    Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(10)))
        .http_status_as_error(false)
        .build()
        .into()
}

impl Fleet {
    pub(crate) fn new() -> Self {
        let sender = |number| Sender {
            number,
            next: (0..ASSETS_PER_SENDER).map(|at| (format!("VEH-{number}-{at}"), 0)).collect(),
            ..Sender::default()
        };
        Self { senders: (0..SENDERS).map(sender).collect() }
    }

    /// Every asset's name.
    pub(crate) fn assets(&self) -> impl Iterator<Item = &String> {
        self.senders.iter().flat_map(|sender| sender.next.keys())
    }

    pub(crate) fn register(&self, url: &str) {
        let agent = agent();
        for asset in self.assets() {
            let body = format!(r#"{{"asset":"{asset}","fleet":"kills","profile":"vehicle"}}"#);
            let request = agent.post(format!("{url}/v1/assets"));
            let answer = request.content_type("application/json").send(body).unwrap();
            assert_eq!(answer.status(), 201, "registration of {asset}");
        }
    }

    /// Lets every sender send to `url` until it is taken back.
    pub(crate) fn send(&mut self, url: &str) -> Sending {
        let stop = Arc::new(AtomicBool::new(false));
        let threads = self.senders.drain(..).map(|sender| {
            let (stop, url) = (stop.clone(), url.to_owned());
            std::thread::spawn(move || sender.run(&url, &stop))
        });
        Sending { threads: threads.collect(), stop }
    }

    /// Lets every sender publish to the server at `url` until it is taken back.
    pub(crate) fn publish(&mut self, url: &str) -> Sending {
        let stop = Arc::new(AtomicBool::new(false));
        let threads = self.senders.drain(..).map(|sender| {
            let (stop, url) = (stop.clone(), url.to_owned());
            std::thread::spawn(move || published::run(sender, &url, &stop))
        });
        Sending { threads: threads.collect(), stop }
    }

    pub(crate) fn take_back(&mut self, sending: Sending) {
        sending.stop.store(true, Ordering::Relaxed);
        self.senders.extend(sending.threads.into_iter().map(|thread| thread.join().unwrap()));
    }
}

impl Sender {
    /// Sends until told to stop or until nobody answers. What was not answered is sent again in the
    /// next life under the same counts, as a device would.
    fn run(mut self, url: &str, stop: &AtomicBool) -> Self {
        let agent = agent();
        let assets: Vec<String> = self.next.keys().cloned().collect();
        for asset in assets.iter().cycle() {
            let first = self.next[asset];
            let url = format!("{url}/v1/fleets/kills/assets/{asset}/telemetry");
            let request = agent.post(url).content_type("application/json");
            match request.send(body(first, self.number)) {
                Ok(answer) if answer.status() == 202 => {
                    let counts = self.acknowledged.entry(asset.clone()).or_default();
                    counts.extend(first..first + SAMPLES);
                    self.next.insert(asset.clone(), first + SAMPLES);
                }
                Ok(answer) => assert!([429, 503].contains(&answer.status().as_u16()), "{answer:?}"),
                Err(_) => break,
            }
            if stop.load(Ordering::Relaxed) {
                break;
            }
        }
        self
    }
}

pub(crate) fn body(first: u64, sender: usize) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let samples = (first..first + SAMPLES).map(|seq| {
        let millis =
            i64::try_from(now.as_millis()).unwrap() - 100 + i64::try_from(seq - first).unwrap();
        let at = messages::Timestamp::from_millis(millis).unwrap();
        format!(
            r#"{{"t":"{at}","seq":{seq},"s":{{"engine_speed":{},"coolant_temperature":90.5}}}}"#,
            1500 + sender
        )
    });
    let samples: Vec<String> = samples.collect();
    format!(r#"{{"boot":1,"samples":[{}]}}"#, samples.join(","))
}
