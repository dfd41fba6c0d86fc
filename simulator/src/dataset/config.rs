//! `dataset.toml` as it is written. Strict: an unknown key is an error, as is one of the wrong type.

use messages::Timestamp;
use messages::profile::Span;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

/// A whole `dataset.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Name of a profile, or path of one relative to the file.
    pub(crate) profile: String,
    /// A prediction counts when the failure comes within it.
    pub(crate) horizon: Option<Span>,
    pub(crate) telemetry: TelemetryConfig,
    pub(crate) running: Option<RunningConfig>,
    pub(crate) assets: Option<AssetsConfig>,
    pub(crate) failures: Option<FailuresConfig>,
    pub(crate) maintenance: Option<ComponentsConfig>,
    pub(crate) codes: Option<CodesConfig>,
    pub(crate) end_of_life: Option<EndOfLifeConfig>,
    pub(crate) anomalies: Option<AnomaliesConfig>,
    pub(crate) forecast: Option<ForecastConfig>,
    pub(crate) split: Option<SplitConfig>,
    #[serde(default)]
    pub(crate) overlays: Vec<OverlayConfig>,
}

/// Where the telemetry is and how it is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TelemetryConfig {
    pub(crate) files: Vec<String>,
    pub(crate) asset: AssetKey,
    pub(crate) time: Option<String>,
    #[serde(default)]
    pub(crate) format: FormatKey,
    #[serde(default)]
    pub(crate) delimiter: Delimiter,
    pub(crate) header: Option<Vec<String>>,
    /// Column to channel id.
    pub(crate) channels: BTreeMap<String, String>,
}

/// Where a row's asset is named.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "expected a column, `{ file = \"stem\" }` or `{ row = \"PREFIX\" }`"
)]
pub(crate) enum AssetKey {
    Column(String),
    File { file: FilePart },
    Row { row: String },
}

/// The part of a file's name that names the asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FilePart {
    Stem,
}

/// How moments are written.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "expected a strptime pattern, `rfc3339`, `unix`, `unix_ms` or `{ cycle = \"1h\", origin = \"2015-01-01T00:00:00Z\" }`"
)]
pub(crate) enum FormatKey {
    Named(String),
    Cycle { cycle: Span, origin: Timestamp },
}

impl Default for FormatKey {
    fn default() -> Self {
        Self::Named("rfc3339".to_owned())
    }
}

/// What separates the fields of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delimiter {
    /// One ASCII character.
    Byte(u8),
    /// Any number of spaces and tabs; no quoting.
    Whitespace,
}

impl Default for Delimiter {
    fn default() -> Self {
        Self::Byte(b',')
    }
}

impl<'de> Deserialize<'de> for Delimiter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_bytes() {
            b"whitespace" => Ok(Self::Whitespace),
            [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n') => {
                Ok(Self::Byte(*byte))
            }
            _ => Err(serde::de::Error::custom(format!(
                "delimiter `{text}` is neither one ASCII character nor `whitespace`"
            ))),
        }
    }
}

/// When an asset is running, so that hours of driving can be counted.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunningConfig {
    /// Channel that tells it.
    pub(crate) channel: String,
    /// It runs while the channel is above this, in the channel's unit.
    pub(crate) above: f64,
    /// A longer silence is not running time.
    pub(crate) gap_max: Span,
}

/// One row per asset.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AssetsConfig {
    pub(crate) file: String,
    pub(crate) asset: AssetKey,
    /// Column to attribute.
    #[serde(default)]
    pub(crate) attributes: BTreeMap<String, String>,
}

/// Truth about failures.
#[derive(Clone, Debug, Deserialize)]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "expected `file`, `asset`, `time` and `component`, or `column` (of the telemetry)"
)]
pub(crate) enum FailuresConfig {
    Column { column: String },
    Table { file: String, asset: String, time: String, component: String },
}

/// Work done on components.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ComponentsConfig {
    pub(crate) file: String,
    pub(crate) asset: String,
    pub(crate) time: String,
    pub(crate) component: String,
}

/// Trouble codes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CodesConfig {
    pub(crate) file: String,
    pub(crate) asset: String,
    pub(crate) time: String,
    pub(crate) code: String,
}

/// Truth about remaining useful life.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "expected `at = \"last_sample\"`, or `file` and `order`"
)]
pub(crate) enum EndOfLifeConfig {
    At { at: EndOfLifeAt },
    File { file: String, order: String },
}

/// The moment at which a run-to-failure recording ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EndOfLifeAt {
    LastSample,
}

/// Truth about anomalies.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AnomaliesConfig {
    pub(crate) column: Option<String>,
    pub(crate) file: Option<String>,
    /// Samples at the beginning that are known to be normal.
    pub(crate) normal_head: Option<u64>,
}

/// What is to be foreseen of a series, and how far ahead.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ForecastConfig {
    /// Channel id.
    pub(crate) channel: String,
    /// How far ahead, each.
    pub(crate) ahead: Vec<Span>,
    /// After how long it is much the same again.
    pub(crate) season: Span,
}

/// What is learned from and what is judged.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SplitConfig {
    pub(crate) train_before: Option<String>,
    pub(crate) test_from: Option<String>,
    pub(crate) test_until: Option<String>,
    pub(crate) train_files: Option<Vec<String>>,
    pub(crate) test_files: Option<Vec<String>>,
    pub(crate) test_fraction: Option<f64>,
    pub(crate) seed: Option<u64>,
}

/// A catalogue fault laid over copies of recorded assets.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OverlayConfig {
    /// Names the copies: `<asset>-<name>-<copy>`.
    pub(crate) name: String,
    pub(crate) fault: crate::overlay::Fault,
    /// The recorded asset; all of them when left out.
    pub(crate) asset: Option<String>,
    #[serde(default = "one")]
    pub(crate) copies: u32,
    /// Needed when anything is drawn.
    pub(crate) seed: Option<u64>,
    pub(crate) channel: OneOrMany,
    /// The component that fails.
    pub(crate) component: Option<String>,
    pub(crate) start: Option<Moments>,
    pub(crate) start_running_hours: Option<Drawn>,
    pub(crate) over_running_hours: Option<Drawn>,
    pub(crate) by: Option<Drawn>,
    pub(crate) to: Option<Drawn>,
    pub(crate) settle: Option<Span>,
    pub(crate) warm_above: Option<f64>,
    pub(crate) resolution: Option<f64>,
    pub(crate) fails_at: Option<f64>,
    pub(crate) sustained: Option<Span>,
}

const fn one() -> u32 {
    1
}

/// One name, or several of which the copies take turns.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "expected a channel id or a list of them")]
pub(crate) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    pub(crate) fn names(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Many(names) => names,
        }
    }
}

/// A number, or a range that each copy's number is drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(untagged, expecting = "expected a number or a range `[low, high]`")]
pub(crate) enum Drawn {
    Fixed(f64),
    Between([f64; 2]),
}

/// A moment, or two between which each copy's is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "expected an RFC 3339 time or two of them `[first, last]`")]
pub(crate) enum Moments {
    Fixed(Timestamp),
    Between([Timestamp; 2]),
}
