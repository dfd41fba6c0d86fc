//! Agents and their topology, principals, and what was set aside: dead letters and quarantined frames.

use super::{MAYBE_LINE, MAYBE_TEXT, MAYBE_TIME, PROVENANCE, RECORD};
use crate::shape::{Shape, extended, has, may, object, page};
use Shape::{Any, Count, Flag, Id, Line, List, Map, Maybe, Name, OneOf, Text, Time};

const HOST: Shape = object(
    "Host",
    &[
        has("kind", Name),
        has("partition", Count),
        has("reads", MAYBE_TEXT),
        has("state", Text),
        has("head", Count),
        has("lag", Count),
        has("heartbeat_at", MAYBE_TIME),
        has("progress_at", MAYBE_TIME),
        has("restarts", Count),
        has("last_failure", MAYBE_TEXT),
        has("counters", Map(&Any)),
        may("config", MAYBE_TEXT),
    ],
);
pub(crate) const AGENTS: Shape =
    object("Agents", &[has("items", List(&HOST)), has("next_cursor", Text)]);
pub(crate) const AGENT: Shape = object(
    "Agent",
    &[
        has("kind", Name),
        has("contract", Map(&Any)),
        has("config", Any),
        has("config_name", MAYBE_TEXT),
        has("defaults", Any),
        has("hosts", List(&HOST)),
    ],
);
pub(crate) const AGENT_STATE: Shape =
    object("AgentState", &[has("kind", Name), has("key", Text), has("state", Any)]);
const NODE: Shape = object(
    "Node",
    &[
        has("id", Text),
        has("type", OneOf(&["agent", "outside"])),
        may("stream", Text),
        may("hosts", Count),
        may("states", List(&Text)),
        may("lag", Count),
        may("handled", Count),
        may("in_flight", Count),
        may("dead_lettered", Count),
        may("restarts", Count),
    ],
);
const EDGE: Shape = object(
    "Edge",
    &[
        has("from", Text),
        has("to", Text),
        has("message", Text),
        has("class", Text),
        has("stream", Text),
        has("declared", Flag),
        has("said", Maybe(&Count)),
        has("last_said_at", MAYBE_TIME),
        has("all_delivered", Maybe(&Flag)),
    ],
);
pub(crate) const TOPOLOGY: Shape = object(
    "Topology",
    &[
        has("as_of", MAYBE_TIME),
        has("counted_others", Count),
        has("nodes", List(&NODE)),
        has("edges", List(&EDGE)),
    ],
);
const LETTER: Shape = object(
    "DeadLetter",
    &[
        has("sequence", Count),
        has("id", Id),
        has("agent", Text),
        has("dead_at", Time),
        has("provenance", PROVENANCE),
        has("replayed", Count),
        may("cause", Text),
        may("reason", Text),
        may("attempts", Count),
        may("name", Text),
        may("key", Text),
        may("position", Text),
        may("undecoded", Text),
        may("letter", RECORD),
    ],
);
pub(crate) const DEAD: Shape = page("DeadLetters", &LETTER, &[]);
pub(crate) const DEAD_SHOWN: Shape = LETTER;
pub(crate) const REPLAYED: Shape = object(
    "Replayed",
    &[has("id", Id), has("agent", Text), has("position", MAYBE_TEXT), has("replayed", Count)],
);
const QUARANTINED_FRAME: Shape = object(
    "QuarantinedFrame",
    &[
        has("id", Id),
        has("position", Text),
        has("asset", Text),
        has("quarantined_at", Time),
        has("provenance", PROVENANCE),
        has("released_at", MAYBE_TIME),
        may("fleet", Text),
        may("reason", Text),
        may("detail", Text),
        may("nearest", MAYBE_TEXT),
        may("remedy", Text),
        may("samples", Count),
        may("undecoded", Text),
        may("telemetry", Map(&Any)),
        may("sent_as", Map(&Any)),
    ],
);
pub(crate) const QUARANTINE: Shape = page("Quarantine", &QUARANTINED_FRAME, &[]);
pub(crate) const QUARANTINED: Shape = QUARANTINED_FRAME;
pub(crate) const RELEASED: Shape =
    object("Released", &[has("id", Id), has("samples", Count), has("positions", List(&Text))]);
const LEVEL: Shape = OneOf(&["throttled", "refused", "paused"]);
const PRINCIPAL: Shape = object(
    "Principal",
    &[
        has("principal", Text),
        has("level", Maybe(&LEVEL)),
        has("since", MAYBE_TIME),
        has("until", MAYBE_TIME),
        has("by", MAYBE_TEXT),
        has("reason", MAYBE_TEXT),
        has("finding", MAYBE_TEXT),
        has("evidence_from", MAYBE_TIME),
    ],
);
pub(crate) const PRINCIPALS: Shape =
    object("Principals", &[has("items", List(&PRINCIPAL)), has("next_cursor", Text)]);
pub(crate) const PRINCIPAL_SHOWN: Shape = extended(
    "PrincipalShown",
    &PRINCIPAL,
    &[may("reads", Text), may("hears", Map(&Text)), may("publishes", Map(&Text))],
);
pub(crate) const CONTAINMENT: Shape = object(
    "Containment",
    &[
        has("level", LEVEL),
        has("reason", Line),
        may("until", MAYBE_TIME),
        may("evidence_from", MAYBE_TIME),
        may("finding", MAYBE_LINE),
    ],
);
pub(crate) const RELEASE: Shape =
    object("Release", &[has("reason", Line), may("backlog", OneOf(&["heard", "set_aside"]))]);
pub(crate) const PRINCIPAL_SAID: Shape =
    object("PrincipalSaid", &[has("principal", Text), has("id", Id), has("sequence", Count)]);
