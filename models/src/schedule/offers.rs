//! Finds up to three slots for one job that differ in centre or part of the day.

use super::calendar::{Asked, Calendar, Constraint, Verdict};
use super::ground::{Domain, Ground, Spot, moment, zoned};
use super::penalty::{Penalty, Wishes, straight_km};
use super::problem::{Booking, Job, Problem, Slot};
use super::relax::{Infeasible, Misses};
use super::{Invalid, OFFERS_MAX, Settings};
use serde::{Deserialize, Serialize};

/// A slot that fits, with what speaks against it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Offer {
    /// Where and when.
    pub slot: Slot,
    /// Sum of the penalties, in points; the less the better.
    pub points: f64,
    /// What speaks against it, each above 0.
    pub penalties: Vec<Penalty>,
}

/// The answer for one job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Offers {
    /// One to three, the best first.
    pub offers: Vec<Offer>,
    /// Looks at slots.
    pub evaluations: u32,
    /// Every slot of the horizon was looked at: nothing better exists.
    pub exhaustive: bool,
}

/// Why there is no offer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum OfferError {
    /// The question is wrong.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// Nothing fits.
    #[error(transparent)]
    Infeasible(Box<Infeasible>),
}

/// A spot that fits.
#[derive(Clone, Copy)]
struct Fit {
    spot: Spot,
    verdict: Verdict,
    points: f64,
    part_of_day: u8,
    /// The owner can come then, and likes to.
    wished: bool,
}

/// Up to three slots for `job`, the best first; the others differ from it in centre or part of the day
/// where possible. Of an asset whose place is not known they all lie within reach of the booking that is
/// to be moved, or else of the best. A live booking of the same case forbids any other, unless it is the one called `moves`.
///
/// # Errors
/// [`OfferError::Infeasible`] with what to relax; [`OfferError::Invalid`] for a question that cannot be.
pub fn offers(
    problem: &Problem,
    job: &Job,
    moves: Option<&str>,
    settings: &Settings,
) -> Result<Offers, OfferError> {
    let ground = Ground::new(problem, settings)?;
    let mut wishes = Wishes::new(&ground, job)?;
    wishes.origin = origin(problem, &ground, moves);
    let held = live_booking(problem, job, moves);
    // Were it not for the booking that the case has, that would take no room either.
    let keep = |key: usize| {
        let id = problem.bookings[key].id.as_str();
        Some(id) != moves && Some(id) != held.map(|held| held.id.as_str())
    };
    let mut calendar = Calendar::new(&ground, settings).with(problem, keep);
    let mut misses = Misses::default();
    let held = held.map(in_the_way);
    let mut fits = if held.is_some() {
        Vec::new()
    } else {
        fits(&mut calendar, &wishes, settings, &mut misses)
    };
    if job.position.is_none() && job.km_by_centre.is_empty() {
        keep_together(&mut fits, &wishes, &ground, settings);
    }
    if fits.is_empty() {
        let infeasible = misses.explained(calendar, &wishes, settings, held);
        return Err(OfferError::Infeasible(Box::new(infeasible)));
    }
    let chosen = diverse(&fits);
    let offers = chosen.iter().map(|fit| offer(&calendar, &wishes, settings, fit)).collect();
    let exhaustive = !calendar.is_spent();
    Ok(Offers { offers, evaluations: calendar.evaluations, exhaustive })
}

/// The hard rules that forbid `job` exactly this `slot`; none when it may have it. The booking called
/// `moves` does not stand in its way.
///
/// # Errors
/// [`Invalid`] for a question that cannot be.
pub fn conflicts(
    problem: &Problem,
    job: &Job,
    slot: &Slot,
    moves: Option<&str>,
    settings: &Settings,
) -> Result<Vec<Constraint>, Invalid> {
    let ground = Ground::new(problem, settings)?;
    Wishes::new(&ground, job)?;
    let held = live_booking(problem, job, moves);
    let mut found: Vec<Constraint> = held.map(in_the_way).into_iter().collect();
    let Some(centre) = ground.site(&slot.centre) else {
        found.push(Constraint::Centre { centre: slot.centre.clone() });
        return Ok(found);
    };
    let keep = |key: usize| Some(problem.bookings[key].id.as_str()) != moves;
    let mut calendar = Calendar::new(&ground, settings).with(problem, keep);
    let (from, until) = (slot.from.as_millis(), slot.until.as_millis());
    let Some(day) = ground.sites[centre].day_of(from) else {
        let now = ground.now;
        let early = Constraint::Early { at: moment(now) };
        let late = Constraint::Latest { at: moment(ground.latest(job)) };
        found.push(if from < now { early } else { late });
        return Ok(found);
    };
    let spot = Spot { from, until, centre, day };
    let technician = ground.sites[centre].technician(&slot.technician);
    let liked = (Some(slot.bay), technician);
    let agreed = origin(problem, &ground, moves).is_some_and(|(agreed, _)| agreed == centre);
    let asked = Asked { job, spot, stays: false, agreed, liked, exactly: true };
    let verdict = calendar.look(&asked).expect("a budget allows one look");
    found.extend(calendar.constraints(job, spot, verdict.against));
    Ok(found)
}

/// Where the booking is that is to be moved.
fn origin(problem: &Problem, ground: &Ground<'_>, moves: Option<&str>) -> Option<(usize, i64)> {
    let booking = problem.bookings.iter().find(|booking| Some(booking.id.as_str()) == moves)?;
    Some((ground.site(&booking.slot.centre)?, booking.slot.from.as_millis()))
}

fn live_booking<'p>(problem: &'p Problem, job: &Job, moves: Option<&str>) -> Option<&'p Booking> {
    let mut others = problem.bookings.iter().filter(|other| Some(other.id.as_str()) != moves);
    others.find(|other| other.job.case == job.case)
}

fn in_the_way(booking: &Booking) -> Constraint {
    Constraint::Case { booking: booking.id.clone() }
}

/// All spots that fit, the best first.
fn fits(
    calendar: &mut Calendar<'_>,
    wishes: &Wishes<'_>,
    settings: &Settings,
    misses: &mut Misses,
) -> Vec<Fit> {
    let (ground, job) = (calendar.ground, wishes.job);
    let mut fits = Vec::new();
    for spot in ground.spots(job, settings, Domain::Open) {
        let agreed = wishes.agrees_to(spot.centre);
        let asked = Asked { job, spot, stays: false, agreed, liked: (None, None), exactly: false };
        let Some(verdict) = calendar.look(&asked) else { break };
        if verdict.against != 0 {
            misses.note(spot, verdict.against);
            continue;
        }
        let points = costs(calendar, wishes, settings, spot).iter().sum();
        let wished = wishes.holds_at(spot.from);
        let hour = zoned(spot.from, &ground.sites[spot.centre].zone).hour();
        fits.push(Fit { spot, verdict, points, part_of_day: part_of_day(hour), wished });
    }
    fits.sort_by(|one, other| one.points.total_cmp(&other.points).then(one.spot.cmp(&other.spot)));
    fits
}

/// Leaves of `fits` those that one driver could choose among: at centres within reach of one of them.
fn keep_together(
    fits: &mut Vec<Fit>,
    wishes: &Wishes<'_>,
    ground: &Ground<'_>,
    settings: &Settings,
) {
    let position = |centre: usize| ground.sites[centre].centre.position;
    let is_near = |one: usize, other: usize| match position(one).zip(position(other)) {
        Some((one, other)) => straight_km(one, other) <= settings.reach_km,
        None => true,
    };
    let booked = wishes.origin.map(|(centre, _)| centre);
    let booked = booked.filter(|centre| fits.iter().any(|fit| is_near(*centre, fit.spot.centre)));
    let Some(middle) = booked.or_else(|| Some(fits.first()?.spot.centre)) else { return };
    fits.retain(|fit| is_near(middle, fit.spot.centre));
}

fn costs(
    calendar: &Calendar<'_>,
    wishes: &Wishes<'_>,
    settings: &Settings,
    spot: Spot,
) -> super::penalty::Costs {
    let (booked, _) = calendar.booked((spot.centre, spot.day), None, |_| false);
    wishes.costs(calendar.ground, settings, spot, booked)
}

/// Morning, afternoon, evening.
fn part_of_day(hour: i8) -> u8 {
    match hour {
        ..12 => 0,
        12..17 => 1,
        _ => 2,
    }
}

/// The best, and the best at a time that the owner likes; then the best at another centre or part of the
/// day, failing that on another day, failing that at another time.
fn diverse(fits: &[Fit]) -> Vec<Fit> {
    let mut chosen: Vec<Fit> = fits.first().copied().into_iter().collect();
    if chosen.iter().all(|fit| !fit.wished) {
        chosen.extend(fits.iter().find(|fit| fit.wished));
    }
    let other_part = |one: &Fit, other: &Fit| {
        (one.spot.centre, one.part_of_day) != (other.spot.centre, other.part_of_day)
    };
    let other_day = |one: &Fit, other: &Fit| one.spot.day != other.spot.day;
    let apart = |one: &Fit, other: &Fit| {
        one.spot.from >= other.spot.until || other.spot.from >= one.spot.until
    };
    while chosen.len() < OFFERS_MAX {
        let next = |differs: &dyn Fn(&Fit, &Fit) -> bool| {
            fits.iter().find(|fit| chosen.iter().all(|other| differs(fit, other)))
        };
        match next(&other_part).or_else(|| next(&other_day)).or_else(|| next(&apart)) {
            Some(fit) => chosen.push(*fit),
            None => break,
        }
    }
    chosen
        .sort_by(|one, other| one.points.total_cmp(&other.points).then(one.spot.cmp(&other.spot)));
    chosen
}

fn offer(calendar: &Calendar<'_>, wishes: &Wishes<'_>, settings: &Settings, fit: &Fit) -> Offer {
    let costs = costs(calendar, wishes, settings, fit.spot);
    let penalties = wishes.penalties(calendar.ground, fit.spot, &costs);
    let slot =
        slot(calendar.ground, fit.spot, fit.verdict).expect("what fits has bay and technician");
    Offer { slot, points: fit.points, penalties }
}

/// The slot at `spot`; `None` when it lacks a bay or a technician.
pub(super) fn slot(ground: &Ground<'_>, spot: Spot, verdict: Verdict) -> Option<Slot> {
    let centre = ground.sites[spot.centre].centre;
    let technician = centre.technicians.get(usize::from(verdict.technician?))?;
    Some(Slot {
        centre: centre.id.clone(),
        bay: verdict.bay?,
        technician: technician.id.clone(),
        from: moment(spot.from),
        until: moment(spot.until),
    })
}
