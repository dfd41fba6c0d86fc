//! The words of the language: every field and verb, with what it means. Checks and JSON Schema are made from these.

mod credential;

use super::shape::{Field, Record, Shape, Text, Verb};
use runtime::conductor::CrashPoint;

/// What a script declares itself to be.
pub const SCRIPT_VERSION: &str = "aurorasync/scenario.v1";
/// What a file of steps for `include` declares itself to be.
pub const STEPS_VERSION: &str = "aurorasync/steps.v1";
/// Most assets in a fleet.
pub const FLEET_ASSETS_MAX: i64 = 100_000;
/// Most repetitions, kills and counted events of one step.
pub const TIMES_MAX: i64 = 10_000;

const fn must(name: &'static str, shape: &'static Shape, about: &'static str) -> Field {
    Field { name, about, shape, required: true }
}

const fn may(name: &'static str, shape: &'static Shape, about: &'static str) -> Field {
    Field { name, about, shape, required: false }
}

static WORDS: Shape = Shape::Text(Text::Words);
static REFERENCE: Shape = Shape::Text(Text::Reference);
static NAME: Shape = Shape::Text(Text::Name);
static SLUG: Shape = Shape::Text(Text::Slug);
static SPAN: Shape = Shape::Text(Text::Span);
static RATE: Shape = Shape::Text(Text::Rate);
static MOMENT: Shape = Shape::Text(Text::Moment);
static WHERE: Shape = Shape::Text(Text::Where);
static THAT: Shape = Shape::Text(Text::That);
static AGENT: Shape = Shape::Text(Text::Agent);
static AGENTS: Shape = Shape::Text(Text::Agents);
static EVENT: Shape = Shape::Text(Text::Event);
static FAULT: Shape = Shape::Text(Text::Fault);
static PROFILE: Shape = Shape::Text(Text::Profile);
static TIMES: Shape = Shape::Whole(1, TIMES_MAX);
static COUNT: Shape = Shape::Whole(0, TIMES_MAX);
static PART: Shape = Shape::Number(0.0, 1.0);
static NONE: Shape = Shape::Word(&["none"]);
static STEP: Shape = Shape::Step;
static STEPS: Shape = Shape::List(&STEP);
static ANYTHING: Shape = Shape::Anything;
static TRUE: Shape = Shape::True;

/// A script.
pub(crate) static SCENARIO: Record = Record {
    name: "scenario",
    about: "A story that is told, timed and tested.",
    fields: &[
        must("apiVersion", &Shape::Word(&[SCRIPT_VERSION]), "the version of the language"),
        must("name", &SLUG, "what it is called, as in `scenario run NAME`"),
        must("summary", &WORDS, "what happens, in a sentence or two"),
        must("seed", &Shape::Whole(0, i64::MAX), "what every chance of the story is drawn from"),
        must("clock", &Shape::Record(&CLOCK), "which clock it runs on"),
        must("fleet", &Shape::Either(&NONE, &Shape::Record(&FLEET)), "what is simulated, or none"),
        may(
            "defaults",
            &Shape::Record(&DEFAULTS),
            "what holds for every step that says nothing else",
        ),
        may(
            "given",
            &Shape::List(&Shape::Record(&GIVEN)),
            "what the story rests on: asked of the log before the first step",
        ),
        may(
            "invariants",
            &Shape::List(&Shape::Record(&INVARIANT)),
            "what must hold after every event",
        ),
        must("steps", &STEPS, "what happens and what is expected, in order"),
        may("always", &STEPS, "what is done at the end, after a failure and after Ctrl-C too"),
    ],
};

/// Steps for `include`.
pub(crate) static FRAGMENT: Record = Record {
    name: "steps file",
    about: "Steps that several scripts include.",
    fields: &[
        must("apiVersion", &Shape::Word(&[STEPS_VERSION]), "the version of the language"),
        must("summary", &WORDS, "what happens, in a sentence"),
        may("needs", &Shape::List(&NAME), "what must have been saved before"),
        must("steps", &STEPS, "what happens and what is expected, in order"),
    ],
};

static CLOCK: Record = Record {
    name: "clock",
    about: "Which clock the story runs on.",
    fields: &[
        must(
            "mode",
            &Shape::Word(&["virtual", "real"]),
            "virtual: time passes as fast as it can be computed; real: as it does",
        ),
        may("start", &MOMENT, "the moment at which a virtual clock begins"),
    ],
};

static FLEET: Record = Record {
    name: "fleet",
    about: "What is simulated.",
    fields: &[
        must("profile", &PROFILE, "the kind of assets"),
        must("size", &Shape::Whole(1, FLEET_ASSETS_MAX), "how many assets"),
        must("sample", &SPAN, "time between two samples of an asset that runs"),
        must(
            "history",
            &Shape::Either(&NONE, &Shape::Record(&HISTORY)),
            "the past before the first step, or none",
        ),
        may(
            "owners",
            &Shape::Word(&["scripted", "answering"]),
            "scripted: owners say what the script says; answering: the others answer for themselves",
        ),
        may(
            "assets",
            &Shape::List(&Shape::Record(&ASSET)),
            "assets of which something is laid down; the rest is drawn",
        ),
    ],
};

static ASSET: Record = Record {
    name: "asset",
    about: "What is laid down of an asset.",
    fields: &[
        must("asset", &REFERENCE, "its id"),
        may("model", &WORDS, "its model"),
        may("supplier", &WORDS, "who made its parts"),
        may("batch", &WORDS, "production batch of its parts"),
        may("centre", &REFERENCE, "the centre where it is at home"),
        may("owner", &REFERENCE, "its owner"),
        may("temperament", &REFERENCE, "how its owner answers"),
        may(
            "consent",
            &Shape::List(&Shape::Word(&["voice", "sms", "email", "app"])),
            "ways by which its owner may be contacted; drawn where nothing is said",
        ),
    ],
};

static HISTORY: Record = Record {
    name: "history",
    about: "The past that goes through the same bus and agents before the first step.",
    fields: &[
        must("days", &Shape::Whole(1, 3_650), "how long it is, in days"),
        may(
            "population",
            &Shape::Whole(0, FLEET_ASSETS_MAX),
            "further assets of which service records are known",
        ),
    ],
};

static DEFAULTS: Record = Record {
    name: "defaults",
    about: "What holds for every step that says nothing else.",
    fields: &[must("within", &SPAN, "how long an expectation may take")],
};

static GIVEN: Record = Record {
    name: "given",
    about: "What the story rests on.",
    fields: &[
        must("that", &THAT, "a condition over what the log adds up to"),
        must("because", &WORDS, "why it holds, in words"),
    ],
};

static INVARIANT: Record = Record {
    name: "invariant",
    about: "What must hold after every event.",
    fields: &[
        must("id", &SLUG, "what it is called"),
        must("that", &THAT, "a condition over what the log adds up to"),
    ],
};

/// What a step has besides its verb.
pub(crate) static ATTRIBUTES: Record = Record {
    name: "step",
    about: "What a step has besides its verb.",
    fields: &[
        may("after", &SPAN, "waits so long before"),
        may("within", &SPAN, "how long it may take"),
        may("as", &NAME, "a name for what was begun, to end it by"),
        may(
            "save",
            &Shape::Names(&Shape::Text(Text::Taken)),
            "names for values of what was found: save: { case: case }",
        ),
    ],
};

const PLAIN: &[&str] = &["after"];

/// All verbs.
pub(crate) static VERBS: &[Verb] = &[
    Verb {
        name: "start",
        about: "Lets the fleet send.",
        shape: &Shape::Word(&["fleet"]),
        attributes: PLAIN,
    },
    Verb {
        name: "stop",
        about: "Ends what the fleet sends.",
        shape: &Shape::Word(&["fleet"]),
        attributes: PLAIN,
    },
    Verb {
        name: "inject",
        about: "Begins a fault of an asset or of one of its sensors.",
        shape: &Shape::Record(&INJECT),
        attributes: &["after", "as"],
    },
    Verb {
        name: "clear",
        about: "Ends what was injected: `${name}` as the inject step names it.",
        shape: &REFERENCE,
        attributes: PLAIN,
    },
    Verb {
        name: "reply",
        about: "An owner answers, in words of a person.",
        shape: &Shape::Record(&REPLY),
        attributes: PLAIN,
    },
    Verb {
        name: "kill",
        about: "Ends the hosts of an agent without a word; they begin again from what is committed.",
        shape: &Shape::Record(&KILL),
        attributes: PLAIN,
    },
    Verb {
        name: "crash",
        about: "Ends everything the next time that this instant comes, as `kill -9` does, and begins it again.",
        shape: &Shape::Word(&CrashPoint::NAMES),
        attributes: PLAIN,
    },
    Verb {
        name: "pause",
        about: "Lets an agent read nothing until it is resumed.",
        shape: &Shape::Record(&PAUSE),
        attributes: PLAIN,
    },
    Verb {
        name: "resume",
        about: "Lets a paused agent read on.",
        shape: &Shape::Record(&RESUME),
        attributes: PLAIN,
    },
    Verb {
        name: "advance",
        about: "Lets so much virtual time pass.",
        shape: &SPAN,
        attributes: &[],
    },
    Verb {
        name: "wait",
        about: "Waits so long on whichever clock the story runs.",
        shape: &SPAN,
        attributes: &[],
    },
    Verb {
        name: "workshop",
        about: "A workshop says what it found, that nobody came, or what it can no longer do.",
        shape: &Shape::Family(&[
            &COMPLETE,
            &NO_SHOW,
            &DROP_BAY,
            &DROP_TECHNICIAN,
            &CLOSE,
            &RESTORE,
        ]),
        attributes: &["after", "within"],
    },
    Verb {
        name: "attack",
        about: "Raw steps with a principal's credential, again and again, beside whatever the story does next.",
        shape: &Shape::Record(&credential::ATTACK),
        attributes: PLAIN,
    },
    Verb {
        name: "release",
        about: "A person lets a principal go that is contained.",
        shape: &Shape::Record(&credential::RELEASE),
        attributes: PLAIN,
    },
    Verb {
        name: "ask",
        about: "Commands with a principal's credential.",
        shape: &Shape::Record(&credential::ASK),
        attributes: PLAIN,
    },
    Verb {
        name: "subscribe",
        about: "Reads with a principal's credential.",
        shape: &Shape::Record(&credential::SUBSCRIBE),
        attributes: PLAIN,
    },
    Verb {
        name: "publish",
        about: "Says a message as somebody outside would, or with a principal's credential.",
        shape: &Shape::Record(&PUBLISH),
        attributes: PLAIN,
    },
    Verb {
        name: "expect",
        about: "Waits for something to be so, and fails when it is not in time.",
        shape: &Shape::Family(&[
            &EXPECT_EVENT,
            &EXPECT_METRIC,
            &EXPECT_AGENTS,
            &EXPECT_BOOKING,
            &EXPECT_CASE,
            &EXPECT_ASSET,
        ]),
        attributes: &["after", "within", "save"],
    },
    Verb {
        name: "parallel",
        about: "Several stories at once; goes on when all have ended.",
        shape: &Shape::List(&Shape::Either(&STEP, &STEPS)),
        attributes: PLAIN,
    },
    Verb {
        name: "repeat",
        about: "The same steps several times.",
        shape: &Shape::Record(&REPEAT),
        attributes: PLAIN,
    },
    Verb {
        name: "include",
        about: "The steps of another file, named from this one's folder.",
        shape: &WORDS,
        attributes: PLAIN,
    },
    Verb { name: "note", about: "Tells the reader something.", shape: &WORDS, attributes: PLAIN },
];

static INJECT: Record = Record {
    name: "inject",
    about: "A fault that begins.",
    fields: &[
        must("fault", &FAULT, "a fault of the catalogue"),
        must("asset", &REFERENCE, "the asset"),
        may("channel", &REFERENCE, "the signal, for faults of sensors"),
        may("ramp", &SPAN, "how long it takes to grow from nothing to its extent"),
        may("to", &PART, "its extent: 0 nothing, 1 failed"),
    ],
};

static REPLY: Record = Record {
    name: "reply",
    about: "What an owner says.",
    fields: &[
        must("case", &REFERENCE, "the case that the owner was contacted about"),
        must("say", &WORDS, "the words"),
        may("after", &SPAN, "how long the owner takes"),
    ],
};

static KILL: Record = Record {
    name: "kill",
    about: "Hosts that end without a word.",
    fields: &[
        must("agent", &AGENT, "the agent"),
        must(
            "how",
            &Shape::Word(&["panic"]),
            "panic: its hosts are dropped and built anew from what is committed",
        ),
        may("times", &Shape::Whole(1, 1_000), "how often"),
        may("every", &SPAN, "time between two kills"),
    ],
};

static PAUSE: Record = Record {
    name: "pause",
    about: "An agent that reads nothing.",
    fields: &[must("agent", &AGENT, "the agent")],
};

static RESUME: Record = Record {
    name: "resume",
    about: "An agent that reads on.",
    fields: &[must("agent", &AGENT, "the agent")],
};

static COMPLETE: Record = Record {
    name: "workshop complete",
    about: "The simulated workshop looks when the booked time is over, says what it finds, and repairs it.",
    fields: &[
        must("complete", &REFERENCE, "the booking"),
        may("found", &REFERENCE, "the faulty component that it must find, or `nothing`"),
        may("cause", &REFERENCE, "the cause that it must name"),
        may("part", &REFERENCE, "the part that it must have replaced"),
        may("batch", &REFERENCE, "the production batch that it must find"),
    ],
};

static NO_SHOW: Record = Record {
    name: "workshop no_show",
    about: "The asset did not come.",
    fields: &[must("no_show", &REFERENCE, "the booking")],
};

static DROP_BAY: Record = Record {
    name: "workshop drop_bay",
    about: "A centre has fewer bays from now on.",
    fields: &[
        must("drop_bay", &REFERENCE, "the centre"),
        may("bays", &Shape::Whole(1, 1_000), "how many bays fewer; 1 where nothing is said"),
        may("left", &Shape::Whole(1, 1_000), "how many bays are left, instead of `bays`"),
    ],
};

static DROP_TECHNICIAN: Record = Record {
    name: "workshop drop_technician",
    about: "A technician no longer works at a centre.",
    fields: &[
        must("drop_technician", &REFERENCE, "the technician"),
        must("centre", &REFERENCE, "the centre"),
    ],
};

static CLOSE: Record = Record {
    name: "workshop close",
    about: "A centre is closed on further days.",
    fields: &[
        must("close", &REFERENCE, "the centre, or `*` for all"),
        must("days", &Shape::Whole(1, 365), "for how many days, today included"),
    ],
};

static RESTORE: Record = Record {
    name: "workshop restore",
    about: "A centre is again as it was first registered.",
    fields: &[must("restore", &REFERENCE, "the centre, or `*` for all")],
};

static PUBLISH: Record = Record {
    name: "publish",
    about: "A message from outside.",
    fields: &[
        must("event", &EVENT, "its name"),
        must("key", &REFERENCE, "the asset, owner or centre that it is about"),
        must("data", &ANYTHING, "its fields, as JSON has them"),
        may("as", &REFERENCE, "with whose credential; the bus may refuse it, and says so"),
    ],
};

static REPEAT: Record = Record {
    name: "repeat",
    about: "The same steps several times.",
    fields: &[
        must("times", &TIMES, "how often"),
        may("every", &SPAN, "time between two beginnings"),
        must("steps", &STEPS, "the steps"),
    ],
};

static EXPECT_EVENT: Record = Record {
    name: "expect event",
    about: "Something happens; looked for from the end of the step before on.",
    fields: &[
        must("event", &EVENT, "name of the message"),
        may("asset", &REFERENCE, "it is about this asset"),
        may("case", &REFERENCE, "it is about this case"),
        may("booking", &REFERENCE, "it is about this booking"),
        may("owner", &REFERENCE, "it is about this owner"),
        may("by", &REFERENCE, "this principal said it"),
        may("where", &WHERE, "a condition over its fields"),
        may(
            "count",
            &COUNT,
            "exactly so often: goes on at the last, and fails if one more follows in its time",
        ),
        may("min", &TIMES, "at least so often"),
        may("max", &COUNT, "at most so often until its time is over"),
        may("never", &TRUE, "not once until its time is over"),
        may("ever", &TRUE, "also before the end of the step before, in the fleet's past too"),
    ],
};

static EXPECT_CASE: Record = Record {
    name: "expect case",
    about: "A case comes to a state.",
    fields: &[
        must("case", &REFERENCE, "the case"),
        must(
            "state",
            &Shape::Word(&[
                "opened",
                "contacting",
                "awaiting_customer",
                "scheduling",
                "booked",
                "in_service",
                "verifying",
                "closed",
                "deferred",
                "declined",
                "escalated",
                "cancelled",
                "uncertain",
            ]),
            "the state it is in, or has come through since the step before",
        ),
        may("where", &WHERE, "a condition over its last event"),
    ],
};

static EXPECT_BOOKING: Record = Record {
    name: "expect booking",
    about: "A booking comes to a state.",
    fields: &[
        must("booking", &REFERENCE, "the booking"),
        must(
            "state",
            &Shape::Word(&[
                "held",
                "confirmed",
                "moved",
                "in_service",
                "completed",
                "cancelled",
                "expired",
                "missed",
            ]),
            "the state it is in, or has come through since the step before",
        ),
        may("where", &WHERE, "a condition over its last event"),
    ],
};

static EXPECT_ASSET: Record = Record {
    name: "expect asset",
    about: "An asset comes to a state.",
    fields: &[
        must("asset", &REFERENCE, "the asset"),
        must(
            "state",
            &Shape::Word(&["registered", "reporting", "silent", "predicted", "clear", "retired"]),
            "registered; reporting; silent; predicted: a failure is foreseen; clear: none is; retired",
        ),
        may("where", &WHERE, "a condition over its last event"),
    ],
};

static EXPECT_AGENTS: Record = Record {
    name: "expect agents",
    about: "Agents come to a state.",
    fields: &[
        must("agents", &AGENTS, "an agent, or `*` for all"),
        must(
            "state",
            &Shape::Word(&["ready", "paused"]),
            "ready: everything on its input is handled; paused",
        ),
    ],
};

static EXPECT_METRIC: Record = Record {
    name: "expect metric",
    about: "What the log adds up to comes to fulfil a condition.",
    fields: &[
        must("metric", &Shape::Text(Text::Measure), "a measure: bookings.confirmed"),
        must("where", &WHERE, "a condition over `value`"),
    ],
};

/// Words of later versions, and what to say about them.
const LATER: &[&str] = &["partition", "delay", "drop", "expect.http", "expect.p95"];

/// Why `word` cannot be used, if it belongs to a later version.
pub(crate) fn later(word: &str) -> Option<String> {
    let shown = word.replace('.', " ");
    LATER.contains(&word).then(|| format!("`{shown}` is not available yet"))
}

/// The verb called `name`.
pub(crate) fn verb(name: &str) -> Option<&'static Verb> {
    VERBS.iter().find(|verb| verb.name == name)
}
