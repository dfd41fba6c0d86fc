//! A server that devices publish to, for the length of a demonstration, and the lines with which anybody is a device.

use crate::error::CliError;
use messages::registry::AssetRegistered;
use messages::{Message, subject};
use nats::server::{Options, Server};
use nats::{Connection, Layout, streams};
use runtime::store::{Partition, ReadLimit, Store};
use std::net::SocketAddr;
use std::path::Path;

/// Name of the connection, as the server shows it.
const NAME: &str = "aurorasync demo";
/// What a device says: a reading of now.
const READING: &str = r#"{\"t\":\"$(date -u +%FT%TZ)\",\"s\":{\"coolant_temperature\":92.5}}"#;

/// The server; ended when dropped.
pub(super) struct Devices {
    server: Server,
}

impl Devices {
    /// Starts one that keeps everything below `folder`.
    pub(super) fn start(folder: &Path) -> Result<Self, CliError> {
        let options = Options { mqtt: true, ..Options::default() };
        let server = Server::start(&folder.join("nats"), &options).map_err(CliError::failed)?;
        Ok(Self { server })
    }

    pub(super) fn url(&self) -> String {
        self.server.url()
    }

    pub(super) async fn make_streams(&self) -> Result<(), CliError> {
        let connection = Connection::open(&nats::Options::new(self.url(), NAME)).await?;
        let layout = Layout { mqtt: true, ..Layout::default() };
        streams::create(&connection, &layout).await.map_err(CliError::failed)?;
        Ok(())
    }

    /// How to be a device of the story: three lines that work as they are pasted.
    pub(super) fn hints(&self, store: &dyn Store, http: SocketAddr) -> Result<String, CliError> {
        let (fleet, asset) = some_asset(store)?;
        let token = |text| subject::escape(text).map_err(CliError::failed);
        let (fleet, asset) = (token(&fleet)?, token(&asset)?);
        let (url, mqtt_port) = (self.url(), self.server.mqtt_port().unwrap_or_default());
        Ok(format!(
            "be a device:\n  \
             nats pub --server {url} aurora.v1.telemetry.{fleet}.{asset} \"{READING}\"\n  \
             mosquitto_pub -h 127.0.0.1 -p {mqtt_port} -q 1 -t aurora/v1/telemetry/{fleet}/{asset} -m \"{READING}\"\n  \
             curl -i http://{http}/v1/fleets/{fleet}/assets/{asset}/telemetry -H 'Content-Type: application/json' -d \"{READING}\""
        ))
    }
}

/// Fleet and name of the first asset that was registered.
fn some_asset(store: &dyn Store) -> Result<(String, String), CliError> {
    let mut after = 0;
    loop {
        let batch = store.read(Partition::LOG, after, ReadLimit::default())?;
        let Some(last) = batch.last() else {
            return Err(CliError::failed("the story has no asset"));
        };
        after = last.sequence;
        let mut registered = batch.iter().filter(|it| it.envelope.name == AssetRegistered::NAME);
        if let Some(found) = registered.find_map(|it| it.envelope.open::<AssetRegistered>().ok()) {
            return Ok((found.fleet, found.asset));
        }
    }
}
