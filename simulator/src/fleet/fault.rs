//! The catalogue of faults: what can be wrong with a simulated vehicle or with one of its sensors.

use messages::health::SensorFaultKind;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A fault of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Brake pads wear down faster than they should.
    BrakePadWear,
    /// The coolant carries less heat away while the engine runs.
    CoolantPumpWear,
    /// The oil pump delivers less.
    OilPumpWear,
    /// A cylinder fires irregularly.
    Misfire,
    /// The voltage sinks to that of a battery that nothing charges.
    AlternatorDecay,
    /// A tyre loses air.
    TyreSlowLeak,
    /// The gearbox overheats; needs a profile with its temperature.
    GearboxOverheat,
    /// One signal wanders off, its peers do not.
    SensorDrift,
    /// One signal stays what it was.
    SensorStuck,
    /// One signal is no longer sent.
    SensorDropout,
}

/// A text that names no fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("fault `{text}` is not in the catalogue; it has {}", FaultKind::ALL.map(FaultKind::name).join(", "))]
pub struct UnknownFault {
    /// The text.
    pub text: String,
}

impl FaultKind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::BrakePadWear,
        Self::CoolantPumpWear,
        Self::OilPumpWear,
        Self::Misfire,
        Self::AlternatorDecay,
        Self::TyreSlowLeak,
        Self::GearboxOverheat,
        Self::SensorDrift,
        Self::SensorStuck,
        Self::SensorDropout,
    ];

    /// Name in the catalogue.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BrakePadWear => "brake_pad_wear",
            Self::CoolantPumpWear => "coolant_pump_wear",
            Self::OilPumpWear => "oil_pump_wear",
            Self::Misfire => "misfire",
            Self::AlternatorDecay => "alternator_decay",
            Self::TyreSlowLeak => "tyre_slow_leak",
            Self::GearboxOverheat => "gearbox_overheat",
            Self::SensorDrift => "sensor_drift",
            Self::SensorStuck => "sensor_stuck",
            Self::SensorDropout => "sensor_dropout",
        }
    }

    /// What a sensor does that has it; none for faults of the vehicle itself.
    #[must_use]
    pub const fn sensor_fault(self) -> Option<SensorFaultKind> {
        match self {
            Self::SensorDrift => Some(SensorFaultKind::Drift),
            Self::SensorStuck => Some(SensorFaultKind::Stuck),
            Self::SensorDropout => Some(SensorFaultKind::Dropout),
            _ => None,
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for FaultKind {
    type Err = UnknownFault;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|kind| kind.name() == text);
        known.ok_or_else(|| UnknownFault { text: text.to_owned() })
    }
}
