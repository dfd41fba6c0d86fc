//! When nothing fits: the rule that is named is the one, for without it the job fits then and there.

use super::instance::{Instance, instance};
use super::*;

fn infeasible(problem: &Problem, job: &Job, settings: &Settings) -> Option<Infeasible> {
    match offers(problem, job, None, settings) {
        Err(OfferError::Infeasible(infeasible)) => Some(*infeasible),
        _ => None,
    }
}

fn words(problem: &Problem, job: &Job) -> Vec<String> {
    let infeasible = infeasible(problem, job, &Settings::default()).expect("nothing fits");
    assert!(infeasible.exhaustive);
    let relaxations = infeasible.relaxations.into_iter();
    relaxations.map(|one| format!("{}: {}", one.what, one.from)).collect()
}

/// Changes the question so that `constraint` alone no longer holds.
fn without(problem: &Problem, job: &Job, constraint: &Constraint) -> (Problem, Job) {
    let (mut problem, mut job) = (problem.clone(), job.clone());
    let centre_named =
        |id: &str| problem.centres.iter().position(|centre| centre.id == id).unwrap();
    match constraint {
        Constraint::Case { booking } => problem.bookings.retain(|other| other.id != *booking),
        Constraint::Latest { .. } => job.latest_at = None,
        Constraint::Hours { centre, date } => {
            let at = centre_named(centre);
            let weekday = date.weekday().to_monday_zero_offset() as usize;
            prolong(&mut problem.centres[at].hours, weekday);
        }
        Constraint::Holiday { centre, date } => {
            let at = centre_named(centre);
            problem.centres[at].holidays.remove(date);
        }
        Constraint::Bay { centre } => {
            let at = centre_named(centre);
            problem.centres[at].bays += 1;
        }
        Constraint::Technician { centre, skill, .. } => {
            let at = centre_named(centre);
            problem.centres[at].technicians.push(technician("new", &[skill]));
        }
        Constraint::Part { centre, part, .. } => {
            let at = centre_named(centre);
            let there_at = problem.now;
            problem.centres[at].stock.push(Stock { part: part.clone(), pieces: 1, there_at });
        }
        Constraint::EmergencyPlaces { centre, .. } => {
            let at = centre_named(centre);
            problem.centres[at].emergency_places = 0;
        }
        Constraint::Reach { centre, .. } => {
            job.km_by_centre.insert(centre.clone(), 0.0);
        }
        Constraint::Centre { .. } | Constraint::Early { .. } | Constraint::Elsewhere { .. } => {
            panic!("{constraint:?}")
        }
    }
    (problem, job)
}

/// Four hours more at both ends of a weekday, as far as a relaxation looks; a closed one has those of the week.
fn prolong(week: &mut [Vec<Hours>; 7], weekday: usize) {
    let all = week.iter().flatten();
    let open_minute = all.clone().map(|hours| hours.open_minute).min().unwrap();
    let close_minute = all.map(|hours| hours.close_minute).max().unwrap();
    if week[weekday].is_empty() {
        week[weekday].push(Hours { open_minute, close_minute });
    }
    for hours in &mut week[weekday] {
        hours.open_minute = hours.open_minute.saturating_sub(240);
        hours.close_minute = (hours.close_minute + 240).min(1440);
    }
}

#[test]
fn a_holiday_in_the_way_is_named() {
    let mut a = centre("a", "UTC");
    a.holidays = [date("2026-03-02"), date("2026-03-03")].into();
    let mut asked = job("c");
    asked.latest_at = Some(at("2026-03-03T23:00:00Z"));
    let said = words(&problem(vec![a]), &asked);
    let holiday = "without the holiday of `a` on Mon 2 Mar 2026: 2026-03-02T08:00:00Z";
    let later = "later than Tue 3 Mar 2026 23:00: 2026-03-04T08:00:00Z";
    assert_eq!(said, [holiday, later]);
}

#[test]
fn a_skill_that_nobody_has_is_named() {
    let mut asked = job("c");
    asked.skill = "gearbox".into();
    let said = words(&problem(vec![centre("a", "UTC")]), &asked);
    let needed = "with a technician at `a` who can do `gearbox`: 2026-03-02T08:00:00Z";
    assert_eq!(said, [needed]);
}

#[test]
fn a_part_that_comes_after_the_due_time_is_named_with_its_day() {
    let mut a = centre("a", "UTC");
    let there_at = at("2026-03-09T10:00:00Z");
    a.stock = vec![Stock { part: "pad".into(), pieces: 1, there_at }];
    let mut asked = job("c");
    (asked.part, asked.latest_at) = (Some("pad".into()), Some(asked.due_at));
    let said = words(&problem(vec![a]), &asked);
    let part =
        "with part `pad` at `a` before Mon 9 Mar 2026 10:00, when it arrives: 2026-03-02T08:00:00Z";
    let later = "later than the due time, Wed 4 Mar 2026 00:00: 2026-03-09T10:00:00Z";
    assert_eq!(said, [part, later]);
}

#[test]
fn a_job_longer_than_the_day_needs_longer_hours() {
    let mut asked = job("c");
    asked.minutes = 13 * 60;
    let said = words(&problem(vec![centre("a", "UTC")]), &asked);
    assert_eq!(said.len(), 1);
    assert!(said[0].starts_with("with longer opening hours of `a` on Mon"), "{}", said[0]);
}

#[test]
fn a_second_booking_of_a_case_is_refused_by_the_first() {
    let mut problem = problem(vec![centre("a", "UTC")]);
    let taken = slot("a", 0, "ana", "2026-03-03T08:00:00Z", "2026-03-03T10:00:00Z");
    problem.bookings.push(booking("b", taken));
    let again = problem.bookings[0].job.clone();
    let found = infeasible(&problem, &again, &Settings::default()).unwrap();
    assert_eq!(found.relaxations[0].constraints, [Constraint::Case { booking: "b".into() }]);
}

#[test]
fn a_centre_beyond_reach_is_not_offered_and_the_nearest_such_is_named() {
    let located = |id: &str, latitude, longitude| {
        let position = Some(Position { latitude, longitude });
        Centre { position, ..centre(id, "Asia/Kolkata") }
    };
    let delhi = located("delhi", 28.61, 77.21);
    let chennai = located("chennai", 13.08, 80.27);
    let mut asked = job("c");
    asked.position = Some(Position { latitude: 18.52, longitude: 73.86 });
    let said = words(&problem(vec![delhi.clone(), chennai.clone()]), &asked);
    let needed = "looking farther than 150 km: `chennai` is 915 km away: 2026-03-02T02:30:00Z";
    assert_eq!(said, [needed]);
    let mumbai = located("mumbai", 19.08, 72.88);
    let found = offers(&problem(vec![delhi, chennai, mumbai]), &asked, None, &Settings::default());
    let offers = found.unwrap().offers;
    assert!(offers.iter().all(|offer| offer.slot.centre == "mumbai"), "{offers:?}");
    assert_eq!(offers.len(), OFFERS_MAX);
}

#[test]
fn two_rules_are_named_together_when_neither_alone_is_enough() {
    let mut a = centre("a", "UTC");
    a.bays = 0;
    let mut asked = job("c");
    asked.skill = "gearbox".into();
    let found = infeasible(&problem(vec![a]), &asked, &Settings::default()).unwrap();
    let centre = "a".to_owned();
    let bay = Constraint::Bay { centre: centre.clone() };
    let nobody = Constraint::Technician { centre, skill: "gearbox".into(), skilled: 0 };
    assert_eq!(found.relaxations[0].constraints, [bay, nobody]);
}

/// Draws of networks and jobs whose relaxations are checked.
const DRAWS: u64 = 1_500;

#[test]
fn every_rule_named_is_the_true_one_and_none_is_superfluous() {
    let mut kinds = BTreeMap::new();
    let mut together = 0;
    for seed in 0..DRAWS {
        let Instance { mut problem, jobs, settings } = instance(seed);
        problem.centres.truncate(1);
        problem.bookings.retain(|booking| booking.slot.centre == "centre-0");
        // One job at a time takes room away until the next one does not fit; who is booked is in its own way.
        for job in jobs.iter().chain(&jobs) {
            let mut job = job.clone();
            job.latest_at = Some(at("2026-03-06T14:00:00Z"));
            match offers(&problem, &job, None, &settings) {
                Ok(found) => {
                    let slot = found.offers[0].slot.clone();
                    let id = job.case.clone();
                    problem.bookings.push(Booking { id, job, slot, fixed: false });
                }
                Err(OfferError::Invalid(invalid)) => panic!("{invalid}"),
                Err(OfferError::Infeasible(infeasible)) => {
                    assert!(infeasible.exhaustive, "seed {seed}");
                    for relaxation in &infeasible.relaxations {
                        together += usize::from(relaxation.constraints.len() > 1);
                        for constraint in &relaxation.constraints {
                            let name = format!("{constraint:?}");
                            let kind = name.split(' ').next().unwrap_or_default().to_owned();
                            *kinds.entry(kind).or_insert(0) += 1;
                        }
                        assert_fits(seed, &problem, &job, relaxation, &settings);
                    }
                }
            }
        }
    }
    println!("{kinds:?}, {together} times several together");
    for kind in ["Case", "Latest", "Reach", "Bay", "Technician", "Part", "EmergencyPlaces", "Hours"]
    {
        assert!(kinds.contains_key(kind), "`{kind}` was never in the way: {kinds:?}");
    }
    assert!(together > 0);
}

/// With all that is named relaxed it fits, at the time said or before; with anything kept it does not.
fn assert_fits(
    seed: u64,
    problem: &Problem,
    job: &Job,
    relaxation: &Relaxation,
    settings: &Settings,
) {
    let relax = |keep: Option<usize>| {
        let all = relaxation.constraints.iter().enumerate().filter(|(at, _)| Some(*at) != keep);
        all.fold((problem.clone(), job.clone()), |(problem, job), (_, constraint)| {
            without(&problem, &job, constraint)
        })
    };
    let (freed, asked) = relax(None);
    // A weekly hour cannot be relaxed for one date alone, so a time before the one said may come up.
    let from = relaxation.from;
    let only_then = Job { earliest_at: from, ..asked };
    let later = relaxation.constraints.iter().any(|one| matches!(one, Constraint::Latest { .. }));
    let ahead = if later { 2 * settings.horizon_days } else { settings.horizon_days };
    let settings = &Settings { horizon_days: ahead, ..settings.clone() };
    let found = offers(&freed, &only_then, None, settings).unwrap_or_else(|error| {
        panic!("seed {seed}: {error}: {relaxation:?}");
    });
    let earliest = found.offers.iter().map(|offer| offer.slot.from).min();
    assert!(earliest.is_some_and(|earliest| earliest >= from), "seed {seed}: {relaxation:?}");
    for keep in 0..relaxation.constraints.len() {
        let (still, asked) = relax(Some(keep));
        assert!(
            infeasible(&still, &asked, settings).is_some(),
            "seed {seed}: {keep} of {relaxation:?}"
        );
    }
}
