//! What is done to the world outside: intended, attempted, concluded, each durable before the next.
//!
//! An intent is a message of class [`crate::Class::Effect`] whose type is an [`Effect`]. Whoever
//! performs it appends [`EffectAttempted`] before the call and [`EffectConcluded`] after it; the ledger of effects is
//! the view of these three.

use crate::id::{CaseId, MessageId};
use crate::message::{Class, Encoding, Message};
use crate::prediction::Severity;
use crate::record::Record;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Something to be done outside.
pub trait Effect: Message {
    /// What may be done when it is not known whether it happened.
    const POLICY: Policy;

    /// `case:step`: the same however often it is attempted.
    fn effect_key(&self) -> &str;

    /// The more urgent is performed first.
    fn urgency(&self) -> Severity;

    /// After this it is not begun any more.
    fn expires_at(&self) -> Timestamp;
}

/// What may be done when it is not known whether an effect happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// Doing it again does no harm; the outcome on the log decides.
    Repeatable,
    /// The provider takes [`Effect::effect_key`] and does it once.
    IdempotentRetry,
    /// The provider can be asked by [`Effect::effect_key`] whether it happened.
    QueryThenRetry,
    /// Never again; a person finds out.
    AtMostOnce,
}

/// The provider is about to be called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EffectAttempted {
    /// The intent.
    pub intent: MessageId,
    /// [`Message::NAME`] of the intent.
    pub effect: String,
    /// [`Effect::effect_key`].
    pub effect_key: String,
    /// [`Message::key`] of the intent.
    pub key: String,
    /// The case, if it belongs to one.
    pub case: Option<CaseId>,
    /// Which attempt, from 1.
    pub attempt: u32,
}

/// Nothing more will be done about an intent, unless a person decides so. Addressed to the agent that intended it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EffectConcluded {
    /// The intent.
    pub intent: MessageId,
    /// [`Message::NAME`] of the intent.
    pub effect: String,
    /// [`Effect::effect_key`].
    pub effect_key: String,
    /// [`Message::key`] of the intent.
    pub key: String,
    /// The case, if it belongs to one.
    pub case: Option<CaseId>,
    /// How often the provider was called.
    pub attempts: u32,
    /// How it ended.
    pub conclusion: Conclusion,
}

/// How an effect ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    /// The provider did it.
    Accepted {
        /// The provider's own name for it.
        reference: Option<String>,
        /// What came back, for effects that are questions.
        reply: Option<String>,
    },
    /// The provider, or a rule of ours, says no; it did not happen.
    Refused {
        /// Why.
        reason: String,
    },
    /// Its time had passed before it could be begun.
    Expired,
    /// The provider could not be reached in all attempts; it did not happen.
    Unreachable {
        /// The last failure.
        reason: String,
    },
    /// It may have happened and may not have; only a person can find out.
    Uncertain {
        /// What is known.
        reason: String,
    },
}

impl Record for EffectAttempted {
    const SCHEMA: u16 = 60;
}

impl Message for EffectAttempted {
    const NAME: &'static str = "effect.attempted";
    const CLASS: Class = Class::Effect;
    const ENCODING: Encoding = Encoding::Json;

    fn key(&self) -> &str {
        &self.key
    }

    fn case(&self) -> Option<CaseId> {
        self.case
    }
}

impl Record for EffectConcluded {
    const SCHEMA: u16 = 61;
}

impl Message for EffectConcluded {
    const NAME: &'static str = "effect.concluded";
    const CLASS: Class = Class::Effect;
    const ENCODING: Encoding = Encoding::Json;

    fn key(&self) -> &str {
        &self.key
    }

    fn case(&self) -> Option<CaseId> {
        self.case
    }
}
