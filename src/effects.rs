//! Who performs what the agents intend: contacts, on the channels that there are.

mod contact;
mod frequency;
mod manners;
mod webhook;

pub use contact::Contacts;
pub use manners::Manners;
pub use webhook::{Endpoint, Honours, Webhook};

use agents::engagement::{Config, Engagement};
use messages::contact::ContactSend;
use messages::profile::Span;
use runtime::Agent;
use runtime::effects::Effects;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// What may be done to the world outside.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Whether what was simulated or replayed may reach people outside.
    pub allow_simulated_contact: bool,
    /// Where contacts are handed over.
    pub webhook: WebhookSettings,
}

/// Where contacts by voice, SMS and e-mail are handed over.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookSettings {
    /// The address; empty where there is none, and then only the app is left.
    pub url: Endpoint,
    /// Longest time that one call may take.
    pub timeout: Span,
    /// What the receiver can do about a reply that is lost.
    pub honours: Honours,
}

impl Default for WebhookSettings {
    fn default() -> Self {
        let timeout = Span::from_millis(10_000).expect("a default is within the range of spans");
        Self { url: Endpoint::default(), timeout, honours: Honours::default() }
    }
}

/// The performers that `settings` ask for; they keep the quiet hours that `configs` give the agent.
#[must_use]
pub fn effects(settings: &Settings, configs: &BTreeMap<String, Value>) -> Effects {
    let config = configs.get(Engagement::KIND).cloned().map(serde_json::from_value::<Config>);
    let config = config.map(|config| config.expect("the agent has checked its table"));
    let config = config.unwrap_or_default();
    let webhook = Webhook::from_settings(&settings.webhook);
    Effects::default()
        .with::<ContactSend>(Contacts::new(webhook, config.quiet(), config.caps()))
        .allow_simulated_contact(settings.allow_simulated_contact)
}

/// The performers where nobody outside is reached: replays and measurements.
#[must_use]
pub fn inside() -> Effects {
    effects(&Settings::default(), &BTreeMap::new())
}
