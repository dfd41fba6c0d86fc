//! Assets: registered, listed, maintained, retired.

use crate::facade::Facade;
use crate::findings::check_component;
use crate::problem::{Kind, Problem};
use crate::reply::{self, Page, Response};
use crate::request::{LIMIT_MAX, Request, check_text, check_token, malformed};
use crate::views::past::Seen;
use crate::views::{ASSETS_MAX, Asset, LogView, Topic};
use crate::{bookings, cases, predictions};
use messages::profile::Profile;
use messages::registry::{AssetRegistered, AssetRetired, MaintenanceRecorded};
use messages::{Encoding, Message, MessageId, Sequence, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::ops::Bound;
use warp::http::StatusCode;

/// Least similarity (Jaro-Winkler, 0 to 1) of a name that is worth suggesting.
const SIMILARITY_MIN: f64 = 0.7;

/// `POST /v1/assets`
pub(crate) async fn register(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let registered = AssetRegistered::from_data(Encoding::Json, &request.body)
        .map_err(|error| malformed(format!("body: {error}")))?;
    check_token("asset", &registered.asset)?;
    check_token("fleet", &registered.fleet)?;
    for (field, text) in [
        ("model", &registered.model),
        ("supplier", &registered.supplier),
        ("batch", &registered.batch),
        ("owner", &registered.owner),
        ("group", &registered.group),
    ] {
        text.as_deref().map_or(Ok(()), |text| check_text(field, text))?;
    }
    check_profile(&facade.options.profiles, &registered.profile)?;
    let writing = facade.writing(&request).await?;
    let said = match writing.earlier().await? {
        Some(said) => said,
        None => {
            let assets = &writing.view.assets;
            if assets.len() >= ASSETS_MAX && !assets.contains_key(&registered.asset) {
                return Err(Problem::new(
                    Kind::Unprocessable,
                    format!("{ASSETS_MAX} assets are registered; no more fit"),
                ));
            }
            writing.say(registered, None).await?
        }
    };
    let AssetRegistered { asset, .. } = said.message;
    answer(&asset, said.id, said.sequence)
}

fn answer(asset: &str, id: MessageId, sequence: Sequence) -> Result<Response, Problem> {
    let body = json!({ "asset": asset, "id": id, "sequence": sequence });
    reply::json(StatusCode::CREATED, &body)
}

fn check_profile(profiles: &BTreeMap<String, Profile>, profile: &str) -> Result<(), Problem> {
    if profiles.contains_key(profile) {
        return Ok(());
    }
    let remedy = instead(profile, profiles.keys().map(String::as_str));
    Err(Problem::new(Kind::Unprocessable, format!("profile `{profile}` is unknown; {remedy}")))
}

/// What to give in place of `name`, which is none of those that are `known`.
pub(crate) fn instead<'n>(name: &str, known: impl Iterator<Item = &'n str> + Clone) -> String {
    match nearest(name, known.clone()) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => format!("there are {}", known.collect::<Vec<_>>().join(", ")),
    }
}

/// The name most like `name`, if any is like it.
pub(crate) fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    names
        .map(|known| (strsim::jaro_winkler(name, known), known))
        .filter(|(similarity, _)| *similarity >= SIMILARITY_MIN)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, known)| known)
}

/// `GET /v1/assets`
pub(crate) async fn list(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let limit = request.limit()?;
    let retired = request.flag("retired")?;
    let fleet = request.query("fleet");
    let after = match request.query("cursor") {
        Some(cursor) => Bound::Excluded(cursor),
        None => Bound::Unbounded,
    };
    let view = facade.view(&request).await?;
    let mut wanted = view
        .assets
        .range::<str, _>((after, Bound::Unbounded))
        .filter(|(_, asset)| retired || asset.retired.is_none())
        .filter(|(_, asset)| fleet.is_none_or(|fleet| asset.registered.fleet == fleet))
        .peekable();
    let page: Vec<(&String, &Asset)> = wanted.by_ref().take(limit).collect();
    let next_cursor = match (wanted.peek(), page.last()) {
        (Some(_), Some((name, _))) => (*name).clone(),
        _ => String::new(),
    };
    let items = page.into_iter().map(|(_, asset)| shown(asset)).collect();
    let as_of = view.versions.as_of(&[Topic::Assets]);
    reply::json(StatusCode::OK, &Page::<Value> { as_of, omitted: None, items, next_cursor })
}

/// `GET /v1/assets/{asset}`, with what is predicted of it and what is done about it.
pub(crate) async fn show(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let name = request.token("asset")?;
    let view = facade.view(&request).await?;
    let asset = view.assets.get(name).ok_or_else(|| unknown(name))?;
    let mut item = shown(asset);
    let about = |component: &str| (name.to_owned(), component.to_owned());
    let predicted = view.predictions.by_about.range(about("")..);
    let predicted: Vec<Value> = predicted
        .take_while(|((asset, _), _)| asset == name)
        .map(|(about, it)| predictions::shown(about, it))
        .collect();
    item["predictions"] = predicted.into();
    item["cases"] = open_cases(&view, name).into();
    item["bookings"] = live_bookings(&view, name).into();
    let topics = [Topic::Assets, Topic::Predictions, Topic::Cases, Topic::Bookings];
    item["as_of"] = json!(view.versions.as_of(&topics));
    reply::json(StatusCode::OK, &item)
}

fn open_cases(view: &Seen, asset: &str) -> Vec<Value> {
    let wanted = |case: &crate::views::cases::Case| case.asset == asset && !case.state.is_final();
    let (found, _) = view.cases.rows.page(None, LIMIT_MAX, &wanted);
    found.into_iter().map(|(_, id, case)| cases::shown(id, case)).collect()
}

fn live_bookings(view: &Seen, asset: &str) -> Vec<Value> {
    let wanted = |it: &crate::views::bookings::Booking| it.asset == asset && !it.state.is_ended();
    let (found, _) = view.bookings.rows.page(None, LIMIT_MAX, &wanted);
    found.into_iter().map(|(_, id, booking)| bookings::shown(id, booking)).collect()
}

pub(crate) fn unknown(asset: &str) -> Problem {
    Problem::new(
        Kind::NotFound,
        format!("asset `{asset}` is not registered; register it with `aurorasync asset add`"),
    )
}

fn shown(asset: &Asset) -> Value {
    let AssetRegistered {
        asset: name,
        fleet,
        profile,
        model,
        in_service_since,
        supplier,
        batch,
        owner,
        group,
        home,
    } = &asset.registered;
    json!({
        "asset": name,
        "fleet": fleet,
        "profile": profile,
        "model": model,
        "in_service_since": in_service_since,
        "supplier": supplier,
        "batch": batch,
        "owner": owner,
        "group": group,
        "home": home,
        "registered_at": asset.registered_at,
        "sequence": asset.sequence,
        "provenance": asset.provenance,
        "retired_at": asset.retired.as_ref().map(|retired| retired.at),
        "retired_because": asset.retired.as_ref().map(|retired| &retired.reason),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Retirement {
    reason: String,
}

/// `POST /v1/assets/{asset}/retire`
pub(crate) async fn retire(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let asset = request.token("asset")?.to_owned();
    let Retirement { reason } = request.json()?;
    check_text("reason", &reason)?;
    let writing = facade.writing(&request).await?;
    let said = match writing.earlier().await? {
        Some(said) => said,
        None => {
            check_watched(&writing.view, &asset)?;
            // So that an asset is retired once.
            writing.say_alone(AssetRetired { asset, reason }).await?
        }
    };
    answer(&said.message.asset, said.id, said.sequence)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Maintenance {
    component: String,
    performed_at: Timestamp,
}

/// `POST /v1/assets/{asset}/maintenance`
pub(crate) async fn maintain(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let asset = request.token("asset")?.to_owned();
    let Maintenance { component, performed_at } = request.json()?;
    check_text("component", &component)?;
    if performed_at > facade.now() {
        return Err(Problem::new(
            Kind::Unprocessable,
            format!("`performed_at` is `{performed_at}`, which has not come yet"),
        ));
    }
    let writing = facade.writing(&request).await?;
    let said = match writing.earlier().await? {
        Some(said) => said,
        None => {
            check_watched(&writing.view, &asset)?;
            check_component(facade, &writing.view, &asset, "component", &component)?;
            writing.say(MaintenanceRecorded { asset, component, performed_at }, None).await?
        }
    };
    answer(&said.message.asset, said.id, said.sequence)
}

/// Whether `asset` is registered and not retired.
pub(crate) fn check_watched(view: &LogView, asset: &str) -> Result<(), Problem> {
    match view.assets.get(asset).map(|asset| &asset.retired) {
        Some(None) => Ok(()),
        Some(Some(retired)) => Err(Problem::new(
            Kind::Conflict,
            format!("asset `{asset}` was retired at {}; register it anew first", retired.at),
        )),
        None => Err(unknown(asset)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelled_profile_is_answered_with_the_nearest() {
        let known = |name: &str| {
            let text = messages::profile::embedded(name).unwrap();
            (name.to_owned(), Profile::parse(text).unwrap())
        };
        let profiles = BTreeMap::from([known("machine"), known("vehicle")]);
        let detail = |profile| check_profile(&profiles, profile).unwrap_err().detail;
        assert!(check_profile(&profiles, "vehicle").is_ok());
        assert_eq!(detail("vehicel"), "profile `vehicel` is unknown; did you mean `vehicle`?");
        assert_eq!(detail("zzz"), "profile `zzz` is unknown; there are machine, vehicle");
    }
}
