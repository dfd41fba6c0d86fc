//! Takes in what owners say: which case it is about, what it means, what it changes and what is answered.

use super::contacting::{Handling, Terms};
use super::manners;
use super::memory::Phase;
use super::script::Occasion;
use super::understanding::{Context, Offer, Understood};
use jiff::tz::TimeZone;
use messages::consent::{Channel, ConsentChanged};
use messages::contact::{
    ContactOwner, CustomerReplied, CustomerResponded, Intent, Promised, Purpose, TimeWindow,
};
use messages::{CaseId, Finite};

/// Which case a reply is about.
enum About {
    Case(CaseId),
    /// One of several; this is the one that was spoken about last.
    OneOf(CaseId),
    Nothing,
}

impl Handling<'_, '_> {
    /// The owner said something.
    pub(super) fn replied(&mut self, replied: &CustomerReplied) {
        let about = self.about(replied);
        let (About::Case(case) | About::OneOf(case)) = about else {
            return self.out_of_the_blue(replied);
        };
        let contact = self.dialogue(case).contact.clone();
        let mut understood = self.understand(&replied.text, &contact);
        let ambiguous = matches!(about, About::OneOf(_)) && needs_a_case(understood.intent);
        if ambiguous {
            // Asked about by name, the owner's next reply is about this case.
            understood.intent = Intent::Unclear;
            understood.slot = None;
        }
        self.state.asked_about = ambiguous.then_some(case);
        self.say(replied, &contact, &understood);
        self.follow(replied, &contact, &understood);
    }

    /// Which case a reply is about: the one the channel names, else the one that the owner was last reached about.
    fn about(&self, replied: &CustomerReplied) -> About {
        if let Some(case) = replied.case {
            let known = self.state.dialogues.contains_key(&case);
            return if known { About::Case(case) } else { About::Nothing };
        }
        let asked = self.state.asked_about.filter(|case| self.state.dialogues.contains_key(case));
        if let Some(case) = asked {
            return About::Case(case);
        }
        let open = self.state.dialogues.iter().filter(|(_, dialogue)| {
            dialogue.phase == Phase::Reached && wants_an_answer(dialogue.contact.purpose)
        });
        let mut open: Vec<_> = open.map(|(case, dialogue)| (dialogue.reached_at, *case)).collect();
        open.sort_unstable();
        match open.as_slice() {
            [] => self.only_case(),
            [(_, case)] => About::Case(*case),
            [.., (_, case)] => About::OneOf(*case),
        }
    }

    /// The one case there is, if nothing is open.
    fn only_case(&self) -> About {
        let mut cases = self.state.dialogues.keys();
        match (cases.next(), cases.next()) {
            (Some(case), None) => About::Case(*case),
            _ => About::Nothing,
        }
    }

    fn understand(&self, text: &str, contact: &ContactOwner) -> Understood {
        let zone = manners::zone(self.state).unwrap_or(TimeZone::UTC);
        let offers: Vec<Offer> =
            contact.slots.iter().map(|slot| Offer { from: slot.from, to: slot.to }).collect();
        let context = Context {
            offers: &offers,
            zone: &zone,
            now: self.ctx.now(),
            quiet: self.agent.config.quiet(),
        };
        self.agent.reader.understand(text, &context)
    }

    fn say(&mut self, replied: &CustomerReplied, contact: &ContactOwner, understood: &Understood) {
        let when = understood.time.as_ref().map(|when| {
            let mut span = (when.from, when.to);
            if understood.intent == Intent::Defer
                && let Some(zone) = manners::zone(self.state)
            {
                span = manners::welcome(self.agent.config.quiet(), &zone, span);
            }
            TimeWindow { from: span.0, to: span.1, words: when.words.clone() }
        });
        let now = self.ctx.now();
        let dialogue = self.dialogue(contact.case);
        (dialogue.reached_at, dialogue.touched_at) = (Some(now), now);
        if understood.intent == Intent::Defer {
            dialogue.promised = when.as_ref().map(|when| (when.from, when.to));
        }
        let slot = understood.slot.and_then(|slot| contact.slots.get(slot));
        self.ctx.publish(&CustomerResponded {
            case: contact.case,
            asset: contact.asset.clone(),
            owner: contact.owner.clone(),
            intent: understood.intent,
            offer: slot.map(|slot| slot.offer),
            when,
            sentiment: Finite::new(understood.sentiment).unwrap_or(Finite::ZERO),
            text: replied.text.clone(),
            evidence: understood.evidence.clone(),
        });
    }

    /// Does what a reply asks of this agent itself.
    fn follow(
        &mut self,
        replied: &CustomerReplied,
        contact: &ContactOwner,
        understood: &Understood,
    ) {
        let case = contact.case;
        let occasion = match understood.intent {
            Intent::AskCost => Occasion::Cost,
            Intent::AskSafety => Occasion::Safety,
            Intent::AskReason => Occasion::Reason,
            Intent::Unclear => Occasion::Clarification,
            intent => {
                if intent == Intent::OptOut {
                    self.opt_out(replied);
                }
                let dialogue = self.dialogue(case);
                // The owner has answered: what was to be said first is no longer to be said.
                if matches!(dialogue.phase, Phase::Waiting(_)) {
                    dialogue.phase = Phase::Reached;
                }
                return;
            }
        };
        let config = &self.agent.config;
        let (answers_max, clarifications_max) = (config.answers_max, config.clarifications_max);
        let dialogue = self.dialogue(case);
        if occasion == Occasion::Clarification {
            dialogue.misunderstood = dialogue.misunderstood.saturating_add(1);
        }
        let enough = dialogue.answers >= answers_max || dialogue.misunderstood > clarifications_max;
        if enough || !wants_an_answer(contact.purpose) {
            return self.ctx.count("replies_left_unanswered", 1);
        }
        self.answer(replied.channel, contact, occasion);
    }

    /// Answers where the owner spoke, if that is allowed, else where it is.
    fn answer(&mut self, channel: Channel, contact: &ContactOwner, occasion: Occasion) {
        let allowed = &self.state.allowed;
        let mut others = self.agent.config.channels.iter().filter(|other| allowed.contains(other));
        let channel =
            if allowed.contains(&channel) { Some(channel) } else { others.next().copied() };
        let Some(channel) = channel else {
            return self.ctx.count("replies_left_unanswered", 1);
        };
        let dialogue = self.dialogue(contact.case);
        dialogue.answers = dialogue.answers.saturating_add(1);
        let step = format!("{}-answer-{}", contact.step, dialogue.answers);
        let text = self.worded(occasion, contact);
        let now = self.ctx.now();
        let expires_at = now.saturating_add(self.agent.config.answer_within.duration());
        // Whoever asks wants to be answered, also at night.
        let promised = Some(Promised { from: now, to: expires_at });
        let terms = Terms { asked_for: true, promised, answer: true, expires_at };
        self.perform(contact, &step, channel, text, terms);
    }

    /// A reply about no case that is known: only the wish to be left alone can be followed.
    fn out_of_the_blue(&mut self, replied: &CustomerReplied) {
        let zone = manners::zone(self.state).unwrap_or(TimeZone::UTC);
        let context = Context {
            offers: &[],
            zone: &zone,
            now: self.ctx.now(),
            quiet: self.agent.config.quiet(),
        };
        let understood = self.agent.reader.understand(&replied.text, &context);
        if understood.intent == Intent::OptOut {
            self.opt_out(replied);
        }
        self.ctx.count("replies_about_no_case", 1);
    }

    fn opt_out(&mut self, replied: &CustomerReplied) {
        self.state.allowed.clear();
        self.ctx.publish(&ConsentChanged {
            owner: replied.owner.clone(),
            granted: Vec::new(),
            revoked: Channel::ALL.to_vec(),
            reason: format!("the owner said so by {}: “{}”", replied.channel.name(), replied.text),
        });
    }
}

/// Whether it matters which case a reply is about.
fn needs_a_case(intent: Intent) -> bool {
    !matches!(intent, Intent::OptOut | Intent::Human | Intent::WrongPerson | Intent::Unclear)
}

/// Whether a contact is made to hear something.
fn wants_an_answer(purpose: Purpose) -> bool {
    !matches!(purpose, Purpose::BookingConfirmed | Purpose::PostServiceFeedback)
}
