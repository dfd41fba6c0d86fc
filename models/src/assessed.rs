//! What an assessment says, as one row of numbers: the same code makes the rows that are learned from and those that a
//! learned model is asked about at work.
//!
//! A row holds the profile's features but for the calendar, which is no cause; for each trend where it stands, how fast it
//! goes, how sure that is and how long it takes to its critical limit; and how unusual the asset behaves. What rests on a
//! sensor that is not to be believed is missing, as is what was not measured.

use crate::features::Features;
use messages::health::{HealthAssessed, Trend};
use messages::profile::{Channel, Profile, Reach};
use serde::{Deserialize, Serialize};

#[cfg(test)]
mod tests;

/// Longest time to a limit that is told apart, in hours; also that of a trend that leads away from it.
const HOURS_TO_LIMIT_MAX: f64 = 10_000.0;
/// Raised whenever rows are made differently.
const LAYOUT: u16 = 1;

/// What the rows of one profile hold.
#[derive(Clone, Debug)]
pub struct Layout {
    columns: Vec<Column>,
    assessed: u32,
    schema: u32,
}

/// One number of a row.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its unit; empty for a bare number.
    pub unit: String,
    /// The channel that it rests on, where it is one alone.
    channel: Option<String>,
    source: Source,
}

/// Where a number comes from.
#[derive(Clone, Debug)]
enum Source {
    Feature(usize),
    Trend(Reach, Figure),
    Anomaly,
}

/// What is taken of a trend.
#[derive(Clone, Copy, Debug)]
enum Figure {
    Level,
    Slope,
    SlopeError,
    HoursToLimit { warn: f64, critical: f64 },
}

/// What rows are made of, as a model keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rows {
    /// Hash of everything that the numbers depend on.
    pub schema: u32,
    /// Their names.
    pub names: Vec<String>,
}

impl Layout {
    /// The rows of a profile.
    #[must_use]
    pub fn of(profile: &Profile) -> Self {
        let features = Features::of(profile);
        let calendar: Vec<&str> = profile.features.time.iter().map(|time| time.name()).collect();
        let of_features = features.features().iter().enumerate();
        let mut columns: Vec<Column> = of_features
            .filter(|(_, feature)| !calendar.contains(&feature.name.as_str()))
            .map(|(index, feature)| Column {
                name: feature.name.clone(),
                unit: feature.unit.clone(),
                channel: channel_of(profile, &feature.name),
                source: Source::Feature(index),
            })
            .collect();
        for channel in &profile.channels {
            for reach in &channel.trends {
                columns.extend(trend_columns(channel, *reach));
            }
        }
        columns.push(Column {
            name: "anomaly_score".to_owned(),
            unit: String::new(),
            channel: None,
            source: Source::Anomaly,
        });
        let assessed = features.schema();
        let schema = schema(profile, assessed, &columns);
        Self { columns, assessed, schema }
    }

    /// What rows are made of, to be kept with what is learned from them.
    #[must_use]
    pub fn rows(&self) -> Rows {
        let names = self.columns.iter().map(|column| column.name.clone()).collect();
        Rows { schema: self.schema, names }
    }

    /// The numbers of a row, in their order.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The row of an assessment; none when it was made by another schema of features.
    #[must_use]
    pub fn row(&self, assessed: &HealthAssessed) -> Option<Vec<Option<f32>>> {
        if assessed.feature_schema != self.assessed {
            return None;
        }
        let is_faulty =
            |channel: &str| assessed.sensor_faults.iter().any(|fault| fault.channel == channel);
        let number = |column: &Column| {
            if column.channel.as_deref().is_some_and(is_faulty) {
                return None;
            }
            let value = column.value(assessed)? as f32;
            value.is_finite().then_some(value)
        };
        Some(self.columns.iter().map(number).collect())
    }
}

impl Column {
    fn value(&self, assessed: &HealthAssessed) -> Option<f64> {
        match &self.source {
            Source::Feature(index) => (*assessed.features.get(*index)?).map(|value| value.get()),
            Source::Trend(reach, figure) => {
                let channel = self.channel.as_deref()?;
                let is_this = |trend: &&Trend| trend.channel == channel && trend.reach == *reach;
                figure.of(assessed.trends.iter().find(is_this)?)
            }
            Source::Anomaly => assessed.anomaly.map(|anomaly| anomaly.score.get()),
        }
    }
}

impl Figure {
    fn of(self, trend: &Trend) -> Option<f64> {
        match self {
            Figure::Level => Some(trend.level.get()),
            Figure::Slope => trend.slope_per_hour.map(|slope| slope.get()),
            Figure::SlopeError => trend.slope_error.map(|error| error.get()),
            Figure::HoursToLimit { warn, critical } => {
                let worse = (critical - warn).signum();
                let way = (critical - trend.level.get()) * worse;
                let speed = trend.slope_per_hour?.get() * worse;
                Some(match (way <= 0.0, speed > 0.0) {
                    (true, _) => 0.0,
                    (false, true) => (way / speed).min(HOURS_TO_LIMIT_MAX),
                    (false, false) => HOURS_TO_LIMIT_MAX,
                })
            }
        }
    }
}

fn trend_columns(channel: &Channel, reach: Reach) -> Vec<Column> {
    let (id, unit) = (&channel.id, channel.unit.to_string());
    let over = match reach {
        Reach::Run => "run",
        Reach::Week => "week",
    };
    let column = |figure: &str, unit: String, source: Figure| Column {
        name: format!("{id}_{figure}_{over}"),
        unit,
        channel: Some(id.clone()),
        source: Source::Trend(reach, source),
    };
    let mut columns = vec![
        column("level", unit.clone(), Figure::Level),
        column("trend", format!("{unit}/h"), Figure::Slope),
        column("trend_error", format!("{unit}/h"), Figure::SlopeError),
    ];
    if let Some(limits) = channel.limits {
        let (warn, critical) = (limits.warn.get(), limits.critical.get());
        columns.push(column("to_limit", "h".to_owned(), Figure::HoursToLimit { warn, critical }));
    }
    columns
}

/// The channel whose id a feature's name begins with; the longest, where several do.
fn channel_of(profile: &Profile, feature: &str) -> Option<String> {
    let ids = profile.channels.iter().map(|channel| &channel.id);
    let begins = |id: &&String| {
        feature
            .strip_prefix(id.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    };
    ids.filter(begins).max_by_key(|id| id.len()).cloned()
}

/// CRC-32C of the parts of a profile that rows depend on.
fn schema(profile: &Profile, assessed: u32, columns: &[Column]) -> u32 {
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let limits: Vec<_> = profile
        .channels
        .iter()
        .map(|channel| channel.limits.map(|it| (it.warn, it.critical)))
        .collect();
    let layout = (LAYOUT, assessed, names, limits);
    crc32c::crc32c(&postcard::to_stdvec(&layout).expect("plain values can be encoded"))
}
