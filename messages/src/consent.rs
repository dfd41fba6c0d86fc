//! Which ways an owner may be spoken to on, and that this has changed.

use crate::message::{Class, Encoding, Message};
use crate::record::Record;
use serde::{Deserialize, Serialize};

/// A way to reach an owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// A telephone call.
    Voice,
    /// A text message.
    Sms,
    /// An e-mail.
    Email,
    /// A message in the owner's app, recorded here until it is read.
    App,
}

impl Channel {
    /// All channels, the most personal first.
    pub const ALL: [Channel; 4] = [Channel::Voice, Channel::Sms, Channel::Email, Channel::App];

    /// Name for people, labels and commands.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Channel::Voice => "voice",
            Channel::Sms => "sms",
            Channel::Email => "email",
            Channel::App => "app",
        }
    }

    /// The channel with this [`Channel::name`].
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.name() == name)
    }
}

/// An owner allowed or forbade to be contacted. Without it nothing is allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentChanged {
    /// The owner.
    pub owner: String,
    /// Channels allowed from now on.
    pub granted: Vec<Channel>,
    /// Channels forbidden from now on.
    pub revoked: Vec<Channel>,
    /// Who says so, and how it was said.
    pub reason: String,
}

impl Record for ConsentChanged {
    const SCHEMA: u16 = 14;
}

impl Message for ConsentChanged {
    const NAME: &'static str = "consent.changed";
    const CLASS: Class = Class::Registry;
    const ENCODING: Encoding = Encoding::Json;

    fn key(&self) -> &str {
        &self.owner
    }
}
