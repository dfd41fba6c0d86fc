//! What the runtime itself says on the log.

use messages::{Class, Message, Record};
use serde::{Deserialize, Serialize};

/// An agent's configuration changes here; everything before was handled with the one before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigApplied {
    /// The agent.
    pub agent: String,
    /// Name of the stored value that holds it, made from its content.
    pub config: String,
}

impl Record for ConfigApplied {
    const SCHEMA: u16 = 4;
}

impl Message for ConfigApplied {
    const NAME: &'static str = "config.applied";
    const CLASS: Class = Class::Control;

    fn key(&self) -> &str {
        &self.agent
    }
}
