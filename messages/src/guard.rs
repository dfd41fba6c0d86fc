//! What guards the bus: who was refused, how active everyone is, who is contained, and the chain that keeps it all.
//!
//! A **principal** is whoever holds a session on the bus; its name is the `source` of what it says. `access.denied` and
//! `activity.measured` are said by the guard alone; `principal.contained` and `principal.released` are obeyed by the
//! runtime whoever hears them.

use crate::id::MessageId;
use crate::message::{Class, Encoding, Message};
use crate::record::Record;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Name under which all are counted whom nobody knows: names can be made up without end.
pub const UNKNOWN: &str = "*";

/// What a principal wanted of the bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// To say something.
    Publish,
    /// To read a stream.
    Read,
    /// To tell another agent to do something.
    Ask,
}

/// Why it was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// Its contract does not name it.
    NotDeclared,
    /// It speaks in another's name, or of another's asset.
    NotYours,
    /// It is contained.
    Contained,
    /// It is throttled, and this was beyond its rate.
    TooFast,
    /// Nobody knows the principal.
    UnknownPrincipal,
}

/// A principal was refused something; the first time at once, then at most once a second with the count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessDenied {
    /// Who; [`UNKNOWN`] for all whom nobody knows, of which `claimed` names one.
    pub principal: String,
    /// What it wanted.
    pub action: Action,
    /// [`Message::NAME`] of what it wanted to say, or the stream that it wanted to read.
    pub what: String,
    /// Why it was refused.
    pub reason: Refusal,
    /// How often since this was said last, this time included.
    pub count: u64,
    /// When it was refused first since then.
    pub first_at: Timestamp,
    /// When it was refused last.
    pub at: Timestamp,
    /// What one of the refused messages was about.
    pub key: Option<String>,
    /// In whose name it was said, where that is another's.
    pub claimed: Option<String>,
    /// Id of one of the refused messages.
    pub example: Option<MessageId>,
}

/// What a principal did on the bus between two moments.
///
/// Said when it has said and read so much that a window is full, when an hour is over, or within a minute when it did
/// what it had not done in the window before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActivityMeasured {
    /// Who.
    pub principal: String,
    /// When the first of what is counted happened.
    pub from: Timestamp,
    /// When the window was closed.
    pub until: Timestamp,
    /// Messages that were appended for it.
    pub messages: u64,
    /// Their data, in bytes.
    pub bytes: u64,
    /// How many there were of each, by [`Message::NAME`].
    pub by_name: BTreeMap<String, u64>,
    /// About how many different keys they were; counted up to a limit of the meter.
    pub keys: u32,
    /// Messages under an id that had been used a short while ago.
    pub repeated: u64,
    /// Things that were refused to it.
    pub refused: u64,
    /// Messages of its that a reader had to set aside.
    pub dead_lettered: u64,
    /// Records that its sessions read; hosts are not counted, they read what they declared.
    pub reads: u64,
    /// Their data, in bytes.
    pub read_bytes: u64,
    /// How many records it read of each stream, by its name.
    pub reads_by_stream: BTreeMap<String, u64>,
}

/// How far a principal is contained, the mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// What it says beyond a rate is refused.
    Throttled,
    /// Whatever it says is refused.
    Refused,
    /// Whatever it says or reads is refused, and its hosts stand still.
    Paused,
}

/// A principal is contained from here on. A later one about the same principal takes its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrincipalContained {
    /// Who.
    pub principal: String,
    /// How far.
    pub level: Level,
    /// Until when, unless it is released before; absent means until it is released.
    pub until: Option<Timestamp>,
    /// The finding that led to it.
    pub finding: Option<String>,
    /// Why, in words.
    pub reason: String,
    /// What it said from then on is suspect: who has not heard it yet sets it aside.
    pub evidence_from: Timestamp,
    /// Who decided.
    pub by: String,
}

/// What becomes of suspect messages that were not heard when their principal is released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Backlog {
    /// They are heard like any other.
    Heard,
    /// They are set aside for good, as dead letters.
    SetAside,
}

/// A principal is no longer contained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrincipalReleased {
    /// Who.
    pub principal: String,
    /// Who decided; the guard itself when the time was over.
    pub by: String,
    /// Why, in words.
    pub reason: String,
    /// What becomes of what it had said.
    pub backlog: Backlog,
}

/// One link of AUDIT: who did or wanted what, and how that ended.
///
/// Not a message that anybody hears. `hash` is the SHA-256, in lower-case hexadecimal, of the JSON of all other fields in
/// their order here, and `previous` is the `hash` of the link before (64 zeros for the first).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditRecorded {
    /// Position in AUDIT, from 1 without a hole.
    pub sequence: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub principal: String,
    /// What it did or wanted: `publish`, `read`, `ask`, `write`, `configure`, `contain`, `release`, `checkpoint`.
    pub action: String,
    /// To what.
    pub object: String,
    /// How it ended: `done` or `denied`.
    pub outcome: String,
    /// More, by name.
    pub details: BTreeMap<String, String>,
    /// [`AuditRecorded::hash`] of the link before.
    pub previous: String,
    /// Of this link.
    pub hash: String,
}

impl Level {
    /// Name for people and in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Level::Throttled => "throttled",
            Level::Refused => "refused",
            Level::Paused => "paused",
        }
    }

    /// The level with this [`Level::name`].
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Level::Throttled, Level::Refused, Level::Paused]
            .into_iter()
            .find(|level| level.name() == name)
    }
}

impl Action {
    /// Name for people and in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Action::Publish => "publish",
            Action::Read => "read",
            Action::Ask => "ask",
        }
    }
}

impl Refusal {
    /// Name for people and in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Refusal::NotDeclared => "not_declared",
            Refusal::NotYours => "not_yours",
            Refusal::Contained => "contained",
            Refusal::TooFast => "too_fast",
            Refusal::UnknownPrincipal => "unknown_principal",
        }
    }
}

impl Record for AccessDenied {
    const SCHEMA: u16 = 230;
}

impl Message for AccessDenied {
    const NAME: &'static str = "access.denied";
    const CLASS: Class = Class::Event;
    const ENCODING: Encoding = Encoding::Json;

    fn key(&self) -> &str {
        &self.principal
    }
}

impl Record for ActivityMeasured {
    const SCHEMA: u16 = 231;
}

impl Message for ActivityMeasured {
    const NAME: &'static str = "activity.measured";
    const CLASS: Class = Class::Event;

    fn key(&self) -> &str {
        &self.principal
    }
}

impl Record for PrincipalContained {
    const SCHEMA: u16 = 232;
}

impl Message for PrincipalContained {
    const NAME: &'static str = "principal.contained";
    const CLASS: Class = Class::Control;
    const ENCODING: Encoding = Encoding::Json;

    fn key(&self) -> &str {
        &self.principal
    }
}

impl Record for PrincipalReleased {
    const SCHEMA: u16 = 233;
}

impl Message for PrincipalReleased {
    const NAME: &'static str = "principal.released";
    const CLASS: Class = Class::Control;
    const ENCODING: Encoding = Encoding::Json;

    fn key(&self) -> &str {
        &self.principal
    }
}

impl Record for AuditRecorded {
    const SCHEMA: u16 = 234;
}

impl Message for AuditRecorded {
    const NAME: &'static str = "audit.recorded";
    const CLASS: Class = Class::Control;
    const ENCODING: Encoding = Encoding::Json;

    fn key(&self) -> &str {
        &self.principal
    }
}
