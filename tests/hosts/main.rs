//! Agents on several hosts: processes that share the log of one real server, each with some of the agents. What devices
//! publish becomes a case in one and a booking in another, exactly once, whatever is killed.
//!
//! How often either is killed: `AURORASYNC_KILLS` (8 where not set), or `make kills KILLS=200`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]
#![expect(
    clippy::disallowed_methods,
    reason = "a client of another process has its own clock and threads"
)]
#![expect(clippy::print_stdout, reason = "says what was under way and what was judged")]

mod devices;
mod judge;
mod process;
mod story;

use devices::Devices;
use process::Process;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::time::Duration;
use story::Story;

/// Who watches the assets.
const WATCH: &str = "data-analysis,diagnosis";
/// Who cares for their owners.
const CARE: &str = "engagement,feedback,manufacturing-insights,master,scheduling,ueba";
/// Kills where nothing else is asked for.
const KILLS: u64 = 8;
/// Shortest and longest time between two kills.
const LIFE_MILLIS: std::ops::Range<u64> = 300..2_500;
/// Assets that fail: one where the process lives, more where it is killed.
const ASSETS_KILLED: usize = 6;

fn kills() -> u64 {
    std::env::var("AURORASYNC_KILLS")
        .map_or(KILLS, |text| text.parse().expect("AURORASYNC_KILLS is a number"))
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
    assert_eq!(watch.state_of("master"), "elsewhere");
    assert_eq!(care.state_of("data-analysis"), "elsewhere");
    care.stop();
    watch.stop();
    println!("{}", judge::judge(folder.path(), ["watch", "care"], &story, &devices));
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
    for number in 0..kills() {
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
    println!("{} kills", kills());
    println!("{}", judge::judge(folder.path(), ["watch", "care"], &story, &devices));
}
