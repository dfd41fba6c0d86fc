//! What is true about a fleet's faults: which there were, since when, and when what failed. Agents never see it.

use super::fault::FaultKind;
use crate::truth::{Expected, Truth};
use messages::Timestamp;
use serde::Serialize;

/// A fault that there is or was.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FaultRecord {
    /// The vehicle.
    pub asset: String,
    /// The fault.
    pub fault: FaultKind,
    /// The component that fails of it; none for a sensor's fault.
    pub component: Option<String>,
    /// The channel of a sensor's fault, or the one that shows the fault first.
    pub channel: String,
    /// What caused it.
    pub cause: String,
    /// Batch of the faulty part.
    pub batch: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it was to be fully developed.
    pub developed_at: Timestamp,
    /// Severity then; 1 is failure.
    pub to: f64,
    /// When the component failed.
    pub failed_at: Option<Timestamp>,
    /// When it was repaired or taken back.
    pub cleared_at: Option<Timestamp>,
}

/// Names a fault that was injected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FaultHandle(pub(super) u32);

impl FaultRecord {
    /// What a detector should say about it.
    #[must_use]
    pub fn truth(&self) -> Truth {
        let expected = match (self.fault.sensor_fault(), &self.component) {
            (Some(kind), _) => Expected::SensorFault { channel: self.channel.clone(), kind },
            (None, component) => Expected::Failure {
                component: component.clone().unwrap_or_default(),
                failed_at: self.failed_at,
            },
        };
        Truth {
            asset: self.asset.clone(),
            fault: self.fault.name().to_owned(),
            started_at: Some(self.started_at),
            expected,
        }
    }
}
