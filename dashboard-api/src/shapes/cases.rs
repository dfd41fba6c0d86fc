//! Predictions, the cases they open, bookings, verdicts on them, and signatures of CAPAs.

use super::{MAYBE_ID, MAYBE_LINE, MAYBE_NUMBER, MAYBE_TEXT, MAYBE_TIME, PROVENANCE, SEVERITY};
use crate::shape::{Shape, extended, has, may, object, page};
use Shape::{Any, Count, Flag, Id, Line, List, Maybe, Name, Number, OneOf, Text, Time};

const REMAINING_LIFE: Shape = object(
    "RemainingLife",
    &[has("low_hours", Number), has("median_hours", Number), has("high_hours", MAYBE_NUMBER)],
);
const ADVICE: Shape = object(
    "Advice",
    &[has("severity", SEVERITY), has("act_within_hours", MAYBE_NUMBER), has("driving", Any)],
);
pub(super) const PREDICTION: Shape = object(
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
pub(super) const CASE: Shape = object(
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
pub(super) const BOOKING: Shape = object(
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
pub(crate) const CAPA_SIGNED: Shape =
    object("Signature", &[has("by", Line), has("statement", Any)]);
pub(crate) const CAPA_SAID: Shape = object(
    "SignatureSaid",
    &[has("capa", Id), has("gate", Text), has("by", Text), has("id", Id), has("sequence", Count)],
);
