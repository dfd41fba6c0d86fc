//! Puts penalties and constraints into sentences that owners and planners read.

use super::calendar::Constraint;
use super::ground::{Ground, Site, Spot, zoned};
use super::penalty::{PenaltyKind, Wishes};
use super::problem::{Slot, Visit};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use messages::time::Timestamp;
use std::fmt;

/// Why `kind` speaks against `spot`.
pub(super) fn penalty(
    wishes: &Wishes<'_>,
    ground: &Ground<'_>,
    spot: Spot,
    kind: PenaltyKind,
) -> String {
    let site = &ground.sites[spot.centre];
    let (id, day) = (&site.centre.id, &site.days[spot.day]);
    let wish = &wishes.sites[spot.centre];
    match kind {
        PenaltyKind::Late => {
            format!(
                "it starts {} after the due time",
                span(spot.from - wishes.job.due_at.as_millis())
            )
        }
        PenaltyKind::Unable => "the owner said they cannot come at this time".to_owned(),
        PenaltyKind::Unpreferred => "the owner prefers other times".to_owned(),
        PenaltyKind::OtherCentre => {
            let wished = wishes.job.centre.as_deref().unwrap_or_default();
            format!("the owner prefers `{wished}` to `{id}`")
        }
        PenaltyKind::Distance => match wish.km {
            Some((km, true)) => format!("`{id}` is {km:.0} km away"),
            _ => format!("the way to `{id}` is unknown and counted like the longest that is known"),
        },
        PenaltyKind::Load => format!("others have booked part of {} at `{id}`", date(day.date)),
        PenaltyKind::Demand => {
            let share = day.foreseen.unwrap_or(0.0) / site.capacity(spot.day);
            format!(
                "more visits are foreseen on {} at `{id}`, for {:.0} % of its bay time",
                date(day.date),
                (share * 100.0).max(1.0)
            )
        }
        PenaltyKind::Rating => match wish.rating {
            Some((rating, true)) => format!("owners rate `{id}` {rating:.1} of 5"),
            _ => format!("`{id}` is not rated yet and counted as average"),
        },
        PenaltyKind::Apart => apart(wishes, ground, spot),
        PenaltyKind::Moved => match wishes.origin {
            Some((centre, from)) => {
                let old = &ground.sites[centre];
                format!("it was agreed for {} at `{}`", clock(from, &old.zone), old.centre.id)
            }
            None => "it was agreed for a centre that is gone".to_owned(),
        },
    }
}

/// When and where the owner's other assets come, or this one for another repair.
fn apart(wishes: &Wishes<'_>, ground: &Ground<'_>, spot: Spot) -> String {
    if let Some(visit) = wishes.same_day(ground, spot).next() {
        return format!("{} comes at another hour of the day", whose(wishes, visit));
    }
    let Some(visit) = wishes.job.company.first() else { return String::new() };
    let zone = ground.site(&visit.centre).map(|at| &ground.sites[at].zone);
    let at = clock(visit.from.as_millis(), zone.unwrap_or(&TimeZone::UTC));
    format!("{} comes to `{}` on {at}", whose(wishes, visit), visit.centre)
}

fn whose(wishes: &Wishes<'_>, visit: &Visit) -> String {
    match wishes.job.asset.as_ref() == Some(&visit.asset) {
        true => format!("for another repair `{}`", visit.asset),
        false => format!("`{}` of the same owner", visit.asset),
    }
}

/// What would have to be otherwise.
pub(super) fn relaxed(constraint: &Constraint, zone: &TimeZone, due_at: Timestamp) -> String {
    let time = |at: &Timestamp| clock(at.as_millis(), zone);
    match constraint {
        Constraint::Case { booking } => format!("without booking `{booking}` of the same case"),
        Constraint::Centre { centre } => format!("with `{centre}` in the network"),
        Constraint::Early { at } => format!("earlier than {}", time(at)),
        Constraint::Latest { at } if *at == due_at => {
            format!("later than the due time, {}", time(at))
        }
        Constraint::Latest { at } => format!("later than {}", time(at)),
        Constraint::Reach { centre, km, reach_km } => {
            format!("looking farther than {reach_km} km: `{centre}` is {km} km away")
        }
        Constraint::Hours { centre, date: day } => {
            format!("with longer opening hours of `{centre}` on {}", date(*day))
        }
        Constraint::Holiday { centre, date: day } => {
            format!("without the holiday of `{centre}` on {}", date(*day))
        }
        Constraint::Bay { centre } => format!("with one more bay free at `{centre}`"),
        Constraint::Technician { centre, skill, skilled: 0 } => {
            format!("with a technician at `{centre}` who can do `{skill}`")
        }
        Constraint::Technician { centre, skill, .. } => {
            format!("with one more technician free at `{centre}` who can do `{skill}`")
        }
        Constraint::Part { centre, part, there_at: Some(at) } => {
            format!("with part `{part}` at `{centre}` before {}, when it arrives", time(at))
        }
        Constraint::Part { centre, part, there_at: None } => {
            format!("with part `{part}` at `{centre}`, where none is to come")
        }
        Constraint::EmergencyPlaces { centre, date: day, places } => {
            format!("using one of the {places} emergency places of `{centre}` on {}", date(*day))
        }
        Constraint::Elsewhere { asset, centre } => {
            format!("without the other visit of `{asset}` to `{centre}`")
        }
    }
}

/// A moment on a local clock, e.g. `Thu 5 Mar 2026 10:15`.
pub(super) fn clock(at: i64, zone: &TimeZone) -> String {
    zoned(at, zone).strftime("%a %-d %b %Y %H:%M").to_string()
}

fn date(date: Date) -> String {
    date.strftime("%a %-d %b %Y").to_string()
}

/// A time span in its two greatest units, e.g. `2 d 3 h`.
fn span(millis: i64) -> String {
    let minutes = millis / super::ground::MINUTE;
    let (days, hours, rest) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    match (days, hours) {
        (0, 0) => format!("{rest} min"),
        (0, _) => format!("{hours} h {rest} min"),
        _ => format!("{days} d {hours} h"),
    }
}

/// Why a booking cannot stay at `slot` of `site`, which is `None` when the centre is gone.
pub(super) fn lost(constraints: &[Constraint], slot: &Slot, site: Option<&Site<'_>>) -> String {
    let sentence = |constraint: &Constraint| match (constraint, site) {
        (Constraint::Bay { centre }, Some(site)) if slot.bay >= site.centre.bays => {
            format!("the workshop `{centre}` has lost the bay")
        }
        (Constraint::Technician { centre, skill, .. }, Some(site)) => {
            let name = &slot.technician;
            match site.technician(name) {
                None => format!("technician `{name}` of `{centre}` is not there any more"),
                Some(at) if !site.skilled(skill).holds(at) => {
                    format!("technician `{name}` of `{centre}` does not do `{skill}` any more")
                }
                Some(_) => loss(constraint),
            }
        }
        (Constraint::Hours { centre, date: day }, Some(_)) => {
            format!("the workshop `{centre}` is not open at that time on {} any more", date(*day))
        }
        (Constraint::Holiday { centre, date: day }, _) => {
            format!("the workshop `{centre}` is closed on {}", date(*day))
        }
        _ => loss(constraint),
    };
    let sentences: Vec<String> = constraints.iter().map(sentence).collect();
    sentences.join("; ")
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&loss(self))
    }
}

fn loss(constraint: &Constraint) -> String {
    match constraint {
        Constraint::Case { booking } => format!("booking `{booking}` is of the same case"),
        Constraint::Centre { centre } => format!("`{centre}` has left the network"),
        Constraint::Early { .. } => "it lies in the past".to_owned(),
        Constraint::Latest { .. } => "it is later than allowed".to_owned(),
        Constraint::Reach { centre, km, reach_km } => {
            format!("`{centre}` is {km} km away, farther than {reach_km} km")
        }
        Constraint::Hours { centre, date: day } => {
            format!("`{centre}` is not open at this time on {}", date(*day))
        }
        Constraint::Holiday { centre, date: day } => {
            format!("`{centre}` has a holiday on {}", date(*day))
        }
        Constraint::Bay { centre } => format!("its bay at `{centre}` is not free"),
        Constraint::Technician { centre, skill, .. } => {
            format!("its technician at `{centre}` is not free for `{skill}`")
        }
        Constraint::Part { centre, part, .. } => {
            format!("part `{part}` is not at `{centre}` by then")
        }
        Constraint::EmergencyPlaces { centre, date: day, .. } => {
            format!("it takes an emergency place of `{centre}` on {}", date(*day))
        }
        Constraint::Elsewhere { asset, centre } => {
            format!("`{asset}` is at `{centre}` for another repair then")
        }
    }
}
