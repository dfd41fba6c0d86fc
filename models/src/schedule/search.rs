//! Places many jobs at once: greedy insertion, then ruin and recreate until the budget is spent.

use super::calendar::{Asked, Calendar, Taken, Verdict, is_routine};
use super::ground::{Domain, Ground, Spot, at_most, minutes};
use super::offers::{Offer, slot};
use super::penalty::Wishes;
use super::problem::{Job, Problem};
use super::{Invalid, JOBS_MAX, Settings};
use messages::prediction::Severity;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// Most jobs taken out in one round.
const RUIN_MAX: usize = 6;
/// Of the best spots of a job without one, so many are tried by force.
const FORCED_SPOTS: usize = 64;
/// Chance of passing over a spot when inserting, so that rounds differ.
const BLINK: f64 = 0.03;
/// A round may make things worse by so many points, at first; the allowance falls to none with the budget.
const ALLOWANCE: f64 = 20.0;

/// Where many jobs go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Those that have a slot, in the order asked.
    pub placed: Vec<Placed>,
    /// Cases for which none was found.
    pub unplaced: Vec<String>,
    /// Points of all, those for leaving jobs without a slot included.
    pub points: f64,
    /// Looks at slots.
    pub evaluations: u32,
}

/// A job with its slot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Placed {
    /// The case.
    pub case: String,
    /// Its slot and what speaks against it.
    pub offer: Offer,
}

/// Places `jobs`, none of which has a live booking yet, at the fewest points that the search finds.
///
/// # Errors
/// [`Invalid`] for a question that cannot be.
pub fn place(
    problem: &Problem,
    jobs: &[Job],
    settings: &Settings,
    seed: u64,
) -> Result<Plan, Invalid> {
    let ground = Ground::new(problem, settings)?;
    check_jobs(problem, jobs)?;
    let calendar = Calendar::new(&ground, settings).with(problem, |_| true);
    let mut search = Search::new(calendar, settings, seed, problem.bookings.len());
    for job in jobs {
        search.task(Wishes::new(&ground, job)?, None, May::GoAnywhere);
    }
    search.run();
    let mut plan = Plan {
        placed: Vec::new(),
        unplaced: Vec::new(),
        points: search.points(),
        evaluations: search.calendar.evaluations,
    };
    for (at, job) in jobs.iter().enumerate() {
        match search.offer(at) {
            Some(offer) => plan.placed.push(Placed { case: job.case.clone(), offer }),
            None => plan.unplaced.push(job.case.clone()),
        }
    }
    Ok(plan)
}

fn check_jobs(problem: &Problem, jobs: &[Job]) -> Result<(), Invalid> {
    at_most("jobs", jobs.len(), JOBS_MAX)?;
    let mut cases: BTreeSet<&String> =
        problem.bookings.iter().map(|booking| &booking.job.case).collect();
    match jobs.iter().find(|job| !cases.insert(&job.case)) {
        Some(job) => Err(Invalid::Twice { what: "case", id: job.case.clone() }),
        None => Ok(()),
    }
}

/// A job to be placed, or a booking that may be moved.
struct Task<'a> {
    wishes: Wishes<'a>,
    home: Option<Home>,
    /// Points for leaving it without a slot.
    without: f64,
    /// Where it could go, the cheapest first; points without those for the load of the day.
    candidates: Vec<Candidate>,
}

#[derive(Clone, Copy)]
struct Candidate {
    points: f64,
    spot: Spot,
}

/// Where a booking is before the search.
#[derive(Clone, Copy, Debug)]
pub(super) struct Home {
    pub(super) spot: Spot,
    pub(super) bay: Option<u16>,
    pub(super) technician: Option<u16>,
    /// It cannot stay with this bay and technician.
    pub(super) displaced: bool,
}

/// Where a task may be put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum May {
    /// Anywhere.
    GoAnywhere,
    /// Where it is, with another bay or technician at most.
    Stay,
    /// To a start within the due time, and not before the one that was agreed.
    GoLater {
        /// Which start that is.
        agreed: i64,
    },
    /// To a start within the due time.
    GoInTime {
        /// The start that was agreed.
        agreed: i64,
    },
}

impl May {
    /// An owner who agreed to a start after the due time has agreed to later ones, too.
    fn hold(self, job: &Job, home: Option<Home>, spot: Spot) -> bool {
        let due = job.due_at.as_millis();
        let in_time = |agreed| spot.from <= due || agreed > due && spot.from >= agreed;
        match self {
            May::GoAnywhere => true,
            May::Stay => home.is_some_and(|home| home.spot == spot),
            May::GoLater { agreed } => in_time(agreed) && spot.from >= agreed,
            May::GoInTime { agreed } => in_time(agreed),
        }
    }
}

/// So many times heavier than the gravest job without a slot is a booking that was to stay and lost its own.
const STAY_FACTOR: f64 = 1_000.0;

/// Where a task is now.
#[derive(Clone, Copy, Debug)]
struct Seat {
    points: f64,
    spot: Spot,
    verdict: Verdict,
}

/// A search over some tasks; everything else on the calendar stays.
pub(super) struct Search<'a> {
    pub(super) calendar: Calendar<'a>,
    settings: &'a Settings,
    tasks: Vec<Task<'a>>,
    seats: Vec<Option<Seat>>,
    /// Keys of the calendar from here on are tasks.
    first_key: usize,
    rng: Xoshiro256PlusPlus,
}

/// The budget ran out in the middle.
struct Spent;

impl<'a> Search<'a> {
    pub(super) fn new(
        calendar: Calendar<'a>,
        settings: &'a Settings,
        seed: u64,
        first_key: usize,
    ) -> Self {
        let rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        Self { calendar, settings, tasks: Vec::new(), seats: Vec::new(), first_key, rng }
    }

    /// Adds a job; one with a home that is not displaced sits there already.
    pub(super) fn task(&mut self, wishes: Wishes<'a>, home: Option<Home>, may: May) {
        let ground = self.calendar.ground;
        let mut spots = match may {
            May::Stay => Vec::new(),
            _ => ground.spots(wishes.job, self.settings, Domain::Open),
        };
        spots.retain(|spot| may.hold(wishes.job, home, *spot));
        let stays = |home: &Home| may.hold(wishes.job, Some(*home), home.spot);
        if let Some(home) = home.filter(|home| stays(home) && !spots.contains(&home.spot)) {
            spots.push(home.spot);
        }
        let candidate = |spot: Spot| {
            let points = wishes.costs(ground, self.settings, spot, 0).iter().sum();
            Candidate { points, spot }
        };
        let mut candidates: Vec<Candidate> = spots.into_iter().map(candidate).collect();
        candidates.sort_by(|one, other| {
            one.points.total_cmp(&other.points).then(one.spot.cmp(&other.spot))
        });
        let without = match home {
            Some(home) if !home.displaced => {
                self.settings.unplaced_of(Severity::Emergency) * STAY_FACTOR
            }
            _ => self.settings.unplaced_of(wishes.job.severity),
        };
        self.tasks.push(Task { wishes, home, without, candidates });
        self.seats.push(None);
        if let Some(home) = home.filter(|home| !home.displaced) {
            let verdict = Verdict { against: 0, bay: home.bay, technician: home.technician };
            let task = self.tasks.len() - 1;
            let candidates = &self.tasks[task].candidates;
            let at_home = candidates.iter().find(|candidate| candidate.spot == home.spot);
            let points = at_home.expect("home is a candidate").points;
            self.sit(task, Seat { points, spot: home.spot, verdict });
        }
    }

    /// Searches until nothing can be gained or the budget is spent.
    pub(super) fn run(&mut self) {
        let mut waiting: Vec<usize> =
            (0..self.tasks.len()).filter(|task| self.seats[*task].is_none()).collect();
        waiting.sort_by_key(|task| self.urgency(*task));
        for task in waiting {
            if self.insert(task, 0.0).is_err() {
                return;
            }
        }
        let least = self.least();
        let mut points = self.points();
        let (mut best, mut best_seats) = (points, self.seats.clone());
        while best > least + 1e-9 {
            let Some(after) = self.round(points) else { break };
            points = after;
            if points < best - 1e-9 {
                (best, best_seats) = (points, self.seats.clone());
            }
        }
        self.restore(&best_seats);
    }

    fn urgency(&self, task: usize) -> (Reverse<Severity>, i64, usize) {
        let job = self.tasks[task].wishes.job;
        (Reverse(job.severity), job.due_at.as_millis(), task)
    }

    /// Points that no plan can undercut.
    fn least(&self) -> f64 {
        let cheapest = |task: &Task<'_>| match task.candidates.first() {
            Some(candidate) => candidate.points,
            None => task.without,
        };
        self.tasks.iter().map(cheapest).sum()
    }

    /// Takes some tasks out and puts them back in; the points afterwards, `None` when the budget is spent.
    fn round(&mut self, points: f64) -> Option<f64> {
        if !self.calendar.spend() {
            return None;
        }
        let ruined = self.ruined();
        let before: Vec<Option<Seat>> = ruined.iter().map(|task| self.seats[*task]).collect();
        let mut change = 0.0;
        for task in &ruined {
            change -= self.leave(*task);
        }
        let mut spent = false;
        for task in &ruined {
            match self.insert(*task, BLINK) {
                Ok(gained) => change += gained,
                Err(Spent) => spent = true,
            }
        }
        let left =
            1.0 - f64::from(self.calendar.evaluations) / f64::from(self.settings.evaluations);
        let allowed = ALLOWANCE * left * -(1.0 - self.rng.r#gen::<f64>()).ln();
        if spent || change > allowed {
            for (task, seat) in ruined.iter().zip(before) {
                self.put(*task, seat);
            }
            return (!spent).then_some(points);
        }
        Some(points + change)
    }

    /// Which tasks to take out, in the order in which they go back in.
    fn ruined(&mut self) -> Vec<usize> {
        let without: Vec<usize> =
            (0..self.tasks.len()).filter(|task| self.seats[*task].is_none()).collect();
        if let Some(&task) = without.choose(&mut self.rng)
            && self.rng.gen_bool(0.5)
        {
            return self.forced(task);
        }
        let Some(mut ruined) = self.some_of(&(0..self.tasks.len()).collect::<Vec<_>>()) else {
            return Vec::new();
        };
        if self.rng.gen_bool(0.5) {
            ruined.sort_by_key(|task| self.urgency(*task));
        }
        ruined
    }

    /// `task` first, and with it those who sit where it could go, or are its asset's then.
    fn forced(&mut self, task: usize) -> Vec<usize> {
        let candidates = &self.tasks[task].candidates;
        let count = candidates.len().min(FORCED_SPOTS);
        let Some(spot) = candidates[..count].choose(&mut self.rng).map(|candidate| candidate.spot)
        else {
            return vec![task];
        };
        let asset = |task: usize| self.tasks[task].wishes.job.asset.as_ref();
        let near = |other: &usize| {
            let Some(Seat { spot: seat, .. }) = self.seats[*other] else { return false };
            let same_day = (seat.centre, seat.day) == (spot.centre, spot.day);
            let same_asset = asset(task).is_some() && asset(*other) == asset(task);
            (same_day || same_asset) && seat.from < spot.until && spot.from < seat.until
        };
        let mut ruined: Vec<usize> = (0..self.tasks.len()).filter(near).collect();
        ruined.shuffle(&mut self.rng);
        ruined.truncate(RUIN_MAX - 1);
        ruined.insert(0, task);
        ruined
    }

    /// One at random, and others that are like it in place and time, or just others.
    fn some_of(&mut self, all: &[usize]) -> Option<Vec<usize>> {
        let first = *all.choose(&mut self.rng)?;
        let mut others: Vec<usize> = all.iter().copied().filter(|task| *task != first).collect();
        others.shuffle(&mut self.rng);
        if let Some(seat) = self.seats[first]
            && self.rng.gen_bool(0.5)
        {
            others.sort_by_key(|other| match self.seats[*other] {
                Some(near) => {
                    (near.spot.centre != seat.spot.centre, (near.spot.from - seat.spot.from).abs())
                }
                None => (false, 0),
            });
        }
        others.truncate(self.rng.gen_range(0..RUIN_MAX));
        others.insert(0, first);
        Some(others)
    }

    /// Seats `task` where it adds the fewest points; the points that it adds.
    fn insert(&mut self, task: usize, blink: f64) -> Result<f64, Spent> {
        let mut best: Option<(f64, Seat)> = None;
        for at in 0..self.tasks[task].candidates.len() {
            let Candidate { points, spot } = self.tasks[task].candidates[at];
            if best.is_some_and(|(least, _)| points >= least) {
                break;
            }
            if blink > 0.0 && self.rng.gen_bool(blink) {
                continue;
            }
            let asked = self.asked(task, spot);
            let verdict = self.calendar.look(&asked).ok_or(Spent)?;
            let added = points + self.load(task, spot);
            if verdict.against == 0 && best.is_none_or(|(least, _)| added < least) {
                best = Some((added, Seat { points, spot, verdict }));
            }
        }
        match best {
            Some((added, seat)) => {
                self.sit(task, seat);
                Ok(added)
            }
            None => Ok(self.tasks[task].without),
        }
    }

    fn asked(&self, task: usize, spot: Spot) -> Asked<'a> {
        let Task { wishes, home, .. } = &self.tasks[task];
        let stays = home.is_some_and(|home| home.spot == spot);
        let liked = match home {
            Some(home) if stays => (home.bay, home.technician),
            _ => (None, None),
        };
        let agreed = wishes.agrees_to(spot.centre);
        Asked { job: wishes.job, spot, stays, agreed, liked, exactly: false }
    }

    /// Points for the load of the day that `task` bears at `spot`, and those that it adds to other tasks.
    fn load(&self, task: usize, spot: Spot) -> f64 {
        let key = self.first_key + task;
        let is_task = |other: usize| other >= self.first_key;
        let (booked, tasks) = self.calendar.booked((spot.centre, spot.day), Some(key), is_task);
        let capacity = self.calendar.ground.sites[spot.centre].capacity(spot.day);
        if capacity <= 0.0 {
            return 0.0;
        }
        let own = minutes(spot.until - spot.from) * f64::from(tasks);
        self.settings.load * (minutes(booked) + own) / capacity
    }

    fn sit(&mut self, task: usize, seat: Seat) {
        let job = self.tasks[task].wishes.job;
        let stays = self.tasks[task].home.is_some_and(|home| home.spot == seat.spot);
        let taken = Taken {
            key: self.first_key + task,
            asset: job.asset.as_deref(),
            from: seat.spot.from,
            until: seat.spot.until,
            bay: seat.verdict.bay,
            technician: seat.verdict.technician,
            part: job.part.as_deref(),
            routine: is_routine(job),
            chosen: !stays,
        };
        self.calendar.add(seat.spot.centre, taken);
        self.seats[task] = Some(seat);
    }

    /// Takes `task` out; the points that this saves.
    fn leave(&mut self, task: usize) -> f64 {
        let Some(seat) = self.seats[task].take() else {
            return self.tasks[task].without;
        };
        self.calendar.remove(seat.spot.centre, self.first_key + task);
        seat.points + self.load(task, seat.spot)
    }

    fn put(&mut self, task: usize, seat: Option<Seat>) {
        self.leave(task);
        if let Some(seat) = seat {
            self.sit(task, seat);
        }
    }

    fn restore(&mut self, seats: &[Option<Seat>]) {
        for task in 0..seats.len() {
            self.leave(task);
        }
        for (task, seat) in seats.iter().enumerate() {
            self.put(task, *seat);
        }
    }

    /// Points of all tasks as they are.
    pub(super) fn points(&self) -> f64 {
        let of = |task: usize| match self.seats[task] {
            Some(_) => self.offer(task).map_or(0.0, |offer| offer.points),
            None => self.tasks[task].without,
        };
        (0..self.tasks.len()).map(of).sum()
    }

    /// The slot of `task` with what speaks against it.
    pub(super) fn offer(&self, task: usize) -> Option<Offer> {
        let Seat { spot, verdict, .. } = self.seats[task]?;
        let ground = self.calendar.ground;
        let key = Some(self.first_key + task);
        let (booked, _) = self.calendar.booked((spot.centre, spot.day), key, |_| false);
        let wishes = &self.tasks[task].wishes;
        let costs = wishes.costs(ground, self.settings, spot, booked);
        let penalties = wishes.penalties(ground, spot, &costs);
        let slot = slot(ground, spot, verdict)?;
        Some(Offer { slot, points: costs.iter().sum(), penalties })
    }
}
