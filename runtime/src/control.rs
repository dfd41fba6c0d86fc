//! What the runtime itself says on the log.

use messages::record::decode_body;
use messages::{Class, DecodeError, Message, Record};
use serde::{Deserialize, Serialize};

/// An agent's configuration changes here; everything before was handled with the one before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigApplied {
    /// The agent.
    pub agent: String,
    /// Name of the stored value that holds it, made from its content.
    pub config: String,
    /// The content, where it goes to other processes, too.
    pub value: Option<String>,
}

/// Version 1: without the content.
#[derive(Deserialize)]
struct ConfigAppliedV1 {
    agent: String,
    config: String,
}

impl Record for ConfigApplied {
    const SCHEMA: u16 = 4;
    const VERSION: u16 = 2;

    fn upcast(version: u16, body: &[u8]) -> Result<Self, DecodeError> {
        match version {
            1 => {
                let ConfigAppliedV1 { agent, config } = decode_body(body)?;
                Ok(Self { agent, config, value: None })
            }
            _ => Err(DecodeError::UnknownVersion {
                schema: Self::SCHEMA,
                version,
                known: Self::VERSION,
            }),
        }
    }
}

impl Message for ConfigApplied {
    const NAME: &'static str = "config.applied";
    const CLASS: Class = Class::Control;

    fn key(&self) -> &str {
        &self.agent
    }
}
