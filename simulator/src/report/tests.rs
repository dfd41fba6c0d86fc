//! What counts as found, early, false; how samples and time are counted; how it reads.

use super::*;
use crate::truth::Expected;
use messages::finite::Finite;
use messages::prediction::{Advice, CannotSay, ClearedReason, Driving, Hypothesis};
use messages::telemetry::Sample;

const HOUR: i64 = 3_600_000;

fn hour(hours: i64) -> Timestamp {
    Timestamp::from_millis(hours * HOUR).unwrap()
}

fn number(value: f64) -> Finite {
    Finite::new(value).unwrap()
}

fn report() -> Report {
    Report::with(Settings {
        dataset: "cars".to_owned(),
        horizon: "24h".parse().unwrap(),
        gap_max: Duration::from_secs(10),
        threshold_by_component: BTreeMap::from([("engine".to_owned(), 0.8)]),
        judged: None,
    })
}

/// `asset` is predicted at `hours` to have these components fail, each with a probability and a severity.
fn predict(report: &mut Report, asset: &str, hours: i64, said: &[(&str, f64, Severity)]) {
    let hypothesis = |(component, probability, severity): &(&str, f64, Severity)| Hypothesis {
        component: (*component).to_owned(),
        failure_mode: "wear".to_owned(),
        probability: number(*probability),
        score: number(0.0),
        contributions: Vec::new(),
        remaining_useful_life: None,
        advice: Advice { severity: *severity, act_within_hours: None, driving: Driving::Free },
    };
    let prediction = FailurePredicted {
        fleet: "cars".to_owned(),
        asset: asset.to_owned(),
        profile: "vehicle".to_owned(),
        window_end: hour(hours),
        horizon_hours: number(24.0),
        severity: Severity::Low,
        hypotheses: said.iter().map(hypothesis).collect(),
        cannot_say: Vec::new(),
        model: "test".to_owned(),
    };
    report.observe(hour(hours), &ObservedEvent::Predicted(&prediction));
}

fn clear(report: &mut Report, asset: &str, hours: i64) {
    let cleared = PredictionCleared {
        fleet: "cars".to_owned(),
        asset: asset.to_owned(),
        component: "engine".to_owned(),
        window_end: hour(hours),
        reason: ClearedReason::Recovered,
    };
    report.observe(hour(hours), &ObservedEvent::Cleared(&cleared));
}

fn sensor_faulted(report: &mut Report, asset: &str, hours: i64, channel: &str, cleared: bool) {
    let fault = SensorFaulted {
        fleet: "cars".to_owned(),
        asset: asset.to_owned(),
        channel: channel.to_owned(),
        kind: SensorFaultKind::Stuck,
        since: hour(0),
        cleared_at: cleared.then(|| hour(hours)),
        detail: String::new(),
    };
    report.observe(hour(hours), &ObservedEvent::SensorFaulted(&fault));
}

fn frame(asset: &str, seconds: &[i64]) -> Telemetry {
    let sample = |second: &i64| Sample {
        sampled_at: Timestamp::from_millis(second * 1_000).unwrap(),
        seq: None,
        values: Vec::new(),
        codes: Vec::new(),
    };
    Telemetry {
        fleet: "cars".to_owned(),
        asset: asset.to_owned(),
        boot: None,
        signals: Vec::new(),
        samples: seconds.iter().map(sample).collect(),
    }
}

/// The engine of `asset` wears from hour 100 on and fails at `failed` hours, if at all.
fn engine_of(asset: &str, failed: Option<i64>) -> Truth {
    let failed_at = failed.map(hour);
    Truth {
        asset: asset.to_owned(),
        fault: "coolant_pump_wear".to_owned(),
        started_at: Some(hour(100)),
        expected: Expected::Failure { component: "engine".to_owned(), failed_at },
    }
}

fn stuck_at_100(asset: &str) -> Truth {
    let channel = "speed".to_owned();
    Truth {
        asset: asset.to_owned(),
        fault: "sensor_stuck".to_owned(),
        started_at: Some(hour(100)),
        expected: Expected::SensorFault { channel, kind: SensorFaultKind::Stuck },
    }
}

fn engine(report: &Report, truth: &[Truth]) -> ComponentFinding {
    let findings = report.conclude(truth, &RowTally::default());
    findings.components.into_iter().find(|finding| finding.component == "engine").unwrap()
}

#[test]
fn only_the_times_that_are_there_to_be_judged_are() {
    let (test_from, test_until) = (hour(160), Some(hour(400)));
    let mut report =
        report().within(Some(SplitTimes { train_before: hour(150), test_from, test_until }));
    report.observe(hour(100), &ObservedEvent::Sent(&frame("A", &[100 * 3_600, 430 * 3_600])));
    for hours in [10, 180, 410] {
        predict(&mut report, "A", hours, &GRAVE);
        clear(&mut report, "A", hours + 5);
    }
    let failures = [20, 200, 420].map(|hours| engine_of("A", Some(hours)));
    let findings = report.conclude(&failures, &RowTally::default());
    assert!((findings.asset_months - 240.0 / 24.0 / 30.436_875).abs() < 1e-9);
    assert_eq!((findings.judged_from, findings.judged_until), (Some(test_from), test_until));
    assert_eq!(findings.faults.len(), 1);
    let engine = findings.components.into_iter().find(|it| it.component == "engine").unwrap();
    assert_eq!((engine.alarms, engine.failures), (1, 1));
}

const GRAVE: [(&str, f64, Severity); 1] = [("engine", 0.9, Severity::Critical)];

#[test]
fn an_alarm_standing_within_the_horizon_finds_the_failure() {
    let mut report = report();
    predict(&mut report, "A", 150, &GRAVE);
    predict(&mut report, "A", 180, &GRAVE);
    let finding = engine(&report, &[engine_of("A", Some(200))]);
    assert_eq!((finding.predictions, finding.alarms), (2, 1), "repeated, it is one alarm");
    assert_eq!((finding.failures, finding.found, finding.alarms_true), (1, 1, 1));
    assert_eq!(finding.lead_hours.unwrap().median, 50.0);
    assert_eq!((finding.precision, finding.recall, finding.f1), (Some(1.0), Some(1.0), Some(1.0)));
}

#[test]
fn a_failure_without_an_alarm_is_missed() {
    let finding = engine(&report(), &[engine_of("A", Some(200))]);
    assert_eq!((finding.found, finding.recall, finding.precision), (0, Some(0.0), None));
    assert_eq!(finding.lead_hours, None);
}

#[test]
fn an_alarm_over_before_the_horizon_is_early_and_finds_nothing() {
    let mut report = report();
    predict(&mut report, "A", 150, &GRAVE);
    clear(&mut report, "A", 160);
    let finding = engine(&report, &[engine_of("A", Some(200))]);
    assert_eq!((finding.found, finding.alarms_early, finding.precision), (0, 1, Some(0.0)));
}

#[test]
fn an_alarm_before_the_fault_began_is_false_even_if_it_stands() {
    let mut report = report();
    predict(&mut report, "A", 99, &GRAVE);
    let finding = engine(&report, &[engine_of("A", Some(200))]);
    assert_eq!((finding.found, finding.alarms_false), (0, 1));
}

#[test]
fn an_alarm_on_another_asset_or_component_is_false() {
    let mut report = report();
    predict(&mut report, "B", 190, &GRAVE);
    predict(&mut report, "A", 190, &[("battery", 0.9, Severity::High)]);
    let findings = report.conclude(&[engine_of("A", Some(200))], &RowTally::default());
    let false_alarms: Vec<(&str, u64)> = findings
        .components
        .iter()
        .map(|finding| (finding.component.as_str(), finding.alarms_false))
        .collect();
    assert_eq!(false_alarms, [("battery", 1), ("engine", 1)]);
    assert_eq!(engine(&report, &[engine_of("A", Some(200))]).found, 0);
}

#[test]
fn an_alarm_after_the_failure_or_about_one_that_never_came_is_undecided() {
    let mut report = report();
    predict(&mut report, "A", 201, &GRAVE);
    predict(&mut report, "B", 190, &GRAVE);
    let finding = engine(&report, &[engine_of("A", Some(200)), engine_of("B", None)]);
    assert_eq!((finding.alarms_undecided, finding.alarms_false, finding.failures), (2, 0, 1));
    assert_eq!(finding.precision, None);
}

#[test]
fn a_recorded_failure_whose_beginning_is_unknown_has_no_early_alarms() {
    let recorded = |failed| Truth { started_at: None, ..engine_of("A", Some(failed)) };
    let mut report = report();
    predict(&mut report, "A", 150, &GRAVE);
    clear(&mut report, "A", 160);
    predict(&mut report, "A", 190, &GRAVE);
    let finding = engine(&report, &[recorded(200), recorded(900)]);
    assert_eq!((finding.failures, finding.found), (2, 2), "the second alarm stands to the end");
    clear(&mut report, "A", 210);
    let finding = engine(&report, &[recorded(200), recorded(900)]);
    assert_eq!((finding.found, finding.alarms_true, finding.alarms_false), (1, 1, 1));
}

#[test]
fn grave_or_probable_is_an_alarm_and_less_ends_it() {
    let mut report = report();
    predict(&mut report, "A", 1, &[("engine", 0.79, Severity::Medium)]);
    assert_eq!(engine(&report, &[]).alarms, 0);
    predict(&mut report, "A", 2, &[("engine", 0.8, Severity::Medium)]);
    predict(&mut report, "A", 3, &[("engine", 0.5, Severity::Low)]);
    predict(&mut report, "A", 4, &[("engine", 0.6, Severity::High)]);
    predict(&mut report, "A", 5, &[]);
    predict(
        &mut report,
        "A",
        6,
        &[("engine", 0.9, Severity::High), ("engine", 0.1, Severity::Low)],
    );
    let finding = engine(&report, &[]);
    assert_eq!((finding.alarms, finding.alarms_false, finding.predictions), (3, 3, 5));
}

#[test]
fn a_sensor_fault_is_found_when_its_channel_is_reported_after_it_began() {
    let mut report = report();
    sensor_faulted(&mut report, "A", 99, "speed", false);
    sensor_faulted(&mut report, "A", 102, "speed", false);
    sensor_faulted(&mut report, "A", 103, "speed", true);
    sensor_faulted(&mut report, "A", 104, "coolant_temperature", false);
    let findings = report.conclude(&[stuck_at_100("A"), stuck_at_100("B")], &RowTally::default());
    let [coolant, speed] = &findings.sensors[..] else { panic!("two channels were reported") };
    assert_eq!((coolant.faults, coolant.reports_false), (0, 1));
    assert_eq!((speed.faults, speed.found, speed.reports_false), (2, 1, 1));
    assert_eq!(speed.delay_hours.unwrap().most, 2.0);
    let found = &findings.faults[0];
    assert_eq!((found.found_at, found.found_as), (Some(hour(102)), Some(SensorFaultKind::Stuck)));
    assert_eq!(findings.faults[1].found_at, None);
}

#[test]
fn every_sample_sent_is_assessed_quarantined_or_unaccounted_for() {
    let mut report = report();
    report.observe(hour(0), &ObservedEvent::Sent(&frame("A", &[0, 5, 10, 100, 105])));
    report.observe(hour(0), &ObservedEvent::Sent(&frame("B", &[0])));
    let quarantined = TelemetryQuarantined {
        fleet: "cars".to_owned(),
        asset: "A".to_owned(),
        reason: QuarantineReason::TooLate,
        detail: String::new(),
        nearest: None,
        remedy: String::new(),
        telemetry: frame("A", &[5, 10]),
        as_sent: None,
    };
    report.observe(hour(0), &ObservedEvent::Quarantined(&quarantined));
    let telemetry = frame("A", &[100]);
    let part =
        TelemetryQuarantined { reason: QuarantineReason::OutOfRange, telemetry, ..quarantined };
    report.observe(hour(0), &ObservedEvent::Quarantined(&part));
    let mut assessed = HealthAssessed {
        fleet: "cars".to_owned(),
        asset: "A".to_owned(),
        profile: "vehicle".to_owned(),
        window_start: hour(0),
        window_end: hour(1),
        revision: 0,
        operating_state: None,
        samples: 3,
        feature_schema: 0,
        features: Vec::new(),
        feature_ages: Vec::new(),
        anomaly: None,
        trends: Vec::new(),
        sensor_faults: Vec::new(),
        codes: Vec::new(),
        comparisons: Vec::new(),
    };
    report.observe(hour(1), &ObservedEvent::Assessed(&assessed));
    assessed.revision = 1;
    report.observe(hour(2), &ObservedEvent::Assessed(&assessed));
    let findings = report.conclude(&[], &RowTally::default());
    let samples = &findings.samples;
    assert_eq!((samples.sent, samples.assessed, samples.unaccounted), (6, 3, 1));
    assert_eq!(samples.quarantined, BTreeMap::from([(QuarantineReason::TooLate, 2)]));
    assert_eq!(samples.partly_quarantined, BTreeMap::from([(QuarantineReason::OutOfRange, 1)]));
    assert_eq!((findings.windows, findings.windows_revised, findings.assets), (1, 1, 2));
    assert_eq!((findings.observed_hours * 3_600.0).round(), 15.0, "without the gap of 90 s");
    assert!((findings.asset_months * 2_629_746.0 - 105.0).abs() < 1e-6);
}

#[test]
fn findings_read_as_narrow_text_and_as_json() {
    let mut report = report();
    report.observe(hour(0), &ObservedEvent::Sent(&frame("TOYOTA-ETIOS-1-coolant-1", &[0, 5])));
    predict(&mut report, "TOYOTA-ETIOS-1-coolant-1", 190, &GRAVE);
    let detail = String::new();
    let cannot_say =
        CannotSay { component: "tyre".to_owned(), reason: WithheldReason::NotMeasured, detail };
    let withheld = PredictionWithheld {
        fleet: "cars".to_owned(),
        asset: "A".to_owned(),
        window_end: hour(1),
        components: vec![cannot_say],
    };
    report.observe(hour(1), &ObservedEvent::Withheld(&withheld));
    sensor_faulted(&mut report, "A", 102, "speed", false);
    let truth = [engine_of("TOYOTA-ETIOS-1-coolant-1", Some(200)), stuck_at_100("A")];
    let findings = report.conclude(&truth, &RowTally::default());
    let text = findings.to_string();
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    for expected in ["tyre not judged, said 1 times: not_measured", "01-05T04", "engine"] {
        assert!(text.contains(expected), "{text}");
    }
    let json = serde_json::to_value(&findings).unwrap();
    assert_eq!(json["components"][0]["found"], 1);
    assert_eq!(json["components"][1]["withheld"]["not_measured"], 1);
    assert_eq!(json["faults"][1]["found_as"], "stuck");
}
