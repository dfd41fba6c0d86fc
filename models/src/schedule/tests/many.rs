//! Many jobs at once: always within the rules, and hardly worse than the best.

use super::brute::{optimum, total};
use super::checker::{Seated, faults, standing};
use super::instance::{Instance, instance};
use super::*;

const INSTANCES: u64 = 200;
/// So often the best plan itself must be found.
const BEST_FOUND_MIN: usize = 190;
/// Median gap to the best plan that is allowed.
const GAP_MAX: f64 = 0.02;

/// What stands and what `plan` adds.
fn seated(instance: &Instance, plan: &Plan) -> Vec<Seated> {
    let mut all = standing(&instance.problem);
    for placed in &plan.placed {
        let job = instance.jobs.iter().find(|job| job.case == placed.case).unwrap().clone();
        all.push(Seated { job, slot: placed.offer.slot.clone(), new: true });
    }
    all
}

#[test]
fn two_hundred_small_instances_keep_every_rule_and_come_near_the_best() {
    let mut gaps = Vec::new();
    let mut unplaced = 0;
    for seed in 0..INSTANCES {
        let instance = instance(seed);
        let Instance { problem, jobs, settings } = &instance;
        let plan = place(problem, jobs, settings, seed).unwrap();
        let all = seated(&instance, &plan);
        assert_eq!(faults(problem, &all, settings), [] as [String; 0], "seed {seed}");
        assert!(plan.evaluations <= EVALUATIONS_MAX, "seed {seed}: {}", plan.evaluations);

        let without = |job: &&Job| plan.unplaced.contains(&job.case);
        let without: Vec<&Job> = jobs.iter().filter(without).collect();
        assert_eq!(plan.placed.len() + without.len(), jobs.len(), "seed {seed}");
        unplaced += without.len();
        let points = total(problem, settings, &all, &without);
        assert!((points - plan.points).abs() < 1e-6, "seed {seed}: {points}, said {}", plan.points);

        let best = optimum(problem, jobs, settings);
        assert!(points >= best - 1e-6, "seed {seed}: {points} is better than the best, {best}");
        gaps.push(if best > 0.0 { (points - best) / best } else { points.min(1.0) });
    }
    gaps.sort_by(f64::total_cmp);
    let median = gaps[gaps.len() / 2];
    let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
    let exact = gaps.iter().filter(|gap| **gap < 1e-9).count();
    println!(
        "{INSTANCES} instances: best found in {exact}, gap median {median:.5}, mean {mean:.5}, \
         greatest {:.5}; {unplaced} jobs without a slot",
        gaps[gaps.len() - 1]
    );
    assert!(median <= GAP_MAX, "median gap {median}");
    assert!(exact >= BEST_FOUND_MIN, "the best was found in {exact} only");
    assert!(unplaced > 0, "instances in which everything fits prove little");
}

/// The five centres of the demonstration: bays, technicians, emergency places, hours.
fn network() -> Problem {
    let table = [
        ("mumbai", 6, 8, 2, (8, 20)),
        ("pune", 4, 6, 1, (9, 19)),
        ("bangalore", 8, 10, 3, (7, 21)),
        ("delhi", 5, 7, 2, (8, 20)),
        ("chennai", 7, 9, 2, (8, 20)),
    ];
    let skills = ["brake", "engine", "battery"];
    let made = |(id, bays, people, places, (open, close))| {
        let mut made = centre(id, "Asia/Kolkata");
        (made.bays, made.emergency_places) = (bays, places);
        made.hours = every_day(hours(open, close));
        let skills = |number: usize| [skills[number % 3], skills[(number + 1) % 3]];
        let person = |number: usize| technician(&format!("{id}-{number}"), &skills(number));
        made.technicians = (0..people).map(person).collect();
        made
    };
    problem(table.map(made).into())
}

#[test]
fn a_hundred_jobs_at_five_centres_all_fit_within_every_rule() {
    let problem = network();
    let centres: Vec<String> = problem.centres.iter().map(|centre| centre.id.clone()).collect();
    let jobs: Vec<Job> = (0..100)
        .map(|number: usize| {
            let mut made = job(&format!("case-{number}"));
            made.skill = ["brake", "engine", "battery"][number % 3].into();
            made.due_at = at("2026-03-02T06:00:00Z");
            let km = |(index, id): (usize, &String)| {
                (id.clone(), if index == number % 5 { 10.0 } else { 300.0 })
            };
            made.km_by_centre = centres.iter().enumerate().map(km).collect();
            made
        })
        .collect();
    let instance = Instance { problem, jobs, settings: Settings::default() };
    let plan = place(&instance.problem, &instance.jobs, &instance.settings, 1).unwrap();
    assert_eq!(plan.unplaced, [] as [String; 0]);
    let all = seated(&instance, &plan);
    assert_eq!(faults(&instance.problem, &all, &instance.settings), [] as [String; 0]);
    assert!(plan.evaluations <= EVALUATIONS_MAX);
    let points = total(&instance.problem, &instance.settings, &all, &[]);
    assert!((points - plan.points).abs() < 1e-6, "{points}, said {}", plan.points);
}

#[test]
fn one_seed_has_one_plan() {
    let Instance { problem, jobs, settings } = instance(3);
    let once = place(&problem, &jobs, &settings, 7).unwrap();
    assert_eq!(once, place(&problem, &jobs, &settings, 7).unwrap());
}

#[test]
fn a_small_budget_is_never_passed() {
    for evaluations in [1, 10, 100, 1_000] {
        for seed in 0..20 {
            let Instance { problem, jobs, settings } = instance(seed);
            let settings = Settings { evaluations, ..settings };
            let plan = place(&problem, &jobs, &settings, seed).unwrap();
            assert!(plan.evaluations <= evaluations, "seed {seed}: {}", plan.evaluations);
            assert_eq!(plan.placed.len() + plan.unplaced.len(), jobs.len());
        }
    }
}

#[test]
fn a_case_that_has_a_booking_is_not_placed_again() {
    let mut problem = problem(vec![centre("pune", "UTC")]);
    let taken = slot("pune", 0, "ana", "2026-03-03T08:00:00Z", "2026-03-03T10:00:00Z");
    problem.bookings.push(booking("b", taken));
    let again = problem.bookings[0].job.clone();
    let refused = place(&problem, &[again], &Settings::default(), 1).unwrap_err();
    assert_eq!(refused, Invalid::Twice { what: "case", id: "case of b".into() });
}
