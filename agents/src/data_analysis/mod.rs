//! Turns what devices send into one assessment per asset and window, and keeps apart what cannot be used.
//!
//! Hears [`Telemetry`], the registry and maintenance. Says [`HealthAssessed`], [`AnomalyDetected`],
//! [`SensorFaulted`], [`AssetSilent`] and [`TelemetryQuarantined`]. Remembers, per asset, its features, what is
//! usual for it, what its sensors do, and which readings of the last minutes it has seen.

mod analyser;
mod intake;
mod judged;
mod peers;
mod registry;
mod seen;
mod stored;
mod window;

#[cfg(test)]
mod tests;

pub use analyser::{Analyser, schema};
pub use judged::{Refusal, Verdict};

use crate::profiles;
use messages::health::{
    AnomalyDetected, AssetSilent, HealthAssessed, SensorFaulted, TelemetryQuarantined,
};
use messages::profile::Span;
use messages::record::decode_body;
use messages::registry::{AssetRegistered, AssetRetired, MaintenanceRecorded};
use messages::telemetry::{Telemetry, TroubleCode};
use messages::{DecodeError, Record, Timestamp};
use models::anomaly::Baseline;
use models::features::{FeatureState, Service};
use models::sensor::{Fault, Sensors};
use peers::Compared;
use runtime::{Agent, ConfigError, Models, Timer, Wiring};
use seen::Seen;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;
use window::{Late, OpenWindow};

/// How far a device's clock may be ahead.
pub const AHEAD_MAX: Duration = Duration::from_secs(5 * 60);
/// A trouble code counts as set for so long after a sample that carried it.
pub const CODE_ACTIVE_MAX: Duration = models::history::CODE_SET;
/// Longest time between two checkpoints.
pub const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(10);

/// The agent.
pub struct DataAnalysis {
    analysers: BTreeMap<String, Analyser>,
    close_grace: Duration,
}

/// Settings of data-analysis.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Text of each profile by its name.
    pub profiles: BTreeMap<String, String>,
    /// A window of an asset that sends nothing more is closed so long after it ended.
    pub close_grace: Span,
}

impl Default for Config {
    fn default() -> Self {
        let close_grace = Span::from_millis(30_000).expect("half a minute is a span");
        Self { profiles: profiles::defaults(), close_grace }
    }
}

/// What is remembered of one asset.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct State {
    registration: Option<Registration>,
    features: FeatureState,
    seen: Seen,
    window: Option<OpenWindow>,
    /// End of the newest window that was published.
    published_through: Option<Timestamp>,
    /// Published windows that late samples changed, while they can change once more.
    changed: Vec<Late>,
    sensors: Sensors,
    /// Since when each sensor that is not to be believed is so, by channel.
    faulty: Vec<Faulty>,
    baseline: Baseline,
    /// When each trouble code was last sent.
    codes: Vec<(TroubleCode, Timestamp)>,
    service: Option<LastService>,
    heard_at: Option<Timestamp>,
    watching_silence: bool,
    readings: Readings,
    /// What comparisons of sensors with their peers have shown, by channel.
    compared: Vec<Compared>,
}

/// What the registry says of the asset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Registration {
    fleet: String,
    profile: String,
    retired: bool,
}

/// A sensor that is not to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Faulty {
    channel: u16,
    fault: Fault,
    since: Timestamp,
}

/// The newest maintenance.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct LastService {
    at: Timestamp,
    usage: Option<messages::Finite>,
}

impl From<LastService> for Service {
    fn from(last: LastService) -> Self {
        Self { at: last.at, usage: last.usage }
    }
}

/// What became of every sample that was sent for the asset: each is counted once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readings {
    /// Went into a window.
    pub accepted: u64,
    /// Had been accepted before.
    pub duplicates: u64,
    /// Set aside, whole.
    pub quarantined: u64,
}

impl Record for State {
    const SCHEMA: u16 = 110;
    const VERSION: u16 = 3;
    // A device without counters may send every reading of ten minutes at a high rate.
    const BYTES_MAX: usize = 256 * 1024;

    fn upcast(version: u16, body: &[u8]) -> Result<Self, DecodeError> {
        match version {
            1 => decode_body::<stored::StateV1>(body).map(Self::from),
            2 => decode_body::<stored::StateV2>(body).map(Self::from),
            _ => Err(DecodeError::unknown_version::<Self>(version)),
        }
    }
}

/// Time to close a window whose asset sends nothing more.
#[derive(Default)]
pub struct Close;

impl Timer for Close {
    const NAME: &'static str = "close";
}

/// Time to say windows anew that late samples changed, though none has come since that shows them settled.
#[derive(Default)]
pub struct Settle;

impl Timer for Settle {
    const NAME: &'static str = "settle";
}

/// Time to see whether the asset has fallen silent.
#[derive(Default)]
pub struct Listen;

impl Timer for Listen {
    const NAME: &'static str = "listen";
}

impl Agent for DataAnalysis {
    const KIND: &'static str = "data-analysis";
    type Config = Config;
    type State = State;

    fn new(config: Config, models: &Models) -> Result<Self, ConfigError> {
        let analysers = profiles::parse(Self::KIND, &config.profiles)?
            .into_iter()
            .map(|(name, profile)| Ok((name, Analyser::new(profile, models)?)))
            .collect::<Result<_, ConfigError>>()?;
        Ok(Self { analysers, close_grace: config.close_grace.duration() })
    }

    fn wiring(wiring: &mut Wiring<Self>) {
        wiring.on::<Telemetry>().key(|telemetry| &telemetry.asset);
        wiring.on::<AssetRegistered>().key(|registered| &registered.asset);
        wiring.on::<AssetRetired>().key(|retired| &retired.asset);
        wiring.on::<MaintenanceRecorded>().key(|recorded| &recorded.asset);
        wiring
            .timer::<Close>()
            .timer::<Settle>()
            .timer::<Listen>()
            .publishes::<HealthAssessed>()
            .publishes::<AnomalyDetected>()
            .publishes::<SensorFaulted>()
            .publishes::<AssetSilent>()
            .publishes::<TelemetryQuarantined>()
            .checkpoints(CHECKPOINT_INTERVAL);
    }
}
