//! Hands contacts to their channels: the app's are on the log already, the others go out by webhook.

use super::{Manners, Webhook};
use agents::engagement::Caps;
use agents::engagement::moment::QuietHours;
use messages::consent::Channel;
use messages::contact::ContactSend;
use messages::effect::{Effect, Policy};
use runtime::effects::{Answer, Attempt, Performer, Reach, Rules};

/// Every channel that there is.
pub struct Contacts {
    outside: Option<Webhook>,
    quiet: QuietHours,
    caps: Caps,
}

impl Contacts {
    /// The app's channel, and the others through `outside` if there is such a way; none in `quiet` hours, and none
    /// beyond `caps`.
    #[must_use]
    pub fn new(outside: Option<Webhook>, quiet: QuietHours, caps: Caps) -> Self {
        Self { outside, quiet, caps }
    }
}

impl Performer<ContactSend> for Contacts {
    fn rules(&self) -> Box<dyn Rules<ContactSend>> {
        Box::new(Manners::new(self.quiet, self.caps))
    }

    fn policy(&self, contact: &ContactSend) -> Policy {
        match (contact.channel, &self.outside) {
            (Channel::App, _) => Policy::Repeatable,
            (_, Some(webhook)) => webhook.policy(),
            (_, None) => ContactSend::POLICY,
        }
    }

    fn reach(&self, contact: &ContactSend) -> Reach {
        if contact.channel == Channel::App { Reach::Inside } else { Reach::Outside }
    }

    fn perform(&self, contact: &ContactSend) -> Attempt {
        match (contact.channel, &self.outside) {
            // The owner's app reads it from the log.
            (Channel::App, _) => Attempt::Accepted { reference: None, reply: None },
            (_, Some(webhook)) => webhook.post(contact),
            (channel, None) => {
                let reason = format!(
                    "nobody provides the channel `{}`; set `effects.webhook.url`",
                    channel.name()
                );
                Attempt::Refused { reason }
            }
        }
    }

    fn query(&self, contact: &ContactSend) -> Answer {
        match &self.outside {
            Some(webhook) => webhook.ask(contact.effect_key()),
            None => Answer::Unreached { reason: "there is no webhook any more".to_owned() },
        }
    }
}
