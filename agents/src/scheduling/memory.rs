//! What scheduling remembers of a network: centres, offers, live bookings, cases that wait for a slot, and demand.

use super::demand::Demand;
use messages::booking;
use messages::prediction::Severity;
use messages::{BookingId, CaseId, OfferId, Place, Record, Timestamp};
use models::schedule::{Booking, Job, Position, Problem, Slot, Stock, Window};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What is remembered of one network.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct State {
    pub(super) centres: BTreeMap<String, Centre>,
    /// The newest offers of each case.
    pub(super) offers: BTreeMap<CaseId, Offered>,
    /// Those that have not ended.
    pub(super) bookings: BTreeMap<BookingId, Live>,
    /// Cases for which there was no slot.
    pub(super) waiting: BTreeMap<CaseId, Waiting>,
    /// Visits of each centre, counted and foreseen.
    pub(super) demand: BTreeMap<String, Demand>,
    /// For when the timer is set.
    pub(super) wake_at: Option<Timestamp>,
}

impl Record for State {
    const SCHEMA: u16 = 130;
    // The homes and the waiting cases of version 1, the owners and the counts of version 2 are on the log only.
    const VERSION: u16 = 3;
}

/// A centre as it was last registered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Centre {
    pub(super) name: String,
    /// With what was last said of each part.
    pub(super) plan: models::schedule::Centre,
}

/// What a case was offered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Offered {
    pub(super) asset: String,
    pub(super) work: Work,
    pub(super) slots: Vec<(OfferId, Slot)>,
    pub(super) valid_until: Timestamp,
    /// The case waited and was offered this without asking; the first is promised to it among those that wait.
    pub(super) unasked: bool,
}

/// A case that waits for a slot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Waiting {
    pub(super) asset: String,
    pub(super) work: Work,
    /// Since when.
    pub(super) since: Timestamp,
    /// It is forgotten then.
    pub(super) until: Timestamp,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Work {
    /// Also the skill and the part that it needs.
    pub(super) component: String,
    pub(super) owner: Option<String>,
    /// Where the asset usually stands, if known.
    pub(super) home: Option<Place>,
    pub(super) minutes: u16,
    pub(super) severity: Severity,
    pub(super) earliest_at: Timestamp,
    pub(super) due_at: Timestamp,
    /// From and until when the owner would like it.
    pub(super) preferred: Option<(Timestamp, Timestamp)>,
}

/// A booking that has not ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Live {
    pub(super) case: CaseId,
    pub(super) asset: String,
    pub(super) offer: OfferId,
    pub(super) stage: Stage,
    pub(super) slot: Slot,
    pub(super) work: Work,
    /// When the slot was first held.
    pub(super) booked_at: Timestamp,
}

/// Where a booking stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Stage {
    /// Kept until then.
    Held {
        until: Timestamp,
    },
    Confirmed,
    /// Its time has come.
    InService,
}

impl State {
    /// The timer has fired: it is set no longer.
    pub(super) fn woken(&mut self) {
        self.wake_at = None;
    }

    /// The live booking of `case`.
    pub(super) fn booking_of(&self, case: CaseId) -> Option<(BookingId, &Live)> {
        let mut live = self.bookings.iter().filter(|(_, live)| live.case == case);
        live.next().map(|(id, live)| (*id, live))
    }

    /// The live booking `id`, if it is of `case`.
    pub(super) fn booking(&self, id: BookingId, case: CaseId) -> Option<&Live> {
        self.bookings.get(&id).filter(|live| live.case == case)
    }

    /// All that stands, for a question about `component` or none in particular.
    pub(super) fn problem(&self, now: Timestamp, component: Option<&str>) -> Problem {
        let works = self.bookings.values().map(|live| live.work.component.as_str());
        let parts: BTreeSet<&str> = works.chain(component).collect();
        let centres = self.centres.values().map(|centre| stocked(&centre.plan, &parts)).collect();
        let bookings = self.bookings.iter().map(|(id, live)| Booking {
            id: id.to_string(),
            job: live.work.job(live.case, &live.asset),
            slot: live.slot.clone(),
            fixed: live.stage == Stage::InService,
        });
        Problem { now, centres, bookings: bookings.collect(), demand: self.demand() }
    }

    /// All that stands, and the slots that were promised to waiting cases other than `case`.
    pub(super) fn problem_beside_promises(
        &self,
        now: Timestamp,
        case: CaseId,
        component: &str,
    ) -> Problem {
        let mut problem = self.problem(now, Some(component));
        let promised = self.offers.iter().filter(|(other, offered)| {
            offered.unasked && **other != case && self.booking_of(**other).is_none()
        });
        problem.bookings.extend(promised.filter_map(|(other, offered)| {
            let (offer, slot) = offered.slots.first()?;
            let (id, job) = (offer.to_string(), offered.work.job(*other, &offered.asset));
            Some(Booking { id, job, slot: slot.clone(), fixed: true })
        }));
        problem
    }

    /// `slot` in the words of messages; `None` when its centre was never registered.
    pub(super) fn said(&self, slot: &Slot) -> Option<booking::Slot> {
        let centre = self.centres.get(&slot.centre)?;
        Some(booking::Slot {
            centre: slot.centre.clone(),
            centre_name: centre.name.clone(),
            zone: centre.plan.zone.clone(),
            bay: slot.bay + 1,
            technician: slot.technician.clone(),
            from: slot.from,
            to: slot.until,
        })
    }

    /// When there is something to see to next.
    pub(super) fn next_due(&self, forgotten_after: std::time::Duration) -> Option<Timestamp> {
        let bookings = self.bookings.values().map(|live| live.due_at(forgotten_after));
        let offers = self.offers.values().map(|offered| offered.valid_until);
        let waiting = self.waiting.values().map(|waiting| waiting.until);
        let midnights = self.demand.values().map(|demand| demand.due_at);
        bookings.chain(offers).chain(waiting).chain(midnights).min()
    }
}

/// A centre that never spoke of a part is taken to have it: only what is counted can run out.
fn stocked(plan: &models::schedule::Centre, parts: &BTreeSet<&str>) -> models::schedule::Centre {
    let mut centre = plan.clone();
    for part in parts {
        if !plan.stock.iter().any(|stock| stock.part == *part) {
            let (pieces, there_at) = (u32::MAX, Timestamp::MIN);
            centre.stock.push(Stock { part: (*part).to_owned(), pieces, there_at });
        }
    }
    centre
}

impl Work {
    pub(super) fn job(&self, case: CaseId, asset: &str) -> Job {
        let once = |(from, until): (Timestamp, Timestamp)| Window::Once { from, until };
        Job {
            case: case.to_string(),
            asset: Some(asset.to_owned()),
            skill: self.component.clone(),
            minutes: self.minutes,
            part: Some(self.component.clone()),
            earliest_at: self.earliest_at,
            due_at: self.due_at,
            latest_at: None,
            severity: self.severity,
            zone: "UTC".to_owned(),
            able: Vec::new(),
            preferred: self.preferred.map(once).into_iter().collect(),
            centre: None,
            position: self
                .home
                .map(|home| Position { latitude: home.latitude(), longitude: home.longitude() }),
            km_by_centre: BTreeMap::new(),
            company: Vec::new(),
        }
    }
}

impl Live {
    /// When something is to be done about it.
    pub(super) fn due_at(&self, forgotten_after: std::time::Duration) -> Timestamp {
        match self.stage {
            Stage::Held { until } => until,
            Stage::Confirmed => self.slot.from,
            Stage::InService => self.slot.until.saturating_add(forgotten_after),
        }
    }
}
