//! Faults of the catalogue, laid over copies of recorded assets, so that "found" is a rate over many seeded starts.

mod check;
mod copy;
mod draw;
mod effect;

pub(crate) use check::check;
pub(crate) use copy::{AssetCopy, copies};

use messages::health::SensorFaultKind;
use serde::Deserialize;

/// A fault that can be laid over a recording. Others of the catalogue move channels that recordings of cars lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The coolant carries less heat away while the engine runs.
    CoolantPumpWear,
    /// The voltage sinks to that of a battery that nothing charges.
    AlternatorDecay,
    /// One signal wanders off, its peers do not.
    SensorDrift,
    /// One signal stays what it was.
    SensorStuck,
    /// One signal is no longer sent.
    SensorDropout,
}

impl Fault {
    /// Name in the catalogue.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CoolantPumpWear => "coolant_pump_wear",
            Self::AlternatorDecay => "alternator_decay",
            Self::SensorDrift => "sensor_drift",
            Self::SensorStuck => "sensor_stuck",
            Self::SensorDropout => "sensor_dropout",
        }
    }

    /// What a sensor does that has it; none for faults of the asset itself.
    #[must_use]
    pub const fn sensor_fault(self) -> Option<SensorFaultKind> {
        match self {
            Self::CoolantPumpWear | Self::AlternatorDecay => None,
            Self::SensorDrift => Some(SensorFaultKind::Drift),
            Self::SensorStuck => Some(SensorFaultKind::Stuck),
            Self::SensorDropout => Some(SensorFaultKind::Dropout),
        }
    }

    /// Whether it develops over time; the others are there at once.
    const fn develops(self) -> bool {
        !matches!(self, Self::SensorStuck | Self::SensorDropout)
    }
}
