//! Centres: registered and listed, and the parts they have.

use crate::assets::instead;
use crate::facade::Facade;
use crate::owners::is_zone;
use crate::problem::{Kind, Problem};
use crate::reply::{self, Page, Response};
use crate::request::{Request, check_text, check_token, malformed};
use crate::views::centres::{CENTRES_MAX, Centre, PARTS_MAX};
use crate::views::{LogView, Topic};
use messages::centre::{
    BAYS_MAX, CentreRegistered, DAY_MINUTES, HOLIDAYS_MAX, OPENINGS_MAX, OpeningHours, PartStocked,
    SKILLS_MAX, TECHNICIANS_MAX, Technician,
};
use messages::profile::Profile;
use messages::{Encoding, Finite, Message, MessageId, Sequence, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use warp::http::StatusCode;

/// Most emergency slots that a centre keeps in a day.
const EMERGENCY_SLOTS_MAX: u16 = 1_000;

/// `POST /v1/centres`
pub(crate) async fn register(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let registered = CentreRegistered::from_data(Encoding::Json, &request.body)
        .map_err(|error| malformed(format!("body: {error}")))?;
    check(&registered)?;
    let writing = facade.writing(&request).await?;
    let said = match writing.earlier().await? {
        Some(said) => said,
        None => {
            let known = &writing.view.centres.by_id;
            if known.len() >= CENTRES_MAX && !known.contains_key(&registered.centre) {
                let text = format!("{CENTRES_MAX} centres are registered; no more fit");
                return Err(Problem::new(Kind::Unprocessable, text));
            }
            writing.say(registered, None).await?
        }
    };
    answer(&said.message.centre, said.id, said.sequence)
}

fn answer(centre: &str, id: MessageId, sequence: Sequence) -> Result<Response, Problem> {
    let body = json!({ "centre": centre, "id": id, "sequence": sequence });
    reply::json(StatusCode::CREATED, &body)
}

/// Whether a centre can be as it is described.
fn check(centre: &CentreRegistered) -> Result<(), Problem> {
    check_token("centre", &centre.centre)?;
    check_token("network", &centre.network)?;
    check_text("name", &centre.name)?;
    if !is_zone(&centre.zone) {
        let text =
            format!("`zone` is `{}`, not an IANA time zone such as `Asia/Kolkata`", centre.zone);
        return Err(malformed(text));
    }
    check_number("bays", centre.bays.into(), 1, BAYS_MAX.into())?;
    let kept = centre.emergency_slots_per_day;
    check_number("emergency_slots_per_day", kept.into(), 0, EMERGENCY_SLOTS_MAX.into())?;
    check_technicians(&centre.technicians)?;
    check_hours(&centre.hours)?;
    check_holidays(&centre.holidays)?;
    check_range("latitude", centre.latitude, -90.0, 90.0)?;
    check_range("longitude", centre.longitude, -180.0, 180.0)?;
    check_range("rating", centre.rating, 0.0, 5.0)
}

fn check_number(field: &str, value: usize, least: usize, most: usize) -> Result<(), Problem> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(malformed(format!("`{field}` is {value}; expected {least} to {most}")))
}

fn check_range(field: &str, value: Option<Finite>, least: f64, most: f64) -> Result<(), Problem> {
    match value.map(Finite::get) {
        Some(value) if !(least..=most).contains(&value) => {
            Err(malformed(format!("`{field}` is {value}; expected {least} to {most}")))
        }
        _ => Ok(()),
    }
}

fn check_technicians(technicians: &[Technician]) -> Result<(), Problem> {
    check_number("number of `technicians`", technicians.len(), 1, TECHNICIANS_MAX)?;
    let mut ids = BTreeSet::new();
    for technician in technicians {
        let id = &technician.id;
        check_token("technicians.id", id)?;
        if !ids.insert(id) {
            return Err(malformed(format!("technician `{id}` is listed twice")));
        }
        let skills = format!("number of `skills` of technician `{id}`");
        check_number(&skills, technician.skills.len(), 1, SKILLS_MAX)?;
        for skill in &technician.skills {
            check_token("technicians.skills", skill)?;
        }
    }
    Ok(())
}

fn check_hours(hours: &[OpeningHours]) -> Result<(), Problem> {
    check_number("number of `hours`", hours.len(), 1, OPENINGS_MAX)?;
    for (index, span) in hours.iter().enumerate() {
        let OpeningHours { weekday, opens_minute, closes_minute } = *span;
        check_number("hours.weekday", weekday.into(), 1, 7)?;
        if opens_minute >= closes_minute || closes_minute > DAY_MINUTES {
            return Err(malformed(format!(
                "`hours` of weekday {weekday} are {opens_minute} to {closes_minute}; expected minutes of the day, \
                 opening before closing, at most {DAY_MINUTES}"
            )));
        }
        let overlaps = |other: &&OpeningHours| {
            other.weekday == weekday
                && other.opens_minute < closes_minute
                && opens_minute < other.closes_minute
        };
        if hours[..index].iter().any(|other| overlaps(&other)) {
            return Err(malformed(format!("`hours` of weekday {weekday} overlap; join them")));
        }
    }
    Ok(())
}

fn check_holidays(holidays: &[String]) -> Result<(), Problem> {
    check_number("number of `holidays`", holidays.len(), 0, HOLIDAYS_MAX)?;
    for day in holidays {
        let is_date = day.len() == 10 && format!("{day}T00:00:00Z").parse::<Timestamp>().is_ok();
        if !is_date {
            return Err(malformed(format!(
                "`holidays` holds `{day}`; write a date like `2026-03-25`"
            )));
        }
    }
    Ok(())
}

/// `GET /v1/centres`
pub(crate) async fn list(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let limit = request.limit()?;
    let network = request.query("network");
    let after = request.query("cursor").map_or(Bound::Unbounded, Bound::Excluded);
    let view = facade.view(&request).await?;
    let mut wanted = view
        .centres
        .by_id
        .range::<str, _>((after, Bound::Unbounded))
        .filter(|(_, centre)| network.is_none_or(|network| centre.registered.network == network))
        .peekable();
    let page: Vec<(&String, &Centre)> = wanted.by_ref().take(limit).collect();
    let next_cursor = match (wanted.peek(), page.last()) {
        (Some(_), Some((id, _))) => (*id).clone(),
        _ => String::new(),
    };
    let items = page.into_iter().map(|(_, centre)| shown(centre)).collect::<Vec<_>>();
    let as_of = view.versions.as_of(&[Topic::Centres]);
    reply::json(StatusCode::OK, &Page { as_of, omitted: None, items, next_cursor })
}

/// `GET /v1/centres/{centre}`
pub(crate) async fn show(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let id = request.token("centre")?.to_owned();
    let view = facade.views.log().await?;
    let centre = find(&view, &id)?;
    let mut item = shown(centre);
    item["demand"] = json!(centre.demand);
    reply::json(StatusCode::OK, &item)
}

fn shown(centre: &Centre) -> Value {
    let mut item = json!(centre.registered);
    let skills: BTreeSet<&String> =
        centre.registered.technicians.iter().flat_map(|technician| &technician.skills).collect();
    let parts: Vec<Value> = centre
        .part_by_name
        .iter()
        .map(|(part, stock)| {
            json!({ "part": part, "quantity": stock.quantity, "available_at": stock.available_at })
        })
        .collect();
    item["skills"] = json!(skills);
    item["parts"] = parts.into();
    item["registered_at"] = json!(centre.registered_at);
    item["sequence"] = centre.sequence.into();
    item["provenance"] = json!(centre.provenance);
    item
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stock {
    part: String,
    quantity: u32,
    #[serde(default)]
    available_at: Option<Timestamp>,
}

/// `POST /v1/centres/{centre}/parts`
pub(crate) async fn stock(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let Stock { part, quantity, available_at } = request.json()?;
    let centre = request.token("centre")?.to_owned();
    check_token("part", &part)?;
    check_part(&facade.options.profiles, &part)?;
    let writing = facade.writing(&request).await?;
    let said = match writing.earlier().await? {
        Some(said) => said,
        None => {
            let known = find(&writing.view, &centre)?;
            let parts = &known.part_by_name;
            if parts.len() >= PARTS_MAX && !parts.contains_key(&part) {
                let text = format!("centre `{centre}` has {PARTS_MAX} kinds of parts; no more fit");
                return Err(Problem::new(Kind::Unprocessable, text));
            }
            let network = known.registered.network.clone();
            let available_at = available_at.unwrap_or_else(|| facade.now());
            let stocked = PartStocked { network, centre, part, quantity, available_at };
            writing.say(stocked, None).await?
        }
    };
    let PartStocked { centre, .. } = said.message;
    answer(&centre, said.id, said.sequence)
}

/// Whether some asset can need the part: each is a component of a profile, and of another nobody would ever ask.
fn check_part(profiles: &BTreeMap<String, Profile>, part: &str) -> Result<(), Problem> {
    let components = profiles.values().flat_map(|profile| &profile.components);
    let known: BTreeSet<&str> = components.map(|component| component.id.as_str()).collect();
    if known.contains(part) {
        return Ok(());
    }
    let remedy = instead(part, known.iter().copied());
    let text = format!("part `{part}` is a component of no profile; {remedy}");
    Err(Problem::new(Kind::Unprocessable, text))
}

fn find<'v>(view: &'v LogView, id: &str) -> Result<&'v Centre, Problem> {
    view.centres.by_id.get(id).ok_or_else(|| {
        let text =
            format!("centre `{id}` is not registered; register it with `aurorasync centre import`");
        Problem::new(Kind::NotFound, text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opening(weekday: u8, opens_minute: u16, closes_minute: u16) -> OpeningHours {
        OpeningHours { weekday, opens_minute, closes_minute }
    }

    #[test]
    fn hours_open_before_they_close_and_do_not_overlap() {
        assert!(check_hours(&[opening(1, 480, 720), opening(1, 720, 1440)]).is_ok());
        for wrong in [
            vec![],
            vec![opening(0, 480, 720)],
            vec![opening(8, 480, 720)],
            vec![opening(1, 720, 720)],
            vec![opening(1, 480, 1441)],
            vec![opening(1, 480, 720), opening(1, 700, 900)],
        ] {
            assert!(check_hours(&wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn holidays_are_days() {
        assert!(check_holidays(&["2026-03-25".to_owned(), "2028-02-29".to_owned()]).is_ok());
        for wrong in ["", "2026-02-29", "25.03.2026", "2026-3-25", "2026-03-25T00:00:00Z"] {
            assert!(check_holidays(&[wrong.to_owned()]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn numbers_are_within_their_range() {
        assert!(check_number("bays", 1, 1, 5).is_ok() && check_number("bays", 5, 1, 5).is_ok());
        assert!(check_number("bays", 0, 1, 5).is_err() && check_number("bays", 6, 1, 5).is_err());
        let number = |value| Finite::new(value).ok();
        assert!(check_range("rating", number(5.0), 0.0, 5.0).is_ok());
        assert!(check_range("rating", number(5.5), 0.0, 5.0).is_err());
        assert!(check_range("rating", None, 0.0, 5.0).is_ok());
    }
}
