//! Alarms of one component against its failures.

use messages::Timestamp;
use messages::prediction::{FailurePredicted, Severity};
use messages::profile::Profile;
use messages::telemetry::Telemetry;
use serde::Serialize;
use simulator::fleet::FaultRecord;
use std::collections::BTreeMap;
use std::time::Duration;

const DAY_SECONDS: f64 = 86_400.0;

/// When an alarm was raised, and when it was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Alarm {
    raised_at: Timestamp,
    ended_at: Option<Timestamp>,
}

/// Alarms by asset, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Alarms {
    by_asset: BTreeMap<String, Vec<Alarm>>,
}

impl Alarms {
    fn raise(&mut self, asset: &str, raised_at: Timestamp) {
        let alarms = self.by_asset.entry(asset.to_owned()).or_default();
        if alarms.last().is_none_or(|last| last.ended_at.is_some()) {
            alarms.push(Alarm { raised_at, ended_at: None });
        }
    }

    pub(super) fn end(&mut self, asset: &str, at: Timestamp) {
        if let Some(last) = self.by_asset.get_mut(asset).and_then(|alarms| alarms.last_mut()) {
            last.ended_at.get_or_insert(at);
        }
    }

    /// A prediction alarms when it is HIGH or worse, or reaches the component's threshold.
    pub(super) fn predicted(
        &mut self,
        profile: &Profile,
        component: &str,
        prediction: &FailurePredicted,
        at: Timestamp,
    ) {
        let threshold = profile.component(component).map(|known| known.probability_threshold.get());
        let alarms = prediction.hypotheses.iter().any(|hypothesis| {
            hypothesis.component == component
                && (hypothesis.advice.severity >= Severity::High
                    || threshold.is_some_and(|least| hypothesis.probability.get() >= least))
        });
        if alarms { self.raise(&prediction.asset, at) } else { self.end(&prediction.asset, at) }
    }

    /// The plain rule: an alarm while a channel that is primary evidence is beyond its warning limit in a sample.
    pub(super) fn watch(&mut self, profile: &Profile, component: &str, telemetry: &Telemetry) {
        let modes = profile.component(component).map_or(&[][..], |known| &known.modes);
        let primary = modes.iter().flat_map(|mode| &mode.evidence);
        let primary = primary.filter(|evidence| evidence.role == messages::profile::Role::Primary);
        let limits: Vec<(usize, f64, f64)> = primary
            .filter_map(|evidence| {
                let channel = profile.channels.iter().find(|known| known.id == evidence.channel)?;
                let place = telemetry.signals.iter().position(|known| known.name == channel.id)?;
                Some((place, channel.limits?.warn.get(), channel.worse?.sign()))
            })
            .collect();
        for sample in &telemetry.samples {
            let mut measured = limits.iter().filter_map(|(place, warn, sign)| {
                sample.values[*place].map(|value| (value.get() - warn) * sign >= 0.0)
            });
            match measured.next() {
                Some(beyond) if beyond || measured.any(|beyond| beyond) => {
                    self.raise(&telemetry.asset, sample.sampled_at);
                }
                Some(_) => self.end(&telemetry.asset, sample.sampled_at),
                None => {}
            }
        }
    }
}

/// How a detector did.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Score {
    /// Failures whose fault began long enough before.
    pub(super) failures: u64,
    /// Those with an alarm between the fault's begin and the failure.
    pub(super) foreseen: u64,
    /// Those with one long enough before the failure.
    pub(super) early_enough: u64,
    /// All alarms.
    pub(super) alarms: u64,
    /// Alarms raised while the component had no fault.
    pub(super) false_alarms: u64,
    /// From the first alarm to the failure.
    lead_days: Vec<f64>,
}

impl Score {
    /// Adds one fleet.
    pub(super) fn add(
        &mut self,
        alarms: &Alarms,
        truth: &[FaultRecord],
        component: &str,
        lead: Duration,
    ) {
        let faults = truth.iter().filter(|fault| fault.component.as_deref() == Some(component));
        let faults: Vec<&FaultRecord> = faults.collect();
        for fault in &faults {
            let Some(failed_at) = fault.failed_at else { continue };
            // What had less time to develop can be foreseen by nobody.
            if failed_at.since(fault.started_at) < lead {
                continue;
            }
            self.failures += 1;
            let own = alarms.by_asset.get(&fault.asset).map_or(&[][..], Vec::as_slice);
            let mut raised = own.iter().map(|alarm| alarm.raised_at);
            let Some(first) = raised.find(|at| (fault.started_at..failed_at).contains(at)) else {
                continue;
            };
            self.foreseen += 1;
            self.early_enough += u64::from(failed_at.since(first) >= lead);
            self.lead_days.push(failed_at.since(first).as_secs_f64() / DAY_SECONDS);
        }
        for (asset, alarms) in &alarms.by_asset {
            let is_true = |raised_at: Timestamp| {
                faults.iter().any(|fault| {
                    fault.asset == *asset
                        && fault.started_at <= raised_at
                        && fault.cleared_at.is_none_or(|cleared_at| raised_at <= cleared_at)
                })
            };
            self.alarms += alarms.len() as u64;
            let wrong = alarms.iter().filter(|alarm| !is_true(alarm.raised_at));
            self.false_alarms += wrong.count() as u64;
        }
    }

    pub(super) fn median_lead_days(&self) -> Option<f64> {
        let mut sorted = self.lead_days.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use simulator::fleet::FaultKind;

    const LEAD: Duration = Duration::from_secs(7 * 86_400);

    fn day(day: u64) -> Timestamp {
        let start: Timestamp = "2026-01-05T00:00:00Z".parse().unwrap();
        start.saturating_add(Duration::from_secs(day * 86_400))
    }

    fn fault(began: u64, failed: Option<u64>) -> FaultRecord {
        FaultRecord {
            asset: "VEH001".to_owned(),
            fault: FaultKind::BrakePadWear,
            component: Some("brake".to_owned()),
            channel: "brake_pad_wear".to_owned(),
            cause: "wear".to_owned(),
            batch: "Q2-2025".to_owned(),
            started_at: day(began),
            developed_at: day(90),
            to: 1.0,
            failed_at: failed.map(day),
            cleared_at: failed.map(|failed| day(failed + 1)),
        }
    }

    fn score(raised: &[u64], truth: &[FaultRecord]) -> Score {
        let mut alarms = Alarms::default();
        for at in raised {
            alarms.raise("VEH001", day(*at));
            alarms.end("VEH001", day(*at + 1));
        }
        let mut score = Score::default();
        score.add(&alarms, truth, "brake", LEAD);
        score
    }

    #[test]
    fn an_alarm_counts_as_early_enough_only_so_long_before_the_failure() {
        let truth = [fault(10, Some(40))];
        let early = score(&[33], &truth);
        assert_eq!((early.failures, early.foreseen, early.early_enough), (1, 1, 1));
        let late = score(&[34], &truth);
        assert_eq!((late.foreseen, late.early_enough, late.false_alarms), (1, 0, 0));
        let none = score(&[], &truth);
        assert_eq!((none.failures, none.foreseen), (1, 0));
    }

    #[test]
    fn an_alarm_without_a_fault_is_false_and_foresees_nothing() {
        let before = score(&[5, 50], &[fault(10, Some(40))]);
        assert_eq!((before.alarms, before.false_alarms, before.foreseen), (2, 2, 0));
        let undecided = score(&[20], &[fault(10, None)]);
        assert_eq!((undecided.failures, undecided.false_alarms), (0, 0));
    }

    #[test]
    fn a_fault_that_had_no_time_is_not_counted() {
        assert_eq!(score(&[37], &[fault(36, Some(40))]).failures, 0);
    }
}
