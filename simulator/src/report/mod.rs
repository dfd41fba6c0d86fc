//! Judges a replay: what was said about each asset against what was true about it.

mod finding;
mod judge;
mod render;

pub use finding::{ComponentFinding, FaultFinding, Findings, SampleCounts, SensorFinding, Spread};

use crate::dataset::{Dataset, RowTally, SplitTimes};
use crate::truth::Truth;
use messages::Timestamp;
use messages::health::{
    AnomalyDetected, AssetSilent, HealthAssessed, QuarantineReason, SensorFaultKind, SensorFaulted,
    TelemetryQuarantined,
};
use messages::prediction::{
    FailurePredicted, PredictionCleared, PredictionWithheld, Severity, WithheldReason,
};
use messages::profile::{Profile, Span};
use messages::telemetry::Telemetry;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Longest silence between two samples that counts as observed, unless the dataset says otherwise.
const GAP_MAX_DEFAULT: Duration = Duration::from_secs(60);

/// Something that was sent or said in a replay.
#[derive(Clone, Copy, Debug)]
pub enum ObservedEvent<'a> {
    /// A frame was sent.
    Sent(&'a Telemetry),
    /// Telemetry was set aside.
    Quarantined(&'a TelemetryQuarantined),
    /// A window was assessed.
    Assessed(&'a HealthAssessed),
    /// An asset behaves as it never did before.
    Anomaly(&'a AnomalyDetected),
    /// A sensor is not to be believed, or is again.
    SensorFaulted(&'a SensorFaulted),
    /// An asset has fallen silent.
    Silent(&'a AssetSilent),
    /// A failure is foreseen.
    Predicted(&'a FailurePredicted),
    /// A failure is no longer foreseen.
    Cleared(&'a PredictionCleared),
    /// Components cannot be judged.
    Withheld(&'a PredictionWithheld),
}

/// What alarms and time are measured by.
#[derive(Clone, Debug)]
struct Settings {
    dataset: String,
    horizon: Span,
    gap_max: Duration,
    threshold_by_component: BTreeMap<String, f64>,
    /// Only alarms and failures within these times are judged; absent: all of them.
    judged: Option<SplitTimes>,
}

impl Settings {
    /// Whether what happens at `at` is judged.
    fn judges(&self, at: Timestamp) -> bool {
        self.judged.is_none_or(|times| {
            at >= times.test_from && times.test_until.is_none_or(|until| at < until)
        })
    }
}

/// Collects what was sent and said; [`Report::conclude`] compares it with the truth.
#[derive(Clone, Debug)]
pub struct Report {
    settings: Settings,
    observed_by_asset: BTreeMap<String, Observed>,
    samples_sent: u64,
    samples_assessed: u64,
    quarantined: BTreeMap<QuarantineReason, u64>,
    windows: u64,
    windows_revised: u64,
    anomalies: u64,
    silences: u64,
    /// Messages in which a component was predicted to fail, alarm or not.
    predictions: BTreeMap<String, u64>,
    cleared: BTreeMap<String, u64>,
    withheld: BTreeMap<String, BTreeMap<WithheldReason, u64>>,
    /// By asset and component, by time.
    alarms: BTreeMap<(String, String), Vec<Alarm>>,
    sensor_alarms: Vec<SensorAlarm>,
}

/// When an asset was heard.
#[derive(Clone, Copy, Debug)]
struct Observed {
    first_at: Timestamp,
    last_at: Timestamp,
    /// Time between samples no further apart than `gap_max`.
    observed: Duration,
}

/// From the first prediction of a failure that is grave or probable enough to be acted upon to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Alarm {
    raised_at: Timestamp,
    ended_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct SensorAlarm {
    asset: String,
    channel: String,
    kind: SensorFaultKind,
    raised_at: Timestamp,
}

impl Report {
    /// An empty report on a replay of `dataset`.
    #[must_use]
    pub fn new(dataset: &Dataset, profile: &Profile) -> Self {
        let threshold = |component: &messages::profile::Component| {
            (component.id.clone(), component.probability_threshold.get())
        };
        Self::with(Settings {
            dataset: dataset.name().to_owned(),
            horizon: dataset.horizon().unwrap_or(profile.horizon),
            gap_max: dataset.running_gap_max().map_or(GAP_MAX_DEFAULT, Span::duration),
            threshold_by_component: profile.components.iter().map(threshold).collect(),
            judged: None,
        })
    }

    /// Judges alarms and failures of the time that is there to be judged, not of the time that is learned from.
    #[must_use]
    pub fn within(mut self, times: Option<SplitTimes>) -> Self {
        self.settings.judged = times;
        self
    }

    fn with(settings: Settings) -> Self {
        Self {
            settings,
            observed_by_asset: BTreeMap::new(),
            samples_sent: 0,
            samples_assessed: 0,
            quarantined: BTreeMap::new(),
            windows: 0,
            windows_revised: 0,
            anomalies: 0,
            silences: 0,
            predictions: BTreeMap::new(),
            cleared: BTreeMap::new(),
            withheld: BTreeMap::new(),
            alarms: BTreeMap::new(),
            sensor_alarms: Vec::new(),
        }
    }

    /// Takes note of what was sent or said at `at`, by the clock of the replay. Events come in the order of time.
    pub fn observe(&mut self, at: Timestamp, event: &ObservedEvent<'_>) {
        match event {
            ObservedEvent::Sent(frame) => self.sent(frame),
            ObservedEvent::Quarantined(quarantined) => {
                let samples = quarantined.telemetry.samples.len() as u64;
                *self.quarantined.entry(quarantined.reason).or_default() += samples;
            }
            // A revision tells of the same samples again.
            ObservedEvent::Assessed(health) if health.revision > 0 => self.windows_revised += 1,
            ObservedEvent::Assessed(health) => {
                self.windows += 1;
                self.samples_assessed += u64::from(health.samples);
            }
            ObservedEvent::Anomaly(_) => self.anomalies += 1,
            ObservedEvent::Silent(_) => self.silences += 1,
            ObservedEvent::SensorFaulted(fault) => self.sensor_faulted(at, fault),
            ObservedEvent::Predicted(prediction) => self.predicted(at, prediction),
            ObservedEvent::Cleared(cleared) => {
                *self.cleared.entry(cleared.component.clone()).or_default() += 1;
                self.end_alarm(at, &cleared.asset, &cleared.component);
            }
            ObservedEvent::Withheld(withheld) => {
                for cannot_say in &withheld.components {
                    let by_reason = self.withheld.entry(cannot_say.component.clone()).or_default();
                    *by_reason.entry(cannot_say.reason).or_default() += 1;
                }
            }
        }
    }

    /// Compares what was said with what was true. `rows` is what became of the dataset's rows.
    #[must_use]
    pub fn conclude(&self, truth: &[Truth], rows: &RowTally) -> Findings {
        judge::judge(self, truth, rows)
    }

    fn sent(&mut self, frame: &Telemetry) {
        self.samples_sent += frame.samples.len() as u64;
        let gap_max = self.settings.gap_max;
        for sample in &frame.samples {
            let at = sample.sampled_at;
            let Some(asset) = self.observed_by_asset.get_mut(&frame.asset) else {
                let observed = Observed { first_at: at, last_at: at, observed: Duration::ZERO };
                self.observed_by_asset.insert(frame.asset.clone(), observed);
                continue;
            };
            let gap = at.since(asset.last_at);
            if gap <= gap_max {
                asset.observed += gap;
            }
            asset.last_at = asset.last_at.max(at);
        }
    }

    fn sensor_faulted(&mut self, at: Timestamp, fault: &SensorFaulted) {
        if fault.cleared_at.is_none() {
            self.sensor_alarms.push(SensorAlarm {
                asset: fault.asset.clone(),
                channel: fault.channel.clone(),
                kind: fault.kind,
                raised_at: at,
            });
        }
    }

    /// A prediction replaces the asset's one before: alarms for what it does not alarm about are over.
    fn predicted(&mut self, at: Timestamp, prediction: &FailurePredicted) {
        let hypotheses = &prediction.hypotheses;
        let predicted: BTreeSet<&str> =
            hypotheses.iter().map(|hypothesis| hypothesis.component.as_str()).collect();
        for component in predicted {
            *self.predictions.entry(component.to_owned()).or_default() += 1;
        }
        let alarming: BTreeSet<&str> = hypotheses
            .iter()
            .filter(|hypothesis| {
                let threshold = self.settings.threshold_by_component.get(&hypothesis.component);
                hypothesis.advice.severity >= Severity::High
                    || threshold.is_some_and(|least| hypothesis.probability.get() >= *least)
            })
            .map(|hypothesis| hypothesis.component.as_str())
            .collect();
        let over: Vec<String> = self
            .alarms
            .keys()
            .filter(|(asset, component)| {
                *asset == prediction.asset && !alarming.contains(component.as_str())
            })
            .map(|(_, component)| component.clone())
            .collect();
        for component in over {
            self.end_alarm(at, &prediction.asset, &component);
        }
        for component in alarming {
            let key = (prediction.asset.clone(), component.to_owned());
            let alarms = self.alarms.entry(key).or_default();
            if alarms.last().is_none_or(|last| last.ended_at.is_some()) {
                alarms.push(Alarm { raised_at: at, ended_at: None });
            }
        }
    }

    fn end_alarm(&mut self, at: Timestamp, asset: &str, component: &str) {
        let key = (asset.to_owned(), component.to_owned());
        if let Some(last) = self.alarms.get_mut(&key).and_then(|alarms| alarms.last_mut()) {
            last.ended_at.get_or_insert(at);
        }
    }
}

#[cfg(test)]
mod tests;
