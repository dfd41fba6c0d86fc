//! Quarantine: telemetry that is kept but not acted upon, until its reason is mended and it is released.

use crate::facade::{Facade, parse_id};
use crate::feed::{self, position};
use crate::problem::{Kind, Problem};
use crate::reply::{self, Page, Response};
use crate::request::{Request, malformed};
use crate::views::Topic;
use crate::views::quarantine::{Quarantine, Quarantined};
use messages::health::{AsSent, QuarantineReason, TelemetryQuarantined};
use messages::redelivery::TelemetryReleased;
use messages::telemetry::{self, Telemetry};
use messages::{Envelope, MessageId, Sequence, Timestamp};
use runtime::committer::Entry;
use runtime::store::{Delivery, Partition, ReadLimit, Store, StoreError};
use serde_json::{Value, json};
use std::ops::Bound;
use warp::http::StatusCode;

/// `GET /v1/quarantine`
pub(crate) async fn list(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let limit = request.limit()?;
    let released = request.flag("released")?;
    let asset = request.query("asset");
    let after = match request.query("cursor") {
        Some(text) => Bound::Excluded(parse_cursor(text)?),
        None => Bound::Unbounded,
    };
    let view = facade.views.log().await?;
    let wanted = |frame: &Quarantined| {
        (released || frame.released_at.is_none()) && asset.is_none_or(|asset| frame.asset == asset)
    };
    let (page, more) = page(&view.quarantine, after, limit, &wanted);
    let omitted = Some(view.quarantine.omitted);
    let as_of = view.versions.as_of(&[Topic::Quarantine]);
    drop(view);
    let next_cursor = match page.last() {
        Some(&(sequence, _)) if more => position(Partition::LOG, sequence),
        _ => String::new(),
    };
    let items = facade.blocking(move |store| summaries(store, &page)).await??;
    reply::json(StatusCode::OK, &Page { as_of, omitted, items, next_cursor })
}

/// Positions on the log of up to `limit` frames, when each was released, and whether there are more.
fn page(
    quarantine: &Quarantine,
    after: Bound<Sequence>,
    limit: usize,
    wanted: &dyn Fn(&Quarantined) -> bool,
) -> (Vec<(Sequence, Option<Timestamp>)>, bool) {
    let frames = quarantine.frames.range((after, Bound::Unbounded));
    let mut frames = frames.filter(|(_, frame)| wanted(frame));
    let page = frames.by_ref().take(limit);
    let page = page.map(|(&sequence, frame)| (sequence, frame.released_at)).collect();
    (page, frames.next().is_some())
}

fn parse_cursor(text: &str) -> Result<Sequence, Problem> {
    match feed::parse_position(text) {
        Some((Partition::LOG, sequence)) => Ok(sequence),
        _ => Err(malformed(format!("`{text}` is not a cursor of this list"))),
    }
}

fn summaries(
    store: &dyn Store,
    page: &[(Sequence, Option<Timestamp>)],
) -> Result<Vec<Value>, StoreError> {
    let limit = ReadLimit { records: 1, bytes: 1 };
    let mut items = Vec::with_capacity(page.len());
    for &(sequence, released_at) in page {
        let batch = store.read(Partition::LOG, sequence - 1, limit)?;
        items.extend(batch.iter().map(|delivery| summary(delivery, released_at)));
    }
    Ok(items)
}

fn summary(delivery: &Delivery, released_at: Option<Timestamp>) -> Value {
    let envelope = &delivery.envelope;
    let mut item = json!({
        "id": envelope.id,
        "position": position(Partition::LOG, delivery.sequence),
        "asset": envelope.key,
        "quarantined_at": envelope.time,
        "provenance": envelope.provenance,
        "released_at": released_at,
    });
    match envelope.open::<TelemetryQuarantined>() {
        Ok(quarantined) => {
            item["fleet"] = quarantined.fleet.into();
            item["reason"] = json!(quarantined.reason);
            item["detail"] = quarantined.detail.into();
            item["nearest"] = quarantined.nearest.into();
            item["remedy"] = quarantined.remedy.into();
            item["samples"] = quarantined.telemetry.samples.len().into();
            if let Some(AsSent { position, bytes, .. }) = quarantined.as_sent {
                item["sent_as"] = json!({ "position": position, "bytes": bytes });
            }
        }
        Err(error) => item["undecoded"] = error.to_string().into(),
    }
    item
}

/// A quarantined frame as it lies on the log.
struct Found {
    delivery: Delivery,
    released_at: Option<Timestamp>,
}

async fn find(facade: &Facade, quarantine: &Quarantine, id: MessageId) -> Result<Found, Problem> {
    let missing = || Problem::new(Kind::NotFound, format!("nothing is quarantined as `{id}`"));
    let (sequence, frame) = quarantine.find(id).ok_or_else(missing)?;
    let delivery = facade.record(Partition::LOG, sequence).await?.ok_or_else(missing)?;
    Ok(Found { delivery, released_at: frame.released_at })
}

/// `GET /v1/quarantine/{id}`
pub(crate) async fn show(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let id = parse_id(&request)?;
    let view = facade.views.log().await?;
    let Found { delivery, released_at } = find(facade, &view.quarantine, id).await?;
    let mut item = summary(&delivery, released_at);
    if let Ok(quarantined) = delivery.envelope.open::<TelemetryQuarantined>() {
        item["telemetry"] = json!(quarantined.telemetry);
        if let Some(sent) = quarantined.as_sent {
            // What is not text is shown as far as it is; `bytes` and `position` say where the rest is.
            item["sent_as"]["body"] = String::from_utf8_lossy(&sent.body).into();
        }
    }
    reply::json(StatusCode::OK, &item)
}

/// What can be heard of it: of what was set aside unread, because its sender was contained, the message as it was sent.
fn readable(quarantined: &TelemetryQuarantined) -> Telemetry {
    let TelemetryQuarantined { fleet, asset, telemetry, as_sent, reason, .. } = quarantined;
    let unread = as_sent.as_ref().filter(|_| *reason == QuarantineReason::Contained);
    let parsed = unread.and_then(|sent| telemetry::parse(fleet, asset, [], &sent.body).ok());
    parsed.map_or_else(|| telemetry.clone(), |parsed| parsed.frame)
}

/// `POST /v1/quarantine/{id}/release`
pub(crate) async fn release(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let id = parse_id(&request)?;
    // Held until it is durable, so that nothing is released twice.
    let view = facade.views.log().await?;
    let Found { delivery, released_at } = find(facade, &view.quarantine, id).await?;
    if let Some(released_at) = released_at {
        return Err(Problem::new(Kind::Conflict, format!("`{id}` was released at {released_at}")));
    }
    let quarantined = delivery.envelope.open::<TelemetryQuarantined>().map_err(|error| {
        Problem::new(Kind::Unprocessable, format!("`{id}` cannot be read: {error}"))
    })?;
    let telemetry = readable(&quarantined);
    let TelemetryQuarantined { fleet, asset, .. } = quarantined;
    if telemetry.samples.is_empty() {
        return Err(Problem::new(
            Kind::Unprocessable,
            format!(
                "nothing of `{id}` could be read, so nothing can be released; mend the device and have it send again"
            ),
        ));
    }
    let accepted = telemetry.samples.len();
    let mut entries = Vec::new();
    let mut frames = Vec::new();
    for (frame, index) in telemetry.split().into_iter().zip(0_u32..) {
        let frame_id = MessageId::output("release", id, index);
        let source = format!("device/{fleet}/{asset}");
        let envelope = Envelope::new(frame_id, source, &frame)?;
        frames.push(frame_id);
        entries.push(Entry::from(Envelope {
            causation_id: Some(id),
            provenance: delivery.envelope.provenance,
            traceparent: request.traceparent().or(delivery.envelope.traceparent.clone()),
            ..envelope
        }));
    }
    let released = TelemetryReleased { fleet, asset, quarantined: id, frames };
    entries.push(facade.said(&request, &released)?.into());
    let receipt = facade.append_holding(entries, view).await?;
    let positions: Vec<String> =
        receipt.iter().map(|&(partition, sequence)| position(partition, sequence)).collect();
    let frames = released.frames.len();
    let body = json!({ "id": id, "samples": accepted, "positions": &positions[..frames] });
    reply::json(StatusCode::CREATED, &body)
}
