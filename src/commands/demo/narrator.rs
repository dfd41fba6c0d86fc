//! Puts what the agents say into lines for people.

use crate::error::CliError;
use crate::output::{Console, Tone};
use messages::health::{AnomalyDetected, SensorFaulted, TelemetryQuarantined};
use messages::prediction::{FailurePredicted, Hypothesis, PredictionCleared, Severity};
use messages::{DecodeError, Envelope, Message, Timestamp};
use simulator::{Entry, Expected, Truth};
use std::collections::BTreeMap;

/// Reasons told per prediction.
const REASONS: usize = 2;

/// Tells the story.
pub(super) struct Narrator<'c> {
    console: &'c Console,
    day: String,
    samples: u64,
    /// Gravest severity told by asset and component.
    told: BTreeMap<(String, String), Severity>,
    /// First alarm (HIGH and graver) by asset and component.
    alarms: BTreeMap<(String, String), Timestamp>,
    /// First finding of a faulty sensor by asset and channel.
    sensors: BTreeMap<(String, String), Timestamp>,
    quarantined: u64,
}

impl<'c> Narrator<'c> {
    pub(super) fn new(console: &'c Console) -> Self {
        Self {
            console,
            day: String::new(),
            samples: 0,
            told: BTreeMap::new(),
            alarms: BTreeMap::new(),
            sensors: BTreeMap::new(),
            quarantined: 0,
        }
    }

    /// Notes what was sent; tells of each new day.
    pub(super) fn played(&mut self, entry: &Entry) -> Result<(), CliError> {
        if let Entry::Telemetry(frame) = entry {
            self.samples += frame.telemetry.samples.len() as u64;
        }
        let day: String = entry.at().to_string().chars().take(10).collect();
        if day != self.day {
            let line = format!("{day}  {} samples so far", self.samples);
            self.console.line(self.console.tinted(&line, Tone::Faint))?;
            self.day = day;
        }
        Ok(())
    }

    /// Tells of what an agent said, if it is worth telling.
    pub(super) fn hear(&mut self, envelope: &Envelope) -> Result<(), DecodeError> {
        match envelope.name.as_str() {
            FailurePredicted::NAME => self.predicted(&envelope.open()?),
            PredictionCleared::NAME => self.cleared(&envelope.open()?),
            SensorFaulted::NAME => self.sensor(&envelope.open()?),
            AnomalyDetected::NAME => self.anomaly(&envelope.open()?),
            TelemetryQuarantined::NAME => {
                let quarantined: TelemetryQuarantined = envelope.open()?;
                self.quarantined += quarantined.telemetry.samples.len() as u64;
            }
            _ => {}
        }
        Ok(())
    }

    fn predicted(&mut self, prediction: &FailurePredicted) {
        for hypothesis in &prediction.hypotheses {
            let severity = hypothesis.advice.severity;
            let place = (prediction.asset.clone(), hypothesis.component.clone());
            if severity >= Severity::High {
                self.alarms.entry(place.clone()).or_insert(prediction.window_end);
            }
            if self.told.get(&place).is_some_and(|told| *told >= severity) {
                continue;
            }
            self.told.insert(place, severity);
            let tone = if severity >= Severity::High { Tone::Bad } else { Tone::Doubtful };
            let head = format!("{} {}", hypothesis.component, severity.name());
            self.say(prediction.window_end, &prediction.asset, &head, tone, &likely(hypothesis));
            for reason in hypothesis.contributions.iter().take(REASONS) {
                let line = format!("{:18}because {}: {}", "", reason.name, reason.value);
                self.print(&line);
            }
        }
    }

    fn cleared(&mut self, cleared: &PredictionCleared) {
        self.told.remove(&(cleared.asset.clone(), cleared.component.clone()));
        let what = format!("{:?}", cleared.reason).to_lowercase();
        let head = format!("{} cleared", cleared.component);
        self.say(cleared.window_end, &cleared.asset, &head, Tone::Good, &what);
    }

    fn sensor(&mut self, faulted: &SensorFaulted) {
        let kind = format!("{:?}", faulted.kind).to_lowercase();
        if let Some(cleared_at) = faulted.cleared_at {
            let head = format!("sensor {} is sound again", faulted.channel);
            self.say(cleared_at, &faulted.asset, &head, Tone::Good, "");
            return;
        }
        self.sensors
            .entry((faulted.asset.clone(), faulted.channel.clone()))
            .or_insert(faulted.since);
        let head = format!("sensor {} {kind}", faulted.channel);
        self.say(faulted.since, &faulted.asset, &head, Tone::Doubtful, &faulted.detail);
    }

    fn anomaly(&self, detected: &AnomalyDetected) {
        let unusual: Vec<&str> =
            detected.unusual.iter().take(3).map(|named| named.name.as_str()).collect();
        let what = format!("unlike itself in {}", unusual.join(", "));
        self.say(detected.window_end, &detected.asset, "anomaly", Tone::Faint, &what);
    }

    fn say(&self, at: Timestamp, asset: &str, head: &str, tone: Tone, what: &str) {
        let moment: String = at.to_string().chars().take(16).collect();
        let head = self.console.tinted(head, tone);
        self.print(&format!("{}  {asset}  {head}  {what}", moment.replace('T', " ")));
    }

    /// Prints a line; whoever closed standard output is told at the end of the demo.
    fn print(&self, line: &str) {
        if let Err(error) = self.console.line(line) {
            tracing::debug!(%error, "nobody reads");
        }
    }

    /// Compares what was said with what had been laid over the recordings.
    pub(super) fn conclude(&self, truth: &[Truth]) -> Result<(), CliError> {
        for truth in truth {
            self.console.line(self.verdict(truth))?;
        }
        let known = |asset: &String| truth.iter().any(|truth| truth.asset == *asset);
        let false_alarms = self.alarms.keys().filter(|(asset, _)| !known(asset)).count();
        self.console.line(format!(
            "  {} samples played, {} values set aside, {false_alarms} failure alarms on the healthy car",
            self.samples, self.quarantined
        ))?;
        Ok(())
    }

    /// Whether and when what was laid over an asset was found.
    fn verdict(&self, truth: &Truth) -> String {
        let asset = &truth.asset;
        match &truth.expected {
            Expected::Failure { component, failed_at } => {
                let alarm = self.alarms.get(&(asset.clone(), component.clone())).copied();
                match (alarm, *failed_at) {
                    (Some(found), Some(failed)) if found < failed => {
                        let hours = failed.since(found).as_secs_f64() / 3600.0;
                        format!("  found      {asset}: {component}, {hours:.0} h before it failed")
                    }
                    (Some(found), Some(failed)) => {
                        format!(
                            "  too late   {asset}: {component}, at {found}; it failed at {failed}"
                        )
                    }
                    (Some(found), None) => {
                        format!(
                            "  found      {asset}: {component}, at {found}; it has not failed yet"
                        )
                    }
                    (None, _) => format!("  not found  {asset}: {component}"),
                }
            }
            Expected::SensorFault { channel, .. } => {
                match self.sensors.get(&(asset.clone(), channel.clone())) {
                    Some(found) => format!("  found      {asset}: sensor {channel}, at {found}"),
                    None => format!("  not found  {asset}: sensor {channel}"),
                }
            }
        }
    }
}

fn likely(hypothesis: &Hypothesis) -> String {
    let percent = hypothesis.probability.get() * 100.0;
    let left = hypothesis.remaining_useful_life.map_or_else(
        || "time left unknown".to_owned(),
        |left| {
            let high = left.high_hours.map_or("open".to_owned(), |h| format!("{:.0}", h.get()));
            format!(
                "about {:.0} h left ({:.0} to {high})",
                left.median_hours.get(),
                left.low_hours.get()
            )
        },
    );
    format!("{percent:.0} % within the horizon, {left}")
}
