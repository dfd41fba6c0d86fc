//! Mends a calendar after a bay, a technician, a day or a part has gone: few bookings move, all rules hold.

use super::calendar::{Asked, Calendar, Constraint};
use super::ground::{Ground, Spot};
use super::offers::Offer;
use super::penalty::Wishes;
use super::problem::{Booking, Problem, Slot};
use super::search::{Home, May, Search};
use super::{Invalid, JOBS_MAX, Settings, words};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// What has to change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Replan {
    /// Bookings that change, in the order of the question.
    pub moves: Vec<Move>,
    /// Bookings that cannot stay and for which nothing else was found.
    pub unplaced: Vec<Unplaced>,
    /// Broken bookings beyond [`JOBS_MAX`], not looked at: apply this answer, then ask again.
    pub left: Vec<String>,
    /// Looks at slots.
    pub evaluations: u32,
}

/// A booking that changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Move {
    /// Its name.
    pub booking: String,
    /// Where it was.
    pub old: Slot,
    /// Where it goes, with what speaks against it.
    pub new: Offer,
    /// Whether its owner has to know.
    pub change: Change,
    /// Why, for people.
    pub because: String,
}

/// How much a booking changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Another bay or technician at the same centre and time.
    Reassigned,
    /// Another time or centre.
    Moved,
}

/// A booking that cannot stay and has nowhere to go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unplaced {
    /// Its name.
    pub booking: String,
    /// What it breaks where it is.
    pub constraints: Vec<Constraint>,
    /// The same for people.
    pub because: String,
}

/// Bookings by their index, with the rules that they break.
type Broken = BTreeMap<usize, Vec<Constraint>>;

/// Moves what can no longer stay. Bookings that are fixed or have begun stay, whatever they break.
///
/// A booking goes to a start within its due time and not before the one that its owner agreed to; failing that
/// to an earlier one; failing that somebody else's booking makes room for a graver one; failing that it is late.
/// An owner who agreed to a start after the due time has agreed to later ones, too.
///
/// # Errors
/// [`Invalid`] for a question that cannot be.
pub fn replan(problem: &Problem, settings: &Settings, seed: u64) -> Result<Replan, Invalid> {
    let ground = Ground::new(problem, settings)?;
    let mut calendar = Calendar::new(&ground, settings);
    let broken = broken(problem, &mut calendar);
    let keys = tasks(problem, &ground, &broken);
    let left = broken.keys().filter(|key| !keys.contains(key));
    let left = left.map(|key| problem.bookings[*key].id.clone()).collect();
    let evaluations = calendar.evaluations;
    let mut mending =
        Mending { problem, ground: &ground, settings, seed, broken: &broken, keys, evaluations };
    let mended = mending.mended()?;
    let Mending { keys, evaluations, .. } = mending;
    let mut replan = Replan { moves: Vec::new(), unplaced: Vec::new(), left, evaluations };
    for (key, offer) in keys.into_iter().zip(mended.offers) {
        let booking = &problem.bookings[key];
        let because = match broken.get(&key) {
            Some(constraints) => {
                let site = ground.site(&booking.slot.centre).map(|at| &ground.sites[at]);
                words::lost(constraints, &booking.slot, site)
            }
            None => "it makes room for a graver booking, which would be too late otherwise".into(),
        };
        replan.add(booking, offer, broken.get(&key), because);
    }
    Ok(replan)
}

/// The search for where bookings go, in several attempts of which each allows more.
struct Mending<'a> {
    problem: &'a Problem,
    ground: &'a Ground<'a>,
    settings: &'a Settings,
    seed: u64,
    broken: &'a Broken,
    /// The bookings that are looked at: what is broken, and what shares a day with it.
    keys: Vec<usize>,
    evaluations: u32,
}

/// What an attempt came to, by the places of [`Mending::keys`].
struct Mended {
    allowed: Vec<May>,
    offers: Vec<Option<Offer>>,
}

impl Mended {
    fn lacking(&self) -> Vec<usize> {
        (0..self.offers.len()).filter(|at| self.offers[*at].is_none()).collect()
    }
}

impl Mending<'_> {
    fn mended(&mut self) -> Result<Mended, Invalid> {
        let agreed = |key: &usize| self.problem.bookings[*key].slot.from.as_millis();
        let first = |key: &usize| match self.broken.contains_key(key) {
            true => May::GoLater { agreed: agreed(key) },
            false => May::Stay,
        };
        let allowed = self.keys.iter().map(first).collect();
        let mut mended = self.attempt(allowed, false)?;
        for at in mended.lacking() {
            mended.allowed[at] = May::GoInTime { agreed: agreed(&self.keys[at]) };
        }
        mended = self.again(mended)?;
        mended = self.at_cost_of_others(mended)?;
        for at in mended.lacking() {
            mended.allowed[at] = May::GoAnywhere;
        }
        match mended.lacking().is_empty() {
            true => Ok(mended),
            false => self.attempt(mended.allowed, true),
        }
    }

    /// Another attempt with what is allowed now, unless nothing is lacking.
    fn again(&mut self, before: Mended) -> Result<Mended, Invalid> {
        if before.lacking().is_empty() {
            return Ok(before);
        }
        let after = self.attempt(before.allowed.clone(), false)?;
        Ok(if after.lacking().len() < before.lacking().len() { after } else { before })
    }

    /// Lets bookings make room that are less grave than one that would be too late; keeps that only if it is in
    /// time then.
    fn at_cost_of_others(&mut self, before: Mended) -> Result<Mended, Invalid> {
        let lacking = before.lacking();
        let gravest = lacking.iter().map(|at| self.booking(*at).job.severity).max();
        let Some(gravest) = gravest else { return Ok(before) };
        let mut allowed = before.allowed.clone();
        for (at, may) in allowed.iter_mut().enumerate().filter(|(_, may)| **may == May::Stay) {
            let Booking { job, slot, .. } = self.booking(at);
            if job.severity < gravest {
                *may = May::GoLater { agreed: slot.from.as_millis() };
            }
        }
        let mut after = self.attempt(allowed, false)?;
        if after.lacking().len() >= lacking.len() || !self.is_fair(&before, &after) {
            return Ok(before);
        }
        for at in 0..self.keys.len() {
            if before.allowed[at] == May::Stay && self.stays(at, &after) {
                after.allowed[at] = May::Stay;
            }
        }
        Ok(after)
    }

    /// Whether each that makes room does so for a graver one, which had no slot before.
    fn is_fair(&self, before: &Mended, after: &Mended) -> bool {
        let severity = |at: usize| self.booking(at).job.severity;
        let gained = before.lacking().into_iter().filter(|at| after.offers[*at].is_some());
        let gained = gained.map(severity).max();
        let others = (0..self.keys.len()).filter(|at| before.allowed[*at] == May::Stay);
        let moved = others.filter(|at| !self.stays(*at, after)).map(severity).max();
        moved.is_none() || moved < gained
    }

    fn stays(&self, at: usize, mended: &Mended) -> bool {
        let old = &self.booking(at).slot;
        let new = mended.offers[at].as_ref().map(|offer| &offer.slot);
        new.is_some_and(|new| (&new.centre, new.from) == (&old.centre, old.from))
    }

    fn booking(&self, at: usize) -> &Booking {
        &self.problem.bookings[self.keys[at]]
    }

    /// Searches with half of the looks that are left, or with all in the `last` attempt.
    fn attempt(&mut self, allowed: Vec<May>, last: bool) -> Result<Mended, Invalid> {
        let (problem, ground) = (self.problem, self.ground);
        let left = self.settings.evaluations.saturating_sub(self.evaluations);
        let spent = if last { left } else { left / 2 };
        let evaluations = self.evaluations + spent;
        let settings = Settings { evaluations, ..self.settings.clone() };
        let keep = |key: usize| !self.keys.contains(&key) && !self.broken.contains_key(&key);
        let mut calendar = Calendar::new(ground, &settings).with(problem, keep);
        calendar.evaluations = self.evaluations;
        let mut search = Search::new(calendar, &settings, self.seed, problem.bookings.len());
        for (&key, &may) in self.keys.iter().zip(&allowed) {
            let booking = &problem.bookings[key];
            let is_broken = self.broken.contains_key(&key);
            let home = home(ground, booking, is_broken);
            let mut wishes = Wishes::new(ground, &booking.job)?;
            wishes.origin = home.map(|home| (home.spot.centre, home.spot.from));
            wishes.could_stay = !is_broken;
            search.task(wishes, home, may);
        }
        search.run();
        let offers = (0..self.keys.len()).map(|task| search.offer(task)).collect();
        self.evaluations = search.calendar.evaluations;
        Ok(Mended { allowed, offers })
    }
}

impl Replan {
    fn add(
        &mut self,
        booking: &Booking,
        offer: Option<Offer>,
        broken: Option<&Vec<Constraint>>,
        because: String,
    ) {
        let (id, old) = (booking.id.clone(), booking.slot.clone());
        match offer {
            Some(new) if new.slot == old => {}
            Some(new) => {
                let stays = (&new.slot.centre, new.slot.from) == (&old.centre, old.from);
                let change = if stays { Change::Reassigned } else { Change::Moved };
                let because = match new.slot.from < old.from {
                    true => format!(
                        "{because}; nothing later is free in time, so it begins earlier than agreed"
                    ),
                    false => because,
                };
                self.moves.push(Move { booking: id, old, new, change, because });
            }
            None => {
                let constraints = broken.cloned().unwrap_or_default();
                self.unplaced.push(Unplaced { booking: id, constraints, because });
            }
        }
    }
}

fn is_movable(problem: &Problem, booking: &Booking) -> bool {
    !booking.fixed && booking.slot.from > problem.now
}

/// Puts the bookings on an empty calendar one by one, those that cannot move first, then the graver, then
/// the earlier; those that do not fit are broken.
fn broken<'a>(problem: &'a Problem, calendar: &mut Calendar<'a>) -> Broken {
    let mut keys: Vec<usize> = (0..problem.bookings.len()).collect();
    keys.sort_by_key(|&key| {
        let booking = &problem.bookings[key];
        (is_movable(problem, booking), Reverse(booking.job.severity), booking.slot.from, key)
    });
    let mut broken = Broken::new();
    for key in keys {
        let booking = &problem.bookings[key];
        let constraints = breaks(calendar, booking);
        if constraints.is_empty() || !is_movable(problem, booking) {
            calendar.book(key, booking);
        } else {
            broken.insert(key, constraints);
        }
    }
    broken
}

fn breaks(calendar: &mut Calendar<'_>, booking: &Booking) -> Vec<Constraint> {
    let Slot { centre: id, bay, technician, from, .. } = &booking.slot;
    let Some(home) = home(calendar.ground, booking, false) else {
        let centre = id.clone();
        return match calendar.ground.site(id) {
            None => vec![Constraint::Centre { centre }],
            Some(at) => {
                let date = calendar.ground.sites[at].date_of(from.as_millis());
                vec![Constraint::Hours { centre, date }]
            }
        };
    };
    let technician = calendar.ground.sites[home.spot.centre].technician(technician);
    let liked = (Some(*bay), technician);
    let asked = Asked {
        job: &booking.job,
        spot: home.spot,
        stays: true,
        agreed: true,
        liked,
        exactly: true,
    };
    let Some(verdict) = calendar.look(&asked) else { return Vec::new() };
    calendar.constraints(&booking.job, home.spot, verdict.against)
}

/// Where `booking` is; `None` when its centre is gone or never opens.
fn home(ground: &Ground<'_>, booking: &Booking, displaced: bool) -> Option<Home> {
    let Slot { centre, bay, technician, from, until } = &booking.slot;
    let centre = ground.site(centre)?;
    let site = &ground.sites[centre];
    let (from, until) = (from.as_millis(), until.as_millis());
    let spot = Spot { from, until, centre, day: site.day_of(from)? };
    let (bay, technician) = (Some(*bay), site.technician(technician));
    Some(Home { spot, bay, technician, displaced })
}

/// The broken bookings, the gravest first, and as many as can be of those that share a day with them.
fn tasks(problem: &Problem, ground: &Ground<'_>, broken: &Broken) -> Vec<usize> {
    let bookings = &problem.bookings;
    let mut tasks: Vec<usize> = broken.keys().copied().collect();
    tasks.sort_by_key(|&key| (Reverse(bookings[key].job.severity), bookings[key].slot.from, key));
    tasks.truncate(JOBS_MAX);
    let day = |key: usize| {
        let spot = home(ground, &bookings[key], false)?.spot;
        Some((spot.centre, spot.day))
    };
    let days: std::collections::BTreeSet<_> = tasks.iter().filter_map(|key| day(*key)).collect();
    let neighbours = (0..bookings.len()).filter(|&key| {
        !broken.contains_key(&key)
            && is_movable(problem, &bookings[key])
            && day(key).is_some_and(|day| days.contains(&day))
    });
    let room = JOBS_MAX - tasks.len();
    tasks.extend(neighbours.take(room));
    tasks.sort_unstable();
    tasks
}
