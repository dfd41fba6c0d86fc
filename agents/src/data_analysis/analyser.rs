//! One profile made ready: its features, its detector of unusual behaviour, its tests of sensors.

use super::DataAnalysis;
use messages::Finite;
use messages::profile::{Profile, Reach};
use messages::unit::Unit;
use models::anomaly::{Detector, Settings as AnomalySettings, Watched};
use models::features::Features;
use models::forest::Forest;
use models::sensor::{Channel as SensorChannel, LivelyWhen, Settings as SensorSettings, Tests};
use runtime::{Agent, ConfigError, Models};

/// Name of the watched feature that a cohort's forest contributes.
const FOREST: &str = "forest";
/// Smallest deviation of a forest's score that means anything.
const FOREST_RESOLUTION: f64 = 0.02;

/// What is computed for the assets of one profile.
pub struct Analyser {
    pub(super) profile: Profile,
    pub(super) features: Features,
    pub(super) detector: Detector,
    /// Which features the detector watches, by index; a forest's score follows them.
    pub(super) watched: Vec<usize>,
    pub(super) forest: Option<Forest>,
    pub(super) tests: Tests,
    pub(super) units: Vec<Unit>,
}

impl Analyser {
    /// Makes `profile` ready, with the model `anomaly/<profile>` if there is one.
    ///
    /// # Errors
    /// [`ConfigError`] when its settings contradict each other or the model is of other features.
    pub fn new(profile: Profile, models: &Models) -> Result<Self, ConfigError> {
        let error = |reason: String| ConfigError::new(DataAnalysis::KIND, reason);
        let features = Features::of(&profile);
        let forest = match models.get(&format!("anomaly/{}", profile.name)) {
            Some(bytes) => {
                Some(Forest::decode(bytes, schema(&features)).map_err(|reason| {
                    error(format!("model `anomaly/{}`: {reason}", profile.name))
                })?)
            }
            None => None,
        };
        let (watched, mut named) = watched(&profile, &features);
        if forest.is_some() {
            named.push(Watched { name: FOREST.into(), scale_min: FOREST_RESOLUTION });
        }
        let detector = Detector::new(settings(&profile), named)
            .map_err(|reason| error(format!("profile `{}`: {reason}", profile.name)))?;
        let channels = profile.channels.iter().map(|channel| SensorChannel {
            name: channel.id.as_str().into(),
            range: Some((channel.range[0].get(), channel.range[1].get())),
            is_lively: channel.lively,
            lively_when: channel.lively_when.as_ref().and_then(|when| {
                let (at_least, below) = (when.at_least, when.below);
                Some(LivelyWhen {
                    channel: profile.channel_named(&when.channel)?,
                    at_least: at_least.map(Finite::get),
                    below: below.map(Finite::get),
                })
            }),
        });
        let tests = Tests::new(SensorSettings::default(), channels.collect());
        let units = profile.channels.iter().map(|channel| channel.unit).collect();
        Ok(Self { features, detector, watched, forest, tests, units, profile })
    }
}

/// The schema under which forests of these features are kept.
#[must_use]
pub fn schema(features: &Features) -> u64 {
    u64::from(features.schema())
}

fn settings(profile: &Profile) -> AnomalySettings {
    let wanted = profile.anomaly;
    let bounded = |windows: u32| u8::try_from(windows).unwrap_or(u8::MAX);
    AnomalySettings {
        learn_windows: wanted.learning_windows,
        calibrate_windows: wanted.learning_windows,
        false_alarm_share: wanted.false_alarm_rate.get(),
        raise_windows: bounded(wanted.raise_after),
        raise_of_windows: bounded(wanted.raise_after),
        clear_windows: bounded(wanted.clear_after),
        ..AnomalySettings::default()
    }
}

/// The features that a healthy asset repeats: not its use, its past, the calendar or the weather.
fn watched(profile: &Profile, features: &Features) -> (Vec<usize>, Vec<Watched>) {
    let lists = &profile.features;
    let resolution = |id: &str| {
        let channel = profile.channels.iter().find(|channel| channel.id == id)?;
        let repeats = channel.trends.contains(&Reach::Run) || channel.lively;
        repeats.then(|| channel.resolution.get())
    };
    let of_channels =
        lists.current.iter().chain(&lists.deviation).chain(&lists.slope).map(|id| resolution(id));
    let mut indexes = Vec::new();
    let mut watched = Vec::new();
    for (index, (scale_min, feature)) in of_channels.zip(features.features()).enumerate() {
        if let Some(scale_min) = scale_min {
            indexes.push(index);
            watched.push(Watched { name: feature.name.as_str().into(), scale_min });
        }
    }
    (indexes, watched)
}
