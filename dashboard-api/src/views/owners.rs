//! Owners as the LOG tells them: zone, language, which ways they may be spoken to on, and what was said to them.

use super::open;
use messages::consent::{Channel, ConsentChanged};
use messages::contact::CustomerContacted;
use messages::registry::OwnerRegistered;
use messages::{Message, Provenance, Sequence, Timestamp};
use runtime::store::Delivery;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Owners that can be registered here.
pub(crate) const OWNERS_MAX: usize = 1_000_000;
/// Messages to one owner that are shown; older ones stay on the log and are counted.
pub(crate) const OWNER_MESSAGES_MAX: usize = 1_000;

/// An owner at the log's head. What is personal stays sealed on the log.
#[derive(Debug, PartialEq)]
pub(crate) struct Owner {
    pub(crate) zone: String,
    pub(crate) language: String,
    pub(crate) registered_at: Timestamp,
    pub(crate) sequence: Sequence,
    pub(crate) provenance: Provenance,
    pub(crate) consent: BTreeSet<Channel>,
    /// Where what was said to them lies, and on which channel.
    pub(crate) messages: VecDeque<(Sequence, Channel)>,
    /// Messages that are no longer shown because there are too many.
    pub(crate) omitted: u64,
}

/// All owners.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Owners {
    pub(crate) by_id: BTreeMap<String, Owner>,
}

impl Owners {
    /// Takes in a record of the LOG; says whether it is about this.
    pub(crate) fn hear(&mut self, delivery: &Delivery) -> bool {
        match delivery.envelope.name.as_str() {
            OwnerRegistered::NAME => self.register(delivery),
            ConsentChanged::NAME => self.change_consent(open(delivery)),
            CustomerContacted::NAME => {
                if let Some(contacted) = open::<CustomerContacted>(delivery) {
                    self.keep_message(&contacted.owner, delivery.sequence, contacted.channel);
                }
            }
            _ => return false,
        }
        true
    }

    fn register(&mut self, delivery: &Delivery) {
        let Some(registered) = open::<OwnerRegistered>(delivery) else { return };
        let anew = Owner {
            zone: registered.zone,
            language: registered.language,
            registered_at: delivery.envelope.time,
            sequence: delivery.sequence,
            provenance: delivery.envelope.provenance,
            consent: BTreeSet::new(),
            messages: VecDeque::new(),
            omitted: 0,
        };
        let owner = match self.by_id.remove(&registered.owner) {
            None => anew,
            Some(Owner { consent, messages, omitted, .. }) => {
                Owner { consent, messages, omitted, ..anew }
            }
        };
        self.by_id.insert(registered.owner, owner);
    }

    fn change_consent(&mut self, changed: Option<ConsentChanged>) {
        let Some(changed) = changed else { return };
        let Some(owner) = self.by_id.get_mut(&changed.owner) else { return };
        owner.consent.extend(changed.granted);
        owner.consent.retain(|channel| !changed.revoked.contains(channel));
    }

    fn keep_message(&mut self, owner: &str, sequence: Sequence, channel: Channel) {
        let Some(owner) = self.by_id.get_mut(owner) else { return };
        owner.messages.push_back((sequence, channel));
        if owner.messages.len() > OWNER_MESSAGES_MAX {
            owner.messages.pop_front();
            owner.omitted += 1;
        }
    }
}
