//! Corrective and preventive action as an 8D: from a pattern to the proof that what was done about it works.
//!
//! `open → contained → rca → action → verifying → closed`, or `reopened` where later assets show that it does not work.
//! D3 to D8 are gates that a person signs ([`CapaSigned`]), each once those before it are.

mod lint;

pub use lint::{EVIDENCE_MAX, LIFE_DAYS_MAX, Refusal, TEXT_BYTES_MAX, WHYS_MAX, WHYS_MIN};

use crate::finite::Finite;
use crate::id::CapaId;
use crate::message::{Class, Encoding, Message};
use crate::pattern::{CauseReported, Group, LifeSpan, Rate};
use crate::record::Record;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Where a CAPA stands.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum CapaState {
    /// It waits for containment.
    #[default]
    Open,
    /// What harms is contained; it waits for the root cause.
    Contained,
    /// The root cause is known; it waits for an action.
    Rca,
    /// An action and how it is judged are laid down; it waits to be implemented.
    Action,
    /// It is implemented; later assets are watched.
    Verifying,
    /// Ended.
    Closed,
    /// Later assets show that it does not work; it waits for the root cause again.
    Reopened,
}

impl CapaState {
    /// All states.
    pub const ALL: [Self; 7] = [
        Self::Open,
        Self::Contained,
        Self::Rca,
        Self::Action,
        Self::Verifying,
        Self::Closed,
        Self::Reopened,
    ];

    /// Name for people and filters.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Contained => "contained",
            Self::Rca => "rca",
            Self::Action => "action",
            Self::Verifying => "verifying",
            Self::Closed => "closed",
            Self::Reopened => "reopened",
        }
    }
}

/// A discipline that a person signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Gate {
    /// Containment.
    D3,
    /// Root cause and escape point.
    D4,
    /// The action, and how it will be judged.
    D5,
    /// The action is implemented.
    D6,
    /// What keeps it from coming back.
    D7,
    /// Closure.
    D8,
}

impl Gate {
    /// All gates, in their order.
    pub const ALL: [Self; 6] = [Self::D3, Self::D4, Self::D5, Self::D6, Self::D7, Self::D8];

    /// Name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::D3 => "D3",
            Self::D4 => "D4",
            Self::D5 => "D5",
            Self::D6 => "D6",
            Self::D7 => "D7",
            Self::D8 => "D8",
        }
    }
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What is signed at a gate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Statement {
    /// D3: what keeps it from doing harm until it is mended.
    Containment {
        /// What was done.
        measures: String,
        /// Share of the harm that it keeps away, 0 to 100.
        effective_percent: Finite,
    },
    /// D4: why it fails, and why nobody noticed before it was in use.
    RootCause {
        /// The cause. What an operator did wrong is none: what let it happen is.
        cause: String,
        /// Where it should have been noticed and was not.
        escape_point: String,
        /// Why, and why again; from the failure to the cause.
        whys: Vec<String>,
        /// Findings, tests and documents that show it.
        evidence: Vec<String>,
    },
    /// D5: what will be done, and how it will be judged.
    Action {
        /// What will be done.
        action: String,
        /// Fixed before it is done.
        criterion: Criterion,
    },
    /// D6: it is done.
    Implemented {
        /// What was done where.
        done: String,
        /// Assets whose life begins from here on have it; absent: from the signature on.
        effective_from: Option<Timestamp>,
    },
    /// D7: what keeps the same from happening elsewhere.
    Prevention {
        /// What was changed in designs, processes and standards.
        measures: String,
    },
    /// D8: it is over.
    Closure {
        /// What was learned.
        summary: String,
    },
}

impl Statement {
    /// The gate that it is for.
    #[must_use]
    pub const fn gate(&self) -> Gate {
        match self {
            Self::Containment { .. } => Gate::D3,
            Self::RootCause { .. } => Gate::D4,
            Self::Action { .. } => Gate::D5,
            Self::Implemented { .. } => Gate::D6,
            Self::Prevention { .. } => Gate::D7,
            Self::Closure { .. } => Gate::D8,
        }
    }
}

/// When an action counts as effective: later assets fail at most at a share of the rate at which the CAPA opened.
///
/// Decided once, when later assets were watched for so many days in all; earlier only when it cannot be met any more.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Criterion {
    /// Highest share of the rate at opening, above 0 and below 1.
    pub ratio_max: Finite,
    /// Days of life of later assets, all together, at which it is decided.
    pub life_days: u32,
    /// Certainty with which the rate must be below, from 0.5 on and below 1.
    pub level: Finite,
}

/// How a criterion stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Effectiveness {
    /// Later assets.
    pub assets: u64,
    /// Days of life that they were watched.
    pub life_days: Finite,
    /// Their failures.
    pub failures: u64,
    /// Failures a year of one asset that must not be exceeded.
    pub per_year_max: Finite,
    /// What their rate is below, at the level of the criterion; absent before they were watched at all.
    pub per_year_below: Option<Finite>,
    /// Most failures with which it can still be met.
    pub failures_max: u64,
    /// Whether it is met; absent while it is not decided.
    pub met: Option<bool>,
}

/// Failure mode and effects: ratings from 1 to 10, and how urgent they make it (AIAG & VDA FMEA handbook, 2019).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fmea {
    /// How bad its effect is.
    pub severity: u8,
    /// How often it occurs.
    pub occurrence: u8,
    /// How late it is noticed.
    pub detection: u8,
    /// Action Priority.
    pub priority: Priority,
    /// How the ratings came about, in words.
    pub because: Vec<String>,
}

/// Action Priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Something may be done.
    Low,
    /// Something should be done, or it should be said why not.
    Medium,
    /// Something must be done.
    High,
}

/// D2: one line of what it is and what it is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IsIsNot {
    /// What is asked: what, where, when, how many.
    pub about: String,
    /// What it is.
    pub is: String,
    /// What it might be and is not.
    pub is_not: String,
}

/// A group fails so much more often that something is to be done about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CapaOpened {
    /// The CAPA.
    pub capa: CapaId,
    /// The population: the name of the profile.
    pub population: String,
    /// The component.
    pub component: String,
    /// The group that fails.
    pub group: Group,
    /// Its failures.
    pub failures: u64,
    /// Probability of so many if it were like all others, corrected for all groups compared and for looking again.
    pub p_value: Finite,
    /// How often it fails.
    pub rate: Rate,
    /// How often the rest does.
    pub rest: Rate,
    /// D0: whether people are in danger, so that a recall must be thought about.
    pub safety: bool,
    /// D2: what it is and is not.
    pub is_is_not: Vec<IsIsNot>,
    /// D3: by when it must be contained.
    pub contain_by: Timestamp,
    /// What workshops report as causes.
    pub causes: Vec<CauseReported>,
    /// After how long the component fails in the group; absent where that is unknown.
    pub life: Option<LifeSpan>,
    /// How urgent it is.
    pub fmea: Fmea,
}

/// A CAPA went on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CapaUpdated {
    /// The CAPA.
    pub capa: CapaId,
    /// The population.
    pub population: String,
    /// The component.
    pub component: String,
    /// Where it stands.
    pub state: CapaState,
    /// Why, in words.
    pub reason: String,
    /// The gate that was signed, if one was.
    pub gate: Option<Gate>,
    /// What was signed.
    pub statement: Option<Statement>,
    /// Who signed.
    pub by: Option<String>,
    /// The asset that failed, where another one of the group did.
    pub asset: Option<String>,
    /// How often the group fails now.
    pub rate: Option<Rate>,
    /// How the criterion stands.
    pub effectiveness: Option<Effectiveness>,
}

/// A CAPA ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CapaClosed {
    /// The CAPA.
    pub capa: CapaId,
    /// The population.
    pub population: String,
    /// The component.
    pub component: String,
    /// Who signed the closure.
    pub by: String,
    /// What was learned.
    pub summary: String,
    /// How the criterion was met.
    pub effectiveness: Effectiveness,
}

/// What was done does not work; signatures from D4 on hold no more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CapaReopened {
    /// The CAPA.
    pub capa: CapaId,
    /// The population.
    pub population: String,
    /// The component.
    pub component: String,
    /// Why, in words.
    pub reason: String,
    /// How the criterion was missed.
    pub effectiveness: Effectiveness,
}

/// A signature was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CapaRefused {
    /// The CAPA that was named.
    pub capa: CapaId,
    /// The population.
    pub population: String,
    /// The gate.
    pub gate: Gate,
    /// Who wanted to sign.
    pub by: String,
    /// Why not, and what would do.
    pub reason: String,
}

/// People may be in danger; a person must decide about a recall (D0).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecallSuggested {
    /// The CAPA.
    pub capa: CapaId,
    /// The population.
    pub population: String,
    /// The component.
    pub component: String,
    /// The group that would be recalled.
    pub group: Group,
    /// Its assets that are counted now.
    pub assets: u64,
    /// How often it fails.
    pub rate: Rate,
    /// Why, in words.
    pub reason: String,
}

/// A person signs a gate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CapaSigned {
    /// The CAPA.
    pub capa: CapaId,
    /// The population that it is of.
    pub population: String,
    /// Who signs.
    pub by: String,
    /// What.
    pub statement: Statement,
}

/// Makes messages that are JSON and kept by population.
macro_rules! messages {
    ($($message:ident $schema:literal $name:literal),* $(,)?) => {$(
        impl Record for $message {
            const SCHEMA: u16 = $schema;
        }

        impl Message for $message {
            const NAME: &'static str = $name;
            const CLASS: Class = Class::Event;
            const ENCODING: Encoding = Encoding::Json;

            fn key(&self) -> &str {
                &self.population
            }
        }
    )*};
}

messages! {
    CapaOpened 260 "capa.opened",
    CapaUpdated 261 "capa.updated",
    CapaClosed 262 "capa.closed",
    CapaReopened 263 "capa.reopened",
    RecallSuggested 264 "recall.suggested",
    CapaSigned 265 "capa.signed",
    CapaRefused 266 "capa.refused",
}
