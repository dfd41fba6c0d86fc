//! What each route takes and gives, as tables of fields. A list: one line a field.
//!
//! Requests are read by the types in the handlers' files; a test asks each route with a field too many and
//! compares the names it expects with these. Answers are held against these whenever a test asks for one.

mod agents;
mod cases;
mod registry;

pub(crate) use agents::*;
pub(crate) use cases::*;
pub(crate) use registry::*;

use crate::shape::{Shape, extended, has, may, object, page};
use Shape::{Any, Count, Flag, Id, Line, List, Map, Maybe, Name, Number, OneOf, Text, Time};

const MAYBE_TEXT: Shape = Maybe(&Text);
const MAYBE_LINE: Shape = Maybe(&Line);
const MAYBE_TIME: Shape = Maybe(&Time);
const MAYBE_ID: Shape = Maybe(&Id);
const MAYBE_NUMBER: Shape = Maybe(&Number);
const NAMES: Shape = List(&Name);
const PROVENANCE: Shape = OneOf(&["measured", "replayed", "simulated"]);
const CHANNEL: Shape = OneOf(&["voice", "sms", "email", "app"]);
const SEVERITY: Shape = OneOf(&["LOW", "MEDIUM", "HIGH", "CRITICAL", "EMERGENCY"]);
const RECORD: Shape = object(
    "Record",
    &[
        has("position", Text),
        has("id", Id),
        has("name", Text),
        has("class", Text),
        has("key", Text),
        has("source", Text),
        has("time", Time),
        has("provenance", PROVENANCE),
        may("case_id", Id),
        may("causation_id", Id),
        may("addressed_to", Text),
        may("traceparent", Text),
        may("origin", Map(&Any)),
        may("data", Any),
        may("undecoded", Text),
    ],
);
pub(crate) const EVENTS: Shape =
    object("Events", &[has("items", List(&RECORD)), has("next_cursor", Text)]);
const CHANGE: Shape = extended(
    "Change",
    &RECORD,
    &[has("kind", Text), has("asset", MAYBE_TEXT), has("fleet", MAYBE_TEXT)],
);
pub(crate) const CHANGES: Shape =
    object("Changes", &[has("items", List(&CHANGE)), has("next_cursor", Text)]);
pub(crate) const REBUILT: Shape = object("Rebuilt", &[has("records", Count), has("equal", Flag)]);
pub(crate) const BACKUP_TAKEN: Shape = object("Backup", &[has("path", Text)]);
pub(crate) const BACKUP: Shape = object(
    "Backup",
    &[has("file", Text), has("bytes", Count), has("records", Count), has("states", Count)],
);
const MODEL: Shape = object(
    "Model",
    &[
        has("name", Text),
        has("checksum", Text),
        has("feature_schema", Count),
        has("data", Text),
        has("figures", Map(&Number)),
    ],
);
pub(crate) const PROMOTION: Shape = object(
    "Promotion",
    &[
        may("file", MAYBE_TEXT),
        may("checksum", MAYBE_TEXT),
        has("agent", Name),
        has("by", Line),
        has("reason", Line),
        may("force", MAYBE_LINE),
        may("shadow", Flag),
    ],
);
pub(crate) const ROLLBACK: Shape = object(
    "Rollback",
    &[
        has("profile", Name),
        has("agent", Name),
        has("by", Line),
        has("reason", Line),
        may("shadow", Flag),
    ],
);
pub(crate) const PROMOTED: Shape = object(
    "Promoted",
    &[
        has("profile", Name),
        has("agent", Name),
        has("model", Maybe(&MODEL)),
        has("before", MAYBE_TEXT),
        has("rolled_back", Flag),
        has("forced", MAYBE_TEXT),
        has("by", Text),
        has("reason", Text),
        has("shadow", Flag),
        has("id", Id),
        has("sequence", Count),
    ],
);
const TALLY: Shape =
    object("Tally", &[has("right", Count), has("wrong", Count), has("precision", MAYBE_NUMBER)]);
const OUTCOMES: Shape = object("Outcomes", &[has("in_use", TALLY), has("in_shadow", TALLY)]);
const PROMOTED_SHOWN: Shape = extended(
    "PromotedShown",
    &PROMOTED,
    &[
        has("promoted_at", Time),
        has("provenance", PROVENANCE),
        has("in_use", Flag),
        has("in_shadow", Flag),
        has("outcomes", Maybe(&OUTCOMES)),
    ],
);
pub(crate) const MODELS: Shape = page("Models", &PROMOTED_SHOWN, &[]);
pub(crate) const LIVE: Shape = object("Live", &[has("status", Text), has("as_of", Time)]);
const CHECK: Shape = object("Check", &[has("name", Text), has("ok", Flag), has("detail", Text)]);
pub(crate) const READY: Shape =
    object("Ready", &[has("status", Text), has("as_of", Time), may("checks", List(&CHECK))]);
pub(crate) const PROBLEM: Shape = object(
    "Problem",
    &[
        has("type", Text),
        has("title", Text),
        has("status", Count),
        has("detail", Text),
        has("errors", List(&Any)),
        has("trace_id", Text),
    ],
);
