//! What a person sent through again: a dead letter or quarantined telemetry, each with its reason mended.

use crate::id::MessageId;
use crate::message::{Class, Encoding, Message};
use crate::record::Record;
use serde::{Deserialize, Serialize};

/// Quarantined telemetry was appended to TELEMETRY again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TelemetryReleased {
    /// Fleet it was sent for.
    pub fleet: String,
    /// Asset it was sent for.
    pub asset: String,
    /// The `telemetry.quarantined` that is answered by this.
    pub quarantined: MessageId,
    /// The frames that carry its samples now.
    pub frames: Vec<MessageId>,
}

/// A dead letter was appended again to what the agent reads that could not handle it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MessageRedelivered {
    /// The kind that could not handle it, and alone hears it again.
    pub agent: String,
    /// The dead letter.
    pub dead: MessageId,
    /// The message as it was appended again.
    pub redelivery: MessageId,
    /// How often it has been redelivered, this time included.
    pub count: u32,
}

impl Record for TelemetryReleased {
    const SCHEMA: u16 = 50;
}

impl Message for TelemetryReleased {
    const NAME: &'static str = "telemetry.released";
    const CLASS: Class = Class::Control;
    const ENCODING: Encoding = Encoding::Json;

    fn key(&self) -> &str {
        &self.asset
    }
}

impl Record for MessageRedelivered {
    const SCHEMA: u16 = 51;
}

impl Message for MessageRedelivered {
    const NAME: &'static str = "message.redelivered";
    const CLASS: Class = Class::Control;
    const ENCODING: Encoding = Encoding::Json;

    fn key(&self) -> &str {
        &self.agent
    }
}
