//! Whether agents answer: commands that wait for an answer, and agents that are degraded because of it.

use crate::finite::Finite;
use crate::id::{CaseId, MessageId};
use crate::message::{Class, Encoding, Message, Stage};
use crate::record::Record;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A command was not answered in its time, neither done nor refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandUnanswered {
    /// The case that waits for it.
    pub case: CaseId,
    /// The asset.
    pub asset: String,
    /// [`Message::NAME`] of the command.
    pub command: String,
    /// The kind of agent that was asked.
    pub asked_of: String,
    /// When it was asked first without an answer.
    pub since: Timestamp,
    /// How often it was asked since.
    pub attempts: u16,
}

/// An agent that left a command unanswered has said something about the same asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandAnswered {
    /// The case whose command was unanswered.
    pub case: CaseId,
    /// The asset.
    pub asset: String,
    /// [`Message::NAME`] of the command.
    pub command: String,
    /// The kind of agent that was asked.
    pub asked_of: String,
    /// When it was asked first without an answer.
    pub since: Timestamp,
}

/// An agent leaves several commands unanswered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentDegraded {
    /// Its kind.
    pub agent: String,
    /// When the first of them was asked.
    pub since: Timestamp,
    /// How many different commands it leaves unanswered.
    pub unanswered: u32,
    /// The cases that wait for it.
    pub cases: Vec<CaseId>,
    /// The `command.unanswered` that say so.
    pub evidence: Vec<MessageId>,
}

/// An agent that was degraded answers again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentRecovered {
    /// Its kind.
    pub agent: String,
    /// [`AgentDegraded::since`].
    pub since: Timestamp,
    /// For how long nothing was heard from it.
    pub degraded_for_hours: Finite,
}

impl Record for CommandUnanswered {
    const SCHEMA: u16 = 90;
}

impl Message for CommandUnanswered {
    const NAME: &'static str = "command.unanswered";
    const CLASS: Class = Class::Event;
    const ENCODING: Encoding = Encoding::Json;
    const STAGE: Option<Stage> = Some(Stage::Ag);

    fn key(&self) -> &str {
        &self.asset
    }

    fn case(&self) -> Option<CaseId> {
        Some(self.case)
    }
}

impl Record for CommandAnswered {
    const SCHEMA: u16 = 91;
}

impl Message for CommandAnswered {
    const NAME: &'static str = "command.answered";
    const CLASS: Class = Class::Event;
    const ENCODING: Encoding = Encoding::Json;
    const STAGE: Option<Stage> = Some(Stage::Ag);

    fn key(&self) -> &str {
        &self.asset
    }

    fn case(&self) -> Option<CaseId> {
        Some(self.case)
    }
}

impl Record for AgentDegraded {
    const SCHEMA: u16 = 92;
}

impl Message for AgentDegraded {
    const NAME: &'static str = "agent.degraded";
    const CLASS: Class = Class::Event;
    const ENCODING: Encoding = Encoding::Json;
    const STAGE: Option<Stage> = Some(Stage::Ag);

    fn key(&self) -> &str {
        &self.agent
    }
}

impl Record for AgentRecovered {
    const SCHEMA: u16 = 93;
}

impl Message for AgentRecovered {
    const NAME: &'static str = "agent.recovered";
    const CLASS: Class = Class::Event;
    const ENCODING: Encoding = Encoding::Json;
    const STAGE: Option<Stage> = Some(Stage::Ag);

    fn key(&self) -> &str {
        &self.agent
    }
}
