//! Devices that publish: to a real server of NATS, over NATS and over MQTT.

use nats::server::{self, Server};
use nats::{Connection, Layout, Options, services, streams};
use rumqttc::{Client, Event, MqttOptions, Packet, QoS};
use serde_json::Value;
use std::path::Path;
use tokio::runtime::Runtime;

/// Messages that an MQTT client holds until they are sent.
const QUEUE_MESSAGES: usize = 100;
/// Times that a question is asked before it counts as unanswered.
const ASKED_MAX: usize = 60;

/// A server with its streams, and a client of it.
pub(crate) struct Publisher {
    server: Server,
    threads: Runtime,
    connection: Connection,
}

impl Publisher {
    /// Starts a server that keeps everything below `folder`, MQTT included.
    pub(crate) fn start(folder: &Path) -> Self {
        let options = server::Options { mqtt: true, ..server::Options::default() };
        let server = Server::start(&folder.join("nats"), &options).unwrap();
        let threads = Runtime::new().unwrap();
        let connection = threads.block_on(async {
            let connection = Connection::open(&Options::new(server.url(), "devices")).await;
            let connection = connection.unwrap();
            let layout = Layout { mqtt: true, ..Layout::default() };
            streams::create(&connection, &layout).await.unwrap();
            connection
        });
        Self { server, threads, connection }
    }

    pub(crate) fn url(&self) -> String {
        self.server.url()
    }

    /// Publishes over NATS and waits for the acknowledgement.
    pub(crate) fn publish(&self, subject: &str, body: &str) {
        self.threads.block_on(async {
            let sent =
                self.connection.jetstream().publish(subject.to_owned(), body.to_owned().into());
            sent.await.unwrap().await.unwrap();
        });
    }

    /// Publishes `bodies` over MQTT 3.1.1 and waits until the server has all of them.
    pub(crate) fn publish_mqtt(&self, topic: &str, qos: QoS, bodies: &[String]) {
        let port = self.server.mqtt_port().unwrap();
        publish_mqtt(MqttOptions::new("device", "127.0.0.1", port), topic, qos, bodies);
    }

    /// What is answered under `subject`, once `count` answer.
    pub(crate) fn ask_all(&self, subject: &str, count: usize) -> Vec<Value> {
        self.threads.block_on(async {
            for _ in 0..ASKED_MAX {
                let heard = services::ask(&self.connection, subject).await.unwrap();
                if heard.len() == count {
                    return heard;
                }
            }
            panic!("`{subject}` is not answered by {count}");
        })
    }

    /// Records that TELEMETRY holds.
    pub(crate) fn records(&self) -> u64 {
        self.threads.block_on(async {
            let stream = self.connection.jetstream().get_stream(streams::TELEMETRY).await.unwrap();
            stream.cached_info().state.messages
        })
    }
}

/// Publishes `bodies` over MQTT 3.1.1 as `options` say, and waits until the server has all of them.
pub(crate) fn publish_mqtt(options: MqttOptions, topic: &str, qos: QoS, bodies: &[String]) {
    let (client, mut connection) = Client::new(options, QUEUE_MESSAGES);
    for body in bodies {
        client.publish(topic, qos, false, body.as_bytes()).unwrap();
    }
    let mut acknowledged = 0;
    // Answered in order: when the disconnection has gone out, everything before it has.
    if qos == QoS::AtMostOnce {
        client.disconnect().unwrap();
    }
    for event in connection.iter() {
        match event.unwrap() {
            Event::Incoming(Packet::PubAck(_)) => {
                acknowledged += 1;
                if acknowledged == bodies.len() {
                    return;
                }
            }
            Event::Outgoing(rumqttc::Outgoing::Disconnect) => return,
            _ => {}
        }
    }
    panic!("{acknowledged} of {} were acknowledged", bodies.len());
}
