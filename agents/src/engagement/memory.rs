//! What is remembered of one owner: what is allowed, when a call was made, and each case that was spoken about.

use super::script::Visit;
use messages::consent::Channel;
use messages::contact::{ContactOwner, Purpose};
use messages::{CaseId, MessageId, Record, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What is remembered of one owner.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct State {
    pub(super) owner: Option<Owner>,
    /// Channels that the owner allows.
    pub(super) allowed: BTreeSet<Channel>,
    /// When calls were made that count, by the effect that made them.
    pub(super) called_at: BTreeMap<String, Timestamp>,
    pub(super) dialogues: BTreeMap<CaseId, Dialogue>,
    /// What was sent and has not ended for certain, by the key of its effect.
    pub(super) sends: BTreeMap<String, Sent>,
    /// The case that the owner was last asked about by name, after a reply that could have meant several.
    pub(super) asked_about: Option<CaseId>,
}

impl State {
    /// Visits that the owner was last told of for other assets than `own`.
    pub(super) fn visits_of_others(&self, own: &str) -> Vec<Visit<'_>> {
        let others = self.dialogues.values().filter(|dialogue| dialogue.contact.asset != own);
        others
            .filter_map(|dialogue| {
                let ContactOwner { asset, facts, .. } = &dialogue.contact;
                Some(Visit { asset, slot: facts.booked.as_ref()? })
            })
            .collect()
    }
}

impl Record for State {
    const SCHEMA: u16 = 121;
    const VERSION: u16 = 2;
}

/// What is known of the owner: no name, no number.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Owner {
    pub(super) zone: String,
    pub(super) language: String,
}

/// A case that is spoken about.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Dialogue {
    /// The newest contact.
    pub(super) contact: ContactOwner,
    pub(super) phase: Phase,
    /// Steps of this case that were asked for.
    pub(super) steps: BTreeSet<String>,
    /// Contacts that count.
    pub(super) contacts: u8,
    /// The newest contact has begun: it is counted, if it counts.
    pub(super) begun: bool,
    /// Channels on which the newest contact failed, and why the last did.
    pub(super) tried: BTreeSet<Channel>,
    pub(super) failure: Option<String>,
    /// Answers given to the newest contact's replies, and how often they were not understood.
    pub(super) answers: u8,
    pub(super) misunderstood: u8,
    /// The span in which the owner asked to be contacted.
    pub(super) promised: Option<(Timestamp, Timestamp)>,
    /// When the owner was last reached, or replied.
    pub(super) reached_at: Option<Timestamp>,
    /// When something last happened.
    pub(super) touched_at: Timestamp,
}

/// Where the newest contact of a case stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Phase {
    /// It may be made at this moment.
    Waiting(Timestamp),
    /// It is being made.
    Sending,
    /// The owner has been reached.
    Reached,
    /// It was not made, or nobody knows, and nothing more is done about it.
    Ended,
}

/// A text on its way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Sent {
    pub(super) case: CaseId,
    pub(super) asset: String,
    pub(super) step: String,
    pub(super) purpose: Purpose,
    pub(super) channel: Channel,
    pub(super) text: String,
    /// It answers a reply; nobody waits for it.
    pub(super) answer: bool,
    /// It may have arrived and may not: a person finds out.
    pub(super) uncertain: Option<MessageId>,
    pub(super) sent_at: Timestamp,
}

impl Dialogue {
    pub(super) fn new(contact: ContactOwner, now: Timestamp) -> Self {
        Self {
            contact,
            phase: Phase::Ended,
            steps: BTreeSet::new(),
            contacts: 0,
            begun: false,
            tried: BTreeSet::new(),
            failure: None,
            answers: 0,
            misunderstood: 0,
            promised: None,
            reached_at: None,
            touched_at: now,
        }
    }

    /// Takes up another contact about the same case.
    pub(super) fn renew(&mut self, contact: &ContactOwner, now: Timestamp) {
        self.contact.clone_from(contact);
        self.steps.insert(contact.step.clone());
        self.phase = Phase::Ended;
        (self.begun, self.failure) = (false, None);
        self.tried.clear();
        (self.answers, self.misunderstood) = (0, 0);
        self.touched_at = now;
    }

    /// Whether the contact `step` waits until it may be made, and nothing of it has begun.
    pub(super) fn holds_back(&self, step: &str) -> bool {
        matches!(self.phase, Phase::Waiting(_)) && !self.begun && self.contact.step == step
    }

    /// Whether it can be forgotten to make room for another.
    pub(super) fn rests(&self) -> bool {
        matches!(self.phase, Phase::Reached | Phase::Ended)
    }
}

/// The key of the effect that makes step `step` of `case` on `channel`.
pub(super) fn effect_key(case: CaseId, step: &str, channel: Channel) -> String {
    format!("{case}:{step}:{}", channel.name())
}
