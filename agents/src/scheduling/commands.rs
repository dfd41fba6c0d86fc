//! What is asked about slots: offer, hold, confirm, move, cancel.

use super::desk::{DONE, Desk, rejected};
use super::memory::{Live, Offered, Stage, Work};
use messages::booking::{
    BookingConfirmed, BookingHeld, BookingMoved, CancelBooking, ConfirmBooking, HoldSlot,
    MoveBooking, OfferSlots, RefusedReason, Relaxation, SlotOffer, SlotsOffered,
};
use messages::{BookingId, CaseId, OfferId, Timestamp};
use models::schedule::{self, Constraint, Infeasible, Job, Offer, OfferError, Slot};
use runtime::{AgentError, AgentResult};

impl Desk<'_, '_> {
    /// Finds slots for a job, or for moving the booking that the case has.
    pub(super) fn offer(&mut self, command: &OfferSlots) -> AgentResult {
        let of = (command.case, command.asset.as_str());
        if !self.is_in_time::<OfferSlots>(of, command.expires_at) {
            return DONE;
        }
        let own = self.state.booking_of(command.case);
        if own.is_some_and(|(_, live)| live.stage == Stage::InService) {
            let detail = "the asset is at the workshop".to_owned();
            self.refuse::<OfferSlots>(of, RefusedReason::CaseBooked, detail);
            return DONE;
        }
        let moves = own.map(|(id, _)| id);
        let soonest = self.now().saturating_add(self.config.held_for.duration());
        let work = work(command, soonest)?;
        self.state.waiting.remove(&command.case);
        match self.search((command.case, &command.asset), &work, moves) {
            Ok(offers) => self.say_offers((command.case, &command.asset), work, &offers, None),
            Err(OfferError::Infeasible(infeasible)) => {
                self.say_none(command, *infeasible);
                if moves.is_none() {
                    self.wait(command, work);
                }
            }
            Err(OfferError::Invalid(invalid)) => return Err(rejected(&invalid)),
        }
        DONE
    }

    fn search(
        &self,
        of: (CaseId, &str),
        work: &Work,
        moves: Option<BookingId>,
    ) -> Result<Vec<Offer>, OfferError> {
        let problem = self.state.problem(self.now(), Some(&work.component));
        let job = Job { company: self.state.company(of, work, self.now()), ..work.job(of.0, of.1) };
        let moves = moves.map(|id| id.to_string());
        let found = schedule::offers(&problem, &job, moves.as_deref(), &self.config.search)?;
        Ok(found.offers)
    }

    /// Says what a case is offered; with the `cause` when it has not asked.
    pub(super) fn say_offers(
        &mut self,
        (case, asset): (CaseId, &str),
        work: Work,
        offers: &[Offer],
        cause: Option<String>,
    ) {
        let because = self.ctx.envelope().id;
        let named = offers.iter().enumerate().filter_map(|(index, offer)| {
            let id = match cause {
                None => OfferId::of(because, &index.to_string()),
                Some(_) => OfferId::of(because, &format!("{case}/{index}")),
            };
            let slot = self.state.said(&offer.slot)?;
            let mut penalties = reasons(offer);
            if work.home.is_none() {
                let text =
                    format!("where `{asset}` usually stands is not known, nor how far it is");
                penalties.push(text);
            }
            let said = SlotOffer { offer: id, slot, penalties };
            Some((said, (id, offer.slot.clone())))
        });
        let (offers, slots): (Vec<_>, Vec<_>) = named.unzip();
        let valid_until = self.now().saturating_add(self.config.offers_valid.duration());
        let unasked = cause.is_some();
        let (network, asset, relax) = (self.network(), asset.to_owned(), Vec::new());
        let of = asset.clone();
        self.remember(case, Offered { asset: of, work, slots, valid_until, unasked });
        let offered = SlotsOffered { network, case, asset, offers, relax, valid_until, cause };
        self.ctx.publish(&offered);
    }

    /// Remembers the newest offers of `case`; those that end first make room.
    fn remember(&mut self, case: CaseId, offered: Offered) {
        self.state.offers.insert(case, offered);
        let most = usize::from(self.config.offers_max);
        while self.state.offers.len() > most || self.state.offers.len() > 1 && self.is_full() {
            let others = self.state.offers.iter().filter(|(other, _)| **other != case);
            let oldest = others.min_by_key(|(id, offered)| (offered.valid_until, **id));
            let Some(oldest) = oldest.map(|(id, _)| *id) else { break };
            self.state.offers.remove(&oldest);
            self.ctx.count("offers_forgotten", 1);
        }
    }

    fn say_none(&mut self, command: &OfferSlots, infeasible: Infeasible) {
        let named = infeasible.relaxations.into_iter().map(|relaxation| Relaxation {
            constraint: relaxation.what,
            first_at: Some(relaxation.from),
        });
        let mut relax: Vec<Relaxation> = named.collect();
        if self.state.centres.is_empty() {
            let constraint = format!("with a centre in network `{}`", command.network);
            relax.push(Relaxation { constraint, first_at: None });
        }
        self.state.offers.remove(&command.case);
        let (network, case, asset) = (self.network(), command.case, command.asset.clone());
        let (offers, valid_until, cause) = (Vec::new(), self.now(), None);
        let offered = SlotsOffered { network, case, asset, offers, relax, valid_until, cause };
        self.ctx.publish(&offered);
    }

    /// Keeps exactly the offered slot, if it is still free.
    pub(super) fn hold(&mut self, command: &HoldSlot) -> AgentResult {
        let of = (command.case, command.asset.as_str());
        if !self.is_in_time::<HoldSlot>(of, command.expires_at) {
            return DONE;
        }
        if let Some((id, live)) = self.state.booking_of(command.case) {
            if live.offer == command.offer {
                self.pass_over();
            } else {
                let detail = format!("the case has booking `{id}`");
                self.refuse::<HoldSlot>(of, RefusedReason::CaseBooked, detail);
            }
            return DONE;
        }
        let Some((work, slot)) = self.offered(command.case, command.offer) else {
            self.refuse::<HoldSlot>(of, RefusedReason::OfferUnknown, unknown(command.offer));
            return DONE;
        };
        let conflicts = self.conflicts(&work, of, &slot, None)?;
        if !conflicts.is_empty() {
            self.refuse_slot::<HoldSlot>(of, &conflicts);
            return DONE;
        }
        self.keep(command, work, slot);
        DONE
    }

    /// The hard rules that forbid `work` this `slot` now, however soon it begins.
    fn conflicts(
        &self,
        work: &Work,
        (case, asset): (CaseId, &str),
        slot: &Slot,
        moves: Option<BookingId>,
    ) -> Result<Vec<Constraint>, AgentError> {
        let now = self.now();
        if slot.from <= now {
            return Ok(vec![Constraint::Early { at: now }]);
        }
        let problem = self.state.problem(now, Some(&work.component));
        let job = Job { earliest_at: now, ..work.job(case, asset) };
        let moves = moves.map(|id| id.to_string());
        schedule::conflicts(&problem, &job, slot, moves.as_deref(), &self.config.search)
            .map_err(|invalid| rejected(&invalid))
    }

    fn offered(&self, case: CaseId, offer: OfferId) -> Option<(Work, Slot)> {
        let offered = self.state.offers.get(&case)?;
        let (_, slot) = offered.slots.iter().find(|(id, _)| *id == offer)?;
        Some((offered.work.clone(), slot.clone()))
    }

    fn keep(&mut self, command: &HoldSlot, work: Work, slot: Slot) {
        let of = (command.case, command.asset.as_str());
        if self.state.bookings.len() >= usize::from(self.config.bookings_max) || self.is_full() {
            let detail = format!("the network has `{}` live bookings", self.state.bookings.len());
            return self.refuse::<HoldSlot>(of, RefusedReason::Full, detail);
        }
        let Some(said) = self.state.said(&slot) else { return self.pass_over() };
        let booking = BookingId::of(self.ctx.envelope().id, "");
        let held_until = self.now().saturating_add(self.config.held_for.duration()).min(slot.from);
        let (case, asset, offer) = (command.case, command.asset.clone(), command.offer);
        let stage = Stage::Held { until: held_until };
        let booked_at = self.now();
        let live = Live { case, asset: asset.clone(), offer, stage, slot, work, booked_at };
        self.state.bookings.insert(booking, live);
        self.state.waiting.remove(&case);
        let network = self.network();
        self.ctx.publish(&BookingHeld { network, case, asset, booking, slot: said, held_until });
    }

    /// Makes a held slot a booking.
    pub(super) fn confirm(&mut self, command: &ConfirmBooking) {
        let of = (command.case, command.asset.as_str());
        if !self.is_in_time::<ConfirmBooking>(of, command.expires_at) {
            return;
        }
        let booking = command.booking;
        let Some(live) = self.state.booking(booking, command.case) else {
            return self.refuse::<ConfirmBooking>(
                of,
                RefusedReason::BookingUnknown,
                ended(booking),
            );
        };
        let Stage::Held { .. } = live.stage else { return self.pass_over() };
        let Some(slot) = self.state.said(&live.slot) else { return self.pass_over() };
        if let Some(live) = self.state.bookings.get_mut(&booking) {
            live.stage = Stage::Confirmed;
        }
        let (network, case, asset) = (self.network(), command.case, command.asset.clone());
        self.ctx.publish(&BookingConfirmed { network, case, asset, booking, slot });
    }

    /// Gives a booking another offered slot.
    pub(super) fn change(&mut self, command: &MoveBooking) -> AgentResult {
        let of = (command.case, command.asset.as_str());
        if !self.is_in_time::<MoveBooking>(of, command.expires_at) {
            return DONE;
        }
        let booking = command.booking;
        let Some(live) = self.state.booking(booking, command.case) else {
            self.refuse::<MoveBooking>(of, RefusedReason::BookingUnknown, ended(booking));
            return DONE;
        };
        if live.stage == Stage::InService {
            let detail = format!("booking `{booking}` has begun");
            self.refuse::<MoveBooking>(of, RefusedReason::Expired, detail);
            return DONE;
        }
        if live.offer == command.offer {
            self.pass_over();
            return DONE;
        }
        let Some((work, slot)) = self.offered(command.case, command.offer) else {
            self.refuse::<MoveBooking>(of, RefusedReason::OfferUnknown, unknown(command.offer));
            return DONE;
        };
        let conflicts = self.conflicts(&work, of, &slot, Some(booking))?;
        if !conflicts.is_empty() {
            self.refuse_slot::<MoveBooking>(of, &conflicts);
            return DONE;
        }
        if let Some(live) = self.state.bookings.get_mut(&booking) {
            (live.work, live.offer) = (work, command.offer);
        }
        self.reseat(booking, slot, command.reason.clone());
        self.makes_room("another booking was moved");
        DONE
    }

    /// Gives `booking` the free `slot` and says so.
    pub(super) fn reseat(&mut self, booking: BookingId, slot: Slot, reason: String) {
        let Some(said) = self.state.said(&slot) else { return };
        let Some(live) = self.state.bookings.get_mut(&booking) else { return };
        let before = std::mem::replace(&mut live.slot, slot);
        if let Stage::Held { until } = &mut live.stage {
            *until = (*until).min(live.slot.from);
        }
        let (case, asset) = (live.case, live.asset.clone());
        let Some(before) = self.state.said(&before) else { return };
        let (network, slot) = (self.network(), said);
        self.ctx.publish(&BookingMoved { network, case, asset, booking, before, slot, reason });
    }

    /// Gives a slot back.
    pub(super) fn cancel(&mut self, command: &CancelBooking) {
        let of = (command.case, command.asset.as_str());
        if !self.is_in_time::<CancelBooking>(of, command.expires_at) {
            return;
        }
        match self.state.booking(command.booking, command.case) {
            Some(_) => self.give_up(command.booking, command.reason.clone()),
            None => self.pass_over(),
        }
    }
}

/// What is asked for; it begins after the hold could have ended, `soonest`.
fn work(command: &OfferSlots, soonest: Timestamp) -> Result<Work, AgentError> {
    let minutes = u16::try_from(command.duration_minutes).map_err(|_| {
        let text =
            format!("`duration_minutes` is `{}`; give at most 1440", command.duration_minutes);
        AgentError::Reject(text)
    })?;
    Ok(Work {
        component: command.component.clone(),
        owner: command.owner.clone(),
        home: command.home,
        minutes,
        severity: command.severity,
        earliest_at: command.earliest_at.max(soonest),
        due_at: command.due_at,
        preferred: command.preferred.as_ref().map(|window| (window.from, window.to)),
    })
}

/// What speaks against an offer, the heaviest first.
fn reasons(offer: &Offer) -> Vec<String> {
    let mut penalties: Vec<_> = offer.penalties.iter().collect();
    penalties.sort_by(|one, other| other.points.total_cmp(&one.points));
    penalties.into_iter().map(|penalty| penalty.because.clone()).collect()
}

fn unknown(offer: OfferId) -> String {
    format!("offer `{offer}` is not known, or no longer; ask for slots again")
}

fn ended(booking: BookingId) -> String {
    format!("booking `{booking}` is not known, or its life has ended")
}
