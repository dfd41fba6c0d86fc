//! A case: one component of one asset, from a foreseen failure to the proof whether it was one.
//!
//! The case's path, with a deadline on each waiting state: opened, contacting, awaiting the customer, scheduling,
//! booked, in service, verifying, closed; beside it deferred, declined, escalated, cancelled, uncertain.

use crate::id::{CaseId, MessageId};
use crate::message::{Class, Encoding, Message, Stage};
use crate::prediction::{Hypothesis, Severity};
use crate::record::{DecodeError, Record, decode_body};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Where a case stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseState {
    /// A failure is foreseen; slots are asked for.
    Opened,
    /// The owner is being reached.
    Contacting,
    /// The owner was reached and has not answered.
    AwaitingCustomer,
    /// The owner agreed; a slot is being held and confirmed.
    Scheduling,
    /// A slot is confirmed.
    Booked,
    /// The asset is at the workshop.
    InService,
    /// The workshop has said what it found; whether the prediction was right is being judged.
    Verifying,
    /// Ended.
    Closed,
    /// The owner asked for another time.
    Deferred,
    /// The owner said no; one more offer may follow.
    Declined,
    /// A person must act.
    Escalated,
    /// Ended by a person before its time.
    Cancelled,
    /// Something outside may have happened and may not have; a person must find out.
    Uncertain,
}

impl CaseState {
    /// Name for people and labels.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            CaseState::Opened => "opened",
            CaseState::Contacting => "contacting",
            CaseState::AwaitingCustomer => "awaiting_customer",
            CaseState::Scheduling => "scheduling",
            CaseState::Booked => "booked",
            CaseState::InService => "in_service",
            CaseState::Verifying => "verifying",
            CaseState::Closed => "closed",
            CaseState::Deferred => "deferred",
            CaseState::Declined => "declined",
            CaseState::Escalated => "escalated",
            CaseState::Cancelled => "cancelled",
            CaseState::Uncertain => "uncertain",
        }
    }

    /// Whether nothing follows.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, CaseState::Closed | CaseState::Cancelled)
    }
}

/// A failure is foreseen and something is to be done about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseOpened {
    /// The case.
    pub case: CaseId,
    /// The asset.
    pub asset: String,
    /// Its fleet.
    pub fleet: String,
    /// Its owner, if one is registered.
    pub owner: Option<String>,
    /// The component.
    pub component: String,
    /// How grave it is.
    pub severity: Severity,
    /// What it rests on, copied: what was known when it opened.
    pub evidence: Evidence,
    /// By when something must have been done.
    pub due_at: Timestamp,
}

/// What a case rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// The `failure.predicted` that opened it.
    pub prediction: MessageId,
    /// End of the window that the prediction rests on.
    pub window_end: Timestamp,
    /// The asset's profile.
    pub profile: String,
    /// What is to fail, how likely, and why.
    pub hypothesis: Hypothesis,
    /// Model that computed it.
    pub model: String,
}

/// A case moved on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseAdvanced {
    /// The case.
    pub case: CaseId,
    /// The asset.
    pub asset: String,
    /// Where it stood.
    pub from: CaseState,
    /// Where it stands.
    pub to: CaseState,
    /// Why, in words.
    pub reason: String,
    /// When something else happens if nothing does; every waiting state has one.
    pub deadline: Option<Timestamp>,
    /// How grave it is now; absent in what was said before this was told.
    pub severity: Option<Severity>,
    /// When it should be seen to by now; absent in what was said before this was told.
    pub due_at: Option<Timestamp>,
}

/// [`CaseAdvanced`] before it told how grave a case is.
#[derive(Deserialize)]
struct CaseAdvancedV1 {
    case: CaseId,
    asset: String,
    from: CaseState,
    to: CaseState,
    reason: String,
    deadline: Option<Timestamp>,
}

/// A person must act on a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseEscalated {
    /// The case.
    pub case: CaseId,
    /// The asset.
    pub asset: String,
    /// Why, in words.
    pub reason: String,
    /// What the person is asked to do, with the command.
    pub remedy: String,
    /// How often a person was reminded of it: 0 where this is news. Version 1 did not count and reads as 0.
    #[serde(default)]
    pub reminder: u8,
}

/// [`CaseEscalated`] as version 1 wrote it.
#[derive(Deserialize)]
struct CaseEscalatedV1 {
    case: CaseId,
    asset: String,
    reason: String,
    remedy: String,
}

/// A case ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseClosed {
    /// The case.
    pub case: CaseId,
    /// The asset.
    pub asset: String,
    /// How.
    pub outcome: CaseOutcome,
    /// Why, in words.
    pub reason: String,
    /// The network of centres that was asked for its slots; version 1 did not say.
    #[serde(default)]
    pub network: Option<String>,
}

/// [`CaseClosed`] as version 1 wrote it.
#[derive(Deserialize)]
struct CaseClosedV1 {
    case: CaseId,
    asset: String,
    outcome: CaseOutcome,
    reason: String,
}

/// How a case ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseOutcome {
    /// The workshop found what was foreseen.
    Confirmed,
    /// The workshop found something else, or nothing.
    Refuted,
    /// The prediction was taken back before the workshop saw the asset.
    Recovered,
    /// The owner does not want it.
    Declined,
    /// A person cancelled it.
    Cancelled,
    /// The asset is no longer watched.
    Retired,
}

/// A person decided about a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseDecided {
    /// The case.
    pub case: CaseId,
    /// The asset.
    pub asset: String,
    /// Its owner, if one is registered.
    pub owner: Option<String>,
    /// Who decided.
    pub by: String,
    /// What.
    pub decision: Decision,
}

/// What a person can decide about a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Go on with what was escalated.
    Approve,
    /// End the case.
    Cancel {
        /// Why.
        reason: String,
    },
    /// What became of an effect that was uncertain.
    Resolve {
        /// The intent.
        intent: MessageId,
        /// Whether it happened.
        happened: bool,
    },
}

impl Record for CaseOpened {
    const SCHEMA: u16 = 70;
}

impl Message for CaseOpened {
    const NAME: &'static str = "case.opened";
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

impl Record for CaseAdvanced {
    const SCHEMA: u16 = 71;
    const VERSION: u16 = 2;

    fn upcast(version: u16, body: &[u8]) -> Result<Self, DecodeError> {
        match version {
            1 => {
                let CaseAdvancedV1 { case, asset, from, to, reason, deadline } = decode_body(body)?;
                let (severity, due_at) = (None, None);
                Ok(Self { case, asset, from, to, reason, deadline, severity, due_at })
            }
            _ => Err(DecodeError::unknown_version::<Self>(version)),
        }
    }
}

impl Message for CaseAdvanced {
    const NAME: &'static str = "case.advanced";
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

impl Record for CaseEscalated {
    const SCHEMA: u16 = 72;
    const VERSION: u16 = 2;

    fn upcast(version: u16, body: &[u8]) -> Result<Self, DecodeError> {
        match version {
            1 => {
                let CaseEscalatedV1 { case, asset, reason, remedy } = decode_body(body)?;
                Ok(Self { case, asset, reason, remedy, reminder: 0 })
            }
            _ => Err(DecodeError::unknown_version::<Self>(version)),
        }
    }
}

impl Message for CaseEscalated {
    const NAME: &'static str = "case.escalated";
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

impl Record for CaseClosed {
    const SCHEMA: u16 = 73;
    const VERSION: u16 = 2;

    fn upcast(version: u16, body: &[u8]) -> Result<Self, DecodeError> {
        match version {
            1 => {
                let CaseClosedV1 { case, asset, outcome, reason } = decode_body(body)?;
                Ok(Self { case, asset, outcome, reason, network: None })
            }
            _ => Err(DecodeError::unknown_version::<Self>(version)),
        }
    }
}

impl Message for CaseClosed {
    const NAME: &'static str = "case.closed";
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

impl Record for CaseDecided {
    const SCHEMA: u16 = 74;
}

impl Message for CaseDecided {
    const NAME: &'static str = "case.decided";
    const CLASS: Class = Class::Event;
    const ENCODING: Encoding = Encoding::Json;

    fn key(&self) -> &str {
        &self.asset
    }

    fn case(&self) -> Option<CaseId> {
        Some(self.case)
    }
}
