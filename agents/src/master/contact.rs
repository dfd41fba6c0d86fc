//! Looking for slots and speaking to the owner: what is asked and what became of it.

use super::handling::Handling;
use super::memory::{Agreed, Appointment, Approach, Resume, Tally};
use super::path::Wait;
use super::words;
use messages::Timestamp;
use messages::booking::{OfferSlots, SlotsOffered};
use messages::case::CaseState;
use messages::contact::{
    ContactFailed, ContactOwner, ContactSuppressed, CustomerContacted, Facts, OfferedSlot, Purpose,
    SuppressedReason, TimeWindow,
};

impl Handling<'_, '_> {
    /// Asks the workshops for slots.
    pub(super) fn search(&mut self, to: CaseState, reason: impl Into<String>) {
        let (now, config) = (self.now(), self.config());
        let job_minutes = config.job_minutes_by_component.get(&self.case.component);
        let until = now.saturating_add(self.patience_for_offers());
        let preferred = match &self.case.agreed {
            Some(Agreed::Within(window)) => Some(window.clone()),
            Some(Agreed::Exactly(slot)) => {
                Some(TimeWindow { from: slot.from, to: slot.to, words: words::slot(slot) })
            }
            Some(Agreed::Any) | None => None,
        };
        let offer_slots = OfferSlots {
            network: config.network.clone(),
            case: self.case.id,
            asset: self.asset(),
            owner: self.owner.map(str::to_owned),
            home: self.home,
            component: self.case.component.clone(),
            duration_minutes: *job_minutes.unwrap_or(&config.job_minutes),
            severity: self.severity(),
            earliest_at: self.earliest(preferred.as_ref()),
            due_at: self.case.due_at,
            preferred,
            expires_at: until,
        };
        self.case.tally.searches = self.case.tally.searches.saturating_add(1);
        self.case.asked = None;
        self.ctx.publish(&offer_slots);
        self.advance(to, Wait::Offers, until, reason);
    }

    /// Asks for slots once more, or a person when that was done often enough.
    pub(super) fn search_again(&mut self, to: CaseState, reason: &str) {
        if self.case.tally.searches < self.config().searches_max {
            self.search(to, format!("{reason} Slots are looked for again."));
            return;
        }
        let tries = self.case.tally.searches;
        let resume = if self.case.agreed.is_some() { Resume::Book } else { Resume::Contact };
        let reason = format!("{reason} Slots were looked for {tries} times in a row.");
        self.escalate_without_slot(resume, reason, "see to the workshops' bookings");
    }

    /// Slots came, or none.
    pub(super) fn offered(&mut self, offered: &SlotsOffered) {
        if !self.case.waits_for(Wait::Offers) && !self.waits_for_room(offered) {
            return self.pass_over();
        }
        self.case.offers = offered
            .offers
            .iter()
            .map(|known| super::memory::Offered { offer: known.offer, slot: known.slot.clone() })
            .collect();
        if self.case.offers.is_empty() {
            return self.no_slots(offered);
        }
        if let Some(fitting) = self.case.fitting(self.now()) {
            return self.take(&fitting);
        }
        if let Some(agreed) = self.case.agreed.take() {
            let named = match agreed {
                Agreed::Within(window) => window.words,
                Agreed::Exactly(slot) => words::slot(&slot),
                Agreed::Any => "any time".to_owned(),
            };
            self.case.approach = Approach::for_(Purpose::Callback);
            return self.speak(format!(
                "No slot is free as the owner wants it (“{named}”); the owner is offered others."
            ));
        }
        let why = match self.case.approach.purpose {
            Purpose::PredictedFailure | Purpose::UrgentAlert => {
                format!("Slots were found; the owner is told that {}.", self.foreseen_words())
            }
            Purpose::Reminder => "Slots were found; the owner is reminded.".to_owned(),
            Purpose::BookingRecovery => {
                "Slots were found; the owner is made one more offer.".to_owned()
            }
            Purpose::BookingCancelled => {
                "Other slots were found; the owner is told that the booking fell through."
                    .to_owned()
            }
            _ => "Slots were found; the owner is contacted as asked for.".to_owned(),
        };
        self.speak(match &offered.cause {
            Some(cause) => format!("There is room now: {cause}. {why}"),
            None => why,
        });
    }

    /// Whether a person was asked for want of a slot, and now there is one.
    fn waits_for_room(&self, offered: &SlotsOffered) -> bool {
        let asked = self.case.question.as_ref().is_some_and(|asked| asked.for_slots);
        self.case.state == CaseState::Escalated && asked && !offered.offers.is_empty()
    }

    fn no_slots(&mut self, offered: &SlotsOffered) {
        let (resume, agreed) = match &self.case.agreed {
            Some(_) => (Resume::Book, " to which the owner agreed"),
            None => (Resume::Contact, ""),
        };
        if self.case.has_booking() {
            return self.no_other_slot();
        }
        let relax = words::relaxations(&offered.relax);
        let (reason, how) = if relax.is_empty() {
            let reason = format!("No workshop has a slot{agreed}, whatever were given up.");
            (reason, "find a workshop".to_owned())
        } else {
            let reason = format!("No workshop has a slot{agreed}. There would be one {relax}.");
            (reason, "give up one of these constraints".to_owned())
        };
        self.escalate_without_slot(resume, reason, &how);
    }

    /// The booking stands; the owner who cannot wait is told how far they may drive, the other by a person.
    fn no_other_slot(&mut self) {
        if self.case.approach.purpose == Purpose::UrgentAlert {
            self.stand("There is no earlier slot; the booking stands and the owner is warned.");
            return self.tell(Purpose::UrgentAlert);
        }
        let reason = "There is no slot at another time, as the owner wants it.";
        self.escalate(Resume::Stand, reason, "speak to the owner");
    }

    /// Speaks to the owner and waits until that has happened.
    pub(super) fn speak(&mut self, reason: impl Into<String>) {
        let expires_at = self.offers_pointless_after();
        let (approach, slots) = (self.case.approach, self.slots());
        let Some(contact) = self.contact(approach, slots, expires_at) else { return };
        self.case.step = Some(contact.step.clone());
        self.ctx.publish(&contact);
        let until = expires_at.saturating_add(self.config().contact_grace.duration());
        self.advance(CaseState::Contacting, Wait::Reach, until, reason);
    }

    /// When there is no point any more in telling the owner of the slots.
    fn offers_pointless_after(&self) -> Timestamp {
        self.pointless_after(self.case.offers.iter().map(|known| known.slot.from).min())
    }

    /// The slots as the owner hears of them.
    fn slots(&self) -> Vec<OfferedSlot> {
        let offers = self.case.offers.iter();
        offers.map(|known| words::as_offered(known.offer, &known.slot)).collect()
    }

    /// A contact that is under way, and perhaps held back until the morning, says what is foreseen by now.
    pub(super) fn renew_contact(&mut self) {
        let Some((Wait::Reach, until)) = self.case.wait else { return };
        let expires_at = self.offers_pointless_after();
        let (Some(step), Some(owner), Ok(facts)) =
            (self.case.step.clone(), self.owner.map(str::to_owned), self.facts())
        else {
            return;
        };
        if expires_at <= self.now() {
            return;
        }
        let (approach, slots) = (self.case.approach, self.slots());
        let contact = self.worded((owner, step), approach, facts, slots, expires_at);
        self.ctx.publish(&contact);
        // Whether it was held back is not known here: what is known later of the two is waited for.
        let known_at = expires_at.saturating_add(self.config().contact_grace.duration());
        self.case.wait = Some((Wait::Reach, until.max(known_at)));
    }

    /// Tells the owner something that needs no answer.
    pub(super) fn tell(&mut self, purpose: Purpose) {
        if self.owner.is_none() || self.facts().is_err() {
            return self.ctx.count("notices_not_said", 1);
        }
        let latest = self.worth_until();
        let booked_at = self.case.booking.as_ref().map(|booking| booking.slot.from);
        let expires_at = booked_at.map_or(latest, |at| at.min(latest));
        let approach = Approach { purpose, asked_for: false };
        let Some(contact) = self.contact(approach, Vec::new(), expires_at) else { return };
        self.case.notice = Some(contact.step.clone());
        self.ctx.publish(&contact);
    }

    /// Slots that begin sooner are not asked for: the owner could not take them, unless they name the time themselves.
    fn earliest(&self, preferred: Option<&TimeWindow>) -> Timestamp {
        let now = self.now();
        let noticed = now.saturating_add(self.config().notice.of(self.severity()));
        preferred.map_or(noticed, |window| window.from.clamp(now, noticed))
    }

    /// After this there is no point in telling of slots the first of which begins at `first_at`: it would come too soon.
    fn pointless_after(&self, first_at: Option<Timestamp>) -> Timestamp {
        let latest = self.worth_until();
        let Some(first_at) = first_at else { return latest };
        let notice = self.config().notice.of(self.severity());
        // An owner who named an early time gets less notice; half of what there is may pass all the same.
        let notice = notice.min(first_at.since(self.now()));
        latest.min(first_at.saturating_sub(notice / 2))
    }

    /// Until when there is a point in a contact about the case as such.
    fn worth_until(&self) -> Timestamp {
        let least = self.now().saturating_add(self.config().contact_within.of(self.severity()));
        self.case.due_at.max(least)
    }

    /// A contact with the next step's name; a person is asked when it cannot be said.
    fn contact(
        &mut self,
        approach: Approach,
        slots: Vec<OfferedSlot>,
        expires_at: Timestamp,
    ) -> Option<ContactOwner> {
        let Some(owner) = self.owner.map(str::to_owned) else {
            self.no_owner();
            return None;
        };
        let facts = match self.facts() {
            Ok(facts) => facts,
            Err(missing) => {
                let reason = format!("The owner cannot be told: {missing}.");
                self.escalate(Resume::Contact, reason, "complete the profile");
                return None;
            }
        };
        self.case.tally.contacts = self.case.tally.contacts.saturating_add(1);
        let urgent = matches!(approach.purpose, Purpose::UrgentAlert | Purpose::UrgentWarning);
        self.case.alerted |= urgent;
        let step = format!("{}-{}", name(approach.purpose), self.case.tally.contacts);
        Some(self.worded((owner, step), approach, facts, slots, expires_at))
    }

    fn worded(
        &self,
        (owner, step): (String, String),
        approach: Approach,
        facts: Facts,
        slots: Vec<OfferedSlot>,
        expires_at: Timestamp,
    ) -> ContactOwner {
        ContactOwner {
            case: self.case.id,
            asset: self.asset(),
            owner,
            step,
            purpose: approach.purpose,
            severity: self.severity(),
            facts,
            slots,
            asked_for: approach.asked_for,
            expires_at,
        }
    }

    /// There is nobody to speak to.
    pub(super) fn no_owner(&mut self) {
        let reason =
            format!("No owner is registered who could be told that {}.", self.foreseen_words());
        self.escalate(Resume::Contact, reason, "register the owner");
    }

    /// An owner is registered now; a case that lacked one goes on.
    pub(super) fn owner_known(&mut self) {
        match self.case.state {
            CaseState::Escalated if self.case.tally.contacts == 0 => {
                self.case.tally.searches = 0;
                let reason = "An owner is registered now; slots are looked for.";
                self.search(CaseState::Contacting, reason);
            }
            CaseState::Booked => self.tell_new_owner(),
            _ => {}
        }
    }

    /// The asset is no longer `former`'s. Its owner, if it has one, has heard nothing and agreed to nothing yet.
    pub(super) fn owner_changed(&mut self, former: &str) {
        use CaseState::{AwaitingCustomer, Booked, Contacting, Declined, Deferred, Scheduling};
        self.withdraw(former, "the asset is no longer theirs");
        let contacts = self.case.tally.contacts;
        self.case.tally = Tally { contacts, ..Tally::default() };
        self.case.approach = Approach::first(self.severity());
        (self.case.appointment, self.case.agreed, self.case.alerted) = (None, None, false);
        match self.case.state {
            Contacting | AwaitingCustomer | Deferred | Declined | Scheduling => {
                self.release("the asset is no longer its owner's");
                if self.owner.is_none() {
                    return self.no_owner();
                }
                self.search(Contacting, "The asset has another owner now; slots are looked for.");
            }
            Booked if self.owner.is_some() => self.tell_new_owner(),
            _ => {}
        }
    }

    fn tell_new_owner(&mut self) {
        self.remark("The asset has another owner now, who is told of the booking.");
        self.tell(Purpose::BookingConfirmed);
    }

    /// The owner was reached.
    pub(super) fn contacted(&mut self, contacted: &CustomerContacted) {
        if !self.case.waits_for(Wait::Reach) || self.case.step.as_ref() != Some(&contacted.step) {
            return self.pass_over();
        }
        self.case.tally.unreached = 0;
        let reason = format!(
            "The owner was reached {}; the answer is waited for.",
            words::channel(contacted.channel)
        );
        self.await_answer(reason);
    }

    /// The owner has been spoken to and is to answer.
    pub(super) fn await_answer(&mut self, reason: impl Into<String>) {
        self.case.tally.searches = 0;
        let until = self.now().saturating_add(self.config().answer_within.of(self.severity()));
        self.advance(CaseState::AwaitingCustomer, Wait::Answer, until, reason);
    }

    /// The owner was not contacted because that is not allowed.
    pub(super) fn suppressed(&mut self, suppressed: &ContactSuppressed) {
        if self.is_notice(&suppressed.step) {
            return self
                .not_told(format!("The owner was not told: {}", sentence(&suppressed.detail)));
        }
        if !self.case.waits_for(Wait::Reach) || self.case.step.as_ref() != Some(&suppressed.step) {
            return self.pass_over();
        }
        let reason = format!("The owner was not contacted: {}", sentence(&suppressed.detail));
        if let Some(until) = suppressed.until.filter(|until| *until > self.now()) {
            return self.put_off(until, &reason);
        }
        let how = match suppressed.reason {
            SuppressedReason::NoConsent => "obtain the owner's consent or speak to them in person",
            SuppressedReason::CapReached | SuppressedReason::QuietHours => {
                "decide whether to speak to the owner in person"
            }
            SuppressedReason::UnknownOwner => "register the owner",
            SuppressedReason::Erased => "find out who owns the asset now",
            SuppressedReason::CaseEnded => "open the case again, or close it",
        };
        // Without leave to contact them, the owner can agree to a person only.
        self.escalate(Resume::Book, reason, how);
    }

    /// The owner may be contacted from `until` on, and is then, about slots that can be had then. A person is asked
    /// only when that is too late.
    fn put_off(&mut self, until: Timestamp, reason: &str) {
        if until <= self.case.due_at {
            let reason = format!("{reason} New slots are looked for when that is over.");
            return self.advance(CaseState::Contacting, Wait::Pause, until, reason);
        }
        self.case.appointment = Some(Appointment { at: until, approach: self.case.approach });
        let reason =
            format!("{reason} That is later than it is due, and {}.", self.foreseen_words());
        self.escalate(Resume::Contact, reason, "decide whether to speak to the owner in person");
    }

    /// Whether `step` is the last contact that needs no answer, and it still matters what became of it.
    fn is_notice(&self, step: &str) -> bool {
        matches!(self.case.state, CaseState::Booked | CaseState::Escalated)
            && self.case.notice.as_deref() == Some(step)
    }

    /// The owner does not know what they were to be told; a person who deals with the case hears so.
    fn not_told(&mut self, news: String) {
        match self.case.state {
            CaseState::Escalated => self.ask_anew(&news),
            _ => self.remark(news),
        }
    }

    /// The owner could not be reached, or nobody knows.
    pub(super) fn unreached(&mut self, failed: &ContactFailed) {
        let step = Some(&failed.step);
        let asked = self.case.waits_for(Wait::Reach) && self.case.step.as_ref() == step;
        let told = self.is_notice(&failed.step);
        if !asked && !told {
            return self.pass_over();
        }
        let with_person = self.case.state == CaseState::Escalated;
        if with_person && failed.uncertain.is_some() {
            let reason = sentence(&failed.reason);
            return self.ask_anew(&format!("Nobody knows whether the owner was told: {reason}"));
        }
        if let Some(intent) = failed.uncertain {
            self.doubt(failed.reason.trim_end_matches('.'));
            self.case.uncertain = Some(intent);
            return;
        }
        if told {
            return self
                .not_told(format!("The owner could not be told: {}", sentence(&failed.reason)));
        }
        self.case.tally.unreached = self.case.tally.unreached.saturating_add(1);
        let reason = format!("The owner could not be reached: {}", sentence(&failed.reason));
        if self.case.tally.unreached >= self.config().unreached_max {
            return self.escalate(Resume::Contact, reason, "reach the owner some other way");
        }
        let until =
            self.now().saturating_add(self.config().contact_again_after.of(self.severity()));
        let reason = format!("{reason} It is tried again later.");
        self.advance(CaseState::Contacting, Wait::Pause, until, reason);
    }
}

/// Name of a purpose within a step's.
fn name(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::PredictedFailure => "predicted-failure",
        Purpose::UrgentAlert => "urgent-alert",
        Purpose::Reminder => "reminder",
        Purpose::Callback => "callback",
        Purpose::BookingRecovery => "booking-recovery",
        Purpose::BookingConfirmed => "booking-confirmed",
        Purpose::BookingMoved => "booking-moved",
        Purpose::BookingCancelled => "booking-cancelled",
        Purpose::PostServiceFeedback => "post-service-feedback",
        Purpose::UrgentWarning => "urgent-warning",
    }
}

/// `detail` as the end of a sentence.
fn sentence(detail: &str) -> String {
    format!("{}.", detail.trim_end_matches('.'))
}
