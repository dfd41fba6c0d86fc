//! Scheduling alone with owners who answer a while later and workshops that do the work, under a virtual clock.

use super::{HOUR, NETWORK, SOURCE};
use crate::error::CliError;
use crate::replaying::Listener;
use agents::Scheduling;
use messages::booking::{
    BookingConfirmed, BookingHeld, BookingStarted, ConfirmBooking, DemandForecast, HoldSlot,
    OfferSlots, Slot, SlotsOffered,
};
use messages::finding::FindingRecorded;
use messages::prediction::Severity;
use messages::{
    BookingId, CaseId, DecodeError, Envelope, Message, MessageId, OfferId, Place, Provenance,
    Timestamp,
};
use runtime::conductor::Conductor;
use runtime::effects::Effects;
use runtime::router::PARTITIONS_EMBEDDED;
use runtime::store::memory::MemoryStore;
use runtime::{Catalog, Models};
use simulator::fleet::Fleet;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How often the workshops' work is looked at.
const ROUND: Duration = Duration::from_secs(6 * 3_600);
/// How long a visit takes, in minutes.
const VISIT_MINUTES: u32 = 120;

/// A case that asks for slots, and how its owner takes it.
pub(super) struct Want {
    pub(super) asset: String,
    pub(super) component: String,
    pub(super) place: Option<Place>,
    pub(super) asked_at: Timestamp,
    pub(super) answered_after: Duration,
}

/// Scheduling, and what others wait to say to it.
pub(super) struct Desk {
    store: Arc<MemoryStore>,
    conductor: Conductor,
    listener: Listener,
    appended: u64,
    now: Timestamp,
    pub(super) heard: Heard,
    /// Owners who will answer, and when.
    answers: BTreeMap<(Timestamp, CaseId), String>,
}

/// What scheduling said.
#[derive(Default)]
pub(super) struct Heard {
    offers_by_case: BTreeMap<CaseId, Vec<OfferId>>,
    held_by_case: BTreeMap<CaseId, BookingId>,
    slot_by_booking: BTreeMap<BookingId, Slot>,
    started: Vec<BookingStarted>,
    /// Slots to which assets came.
    pub(super) visits: Vec<Slot>,
    pub(super) forecasts: Vec<DemandForecast>,
}

impl Heard {
    fn take(&mut self, envelope: &Envelope) -> Result<(), DecodeError> {
        match envelope.name.as_str() {
            SlotsOffered::NAME => {
                let offered: SlotsOffered = envelope.open()?;
                let offers = offered.offers.iter().map(|offer| offer.offer).collect();
                self.offers_by_case.insert(offered.case, offers);
            }
            BookingHeld::NAME => {
                let held: BookingHeld = envelope.open()?;
                self.held_by_case.insert(held.case, held.booking);
            }
            BookingConfirmed::NAME => {
                let confirmed: BookingConfirmed = envelope.open()?;
                self.slot_by_booking.insert(confirmed.booking, confirmed.slot);
            }
            BookingStarted::NAME => self.started.push(envelope.open()?),
            DemandForecast::NAME => self.forecasts.push(envelope.open()?),
            _ => {}
        }
        Ok(())
    }
}

impl Desk {
    pub(super) fn new(fleet: &Fleet) -> Result<Self, CliError> {
        let store = Arc::new(MemoryStore::default());
        let conductor = Conductor::new(
            Catalog::default().with::<Scheduling>(),
            &BTreeMap::new(),
            Arc::new(Models::default()),
            store.clone(),
            fleet.begins_at(),
            PARTITIONS_EMBEDDED,
            Effects::default(),
        )
        .map_err(CliError::failed)?;
        let mut desk = Self {
            store,
            conductor,
            listener: Listener::default(),
            appended: 0,
            now: fleet.begins_at(),
            heard: Heard::default(),
            answers: BTreeMap::new(),
        };
        for centre in fleet.centres(NETWORK) {
            desk.append(&centre)?;
        }
        Ok(desk)
    }

    fn append<M: Message>(&mut self, message: &M) -> Result<(), CliError> {
        self.appended += 1;
        let id = MessageId::named(SOURCE, &self.appended.to_string());
        let envelope = Envelope::new(id, SOURCE, message).map_err(CliError::failed)?;
        let envelope = envelope.with_provenance(Provenance::Simulated);
        self.conductor.append(vec![envelope.into()]).map_err(CliError::failed)?;
        self.conductor.settle().map_err(CliError::failed)?;
        self.listen()
    }

    fn listen(&mut self) -> Result<(), CliError> {
        let heard = &mut self.heard;
        self.listener.listen(&*self.store, &mut |envelope| heard.take(envelope))
    }

    /// Lets time pass until `at`; owners answer and workshops work meanwhile.
    pub(super) fn until(&mut self, at: Timestamp) -> Result<(), CliError> {
        while self.now < at {
            let answer = self.answers.keys().next().copied();
            let round = self.now.saturating_add(ROUND).min(at);
            let next = answer.map_or(round, |(due, _)| due.clamp(self.now, round));
            self.conductor.advance_to(next).map_err(CliError::failed)?;
            self.now = next;
            self.listen()?;
            self.work()?;
            if let Some((due, case)) = answer.filter(|(due, _)| *due <= next)
                && let Some(asset) = self.answers.remove(&(due, case))
            {
                self.answer(case, &asset)?;
            }
        }
        Ok(())
    }

    /// The workshops repair what has come.
    fn work(&mut self) -> Result<(), CliError> {
        for BookingStarted { case, asset, booking, .. } in std::mem::take(&mut self.heard.started) {
            self.append(&FindingRecorded {
                asset,
                network: Some(NETWORK.to_owned()),
                booking: Some(booking),
                case: Some(case),
                examined: "component".to_owned(),
                component: None,
                cause: None,
                part: None,
                batch: None,
                repaired: false,
                found_at: self.now,
                by: SOURCE.to_owned(),
            })?;
            self.heard.visits.extend(self.heard.slot_by_booking.remove(&booking));
        }
        Ok(())
    }

    /// A case asks for slots; its owner answers later.
    pub(super) fn play(&mut self, want: &Want) -> Result<(), CliError> {
        self.until(want.asked_at)?;
        let case = CaseId::of(MessageId::named(SOURCE, &want.asset), &want.asked_at.to_string());
        let asked_at = want.asked_at;
        self.append(&OfferSlots {
            network: NETWORK.to_owned(),
            case,
            asset: want.asset.clone(),
            owner: None,
            home: want.place,
            component: want.component.clone(),
            duration_minutes: VISIT_MINUTES,
            severity: Severity::High,
            earliest_at: asked_at.saturating_add(12 * HOUR),
            due_at: asked_at.saturating_add(72 * HOUR),
            preferred: None,
            expires_at: asked_at.saturating_add(HOUR),
        })?;
        let due = asked_at.saturating_add(want.answered_after);
        self.answers.insert((due, case), want.asset.clone());
        Ok(())
    }

    /// The owner takes the best slot that is still there.
    fn answer(&mut self, case: CaseId, asset: &str) -> Result<(), CliError> {
        let expires_at = self.now.saturating_add(HOUR);
        for offer in self.heard.offers_by_case.remove(&case).unwrap_or_default() {
            let (network, asset) = (NETWORK.to_owned(), asset.to_owned());
            let hold = HoldSlot {
                network: network.clone(),
                case,
                asset: asset.clone(),
                offer,
                expires_at,
            };
            self.append(&hold)?;
            if let Some(booking) = self.heard.held_by_case.remove(&case) {
                return self.append(&ConfirmBooking { network, case, asset, booking, expires_at });
            }
        }
        Ok(())
    }
}
