//! Who performs what the agents intend: contacts, on the channels that there are.

mod contact;
mod manners;
mod webhook;

pub use contact::Contacts;
pub use manners::Manners;
pub use webhook::{Endpoint, Honours, Webhook};

use messages::contact::ContactSend;
use messages::profile::Span;
use runtime::effects::Effects;
use serde::{Deserialize, Serialize};

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

/// The performers that `settings` ask for.
#[must_use]
pub fn effects(settings: &Settings) -> Effects {
    Effects::default()
        .with::<ContactSend>(Contacts::new(Webhook::from_settings(&settings.webhook)))
        .allow_simulated_contact(settings.allow_simulated_contact)
}

/// The performers where nobody outside is reached: replays and measurements.
#[must_use]
pub fn inside() -> Effects {
    effects(&Settings::default())
}
