//! What many customers, workshops and planners might do, in any order, by chance from one seed.

use messages::booking::{
    CancelBooking, ConfirmBooking, HoldSlot, MoveBooking, NoShowRecorded, OfferSlots,
};
use messages::centre::{CentreRegistered, OpeningHours, Technician};
use messages::finding::FindingRecorded;
use messages::prediction::Severity;
use messages::{BookingId, CaseId, Message, MessageId, OfferId, Timestamp};
use runtime::testkit::World;
use std::collections::BTreeMap;
use std::time::Duration;

const NETWORK: &str = "main";
const CUSTOMERS: usize = 24;
/// Questions and holds of a customer that may still be referred to.
const REMEMBERED: usize = 2;
const STAFF: [&str; 3] = ["ana", "bo", "cy"];

/// Open on every day from 8 to 16 in UTC, no places kept for emergencies.
pub(crate) fn centre(id: &str, bays: u16, technicians: &[&str]) -> CentreRegistered {
    let hours = |weekday| OpeningHours { weekday, opens_minute: 480, closes_minute: 960 };
    let technician =
        |id: &&str| Technician { id: (*id).to_owned(), skills: vec!["brake".to_owned()] };
    CentreRegistered {
        centre: id.to_owned(),
        network: NETWORK.to_owned(),
        name: id.to_uppercase(),
        zone: "UTC".to_owned(),
        bays,
        technicians: technicians.iter().map(technician).collect(),
        emergency_slots_per_day: 0,
        hours: (1..=7).map(hours).collect(),
        holidays: Vec::new(),
        latitude: None,
        longitude: None,
        rating: None,
    }
}

/// Somebody with one case.
pub(crate) struct Customer {
    pub(crate) case: CaseId,
    asset: String,
    asked: Vec<MessageId>,
    held: Vec<MessageId>,
    /// The booking that was last seen to live.
    live: Option<BookingId>,
}

impl Customer {
    pub(crate) fn new(number: usize) -> Self {
        let asset = format!("VEH{number:04}");
        let case = CaseId::of(MessageId::named("test", &asset), "brake");
        Self { case, asset, asked: Vec::new(), held: Vec::new(), live: None }
    }

    pub(crate) fn ask(&self, now: Timestamp) -> OfferSlots {
        OfferSlots {
            network: NETWORK.to_owned(),
            case: self.case,
            asset: self.asset.clone(),
            owner: None,
            home: None,
            component: "brake".to_owned(),
            duration_minutes: 120,
            severity: Severity::High,
            earliest_at: now,
            due_at: now.saturating_add(Duration::from_secs(24 * 3_600)),
            preferred: None,
            expires_at: now.saturating_add(Duration::from_secs(600)),
        }
    }

    pub(crate) fn hold(&self, offer: OfferId, now: Timestamp) -> HoldSlot {
        HoldSlot {
            network: NETWORK.to_owned(),
            case: self.case,
            asset: self.asset.clone(),
            offer,
            expires_at: now.saturating_add(Duration::from_secs(600)),
        }
    }
}

/// Chance from one seed: `SplitMix64`, G. L. Steele et al., OOPSLA 2014.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let z = usize::try_from((z ^ (z >> 31)) >> 1).expect("a 64-bit machine");
        z % end
    }
}

/// Performs one operation after the other; they wait on the log in lots of chance size.
pub(crate) struct Operations {
    seed: u64,
    chance: Chance,
    customers: Vec<Customer>,
    said: u64,
}

impl Operations {
    pub(crate) fn seeded(seed: u64) -> Self {
        let customers = (0..CUSTOMERS).map(Customer::new).collect();
        Self { seed, chance: Chance(seed), customers, said: 0 }
    }

    /// Does something, and sometimes lets the agent handle what waits, or time pass.
    pub(crate) fn perform(&mut self, world: &mut World) {
        if self.said == 0 {
            self.say(world, &centre("north", 2, &STAFF[..2]));
            self.say(world, &centre("south", 1, &STAFF[2..]));
        }
        let customer = self.chance.below(CUSTOMERS);
        match self.chance.below(100) {
            0..20 => self.ask(world, customer),
            20..45 => self.hold(world, customer),
            45..75 => self.confirm(world, customer),
            75..85 => self.change(world, customer),
            85..90 => self.cancel(world, customer),
            90..94 => self.miss(world, customer),
            94..97 => self.find(world, customer),
            97..98 => self.rebuild(world),
            _ => {}
        }
        match self.chance.below(200) {
            0..3 => world.advance(Duration::from_secs(60 * self.chance.below(8) as u64)),
            3 => world.advance(Duration::from_secs(3_600 * self.chance.below(6) as u64)),
            4..24 => self.look(world),
            _ => {}
        }
    }

    /// Lets the agent handle what waits, and learns which bookings live: to ask for what is likely, not to judge.
    fn look(&mut self, world: &mut World) {
        world.settle();
        let state = world.state::<agents::Scheduling>(NETWORK).unwrap_or_default();
        let bookings = state["bookings"].as_object().into_iter().flatten();
        let live: BTreeMap<&str, BookingId> = bookings
            .filter_map(|(id, live)| Some((live["case"].as_str()?, id.parse().ok()?)))
            .collect();
        for customer in &mut self.customers {
            let newest = live.get(customer.case.to_string().as_str()).copied();
            customer.live = newest.or(customer.live);
        }
    }

    /// Says `message`; the id that it gets.
    fn say<M: Message>(&mut self, world: &mut World, message: &M) -> MessageId {
        self.said += 1;
        world.append(message);
        MessageId::named("world", &format!("{}/{}", self.seed, self.said))
    }

    /// Most commands are in time.
    fn expires(&mut self, world: &mut World) -> Timestamp {
        let now = world.conductor().now();
        match self.chance.below(20) {
            0 => now.saturating_sub(Duration::from_secs(1)),
            _ => now.saturating_add(Duration::from_secs(300)),
        }
    }

    /// One of the newest offers of the customer, now and then of another.
    fn offer(&mut self, customer: usize) -> Option<OfferId> {
        let of = if self.chance.below(20) == 0 { self.chance.below(CUSTOMERS) } else { customer };
        let asked = &self.customers[of].asked;
        let asked = asked.iter().rev().nth(if self.chance.below(4) == 0 { 1 } else { 0 })?;
        Some(OfferId::of(*asked, &self.chance.below(3).to_string()))
    }

    fn booking(&mut self, customer: usize) -> Option<BookingId> {
        let of = if self.chance.below(20) == 0 { self.chance.below(CUSTOMERS) } else { customer };
        let Customer { live, held, .. } = &self.customers[of];
        let guessed = held.last().map(|hold| BookingId::of(*hold, ""));
        if self.chance.below(4) == 0 { guessed } else { live.or(guessed) }
    }

    fn who(&self, customer: usize) -> (String, CaseId, String) {
        let Customer { case, asset, .. } = &self.customers[customer];
        (NETWORK.to_owned(), *case, asset.clone())
    }

    fn ask(&mut self, world: &mut World, customer: usize) {
        let now = world.conductor().now();
        let expires_at = self.expires(world);
        let command = OfferSlots { expires_at, ..self.customers[customer].ask(now) };
        let id = self.say(world, &command);
        let asked = &mut self.customers[customer].asked;
        asked.push(id);
        asked.drain(..asked.len().saturating_sub(REMEMBERED));
    }

    fn hold(&mut self, world: &mut World, customer: usize) {
        let Some(offer) = self.offer(customer) else { return };
        let expires_at = self.expires(world);
        let (network, case, asset) = self.who(customer);
        let id = self.say(world, &HoldSlot { network, case, asset, offer, expires_at });
        let held = &mut self.customers[customer].held;
        held.push(id);
        held.drain(..held.len().saturating_sub(REMEMBERED));
    }

    fn confirm(&mut self, world: &mut World, customer: usize) {
        let Some(booking) = self.booking(customer) else { return };
        let expires_at = self.expires(world);
        let (network, case, asset) = self.who(customer);
        self.say(world, &ConfirmBooking { network, case, asset, booking, expires_at });
    }

    fn change(&mut self, world: &mut World, customer: usize) {
        let (Some(booking), Some(offer)) = (self.booking(customer), self.offer(customer)) else {
            return;
        };
        let expires_at = self.expires(world);
        let (network, case, asset) = self.who(customer);
        let reason = "another time suits better".to_owned();
        let command = MoveBooking { network, case, asset, booking, offer, reason, expires_at };
        self.say(world, &command);
    }

    fn cancel(&mut self, world: &mut World, customer: usize) {
        let Some(booking) = self.booking(customer) else { return };
        let expires_at = self.expires(world);
        let (network, case, asset) = self.who(customer);
        let reason = "no longer wanted".to_owned();
        let command = CancelBooking { network, case, asset, booking, reason, expires_at };
        self.say(world, &command);
    }

    fn miss(&mut self, world: &mut World, customer: usize) {
        let Some(booking) = self.booking(customer) else { return };
        let (network, case, asset) = self.who(customer);
        let by = "workshop".to_owned();
        self.say(world, &NoShowRecorded { network, case, asset, booking, by });
    }

    fn find(&mut self, world: &mut World, customer: usize) {
        let booking = self.booking(customer);
        let (network, case, asset) = self.who(customer);
        let finding = FindingRecorded {
            asset,
            network: Some(network),
            booking,
            case: Some(case),
            examined: "brake".to_owned(),
            component: None,
            cause: None,
            part: None,
            batch: None,
            repaired: false,
            found_at: world.conductor().now(),
            by: "workshop".to_owned(),
        };
        self.say(world, &finding);
    }

    /// A bay or somebody is lost, or comes back.
    fn rebuild(&mut self, world: &mut World) {
        let staff = self.chance.below(3);
        let bays = [1, 2][self.chance.below(2)];
        let registered = match self.chance.below(2) {
            0 => centre("north", bays, &STAFF[..=staff.min(1)]),
            _ => centre("south", bays, &STAFF[staff..]),
        };
        self.say(world, &registered);
    }
}
