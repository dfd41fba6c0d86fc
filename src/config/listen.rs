//! Reads where HTTP is served: an address and a port, with `localhost` for this machine.

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use std::net::{Ipv4Addr, SocketAddr};

/// Why a text is no place to serve at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected HOST:PORT, such as `127.0.0.1:7380` or `localhost:7380`, with an address or `localhost` and a port up to 65535"
)]
pub struct ListenError;

/// The address and port that `text` names. Of names only `localhost` is one: nothing is asked over the network.
///
/// # Errors
/// [`ListenError`] when it names none.
pub fn listen(text: &str) -> Result<SocketAddr, ListenError> {
    let address = match text.strip_prefix("localhost:") {
        Some(port) => port.parse().ok().map(|port: u16| (Ipv4Addr::LOCALHOST, port).into()),
        None => text.parse().ok(),
    };
    address.ok_or(ListenError)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(reader: D) -> Result<SocketAddr, D::Error> {
    listen(&String::deserialize(reader)?).map_err(D::Error::custom)
}
