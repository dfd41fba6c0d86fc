//! Whatever is said twice, late, out of turn or between two deaths: one case, one command each, and always a deadline.

use super::HIGH;
use super::story::{ASSET, Story, hours};
use crate::master::{Config, Master};
use messages::MessageId;
use messages::booking::{CancelBooking, ConfirmBooking, HoldSlot, OfferSlots, RefusedReason};
use messages::case::{CaseClosed, CaseOpened, CaseState, Decision};
use messages::contact::{ContactOwner, Intent, SuppressedReason};
use messages::finding::Outcome;
use messages::prediction::{ClearedReason, Severity};
use messages::registry::MaintenanceRecorded;
use runtime::conductor::Faults;
use std::collections::BTreeSet;

/// From the first word to the last.
fn whole(story: &mut Story) {
    story.predict("brake", HIGH);
    story.offer(3);
    story.contacted();
    story.choose(1);
    story.held();
    story.confirmed();
    story.pass(hours(28));
    story.started();
    story.found("brake", Some("brake"));
    story.verified(Outcome::TruePositive);
}

/// How often each thing was said.
fn counts(story: &Story) -> [usize; 6] {
    [
        story.count::<CaseOpened>(),
        story.count::<OfferSlots>(),
        story.count::<HoldSlot>(),
        story.count::<ConfirmBooking>(),
        story.count::<ContactOwner>(),
        story.count::<CaseClosed>(),
    ]
}

#[test]
fn what_is_said_twice_is_done_once() {
    let mut story = Story::begin().twice();
    whole(&mut story);
    assert_eq!(counts(&story), [1, 1, 1, 1, 2, 1]);
    assert_eq!(story.count::<CancelBooking>(), 0);
    assert_eq!(
        story.count::<MaintenanceRecorded>(),
        2,
        "two findings of two names are two repairs"
    );
}

#[test]
fn kills_duplicates_and_disorder_between_log_and_agent_change_nothing() {
    let mut calm = Story::begin();
    whole(&mut calm);
    let (mut kills, mut duplicates) = (0, 0);
    for seed in 0..20 {
        let faults = Faults {
            seed,
            duplicate: 0.3,
            reorder: 16,
            kill_before_commit: 0.2,
            kill_after_commit: 0.2,
        };
        let mut rough = Story::with(Config::default(), |world| world.faults(faults));
        whole(&mut rough);
        assert_eq!(counts(&rough), counts(&calm), "seed {seed}");
        assert_eq!(rough.path(), calm.path(), "seed {seed}");
        assert_eq!(rough.world.states(), calm.world.states(), "seed {seed}");
        let happened = rough.world.misfortunes();
        kills += happened.kills_before_commit + happened.kills_after_commit;
        duplicates += happened.duplicates;
    }
    assert!(kills > 0 && duplicates > 0);
}

#[test]
fn a_killed_master_keeps_its_deadlines() {
    let mut story = super::awaiting();
    story.world.kill::<Master>();
    story.pass(hours(12));
    assert_eq!(story.state(), CaseState::Contacting);
}

#[test]
fn an_answer_that_comes_before_the_news_of_the_contact_counts() {
    let mut story = super::opened();
    story.offer(3);
    story.choose(0);
    assert_eq!(story.state(), CaseState::Scheduling);
    story.contacted();
    assert_eq!(story.state(), CaseState::Scheduling, "the news is late");
}

#[test]
fn a_prediction_of_an_earlier_window_that_comes_late_changes_nothing() {
    let mut story = Story::begin();
    let early = story.prediction("brake", Severity::Emergency);
    story.pass(hours(1));
    story.predict("brake", HIGH);
    story.say(early);
    assert_eq!((story.count::<CaseOpened>(), story.state()), (1, CaseState::Opened));
    let opened = story.world.published::<CaseOpened>().remove(0);
    assert_eq!(opened.severity, HIGH);
    assert_eq!(story.purposes(), []);
}

#[test]
fn a_prediction_of_a_window_before_the_repair_opens_no_case() {
    let mut story = Story::begin();
    let stale = story.prediction("brake", Severity::Emergency);
    story.pass(hours(1));
    whole(&mut story);
    story.say(stale);
    assert_eq!(story.count::<CaseOpened>(), 1);
}

/// Numbers that differ from seed to seed (Steele, Lea and Flood, `SplitMix64`).
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }
}

const INTENTS: [Intent; 12] = [
    Intent::Accept,
    Intent::ChooseSlot,
    Intent::Defer,
    Intent::Decline,
    Intent::AskCost,
    Intent::AskSafety,
    Intent::AskReason,
    Intent::Reschedule,
    Intent::WrongPerson,
    Intent::OptOut,
    Intent::Human,
    Intent::Unclear,
];

const COMMANDS: [&str; 4] = ["slots.offer", "slot.hold", "booking.confirm", "booking.move"];

/// Anything may be said at any time.
fn anything(story: &mut Story, dice: &mut Dice) {
    let severities = [Severity::Medium, HIGH, Severity::Critical, Severity::Emergency];
    let pick = |dice: &mut Dice| usize::try_from(dice.below(1 << 20)).unwrap();
    let (any, other) = (pick(dice), pick(dice));
    let contacts = story.count::<ContactOwner>() > 0;
    let (holds, confirms) = (story.count::<HoldSlot>() > 0, story.count::<ConfirmBooking>() > 0);
    let attempt = MessageId::named("attempt", "1");
    match dice.below(26) {
        0 | 1 => story.predict("brake", severities[any % 4]),
        2..=4 => story.offer(any % 4),
        5 | 6 if contacts => story.contacted(),
        7 if contacts => story.failed((any % 2 == 0).then_some(attempt)),
        8 if contacts && any % 3 == 0 => story.suppressed(SuppressedReason::NoConsent),
        9..=11 => story.answer(INTENTS[any % INTENTS.len()]),
        12 => {
            let window = story.window(other as u64 % 400);
            story.answer_with(INTENTS[any % INTENTS.len()], window);
        }
        13 | 14 if holds => story.held_if_offered(),
        15 | 16 if holds && confirms => story.confirmed_if_offered(),
        17 => {
            let reasons = [
                RefusedReason::SlotTaken,
                RefusedReason::OfferUnknown,
                RefusedReason::CaseBooked,
                RefusedReason::BookingUnknown,
                RefusedReason::Expired,
                RefusedReason::Full,
            ];
            story.refused(COMMANDS[any % 4], reasons[other % 6]);
        }
        18 if story.slots() > 0 => match any % 4 {
            0 => story.cancelled(),
            1 => story.moved(0),
            2 => story.missed(),
            _ => story.expired(),
        },
        19 => story.started(),
        20 if any % 4 == 0 => {
            story.found(["brake", "engine"][other % 2], [None, Some("brake")][any % 2])
        }
        21 => story.verified([Outcome::TruePositive, Outcome::FalsePositive][any % 2]),
        22 if any % 4 == 0 => {
            let reasons =
                [ClearedReason::Recovered, ClearedReason::SensorFault, ClearedReason::Maintained];
            story.clear("brake", reasons[other % 3]);
        }
        23 => story.decide(match any % 8 {
            0 => Decision::Cancel { reason: "enough".into() },
            1..4 => Decision::Resolve { intent: attempt, happened: other % 2 == 0 },
            _ => Decision::Approve,
        }),
        24 => story.pass(hours(any as u64 % 60)),
        _ => story.pass(hours(0)),
    }
}

/// What the others would do next if nothing went wrong.
fn next(story: &mut Story) {
    match story.state() {
        CaseState::Opened | CaseState::Declined | CaseState::Deferred => story.offer(3),
        CaseState::Contacting if story.count::<ContactOwner>() > 0 => {
            story.offer(3);
            story.contacted();
        }
        CaseState::AwaitingCustomer => story.answer(Intent::Accept),
        CaseState::Scheduling => {
            story.offer(3);
            story.held_if_offered();
            if story.count::<ConfirmBooking>() > 0 {
                story.confirmed_if_offered();
            }
        }
        CaseState::Booked => story.started(),
        CaseState::InService => story.found("brake", Some("brake")),
        CaseState::Verifying => story.verified(Outcome::TruePositive),
        _ => story.pass(hours(2)),
    }
}

#[test]
fn anything_may_come_at_any_time_and_every_open_case_keeps_a_deadline() {
    let mut reached = BTreeSet::new();
    for seed in 0..100 {
        let (mut story, mut dice) = (Story::begin(), Dice(seed));
        story.predict("brake", HIGH);
        for step in 0..60 {
            if dice.below(3) == 0 {
                next(&mut story);
            } else {
                anything(&mut story, &mut dice);
            }
            let dead = story.world.dead();
            assert!(dead.is_empty(), "seed {seed}, step {step}: {}", dead[0].reason);
            let now = story.now();
            let newest = story.newest();
            let deadline = newest.deadline;
            assert_eq!(deadline.is_none(), newest.to.is_final(), "seed {seed}, step {step}");
            assert!(deadline.is_none_or(|at| at > now), "seed {seed}, step {step}: {newest:?}");
        }
        reached.extend(story.states_reached());
        let state = story.world.state::<Master>(ASSET).unwrap();
        assert!(state["cases"].as_object().unwrap().len() <= 1, "seed {seed}");
    }
    assert_eq!(reached.len(), 13, "every state was reached: {reached:?}");
}
