//! Words of what is done with a principal's own credential: raw steps, and attacks made of them.

use super::super::shape::{Record, Shape};
use super::{ANYTHING, EVENT, RATE, REFERENCE, SPAN, WORDS, may, must};

/// Most records that one step reads.
const RECORDS_MAX: i64 = 10_000;

pub(super) static ATTACK: Record = Record {
    name: "attack",
    about: "Raw steps with a principal's credential, again and again, beside whatever the story does next.",
    fields: &[
        must(
            "kind",
            &Shape::Word(&crate::language::AttackKind::NAMES),
            "scope_abuse, exfiltration: reads `target`; flood: says anew what it said last; replay: says again, id and all, \
             what it said before; impersonation: says what `target` said; spoofed_device: sends telemetry of the \
             asset `target`; slow_poisoning: what the device `as` sends of the channel `target` is pulled away",
        ),
        must(
            "as",
            &REFERENCE,
            "whose credential: an agent, an asset (its device) or `device/FLEET/ASSET`",
        ),
        may(
            "target",
            &REFERENCE,
            "a stream, a message, a principal, an asset or a channel, as the kind has it",
        ),
        must(
            "rate",
            &RATE,
            "steps in so much time, `200/s`; of slow_poisoning, units of the channel, `12/d`",
        ),
        must("for", &SPAN, "for how long"),
    ],
};

pub(super) static RELEASE: Record = Record {
    name: "release",
    about: "A person lets a principal go that is contained; what it had said and nobody heard stays set aside.",
    fields: &[
        must(
            "principal",
            &REFERENCE,
            "the principal: an agent, an asset (its device) or `device/FLEET/ASSET`",
        ),
        may("because", &WORDS, "why"),
    ],
};

pub(super) static SUBSCRIBE: Record = Record {
    name: "subscribe",
    about: "Reads with a principal's credential; the bus may refuse it, and says so.",
    fields: &[
        must(
            "as",
            &REFERENCE,
            "whose credential: an agent, an asset (its device) or `device/FLEET/ASSET`",
        ),
        must("to", &REFERENCE, "a stream, or a message by its name"),
        may(
            "records",
            &Shape::Whole(1, RECORDS_MAX),
            "how many records at most, from the oldest on; 100 where nothing is said",
        ),
    ],
};

pub(super) static ASK: Record = Record {
    name: "ask",
    about: "Commands with a principal's credential; the bus may refuse it, and says so.",
    fields: &[
        must(
            "as",
            &REFERENCE,
            "whose credential: an agent, an asset (its device) or `device/FLEET/ASSET`",
        ),
        must("command", &EVENT, "name of the command"),
        must("key", &REFERENCE, "what it is about"),
        must("data", &ANYTHING, "its fields, as JSON has them"),
    ],
};
