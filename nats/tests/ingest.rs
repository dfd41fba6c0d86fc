//! Telemetry from a real server into a deployment: every acknowledged message once, whatever ends in between.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

use async_nats::HeaderMap;
use futures_util::StreamExt;
use messages::guard::{Level, PrincipalContained};
use messages::health::{QuarantineReason, TelemetryQuarantined};
use messages::telemetry::Telemetry;
use messages::{Envelope, Message, MessageId, Stream, Timestamp};
use nats::devices::notices::TOLD;
use nats::devices::reader::{BATCH_RECORDS_MAX, Gap};
use nats::devices::{self, Ingest};
use nats::server::{self, Server};
use nats::{Connection, Layout, Options, streams};
use runtime::Catalog;
use runtime::bus::Bus;
use runtime::deployment::{self, Deployment};
use runtime::guard::{Principal, THROTTLED_BURST};
use runtime::intake::Standing;
use runtime::rate::RateLimit;
use runtime::store::memory::MemoryStore;
use runtime::store::{Partition, ReadLimit, Store};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Longest wait for something that is to happen.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server, a connection to it, and a store.
struct Site {
    server: Server,
    connection: Connection,
    store: Arc<MemoryStore>,
    folder: TempDir,
}

/// A deployment that telemetry is brought into.
struct Running {
    standing: watch::Receiver<Standing>,
    ingest: JoinHandle<()>,
    deployment: Deployment,
}

impl Running {
    /// Ends it wherever it is.
    async fn stop(self) {
        self.ingest.abort();
        assert!(self.ingest.await.unwrap_err().is_cancelled(), "it reads until it is ended");
    }

    async fn until(&mut self, what: &str, is_so: impl FnMut(&Standing) -> bool) -> Standing {
        let waited = tokio::time::timeout(PATIENCE, self.standing.wait_for(is_so)).await;
        let found = waited.map(|found| found.unwrap().clone());
        found.unwrap_or_else(|_| panic!("never {what}: {:?}", self.standing.borrow()))
    }
}

impl Site {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(&folder.path().join("nats"), &server::Options::default());
        let server = server.unwrap();
        let connection = Connection::open(&Options::new(server.url(), "test")).await.unwrap();
        streams::create(&connection, &Layout::default()).await.unwrap();
        Self { server, connection, store: Arc::default(), folder }
    }

    async fn run(&self, gap: Gap) -> Running {
        self.run_with(devices::Options { gap, ..devices::Options::default() }).await
    }

    #[expect(clippy::disallowed_methods, reason = "each test ends it")]
    async fn run_with(&self, ingest: devices::Options) -> Running {
        let (store, folder) = (self.store.clone(), self.folder.path());
        let options = deployment::Options::new(Catalog::default(), store, folder);
        let deployment = Deployment::start(options).await.unwrap();
        let options = Options::new(self.server.url(), "ingest");
        let connection = Connection::open_patiently(&options).await.unwrap();
        let ingest = devices::Options { source: self.server.url(), ..ingest };
        let ingest = Ingest::new(connection, &deployment, ingest);
        let standing = ingest.watch();
        let ingest = tokio::spawn(async move {
            let stopped = ingest.run().await;
            panic!("nothing is committed any more: {stopped}");
        });
        Running { standing, ingest, deployment }
    }

    /// Publishes until it is acknowledged, as a device does; gives the position.
    async fn publish(&self, asset: &str, headers: HeaderMap, body: &str) -> u64 {
        loop {
            let subject = format!("aurora.v1.telemetry.demo.{asset}");
            let jetstream = self.connection.jetstream();
            let sent =
                jetstream.publish_with_headers(subject, headers.clone(), body.to_owned().into());
            if let Ok(ack) = sent.await
                && let Ok(ack) = ack.await
                && !ack.duplicate
            {
                return ack.sequence;
            }
        }
    }

    async fn send(&self, asset: &str, seq: u64) -> u64 {
        self.publish(asset, HeaderMap::new(), &sample(seq)).await
    }

    /// How often each count of each asset is in the store's telemetry.
    fn taken(&self) -> BTreeMap<(String, u64), usize> {
        let mut taken = BTreeMap::new();
        for partition in self.store.partitions() {
            for frame in self.records::<Telemetry>(partition) {
                for sample in frame.samples {
                    *taken.entry((frame.asset.clone(), sample.seq.unwrap())).or_default() += 1;
                }
            }
        }
        taken
    }

    fn quarantined(&self) -> Vec<TelemetryQuarantined> {
        self.records(Partition::LOG)
    }

    fn records<M: Message>(&self, partition: Partition) -> Vec<M> {
        let mut found = Vec::new();
        let mut after = 0;
        loop {
            let batch = self.store.read(partition, after, ReadLimit::default()).unwrap();
            let Some(last) = batch.last() else { return found };
            after = last.sequence;
            let named = batch.iter().filter(|delivery| delivery.envelope.name == M::NAME);
            found.extend(named.map(|delivery| delivery.envelope.open::<M>().unwrap()));
        }
    }
}

fn sample(seq: u64) -> String {
    format!(r#"{{"boot":1,"seq":{seq},"t":"2026-03-02T06:00:00Z","s":{{"speed":{seq}}}}}"#)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_is_brought_in_once_over_restarts_of_reader_and_server() {
    let mut site = Site::open().await;
    let mut last = 0;
    for round in 0..6_u64 {
        let mut running = site.run(Gap::Stop).await;
        for seq in 0..50 {
            last = site.send("VEH001", round * 100 + seq).await;
            if seq == 25 && round % 2 == 1 {
                running.until("reads", |standing| standing.reading).await;
                site.server.kill().unwrap();
                running.until("noticed", |standing| !standing.reading).await;
                site.server.start_again().unwrap();
            }
        }
        if round % 3 == 2 {
            let standing = running.until("read to the end", |it| it.position >= last).await;
            assert_eq!((standing.missing, standing.trouble.as_deref()), (0, None));
        }
        running.stop().await;
    }
    let mut running = site.run(Gap::Stop).await;
    running.until("read to the end", |standing| standing.position >= last).await;
    let taken = site.taken();
    assert_eq!(taken.len(), 300);
    // A device that was not answered sent again: stored twice there, and the same reading to whoever counts.
    let records: usize = taken.values().sum();
    assert_eq!(records as u64, last, "each record of the stream is in the log exactly once");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_devices_with_one_id_both_get_through() {
    let site = Site::open().await;
    let mut running = site.run(Gap::Stop).await;
    let headers = || {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("Nats-Msg-Id", "1"),
            ("ce-specversion", "1.0"),
            ("ce-id", "1"),
            ("ce-source", "device"),
            ("ce-type", "telemetry.received"),
        ] {
            headers.insert(name, value);
        }
        headers
    };
    site.publish("VEH001", headers(), &sample(1)).await;
    let last = site.publish("VEH002", headers(), &sample(1)).await;
    running.until("read", |standing| standing.position >= last).await;
    let both = [("VEH001".to_owned(), 1), ("VEH002".to_owned(), 1)];
    assert_eq!(site.taken(), both.into_iter().map(|key| (key, 1)).collect());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_or_believed_is_kept_and_said() {
    let site = Site::open().await;
    let mut running = site.run(Gap::Stop).await;
    site.publish("VEH001", HeaderMap::new(), "{\"t\":").await;
    let spoofed = format!(
        r#"{{"specversion":"1.0","id":"a","source":"x","type":"telemetry.received","subject":"VEH002","data":{}}}"#,
        sample(1)
    );
    site.publish("VEH001", HeaderMap::new(), &spoofed).await;
    let last = site.send("VEH001", 2).await;
    let standing = running.until("read", |standing| standing.position >= last).await;
    assert_eq!(
        standing.quarantined,
        [(QuarantineReason::Malformed, 1), (QuarantineReason::Impersonation, 1)].into()
    );
    let kept = site.quarantined();
    let bodies: Vec<&[u8]> =
        kept.iter().filter_map(|one| Some(&one.as_sent.as_ref()?.body[..])).collect();
    assert_eq!(bodies, [b"{\"t\":".as_slice(), spoofed.as_bytes()]);
    assert_eq!(site.taken(), [(("VEH001".to_owned(), 2), 1)].into());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_backlog_is_read_in_one_go() {
    let site = Site::open().await;
    let sent = 2 * BATCH_RECORDS_MAX as u64 + 1;
    let mut last = 0;
    for seq in 0..sent {
        last = site.send("VEH001", seq).await;
    }
    let mut running = site.run(Gap::Stop).await;
    running.until("read", |standing| standing.position >= last).await;
    assert_eq!(site.taken().len() as u64, sent);
    let stream = site.connection.jetstream().get_stream(streams::TELEMETRY).await.unwrap();
    assert_eq!(stream.cached_info().state.consumer_count, 1, "each beginning makes another");
}

/// A person contains the device of `asset`.
async fn contain(running: &Running, asset: &str, level: Level) {
    let contained = PrincipalContained {
        principal: format!("device/demo/{asset}"),
        level,
        until: None,
        finding: None,
        reason: "a test".to_owned(),
        evidence_from: Timestamp::EPOCH,
        by: "facade".to_owned(),
    };
    let envelope = Envelope::new(MessageId::named("test", asset), "facade", &contained);
    let people = running.deployment.session(Principal::facade());
    people.append(vec![envelope.unwrap().into()]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_contained_device_publishes_is_kept_and_costs_nobody_else_anything() {
    let site = Site::open().await;
    let mut running = site.run(Gap::Stop).await;
    contain(&running, "VEH001", Level::Refused).await;
    site.send("VEH001", 1).await;
    let last = site.send("VEH002", 1).await;
    let standing = running.until("read", |standing| standing.position >= last).await;
    assert_eq!(standing.quarantined, [(QuarantineReason::Contained, 1)].into());
    assert_eq!(site.taken(), [(("VEH002".to_owned(), 1), 1)].into());
    let kept = site.quarantined();
    assert_eq!(&kept[0].as_sent.as_ref().unwrap().body[..], sample(1).as_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_throttled_devices_is_taken_what_they_may_say_each_for_itself() {
    let site = Site::open().await;
    let running = site.run(Gap::Stop).await;
    for asset in ["VEH001", "VEH002"] {
        contain(&running, asset, Level::Throttled).await;
    }
    running.stop().await;
    let burst = u64::from(THROTTLED_BURST);
    for seq in 0..burst {
        site.send("VEH001", seq).await;
    }
    let mut last = 0;
    for seq in 0..2 * burst {
        last = site.send("VEH002", seq).await;
    }
    let mut running = site.run(Gap::Stop).await;
    running.until("read", |standing| standing.position >= last).await;
    let taken = site.taken();
    let of = |asset: &str| taken.keys().filter(|(it, _)| it == asset).count() as u64;
    assert_eq!(of("VEH001"), burst, "another's refusal has cost it something");
    assert!(of("VEH002") >= burst, "{}", of("VEH002"));
    assert_eq!(of("VEH002") + site.quarantined().len() as u64, 2 * burst);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_stream_or_one_with_records_gone_is_not_read_unless_that_is_accepted() {
    let site = Site::open().await;
    let jetstream = site.connection.jetstream();
    let mut running = site.run(Gap::Stop).await;
    let last = site.send("VEH001", 1).await;
    running.until("read", |standing| standing.position >= last).await;
    running.stop().await;

    for seq in 2..5 {
        site.send("VEH001", seq).await;
    }
    let stream = jetstream.get_stream(streams::TELEMETRY).await.unwrap();
    stream.purge().sequence(4).await.unwrap();
    let mut running = site.run(Gap::Stop).await;
    let is_told = |text: &'static str| {
        move |standing: &Standing| standing.trouble.as_deref().is_some_and(|it| it.contains(text))
    };
    running.until("told", is_told("2 records are gone")).await;
    running.stop().await;
    let mut running = site.run(Gap::Accept).await;
    running.until("read", |standing| standing.position >= 4).await;
    running.stop().await;
    assert_eq!(site.taken().into_keys().map(|(_, seq)| seq).collect::<Vec<_>>(), [1, 4]);

    jetstream.delete_stream(streams::TELEMETRY).await.unwrap();
    let mut running = site.run(Gap::Stop).await;
    running.until("told", is_told("is missing")).await;
    streams::create(&site.connection, &Layout::default()).await.unwrap();
    running.until("told", is_told("was read before")).await;
    running.stop().await;
    // As long as the one before: only its name tells them apart.
    let mut last = 0;
    for seq in 9..14 {
        last = site.send("VEH001", seq).await;
    }
    let mut running = site.run(Gap::Stop).await;
    running.until("told", is_told("was read before")).await;
    running.stop().await;
    assert_eq!(site.taken().len(), 2);
    let mut running = site.run(Gap::Accept).await;
    running.until("read", |standing| standing.reading && standing.position == last).await;
    assert_eq!(site.taken().len(), 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_asset_goes_to_its_own_partition_of_the_log() {
    let site = Site::open().await;
    let mut running = site.run(Gap::Stop).await;
    let mut last = 0;
    for number in 0..8 {
        last = site.send(&format!("VEH{number}"), 1).await;
    }
    running.until("read", |standing| standing.position >= last).await;
    let used = site.store.partitions();
    assert!(used.iter().filter(|it| it.stream == Stream::Telemetry).count() > 1, "{used:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_floods_is_held_to_its_rate_and_costs_nobody_else_anything() {
    const FLOOD: u64 = 2_000;
    let limit = RateLimit { messages_per_second: 1.0, burst: 50.0 };
    let site = Site::open().await;
    for seq in 0..FLOOD {
        site.send("VEH001", seq).await;
        if seq % 50 == 0 {
            site.send("VEH002", seq).await;
        }
    }
    let last = site.send("VEH002", FLOOD).await;
    let options = devices::Options { rate_limit: Some(limit), ..devices::Options::default() };
    let mut running = site.run_with(options).await;
    let standing = running.until("read", |standing| standing.position >= last).await;
    let taken = site.taken();
    let of = |asset: &str| taken.keys().filter(|(it, _)| it == asset).count() as u64;
    assert_eq!(of("VEH002"), FLOOD / 50 + 1, "another's flood has cost it something");
    assert!((50..FLOOD / 4).contains(&of("VEH001")), "{}", of("VEH001"));
    let aside = site.quarantined();
    let kept: usize = aside.iter().map(|it| it.telemetry.samples.len()).sum();
    assert_eq!(of("VEH001") + kept as u64, FLOOD, "nothing of it is lost");
    assert_eq!(standing.quarantined, [(QuarantineReason::TooFast, kept as u64)].into());
    assert!(aside.iter().all(|it| it.asset == "VEH001" && it.reason == QuarantineReason::TooFast));
    assert!(aside.len() <= kept / 4, "{} records for {kept} messages", aside.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_told_once_what_was_set_aside_of_its_readings_whoever_did_it() {
    let site = Site::open().await;
    let subscribe = |subject: &'static str| site.connection.client().subscribe(subject);
    let mut heard = subscribe("aurora.v1.notice.demo.VEH001").await.unwrap();
    let mut others = subscribe("aurora.v1.notice.demo.VEH002").await.unwrap();
    site.connection.client().flush().await.unwrap();
    let mut running = site.run(Gap::Stop).await;
    running.until("reads", |standing| standing.reading).await;
    let mut next = async || -> serde_json::Value {
        let notice = tokio::time::timeout(PATIENCE, heard.next()).await;
        serde_json::from_slice(&notice.expect("a notice comes").unwrap().payload).unwrap()
    };
    site.publish("VEH001", HeaderMap::new(), "{\"t\":").await;
    let told = next().await;
    assert_eq!((&told["reason"], &told["samples"]), (&"malformed".into(), &0.into()), "{told}");
    assert!(told["remedy"].as_str().unwrap().contains("ingest check"), "{told}");

    // What an agent sets aside is told, too.
    let telemetry: Telemetry = serde_json::from_str(
        r#"{"fleet":"demo","asset":"VEH001","boot":null,"signals":[],"samples":[]}"#,
    )
    .unwrap();
    let quarantined = TelemetryQuarantined {
        fleet: "demo".to_owned(),
        asset: "VEH001".to_owned(),
        reason: QuarantineReason::UnknownSignal,
        detail: "signal `colant` is unknown".to_owned(),
        nearest: Some("coolant".to_owned()),
        remedy: "rename it".to_owned(),
        telemetry,
        as_sent: None,
    };
    let id = MessageId::named("test", "quarantined");
    let said = Envelope::new(id, "data-analysis", &quarantined).unwrap();
    running.deployment.bus().append(vec![said.into()]).await.unwrap();
    let told = next().await;
    assert_eq!((&told["reason"], &told["nearest"]), (&"unknown_signal".into(), &"coolant".into()));
    assert_eq!(told["id"], id.to_string(), "{told}");
    let head = site.store.head(Partition::LOG).to_string();
    while site.store.blob(TOLD).unwrap().as_deref() != Some(head.as_bytes()) {
        tokio::task::yield_now().await;
    }
    running.stop().await;

    let running = site.run(Gap::Stop).await;
    site.publish("VEH001", HeaderMap::new(), "[]").await;
    let told = next().await;
    assert_eq!(told["reason"], "malformed", "after a restart nothing is told again: {told}");
    running.stop().await;
    assert!(futures_util::FutureExt::now_or_never(others.next()).is_none(), "told to another");
}
