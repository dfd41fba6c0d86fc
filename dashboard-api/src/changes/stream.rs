//! Changes as server-sent events: `GET /v1/stream`, with a position on the LOG as the id of each event.
//!
//! A client is a position and nothing else. While it does not read, nothing is put aside for it; when what it
//! would have to read next is gone, it hears `resync` and goes on from the newest.

use super::ring::{Expired, Page, Ring};
use super::{Filter, begin};
use crate::facade::Facade;
use crate::feed::position;
use crate::metrics::Following;
use crate::problem::{Kind, Problem};
use crate::reply::{self, Live, Response};
use crate::request::Request;
use bytes::{Bytes, BytesMut};
use messages::Sequence;
use runtime::store::Partition;
use serde_json::json;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Streams at a time; further ones are asked to come again.
pub(crate) const STREAMS_MAX: u64 = 2_048;
/// Longest silence on a stream; then it says that it is alive, and how far it is.
pub(crate) const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(15);
/// How long a client shall wait before it connects again.
const RETRY_MILLIS: u64 = 2_000;
/// Name of the header that a client that connects again sends by itself.
const LAST_EVENT_ID: &str = "last-event-id";

/// `GET /v1/stream`
pub(crate) async fn open(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let filter = Filter::of(facade, &request)?;
    let last_seen = request.headers.get(LAST_EVENT_ID).and_then(|value| value.to_str().ok());
    let last_seen = last_seen.filter(|text| !text.is_empty());
    let cursor = begin(facade, last_seen.or(request.query("after"))).await?;
    let following = facade.metrics.follow(STREAMS_MAX).ok_or_else(|| {
        Problem::new(Kind::Overloaded, format!("{STREAMS_MAX} streams are open; close one"))
    })?;
    let ring = facade.views.ring.clone();
    let client = Client {
        published: ring.follow(),
        stopping: facade.stopping(),
        begun: false,
        pages: VecDeque::new(),
        ring,
        filter,
        cursor,
        following,
    };
    Ok(reply::live("text/event-stream", Live::of(client, Client::next)))
}

/// Somebody who follows.
struct Client {
    ring: Arc<Ring>,
    published: watch::Receiver<Sequence>,
    stopping: watch::Receiver<bool>,
    filter: Filter,
    /// Everything up to it was sent, or was not wanted.
    cursor: Sequence,
    begun: bool,
    /// Read already, not sent yet.
    pages: VecDeque<Arc<Page>>,
    following: Following,
}

impl Client {
    /// What is sent next, or `None` when the facade ends.
    async fn next(mut self) -> Option<(Bytes, Self)> {
        if !self.begun {
            self.begun = true;
            let hello = format!("retry: {RETRY_MILLIS}\nid: {}\n\n", self.position());
            return Some((hello.into(), self));
        }
        loop {
            self.published.borrow_and_update();
            match self.read() {
                Err(expired) => return Some((self.resync(expired), self)),
                Ok(Some(events)) => return Some((events, self)),
                Ok(None) if *self.stopping.borrow_and_update() => return None,
                Ok(None) => {}
            }
            let waiting = async {
                tokio::select! {
                    biased;
                    _ = self.stopping.changed() => true,
                    changed = self.published.changed() => changed.is_ok(),
                }
            };
            match tokio::time::timeout(KEEP_ALIVE_INTERVAL, waiting).await {
                Ok(true) => {}
                Ok(false) => return None,
                Err(_) => {
                    let alive = format!(": nothing new\nid: {}\n\n", self.position());
                    return Some((alive.into(), self));
                }
            }
        }
    }

    fn position(&self) -> String {
        position(Partition::LOG, self.cursor)
    }

    /// The next events that are wanted, `None` when there are none yet.
    fn read(&mut self) -> Result<Option<Bytes>, Expired> {
        loop {
            let Some(page) = self.pages.pop_front() else {
                self.pages = self.ring.behind(self.cursor)?.into();
                if self.pages.is_empty() {
                    return Ok(None);
                }
                continue;
            };
            let events = self.wanted(&page);
            self.cursor = page.last();
            if !events.is_empty() {
                // What is kept for others must not be held for one who reads slowly.
                self.pages.clear();
                return Ok(Some(events));
            }
        }
    }

    fn wanted(&self, page: &Page) -> Bytes {
        if self.filter.is_open() && page.begin() >= self.cursor {
            return page.events();
        }
        let mut events = BytesMut::new();
        for change in page.changes(self.cursor).iter().filter(|change| self.filter.wants(change)) {
            events.extend_from_slice(change.event());
        }
        events.freeze()
    }

    /// Says that some were missed, and goes on from the newest.
    fn resync(&mut self, expired: Expired) -> Bytes {
        self.following.resync();
        let missed_after = self.position();
        self.cursor = expired.head;
        let at = self.position();
        let data = json!({
            "missed_after": missed_after,
            "cursor": at,
            "remedy": "read what you show anew; what comes next is behind `cursor`",
        });
        format!("event: resync\nid: {at}\ndata: {data}\n\n").into()
    }
}
