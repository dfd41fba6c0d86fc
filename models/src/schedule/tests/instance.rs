//! Small seeded networks with jobs that get in each other's way.

use super::checker::{Seated, faults, standing};
use super::*;
use crate::noise::Noise;

pub(super) struct Instance {
    pub(super) problem: Problem,
    pub(super) jobs: Vec<Job>,
    pub(super) settings: Settings,
}

struct Dice(Noise);

impl Dice {
    fn below(&mut self, end: u32) -> u32 {
        self.0.uniform(0.0, f64::from(end)) as u32
    }

    fn chance(&mut self, chance: f64) -> bool {
        self.0.uniform(0.0, 1.0) < chance
    }

    fn text(&mut self, of: &[&'static str]) -> &'static str {
        of[self.below(of.len() as u32) as usize]
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len() as u32) as usize]
    }
}

const SKILLS: [&str; 2] = ["brake", "battery"];

pub(super) fn instance(seed: u64) -> Instance {
    let mut dice = Dice(Noise::seeded(seed));
    let settings = Settings {
        horizon_days: 2,
        grid_minutes: 60,
        emergency_minutes: 60,
        // A way of up to 29 km is drawn below.
        reach_km: 24.0,
        ..Settings::default()
    };
    let count = 1 + dice.below(2);
    let centres = (0..count).map(|index| seeded_centre(&mut dice, index)).collect();
    let mut problem = problem(centres);
    problem.now = at("2026-03-06T03:00:00Z");
    for centre in &problem.centres {
        if dice.chance(0.5) {
            let minutes = dice.0.uniform(0.0, 200.0);
            let (centre, date) = (centre.id.clone(), date("2026-03-06"));
            problem.demand.push(Demand { centre, date, minutes });
        }
    }
    let mut jobs: Vec<Job> =
        (0..3 + dice.below(2)).map(|index| seeded_job(&mut dice, index)).collect();
    book_some(&mut dice, &mut problem, &settings);
    for job in &mut jobs {
        if !dice.chance(0.3) {
            continue;
        }
        let centre = dice.text(&["centre-0", "centre-1"]).into();
        let (from, until) = (at("2026-03-06T06:00:00Z"), at("2026-03-06T07:00:00Z"));
        job.company.push(Visit { asset: "another".into(), centre, from, until });
    }
    share_an_asset(&mut dice, &mut problem, &mut jobs);
    Instance { problem, jobs, settings }
}

/// Some jobs are of one asset, and perhaps the first booking, too.
fn share_an_asset(dice: &mut Dice, problem: &mut Problem, jobs: &mut [Job]) {
    let booked = problem.bookings.iter_mut().take(1).map(|booking| &mut booking.job);
    for job in jobs.iter_mut().chain(booked) {
        if dice.chance(0.4) {
            job.asset = Some("shared".into());
        }
    }
}

fn seeded_centre(dice: &mut Dice, index: u32) -> Centre {
    let mut made =
        centre(&format!("centre-{index}"), dice.text(&["Asia/Kolkata", "UTC", "Asia/Tokyo"]));
    let open = 9 + dice.below(2) as u16;
    made.hours = every_day(hours(open, open + 2 + dice.below(3) as u16));
    made.hours[5].push(hours(16, 17));
    made.hours[6].clear();
    made.bays = 1 + dice.below(2) as u16;
    made.technicians.truncate(1 + dice.below(2) as usize);
    if dice.chance(0.5) {
        made.technicians.reverse();
    }
    made.emergency_places = dice.below(2) as u16;
    if dice.chance(0.3) {
        made.holidays.insert(date("2026-03-07"));
    }
    if dice.chance(0.5) {
        let there_at = at(dice.text(&[
            "2026-03-01T00:00:00Z",
            "2026-03-06T06:00:00Z",
            "2026-03-07T00:00:00Z",
        ]));
        made.stock.push(Stock { part: "pad".into(), pieces: 1 + dice.below(2), there_at });
    }
    // All or none: what an unknown rating counts is told by a test of its own.
    made.rating = Some(f64::from(dice.below(6)));
    made
}

fn seeded_job(dice: &mut Dice, index: u32) -> Job {
    let mut made = job(&format!("case-{index}"));
    made.skill = if dice.chance(0.7) { SKILLS[0] } else { SKILLS[1] }.into();
    made.minutes = 60 * (1 + dice.below(2) as u16);
    made.part = dice.chance(0.3).then(|| "pad".into());
    made.earliest_at = at("2026-03-06T00:00:00Z");
    made.due_at =
        at(dice.text(&["2026-03-06T06:00:00Z", "2026-03-06T12:00:00Z", "2026-03-07T12:00:00Z"]));
    made.severity = *dice.one(&[
        Severity::Low,
        Severity::Medium,
        Severity::High,
        Severity::Critical,
        Severity::Emergency,
    ]);
    made.zone = "Asia/Kolkata".into();
    if dice.chance(0.5) {
        let days = if dice.chance(0.5) { Days::Every } else { Days::Of([5].into()) };
        made.preferred.push(Window::Weekly { days, hours: hours(9, 11 + dice.below(3) as u16) });
    }
    if dice.chance(0.3) {
        let (from, until) = (at("2026-03-07T00:00:00Z"), at("2026-03-08T00:00:00Z"));
        made.able.push(Window::Once { from, until });
    }
    for centre in ["centre-0", "centre-1"] {
        made.km_by_centre.insert(centre.into(), f64::from(dice.below(30)));
    }
    made.centre = dice.chance(0.3).then(|| "centre-1".into());
    made
}

/// Up to two bookings that stand already, where the checker lets them.
fn book_some(dice: &mut Dice, problem: &mut Problem, settings: &Settings) {
    for index in 0..dice.below(3) {
        let of = dice.one(&problem.centres).clone();
        let open = of.hours[4][0].open_minute;
        let clock = date("2026-03-06").at((open / 60) as i8 + dice.below(2) as i8, 0, 0, 0);
        let from = clock.in_tz(&of.zone).unwrap().timestamp().as_millisecond();
        let slot = Slot {
            centre: of.id.clone(),
            bay: dice.below(u32::from(of.bays)) as u16,
            technician: dice.one(&of.technicians).id.clone(),
            from: Timestamp::from_millis(from).unwrap(),
            until: Timestamp::from_millis(from + 3_600_000).unwrap(),
        };
        let mut standing_job = job(&format!("standing-{index}"));
        standing_job.minutes = 60;
        let mut all = standing(problem);
        all.push(Seated { job: standing_job.clone(), slot: slot.clone(), new: false });
        if faults(problem, &all, settings).is_empty() {
            let id = format!("booking-{index}");
            problem.bookings.push(Booking { id, job: standing_job, slot, fixed: false });
        }
    }
}
