//! What the log adds up to: the measures that `given`, `invariants` and `expect metric` speak of.

mod bookings;
mod record;
mod standing;
mod tally;

pub use record::Record;
pub use standing::{Standings, Thing, moved};
pub use tally::{DEADLINE_GRACE, SAME_FAILURE_MAX, Sums, Tally};

use crate::expression::vocabulary::{Function, Type, Vocabulary};

/// Words of `that`.
pub const VOCABULARY: Vocabulary = Vocabulary { measures: Some(MEASURES), functions: FUNCTIONS };

pub(crate) const MEASURES: &[(&str, Type, &str)] = &[
    ("cases.opened", Type::Number, "cases opened so far"),
    ("cases.open", Type::Number, "cases that have not ended"),
    ("cases.closed", Type::Number, "cases that have ended"),
    ("cases.lost", Type::Number, "open cases whose deadline passed and nothing happened"),
    (
        "cases.duplicated",
        Type::Number,
        "assets' components with two open cases, counted whenever that came to be",
    ),
    ("cases.escalated", Type::Number, "times that a person was asked to act"),
    ("bookings.confirmed", Type::Number, "bookings confirmed so far"),
    ("bookings.live", Type::Number, "bookings held, confirmed or in service"),
    ("bookings.completed", Type::Number, "bookings that ended with a finding"),
    (
        "bookings.overlaps",
        Type::Number,
        "pairs of bookings that shared a bay, a technician or a case",
    ),
    ("contacts.made", Type::Number, "times that an owner was reached"),
    (
        "contacts.repeated",
        Type::Number,
        "times that an owner was reached twice for one step of a case",
    ),
    ("effects.attempted", Type::Number, "calls to providers outside"),
    ("effects.uncertain", Type::Number, "effects of which nobody knows whether they happened"),
    ("predictions.made", Type::Number, "failures predicted"),
    ("letters.dead", Type::Number, "messages that an agent could not handle"),
    ("telemetry.quarantined", Type::Number, "samples set aside"),
    ("principals.flagged", Type::Number, "findings about principals, each once"),
    ("principals.contained", Type::Number, "principals that were contained so far, each once"),
    ("access.refused", Type::Number, "times that the bus refused something to a principal"),
];

const FUNCTIONS: &[Function] = &[
    Function {
        name: "failures",
        about: "failures and findings of a fault, each once",
        parameters: &[
            ("asset", Type::Text),
            ("component", Type::Text),
            ("batch", Type::Text),
            ("supplier", Type::Text),
            ("model", Type::Text),
        ],
        named: true,
        gives: Type::Number,
    },
    Function {
        name: "cases",
        about: "cases opened so far",
        parameters: &[
            ("asset", Type::Text),
            ("component", Type::Text),
            ("severity", Type::Text),
            ("state", Type::Text),
        ],
        named: true,
        gives: Type::Number,
    },
    Function {
        name: "contacts",
        about: "times that an owner was reached",
        parameters: &[
            ("case", Type::Text),
            ("asset", Type::Text),
            ("owner", Type::Text),
            ("channel", Type::Text),
            ("purpose", Type::Text),
        ],
        named: true,
        gives: Type::Number,
    },
    Function {
        name: "events",
        about: "messages of a name",
        parameters: &[("name", Type::Text), ("key", Type::Text), ("by", Type::Text)],
        named: true,
        gives: Type::Number,
    },
    Function {
        name: "assets",
        about: "assets registered and not retired",
        parameters: &[
            ("batch", Type::Text),
            ("supplier", Type::Text),
            ("model", Type::Text),
            ("profile", Type::Text),
        ],
        named: true,
        gives: Type::Number,
    },
];
