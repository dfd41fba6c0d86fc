//! Windows tell a model of samples what samples told it where it learned, and what it cannot be told it refuses.

use super::{Memory, Sampled};
use crate::features::Features;
use crate::foresight::{Asked, Foresight, ForesightError};
use crate::history::{History, Plan};
use crate::model::{Learned, Model, Origin, Samples, Schema};
use crate::supervised::Table;
use crate::training::tests::small;
use crate::training::{Classifier, Examples};
use messages::health::{HealthAssessed, SensorFault, SensorFaultKind};
use messages::profile::{self, Profile};
use messages::registry::{AssetRegistered, MaintenanceRecorded};
use messages::telemetry::TroubleCode;
use messages::{Finite, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);
const AGE_YEARS: u32 = 18;

fn machine() -> Profile {
    Profile::parse(profile::embedded("machine").unwrap()).unwrap()
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn schema() -> Schema {
    let plan = Plan {
        channels: texts(&["voltage", "vibration"]),
        windows: vec![3 * DAY, 7 * DAY],
        codes: texts(&["error1"]),
        components: texts(&["comp1"]),
        attributes: texts(&["age_years", "model=old", "model=new"]),
    };
    let sampled = Some(Samples { every: DAY, features: Features::of(&machine()).schema() });
    Schema { profile: "machine".into(), plan, derived: Vec::new(), regimes: None, sampled }
}

/// Learned from rows in which the first component fails where the voltage is high.
fn model(schema: Schema) -> Model {
    let names = schema.plan.names();
    let mut table = Table::new(names.clone()).unwrap();
    let (mut outcomes, mut groups) = (Vec::new(), Vec::new());
    for (asset, step) in (0..12).flat_map(|asset| (0..20).map(move |step| (asset, step))) {
        let mut row = vec![None; names.len()];
        row[0] = Some(160.0 + step as f32);
        table.push(&row).unwrap();
        outcomes.push(step > 15);
        groups.push(asset);
    }
    let examples = Examples { table: &table, outcomes: &outcomes, groups: &groups };
    let classifier = Classifier::learn(&examples, small(), &mut || ()).unwrap();
    let origin = Origin {
        dataset: "hall".into(),
        data: String::new(),
        rows: 240,
        seed: 0,
        settings: small(),
    };
    let by_component = BTreeMap::from([("comp1".to_owned(), classifier)]);
    let learned = Learned::Failures { within: machine().horizon.duration(), by_component };
    Model { schema, origin, figures: BTreeMap::new(), learned }
}

fn moment(days: u32, minutes: u64) -> Timestamp {
    let start: Timestamp = "2026-03-02T06:00:00Z".parse().unwrap();
    start.saturating_add(DAY * days + Duration::from_secs(minutes * 60))
}

/// The window that begins at `start`, with what was measured in it.
fn window(start: Timestamp, measured: &[(&str, f64)], codes: &[&str]) -> HealthAssessed {
    let profile = machine();
    let features = Features::of(&profile);
    let mut values = vec![None; features.features().len()];
    let mut ages = values.iter().map(|_: &Option<Finite>| None).collect::<Vec<Option<u32>>>();
    for (channel, value) in measured {
        let place = features.features().iter().position(|it| it.name == *channel).unwrap();
        values[place] = Some(Finite::new(*value).unwrap());
        ages[place] = Some(600);
    }
    HealthAssessed {
        fleet: "demo".into(),
        asset: "M1".into(),
        profile: profile.name.clone(),
        window_start: start,
        window_end: start.saturating_add(profile.window.duration()),
        revision: 0,
        operating_state: None,
        samples: 1,
        feature_schema: features.schema(),
        features: values,
        feature_ages: ages,
        anomaly: None,
        trends: Vec::new(),
        sensor_faults: Vec::new(),
        codes: codes.iter().map(|code| TroubleCode::Obd2 { code: (*code).into() }).collect(),
        comparisons: Vec::new(),
    }
}

fn registered() -> AssetRegistered {
    let age = Duration::from_secs_f64(f64::from(AGE_YEARS) * 365.2425 * 86_400.0);
    AssetRegistered {
        asset: "M1".into(),
        fleet: "demo".into(),
        profile: "machine".into(),
        model: Some("new".into()),
        in_service_since: Some(moment(0, 0).saturating_sub(age)),
        supplier: None,
        batch: None,
        owner: None,
        group: None,
        home: None,
    }
}

fn sampled() -> Sampled {
    let schema = schema();
    Sampled::of(schema.clone(), schema.sampled.unwrap(), &machine()).unwrap()
}

#[test]
fn windows_make_the_rows_that_samples_made_where_it_learned() {
    let schema = schema();
    let mut learned = History::new(&schema.plan, vec![Some(18.0), Some(0.0), Some(1.0)]);
    learned.maintenance(moment(0, 0).saturating_sub(3 * DAY), "comp1");
    let (mut memory, sampled) = (Memory::default(), sampled());
    memory.register(&registered());
    let performed_at = moment(0, 0).saturating_sub(3 * DAY);
    let (asset, component) = ("M1".into(), "comp1".into());
    memory.maintain(&MaintenanceRecorded { asset, component, performed_at });
    for day in 0..12 {
        let values = [170.0 + f64::from(day % 5), 40.0 + f64::from(day % 3)];
        let measured = [("voltage", values[0]), ("vibration", values[1])];
        let code: &[&str] = if day % 4 == 1 { &["error1"] } else { &[] };
        if day % 4 == 1 {
            learned.code(moment(day, 0), "error1");
        }
        learned.sample(moment(day, 0), &values.map(Some));
        let row = sampled.row(&mut memory, &window(moment(day, 0), &measured, code)).unwrap();
        assert_eq!(row, learned.row(moment(day, 0)), "day {day}");
    }
}

#[test]
fn a_code_that_stays_set_is_counted_when_it_came() {
    let (mut memory, sampled) = (Memory::default(), sampled());
    let place = schema().plan.names().iter().position(|it| it == "error1_count_24h").unwrap();
    let mut count = |minutes: u64, codes: &[&str]| {
        let assessed = window(moment(0, minutes), &[("voltage", 170.0)], codes);
        sampled.row(&mut memory, &assessed).unwrap()[place]
    };
    assert_eq!(count(0, &["error1", "other"]), Some(1.0));
    assert_eq!(count(10, &["error1"]), Some(1.0));
    assert_eq!(count(20, &[]), Some(1.0));
    assert_eq!(count(30, &["error1"]), Some(2.0), "it was gone and came again");
    let day = 24 * 60;
    assert_eq!(count(30 + day, &["error1"]), Some(0.0), "it may be the same, a day old");
    assert_eq!(count(40 + 2 * day, &["error1"]), Some(1.0), "it was sent again meanwhile");
}

#[test]
fn a_window_without_news_is_no_sample_but_its_codes_are_known_later() {
    let foresight = Foresight::open(&model(schema()).encode(), &machine()).unwrap();
    assert!(foresight.is_sampled());
    let mut memory = Memory::default();
    let only_code = window(moment(0, 0), &[], &["error1"]);
    assert_eq!(foresight.ask(&mut memory, &only_code), Asked::NothingMeasured);
    let mut old = window(moment(0, 30), &[("voltage", 170.0)], &[]);
    old.feature_ages.iter_mut().flatten().for_each(|age| *age = 1_200);
    assert_eq!(foresight.ask(&mut memory, &old), Asked::NothingMeasured, "it is of before");
    let row = sampled().row(&mut memory, &window(moment(1, 0), &[("voltage", 1.0)], &[]));
    let count = schema().plan.names().iter().position(|it| it == "error1_count_48h").unwrap();
    assert_eq!(row.unwrap()[count], Some(1.0));
    let other = HealthAssessed { feature_schema: 1, ..window(moment(2, 0), &[], &[]) };
    assert_eq!(foresight.ask(&mut memory, &other), Asked::OtherForm);
}

#[test]
fn what_a_faulty_sensor_says_is_missing() {
    let mut assessed = window(moment(0, 0), &[("voltage", 170.0), ("vibration", 40.0)], &[]);
    let kind = SensorFaultKind::Stuck;
    assessed.sensor_faults =
        vec![SensorFault { channel: "voltage".into(), kind, since: moment(0, 0) }];
    let row = sampled().row(&mut Memory::default(), &assessed).unwrap();
    assert_eq!(row[..2], [None, Some(40.0)]);
}

#[test]
fn a_model_with_other_rows_begins_anew_and_one_with_the_same_reads_on() {
    let mut memory = Memory::default();
    let day =
        |number: u32| window(moment(number, 0), &[("voltage", 170.0 + f64::from(number))], &[]);
    let mean = |row: Vec<Option<f32>>, plan: &Plan| {
        row[plan.names().iter().position(|it| it == "voltage_mean_72h").unwrap()]
    };
    sampled().row(&mut memory, &day(0)).unwrap();
    let again = sampled().row(&mut memory, &day(1)).unwrap();
    assert_eq!(mean(again, &schema().plan), Some(170.5));
    let mut other = schema();
    other.plan.codes.push("error2".into());
    let plan = other.plan.clone();
    let samples = other.sampled.unwrap();
    let other = Sampled::of(other, samples, &machine()).unwrap();
    assert_eq!(mean(other.row(&mut memory, &day(2)).unwrap(), &plan), Some(172.0));
}

#[test]
fn a_model_that_windows_cannot_tell_what_it_asks_for_is_refused_with_the_reason() {
    let refused = |change: fn(&mut Schema)| {
        let mut other = schema();
        change(&mut other);
        Foresight::open(&model(other).encode(), &machine()).unwrap_err()
    };
    let dense = refused(|it| it.sampled.as_mut().unwrap().every = Duration::from_secs(60));
    assert_eq!(dense, ForesightError::Dense { every_seconds: 60, window_seconds: 600 });
    assert_eq!(refused(|it| it.sampled = None), ForesightError::Purpose);
    let layout = refused(|it| it.sampled.as_mut().unwrap().features ^= 1);
    assert!(matches!(layout, ForesightError::Layout { .. }), "{layout}");
    for (change, name) in
        [(|it: &mut Schema| it.plan.channels[0] = "torque".into()) as fn(&mut Schema), |it| {
            it.plan.attributes[0] = "colour".into()
        }]
        .into_iter()
        .zip(["torque", "colour"])
    {
        let unknown = refused(change);
        assert!(unknown.to_string().contains(&format!("it asks for `{name}`")), "{unknown}");
    }
}
