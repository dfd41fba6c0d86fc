//! Measures how fast a fleet is simulated and how much memory a vehicle takes.
//!
//! `cargo run --release -p simulator --example fleet_speed -- VEHICLES DAYS SAMPLE_SECONDS`

#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use simulator::fleet::{Event, Fleet, FleetConfig};
use std::time::{Duration, Instant};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut numbers = std::env::args().skip(1);
    let mut number = |or| numbers.next().map_or(Ok(or), |text| text.parse::<u32>());
    let (vehicles, days, seconds) = (number(10)?, number(30)?, number(5)?);
    let mut config = FleetConfig::vehicles(vehicles, 42, "2026-03-02T00:00:00Z".parse()?);
    config.sample = Duration::from_secs(u64::from(seconds));
    #[expect(clippy::disallowed_methods, reason = "a stopwatch around the whole")]
    let clock = Instant::now();
    let before = resident_kib();
    let mut fleet = Fleet::new(config)?;
    let made = (clock.elapsed(), resident_kib());
    let (mut samples, mut frames) = (0_usize, 0_usize);
    for _ in 0..u64::from(days) * 24 {
        let until = fleet.now().saturating_add(Duration::from_secs(3_600));
        for event in fleet.step(until) {
            if let Event::Telemetry(frame) = event {
                samples += frame.telemetry.samples.len();
                frames += 1;
            }
        }
    }
    let taken = clock.elapsed();
    let rate = samples as f64 / (taken - made.0).as_secs_f64();
    println!("{vehicles} vehicles, {days} days, a sample every {seconds} s while driven");
    println!("made in {:.2?}, {} KiB each", made.0, per(made.1 - before, vehicles));
    println!("{samples} samples in {frames} frames, {taken:.2?}, {rate:.0} samples/s");
    println!("{} KiB each at the end", per(resident_kib() - before, vehicles));
    Ok(())
}

fn per(kib: f64, vehicles: u32) -> String {
    format!("{:.2}", kib / f64::from(vehicles))
}

/// Memory of this process, where the system tells it.
fn resident_kib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_ascii_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or(f64::NAN)
}
