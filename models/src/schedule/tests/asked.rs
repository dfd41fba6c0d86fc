//! Offers for one job: the best first, different from each other, each with its reasons.

use super::checker::{Seated, faults, standing};
use super::instance::{Instance, instance};
use super::*;

fn offered(problem: &Problem, job: &Job) -> Vec<Offer> {
    offers(problem, job, None, &Settings::default()).unwrap().offers
}

fn starts(offers: &[Offer]) -> Vec<String> {
    offers.iter().map(|offer| offer.slot.from.to_string()).collect()
}

fn kinds(offer: &Offer) -> Vec<PenaltyKind> {
    offer.penalties.iter().map(|penalty| penalty.kind).collect()
}

#[test]
fn three_offers_differ_in_the_part_of_the_day() {
    let offers = offered(&problem(vec![centre("pune", "Asia/Kolkata")]), &job("c"));
    let local = ["2026-03-02T02:30:00Z", "2026-03-02T06:30:00Z", "2026-03-02T11:30:00Z"];
    assert_eq!(starts(&offers), local, "8, 12 and 17 o'clock in India");
    assert!(offers.iter().all(|offer| offer.points == 0.0 && offer.penalties.is_empty()));
}

#[test]
fn a_nearer_centre_comes_first_and_the_way_is_a_reason() {
    let mut far = centre("delhi", "Asia/Kolkata");
    far.position = Some(Position { latitude: 28.61, longitude: 77.21 });
    let mut near = centre("mumbai", "Asia/Kolkata");
    near.position = Some(Position { latitude: 19.08, longitude: 72.88 });
    let mut asked = job("c");
    asked.position = Some(Position { latitude: 18.52, longitude: 73.86 });
    let offers = offered(&problem(vec![far, near]), &asked);
    assert_eq!(offers[0].slot.centre, "mumbai");
    assert_eq!(offers[0].penalties[0].because, "`mumbai` is 120 km away");
}

#[test]
fn an_unknown_way_counts_like_the_longest_and_an_unknown_rating_like_the_average() {
    let mut rated = centre("a", "UTC");
    rated.rating = Some(5.0);
    let mut poor = centre("b", "UTC");
    poor.rating = Some(3.0);
    let mut asked = job("c");
    asked.km_by_centre = [("a".into(), 30.0), ("b".into(), 40.0)].into();
    asked.centre = Some("new".into());
    let offers = offered(&problem(vec![rated, poor, centre("new", "UTC")]), &asked);
    let new = offers.iter().find(|offer| offer.slot.centre == "new").unwrap();
    assert_eq!(kinds(new), [PenaltyKind::Distance, PenaltyKind::Rating]);
    assert_eq!(new.penalties[0].points, 40.0);
    assert!((new.penalties[1].points - 2.0).abs() < 1e-9, "{:?}", new.penalties[1]);
    assert_eq!(new.penalties[1].because, "`new` is not rated yet and counted as average");
}

#[test]
fn the_owners_evening_is_meant_on_the_owners_clock() {
    let mut asked = job("c");
    (asked.zone, asked.due_at) = ("Europe/Berlin".into(), at("2026-03-04T15:30:00Z"));
    asked.preferred = vec![Window::Weekly { days: Days::Of([3].into()), hours: hours(17, 20) }];
    let offers = offered(&problem(vec![centre("berlin", "Europe/Berlin")]), &asked);
    assert_eq!(starts(&offers)[0], "2026-03-04T16:00:00Z", "Wednesday, 17 o'clock in winter");
    assert_eq!(kinds(&offers[0]), [PenaltyKind::Late]);
    assert_eq!(offers[0].penalties[0].because, "it starts 30 min after the due time");
    assert_eq!(kinds(&offers[1]), [PenaltyKind::Unpreferred]);
}

#[test]
fn a_wish_that_costs_much_is_still_among_the_offers() {
    let mut asked = job("c");
    asked.due_at = at("2026-03-02T08:00:00Z");
    let (from, until) = (at("2026-03-10T17:00:00Z"), at("2026-03-10T20:00:00Z"));
    asked.preferred = vec![Window::Once { from, until }];
    let offers = offered(&problem(vec![centre("a", "UTC")]), &asked);
    assert_eq!(starts(&offers)[0], "2026-03-02T08:00:00Z");
    assert_eq!(starts(&offers)[2], "2026-03-10T17:00:00Z");
    assert_eq!(kinds(&offers[2]), [PenaltyKind::Late]);
}

#[test]
fn an_emergency_passes_over_what_the_owner_prefers() {
    let mut asked = job("c");
    asked.severity = Severity::Emergency;
    asked.due_at = at("2026-03-02T10:00:00Z");
    asked.able = vec![Window::Weekly { days: Days::Of([7].into()), hours: hours(8, 20) }];
    let offers = offered(&problem(vec![centre("a", "UTC")]), &asked);
    assert_eq!(starts(&offers)[0], "2026-03-02T08:00:00Z");
    assert_eq!(kinds(&offers[0]), []);
}

#[test]
fn opening_hours_follow_the_local_clock_across_its_changes() {
    for (zone, before, after) in [
        ("Europe/Berlin", "2026-03-28T07:00:00Z", "2026-03-29T06:00:00Z"),
        ("America/New_York", "2026-03-07T13:00:00Z", "2026-03-08T12:00:00Z"),
        ("America/New_York", "2026-10-31T12:00:00Z", "2026-11-01T13:00:00Z"),
        ("Australia/Lord_Howe", "2026-04-03T21:00:00Z", "2026-04-04T21:30:00Z"),
    ] {
        for first in [before, after] {
            let mut problem = problem(vec![centre("a", zone)]);
            problem.now = at(first).saturating_sub(std::time::Duration::from_secs(3_600));
            let mut asked = job("c");
            (asked.earliest_at, asked.due_at) = (problem.now, problem.now);
            assert_eq!(starts(&offered(&problem, &asked))[0], first, "8 o'clock in {zone}");
        }
    }
}

#[test]
fn a_day_that_loses_an_hour_is_an_hour_shorter() {
    let mut night = centre("a", "Europe/Berlin");
    night.hours = every_day(Hours { open_minute: 60, close_minute: 240 });
    let mut asked = job("c");
    asked.minutes = 180;
    let mut starts_on = |now: &str| {
        let mut problem = problem(vec![night.clone()]);
        problem.now = at(now);
        (asked.earliest_at, asked.due_at) = (problem.now, problem.now);
        starts(&offered(&problem, &asked))[0].clone()
    };
    assert_eq!(starts_on("2026-03-27T12:00:00Z"), "2026-03-28T00:00:00Z");
    assert_eq!(starts_on("2026-03-28T12:00:00Z"), "2026-03-29T23:00:00Z", "the 30th, not the 29th");
}

#[test]
fn routine_work_leaves_emergency_places_and_an_emergency_takes_them() {
    let mut small = centre("a", "UTC");
    (small.bays, small.emergency_places) = (1, 1);
    small.hours = every_day(hours(8, 12));
    let mut problem = problem(vec![small]);
    let morning = slot("a", 0, "ana", "2026-03-02T08:00:00Z", "2026-03-02T10:00:00Z");
    problem.bookings.push(booking("b", morning));
    let mut asked = job("c");
    asked.due_at = at("2026-03-02T09:00:00Z");
    assert_eq!(starts(&offered(&problem, &asked))[0], "2026-03-03T08:00:00Z");
    asked.severity = Severity::Critical;
    assert_eq!(starts(&offered(&problem, &asked))[0], "2026-03-02T10:00:00Z");
}

#[test]
fn a_part_is_waited_for_and_never_promised_twice() {
    let mut a = centre("a", "UTC");
    let stock = |pieces, there_at| Stock { part: "pad".into(), pieces, there_at: at(there_at) };
    a.stock = vec![stock(1, "2026-03-01T00:00:00Z"), stock(1, "2026-03-05T09:00:00Z")];
    let mut problem = problem(vec![a]);
    let mut with_part =
        booking("b", slot("a", 0, "ana", "2026-03-04T08:00:00Z", "2026-03-04T10:00:00Z"));
    with_part.job.part = Some("pad".into());
    problem.bookings.push(with_part);
    let mut asked = job("c");
    asked.part = Some("pad".into());
    assert_eq!(starts(&offered(&problem, &asked))[0], "2026-03-05T09:00:00Z");
}

#[test]
fn an_offer_to_move_leaves_the_own_booking_out_of_account() {
    let mut a = centre("a", "UTC");
    a.bays = 1;
    let mut problem = problem(vec![a]);
    let mine = slot("a", 0, "ana", "2026-03-02T08:00:00Z", "2026-03-02T10:00:00Z");
    problem.bookings.push(booking("b", mine));
    let own = problem.bookings[0].job.clone();
    let found = offers(&problem, &own, Some("b"), &Settings::default()).unwrap().offers;
    assert_eq!(starts(&found)[0], "2026-03-02T08:00:00Z", "where it is costs nothing");
    assert_eq!(kinds(&found[1]), [PenaltyKind::Moved]);
    assert_eq!(found[1].penalties[0].because, "it was agreed for Mon 2 Mar 2026 08:00 at `a`");
}

#[test]
fn each_offer_of_the_seeded_instances_keeps_every_rule() {
    let mut seen = 0;
    for seed in 0..100 {
        let Instance { problem, jobs, settings } = instance(seed);
        for job in &jobs {
            let Ok(found) = offers(&problem, job, None, &settings) else { continue };
            assert!(found.exhaustive && found.evaluations <= EVALUATIONS_MAX);
            for offer in found.offers {
                let mut all = standing(&problem);
                let slot = offer.slot;
                assert_eq!(conflicts(&problem, job, &slot, None, &settings), Ok(vec![]));
                all.push(Seated { job: job.clone(), slot, new: true });
                assert_eq!(faults(&problem, &all, &settings), [] as [String; 0], "seed {seed}");
                let sum: f64 = offer.penalties.iter().map(|penalty| penalty.points).sum();
                assert!((sum - offer.points).abs() < 1e-9);
                seen += 1;
            }
        }
    }
    assert!(seen > 200, "{seen} offers");
}

#[test]
fn a_wrong_question_is_refused_by_name() {
    let ask = |change: &dyn Fn(&mut Problem, &mut Job)| {
        let (mut problem, mut job) = (problem(vec![centre("a", "UTC")]), job("c"));
        change(&mut problem, &mut job);
        match offers(&problem, &job, None, &Settings::default()).unwrap_err() {
            OfferError::Invalid(invalid) => invalid.to_string(),
            OfferError::Infeasible(infeasible) => panic!("{infeasible}"),
        }
    };
    let zone = ask(&|problem, _| problem.centres[0].zone = "Asia/Nowhere".into());
    assert_eq!(
        zone,
        "zone `Asia/Nowhere` of `a` is unknown; give an IANA name like `Asia/Kolkata`"
    );
    let length = ask(&|_, job| job.minutes = 0);
    assert_eq!(length, "`minutes of the job` is `0`; give `1` to `1440`");
    let twice = ask(&|problem, _| problem.centres.push(centre("a", "UTC")));
    assert_eq!(twice, "centre `a` is there twice; names are unique");
    let backwards = ask(&|problem, _| {
        problem.centres[0].hours[0] = vec![Hours { open_minute: 720, close_minute: 480 }]
    });
    assert!(backwards.starts_with("hours `720`–`480` minutes of `a`"), "{backwards}");
}

#[test]
fn without_a_known_place_all_offers_lie_within_reach_of_the_best() {
    let located = |id: &str, latitude, longitude| {
        let position = Some(Position { latitude, longitude });
        Centre { position, ..centre(id, "Asia/Kolkata") }
    };
    let mut problem = problem(vec![
        located("delhi", 28.61, 77.21),
        located("mumbai", 19.08, 72.88),
        located("pune", 18.52, 73.86),
    ]);
    // Delhi opens later: Mumbai is the best.
    problem.centres[0].hours = every_day(hours(9, 20));
    let centres = |offers: &[Offer]| -> BTreeSet<String> {
        offers.iter().map(|offer| offer.slot.centre.clone()).collect()
    };
    let offers = offered(&problem, &job("c"));
    assert_eq!(offers.len(), OFFERS_MAX);
    assert_eq!(centres(&offers), ["mumbai".to_owned(), "pune".to_owned()].into());
    let taken = slot("delhi", 0, "ana", "2026-03-03T08:00:00Z", "2026-03-03T10:00:00Z");
    problem.bookings.push(booking("b", taken));
    let moved = problem.bookings[0].job.clone();
    let found = super::offers(&problem, &moved, Some("b"), &Settings::default()).unwrap();
    assert_eq!(centres(&found.offers), ["delhi".to_owned()].into(), "where it is booked");
}

#[test]
fn assets_of_one_owner_come_together_where_that_can_be() {
    let problem = problem(vec![centre("near", "UTC"), centre("other", "UTC")]);
    let mut asked = job("c");
    asked.km_by_centre = [("near".into(), 5.0), ("other".into(), 30.0)].into();
    let alone = offered(&problem, &asked);
    assert_eq!(alone[0].slot.centre, "near");
    let (from, until) = (at("2026-03-03T10:00:00Z"), at("2026-03-03T12:00:00Z"));
    asked.company = vec![Visit { asset: "VEH004".into(), centre: "other".into(), from, until }];
    let together = offered(&problem, &asked);
    let first = &together[0].slot;
    let starts_at = first.from.to_string();
    assert_eq!((first.centre.as_str(), starts_at.as_str()), ("other", "2026-03-03T08:00:00Z"));
    let apart = |offers: &[Offer]| -> Vec<String> {
        let penalties = offers.iter().flat_map(|offer| &offer.penalties);
        let apart = penalties.filter(|penalty| penalty.kind == PenaltyKind::Apart);
        apart.map(|penalty| penalty.because.clone()).collect()
    };
    assert_eq!(apart(&together), ["`VEH004` of the same owner comes at another hour of the day"]);
    let later = Job { earliest_at: at("2026-03-04T00:00:00Z"), ..asked.clone() };
    let other_day = "`VEH004` of the same owner comes to `other` on Tue 3 Mar 2026 10:00";
    assert_eq!(apart(&offered(&problem, &later))[0], other_day);
    asked.severity = Severity::Emergency;
    assert_eq!(offered(&problem, &asked)[0].slot.centre, "near", "an emergency waits for nobody");
}

#[test]
fn a_day_for_which_more_is_foreseen_comes_later_and_says_how_much() {
    let mut problem = problem(vec![centre("a", "UTC")]);
    let mut asked = job("c");
    asked.earliest_at = at("2026-03-03T00:00:00Z");
    assert_eq!(starts(&offered(&problem, &asked))[0], "2026-03-03T08:00:00Z");
    problem.demand = vec![Demand { centre: "a".into(), date: date("2026-03-03"), minutes: 300.0 }];
    asked.due_at = at("2026-03-06T00:00:00Z");
    assert_eq!(starts(&offered(&problem, &asked))[0], "2026-03-04T08:00:00Z");
    asked.due_at = at("2026-03-03T08:00:00Z");
    let soon = &offered(&problem, &asked)[0];
    assert_eq!(soon.slot.from, asked.due_at, "being late weighs more");
    let why = "more visits are foreseen on Tue 3 Mar 2026 at `a`, for 21 % of its bay time";
    assert_eq!(soon.penalties[0].because, why);
}

#[test]
fn an_asset_is_at_one_visit_at_a_time_and_nothing_relaxes_that() {
    let mut problem = problem(vec![centre("a", "UTC"), centre("b", "UTC")]);
    let taken = slot("a", 0, "ana", "2026-03-02T08:00:00Z", "2026-03-02T20:00:00Z");
    problem.bookings.push(booking("b", taken));
    problem.bookings[0].job.asset = Some("VEH001".into());
    let mut asked = job("c");
    asked.asset = Some("VEH001".into());
    assert_eq!(starts(&offered(&problem, &asked))[0], "2026-03-03T08:00:00Z");
    let also = slot("b", 0, "ana", "2026-03-02T10:00:00Z", "2026-03-02T12:00:00Z");
    let against = |moves| {
        let found = conflicts(&problem, &asked, &also, moves, &Settings::default()).unwrap();
        found.iter().map(Constraint::to_string).collect::<Vec<_>>()
    };
    assert_eq!(against(None), ["`VEH001` is at `a` for another repair then"]);
    assert_eq!(against(Some("b")), [] as [String; 0], "it is the visit that would be moved");

    asked.latest_at = Some(at("2026-03-02T18:00:00Z"));
    let Err(OfferError::Infeasible(found)) = offers(&problem, &asked, None, &Settings::default())
    else {
        panic!("the asset is elsewhere all day");
    };
    let constraints = found.relaxations.iter().flat_map(|one| &one.constraints);
    let elsewhere = |one: &&Constraint| matches!(one, Constraint::Elsewhere { .. });
    assert_eq!(constraints.filter(elsewhere).count(), 0, "{found:?}");
    assert!(!found.relaxations.is_empty());
}
