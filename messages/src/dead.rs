//! A message that an agent could not handle, kept whole with the reason.

use crate::envelope::{Envelope, Origin};
use crate::message::{Class, Message};
use crate::record::{RECORD_BYTES_MAX, Record};
use serde::{Deserialize, Serialize};

/// A message set aside. It stays until someone replays it to the agent that rejected it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeadLettered {
    /// The kind that could not handle it.
    pub agent: String,
    /// The original, as it was read.
    pub original: Envelope,
    /// Where it was read.
    pub position: Origin,
    /// What went wrong.
    pub cause: Cause,
    /// The error, in words.
    pub reason: String,
    /// How often it has been tried, this time included.
    pub attempts: u32,
}

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The data is not what the name says.
    Undecodable,
    /// The agent refused the message; its memory is sound.
    Rejected,
    /// The agent failed on it; its memory of the key went back to the committed state.
    Faulted,
    /// The process ended three times while it was handled.
    Crashed,
    /// Who said it was contained before it was heard, and it is suspect.
    Suspect,
}

impl Record for DeadLettered {
    const SCHEMA: u16 = 20;
    // The largest message must still fit in here with its envelope and the reason, or it would stop its reader for good.
    const BYTES_MAX: usize = 2 * RECORD_BYTES_MAX;
}

impl Message for DeadLettered {
    const NAME: &'static str = "message.dead";
    const CLASS: Class = Class::Control;

    fn key(&self) -> &str {
        &self.agent
    }
}
