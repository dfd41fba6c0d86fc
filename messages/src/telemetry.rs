//! What a device sent, as sent: frames of samples, before anyone judged them.

use crate::finite::Finite;
use crate::message::{Class, Message, Stage};
use crate::record::Record;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Most samples in one frame.
pub const FRAME_SAMPLES_MAX: usize = 1_000;
/// Most signals in one sample.
pub const SAMPLE_SIGNALS_MAX: usize = 64;
/// Most trouble codes in one sample.
pub const SAMPLE_CODES_MAX: usize = 64;

/// A frame of samples from one asset. The columns are named once; a sample may leave any of them out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Telemetry {
    /// Fleet that the asset belongs to.
    pub fleet: String,
    /// The asset.
    pub asset: String,
    /// Number of the device's boot, where it counts them: `seq` starts again with each.
    pub boot: Option<u64>,
    /// Columns, named as the device names them: channel id, VSS path or alias.
    pub signals: Vec<Signal>,
    /// The samples, in the order in which they came.
    pub samples: Vec<Sample>,
}

/// One column of a frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signal {
    /// Name as sent.
    pub name: String,
    /// Unit as sent; absent means the profile's unit of that channel.
    pub unit: Option<String>,
}

/// What was measured at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// The device's time.
    pub sampled_at: Timestamp,
    /// The device's count of samples since boot.
    pub seq: Option<u64>,
    /// One value per column of the frame; absent where it was not measured.
    pub values: Vec<Option<Finite>>,
    /// Trouble codes that are set.
    pub codes: Vec<TroubleCode>,
}

/// A diagnostic trouble code.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum TroubleCode {
    /// SAE J2012, such as `P0217`.
    Obd2 {
        /// The code.
        code: String,
    },
    /// SAE J1939-73 diagnostic message.
    J1939 {
        /// Suspect parameter number.
        spn: u32,
        /// Failure mode identifier.
        fmi: u8,
        /// Occurrence count.
        oc: u8,
    },
}

impl Record for Telemetry {
    const SCHEMA: u16 = 1;
}

impl Message for Telemetry {
    const NAME: &'static str = "telemetry.received";
    const CLASS: Class = Class::Telemetry;
    const STAGE: Option<Stage> = Some(Stage::Da);

    fn key(&self) -> &str {
        &self.asset
    }
}
