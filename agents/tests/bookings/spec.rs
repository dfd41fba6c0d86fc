//! What must have come of each thing that was asked, in the order of the log: a sequential specification of its own.
//!
//! It reads messages and nothing else. Each input is one step with what was said because of it; after each step no two
//! live bookings share a bay, a technician or a case. That every answer is the one which the specification gives at
//! this place of the log is what linearizable means here.

use messages::booking::{
    BookingCancelled, BookingCompleted, BookingConfirmed, BookingExpired, BookingHeld,
    BookingMissed, BookingMoved, BookingRefused, BookingStarted, CancelBooking, ConfirmBooking,
    DemandForecast, HoldSlot, MoveBooking, NoShowRecorded, OfferSlots, RefusedReason, Slot,
    SlotsOffered,
};
use messages::centre::CentreRegistered;
use messages::finding::FindingRecorded;
use messages::{BookingId, CaseId, Envelope, Message, MessageId, OfferId, Stream, Timestamp};
use runtime::testkit::World;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

const HELD_FOR: Duration = Duration::from_secs(600);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Held(Timestamp),
    Confirmed,
    InService,
}

#[derive(Clone, Debug)]
struct Live {
    case: CaseId,
    offer: OfferId,
    slot: Slot,
    stage: Stage,
}

/// How often each thing came about.
#[derive(Debug, Default)]
pub(crate) struct Report {
    counts: BTreeMap<String, u64>,
    passed_over: u64,
    /// Offers to cases that waited.
    unasked: u64,
    live_most: usize,
}

impl Report {
    /// The run was no walk in the park: everything that can come about did.
    pub(crate) fn assert_rich(&self) {
        let events = [
            SlotsOffered::NAME,
            BookingHeld::NAME,
            BookingExpired::NAME,
            BookingConfirmed::NAME,
            BookingMoved::NAME,
            BookingCancelled::NAME,
            BookingStarted::NAME,
            BookingCompleted::NAME,
            BookingMissed::NAME,
        ];
        let reasons = ["SlotTaken", "OfferUnknown", "CaseBooked", "BookingUnknown", "Expired"];
        for name in events.iter().chain(&reasons) {
            assert!(self.counts.contains_key(*name), "`{name}` never came about: {self:?}");
        }
        assert!(self.passed_over > 0, "{self:?}");
        assert!(self.unasked > 0, "nobody waited for room: {self:?}");
    }
}

/// The network as the log so far has it.
#[derive(Default)]
pub(crate) struct Spec {
    now: Timestamp,
    centres: BTreeMap<String, (u16, Vec<String>)>,
    offers: BTreeMap<CaseId, (Timestamp, BTreeMap<OfferId, Slot>)>,
    bookings: BTreeMap<BookingId, Live>,
    /// Cases that were last told that there is no slot.
    waiting: BTreeSet<CaseId>,
    report: Report,
}

/// What a command comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Done,
    Refused(RefusedReason),
    PassedOver,
}

impl Spec {
    /// Goes through the log of `world` from its beginning.
    pub(crate) fn judge(mut self, world: &World) -> Report {
        let log = world.envelopes(Stream::Log);
        let mut said: BTreeMap<MessageId, Vec<Arc<Envelope>>> = BTreeMap::new();
        for envelope in log.iter().filter(|envelope| envelope.source == "scheduling") {
            if let Some(cause) = envelope.causation_id.filter(|_| envelope.name != "timer.fired") {
                said.entry(cause).or_default().push(envelope.clone());
            }
        }
        for input in log.iter() {
            if input.source != "scheduling" || input.name == "timer.fired" {
                let outputs = said.remove(&input.id).unwrap_or_default();
                self.step(input, &outputs);
            }
        }
        assert!(said.is_empty(), "said because of nothing: {said:?}");
        self.report
    }

    fn step(&mut self, input: &Envelope, outputs: &[Arc<Envelope>]) {
        self.now = self.now.max(input.time);
        if let Some(registered) = open::<CentreRegistered>(input) {
            let staff = registered.technicians.into_iter().map(|one| one.id).collect();
            self.centres.insert(registered.centre, (registered.bays, staff));
        }
        let is_unasked = |output: &&Arc<Envelope>| {
            open::<SlotsOffered>(output).is_some_and(|offered| offered.cause.is_some())
        };
        let (unasked, outputs): (Vec<_>, Vec<_>) = outputs.iter().partition(is_unasked);
        let (due, rest): (Vec<_>, Vec<_>) =
            outputs.into_iter().partition(|output| self.is_due(output, input));
        due.iter().for_each(|output| self.apply(input, output));
        if input.name != "timer.fired" && input.name != "config.applied" {
            self.assert_nothing_overdue();
        }
        let expected = self.expected(input);
        rest.iter().for_each(|output| self.apply(input, output));
        if let Some(expected) = expected {
            assert_eq!(answer(&rest), expected, "{} {}", input.name, text(input));
            self.report.passed_over += u64::from(expected == Answer::PassedOver);
        }
        unasked.into_iter().for_each(|output| self.offer_unasked(output));
        self.assert_no_overlap(input);
        self.report.live_most = self.report.live_most.max(self.bookings.len());
    }

    /// Whether `output` is about time that has passed, not about `input`.
    fn is_due(&self, output: &Envelope, input: &Envelope) -> bool {
        let started = output.name == BookingStarted::NAME && input.name != FindingRecorded::NAME;
        let begun = open::<BookingStarted>(output).is_some_and(|started| {
            self.bookings.get(&started.booking).is_some_and(|live| live.slot.from <= self.now)
        });
        output.name == BookingExpired::NAME || started || begun
    }

    fn assert_nothing_overdue(&self) {
        for (id, live) in &self.bookings {
            let overdue = match live.stage {
                Stage::Held(until) => until <= self.now,
                Stage::Confirmed => live.slot.from <= self.now,
                Stage::InService => false,
            };
            assert!(!overdue, "{} and `{id}` stands as {live:?}", self.now);
        }
    }

    /// What must come of a command, by the state before it.
    fn expected(&self, input: &Envelope) -> Option<Answer> {
        let late = |expires_at: Timestamp| {
            (self.now > expires_at).then_some(Answer::Refused(RefusedReason::Expired))
        };
        if let Some(hold) = open::<HoldSlot>(input) {
            return Some(late(hold.expires_at).unwrap_or_else(|| self.hold(&hold)));
        }
        if let Some(confirm) = open::<ConfirmBooking>(input) {
            let answer = match self.live(confirm.booking, confirm.case).map(|live| live.stage) {
                None => Answer::Refused(RefusedReason::BookingUnknown),
                Some(Stage::Held(_)) => Answer::Done,
                Some(_) => Answer::PassedOver,
            };
            return Some(late(confirm.expires_at).unwrap_or(answer));
        }
        if let Some(command) = open::<MoveBooking>(input) {
            return Some(late(command.expires_at).unwrap_or_else(|| self.change(&command)));
        }
        if let Some(cancel) = open::<CancelBooking>(input) {
            let live = self.live(cancel.booking, cancel.case).is_some();
            let answer = if live { Answer::Done } else { Answer::PassedOver };
            return Some(late(cancel.expires_at).unwrap_or(answer));
        }
        if let Some(absence) = open::<NoShowRecorded>(input) {
            let live = self.live(absence.booking, absence.case);
            let began = live.is_some_and(|live| live.stage == Stage::InService);
            return Some(if began { Answer::Done } else { Answer::PassedOver });
        }
        if let Some(finding) = open::<FindingRecorded>(input) {
            let live = match (finding.booking, finding.case) {
                (Some(booking), _) => self.bookings.contains_key(&booking),
                (None, case) => self.bookings.values().any(|live| Some(live.case) == case),
            };
            return Some(if live { Answer::Done } else { Answer::PassedOver });
        }
        let asked = open::<OfferSlots>(input)?;
        let began = self
            .bookings
            .values()
            .any(|live| live.case == asked.case && live.stage == Stage::InService);
        let answer = if began { Answer::Refused(RefusedReason::CaseBooked) } else { Answer::Done };
        Some(late(asked.expires_at).unwrap_or(answer))
    }

    fn live(&self, booking: BookingId, case: CaseId) -> Option<&Live> {
        self.bookings.get(&booking).filter(|live| live.case == case)
    }

    fn offered(&self, case: CaseId, offer: OfferId) -> Option<&Slot> {
        let (valid_until, slots) = self.offers.get(&case)?;
        slots.get(&offer).filter(|_| *valid_until > self.now)
    }

    fn hold(&self, hold: &HoldSlot) -> Answer {
        if let Some(live) = self.bookings.values().find(|live| live.case == hold.case) {
            let same = live.offer == hold.offer;
            let booked = Answer::Refused(RefusedReason::CaseBooked);
            return if same { Answer::PassedOver } else { booked };
        }
        match self.offered(hold.case, hold.offer) {
            Some(slot) => self.free(slot, None),
            None => Answer::Refused(RefusedReason::OfferUnknown),
        }
    }

    fn change(&self, command: &MoveBooking) -> Answer {
        let Some(live) = self.live(command.booking, command.case) else {
            return Answer::Refused(RefusedReason::BookingUnknown);
        };
        if live.stage == Stage::InService {
            return Answer::Refused(RefusedReason::Expired);
        }
        if live.offer == command.offer {
            return Answer::PassedOver;
        }
        match self.offered(command.case, command.offer) {
            Some(slot) => self.free(slot, Some(command.booking)),
            None => Answer::Refused(RefusedReason::OfferUnknown),
        }
    }

    /// Whether `slot` can be had by a case that has no other booking than `own`.
    fn free(&self, slot: &Slot, own: Option<BookingId>) -> Answer {
        if slot.from <= self.now {
            return Answer::Refused(RefusedReason::OfferUnknown);
        }
        let others = self.bookings.iter().filter(|(id, _)| Some(**id) != own);
        let taken = others.map(|(_, live)| &live.slot).any(|other| shares(slot, other));
        let (bays, staff) = &self.centres[&slot.centre];
        let there = slot.bay <= *bays && staff.contains(&slot.technician);
        if taken || !there { Answer::Refused(RefusedReason::SlotTaken) } else { Answer::Done }
    }

    /// Takes over what was said; it must be possible where the log stands.
    fn apply(&mut self, input: &Envelope, output: &Envelope) {
        *self.report.counts.entry(output.name.clone()).or_default() += 1;
        if let Some(offered) = open::<SlotsOffered>(output) {
            self.offer(offered);
        } else if let Some(held) = open::<BookingHeld>(output) {
            let hold = open::<HoldSlot>(input).expect("only a hold holds");
            let slot = self.offered(hold.case, hold.offer).expect("what is held was offered");
            assert_eq!((&held.slot, held.case), (slot, hold.case), "exactly what was chosen");
            let until = self.now.saturating_add(HELD_FOR).min(slot.from);
            assert_eq!(held.held_until, until);
            let (offer, slot, stage) = (hold.offer, held.slot, Stage::Held(until));
            let live = Live { case: held.case, offer, slot, stage };
            self.waiting.remove(&held.case);
            assert!(self.bookings.insert(held.booking, live).is_none(), "a name of its own");
        } else if let Some(confirmed) = open::<BookingConfirmed>(output) {
            let live = self.known(confirmed.booking);
            assert!(matches!(live.stage, Stage::Held(_)) && live.slot == confirmed.slot);
            live.stage = Stage::Confirmed;
        } else if let Some(started) = open::<BookingStarted>(output) {
            let now = self.now;
            let early = open::<FindingRecorded>(input).is_some();
            let live = self.known(started.booking);
            assert!(early || live.stage == Stage::Confirmed && live.slot.from <= now, "{live:?}");
            live.stage = Stage::InService;
        } else if let Some(moved) = open::<BookingMoved>(output) {
            self.moved(input, moved);
        } else if let Some(refused) = open::<BookingRefused>(output) {
            *self.report.counts.entry(format!("{:?}", refused.reason)).or_default() += 1;
        } else {
            self.end(output);
        }
    }

    /// Only a case that waits is offered slots without asking, and only slots that are free.
    fn offer_unasked(&mut self, output: &Envelope) {
        let offered: SlotsOffered = open(output).expect("an offer");
        assert!(self.waiting.contains(&offered.case), "`{}` does not wait", offered.case);
        assert!(self.bookings.values().all(|live| live.case != offered.case));
        assert!(!offered.offers.is_empty());
        assert!(offered.offers.iter().all(|one| self.free(&one.slot, None) == Answer::Done));
        self.report.unasked += 1;
        self.offer(offered);
    }

    fn offer(&mut self, offered: SlotsOffered) {
        let booked = self.bookings.values().any(|live| live.case == offered.case);
        if offered.offers.is_empty() && !booked {
            self.waiting.insert(offered.case);
        } else {
            self.waiting.remove(&offered.case);
        }
        let slots = offered.offers.into_iter().map(|one| (one.offer, one.slot)).collect();
        self.offers.insert(offered.case, (offered.valid_until, slots));
    }

    fn moved(&mut self, input: &Envelope, moved: BookingMoved) {
        let command = open::<MoveBooking>(input);
        if let Some(command) = &command {
            let slot = self.offered(command.case, command.offer);
            assert_eq!(Some(&moved.slot), slot, "exactly what was chosen");
        } else {
            assert_eq!(input.name, CentreRegistered::NAME, "nothing else moves a booking");
        }
        let live = self.known(moved.booking);
        assert_eq!(live.slot, moved.before);
        live.offer = command.map_or(live.offer, |command| command.offer);
        live.slot = moved.slot;
        if let Stage::Held(until) = live.stage {
            live.stage = Stage::Held(until.min(live.slot.from));
        }
    }

    fn end(&mut self, output: &Envelope) {
        let now = self.now;
        let (booking, may) = if let Some(expired) = open::<BookingExpired>(output) {
            let over = |stage| matches!(stage, Stage::Held(until) if until <= now);
            (expired.booking, over(self.known(expired.booking).stage))
        } else if let Some(missed) = open::<BookingMissed>(output) {
            (missed.booking, self.known(missed.booking).stage == Stage::InService)
        } else if let Some(completed) = open::<BookingCompleted>(output) {
            (completed.booking, self.known(completed.booking).stage == Stage::InService)
        } else if output.name == DemandForecast::NAME {
            return;
        } else {
            let cancelled = open::<BookingCancelled>(output).expect("nothing else is said");
            (cancelled.booking, self.known(cancelled.booking).slot == cancelled.slot)
        };
        assert!(may, "`{}` of {:?}", output.name, self.known(booking));
        self.bookings.remove(&booking);
    }

    fn known(&mut self, booking: BookingId) -> &mut Live {
        self.bookings.get_mut(&booking).unwrap_or_else(|| panic!("`{booking}` does not live"))
    }

    fn assert_no_overlap(&self, input: &Envelope) {
        let all: Vec<&Live> = self.bookings.values().collect();
        for (at, one) in all.iter().enumerate() {
            for other in &all[at + 1..] {
                assert!(one.case != other.case, "two bookings of one case after {}", text(input));
                assert!(!shares(&one.slot, &other.slot), "{one:?} and {other:?}");
            }
            let (bays, staff) = &self.centres[&one.slot.centre];
            let there = one.slot.bay <= *bays && staff.contains(&one.slot.technician);
            let begun = one.slot.from <= self.now;
            assert!(there || begun, "{one:?} stands where nothing is left");
        }
    }
}

fn shares(one: &Slot, other: &Slot) -> bool {
    let same = one.bay == other.bay || one.technician == other.technician;
    one.centre == other.centre && same && one.from < other.to && other.from < one.to
}

/// What was answered: one thing at most.
fn answer(outputs: &[&Arc<Envelope>]) -> Answer {
    match outputs {
        [] => Answer::PassedOver,
        [one] => match open::<BookingRefused>(one) {
            Some(refused) => Answer::Refused(refused.reason),
            None => Answer::Done,
        },
        [started, completed] => {
            let names = (started.name.as_str(), completed.name.as_str());
            assert_eq!(names, (BookingStarted::NAME, BookingCompleted::NAME));
            Answer::Done
        }
        more => panic!("answered more than once: {more:?}"),
    }
}

fn open<M: Message>(envelope: &Envelope) -> Option<M> {
    (envelope.name == M::NAME).then(|| envelope.open().expect("what is on the log can be read"))
}

fn text(envelope: &Envelope) -> String {
    String::from_utf8_lossy(&envelope.data).into_owned()
}
