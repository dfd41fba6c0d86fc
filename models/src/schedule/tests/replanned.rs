//! After something has gone: every rule holds again, and hardly anybody has to move.

use super::checker::{Seated, faults};
use super::*;

/// The bookings after `replan`; those that moved in time or place count as new.
fn after(problem: &Problem, replan: &Replan) -> Vec<Seated> {
    let gone: Vec<&String> = replan.unplaced.iter().map(|one| &one.booking).collect();
    let live = problem.bookings.iter().filter(|booking| !gone.contains(&&booking.id));
    live.map(|booking| {
        let moved = replan.moves.iter().find(|one| one.booking == booking.id);
        let slot = moved.map_or(&booking.slot, |one| &one.new.slot).clone();
        let new = moved.is_some_and(|one| one.change == Change::Moved);
        Seated { job: booking.job.clone(), slot, new }
    })
    .collect()
}

fn assert_sound(problem: &Problem, replan: &Replan) {
    let settings = Settings::default();
    assert_eq!(faults(problem, &after(problem, replan), &settings), [] as [String; 0]);
    assert!(replan.evaluations <= EVALUATIONS_MAX);
}

/// A centre with `bays` bays, each full on Monday but for its last two hours.
fn busy(bays: u16) -> Problem {
    let mut a = centre("a", "UTC");
    a.bays = bays;
    let names: Vec<String> = (0..bays).map(|bay| format!("tech-{bay}")).collect();
    a.technicians = names.iter().map(|name| technician(name, &["brake"])).collect();
    let mut problem = problem(vec![a]);
    for bay in 0..bays {
        for hour in [8, 10, 12, 14, 16] {
            let (from, until) = (
                format!("2026-03-02T{hour:02}:00:00Z"),
                format!("2026-03-02T{:02}:00:00Z", hour + 2),
            );
            let slot = slot("a", bay, &names[usize::from(bay)], &from, &until);
            problem.bookings.push(booking(&format!("{bay}-{hour}"), slot));
        }
    }
    problem
}

#[test]
fn nothing_moves_when_nothing_is_broken() {
    let replan = replan(&busy(3), &Settings::default(), 1).unwrap();
    assert_eq!((replan.moves, replan.unplaced), (vec![], vec![]));
}

#[test]
fn only_the_bookings_of_a_lost_bay_move() {
    let mut problem = busy(3);
    problem.centres[0].bays = 2;
    let replan = replan(&problem, &Settings::default(), 1).unwrap();
    assert_sound(&problem, &replan);
    assert_eq!(replan.unplaced, []);
    let moved: Vec<&Move> = replan.moves.iter().filter(|one| one.change == Change::Moved).collect();
    assert_eq!(moved.len(), 5, "one bay less, five bookings less at these times");
    let reasons: Vec<&str> = moved.iter().map(|one| one.because.as_str()).collect();
    assert!(reasons.contains(&"the workshop `a` has lost the bay"), "{reasons:?}");
}

#[test]
fn a_free_bay_at_the_same_time_is_no_move_for_the_owner() {
    let mut problem = busy(3);
    problem.bookings.retain(|booking| !booking.id.starts_with("0-"));
    problem.centres[0].bays = 2;
    let replan = replan(&problem, &Settings::default(), 1).unwrap();
    assert_sound(&problem, &replan);
    assert_eq!(replan.moves.len(), 5);
    assert!(replan.moves.iter().all(|one| one.change == Change::Reassigned));
}

#[test]
fn bays_are_swapped_before_anybody_moves() {
    let mut a = centre("a", "UTC");
    a.bays = 3;
    a.technicians = ["x", "y", "z"].map(|id| technician(id, &["brake"])).into();
    let mut problem = problem(vec![a]);
    // Bay 0 is free from 10, bay 1 until 10; bay 2 is lost. Whoever had it from 9 to 11 needs the others to share.
    let slots = [
        ("first", slot("a", 0, "x", "2026-03-02T08:00:00Z", "2026-03-02T10:00:00Z")),
        ("second", slot("a", 1, "y", "2026-03-02T10:00:00Z", "2026-03-02T12:00:00Z")),
        ("lost", slot("a", 2, "z", "2026-03-02T09:00:00Z", "2026-03-02T11:00:00Z")),
    ];
    problem.bookings.extend(slots.map(|(id, slot)| booking(id, slot)));
    problem.centres[0].bays = 2;
    let replan = replan(&problem, &Settings::default(), 1).unwrap();
    assert_sound(&problem, &replan);
    assert_eq!(replan.unplaced, []);
    assert!(replan.moves.iter().all(|one| one.change == Change::Reassigned), "{:?}", replan.moves);
}

#[test]
fn what_a_lost_technician_did_goes_to_somebody_who_can() {
    let mut problem = problem(vec![centre("a", "UTC")]);
    let taken = slot("a", 0, "ana", "2026-03-02T08:00:00Z", "2026-03-02T10:00:00Z");
    problem.bookings.push(booking("b", taken));
    problem.centres[0].technicians.remove(0);
    let replan = replan(&problem, &Settings::default(), 1).unwrap();
    assert_sound(&problem, &replan);
    assert_eq!(replan.moves[0].new.slot.technician, "bo");
    assert_eq!(replan.moves[0].change, Change::Reassigned);
    assert_eq!(replan.moves[0].because, "technician `ana` of `a` is not there any more");
}

#[test]
fn bookings_of_a_centre_that_left_go_elsewhere_or_are_named() {
    let mut problem = problem(vec![centre("a", "UTC"), centre("b", "UTC")]);
    let taken = slot("a", 0, "ana", "2026-03-02T08:00:00Z", "2026-03-02T10:00:00Z");
    problem.bookings.push(booking("b", taken));
    problem.centres.remove(0);
    let elsewhere = replan(&problem, &Settings::default(), 1).unwrap();
    assert_sound(&problem, &elsewhere);
    assert_eq!(elsewhere.moves[0].because, "`a` has left the network");
    problem.centres.clear();
    let nowhere = replan(&problem, &Settings::default(), 1).unwrap();
    assert_eq!(nowhere.unplaced[0].constraints, [Constraint::Centre { centre: "a".into() }]);
}

#[test]
fn what_has_begun_or_is_fixed_stays() {
    let mut problem = busy(2);
    problem.now = at("2026-03-02T09:00:00Z");
    problem.bookings.iter_mut().filter(|one| one.id == "1-12").for_each(|one| one.fixed = true);
    problem.centres[0].bays = 1;
    let replan = replan(&problem, &Settings::default(), 1).unwrap();
    let changed: BTreeSet<&str> = replan.moves.iter().map(|one| one.booking.as_str()).collect();
    assert!(!changed.contains("1-8") && !changed.contains("1-12"), "{changed:?}");
}

#[test]
fn one_seed_has_one_answer_and_a_small_budget_is_kept() {
    let mut problem = busy(4);
    problem.centres[0].bays = 2;
    let settings = Settings::default();
    assert_eq!(replan(&problem, &settings, 5), replan(&problem, &settings, 5));
    for evaluations in [25, 50, 200] {
        let settings = Settings { evaluations, ..Settings::default() };
        let replan = replan(&problem, &settings, 5).unwrap();
        assert!(replan.evaluations <= evaluations, "{}", replan.evaluations);
        let sound = faults(&problem, &after(&problem, &replan), &settings);
        assert_eq!(sound, [] as [String; 0]);
    }
}

/// One bay, and somebody who agreed to Tuesday at 9; the bay is closed on Tuesday from now on.
fn displaced(due_at: &str) -> Problem {
    let mut problem = problem(vec![centre("a", "UTC")]);
    problem.centres[0].bays = 1;
    let mut agreed =
        booking("b", slot("a", 0, "ana", "2026-03-03T09:00:00Z", "2026-03-03T11:00:00Z"));
    agreed.job.due_at = at(due_at);
    problem.bookings.push(agreed);
    problem.centres[0].holidays = [date("2026-03-03")].into();
    problem
}

#[test]
fn a_moved_booking_begins_later_than_agreed_as_long_as_that_is_in_time() {
    let problem = displaced("2026-03-04T18:00:00Z");
    let replan = replan(&problem, &Settings::default(), 1).unwrap();
    assert_sound(&problem, &replan);
    assert_eq!(replan.moves[0].new.slot.from, at("2026-03-04T08:00:00Z"));
    assert_eq!(replan.moves[0].because, "the workshop `a` is closed on Tue 3 Mar 2026");
}

#[test]
fn a_moved_booking_begins_earlier_only_when_nothing_later_is_in_time_and_says_so() {
    let problem = displaced("2026-03-03T20:00:00Z");
    let replan = replan(&problem, &Settings::default(), 1).unwrap();
    assert_sound(&problem, &replan);
    assert_eq!(replan.moves[0].new.slot.from, at("2026-03-02T18:00:00Z"), "the nearest before");
    let because = "the workshop `a` is closed on Tue 3 Mar 2026; nothing later is free in time, \
                   so it begins earlier than agreed";
    assert_eq!(replan.moves[0].because, because);
}

#[test]
fn who_agreed_to_a_start_after_the_due_time_is_not_hurried() {
    let problem = displaced("2026-03-02T20:00:00Z");
    let replan = replan(&problem, &Settings::default(), 1).unwrap();
    assert_eq!(replan.moves[0].new.slot.from, at("2026-03-04T08:00:00Z"));
}

#[test]
fn a_moved_booking_stays_at_its_centre_where_that_is_possible_in_time() {
    let mut problem = displaced("2026-03-04T18:00:00Z");
    problem.centres.push(centre("b", "UTC"));
    let stayed = replan(&problem, &Settings::default(), 1).unwrap();
    assert_eq!(stayed.moves[0].new.slot.centre, "a", "though `b` is free on Tuesday at 9");
    problem.bookings[0].job.due_at = at("2026-03-03T20:00:00Z");
    let went = replan(&problem, &Settings::default(), 1).unwrap();
    let slot = &went.moves[0].new.slot;
    assert_eq!((slot.centre.as_str(), slot.from), ("b", at("2026-03-03T09:00:00Z")));
}

/// A bay of two is lost; one car agreed to Monday at 8 and may wait, one is due on Monday.
fn crowded(waiting: Severity, urgent: Severity) -> Problem {
    let mut problem = busy(2);
    for booking in &mut problem.bookings {
        booking.job.due_at = at("2026-03-09T00:00:00Z");
        booking.job.severity = waiting;
    }
    let urgent_one = problem.bookings.iter_mut().find(|one| one.id == "1-16").unwrap();
    urgent_one.job.severity = urgent;
    urgent_one.job.due_at = at("2026-03-02T17:00:00Z");
    // Nothing but the urgent one has lost its place.
    problem.bookings.retain(|one| one.id.starts_with("0-") || one.id == "1-16");
    problem.bookings.push(booking(
        "0-18",
        slot("a", 0, "tech-0", "2026-03-02T18:00:00Z", "2026-03-02T20:00:00Z"),
    ));
    problem.centres[0].bays = 1;
    problem
}

#[test]
fn others_move_only_to_keep_a_graver_case_in_time_and_are_told_so() {
    let graver = crowded(Severity::Medium, Severity::Critical);
    let replan_of = |problem: &Problem| replan(problem, &Settings::default(), 1).unwrap();
    let replan = replan_of(&graver);
    assert_sound(&graver, &replan);
    assert_eq!(replan.unplaced, []);
    let moved: Vec<&str> = replan.moves.iter().map(|one| one.booking.as_str()).collect();
    assert_eq!(moved.len(), 2, "{moved:?}");
    let [other, urgent] = [&replan.moves[0], &replan.moves[1]];
    assert_eq!(urgent.booking, "1-16");
    assert!(urgent.new.slot.from <= at("2026-03-02T17:00:00Z"), "{urgent:?}");
    assert!(other.new.slot.from > other.old.from, "{other:?}");
    let because = "it makes room for a graver booking, which would be too late otherwise";
    assert_eq!(other.because, because);
    let equal = crowded(Severity::High, Severity::High);
    let replan = replan_of(&equal);
    assert_sound(&equal, &replan);
    let moved: Vec<&str> = replan.moves.iter().map(|one| one.booking.as_str()).collect();
    assert_eq!(moved, ["1-16"], "nobody gives way to a case that is as grave");
}

#[test]
fn of_two_visits_of_one_asset_at_once_one_moves() {
    let mut problem = problem(vec![centre("a", "UTC"), centre("b", "UTC")]);
    let (from, until) = ("2026-03-02T10:00:00Z", "2026-03-02T12:00:00Z");
    problem.bookings.push(booking("1", slot("a", 0, "ana", from, until)));
    problem.bookings.push(booking("2", slot("b", 0, "ana", from, until)));
    for booking in &mut problem.bookings {
        booking.job.asset = Some("VEH001".into());
    }
    let replan = replan(&problem, &Settings::default(), 1).unwrap();
    assert_sound(&problem, &replan);
    assert_eq!(replan.moves.len(), 1);
    assert_eq!(replan.moves[0].because, "`VEH001` is at `a` for another repair then");
}
