//! Agents on several hosts: processes that share the log of one real server, each with some of the agents. What devices
//! publish becomes a case in one and a booking in another, exactly once, whatever is killed.
//!
//! How often either is killed: `AURORASYNC_KILLS` (8 where not set), or `make kills KILLS=200`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]
#![expect(
    clippy::disallowed_methods,
    reason = "a client of another process has its own clock and threads"
)]

mod devices;
mod judge;
mod process;
mod story;

use devices::Devices;
use process::Process;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::time::{Duration, Instant};
use story::Story;

/// Who watches the assets.
const WATCH: &str = "data-analysis,diagnosis";
/// Who cares for their owners.
const CARE: &str = "engagement,feedback,manufacturing-insights,master,scheduling,ueba";
/// Kills where nothing else is asked for.
const KILLS: u64 = 8;
/// Shortest and longest time between two kills.
const LIFE_MILLIS: std::ops::Range<u64> = 300..2_500;
/// Assets that fail where processes are killed.
const ASSETS_KILLED: usize = 6;
/// Times that the owner of the agents is killed or stopped where another stands by, where nothing else is asked for.
const TAKE_OVERS: u64 = 6;
/// How long an owner is stopped: twice the time of its leases, and more.
const STOPPED: Duration = Duration::from_secs(5);
/// Longest take-over on a machine that does much else besides.
const TAKE_OVER_MAX: Duration = Duration::from_secs(15);

fn times(usual: u64) -> u64 {
    std::env::var("AURORASYNC_KILLS")
        .map_or(usual, |text| text.parse().expect("AURORASYNC_KILLS is a number"))
}

#[test]
fn what_devices_publish_becomes_a_case_in_one_process_and_a_booking_in_another() {
    let folder = tempfile::tempdir().unwrap();
    let devices = Devices::start(folder.path());
    let watch = Process::start(folder.path(), "watch", WATCH, &devices.url()).ready();
    let care = Process::start(folder.path(), "care", CARE, &devices.url()).ready();
    let story = Story::begin(&care, 1);
    watch.knows(&story.assets);
    devices.publish_failing(&story.assets);
    story.until_booked(&care);
    for (process, kind) in [(&watch, "master"), (&care, "data-analysis")] {
        process.until(&format!("told where {kind} runs"), || {
            (process.state_of(kind)? == "elsewhere").then_some(())
        });
    }
    care.stop();
    watch.stop();
    println!("{}", judge::judge(folder.path(), &["watch", "care"], &story, &devices));
}

#[test]
fn kills_of_either_process_lose_nothing_and_say_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let devices = Devices::start(folder.path());
    let start = |name: &str| {
        let agents = if name == "watch" { WATCH } else { CARE };
        Process::start(folder.path(), name, agents, &devices.url())
    };
    let mut processes = [start("watch").ready(), start("care").ready()];
    let mut story = Story::begin(&processes[1], ASSETS_KILLED);
    processes[0].knows(&story.assets);
    let publishing = devices.publish_failing_slowly(&story.assets);
    let mut chance = Xoshiro256PlusPlus::seed_from_u64(17);
    for number in 0..times(KILLS) {
        let life = Duration::from_millis(chance.gen_range(LIFE_MILLIS));
        story.go_on(&processes[1], life);
        // One, the other, both.
        let killed = match number % 3 {
            0 => 0..1,
            1 => 1..2,
            _ => 0..2,
        };
        for index in killed.clone() {
            processes[index].kill();
        }
        for index in killed {
            processes[index] = start(["watch", "care"][index]);
        }
    }
    publishing.finish();
    let [watch, care] = processes.map(Process::ready);
    story.until_booked(&care);
    care.stop();
    watch.stop();
    println!("{} kills", times(KILLS));
    println!("{}", judge::judge(folder.path(), &["watch", "care"], &story, &devices));
}

#[test]
fn who_stands_by_takes_over_from_who_is_killed_or_stopped_and_nothing_is_said_twice() {
    let folder = tempfile::tempdir().unwrap();
    let devices = Devices::start(folder.path());
    let start =
        |name: &str, agents: &str| Process::start(folder.path(), name, agents, &devices.url());
    let watch = start("watch", WATCH).ready();
    let mut owner = start("care", CARE).ready();
    owner.until_at_work(CARE);
    let mut standby = start("spare", CARE).ready();
    let mut story = Story::begin(&owner, ASSETS_KILLED);
    watch.knows(&story.assets);
    let publishing = devices.publish_failing_slowly(&story.assets);
    let mut taken = Vec::new();
    for number in 0..times(TAKE_OVERS) {
        story.go_on(&owner, Duration::from_secs(1));
        let begun = Instant::now();
        if number % 2 == 0 {
            owner.kill();
        } else {
            owner.signal("STOP");
        }
        standby.until_at_work(CARE);
        taken.push(begun.elapsed());
        if number % 2 == 0 {
            owner = start(owner.name(), CARE);
        } else {
            std::thread::park_timeout(STOPPED.saturating_sub(begun.elapsed()));
            owner.signal("CONT");
        }
        std::mem::swap(&mut owner, &mut standby);
        standby.until_standing_by(CARE);
    }
    publishing.finish();
    story.until_booked(&owner);
    standby.stop();
    owner.stop();
    watch.stop();
    taken.sort_unstable();
    println!("taken over after {taken:.2?}");
    println!("{}", judge::judge(folder.path(), &["watch", "care", "spare"], &story, &devices));
    assert!(taken.iter().all(|time| *time < TAKE_OVER_MAX), "{taken:?}");
}
