//! A row says what the assessment says, and nothing that a faulty sensor says.

use super::Layout;
use messages::health::{Anomaly, HealthAssessed, SensorFault, SensorFaultKind, Trend};
use messages::profile::{self, Profile, Reach};
use messages::{Finite, Timestamp};

fn profile() -> Profile {
    Profile::parse(profile::embedded("vehicle").unwrap()).unwrap()
}

fn finite(value: f64) -> Finite {
    Finite::new(value).unwrap()
}

/// A coolant at 100 that rises by 2 an hour, the first feature being 700.
fn assessed(layout: &Layout) -> HealthAssessed {
    let mut features = vec![None; 30];
    features[0] = Some(finite(700.0));
    features[1] = Some(finite(100.0));
    HealthAssessed {
        fleet: "demo".into(),
        asset: "VEH001".into(),
        profile: "vehicle".into(),
        window_start: Timestamp::EPOCH,
        window_end: Timestamp::from_millis(60_000).unwrap(),
        revision: 0,
        operating_state: None,
        samples: 12,
        feature_schema: layout.assessed,
        features,
        feature_ages: vec![None; 30],
        anomaly: Some(Anomaly { score: finite(0.25), alarm: false }),
        trends: vec![Trend {
            channel: "coolant_temperature".into(),
            reach: Reach::Run,
            level: finite(100.0),
            level_error: Some(finite(0.5)),
            slope_per_hour: Some(finite(2.0)),
            slope_error: Some(finite(0.125)),
            deviation: None,
            panes: 4,
            span_hours: finite(0.5),
            age_seconds: 0,
        }],
        sensor_faults: Vec::new(),
        codes: Vec::new(),
        comparisons: Vec::new(),
    }
}

fn value(layout: &Layout, assessed: &HealthAssessed, name: &str) -> Option<f32> {
    let place = layout.columns().iter().position(|column| column.name == name);
    layout.row(assessed).unwrap()[place.unwrap_or_else(|| panic!("no column `{name}`"))]
}

#[test]
fn a_row_holds_features_trends_and_how_unusual_the_asset_is_but_no_calendar() {
    let layout = Layout::of(&profile());
    let seen = assessed(&layout);
    let value = |name| value(&layout, &seen, name);
    assert_eq!(value("engine_speed"), Some(700.0));
    assert_eq!(value("coolant_temperature_level_run"), Some(100.0));
    assert_eq!(value("coolant_temperature_trend_run"), Some(2.0));
    assert_eq!(value("coolant_temperature_trend_error_run"), Some(0.125));
    assert_eq!(
        value("coolant_temperature_to_limit_run"),
        Some(5.0),
        "10 to the limit at 2 an hour"
    );
    assert_eq!(value("coolant_temperature_level_week"), None, "there is no such trend");
    assert_eq!(value("anomaly_score"), Some(0.25));
    let names = layout.rows().names;
    assert!(!names.iter().any(|name| ["hour", "weekday", "season"].contains(&name.as_str())));
    assert_eq!(names.len(), layout.row(&seen).unwrap().len());
}

#[test]
fn a_trend_that_leads_away_from_its_limit_never_reaches_it_and_one_beyond_it_has() {
    let layout = Layout::of(&profile());
    let mut seen = assessed(&layout);
    for (level, slope, hours) in
        [(100.0, -2.0, 10_000.0), (100.0, 0.0, 10_000.0), (111.0, 2.0, 0.0), (111.0, -2.0, 0.0)]
    {
        seen.trends[0].level = finite(level);
        seen.trends[0].slope_per_hour = Some(finite(slope));
        assert_eq!(value(&layout, &seen, "coolant_temperature_to_limit_run"), Some(hours));
    }
}

#[test]
fn what_rests_on_a_faulty_sensor_is_missing() {
    let layout = Layout::of(&profile());
    let mut seen = assessed(&layout);
    seen.sensor_faults.push(SensorFault {
        channel: "coolant_temperature".into(),
        kind: SensorFaultKind::Stuck,
        since: Timestamp::EPOCH,
    });
    assert_eq!(value(&layout, &seen, "coolant_temperature"), None);
    assert_eq!(value(&layout, &seen, "coolant_temperature_level_run"), None);
    assert_eq!(value(&layout, &seen, "engine_speed"), Some(700.0), "another sensor");
}

#[test]
fn an_assessment_of_another_schema_has_no_row_and_another_limit_is_another_schema() {
    let layout = Layout::of(&profile());
    let mut seen = assessed(&layout);
    seen.feature_schema ^= 1;
    assert_eq!(layout.row(&seen), None);
    let text = profile::embedded("vehicle").unwrap();
    let other = Profile::parse(&text.replace("critical = 110", "critical = 112")).unwrap();
    let other = Layout::of(&other);
    assert_eq!(other.rows().names, layout.rows().names);
    assert_ne!(other.rows().schema, layout.rows().schema);
    assert_eq!(Layout::of(&profile()).rows(), layout.rows());
}
