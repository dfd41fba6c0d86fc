//! The head record: how far one producer has spoken on one stream, and under which lease. It is its fence.

use async_nats::HeaderMap;
use messages::{MessageId, Origin, Stream, Timestamp};
use std::fmt::Display;
use std::str::FromStr;

const ID: &str = "ce-id";
const POSITION: &str = "ce-position";
const EPOCH: &str = "ce-epoch";
const TIME: &str = "ce-time";

/// The newest of a producer's words on one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its own name: that of the batch which it ends.
    pub id: MessageId,
    /// Input position and index of the last output that had one; nothing at or below is said again.
    pub position: Option<Origin>,
    /// Epoch of the lease under which it was written.
    pub epoch: u64,
    /// Append time of the last record.
    pub time: Timestamp,
}

/// A head that does not say what one must.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("head of a producer: header `{header}` is `{value}`; nothing of this build wrote that")]
pub struct MalformedHead {
    header: &'static str,
    value: String,
}

impl Head {
    pub(crate) fn to_headers(self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ID, self.id.to_string());
        headers.insert(EPOCH, self.epoch.to_string());
        headers.insert(TIME, self.time.to_string());
        if let Some(Origin { stream, partition, sequence, index }) = self.position {
            headers.insert(POSITION, format!("{stream}/{partition}/{sequence}/{index}"));
        }
        headers
    }

    pub(crate) fn from_headers(headers: &HeaderMap) -> Result<Self, MalformedHead> {
        let text = headers.get(POSITION).map(async_nats::HeaderValue::as_str);
        let position = text.map(|text| position(text).ok_or_else(|| malformed(POSITION, text)));
        Ok(Self {
            id: parse(headers, ID)?,
            position: position.transpose()?,
            epoch: parse(headers, EPOCH)?,
            time: parse(headers, TIME)?,
        })
    }
}

fn position(text: &str) -> Option<Origin> {
    let parts: Vec<&str> = text.split('/').collect();
    let [stream, partition, sequence, index] = parts[..] else { return None };
    Some(Origin {
        stream: Stream::from_name(stream)?,
        partition: partition.parse().ok()?,
        sequence: sequence.parse().ok()?,
        index: index.parse().ok()?,
    })
}

fn parse<T: FromStr>(headers: &HeaderMap, header: &'static str) -> Result<T, MalformedHead> {
    let value = headers.get(header).map_or("", async_nats::HeaderValue::as_str);
    value.parse().map_err(|_| malformed(header, value))
}

fn malformed(header: &'static str, value: impl Display) -> MalformedHead {
    MalformedHead { header, value: value.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> Head {
        let origin = Origin { stream: Stream::Health, partition: 3, sequence: 41, index: 2 };
        let time = Timestamp::from_millis(1_772_000_000_123).unwrap();
        Head { id: MessageId::named("test", "a"), position: Some(origin), epoch: 7, time }
    }

    #[test]
    fn a_head_comes_back_from_its_headers() {
        let other = Head { position: None, ..head() };
        for head in [head(), other] {
            assert_eq!(Head::from_headers(&head.to_headers()), Ok(head));
        }
    }

    #[test]
    fn the_headers_are_those_of_the_wire() {
        let headers = head().to_headers();
        let text = |name: &str| headers.get(name).unwrap().as_str().to_owned();
        assert_eq!(text("ce-position"), "health/3/41/2");
        assert_eq!(text("ce-epoch"), "7");
        assert_eq!(text("ce-id"), head().id.to_string());
    }

    #[test]
    fn a_head_that_says_something_else_is_refused_by_name() {
        for (header, value) in
            [(EPOCH, "seven"), (POSITION, "health/3/41"), (ID, ""), (TIME, "now")]
        {
            let mut headers = head().to_headers();
            headers.insert(header, value);
            assert_eq!(Head::from_headers(&headers).unwrap_err().header, header);
        }
    }
}
