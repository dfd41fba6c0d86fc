//! How active everybody is: told soon when much or something new happens, and seldom when all is as ever.

use crate::agents::{called, echoed, envelope, say, watched, world};
use crate::rights::frame;
use messages::guard::ActivityMeasured;
use messages::{Envelope, Message, Stream};
use runtime::guard::{Principal, WINDOW_MESSAGES_MAX, WINDOW_NEWS_TIME_MAX, WINDOW_TIME_MAX};
use runtime::store::ReadLimit;
use runtime::testkit::World;
use std::time::Duration;

const DEVICE: &str = "device/test/VEH001";

fn measured(world: &World, principal: &str) -> Vec<ActivityMeasured> {
    let mut all = world.published::<ActivityMeasured>();
    all.retain(|it| it.principal == principal);
    all
}

#[test]
fn a_flood_is_measured_before_any_time_has_passed() {
    let mut world = watched(1);
    for number in 0..WINDOW_MESSAGES_MAX {
        say(&mut world, "echo", envelope("echo", number, &echoed(number))).unwrap();
    }
    let all = measured(&world, "echo");
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].messages, WINDOW_MESSAGES_MAX);
    assert_eq!((all[0].from, all[0].until, all[0].keys), (all[0].from, all[0].from, 1));
    assert_eq!(all[0].by_name["test.echoed"], WINDOW_MESSAGES_MAX);
}

#[test]
fn what_is_new_is_told_within_a_minute_and_what_is_usual_within_the_hour() {
    let mut world = watched(1);
    world.publish(called(1));
    world.advance(WINDOW_NEWS_TIME_MAX);
    assert_eq!(measured(&world, "echo").len(), 1, "it had never done this");
    for _ in 0..59 {
        world.publish(called(1));
        world.advance(Duration::from_secs(60));
    }
    assert_eq!(measured(&world, "echo").len(), 1, "it does what it did");
    world.advance(WINDOW_TIME_MAX);
    let all = measured(&world, "echo");
    assert_eq!(all.iter().map(|it| it.messages).collect::<Vec<_>>(), [1, 59]);
}

#[test]
fn quiet_days_are_measured_in_few_words() {
    let mut world = watched(1);
    let days = 3;
    for number in 0..days * 24 * 60 {
        say(&mut world, DEVICE, envelope(DEVICE, number, &frame("VEH001"))).unwrap();
        world.advance(Duration::from_secs(60));
    }
    let telemetry = world.envelopes(Stream::Telemetry);
    let frames = telemetry.iter().filter(|it| it.source == DEVICE).count();
    let told = measured(&world, DEVICE).len() as u64;
    assert_eq!(frames as u64, days * 24 * 60);
    assert!((days * 24 - 2..=days * 24 + 1).contains(&told), "{told}");
}

#[test]
fn what_a_session_reads_and_is_refused_and_says_again_is_counted() {
    let mut world = watched(1);
    for number in 0..3 {
        world.append(&called(number));
    }
    let echo = Principal::named("echo");
    world.conductor().read_as(&echo, "log", 0, 0, ReadLimit::default()).unwrap();
    world.conductor().read_as(&echo, "telemetry", 0, 0, ReadLimit::default()).unwrap_err();
    for _ in 0..2 {
        say(&mut world, "echo", envelope("echo", 1, &echoed(1))).unwrap();
    }
    world.advance(WINDOW_NEWS_TIME_MAX);
    let all = measured(&world, "echo");
    let one = &all[0];
    assert_eq!((one.reads, one.refused, one.repeated), (3, 1, 1));
    assert_eq!(one.reads_by_stream["log"], 3);
    assert!(one.read_bytes > 0);
}

#[test]
fn who_answers_what_is_replayed_repeats_nothing() {
    let mut world = watched(1);
    let once = envelope("outside", 1, &called(1));
    for _ in 0..3 {
        let outside = Principal::outside("outside");
        world.conductor().say_as(&outside, vec![once.clone().into()]).unwrap();
        world.settle();
    }
    let mut answers = world.envelopes(Stream::Log);
    answers.retain(|it| it.name == "test.echoed");
    assert_eq!(answers.len(), 3);
    assert!(answers.iter().all(|answer| answer.id == answers[0].id), "{answers:?}");
    say(&mut world, "echo", Envelope { origin: None, ..(*answers[0]).clone() }).unwrap();
    world.advance(WINDOW_NEWS_TIME_MAX);
    let of_echo: u64 = measured(&world, "echo").iter().map(|it| it.repeated).sum();
    assert_eq!(of_echo, 1, "what a session says again is a repetition");
}

#[test]
fn whose_messages_cannot_be_handled_is_told() {
    let mut world = watched(1);
    let broken = Envelope { data: vec![1, 2, 3].into(), ..envelope("echo", 1, &echoed(1)) };
    say(&mut world, "echo", broken).unwrap();
    world.settle();
    world.advance(WINDOW_NEWS_TIME_MAX);
    assert_eq!(world.dead().len(), 1);
    assert_eq!(measured(&world, "echo")[0].dead_lettered, 1);
}

#[test]
fn nothing_is_measured_for_nobody() {
    let mut world = world(1);
    for number in 0..1_000 {
        say(&mut world, "echo", envelope("echo", number, &echoed(number))).unwrap();
    }
    world.advance(Duration::from_secs(7_200));
    let log = world.envelopes(Stream::Log);
    assert!(log.iter().all(|it| it.name != ActivityMeasured::NAME));
}
