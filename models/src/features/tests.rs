//! What each feature says of hand-made histories of an asset.

mod order;
mod peers;

use super::*;
use messages::health::Trend;
use messages::profile::{Profile, Reach, embedded};
use std::collections::BTreeSet;

const START: i64 = 1_772_431_200_000; // 2026-03-02T06:00:00Z, a Monday
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

fn vehicle() -> Profile {
    Profile::parse(embedded("vehicle").unwrap()).unwrap()
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap()
}

fn finite(value: f64) -> Finite {
    Finite::new(value).unwrap()
}

/// A vehicle profile, its features and one asset.
struct Asset {
    profile: Profile,
    features: Features,
    state: FeatureState,
}

impl Asset {
    fn new() -> Self {
        let profile = vehicle();
        let features = Features::of(&profile);
        Self { profile, features, state: FeatureState::default() }
    }

    fn sample(&self, values: &[(&str, f64)]) -> Vec<(usize, Finite)> {
        let index = |name: &str| self.profile.channel_named(name).unwrap();
        values.iter().map(|(name, value)| (index(name), finite(*value))).collect()
    }

    fn add(&mut self, millis: i64, values: &[(&str, f64)]) {
        let sample = self.sample(values);
        self.features.add(&mut self.state, at(millis), &sample).unwrap();
    }

    /// Assesses the window that holds the newest sample.
    fn assess(&self) -> Assessed {
        let end = self.features.window_end(self.state.watermark().unwrap());
        self.features.assess(&self.state, end, &Context::default()).unwrap()
    }

    fn value(&self, assessed: &Assessed, name: &str) -> Option<f64> {
        assessed.values[self.position(name)].map(Finite::get)
    }

    fn age(&self, assessed: &Assessed, name: &str) -> Option<u32> {
        assessed.ages[self.position(name)]
    }

    fn position(&self, name: &str) -> usize {
        let named = |feature: &Feature| feature.name == name;
        self.features.features().iter().position(named).unwrap()
    }

    fn trend(&self, assessed: &Assessed, channel: &str, reach: Reach) -> Option<Trend> {
        let wanted = |trend: &&Trend| trend.channel == channel && trend.reach == reach;
        assessed.trends.iter().find(wanted).cloned()
    }

    /// A minute of a running engine, a sample every ten seconds.
    fn drive_minute(&mut self, millis: i64, coolant: f64, battery: f64) {
        for step in 0..6 {
            let now = millis + step * 10_000;
            self.add(
                now,
                &[
                    ("engine_speed", 2_000.0),
                    ("coolant_temperature", coolant),
                    ("battery_voltage", battery),
                ],
            );
        }
    }
}

#[test]
fn a_vehicle_has_the_thirty_features_each_with_a_name_of_its_own() {
    let features = Features::of(&vehicle());
    assert_eq!(features.features().len(), 30);
    let mut names: Vec<_> = features.features().iter().map(|feature| &feature.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 30);
}

#[test]
fn what_was_not_measured_stays_missing() {
    let mut asset = Asset::new();
    asset.add(START, &[("coolant_temperature", 0.0)]);
    let assessed = asset.assess();
    let present: Vec<&str> = std::iter::zip(asset.features.features(), &assessed.values)
        .filter(|(_, value)| value.is_some())
        .map(|(feature, _)| feature.name.as_str())
        .collect();
    assert_eq!(present, ["coolant_temperature", "hour", "weekday", "season"]);
    assert_eq!(asset.value(&assessed, "coolant_temperature"), Some(0.0));
    for (value, age) in std::iter::zip(&assessed.values, &assessed.ages) {
        assert_eq!(value.is_some(), age.is_some());
    }
    assert_eq!(assessed.operating_state, None);
    assert!(assessed.trends.is_empty());
}

#[test]
fn an_asset_that_never_sent_anything_has_only_the_time() {
    let asset = Asset::new();
    let end = asset.features.window_end(at(START));
    let context = Context { service: None, earlier_failures: Some(2) };
    let assessed = asset.features.assess(&asset.state, end, &context).unwrap();
    assert_eq!(assessed.values.iter().flatten().count(), 4);
    assert_eq!(asset.value(&assessed, "earlier_failures"), Some(2.0));
}

#[test]
fn the_current_value_is_the_newest_one_with_its_age() {
    let mut asset = Asset::new();
    asset.add(START + 30_000, &[("tyre_pressure", 221.5)]);
    asset.add(START + 10_500, &[("tyre_pressure", 190.0), ("speed", 33.3)]);
    let assessed = asset.assess();
    assert_eq!(asset.value(&assessed, "tyre_pressure"), Some(221.5));
    assert_eq!(asset.age(&assessed, "tyre_pressure"), Some(30));
    assert_eq!(asset.value(&assessed, "speed"), Some(33.3));
    assert_eq!(asset.age(&assessed, "speed"), Some(49));
}

#[test]
fn the_time_features_are_of_the_windows_own_time() {
    let mut asset = Asset::new();
    asset.add(START + HOUR - 1, &[("speed", 1.0)]);
    let assessed = asset.assess();
    assert_eq!(asset.value(&assessed, "hour"), Some(6.0));
    assert_eq!(asset.value(&assessed, "weekday"), Some(0.0));
    assert_eq!(asset.value(&assessed, "season"), Some(1.0));
}

#[test]
fn an_engine_that_warms_up_has_no_trend_and_then_a_flat_one() {
    let mut asset = Asset::new();
    for minute in 0_i32..60 {
        let coolant = (20.0 + 6.0 * f64::from(minute)).min(90.0);
        asset.drive_minute(START + i64::from(minute) * MINUTE, coolant, 14.1);
        let assessed = asset.assess();
        match asset.trend(&assessed, "coolant_temperature", Reach::Run) {
            // 80 degrees after ten minutes, and ten more to settle.
            None => assert!(minute < 21, "no trend after {minute} minutes"),
            Some(trend) => {
                assert!(minute >= 20, "a trend after {minute} minutes");
                assert!((trend.level.get() - 90.0).abs() < 0.01);
                assert!(trend.slope_per_hour.is_none_or(|slope| slope.get().abs() < 0.1));
            }
        }
    }
}

#[test]
fn a_ramp_within_one_trip_is_seen_with_its_slope_and_level() {
    let mut asset = Asset::new();
    for minute in 0_i32..60 {
        let coolant = 90.0 + 0.25 * f64::from((minute - 20).max(0));
        asset.drive_minute(START + i64::from(minute) * MINUTE, coolant, 14.1);
    }
    let assessed = asset.assess();
    assert_eq!(assessed.operating_state, asset.profile.state_named("warm"));
    let trend = asset.trend(&assessed, "coolant_temperature", Reach::Run).unwrap();
    let slope = trend.slope_per_hour.unwrap().get();
    assert!((11.0..=15.5).contains(&slope), "{slope}");
    assert!((trend.level.get() - 99.9).abs() < 1.0, "{}", trend.level);
    assert!(trend.slope_error.unwrap().get() < 2.0);
    assert_eq!(asset.value(&assessed, "coolant_temperature_slope"), Some(slope));
}

#[test]
fn resting_and_running_voltage_are_not_mixed() {
    let mut asset = Asset::new();
    let mut millis = START;
    for trip in 0..6 {
        for _ in 0..20 {
            asset.drive_minute(millis, 90.0, 14.1);
            millis += MINUTE;
        }
        for _ in 0..20 {
            asset.add(millis, &[("engine_speed", 0.0), ("battery_voltage", 12.4)]);
            millis += MINUTE;
        }
        let assessed = asset.assess();
        assert_eq!(assessed.operating_state, asset.profile.state_named("off"));
        let trend = asset.trend(&assessed, "battery_voltage", Reach::Run).unwrap();
        assert!((trend.level.get() - 14.1).abs() < 0.001, "trip {trip}: {}", trend.level);
    }
}

#[test]
fn a_window_in_which_the_state_changes_counts_for_none() {
    let mut asset = Asset::new();
    asset.add(START, &[("engine_speed", 0.0), ("battery_voltage", 12.4)]);
    asset.add(START + 30_000, &[("engine_speed", 900.0), ("coolant_temperature", 90.0)]);
    assert_eq!(asset.assess().operating_state, None);
}

#[test]
fn a_state_channel_that_pauses_is_carried_for_two_windows_only() {
    let mut asset = Asset::new();
    asset.add(START, &[("engine_speed", 900.0), ("coolant_temperature", 20.0)]);
    for minute in 1..=3 {
        asset.add(START + minute * MINUTE, &[("speed", 50.0)]);
        assert_eq!(asset.assess().operating_state.is_some(), minute <= 2, "{minute}");
    }
}

#[test]
fn a_state_lasts_within_its_hysteresis_and_is_not_entered_there() {
    let mut asset = Asset::new();
    let states = [(78.0, "cold"), (81.0, "warm"), (78.0, "warm"), (74.0, "cold"), (79.0, "cold")];
    for (minute, (coolant, state)) in (0..).zip(states) {
        asset.drive_minute(START + minute * MINUTE, coolant, 14.1);
        assert_eq!(asset.assess().operating_state, asset.profile.state_named(state), "{minute}");
    }
}

#[test]
fn a_replaced_part_waits_until_its_values_have_settled() {
    let mut asset = Asset::new();
    for minute in 0..60 {
        asset.drive_minute(START + minute * MINUTE, 90.0, 14.1);
    }
    let channel = asset.profile.channel_named("battery_voltage").unwrap();
    asset.features.restart(&mut asset.state, channel, at(START + 60 * MINUTE));
    for minute in 60..65 {
        asset.drive_minute(START + minute * MINUTE, 90.0, 13.5);
        let trend = asset.trend(&asset.assess(), "battery_voltage", Reach::Week);
        match trend {
            None => assert!(minute < 63, "{minute}"),
            Some(trend) => assert!(minute >= 63 && (trend.level.get() - 13.5).abs() < 0.001),
        }
    }
}

#[test]
fn a_machine_that_reports_once_an_hour_has_its_features_too() {
    let profile = Profile::parse(embedded("machine").unwrap()).unwrap();
    let features = Features::of(&profile);
    let mut state = FeatureState::default();
    let channel = |name| profile.channel_named(name).unwrap();
    for hour in 0_i32..72 {
        let voltage = 170.0 + 0.5 * f64::from(hour);
        let sample = [(channel("volt"), finite(voltage)), (channel("rotate"), finite(450.0))];
        features.add(&mut state, at(START + i64::from(hour) * HOUR), &sample).unwrap();
    }
    let end = features.window_end(state.watermark().unwrap());
    let assessed = features.assess(&state, end, &Context::default()).unwrap();
    assert_eq!(assessed.operating_state, profile.state_named("production"));
    let value = |name: &str| {
        let position = features.features().iter().position(|feature| feature.name == name);
        assessed.values[position.unwrap()].map(Finite::get)
    };
    let slope = value("voltage_slope").unwrap();
    assert!((slope - 0.5).abs() < 0.02, "{slope}");
    assert!(value("voltage_deviation").unwrap() > 1.0);
    assert_eq!(value("rotation_deviation"), Some(0.0));
    assert_eq!(value("pressure"), None);
}

#[test]
fn a_run_ends_with_a_long_silence_and_the_week_goes_on() {
    let mut asset = Asset::new();
    for minute in 0..20 {
        asset.drive_minute(START + minute * MINUTE, 90.0, 14.1);
    }
    let later = START + 45 * MINUTE;
    asset.drive_minute(later, 84.0, 14.1);
    let assessed = asset.assess();
    assert_eq!(asset.trend(&assessed, "coolant_temperature", Reach::Run), None);
    assert!(asset.trend(&assessed, "coolant_temperature", Reach::Week).is_some());
}

#[test]
fn wear_over_days_is_seen_per_hour_and_per_thousand_kilometres() {
    let mut asset = Asset::new();
    for hour in 0_i32..6 * 24 {
        let wear = 40.0 + 0.1 * f64::from(hour);
        let odometer = 80_000_000.0 + 5_000.0 * f64::from(hour);
        let millis = START + i64::from(hour) * HOUR;
        asset.add(millis, &[("brake_pad_wear", wear), ("odometer", odometer)]);
    }
    let assessed = asset.assess();
    let trend = asset.trend(&assessed, "brake_pad_wear", Reach::Week).unwrap();
    assert!((trend.slope_per_hour.unwrap().get() - 0.1).abs() < 0.001);
    assert!((trend.level.get() - 54.3).abs() < 0.2, "{}", trend.level);
    assert_eq!(trend.panes, 7);
    let per_1000_km = asset.value(&assessed, "brake_pad_wear_slope_per_1000km").unwrap();
    assert!((per_1000_km - 20.0).abs() < 0.1, "{per_1000_km}");
    let mean = asset.value(&assessed, "brake_pad_wear_mean_7d").unwrap();
    assert!((mean - 47.15).abs() < 0.01, "{mean}");
}

#[test]
fn panes_older_than_a_week_are_forgotten() {
    let mut asset = Asset::new();
    asset.add(START, &[("tyre_pressure", 100.0)]);
    asset.add(START + 8 * DAY, &[("tyre_pressure", 220.0)]);
    let assessed = asset.assess();
    assert!((asset.value(&assessed, "tyre_pressure_mean_7d").unwrap() - 220.0).abs() < 0.01);
}

#[test]
fn a_replaced_part_starts_its_trend_anew() {
    let mut asset = Asset::new();
    for day in 0..5 {
        asset.add(START + day * DAY, &[("brake_pad_wear", 80.0)]);
    }
    let service = START + 4 * DAY + 2 * HOUR;
    let channel = asset.profile.channel_named("brake_pad_wear").unwrap();
    asset.features.restart(&mut asset.state, channel, at(service));
    asset.add(service - MINUTE, &[("brake_pad_wear", 80.0)]);
    asset.add(service + MINUTE, &[("brake_pad_wear", 2.0)]);
    let assessed = asset.assess();
    assert!((asset.value(&assessed, "brake_pad_wear_mean_7d").unwrap() - 2.0).abs() < 0.01);
}

#[test]
fn kilometres_and_days_since_service_need_a_service() {
    let mut asset = Asset::new();
    asset.add(START, &[("odometer", 90_000_000.0)]);
    let usage = asset.features.usage(&asset.state);
    assert_eq!(usage, Some(finite(90_000_000.0)));
    asset.add(START + 2 * DAY - MINUTE, &[("odometer", 90_123_000.0)]);
    let none = asset.assess();
    assert_eq!(asset.value(&none, "km_since_service"), None);
    assert_eq!(asset.value(&none, "days_since_service"), None);
    let service = Service { at: at(START), usage };
    let context = Context { service: Some(service), earlier_failures: None };
    let assessed = asset.features.assess(&asset.state, at(START + 2 * DAY), &context).unwrap();
    assert_eq!(asset.value(&assessed, "km_since_service"), Some(123.0));
    assert_eq!(asset.value(&assessed, "days_since_service"), Some(2.0));
    assert_eq!(asset.value(&assessed, "earlier_failures"), None);
}

#[test]
fn samples_that_cannot_be_counted_are_refused_and_change_nothing() {
    let mut asset = Asset::new();
    asset.add(START, &[("speed", 10.0)]);
    let before = asset.state.clone();
    let speed = asset.profile.channel_named("speed").unwrap();
    let mut add = |millis, sample: &[(usize, Finite)]| {
        asset.features.add(&mut asset.state, at(millis), sample).unwrap_err()
    };
    let late = START - 11 * MINUTE;
    assert!(matches!(add(late, &[(speed, finite(1.0))]), AddError::TooLate { .. }));
    let ahead = START + HOUR;
    assert!(matches!(add(ahead, &[(speed, finite(1e6))]), AddError::OutOfRange { .. }));
    assert!(matches!(add(ahead, &[(999, finite(1.0))]), AddError::UnknownChannel { .. }));
    let twice = [(speed, finite(1.0)), (speed, finite(2.0))];
    assert!(matches!(add(ahead, &twice), AddError::Twice { .. }));
    let far = Timestamp::MAX.as_millis();
    assert!(matches!(add(far, &[(speed, finite(1.0))]), AddError::FarAway { .. }));
    assert_eq!(asset.state, before);
}

#[test]
fn a_state_of_another_profile_is_refused() {
    let mut asset = Asset::new();
    asset.add(START, &[("speed", 10.0)]);
    let machine = Profile::parse(embedded("machine").unwrap()).unwrap();
    let other = Features::of(&machine);
    assert!(!other.fits(&asset.state));
    let error = other.assess(&asset.state, at(START + MINUTE), &Context::default()).unwrap_err();
    assert!(matches!(error, AddError::OtherSchema { .. }));
    let error = other.add(&mut asset.state, at(START), &[]).unwrap_err();
    assert!(matches!(error, AddError::OtherSchema { .. }));
}

#[test]
fn a_window_takes_so_many_samples_and_no_more() {
    let mut asset = Asset::new();
    let sample = asset.sample(&[("tyre_pressure", 1_000.0)]);
    for _ in 0..u16::MAX {
        asset.features.add(&mut asset.state, at(START), &sample).unwrap();
    }
    let error = asset.features.add(&mut asset.state, at(START), &sample).unwrap_err();
    assert!(matches!(error, AddError::TooMany { .. }));
    let mean = asset.value(&asset.assess(), "tyre_pressure_mean_7d").unwrap();
    assert!((mean - 1_000.0).abs() < 0.01);
}

#[test]
fn limits_and_names_for_people_are_not_part_of_the_schema_but_ranges_are() {
    let text = embedded("vehicle").unwrap();
    let schema = |text: &str| Features::of(&Profile::parse(text).unwrap()).schema();
    let original = schema(text);
    let changed = |from: &str, to: &str| {
        assert!(text.contains(from), "`{from}` is in the profile");
        schema(&text.replace(from, to))
    };
    assert_eq!(changed("warn = 100, critical = 110", "warn = 101, critical = 111"), original);
    assert_eq!(changed("title = \"Coolant temperature\"", "title = \"Coolant\""), original);
    assert_ne!(changed("range = [-40, 215]", "range = [-50, 215]"), original);
    assert_ne!(changed("at_least = 80", "at_least = 70"), original);
    assert_ne!(changed("settle = \"10m\"", "settle = \"11m\""), original);
}

/// Three weeks of driving at 1 Hz, with every channel of the features.
fn weeks_of_driving() -> Asset {
    let mut asset = Asset::new();
    let names = [
        "engine_speed",
        "coolant_temperature",
        "oil_pressure",
        "battery_voltage",
        "brake_pad_wear",
        "tyre_pressure",
        "vibration_rms",
        "speed",
        "fuel_rate",
        "ambient_temperature",
        "odometer",
    ];
    let channels: Vec<usize> =
        names.iter().map(|name| asset.profile.channel_named(name).unwrap()).collect();
    for second in 0_i64..21 * DAY / 1_000 {
        let wave = f64::from(i32::try_from(second % 997).unwrap()) / 997.0;
        let base = [1_500.0, 88.0, 300.0, 14.0, 50.0, 215.0, 2.0, 60.0, 6.0, 20.0, 5e7];
        let swing = [2_000.0, 4.0, 100.0, 0.4, 1.0, 10.0, 1.0, 60.0, 6.0, 5.0, 2e7];
        let values = std::iter::zip(base, swing).map(|(base, swing)| finite(base + swing * wave));
        let sample: Vec<_> = std::iter::zip(channels.iter().copied(), values).collect();
        asset.features.add(&mut asset.state, at(START + second * 1_000), &sample).unwrap();
    }
    asset
}

#[test]
fn weeks_of_data_once_a_second_take_less_than_two_kibibytes() {
    let asset = weeks_of_driving();
    let assessed = asset.assess();
    assert_eq!(assessed.values.iter().flatten().count(), 27, "all but the service's and failures'");
    let memory = asset.state.memory_bytes();
    let stored = postcard::to_stdvec(&asset.state).unwrap();
    println!("memory {memory} B, stored {} B", stored.len());
    assert!(memory <= 2_048, "{memory} bytes in memory");
    assert!(stored.len() <= 2_048, "{} bytes stored", stored.len());
    assert_eq!(postcard::from_bytes::<FeatureState>(&stored).unwrap(), asset.state);
}

/// A sample of a made-up trip: a time step, what is measured and how much.
type Step = (i64, [Option<f64>; 5]);
