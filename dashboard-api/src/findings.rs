//! What turned out to be true, as people say it: what a workshop found, that an asset did not come, that one failed.

use crate::assets::{check_watched, instead};
use crate::bookings::{self, check_reportable};
use crate::facade::{Facade, SOURCE};
use crate::problem::{Kind, Problem};
use crate::reply::{self, Response};
use crate::request::{Request, check_text, check_token, malformed};
use crate::views::LogView;
use messages::booking::NoShowRecorded;
use messages::finding::{FailureRecorded, FindingRecorded};
use messages::{BookingId, Timestamp};
use serde::Deserialize;
use serde_json::json;
use warp::http::StatusCode;

/// What a workshop says; asset, case and network are those of the booking.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Finding {
    /// What was looked at; the component of the case where it is not said.
    #[serde(default)]
    examined: Option<String>,
    /// What was faulty …
    #[serde(default)]
    component: Option<String>,
    /// … or that nothing was.
    #[serde(default)]
    no_fault_found: bool,
    #[serde(default)]
    cause: Option<String>,
    #[serde(default)]
    part: Option<String>,
    #[serde(default)]
    batch: Option<String>,
    repaired: bool,
    #[serde(default)]
    found_at: Option<Timestamp>,
    #[serde(default)]
    by: Option<String>,
}

/// `POST /v1/bookings/{id}/finding`
pub(crate) async fn record(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let finding: Finding = request.json()?;
    let id = bookings::id_of(&request)?;
    check_fields(&finding)?;
    let writing = facade.writing(&request).await?;
    let said = match writing.earlier().await? {
        Some(said) => said,
        None => {
            let recorded = recorded(facade, &writing.view, id, finding)?;
            // So that a workshop reports once.
            writing.say_alone(recorded).await?
        }
    };
    let FindingRecorded { asset, case, .. } = said.message;
    let body = json!({
        "booking": id, "asset": asset, "case": case, "id": said.id, "sequence": said.sequence,
    });
    reply::json(StatusCode::CREATED, &body)
}

fn check_fields(finding: &Finding) -> Result<(), Problem> {
    for (field, text) in [
        ("examined", &finding.examined),
        ("component", &finding.component),
        ("cause", &finding.cause),
        ("part", &finding.part),
        ("batch", &finding.batch),
        ("by", &finding.by),
    ] {
        text.as_deref().map_or(Ok(()), |text| check_text(field, text))?;
    }
    match (&finding.component, finding.no_fault_found) {
        (Some(_), true) => Err(malformed("`component` and `no_fault_found` exclude each other")),
        (None, false) => Err(malformed(
            "say the faulty `component`, or `\"no_fault_found\": true`: what is left out is not taken for sound",
        )),
        _ => Ok(()),
    }
}

fn recorded(
    facade: &Facade,
    view: &LogView,
    id: BookingId,
    finding: Finding,
) -> Result<FindingRecorded, Problem> {
    let booking = bookings::find(view, id)?;
    check_reportable(id, booking)?;
    let found_at = finding.found_at.unwrap_or_else(|| facade.now());
    check_past(facade, "found_at", found_at)?;
    let case = view.cases.rows.get(booking.case);
    let examined = finding.examined.or_else(|| case.map(|case| case.component.clone()));
    let examined = examined.ok_or_else(|| {
        malformed(format!(
            "`examined` is missing, and case `{}` is unknown; name what was looked at",
            booking.case
        ))
    })?;
    for (field, component) in
        [("examined", Some(&examined)), ("component", finding.component.as_ref())]
    {
        component.map_or(Ok(()), |it| check_component(facade, view, &booking.asset, field, it))?;
    }
    Ok(FindingRecorded {
        asset: booking.asset.clone(),
        network: Some(booking.network.clone()),
        booking: Some(id),
        case: Some(booking.case),
        examined,
        component: finding.component,
        cause: finding.cause,
        part: finding.part,
        batch: finding.batch,
        repaired: finding.repaired,
        found_at,
        by: finding.by.unwrap_or_else(|| SOURCE.to_owned()),
    })
}

fn check_past(facade: &Facade, field: &str, at: Timestamp) -> Result<(), Problem> {
    if at <= facade.now() {
        return Ok(());
    }
    Err(Problem::new(Kind::Unprocessable, format!("`{field}` is `{at}`, which has not come yet")))
}

/// Whether the asset's profile has the component: a slip would make a right prediction a wrong one, and leave what was
/// repaired as it was.
pub(crate) fn check_component(
    facade: &Facade,
    view: &LogView,
    asset: &str,
    field: &str,
    component: &str,
) -> Result<(), Problem> {
    let Some(asset) = view.assets.get(asset) else { return Ok(()) };
    let name = &asset.registered.profile;
    let Some(profile) = facade.options.profiles.get(name) else { return Ok(()) };
    if profile.component(component).is_some() {
        return Ok(());
    }
    let remedy = instead(component, profile.components.iter().map(|it| it.id.as_str()));
    let text =
        format!("`{field}` is `{component}`, which profile `{name}` does not have; {remedy}");
    Err(Problem::new(Kind::Unprocessable, text))
}

/// That nobody came.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Absence {
    #[serde(default)]
    by: Option<String>,
}

/// `POST /v1/bookings/{id}/no-show`
pub(crate) async fn no_show(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let Absence { by } = request.json()?;
    let id = bookings::id_of(&request)?;
    by.as_deref().map_or(Ok(()), |by| check_text("by", by))?;
    let writing = facade.writing(&request).await?;
    let said = match writing.earlier().await? {
        Some(said) => said,
        None => {
            let booking = bookings::find(&writing.view, id)?;
            check_reportable(id, booking)?;
            if booking.slot.from > facade.now() {
                let text = format!(
                    "booking `{id}` begins at {}, which has not come yet",
                    booking.slot.from
                );
                return Err(Problem::new(Kind::Conflict, text));
            }
            let recorded = NoShowRecorded {
                network: booking.network.clone(),
                case: booking.case,
                asset: booking.asset.clone(),
                booking: id,
                by: by.unwrap_or_else(|| SOURCE.to_owned()),
            };
            writing.say_alone(recorded).await?
        }
    };
    let NoShowRecorded { asset, case, .. } = said.message;
    let body = json!({
        "booking": id, "asset": asset, "case": case, "id": said.id, "sequence": said.sequence,
    });
    reply::json(StatusCode::CREATED, &body)
}

/// That an asset broke down.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Failure {
    asset: String,
    component: String,
    failed_at: Timestamp,
    #[serde(default)]
    by: Option<String>,
}

/// `POST /v1/failures`
pub(crate) async fn failed(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let Failure { asset, component, failed_at, by } = request.json()?;
    check_token("asset", &asset)?;
    check_text("component", &component)?;
    by.as_deref().map_or(Ok(()), |by| check_text("by", by))?;
    check_past(facade, "failed_at", failed_at)?;
    let writing = facade.writing(&request).await?;
    let said = match writing.earlier().await? {
        Some(said) => said,
        None => {
            check_watched(&writing.view, &asset)?;
            check_component(facade, &writing.view, &asset, "component", &component)?;
            let by = by.unwrap_or_else(|| SOURCE.to_owned());
            writing.say(FailureRecorded { asset, component, failed_at, by }, None).await?
        }
    };
    let FailureRecorded { asset, .. } = said.message;
    let body = json!({ "asset": asset, "id": said.id, "sequence": said.sequence });
    reply::json(StatusCode::CREATED, &body)
}
