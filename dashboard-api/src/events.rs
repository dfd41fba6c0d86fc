//! Reads a stream from a position on, and waits for what comes next.

use crate::assets::nearest;
use crate::facade::Facade;
use crate::feed::{self, Cursor, Page};
use crate::problem::Problem;
use crate::reply::{self, List, Response};
use crate::request::{Request, malformed};
use crate::shown;
use messages::{Sequence, Stream};
use runtime::store::{Delivery, Partition};
use serde_json::Value;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;
use tokio::sync::watch;
use warp::http::StatusCode;

/// Longest time that a request may wait for something to happen.
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(30);
/// Instead of a cursor: behind everything that is there.
const END: &str = "end";

/// What a request wants to see.
#[derive(Clone)]
struct Filter {
    name: Option<String>,
    key: Option<String>,
}

impl Filter {
    fn wants(&self, delivery: &Delivery) -> bool {
        let is = |wanted: &Option<String>, found: &String| {
            wanted.as_ref().is_none_or(|wanted| wanted == found)
        };
        is(&self.name, &delivery.envelope.name) && is(&self.key, &delivery.envelope.key)
    }
}

/// `GET /v1/events`. A stream has no end, so `next_cursor` is never empty.
pub(crate) async fn list(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let limit = request.limit()?;
    let wait = request.duration("wait", WAIT_MAX)?;
    let name = match request.query("name") {
        Some(name) => Some(known(facade, name).await?),
        None => None,
    };
    let filter = Filter { name, key: request.query("key").map(str::to_owned) };
    let cursor = start(facade, &request)?;
    let waited = tokio::time::timeout(wait, next(facade, &cursor, limit, &filter)).await;
    match waited {
        Ok(page) => answer(page?),
        Err(_) => answer(read(facade, &cursor, limit, &filter).await?),
    }
}

/// `name`, if it is a message's: of what there is not, nothing would ever be found.
async fn known(facade: &Facade, name: &str) -> Result<String, Problem> {
    let can_be_said = facade.messages().any(|(known, _)| known == name);
    // An agent that is gone may have said it.
    if can_be_said || facade.views.log().await?.traffic.has(name) {
        return Ok(name.to_owned());
    }
    let remedy = match nearest(name, facade.messages().map(|(known, _)| known)) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => "`/asyncapi.json` lists those that there are".to_owned(),
    };
    Err(malformed(format!("`name` is `{name}`, which is no message; {remedy}")))
}

/// The first page with something in it, or whatever there is when the facade ends.
async fn next(
    facade: &Facade,
    cursor: &Cursor,
    limit: usize,
    filter: &Filter,
) -> Result<Page, Problem> {
    let mut stopping = facade.stopping();
    loop {
        let mut heads = heads(facade, cursor);
        let page = read(facade, cursor, limit, filter).await?;
        if !page.records.is_empty() || !page.ended || *stopping.borrow_and_update() {
            return Ok(page);
        }
        tokio::select! {
            biased;
            _ = stopping.changed() => {}
            () = any_changed(&mut heads) => {}
        }
    }
}

fn answer(page: Page) -> Result<Response, Problem> {
    let items: Vec<Value> = page
        .records
        .iter()
        .map(|(partition, delivery)| {
            shown::record(*partition, delivery.sequence, &delivery.envelope)
        })
        .collect();
    reply::json(StatusCode::OK, &List { items, next_cursor: page.cursor.to_string() })
}

/// Where the request wants to begin.
fn start(facade: &Facade, request: &Request) -> Result<Cursor, Problem> {
    let name = request.query("stream").unwrap_or(Stream::Log.name());
    let stream = Stream::from_name(name).ok_or_else(|| {
        malformed(format!(
            "stream `{name}` is unknown; there are telemetry, health, log, dead and audit"
        ))
    })?;
    let store = &**facade.deployment.store();
    let partitions = facade.deployment.router().partitions_of(stream);
    match request.query("after") {
        None => Ok(Cursor::start(store, partitions)),
        Some(END) => Ok(Cursor::end(store, partitions)),
        Some(text) => Cursor::start(store, partitions).moved_to(text),
    }
}

async fn read(
    facade: &Facade,
    cursor: &Cursor,
    limit: usize,
    filter: &Filter,
) -> Result<Page, Problem> {
    let (cursor, filter) = (cursor.clone(), filter.clone());
    let page = facade
        .blocking(move |store| {
            feed::read(store, &cursor, limit, &|delivery: &Delivery| filter.wants(delivery))
        })
        .await??;
    Ok(page)
}

/// The heads of the cursor's partitions, as they are before the stream is read.
fn heads(facade: &Facade, cursor: &Cursor) -> Vec<watch::Receiver<Sequence>> {
    let committer = facade.deployment.committer();
    let watched = cursor.partitions().filter_map(|it: Partition| committer.watch_head(it));
    watched
        .map(|mut head| {
            head.borrow_and_update();
            head
        })
        .collect()
}

/// Waits until one of `heads` has moved.
async fn any_changed(heads: &mut [watch::Receiver<Sequence>]) {
    type Change<'h> = Pin<Box<dyn Future<Output = ()> + Send + 'h>>;
    let mut changes: Vec<Change<'_>> = heads
        .iter_mut()
        .map(|head| {
            Box::pin(async move {
                // A head that has no owner any more has moved for the last time.
                drop(head.changed().await);
            }) as Change<'_>
        })
        .collect();
    poll_fn(|context| {
        let moved = changes.iter_mut().any(|change| change.as_mut().poll(context).is_ready());
        if moved { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
