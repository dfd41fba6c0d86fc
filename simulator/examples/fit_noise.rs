//! Prints how two real cars' signals wander and how their samples are lost: the `[[car]]` tables of
//! `profiles/simulation/vehicle.toml`.
//!
//! `cargo run --release -p simulator --example fit_noise -- DATA`, DATA being where `carobd/trips.csv.gz` and
//! `kit-obd2/trips_2017.csv.gz` are.

#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use messages::profile::Profile;
use simulator::fleet::{Car, Fit, Wandering};
use simulator::{Dataset, Entry, Replay, ReplayOptions};
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let data = std::env::args().nth(1).ok_or("name the folder in which the recordings are")?;
    let text = messages::profile::embedded("vehicle").ok_or("the vehicle profile is missing")?;
    let profile = Profile::parse(text)?;
    let shipped = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../profiles/datasets"));
    for name in ["kit-obd2", "carobd"] {
        let dataset = Dataset::load(&shipped.join(name), Some(Path::new(&data)))?;
        let mut fit = Fit::default();
        for entry in Replay::open(&dataset, &profile, &ReplayOptions::default())? {
            if let Entry::Telemetry(frame) = entry? {
                fit.take(&frame);
            }
        }
        print(&fit.car(name).ok_or("too little was recorded to measure")?);
    }
    Ok(())
}

fn print(car: &Car) {
    let Car { name, coolant, battery, warm_up_seconds, idle, gap, missing_share, trip_minutes } =
        car;
    println!("[[car]]\nname = \"{name}\"");
    println!("coolant = {}", wandering(coolant));
    if let Some(battery) = battery {
        println!("battery = {}", wandering(battery));
    }
    println!("warm_up_seconds = {warm_up_seconds:.0}");
    println!("idle = {{ level = {:.0}, fast = {:.1} }}", idle.level, idle.fast);
    println!("gap = {{ per_hour = {:.2}, seconds = {:.1} }}", gap.per_hour, gap.seconds);
    println!("missing_share = {missing_share:.1e}");
    let (median, log_deviation) = (trip_minutes.median, trip_minutes.log_deviation);
    println!("trip_minutes = {{ median = {median:.1}, log_deviation = {log_deviation:.2} }}\n");
}

fn wandering(signal: &Wandering) -> String {
    let Wandering { level, trip, minute, fast, correlation } = signal;
    format!(
        "{{ level = {level:.2}, trip = {trip:.3}, minute = {minute:.3}, fast = {fast:.3}, correlation = {correlation:.2} }}"
    )
}
