//! What the solver promises, judged by a checker and a brute force that share no function with it.

mod asked;
mod brute;
mod checker;
mod instance;
mod many;
mod relaxed;
mod replanned;

use super::*;
use jiff::civil::Date;
use messages::prediction::Severity;
use messages::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Monday morning.
const NOW: &str = "2026-03-02T00:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().expect("a moment")
}

fn date(text: &str) -> Date {
    text.parse().expect("a date")
}

fn hours(open: u16, close: u16) -> Hours {
    Hours { open_minute: open * 60, close_minute: close * 60 }
}

fn every_day(hours: Hours) -> [Vec<Hours>; 7] {
    std::array::from_fn(|_| vec![hours])
}

fn technician(id: &str, skills: &[&str]) -> Technician {
    Technician { id: id.into(), skills: skills.iter().map(|skill| (*skill).into()).collect() }
}

/// Open from 8 to 20 on every day, two bays, two technicians.
fn centre(id: &str, zone: &str) -> Centre {
    Centre {
        id: id.into(),
        zone: zone.into(),
        hours: every_day(hours(8, 20)),
        holidays: BTreeSet::new(),
        bays: 2,
        technicians: vec![technician("ana", &["brake"]), technician("bo", &["brake", "battery"])],
        emergency_places: 0,
        position: None,
        rating: None,
        stock: Vec::new(),
    }
}

/// Two hours of work on brakes, due in two days.
fn job(case: &str) -> Job {
    Job {
        case: case.into(),
        asset: None,
        skill: "brake".into(),
        minutes: 120,
        part: None,
        earliest_at: at(NOW),
        due_at: at("2026-03-04T00:00:00Z"),
        latest_at: None,
        severity: Severity::High,
        zone: "UTC".into(),
        able: Vec::new(),
        preferred: Vec::new(),
        centre: None,
        position: None,
        km_by_centre: BTreeMap::new(),
        company: Vec::new(),
    }
}

fn problem(centres: Vec<Centre>) -> Problem {
    Problem { now: at(NOW), centres, ..Problem::default() }
}

fn slot(centre: &str, bay: u16, technician: &str, from: &str, until: &str) -> Slot {
    let (centre, technician) = (centre.into(), technician.into());
    Slot { centre, bay, technician, from: at(from), until: at(until) }
}

fn booking(id: &str, slot: Slot) -> Booking {
    Booking { id: id.into(), job: job(&format!("case of {id}")), slot, fixed: false }
}
