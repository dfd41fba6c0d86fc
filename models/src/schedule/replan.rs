//! Mends a calendar after a bay, a technician, a day or a part has gone: few bookings move, all rules hold.

use super::calendar::{Asked, Calendar, Constraint};
use super::ground::{Ground, Spot};
use super::offers::Offer;
use super::penalty::Wishes;
use super::problem::{Booking, Problem, Slot};
use super::search::{Home, Search};
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

/// Moves what can no longer stay, and others only where that saves more than it costs. Bookings that are
/// fixed or have begun stay, whatever they break.
///
/// # Errors
/// [`Invalid`] for a question that cannot be.
pub fn replan(problem: &Problem, settings: &Settings, seed: u64) -> Result<Replan, Invalid> {
    let ground = Ground::new(problem, settings)?;
    let mut calendar = Calendar::new(&ground, settings);
    let broken = broken(problem, &mut calendar);
    let looked = calendar.evaluations;
    let tasks = tasks(problem, &ground, &broken);
    let left = broken.keys().filter(|key| !tasks.contains(key));
    let left: Vec<usize> = left.copied().collect();

    let keep = |key: usize| !tasks.contains(&key) && !broken.contains_key(&key);
    let mut calendar = Calendar::new(&ground, settings).with(problem, keep);
    calendar.evaluations = looked;
    let mut search = Search::new(calendar, settings, seed, problem.bookings.len());
    for &key in &tasks {
        let booking = &problem.bookings[key];
        let home = home(&ground, booking, broken.contains_key(&key));
        let mut wishes = Wishes::new(&ground, &booking.job)?;
        wishes.origin = home.map(|home| (home.spot.centre, home.spot.from));
        search.task(wishes, home);
    }
    search.run();
    let mut replan = Replan {
        moves: Vec::new(),
        unplaced: Vec::new(),
        left: left.iter().map(|key| problem.bookings[*key].id.clone()).collect(),
        evaluations: search.calendar.evaluations,
    };
    for (task, key) in tasks.iter().enumerate() {
        replan.add(&problem.bookings[*key], search.offer(task), broken.get(key));
    }
    Ok(replan)
}

impl Replan {
    fn add(&mut self, booking: &Booking, offer: Option<Offer>, broken: Option<&Vec<Constraint>>) {
        let because = match broken {
            Some(constraints) => words::lost(constraints),
            None => "it makes room for a booking that cannot stay where it was".to_owned(),
        };
        let (id, old) = (booking.id.clone(), booking.slot.clone());
        match offer {
            Some(new) if new.slot == old => {}
            Some(new) => {
                let stays = (&new.slot.centre, new.slot.from) == (&old.centre, old.from);
                let change = if stays { Change::Reassigned } else { Change::Moved };
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
    let asked = Asked { job: &booking.job, spot: home.spot, stays: true, liked, exactly: true };
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
