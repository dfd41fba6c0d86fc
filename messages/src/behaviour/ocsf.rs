//! A finding as the Open Cybersecurity Schema Framework 1.8 has it: class 2004, Detection Finding.

use super::{BehaviourFlagged, Evidence};
use crate::guard::Level;
use crate::time::Timestamp;
use serde_json::{Value, json};

/// The version of the schema that is followed.
pub const VERSION: &str = "1.8.0";

/// `class_uid` of a Detection Finding.
pub const CLASS_UID: u32 = 2004;

/// `flagged`, which was said at `at` by version `version` of this product, as a Detection Finding.
#[must_use]
pub fn detection_finding(flagged: &BehaviourFlagged, at: Timestamp, version: &str) -> Value {
    let (activity_id, activity) = if flagged.number <= 1 { (1, "Create") } else { (2, "Update") };
    let (severity_id, severity) = severity(flagged.level);
    let risk = (flagged.risk.get().round() as i64).clamp(0, 100);
    json!({
        "activity_id": activity_id,
        "activity_name": activity,
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": CLASS_UID,
        "class_name": "Detection Finding",
        "type_uid": CLASS_UID * 100 + activity_id,
        "type_name": format!("Detection Finding: {activity}"),
        "severity_id": severity_id,
        "severity": severity,
        "status_id": 1,
        "status": "New",
        "is_alert": true,
        "time": at.as_millis(),
        "start_time": flagged.since.as_millis(),
        "end_time": flagged.evidence.iter().map(|one| one.at).max().unwrap_or(at).as_millis(),
        "message": flagged.summary,
        "risk_score": risk,
        "metadata": {
            "version": VERSION,
            "product": { "name": "AuroraSync", "vendor_name": "AuroraSync", "version": version },
        },
        "finding_info": {
            "uid": flagged.finding,
            "title": format!("`{}` behaves unlike itself", flagged.principal),
            "desc": flagged.summary,
            "created_time": flagged.since.as_millis(),
            "modified_time": at.as_millis(),
            "types": flagged.evidence.iter().map(|one| one.kind.as_str()).collect::<Vec<_>>(),
            "analytic": { "name": "ueba", "type_id": 2, "type": "Behavioral" },
            "related_events_count": flagged.evidence.len(),
        },
        "resources": [{ "name": flagged.principal, "type": "principal" }],
        "evidences": flagged.evidence.iter().map(|one| artifact(flagged, one)).collect::<Vec<_>>(),
        "anomaly_analyses": analyses(flagged),
    })
}

/// Severity by what was done about it.
fn severity(level: Option<Level>) -> (u32, &'static str) {
    match level {
        None => (2, "Low"),
        Some(Level::Throttled) => (3, "Medium"),
        Some(Level::Refused) => (4, "High"),
        Some(Level::Paused) => (5, "Critical"),
    }
}

fn artifact(flagged: &BehaviourFlagged, one: &Evidence) -> Value {
    json!({
        "name": one.kind,
        "uid": one.seen_in,
        "actor": { "app_name": flagged.principal },
        "data": { "points": one.points, "detail": one.detail },
    })
}

/// Observed against baseline, of the evidence that has one.
fn analyses(flagged: &BehaviourFlagged) -> Vec<Value> {
    let compared: Vec<(&Evidence, f64)> =
        flagged.evidence.iter().filter_map(|one| Some((one, one.usual?.get()))).collect();
    if compared.is_empty() {
        return Vec::new();
    }
    let observed = compared.iter().map(|(one, _)| pattern(&one.kind, one.observed.get()));
    let usual = compared.iter().map(|(one, usual)| pattern(&one.kind, *usual));
    vec![json!({
        "analysis_target": { "name": flagged.principal, "type": "principal" },
        "anomalies": observed.collect::<Vec<_>>(),
        "baselines": usual.collect::<Vec<_>>(),
    })]
}

fn pattern(attribute: &str, value: f64) -> Value {
    json!({
        "observation_type": "Deviation Analysis",
        "observed_attribute": attribute,
        "observations": [{ "value": value.to_string() }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Finite, MessageId};
    use std::collections::BTreeSet;

    /// Attributes that a Detection Finding of 1.8 may have (its own, of the finding and of the base event), as far as they are used
    /// or look alike; those that it must have come first.
    const REQUIRED: &[&str] = &[
        "activity_id",
        "category_uid",
        "class_uid",
        "finding_info",
        "metadata",
        "severity_id",
        "time",
        "type_uid",
    ];
    const ALLOWED: &[&str] = &[
        "activity_name",
        "anomaly_analyses",
        "category_name",
        "class_name",
        "confidence",
        "confidence_id",
        "confidence_score",
        "count",
        "device",
        "duration",
        "end_time",
        "evidences",
        "impact_id",
        "is_alert",
        "message",
        "observables",
        "raw_data",
        "remediation",
        "resources",
        "risk_details",
        "risk_level_id",
        "risk_score",
        "severity",
        "start_time",
        "status",
        "status_id",
        "timezone_offset",
        "type_name",
        "unmapped",
        "vendor_attributes",
    ];
    const INFO: &[&str] = &[
        "analytic",
        "created_time",
        "data_sources",
        "desc",
        "first_seen_time",
        "last_seen_time",
        "modified_time",
        "related_events",
        "related_events_count",
        "title",
        "types",
        "uid",
    ];
    const ARTIFACT: &[&str] = &["actor", "data", "device", "name", "resources", "uid", "user"];
    const ANALYSIS: &[&str] = &["analysis_target", "anomalies", "baselines"];
    const PATTERN: &[&str] =
        &["observation_type", "observations", "observed_attribute", "observed_pattern"];

    fn number(value: f64) -> Finite {
        Finite::new(value).unwrap()
    }

    fn flagged(number_of_times: u32, level: Option<Level>) -> BehaviourFlagged {
        let at: Timestamp = "2026-03-02T06:00:01Z".parse().unwrap();
        let evidence = |kind: &str, points, usual: Option<f64>| Evidence {
            kind: kind.into(),
            points: number(points),
            at,
            observed: number(256.0),
            usual: usual.map(number),
            high: usual.map(number),
            detail: "256 messages a minute, 10 are usual".into(),
            seen_in: MessageId::named("test", kind),
        };
        BehaviourFlagged {
            finding: "finding-1".into(),
            principal: "diagnosis".into(),
            since: "2026-03-02T06:00:00Z".parse().unwrap(),
            number: number_of_times,
            risk: number(100.5),
            level,
            is_learning: false,
            evidence: vec![
                evidence("unusual.messages", 60.5, Some(10.0)),
                evidence("denied.not_declared", 40.0, None),
            ],
            summary: "`diagnosis` says 256 messages a minute, 10 are usual".into(),
        }
    }

    fn keys(value: &Value) -> BTreeSet<&str> {
        value.as_object().unwrap().keys().map(String::as_str).collect()
    }

    fn unknown<'v>(value: &'v Value, known: &[&[&str]]) -> Vec<&'v str> {
        keys(value).into_iter().filter(|key| !known.concat().contains(key)).collect()
    }

    #[test]
    fn a_finding_has_the_attributes_of_its_class_and_no_others() {
        let at = "2026-03-02T06:00:02Z".parse().unwrap();
        let finding = detection_finding(&flagged(1, Some(Level::Refused)), at, "0.1.0");
        assert!(REQUIRED.iter().all(|name| keys(&finding).contains(name)), "{finding}");
        let none: Vec<&str> = Vec::new();
        assert_eq!(unknown(&finding, &[REQUIRED, ALLOWED]), none);
        assert_eq!(unknown(&finding["finding_info"], &[INFO]), none);
        assert_eq!(unknown(&finding["evidences"][0], &[ARTIFACT]), none);
        let analysis = &finding["anomaly_analyses"][0];
        assert_eq!(unknown(analysis, &[ANALYSIS]), none);
        assert_eq!(unknown(&analysis["anomalies"][0], &[PATTERN]), none);
        assert_eq!(unknown(&analysis["baselines"][0], &[PATTERN]), none);
        assert_eq!(
            (finding["class_uid"].as_u64(), finding["type_uid"].as_u64()),
            (Some(2004), Some(200_401))
        );
        assert_eq!(
            (&finding["severity_id"], &finding["metadata"]["version"]),
            (&json!(4), &json!("1.8.0"))
        );
        assert_eq!(finding["risk_score"], json!(100), "the score of the schema is a whole number");
    }

    #[test]
    fn observed_stands_against_baseline_where_there_is_one() {
        let at = "2026-03-02T06:00:02Z".parse().unwrap();
        let finding = detection_finding(&flagged(1, None), at, "0.1.0");
        assert_eq!(finding["evidences"].as_array().unwrap().len(), 2);
        let analysis = &finding["anomaly_analyses"][0];
        assert_eq!(analysis["anomalies"].as_array().unwrap().len(), 1);
        assert_eq!(analysis["baselines"][0]["observations"][0]["value"], json!("10"));
    }

    #[test]
    fn a_finding_that_is_said_again_is_an_update_under_the_same_uid() {
        let at = "2026-03-02T06:00:02Z".parse().unwrap();
        let [first, again] =
            [1, 2].map(|number| detection_finding(&flagged(number, None), at, "0.1.0"));
        assert_eq!((&first["activity_id"], &again["activity_id"]), (&json!(1), &json!(2)));
        assert_eq!(again["type_uid"], json!(200_402));
        assert_eq!(first["finding_info"]["uid"], again["finding_info"]["uid"]);
    }
}
