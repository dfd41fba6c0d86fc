//! A kind of asset: its channels, operating states, components and the numbers that belong to them.
//!
//! Agents know channels through a profile alone, so a new kind of asset is a file and no code. A profile is TOML,
//! see `profiles/vehicle.toml`; [`Profile::parse`] refuses one whose parts do not fit together.

mod channel;
mod check;
mod component;
mod embedded;
mod feature;
mod formula;
mod settings;
mod span;

pub use channel::{Channel, Condition, Direction, Limits, Peer, Reach, State};
pub use check::Problem;
pub use component::{CodeEvidence, Component, Costs, Evidence, FailureMode, Role};
pub use embedded::{NAMES, embedded};
pub use feature::{FeatureLists, HistoryFeature, TimeFeature};
pub use formula::{FORMULA_BYTES_MAX, Formula, FormulaError};
pub use settings::{AnomalySettings, SeverityRules, TrendSettings};
pub use span::{Span, SpanError};

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Names less alike than this (Jaro-Winkler) are not worth suggesting.
const LIKENESS_MIN: f64 = 0.7;
/// Longest name that a nearest one is looked for, in bytes.
const NEAREST_BYTES_MAX: usize = 256;

/// A kind of asset, checked: whatever it refers to is there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Document", into = "Document")]
pub struct Profile {
    document: Document,
    channel_by_name: BTreeMap<String, usize>,
}

/// What a profile says; the fields of the TOML file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Name: lower case, digits and `_`.
    pub name: String,
    /// Name for people.
    pub title: String,
    /// The standard that channels are named after.
    #[serde(default)]
    pub standard: Option<Standard>,
    /// Local time minus UTC, in minutes; for hour, weekday and season.
    #[serde(default)]
    pub utc_offset_minutes: i32,
    /// ISO 4217 code of all costs.
    #[serde(default)]
    pub currency: Option<String>,
    /// Length of the assessed windows.
    pub window: Span,
    /// A prediction counts when the failure comes within it.
    pub horizon: Span,
    /// An asset not heard for so long is silent.
    pub silent_after: Span,
    /// The channel that counts use: kilometres.
    #[serde(default)]
    pub usage: Option<String>,
    /// Channels that are set, not measured; models that are trained compare the others at equal settings only. Settings
    /// within a fiftieth of a channel's range are equal.
    #[serde(default)]
    pub settings: Vec<String>,
    /// How trends are kept.
    pub trend: TrendSettings,
    /// How unusual behaviour becomes an alarm.
    pub anomaly: AnomalySettings,
    /// How grave a prediction is.
    pub severity: SeverityRules,
    /// Which features models see.
    pub features: FeatureLists,
    /// What is measured.
    #[serde(rename = "channel")]
    pub channels: Vec<Channel>,
    /// What is computed from what is measured; models that are trained see it beside the channels.
    #[serde(default)]
    pub derived: Vec<Derived>,
    /// Operating states; the first that fits holds.
    #[serde(default, rename = "state")]
    pub states: Vec<State>,
    /// What can fail.
    #[serde(rename = "component")]
    pub components: Vec<Component>,
}

/// A quantity computed from channels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Derived {
    /// Name: lower case, digits and `_`; no channel has it.
    pub id: String,
    /// Name for people.
    pub title: String,
    /// How it is computed, from values in the channels' units.
    pub formula: Formula,
}

/// A standard after which channels are named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standard {
    /// Its name and version.
    pub name: String,
    /// What may stand before each of its names.
    #[serde(default)]
    pub prefix: String,
}

/// Why a text is no profile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// Not TOML, or with a field that no profile has; says where.
    #[error("profile is not well formed: {0}")]
    Malformed(String),
    /// Its parts do not fit together.
    #[error("profile `{name}` does not fit together: {}", Listed(problems))]
    Inconsistent {
        /// Name of the profile.
        name: String,
        /// All that is wrong, at least one.
        problems: Vec<Problem>,
    },
}

struct Listed<'p>(&'p [Problem]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { " | " };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

impl Profile {
    /// Reads and checks a profile.
    ///
    /// # Errors
    /// [`ProfileError`] with all problems, each with its place, value and remedy.
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        let document: Document = toml::from_str(text)
            .map_err(|error| ProfileError::Malformed(error.to_string().trim_end().to_owned()))?;
        Self::try_from(document)
    }

    /// The channel of this name: its id, its standard name with or without the prefix, or an alias.
    #[must_use]
    pub fn channel_named(&self, name: &str) -> Option<usize> {
        self.channel_by_name.get(name).copied()
    }

    /// The valid name most like `name`, if any is like it.
    #[must_use]
    pub fn nearest(&self, name: &str) -> Option<&str> {
        if name.len() > NEAREST_BYTES_MAX {
            return None;
        }
        let name = name.to_lowercase();
        self.channel_by_name
            .keys()
            .map(|valid| (strsim::jaro_winkler(&name, &valid.to_lowercase()), valid.as_str()))
            .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
            .max_by(|one, other| one.0.total_cmp(&other.0))
            .map(|(_, valid)| valid)
    }

    /// The component of this id.
    #[must_use]
    pub fn component(&self, id: &str) -> Option<&Component> {
        self.components.iter().find(|component| component.id == id)
    }

    /// The state of this id, as an index.
    #[must_use]
    pub fn state_named(&self, id: &str) -> Option<usize> {
        self.states.iter().position(|state| state.id == id)
    }
}

impl std::ops::Deref for Profile {
    type Target = Document;

    fn deref(&self) -> &Document {
        &self.document
    }
}

impl TryFrom<Document> for Profile {
    type Error = ProfileError;

    fn try_from(document: Document) -> Result<Self, ProfileError> {
        let problems = check::problems(&document);
        if !problems.is_empty() {
            return Err(ProfileError::Inconsistent { name: document.name, problems });
        }
        let mut channel_by_name = BTreeMap::new();
        for (index, channel) in document.channels.iter().enumerate() {
            for name in document.names_of(channel) {
                channel_by_name.insert(name, index);
            }
        }
        Ok(Self { document, channel_by_name })
    }
}

impl From<Profile> for Document {
    fn from(profile: Profile) -> Document {
        profile.document
    }
}

impl Document {
    /// All names of a channel.
    fn names_of(&self, channel: &Channel) -> Vec<String> {
        let mut names = vec![channel.id.clone()];
        if let Some(standard) = &channel.standard {
            names.push(standard.clone());
            let prefix = self.standard.as_ref().map_or("", |standard| &standard.prefix);
            if !prefix.is_empty() {
                names.push(format!("{prefix}{standard}"));
            }
        }
        names.extend(channel.aliases.iter().cloned());
        names
    }

    /// The channel with this id.
    fn channel(&self, id: &str) -> Option<&Channel> {
        self.channels.iter().find(|channel| channel.id == id)
    }
}

#[cfg(test)]
mod tests;
