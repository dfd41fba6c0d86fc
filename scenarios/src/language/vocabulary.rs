//! What a script may name: agents, faults, profiles and messages of this build.

use messages::catalogue::CATALOGUE;

/// Names that exist in this build. An empty list is not known here and not checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Agents.
    pub agents: Vec<String>,
    /// Faults that can be injected.
    pub faults: Vec<String>,
    /// Profiles of assets.
    pub profiles: Vec<String>,
    /// Messages that agents may say, those that others wrote among them; those of this house are known anyway.
    pub events: Vec<String>,
}

/// Names of all messages of this house.
pub(crate) fn events() -> Vec<&'static str> {
    CATALOGUE.iter().map(|entry| entry.name).collect()
}
