//! Settings of engagement: on which channels, when, and how often an owner is contacted.

use super::moment::QuietHours;
use messages::consent::Channel;
use messages::prediction::Severity;
use messages::profile::Span;
use serde::{Deserialize, Serialize};

const HOUR_MILLIS: u64 = 3_600_000;

/// How often an owner is contacted unasked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// [`Config::calls_a_day_max`].
    pub calls_a_day_max: u8,
    /// [`Config::contacts_max`].
    pub contacts_max: u8,
}

impl Default for Caps {
    fn default() -> Self {
        Config::default().caps()
    }
}

/// Settings of engagement. Lengths of time are written like `90s`, `10m`, `24h` or `7d`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Channels in the order in which they are tried, as far as the owner allows them.
    pub channels: Vec<Channel>,
    /// From this severity up an owner is called first; below, a call is the last resort.
    pub call_from: Severity,
    /// Hour of the owner's day at which quiet hours begin, 0 to 23.
    pub quiet_from_hour: u8,
    /// Hour of the owner's day at which quiet hours end, 0 to 23.
    pub quiet_until_hour: u8,
    /// Most calls to an owner on one of the owner's days, callbacks that were asked for apart.
    pub calls_a_day_max: u8,
    /// Most contacts about a case that want something of its owner, callbacks that were asked for apart.
    pub contacts_max: u8,
    /// Most answers to an owner's questions about one contact.
    pub answers_max: u8,
    /// An owner who is not understood is asked so often, for one contact, what was meant.
    pub clarifications_max: u8,
    /// An answer is sent within this, or not at all.
    pub answer_within: Span,
    /// A case that nothing was said about for so long is forgotten.
    pub dialogue_kept: Span,
}

impl Default for Config {
    fn default() -> Self {
        let hours = |hours: u64| {
            Span::from_millis(hours * HOUR_MILLIS).expect("some hours are a length of time")
        };
        Self {
            channels: Channel::ALL.to_vec(),
            call_from: Severity::High,
            quiet_from_hour: 21,
            quiet_until_hour: 8,
            calls_a_day_max: 1,
            contacts_max: 3,
            answers_max: 5,
            clarifications_max: 2,
            answer_within: hours(1),
            dialogue_kept: hours(90 * 24),
        }
    }
}

impl Config {
    /// What is wrong with it, if anything is.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.channels.is_empty() {
            return Err("`channels` is empty; name at least one".to_owned());
        }
        for (name, hour) in
            [("quiet_from_hour", self.quiet_from_hour), ("quiet_until_hour", self.quiet_until_hour)]
        {
            if hour > 23 {
                return Err(format!("`{name}` is `{hour}`; give an hour from 0 to 23"));
            }
        }
        if self.contacts_max == 0 {
            return Err(
                "`contacts_max` is `0`, so nobody is ever contacted; give 1 or more".to_owned()
            );
        }
        Ok(())
    }

    /// How often an owner is contacted.
    #[must_use]
    pub fn caps(&self) -> Caps {
        Caps { calls_a_day_max: self.calls_a_day_max, contacts_max: self.contacts_max }
    }

    /// The quiet hours.
    #[must_use]
    pub fn quiet(&self) -> QuietHours {
        QuietHours {
            from_minute: i16::from(self.quiet_from_hour) * 60,
            to_minute: i16::from(self.quiet_until_hour) * 60,
        }
    }
}
