//! Compares alarms with failures, and sensor reports with sensor faults.

use super::{
    Alarm, ComponentFinding, FaultFinding, Findings, Report, SampleCounts, SensorAlarm,
    SensorFinding, Spread,
};
use crate::dataset::RowTally;
use crate::truth::{Expected, Truth};
use messages::Timestamp;
use messages::health::SensorFaultKind;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Mean month of the Gregorian calendar.
const MONTH_SECONDS: f64 = 365.2425 / 12.0 * 86_400.0;

/// A failure that was to be foreseen.
struct Failure<'a> {
    truth: &'a Truth,
    component: &'a str,
    failed_at: Option<Timestamp>,
}

/// A sensor's fault that was to be found.
struct SensorFault<'a> {
    truth: &'a Truth,
    channel: &'a str,
    /// From when on.
    started_at: Timestamp,
}

/// What an alarm turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    True,
    Early,
    Undecided,
    False,
}

pub(super) fn judge(report: &Report, truth: &[Truth], rows: &RowTally) -> Findings {
    let assets = report.observed_by_asset.values();
    let seconds: f64 = assets.clone().map(|asset| judged_for(report, asset).as_secs_f64()).sum();
    let asset_months = seconds / MONTH_SECONDS;
    let observed_hours = assets.map(|asset| asset.observed.as_secs_f64() / 3_600.0).sum();
    let truth: Vec<&Truth> = truth.iter().filter(|truth| is_judged(report, truth)).collect();
    let failures: Vec<Failure<'_>> = truth.iter().copied().filter_map(Failure::of).collect();
    let sensor_faults: Vec<SensorFault<'_>> =
        truth.iter().copied().filter_map(SensorFault::of).collect();
    Findings {
        dataset: report.settings.dataset.clone(),
        horizon: report.settings.horizon,
        assets: report.observed_by_asset.len() as u64,
        observed_hours,
        asset_months,
        judged_from: report.settings.judged.map(|times| times.test_from),
        judged_until: report.settings.judged.and_then(|times| times.test_until),
        rows: rows.clone(),
        samples: samples(report),
        windows: report.windows,
        windows_revised: report.windows_revised,
        anomalies: report.anomalies,
        silences: report.silences,
        components: components(report, &failures)
            .into_iter()
            .map(|component| judge_component(report, &failures, component, asset_months))
            .collect(),
        sensors: channels(report, &sensor_faults)
            .into_iter()
            .map(|channel| judge_sensor(report, &sensor_faults, channel))
            .collect(),
        faults: truth.into_iter().map(|truth| judge_fault(report, truth)).collect(),
    }
}

/// From the asset's first to its last sample, as far as that is judged.
fn judged_for(report: &Report, asset: &super::Observed) -> Duration {
    let (mut from, mut until) = (asset.first_at, asset.last_at);
    if let Some(times) = report.settings.judged {
        from = from.max(times.test_from);
        until = until.min(times.test_until.unwrap_or(until));
    }
    until.since(from)
}

/// Whether a failure came in the time that is judged; one that did not come is judged in any case.
fn is_judged(report: &Report, truth: &Truth) -> bool {
    match &truth.expected {
        Expected::Failure { failed_at: Some(at), .. } => report.settings.judges(*at),
        Expected::Failure { failed_at: None, .. } | Expected::SensorFault { .. } => true,
    }
}

fn samples(report: &Report) -> SampleCounts {
    let (partly_quarantined, quarantined): (BTreeMap<_, _>, BTreeMap<_, _>) =
        report.quarantined.iter().partition(|(reason, _)| reason.is_of_values());
    let aside: u64 = quarantined.values().sum();
    SampleCounts {
        sent: report.samples_sent,
        assessed: report.samples_assessed,
        quarantined,
        partly_quarantined,
        unaccounted: report.samples_sent.cast_signed()
            - report.samples_assessed.cast_signed()
            - aside.cast_signed(),
    }
}

/// All components that the profile has, that were spoken of or that failed.
fn components<'a>(report: &'a Report, failures: &[Failure<'a>]) -> BTreeSet<&'a str> {
    let said = report.predictions.keys().chain(report.withheld.keys()).chain(report.cleared.keys());
    let known = report.settings.threshold_by_component.keys();
    let failed = failures.iter().map(|failure| failure.component);
    said.chain(known).map(String::as_str).chain(failed).collect()
}

fn channels<'a>(report: &'a Report, faults: &[SensorFault<'a>]) -> BTreeSet<&'a str> {
    let reported = report.sensor_alarms.iter().map(|alarm| alarm.channel.as_str());
    reported.chain(faults.iter().map(|fault| fault.channel)).collect()
}

fn judge_component(
    report: &Report,
    failures: &[Failure<'_>],
    component: &str,
    asset_months: f64,
) -> ComponentFinding {
    let horizon = report.settings.horizon.duration();
    let failures: Vec<&Failure<'_>> =
        failures.iter().filter(|failure| failure.component == component).collect();
    let mut verdicts = Vec::new();
    for ((asset, _), alarms) in report.alarms.iter().filter(|((_, of), _)| of == component) {
        let failures: Vec<&Failure<'_>> =
            failures.iter().copied().filter(|failure| failure.truth.asset == *asset).collect();
        let judged = alarms.iter().filter(|alarm| report.settings.judges(alarm.raised_at));
        verdicts.extend(judged.map(|alarm| verdict(alarm, &failures, horizon)));
    }
    let count = |wanted| verdicts.iter().filter(|verdict| **verdict == wanted).count() as u64;
    let (right, early, wrong) =
        (count(Verdict::True), count(Verdict::Early), count(Verdict::False));
    let happened: Vec<_> = failures.iter().filter(|failure| failure.failed_at.is_some()).collect();
    let lead_hours: Vec<f64> = happened
        .iter()
        .filter_map(|failure| failure.found(report))
        .map(|(_, lead_hours)| lead_hours)
        .collect();
    let found = lead_hours.len() as u64;
    let precision = share(right, right + early + wrong);
    let recall = share(found, happened.len() as u64);
    ComponentFinding {
        component: component.to_owned(),
        predictions: report.predictions.get(component).copied().unwrap_or_default(),
        cleared: report.cleared.get(component).copied().unwrap_or_default(),
        withheld: report.withheld.get(component).cloned().unwrap_or_default(),
        alarms: verdicts.len() as u64,
        failures: happened.len() as u64,
        found,
        alarms_true: right,
        alarms_early: early,
        alarms_false: wrong,
        alarms_undecided: count(Verdict::Undecided),
        precision,
        recall,
        f1: precision.zip(recall).and_then(|(p, r)| (p + r > 0.0).then(|| 2.0 * p * r / (p + r))),
        lead_hours: Spread::of(lead_hours),
        alarms_false_per_asset_month: (asset_months > 0.0).then(|| wrong as f64 / asset_months),
    }
}

fn verdict(alarm: &Alarm, failures: &[&Failure<'_>], horizon: Duration) -> Verdict {
    let verdict = |failure: &&Failure<'_>| failure.verdict(alarm, horizon);
    let verdicts: Vec<Verdict> = failures.iter().map(verdict).collect();
    [Verdict::True, Verdict::Early, Verdict::Undecided]
        .into_iter()
        .find(|better| verdicts.contains(better))
        .unwrap_or(Verdict::False)
}

impl<'a> Failure<'a> {
    fn of(truth: &'a Truth) -> Option<Self> {
        match &truth.expected {
            Expected::Failure { component, failed_at } => {
                Some(Self { truth, component, failed_at: *failed_at })
            }
            Expected::SensorFault { .. } => None,
        }
    }

    /// What `alarm` is to this failure. A recorded failure, whose beginning nobody knows, has no early alarms.
    fn verdict(&self, alarm: &Alarm, horizon: Duration) -> Verdict {
        let laid_over = self.truth.started_at;
        let Some(failed_at) = self.failed_at else {
            let has_begun = laid_over.is_some_and(|started_at| alarm.raised_at >= started_at);
            return if has_begun { Verdict::Undecided } else { Verdict::False };
        };
        let horizon_at = failed_at.saturating_sub(horizon);
        if laid_over.is_some_and(|started_at| alarm.raised_at < started_at) {
            Verdict::False
        } else if alarm.raised_at > failed_at {
            if laid_over.is_some() { Verdict::Undecided } else { Verdict::False }
        } else if alarm.ended_at.is_none_or(|ended_at| ended_at >= horizon_at) {
            Verdict::True
        } else if laid_over.is_some() {
            Verdict::Early
        } else {
            Verdict::False
        }
    }

    /// When its first true alarm was raised, and how many hours before the failure.
    fn found(&self, report: &Report) -> Option<(Timestamp, f64)> {
        let failed_at = self.failed_at?;
        let horizon = report.settings.horizon.duration();
        let key = (self.truth.asset.clone(), self.component.to_owned());
        let alarm = report
            .alarms
            .get(&key)?
            .iter()
            .find(|alarm| self.verdict(alarm, horizon) == Verdict::True)?;
        Some((alarm.raised_at, hours(alarm.raised_at, failed_at)))
    }
}

impl<'a> SensorFault<'a> {
    /// None for a fault that did not begin within the recording.
    fn of(truth: &'a Truth) -> Option<Self> {
        match &truth.expected {
            Expected::SensorFault { channel, .. } => {
                Some(Self { truth, channel, started_at: truth.started_at? })
            }
            Expected::Failure { .. } => None,
        }
    }

    fn explains(&self, alarm: &SensorAlarm) -> bool {
        alarm.asset == self.truth.asset
            && alarm.channel == self.channel
            && alarm.raised_at >= self.started_at
    }

    /// When it was first reported, after how many hours, and as what.
    fn found(&self, report: &Report) -> Option<(Timestamp, f64, SensorFaultKind)> {
        let alarm = report.sensor_alarms.iter().find(|alarm| self.explains(alarm))?;
        Some((alarm.raised_at, hours(self.started_at, alarm.raised_at), alarm.kind))
    }
}

fn judge_sensor(report: &Report, faults: &[SensorFault<'_>], channel: &str) -> SensorFinding {
    let faults: Vec<_> = faults.iter().filter(|fault| fault.channel == channel).collect();
    let alarms: Vec<_> =
        report.sensor_alarms.iter().filter(|alarm| alarm.channel == channel).collect();
    let mut reported: BTreeMap<SensorFaultKind, u64> = BTreeMap::new();
    for alarm in &alarms {
        *reported.entry(alarm.kind).or_default() += 1;
    }
    let is_false = |alarm: &&&SensorAlarm| !faults.iter().any(|fault| fault.explains(alarm));
    let delays: Vec<f64> =
        faults.iter().filter_map(|fault| fault.found(report)).map(|(_, delay, _)| delay).collect();
    SensorFinding {
        channel: channel.to_owned(),
        reported,
        faults: faults.len() as u64,
        found: delays.len() as u64,
        reports_false: alarms.iter().filter(is_false).count() as u64,
        delay_hours: Spread::of(delays),
    }
}

fn judge_fault(report: &Report, truth: &Truth) -> FaultFinding {
    let (target, failed_at) = match &truth.expected {
        Expected::Failure { component, failed_at } => (component, *failed_at),
        Expected::SensorFault { channel, .. } => (channel, None),
    };
    let foreseen = Failure::of(truth).and_then(|failure| failure.found(report));
    let reported = SensorFault::of(truth).and_then(|fault| fault.found(report));
    FaultFinding {
        asset: truth.asset.clone(),
        fault: truth.fault.clone(),
        is_of_sensor: matches!(truth.expected, Expected::SensorFault { .. }),
        target: target.clone(),
        started_at: truth.started_at,
        failed_at,
        found_at: foreseen.map(|(at, _)| at).or(reported.map(|(at, ..)| at)),
        hours: foreseen.map(|(_, lead)| lead).or(reported.map(|(_, delay, _)| delay)),
        found_as: reported.map(|(.., kind)| kind),
    }
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn hours(from: Timestamp, to: Timestamp) -> f64 {
    to.since(from).as_secs_f64() / 3_600.0
}
