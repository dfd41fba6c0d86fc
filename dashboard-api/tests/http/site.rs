//! A deployment with its facade on a free port, for one test.

use crate::agents::{Picky, Witness};
use crate::client::{Ask, Reply};
use crate::stores::GatedStore;
use dashboard_api::{Facade, FacadeOptions, Random, RateLimit, Timeouts};
use messages::Timestamp;
use messages::profile::{NAMES, Profile, embedded};
use runtime::clock::{Clock, VirtualClock};
use runtime::deployment::{Deployment, Options};
use runtime::effects::Effects;
use runtime::flight::FlightRecorder;
use runtime::router::PARTITIONS_EMBEDDED;
use runtime::{Catalog, Models};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// Everything that runs for one test. Ends with it.
pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    pub(crate) store: Arc<GatedStore>,
    pub(crate) clock: VirtualClock,
    pub(crate) deployment: Arc<Deployment>,
    pub(crate) facade: Arc<Facade>,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinSet<()>,
    _folder: TempDir,
}

pub(crate) fn start() -> Timestamp {
    "2026-03-02T06:00:00Z".parse().unwrap()
}

/// Port 0 of this machine.
pub(crate) fn any_port() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

/// Bytes that differ from call to call and from run to run not at all.
pub(crate) fn counted_bytes() -> Random {
    let calls = AtomicU64::new(1);
    Random::new(move |bytes| {
        let call = calls.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        for (byte, source) in bytes.iter_mut().rev().zip(call.iter().rev().cycle()) {
            *byte = *source;
        }
    })
}

pub(crate) fn options(clock: &VirtualClock) -> FacadeOptions {
    FacadeOptions {
        clock: Clock::Virtual(clock.clone()),
        random: counted_bytes(),
        profiles: NAMES.iter().map(|name| known(name)).collect(),
        features: BTreeMap::new(),
        allowed_hosts: BTreeSet::new(),
        rate_limit: None,
        timeouts: Timeouts::default(),
        backup: None,
        models: None,
        intake: None,
    }
}

fn known(name: &str) -> (String, Profile) {
    (name.to_owned(), Profile::parse(embedded(name).unwrap()).unwrap())
}

impl Site {
    /// With both agents.
    pub(crate) async fn open() -> Self {
        let catalog = Catalog::default().with::<Picky>().with::<Witness>();
        Self::with(catalog, |options| options).await
    }

    /// With nobody who commits anything by himself.
    pub(crate) async fn empty() -> Self {
        Self::with(Catalog::default(), |options| options).await
    }

    pub(crate) async fn limited(rate_limit: RateLimit) -> Self {
        Self::with(Catalog::default(), |options| FacadeOptions {
            rate_limit: Some(rate_limit),
            ..options
        })
        .await
    }

    pub(crate) async fn with(
        catalog: Catalog,
        change: impl FnOnce(FacadeOptions) -> FacadeOptions,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(GatedStore::default());
        let clock = VirtualClock::at(start());
        let deployment = Deployment::start(Options {
            catalog,
            configs: BTreeMap::new(),
            effects: Effects::default(),
            models: Models::default(),
            store: store.clone(),
            folder: folder.path().to_owned(),
            clock: Clock::Virtual(clock.clone()),
            partitions: PARTITIONS_EMBEDDED,
            recorder: FlightRecorder::default(),
            checkpoint_interval: None,
            shared: None,
        });
        let deployment = Arc::new(deployment.await.unwrap());
        let facade = Facade::new(deployment.clone(), change(options(&clock)));
        let bound = facade.bind(any_port()).await.unwrap();
        let address = bound.address();
        let (stop, stopping) = oneshot::channel::<()>();
        let mut serving = JoinSet::new();
        serving.spawn(bound.serve(async {
            drop(stopping.await);
        }));
        let stop = Some(stop);
        Self { address, store, clock, deployment, facade, stop, serving, _folder: folder }
    }

    pub(crate) async fn ask(&self, ask: Ask) -> Reply {
        ask.send(self.address).await
    }

    pub(crate) async fn get(&self, target: &str) -> Reply {
        self.ask(Ask::get(target)).await
    }

    pub(crate) async fn post(&self, target: &str, body: impl AsRef<[u8]>) -> Reply {
        self.ask(Ask::post(target, body)).await
    }

    /// Sends telemetry of `asset` in fleet `demo`.
    pub(crate) async fn send(&self, asset: &str, body: impl AsRef<[u8]>) -> Reply {
        self.post(&telemetry_of(asset), body).await
    }

    /// Waits until the first page of `stream` with an event called `name` on it.
    pub(crate) async fn events(&self, stream: &str, name: &str) -> Vec<Value> {
        let target = format!("/v1/events?stream={stream}&name={name}&wait=30s");
        let page = self.get(&target).await.expect(200);
        page["items"].as_array().unwrap().clone()
    }

    /// Waits until agent `kind` remembers at least `frames` of `asset`; gives how many it does.
    pub(crate) async fn remembers(&self, kind: &str, asset: &str, frames: u64) -> u64 {
        loop {
            let state = self.get(&format!("/v1/agents/{kind}/state/{asset}")).await;
            let found = match state.status {
                200 => state.json()["state"]["frames"].as_u64().unwrap(),
                _ => 0,
            };
            if found >= frames {
                return found;
            }
        }
    }

    /// Registers `asset` as a vehicle of fleet `demo`.
    pub(crate) async fn register(&self, asset: &str) {
        let body = format!(r#"{{"asset":"{asset}","fleet":"demo","profile":"vehicle"}}"#);
        self.post("/v1/assets", body).await.expect(201);
    }

    /// Tells the facade to end, and waits until it has.
    pub(crate) async fn end(&mut self) {
        drop(self.stop.take());
        self.serving.join_next().await.unwrap().unwrap();
    }
}

pub(crate) fn telemetry_of(asset: &str) -> String {
    format!("/v1/fleets/demo/assets/{asset}/telemetry")
}

/// A frame of one sample.
pub(crate) fn sample(second: u32, codes: &[&str]) -> String {
    let codes = serde_json::to_string(codes).unwrap();
    format!(r#"{{"t":"2026-03-02T06:00:{second:02}Z","s":{{"coolant":96.5}},"codes":{codes}}}"#)
}
