//! Credentials of devices, from the command that prints them to readings that are counted.

use crate::devices::{SAMPLES, add, counted, event};
use crate::process::{Served, run};
use crate::publisher::publish_mqtt;
use nats::server::{Options, Server};
use nats::{Connection, Credentials};
use rumqttc::{Client, Event, MqttOptions, Packet, QoS};
use serde_json::Value;
use std::fs;
use std::path::Path;
use tempfile::tempdir;
use tokio::runtime::Runtime;

/// What `device add` prints.
fn credential(folder: &Path, arguments: &[&str]) -> Value {
    let ran = run(folder, &[&["device", "add", "north"], arguments, &["-o", "json"]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    ran.json()
}

/// A server with the users of `folder`, and its streams.
fn server(folder: &Path) -> Server {
    let written = run(
        folder,
        &[
            "nats",
            "permissions",
            "--keys",
            "keys",
            "--devices",
            "devices.jsonl",
            "--out",
            "users.conf",
        ],
    );
    assert_eq!(written.code, 0, "{written:?}");
    let more = fs::read_to_string(folder.join("users.conf")).unwrap();
    let options = Options { mqtt: true, more, ..Options::default() };
    let server = Server::start(&folder.join("nats"), &options).unwrap();
    for user in ["operator", "ingest"] {
        let bus = format!(
            "[bus]\nurl = {:?}\nnkey = \"keys/{user}.nk\"\ninbox = \"_INBOX_{user}\"\n",
            server.url()
        );
        fs::write(folder.join(format!("{user}.toml")), bus).unwrap();
    }
    let made = run(folder, &["nats", "init", "--mqtt", "-c", "operator.toml"]);
    assert_eq!(made.code, 0, "{made:?}");
    server
}

/// The device's connection, with what it was handed.
async fn connect(server: &Server, folder: &Path, handed: &Value) -> Connection {
    let seed = folder.join("seed");
    fs::write(&seed, handed["seed"].as_str().unwrap()).unwrap();
    let options = nats::Options {
        credentials: Credentials::Nkey(seed),
        inbox: handed["inbox"].as_str().map(str::to_owned),
        ..nats::Options::new(server.url(), "device")
    };
    Connection::open(&options).await.unwrap()
}

fn mqtt(server: &Server, handed: &Value, client: &str) -> MqttOptions {
    let mut options = MqttOptions::new(client, "127.0.0.1", server.mqtt_port().unwrap());
    let text = |field: &str| handed[field].as_str().unwrap().to_owned();
    options.set_credentials(text("user"), text("password"));
    options
}

/// The first notice that a device hears over MQTT; `then` is done once it listens.
fn notice_over_mqtt(options: MqttOptions, topic: &str, then: impl FnOnce()) -> Value {
    let (client, mut connection) = Client::new(options, 10);
    client.subscribe(topic, QoS::AtMostOnce).unwrap();
    let mut then = Some(then);
    for event in connection.iter() {
        match event.unwrap() {
            Event::Incoming(Packet::SubAck(_)) => then.take().unwrap()(),
            Event::Incoming(Packet::Publish(notice)) => {
                return serde_json::from_slice(&notice.payload).unwrap();
            }
            _ => {}
        }
    }
    panic!("the connection ended");
}

#[test]
fn a_credential_lets_a_device_speak_for_itself_alone_over_nats_and_over_mqtt() {
    let folder = tempdir().unwrap();
    let nkey = credential(folder.path(), &["VEH001"]);
    let password = credential(folder.path(), &["VEH002", "--mqtt"]);
    let server = server(folder.path());
    let served = Served::start(folder.path(), &["-c", "ingest.toml"]).ready();
    ["VEH001", "VEH002"].iter().for_each(|asset| add(&served, asset));

    Runtime::new().unwrap().block_on(async {
        let device = connect(&server, folder.path(), &nkey).await;
        let own = nkey["publishes"].as_str().unwrap().to_owned();
        let sent = device.jetstream().publish(own, event("VEH001", 0).into()).await.unwrap();
        sent.await.unwrap();
    });
    let other = "aurora/v1/telemetry/north/VEH001";
    publish_mqtt(mqtt(&server, &password, "a"), other, QoS::AtMostOnce, &[event("VEH001", 1)]);
    let own = "aurora/v1/telemetry/north/VEH002";
    publish_mqtt(mqtt(&server, &password, "b"), own, QoS::AtLeastOnce, &[event("VEH002", 0)]);
    for asset in ["VEH001", "VEH002"] {
        let readings = counted(&served, asset, SAMPLES);
        assert_eq!(readings["quarantined"], 0, "{readings}");
    }
    let heard =
        notice_over_mqtt(mqtt(&server, &password, "c"), "aurora/v1/notice/north/VEH002", || {
            publish_mqtt(
                mqtt(&server, &password, "d"),
                own,
                QoS::AtLeastOnce,
                &["{\"t\":".to_owned()],
            );
        });
    assert_eq!(heard["reason"], "malformed", "{heard}");
    let shown = served.ask(&["ingest", "show", "VEH001", "-o", "json"]).json();
    assert_eq!(shown["samples"], SAMPLES, "another's message over MQTT was not stored: {shown:#}");
}

#[test]
fn a_credential_is_printed_once_and_renewed_only_when_that_is_asked_for() {
    let folder = tempdir().unwrap();
    let first = credential(folder.path(), &["VEH001"]);
    let again = run(folder.path(), &["device", "add", "north", "VEH001"]);
    assert_eq!(again.code, 1, "{again:?}");
    assert!(again.err.contains("--renew") && again.out.is_empty(), "{again:?}");
    let second = credential(folder.path(), &["VEH001", "--renew"]);
    assert_ne!(first["seed"], second["seed"]);
    let list = fs::read_to_string(folder.path().join("devices.jsonl")).unwrap();
    assert!(list.contains(second["user"].as_str().unwrap()), "{list}");
    assert!(!list.contains(second["seed"].as_str().unwrap()), "{list}");
    assert!(!list.contains(first["user"].as_str().unwrap()), "{list}");
    let shown = run(folder.path(), &["-q", "device", "add", "north", "VEH002", "--mqtt"]);
    assert!(shown.out.contains("password"), "quiet or not, it is shown: {shown:?}");
    let lost = run(folder.path(), &["nats", "permissions", "--keys", "keys", "--devices", "lost"]);
    assert_ne!(lost.code, 0, "a list that is not there lets nobody in unnoticed: {lost:?}");
}
