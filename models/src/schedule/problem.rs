//! What is asked: centres with what they have, the bookings that live, and the job to be done.

use jiff::civil::{Date, Weekday};
use messages::prediction::Severity;
use messages::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that stands when a question is asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// The moment of the question; nothing is placed before it.
    pub now: Timestamp,
    /// The centres of the network.
    pub centres: Vec<Centre>,
    /// Live bookings, held ones included: each takes its bay, its technician and its part.
    pub bookings: Vec<Booking>,
    /// Foreseen demand, where there is a forecast.
    pub demand: Vec<Demand>,
}

/// A workshop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Centre {
    /// Its name.
    pub id: String,
    /// IANA name of the zone in which its hours and holidays are meant.
    pub zone: String,
    /// Spans of opening of each day of the week from Monday on; without any it is closed.
    pub hours: [Vec<Hours>; 7],
    /// Days on which it is closed all the same.
    pub holidays: BTreeSet<Date>,
    /// Bays, numbered from 0.
    pub bays: u16,
    /// Who works there, whenever it is open.
    pub technicians: Vec<Technician>,
    /// Places that routine work leaves free on each local day.
    pub emergency_places: u16,
    /// Where it is, if known.
    pub position: Option<Position>,
    /// Rating by owners, 0 to 5, if rated.
    pub rating: Option<f64>,
    /// Parts it has or awaits.
    pub stock: Vec<Stock>,
}

/// Hours of one day, in minutes of the local clock after midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// From this minute.
    pub open_minute: u16,
    /// Until this minute; 1440 is the end of the day.
    pub close_minute: u16,
}

/// Somebody who repairs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Technician {
    /// Their name, unique within the centre.
    pub id: String,
    /// What they can do.
    pub skills: BTreeSet<String>,
}

/// Pieces of a part, there from a moment on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stock {
    /// The part.
    pub part: String,
    /// How many, those meant for live bookings included.
    pub pieces: u32,
    /// Since or from when they are there.
    pub there_at: Timestamp,
}

/// A place on the earth, in degrees.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// North of the equator.
    pub latitude: f64,
    /// East of Greenwich.
    pub longitude: f64,
}

/// Work that a case needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// The case.
    pub case: String,
    /// What is repaired, if known: it is at one visit at a time.
    pub asset: Option<String>,
    /// What the technician must be able to do.
    pub skill: String,
    /// How long it takes, in minutes.
    pub minutes: u16,
    /// The part it uses up, if any.
    pub part: Option<String>,
    /// It does not start before.
    pub earliest_at: Timestamp,
    /// It should start by then.
    pub due_at: Timestamp,
    /// It must start by then; without it the horizon ends the search.
    pub latest_at: Option<Timestamp>,
    /// How grave it is: from CRITICAL on it may take emergency places.
    pub severity: Severity,
    /// IANA name of the owner's zone, in which weekly windows are meant.
    pub zone: String,
    /// When the owner can come; any time if empty.
    pub able: Vec<Window>,
    /// When the owner prefers to come; any time if empty.
    pub preferred: Vec<Window>,
    /// The centre that the owner prefers.
    pub centre: Option<String>,
    /// Where the asset is, if known.
    pub position: Option<Position>,
    /// Kilometres to centres where they are known better than by the straight line.
    pub km_by_centre: BTreeMap<String, f64>,
    /// Visits of the owner's other assets, and others of this one: best is to come together with one of them.
    pub company: Vec<Visit>,
}

/// Another visit of the same asset, or one of another asset of the same owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visit {
    /// The asset.
    pub asset: String,
    /// The centre.
    pub centre: String,
    /// Start.
    pub from: Timestamp,
    /// End.
    pub until: Timestamp,
}

/// Times at which an owner can or likes to come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Window {
    /// Once, up to but without `until`.
    Once {
        /// From this moment.
        from: Timestamp,
        /// Before this moment.
        until: Timestamp,
    },
    /// Again and again, on the owner's clock.
    Weekly {
        /// On these days.
        days: Days,
        /// At these minutes, the last one excluded.
        hours: Hours,
    },
}

/// Days of the week.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Days {
    /// All of them.
    Every,
    /// Those with these numbers, 1 for Monday to 7 for Sunday.
    Of(BTreeSet<u8>),
}

impl Days {
    pub(super) fn holds(&self, weekday: Weekday) -> bool {
        match self {
            Days::Every => true,
            Days::Of(days) => days.contains(&weekday.to_monday_one_offset().unsigned_abs()),
        }
    }
}

/// A bay and a technician of a centre for a while.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Slot {
    /// The centre.
    pub centre: String,
    /// The bay, from 0.
    pub bay: u16,
    /// The technician.
    pub technician: String,
    /// Start.
    pub from: Timestamp,
    /// End, which is free again.
    pub until: Timestamp,
}

/// A slot that is taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Booking {
    /// Its name.
    pub id: String,
    /// What is done.
    pub job: Job,
    /// When and where.
    pub slot: Slot,
    /// It cannot be moved: service has begun, or somebody said so.
    pub fixed: bool,
}

/// Foreseen demand of a centre on a local day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Demand {
    /// The centre.
    pub centre: String,
    /// The day, in the centre's zone.
    pub date: Date,
    /// Bay minutes that will be asked for.
    pub minutes: f64,
}
