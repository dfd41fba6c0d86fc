//! What is usual is learned; what is far above it is found; what is said of it adds up.

use super::*;
use jiff::tz::{Offset, TimeZone};
use proptest::prelude::*;

const HALF_LIFE: Duration = Duration::from_secs(900);

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn hours() -> Hours {
    let kolkata = TimeZone::fixed(Offset::from_seconds(19_800).unwrap());
    Hours { zone: kolkata, working_from: 8, working_until: 20 }
}

fn window(from: Timestamp, seconds: u64, messages: u64) -> ActivityMeasured {
    ActivityMeasured {
        principal: "diagnosis".into(),
        from,
        until: from.saturating_add(Duration::from_secs(seconds)),
        messages,
        bytes: messages * 300,
        by_name: [("failure.predicted".to_owned(), messages)].into(),
        keys: u32::try_from(messages.min(10)).unwrap(),
        repeated: 0,
        refused: 0,
        dead_lettered: 0,
        reads: 0,
        read_bytes: 0,
        reads_by_stream: [].into(),
    }
}

/// A principal that says `an_hour` messages in every hour of `days` days; all that was shown on the way.
fn living(
    usual: &mut Usual,
    from: Timestamp,
    days: u64,
    an_hour: impl Fn(u64) -> u64,
) -> Vec<Shown> {
    let mut shown = Vec::new();
    for hour in 0..days * 24 {
        let from = from.saturating_add(Duration::from_secs(hour * 3_600));
        let said = an_hour(hour);
        if said > 0 {
            shown.push(usual.take(&window(from, 3_599, said), &hours(), &Settings::default()));
        }
    }
    shown
}

fn kinds(shown: &Shown) -> Vec<Measure> {
    shown.unusual.iter().map(|unusual| unusual.measure).collect()
}

const MONDAY: &str = "2026-03-02T00:00:00Z";

#[test]
fn hours_are_those_of_the_deployments_zone() {
    let class = |text| hours().class(at(text));
    assert_eq!(class("2026-03-02T02:29:00Z"), HourClass::Night, "07:59 in Kolkata");
    assert_eq!(class("2026-03-02T02:30:00Z"), HourClass::Working);
    assert_eq!(class("2026-03-06T18:31:00Z"), HourClass::WeekendNight, "Saturday has begun there");
    assert_eq!(class("2026-03-08T06:00:00Z"), HourClass::Weekend);
}

#[test]
fn silence_is_divided_among_the_hours_that_it_lasted() {
    let (from, until) = (at("2026-03-02T01:30:00Z"), at("2026-03-02T03:45:00Z"));
    assert_eq!(hours().minutes(from, until), [(HourClass::Working, 75), (HourClass::Night, 60)]);
    let year = hours().minutes(at("2025-03-02T00:00:00Z"), from);
    assert_eq!(year.iter().map(|(_, minutes)| minutes).sum::<u32>(), IDLE_HOURS_MAX * 60);
}

#[test]
fn a_sketch_tells_median_mean_and_what_came_several_times() {
    let mut sketch = Sketch::default();
    sketch.learn(0.0, 40);
    sketch.learn(10.0, 57);
    sketch.learn(100.0, 3);
    sketch.learn(100_000.0, 1);
    let typical = sketch.typical().unwrap();
    assert!((9.0..11.0).contains(&typical.median), "{typical:?}");
    assert!(
        (90.0..110.0).contains(&typical.high),
        "one minute of 100,000 is no habit: {typical:?}"
    );
    assert!(typical.mean > 900.0, "{typical:?}");
    assert_eq!(Sketch::default().typical(), None);
}

#[test]
fn a_sketch_forgets_and_stays_small() {
    let mut sketch = Sketch::default();
    (0..200_000_u32).for_each(|number| sketch.learn(f64::from(number % 5_000), 7));
    assert!(sketch.minutes() <= MINUTES_KEPT);
    assert!(postcard::to_stdvec(&sketch).unwrap().len() < 400);
    (0..20).for_each(|_| sketch.learn(3.0, MINUTES_KEPT));
    let typical = sketch.typical().unwrap();
    assert!((typical.high - 3.0).abs() < 0.5, "what is long ago is forgotten: {typical:?}");
}

#[test]
fn nothing_is_judged_before_it_was_watched_for_a_day_and_then_it_is_said_once() {
    let mut usual = Usual::default();
    let flood = window(at(MONDAY), 1, 100_000);
    assert_eq!(usual.take(&flood, &hours(), &Settings::default()), Shown::default());
    let shown = living(&mut usual, at("2026-03-02T01:00:00Z"), 3, |_| 60);
    assert_eq!(shown.iter().filter(|shown| shown.just_learned).count(), 1);
    assert!(shown.iter().all(|shown| shown.unusual.is_empty()));
}

#[test]
fn a_flood_is_found_in_its_first_full_window() {
    let mut usual = Usual::default();
    living(&mut usual, at(MONDAY), 3, |hour| if hour % 24 < 12 { 600 } else { 60 });
    let shown =
        usual.take(&window(at("2026-03-05T00:00:30Z"), 1, 256), &hours(), &Settings::default());
    assert_eq!(kinds(&shown), [Measure::Messages]);
    let unusual = &shown.unusual[0];
    assert!((250.0..=256.0).contains(&unusual.observed), "{unusual:?}");
    assert!(unusual.usual <= 11.0 && unusual.z >= 4.0 && unusual.points >= 30.0, "{unusual:?}");
}

#[test]
fn a_flood_in_a_hundred_small_windows_is_one_flood() {
    let mut usual = Usual::default();
    living(&mut usual, at(MONDAY), 3, |_| 30);
    let begins = at("2026-03-05T00:01:00Z");
    let shown = (0..50).map(|second| {
        let from = begins.saturating_add(Duration::from_secs(second));
        usual.take(&window(from, 1, 256), &hours(), &Settings::default())
    });
    let last = shown.last().unwrap();
    assert!((12_790.0..=12_800.0).contains(&last.unusual[0].observed), "{last:?}");
    assert_eq!(last.unusual[0].points, Settings::default().messages.points);
}

#[test]
fn who_is_silent_as_a_rule_may_speak_and_may_not_shout() {
    let mut usual = Usual::default();
    usual.take(&window(at(MONDAY), 1, 1), &hours(), &Settings::default());
    let speaks = window(at("2026-03-20T09:00:00Z"), 10, 40);
    assert_eq!(kinds(&usual.take(&speaks, &hours(), &Settings::default())), []);
    let shouts = window(at("2026-03-21T09:00:00Z"), 10, 400);
    assert_eq!(kinds(&usual.take(&shouts, &hours(), &Settings::default())), [Measure::Messages]);
}

#[test]
fn what_was_said_once_in_a_month_is_no_habit() {
    let mut usual = Usual::default();
    usual.take(&window(at(MONDAY), 30, 300), &hours(), &Settings::default());
    usual.take(&window(at("2026-03-20T00:00:00Z"), 1, 1), &hours(), &Settings::default());
    let again = window(at("2026-03-22T09:00:00Z"), 30, 400);
    assert_eq!(kinds(&usual.take(&again, &hours(), &Settings::default())), [Measure::Messages]);
}

#[test]
fn the_first_weekend_after_an_outage_is_not_unusual_for_its_hours_alone() {
    let mut usual = Usual::default();
    living(&mut usual, at(MONDAY), 5, |_| 60_000);
    let back = window(at("2026-03-08T05:00:00Z"), 3_599, 60_000);
    assert_eq!(kinds(&usual.take(&back, &hours(), &Settings::default())), []);
    let next = window(at("2026-03-08T06:00:00Z"), 3_599, 60_000);
    assert_eq!(kinds(&usual.take(&next, &hours(), &Settings::default())), []);
}

#[test]
fn catching_up_after_an_outage_is_not_unusual() {
    let mut usual = Usual::default();
    living(&mut usual, at(MONDAY), 5, |_| 600);
    let backlog = window(at("2026-03-08T05:00:00Z"), 1, 10 * 60 * 29);
    assert_eq!(kinds(&usual.take(&backlog, &hours(), &Settings::default())), []);
}

#[test]
fn an_attack_is_not_learned_within_minutes_and_a_change_is_within_hours() {
    let mut usual = Usual::default();
    living(&mut usual, at(MONDAY), 5, |_| 60);
    let begins = at("2026-03-07T00:00:00Z");
    let mut judged = (0..10 * 60).map(|minute| {
        let from = begins.saturating_add(Duration::from_secs(minute * 60 + 1));
        !usual.take(&window(from, 58, 2_000), &hours(), &Settings::default()).unusual.is_empty()
    });
    assert!(judged.by_ref().take(60).all(|unusual| unusual), "an hour of it stays unusual");
    assert!(judged.last().is_some_and(|unusual| !unusual), "ten hours of it are usual");
}

#[test]
fn errors_repeats_and_reading_are_measured_apart() {
    let mut usual = Usual::default();
    living(&mut usual, at(MONDAY), 5, |_| 60);
    let mut odd = window(at("2026-03-07T00:01:00Z"), 30, 20);
    (odd.dead_lettered, odd.repeated, odd.reads, odd.read_bytes) = (15, 20, 5_000, 4_000_000);
    let shown = usual.take(&odd, &hours(), &Settings::default());
    assert_eq!(
        kinds(&shown),
        [Measure::Repeats, Measure::Errors, Measure::Reads, Measure::ReadBytes]
    );
}

#[test]
fn a_new_name_is_noticed_once_and_only_after_learning() {
    let mut usual = Usual::default();
    let shown = living(&mut usual, at(MONDAY), 3, |_| 60);
    assert!(shown.iter().all(|shown| shown.new_names.is_empty()));
    let mut odd = window(at("2026-03-05T09:00:00Z"), 30, 2);
    odd.by_name = [("hold.slot".to_owned(), 2)].into();
    odd.reads_by_stream = [("telemetry".to_owned(), 1)].into();
    let new_names = usual.take(&odd, &hours(), &Settings::default()).new_names;
    assert_eq!(new_names, ["hold.slot", "reading telemetry"]);
    odd.from = at("2026-03-05T10:00:00Z");
    assert!(usual.take(&odd, &hours(), &Settings::default()).new_names.is_empty());
}

fn evidence(kind: &str, points: f64, at: Timestamp) -> Contribution {
    let (kind, detail, seen_in) = (kind.to_owned(), String::new(), messages::MessageId::default());
    Contribution { kind, points, at, observed: 1.0, usual: None, high: None, detail, seen_in }
}

#[test]
fn risk_halves_in_every_half_life_and_is_gone_in_the_end() {
    let mut risk = Risk::default();
    risk.take(evidence("a", 40.0, at(MONDAY)), Raise::To, HALF_LIFE);
    assert_eq!(risk.score(at(MONDAY), HALF_LIFE), 40.0);
    assert_eq!(risk.score(at("2026-03-02T00:15:00Z"), HALF_LIFE), 20.0);
    assert_eq!(risk.score(at("2026-03-02T00:30:00Z"), HALF_LIFE), 10.0);
    assert_eq!(risk.contributions(at("2026-03-03T00:00:00Z"), HALF_LIFE), []);
}

#[test]
fn the_same_thing_seen_again_counts_once_and_one_more_counts_more() {
    let mut risk = Risk::default();
    for _ in 0..5 {
        risk.take(evidence("same", 30.0, at(MONDAY)), Raise::To, HALF_LIFE);
        risk.take(evidence("more", 30.0, at(MONDAY)), Raise::By { most: 100.0 }, HALF_LIFE);
    }
    assert_eq!(risk.score(at(MONDAY), HALF_LIFE), 130.0);
}

proptest! {
    #[test]
    fn contributions_always_add_up_to_the_score(
        points in prop::collection::vec((0_u8..40, 0.0_f64..90.0, 0_u64..10_000, any::<bool>()), 0..200),
    ) {
        let (mut risk, mut now) = (Risk::default(), at(MONDAY));
        for (kind, points, seconds, same) in points {
            now = now.saturating_add(Duration::from_secs(seconds));
            let raise = if same { Raise::To } else { Raise::By { most: 100.0 } };
            risk.take(evidence(&kind.to_string(), points, now), raise, HALF_LIFE);
            let contributions = risk.contributions(now, HALF_LIFE);
            let sum: f64 = contributions.iter().map(|one| one.points).sum();
            prop_assert!((sum - risk.score(now, HALF_LIFE)).abs() < 1e-6);
            prop_assert!(contributions.len() <= CONTRIBUTIONS_MAX);
        }
    }
}
