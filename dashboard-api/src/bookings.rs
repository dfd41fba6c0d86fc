//! Bookings: listed and shown, and what people ask the network of centres to do about them.

use crate::facade::Facade;
use crate::feed::position;
use crate::problem::{Kind, Problem};
use crate::reply::{self, Page, Response};
use crate::request::{Request, check_text, malformed};
use crate::views::bookings::{Booking, BookingState};
use crate::views::{LogView, Topic};
use messages::booking::{CancelBooking, MoveBooking, SlotsOffered};
use messages::{BookingId, OfferId, Sequence};
use runtime::store::Partition;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;
use warp::http::StatusCode;

/// How long the network of centres may take to hear what it is asked.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(600);

/// The booking that the path names.
pub(crate) fn id_of(request: &Request) -> Result<BookingId, Problem> {
    request.parsed("id", "the id of a booking (a UUID)")
}

/// The booking `id`.
pub(crate) fn find(view: &LogView, id: BookingId) -> Result<&Booking, Problem> {
    view.bookings.rows.get(id).ok_or_else(|| {
        let text = format!("booking `{id}` is unknown; list them with `aurorasync booking ls`");
        Problem::new(Kind::NotFound, text)
    })
}

/// `GET /v1/bookings`
pub(crate) async fn list(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let limit = request.limit()?;
    let ended = request.flag("ended")?;
    let state = request.query("state").map(state_named).transpose()?;
    let case = request.case()?;
    let query = |name| request.query(name);
    let (fleet, asset, centre) = (query("fleet"), query("asset"), query("centre"));
    let after = request.log_cursor()?;
    let view = facade.view(&request).await?;
    let fleet_of = |asset: &str| view.assets.get(asset).map(|it| it.registered.fleet.as_str());
    let wanted = |booking: &Booking| {
        (ended || state.is_some() || !booking.state.is_ended())
            && state.is_none_or(|state| booking.state == state)
            && case.is_none_or(|case| booking.case == case)
            && fleet.is_none_or(|fleet| fleet_of(&booking.asset) == Some(fleet))
            && asset.is_none_or(|asset| booking.asset == asset)
            && centre.is_none_or(|centre| booking.slot.centre == centre)
    };
    let (page, more) = view.bookings.rows.page(after, limit, &wanted);
    let next_cursor = match page.last() {
        Some((sequence, ..)) if more => position(Partition::LOG, *sequence),
        _ => String::new(),
    };
    let items: Vec<Value> = page.iter().map(|(_, id, booking)| shown(*id, booking)).collect();
    let omitted = Some(view.bookings.rows.omitted);
    let as_of = view.versions.as_of(&[Topic::Bookings]);
    reply::json(StatusCode::OK, &Page { as_of, omitted, items, next_cursor })
}

/// States, by name.
pub(crate) fn state_names() -> Vec<&'static str> {
    BookingState::ALL.iter().map(|state| state.name()).collect()
}

fn state_named(name: &str) -> Result<BookingState, Problem> {
    BookingState::ALL.into_iter().find(|state| state.name() == name).ok_or_else(|| {
        malformed(format!("state `{name}` is unknown; there are {}", state_names().join(", ")))
    })
}

pub(crate) fn shown(id: BookingId, booking: &Booking) -> Value {
    let held = booking.state == BookingState::Held;
    json!({
        "booking": id,
        "case": booking.case,
        "asset": booking.asset,
        "network": booking.network,
        "state": booking.state.name(),
        "centre": booking.slot.centre,
        "centre_name": booking.slot.centre_name,
        "zone": booking.slot.zone,
        "bay": booking.slot.bay,
        "technician": booking.slot.technician,
        "from": booking.slot.from,
        "to": booking.slot.to,
        "held_until": held.then_some(booking.held_until),
        "reason": booking.reason,
        "reported_at": booking.reported_at,
        "updated_at": booking.updated_at,
        "provenance": booking.provenance,
    })
}

/// `GET /v1/bookings/{id}`, with the slots that it can be moved to.
pub(crate) async fn show(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let id = id_of(&request)?;
    let view = facade.view(&request).await?;
    let booking = find(&view, id)?;
    let mut item = shown(id, booking);
    item["as_of"] = json!(view.versions.as_of(&[Topic::Bookings, Topic::Cases]));
    let case = view.cases.rows.get(booking.case);
    item["component"] = json!(case.map(|case| &case.component));
    item["owner"] = json!(case.and_then(|case| case.owner.as_ref()));
    item["refused"] = json!(case.and_then(|case| case.refused.as_ref()).map(|refused| {
        json!({ "at": refused.at, "command": refused.command, "detail": refused.detail })
    }));
    let offered = case.and_then(|case| case.offered);
    drop(view);
    item["offers"] = offers(facade, offered).await?.map_or(Value::Null, |it| json!(it));
    reply::json(StatusCode::OK, &item)
}

/// The newest offer of slots of a case.
pub(crate) async fn offers(
    facade: &Facade,
    offered: Option<Sequence>,
) -> Result<Option<SlotsOffered>, Problem> {
    let Some(sequence) = offered else { return Ok(None) };
    let record = facade.record(Partition::LOG, sequence).await?;
    Ok(record.and_then(|record| record.envelope.open::<SlotsOffered>().ok()))
}

/// Whether a workshop can still say something about a booking.
pub(crate) fn check_reportable(id: BookingId, booking: &Booking) -> Result<(), Problem> {
    let state = booking.state;
    let conflict = |text: String| Err(Problem::new(Kind::Conflict, text));
    if let Some(at) = booking.reported_at {
        return conflict(format!("the workshop has reported about booking `{id}` at {at} already"));
    }
    match state {
        BookingState::Confirmed | BookingState::InService => Ok(()),
        _ => conflict(format!(
            "booking `{id}` is {}; only one that is confirmed or in service can be reported about",
            state.name()
        )),
    }
}

/// Whether a booking can still be cancelled or moved.
fn check_live(id: BookingId, booking: &Booking) -> Result<(), Problem> {
    match booking.state {
        BookingState::Held | BookingState::Confirmed => Ok(()),
        state => Err(Problem::new(
            Kind::Conflict,
            format!(
                "booking `{id}` is {}; only one that is held or confirmed can be changed",
                state.name()
            ),
        )),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cancellation {
    reason: String,
}

/// `POST /v1/bookings/{id}/cancel`
pub(crate) async fn cancel(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let Cancellation { reason } = request.json()?;
    let id = id_of(&request)?;
    check_text("reason", &reason)?;
    let writing = facade.writing(&request).await?;
    let said = match writing.earlier().await? {
        Some(said) => said,
        None => {
            let booking = find(&writing.view, id)?;
            check_live(id, booking)?;
            let asked = CancelBooking {
                network: booking.network.clone(),
                case: booking.case,
                asset: booking.asset.clone(),
                booking: id,
                reason,
                expires_at: facade.now().saturating_add(COMMAND_TIMEOUT),
            };
            writing.say(asked, None).await?
        }
    };
    let CancelBooking { case, .. } = said.message;
    let body = json!({ "booking": id, "case": case, "id": said.id, "sequence": said.sequence });
    reply::json(StatusCode::ACCEPTED, &body)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Move {
    offer: OfferId,
    reason: String,
}

/// `POST /v1/bookings/{id}/move`
pub(crate) async fn move_to(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let Move { offer, reason } = request.json()?;
    let id = id_of(&request)?;
    check_text("reason", &reason)?;
    let writing = facade.writing(&request).await?;
    let said = match writing.earlier().await? {
        Some(said) => said,
        None => {
            let booking = find(&writing.view, id)?;
            check_live(id, booking)?;
            let case = writing.view.cases.rows.get(booking.case);
            check_offer(facade, case.and_then(|case| case.offered), offer).await?;
            let asked = MoveBooking {
                network: booking.network.clone(),
                case: booking.case,
                asset: booking.asset.clone(),
                booking: id,
                offer,
                reason,
                expires_at: facade.now().saturating_add(COMMAND_TIMEOUT),
            };
            writing.say(asked, None).await?
        }
    };
    let MoveBooking { case, .. } = said.message;
    let body = json!({ "booking": id, "case": case, "id": said.id, "sequence": said.sequence });
    reply::json(StatusCode::ACCEPTED, &body)
}

/// Whether the offer is one of the newest that were made to the case.
async fn check_offer(
    facade: &Facade,
    offered: Option<Sequence>,
    offer: OfferId,
) -> Result<(), Problem> {
    let offers = offers(facade, offered).await?.map(|it| it.offers).unwrap_or_default();
    if offers.iter().any(|it| it.offer == offer) {
        return Ok(());
    }
    let known: Vec<String> = offers.iter().map(|it| format!("`{}`", it.offer)).collect();
    let remedy = if known.is_empty() {
        "no slots were offered to its case".to_owned()
    } else {
        format!("there are {}", known.join(", "))
    };
    Err(Problem::new(Kind::Unprocessable, format!("offer `{offer}` is unknown; {remedy}")))
}
