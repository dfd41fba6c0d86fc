//! Which bookings live, and which of them ever shared a bay, a technician or a case.

use super::record::Record;
use messages::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Bookings that live, and the collisions that there ever were.
#[derive(Clone, Debug, Default)]
pub(super) struct Bookings {
    live: BTreeMap<String, Live>,
    overlaps: BTreeSet<(String, String)>,
}

#[derive(Clone, Debug)]
struct Live {
    case: String,
    centre: String,
    bay: u64,
    technician: String,
    from: Timestamp,
    to: Timestamp,
}

/// Messages after which a booking lives no more.
const ENDS: [&str; 4] =
    ["booking.completed", "booking.cancelled", "booking.expired", "booking.missed"];

impl Bookings {
    pub(super) fn take(&mut self, record: &Record) {
        let Some(id) = record.text("booking") else { return };
        if ENDS.contains(&record.name()) {
            self.live.remove(id);
            return;
        }
        if let Some(live) = live(record) {
            let colliding =
                self.live.iter().filter(|(other, it)| *other != id && it.collides(&live));
            for (other, _) in colliding {
                let pair = if other.as_str() < id {
                    (other.clone(), id.to_owned())
                } else {
                    (id.to_owned(), other.clone())
                };
                self.overlaps.insert(pair);
            }
            self.live.insert(id.to_owned(), live);
        }
    }

    pub(super) fn live(&self) -> usize {
        self.live.len()
    }

    pub(super) fn overlaps(&self) -> usize {
        self.overlaps.len()
    }
}

impl Live {
    fn collides(&self, other: &Live) -> bool {
        let at_once = self.from < other.to && other.from < self.to && self.centre == other.centre;
        let shares = self.bay == other.bay || self.technician == other.technician;
        (at_once && shares) || self.case == other.case
    }
}

/// The booking that `record` makes or moves.
fn live(record: &Record) -> Option<Live> {
    let slot = record.fields().get("slot")?;
    let text = |name: &str| slot.get(name).and_then(Value::as_str);
    Some(Live {
        case: record.case()?,
        centre: text("centre")?.to_owned(),
        bay: slot.get("bay")?.as_u64()?,
        technician: text("technician")?.to_owned(),
        from: text("from")?.parse().ok()?,
        to: text("to")?.parse().ok()?,
    })
}
