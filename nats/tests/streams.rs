//! The streams as a real server has them: made once, compared afterwards, still there after `kill -9`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

use messages::subject;
use nats::server::{self, Server};
use nats::{Connection, Layout, Options, StreamsError, streams};

fn start(folder: &tempfile::TempDir, mqtt: bool) -> Server {
    let options = server::Options { mqtt, ..server::Options::default() };
    Server::start(folder.path(), &options).unwrap()
}

async fn connect(server: &Server) -> Connection {
    Connection::open(&Options::new(server.url(), "test")).await.unwrap()
}

#[tokio::test]
async fn streams_are_made_once_and_found_as_they_should_be() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = start(&folder, true);
    let connection = connect(&server).await;
    let layout = Layout { mqtt: true, ..Layout::default() };

    let missing = streams::check(&connection, &layout).await.unwrap();
    assert_eq!(missing.len(), layout.streams().len(), "{missing:?}");
    let made = streams::create(&connection, &layout).await.unwrap();
    assert_eq!(made.len(), layout.streams().len());
    assert_eq!(streams::check(&connection, &layout).await.unwrap(), []);
    assert_eq!(streams::create(&connection, &layout).await.unwrap(), Vec::<String>::new());

    let other = Layout { partitions: 8.try_into().unwrap(), ..layout.clone() };
    let refused = streams::create(&connection, &other).await.unwrap_err();
    assert!(matches!(&refused, StreamsError::Different(all) if all.len() == 2), "{refused}");

    server.kill().unwrap();
    server.start_again().unwrap();
    let connection = connect(&server).await;
    assert_eq!(streams::check(&connection, &layout).await.unwrap(), []);
}

#[tokio::test]
async fn a_sample_is_stored_under_the_partition_that_we_compute() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(&folder, false);
    let connection = connect(&server).await;
    let layout = Layout::default();
    streams::create(&connection, &layout).await.unwrap();
    let jetstream = connection.jetstream();
    let stream = jetstream.get_stream(streams::TELEMETRY).await.unwrap();
    for asset in ["VEH001", "--moto-2f7"] {
        let subject = format!("aurora.v1.telemetry.demo.{asset}");
        let ack = jetstream.publish(subject, "{}".into()).await.unwrap().await.unwrap();
        let stored = stream.get_raw_message(ack.sequence).await.unwrap();
        let partition = subject::partition(asset, layout.partitions);
        assert_eq!(
            stored.subject.as_str(),
            format!("aurora.v1.telemetry.demo.{partition}.{asset}")
        );
    }
    let control = "aurora.v1.telemetry._control.7._all";
    let ack = jetstream.publish(control, "{}".into()).await.unwrap().await.unwrap();
    let stored = stream.get_raw_message(ack.sequence).await.unwrap();
    assert_eq!(stored.subject.as_str(), control);
}
