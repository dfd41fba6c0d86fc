//! One asset, its owner and its workshop, played by hand.

use crate::master::{Config, Master};
use messages::booking::{
    BookingCancelled, BookingConfirmed, BookingExpired, BookingHeld, BookingMissed, BookingMoved,
    BookingRefused, BookingStarted, CancelBooking, ConfirmBooking, HoldSlot, MoveBooking,
    OfferSlots, RefusedReason, Relaxation, Slot, SlotOffer, SlotsOffered,
};
use messages::case::{
    CaseAdvanced, CaseClosed, CaseDecided, CaseEscalated, CaseOpened, CaseState, Decision,
};
use messages::consent::Channel;
use messages::contact::{
    ContactFailed, ContactOwner, ContactSuppressed, CustomerContacted, CustomerResponded, Intent,
    Purpose, SuppressedReason, TimeWindow, WithdrawContact,
};
use messages::finding::{FindingRecorded, Outcome, PredictionVerified};
use messages::prediction::{
    Advice, ClearedReason, Contribution, Driving, FailurePredicted, Hypothesis, PredictionCleared,
    RemainingLife, Severity,
};
use messages::registry::{AssetRegistered, AssetRetired};
use messages::{BookingId, CaseId, Finite, Message, MessageId, OfferId, Record, Timestamp};
use runtime::testkit::World;
use runtime::{Agent, AgentResult, ConfigError, Ctx, Handle, Models, Wiring};
use serde::{Deserialize, Serialize};
use std::time::Duration;

pub(super) const ASSET: &str = "VEH003";
const OWNER: &str = "OWN-7";
pub(super) const NETWORK: &str = "main";

/// Hears every command and obeys none: the story says what becomes of them.
struct Bystander;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Nothing;

impl Record for Nothing {
    const SCHEMA: u16 = 60_001;
}

impl Agent for Bystander {
    const KIND: &'static str = "bystander";
    type Config = Option<bool>;
    type State = Nothing;

    fn new(_config: Self::Config, _models: &Models) -> Result<Self, ConfigError> {
        Ok(Self)
    }

    fn wiring(wiring: &mut Wiring<Self>) {
        wiring.on::<ContactOwner>().key(|contact| &contact.owner);
        wiring.on::<WithdrawContact>().key(|withdrawn| &withdrawn.owner);
        wiring.on::<OfferSlots>().key(|offer| &offer.network);
        wiring.on::<HoldSlot>().key(|hold| &hold.network);
        wiring.on::<ConfirmBooking>().key(|confirm| &confirm.network);
        wiring.on::<MoveBooking>().key(|moves| &moves.network);
        wiring.on::<CancelBooking>().key(|cancel| &cancel.network);
    }
}

impl<M: Message> Handle<M> for Bystander {
    fn handle(&self, _: &mut Nothing, _: &M, _: &mut Ctx<'_, Self>) -> AgentResult {
        Ok(())
    }
}

pub(super) struct Story {
    pub(super) world: World,
    /// Each message is said so often, each time under another name.
    times: usize,
    windows: i64,
    offers: Vec<SlotOffer>,
    bookings: u64,
}

pub(super) fn finite(value: f64) -> Finite {
    Finite::new(value).unwrap()
}

pub(super) fn hours(hours: u64) -> Duration {
    Duration::from_secs(hours * 3600)
}

impl Story {
    pub(super) fn begin() -> Self {
        Self::with(Config::default(), |world| world)
    }

    pub(super) fn with(config: Config, prepare: impl FnOnce(World) -> World) -> Self {
        let world = World::seeded(7).agent::<Master>(config).agent::<Bystander>(None);
        let world = prepare(world);
        let mut story = Self { world, times: 1, windows: 0, offers: Vec::new(), bookings: 0 };
        story.register(Some(OWNER));
        story
    }

    /// From here on everything is said twice.
    pub(super) fn twice(mut self) -> Self {
        self.times = 2;
        self
    }

    pub(super) fn say<M: Message>(&mut self, message: M) {
        for _ in 0..self.times {
            self.world.append(&message);
        }
        self.world.settle();
    }

    pub(super) fn now(&mut self) -> Timestamp {
        self.world.conductor().now()
    }

    pub(super) fn pass(&mut self, duration: Duration) {
        self.world.advance(duration);
    }

    pub(super) fn register(&mut self, owner: Option<&str>) {
        self.say(AssetRegistered {
            asset: ASSET.into(),
            fleet: "demo".into(),
            profile: "vehicle".into(),
            model: None,
            in_service_since: None,
            supplier: None,
            batch: None,
            owner: owner.map(str::to_owned),
            group: None,
            home: None,
        });
    }

    pub(super) fn retire(&mut self) {
        self.say(AssetRetired { asset: ASSET.into(), reason: "sold".into() });
    }

    pub(super) fn predict(&mut self, component: &str, severity: Severity) {
        let message = self.prediction(component, severity);
        self.say(message);
    }

    /// What diagnosis says of a window that has just ended.
    pub(super) fn prediction(&mut self, component: &str, severity: Severity) -> FailurePredicted {
        self.windows += 1;
        let window_end = self.now();
        let (probability, act_within, driving) = match severity {
            Severity::Low => (0.2, None, Driving::Free),
            Severity::Medium => (0.5, Some(168.0), Driving::Free),
            Severity::High => (0.8, Some(48.0), Driving::WithCare { km_max: 50 }),
            Severity::Critical => (0.85, Some(6.0), Driving::Limited { km_max: 10 }),
            Severity::Emergency => (0.97, Some(2.0), Driving::Stop),
        };
        let mode = if component == "brake" { "brake_pad_wear" } else { "coolant_pump_wear" };
        FailurePredicted {
            fleet: "demo".into(),
            asset: ASSET.into(),
            profile: "vehicle".into(),
            window_end,
            horizon_hours: finite(168.0),
            severity,
            hypotheses: vec![Hypothesis {
                component: component.into(),
                failure_mode: mode.into(),
                probability: finite(probability),
                score: finite(0.8),
                contributions: vec![
                    Contribution {
                        name: "brake_pad_wear against its limit".into(),
                        value: "84 of 90 percent".into(),
                        amount: finite(0.9),
                    },
                    Contribution {
                        name: "base rate".into(),
                        value: "rare".into(),
                        amount: finite(-0.1),
                    },
                ],
                remaining_useful_life: Some(RemainingLife {
                    low_hours: finite(40.0),
                    median_hours: finite(90.0),
                    high_hours: None,
                }),
                advice: Advice { severity, act_within_hours: act_within.map(finite), driving },
            }],
            cannot_say: Vec::new(),
            model: "trend-to-limit/1".into(),
        }
    }

    pub(super) fn clear(&mut self, component: &str, reason: ClearedReason) {
        let window_end = self.now();
        self.say(PredictionCleared {
            fleet: "demo".into(),
            asset: ASSET.into(),
            component: component.into(),
            window_end,
            reason,
        });
    }

    /// The newest case.
    pub(super) fn case(&self) -> CaseId {
        self.world.published::<CaseOpened>().last().expect("a case was opened").case
    }

    /// So many slots, tomorrow at nine and every two hours after.
    pub(super) fn offer(&mut self, count: usize) {
        let from = self.now().saturating_add(hours(27));
        let slot = |index: usize| {
            let from = from.saturating_add(hours(2 * index as u64));
            Slot {
                centre: format!("C{index}"),
                centre_name: ["Pune", "Mumbai", "Delhi"][index].into(),
                zone: "Asia/Kolkata".into(),
                bay: 1,
                technician: "T1".into(),
                from,
                to: from.saturating_add(hours(2)),
            }
        };
        let because = MessageId::named("offers", &format!("{from}"));
        let offers = (0..count).map(|index| SlotOffer {
            offer: OfferId::of(because, &index.to_string()),
            slot: slot(index),
            penalties: Vec::new(),
        });
        self.offers = offers.collect();
        let relax = if count == 0 {
            vec![Relaxation {
                constraint: "looking farther than 150 km".into(),
                first_at: Some(from),
            }]
        } else {
            Vec::new()
        };
        let (case, valid_until) = (self.case(), from);
        self.say(SlotsOffered {
            network: NETWORK.into(),
            case,
            asset: ASSET.into(),
            offers: self.offers.clone(),
            relax,
            valid_until,
            cause: None,
        });
    }

    pub(super) fn offered(&self, index: usize) -> &SlotOffer {
        &self.offers[index]
    }

    fn newest_contact(&self) -> ContactOwner {
        self.world.published::<ContactOwner>().pop().expect("the owner is to be contacted")
    }

    pub(super) fn contacted(&mut self) {
        let contact = self.newest_contact();
        self.say(CustomerContacted {
            case: contact.case,
            asset: contact.asset,
            owner: contact.owner,
            step: contact.step,
            channel: Channel::Voice,
            purpose: contact.purpose,
            text: "…".into(),
            intent: MessageId::named("send", "1"),
        });
    }

    pub(super) fn suppressed(&mut self, reason: SuppressedReason) {
        self.suppressed_until(reason, None);
    }

    /// The owner may be contacted again in so many hours.
    pub(super) fn suppressed_for(&mut self, in_hours: u64) {
        let until = self.now().saturating_add(hours(in_hours));
        self.suppressed_until(SuppressedReason::QuietHours, Some(until));
    }

    fn suppressed_until(&mut self, reason: SuppressedReason, until: Option<Timestamp>) {
        let contact = self.newest_contact();
        self.say(ContactSuppressed {
            case: contact.case,
            asset: contact.asset,
            owner: contact.owner,
            step: contact.step,
            reason,
            detail: "nobody allowed it".into(),
            until,
        });
    }

    pub(super) fn failed(&mut self, uncertain: Option<MessageId>) {
        let contact = self.newest_contact();
        self.say(ContactFailed {
            case: contact.case,
            asset: contact.asset,
            owner: contact.owner,
            step: contact.step,
            reason: "no answer on any channel".into(),
            uncertain,
        });
    }

    pub(super) fn response(&self, intent: Intent) -> CustomerResponded {
        CustomerResponded {
            case: self.case(),
            asset: ASSET.into(),
            owner: OWNER.into(),
            intent,
            offer: None,
            when: None,
            sentiment: finite(0.0),
            text: "…".into(),
            evidence: Vec::new(),
        }
    }

    pub(super) fn answer(&mut self, intent: Intent) {
        let response = self.response(intent);
        self.say(response);
    }

    pub(super) fn choose(&mut self, index: usize) {
        let offer = Some(self.offers[index].offer);
        let response = CustomerResponded { offer, ..self.response(Intent::ChooseSlot) };
        self.say(response);
    }

    /// A span of time that begins in so many hours and lasts two.
    pub(super) fn window(&mut self, in_hours: u64) -> TimeWindow {
        let from = self.now().saturating_add(hours(in_hours));
        TimeWindow { from, to: from.saturating_add(hours(2)), words: "Thursday after five".into() }
    }

    pub(super) fn answer_with(&mut self, intent: Intent, when: TimeWindow) {
        let response = CustomerResponded { when: Some(when), ..self.response(intent) };
        self.say(response);
    }

    pub(super) fn booking(&self) -> BookingId {
        BookingId::of(MessageId::named("booking", &self.bookings.to_string()), "booking")
    }

    fn slot_of(&self, offer: OfferId) -> Slot {
        let known = self.offers.iter().find(|known| known.offer == offer);
        known.expect("what is asked for was offered").slot.clone()
    }

    /// The workshop holds what it was last asked for.
    pub(super) fn held(&mut self) {
        let hold = self.world.published::<HoldSlot>().pop().expect("a slot is to be held");
        self.bookings += 1;
        let held_until = self.now().saturating_add(Duration::from_secs(600));
        let message = BookingHeld {
            network: NETWORK.into(),
            case: hold.case,
            asset: ASSET.into(),
            booking: self.booking(),
            slot: self.slot_of(hold.offer),
            held_until,
        };
        self.say(message);
    }

    pub(super) fn confirmed(&mut self) {
        let confirm = self.world.published::<ConfirmBooking>().pop().expect("a booking is to be");
        let hold = self.world.published::<HoldSlot>().pop().expect("a slot was to be held");
        let slot = self.slot_of(hold.offer);
        self.say(BookingConfirmed {
            network: NETWORK.into(),
            case: confirm.case,
            asset: ASSET.into(),
            booking: confirm.booking,
            slot,
        });
    }

    /// How many slots stand offered.
    pub(super) fn slots(&self) -> usize {
        self.offers.len()
    }

    fn knows_what_is_asked_for(&self) -> bool {
        let hold = self.world.published::<HoldSlot>().pop();
        hold.is_some_and(|hold| self.offers.iter().any(|known| known.offer == hold.offer))
    }

    pub(super) fn held_if_offered(&mut self) {
        if self.knows_what_is_asked_for() {
            self.held();
        }
    }

    pub(super) fn confirmed_if_offered(&mut self) {
        if self.knows_what_is_asked_for() {
            self.confirmed();
        }
    }

    pub(super) fn expired(&mut self) {
        let (case, booking) = (self.case(), self.booking());
        self.say(BookingExpired { network: NETWORK.into(), case, asset: ASSET.into(), booking });
    }

    pub(super) fn refused(&mut self, command: &str, reason: RefusedReason) {
        let case = self.case();
        self.say(BookingRefused {
            network: NETWORK.into(),
            case,
            asset: ASSET.into(),
            command: command.into(),
            reason,
            detail: "it cannot be done".into(),
        });
    }

    pub(super) fn cancelled(&mut self) {
        let (case, booking) = (self.case(), self.booking());
        let slot = self.offers[0].slot.clone();
        self.say(BookingCancelled {
            network: NETWORK.into(),
            case,
            asset: ASSET.into(),
            booking,
            slot,
            reason: "a bay dropped out".into(),
        });
    }

    pub(super) fn moved(&mut self, index: usize) {
        let (case, booking) = (self.case(), self.booking());
        let slot = self.offers[index].slot.clone();
        self.say(BookingMoved {
            network: NETWORK.into(),
            case,
            asset: ASSET.into(),
            booking,
            before: slot.clone(),
            slot,
            reason: "a technician is ill".into(),
        });
    }

    pub(super) fn missed(&mut self) {
        let (case, booking) = (self.case(), self.booking());
        self.say(BookingMissed { network: NETWORK.into(), case, asset: ASSET.into(), booking });
    }

    pub(super) fn started(&mut self) {
        let (case, booking) = (self.case(), self.booking());
        self.say(BookingStarted { network: NETWORK.into(), case, asset: ASSET.into(), booking });
    }

    /// The workshop looked at `examined` and found `faulty`.
    pub(super) fn found(&mut self, examined: &str, faulty: Option<&str>) {
        let (case, booking, found_at) = (self.case(), self.booking(), self.now());
        self.say(FindingRecorded {
            asset: ASSET.into(),
            network: Some(NETWORK.into()),
            booking: Some(booking),
            case: Some(case),
            examined: examined.into(),
            component: faulty.map(str::to_owned),
            cause: None,
            part: None,
            batch: None,
            repaired: faulty.is_some(),
            found_at,
            by: "Pune".into(),
        });
    }

    pub(super) fn verified(&mut self, outcome: Outcome) {
        let case = self.case();
        self.say(PredictionVerified {
            detector: "trend-to-limit/1 brake".into(),
            asset: ASSET.into(),
            component: "brake".into(),
            case: Some(case),
            prediction: None,
            outcome,
            lead_hours: None,
            probability: None,
            judged_by: None,
        });
    }

    pub(super) fn decide(&mut self, decision: Decision) {
        let case = self.case();
        let (owner, by) = (Some(OWNER.into()), "Asha".into());
        self.say(CaseDecided { case, asset: ASSET.into(), owner, by, decision });
    }

    /// Where the newest case stands.
    pub(super) fn state(&self) -> CaseState {
        self.newest().to
    }

    pub(super) fn newest(&self) -> CaseAdvanced {
        let case = self.case();
        let advanced = self.world.published::<CaseAdvanced>();
        advanced.into_iter().rfind(|known| known.case == case).expect("the case has moved")
    }

    /// The states of the newest case, in order, each once in a row.
    pub(super) fn path(&self) -> Vec<CaseState> {
        let case = self.case();
        let mut path = vec![CaseState::Opened];
        for advanced in self.world.published::<CaseAdvanced>() {
            if advanced.case == case && path.last() != Some(&advanced.to) {
                assert_eq!(path.last(), Some(&advanced.from));
                path.push(advanced.to);
            }
        }
        path
    }

    /// Every state that any case was in.
    pub(super) fn states_reached(&self) -> Vec<CaseState> {
        let advanced = self.world.published::<CaseAdvanced>();
        advanced.iter().flat_map(|known| [known.from, known.to]).collect()
    }

    pub(super) fn count<M: Message>(&self) -> usize {
        self.world.published::<M>().len()
    }

    /// Why the owner was to be spoken to, in order.
    pub(super) fn purposes(&self) -> Vec<Purpose> {
        self.world.published::<ContactOwner>().into_iter().map(|known| known.purpose).collect()
    }

    pub(super) fn contact(&self) -> ContactOwner {
        self.newest_contact()
    }

    pub(super) fn escalation(&self) -> CaseEscalated {
        self.world.published::<CaseEscalated>().pop().expect("a person was asked")
    }

    pub(super) fn closed(&self) -> CaseClosed {
        self.world.published::<CaseClosed>().pop().expect("the case has ended")
    }
}
