//! How a fault grows: with driving, with time, faster in heat, and never beyond what it was told to reach.

use super::fault::FaultKind;
use super::parameters::{FaultParameters, Growth};

/// Most trouble codes of one fault.
pub(super) const CODES_MAX: usize = 2;

/// A fault that a vehicle has.
#[derive(Clone, Debug)]
pub(super) struct Wear {
    pub(super) kind: FaultKind,
    /// Its place in the fleet's record.
    pub(super) record: u32,
    /// Place of the channel of a sensor's fault.
    pub(super) channel: u8,
    pub(super) starts: i64,
    pub(super) ends: i64,
    /// Severity in the end.
    pub(super) to: f64,
    /// Effect at severity 1.
    pub(super) size: f64,
    /// Use that it will have seen in the end, as foreseen at its start.
    pub(super) use_whole: f64,
    pub(super) used: f64,
    /// What a stuck sensor says.
    pub(super) held: Option<f64>,
    /// Seconds of driving at or above the severity of each code.
    pub(super) code_seconds: [f32; CODES_MAX],
    pub(super) has_failed: bool,
}

impl Wear {
    /// Severity, from 0 to 1 where the component fails.
    pub(super) fn severity(&self, growth: &Growth, now: i64) -> f64 {
        if now >= self.ends {
            return self.to;
        }
        if now <= self.starts {
            return 0.0;
        }
        let passed = (now - self.starts) as f64 / (self.ends - self.starts) as f64;
        let used = match self.use_whole > 0.0 {
            true => (self.used / self.use_whole).min(1.0),
            false => passed,
        };
        self.to * (growth.driving_share * used + (1.0 - growth.driving_share) * passed)
    }

    /// What it does to the channel that shows it, as a share of its size.
    pub(super) fn effect(&self, fault: &FaultParameters, growth: &Growth, now: i64) -> f64 {
        self.severity(growth, now).powf(fault.shape)
    }

    /// Counts driving time, in seconds, at weather that weighs so much.
    pub(super) fn drive(
        &mut self,
        fault: Option<&FaultParameters>,
        growth: &Growth,
        now: i64,
        seconds: f64,
        weight: f64,
    ) {
        if now <= self.starts {
            return;
        }
        self.used += seconds * weight;
        let severity = self.severity(growth, now);
        let codes = fault.map_or(&[][..], |fault| &fault.codes);
        for (counted, code) in self.code_seconds.iter_mut().zip(codes) {
            if severity >= code.at() {
                *counted += seconds as f32;
            }
        }
    }
}

/// How much a second of driving wears at this temperature, compared with one at 25 degrees.
pub(super) fn weight(growth: &Growth, ambient: f64) -> f64 {
    (1.0 + growth.per_ten_degrees * (ambient - 25.0) / 10.0).max(0.2)
}
