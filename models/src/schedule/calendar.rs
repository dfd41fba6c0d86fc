//! Knows what is taken, and says of a spot which hard rules speak against it.

use super::Settings;
use super::ground::{Ground, MINUTE, Spot, moment};
use super::numbers::Numbers;
use super::penalty::known_km;
use super::problem::{Booking, Job, Problem};
use jiff::civil::Date;
use messages::prediction::Severity;
use messages::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A hard rule that stands in the way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Constraint {
    /// The case has a live booking already.
    Case {
        /// That booking.
        booking: String,
    },
    /// The centre is not of this network.
    Centre {
        /// Its name.
        centre: String,
    },
    /// It begins before now, or before the job can begin.
    Early {
        /// The earliest moment.
        at: Timestamp,
    },
    /// It begins later than the job, or the horizon, allows.
    Latest {
        /// The latest moment.
        at: Timestamp,
    },
    /// It is farther away than is looked.
    Reach {
        /// The centre.
        centre: String,
        /// How far it is, in kilometres.
        km: u32,
        /// How far is looked, in kilometres.
        reach_km: u32,
    },
    /// It is not within opening hours.
    Hours {
        /// The centre.
        centre: String,
        /// The day, in the centre's zone.
        date: Date,
    },
    /// The centre has a holiday.
    Holiday {
        /// The centre.
        centre: String,
        /// The day, in the centre's zone.
        date: Date,
    },
    /// No bay is free.
    Bay {
        /// The centre.
        centre: String,
    },
    /// Nobody who can do it is free.
    Technician {
        /// The centre.
        centre: String,
        /// What they would have to be able to do.
        skill: String,
        /// How many there can do it at all.
        skilled: usize,
    },
    /// The part is not there by then, or kept for others.
    Part {
        /// The centre.
        centre: String,
        /// The part.
        part: String,
        /// When the next piece comes that is not promised, if one does.
        there_at: Option<Timestamp>,
    },
    /// The day's emergency places would no longer be free.
    EmergencyPlaces {
        /// The centre.
        centre: String,
        /// The day, in the centre's zone.
        date: Date,
        /// How many stay free.
        places: u16,
    },
    /// The asset is at another visit then.
    Elsewhere {
        /// The asset.
        asset: String,
        /// The centre of that visit.
        centre: String,
    },
}

/// Hard rules as bits.
pub(super) type Against = u16;
pub(super) const LATEST: Against = 1;
pub(super) const HOURS: Against = 2;
pub(super) const HOLIDAY: Against = 4;
pub(super) const BAY: Against = 8;
pub(super) const TECHNICIAN: Against = 16;
pub(super) const PART: Against = 32;
pub(super) const PLACES: Against = 64;
pub(super) const EARLY: Against = 128;
pub(super) const REACH: Against = 256;
pub(super) const ELSEWHERE: Against = 512;
/// All of them, in the order in which people are told.
const ALL: [Against; 10] =
    [EARLY, LATEST, REACH, HOURS, HOLIDAY, ELSEWHERE, BAY, TECHNICIAN, PART, PLACES];

/// What a look at a spot shows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Verdict {
    pub(super) against: Against,
    pub(super) bay: Option<u16>,
    pub(super) technician: Option<u16>,
}

/// Something on the calendar of a centre.
#[derive(Clone, Debug)]
pub(super) struct Taken<'a> {
    /// Whose it is: index of a booking or job.
    pub(super) key: usize,
    /// What is repaired, if known.
    pub(super) asset: Option<&'a str>,
    pub(super) from: i64,
    pub(super) until: i64,
    /// `None` when the centre no longer has it.
    pub(super) bay: Option<u16>,
    pub(super) technician: Option<u16>,
    pub(super) part: Option<&'a str>,
    pub(super) routine: bool,
    /// Put there by this search at a time of its choice.
    pub(super) chosen: bool,
}

/// When and at which centre an asset is.
#[derive(Clone, Copy, Debug)]
struct Visit {
    key: usize,
    centre: usize,
    from: i64,
    until: i64,
}

/// What is asked of a spot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    pub(super) job: &'a Job,
    pub(super) spot: Spot,
    /// The spot is where the booking already is: it takes no further emergency place.
    pub(super) stays: bool,
    /// The owner has agreed to this centre, however far it is.
    pub(super) agreed: bool,
    /// Bay and technician to keep if they are free.
    pub(super) liked: (Option<u16>, Option<u16>),
    /// Only these will do.
    pub(super) exactly: bool,
}

/// The calendars of all centres, and how often they may still be looked at.
pub(super) struct Calendar<'a> {
    pub(super) ground: &'a Ground<'a>,
    emergency: i64,
    reach_km: f64,
    taken: Vec<Vec<Taken<'a>>>,
    /// Visits of each asset that is known.
    visits: BTreeMap<&'a str, Vec<Visit>>,
    /// Looks at spots so far.
    pub(super) evaluations: u32,
    evaluations_max: u32,
}

impl<'a> Calendar<'a> {
    pub(super) fn new(ground: &'a Ground<'a>, settings: &Settings) -> Self {
        let taken = ground.sites.iter().map(|_| Vec::new()).collect();
        let emergency = i64::from(settings.emergency_minutes) * MINUTE;
        let (reach_km, evaluations_max) = (settings.reach_km, settings.evaluations);
        let visits = BTreeMap::new();
        Self { ground, emergency, reach_km, taken, visits, evaluations: 0, evaluations_max }
    }

    /// With the bookings of `problem` that `keep` keeps, each under its index.
    pub(super) fn with(mut self, problem: &'a Problem, keep: impl Fn(usize) -> bool) -> Self {
        for (key, booking) in problem.bookings.iter().enumerate().filter(|(key, _)| keep(*key)) {
            self.book(key, booking);
        }
        self
    }

    /// Puts `booking` where it is; a bay or technician that is gone is not taken, nor a centre.
    pub(super) fn book(&mut self, key: usize, booking: &'a Booking) {
        let Some(centre) = self.ground.site(&booking.slot.centre) else { return };
        let site = &self.ground.sites[centre];
        let taken = Taken {
            key,
            asset: booking.job.asset.as_deref(),
            from: booking.slot.from.as_millis(),
            until: booking.slot.until.as_millis(),
            bay: Some(booking.slot.bay).filter(|bay| *bay < site.centre.bays),
            technician: site.technician(&booking.slot.technician),
            part: booking.job.part.as_deref(),
            routine: is_routine(&booking.job),
            chosen: false,
        };
        self.add(centre, taken);
    }

    pub(super) fn add(&mut self, centre: usize, taken: Taken<'a>) {
        if let Some(asset) = taken.asset {
            let Taken { key, from, until, .. } = taken;
            self.visits.entry(asset).or_default().push(Visit { key, centre, from, until });
        }
        self.taken[centre].push(taken);
    }

    pub(super) fn remove(&mut self, centre: usize, key: usize) {
        let (taken, visits) = (&mut self.taken[centre], &mut self.visits);
        let assets = taken.iter().filter(|taken| taken.key == key).filter_map(|taken| taken.asset);
        for asset in assets {
            visits.entry(asset).or_default().retain(|visit| visit.key != key);
        }
        taken.retain(|taken| taken.key != key);
    }

    /// Whether the budget allows no further look.
    pub(super) fn is_spent(&self) -> bool {
        self.evaluations >= self.evaluations_max
    }

    /// Counts one look; `false` when there is none left.
    pub(super) fn spend(&mut self) -> bool {
        let left = !self.is_spent();
        self.evaluations += u32::from(left);
        left
    }

    /// Minutes that others than `key` have booked on the day of `spot`, and how many they are by `counts`.
    pub(super) fn booked(
        &self,
        (centre, day): (usize, usize),
        key: Option<usize>,
        counts: impl Fn(usize) -> bool,
    ) -> (i64, u32) {
        let day = &self.ground.sites[centre].days[day];
        let others = self.taken[centre].iter();
        let others = others.filter(|taken| Some(taken.key) != key && day.holds(taken.from));
        others.fold((0, 0), |(sum, number), taken| {
            (sum + (taken.until - taken.from), number + u32::from(counts(taken.key)))
        })
    }

    /// Looks at a spot; `None` when the budget is spent.
    pub(super) fn look(&mut self, asked: &Asked<'_>) -> Option<Verdict> {
        self.spend().then(|| self.verdict(asked))
    }

    fn verdict(&self, asked: &Asked<'_>) -> Verdict {
        let Asked { job, spot, .. } = *asked;
        let site = &self.ground.sites[spot.centre];
        let day = &site.days[spot.day];
        let (bays, technicians) = self.busy(spot);
        let skilled = site.skilled(&job.skill);
        let count = site.centre.bays;
        let is_free = |bay| bay < count && !bays.holds(bay);
        let bay = pick(asked.liked.0, asked.exactly, 0..count, is_free);
        let order = site.order.iter().copied();
        let is_free = |at| skilled.holds(at) && !technicians.holds(at);
        let technician = pick(asked.liked.1, asked.exactly, order, is_free);
        let floor = self.ground.now.max(job.earliest_at.as_millis());
        let rules = [
            (EARLY, !asked.stays && spot.from < floor),
            (LATEST, !asked.stays && spot.from > self.ground.latest(job)),
            (REACH, !asked.stays && !asked.agreed && self.is_too_far(job, spot)),
            (HOURS, day.closed || !day.is_within_hours(spot)),
            (HOLIDAY, day.holiday),
            (ELSEWHERE, self.elsewhere(job, spot).is_some()),
            (BAY, bay.is_none()),
            (TECHNICIAN, technician.is_none()),
            (PART, !self.part_is_there(job, spot)),
            (PLACES, self.takes_emergency_place(asked, bay, technician)),
        ];
        let broken = rules.iter().filter(|(_, broken)| *broken);
        Verdict { against: broken.fold(0, |bits, (bit, _)| bits | bit), bay, technician }
    }

    /// Whether the way there is known and longer than is looked.
    fn is_too_far(&self, job: &Job, spot: Spot) -> bool {
        let centre = self.ground.sites[spot.centre].centre;
        known_km(job, centre).is_some_and(|km| km > self.reach_km)
    }

    /// The centre at which the asset of `job` is at some time of `spot`.
    fn elsewhere(&self, job: &Job, spot: Spot) -> Option<usize> {
        let visits = self.visits.get(job.asset.as_deref()?)?;
        let mut meeting =
            visits.iter().filter(|visit| visit.from < spot.until && spot.from < visit.until);
        meeting.next().map(|visit| visit.centre)
    }

    /// Bays and technicians that are busy at some time of `spot`.
    fn busy(&self, spot: Spot) -> (Numbers, Numbers) {
        let meets = |taken: &&Taken<'_>| taken.from < spot.until && spot.from < taken.until;
        occupied(self.taken[spot.centre].iter().filter(meets))
    }

    /// Whether there is a piece for this job and, from then on, one for all who have theirs promised.
    fn part_is_there(&self, job: &Job, spot: Spot) -> bool {
        let Some(part) = job.part.as_deref() else { return true };
        let stock = &self.ground.sites[spot.centre].centre.stock;
        let promised = || self.taken[spot.centre].iter().filter(|taken| taken.part == Some(part));
        let enough = |at: i64| {
            let there =
                stock.iter().filter(|one| one.part == part && one.there_at.as_millis() <= at);
            let pieces: u64 = there.map(|one| u64::from(one.pieces)).sum();
            let used = promised().filter(|taken| taken.from <= at).count() as u64;
            pieces > used
        };
        enough(spot.from)
            && promised().filter(|taken| taken.from > spot.from).all(|taken| enough(taken.from))
    }

    fn takes_emergency_place(
        &self,
        asked: &Asked<'_>,
        bay: Option<u16>,
        technician: Option<u16>,
    ) -> bool {
        let Spot { from, until, centre, day } = asked.spot;
        let site = &self.ground.sites[centre];
        let needed = usize::from(site.centre.emergency_places);
        if needed == 0 || !is_routine(asked.job) {
            return false;
        }
        let chosen =
            |taken: &Taken<'_>| taken.chosen && taken.routine && site.days[day].holds(taken.from);
        if asked.stays && !self.taken[centre].iter().any(chosen) {
            return false;
        }
        let own = Taken {
            key: 0,
            asset: None,
            from,
            until,
            bay,
            technician,
            part: None,
            routine: true,
            chosen: true,
        };
        self.places_left(centre, day, &own) < needed
    }

    /// Emergency places of the day that routine work and `own` leave, from now on.
    ///
    /// What `own` lacks for other reasons is taken as given: one more bay or technician, which it takes itself, and hours
    /// as long as a relaxation looks. So a place is missing only where it would be missing then, too.
    fn places_left(&self, centre: usize, day: usize, own: &Taken<'_>) -> usize {
        let site = &self.ground.sites[centre];
        let (no_bay, nobody) =
            (usize::from(own.bay.is_none()), usize::from(own.technician.is_none()));
        let bays = usize::from(site.centre.bays) + no_bay;
        let people = site.centre.technicians.len() + nobody;
        let spans = site.days[day].spans_with((own.from, own.until), self.emergency);
        let pieces = spans.into_iter().flat_map(|(open, close)| {
            let length = self.emergency;
            let piece = move |number| (open + number * length, open + (number + 1) * length);
            (0..).map(piece).take_while(move |(_, until)| *until <= close)
        });
        let free = pieces.filter(|(from, _)| *from >= self.ground.now).map(|(from, until)| {
            let meets = |one: &&Taken<'_>| one.from < until && from < one.until;
            let routine = self.taken[centre].iter().filter(|taken| taken.routine);
            let (bays_busy, people_busy) = occupied(routine.chain([own]).filter(meets));
            let itself = usize::from(meets(&own));
            let bays_free = bays - bays_busy.len() - no_bay * itself;
            bays_free.min(people - people_busy.len() - nobody * itself)
        });
        free.sum()
    }

    /// What the bits of `against` mean at `spot`.
    pub(super) fn constraints(&self, job: &Job, spot: Spot, against: Against) -> Vec<Constraint> {
        let bits = ALL.iter().filter(|bit| against & **bit != 0);
        bits.map(|bit| self.constraint(job, spot, *bit)).collect()
    }

    fn constraint(&self, job: &Job, spot: Spot, bit: Against) -> Constraint {
        let site = &self.ground.sites[spot.centre];
        let (centre, date) = (site.centre.id.clone(), site.days[spot.day].date);
        match bit {
            EARLY => {
                Constraint::Early { at: moment(self.ground.now.max(job.earliest_at.as_millis())) }
            }
            LATEST => Constraint::Latest { at: moment(self.ground.latest(job)) },
            REACH => {
                let km = whole(known_km(job, site.centre).unwrap_or_default().ceil());
                Constraint::Reach { centre, km, reach_km: whole(self.reach_km) }
            }
            HOURS => Constraint::Hours { centre, date },
            HOLIDAY => Constraint::Holiday { centre, date },
            ELSEWHERE => {
                let at = self.elsewhere(job, spot).unwrap_or(spot.centre);
                let centre = self.ground.sites[at].centre.id.clone();
                Constraint::Elsewhere { asset: job.asset.clone().unwrap_or_default(), centre }
            }
            BAY => Constraint::Bay { centre },
            TECHNICIAN => {
                let skilled = site.skilled(&job.skill).len();
                Constraint::Technician { centre, skill: job.skill.clone(), skilled }
            }
            PART => {
                let part = job.part.clone().unwrap_or_default();
                let stock = site.centre.stock.iter().filter(|one| one.part == part);
                let later = stock.map(|one| one.there_at.as_millis()).filter(|at| *at > spot.from);
                let free =
                    later.filter(|from| self.part_is_there(job, Spot { from: *from, ..spot }));
                let there_at = free.min().map(moment);
                Constraint::Part { centre, part, there_at }
            }
            _ => {
                let places = site.centre.emergency_places;
                Constraint::EmergencyPlaces { centre, date, places }
            }
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "kilometres on earth are few, and none is below 0"
)]
fn whole(km: f64) -> u32 {
    km as u32
}

/// Whether `job` leaves emergency places to others.
pub(super) fn is_routine(job: &Job) -> bool {
    job.severity < Severity::Critical
}

fn occupied<'a, 'b: 'a>(taken: impl Iterator<Item = &'a Taken<'b>>) -> (Numbers, Numbers) {
    let (mut bays, mut people) = (Numbers::default(), Numbers::default());
    for taken in taken {
        bays.extend(taken.bay);
        people.extend(taken.technician);
    }
    (bays, people)
}

/// The liked one if it is free; else, unless it must be that one, the first that is.
fn pick(
    liked: Option<u16>,
    exactly: bool,
    mut all: impl Iterator<Item = u16>,
    free: impl Fn(u16) -> bool,
) -> Option<u16> {
    match liked.filter(|at| free(*at)) {
        None if !exactly => all.find(|at| free(*at)),
        liked => liked,
    }
}
