//! What is known of an asset's condition: one assessment per window, and the events that stand out from them.

use crate::envelope::Named;
use crate::finite::Finite;
use crate::message::{Class, Encoding, Message, Stage};
use crate::profile::Reach;
use crate::record::{DecodeError, RECORD_BYTES_MAX, Record, decode_body};
use crate::telemetry::{Telemetry, TroubleCode};
use crate::time::Timestamp;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// Condition of one asset at the end of one window.
///
/// Samples that come late, but within the lateness, change the windows they belong to; a window that was
/// changed is published once more, with revision 1, when nothing can change it any further. When no later
/// sample comes that shows this, it is published after the lateness by the clock; should it change even then,
/// it is published again, with the next revision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HealthAssessed {
    /// Fleet of the asset.
    pub fleet: String,
    /// The asset.
    pub asset: String,
    /// Name of its profile.
    pub profile: String,
    /// First moment of the window.
    pub window_start: Timestamp,
    /// First moment after the window.
    pub window_end: Timestamp,
    /// 0 when the window closed; one more each time it is published because late samples changed it.
    pub revision: u16,
    /// Operating state throughout the window; absent when unknown or when it changed within the window.
    pub operating_state: Option<String>,
    /// Samples taken in the window.
    pub samples: u32,
    /// Hash of the names, units and spans of `features`; two lists are comparable only when it is equal.
    pub feature_schema: u32,
    /// The profile's features, in its order; absent where nothing was measured.
    pub features: Vec<Option<Finite>>,
    /// Age of the newest sample in each feature at the end of the window, in seconds.
    pub feature_ages: Vec<Option<u32>>,
    /// How unusual the features are; absent while the usual is being learned.
    pub anomaly: Option<Anomaly>,
    /// Trends of the monitored channels that have one.
    pub trends: Vec<Trend>,
    /// Sensors that are not to be believed.
    pub sensor_faults: Vec<SensorFault>,
    /// Trouble codes that are set.
    pub codes: Vec<TroubleCode>,
    /// Sensors compared with their peers in this window; most windows have none.
    #[serde(default)]
    pub comparisons: Vec<Comparison>,
}

/// A sensor beside its peer, in a window in which the profile has both measure the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Channel of the sensor.
    pub channel: String,
    /// Channel of its peer.
    pub peer: String,
    /// What the sensor says, in its channel's unit.
    pub value: Finite,
    /// What its peer says.
    pub peer_value: Finite,
}

/// [`HealthAssessed`] as version 1 had it: sensors were not compared.
#[derive(Deserialize)]
struct HealthAssessedV1 {
    fleet: String,
    asset: String,
    profile: String,
    window_start: Timestamp,
    window_end: Timestamp,
    revision: u16,
    operating_state: Option<String>,
    samples: u32,
    feature_schema: u32,
    features: Vec<Option<Finite>>,
    feature_ages: Vec<Option<u32>>,
    anomaly: Option<Anomaly>,
    trends: Vec<Trend>,
    sensor_faults: Vec<SensorFault>,
    codes: Vec<TroubleCode>,
}

impl From<HealthAssessedV1> for HealthAssessed {
    fn from(old: HealthAssessedV1) -> Self {
        Self {
            fleet: old.fleet,
            asset: old.asset,
            profile: old.profile,
            window_start: old.window_start,
            window_end: old.window_end,
            revision: old.revision,
            operating_state: old.operating_state,
            samples: old.samples,
            feature_schema: old.feature_schema,
            features: old.features,
            feature_ages: old.feature_ages,
            anomaly: old.anomaly,
            trends: old.trends,
            sensor_faults: old.sensor_faults,
            codes: old.codes,
            comparisons: Vec::new(),
        }
    }
}

impl Comparison {
    /// How much more the sensor says than its peer; negative for less.
    #[must_use]
    pub fn difference(&self) -> f64 {
        self.value.get() - self.peer_value.get()
    }
}

/// How unusual the features of a window are.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Anomaly {
    /// 0 and more; higher is more unusual.
    pub score: Finite,
    /// Whether the alarm is raised; it is raised and cleared with hysteresis.
    pub alarm: bool,
}

/// Where a channel stands and where it goes, from samples of its own operating states alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trend {
    /// The channel.
    pub channel: String,
    /// How far back it looks.
    pub reach: Reach,
    /// Value of the line at its newest pane, in the channel's unit: at the end of the window when that is within the
    /// pane, else at the pane's end. With fewer than three panes the newest pane's mean.
    pub level: Finite,
    /// Standard error of `level`; absent with fewer than three panes.
    pub level_error: Option<Finite>,
    /// Channel units per hour; absent with fewer than three panes.
    pub slope_per_hour: Option<Finite>,
    /// Standard error of `slope_per_hour`.
    pub slope_error: Option<Finite>,
    /// Deviation of the panes from the line, in the channel's unit.
    pub deviation: Option<Finite>,
    /// Panes with samples.
    pub panes: u16,
    /// From the start of the first pane to the end of the window, in hours.
    pub span_hours: Finite,
    /// Age of its newest pane at the end of the window, in seconds.
    pub age_seconds: u32,
}

/// A sensor that is not to be believed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SensorFault {
    /// Its channel.
    pub channel: String,
    /// In which way.
    pub kind: SensorFaultKind,
    /// Since when, by the device's time.
    pub since: Timestamp,
}

/// In which way a sensor fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SensorFaultKind {
    /// The value stands still although it should move.
    Stuck,
    /// The value is no longer sent although others are.
    Dropout,
    /// The value is beyond what the sensor can measure.
    OutOfRange,
    /// The value is far from that of its peer at a time at which both measure the same.
    Drift,
}

/// An asset behaves as it never did before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnomalyDetected {
    /// Fleet of the asset.
    pub fleet: String,
    /// The asset.
    pub asset: String,
    /// End of the window that raised the alarm.
    pub window_end: Timestamp,
    /// Operating state in that window.
    pub operating_state: Option<String>,
    /// Its score, 0 and more.
    pub score: Finite,
    /// The score from which on an alarm is raised.
    pub threshold: Finite,
    /// The features that are farthest from what was learned, the farthest first.
    pub unusual: Vec<Named>,
}

/// A sensor is not to be believed any more, or is to be believed again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SensorFaulted {
    /// Fleet of the asset.
    pub fleet: String,
    /// The asset.
    pub asset: String,
    /// Channel of the sensor.
    pub channel: String,
    /// In which way.
    pub kind: SensorFaultKind,
    /// Since when, by the device's time.
    pub since: Timestamp,
    /// When it was found sound again; absent while the fault lasts.
    pub cleared_at: Option<Timestamp>,
    /// What was seen, for people.
    pub detail: String,
}

/// An asset that used to report has fallen silent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetSilent {
    /// Fleet of the asset.
    pub fleet: String,
    /// The asset.
    pub asset: String,
    /// Time of its last sample.
    pub last_sampled_at: Timestamp,
    /// When it was last heard.
    pub last_heard_at: Timestamp,
}

/// Telemetry that is kept but not acted upon until a person has mended the reason and released it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TelemetryQuarantined {
    /// Fleet it was sent for.
    pub fleet: String,
    /// Asset it was sent for.
    pub asset: String,
    /// Why, for programs.
    pub reason: QuarantineReason,
    /// Why, for people: the thing and its value.
    pub detail: String,
    /// The valid name nearest to the one that is not known.
    pub nearest: Option<String>,
    /// The command or edit that mends it.
    pub remedy: String,
    /// The samples, as they were sent; none where they could not be read.
    pub telemetry: Telemetry,
    /// The whole message, where it or a part of it could not be read, or not be believed.
    #[serde(default)]
    pub as_sent: Option<AsSent>,
}

/// [`TelemetryQuarantined`] when everything that was set aside had been read.
#[derive(Deserialize)]
struct TelemetryQuarantinedV1 {
    fleet: String,
    asset: String,
    reason: QuarantineReason,
    detail: String,
    nearest: Option<String>,
    remedy: String,
    telemetry: Telemetry,
}

impl From<TelemetryQuarantinedV1> for TelemetryQuarantined {
    fn from(old: TelemetryQuarantinedV1) -> Self {
        let TelemetryQuarantinedV1 { fleet, asset, reason, detail, nearest, remedy, telemetry } =
            old;
        Self { fleet, asset, reason, detail, nearest, remedy, telemetry, as_sent: None }
    }
}

/// A message as a device sent it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AsSent {
    /// Where it came in, such as `TELEMETRY/17`.
    pub position: String,
    /// Its body; of one that is longer than a record, the beginning.
    pub body: Bytes,
    /// Length of the whole body, in bytes.
    pub bytes: u64,
}

/// Why telemetry is not acted upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuarantineReason {
    /// No asset of this name is registered.
    UnknownAsset,
    /// The asset is no longer watched.
    RetiredAsset,
    /// The asset belongs to another fleet.
    WrongFleet,
    /// The profile that the asset was registered with does not exist.
    UnknownProfile,
    /// No channel of the profile has this name.
    UnknownSignal,
    /// A unit that is not known.
    UnknownUnit,
    /// A unit of another quantity than the channel's.
    WrongUnit,
    /// One sample gives a channel two values.
    Ambiguous,
    /// A value outside the channel's valid range.
    OutOfRange,
    /// Older than the asset's newest sample by more than the lateness.
    TooLate,
    /// Further ahead than a device's clock may be.
    InTheFuture,
    /// More samples in one window than can be counted.
    TooMany,
    /// Not the JSON, the event or the sample that it should be.
    Malformed,
    /// It speaks of another asset or fleet than it was sent for.
    Impersonation,
    /// Its sender is contained.
    Contained,
    /// Its sender sends more messages than it may.
    TooFast,
}

impl QuarantineReason {
    /// All reasons.
    pub const ALL: [QuarantineReason; 16] = [
        QuarantineReason::UnknownAsset,
        QuarantineReason::RetiredAsset,
        QuarantineReason::WrongFleet,
        QuarantineReason::UnknownProfile,
        QuarantineReason::UnknownSignal,
        QuarantineReason::UnknownUnit,
        QuarantineReason::WrongUnit,
        QuarantineReason::Ambiguous,
        QuarantineReason::OutOfRange,
        QuarantineReason::TooLate,
        QuarantineReason::InTheFuture,
        QuarantineReason::TooMany,
        QuarantineReason::Malformed,
        QuarantineReason::Impersonation,
        QuarantineReason::Contained,
        QuarantineReason::TooFast,
    ];

    /// Whether values of a sample are set aside and the rest of it is used.
    #[must_use]
    pub const fn is_of_values(self) -> bool {
        matches!(
            self,
            QuarantineReason::UnknownSignal
                | QuarantineReason::UnknownUnit
                | QuarantineReason::WrongUnit
                | QuarantineReason::Ambiguous
                | QuarantineReason::OutOfRange
        )
    }

    /// Name for people and labels.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            QuarantineReason::UnknownAsset => "unknown_asset",
            QuarantineReason::RetiredAsset => "retired_asset",
            QuarantineReason::WrongFleet => "wrong_fleet",
            QuarantineReason::UnknownProfile => "unknown_profile",
            QuarantineReason::UnknownSignal => "unknown_signal",
            QuarantineReason::UnknownUnit => "unknown_unit",
            QuarantineReason::WrongUnit => "wrong_unit",
            QuarantineReason::Ambiguous => "ambiguous",
            QuarantineReason::OutOfRange => "out_of_range",
            QuarantineReason::TooLate => "too_late",
            QuarantineReason::InTheFuture => "in_the_future",
            QuarantineReason::TooMany => "too_many",
            QuarantineReason::Malformed => "malformed",
            QuarantineReason::Impersonation => "impersonation",
            QuarantineReason::Contained => "contained",
            QuarantineReason::TooFast => "too_fast",
        }
    }
}

impl Record for HealthAssessed {
    const SCHEMA: u16 = 30;
    const VERSION: u16 = 2;

    fn upcast(version: u16, body: &[u8]) -> Result<Self, DecodeError> {
        match version {
            1 => decode_body::<HealthAssessedV1>(body).map(Self::from),
            _ => Err(DecodeError::unknown_version::<Self>(version)),
        }
    }
}

impl Message for HealthAssessed {
    const NAME: &'static str = "health.assessed";
    const CLASS: Class = Class::Health;
    const STAGE: Option<Stage> = Some(Stage::Sd);

    fn key(&self) -> &str {
        &self.asset
    }
}

impl Record for AnomalyDetected {
    const SCHEMA: u16 = 31;
}

impl Message for AnomalyDetected {
    const NAME: &'static str = "anomaly.detected";
    const CLASS: Class = Class::Event;
    const ENCODING: Encoding = Encoding::Json;
    const STAGE: Option<Stage> = Some(Stage::Sd);

    fn key(&self) -> &str {
        &self.asset
    }
}

impl Record for SensorFaulted {
    const SCHEMA: u16 = 32;
}

impl Message for SensorFaulted {
    const NAME: &'static str = "sensor.faulted";
    const CLASS: Class = Class::Event;
    const ENCODING: Encoding = Encoding::Json;
    const STAGE: Option<Stage> = Some(Stage::Dm);

    fn key(&self) -> &str {
        &self.asset
    }
}

impl Record for AssetSilent {
    const SCHEMA: u16 = 33;
}

impl Message for AssetSilent {
    const NAME: &'static str = "asset.silent";
    const CLASS: Class = Class::Event;
    const ENCODING: Encoding = Encoding::Json;
    const STAGE: Option<Stage> = Some(Stage::Dm);

    fn key(&self) -> &str {
        &self.asset
    }
}

impl Record for TelemetryQuarantined {
    const SCHEMA: u16 = 34;
    const VERSION: u16 = 2;
    // The largest frame must fit in here with the reason, or it would be lost by being kept.
    const BYTES_MAX: usize = 2 * RECORD_BYTES_MAX;

    fn upcast(version: u16, body: &[u8]) -> Result<Self, DecodeError> {
        match version {
            1 => decode_body::<TelemetryQuarantinedV1>(body).map(Self::from),
            _ => Err(DecodeError::unknown_version::<Self>(version)),
        }
    }
}

impl Message for TelemetryQuarantined {
    const NAME: &'static str = "telemetry.quarantined";
    const CLASS: Class = Class::Event;
    const STAGE: Option<Stage> = Some(Stage::Dm);

    fn key(&self) -> &str {
        &self.asset
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_written_by_their_names() {
        for reason in QuarantineReason::ALL {
            assert_eq!(serde_json::to_string(&reason).unwrap(), format!("\"{}\"", reason.name()));
        }
    }
}
