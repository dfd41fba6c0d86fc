//! Where cases, bookings and assets stand, and since which record.

use super::record::Record;
use std::collections::BTreeMap;

/// What can stand somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thing {
    /// A case.
    Case,
    /// A booking.
    Booking,
    /// An asset.
    Asset,
}

/// Messages, what they are about, and where it stands from then on; `None`: their field `to` says it.
const MOVES: &[(&str, Thing, Option<&str>)] = &[
    ("case.opened", Thing::Case, Some("opened")),
    ("case.advanced", Thing::Case, None),
    ("case.escalated", Thing::Case, Some("escalated")),
    ("case.closed", Thing::Case, Some("closed")),
    ("booking.held", Thing::Booking, Some("held")),
    ("booking.confirmed", Thing::Booking, Some("confirmed")),
    ("booking.moved", Thing::Booking, Some("moved")),
    ("booking.started", Thing::Booking, Some("in_service")),
    ("booking.completed", Thing::Booking, Some("completed")),
    ("booking.cancelled", Thing::Booking, Some("cancelled")),
    ("booking.expired", Thing::Booking, Some("expired")),
    ("booking.missed", Thing::Booking, Some("missed")),
    ("asset.registered", Thing::Asset, Some("registered")),
    ("asset.retired", Thing::Asset, Some("retired")),
    ("asset.silent", Thing::Asset, Some("silent")),
    ("failure.predicted", Thing::Asset, Some("predicted")),
    ("prediction.cleared", Thing::Asset, Some("clear")),
];

/// What `record` moves, and where to.
#[must_use]
pub fn moved(record: &Record) -> Option<(Thing, &str, &str)> {
    let (_, thing, to) = MOVES.iter().find(|(name, ..)| *name == record.name())?;
    let field = match thing {
        Thing::Case => "case",
        Thing::Booking => "booking",
        Thing::Asset => "asset",
    };
    let to = match to {
        Some(to) => to,
        None => record.text("to")?,
    };
    Some((*thing, record.text(field)?, to))
}

/// Where everything stands now.
#[derive(Clone, Debug, Default)]
pub struct Standings {
    now: BTreeMap<(Thing, String), (String, usize)>,
}

impl Standings {
    /// Takes in one more record.
    pub fn take(&mut self, record: &Record) {
        if let Some((thing, id, to)) = moved(record) {
            self.now.insert((thing, id.to_owned()), (to.to_owned(), record.index));
        }
    }

    /// Where `id` stands, and the index of the record that says so.
    #[must_use]
    pub fn of(&self, thing: Thing, id: &str) -> Option<(&str, usize)> {
        let (state, index) = self.now.get(&(thing, id.to_owned()))?;
        Some((state, *index))
    }

    /// All things of a kind and where they stand.
    pub fn all(&self, thing: Thing) -> impl Iterator<Item = (&str, &str)> {
        let of_kind = self.now.iter().filter(move |((kind, _), _)| *kind == thing);
        of_kind.map(|((_, id), (state, _))| (id.as_str(), state.as_str()))
    }
}
