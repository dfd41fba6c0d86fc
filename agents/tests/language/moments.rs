//! Times in replies: in the owner's zone, across changes of the clocks, never in the past, whatever is written.

use agents::engagement::moment::{Assumed, QuietHours, When, zone};
use agents::engagement::understanding::{Context, Offer, REPLY_CHARS_MAX, Reader, Understood};
use jiff::civil::DateTime;
use messages::Timestamp;
use messages::contact::Intent;
use proptest::prelude::*;
use std::sync::LazyLock;

static READER: LazyLock<Reader> = LazyLock::new(|| Reader::of("en"));

const KOLKATA: &str = "Asia/Kolkata";
const NEW_YORK: &str = "America/New_York";
/// A Monday, a Wednesday, a Saturday and a Sunday, and the day before the clocks go forward and back there.
const MONDAY: &str = "2026-03-02T15:00";
const WEDNESDAY: &str = "2026-03-04T09:00";
const SATURDAY: &str = "2026-03-07T11:00";
const SUNDAY: &str = "2026-03-08T11:00";
const BEFORE_SPRING: &str = "2026-03-07T20:00";
const BEFORE_AUTUMN: &str = "2026-10-31T20:00";

/// Zone, local time of the reply, what is said, and the window; none is `-`.
const TABLE: &[(&str, &str, &str, &str)] = &[
    (KOLKATA, MONDAY, "tonight", "2026-03-02T18:00/2026-03-03T00:00"),
    (KOLKATA, "2026-03-02T22:30", "tonight", "2026-03-02T22:30/2026-03-03T00:00"),
    (KOLKATA, MONDAY, "this evening", "2026-03-02T17:00/2026-03-02T22:00"),
    (KOLKATA, MONDAY, "this afternoon", "2026-03-02T15:00/2026-03-02T17:00"),
    (KOLKATA, MONDAY, "this morning", "-"),
    (KOLKATA, MONDAY, "yesterday", "-"),
    (KOLKATA, MONDAY, "tomorrow morning", "2026-03-03T06:00/2026-03-03T12:00"),
    (KOLKATA, MONDAY, "tomorrow at 9", "2026-03-03T09:00/2026-03-03T10:00"),
    (KOLKATA, MONDAY, "tomorrow morning at 9", "2026-03-03T09:00/2026-03-03T10:00"),
    (KOLKATA, MONDAY, "tomorrow night at 8", "2026-03-03T20:00/2026-03-03T21:00"),
    (KOLKATA, MONDAY, "in the morning", "2026-03-03T06:00/2026-03-03T12:00"),
    (KOLKATA, MONDAY, "Thursday", "2026-03-05T00:00/2026-03-06T00:00"),
    (KOLKATA, MONDAY, "Thursday after five", "2026-03-05T17:00/2026-03-05T21:00"),
    (KOLKATA, MONDAY, "after 5 on Thursday", "2026-03-05T17:00/2026-03-05T21:00"),
    (KOLKATA, MONDAY, "Thursday before noon", "2026-03-05T08:00/2026-03-05T12:00"),
    (KOLKATA, MONDAY, "Monday", "2026-03-09T00:00/2026-03-10T00:00"),
    (KOLKATA, MONDAY, "Monday after five", "2026-03-02T17:00/2026-03-02T21:00"),
    (KOLKATA, MONDAY, "Monday at noon", "2026-03-09T12:00/2026-03-09T13:00"),
    (KOLKATA, MONDAY, "next Monday after five", "2026-03-09T17:00/2026-03-09T21:00"),
    (KOLKATA, MONDAY, "next Monday", "2026-03-09T00:00/2026-03-10T00:00"),
    (KOLKATA, WEDNESDAY, "next Monday", "2026-03-09T00:00/2026-03-10T00:00"),
    (KOLKATA, WEDNESDAY, "this Friday", "2026-03-06T00:00/2026-03-07T00:00"),
    (KOLKATA, WEDNESDAY, "next Friday", "2026-03-13T00:00/2026-03-14T00:00"),
    (KOLKATA, SUNDAY, "tomorrow", "2026-03-09T00:00/2026-03-10T00:00"),
    (KOLKATA, MONDAY, "next week", "2026-03-09T00:00/2026-03-16T00:00"),
    (KOLKATA, MONDAY, "Tuesday next week", "2026-03-10T00:00/2026-03-11T00:00"),
    (KOLKATA, MONDAY, "next week on Tuesday", "2026-03-10T00:00/2026-03-11T00:00"),
    (KOLKATA, MONDAY, "next month", "2026-04-01T00:00/2026-05-01T00:00"),
    (KOLKATA, MONDAY, "in two hours", "2026-03-02T17:00/2026-03-02T18:00"),
    (KOLKATA, MONDAY, "in an hour", "2026-03-02T16:00/2026-03-02T17:00"),
    (KOLKATA, MONDAY, "in half an hour", "2026-03-02T15:30/2026-03-02T16:00"),
    (KOLKATA, MONDAY, "in 20 minutes", "2026-03-02T15:20/2026-03-02T15:50"),
    (KOLKATA, MONDAY, "in 3 days", "2026-03-05T00:00/2026-03-06T00:00"),
    (KOLKATA, MONDAY, "in a week", "2026-03-09T00:00/2026-03-10T00:00"),
    (KOLKATA, MONDAY, "within two hours", "2026-03-02T15:00/2026-03-02T17:00"),
    (KOLKATA, MONDAY, "an hour from now", "2026-03-02T16:00/2026-03-02T17:00"),
    (KOLKATA, MONDAY, "at 6", "2026-03-02T18:00/2026-03-02T19:00"),
    (KOLKATA, "2026-03-02T18:20", "at 6", "2026-03-03T18:00/2026-03-03T19:00"),
    (KOLKATA, MONDAY, "today at 2", "-"),
    (KOLKATA, MONDAY, "at 9", "2026-03-03T09:00/2026-03-03T10:00"),
    (KOLKATA, MONDAY, "6 pm", "2026-03-02T18:00/2026-03-02T19:00"),
    (KOLKATA, MONDAY, "6pm", "2026-03-02T18:00/2026-03-02T19:00"),
    (KOLKATA, MONDAY, "6 p.m.", "2026-03-02T18:00/2026-03-02T19:00"),
    (KOLKATA, MONDAY, "10 am", "2026-03-03T10:00/2026-03-03T11:00"),
    (KOLKATA, MONDAY, "18:30", "2026-03-02T18:30/2026-03-02T19:00"),
    (KOLKATA, MONDAY, "at half past six", "2026-03-02T18:30/2026-03-02T19:00"),
    (KOLKATA, MONDAY, "at quarter to six", "2026-03-02T17:45/2026-03-02T18:15"),
    (KOLKATA, MONDAY, "at six o'clock", "2026-03-02T18:00/2026-03-02T19:00"),
    (KOLKATA, MONDAY, "around 6", "2026-03-02T17:30/2026-03-02T18:30"),
    (KOLKATA, MONDAY, "at 10 pm", "2026-03-02T22:00/2026-03-02T23:00"),
    (KOLKATA, MONDAY, "between 3 and 5", "2026-03-02T15:00/2026-03-02T17:00"),
    (KOLKATA, MONDAY, "between 4 and 6 tomorrow", "2026-03-03T16:00/2026-03-03T18:00"),
    (KOLKATA, MONDAY, "from 9 to 11 am", "2026-03-03T09:00/2026-03-03T11:00"),
    (KOLKATA, MONDAY, "11-1pm tomorrow", "2026-03-03T11:00/2026-03-03T13:00"),
    (KOLKATA, MONDAY, "3-5pm tomorrow", "2026-03-03T15:00/2026-03-03T17:00"),
    (KOLKATA, MONDAY, "tomorrow 9-5", "2026-03-03T09:00/2026-03-03T17:00"),
    (KOLKATA, MONDAY, "the weekend", "2026-03-07T00:00/2026-03-09T00:00"),
    (KOLKATA, SATURDAY, "at the weekend", "2026-03-07T11:00/2026-03-09T00:00"),
    (KOLKATA, SUNDAY, "next weekend", "2026-03-14T00:00/2026-03-16T00:00"),
    (KOLKATA, MONDAY, "after lunch", "2026-03-02T15:00/2026-03-02T18:00"),
    (KOLKATA, "2026-03-02T19:00", "after lunch", "2026-03-03T13:30/2026-03-03T18:00"),
    (KOLKATA, MONDAY, "tomorrow after work", "2026-03-03T17:30/2026-03-03T21:00"),
    (KOLKATA, MONDAY, "in the 5th", "2026-03-05T00:00/2026-03-06T00:00"),
    (KOLKATA, MONDAY, "on the 1st", "2026-04-01T00:00/2026-04-02T00:00"),
    (KOLKATA, MONDAY, "the 31st", "2026-03-31T00:00/2026-04-01T00:00"),
    (KOLKATA, "2026-04-02T09:00", "the 31st", "2026-05-31T00:00/2026-06-01T00:00"),
    (KOLKATA, MONDAY, "5 March", "2026-03-05T00:00/2026-03-06T00:00"),
    (KOLKATA, MONDAY, "March 5th at 4 pm", "2026-03-05T16:00/2026-03-05T17:00"),
    (KOLKATA, MONDAY, "on 2026-03-05", "2026-03-05T00:00/2026-03-06T00:00"),
    (KOLKATA, MONDAY, "1 March", "-"),
    (KOLKATA, MONDAY, "2025-12-24", "-"),
    (KOLKATA, MONDAY, "day after tomorrow", "2026-03-04T00:00/2026-03-05T00:00"),
    (KOLKATA, MONDAY, "the day after tomorrow in the evening", "2026-03-04T17:00/2026-03-04T22:00"),
    (KOLKATA, MONDAY, "not before Friday", "2026-03-06T00:00/2026-03-13T00:00"),
    (KOLKATA, MONDAY, "after Friday", "2026-03-07T00:00/2026-03-14T00:00"),
    (KOLKATA, MONDAY, "before Friday", "2026-03-02T15:00/2026-03-06T00:00"),
    (KOLKATA, MONDAY, "by Friday", "2026-03-02T15:00/2026-03-07T00:00"),
    (KOLKATA, MONDAY, "not before 6", "2026-03-02T18:00/2026-03-02T21:00"),
    (KOLKATA, MONDAY, "not later than 6", "2026-03-02T15:00/2026-03-02T18:00"),
    (KOLKATA, MONDAY, "in 99999999 hours", "-"),
    (KOLKATA, MONDAY, "at 25", "-"),
    (KOLKATA, MONDAY, "31 February", "-"),
    // The clocks of New York go from 02:00 to 03:00 on 8 March 2026 and from 02:00 to 01:00 on 1 November.
    (NEW_YORK, BEFORE_SPRING, "tomorrow", "2026-03-08T00:00/2026-03-09T00:00"),
    (NEW_YORK, BEFORE_SPRING, "tomorrow at 2:30 am", "2026-03-08T03:30/2026-03-08T04:00"),
    (NEW_YORK, BEFORE_SPRING, "in 8 hours", "2026-03-08T05:00/2026-03-08T06:00"),
    (NEW_YORK, BEFORE_AUTUMN, "tomorrow morning", "2026-11-01T06:00/2026-11-01T12:00"),
    (NEW_YORK, BEFORE_AUTUMN, "in 8 hours", "2026-11-01T03:00/2026-11-01T04:00"),
    ("Australia/Lord_Howe", MONDAY, "tomorrow at 6", "2026-03-03T18:00/2026-03-03T19:00"),
    ("Pacific/Kiritimati", MONDAY, "tonight", "2026-03-02T18:00/2026-03-03T00:00"),
];

fn moment(local: &str, name: &str) -> Timestamp {
    let local: DateTime = local.parse().expect("a local time");
    let zoned = local.to_zoned(zone(name).expect("a zone")).expect("a time of this zone");
    Timestamp::from_millis(zoned.timestamp().as_millisecond()).expect("in range")
}

fn read(reply: &str, name: &str, now: Timestamp, offers: &[Offer]) -> Understood {
    let zone = zone(name).expect("a zone");
    let context = Context { offers, zone: &zone, now, quiet: QuietHours::default() };
    READER.understand(reply, &context)
}

fn named(words: &str, name: &str, now: &str) -> Option<When> {
    read(&format!("Call me {words}"), name, moment(now, name), &[]).time
}

#[test]
fn times_are_meant_in_the_owners_zone() {
    let mut wrong = Vec::new();
    for (name, now, words, expected) in TABLE {
        let found = named(words, name, now).map(|when| (when.from, when.to));
        let expected_window =
            expected.split_once('/').map(|(from, to)| (moment(from, name), moment(to, name)));
        if found != expected_window {
            let told = found.map(|(from, to)| format!("{from}/{to}"));
            wrong.push(format!("`{words}` at {now} in {name}: {told:?}, not {expected}"));
        }
    }
    assert_eq!(wrong, [""; 0], "of {}", TABLE.len());
}

#[test]
fn what_had_to_be_assumed_is_said() {
    let assumed = |words: &str, now: &str| named(words, KOLKATA, now).and_then(|when| when.assumed);
    assert_eq!(assumed("at 6", MONDAY), Some(Assumed::Hour(18)));
    assert_eq!(assumed("at 9", MONDAY), Some(Assumed::Hour(9)));
    assert_eq!(assumed("at 6 pm", MONDAY), None);
    assert_eq!(assumed("at 18:00", MONDAY), None);
    assert_eq!(assumed("tomorrow morning at 9", MONDAY), None);
    assert_eq!(assumed("next Friday", WEDNESDAY), Some(Assumed::Day));
    assert_eq!(assumed("this Friday", WEDNESDAY), None);
}

#[test]
fn a_time_comes_with_the_words_that_it_was_named_with() {
    let words = |reply: &str| {
        read(reply, KOLKATA, moment(MONDAY, KOLKATA), &[]).time.map(|when| when.words)
    };
    assert_eq!(words("Call me TONIGHT, please").as_deref(), Some("TONIGHT"));
    assert_eq!(words("Call me Thursday after five.").as_deref(), Some("Thursday after five"));
    assert_eq!(words("call me tmrw"), Some("tmrw".to_owned()));
}

#[test]
fn an_unknown_zone_is_refused_by_name() {
    let error = zone("Mars/Olympus").expect_err("no such zone");
    assert!(error.to_string().contains("`Mars/Olympus`"), "{error}");
}

#[test]
fn nothing_is_understood_in_an_empty_reply() {
    for reply in ["", "   ", "\n", "…", "?!", "\u{200b}", "🙈"] {
        let understood = read(reply, KOLKATA, moment(MONDAY, KOLKATA), &[]);
        assert_eq!((understood.intent, understood.time), (Intent::Unclear, None), "`{reply}`");
    }
}

#[test]
fn of_too_long_a_reply_only_the_wish_to_be_left_alone_or_for_a_person_counts() {
    let padding = " well".repeat(REPLY_CHARS_MAX);
    for (reply, intent) in [
        ("Yes please book it.", Intent::Unclear),
        ("Stop calling me.", Intent::OptOut),
        ("I want to talk to a person.", Intent::Human),
    ] {
        let understood = read(&format!("{reply}{padding}"), KOLKATA, moment(MONDAY, KOLKATA), &[]);
        assert_eq!(understood.intent, intent, "`{reply}`");
    }
}

/// Words that replies are made of, so that chance finds its way into the rules.
fn wordy() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "yes",
        "no",
        "not",
        "call",
        "me",
        "at",
        "6",
        "17:30",
        "tomorrow",
        "tonight",
        "next",
        "Friday",
        "week",
        "before",
        "after",
        "until",
        "between",
        "and",
        "or",
        "the",
        "second",
        "2nd",
        "31st",
        "March",
        "in",
        "two",
        "hours",
        "half",
        "past",
        "busy",
        "stop",
        "-",
        "to",
        ",",
        ".",
        "?",
        "pm",
        "am",
        "a",
        "quarter",
        "day",
        "weekend",
        "2026-02-30",
        "0",
        "99",
        "4294967296",
        "within",
    ]);
    prop::collection::vec(words, 0..14).prop_map(|words| words.join(" "))
}

fn zones() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        KOLKATA,
        NEW_YORK,
        "Europe/London",
        "Pacific/Apia",
        "Australia/Lord_Howe",
        "Africa/Casablanca",
    ])
}

fn offers(now: Timestamp) -> Vec<Offer> {
    let hours = |hours: u64| std::time::Duration::from_secs(hours * 3600);
    [20_u64, 47, 99]
        .map(|ahead| {
            let from = now.saturating_add(hours(ahead));
            Offer { from, to: from.saturating_add(hours(1)) }
        })
        .to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_written_is_read_to_an_end_and_no_time_is_past(
        reply in prop_oneof![wordy(), any::<String>(), "[ -~]{0,80}"],
        name in zones(),
        now in prop_oneof![
            0_i64..4_102_444_800_000,
            Just(Timestamp::MIN.as_millis()),
            Just(Timestamp::MAX.as_millis()),
        ],
        offered in any::<bool>(),
    ) {
        let now = Timestamp::from_millis(now).expect("in range");
        let offers = if offered { offers(now) } else { Vec::new() };
        let understood = read(&reply, name, now, &offers);
        if let Some(when) = &understood.time {
            prop_assert!(when.from >= now, "{when:?}");
            prop_assert!(when.from < when.to, "{when:?}");
            prop_assert!(reply.contains(&when.words), "{when:?}");
        }
        prop_assert!((-1.0..=1.0).contains(&understood.sentiment));
        prop_assert!(understood.slot.is_none_or(|slot| slot < offers.len()));
        prop_assert_eq!(understood.slot.is_some(), understood.intent == Intent::ChooseSlot);
        prop_assert!(understood.evidence.iter().all(|words| reply.contains(words)));
    }

    #[test]
    fn case_and_trailing_marks_change_nothing(reply in wordy()) {
        let now = moment(MONDAY, KOLKATA);
        let plain = read(&reply, KOLKATA, now, &offers(now));
        for other in [reply.to_uppercase(), format!("{reply} .")] {
            let understood = read(&other, KOLKATA, now, &offers(now));
            prop_assert_eq!(understood.intent, plain.intent, "{} / {}", reply, other);
        }
    }
}
