//! What was to be found in a replay: faults that were laid over it, and failures that were recorded.

use messages::Timestamp;
use messages::health::SensorFaultKind;
use serde::Serialize;

/// One thing that a detector should find.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Truth {
    /// The asset.
    pub asset: String,
    /// Fault of the catalogue, or `recorded`.
    pub fault: String,
    /// From when on it could be seen; absent when that is unknown or was not reached.
    pub started_at: Option<Timestamp>,
    /// What should be said about it.
    pub expected: Expected,
}

/// What should be said about a fault.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    /// That a component is going to fail.
    Failure {
        /// The component.
        component: String,
        /// When it failed; absent when it did not within the recording.
        failed_at: Option<Timestamp>,
    },
    /// That a sensor is not to be believed.
    SensorFault {
        /// Its channel.
        channel: String,
        /// In which way.
        kind: SensorFaultKind,
    },
}
