//! Checks `[[overlays]]`: what a fault needs is there, what it does not use is refused, numbers make sense.

use super::Fault;
use crate::dataset::{DatasetError, Drawn, Moments, OverlayConfig};
use messages::subject;
use std::path::Path;

/// Most copies of one overlay.
const COPIES_MAX: u32 = 1_000;

/// Whether a key is needed, may be given, or would be ignored and is therefore refused.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Needed,
    Optional,
    Unused,
}

/// Checks all overlays of a `dataset.toml`.
pub(crate) fn check(config: &crate::dataset::Config, path: &Path) -> Result<(), DatasetError> {
    for (index, overlay) in config.overlays.iter().enumerate() {
        let checker = Checker { overlay, path };
        if config.overlays[..index].iter().any(|other| other.name == overlay.name) {
            return checker.refuse("name", &overlay.name, "give each overlay a name of its own");
        }
        if config.running.is_none() {
            let remedy = "say in `[running]` when an asset runs; faults develop with running time";
            return Err(DatasetError::value(path, "running", "left out", remedy));
        }
        checker.keys()?;
        checker.copies()?;
        checker.numbers()?;
        for channel in overlay.channel.names() {
            if !config.telemetry.channels.values().any(|id| id == channel) {
                return checker.refuse(
                    "channel",
                    channel,
                    "name a channel that `telemetry.channels` has",
                );
            }
        }
    }
    Ok(())
}

struct Checker<'a> {
    overlay: &'a OverlayConfig,
    path: &'a Path,
}

impl Checker<'_> {
    fn refuse<T>(&self, key: &str, value: impl ToString, remedy: &str) -> Result<T, DatasetError> {
        let key = format!("overlays.{}.{key}", self.overlay.name);
        Err(DatasetError::value(self.path, key, value, remedy))
    }

    /// Each fault has its own keys.
    fn keys(&self) -> Result<(), DatasetError> {
        use Use::{Needed, Optional, Unused};
        let OverlayConfig { fault, component, over_running_hours, by, to, .. } = self.overlay;
        let OverlayConfig { settle, warm_above, resolution, fails_at, sustained, .. } =
            self.overlay;
        let is = |yes: bool, usage: Use| if yes { usage } else { Unused };
        let fails = fault.sensor_fault().is_none();
        let heats = *fault == Fault::CoolantPumpWear;
        let sags = *fault == Fault::AlternatorDecay;
        let keys = [
            ("component", component.is_some(), is(fails, Needed)),
            ("over_running_hours", over_running_hours.is_some(), is(fault.develops(), Needed)),
            ("by", by.is_some(), is(fault.develops() && !sags, Needed)),
            ("to", to.is_some(), is(sags, Needed)),
            ("settle", settle.is_some(), is(heats, Needed)),
            ("warm_above", warm_above.is_some(), is(heats, Optional)),
            ("resolution", resolution.is_some(), is(fault.develops(), Optional)),
            ("fails_at", fails_at.is_some(), is(fails, Optional)),
            ("sustained", sustained.is_some(), is(fails, Optional)),
        ];
        for (key, is_given, usage) in keys {
            let name = fault.name();
            match (is_given, usage) {
                (false, Needed) => {
                    return self.refuse(key, "left out", &format!("`{name}` needs it"));
                }
                (true, Unused) => {
                    return self.refuse(
                        key,
                        "given",
                        &format!("`{name}` does not use it; remove it"),
                    );
                }
                _ => {}
            }
        }
        match (self.overlay.start, self.overlay.start_running_hours) {
            (Some(_), None) | (None, Some(_)) => Ok(()),
            _ => self.refuse("start", "ambiguous", "give either `start` or `start_running_hours`"),
        }
    }

    fn copies(&self) -> Result<(), DatasetError> {
        let OverlayConfig { name, copies, channel, .. } = self.overlay;
        if !(1..=COPIES_MAX).contains(copies) {
            return self.refuse("copies", copies, &format!("make 1 to {COPIES_MAX} copies"));
        }
        if channel.names().is_empty() {
            return self.refuse("channel", "[]", "name at least one channel");
        }
        if subject::escape(name).is_err() {
            return self.refuse("name", name, "write a short name without blanks");
        }
        Ok(())
    }

    fn numbers(&self) -> Result<(), DatasetError> {
        let OverlayConfig { start_running_hours, over_running_hours, by, to, .. } = self.overlay;
        let numbers = [
            ("start_running_hours", *start_running_hours, 0.0),
            ("over_running_hours", *over_running_hours, f64::MIN_POSITIVE),
            ("by", *by, f64::MIN),
            ("to", *to, f64::MIN),
        ];
        for (key, drawn, least) in numbers {
            let Some(drawn) = drawn else { continue };
            let (low, high) = match drawn {
                Drawn::Fixed(value) => (value, value),
                Drawn::Between([low, high]) => (low, high),
            };
            let fits = low.is_finite() && high.is_finite() && least <= low && low <= high;
            if !fits {
                return self.refuse(
                    key,
                    format!("[{low}, {high}]"),
                    "write a number that can be, the lower one first",
                );
            }
            self.needs_seed(key, low < high)?;
        }
        if let Some(Moments::Between([first, last])) = self.overlay.start {
            if last < first {
                return self.refuse(
                    "start",
                    format!("[{first}, {last}]"),
                    "write the earlier moment first",
                );
            }
            self.needs_seed("start", first < last)?;
        }
        let resolution = self.overlay.resolution.unwrap_or(1.0);
        if !(resolution.is_finite() && resolution > 0.0) {
            return self.refuse("resolution", resolution, "write the step of the sensor, above 0");
        }
        for (key, number) in
            [("warm_above", self.overlay.warm_above), ("fails_at", self.overlay.fails_at)]
        {
            if let Some(number) = number.filter(|number| !number.is_finite()) {
                return self.refuse(key, number, "write a number in the channel's unit");
            }
        }
        Ok(())
    }

    fn needs_seed(&self, key: &str, is_drawn: bool) -> Result<(), DatasetError> {
        if is_drawn && self.overlay.seed.is_none() {
            let remedy = format!("state one; `{key}` is drawn from it");
            return self.refuse("seed", "left out", &remedy);
        }
        Ok(())
    }
}
