//! What a report says, as plain data: serialised as JSON, rendered as text.

use crate::dataset::RowTally;
use messages::Timestamp;
use messages::health::{QuarantineReason, SensorFaultKind};
use messages::prediction::WithheldReason;
use messages::profile::Span;
use serde::Serialize;
use std::collections::BTreeMap;

/// The whole judgement of a replay. A rate whose denominator is zero is absent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Findings {
    /// Name of the dataset.
    pub dataset: String,
    /// A prediction counts when the failure comes within it.
    pub horizon: Span,
    /// Assets that sent something.
    pub assets: u64,
    /// Hours during which they sent samples without longer gaps.
    pub observed_hours: f64,
    /// Months from each asset's first to its last sample, as far as they are judged, added up.
    pub asset_months: f64,
    /// Alarms and failures are judged from here on; absent: from the beginning.
    pub judged_from: Option<Timestamp>,
    /// They are judged before this; absent: until the end.
    pub judged_until: Option<Timestamp>,
    /// What became of the dataset's rows.
    pub rows: RowTally,
    /// What became of the samples.
    pub samples: SampleCounts,
    /// Windows assessed, each counted once.
    pub windows: u64,
    /// Windows published again because of late samples.
    pub windows_revised: u64,
    /// Anomalies raised.
    pub anomalies: u64,
    /// Assets reported silent.
    pub silences: u64,
    /// Failure alarms and their truth, by component.
    pub components: Vec<ComponentFinding>,
    /// Sensor faults and their truth, by channel.
    pub sensors: Vec<SensorFinding>,
    /// Each fault that was there, by asset.
    pub faults: Vec<FaultFinding>,
}

/// What became of the samples: `sent` = `assessed` + all `quarantined` + `unaccounted`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SampleCounts {
    /// Samples sent.
    pub sent: u64,
    /// Samples that entered a window.
    pub assessed: u64,
    /// Samples set aside whole, by reason.
    pub quarantined: BTreeMap<QuarantineReason, u64>,
    /// Samples of which values were set aside and the rest was used, by reason: they are not among `quarantined`.
    pub partly_quarantined: BTreeMap<QuarantineReason, u64>,
    /// Samples of which nothing was said: duplicates, late ones of windows published again, and those of windows still open.
    pub unaccounted: i64,
}

/// How one component's failures were foreseen.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ComponentFinding {
    /// The component.
    pub component: String,
    /// Predictions that named it, alarms or not.
    pub predictions: u64,
    /// Predictions taken back.
    pub cleared: u64,
    /// Answers that it cannot be judged, by reason.
    pub withheld: BTreeMap<WithheldReason, u64>,
    /// Alarms raised: predictions that are HIGH or reach the component's threshold. One that is repeated counts once.
    pub alarms: u64,
    /// Failures that happened.
    pub failures: u64,
    /// Failures with an alarm standing within the horizon before them.
    pub found: u64,
    /// Alarms that were right: standing within the horizon before a failure, raised after its fault began.
    pub alarms_true: u64,
    /// Alarms about a fault that was there, but over before the horizon began.
    pub alarms_early: u64,
    /// Alarms about nothing.
    pub alarms_false: u64,
    /// Alarms about a fault whose failure was not reached within the recording, or raised after the failure.
    pub alarms_undecided: u64,
    /// True alarms among those decided.
    pub precision: Option<f64>,
    /// Failures found among all.
    pub recall: Option<f64>,
    /// Harmonic mean of precision and recall.
    pub f1: Option<f64>,
    /// From the first true alarm to the failure, in hours.
    pub lead_hours: Option<Spread>,
    /// False alarms per asset and month.
    pub alarms_false_per_asset_month: Option<f64>,
}

/// How one sensor's faults were found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SensorFinding {
    /// Its channel.
    pub channel: String,
    /// Sensor faults reported, by kind.
    pub reported: BTreeMap<SensorFaultKind, u64>,
    /// Faults that were there.
    pub faults: u64,
    /// Those that were reported.
    pub found: u64,
    /// Reports without a fault.
    pub reports_false: u64,
    /// From the fault to its report, in hours.
    pub delay_hours: Option<Spread>,
}

/// What became of one fault.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FaultFinding {
    /// The asset.
    pub asset: String,
    /// Fault of the catalogue, or `recorded`.
    pub fault: String,
    /// Whether it is one of a sensor and not of the asset.
    pub is_of_sensor: bool,
    /// The component or the channel.
    pub target: String,
    /// From when on it could be seen; absent when that is unknown or was not reached.
    pub started_at: Option<Timestamp>,
    /// When the component failed; absent for sensors, and when it was not reached within the recording.
    pub failed_at: Option<Timestamp>,
    /// When it was found, if it was.
    pub found_at: Option<Timestamp>,
    /// From `found_at` to the failure, in hours; for sensors from the fault to `found_at`.
    pub hours: Option<f64>,
    /// How a sensor's fault was called.
    pub found_as: Option<SensorFaultKind>,
}

/// How numbers are spread.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// The least.
    pub least: f64,
    /// The median; of an even count the mean of the two in the middle.
    pub median: f64,
    /// The greatest.
    pub most: f64,
}

impl Spread {
    /// Of at least one number.
    pub(super) fn of(mut numbers: Vec<f64>) -> Option<Self> {
        numbers.sort_by(f64::total_cmp);
        let (least, most) = (*numbers.first()?, *numbers.last()?);
        let (low, high) = (numbers[(numbers.len() - 1) / 2], numbers[numbers.len() / 2]);
        Some(Self { least, median: f64::midpoint(low, high), most })
    }
}
