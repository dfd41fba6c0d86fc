//! Kills the process while it works, again and again, and holds it to every acknowledgement it gave.
//!
//! The client is this process, another one than the server: what it was answered is its own ledger.
//! At the end every acknowledged sample must be on the log and counted exactly once, and every state
//! must equal one ordered pass over the log. How often: `AURORASYNC_KILLS` (20 where not set), or
//! `make kills KILLS=200`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]
#![expect(
    clippy::disallowed_methods,
    reason = "a client of another process has its own clock and threads"
)]

mod client;
mod judge;
mod published;
mod server;

use client::Fleet;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use runtime::{crash, flight};
use server::Server;
use std::time::Duration;

/// Kills where nothing else is asked for.
const KILLS: u64 = 20;
/// Crashes at each named point.
const CRASHES_PER_POINT: u64 = 5;
/// More commits than a start takes.
const COMMITS_OF_START: u64 = 100;
/// Shortest and longest time from readiness to the kill.
const LIFE_MILLIS: std::ops::Range<u64> = 100..700;
/// Classes that a random instant seldom hits; every other kill waits for one of them, in turn.
const AIMED_AT: [&str; 3] = ["transaction", "timer", "checkpoint"];
/// From so many kills on, each class of work must have been under way at ten of them.
const KILLS_JUDGED_BY_CLASS: u64 = 200;
const TIMES_PER_CLASS: u64 = 10;

/// Kills of either process, or both, where nothing else is asked for.
const KILLS_PUBLISHED: u64 = 12;

/// How often each class of work was under way when the process ended.
type Tally = [u64; flight::FLIGHTS.len()];

fn count(tally: &mut Tally, folder: &std::path::Path) {
    let counts = flight::read(&folder.join("flight")).unwrap_or_default();
    for (total, count) in tally.iter_mut().zip(counts) {
        *total += u64::from(count > 0);
    }
}

fn described(tally: &Tally) -> String {
    let classes = flight::FLIGHTS.iter().zip(tally);
    classes.map(|(class, times)| format!("{class} {times}")).collect::<Vec<_>>().join(", ")
}

#[test]
fn nothing_acknowledged_is_lost_or_counted_twice_by_kills_at_random() {
    let kills: u64 = std::env::var("AURORASYNC_KILLS")
        .map_or(KILLS, |text| text.parse().expect("AURORASYNC_KILLS is a number"));
    let folder = tempfile::tempdir().unwrap();
    server::configure(folder.path());
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(11);
    let mut fleet = Fleet::new();
    let mut tally = Tally::default();
    let mut slowest = Duration::ZERO;
    for number in 0..kills {
        let mut server = Server::start(folder.path(), None);
        slowest = slowest.max(server.ready_after());
        if number == 0 {
            fleet.register(server.url());
        }
        let sending = fleet.send(server.url());
        server.let_live(Duration::from_millis(rng.gen_range(LIFE_MILLIS)));
        if number % 2 == 1 {
            let class = AIMED_AT[usize::try_from(number / 2).unwrap() % AIMED_AT.len()];
            server.wait_for_flight(folder.path(), class);
        }
        server.kill();
        fleet.take_back(sending);
        count(&mut tally, folder.path());
    }
    let judged = judge::judge(folder.path(), &fleet);
    println!("{kills} kills; under way: {}", described(&tally));
    println!("slowest start until ready: {slowest:.2?}");
    println!("{judged}");
    assert!(judged.acknowledged > 0, "the client was answered");
    if kills >= KILLS_JUDGED_BY_CLASS {
        let classes = flight::FLIGHTS.iter().zip(tally).filter(|(class, _)| **class != "upkeep");
        for (class, times) in classes {
            assert!(times >= TIMES_PER_CLASS, "{class} was under way at {times} kills only");
        }
    }
}

#[test]
fn nothing_published_is_lost_or_counted_twice_by_kills_of_the_process_and_of_the_server() {
    let kills: u64 = std::env::var("AURORASYNC_KILLS")
        .map_or(KILLS_PUBLISHED, |text| text.parse().expect("AURORASYNC_KILLS is a number"));
    let folder = tempfile::tempdir().unwrap();
    let mut bus =
        nats::server::Server::start(&folder.path().join("nats"), &Default::default()).unwrap();
    published::create_streams(&bus.url());
    server::configure(folder.path());
    server::read_from(folder.path(), &bus.url());
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(13);
    let mut fleet = Fleet::new();
    let mut tally = Tally::default();
    let mut server = Server::start(folder.path(), None);
    fleet.register(server.url());
    let sending = fleet.publish(&bus.url());
    for number in 0..kills {
        server.let_live(Duration::from_millis(rng.gen_range(LIFE_MILLIS)));
        // The process, the server, both.
        let (ends_process, ends_bus) = (number % 3 != 1, number % 3 != 0);
        if ends_process {
            if number % 2 == 0 {
                server.wait_for_flight(folder.path(), "ingest");
            }
            server.kill();
            count(&mut tally, folder.path());
        }
        if ends_bus {
            bus.kill().unwrap();
            bus.start_again().unwrap();
        }
        if ends_process {
            server = Server::start(folder.path(), None);
        }
    }
    fleet.take_back(sending);
    let records = published::wait_until_taken_in(&server, &bus.url());
    server.stop();
    let judged = judge::judge(folder.path(), &fleet);
    println!("{kills} kills; under way: {}; {records} records published", described(&tally));
    println!("{judged}");
    assert!(judged.acknowledged > 0, "the client was answered");
}

#[test]
fn nothing_acknowledged_is_lost_or_counted_twice_by_a_crash_at_any_named_point() {
    let folder = tempfile::tempdir().unwrap();
    server::configure(folder.path());
    let mut fleet = Fleet::new();
    let server = Server::start(folder.path(), None);
    fleet.register(server.url());
    server.stop();
    for point in crash::POINTS {
        for time in 1..=CRASHES_PER_POINT {
            // Commits of the start itself must not be the ones that crash.
            let start = if point.starts_with("commit.") { COMMITS_OF_START } else { 0 };
            let mut server = Server::start(folder.path(), Some((point, start + 10 * time)));
            let sending = fleet.send(server.url());
            server.wait_for_crash();
            fleet.take_back(sending);
        }
        println!("{point}: {CRASHES_PER_POINT} crashes");
    }
    println!("{}", judge::judge(folder.path(), &fleet));
}
