//! Who follows what happens: none missed, none twice, the late told so, and nobody harmed by one who does not read.

use crate::client::Ask;
use crate::site::Site;
use dashboard_api::{FacadeOptions, Timeouts};
use messages::consent::Channel;
use messages::contact::CustomerReplied;
use messages::registry::AssetRetired;
use messages::{Envelope, Message, MessageId};
use runtime::Catalog;
use runtime::bus::Bus;
use serde_json::Value;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::watch;

/// Longer than anything here may take.
const PATIENCE: Duration = Duration::from_secs(40);

/// One event of a stream.
#[derive(Debug, Default)]
struct Event {
    id: u64,
    name: String,
    data: Option<Value>,
}

/// A client of the stream.
struct Follower {
    lines: BufReader<TcpStream>,
}

impl Follower {
    async fn open(address: SocketAddr, target: &str, last_seen: Option<&str>) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let last_seen = last_seen.map_or_else(String::new, |id| format!("last-event-id: {id}\r\n"));
        // HTTP/1.0: the body comes as it is, without chunks.
        let ask = format!("GET {target} HTTP/1.0\r\nhost: {address}\r\n{last_seen}\r\n");
        stream.write_all(ask.as_bytes()).await.unwrap();
        let mut follower = Self { lines: BufReader::new(stream) };
        let status = follower.line().await.unwrap();
        assert!(status.contains(" 200 "), "{status}");
        while !follower.line().await.unwrap().is_empty() {}
        follower
    }

    async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = tokio::time::timeout(PATIENCE, self.lines.read_line(&mut line));
        let bytes = read.await.expect("a line in time").unwrap();
        (bytes > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned())
    }

    /// The next event with data, or `None` at the end.
    async fn next(&mut self) -> Option<Event> {
        let mut event = Event::default();
        loop {
            let line = self.line().await?;
            match line.split_once(": ") {
                Some(("id", id)) => event.id = id.strip_prefix("log/0:").unwrap().parse().unwrap(),
                Some(("event", name)) => event.name = name.to_owned(),
                Some(("data", data)) => event.data = Some(serde_json::from_str(data).unwrap()),
                _ if line.is_empty() && event.data.is_some() => return Some(event),
                _ => {}
            }
        }
    }

    /// Positions of the next events until the one at `last`.
    async fn until(&mut self, last: u64) -> Vec<u64> {
        let mut seen = Vec::new();
        while seen.last() != Some(&last) {
            let event = self.next().await.expect("a stream that goes on");
            assert_eq!(event.name, "", "{event:?}");
            seen.push(event.id);
        }
        seen
    }
}

/// Retires assets that nobody knows, `count` times: records that change nothing.
async fn say(site: &Site, asset: &str, count: u64) -> u64 {
    let mut last = 0;
    for number in 0..count {
        let message = AssetRetired { asset: asset.to_owned(), reason: "sold".to_owned() };
        let id = MessageId::named("following", &format!("{asset}{number}"));
        let envelope = Envelope::new(id, "test", &message).unwrap();
        let receipt = site.deployment.bus().append(vec![envelope.into()]).await.unwrap();
        last = receipt[0].1;
    }
    last
}

async fn changes(site: &Site, query: &str) -> Value {
    site.get(&format!("/v1/changes?{query}")).await.expect(200)
}

fn names(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_behind_the_last_cursor_misses_nothing_and_sees_nothing_twice() {
    let site = Site::empty().await;
    let start = changes(&site, "").await;
    assert_eq!(names(&start), [""; 0]);
    let last = say(&site, "VEH001", 25).await;
    let mut cursor = start["next_cursor"].as_str().unwrap().to_owned();
    let mut seen = Vec::new();
    while seen.len() < 25 {
        let page = changes(&site, &format!("after={cursor}&limit=7&wait=20s")).await;
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 7);
        seen.extend(items.iter().map(|item| item["position"].as_str().unwrap().to_owned()));
        page["next_cursor"].as_str().unwrap().clone_into(&mut cursor);
    }
    let expected: Vec<String> = (1..=last).map(|sequence| format!("log/0:{sequence}")).collect();
    assert_eq!(seen, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_waits_until_something_wanted_happens() {
    let site = Site::empty().await;
    site.register("VEH001").await;
    site.register("VEH002").await;
    let address = site.address;
    let ask = |query: &str| Ask::get(format!("/v1/changes?after=end&wait=30s&{query}"));
    let waiting: Vec<Ask> = ["asset=VEH002", "fleet=demo", "kinds=asset", "kinds=asset.retired"]
        .into_iter()
        .map(ask)
        .collect();
    let mut answers = tokio::task::JoinSet::new();
    for ask in waiting {
        answers.spawn(async move { ask.send(address).await });
    }
    // Another asset's event must wake none but those who want it; the last one wakes all.
    let mut found = 0;
    while found < 4 {
        say(&site, "VEH002", 1).await;
        while let Ok(Some(reply)) =
            tokio::time::timeout(Duration::from_millis(200), answers.join_next()).await
        {
            let page = reply.unwrap().expect(200);
            assert!(names(&page).contains(&AssetRetired::NAME), "{page}");
            found += 1;
        }
    }
    let none = changes(&site, "after=log/0:0&asset=VEH009").await;
    assert_eq!(names(&none), [""; 0]);
    assert_ne!(none["next_cursor"], "log/0:0", "what was passed over is not looked at again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_that_is_too_old_or_not_there_yet_is_410_with_the_way_on() {
    let site = Site::empty().await;
    let head = say(&site, "VEH001", 1).await;
    let problem = site.get(&format!("/v1/changes?after=log/0:{}", head + 50)).await;
    let problem = problem.problem(410, "gone");
    assert!(problem["detail"].as_str().unwrap().contains(&format!("log/0:{head}")), "{problem}");
    site.get("/v1/changes?after=health/0:1").await.problem(400, "malformed");
    site.get("/v1/changes?wait=31s").await.problem(400, "malformed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_goes_on_where_its_last_event_was() {
    let site = Site::empty().await;
    let mut follower = Follower::open(site.address, "/v1/stream?after=log/0:0", None).await;
    let last = say(&site, "VEH001", 10).await;
    assert_eq!(follower.until(last).await, (1..=last).collect::<Vec<_>>());
    drop(follower);
    let last = say(&site, "VEH002", 10).await;
    let mut follower = Follower::open(site.address, "/v1/stream", Some("log/0:7")).await;
    assert_eq!(follower.until(last).await, (8..=last).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_and_questions_share_cursors_and_filters() {
    let site = Site::empty().await;
    site.register("VEH001").await;
    say(&site, "OTHER", 5).await;
    let last = say(&site, "VEH001", 3).await;
    let target = "/v1/stream?after=log/0:0&asset=VEH001&kinds=asset";
    let mut follower = Follower::open(site.address, target, None).await;
    let streamed = follower.until(last).await;
    let page = changes(&site, "after=log/0:0&asset=VEH001&kinds=asset").await;
    let asked: Vec<u64> = page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["position"].as_str().unwrap()["log/0:".len()..].parse().unwrap())
        .collect();
    assert_eq!(streamed, asked);
    assert_eq!(asked.len(), 4, "registered once, retired three times");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_client_is_told_to_begin_anew_and_goes_on_from_the_newest() {
    let site = Site::empty().await;
    let head = say(&site, "VEH001", 3).await;
    let mut late = Follower::open(site.address, "/v1/stream", Some("log/0:999")).await;
    let resync = late.next().await.unwrap();
    assert_eq!((resync.name.as_str(), resync.id), ("resync", head));
    assert_eq!(resync.data.unwrap()["cursor"], format!("log/0:{head}"));
    let last = say(&site, "VEH002", 2).await;
    assert_eq!(late.until(last).await, (head + 1..=last).collect::<Vec<_>>());
}

/// Appends replies of 8 KiB until `bytes` of them have been said; waits for `reader`, which tells how far it is.
async fn flood(site: &Site, bytes: usize, mut reader: Option<watch::Receiver<u64>>) -> u64 {
    let text = "x".repeat(8 * 1024 - 512);
    let mut last = 0;
    for batch in 0..bytes / (64 * text.len()) {
        let entries = (0..64).map(|number| {
            let message = CustomerReplied {
                owner: "OWN001".to_owned(),
                case: None,
                channel: Channel::App,
                text: text.clone(),
            };
            let id = MessageId::named("flood", &format!("{batch} {number}"));
            Envelope::new(id, "test", &message).unwrap().into()
        });
        let receipt = site.deployment.bus().append(entries.collect()).await.unwrap();
        last = receipt.last().unwrap().1;
        if let Some(reader) = &mut reader {
            reader.wait_for(|seen| *seen + 256 > last).await.unwrap();
        }
    }
    last
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_stops_reading_is_told_when_it_reads_again_and_others_lose_nothing() {
    let site = Site::empty().await;
    let mut stopped = Follower::open(site.address, "/v1/stream?after=log/0:0", None).await;
    let address = site.address;
    let (tell, told) = watch::channel(0);
    let reader = async {
        let mut reader = Follower::open(address, "/v1/stream?after=log/0:0", None).await;
        let mut seen = Vec::new();
        loop {
            let event = reader.next().await.expect("a stream that goes on");
            assert_ne!(event.name, "resync", "one who reads is not cut off");
            seen.push(event.id);
            tell.send_replace(event.id);
            let data = event.data.unwrap();
            if data["name"] == AssetRetired::NAME {
                return seen;
            }
        }
    };
    let writer = async {
        // More than the ring and the buffers of the system hold together.
        flood(&site, 80 * 1024 * 1024, Some(told)).await;
        say(&site, "LAST", 1).await
    };
    let (seen, last) = tokio::join!(reader, writer);
    assert_eq!(seen, (1..=last).collect::<Vec<_>>());
    let mut before = 0;
    let resync = loop {
        let event = stopped.next().await.expect("told before the end");
        if event.name == "resync" {
            break event;
        }
        assert_eq!(event.id, before + 1, "in order up to where it stopped");
        before = event.id;
    };
    assert!(before < last && resync.id == last, "{before} {}", resync.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_takes_nothing_for_too_long_loses_its_place() {
    let patience = Duration::from_millis(300);
    let timeouts = Timeouts { write: patience, ..Timeouts::default() };
    let site =
        Site::with(Catalog::default(), |options| FacadeOptions { timeouts, ..options }).await;
    let mut stopped = Follower::open(site.address, "/v1/stream?after=log/0:0", None).await;
    flood(&site, 40 * 1024 * 1024, None).await;
    let streams = |text: &str| {
        let line = text.lines().find(|line| line.starts_with("aurorasync_streams ")).unwrap();
        line.rsplit_once(' ').unwrap().1.to_owned()
    };
    let ended = async { while streams(site.get("/metrics").await.text()) != "0" {} };
    tokio::time::timeout(PATIENCE, ended).await.expect("its place is free");
    let mut rest = Vec::new();
    drop(stopped.lines.read_to_end(&mut rest).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_ends_streams_too() {
    let mut site = Site::empty().await;
    let mut follower = Follower::open(site.address, "/v1/stream", None).await;
    site.end().await;
    assert!(follower.next().await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_that_there_is_not_is_refused_with_those_that_there_are() {
    let site = Site::empty().await;
    for wrong in ["zzz", "asset,cases", "asset.retird"] {
        for route in ["/v1/changes", "/v1/stream"] {
            let refused = site.get(&format!("{route}?kinds={wrong}")).await;
            let problem = refused.problem(400, "malformed");
            let detail = problem["detail"].as_str().unwrap();
            let unknown = wrong.rsplit(',').next().unwrap();
            assert!(detail.contains(&format!("`{unknown}`")), "{detail}");
            assert!(detail.contains("agent, asset, ") && detail.contains(", case, "), "{detail}");
        }
    }
    changes(&site, "kinds=case,%20asset.retired,").await;
}
