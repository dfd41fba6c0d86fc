//! Makes contacts: when they may be made, on one channel after another, and says what became of them.

use super::manners::{self, Leave};
use super::memory::{Dialogue, Phase, Sent, State, effect_key};
use super::script::{self, Matter, Occasion};
use super::{DIALOGUES_MAX, Engagement, Wake};
use messages::consent::Channel;
use messages::contact::{
    ContactFailed, ContactOwner, ContactSend, ContactSuppressed, CustomerContacted, Promised,
    SuppressedReason, WithdrawContact,
};
use messages::effect::{Conclusion, EffectConcluded};
use messages::{CaseId, Message, MessageId, Timestamp};
use runtime::{AgentError, AgentResult, Ctx};

/// One message being handled.
pub(super) struct Handling<'a, 'c> {
    pub(super) agent: &'a Engagement,
    pub(super) state: &'a mut State,
    pub(super) ctx: &'a mut Ctx<'c, Engagement>,
}

/// How a text is sent.
pub(super) struct Terms {
    /// The owner asked for it.
    pub(super) asked_for: bool,
    /// The time that the owner named for it.
    pub(super) promised: Option<Promised>,
    /// It answers a reply.
    pub(super) answer: bool,
    /// Until then it may be sent.
    pub(super) expires_at: Timestamp,
}

impl Handling<'_, '_> {
    pub(super) fn dialogue(&mut self, case: CaseId) -> &mut Dialogue {
        self.state.dialogues.get_mut(&case).expect("a case is looked up before it is spoken about")
    }

    /// Takes up a contact, in place of one about the same case that was not made yet. Of the same one, held back, the
    /// newest command says what is said.
    pub(super) fn asked_to_contact(&mut self, contact: &ContactOwner) -> AgentResult {
        let (now, case) = (self.ctx.now(), contact.case);
        let known = self.state.dialogues.get_mut(&case);
        if let Some(held_back) = known.filter(|known| known.holds_back(&contact.step)) {
            held_back.contact.clone_from(contact);
            self.begin(case);
            return Ok(());
        }
        let known = self.state.dialogues.get(&case);
        if known.is_some_and(|known| known.steps.contains(&contact.step)) {
            self.ctx.count("contacts_repeated", 1);
            return Ok(());
        }
        if known.is_some_and(|known| matches!(known.phase, Phase::Waiting(_))) {
            self.fail(case, "a newer contact about the case took its place", None);
        }
        if known_is_new(self.state, case) && !self.make_room() {
            let reason = format!(
                "owner `{}` has {DIALOGUES_MAX} contacts under way; wait for some to end",
                contact.owner
            );
            return Err(AgentError::Reject(reason));
        }
        let dialogue =
            self.state.dialogues.entry(case).or_insert_with(|| Dialogue::new(contact.clone(), now));
        dialogue.renew(contact, now);
        self.begin(case);
        Ok(())
    }

    /// Forgets the dialogue that was longest at rest when there are too many; whether there is room now.
    fn make_room(&mut self) -> bool {
        if self.state.dialogues.len() < DIALOGUES_MAX {
            return true;
        }
        let resting = self.state.dialogues.iter().filter(|(_, dialogue)| dialogue.rests());
        let oldest = resting.min_by_key(|(case, dialogue)| (dialogue.touched_at, **case));
        let Some(case) = oldest.map(|(case, _)| *case) else { return false };
        self.state.dialogues.remove(&case);
        self.ctx.count("dialogues_forgotten_for_room", 1);
        true
    }

    /// Makes the newest contact about `case` as soon as that is allowed.
    fn begin(&mut self, case: CaseId) {
        let now = self.ctx.now();
        let dialogue = &self.state.dialogues[&case];
        if now >= dialogue.contact.expires_at {
            return self.fail(case, "its time had passed before it could be made", None);
        }
        match manners::leave(&self.agent.config, self.state, dialogue, now) {
            Leave::Now(channels) => match channels.first() {
                Some(channel) => self.send(case, *channel),
                None => {
                    let failure = dialogue.failure.clone().unwrap_or_default();
                    self.fail(case, &failure, None);
                }
            },
            Leave::NotBefore(until, reason) if until >= dialogue.contact.expires_at => {
                let detail = match reason {
                    SuppressedReason::QuietHours => {
                        "the quiet hours last until its time has passed"
                    }
                    _ => "no further call may be made today, and tomorrow its time has passed",
                };
                self.suppress(case, reason, detail.to_owned(), Some(until));
            }
            Leave::NotBefore(until, _) => self.dialogue(case).phase = Phase::Waiting(until),
            Leave::Never(reason, detail) => self.suppress(case, reason, detail, None),
        }
    }

    fn send(&mut self, case: CaseId, channel: Channel) {
        let dialogue = self.dialogue(case);
        if !dialogue.begun && manners::counts(&dialogue.contact) {
            dialogue.contacts = dialogue.contacts.saturating_add(1);
        }
        dialogue.begun = true;
        dialogue.phase = Phase::Sending;
        let contact = dialogue.contact.clone();
        let promised = dialogue.promised.filter(|_| contact.asked_for);
        let promised = promised.map(|(from, to)| Promised { from, to });
        let text = self.worded(Occasion::Contact(contact.purpose), &contact);
        let key = effect_key(case, &contact.step, channel);
        if channel == Channel::Voice && !contact.asked_for {
            self.state.called_at.insert(key.clone(), self.ctx.now());
        }
        let ContactOwner { asked_for, expires_at, .. } = contact;
        let terms = Terms { asked_for, promised, answer: false, expires_at };
        self.perform(&contact, &contact.step, channel, text, terms);
    }

    /// What is said to the owner of `contact` on `occasion`.
    pub(super) fn worded(&self, occasion: Occasion, contact: &ContactOwner) -> String {
        let zone = manners::zone(self.state).unwrap_or(jiff::tz::TimeZone::UTC);
        let language = self.state.owner.as_ref().map_or("", |owner| &owner.language);
        let ContactOwner { asset, facts, slots, .. } = contact;
        let visits = self.state.visits_of_others(asset);
        let matter = Matter { asset, facts, slots, zone: &zone, visits: &visits };
        script::write(occasion, &matter, language).text()
    }

    /// Sends `text` on these terms.
    pub(super) fn perform(
        &mut self,
        contact: &ContactOwner,
        step: &str,
        channel: Channel,
        text: String,
        terms: Terms,
    ) {
        let Terms { asked_for, promised, answer, expires_at } = terms;
        let ContactOwner { case, asset, owner, purpose, severity, .. } = contact;
        let key = effect_key(*case, step, channel);
        self.ctx.perform(&ContactSend {
            effect_key: key.clone(),
            case: *case,
            asset: asset.clone(),
            owner: owner.clone(),
            channel,
            purpose: *purpose,
            text: text.clone(),
            severity: *severity,
            asked_for,
            promised,
            expires_at,
        });
        let sent = Sent {
            case: *case,
            asset: asset.clone(),
            step: step.to_owned(),
            purpose: *purpose,
            channel,
            text,
            answer,
            uncertain: None,
            sent_at: self.ctx.now(),
        };
        self.state.sends.insert(key, sent);
    }

    /// An effect ended.
    pub(super) fn concluded(&mut self, concluded: &EffectConcluded) {
        if concluded.effect != ContactSend::NAME {
            return;
        }
        let Some(sent) = self.state.sends.remove(&concluded.effect_key) else {
            return self.ctx.count("outcomes_of_unknown_contacts", 1);
        };
        let current = self.state.dialogues.get(&sent.case);
        let current = current
            .is_some_and(|known| known.contact.step == sent.step && known.phase == Phase::Sending);
        match &concluded.conclusion {
            Conclusion::Accepted { .. } => self.arrived(sent, concluded.intent),
            Conclusion::Uncertain { .. } if sent.uncertain.is_some() => {}
            Conclusion::Uncertain { reason } => {
                self.report_failure(&sent, reason, Some(concluded.intent));
                self.end(&sent);
                // A person may find out that it arrived.
                let doubted = Sent { uncertain: Some(concluded.intent), ..sent };
                self.state.sends.insert(concluded.effect_key.clone(), doubted);
            }
            Conclusion::Expired => {
                self.state.called_at.remove(&concluded.effect_key);
                self.report_failure(&sent, "its time had passed before it could be made", None);
                self.end(&sent);
            }
            Conclusion::Refused { reason } | Conclusion::Unreachable { reason } => {
                self.state.called_at.remove(&concluded.effect_key);
                if sent.uncertain.is_some() {
                    // That it did not happen is known to whoever found out.
                } else if sent.answer || !current {
                    self.report_failure(&sent, reason, None);
                } else {
                    let now = self.ctx.now();
                    let dialogue = self.dialogue(sent.case);
                    dialogue.tried.insert(sent.channel);
                    dialogue.failure = Some(reason.clone());
                    dialogue.touched_at = now;
                    self.begin(sent.case);
                }
            }
        }
    }

    fn arrived(&mut self, sent: Sent, intent: MessageId) {
        let now = self.ctx.now();
        if let Some(dialogue) = self.state.dialogues.get_mut(&sent.case) {
            (dialogue.reached_at, dialogue.touched_at) = (Some(now), now);
            if dialogue.contact.step == sent.step {
                dialogue.phase = Phase::Reached;
            }
        }
        self.ctx.publish(&CustomerContacted {
            case: sent.case,
            asset: sent.asset,
            owner: self.ctx.key().to_owned(),
            step: sent.step,
            channel: sent.channel,
            purpose: sent.purpose,
            text: sent.text,
            intent,
        });
    }

    /// Says that `sent` did not arrive, or may not have; of an answer nobody waits for that.
    fn report_failure(&mut self, sent: &Sent, reason: &str, uncertain: Option<MessageId>) {
        if sent.answer {
            return self.ctx.count("answers_not_delivered", 1);
        }
        self.ctx.publish(&ContactFailed {
            case: sent.case,
            asset: sent.asset.clone(),
            owner: self.ctx.key().to_owned(),
            step: sent.step.clone(),
            reason: reason.to_owned(),
            uncertain,
        });
    }

    fn end(&mut self, sent: &Sent) {
        if let Some(dialogue) = self.state.dialogues.get_mut(&sent.case)
            && dialogue.contact.step == sent.step
        {
            dialogue.phase = Phase::Ended;
        }
    }

    /// The newest contact about `case` was not made.
    fn fail(&mut self, case: CaseId, reason: &str, uncertain: Option<MessageId>) {
        let dialogue = self.dialogue(case);
        dialogue.phase = Phase::Ended;
        let ContactOwner { asset, owner, step, .. } = dialogue.contact.clone();
        let reason = reason.to_owned();
        self.ctx.publish(&ContactFailed { case, asset, owner, step, reason, uncertain });
    }

    /// What waits until it may be made is not made any more; what is being made is tried on no other channel.
    pub(super) fn withdrawn(&mut self, withdrawn: &WithdrawContact) {
        let case = withdrawn.case;
        match self.state.dialogues.get(&case).map(|known| known.phase) {
            Some(Phase::Waiting(_)) => {
                let detail = format!("it was withdrawn: {}", withdrawn.reason);
                self.suppress(case, SuppressedReason::CaseEnded, detail, None);
            }
            Some(Phase::Sending) => self.dialogue(case).phase = Phase::Ended,
            Some(Phase::Reached | Phase::Ended) | None => {}
        }
    }

    /// The newest contact about `case` must not be made, or not before `until`.
    fn suppress(
        &mut self,
        case: CaseId,
        reason: SuppressedReason,
        detail: String,
        until: Option<Timestamp>,
    ) {
        let dialogue = self.dialogue(case);
        dialogue.phase = Phase::Ended;
        let ContactOwner { asset, owner, step, .. } = dialogue.contact.clone();
        self.ctx.publish(&ContactSuppressed { case, asset, owner, step, reason, detail, until });
    }

    /// Makes what was waiting for now, and forgets what was at rest for long.
    pub(super) fn woken(&mut self) {
        let now = self.ctx.now();
        let kept = self.agent.config.dialogue_kept.duration();
        let over = |since: Timestamp| since.saturating_add(kept) <= now;
        self.state.dialogues.retain(|_, dialogue| !(dialogue.rests() && over(dialogue.touched_at)));
        self.state.sends.retain(|_, sent| !(sent.uncertain.is_some() && over(sent.sent_at)));
        // Two days of the owner's are always less than this; older calls count on no day any more.
        self.state.called_at.retain(|_, at| now.since(*at) < CALLS_KEPT);
        let due: Vec<CaseId> = self
            .state
            .dialogues
            .iter()
            .filter(|(_, dialogue)| matches!(dialogue.phase, Phase::Waiting(until) if until <= now))
            .map(|(case, _)| *case)
            .collect();
        due.into_iter().for_each(|case| self.begin(case));
    }

    /// Wakes this owner when the next thing is due.
    pub(super) fn arm(&mut self) {
        let kept = self.agent.config.dialogue_kept.duration();
        let dialogues = self.state.dialogues.values().filter_map(|dialogue| match dialogue.phase {
            Phase::Waiting(until) => Some(until),
            Phase::Sending => None,
            Phase::Reached | Phase::Ended => Some(dialogue.touched_at.saturating_add(kept)),
        });
        let doubted = self.state.sends.values().filter(|sent| sent.uncertain.is_some());
        let doubted = doubted.map(|sent| sent.sent_at.saturating_add(kept));
        let calls = self.state.called_at.values().map(|at| at.saturating_add(CALLS_KEPT));
        match dialogues.chain(doubted).chain(calls).min() {
            Some(due_at) => self.ctx.at(due_at, Wake),
            None => self.ctx.cancel::<Wake>(),
        }
    }
}

/// How long a call is remembered: longer than any day of any calendar.
const CALLS_KEPT: std::time::Duration = std::time::Duration::from_secs(48 * 3600);

fn known_is_new(state: &State, case: CaseId) -> bool {
    !state.dialogues.contains_key(&case)
}
