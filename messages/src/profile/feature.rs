//! Features: the numbers that models see, named in one vocabulary for all profiles.

use serde::{Deserialize, Serialize};

/// Which features a profile has. Their order is: as the fields here, each list in its own order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureLists {
    /// Newest value of these channels.
    #[serde(default)]
    pub current: Vec<String>,
    /// Standard deviation of these channels' pane means over the present run (`trend.run`).
    #[serde(default)]
    pub deviation: Vec<String>,
    /// Slope of these channels per hour, by the first of their `trends`.
    #[serde(default)]
    pub slope: Vec<String>,
    /// Slope of these channels per 1,000 km of the usage channel, over seven days.
    #[serde(default)]
    pub slope_per_1000km: Vec<String>,
    /// Hour, weekday, season.
    #[serde(default)]
    pub time: Vec<TimeFeature>,
    /// Mean of these channels over the last seven calendar days, every window with values counting alike.
    #[serde(default)]
    pub mean_7d: Vec<String>,
    /// What is known of the asset's past.
    #[serde(default)]
    pub history: Vec<HistoryFeature>,
}

/// When it is, in the profile's local time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeFeature {
    /// Hour of the day, 0 to 23.
    Hour,
    /// Day of the week, 0 (Monday) to 6.
    Weekday,
    /// 0 from December to February, 1 from March to May, 2 from June to August, 3 from September to November.
    Season,
}

/// What is known of the asset's past.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HistoryFeature {
    /// Kilometres since the last service.
    KmSinceService,
    /// Days since the last service.
    DaysSinceService,
    /// Number of its failures so far.
    EarlierFailures,
}

impl TimeFeature {
    /// Name of the feature.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            TimeFeature::Hour => "hour",
            TimeFeature::Weekday => "weekday",
            TimeFeature::Season => "season",
        }
    }
}

impl HistoryFeature {
    /// Name of the feature.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            HistoryFeature::KmSinceService => "km_since_service",
            HistoryFeature::DaysSinceService => "days_since_service",
            HistoryFeature::EarlierFailures => "earlier_failures",
        }
    }
}

impl FeatureLists {
    /// How many features there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.current.len()
            + self.deviation.len()
            + self.slope.len()
            + self.slope_per_1000km.len()
            + self.time.len()
            + self.mean_7d.len()
            + self.history.len()
    }
}
