//! The device and a real server: the line is cut, both are killed, and every reading that was taken arrives.

use nats::server::{Options, Server};
use nats::{Connection, Layout, streams};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The device; ended when dropped.
struct Device {
    child: Child,
    signals: Option<ChildStdin>,
    names: BufReader<ChildStdout>,
}

impl Device {
    fn start(folder: &Path, url: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_store-and-forward"))
            .args(["demo", "VEH001", "--server", url, "--folder"])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let signals = child.stdin.take();
        let names = BufReader::new(child.stdout.take().expect("it was piped"));
        Self { child, signals, names }
    }

    /// Measures `count` times; gives the names of the readings that it took.
    fn measure(&mut self, count: usize) -> Vec<(u64, u64)> {
        let mut taken = Vec::new();
        for speed in 0..count {
            let signals = self.signals.as_mut().expect("it is open");
            writeln!(signals, "{{\"speed\":{speed}}}").expect("it reads");
            let mut name = String::new();
            self.names.read_line(&mut name).expect("it says the name");
            let (boot, seq) = name.trim().split_once('/').expect("a boot and a count");
            taken.push((boot.parse().expect("a number"), seq.parse().expect("a number")));
        }
        taken
    }

    fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it was started");
    }

    /// Waits until it has nothing more to send.
    fn end(&mut self) {
        drop(self.signals.take());
        assert!(self.child.wait().expect("it was started").success());
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to end.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// How often the server has each reading.
async fn stored(connection: &Connection) -> BTreeMap<(u64, u64), usize> {
    let stream = connection.jetstream().get_stream(streams::TELEMETRY).await.expect("it is there");
    let mut stored = BTreeMap::new();
    for sequence in 1..=stream.cached_info().state.last_sequence {
        let message = stream.get_raw_message(sequence).await.expect("it is kept");
        let body: Value = serde_json::from_slice(&message.payload).expect("it is JSON");
        for sample in body["samples"].as_array().expect("it has samples") {
            let boot = body["boot"].as_u64().expect("it has a boot");
            *stored.entry((boot, sample["seq"].as_u64().expect("a count"))).or_default() += 1;
        }
    }
    stored
}

#[tokio::test(flavor = "multi_thread")]
async fn every_reading_arrives_whatever_is_killed() {
    let folder = tempfile::tempdir().expect("there is room");
    let readings = folder.path().join("readings");
    let mut server =
        Server::start(&folder.path().join("nats"), &Options::default()).expect("it starts");
    let url = server.url();
    let connection =
        Connection::open(&nats::Options::new(&*url, "test")).await.expect("it answers");
    streams::create(&connection, &Layout::default()).await.expect("streams are made");
    let mut taken = Vec::new();

    let mut device = Device::start(&readings, &url);
    taken.extend(device.measure(30));
    server.kill().expect("it runs");
    taken.extend(device.measure(250));
    device.kill();
    let mut device = Device::start(&readings, &url);
    taken.extend(device.measure(20));
    server.start_again().expect("it starts");
    taken.extend(device.measure(5));
    device.end();

    let mut link = connection.watch();
    link.wait_for(|link| link.is_connected).await.expect("it comes back");
    let stored = stored(&connection).await;
    let missing: Vec<_> = taken.iter().filter(|name| !stored.contains_key(name)).collect();
    assert!(missing.is_empty(), "of {} readings are missing {missing:?}", taken.len());
    assert_eq!((taken.len(), taken.last()), (305, Some(&(2, 24))));
    let left = fs::read_dir(&readings).expect("it is there").count();
    assert_eq!(left, 1, "only the number of the start is left");
}
