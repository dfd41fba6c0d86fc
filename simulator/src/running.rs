//! Running time of an asset: faults grow with it, and it is what "hours of driving" means.

use crate::dataset::{DatasetError, RunningConfig};
use messages::Timestamp;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// When an asset runs.
#[derive(Clone, Debug)]
pub(crate) struct Running {
    /// Place of the channel among a reading's values.
    place: usize,
    above: f64,
    gap_max: Duration,
}

/// Running time of one asset so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RunningClock {
    /// Newest sample, and whether it ran then.
    last: Option<(Timestamp, bool)>,
    total: Duration,
}

/// How one sample stands in its asset's running time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Step {
    pub(crate) at: Timestamp,
    /// Since the sample before; zero for the first.
    pub(crate) elapsed: Duration,
    /// Whether `elapsed` was running time.
    pub(crate) ran: bool,
    /// Whether the asset runs now.
    pub(crate) runs: bool,
    /// Running time so far.
    pub(crate) running_hours: f64,
}

impl Running {
    pub(crate) fn new(config: &RunningConfig, channels: &BTreeMap<String, String>) -> Option<Self> {
        let place = channels.values().position(|id| *id == config.channel)?;
        Some(Self { place, above: config.above, gap_max: config.gap_max.duration() })
    }

    /// Advances a clock by a sample. A sample without the channel runs if the one before it did.
    pub(crate) fn step(
        &self,
        clock: &mut RunningClock,
        at: Timestamp,
        values: &[Option<f64>],
    ) -> Step {
        let (elapsed, ran_before) =
            clock.last.map_or((Duration::ZERO, false), |(last_at, ran)| (at.since(last_at), ran));
        let ran = ran_before && elapsed <= self.gap_max;
        if ran {
            clock.total += elapsed;
        }
        let runs = values[self.place].map_or(ran, |value| value > self.above);
        clock.last = Some((at, runs));
        let running_hours = clock.total.as_secs_f64() / 3_600.0;
        Step { at, elapsed, ran, runs, running_hours }
    }
}

/// Checks `[running]`.
pub(crate) fn check(
    config: Option<&RunningConfig>,
    channels: &BTreeMap<String, String>,
    path: &Path,
) -> Result<(), DatasetError> {
    let Some(config) = config else { return Ok(()) };
    if Running::new(config, channels).is_none() {
        let remedy = "name a channel that `telemetry.channels` has";
        return Err(DatasetError::value(path, "running.channel", &config.channel, remedy));
    }
    if !config.above.is_finite() {
        let remedy = "write a number in the channel's unit";
        return Err(DatasetError::value(path, "running.above", config.above, remedy));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_time_between_samples_of_a_running_engine_counts() {
        let config = RunningConfig {
            channel: "engine_speed".to_owned(),
            above: 300.0,
            gap_max: "10s".parse().unwrap(),
        };
        let channels = BTreeMap::from([("rpm".to_owned(), "engine_speed".to_owned())]);
        let running = Running::new(&config, &channels).unwrap();
        let mut clock = RunningClock::default();
        // Second, engine speed, running seconds after it.
        let samples = [
            (0, Some(0.0), 0),
            (5, Some(800.0), 0),
            (10, Some(900.0), 5),
            (15, None, 10),
            (100, Some(900.0), 10),
            (105, Some(0.0), 15),
            (110, Some(0.0), 15),
        ];
        for (second, speed, expected) in samples {
            let at = Timestamp::from_millis(second * 1_000).unwrap();
            let step = running.step(&mut clock, at, &[speed]);
            assert_eq!((step.running_hours * 3_600.0).round() as i64, expected, "at {second} s");
        }
    }
}
