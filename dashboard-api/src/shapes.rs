//! What each route takes and gives, as tables of fields. A list: one line a field.
//!
//! Requests are read by the types in the handlers' files; a test asks each route with a field too many and
//! compares the names it expects with these. Answers are held against these whenever a test asks for one.

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

const PLACE: Shape = object("Place", &[has("latitude", Number), has("longitude", Number)]);
pub(crate) const ASSET_TAKEN: Shape = object(
    "Asset",
    &[
        has("asset", Name),
        has("fleet", Name),
        has("profile", Text),
        may("model", MAYBE_LINE),
        may("in_service_since", MAYBE_TIME),
        may("supplier", MAYBE_LINE),
        may("batch", MAYBE_LINE),
        may("owner", MAYBE_LINE),
        may("group", MAYBE_LINE),
        may("home", Maybe(&PLACE)),
    ],
);
pub(crate) const ASSET_SAID: Shape =
    object("AssetSaid", &[has("asset", Name), has("id", Id), has("sequence", Count)]);
const ASSET: Shape = object(
    "Asset",
    &[
        has("asset", Name),
        has("fleet", Name),
        has("profile", Text),
        has("model", MAYBE_TEXT),
        has("in_service_since", MAYBE_TIME),
        has("supplier", MAYBE_TEXT),
        has("batch", MAYBE_TEXT),
        has("owner", MAYBE_TEXT),
        has("group", MAYBE_TEXT),
        has("home", Maybe(&PLACE)),
        has("registered_at", Time),
        has("sequence", Count),
        has("provenance", PROVENANCE),
        has("retired_at", MAYBE_TIME),
        has("retired_because", MAYBE_TEXT),
    ],
);
pub(crate) const ASSETS: Shape = page("Assets", &ASSET, &[]);
pub(crate) const ASSET_SHOWN: Shape = extended(
    "AssetShown",
    &ASSET,
    &[
        has("as_of", MAYBE_TIME),
        has("predictions", List(&PREDICTION)),
        has("cases", List(&CASE)),
        has("bookings", List(&BOOKING)),
    ],
);
pub(crate) const REASON: Shape = object("Reason", &[has("reason", Line)]);
pub(crate) const MAINTENANCE: Shape =
    object("Maintenance", &[has("component", Line), has("performed_at", Time)]);
const POINT: Shape = object(
    "Point",
    &[
        has("at", Time),
        has("min", Number),
        has("mean", Number),
        has("max", Number),
        has("last", Number),
        has("count", Count),
    ],
);
const CHANNEL_HISTORY: Shape = object(
    "ChannelHistory",
    &[
        has("channel", Name),
        has("title", MAYBE_TEXT),
        has("unit", MAYBE_TEXT),
        has("points", List(&POINT)),
    ],
);
pub(crate) const HISTORY: Shape = object(
    "History",
    &[
        has("asset", Name),
        has("from", Time),
        has("to", Time),
        has("resolution", OneOf(&["1m", "1h"])),
        has("as_of", MAYBE_TIME),
        has("provenance", Maybe(&PROVENANCE)),
        has("missed_records", Count),
        has("channels", List(&CHANNEL_HISTORY)),
    ],
);
const REFUSED_SAMPLE: Shape =
    object("RefusedSample", &[has("index", Count), has("reason", Text), has("detail", Text)]);
pub(crate) const TAKEN: Shape = object(
    "Taken",
    &[
        has("accepted", Count),
        has("refused", List(&REFUSED_SAMPLE)),
        has("partition", Text),
        has("sequence", List(&Count)),
    ],
);

pub(crate) const OWNER_TAKEN: Shape = object(
    "Owner",
    &[
        has("owner", Name),
        has("name", Line),
        may("phone", MAYBE_TEXT),
        may("email", MAYBE_TEXT),
        has("zone", Text),
        has("language", Text),
        may("consent", List(&CHANNEL)),
    ],
);
pub(crate) const OWNER_SAID: Shape =
    object("OwnerSaid", &[has("owner", Name), has("id", Id), has("sequence", Count)]);
const OWNER: Shape = object(
    "Owner",
    &[
        has("owner", Name),
        has("zone", Text),
        has("language", Text),
        has("consent", List(&CHANNEL)),
        has("registered_at", Time),
        has("sequence", Count),
        has("provenance", PROVENANCE),
        has("messages", Count),
    ],
);
pub(crate) const OWNERS: Shape = page("Owners", &OWNER, &[]);
pub(crate) const CONSENT: Shape = object(
    "Consent",
    &[may("granted", List(&CHANNEL)), may("revoked", List(&CHANNEL)), has("reason", Line)],
);
const OWNER_MESSAGE: Shape = object(
    "OwnerMessage",
    &[
        has("id", Id),
        has("position", Text),
        has("at", Time),
        has("provenance", PROVENANCE),
        may("case", Id),
        may("asset", Name),
        may("channel", CHANNEL),
        may("purpose", Text),
        may("text", Text),
        may("undecoded", Text),
    ],
);
pub(crate) const OWNER_MESSAGES: Shape = page("OwnerMessages", &OWNER_MESSAGE, &[]);
pub(crate) const REPLY: Shape = object(
    "Reply",
    &[has("owner", Name), may("case", MAYBE_ID), has("channel", CHANNEL), has("text", Text)],
);
pub(crate) const REPLY_SAID: Shape = object(
    "ReplySaid",
    &[has("owner", Name), has("case", MAYBE_ID), has("id", Id), has("sequence", Count)],
);

const TECHNICIAN: Shape = object("Technician", &[has("id", Name), has("skills", NAMES)]);
const HOURS: Shape = object(
    "OpeningHours",
    &[has("weekday", Count), has("opens_minute", Count), has("closes_minute", Count)],
);
const PART: Shape =
    object("Part", &[has("part", Name), has("quantity", Count), has("available_at", Time)]);
pub(crate) const CENTRE_TAKEN: Shape = object(
    "Centre",
    &[
        has("centre", Name),
        has("network", Name),
        has("name", Line),
        has("zone", Text),
        has("bays", Count),
        has("technicians", List(&TECHNICIAN)),
        has("emergency_slots_per_day", Count),
        has("hours", List(&HOURS)),
        has("holidays", List(&Text)),
        may("latitude", MAYBE_NUMBER),
        may("longitude", MAYBE_NUMBER),
        may("rating", MAYBE_NUMBER),
    ],
);
pub(crate) const CENTRE_SAID: Shape =
    object("CentreSaid", &[has("centre", Name), has("id", Id), has("sequence", Count)]);
const CENTRE: Shape = object(
    "Centre",
    &[
        has("centre", Name),
        has("network", Name),
        has("name", Text),
        has("zone", Text),
        has("bays", Count),
        has("technicians", List(&TECHNICIAN)),
        has("emergency_slots_per_day", Count),
        has("hours", List(&HOURS)),
        has("holidays", List(&Text)),
        has("latitude", MAYBE_NUMBER),
        has("longitude", MAYBE_NUMBER),
        has("rating", MAYBE_NUMBER),
        has("skills", NAMES),
        has("parts", List(&PART)),
        has("registered_at", Time),
        has("sequence", Count),
        has("provenance", PROVENANCE),
    ],
);
pub(crate) const CENTRES: Shape = page("Centres", &CENTRE, &[]);
pub(crate) const STOCK: Shape =
    object("Stock", &[has("part", Name), has("quantity", Count), may("available_at", MAYBE_TIME)]);

const REMAINING_LIFE: Shape = object(
    "RemainingLife",
    &[has("low_hours", Number), has("median_hours", Number), has("high_hours", MAYBE_NUMBER)],
);
const ADVICE: Shape = object(
    "Advice",
    &[has("severity", SEVERITY), has("act_within_hours", MAYBE_NUMBER), has("driving", Any)],
);
const PREDICTION: Shape = object(
    "Prediction",
    &[
        has("id", Id),
        has("sequence", Count),
        has("fleet", Name),
        has("asset", Name),
        has("component", Text),
        has("failure_mode", Text),
        has("severity", SEVERITY),
        has("probability", Number),
        has("remaining_useful_life", Maybe(&REMAINING_LIFE)),
        has("advice", ADVICE),
        has("horizon_hours", Number),
        has("model", Text),
        has("window_end", Time),
        has("predicted_at", Time),
        has("provenance", PROVENANCE),
        has("cleared_at", MAYBE_TIME),
        has("cleared_because", MAYBE_TEXT),
    ],
);
pub(crate) const PREDICTIONS: Shape = page("Predictions", &PREDICTION, &[]);

const ESCALATED: Shape =
    object("Escalated", &[has("at", Time), has("reason", Text), has("remedy", Text)]);
const UNCERTAIN: Shape =
    object("Uncertain", &[has("intent", Id), has("effect", Text), has("reason", Text)]);
const REFUSED: Shape =
    object("RefusedCommand", &[has("at", Time), has("command", Text), has("detail", Text)]);
const CASE: Shape = object(
    "Case",
    &[
        has("case", Id),
        has("asset", Name),
        has("fleet", Name),
        has("owner", MAYBE_TEXT),
        has("component", Text),
        has("severity", SEVERITY),
        has("state", Text),
        has("reason", MAYBE_TEXT),
        has("deadline", MAYBE_TIME),
        has("due_at", Time),
        has("opened_at", Time),
        has("updated_at", Time),
        has("booking", MAYBE_ID),
        has("escalated", Maybe(&ESCALATED)),
        has("uncertain", List(&UNCERTAIN)),
        has("outcome", MAYBE_TEXT),
        has("provenance", PROVENANCE),
    ],
);
pub(crate) const CASES: Shape = page("Cases", &CASE, &[]);
const SLOT: Shape = object(
    "Slot",
    &[
        has("centre", Name),
        has("centre_name", Text),
        has("zone", Text),
        has("bay", Count),
        has("technician", Text),
        has("from", Time),
        has("to", Time),
    ],
);
const OFFER: Shape =
    object("Offer", &[has("offer", Id), has("slot", SLOT), has("penalties", List(&Text))]);
const RELAXATION: Shape =
    object("Relaxation", &[has("constraint", Text), has("first_at", MAYBE_TIME)]);
const OFFERS: Shape = object(
    "Offers",
    &[
        has("network", Name),
        has("case", Id),
        has("asset", Name),
        has("offers", List(&OFFER)),
        has("relax", List(&RELAXATION)),
        has("valid_until", Time),
        has("cause", MAYBE_TEXT),
    ],
);
const CONTRIBUTION: Shape =
    object("Contribution", &[has("name", Text), has("value", Text), has("amount", Number)]);
const HYPOTHESIS: Shape = object(
    "Hypothesis",
    &[
        has("component", Text),
        has("failure_mode", Text),
        has("probability", Number),
        has("score", Number),
        has("contributions", List(&CONTRIBUTION)),
        has("remaining_useful_life", Maybe(&REMAINING_LIFE)),
        has("advice", ADVICE),
    ],
);
const EVIDENCE: Shape = object(
    "Evidence",
    &[
        has("prediction", Id),
        has("window_end", Time),
        has("profile", Text),
        has("hypothesis", HYPOTHESIS),
        has("model", Text),
    ],
);
pub(crate) const CASE_SHOWN: Shape = extended(
    "CaseShown",
    &CASE,
    &[
        has("as_of", MAYBE_TIME),
        has("refused", Maybe(&REFUSED)),
        has("records", Count),
        may("evidence", Maybe(&EVIDENCE)),
        has("offers", Maybe(&OFFERS)),
    ],
);
const STEP: Shape = object(
    "Step",
    &[
        has("step", Count),
        has("position", Text),
        has("id", Id),
        has("at", Time),
        has("by", Text),
        has("name", Text),
        has("provenance", PROVENANCE),
        has("because", Any),
        has("says", Text),
    ],
);
pub(crate) const WHY: Shape = object(
    "Why",
    &[
        has("case", Id),
        has("asset", Name),
        has("component", Text),
        has("severity", SEVERITY),
        has("state", Text),
        has("provenance", PROVENANCE),
        has("readings", Any),
        has("assessment", Any),
        has("prediction", Any),
        has("steps", List(&STEP)),
        has("steps_omitted", Count),
    ],
);
pub(crate) const DECISION: Shape = object(
    "Decision",
    &[
        has("decision", OneOf(&["approve", "cancel", "resolve"])),
        may("reason", MAYBE_LINE),
        may("effect", Maybe(&OneOf(&["happened", "did-not-happen"]))),
        may("intent", MAYBE_ID),
        may("by", MAYBE_LINE),
    ],
);
pub(crate) const DECIDED: Shape = object(
    "Decided",
    &[has("case", Id), has("decision", Any), has("id", Id), has("sequence", Count)],
);

const BOOKING: Shape = object(
    "Booking",
    &[
        has("booking", Id),
        has("case", Id),
        has("asset", Name),
        has("network", Name),
        has("state", Text),
        has("centre", Name),
        has("centre_name", Text),
        has("zone", Text),
        has("bay", Count),
        has("technician", Text),
        has("from", Time),
        has("to", Time),
        has("held_until", MAYBE_TIME),
        has("reason", MAYBE_TEXT),
        has("reported_at", MAYBE_TIME),
        has("updated_at", Time),
        has("provenance", PROVENANCE),
    ],
);
pub(crate) const BOOKINGS: Shape = page("Bookings", &BOOKING, &[]);
pub(crate) const BOOKING_SHOWN: Shape = extended(
    "BookingShown",
    &BOOKING,
    &[
        has("as_of", MAYBE_TIME),
        has("component", MAYBE_TEXT),
        has("owner", MAYBE_TEXT),
        has("refused", Maybe(&REFUSED)),
        has("offers", Maybe(&OFFERS)),
    ],
);
pub(crate) const MOVE: Shape = object("Move", &[has("offer", Id), has("reason", Line)]);
pub(crate) const BOOKING_ASKED: Shape = object(
    "BookingAsked",
    &[has("booking", Id), has("case", Id), has("id", Id), has("sequence", Count)],
);
pub(crate) const FINDING: Shape = object(
    "Finding",
    &[
        may("examined", MAYBE_LINE),
        may("component", MAYBE_LINE),
        may("no_fault_found", Flag),
        may("cause", MAYBE_LINE),
        may("part", MAYBE_LINE),
        may("batch", MAYBE_LINE),
        has("repaired", Flag),
        may("found_at", MAYBE_TIME),
        may("by", MAYBE_LINE),
    ],
);
pub(crate) const ABSENCE: Shape = object("Absence", &[may("by", MAYBE_LINE)]);
pub(crate) const BOOKING_REPORTED: Shape = object(
    "BookingReported",
    &[
        has("booking", Id),
        has("asset", Name),
        has("case", MAYBE_ID),
        has("id", Id),
        has("sequence", Count),
    ],
);
pub(crate) const FAILURE: Shape = object(
    "Failure",
    &[has("asset", Name), has("component", Line), has("failed_at", Time), may("by", MAYBE_LINE)],
);

const PRECISION: Shape = object(
    "Precision",
    &[
        has("true_positives", Count),
        has("false_positives", Count),
        has("low", Number),
        has("mean", Number),
        has("high", Number),
    ],
);
const DETECTOR: Shape = object(
    "Detector",
    &[
        has("detector", Text),
        has("true_positives", Count),
        has("false_positives", Count),
        has("false_negatives", Count),
        has("censored", Count),
        has("demoted", Maybe(&Flag)),
        has("precision", Maybe(&PRECISION)),
    ],
);
const VERDICT: Shape = object(
    "Verdict",
    &[
        has("id", Id),
        has("sequence", Count),
        has("detector", Text),
        has("asset", Name),
        has("component", Text),
        has("case", MAYBE_ID),
        has("prediction", MAYBE_ID),
        has("outcome", OneOf(&["true_positive", "false_positive", "false_negative", "censored"])),
        has("lead_hours", MAYBE_NUMBER),
        has("probability", MAYBE_NUMBER),
        has("judged_by", MAYBE_ID),
        has("verified_at", Time),
        has("provenance", PROVENANCE),
    ],
);
pub(crate) const FEEDBACK: Shape = page("Feedback", &VERDICT, &[has("detectors", List(&DETECTOR))]);

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
    ],
);
pub(crate) const QUARANTINE: Shape = page("Quarantine", &QUARANTINED_FRAME, &[]);
pub(crate) const QUARANTINED: Shape = QUARANTINED_FRAME;
pub(crate) const RELEASED: Shape =
    object("Released", &[has("id", Id), has("samples", Count), has("positions", List(&Text))]);

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
    ],
);
pub(crate) const ROLLBACK: Shape = object(
    "Rollback",
    &[has("profile", Name), has("agent", Name), has("by", Line), has("reason", Line)],
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
        has("id", Id),
        has("sequence", Count),
    ],
);
const PROMOTED_SHOWN: Shape = extended(
    "PromotedShown",
    &PROMOTED,
    &[has("promoted_at", Time), has("provenance", PROVENANCE), has("in_use", Flag)],
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
pub(crate) const CAPA_SIGNED: Shape =
    object("Signature", &[has("by", Line), has("statement", Any)]);
pub(crate) const CAPA_SAID: Shape = object(
    "SignatureSaid",
    &[has("capa", Id), has("gate", Text), has("by", Text), has("id", Id), has("sequence", Count)],
);
