//! A script that was read and checked.

use super::attack::Attack;
use super::source::{Place, Source};
use super::template::Template;
use crate::expression::Expression;
use messages::Timestamp;
use messages::consent::Channel;
use runtime::conductor::CrashPoint;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A story.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The file.
    pub source: Arc<Source>,
    /// What it is called.
    pub name: String,
    /// What happens.
    pub summary: String,
    /// What every chance is drawn from.
    pub seed: u64,
    /// Which clock it runs on.
    pub clock: Clock,
    /// What is simulated.
    pub fleet: Option<Fleet>,
    /// What it rests on.
    pub given: Vec<Given>,
    /// What holds after every event.
    pub invariants: Vec<Invariant>,
    /// What happens.
    pub steps: Vec<Step>,
    /// What is done at the end in any case.
    pub always: Vec<Step>,
}

/// Which clock a story runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// As fast as it can be computed, from this moment on.
    Virtual(Timestamp),
    /// The machine's.
    Real,
}

/// What is simulated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fleet {
    /// The kind of assets.
    pub profile: String,
    /// How many.
    pub size: u32,
    /// Time between two samples of an asset that runs.
    pub sample: Duration,
    /// The past before the first step.
    pub history: Option<History>,
    /// Whether owners answer for themselves where the script is silent.
    pub owners_answer: bool,
    /// Assets of which something is laid down.
    pub assets: Vec<Asset>,
}

/// What is laid down of an asset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asset {
    /// Its id.
    pub asset: String,
    /// Its model.
    pub model: Option<String>,
    /// Who made its parts.
    pub supplier: Option<String>,
    /// Production batch of its parts.
    pub batch: Option<String>,
    /// The centre where it is at home.
    pub centre: Option<String>,
    /// Its owner.
    pub owner: Option<String>,
    /// How its owner answers.
    pub temperament: Option<String>,
    /// Ways by which its owner may be contacted.
    pub consent: Option<Vec<Channel>>,
}

/// A past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct History {
    /// How long.
    pub days: u32,
    /// Further assets of which service records are known.
    pub population: u32,
}

/// What a story rests on.
#[derive(Clone, Debug)]
pub struct Given {
    /// Where it is written.
    pub place: Place,
    /// The condition.
    pub that: Expression,
    /// Why it holds.
    pub because: String,
}

/// What holds after every event.
#[derive(Clone, Debug)]
pub struct Invariant {
    /// Where it is written.
    pub place: Place,
    /// What it is called.
    pub id: String,
    /// The condition.
    pub that: Expression,
}

/// One step.
#[derive(Clone, Debug)]
pub struct Step {
    /// The file that it stands in.
    pub source: Arc<Source>,
    /// Where in it.
    pub place: Place,
    /// As it is written, on one line.
    pub title: String,
    /// How long to wait before.
    pub after: Option<Duration>,
    /// How long it may take.
    pub within: Duration,
    /// What is done or expected.
    pub action: Action,
}

/// What a step does or expects.
#[derive(Clone, Debug)]
pub enum Action {
    /// The fleet sends.
    Start,
    /// The fleet sends no more.
    Stop,
    /// A fault begins.
    Inject {
        /// The fault.
        fault: String,
        /// The asset.
        asset: Template,
        /// The signal, for faults of sensors.
        channel: Option<Template>,
        /// How long it grows.
        ramp: Option<Duration>,
        /// Its extent.
        to: Option<f64>,
        /// What it is ended by.
        name: Option<String>,
    },
    /// What was injected under this name ends.
    Clear(String),
    /// An owner answers.
    Reply {
        /// The case.
        case: Template,
        /// The words.
        say: Template,
        /// How long the owner takes.
        after: Option<Duration>,
    },
    /// Hosts end without a word.
    Kill {
        /// The agent.
        agent: String,
        /// How often.
        times: u32,
        /// Time between two kills.
        every: Duration,
    },
    /// Everything ends at this instant and begins again.
    Crash(CrashPoint),
    /// An agent reads nothing.
    Pause(String),
    /// An agent reads on.
    Resume(String),
    /// Time passes.
    Wait(Duration),
    /// A workshop says something.
    Workshop(Workshop),
    /// Raw steps with a principal's credential, again and again.
    Attack(Attack),
    /// A person lets a principal go.
    Release {
        /// Who.
        principal: Template,
        /// Why.
        because: Option<Template>,
    },
    /// A principal reads.
    Subscribe {
        /// Whose credential.
        principal: Template,
        /// A stream or a message.
        to: Template,
        /// How many records at most.
        records: usize,
    },
    /// Somebody outside says something, or a principal with its own credential; a command too.
    Publish {
        /// Whose credential, if not of the world outside.
        principal: Option<Template>,
        /// Name of the message.
        event: String,
        /// What it is about.
        key: Template,
        /// Its fields; texts in it may hold `${name}`.
        data: serde_json::Value,
    },
    /// Something is to be so.
    Expect(Expectation),
    /// Several stories at once.
    Parallel(Vec<Vec<Step>>),
    /// The same steps several times.
    Repeat {
        /// How often.
        times: u32,
        /// Time between two beginnings.
        every: Option<Duration>,
        /// The steps.
        steps: Vec<Step>,
    },
    /// The reader is told something.
    Note(Template),
}

/// What a workshop says.
#[derive(Clone, Debug)]
pub enum Workshop {
    /// What it finds, and what it must find for the story to go on.
    Complete {
        /// The booking.
        booking: Template,
        /// Fields of the finding that must be so, by the script's words for them.
        found: BTreeMap<&'static str, Template>,
    },
    /// Nobody came.
    NoShow(Template),
    /// Fewer bays.
    DropBay {
        /// The centre.
        centre: Template,
        /// How many fewer.
        bays: Bays,
    },
    /// A technician has gone.
    DropTechnician {
        /// The centre.
        centre: Template,
        /// Who.
        technician: Template,
    },
    /// Closed for so many days.
    Close {
        /// The centre, or `*`.
        centre: Template,
        /// How many.
        days: u32,
    },
    /// As it was first registered.
    Restore(Template),
}

/// How many bays a centre loses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bays {
    /// So many fewer.
    Fewer(u16),
    /// So many left.
    Left(u16),
}

/// What is to be so.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// What is looked at.
    pub subject: Subject,
    /// A condition over it.
    pub condition: Option<Expression>,
    /// Whether what happened before the step, in the past too, counts.
    pub ever: bool,
    /// Names for values of what was found.
    pub save: BTreeMap<String, Expression>,
}

/// What an expectation looks at.
#[derive(Clone, Debug)]
pub enum Subject {
    /// Messages of a name.
    Event {
        /// The name.
        name: String,
        /// Fields that must have these values, and `by` for who said it.
        about: BTreeMap<&'static str, Template>,
        /// How often.
        often: Often,
    },
    /// A case in a state.
    Case(Template, String),
    /// A booking in a state.
    Booking(Template, String),
    /// An asset in a state.
    Asset(Template, String),
    /// Agents (`None`: all) in a state.
    Agents(Option<String>, String),
    /// A measure.
    Metric(Expression),
}

/// How often something is to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Often {
    /// At least so often.
    AtLeast(u32),
    /// Exactly so often, also after the story has gone on.
    Exactly(u32),
    /// From so often to so often, until the time is over.
    Between(u32, u32),
}

impl Often {
    /// How many are enough to look no further for more.
    #[must_use]
    pub fn least(self) -> u32 {
        match self {
            Often::AtLeast(least) | Often::Exactly(least) | Often::Between(least, _) => least,
        }
    }

    /// How many are too many, if any are.
    #[must_use]
    pub fn most(self) -> Option<u32> {
        match self {
            Often::AtLeast(_) => None,
            Often::Exactly(most) | Often::Between(_, most) => Some(most),
        }
    }
}

impl Action {
    /// The verb.
    #[must_use]
    pub fn verb(&self) -> &'static str {
        match self {
            Action::Start => "start",
            Action::Stop => "stop",
            Action::Inject { .. } => "inject",
            Action::Clear(_) => "clear",
            Action::Reply { .. } => "reply",
            Action::Kill { .. } => "kill",
            Action::Crash(_) => "crash",
            Action::Pause(_) => "pause",
            Action::Resume(_) => "resume",
            Action::Wait(_) => "wait",
            Action::Workshop(_) => "workshop",
            Action::Attack(_) => "attack",
            Action::Release { .. } => "release",
            Action::Subscribe { .. } => "subscribe",
            Action::Publish { .. } => "publish",
            Action::Expect(_) => "expect",
            Action::Parallel(_) => "parallel",
            Action::Repeat { .. } => "repeat",
            Action::Note(_) => "note",
        }
    }
}
