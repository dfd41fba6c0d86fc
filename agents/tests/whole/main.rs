//! Whole cases led by all agents together: only the asset, its owner and its workshop are played by hand.

mod town;

use messages::booking::{BookingConfirmed, BookingStarted, SlotsOffered};
use messages::case::CaseState::{
    AwaitingCustomer, Booked, Closed, Contacting, Declined, Deferred, Escalated, InService, Opened,
    Scheduling, Verifying,
};
use messages::case::{CaseAdvanced, CaseClosed, CaseEscalated, CaseOpened, CaseOutcome, CaseState};
use messages::contact::{ContactSend, CustomerContacted, CustomerResponded, Intent, Purpose};
use messages::finding::{Outcome, PredictionVerified};
use messages::prediction::Severity;
use messages::registry::MaintenanceRecorded;
use runtime::conductor::Faults;
use std::time::Duration;
use town::{Town, hours};

/// The owner puts it off once, is called in the evening, agrees, comes and hears that it was right.
fn deferred_callback(town: &mut Town) {
    town.predict("brake", Severity::High);
    town.reply("I don't know, now is bad. Call me tonight.");
    town.pass(hours(12));
    town.reply("Yes, tomorrow morning is fine");
    town.pass_until_started();
    town.find("brake", Some("brake"));
}

#[test]
fn brakes_that_may_fail_are_told_put_off_booked_found_and_verified() {
    let mut town = Town::begin(3, None);
    deferred_callback(&mut town);
    let path = [
        Opened,
        Contacting,
        AwaitingCustomer,
        Deferred,
        Contacting,
        AwaitingCustomer,
        Scheduling,
        Booked,
        InService,
        Verifying,
        Closed,
    ];
    assert_eq!(town.path(), path, "{}", town.told());
    assert_eq!(town.closed().outcome, CaseOutcome::Confirmed);
    let verified = town.world.published::<PredictionVerified>();
    let judged: Vec<_> = verified.iter().map(|one| (one.outcome, one.case)).collect();
    assert_eq!(judged, [(Outcome::TruePositive, Some(town.case()))]);
    assert_eq!(town.count::<MaintenanceRecorded>(), 1);
    let purposes = [Purpose::PredictedFailure, Purpose::Callback, Purpose::BookingConfirmed];
    assert_eq!(town.purposes(), purposes);
    let intents: Vec<Intent> =
        town.world.published::<CustomerResponded>().iter().map(|one| one.intent).collect();
    assert!(
        matches!(intents[..], [Intent::Defer, Intent::Accept | Intent::ChooseSlot]),
        "{intents:?}"
    );
    let dead = town.world.dead();
    assert!(dead.is_empty(), "{dead:?}");
}

#[test]
fn whatever_is_killed_repeated_or_delayed_there_is_one_case_one_booking_and_one_call_a_step() {
    let mut calm = Town::begin(3, None);
    deferred_callback(&mut calm);
    // An answer may be heard before it is heard that the contact arrived.
    let path = |town: &Town| -> Vec<_> {
        town.path().into_iter().filter(|state| *state != AwaitingCustomer).collect()
    };
    let mut kills = 0;
    for seed in 0..8 {
        let faults = Faults {
            seed,
            duplicate: 0.2,
            reorder: 16,
            kill_before_commit: 0.1,
            kill_after_commit: 0.1,
        };
        let mut rough = Town::begin(3, Some(faults));
        deferred_callback(&mut rough);
        assert_eq!(path(&rough), path(&calm), "seed {seed}");
        let counts = [
            rough.count::<CaseOpened>(),
            rough.count::<BookingConfirmed>(),
            rough.count::<ContactSend>(),
            rough.count::<CustomerContacted>(),
            rough.count::<CaseClosed>(),
        ];
        assert_eq!(counts, [1, 1, 3, 3, 1], "seed {seed}");
        let happened = rough.world.misfortunes();
        kills += happened.kills_before_commit + happened.kills_after_commit;
    }
    assert!(kills > 0);
}

#[test]
fn an_owner_who_declines_is_offered_once_more_and_then_comes() {
    let mut town = Town::begin(3, None);
    town.predict("engine", Severity::High);
    town.reply("No, I am not interested.");
    assert_eq!(town.state(), Declined, "{}", town.told());
    town.pass(hours(21));
    assert_eq!(town.purposes().last(), Some(&Purpose::BookingRecovery), "{}", town.told());
    town.reply("ok, the first one");
    assert_eq!(town.state(), Booked, "{}", town.told());
    town.pass_until_started();
    town.find("engine", None);
    assert_eq!(town.closed().outcome, CaseOutcome::Refuted, "{}", town.told());
}

#[test]
fn an_emergency_is_told_at_night() {
    let mut town = Town::begin(3, None);
    town.pass(hours(12));
    town.predict("brake", Severity::Emergency);
    let contacted = town.world.published::<CustomerContacted>();
    assert_eq!(contacted.len(), 1, "{}", town.told());
    assert_eq!(contacted[0].purpose, Purpose::UrgentAlert);
    assert!(contacted[0].text.contains("do not drive"), "{}", contacted[0].text);
}

#[test]
fn the_owner_of_an_emergency_without_a_workshop_is_told_not_to_drive() {
    let mut town = Town::begin(0, None);
    town.pass(hours(12));
    town.predict("brake", Severity::Emergency);
    assert_eq!(town.state(), Escalated, "{}", town.told());
    let told = town.world.published::<CustomerContacted>();
    assert_eq!(told.len(), 1, "{}", town.told());
    assert_eq!(told[0].purpose, Purpose::UrgentWarning);
    for part in ["do not drive", "A colleague will call you about a slot"] {
        assert!(told[0].text.contains(part), "{}", told[0].text);
    }
    let asked = town.world.published::<CaseEscalated>().remove(0);
    assert!(asked.remedy.starts_with("call the owner about a slot"), "{}", asked.remedy);
}

#[test]
fn what_grew_graver_in_the_night_is_told_in_the_morning_as_it_is_by_then() {
    let mut town = Town::begin(3, None);
    town.pass(hours(12));
    town.foresee("brake", Severity::Medium, 0.4);
    town.pass(hours(6));
    assert_eq!(town.count::<CustomerContacted>(), 0, "it is night: {}", town.told());
    town.foresee("brake", Severity::High, 0.8);
    town.pass(hours(12));
    let told = town.world.published::<CustomerContacted>().remove(0);
    assert!(told.text.contains("about 8 in 10"), "{}", told.text);
    assert!(!told.text.contains("4 in 10"), "{}", told.text);
}

#[test]
fn without_a_workshop_a_person_hears_what_is_missing() {
    let mut town = Town::begin(0, None);
    town.predict("brake", Severity::High);
    assert_eq!(town.state(), Escalated, "{}", town.told());
    assert_eq!(town.count::<ContactSend>(), 0);
    let escalated = town.world.published::<CaseEscalated>().remove(0);
    assert!(escalated.reason.contains("No workshop has a slot"), "{}", escalated.reason);
}

#[test]
fn an_owner_who_opts_out_is_left_to_a_person() {
    let mut town = Town::begin(3, None);
    town.predict("brake", Severity::High);
    town.reply("Stop calling me");
    assert_eq!(town.state(), Escalated, "{}", town.told());
    town.pass(hours(24 * 4));
    assert_eq!(town.count::<ContactSend>(), 1);
}

#[test]
fn an_owner_who_never_answers_is_reminded_once() {
    let mut town = Town::begin(3, None);
    town.predict("brake", Severity::High);
    town.pass(hours(48));
    assert_eq!(town.state(), Escalated, "{}", town.told());
    assert_eq!(town.purposes(), [Purpose::PredictedFailure, Purpose::Reminder]);
}

#[test]
fn a_booking_is_moved_as_the_owner_wants() {
    let mut town = Town::begin(3, None);
    town.predict("engine", Severity::High);
    town.reply("yes, book it");
    assert_eq!(town.state(), Booked, "{}", town.told());
    let booked = town.world.published::<BookingConfirmed>().remove(0);
    town.reply("Can we move it to Friday afternoon instead?");
    assert_eq!(town.state(), Booked, "{}", town.told());
    let moved = town.world.published::<messages::booking::BookingMoved>();
    assert_eq!(moved.len(), 1, "{}", town.told());
    assert_eq!(moved[0].booking, booked.booking);
    assert_eq!(moved[0].slot.from.window_start(hours(24)), town::day(4));
}

#[test]
fn nothing_waits_without_a_deadline_that_still_lies_ahead() {
    let mut town = Town::begin(3, None);
    town.predict("brake", Severity::High);
    for _ in 0..40 {
        town.pass(Duration::from_secs(4 * 3600));
        let now = town.world.conductor().now();
        let newest = town.world.published::<CaseAdvanced>().pop().expect("the case has moved");
        assert!(newest.deadline.is_some_and(|at| at > now), "{newest:?}");
        assert!(!CaseState::is_final(newest.to));
    }
    assert!(town.count::<SlotsOffered>() > 0 && town.count::<BookingStarted>() == 0);
}
