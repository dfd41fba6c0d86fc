//! What many assets together say: who is counted, what fails how often, and which groups fail more often than the rest.
//!
//! [`AssetCounted`] and [`ComponentReported`] carry what is known of one asset to the memory of its population;
//! [`PopulationReviewed`] and [`PatternFound`] are what that adds up to.

use crate::finite::Finite;
use crate::id::MessageId;
use crate::message::{Class, Encoding, Message};
use crate::record::Record;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Assets that have these attributes; an attribute that is absent may be any.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Model, as its maker calls it.
    pub model: Option<String>,
    /// Who made the part or asset.
    pub supplier: Option<String>,
    /// Production batch.
    pub batch: Option<String>,
}

impl Group {
    /// Whether assets with the attributes of `other` belong to it.
    #[must_use]
    pub fn holds(&self, other: &Group) -> bool {
        let fits = |own: &Option<String>, its: &Option<String>| own.is_none() || own == its;
        fits(&self.model, &other.model)
            && fits(&self.supplier, &other.supplier)
            && fits(&self.batch, &other.batch)
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = [("model", &self.model), ("supplier", &self.supplier), ("batch", &self.batch)];
        let mut named =
            named.into_iter().filter_map(|(name, it)| it.as_ref().map(|it| (name, it))).peekable();
        if named.peek().is_none() {
            return f.write_str("all assets");
        }
        for (index, (name, value)) in named.enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{name} {value}")?;
        }
        Ok(())
    }
}

/// What was counted to get a number, so that anybody can count again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// Messages that were counted, by name.
    pub counted: Vec<String>,
    /// Which of them, as a condition over component, model, supplier and batch.
    pub condition: String,
    /// From when on.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// How many fit.
    pub records: u64,
    /// The first that was counted.
    pub first: Option<MessageId>,
    /// The last.
    pub last: Option<MessageId>,
}

/// A number with the interval that holds the truth with 95 % probability.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Estimate {
    /// Lower end; absent where nothing bounds it.
    pub low: Option<Finite>,
    /// The estimate.
    pub value: Finite,
    /// Upper end; absent where nothing bounds it.
    pub high: Option<Finite>,
}

/// An asset joins those that are counted, or leaves them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssetCounted {
    /// The population: the name of the profile.
    pub population: String,
    /// The asset.
    pub asset: String,
    /// Its attributes.
    pub group: Group,
    /// When its life began.
    pub born_at: Timestamp,
    /// Since when it is watched.
    pub watched_from: Timestamp,
    /// Components that were made new since, with the moment.
    pub renewed: BTreeMap<String, Timestamp>,
    /// Which way.
    pub change: Change,
}

/// Which way a count goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It is counted from now on.
    Joined,
    /// It is counted no more: retired, or registered with other attributes.
    Left,
}

/// Something became known of one component of a counted asset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComponentReported {
    /// The population: the name of the profile.
    pub population: String,
    /// The asset.
    pub asset: String,
    /// The component.
    pub component: String,
    /// The asset's attributes.
    pub group: Group,
    /// When the component was new.
    pub born_at: Timestamp,
    /// Since when it is watched.
    pub watched_from: Timestamp,
    /// When the asset's life began.
    pub in_service_since: Timestamp,
    /// When it was.
    pub at: Timestamp,
    /// The message that first told of the failure, if it is about one.
    pub failure: Option<MessageId>,
    /// What.
    pub report: Report,
}

/// What became known of a component.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Report {
    /// It failed, or was found faulty; its life ends.
    Failed,
    /// It was made new without having failed.
    Renewed,
    /// A workshop said why it failed.
    Explained(Explanation),
    /// Whether the failure was foreseen was judged.
    Judged {
        /// It was.
        foreseen: bool,
    },
}

/// Why something failed, as a workshop reports it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explanation {
    /// The cause, if it named one.
    pub cause: Option<String>,
    /// The part that was replaced.
    pub part: Option<String>,
    /// The workshop.
    pub by: String,
    /// The `finding.recorded` that says so.
    pub finding: MessageId,
}

/// What a population looks like, at its review.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PopulationReviewed {
    /// The population: the name of the profile.
    pub population: String,
    /// Assets that are counted.
    pub assets: u64,
    /// Groups that were compared, all components together.
    pub compared: u32,
    /// Its components, those with most failures first.
    pub components: Vec<ComponentReview>,
    /// Components by failures.
    pub by_count: Vec<Bar>,
    /// Components by what their failures cost, in the profile's currency.
    pub by_cost: Vec<Bar>,
}

/// One bar of a Pareto chart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bar {
    /// What it stands for.
    pub name: String,
    /// How much.
    pub value: Finite,
    /// Share of the whole that this and the bars before it make.
    pub covered: Finite,
}

/// What a component's failures look like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComponentReview {
    /// The component.
    pub component: String,
    /// How often it fails, all assets together.
    pub all: Rate,
    /// The groups that fail most, in the order of their p-values.
    pub groups: Vec<Rate>,
    /// After how long it fails; absent where that is unknown.
    pub life: Option<LifeSpan>,
    /// Why the life span is unknown.
    pub life_unknown: Option<String>,
    /// What workshops report as causes.
    pub causes: Vec<CauseReported>,
    /// Failures that are alike; empty where none are.
    pub alike: Vec<Alike>,
    /// How the groups of alike failures were found, or why there are none.
    pub alike_note: String,
}

/// How often a group fails.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// The group.
    pub group: Group,
    /// Its failures.
    pub failures: u64,
    /// Its assets that are counted now.
    pub assets: u64,
    /// Days of life that were watched, all assets together.
    pub life_days: Finite,
    /// Failures per 1,000 assets and year, with the exact interval of a Poisson count.
    pub per_1000_years: Option<Estimate>,
    /// Its rate divided by that of all others; absent for all assets, and where the others did not fail.
    pub ratio: Option<Finite>,
    /// Probability of so many failures or more if it were like all others.
    pub p_raw: Option<Finite>,
    /// The same, corrected for all groups that are compared (Holm) and for looking again and again (a year's level).
    pub p_value: Option<Finite>,
    /// What was counted.
    pub query: Query,
}

/// After how long a component fails: a Weibull distribution.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LifeSpan {
    /// Failures that it rests on.
    pub failures: u64,
    /// Lives without failure.
    pub suspensions: u64,
    /// β: below 1 early failures, 1 chance, above 1 wear.
    pub shape: Estimate,
    /// η, in days: the age that 63.2 % do not reach.
    pub scale_days: Estimate,
    /// B10, in days: the age that 10 % do not reach.
    pub b10_days: Estimate,
    /// Ages are known to so many days.
    pub age_step_days: u32,
}

/// What workshops report as a cause; a report is no proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CauseReported {
    /// The cause, as they name it.
    pub cause: String,
    /// Part that was replaced most often with it.
    pub part: Option<String>,
    /// Workshops that reported it.
    pub workshops: u32,
    /// Workshops that reported any cause.
    pub of_workshops: u32,
    /// Failures that they reported it of.
    pub failures: u32,
}

/// Failures that are alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alike {
    /// How many.
    pub failures: u32,
    /// Median age at failure, in days.
    pub age_days: Finite,
    /// First of them.
    pub from: Timestamp,
    /// Last of them.
    pub until: Timestamp,
    /// The batch that most of them have, and how many.
    pub batch: Option<(String, u32)>,
    /// The cause that is reported of most of them, and of how many.
    pub cause: Option<(String, u32)>,
}

/// A group fails more often than the rest, more than chance explains.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatternFound {
    /// The population: the name of the profile.
    pub population: String,
    /// The component.
    pub component: String,
    /// How often the group fails.
    pub rate: Rate,
    /// How often the rest does.
    pub rest: Rate,
    /// What workshops report as causes in the group.
    pub causes: Vec<CauseReported>,
}

impl Record for AssetCounted {
    const SCHEMA: u16 = 250;
}

impl Message for AssetCounted {
    const NAME: &'static str = "asset.counted";
    const CLASS: Class = Class::Event;

    fn key(&self) -> &str {
        &self.population
    }
}

impl Record for ComponentReported {
    const SCHEMA: u16 = 251;
}

impl Message for ComponentReported {
    const NAME: &'static str = "component.reported";
    const CLASS: Class = Class::Event;

    fn key(&self) -> &str {
        &self.population
    }
}

impl Record for PopulationReviewed {
    const SCHEMA: u16 = 252;
}

impl Message for PopulationReviewed {
    const NAME: &'static str = "population.reviewed";
    const CLASS: Class = Class::Event;
    const ENCODING: Encoding = Encoding::Json;

    fn key(&self) -> &str {
        &self.population
    }
}

impl Record for PatternFound {
    const SCHEMA: u16 = 253;
}

impl Message for PatternFound {
    const NAME: &'static str = "pattern.found";
    const CLASS: Class = Class::Event;
    const ENCODING: Encoding = Encoding::Json;

    fn key(&self) -> &str {
        &self.population
    }
}
