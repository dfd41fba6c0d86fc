//! What a fleet says as time passes.

use crate::replay::Frame;
use messages::Timestamp;
use messages::finding::{FailureRecorded, FindingRecorded};
use messages::registry::MaintenanceRecorded;

/// Something that is said about a vehicle, at its place in the order of time.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A vehicle sent samples.
    Telemetry(Frame),
    /// A component failed in use.
    Failed(FailureRecorded),
    /// A workshop found something, unasked.
    Found(FindingRecorded),
    /// Work was done, unasked.
    Serviced(MaintenanceRecorded),
}

impl Event {
    /// Its moment; events come in the order of it.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        match self {
            Self::Telemetry(frame) => frame.sent_at,
            Self::Failed(failed) => failed.failed_at,
            Self::Found(found) => found.found_at,
            Self::Serviced(serviced) => serviced.performed_at,
        }
    }

    /// The vehicle.
    #[must_use]
    pub fn asset(&self) -> &str {
        match self {
            Self::Telemetry(frame) => &frame.telemetry.asset,
            Self::Failed(failed) => &failed.asset,
            Self::Found(found) => &found.asset,
            Self::Serviced(serviced) => &serviced.asset,
        }
    }
}
